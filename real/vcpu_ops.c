/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU from outside.  Its registers are records of the domain's HVM
 * context: xen/arch/x86/hvm/save.c. */
#define XC_WANT_COMPAT_DEVICEMODEL_API 1        /* xc_hvm_inject_trap */
#include "real/private.h"

#include <cpuid.h>
#include <stdlib.h>
#include <string.h>

#include "harness/hvm_cpu.h"

#define XSAVE_HEAD  offsetof(struct hvm_hw_cpu_xsave, save_area)
#define HEAD        sizeof(struct hvm_save_descriptor)
#define CPUID_XSAVE 0xd

/* libxenctrl cuts it down to 16 bits; nobody has so many. */
static uint32_t vcpu_id(uint32_t vcpu)
{
    return vcpu < UINT16_MAX ? vcpu : UINT16_MAX;
}

int real_op_VCPU_INFO(struct xen *x, struct args_vcpu_info *a)
{
    xc_vcpuinfo_t info;
    int rc = xen_answer(xc_vcpu_getinfo(x->xc, xen_id(x, a->dom),
                                        vcpu_id(a->vcpu), &info));

    if (rc)
        return rc;
    a->online = info.online;
    a->blocked = info.blocked;
    a->running = info.running;
    return 0;
}

int real_op_VCPU_CONTEXT(struct xen *x, struct args_vcpu_context *a)
{
    vcpu_guest_context_any_t context;
    int rc = xen_answer(xc_vcpu_getcontext(x->xc, xen_id(x, a->dom),
                                           vcpu_id(a->vcpu), &context));

    if (rc)
        return rc;
    a->rip = context.x64.user_regs.rip;
    a->rsp = context.x64.user_regs.rsp;
    a->rflags = context.x64.user_regs.rflags;
    a->rax = context.x64.user_regs.rax;
    a->cr3 = context.x64.ctrlreg[3];
    return 0;
}

/* ---- records ---- */

struct context {
    unsigned char *data;
    size_t len;
};

/* The domain's, to be freed. */
static int read_context(struct xen *x, uint32_t dom, struct context *c)
{
    uint32_t id = xen_id(x, dom);
    int size = xc_domain_hvm_getcontext(x->xc, id, NULL, 0), len;

    if (size < 0)
        return -errno;
    c->data = malloc((size_t)size + 1);
    if (!c->data)
        return -ENOMEM;
    len = xc_domain_hvm_getcontext(x->xc, id, c->data, (uint32_t)size);
    if (len < 0) {
        len = -errno;
        free(c->data);
        return len;
    }
    c->len = (size_t)len;
    return 0;
}

/* The record of INSTANCE and kind CODE, if it has MIN bytes: *LEN of them, and
 * where they are, or NULL. */
static unsigned char *find(const struct context *c, uint16_t code,
                           uint32_t instance, size_t min, size_t *len)
{
    struct hvm_save_descriptor head;

    for (size_t at = 0; at + HEAD <= c->len; at += HEAD + head.length) {
        memcpy(&head, c->data + at, HEAD);
        if (head.length > c->len - at - HEAD)
            return NULL;
        *len = head.length;
        if (head.typecode == code && head.instance == instance)
            return head.length >= min ? c->data + at + HEAD : NULL;
    }
    return NULL;
}

/* Copy that record, all SIZE bytes of it, and keep the context in C, to be
 * freed. */
static int take(struct xen *x, uint32_t dom, uint16_t code, uint32_t vcpu,
                void *record, size_t size, struct context *c)
{
    int rc = read_context(x, dom, c);
    const void *found;
    size_t len;

    if (rc)
        return rc;
    found = find(c, code, vcpu, size, &len);
    if (!found) {
        free(c->data);
        return -EINVAL;
    }
    memcpy(record, found, size);
    return 0;
}

static size_t put(unsigned char *to, uint16_t code, uint32_t instance,
                  const void *record, size_t len)
{
    struct hvm_save_descriptor head = { code, (uint16_t)instance,
                                        (uint32_t)len };

    memcpy(to, &head, HEAD);
    if (len)
        memcpy(to + HEAD, record, len);
    return HEAD + len;
}

/* Load a context of C's header, its CPU records and that one RECORD.  Loading
 * takes all vCPUs down that have no CPU record in it (hvm_load); devices stay
 * as they are. */
static int load(struct xen *x, uint32_t dom, const struct context *c,
                uint16_t code, uint32_t vcpu, const void *record, size_t len)
{
    unsigned char *data = malloc(c->len + HEAD + len);
    struct hvm_save_descriptor head;
    size_t to = 0;
    int rc;

    if (!data)
        return -ENOMEM;
    for (size_t at = 0; at + HEAD <= c->len; at += HEAD + head.length) {
        memcpy(&head, c->data + at, HEAD);
        if (head.length > c->len - at - HEAD)
            break;
        if (head.typecode == HVM_SAVE_CODE(HEADER) ||
            head.typecode == HVM_SAVE_CODE(CPU))
            to += put(data + to, head.typecode, head.instance,
                      c->data + at + HEAD, head.length);
    }
    if (len)
        to += put(data + to, code, vcpu, record, len);
    to += put(data + to, HVM_SAVE_CODE(END), 0, NULL, 0);
    rc = xen_answer(xc_domain_hvm_setcontext(x->xc, xen_id(x, dom), data,
                                             (uint32_t)to));
    free(data);
    return rc;
}

/* ---- registers ---- */

