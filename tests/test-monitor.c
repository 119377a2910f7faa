/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor's operations and senders: what each answers on Intel, AMD and
 * PV, with and without a ring; and the event channels. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef __STRICT_ANSI__          /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>

#include "sim/private.h"

#define DOM     1u
#define ARRAY(a) (sizeof(a) / sizeof(a)[0])

struct env {
    struct hv *hv;
    struct sim *sim;
    struct sim_domain *d;
};

static struct env start(uint32_t vendor, uint32_t type, bool ring)
{
    struct env e = { .hv = sim_open(NULL) };
    struct args_create c;
    struct args_port port = { .dom = DOM };

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, 16, 2);
    c.vendor = vendor;
    c.type = type;
    if (vendor != VENDOR_INTEL || type == GUEST_PV)
        c.altp2m = 0;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    e.sim = (struct sim *)e.hv;
    e.d = sim_find(e.sim, DOM);
    assert_non_null(e.d);
    if (ring)
        assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), 0);
    return e;
}

static int toggle(struct env *e, enum hv_op op, uint32_t on, uint32_t sync)
{
    struct args_enable_sync a = { .dom = DOM, .enable = on, .sync = sync };

    return hv_call(e->hv, op, &a);
}

static int ctrlreg(struct env *e, uint32_t index, uint32_t on, uint32_t sync,
                   uint32_t onchange, uint64_t mask)
{
    struct args_ctrlreg a = {
        .dom = DOM, .index = index, .enable = on, .sync = sync,
        .onchangeonly = onchange, .bitmask = mask,
    };

    return hv_call(e->hv, OP_MONITOR_CTRLREG, &a);
}

static int msr(struct env *e, uint32_t index, uint32_t on, uint32_t onchange)
{
    struct args_msr a = {
        .dom = DOM, .msr = index, .enable = on, .onchangeonly = onchange,
    };

    return hv_call(e->hv, OP_MONITOR_MSR, &a);
}

static int simple(struct env *e, enum hv_op op)
{
    struct args_dom a = { .dom = DOM };

    return hv_call(e->hv, op, &a);
}

static int vm_event(struct env *e, uint32_t dom, uint32_t op, uint32_t mode,
                    uint32_t *out)
{
    struct args_vm_event_op a = { .dom = dom, .op = op, .mode = mode };
    int err = hv_call(e->hv, OP_VM_EVENT_OP, &a);

    if (out)
        *out = a.out;
    return err;
}

/* The last request put on the ring. */
static struct vm_event_st last(struct env *e)
{
    vm_event_sring_t *sring = hv_ring(e->hv, DOM);

    return sring->ring[(sring->req_prod - 1) & (NR_SLOTS - 1)].req;
}

/* Capabilities: asm/monitor.h:arch_monitor_get_capabilities;
 * vmx/external-conf.log, svm/err-common.log, pv/debianstock-err-common.log.
 * dom0 on itself EPERM, no such domain ESRCH: common/monitor.c:monitor_domctl,
 * common/domctl.c. */
