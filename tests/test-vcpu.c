/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of vCPUs: queueing, going back and forth in them, hypercalls,
 * and who runs next. */
#include <errno.h>

#include "tests/monitored-guest.h"

#include <xen/memory.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#define REQUEST         VM_EVENT_REASON_GUEST_REQUEST
#define PAUSED          FLAG(VCPU_PAUSED)

/* A response that moves rip: back runs the finished instruction again,
 * elsewhere skips one that is not finished, which then has the registers it
 * was given for results (vmx/external-mon.log: cpuid ...). */
static void test_rip_moved(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    struct args_guest_result r = { .dom = DOM };

    (void)state;
    assert_int_equal(call(&e, MONITOR_GUEST_REQUEST, enable_sync,
                          .enable = 1, .sync = 1), 0);
    assert_int_equal(call(&e, GUEST_REQUEST, guest, .rip = RIP), 0);
    for (int i = 0; i < 2; i++) {
        env_run(&e, REQUEST);
        assert_int_equal(e.v->regs.rip, RIP + 3);
        e.last.data.regs.x86.rip = RIP;
        env_answer(&e, PAUSED | (i ? 0 : FLAG(SET_REGISTERS)));
    }
    env_run(&e, 0);
    assert_int_equal(call(&e, MONITOR_CPUID, enable, .enable = 1), 0);
    assert_int_equal(call(&e, DOMAIN_CPUID, cpuid_policy, .leaf = 1,
                          .subleaf = ~0u, .eax = 1, .ebx = 2, .ecx = 3,
                          .edx = 4), 0);
    ins(&e, CPUID, cpuid, .rip = RIP, .leaf = 1, .subleaf = 9);
    ins(&e, VALUE, value, .value = 0x99);
    env_run(&e, VM_EVENT_REASON_CPUID);
    assert_int_equal(e.last.data.regs.x86.rbx, 2);
    e.last.data.regs.x86.rax = 0x55;
    e.last.data.regs.x86.rip += 2;
    env_answer(&e, PAUSED | FLAG(SET_REGISTERS));
    env_run(&e, 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_RESULT, &r), 0);
    assert_int_equal(r.r0, 0x55);
    assert_int_equal(r.r1, 2);
    assert_int_equal(r.r3, 4);          /* the fifth has no room */
    hv_close(e.hv);
}

/* common/monitor.c:monitor_guest_request: rax is 0 and the guest goes on,
 * told or not. */
static void test_request(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    e.v->regs.rax = 34;
    assert_int_equal(call(&e, GUEST_REQUEST, guest, .rip = RIP), 0);
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rax, 0);
    assert_int_equal(call(&e, MONITOR_GUEST_REQUEST, enable_sync,
                          .enable = 1), 0);
    assert_int_equal(call(&e, GUEST_REQUEST, guest, .rip = RIP), 0);
    env_run(&e, REQUEST);
    assert_int_equal(e.last.flags, 0);
    assert_int_equal(e.v->regs.rip, RIP + 3);
    hv_close(e.hv);
}

/* hvm/hvm.c:do_altp2m_op for the guest itself; VMFUNC into its view, which
 * only a #VE page makes known (vmx_vcpu_update_vmfunc_ve). */
static void test_altp2m(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    struct xen_hvm_altp2m_op op = {
        .version = HVMOP_ALTP2M_INTERFACE_VERSION,
        .cmd = HVMOP_altp2m_get_domain_state, .domain = DOMID_SELF,
    };
    struct args_guest_buffer back = { .dom = DOM };
    struct xen_hvm_altp2m_op now;

    (void)state;
    ins(&e, ALTP2M, call, .arg = { .p = &op, .len = sizeof op });
    env_run(&e, 0);
    assert_int_equal((int64_t)e.v->regs.rax, -EPERM);   /* mode external */
    assert_int_equal(hv_call(e.hv, OP_GUEST_BUFFER, &back), 0);
    assert_int_equal(back.data.len, sizeof op);
    memcpy(&now, back.data.p, sizeof now);
    assert_int_equal(now.cmd, op.cmd);
    assert_int_equal(call(&e, ALTP2M_SET_STATE, u64, .value = 1), 0);
    assert_int_equal(call(&e, ALTP2M_CREATE, view,
                          .access = XENMEM_access_rwx), 0);
    ins(&e, VMFUNC, reg, .rip = RIP, .value = 1);
    env_run(&e, 0);
    assert_int_equal(e.v->view, 0);             /* no VM functions yet */
    assert_int_equal(env_fault(&e), 0x80060000);
    assert_int_equal(call(&e, ALTP2M_ENABLE_NOTIFY, vcpu_ve, .gfn = 0x10), 0);
    assert_int_equal(call(&e, ALTP2M_DISABLE_NOTIFY, vcpu_ve, .vcpu = 0), 0);
    ins(&e, VMFUNC, reg, .rip = RIP, .index = 1ull << 32,   /* EAX, ECX */
        .value = 1ull << 33 | 1);
    env_run(&e, 0);
    assert_int_equal(e.v->view, 1);             /* they stay */
    assert_int_equal(e.v->regs.rip, RIP + 3);
    assert_int_equal(env_fault(&e), 0);
    hv_close(e.hv);
}

