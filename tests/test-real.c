/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The implementation for a real Xen, run under the front end: between it and
 * the model are Xen's own libraries and the devices.  Whatever the model
 * answers by itself, it answers by that way round, too: every scenario and
 * every shipped trace is recorded on both.  test-mutate.c sees to it that they
 * have every operation with each of its determined fields, and here each is
 * seen to be called. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xencall.h>
#include <xenctrl.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#include "harness/recorder.h"
#include "tests/lines.h"
#include "tests/real.h"
#include "tests/samples.h"

/* ---- traces and scenarios ---- */

static bool called[OP_COUNT];

struct listed {
    struct hv_source source;
    const struct sample *sample;
    size_t next;
};

static int listed_next(struct hv_source *source, struct hv_record *rec)
{
    struct listed *l = (struct listed *)source;

    if (l->next == l->sample->nr)
        return 0;
    *rec = l->sample->rec[l->next++];
    rec->seq = l->next;
    called[rec->op] = true;
    return 1;
}

/* In front of TARGET: a call finds what it has to fill in filled with
 * something else. */
struct poison {
    struct hv hv;               /* first */
    struct hv *target;
};

static int poison_call(struct hv *hv, enum hv_op op, void *args)
{
    for (const struct hv_field *f = hv_ops_table[op].fields; f->name; f++) {
        if (f->role != HV_IN && !hv_field_is_span(f))
            hv_field_set(f, args, 0x5a5a5a5a5a5a5a5a);
    }
    return hv_call(((struct poison *)hv)->target, op, args);
}

static void *poison_ring(struct hv *hv, uint32_t dom)
{
    return hv_ring(((struct poison *)hv)->target, dom);
}

static int poison_wait(struct hv *hv, uint32_t dom)
{
    return hv_wait(((struct poison *)hv)->target, dom);
}

static int poison_observe(struct hv *hv, uint32_t dom,
                          const struct vm_event_st *ev)
{
    return hv_observe(((struct poison *)hv)->target, dom, ev);
}

static void poison_close(struct hv *hv)
{
    hv_close(((struct poison *)hv)->target);
}

/* Frames of foreign mappings are anybody's numbers. */
static int put_neutral(struct hv_sink *sink, const struct hv_record *rec)
{
    struct hv_record copy = *rec;

    if (rec->op == OP_MEMORY_MAP)
        copy.args.MEMORY_MAP.frame = 0;
    return printed_put(sink, &copy);
}

/* What a recorder around HV, which is closed, records of S: to be freed. */
static char *record(struct hv *hv, const struct sample *s)
{
    static const struct hv_ops ops = {
        .call = poison_call, .ring = poison_ring, .wait = poison_wait,
        .observe = poison_observe, .close = poison_close,
    };
    struct poison poison = { { &ops, "poison", hv->caps }, hv };
    struct listed source = { .source = { listed_next }, .sample = s };
    struct replay_report report;
    struct printed trace;

    printed_start(&trace);
    trace.sink.put = put_neutral;
    hv = recorder_open(&poison.hv, &trace.sink);
    assert_non_null(hv);
    assert_int_equal(replay_run(hv, &source.source, &report), 0);
    if (report.cause != REPLAY_SAME)
        fail_msg("%s: cause %d at #%llu %s", s->name, (int)report.cause,
                 (unsigned long long)report.expected.seq,
                 report.field ? report.field->name : "-");
    assert_int_equal(recorder_error(hv), 0);
    replay_report_free(&report);
    hv_close(hv);
    printed_end(&trace);
    return trace.text;
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.nr; i++) {
        struct hv *hv = open_under_front();
        char *sim = record(sim_open(NULL), &all.s[i]), *real;

        assert_non_null(hv);
        real = record(hv, &all.s[i]);

        if (strcmp(sim, real))
            fail_msg("%s: recorded otherwise", all.s[i].name);
        free(sim);
        free(real);
    }
}