static void test_capabilities(void **state)
{
    static const struct {
        uint32_t vendor, type, caps;
    } rows[] = {
        { VENDOR_INTEL, GUEST_PVH, 0x1f7f }, { VENDOR_INTEL, GUEST_PV, 0 },
        { VENDOR_AMD, GUEST_PVH, 0x1f7b }, { VENDOR_AMD, GUEST_PV, 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY(rows); i++) {
        struct env e = start(rows[i].vendor, rows[i].type, false);
        struct args_u64 a = { .dom = DOM, .value = ~0ull };

        assert_int_equal(hv_call(e.hv, OP_MONITOR_CAPS, &a), 0);
        assert_int_equal(a.value, rows[i].caps);
        a.dom = 0;
        assert_int_equal(hv_call(e.hv, OP_MONITOR_CAPS, &a), -EPERM);
        a.dom = i & 1 ? 999 : 0x7ff0;
        assert_int_equal(hv_call(e.hv, OP_MONITOR_CAPS, &a), -ESRCH);
        hv_close(e.hv);
    }
}

/* On, on, off, off: 0, EEXIST, 0, EEXIST; or EOPNOTSUPP throughout.
 * common/monitor.c:monitor_domctl, x86/monitor.c:arch_monitor_domctl_event;
 * svm/err-common.log, vmx/external-noring.log. */
static void toggle_all(struct env *e)
{
#define ROW(op, event) { OP_MONITOR_##op, XEN_DOMCTL_MONITOR_EVENT_##event }
    static const struct {
        enum hv_op op;
        uint32_t event;
    } rows[] = {
        ROW(SINGLESTEP, SINGLESTEP), ROW(BREAKPOINT, SOFTWARE_BREAKPOINT),
        ROW(CPUID, CPUID), ROW(PRIVILEGED_CALL, PRIVILEGED_CALL),
        ROW(DESCRIPTOR, DESC_ACCESS), ROW(PAGEFAULT, INGUEST_PAGEFAULT),
        ROW(EMUL_UNIMPLEMENTED, EMUL_UNIMPLEMENTED), ROW(VMEXIT, VMEXIT),
        ROW(GUEST_REQUEST, GUEST_REQUEST), ROW(DEBUG, DEBUG_EXCEPTION),
    };
    uint32_t caps = monitor_capabilities(e->d);
    size_t i;

    for (i = 0; i < ARRAY(rows); i++) {
        struct args_monitor_op raw = { .dom = DOM, .event = rows[i].event };
        bool can = caps & 1u << rows[i].event;
        int ok = can ? 0 : -EOPNOTSUPP, again = can ? -EEXIST : -EOPNOTSUPP;

        assert_int_equal(toggle(e, rows[i].op, 1, 1), ok);
        assert_int_equal(toggle(e, rows[i].op, 7, 0), again);
        assert_int_equal(hv_call(e->hv, OP_MONITOR_OP, &raw), again);
        assert_int_equal(toggle(e, rows[i].op, 0, 0), ok);
        assert_int_equal(toggle(e, rows[i].op, 0, 0), again);
        assert_int_equal(hv_call(e->hv, OP_MONITOR_OP, &raw), ok);
        raw.op = XEN_DOMCTL_MONITOR_OP_DISABLE;
        assert_int_equal(hv_call(e->hv, OP_MONITOR_OP, &raw), ok);
    }
}

static void test_toggles(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 12; i++) {
        uint32_t type = i / 4;
        struct env e = start(i & 1, type, (i & 2) && type != GUEST_PV);

        toggle_all(&e);
        hv_close(e.hv);
    }
}

/* Raw operations of svm/err-common.log, in its order. */
static void test_raw(void **state)
{
    static const struct {
        uint32_t op, event;
        int rc;
        uint32_t out;
    } rows[] = {
        { 0, 31, -EOPNOTSUPP, 31 }, { 0, 32, -EINVAL, 32 },
        { 0, ~0u, -EINVAL, ~0u }, { 1, 31, -EOPNOTSUPP, 31 },
        { 2, 0, 0, 0x1f7b }, { 3, 0, -EINVAL, 0 }, { 4, 0, 0, 0 },
        { 7, 0, -EOPNOTSUPP, 0 }, { ~0u, 0, -EOPNOTSUPP, 0 },
        { 0, XEN_DOMCTL_MONITOR_EVENT_INTERRUPT, -EOPNOTSUPP, 8 },
    };
    struct env e = start(VENDOR_AMD, GUEST_PVH, false);
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY(rows); i++) {
        struct args_monitor_op a = {
            .dom = DOM, .op = rows[i].op, .event = rows[i].event,
        };

        assert_int_equal(hv_call(e.hv, OP_MONITOR_OP, &a), rows[i].rc);
        assert_int_equal(a.out_event, rows[i].out);
    }
    assert_true(e.d->monitor.control_register_values);
    hv_close(e.hv);
}

/* x86/monitor.c:arch_monitor_domctl_event, WRITE_CTRLREG: four registers,
 * and the index is a byte (xc_monitor_write_ctrlreg). svm/err-common.log */
