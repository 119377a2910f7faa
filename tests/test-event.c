/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How events reach the client: event channels, and what is in a request that
 * had to wait. */
#include <errno.h>

#include "tests/monitored-guest.h"

#include <xen/hvm/params.h>
#include <xen/memory.h>

static int pending(struct env *e)
{
    struct args_port a = { .dom = DOM, .port = 3 };

    assert_int_equal(hv_call(e->hv, OP_EVTCHN_PENDING, &a), 0);
    return a.out;
}

static int unmask(struct env *e)
{
    return call(e, EVTCHN_UNMASK, port, .port = 3);
}

/* Linux drivers/xen/evtchn.c:evtchn_interrupt, evtchn_read, evtchn_write: the
 * kernel takes a notification and masks the channel until the client's write;
 * what comes before that is delivered again then. */
static void test_device(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(pending(&e), 0);   /* not bound */
    evtchn_raise(e.d, 3);
    assert_int_equal(call(&e, EVTCHN_BIND, port, .port = 3), 0);
    assert_int_equal(hv_wait(e.hv, DOM), 1);
    evtchn_raise(e.d, 3);
    evtchn_raise(e.d, 3);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 0);
    assert_int_equal(unmask(&e), 0);
    assert_int_equal(pending(&e), 1);   /* the ones between */
    assert_int_equal(unmask(&e), 0);
    assert_int_equal(pending(&e), 0);
    evtchn_raise(e.d, 3);
    assert_int_equal(unmask(&e), 0);    /* before it is read */
    evtchn_raise(e.d, 3);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 0);
    evtchn_raise(e.d, NR_PORTS);
    evtchn_free_xen(e.d, NR_PORTS);
    assert_int_equal(call(&e, EVTCHN_UNBIND, port, .port = 3), 0);
    assert_int_equal(pending(&e), 0);
    hv_close(e.hv);
}

/* common/event_channel.c:evtchn_alloc_unbound, get_free_port. */
static void test_ports(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    struct args_port a = { .dom = 7 };

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_ALLOC, &a), -ESRCH);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_BIND, &a), -ESRCH);
    a.dom = 0;
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_ALLOC, &a), -EOPNOTSUPP);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_BIND, &a), -EINVAL);
    for (uint32_t i = 4; i < NR_PORTS; i++)
        assert_int_equal(evtchn_alloc_xen(e.d), i);
    assert_int_equal(call(&e, EVTCHN_ALLOC, port, .port = 0), -ENOSPC);
    assert_int_equal(call(&e, MONITOR_DISABLE, dom), 0);
    assert_int_equal(evtchn_alloc_xen(e.d), 3);
    /* common/vm_event.c:vm_event_enable without a port */
    assert_int_equal(call(&e, MONITOR_ENABLE, port, .port = 0), -ENOSPC);
    assert_int_equal(call(&e, MONITOR_RESUME, dom), -ENODEV);
    e.d->dying = true;
    assert_int_equal(call(&e, EVTCHN_ALLOC, port, .port = 0), -EINVAL);
    hv_close(e.hv);
}

/* common/vm_event.c:vm_event_wait_slot: the ninth vCPU sleeps in the middle
 * of its exit, so that its registers are those in front of the instruction;
 * the view is that of the time it is woken (common/monitor.c). */
static void test_registers_of_a_sleeper(void **state)
{
    struct env e = env_start(VENDOR_INTEL, NR_SLOTS + 1);

    (void)state;
    env_monitor_cr(&e, VM_EVENT_X86_CR4);
    for (uint32_t i = 0; i <= NR_SLOTS; i++)
        ins(&e, MOV_CR, reg, .vcpu = i, .rip = RIP, .index = 4, .value = 8);
    assert_true(hv_wait(e.hv, DOM) >= 0);
    assert_true(e.v[NR_SLOTS].wait_slot);
    assert_int_equal(e.sring->req_prod, NR_SLOTS);
    e.d->altp2m_active = true;
    e.v[NR_SLOTS].view = 5;
    for (uint32_t i = 0; i <= NR_SLOTS; i++) {
        env_run(&e, VM_EVENT_REASON_WRITE_CTRLREG);
        assert_int_equal(e.last.vcpu_id, i);
        assert_int_equal(e.last.data.regs.x86.rip, RIP);
        assert_int_equal(e.last.data.regs.x86.cr4, 0);
        env_answer(&e, FLAG(VCPU_PAUSED));
        if (e.sring->req_prod == e.req_cons)
            break;
    }
    assert_int_equal(e.last.vcpu_id, NR_SLOTS);
    assert_int_equal(e.last.altp2m_idx, 5);
    hv_close(e.hv);
}

/* common/vm_event.c:vm_event_cleanup: a dying domain's sleepers are woken, so
 * that its ring can go. */