int real_op_VCPU_REGS_GET(struct xen *x, struct args_vcpu_regs *a)
{
    struct hvm_hw_cpu_xsave xsave = { .xcr0 = 0 };
    struct hvm_hw_cpu cpu;
    struct context c;
    const void *record;
    size_t len;
    int rc = take(x, a->dom, HVM_SAVE_CODE(CPU), a->vcpu, &cpu, sizeof(cpu),
                  &c);

    if (rc)
        return rc;
    hvm_cpu_get(&cpu, a);
    a->regs.npt_base = a->regs.vmtrace_pos = 0;
    /* None before the first XSETBV. */
    record = find(&c, CPU_XSAVE_CODE, a->vcpu, XSAVE_HEAD, &len);
    if (record)
        memcpy(&xsave, record, XSAVE_HEAD);
    a->xcr0 = xsave.xcr0;
    free(c.data);
    return 0;
}

/* xstate_ctxt_size: the XSAVE area up to the last of FEATURES. */
static size_t xsave_size(uint64_t features)
{
    size_t size = sizeof(struct hvm_hw_cpu_xsave) - XSAVE_HEAD;

    for (unsigned int i = 2; i < 63; i++) {
        unsigned int len, offset, ecx, edx;

        if (features >> i & 1 &&
            __get_cpuid_count(CPUID_XSAVE, i, &len, &offset, &ecx, &edx) &&
            offset + len > size)
            size = offset + len;
    }
    return size;
}

/* xcr0 is part of another record, which is not always there, and has to be as
 * long as the features that it ever had need (hvm_load_cpu_xsave_states): the
 * new one, *LEN bytes, to be freed; or nothing where it says so already. */
static int make_xsave(const struct context *c, const struct args_vcpu_regs *a,
                      unsigned char **record, size_t *len)
{
    struct hvm_hw_cpu_xsave head = { .xcr0 = 0 };
    size_t have = 0, need;
    const unsigned char *old = find(c, CPU_XSAVE_CODE, a->vcpu, XSAVE_HEAD,
                                    &have);

    *record = NULL;
    *len = 0;
    if (old)
        memcpy(&head, old, XSAVE_HEAD);
    else
        have = 0;
    if (head.xcr0 == a->xcr0)
        return 0;
    head.xcr0 = a->xcr0;
    head.xcr0_accum |= a->xcr0;
    need = XSAVE_HEAD + xsave_size(head.xcr0_accum);
    *len = need > have ? need : have;
    *record = calloc(1, *len);
    if (!*record)
        return -ENOMEM;
    if (old)
        memcpy(*record, old, have);
    memcpy(*record, &head, XSAVE_HEAD);
    return 0;
}

int real_op_VCPU_REGS_SET(struct xen *x, struct args_vcpu_regs *a)
{
    struct hvm_hw_cpu cpu, old;
    struct context c;
    unsigned char *place, *xsave;
    size_t len;
    int rc = take(x, a->dom, HVM_SAVE_CODE(CPU), a->vcpu, &old, sizeof(old),
                  &c);

    if (rc)
        return rc;
    cpu = old;
    hvm_cpu_put(&cpu, a);
    place = find(&c, HVM_SAVE_CODE(CPU), a->vcpu, sizeof(cpu), &len);
    memcpy(place, &cpu, sizeof(cpu));
    rc = make_xsave(&c, a, &xsave, &len);
    if (!rc)
        rc = load(x, a->dom, &c, CPU_XSAVE_CODE, a->vcpu, xsave, len);
    if (rc) {
        /* hvm_load has taken the vCPUs down. */
        memcpy(place, &old, sizeof(old));
        load(x, a->dom, &c, 0, 0, NULL, 0);
    }
    free(xsave);
    free(c.data);
    return rc;
}

int real_op_VCPU_MTRR_GET(struct xen *x, struct args_vcpu_mtrr *a)
{
    struct hvm_hw_mtrr mtrr;
    struct context c;
    int rc = take(x, a->dom, HVM_SAVE_CODE(MTRR), a->vcpu, &mtrr,
                  sizeof(mtrr), &c);

    if (rc)
        return rc;
    hvm_mtrr_get(&mtrr, a);
    free(c.data);
    return 0;
}

int real_op_VCPU_MTRR_SET(struct xen *x, struct args_vcpu_mtrr *a)
{
    struct hvm_hw_mtrr mtrr;
    struct context c;
    int rc = take(x, a->dom, HVM_SAVE_CODE(MTRR), a->vcpu, &mtrr,
                  sizeof(mtrr), &c);

    if (rc)
        return rc;
    hvm_mtrr_put(&mtrr, a);
    rc = load(x, a->dom, &c, HVM_SAVE_CODE(MTRR), a->vcpu, &mtrr,
              sizeof(mtrr));
    free(c.data);
    return rc;
}

/* ---- what only HVM domains have ---- */

int real_op_HVM_PARAM_GET(struct xen *x, struct args_hvm_param *a)
{
    uint64_t value = 0;
    int rc = xen_answer(xc_hvm_param_get(x->xc, xen_id(x, a->dom), a->param,
                                         &value));

    if (!rc)
        a->value = value;
    return rc;
}

/* What a PV dom0 is told; another is left alone all the same. */
int real_op_HVM_PARAM_SET(struct xen *x, struct args_hvm_param *a)
{
    if (!a->dom || a->dom == DOMID_SELF)
        return -EINVAL;
    return xen_answer(xc_hvm_param_set(x->xc, xen_id(x, a->dom), a->param,
                                       a->value));
}

int real_op_HVM_INJECT_TRAP(struct xen *x, struct args_inject_trap *a)
{
    return xen_answer(xc_hvm_inject_trap(
        x->xc, xen_id(x, a->dom), (int)a->vcpu, (uint8_t)a->vector,
        (uint8_t)a->type, a->error, (uint8_t)a->insn_len, a->cr2));
}