static void test_operations(void **state)
{
    (void)state;
    for (uint32_t op = 0; op < OP_COUNT; op++) {
        if (hv_ops_table[op].kind == KIND_CALL && !called[op])
            fail_msg("%s was not called", hv_ops_table[op].name);
    }
}

/* ---- dom0 ---- */

/* What reaches Xen of calls that would harm dom0: the model could not tell. */
static unsigned int harmful;

int __real_xc_domain_shutdown(xc_interface *xc, uint32_t id, int reason);
int __wrap_xc_domain_shutdown(xc_interface *xc, uint32_t id, int reason);
int __wrap_xc_domain_shutdown(xc_interface *xc, uint32_t id, int reason)
{
    harmful += !(domid_t)id;
    return __real_xc_domain_shutdown(xc, id, reason);
}

int __real_xc_hvm_param_set(xc_interface *xc, uint32_t id, uint32_t param,
                            uint64_t value);
int __wrap_xc_hvm_param_set(xc_interface *xc, uint32_t id, uint32_t param,
                            uint64_t value);
int __wrap_xc_hvm_param_set(xc_interface *xc, uint32_t id, uint32_t param,
                            uint64_t value)
{
    harmful += !(domid_t)id || (domid_t)id == DOMID_SELF;
    return __real_xc_hvm_param_set(xc, id, param, value);
}

/* A table's entry of dom0, its root, what is known of its pages. */
int __real_xencall4(xencall_handle *call, unsigned int op, uint64_t arg1,
                    uint64_t arg2, uint64_t arg3, uint64_t arg4);
int __wrap_xencall4(xencall_handle *call, unsigned int op, uint64_t arg1,
                    uint64_t arg2, uint64_t arg3, uint64_t arg4);
int __wrap_xencall4(xencall_handle *call, unsigned int op, uint64_t arg1,
                    uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
    uint32_t tables = arg4 >> 16;

    if (op == __HYPERVISOR_mmuext_op)
        harmful += (domid_t)arg4 == DOMID_SELF;
    else
        harmful += tables <= 1;         /* nobody's, dom0's: not a guest's */
    return __real_xencall4(call, op, arg1, arg2, arg3, arg4);
}

/* Frames that are no guest's are given to Xen as they are. */
static void test_dom0_tables(void **state)
{
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    harmful = 0;
    assert_int_equal(CALL(hv, PV_MMUEXT_OP, mmuext_op, .dom = DOMID_SELF,
                          .cmd = MMUEXT_NEW_BASEPTR, .arg1 = 0x1234), -ESRCH);
    assert_int_equal(CALL(hv, PV_MMU_UPDATE, mmu_update, .dom = 5,
                          .ptr = 0x1234000), -ESRCH);
    assert_int_equal(CALL(hv, PV_MMU_UPDATE, mmu_update, .dom = 5,
                          .vcpu = 0x10000, .ptr = 0x1234000), -ESRCH);
    assert_int_equal(CALL(hv, PV_MMU_UPDATE, mmu_update, .dom = DOMID_SELF,
                          .ptr = 0x1234000 | MMU_MACHPHYS_UPDATE), -ESRCH);
    assert_int_equal(CALL(hv, HVM_PARAM_SET, hvm_param, .dom = DOMID_SELF,
                          .param = HVM_PARAM_CALLBACK_IRQ), -EINVAL);
    assert_int_equal(CALL(hv, EVTCHN_ALLOC, port, .dom = DOMID_SELF), -ESRCH);
    assert_int_equal(harmful, 0);
    hv_close(hv);
}

