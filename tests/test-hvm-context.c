/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An HVM context and vCPU contexts, through the devices. */
#include "tests/hypercall.h"

#include <xen/hvm/save.h>

static long get(uint32_t dom, uint32_t *size, void *buffer)
{
    struct xen_domctl d = { .u.hvmcontext.size = *size };
    long rc;

    d.u.hvmcontext.buffer.p = buffer;
    rc = domctl(XEN_DOMCTL_gethvmcontext, dom, &d);
    *size = d.u.hvmcontext.size;
    return rc;
}

static long set(uint32_t dom, const void *buffer, uint32_t size)
{
    struct xen_domctl d = { .u.hvmcontext.size = size };

    d.u.hvmcontext.buffer.p = (void *)buffer;
    return domctl(XEN_DOMCTL_sethvmcontext, dom, &d);
}

static long one(uint32_t dom, uint32_t type, uint32_t instance,
                uint64_t *size, void *buffer)
{
    struct xen_domctl d = { .u.hvmcontext_partial = {
        .type = type, .instance = instance, .bufsz = *size } };
    long rc;

    d.u.hvmcontext_partial.buffer.p = buffer;
    rc = domctl(XEN_DOMCTL_gethvmcontext_partial, dom, &d);
    *size = d.u.hvmcontext_partial.bufsz;
    return rc;
}

/* The context of DOM: malloced. */
static unsigned char *whole(uint32_t dom, uint32_t *len)
{
    unsigned char *buffer;

    *len = 0;
    assert_int_equal(get(dom, len, NULL), 0);
    buffer = malloc(*len);
    assert_non_null(buffer);
    assert_int_equal(get(dom, len, buffer), 0);
    return buffer;
}

static struct hvm_save_descriptor *record(unsigned char *context,
                                          uint32_t len, uint16_t type,
                                          uint16_t instance)
{
    uint32_t at = 0;

    while (at + sizeof(struct hvm_save_descriptor) <= len) {
        struct hvm_save_descriptor *d = (void *)(context + at);

        if (d->typecode == type && d->instance == instance)
            return d;
        at += sizeof(*d) + d->length;
    }
    return NULL;
}

static struct hvm_hw_cpu *cpu(unsigned char *context, uint32_t len,
                              uint16_t vcpu)
{
    struct hvm_save_descriptor *d = record(context, len, HVM_SAVE_CODE(CPU),
                                           vcpu);

    assert_non_null(d);
    assert_int_equal(d->length, sizeof(struct hvm_hw_cpu));
    return (void *)(d + 1);
}

/* domctl.c: gethvmcontext: dom0 and PV domains have none, NULL asks for the
 * size, too small is ENOSPC before anything is copied, EFAULT at the end. */
static void test_get_errors(void **state)
{
    uint32_t size = 0, small;

    (void)state;
    assert_int_equal(get(9, &size, NULL), -ESRCH);
    assert_int_equal(get(0, &size, NULL), -EINVAL);
    assert_int_equal(get(PV, &size, NULL), -EINVAL);
    assert_int_equal(get(PVH, &size, NULL), 0);
    assert_true(size > 2 * sizeof(struct hvm_hw_cpu));
    small = size - 1;
    assert_int_equal(get(PVH, &small, BAD), -ENOSPC);
    assert_int_equal(get(PVH, &size, BAD), -EFAULT);
}

/* hvm/save.c:hvm_save: a header, then the kinds in ascending order, each of
 * all vCPUs, and the end. */
