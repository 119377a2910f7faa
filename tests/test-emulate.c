/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vCPU does when it runs again after a response: registers, emulation,
 * pending traps. */
#include <errno.h>

#include "tests/monitored-guest.h"

#include <xen/memory.h>

#define MEM             VM_EVENT_REASON_MEM_ACCESS
#define INTERRUPT       VM_EVENT_REASON_INTERRUPT
#define PAUSED          FLAG(VCPU_PAUSED)
#define EMULATE         (PAUSED | FLAG(EMULATE))
#define READ_DATA       FLAG(SET_EMUL_READ_DATA)
#define INSN_DATA       FLAG(SET_EMUL_INSN_DATA)
#define UD              0x80060000ull

/* Gfn 2 may not be accessed; its bytes, and gfn 3's, count up. */
static struct env start(void)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    uint8_t bytes[64], access;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    for (uint64_t gfn = 2; gfn < 4; gfn++)
        page_write(e.d->sim, p2m_lookup(&e.d->host, gfn, &access), 0, bytes,
                   sizeof bytes);
    assert_int_equal(call(&e, ACCESS_SET, access, .gfn = 2, .nr = 1,
                          .access = XENMEM_access_n), 0);
    return e;
}

static uint64_t peek(struct env *e, uint64_t gpa)
{
    uint64_t value = 0;
    uint8_t access;

    page_read(e->d->sim, p2m_lookup(&e->d->host, gpa >> 12, &access),
              gpa & 0xfff, &value, 8);
    return value;
}

/* Answer the event, with data that the emulator is to read. */
static void answer_data(struct env *e, uint32_t flags, const char *data)
{
    struct vm_event_st rsp = e->last;

    rsp.flags = flags;
    memset(&rsp.data, 0, sizeof rsp.data);
    rsp.data.emul.read.size = strlen(data);
    memcpy(rsp.data.emul.read.data, data, strlen(data));
    env_send(e, &rsp);
}

/* hvm/vm_event.c:hvm_vm_event_do_resume: read data before nowrite before
 * instruction data, so that with the first a store is done. */
static void test_kinds(void **state)
{
    struct env e = start();

    (void)state;
    ins(&e, WRITE, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8,
        .value = 0x55);
    env_run(&e, MEM);
    answer_data(&e, EMULATE | READ_DATA | FLAG(EMULATE_NOWRITE), "x");
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x2000), 0x55);
    assert_int_equal(e.v->regs.rip, RIP + 3);
    ins(&e, WRITE, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8,
        .value = 0x66);
    env_run(&e, MEM);
    env_answer(&e, EMULATE | FLAG(EMULATE_NOWRITE) | INSN_DATA);
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x2000), 0x55);
    /* hvmemul_insn_fetch: instructions come from memory */
    ins(&e, FETCH, mem, .rip = 0x2000, .gla = 0x2000, .gpa = 0x2000, .len = 5,
        .imm = 1);
    env_run(&e, MEM);
    answer_data(&e, EMULATE | READ_DATA, "abcdefgh");
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rax, 0);
    assert_int_equal(e.v->regs.rip, 0x2005);
    hv_close(e.hv);
}

/* x86/vm_event.c:vm_event_emulate_check: without EMULATE what an earlier
 * response asked for is forgotten; a breakpoint without instruction data,
 * and other reasons, are not emulated. */
static void test_no_emulation(void **state)
{
    struct env e = start();

    (void)state;
    ins(&e, READ, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8);
    env_run(&e, MEM);
    env_answer(&e, FLAG(EMULATE));      /* stays paused */
    assert_int_not_equal(e.v->ve.emulate_flags, 0);
    env_answer(&e, PAUSED);
    env_run(&e, MEM);
    e.last.reason = VM_EVENT_REASON_SOFTWARE_BREAKPOINT;
    env_answer(&e, EMULATE);
    env_run(&e, MEM);
    e.last.reason = VM_EVENT_REASON_CPUID;
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, MEM);
    e.last.u.mem_access.flags = 0;      /* nothing that would violate */
    env_answer(&e, EMULATE);
    env_run(&e, MEM);
    hv_close(e.hv);
}