/* dom0's memory, limits, life and domctls are left alone. */
static void test_dom0(void **state)
{
    unsigned char byte = 0;
    const struct hv_span data = { .p = &byte, .len = 1 };
    struct hv_page page = { .write = true };
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    assert_int_equal(CALL(hv, MEMORY_WRITE, memory, .data = data), -ESRCH);
    assert_int_equal(CALL(hv, MEMORY_READ, memory, .data = data), -ESRCH);
    assert_int_equal(hv_map(hv, 0, 1, &page), -ESRCH);
    assert_int_equal(CALL(hv, MEMORY_POPULATE, physmap, .gfn = 1), -EBUSY);
    assert_int_equal(CALL(hv, MEMORY_DECREASE, physmap, .gfn = 1), -EINVAL);
    assert_int_equal(CALL(hv, DOMAIN_MAX_MEM, u64, .value = 1), -ESRCH);
    assert_int_equal(CALL(hv, DOMAIN_SHUTDOWN, u64, .value = 1), -EPERM);
    assert_int_equal(CALL(hv, DOMAIN_SHUTDOWN, u64, .dom = 0x10000), -EPERM);
    assert_int_equal(harmful, 0);
    assert_int_equal(CALL(hv, DOMAIN_DOMCTL, domctl, .cmd = 1,
                          .version = 0x15), -EPERM);
    assert_int_equal(CALL(hv, DOMAIN_DOMCTL, domctl, .cmd = 1,
                          .version = 0x14), -EACCES);
    hv_close(hv);
}

/* ---- mappings, rings ---- */

#define RING_GFN        0xfeff9         /* the running domain's */

static void test_frames(void **state)
{
    struct args_map map = { .dom = 5, .gfn = 0x20 };
    struct hv_page first = { .write = true }, again = first, other = first;
    struct hv_page third = first, seen = { .write = false };
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    assert_int_equal(hv_map(hv, 5, 0x20, &first), 0);
    assert_int_equal(hv_map(hv, 5, 0x20, &again), 0);
    assert_int_equal(hv_map(hv, 5, 0x21, &other), 0);
    assert_ptr_equal(again.p, first.p);
    assert_int_equal(again.frame, first.frame);
    assert_int_not_equal(other.frame, first.frame);
    /* A mapping that is written to is good to read. */
    assert_int_equal(hv_map(hv, 5, 0x20, &seen), 0);
    assert_ptr_equal(seen.p, first.p);
    hv_unmap(hv, &seen);
    assert_int_equal(hv_call(hv, OP_MEMORY_MAP, &map), 0);
    assert_int_equal(map.frame, first.frame);
    /* Another page in its place is another frame; the old one stays. */
    assert_int_equal(CALL(hv, MEMORY_DECREASE, physmap, .dom = 5,
                          .gfn = 0x20), 0);
    assert_int_equal(hv_map(hv, 5, 0x20, &third), -EINVAL);
    assert_int_equal(CALL(hv, MEMORY_POPULATE, physmap, .dom = 5,
                          .gfn = 0x20), 0);
    assert_int_equal(hv_map(hv, 5, 0x20, &third), 0);
    assert_int_not_equal(third.frame, first.frame);
    *(char *)first.p = 1;
    assert_int_equal(*(char *)third.p, 0);
    hv_unmap(hv, &first);
    *(char *)again.p = 2;
    hv_unmap(hv, &again);
    hv_unmap(hv, &other);
    /* The other way round it is not. */
    assert_int_equal(hv_map(hv, 5, 0x22, &seen), 0);
    assert_int_equal(hv_map(hv, 5, 0x22, &other), 0);
    *(char *)other.p = 3;
    assert_int_equal(*(char *)seen.p, 3);
    hv_unmap(hv, &seen);
    hv_unmap(hv, &other);
    hv_close(hv);
}

static int populate_ring(struct hv *hv)
{
    return CALL(hv, MEMORY_POPULATE, physmap, .dom = 5, .gfn = RING_GFN);
}