static void test_ctrlreg(void **state)
{
    struct env e = start(VENDOR_AMD, GUEST_PVH, false);
    struct sim_monitor *m = &e.d->monitor;

    (void)state;
    assert_int_equal(ctrlreg(&e, 0, 1, 1, 1, 0), 0);
    assert_int_equal(ctrlreg(&e, 3, 1, 1, 0, 0), 0);
    assert_int_equal(ctrlreg(&e, 4, 1, 1, 1, 0), -EINVAL);
    assert_int_equal(ctrlreg(&e, 1, 1, 0, 1, 0xff), 0);
    assert_int_equal(ctrlreg(&e, 2, 1, 1, 1, 0), 0);
    assert_int_equal(ctrlreg(&e, 256, 1, 1, 1, 0), -EEXIST);
    assert_int_equal(m->ctrlreg_enabled, 0xf);
    assert_int_equal(m->ctrlreg_sync, 0xd);
    assert_int_equal(m->ctrlreg_onchange, 0x7);
    assert_int_equal(m->ctrlreg_mask[1], 0xff);
    assert_int_equal(ctrlreg(&e, 1, 0, 1, 0, 0xaa), 0);
    assert_int_equal(m->ctrlreg_mask[1], 0);
    assert_int_equal(m->ctrlreg_sync, 0xf);
    assert_int_equal(ctrlreg(&e, 1, 0, 1, 0, 0), -EEXIST);
    hv_close(e.hv);
}

/* x86/monitor.c:monitor_enable_msr: ENXIO without the bitmap that enabling
 * a ring makes, but EEXIST first. svm/err-common.log, svm/x86-06-msr.log,
 * svm/XENPANIC-msrcrash.log */
static void test_msr(void **state)
{
    static const uint32_t good[] = { 0, 0x176, 0x1fff, 0xc0000080,
                                     0xc0001fff, 0x40000000, 0x40001fff };
    static const uint32_t bad[] = { 0x2000, 0x12345678, 0x3fffffff,
                                    0x40002000, 0xc0002000, ~0u };
    struct env e = start(VENDOR_INTEL, GUEST_PVH, false);
    struct args_port port = { .dom = DOM };
    size_t i;

    (void)state;
    assert_int_equal(msr(&e, 0xc0000080, 1, 0), -ENXIO);
    assert_int_equal(msr(&e, 0xc0000080, 0, 0), -EEXIST);
    assert_int_equal(msr(&e, 0x12345678, 1, 0), -ENXIO);
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), 0);
    for (i = 0; i < ARRAY(good); i++) {
        assert_int_equal(msr(&e, good[i], 1, 1), 0);
        assert_int_equal(msr(&e, good[i], 1, 0), -EEXIST);
        assert_true(monitored_msr(e.d, good[i]));
        assert_true(monitored_msr_onchange(e.d, good[i]));
        assert_int_equal(msr(&e, good[i], 0, 0), 0);
        assert_int_equal(msr(&e, good[i], 0, 0), -EEXIST);
        assert_false(monitored_msr(e.d, good[i]));
        assert_int_equal(msr(&e, good[i], 1, 0), 0);
        assert_false(monitored_msr_onchange(e.d, good[i]));
    }
    for (i = 0; i < ARRAY(bad); i++) {
        assert_int_equal(msr(&e, bad[i], 1, 0), -EINVAL);
        assert_int_equal(msr(&e, bad[i], 0, 0), -EEXIST);
    }
    assert_int_equal(simple(&e, OP_MONITOR_DISABLE), 0);
    assert_int_equal(msr(&e, 0x176, 1, 0), -ENXIO);
    hv_close(e.hv);
    e = start(VENDOR_AMD, GUEST_PVH, true);
    assert_int_equal(msr(&e, 0x40000000, 1, 0), -EIO);  /* Xen panics */
    hv_close(e.hv);
}

/* x86/monitor.c:arch_monitor_cleanup_domain: everything is off after a
 * disable, and switches on without a ring; but emulate_each_rep needs the
 * vCPUs' event state (asm/monitor.h:arch_monitor_domctl_op).
 * vmx/external-conf.log, "disable monitor with pending guest_request" */
static void test_disable_resets(void **state)
{
    static const struct sim_monitor zero;
    struct env e = start(VENDOR_INTEL, GUEST_PVH, true);

    (void)state;
    assert_int_equal(toggle(&e, OP_MONITOR_EACH_REP, 1, 0), 0);
    assert_int_equal(toggle(&e, OP_MONITOR_EACH_REP, 1, 0), 0);
    assert_true(e.d->monitor.emulate_each_rep);
    assert_int_equal(toggle(&e, OP_MONITOR_PAGEFAULT, 1, 0), 0);
    assert_int_equal(toggle(&e, OP_MONITOR_GUEST_REQUEST, 1, 1), 0);
    assert_int_equal(ctrlreg(&e, 2, 1, 1, 1, 5), 0);
    assert_int_equal(msr(&e, 0x176, 1, 1), 0);
    assert_int_equal(simple(&e, OP_MONITOR_CONTROL_REGISTERS), 0);
    assert_int_equal(simple(&e, OP_MONITOR_DISABLE), 0);
    assert_memory_equal(&e.d->monitor, &zero, sizeof zero);
    assert_int_equal(simple(&e, OP_MONITOR_DISABLE), -EINVAL);
    assert_int_equal(toggle(&e, OP_MONITOR_CPUID, 1, 0), 0);
    assert_int_equal(toggle(&e, OP_MONITOR_CPUID, 0, 0), 0);
    assert_int_equal(toggle(&e, OP_MONITOR_GUEST_REQUEST, 1, 1), 0);
    assert_int_equal(simple(&e, OP_MONITOR_RESUME), -ENODEV);
    assert_int_equal(toggle(&e, OP_MONITOR_EACH_REP, 1, 0), -EINVAL);
    hv_close(e.hv);
}