/* hvm/monitor.c:hvm_monitor_debug: an asynchronous debug exception is told,
 * and taken at once; a synchronous one only when the toolstack injects it. */
static void test_debug_exception(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    for (uint32_t sync = 0; sync < 2; sync++) {
        assert_int_equal(call(&e, MONITOR_DEBUG, enable_sync, .enable = 1,
                              .sync = sync), 0);
        ins(&e, TRAP, trap, .rip = RIP, .vector = 1, .type = 3);
        env_run(&e, VM_EVENT_REASON_DEBUG_EXCEPTION);
        assert_int_equal(e.v->regs.rip, RIP);
        if (sync)
            env_answer(&e, PAUSED);
        env_run(&e, 0);
        assert_int_equal(env_fault(&e), sync ? 0 : 0x80010000);
        assert_int_equal(call(&e, MONITOR_DEBUG, enable_sync, .enable = 0),
                         0);
    }
    hv_close(e.hv);
}

/* What a trace says a register held, until it is written: the write done
 * again, for a response that sets rip back, changes nothing and makes no event
 * (hvm/monitor.c:hvm_monitor_cr). */
static void test_old_values(void **state)
{
    static const uint32_t crs[] = { 0, 3, 4 };
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    for (uint32_t i = 0; i < ARRAY(crs); i++) {
        env_monitor_cr(&e, i);
        ins(&e, MOV_CR, reg, .rip = RIP, .index = crs[i], .value = 0x31,
            .has_old = 1, .old = 0x10);
        env_run(&e, VM_EVENT_REASON_WRITE_CTRLREG);
        assert_int_equal(e.last.u.write_ctrlreg.old_value, 0x10);
        env_answer(&e, PAUSED | FLAG(SET_REGISTERS));
        env_run(&e, 0);
        ins(&e, READ_CR, reg, .index = crs[i]);
    }
    for (uint32_t msr = 0x174; msr <= 0x176; msr += 2) {
        assert_int_equal(call(&e, MONITOR_MSR, msr, .msr = msr,
                              .enable = 1), 0);
        ins(&e, MSR, reg, .index = msr, .value = 6, .write = 1, .has_old = 1,
            .old = 3);
        env_run(&e, VM_EVENT_REASON_MOV_TO_MSR);
        assert_int_equal(e.last.u.mov_to_msr.old_value, 3);
        env_answer(&e, PAUSED);
    }
    assert_int_equal(e.v->regs.sysenter_eip, 6);
    hv_close(e.hv);
}

/* The monitor trap is behind a register write that makes no exit, and not
 * behind one that Xen does (hvm/vmx/vmx.c:vmx_update_guest_cr, Intel SDM on
 * the monitor trap flag). */
static void test_step_over_cr3(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, MONITOR_SINGLESTEP, enable, .enable = 1), 0);
    assert_int_equal(call(&e, DOMAIN_DEBUG_CONTROL, debug_control,
                          .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON), 0);
    ins(&e, MOV_CR, reg, .rip = RIP, .index = 3, .value = 0x1000);
    env_run(&e, VM_EVENT_REASON_SINGLESTEP);
    assert_int_equal(e.last.data.regs.x86.rip, RIP + 3);
    assert_int_equal(e.last.data.regs.x86.cr3, 0x1000);
    env_answer(&e, PAUSED);
    env_monitor_cr(&e, VM_EVENT_X86_CR3);
    ins(&e, MOV_CR, reg, .index = 3, .value = 0x2000);
    env_run(&e, VM_EVENT_REASON_WRITE_CTRLREG);
    env_answer(&e, PAUSED);
    env_run(&e, 0);
    hv_close(e.hv);
}

