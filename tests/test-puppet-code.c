/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instructions that stand for guest.* operations: their bytes are those
 * of the Intel SDM, vol. 2 (opcodes) and of GNU as, written beside them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/xen.h>

#include "real/puppet_private.h"

static const struct puppet_machine machine = {
    .rip = 0x1000, .scratch = 0xfd8000, .stack = 0xfd0400, .tss = 24,
    .last = 0x77,
};

static struct puppet_code code;
static struct vm_event_regs_x86 regs;

static int make(enum hv_op op, const union hv_args *a,
                const struct puppet_machine *m)
{
    struct puppet_insn in = { .op = op, .a = *a };

    memset(&regs, 0, sizeof(regs));
    return puppet_assemble(&in, m, &code, &regs);
}

#define ASSEMBLE(id, ...) \
    make(OP_##id, &(union hv_args){ .id = { __VA_ARGS__ } }, &machine)
#define ASSERT_BYTES(text, id, ...) \
    do { \
        assert_int_equal(ASSEMBLE(id, __VA_ARGS__), 0); \
        assert_int_equal(code.len, sizeof(text) - 1); \
        assert_memory_equal(code.bytes, text, sizeof(text) - 1); \
    } while (0)
#define ASSERT_NONE(id, ...) \
    assert_int_equal(ASSEMBLE(id, __VA_ARGS__), -EOPNOTSUPP)

/* Loads and stores have the three bytes that the model assumes
 * (sim/exec.c:insn_len). */
static void memory(void **state)
{
    (void)state;
    ASSERT_BYTES("\x0f\xb6\x07", GUEST_READ, .len = 1); /* movzbl (%rdi),%eax */
    ASSERT_BYTES("\x0f\xb7\x07", GUEST_READ, .len = 2); /* movzwl (%rdi),%eax */
    ASSERT_BYTES("\x40\x8b\x07", GUEST_READ, .len = 4); /* rex mov ... */
    ASSERT_BYTES("\x48\x8b\x07", GUEST_READ, .len = 8); /* mov (%rdi),%rax */
    ASSERT_BYTES("\x0f\x10\x07", GUEST_READ, .len = 16); /* movups, to xmm0 */
    ASSERT_NONE(GUEST_READ, .len = 3);
    ASSERT_BYTES("\x40\x88\x17", GUEST_WRITE, .len = 1); /* mov %dl,(%rdi) */
    ASSERT_BYTES("\x66\x89\x17", GUEST_WRITE, .len = 2); /* mov %dx,(%rdi) */
    ASSERT_BYTES("\x40\x89\x17", GUEST_WRITE, .len = 4); /* mov %edx,(%rdi) */
    ASSERT_BYTES("\x48\x89\x17", GUEST_WRITE, .len = 8, .gla = 0x12345,
                 .value = 0x99);                        /* mov %rdx,(%rdi) */
    assert_int_equal(regs.rdi, 0x12345);
    assert_int_equal(regs.rdx, 0x99);
    assert_int_equal(regs.rip, 0x1000);
    assert_int_equal(code.end, 0x1003);
    ASSERT_BYTES("\x48\x89\x17", GUEST_WRITE, .len = 8, .last = 1);
    assert_int_equal(regs.rdx, 0x77);
    ASSERT_BYTES("\x0f\x11\x07", GUEST_WRITE, .len = 16, .last = 1);
    ASSERT_NONE(GUEST_WRITE, .len = 16);
    ASSERT_NONE(GUEST_WRITE, .len = 8, .unknown = 1);
}

static void locked(void **state)
{
    (void)state;
    /* lock add */
    ASSERT_BYTES("\xf0\x00\x17", GUEST_RMW, .len = 1);
    ASSERT_BYTES("\x66\xf0\x01\x17", GUEST_RMW, .len = 2);
    ASSERT_BYTES("\xf0\x01\x17", GUEST_RMW, .len = 4);
    ASSERT_BYTES("\xf0\x48\x01\x17", GUEST_RMW, .len = 8);
    /* xchg %rax,(%rdi) */
    ASSERT_BYTES("\x40\x86\x07", GUEST_RMW, .len = 1, .rmw = RMW_XCHG);
    ASSERT_BYTES("\x66\x87\x07", GUEST_RMW, .len = 2, .rmw = RMW_XCHG);
    ASSERT_BYTES("\x40\x87\x07", GUEST_RMW, .len = 4, .rmw = RMW_XCHG);
    ASSERT_BYTES("\x48\x87\x07", GUEST_RMW, .len = 8, .rmw = RMW_XCHG);
    /* lock cmpxchg %rdx,(%rdi) */
    ASSERT_BYTES("\xf0\x0f\xb0\x17", GUEST_RMW, .len = 1,
                 .rmw = RMW_CMPXCHG);
    ASSERT_BYTES("\x66\xf0\x0f\xb1\x17", GUEST_RMW, .len = 2,
                 .rmw = RMW_CMPXCHG);
    ASSERT_BYTES("\xf0\x0f\xb1\x17", GUEST_RMW, .len = 4,
                 .rmw = RMW_CMPXCHG);
    ASSERT_BYTES("\xf0\x48\x0f\xb1\x17", GUEST_RMW, .len = 8,
                 .rmw = RMW_CMPXCHG, .expect = 5, .value = 6);
    assert_int_equal(regs.rax, 5);
    assert_int_equal(regs.rdx, 6);
    ASSERT_BYTES("\xf3\xa4", GUEST_COPY, .dst_gla = 1, .src_gla = 2,
                 .count = 3);                           /* rep movsb */
    assert_int_equal(regs.rdi, 1);
    assert_int_equal(regs.rsi, 2);
    assert_int_equal(regs.rcx, 3);
}

static void registers(void **state)
{
    (void)state;
    ASSERT_BYTES("\x0f\xa2", GUEST_CPUID, .leaf = 7, .subleaf = 1);
    assert_int_equal(regs.rax, 7);
    assert_int_equal(regs.rcx, 1);
    ASSERT_BYTES("\x0f\x22\xc0", GUEST_MOV_CR, .index = 0); /* mov %rax,%cr0 */
    ASSERT_BYTES("\x0f\x22\xd8", GUEST_MOV_CR, .index = 3); /* %cr3 */
    ASSERT_BYTES("\x0f\x22\xe0", GUEST_MOV_CR, .index = 4); /* %cr4 */
    ASSERT_BYTES("\x0f\x20\xe0", GUEST_READ_CR, .index = 4);
    ASSERT_NONE(GUEST_MOV_CR, .index = 2);
    ASSERT_BYTES("\x0f\x01\xd1", GUEST_XSETBV, .value = 0x100000003);
    assert_int_equal(regs.rdx, 1);
    assert_int_equal(regs.rax, 3);
    ASSERT_BYTES("\x0f\x32", GUEST_MSR, .index = 0x176);
    assert_int_equal(regs.rcx, 0x176);
    ASSERT_BYTES("\x0f\x30", GUEST_MSR, .index = 0x176, .write = 1);
    /* ds in (%dx),%al; out %al,(%dx), with prefixes up to three bytes */
    ASSERT_BYTES("\x3e\x3e\xec", GUEST_IO, .index = 0x80);
    ASSERT_BYTES("\x3e\x3e\xee", GUEST_IO, .index = 0x80, .write = 1);
    assert_int_equal(regs.rdx, 0x80);
}

static void descriptors(void **state)
{
    (void)state;
#define DESC(d, w) .desc = VM_EVENT_DESC_##d, .write = w
    ASSERT_BYTES("\x0f\x01\x07", GUEST_DESC, DESC(GDTR, 0)); /* sgdt (%rdi) */
    ASSERT_BYTES("\x0f\x01\x0f", GUEST_DESC, DESC(IDTR, 0)); /* sidt */
    ASSERT_BYTES("\x0f\x01\x17", GUEST_DESC, DESC(GDTR, 1)); /* lgdt */
    ASSERT_BYTES("\x0f\x01\x1f", GUEST_DESC, DESC(IDTR, 1)); /* lidt */
    ASSERT_BYTES("\x0f\x00\x07", GUEST_DESC, DESC(LDTR, 0)); /* sldt */
    ASSERT_BYTES("\x0f\x00\x0f", GUEST_DESC, DESC(TR, 0));   /* str */
    ASSERT_BYTES("\x0f\x00\x17", GUEST_DESC, DESC(LDTR, 1)); /* lldt */
    ASSERT_BYTES("\x0f\x00\x1f", GUEST_DESC, DESC(TR, 1));   /* ltr */
    ASSERT_BYTES("\x0f\x00\xc0", GUEST_DESC, DESC(LDTR, 0), .gpa = ~0ull);
    ASSERT_BYTES("\x0f\x00\xc8", GUEST_DESC, DESC(TR, 0), .gpa = ~0ull);
    ASSERT_BYTES("\x0f\x00\xd0", GUEST_DESC, DESC(LDTR, 1), .gpa = ~0ull);
    ASSERT_BYTES("\x0f\x00\xd8", GUEST_DESC, DESC(TR, 1), .gpa = ~0ull);
    assert_int_equal(regs.rax, 24);
    ASSERT_BYTES("\x3e\x0f\x01\x07", GUEST_DESC, DESC(GDTR, 0), .len = 4);
#undef DESC
}

static void traps(void **state)
{
    (void)state;
    ASSERT_BYTES("\xcc", GUEST_TRAP, .vector = 3, .type = 6, .insn_len = 1);
    assert_int_equal(code.fault_rip, 0x1001);
    ASSERT_BYTES("\xf1", GUEST_TRAP, .vector = 1, .type = 5, .insn_len = 1);
    ASSERT_BYTES("\x0f\x0b", GUEST_TRAP, .vector = 6);
    ASSERT_BYTES("\xcd\x04", GUEST_TRAP, .vector = 4, .type = 4,
                 .insn_len = 2);
    /* the trap flag's: behind a nop, at the program's rip */
    ASSERT_BYTES("\x90", GUEST_TRAP, .vector = 1, .type = 3);
    assert_int_equal(regs.rip, 0xfff);
    assert_int_equal(regs.rflags, 0x100);
    assert_int_equal(code.end, 0x1000);
    assert_int_equal(code.fault_rip, 0x1000);
    ASSERT_NONE(GUEST_TRAP, .vector = 2, .type = 4);
    ASSERT_NONE(GUEST_TRAP, .vector = 14, .type = 3);
}

static void exits(void **state)
{
    const struct puppet_machine amd = { .amd = true };

    (void)state;
    ASSERT_BYTES("\x0f\x1f\x00", GUEST_EXIT, .index = 0);       /* nopl */
    ASSERT_BYTES("\x3e\x0f\x08", GUEST_EXIT, .index = 13);      /* invd */
    ASSERT_BYTES("\x0f\x01\x3f", GUEST_EXIT, .index = 14);      /* invlpg */
    ASSERT_BYTES("\x3e\x0f\x33", GUEST_EXIT, .index = 15);      /* rdpmc */
    ASSERT_BYTES("\x3e\x0f\x31", GUEST_EXIT, .index = 16);      /* rdtsc */
    ASSERT_BYTES("\x3e\xf3\x90", GUEST_EXIT, .index = 40);      /* pause */
    ASSERT_BYTES("\x0f\x01\xf9", GUEST_EXIT, .index = 51);      /* rdtscp */
    ASSERT_BYTES("\x3e\x0f\x09", GUEST_EXIT, .index = 54);      /* wbinvd */
    ASSERT_NONE(GUEST_EXIT, .index = 48);
    ASSERT_BYTES("\x0f\x01\xd4", GUEST_VMFUNC, .index = 0, .value = 2);
    assert_int_equal(regs.rcx, 2);
    ASSERT_BYTES("\x0f\x01\xc1", GUEST_REQUEST, .rip = 0x2000); /* vmcall */
    assert_int_equal(regs.rip, 0x2000);
    assert_int_equal(regs.rax, 34);             /* __HYPERVISOR_hvm_op */
    assert_int_equal(regs.rdi, 24);
    ASSERT_BYTES("\x0f\x01\xc1", GUEST_ALTP2M, .nr = 34);
    assert_int_equal(regs.rdi, 25);
    assert_int_equal(regs.rsi, machine.scratch);
    ASSERT_BYTES("\x0f\x01\xc1", GUEST_HYPERCALL, .nr = 17, .arg1 = 1,
                 .arg2 = 2);
    assert_int_equal(regs.rax, 17);
    assert_int_equal(regs.rsi, 2);
    assert_int_equal(make(OP_GUEST_REQUEST, &(union hv_args){ .align = 0 },
                          &amd), 0);
    assert_memory_equal(code.bytes, "\x0f\x01\xd9", 3);         /* vmmcall */
}

static void flow(void **state)
{
    (void)state;
    ASSERT_BYTES("\x90", GUEST_STEP, .next = 0x1001);
    /* jmp: the offset counts from behind it */
    ASSERT_BYTES("\xe9\xfb\x0f\x00\x00", GUEST_STEP, .next = 0x2000);
    assert_int_equal(code.end, 0x2000);
    ASSERT_BYTES("\x3e\x3e\x90", GUEST_FETCH, .gla = 0x5000, .len = 3);
    assert_int_equal(regs.rip, 0x5000);
    /* mov $imm32,%eax: the immediate is the guest's; ret */
    ASSERT_BYTES("\x3e\xb8\0\0\0\0\xc3", GUEST_FETCH, .gla = 0x5000,
                 .len = 7, .imm = 2, .next = 0x1234);
    assert_int_equal(code.hole, 2);
    assert_int_equal(code.end, 0x1234);
    assert_int_equal(regs.rsp, machine.stack - 8);
    ASSERT_BYTES("\xb8\0\0\0\0", GUEST_FETCH, .gla = 0x5000, .len = 5,
                 .imm = 1);
    assert_int_equal(code.end, 0x5005);
    ASSERT_NONE(GUEST_FETCH, .gla = 0x5000, .rip = 0x6000, .len = 3);
    ASSERT_NONE(GUEST_FETCH, .gla = 0x5000, .len = 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),
        cmocka_unit_test(locked),
        cmocka_unit_test(registers),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(traps),
        cmocka_unit_test(exits),
        cmocka_unit_test(flow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
