/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What monitored instructions do before and after the event. */
#include <errno.h>

#include "tests/monitored-guest.h"

#include <xen/sched.h>

#define CTRLREG         VM_EVENT_REASON_WRITE_CTRLREG
#define MSR             VM_EVENT_REASON_MOV_TO_MSR
#define EXIT            VM_EVENT_REASON_VMEXIT
#define PAUSED          FLAG(VCPU_PAUSED)
#define GP              0x800d0000ull
#define UD              0x80060000ull

#define PG              0x80000000ull
#define PAE             0x20ull
#define LME             0x100ull
#define LMA             0x400ull

/* hvm/hvm.c:hvm_mov_to_cr, hvm_set_cr0, hvm_set_cr3, hvm_set_cr4: what is
 * refused before the monitor is told, and what only after it. */
static void test_cr_checks(void **state)
{
    static const struct {
        uint32_t cr;
        uint64_t value;
        uint64_t cr0, cr4, efer;        /* before */
        uint32_t cs;                    /* its access rights */
        bool event;
        uint64_t fault, result;         /* what the register is then */
    } rows[] = {
        { 0, 1ull << 32 | 1, 0x11, 0, 0, 0, false, GP, 0x11 },
        { 0, PG, 0x11, 0, 0, 0, false, GP, 0x11 },
        { 0, 0x1ffaffc1, 0x10, 0, 0, 0, true, 0, 0x11 },
        { 0, PG | 1, 0x11, 0, LME, 0, true, GP, 0x11 },
        { 0, PG | 1, 0x11, PAE, LME, 0, true, 0, PG | 0x11 },
        { 0, 1, PG | 0x11, PAE, LME | LMA, 0x200, true, GP, PG | 0x11 },
        { 0, 1, PG | 0x11, PAE, LME | LMA, 0, true, 0, 0x11 },
        { 0, 1, PG | 0x11, 1 << 17, 0, 0, true, GP, PG | 0x11 },
        { 3, 1ull << 40, 0, 0, 0, 0, false, GP, 0 },
        { 3, 0xfffffff000, 0, 0, 0, 0, true, 0, 0xfffffff000 },
        { 3, 1ull << 63 | 0x1000, 0, 0, 0, 0, false, GP, 0 },
        { 3, 1ull << 63 | 0x1000, 0, 1 << 17, 0, 0, true, 0, 0x1000 },
        { 4, 1 << 13, 0, 0, 0, 0, false, GP, 0 },       /* VMXE */
        { 4, 1 << 24, 0, 0, 0, 0, false, GP, 0 },       /* PKS */
        { 4, 0x80, PG, PAE, LME | LMA, 0, false, GP, PAE },
        { 4, 0x770fff, 0, 0, 0, 0, true, 0, 0x770fff },
        { 1, 0, 0, 0, 0, 0, false, UD, 0 },
    };
    static const uint32_t index[] = { 0, 0, 0, 1, 2 };

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++) {
        struct env e = env_start(VENDOR_INTEL, 1);
        struct vm_event_regs_x86 *r = &e.v->regs;
        uint64_t *reg = rows[i].cr == 0 ? &r->cr0 :
                        rows[i].cr == 3 ? &r->cr3 : &r->cr4;

        env_monitor_cr(&e, index[rows[i].cr]);
        r->cr0 = rows[i].cr0;
        r->cr4 = rows[i].cr4;
        r->msr_efer = rows[i].efer;
        r->cs.ar = rows[i].cs;
        ins(&e, MOV_CR, reg, .rip = RIP, .index = rows[i].cr,
            .value = rows[i].value);
        env_run(&e, rows[i].event ? CTRLREG : 0);
        if (rows[i].event) {
            env_answer(&e, PAUSED);
            env_run(&e, 0);
        }
        assert_int_equal(env_fault(&e), rows[i].fault);
        if (rows[i].cr != 1)
            assert_int_equal(*reg, rows[i].result);
        if (r->msr_efer & LME)
            assert_int_equal(!(r->msr_efer & LMA), !(r->cr0 & PG));
        hv_close(e.hv);
    }
}