static void test_order(void **state)
{
    /* A domain with a local APIC and nothing else (XEN_X86_EMU_LAPIC). */
    static const uint16_t want[][2] = {
        { 1, 0 }, { 2, 0 }, { 2, 1 }, { 5, 0 }, { 5, 1 }, { 6, 0 }, { 6, 1 },
        { 7, 0 }, { 8, 0 }, { 9, 0 }, { 14, 0 }, { 14, 1 }, { 18, 0 },
        { 18, 1 }, { 19, 0 }, { 19, 1 }, { 0, 0 },
    };
    uint32_t len, at = 0;
    unsigned char *context = whole(PVH, &len);

    (void)state;
    for (size_t i = 0; i < ARRAY(want); i++) {
        const struct hvm_save_descriptor *d = (void *)(context + at);

        assert_true(at + sizeof(*d) <= len);
        assert_int_equal(d->typecode, want[i][0]);
        assert_int_equal(d->instance, want[i][1]);
        at += sizeof(*d) + d->length;
    }
    assert_int_equal(at, len);
    free(context);
    context = whole(HVM, &len);
    for (uint16_t type = 3; type <= 14; type++)
        assert_non_null(record(context, len, type, 0));
    assert_non_null(record(context, len, HVM_SAVE_CODE(PIC), 1));
    free(context);
}

/* hvm_save_one: the kind, the vCPU, is there one, then the buffer. */
static void test_one(void **state)
{
    struct hvm_hw_cpu c;
    struct hvm_hw_mtrr m;
    uint64_t size = 0;

    (void)state;
    assert_int_equal(one(9, 2, 0, &size, NULL), -ESRCH);
    assert_int_equal(one(PV, 2, 0, &size, NULL), -EINVAL);
    assert_int_equal(one(PVH, 1, 0, &size, NULL), -EINVAL);
    assert_int_equal(one(PVH, 21, 0, &size, NULL), -EINVAL);
    assert_int_equal(one(PVH, 2, 2, &size, NULL), -ENOENT);
    assert_int_equal(one(PVH, HVM_SAVE_CODE(PIT), 0, &size, NULL), -ENOENT);
    assert_int_equal(one(PVH, CPU_XSAVE_CODE, 0, &size, NULL), -ENODATA);
    assert_int_equal(one(HVM, HVM_SAVE_CODE(PIC), 2, &size, NULL), -ENOENT);
    assert_int_equal(one(HVM, HVM_SAVE_CODE(PIC), 1, &size, NULL), 0);
    assert_int_equal(size, sizeof(struct hvm_hw_vpic));
    size = sizeof(c) - 1;
    assert_int_equal(one(PVH, 2, 1, &size, &c), -ENOBUFS);
    size = sizeof(c);
    assert_int_equal(one(PVH, 2, 1, &size, BAD), -EFAULT);
    size = sizeof(c) + 1;
    assert_int_equal(one(PVH, 2, 0, &size, &c), 0);
    assert_int_equal(size, sizeof(c));
    assert_int_equal(c.cr0, 0x11);
    assert_int_equal(c.cs_limit, 0xffffffff);
    assert_int_equal(c.cs_arbytes, 0xc9b);
    assert_int_equal(c.rflags, 2);
    size = sizeof(m);
    assert_int_equal(one(PVH, HVM_SAVE_CODE(MTRR), 0, &size, &m), 0);
    assert_true(m.msr_pat_cr == 0x0007040600070406);
    assert_int_equal(m.msr_mtrr_def_type, 0x806);
}