/* hvm/vm_event.c:hvm_vm_event_set_registers: the general registers, rflags
 * and rip, when it runs, and nothing else, on Intel and AMD alike. */
static void test_set_registers(void **state)
{
    (void)state;
    for (uint32_t vendor = VENDOR_INTEL; vendor <= VENDOR_AMD; vendor++) {
        struct env e = env_start(vendor, 1);
        struct vm_event_st rsp;
        struct vm_event_regs_x86 *r = &e.v->regs, want;

        assert_int_equal(call(&e, MONITOR_CPUID, enable, .enable = 1), 0);
        ins(&e, CPUID, cpuid, .rip = RIP);
        env_run(&e, VM_EVENT_REASON_CPUID);
        rsp = e.last;
        rsp.flags = PAUSED | FLAG(SET_REGISTERS);
        memset(&rsp.data.regs.x86, 0xa5, sizeof want);
        want = *r;
        env_send(&e, &rsp);
        assert_memory_equal(r, &want, sizeof want);
        env_run(&e, 0);
        /* rax ... r15, rflags (behind dr6, dr7), rip */
        memset(&want, 0xa5, offsetof(struct vm_event_regs_x86, rflags));
        want.rflags = want.rip = want.rax;
        assert_memory_equal(r, &want, sizeof want);
        hv_close(e.hv);
    }
}

/* hvm/hvm.c:hvm_do_resume and hvm/dm.c:inject_event: one trap at a time, put
 * in when the vCPU runs; while that one is pending another is accepted and
 * lost.  vmx.c:vmx_get_pending_event and svm.c:svm_get_pending_event: the
 * error code of a trap that has none, and the type of a software one. */
static void test_next_interrupt(void **state)
{
    (void)state;
    for (uint32_t vendor = VENDOR_INTEL; vendor <= VENDOR_AMD; vendor++) {
        struct env e = env_start(vendor, 1);
        bool amd = vendor == VENDOR_AMD;

        assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vector = 14,
                              .type = 3, .error = 7, .cr2 = 0x99), 0);
        assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vector = 13,
                              .type = 3), -EBUSY);
        env_run(&e, 0);
        assert_int_equal(env_fault(&e), 0x800e0007);
        assert_int_equal(call(&e, MONITOR_CPUID, enable, .enable = 1), 0);
        ins(&e, CPUID, cpuid, .rip = RIP);
        env_run(&e, VM_EVENT_REASON_CPUID);
        env_answer(&e, FLAG(GET_NEXT_INTERRUPT));
        assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vector = 3,
                              .type = 6, .error = ~0u, .insn_len = 1,
                              .cr2 = 0x77), 0);
        env_answer(&e, PAUSED);
        env_run(&e, INTERRUPT);
        assert_int_equal(e.last.u.interrupt.x86.vector, 3);
        assert_int_equal(e.last.u.interrupt.x86.type, amd ? 3 : 6);
        assert_int_equal(e.last.u.interrupt.x86.error_code, amd ? 0 : 7);
        assert_int_equal(e.last.u.interrupt.x86.cr2, 0x99);
        assert_int_equal(call(&e, HVM_INJECT_TRAP, inject_trap, .vector = 13,
                              .type = 3), 0);
        env_answer(&e, PAUSED | FLAG(GET_NEXT_INTERRUPT));
        env_run(&e, INTERRUPT);         /* still the same one */
        assert_int_equal(e.last.u.interrupt.x86.vector, 3);
        env_answer(&e, PAUSED);
        env_run(&e, 0);
        assert_int_equal(env_fault(&e), 0x80030000);
        assert_false(e.v->inject.pending || e.v->entry.pending);
        hv_close(e.hv);
    }
}

/* hvm/emulate.c:hvm_emulate_one_vm_event (X86EMUL_UNIMPLEMENTED): told where
 * that is monitored, else #UD. */