static void test_ring(void **state)
{
    struct args_port a = { .dom = 5 };
    struct hv_page old = { .write = true }, page = { .write = true };
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    assert_null(hv_ring(hv, 5));
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &a), 0);
    assert_non_null(hv_ring(hv, 5));
    assert_int_equal(CALL(hv, MONITOR_DISABLE, dom, .dom = 5), 0);
    assert_null(hv_ring(hv, 5));
    /* By hand, as clients without xc_monitor_enable do it. */
    assert_int_equal(populate_ring(hv), 0);
    assert_int_equal(CALL(hv, VM_EVENT_OP, vm_event_op, .dom = 5,
                          .op = 0, .mode = 2), 0);
    assert_non_null(hv_ring(hv, 5));
    /* Closing it turns the ring off: the next one can have it. */
    hv_close(hv);
    hv = open_attached(5, RUNNING, &error);
    /* A page that libxenctrl put there and could not use: not the old one. */
    assert_int_equal(populate_ring(hv), 0);
    assert_int_equal(hv_map(hv, 5, RING_GFN, &old), 0);
    assert_int_equal(CALL(hv, MEMORY_DECREASE, physmap, .dom = 5,
                          .gfn = RING_GFN), 0);
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &a), 0);
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &a), -EBUSY);
    assert_int_equal(hv_map(hv, 5, RING_GFN, &page), 0);
    assert_int_not_equal(page.frame, old.frame);
    hv_unmap(hv, &page);
    hv_unmap(hv, &old);
    hv_close(hv);
    /* dom0 has none, and no page is kept of a failure. */
    hv = open_attached(5, RUNNING, &error);
    a.dom = 0;
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &a), -EINVAL);
    a.dom = 9;
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &a), -ESRCH);
    assert_int_equal(hv_wait(hv, 9), -ESRCH);
    hv_close(hv);
}

/* How many CPU records the last context had that was loaded. */
static unsigned int cpu_records;

int __real_xc_domain_hvm_setcontext(xc_interface *xc, uint32_t id,
                                    uint8_t *data, uint32_t size);
int __wrap_xc_domain_hvm_setcontext(xc_interface *xc, uint32_t id,
                                    uint8_t *data, uint32_t size);
int __wrap_xc_domain_hvm_setcontext(xc_interface *xc, uint32_t id,
                                    uint8_t *data, uint32_t size)
{
    struct hvm_save_descriptor head;

    cpu_records = 0;
    for (size_t at = 0; at + sizeof(head) <= size;
         at += sizeof(head) + head.length) {
        memcpy(&head, data + at, sizeof(head));
        cpu_records += head.typecode == HVM_SAVE_CODE(CPU);
    }
    return __real_xc_domain_hvm_setcontext(xc, id, data, size);
}

/* hvm/save.c:hvm_load: a vCPU without a CPU record is taken down, which the
 * model does not show. */
static void test_other_vcpus(void **state)
{
    struct hv *hv = open_under_front();
    struct args_vcpu_regs regs = { .dom = 7, .vcpu = 2 };
    struct args_vcpu_mtrr mtrr = { .dom = 7, .vcpu = 1 };
    struct args_create create;

    (void)state;
    sim_default_domain(&create, 7, 16, 3);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(hv_call(hv, OP_VCPU_REGS_GET, &regs), 0);
    regs.regs.rax = 5;
    regs.xcr0 = 7;
    assert_int_equal(hv_call(hv, OP_VCPU_REGS_SET, &regs), 0);
    assert_int_equal(cpu_records, 3);
    assert_int_equal(hv_call(hv, OP_VCPU_MTRR_GET, &mtrr), 0);
    cpu_records = 0;
    assert_int_equal(hv_call(hv, OP_VCPU_MTRR_SET, &mtrr), 0);
    assert_int_equal(cpu_records, 3);
    regs.regs.rax = regs.xcr0 = 0;
    assert_int_equal(hv_call(hv, OP_VCPU_REGS_GET, &regs), 0);
    assert_int_equal(regs.regs.rax, 5);
    assert_int_equal(regs.xcr0, 7);
    hv_close(hv);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dom0),
        cmocka_unit_test(test_dom0_tables),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_other_vcpus),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_operations),
    };

    (void)argc;
    if (!under_front())
        return exec_under_front(argv[0]);
    return cmocka_run_group_tests(tests, samples_load, samples_free);
}