/* hvm/monitor.c:hvm_monitor_cr, hvm/vm_event.c:hvm_vm_event_do_resume: with
 * control_registers the write waits for the response, which may deny it. */
static void test_put_off(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, MONITOR_CONTROL_REGISTERS, dom), 0);
    for (uint32_t i = 0; i < 3; i++) {
        env_monitor_cr(&e, i);
        for (int deny = 1; deny >= 0; deny--) {
            ins(&e, MOV_CR, reg, .rip = RIP, .index = i ? i + 2 : 0,
                .value = 0x20 | !i);
            env_run(&e, CTRLREG);
            assert_int_not_equal(e.v->regs.rip, RIP);
            env_answer(&e, PAUSED | (deny ? FLAG(DENY) : 0));
            env_run(&e, 0);
        }
    }
    assert_int_equal(e.v->regs.cr0, 0x31);
    assert_int_equal(e.v->regs.cr3, 0x20);
    assert_int_equal(e.v->regs.cr4, 0x20);
    assert_int_equal(call(&e, MONITOR_MSR, msr, .msr = 0x175, .enable = 1),
                     0);
    ins(&e, MSR, reg, .index = 0x175, .value = 7, .write = 1);
    env_run(&e, MSR);
    env_answer(&e, PAUSED | FLAG(DENY));
    env_run(&e, 0);
    assert_int_equal(e.v->regs.sysenter_esp, 0);
    ins(&e, MSR, reg, .index = 0x175, .value = 7, .write = 1);
    env_run(&e, MSR);
    env_answer(&e, PAUSED);
    env_run(&e, 0);
    assert_int_equal(e.v->regs.sysenter_esp, 7);
    assert_int_equal(env_fault(&e), 0);
    hv_close(e.hv);
}

/* hvm/vm_event.c:hvm_vm_event_do_resume: a put-off write that is refused in
 * the end is #GP, pending before the toolstack's trap, which is lost, and
 * before the interrupt monitor looks (hvm/hvm.c:hvm_do_resume). */
static void test_put_off_refused(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, MONITOR_CONTROL_REGISTERS, dom), 0);
    assert_int_equal(call(&e, MONITOR_MSR, msr, .msr = 0xc0000082,
                          .enable = 1), 0);
    ins(&e, MSR, reg, .rip = RIP, .index = 0xc0000082, .value = 1ull << 50,
        .write = 1);
    env_run(&e, MSR);
    assert_int_equal(env_fault(&e), 0);
    assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vector = 14,
                          .type = 3, .error = 2, .cr2 = 0x99), 0);
    env_answer(&e, PAUSED | FLAG(GET_NEXT_INTERRUPT));
    env_run(&e, VM_EVENT_REASON_INTERRUPT);
    assert_int_equal(e.last.u.interrupt.x86.vector, 13);
    assert_int_equal(e.last.u.interrupt.x86.type, 3);
    assert_int_equal(e.last.u.interrupt.x86.error_code, 0);
    assert_int_equal(e.last.u.interrupt.x86.cr2, 0);
    env_answer(&e, PAUSED);
    env_run(&e, 0);
    assert_int_equal(env_fault(&e), GP);
    assert_int_equal(e.v->regs.msr_lstar, 0);
    hv_close(e.hv);
}

/* hvm/hvm.c:hvm_msr_write_intercept: the event before the value is looked
 * at; #GP is then pending while the vCPU is paused, its rip in front of the
 * instruction.  hvm_set_efer: LMA is kept, LME fixed while paging. */