static void test_unknown(void **state)
{
    struct env e = start();

    (void)state;
    ins(&e, READ, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8,
        .unknown = 1);
    env_run(&e, MEM);
    env_answer(&e, EMULATE);
    env_run(&e, 0);
    assert_int_equal(env_fault(&e), UD);
    assert_int_equal(call(&e, MONITOR_EMUL_UNIMPLEMENTED, enable,
                          .enable = 1), 0);
    ins(&e, READ, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8,
        .unknown = 1);
    env_run(&e, MEM);
    env_answer(&e, EMULATE);
    env_run(&e, VM_EVENT_REASON_EMUL_UNIMPLEMENTED);
    assert_int_equal(e.v->regs.rip, RIP);
    env_answer(&e, PAUSED);
    env_run(&e, MEM);                   /* and it faults again */
    assert_int_equal(env_fault(&e), 0);
    hv_close(e.hv);
}

/* hvm/emulate.c:hvmemul_virtual_to_linear, hvmemul_rep_movs: how many
 * iterations one emulation does, seen in the next event's rcx. */
static void test_rep_movs(void **state)
{
    static const struct {
        uint64_t dst, src, count, left;
        bool each_rep;
        uint32_t flags;
    } rows[] = {
        { 0x2000, 0x3000, 64, 0, false, 0 },
        { 0x2000, 0x10000, 5000, 904, false, 0 },
        { 0x2000, 0x3000, 3, 2, true, 0 },
        { 0x2004, 0x2000, 5, 4, false, 0 },     /* runs into itself */
        { 0x2000, 0x2004, 5, 0, false, 0 },
        { 0x2000, 0x10000, 5000, 0, false, FLAG(EMULATE_NOWRITE) },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY(rows); i++) {
        struct env e = start();
        uint64_t before = peek(&e, 0x2000);

        assert_int_equal(call(&e, MONITOR_EACH_REP, enable,
                              .enable = rows[i].each_rep), 0);
        ins(&e, COPY, copy, .rip = RIP, .dst_gla = rows[i].dst,
            .dst_gpa = rows[i].dst, .src_gla = rows[i].src,
            .src_gpa = rows[i].src, .count = rows[i].count);
        env_run(&e, MEM);
        env_answer(&e, EMULATE | rows[i].flags);
        env_run(&e, rows[i].left && rows[i].count != 5000 ? MEM : 0);
        if (rows[i].count != 5000)
            assert_int_equal(e.v->regs.rcx, rows[i].left);
        else
            assert_int_equal(e.v->regs.rdi, rows[i].dst + 5000);
        if (rows[i].flags)
            assert_int_equal(peek(&e, 0x2000), before);
        hv_close(e.hv);
    }
}

/* hvm/emulate.c:set_context_data: the bytes once, then zeros. */
static void test_rep_movs_data(void **state)
{
    struct env e = start();

    (void)state;
    ins(&e, COPY, copy, .rip = RIP, .dst_gla = 0x4000, .dst_gpa = 0x4000,
        .src_gla = 0x2000, .src_gpa = 0x2000, .count = 8);
    env_run(&e, MEM);
    answer_data(&e, EMULATE | READ_DATA, "abc");
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x4000), 0x636261);
    hv_close(e.hv);
}

/* Instruction data: for a breakpoint the instruction it hides; zeros, which
 * are add %al,(%rax), for other events, whose data Xen does not take
 * (x86/vm_event.c:vm_event_emulate_check). */
static void test_insn_data(void **state)
{
    struct env e = start();

    (void)state;
    assert_int_equal(call(&e, MONITOR_BREAKPOINT, enable, .enable = 1), 0);
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, WRITE, mem, .rip = RIP, .gla = 0x2010, .gpa = 0x2010, .len = 8,
        .value = 7);
    env_run(&e, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x2010), 7);
    assert_int_equal(e.v->regs.rip, RIP + 3);
    /* the program states no hidden instruction */
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    assert_int_equal(call(&e, GUEST_STEP, guest, .rip = RIP + 0x10), 0);
    env_run(&e, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rip, RIP + 0x11);
    e.v->regs.rax = 0x3005;
    ins(&e, READ, mem, .rip = RIP, .gla = 0x2000, .gpa = 0x2000, .len = 8);
    env_run(&e, MEM);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x3005) & 0xff, 5 + 5);
    assert_int_equal(e.v->regs.rip, RIP + 2);
    hv_close(e.hv);
}