/* What is set is what is read: general, system and segment registers. */
static void test_round_trip(void **state)
{
    uint32_t len;
    unsigned char *context = whole(PVH, &len);
    struct hvm_hw_cpu *c = cpu(context, len, 1), read;
    uint64_t size = sizeof(read), old;

    (void)state;
    for (uint64_t *p = &c->rax; p <= &c->rip; p++)
        *p = 0x1000 + (p - &c->rax);
    c->rflags = 0x246;
    c->cr0 = 0x80050033;
    c->cr2 = 0x1234;
    c->cr3 = 0x5000;
    c->cr4 = 0x6f0;
    c->msr_efer = 0xd01;
    for (uint64_t *p = &c->dr0; p <= &c->dr7; p++)
        *p = p - &c->dr0;
    for (uint32_t *p = &c->cs_sel; p <= &c->ldtr_sel; p++)
        *p = 8 * (p - &c->cs_sel);
    for (uint64_t *p = &c->cs_base; p <= &c->gdtr_base; p++)
        *p = 0x10000 * (1 + p - &c->cs_base);
    c->cs_limit = c->ss_limit = 0xffffffff;
    c->ds_limit = 0xfff;
    c->ds_arbytes = 0x493;
    c->cs_arbytes = 0xa09b;     /* as old versions saved it */
    c->ss_arbytes = 0xc93;
    c->idtr_limit = 0xfff;
    c->gdtr_limit = 0x7f;
    c->msr_lstar = 1;
    c->msr_star = 2;
    c->msr_cstar = 3;
    c->msr_syscall_mask = 4;
    c->msr_tsc_aux = 5;
    c->shadow_gs = 6;
    c->sysenter_cs = 7;
    assert_int_equal(set(PVH, context, len), 0);
    assert_int_equal(one(PVH, 2, 1, &size, &read), 0);
    c->cs_arbytes = 0xa9b;
    assert_memory_equal(&read, c, sizeof(read));
    old = c->cr0;
    c->cr0 = 0x80050032;        /* paging without protection */
    c->rax = 1;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    assert_int_equal(one(PVH, 2, 1, &size, &read), 0);
    assert_int_equal(read.cr0, old);
    assert_int_equal(read.rax, 0x1000);
    free(context);
}

/* hvm_load: what is wrong with the whole, then record by record. */
static void test_set_errors(void **state)
{
    uint32_t len;
    unsigned char *context = whole(PVH, &len);
    struct hvm_save_header *head =
        (void *)(context + sizeof(struct hvm_save_descriptor));
    struct hvm_save_descriptor *d;

    (void)state;
    assert_int_equal(set(9, context, len), -ESRCH);
    assert_int_equal(set(0, context, len), -EINVAL);
    assert_int_equal(set(PV, context, len), -EINVAL);
    assert_int_equal(set(PVH, BAD, len), -EFAULT);
    assert_int_equal(set(PVH, context, 0), -ENODATA);
    assert_int_equal(set(PVH, context, 31), -ENODATA);
    assert_int_equal(set(PVH, context, len - 1), -ENODATA);
    head->magic++;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    head->magic--;
    head->version++;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    head->version--;
    d = record(context, len, HVM_SAVE_CODE(TSC_ADJUST), 0);
    d->typecode = 21;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    d->typecode = HVM_SAVE_CODE(TSC_ADJUST);
    d->instance = 2;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    d->instance = 0;
    d->length++;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    d->length = ~0u;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    d->length = sizeof(struct hvm_tsc_adjust);
    cpu(context, len, 0)->pad0 = 1;
    assert_int_equal(set(PVH, context, len), -EINVAL);
    free(context);
}

/* arch_get_info_guest, arch_set_info_guest: of an HVM domain the general and
 * debug registers are loaded, the others only shown. */
static void test_vcpu_context(void **state)
{
    struct vcpu_guest_context c, again;
    struct xen_domctl d = { .u.vcpucontext.vcpu = 2 };

    (void)state;
    d.u.vcpucontext.ctxt.p = &c;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, 9, &d), -ESRCH);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PVH, &d), -EINVAL);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, 0, &d), -EINVAL);
    d.u.vcpucontext.vcpu = 0;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PVH, &d), 0);
    assert_int_equal(c.ctrlreg[0], 0x11);
    assert_true(c.flags & VGCF_online);
    c.user_regs.rax = 0x55;
    c.user_regs.rip = 0x1000;
    c.debugreg[3] = 9;
    c.ctrlreg[3] = 0x7000;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), 0);
    d.u.vcpucontext.ctxt.p = &again;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PVH, &d), 0);
    c.ctrlreg[3] = 0;
    assert_memory_equal(&again, &c, sizeof(c));
    d.u.vcpucontext.ctxt.p = BAD;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PVH, &d), -EFAULT);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), -EFAULT);
    d.u.vcpucontext.vcpu = 2;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), -EINVAL);
}

/* A PV guest begins with what xg_dom_x86.c:vcpu_x86_64 gives it, in its kernel
 * (arch_get_info_guest: VGCF_in_kernel); its CR3 is a machine frame, that of
 * the one pinned L4. */