static void test_msr(void **state)
{
    static const struct {
        uint32_t msr;
        uint64_t value, cr0, efer, fault, result;
    } rows[] = {
        { 0xc0000082, 1ull << 50, 0, 0, GP, 0 },
        { 0xfe, 0x509, 0, 0, GP, 0x508 },               /* MTRR capability */
        { 0xc0000080, 0x1001, 0, 0, GP, 0 },            /* SVME */
        { 0xc0000080, LME | LMA, 0, 0, 0, LME },
        { 0xc0000080, 0x801, PG, 0, 0, 0x801 },
        { 0xc0000080, LME, PG, 0, GP, 0 },
        { 0xc0000080, LME | 1, PG, LME | LMA, 0, LME | LMA | 1 },
        { 0xc0000102, 5, 0, 0, 0, 5 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++) {
        struct env e = env_start(VENDOR_INTEL, 1);

        e.v->regs.cr0 = rows[i].cr0;
        e.v->regs.msr_efer = rows[i].efer;
        assert_int_equal(call(&e, MONITOR_MSR, msr, .msr = rows[i].msr,
                              .enable = 1), 0);
        ins(&e, MSR, reg, .rip = RIP, .index = rows[i].msr,
            .value = rows[i].value, .write = 1);
        env_run(&e, MSR);
        assert_int_equal(e.last.data.regs.x86.rip, RIP);
        assert_int_equal(env_fault(&e), 0);
        assert_int_equal(e.v->regs.rip, RIP + (rows[i].fault ? 0 : 2));
        env_answer(&e, PAUSED);
        ins(&e, MSR, reg, .index = rows[i].msr);
        env_run(&e, 0);
        assert_int_equal(env_fault(&e), rows[i].fault);
        assert_int_equal(e.v->regs.rax, rows[i].result);
        hv_close(e.hv);
    }
}

/* One that cannot be read: #GP without an event, unless a live guest was seen
 * to have it.  At most NR_KNOWN_MSRS are kept. */
static void test_unknown_msr(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, MONITOR_MSR, msr, .msr = 0x1000, .enable = 1),
                     0);
    ins(&e, MSR, reg, .index = 0x1000, .value = 1, .write = 1);
    ins(&e, MSR, reg, .index = 0x1000);
    env_run(&e, 0);
    assert_int_equal(env_fault(&e), GP);
    ins(&e, MSR, reg, .index = 0x1000, .value = 1, .write = 1, .has_old = 1,
        .old = 8);
    env_run(&e, MSR);
    assert_int_equal(e.last.u.mov_to_msr.old_value, 8);
    env_answer(&e, PAUSED);
    for (uint32_t i = 0; i < NR_KNOWN_MSRS; i++)
        ins(&e, MSR, reg, .index = 0x1100 + i, .has_old = 1);
    env_run(&e, 0);
    assert_int_equal(e.v->nr_msrs, NR_KNOWN_MSRS);
    assert_int_equal(env_fault(&e), GP);
    hv_close(e.hv);
}

/* hvm/hvm.c:hvm_handle_xsetbv, xstate.c:valid_xcr0; index 0 alone is told,
 * whatever the value, and never put off. */
static void test_xsetbv(void **state)
{
    static const struct {
        uint64_t value;
        bool ok;
    } rows[] = {
        { 0, false }, { 1, true }, { 2, false }, { 3, true }, { 5, false },
        { 7, true }, { 0xb, false }, { 0x1b, true }, { 0xe3, false },
        { 0xe7, true }, { 0x67, false }, { 0x207, true }, { 0x407, false },
    };
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    env_monitor_cr(&e, VM_EVENT_X86_XCR0);
    assert_int_equal(call(&e, MONITOR_CONTROL_REGISTERS, dom), 0);
    for (size_t i = 0; i < ARRAY(rows); i++) {
        ins(&e, XSETBV, reg, .rip = RIP, .value = rows[i].value,
            .has_old = 1, .old = 0x1000);
        env_run(&e, CTRLREG);
        assert_int_equal(e.last.u.write_ctrlreg.index, VM_EVENT_X86_XCR0);
        assert_int_equal(e.v->xcr0, rows[i].ok ? rows[i].value : 0x1000);
        env_answer(&e, PAUSED | FLAG(DENY));
        env_run(&e, 0);
        assert_int_equal(env_fault(&e), rows[i].ok ? 0 : GP);
    }
    ins(&e, XSETBV, reg, .index = 1, .value = 1);
    env_run(&e, 0);
    assert_int_equal(env_fault(&e), GP);
    hv_close(e.hv);
}