/* common/vm_event.c:vm_event_domctl; svm/err-common.log,
 * pv/debianstock-XENPANIC-pvcrash-enable.log */
static void test_vm_event_ops(void **state)
{
    static const struct {
        uint32_t dom, op, mode;
        int rc;
        uint32_t out;
    } rows[] = {
        { DOM, 3, 0, 0, 7 }, { DOM, 0, 2, 0, 3 }, { DOM, 0, 2, -EBUSY, 0 },
        { DOM, 2, 2, 0, 0 }, { DOM, 1, 2, 0, 0 }, { DOM, 1, 2, -EINVAL, 0 },
        { DOM, 2, 2, -ENODEV, 0 }, { DOM, 9, 2, -ENOSYS, 0 },
        { DOM, 0, 0, -ENOSYS, 0 }, { DOM, 0, 4, -ENOSYS, 0 },
        { DOM, 0, 1, -ENOSYS, 0 }, { DOM, 1, 1, -ENOSYS, 0 },
        { DOM, 2, 1, -ENOSYS, 0 }, { DOM, 0, 3, -ENOSYS, 0 },
        { DOM, 1, 3, -ENOSYS, 0 }, { DOM, 2, 3, -ENOSYS, 0 },
        { DOM, ~0u, ~0u, -ENOSYS, 0 }, { 0x7ff0, 0, 2, -ESRCH, 0 },
        { 0, 0, 2, -EINVAL, 0 }, { 0, 3, 2, 0, 7 }, { 999, 0, 2, -ESRCH, 0 },
        { 999, 3, 2, -ESRCH, 0 }, { 0x7ff4, 3, 2, 0, 7 },
        { 0x7ff4, 0, 2, -ESRCH, 0 },
    };
    struct env e = start(VENDOR_AMD, GUEST_PVH, false);
    struct args_dom nobody = { .dom = 999 };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY(rows); i++) {
        uint32_t out;

        assert_int_equal(vm_event(&e, rows[i].dom, rows[i].op, rows[i].mode,
                                  &out), rows[i].rc);
        assert_int_equal(out, rows[i].out);
    }
    assert_int_equal(hv_call(e.hv, OP_VM_EVENT_VERSION, &nobody), 7);
    e.d->hvm_params[HVM_PARAM_MONITOR_RING_PFN] = 0;
    assert_int_equal(vm_event(&e, DOM, 0, 2, NULL), -EOPNOTSUPP);
    e.d->hvm_params[HVM_PARAM_MONITOR_RING_PFN] = 0x9999;
    assert_int_equal(vm_event(&e, DOM, 0, 2, NULL), -EINVAL);
    e.d->hvm_params[HVM_PARAM_MONITOR_RING_PFN] = ~0ull;
    assert_int_equal(vm_event(&e, DOM, 0, 2, NULL), -EINVAL);
    assert_int_equal(toggle(&e, OP_MONITOR_EACH_REP, 1, 0), 0);
    assert_int_equal(msr(&e, 0x176, 1, 0), 0);
    e.d->dying = true;
    assert_int_equal(vm_event(&e, DOM, 77, 77, NULL), 0);
    hv_close(e.hv);
    e = start(VENDOR_AMD, GUEST_PV, false);
    assert_int_equal(vm_event(&e, DOM, 0, 2, NULL), -EIO);  /* Xen panics */
    hv_close(e.hv);
}

/* hvm/monitor.c:hvm_monitor_cr, hvm_monitor_msr: onchangeonly, the mask, and
 * writes put off after OP_CONTROL_REGISTERS (ring or not). */