/* hvm/emulate.c: the emulator's CPUID and INT3 tell nobody, and there is no
 * VM exit; its writes of control registers are told (hvmemul_write_cr). */
static void test_emulated_actions(void **state)
{
    struct env e = start();

    (void)state;
    assert_int_equal(call(&e, MONITOR_BREAKPOINT, enable, .enable = 1), 0);
    assert_int_equal(call(&e, MONITOR_CPUID, enable, .enable = 1), 0);
    assert_int_equal(call(&e, MONITOR_DESCRIPTOR, enable, .enable = 1), 0);
    env_monitor_cr(&e, VM_EVENT_X86_CR3);
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, CPUID, cpuid, .rip = RIP);
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, TRAP, trap, .rip = RIP, .vector = 3, .type = 6, .insn_len = 1);
    ins(&e, MOV_CR, reg, .rip = RIP, .index = 3, .value = 0x5000);
    env_run(&e, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    assert_int_equal(env_fault(&e), 0);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, VM_EVENT_REASON_SOFTWARE_BREAKPOINT);
    assert_int_equal(env_fault(&e), 0x80030000);
    env_answer(&e, EMULATE | INSN_DATA);
    env_run(&e, VM_EVENT_REASON_WRITE_CTRLREG);
    assert_int_equal(e.v->regs.cr3, 0x5000);
    env_answer(&e, PAUSED);
    /* descriptor instructions: a store that NOWRITE swallows */
    ins(&e, DESC, desc, .rip = RIP, .desc = 1, .gpa = 0x3000, .value = 1);
    env_run(&e, VM_EVENT_REASON_DESCRIPTOR_ACCESS);
    answer_data(&e, EMULATE | READ_DATA, "x");
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x3000), 1);
    ins(&e, DESC, desc, .rip = RIP, .desc = 1, .gpa = 0x3000, .value = 2);
    env_run(&e, VM_EVENT_REASON_DESCRIPTOR_ACCESS);
    env_answer(&e, EMULATE | FLAG(EMULATE_NOWRITE));
    env_run(&e, 0);
    assert_int_equal(peek(&e, 0x3000), 1);
    hv_close(e.hv);
}

/* mm/mem_access.c:p2m_mem_access_check with inguest_pagefault: a page walk
 * that violates makes no event, the instruction is emulated, and
 * hvm/monitor.c:hvm_monitor_check_p2m tells what its own access would be:
 * reads never violate. */
static void test_pagefault(void **state)
{
    struct env e = start();

    (void)state;
    assert_int_equal(call(&e, MONITOR_PAGEFAULT, enable, .enable = 1), 0);
    ins(&e, WALK, walk, .gla = 0x2000, .gpa = 0x2000);
    ins(&e, READ, mem, .rip = RIP, .gla = 0x2008, .gpa = 0x2008, .len = 8);
    env_run(&e, 0);
    assert_int_equal(e.v->regs.rip, RIP + 3);
    ins(&e, WALK, walk, .gla = 0x2000, .gpa = 0x2000);
    ins(&e, WRITE, mem, .rip = RIP, .gla = 0x2008, .gpa = 0x2008, .len = 8);
    env_run(&e, MEM);
    assert_int_equal(e.last.u.mem_access.flags, MEM_ACCESS_R | MEM_ACCESS_W |
                     MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA);
    assert_int_equal(e.last.u.mem_access.gfn, 2);
    assert_int_equal(e.last.u.mem_access.offset, 8);
    assert_false(e.v->ve.send_event);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_no_emulation),
        cmocka_unit_test(test_set_registers),
        cmocka_unit_test(test_next_interrupt),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_rep_movs),
        cmocka_unit_test(test_rep_movs_data),
        cmocka_unit_test(test_insn_data),
        cmocka_unit_test(test_emulated_actions),
        cmocka_unit_test(test_pagefault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