/* hvm/hvm.c:hvm_descriptor_access_intercept: monitored, the instruction is
 * not executed; with no one to tell, the guest is stuck at it. */
static void test_desc(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    uint64_t there = 0;
    uint8_t access;

    (void)state;
    ins(&e, DESC, desc, .rip = RIP, .desc = 2, .gpa = 0x2008, .value = 0x1234);
    env_run(&e, 0);
    page_read(e.d->sim, p2m_lookup(&e.d->host, 2, &access), 8, &there, 8);
    assert_int_equal(there, 0x1234);
    assert_int_equal(call(&e, MONITOR_DESCRIPTOR, enable, .enable = 1), 0);
    ins(&e, DESC, desc, .rip = RIP, .desc = 2, .gpa = ~0ull, .len = 7);
    env_run(&e, VM_EVENT_REASON_DESCRIPTOR_ACCESS);
    env_answer(&e, PAUSED);
    env_run(&e, VM_EVENT_REASON_DESCRIPTOR_ACCESS);
    env_answer(&e, PAUSED | FLAG(EMULATE));
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rip, RIP + 7);
    assert_int_equal(call(&e, MONITOR_DISABLE, dom), 0);
    assert_int_equal(call(&e, MONITOR_DESCRIPTOR, enable, .enable = 1), 0);
    ins(&e, DESC, desc, .rip = RIP, .desc = 1, .gpa = ~0ull);
    assert_int_equal(hv_wait(e.hv, DOM), 0);
    assert_int_equal(e.v->regs.rip, RIP);
    hv_close(e.hv);
}

/* hvm/vmx/vmx.c:vmx_vmexit_handler and the exit controls Xen uses (SDM
 * appendix C for the numbers): vmx_update_guest_cr, construct_vmcs. */
static void test_exits(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    static const uint8_t exits[] = {
        /* CR0, CR4.MCE, rdmsr, wrmsr, xsetbv, out, icebp, #AC, the stated
         * one, vmcall, vmfunc */
        28, 28, 31, 32, 55, 30, 0, 0, 54, 18, 59,
    };
    size_t i = 0;

    (void)state;
    assert_int_equal(call(&e, MONITOR_VMEXIT, enable_sync, .enable = 1), 0);
    e.d->altp2m_active = e.v->vm_functions = true;
    e.v->view = 0;
    ins(&e, MOV_CR, reg, .index = 0, .value = 0x11);
    ins(&e, MOV_CR, reg, .index = 0, .value = 0x11);    /* no change */
    ins(&e, MOV_CR, reg, .index = 3, .value = 0x1000);  /* not monitored */
    ins(&e, MOV_CR, reg, .index = 4, .value = 4);       /* the guest's own */
    ins(&e, MOV_CR, reg, .index = 4, .value = 0x44);
    ins(&e, MSR, reg, .index = 0x10);
    ins(&e, MSR, reg, .index = 0xc0000100);             /* passed through */
    ins(&e, MSR, reg, .index = 0xc0000081, .write = 1);
    ins(&e, XSETBV, reg, .value = 1);
    ins(&e, IO, reg, .index = 0x80, .value = 1, .write = 1);
    ins(&e, DESC, desc, .gpa = ~0ull);
    ins(&e, TRAP, trap, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, TRAP, trap, .vector = 1, .type = 5, .insn_len = 1);
    ins(&e, TRAP, trap, .vector = 17, .type = 3);
    ins(&e, TRAP, trap, .vector = 6, .insn_len = 2);
    ins(&e, EXIT, reg, .index = 0);
    ins(&e, EXIT, reg, .index = 54);
    ins(&e, HYPERCALL, call, .nr = 99);
    ins(&e, VMFUNC, reg, .index = 64);                  /* #UD at once */
    ins(&e, VMFUNC, reg, .index = 1);
    for (; i < ARRAY(exits); i++) {
        if (e.sring->req_prod == e.req_cons)
            assert_true(hv_wait(e.hv, DOM) >= 0);
        env_expect(&e, EXIT);
        assert_int_equal(e.last.u.vmexit.arch.vmx.reason, exits[i]);
        env_answer(&e, 0);
    }
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rax, (uint64_t)-ENOSYS);
    env_monitor_cr(&e, VM_EVENT_X86_CR3);
    ins(&e, MOV_CR, reg, .index = 3, .value = 0x1000);
    env_run(&e, EXIT);
    hv_close(e.hv);

    e = env_start(VENDOR_AMD, 1);       /* svm.c has no such event */
    assert_int_equal(call(&e, MONITOR_VMEXIT, enable_sync, .enable = 1), 0);
    ins(&e, CPUID, cpuid, .leaf = 0);
    env_run(&e, 0);
    hv_close(e.hv);
}