static void test_writes(void **state)
{
    struct env e = start(VENDOR_INTEL, GUEST_PVH, true);
    struct sim_vcpu *v = &e.d->vcpus[0];

    (void)state;
    e.sim->current = e.d;
    assert_false(monitor_cr(v, VM_EVENT_X86_CR4, 1, 0));
    assert_false(monitor_cr(v, 77, 1, 0));
    assert_int_equal(ctrlreg(&e, VM_EVENT_X86_CR4, 1, 1, 0, 0xf0), 0);
    assert_false(monitor_cr(v, VM_EVENT_X86_CR4, 0x10, 0));
    assert_int_equal(v->vm_event_pause_count, 0);
    assert_false(monitor_cr(v, VM_EVENT_X86_CR4, 0x11, 0x20));
    assert_int_equal(v->vm_event_pause_count, 1);
    assert_int_equal(last(&e).reason, VM_EVENT_REASON_WRITE_CTRLREG);
    assert_int_equal(last(&e).u.write_ctrlreg.new_value, 0x11);
    assert_int_equal(last(&e).u.write_ctrlreg.old_value, 0x20);
    assert_int_equal(msr(&e, 0x176, 1, 1), 0);
    assert_false(monitor_msr(v, 0x176, 5, 5));
    assert_false(monitor_msr(v, 0x177, 5, 6));
    assert_int_equal(simple(&e, OP_MONITOR_CONTROL_REGISTERS), 0);
    assert_true(monitor_msr(v, 0x176, 5, 6));
    assert_int_equal(last(&e).u.mov_to_msr.msr, 0x176);
    assert_true(monitor_cr(v, VM_EVENT_X86_CR4, 1, 0));
    assert_int_equal(simple(&e, OP_MONITOR_DISABLE), 0);
    assert_false(monitor_cr(v, VM_EVENT_X86_CR4, 1, 0));
    assert_int_equal(simple(&e, OP_MONITOR_CONTROL_REGISTERS), 0);
    assert_int_equal(ctrlreg(&e, VM_EVENT_X86_CR4, 1, 1, 0, 0), 0);
    assert_true(monitor_cr(v, VM_EVENT_X86_CR4, 1, 0));
    hv_close(e.hv);
}

/* hvm/monitor.c:hvm_monitor_debug and the like: nothing unless monitored,
 * sync as asked for, a fast step ends without event. */
static void test_debug(void **state)
{
    struct env e = start(VENDOR_INTEL, GUEST_PVH, true);
    struct sim_vcpu *v = &e.d->vcpus[0];

    (void)state;
    e.sim->current = e.d;
    assert_int_equal(monitor_debug(v, DEBUG_BREAKPOINT, 6, 1, 0), 0);
    assert_int_equal(monitor_debug(v, DEBUG_SINGLESTEP, 6, 1, 0), 0);
    assert_int_equal(monitor_debug(v, DEBUG_EXCEPTION, 6, 1, 0), 0);
    assert_int_equal(monitor_cpuid(v, 2, 0, 0), 0);
    assert_int_equal(monitor_vmexit(v, 1, 2), 0);
    assert_false(monitor_emul_unimplemented(v));
    monitor_guest_request(v);
    assert_int_equal(e.d->ring.req_prod_pvt, 0);

    assert_int_equal(toggle(&e, OP_MONITOR_BREAKPOINT, 1, 0), 0);
    assert_int_equal(monitor_debug(v, DEBUG_BREAKPOINT, 6, 1, 9), 1);
    assert_int_equal(last(&e).u.software_breakpoint.type, 6);
    assert_int_equal(last(&e).u.software_breakpoint.pending_dbg, 0);
    assert_int_equal(toggle(&e, OP_MONITOR_DEBUG, 1, 0), 0);
    assert_int_equal(monitor_debug(v, DEBUG_EXCEPTION, 5, 1, ~0ull), 0);
    assert_int_equal(last(&e).u.debug_exception.pending_dbg, 0xffffffff);
    assert_int_equal(last(&e).flags, 0);

    v->single_step = v->fast_step = true;
    assert_int_equal(monitor_debug(v, DEBUG_SINGLESTEP, 0, 0, 0), 0);
    assert_true(v->fast_step);
    assert_int_equal(toggle(&e, OP_MONITOR_SINGLESTEP, 1, 0), 0);
    assert_int_equal(monitor_debug(v, DEBUG_SINGLESTEP, 0, 0, 0), 0);
    assert_false(v->fast_step || v->single_step);
    assert_int_equal(monitor_debug(v, DEBUG_SINGLESTEP, 0, 0, 0), 1);
    assert_int_equal(last(&e).reason, VM_EVENT_REASON_SINGLESTEP);
    hv_close(e.hv);
}