static void test_sleepers_die(void **state)
{
    struct env e = env_start(VENDOR_INTEL, NR_SLOTS + 1);

    (void)state;
    env_monitor_cr(&e, VM_EVENT_X86_CR4);
    for (uint32_t i = 0; i <= NR_SLOTS; i++)
        ins(&e, MOV_CR, reg, .vcpu = i, .rip = RIP, .index = 4, .value = 8);
    assert_true(hv_wait(e.hv, DOM) >= 0);
    assert_int_equal(call(&e, MONITOR_DISABLE, dom), -EBUSY);
    assert_int_equal(call(&e, DOMAIN_DESTROY, dom), 0);
    assert_false(e.v[NR_SLOTS].wait_slot || e.d->ring.enabled);
    hv_close(e.hv);
}

/* hvm/monitor.c:hvm_monitor_check_p2m: what an emulated access to a page with
 * each access violates, by the bits of the event; a hole is such without any,
 * and reads are never reported. */
static void test_check_p2m(void **state)
{
    enum { R = MEM_ACCESS_R, W = MEM_ACCESS_W, X = MEM_ACCESS_X };
    static const struct {
        uint32_t access;
        uint8_t w, x;                   /* reported of a write, of a fetch */
    } rows[] = {
        { XENMEM_access_n, R | W, X }, { XENMEM_access_r, R | W, X },
        { XENMEM_access_w, 0, X }, { XENMEM_access_rw, 0, X },
        { XENMEM_access_x, R | W, 0 }, { XENMEM_access_rx, R | W, 0 },
        { XENMEM_access_wx, 0, 0 }, { XENMEM_access_rwx, 0, 0 },
        { XENMEM_access_rx2rw, 0, 0 }, { XENMEM_access_n2rwx, 0, 0 },
    };
    struct env e = env_start(VENDOR_INTEL, 1);
    const uint8_t rest = MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA;

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++) {
        assert_int_equal(call(&e, ACCESS_SET, access, .gfn = 2, .nr = 1,
                              .access = rows[i].access), 0);
        for (uint8_t want = R; want <= X; want <<= 1) {
            uint8_t flags = want == W ? rows[i].w : want == X ? rows[i].x : 0;

            e.d->sim->current = e.d;
            assert_int_equal(monitor_check_p2m(e.v, 0x2004, 0x2004, want,
                                               false), flags != 0);
            env_expect(&e, flags ? VM_EVENT_REASON_MEM_ACCESS : 0);
            if (!flags)
                continue;
            assert_int_equal(e.last.u.mem_access.flags, flags | rest);
            env_answer(&e, FLAG(VCPU_PAUSED));
        }
    }
    assert_true(monitor_check_p2m(e.v, 0, 0xf0000000, W, true));
    env_expect(&e, VM_EVENT_REASON_MEM_ACCESS);
    assert_int_equal(e.last.u.mem_access.flags, R | W | MEM_ACCESS_GLA_VALID |
                     MEM_ACCESS_FAULT_IN_GPT);
    hv_close(e.hv);
}

/* common/vm_event.c:vm_event_resume (ALTERNATE_P2M), hvm/monitor.c:
 * hvm_monitor_debug: a fast single step ends in its view, and is told nobody;
 * hvm/hvm.c:hvm_fast_singlestep takes no view that there is not. */
static void test_views(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, ALTP2M_SET_STATE, u64, .value = 1), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(call(&e, ALTP2M_CREATE, view,
                              .access = XENMEM_access_rwx), 0);
    assert_int_equal(call(&e, MONITOR_SINGLESTEP, enable, .enable = 1), 0);
    assert_int_equal(call(&e, MONITOR_CPUID, enable, .enable = 1), 0);
    ins(&e, CPUID, cpuid, .rip = RIP);
    ins(&e, CPUID, cpuid, .rip = RIP);
    env_run(&e, VM_EVENT_REASON_CPUID);
    e.last.u.fast_singlestep.p2midx = 10;
    env_answer(&e, FLAG(FAST_SINGLESTEP));
    assert_false(e.v->single_step);
    e.last.u.fast_singlestep.p2midx = 2;
    e.last.altp2m_idx = 1;
    e.last.data.regs.x86.rip += 2;
    env_answer(&e, FLAG(VCPU_PAUSED) | FLAG(FAST_SINGLESTEP) |
               FLAG(ALTERNATE_P2M) | FLAG(SET_REGISTERS));
    assert_int_equal(e.v->view, 1);
    assert_int_equal(call(&e, GUEST_STEP, guest, .rip = RIP), 0);
    env_run(&e, VM_EVENT_REASON_CPUID); /* an exit is no step */
    assert_int_equal(e.last.altp2m_idx, 1);
    e.last.data.regs.x86.rip += 2;
    env_answer(&e, FLAG(VCPU_PAUSED) | FLAG(SET_REGISTERS));
    env_run(&e, 0);
    assert_int_equal(e.v->view, 2);
    assert_false(e.v->single_step || e.v->fast_step);
    hv_close(e.hv);
}