/* hvm/vmx/vmcs.c:vmx_do_resume, vmx.c:vmx_update_debug_state: INT3 exits only
 * while breakpoints or single steps are monitored. */
static void test_int3_exits(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct env e = env_start(VENDOR_INTEL, 1);

        assert_int_equal(call(&e, MONITOR_VMEXIT, enable_sync, .enable = 1),
                         0);
        if (i == 1)
            assert_int_equal(call(&e, MONITOR_BREAKPOINT, enable,
                                  .enable = 1), 0);
        if (i == 2)
            assert_int_equal(call(&e, MONITOR_SINGLESTEP, enable,
                                  .enable = 1), 0);
        ins(&e, TRAP, trap, .vector = 3, .type = 6, .insn_len = 1);
        env_run(&e, i ? EXIT : 0);
        hv_close(e.hv);
    }
}

/* With monitored bits only those trap a CR4 write that the mask leaves. */
static void test_cr4_mask_exits(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(call(&e, MONITOR_VMEXIT, enable_sync, .enable = 1), 0);
    assert_int_equal(call(&e, MONITOR_CTRLREG, ctrlreg,
                          .index = VM_EVENT_X86_CR4, .enable = 1,
                          .bitmask = 8), 0);
    e.v->regs.cr0 = PG | 1;
    ins(&e, MOV_CR, reg, .index = 4, .value = 8);
    env_run(&e, 0);
    ins(&e, MOV_CR, reg, .index = 4, .value = 0xc);
    env_run(&e, EXIT);
    assert_int_equal(e.last.u.vmexit.arch.vmx.reason, 28);
    env_expect(&e, CTRLREG);
    assert_int_equal(e.v->regs.cr4, 0xc);
    hv_close(e.hv);
}

/* common/sched/core.c:do_sched_op (shutdown): 0, with the reason given. */
static void test_shutdown(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    struct args_domain_info info = { .dom = DOM };

    (void)state;
    e.v->regs.rax = 1;
    ins(&e, HYPERCALL, call, .nr = __HYPERVISOR_sched_op,
        .arg1 = SCHEDOP_shutdown, .arg2 = SHUTDOWN_suspend);
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rax, 0);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_INFO, &info), 0);
    assert_int_equal(info.shutdown, 1);
    assert_int_equal(info.reason, SHUTDOWN_suspend);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cr_checks),
        cmocka_unit_test(test_put_off),
        cmocka_unit_test(test_put_off_refused),
        cmocka_unit_test(test_msr),
        cmocka_unit_test(test_unknown_msr),
        cmocka_unit_test(test_xsetbv),
        cmocka_unit_test(test_desc),
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_int3_exits),
        cmocka_unit_test(test_cr4_mask_exits),
        cmocka_unit_test(test_shutdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