/* common/event_channel.c: bound channels start pending, as events may have
 * been lost; notify is resume; pending masks; a closed or unbound end
 * swallows; the lowest free port is taken, 3 each time (svm/err-common.log).
 * Linux drivers/xen/evtchn.c: ENOTCONN for what is not open. */
static void test_event_channel(void **state)
{
    static const struct {
        enum hv_op op;
        uint32_t port;
        int rc;
        uint32_t out;           /* bind, alloc, pending */
    } rows[] = {
        { OP_EVTCHN_NOTIFY, 3, -ENOTCONN, 0 },
        { OP_EVTCHN_UNBIND, 3, -ENOTCONN, 0 },
        { OP_EVTCHN_BIND, 2, -EINVAL, 0 }, { OP_EVTCHN_BIND, 4, -EINVAL, 0 },
        { OP_EVTCHN_BIND, ~0u, -EINVAL, 0 }, { OP_EVTCHN_BIND, 3, 0, 18 },
        { OP_EVTCHN_BIND, 3, -EINVAL, 0 }, { OP_EVTCHN_PENDING, 3, 0, 1 },
        { OP_MONITOR_CPUID, 0, 0, 0 }, { OP_EVTCHN_PENDING, 3, 0, 0 },
        { OP_EVTCHN_UNMASK, 3, 0, 0 }, { OP_EVTCHN_PENDING, 3, 0, 1 },
        { OP_RESPOND, 0, 0, 0 }, { OP_EVTCHN_NOTIFY, 3, 0, 0 },
        { OP_EVENT, 0, 0, 0 }, { OP_EVTCHN_UNBIND, 3, 0, 0 },
        { OP_MONITOR_CPUID, 0, 0, 0 }, { OP_EVTCHN_PENDING, 3, 0, 0 },
        { OP_EVTCHN_BIND, 3, 0, 18 }, { OP_MONITOR_DISABLE, 0, 0, 0 },
        { OP_EVTCHN_NOTIFY, 3, 0, 0 }, { OP_EVTCHN_BIND, 3, -EINVAL, 0 },
        { OP_MONITOR_ENABLE, 0, 0, 3 }, { OP_EVTCHN_ALLOC, 0, 0, 4 },
        { OP_EVTCHN_BIND, 4, 0, 19 }, { OP_EVTCHN_NOTIFY, 4, 0, 0 },
        { OP_EVTCHN_UNMASK, ~0u, 0, 0 }, { OP_EVTCHN_PENDING, ~0u, 0, 0 },
    };
    struct env e = start(VENDOR_INTEL, GUEST_PVH, true);
    struct sim_vcpu *v = &e.d->vcpus[0];
    vm_event_sring_t *sring = hv_ring(e.hv, DOM);
    size_t i;

    (void)state;
    e.sim->current = e.d;
    e.d->monitor.cpuid = true;
    for (i = 0; i < ARRAY(rows); i++) {
        struct args_port a = { .dom = DOM, .port = rows[i].port };

        if (rows[i].op == OP_MONITOR_CPUID) {
            assert_int_equal(monitor_cpuid(v, 2, 0, 0), 1);
        } else if (rows[i].op == OP_RESPOND) {
            sring->ring[sring->rsp_prod & 7].rsp = last(&e);
            sring->rsp_prod++;
        } else if (rows[i].op == OP_EVENT) {
            assert_int_equal(v->vm_event_pause_count, 0);
        } else {
            assert_int_equal(hv_call(e.hv, rows[i].op, &a), rows[i].rc);
            assert_int_equal(a.out, rows[i].out);
        }
    }
    for (i = 5; i < NR_PORTS; i++)
        assert_int_equal(evtchn_alloc_xen(e.d), i);
    assert_int_equal(evtchn_alloc_xen(e.d), -ENOSPC);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_toggles),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_ctrlreg),
        cmocka_unit_test(test_msr),
        cmocka_unit_test(test_disable_resets),
        cmocka_unit_test(test_vm_event_ops),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_debug),
        cmocka_unit_test(test_event_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