/* A vCPU paused in an event has the registers that a live one was seen to
 * have, but for what the model has gone past: rip and the register written. */
static void test_observed(void **state)
{
    static const struct {
        uint32_t reason, index;     /* of the CR, or the MSR */
        size_t kept;                /* offset in the registers */
    } rows[] = {
        { VM_EVENT_REASON_WRITE_CTRLREG, VM_EVENT_X86_CR0,
          offsetof(struct vm_event_regs_x86, cr0) },
        { VM_EVENT_REASON_WRITE_CTRLREG, VM_EVENT_X86_CR3,
          offsetof(struct vm_event_regs_x86, cr3) },
        { VM_EVENT_REASON_WRITE_CTRLREG, VM_EVENT_X86_CR4,
          offsetof(struct vm_event_regs_x86, cr4) },
        { VM_EVENT_REASON_WRITE_CTRLREG, VM_EVENT_X86_XCR0, 0 },
        { VM_EVENT_REASON_MOV_TO_MSR, 0xc0000081,
          offsetof(struct vm_event_regs_x86, msr_star) },
        { VM_EVENT_REASON_MOV_TO_MSR, 0x1000, 0 },
        { VM_EVENT_REASON_CPUID, 0, 0 },
    };
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++) {
        struct vm_event_st ev = { .reason = rows[i].reason };
        struct vm_event_regs_x86 want;

        if (rows[i].reason == VM_EVENT_REASON_MOV_TO_MSR)
            ev.u.mov_to_msr.msr = rows[i].index;
        else
            ev.u.write_ctrlreg.index = rows[i].index;
        memset(&e.v->regs, 0x11, sizeof e.v->regs);
        memset(&ev.data.regs.x86, 0xff, sizeof want);
        assert_int_equal(hv_observe(e.hv, DOM, &ev), 0);
        assert_int_equal(e.v->regs.rax, 0x1111111111111111); /* runs */
        e.v->vm_event_pause_count = 1;
        assert_int_equal(hv_observe(e.hv, DOM, &ev), 0);
        assert_int_equal(e.v->regs.rax, 0x1111111111111111); /* an earlier */
        ev.flags = VM_EVENT_FLAG_VCPU_PAUSED;
        assert_int_equal(hv_observe(e.hv, DOM, &ev), 0);
        e.v->vm_event_pause_count = 0;
        memset(&want, 0xff, sizeof want);
        memset(&want.rip, 0x11, 8);
        if (rows[i].kept)
            memset((char *)&want + rows[i].kept, 0x11, 8);
        if (rows[i].kept == offsetof(struct vm_event_regs_x86, cr0))
            want.msr_efer &= ~0x400ull;     /* no long mode without paging */
        assert_memory_equal(&e.v->regs, &want, sizeof want);
        ev.vcpu_id = 1;
        assert_int_equal(hv_observe(e.hv, DOM, &ev), -ESRCH);
    }
    hv_close(e.hv);
}

/* hvm/hvm.c:hvm_set_param: values refused. */
static void test_hvm_params(void **state)
{
    static const struct {
        uint32_t param;
        uint64_t value;
        int rc;
    } rows[] = {
        { HVM_PARAM_TIMER_MODE, 4, -EINVAL }, { HVM_PARAM_TIMER_MODE, 3, 0 },
        { HVM_PARAM_VIRIDIAN, 2, -EINVAL }, { HVM_PARAM_VIRIDIAN, 1, 0 },
        { HVM_PARAM_VIRIDIAN, 1ull << 32 | 1, -EEXIST },
        { HVM_PARAM_ACPI_S_STATE, 1, -EINVAL },
        { HVM_PARAM_ACPI_S_STATE, 0, 0 },
        { HVM_PARAM_TRIPLE_FAULT_REASON, 6, -EINVAL },
        { HVM_PARAM_TRIPLE_FAULT_REASON, 5, 0 },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 65, -EINVAL },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 8, 0 },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 0, -EEXIST },
        { HVM_PARAM_MCA_CAP, 2, -EINVAL }, { HVM_PARAM_MCA_CAP, 1, 0 },
        { HVM_PARAM_X87_FIP_WIDTH, 2, -EINVAL },
        { HVM_PARAM_X87_FIP_WIDTH, 8, 0 },
    };
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++)
        assert_int_equal(call(&e, HVM_PARAM_SET, hvm_param,
                              .param = rows[i].param,
                              .value = rows[i].value), rows[i].rc);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_registers_of_a_sleeper),
        cmocka_unit_test(test_sleepers_die),
        cmocka_unit_test(test_check_p2m),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_observed),
        cmocka_unit_test(test_hvm_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