static void test_pv_context(void **state)
{
    struct vcpu_guest_context c;
    struct xen_domctl d = { .u.vcpucontext.vcpu = 0 };
    uint64_t frame;

    (void)state;
    d.u.vcpucontext.ctxt.p = &c;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PV, &d), 0);
    assert_int_equal(c.flags, VGCF_online | VGCF_in_kernel);
    assert_int_equal(c.user_regs.cs, 0xe033);
    assert_int_equal(c.user_regs.ss, 0xe02b);
    assert_int_equal(c.user_regs.ds, 0);
    assert_int_equal(c.user_regs.rflags, 0x202);
    assert_int_equal(c.debugreg[6], 0xffff0ff0);
    assert_int_equal(c.debugreg[7], 0x400);
    frame = c.ctrlreg[3] >> 12;
    memset(&d, 0, sizeof(d));
    d.u.getpageframeinfo3.num = 1;
    d.u.getpageframeinfo3.array.p = &frame;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, PV, &d), 0);
    assert_int_equal(frame, XEN_DOMCTL_PFINFO_LPINTAB |
                            XEN_DOMCTL_PFINFO_L4TAB);
}

/* XSETBV's register and the area behind it: nothing before the first one.
 * domctl.c: getvcpuextstate says ESRCH where others say EINVAL. */
static void test_extended_state(void **state)
{
    struct xen_domctl d = { .u.vcpuextstate = { .vcpu = 2 } };
    struct xen_domctl_vcpuextstate *e = &d.u.vcpuextstate;
    uint32_t len, grown = sizeof(struct hvm_save_descriptor) + 24 + 832;
    unsigned char *context = whole(HVM, &len), *c;
    struct hvm_save_descriptor *end;
    struct hvm_hw_cpu_xsave *x;
    uint64_t area[400], size = 0;

    (void)state;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, PVH, &d), -ESRCH);
    e->vcpu = 0;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, 0, &d), -EINVAL);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, HVM, &d), 0);
    assert_int_equal(e->size, 16 + 2696);
    e->buffer.p = area;
    e->size = 15;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, HVM, &d), -EINVAL);
    e->size = sizeof(area);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, HVM, &d), 0);
    assert_int_equal(e->size, 16);
    assert_int_equal(area[0], 0);

    /* An XSAVE record with AVX before the end. */
    c = calloc(1, len + grown);
    assert_non_null(c);
    memcpy(c, context, len - sizeof(*end));
    end = (void *)(c + len - sizeof(*end));
    *end = (struct hvm_save_descriptor){ CPU_XSAVE_CODE, 0, 24 + 832 };
    x = (void *)(end + 1);
    x->xcr0 = x->xcr0_accum = 7;
    assert_int_equal(set(HVM, c, len + grown), 0);
    assert_int_equal(one(HVM, CPU_XSAVE_CODE, 0, &size, NULL), 0);
    assert_int_equal(size, 24 + 832);
    e->size = sizeof(area);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuextstate, HVM, &d), 0);
    assert_int_equal(e->size, 16 + 832);
    assert_int_equal(area[0], 7);
    x->xcr0 = 4;                /* AVX without SSE */
    assert_int_equal(set(HVM, c, len + grown), -EINVAL);
    x->xcr0 = 7;
    x->xcr0_accum = 1u << 10 | 7;
    assert_int_equal(set(HVM, c, len + grown), -EINVAL);
    x->xcr0_accum = 7;
    x->save_area.xsave_hdr.xcomp_bv = 1;
    assert_int_equal(set(HVM, c, len + grown), -EOPNOTSUPP);
    x->save_area.xsave_hdr.xcomp_bv = 0;
    end->length = 24;
    assert_int_equal(set(HVM, c, len + grown), -EINVAL);
    free(c);
    free(context);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_errors),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_set_errors),
        cmocka_unit_test(test_vcpu_context),
        cmocka_unit_test(test_pv_context),
        cmocka_unit_test(test_extended_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return hypercall_main(argv, run);
}