/* Arguments that are refused, and the room there is. */
static void test_limits(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, GUEST_STEP, guest, .vcpu = 1), -EINVAL);
    assert_int_equal(call(&e, GUEST_RESULT, guest_result, .vcpu = 1),
                     -EINVAL);
    assert_int_equal(call(&e, GUEST_BUFFER, guest_buffer, .vcpu = 1),
                     -EINVAL);
    assert_int_equal(call(&e, GUEST_WALK, guest_walk, .vcpu = 1), -EINVAL);
    for (int i = 0; i < MAX_WALKS; i++)
        ins(&e, WALK, walk, .gpa = 0);
    assert_int_equal(call(&e, GUEST_WALK, guest_walk, .gpa = 0), -E2BIG);
    assert_int_equal(call(&e, GUEST_READ, guest_mem, .len = 0), -EINVAL);
    assert_int_equal(call(&e, GUEST_READ, guest_mem, .len = 65), -EINVAL);
    assert_int_equal(call(&e, GUEST_RMW, guest_mem, .len = 9), -EINVAL);
    assert_int_equal(call(&e, GUEST_FETCH, guest_mem, .len = 5, .imm = 2),
                     -EINVAL);
    assert_int_equal(call(&e, GUEST_COPY, guest_copy, .count = 1u << 25),
                     -EINVAL);
    assert_int_equal(call(&e, GUEST_ALTP2M, guest_call,
                          .arg = { .p = &e, .len = 129 }), -E2BIG);
    assert_int_equal(call(&e, GUEST_ALTP2M, guest_call, .vcpu = 1), -EINVAL);
    for (uint32_t i = 0; i < NR_CPUID; i++)
        assert_int_equal(call(&e, DOMAIN_CPUID, cpuid_policy, .leaf = i), 0);
    assert_int_equal(call(&e, DOMAIN_CPUID, cpuid_policy, .leaf = NR_CPUID),
                     -ENOSPC);
    assert_int_equal(call(&e, DOMAIN_CPUID, cpuid_policy, .leaf = 3), 0);
    for (int i = 0; i < 100; i++)       /* the queue grows */
        assert_int_equal(call(&e, GUEST_STEP, guest, .rip = 0), 0);
    env_run(&e, 0);
    assert_int_equal(e.v->guest->count, 0);
    hv_close(e.hv);
}

/* With a seed the order of the vCPUs is drawn, the same for the same seed;
 * without one they take turns. */
static void order(uint64_t seed, uint32_t ids[16])
{
    struct env e = env_start_seeded(VENDOR_INTEL, 4, seed);

    assert_int_equal(call(&e, MONITOR_GUEST_REQUEST, enable_sync,
                          .enable = 1), 0);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(call(&e, GUEST_REQUEST, guest, .vcpu = i / 4), 0);
    for (uint32_t i = 0; i < 16; i++) {
        if (e.sring->req_prod == e.req_cons)
            assert_true(hv_wait(e.hv, DOM) >= 0);
        env_expect(&e, REQUEST);
        ids[i] = e.last.vcpu_id;
        env_answer(&e, 0);
    }
    hv_close(e.hv);
}

/* common/wait.c:check_wakeup_from_wait: who slept for a slot goes on in its
 * handler, and what hvm_do_resume does is left to the resume after that. */
static void test_woken(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 9);
    struct sim_vcpu *last = &e.v[8];

    (void)state;
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(call(&e, MONITOR_GUEST_REQUEST, enable_sync,
                              .enable = 1, .sync = i < 8), 0);
        assert_int_equal(call(&e, GUEST_REQUEST, guest, .vcpu = i,
                              .rip = RIP), 0);
        assert_true(hv_wait(e.hv, DOM) >= 0);
        assert_int_equal(call(&e, MONITOR_GUEST_REQUEST, enable_sync), 0);
    }
    assert_true(last->wait_slot);
    assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vcpu = 8,
                          .vector = 6, .type = 3, .error = ~0u), 0);
    env_expect(&e, REQUEST);
    env_answer(&e, PAUSED);
    assert_true(vcpu_resume(last));
    assert_int_equal(e.sring->req_prod, 9);
    assert_true(last->inject.pending);
    assert_true(vcpu_resume(last));
    assert_false(last->inject.pending);
    hv_close(e.hv);
}

static void test_order(void **state)
{
    uint32_t a[16], b[16], c[16];

    (void)state;
    order(0, a);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(a[i], i);
    order(7, b);
    order(7, c);
    assert_memory_equal(b, c, sizeof b);
    order(8, c);
    assert_memory_not_equal(b, c, sizeof b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rip_moved),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_altp2m),
        cmocka_unit_test(test_debug_exception),
        cmocka_unit_test(test_old_values),
        cmocka_unit_test(test_step_over_cr3),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_woken),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
