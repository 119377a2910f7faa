/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions of the puppet: guest.* operations as the CPU's bytes (Intel
 * SDM vol. 2).  Their operands are in registers: memory at (%rdi), a second
 * one at (%rsi), values in rax, or in rdx where rax has to stay what it is. */
#include "real/puppet_private.h"

#include <errno.h>
#include <string.h>

#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>

#define PAD             0x3e    /* a prefix that does nothing in 64 bits */
#define TRAP_FLAG       0x100u

#define VECTOR_DB       1
#define VECTOR_BP       3
#define TYPE_HW_EXCEPTION       3       /* X86_EVENTTYPE_* */
#define TYPE_SW_INTERRUPT       4
#define TYPE_PRI_SW_EXCEPTION   5
#define TYPE_SW_EXCEPTION       6

struct form {
    uint32_t key;               /* size, exit reason ... */
    uint32_t len;
    unsigned char bytes[8];
};

/* mov, or movups for 16 bytes, (%rdi) to rax or xmm0 */
static const struct form loads[] = {
    { 1, 3, { 0x0f, 0xb6, 0x07 } },
    { 2, 3, { 0x0f, 0xb7, 0x07 } },
    { 4, 3, { 0x40, 0x8b, 0x07 } },
    { 8, 3, { 0x48, 0x8b, 0x07 } },
    { 16, 3, { 0x0f, 0x10, 0x07 } },
    { 0 }
};
/* mov rdx, movups xmm0, to (%rdi) */
static const struct form stores[] = {
    { 1, 3, { 0x40, 0x88, 0x17 } },
    { 2, 3, { 0x66, 0x89, 0x17 } },
    { 4, 3, { 0x40, 0x89, 0x17 } },
    { 8, 3, { 0x48, 0x89, 0x17 } },
    { 16, 3, { 0x0f, 0x11, 0x07 } },
    { 0 }
};
/* lock add rdx, (%rdi) */
static const struct form adds[] = {
    { 1, 3, { 0xf0, 0x00, 0x17 } },
    { 2, 4, { 0x66, 0xf0, 0x01, 0x17 } },
    { 4, 3, { 0xf0, 0x01, 0x17 } },
    { 8, 4, { 0xf0, 0x48, 0x01, 0x17 } },
    { 0 }
};
/* xchg rax, (%rdi) */
static const struct form exchanges[] = {
    { 1, 3, { 0x40, 0x86, 0x07 } },
    { 2, 3, { 0x66, 0x87, 0x07 } },
    { 4, 3, { 0x40, 0x87, 0x07 } },
    { 8, 3, { 0x48, 0x87, 0x07 } },
    { 0 }
};
/* lock cmpxchg rdx, (%rdi) */
static const struct form compares[] = {
    { 1, 4, { 0xf0, 0x0f, 0xb0, 0x17 } },
    { 2, 5, { 0x66, 0xf0, 0x0f, 0xb1, 0x17 } },
    { 4, 4, { 0xf0, 0x0f, 0xb1, 0x17 } },
    { 8, 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x17 } },
    { 0 }
};
/* by basic exit reason */
static const struct form exits[] = {
    { 0, 3, { 0x0f, 0x1f, 0x00 } },             /* nopl (%rax) */
    { 13, 3, { PAD, 0x0f, 0x08 } },             /* invd */
    { 14, 3, { 0x0f, 0x01, 0x3f } },            /* invlpg (%rdi) */
    { 15, 3, { PAD, 0x0f, 0x33 } },             /* rdpmc */
    { 16, 3, { PAD, 0x0f, 0x31 } },             /* rdtsc */
    { 40, 3, { PAD, 0xf3, 0x90 } },             /* pause */
    { 51, 3, { 0x0f, 0x01, 0xf9 } },            /* rdtscp */
    { 54, 3, { PAD, 0x0f, 0x09 } },             /* wbinvd */
    { 0 }
};
/* by descriptor, 16 more for a load, 32 more in a register */
static const struct form descriptors[] = {
    { VM_EVENT_DESC_IDTR, 3, { 0x0f, 0x01, 0x0f } },
    { VM_EVENT_DESC_GDTR, 3, { 0x0f, 0x01, 0x07 } },
    { VM_EVENT_DESC_LDTR, 3, { 0x0f, 0x00, 0x07 } },
    { VM_EVENT_DESC_TR, 3, { 0x0f, 0x00, 0x0f } },
    { VM_EVENT_DESC_IDTR + 16, 3, { 0x0f, 0x01, 0x1f } },
    { VM_EVENT_DESC_GDTR + 16, 3, { 0x0f, 0x01, 0x17 } },
    { VM_EVENT_DESC_LDTR + 16, 3, { 0x0f, 0x00, 0x17 } },
    { VM_EVENT_DESC_TR + 16, 3, { 0x0f, 0x00, 0x1f } },
    { VM_EVENT_DESC_LDTR + 32, 3, { 0x0f, 0x00, 0xc0 } },       /* eax */
    { VM_EVENT_DESC_TR + 32, 3, { 0x0f, 0x00, 0xc8 } },
    { VM_EVENT_DESC_LDTR + 48, 3, { 0x0f, 0x00, 0xd0 } },
    { VM_EVENT_DESC_TR + 48, 3, { 0x0f, 0x00, 0xd8 } },
    { 0 }
};

static void put(struct puppet_code *code, const void *bytes, uint32_t len)
{
    memcpy(code->bytes + code->len, bytes, len);
    code->len += len;
}

static void pad(struct puppet_code *code, uint32_t n)
{
    while (n--)
        code->bytes[code->len++] = PAD;
}

static int put_form(struct puppet_code *code, const struct form *f,
                    uint32_t key)
{
    while (f->len && f->key != key)
        f++;
    if (!f->len)
        return -EOPNOTSUPP;
    put(code, f->bytes, f->len);
    return 0;
}

/* The program goes on at TO, without an instruction of its own. */
static void jump(struct puppet_code *code, uint64_t to)
{
    uint32_t offset = to - (code->at + 5);

    put(code, "\xe9", 1);
    put(code, &offset, 4);
    code->end = to;
}

static uint64_t low_bytes(uint64_t value, uint32_t len)
{
    return len < 8 ? value & ((1ull << 8 * len) - 1) : value;
}

static int step(const struct args_guest *a, struct puppet_code *code)
{
    if (a->next && a->next != code->at + 1)
        jump(code, a->next);
    else
        put(code, "\x90", 1);
    return 0;
}

/* An instruction that stands at .gla: mov $imm32, %eax of what is there, or
 * nothing but its length; and a ret when it goes elsewhere. */
static int fetch(const struct args_guest_mem *a, const struct puppet_machine *m,
                 struct puppet_code *code, struct vm_event_regs_x86 *regs)
{
    bool back = a->next && a->next != a->gla + a->len;

    if (a->len > 15 || (a->rip && a->rip != a->gla))
        return -EOPNOTSUPP;
    code->at = code->rip = a->gla;
    if (a->imm) {
        pad(code, a->imm - 1);
        put(code, "\xb8", 1);
        code->hole = code->len;
        code->len += 4;
        back = back && code->len < a->len;
        if (!a->quiet)
            code->leaves = LEAVES_RAX;
    }
    if (back) {
        pad(code, a->len - code->len - 1);
        put(code, "\xc3", 1);
        regs->rsp = m->stack - 8;
        code->end = a->next;
    } else if (!a->imm) {
        pad(code, a->len - 1);
        put(code, "\x90", 1);
    }
    code->next = a->next ? a->next : code->at + a->len;
    return 0;
}

static int read_memory(const struct args_guest_mem *a,
                       struct puppet_code *code)
{
    code->leaves = a->len <= 8 && !a->quiet ? LEAVES_RAX : LEAVES_LAST;
    return put_form(code, loads, a->len);
}

static int write_memory(const struct args_guest_mem *a,
                        const struct puppet_machine *m,
                        struct puppet_code *code,
                        struct vm_event_regs_x86 *regs)
{
    if (a->unknown || (a->len > 8 && !a->last))
        return -EOPNOTSUPP;     /* xmm0 has what the last load returned */
    regs->rdx = a->last ? m->last : a->value;
    return put_form(code, stores, a->len);
}

static int modify_memory(const struct args_guest_mem *a,
                         struct puppet_code *code,
                         struct vm_event_regs_x86 *regs)
{
    if (a->rmw != RMW_ADD && !a->quiet)
        code->leaves = LEAVES_RAX;
    regs->rdx = a->value;
    switch (a->rmw) {
    case RMW_ADD:
        return put_form(code, adds, a->len);
    case RMW_XCHG:
        regs->rax = low_bytes(a->value, a->len);
        return put_form(code, exchanges, a->len);
    default:
        regs->rax = low_bytes(a->expect, a->len);
        return put_form(code, compares, a->len);
    }
}

static int access_memory(const struct puppet_insn *in,
                         const struct puppet_machine *m,
                         struct puppet_code *code,
                         struct vm_event_regs_x86 *regs)
{
    const struct args_guest_mem *a = &in->a.GUEST_READ;

    regs->rdi = a->gla;
    code->next = a->next;
    if (a->unknown)
        return -EOPNOTSUPP;
    if (in->op == OP_GUEST_READ)
        return read_memory(a, code);
    if (in->op == OP_GUEST_WRITE)
        return write_memory(a, m, code, regs);
    return modify_memory(a, code, regs);
}

static int copy(const struct args_guest_copy *a, struct puppet_code *code,
                struct vm_event_regs_x86 *regs)
{
    regs->rdi = a->dst_gla;
    regs->rsi = a->src_gla;
    regs->rcx = a->count;
    code->leaves = LEAVES_COPY;
    put(code, "\xf3\xa4", 2);           /* rep movsb */
    return 0;
}

static int control_register(const struct puppet_insn *in,
                            struct puppet_code *code,
                            struct vm_event_regs_x86 *regs)
{
    const struct args_guest_reg *a = &in->a.GUEST_MOV_CR;
    unsigned char bytes[3] = { 0x0f, 0x22, 0xc0 | (a->index & 7) << 3 };

    if (a->index != 0 && a->index != 3 && a->index != 4)
        return -EOPNOTSUPP;
    if (in->op == OP_GUEST_READ_CR) {
        bytes[1] = 0x20;
        code->leaves = LEAVES_RAX;
        code->next = a->value;
    } else {
        regs->rax = a->value;
    }
    put(code, bytes, 3);
    return 0;
}

/* rdmsr, wrmsr, xsetbv: which in ecx, the value in edx and eax. */
static int msr(const struct puppet_insn *in, struct puppet_code *code,
               struct vm_event_regs_x86 *regs)
{
    const struct args_guest_reg *a = &in->a.GUEST_MSR;
    bool write = in->op == OP_GUEST_XSETBV || a->write;

    regs->rcx = a->index;
    if (write) {
        regs->rax = (uint32_t)a->value;
        regs->rdx = a->value >> 32;
    } else {
        code->leaves = LEAVES_MSR;
    }
    if (in->op == OP_GUEST_XSETBV)
        put(code, "\x0f\x01\xd1", 3);
    else
        put(code, write ? "\x0f\x30" : "\x0f\x32", 2);
    return 0;
}

static int port(const struct args_guest_reg *a, struct puppet_code *code,
                struct vm_event_regs_x86 *regs)
{
    regs->rdx = a->index;
    if (a->write)
        regs->rax = a->value;
    pad(code, 2);
    put(code, a->write ? "\xee" : "\xec", 1);
    return 0;
}

static int descriptor(const struct args_guest_desc *a,
                      const struct puppet_machine *m,
                      struct puppet_code *code,
                      struct vm_event_regs_x86 *regs)
{
    bool table = a->desc <= VM_EVENT_DESC_GDTR;
    bool memory = a->gpa != ~0ull || table;

    if (a->len > 15)
        return -EOPNOTSUPP;
    regs->rdi = a->gpa != ~0ull ? a->gla : m->scratch;
    if (!memory && a->write)
        regs->rax = a->desc == VM_EVENT_DESC_TR ? m->tss : 0;
    if (a->len > 3)
        pad(code, a->len - 3);
    return put_form(code, descriptors, a->desc + (a->write ? 16 : 0) +
                    (memory ? 0 : 32));
}

/* A trap that has no length is behind its instruction: the trap flag's, which
 * is set for the nop before it. */
static int trap(const struct args_guest_trap *a, struct puppet_code *code,
                struct vm_event_regs_x86 *regs)
{
    unsigned char bytes[2] = { 0xcd, a->vector };

    if (a->vector == VECTOR_DB && a->type == TYPE_HW_EXCEPTION) {
        code->at--;
        regs->rflags |= TRAP_FLAG;
        put(code, "\x90", 1);
    } else if (a->vector == VECTOR_BP && a->type == TYPE_SW_EXCEPTION) {
        put(code, "\xcc", 1);           /* int3 */
    } else if (a->vector == VECTOR_DB && a->type == TYPE_PRI_SW_EXCEPTION) {
        put(code, "\xf1", 1);           /* icebp */
    } else if (a->vector == VECTOR_UD && a->type != TYPE_SW_INTERRUPT) {
        put(code, "\x0f\x0b", 2);       /* ud2 */
    } else if (a->vector < 32 && a->vector != 2 &&
               a->type == TYPE_SW_INTERRUPT) {
        put(code, bytes, 2);            /* int n */
    } else {
        return -EOPNOTSUPP;
    }
    code->fault_rip = code->rip + a->insn_len;
    return 0;
}

static int hypercall(const struct puppet_insn *in,
                     const struct puppet_machine *m, struct puppet_code *code,
                     struct vm_event_regs_x86 *regs)
{
    const struct args_guest_call *a = &in->a.GUEST_HYPERCALL;

    regs->rax = __HYPERVISOR_hvm_op;
    regs->rsi = m->scratch;
    if (in->op == OP_GUEST_REQUEST) {
        regs->rdi = HVMOP_guest_request_vm_event;
        regs->rsi = 0;
        code->leaves = LEAVES_REQUEST;
    } else if (in->op == OP_GUEST_ALTP2M) {
        regs->rdi = HVMOP_altp2m;
        code->leaves = LEAVES_CALL;
    } else {
        regs->rax = a->nr;
        regs->rdi = a->arg1;
        if (a->nr != __HYPERVISOR_sched_op || a->arg1 != SCHEDOP_shutdown)
            regs->rsi = a->arg2;
    }
    put(code, m->amd ? "\x0f\x01\xd9" : "\x0f\x01\xc1", 3);
    return 0;
}

static int assemble(const struct puppet_insn *in,
                    const struct puppet_machine *m, struct puppet_code *code,
                    struct vm_event_regs_x86 *regs)
{
    const union hv_args *a = &in->a;

    switch (in->op) {
    case OP_GUEST_STEP:
        return step(&a->GUEST_STEP, code);
    case OP_GUEST_FETCH:
        return fetch(&a->GUEST_FETCH, m, code, regs);
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        return access_memory(in, m, code, regs);
    case OP_GUEST_COPY:
        return copy(&a->GUEST_COPY, code, regs);
    case OP_GUEST_CPUID:
        regs->rax = a->GUEST_CPUID.leaf;
        regs->rcx = a->GUEST_CPUID.subleaf;
        code->leaves = LEAVES_CPUID;
        put(code, "\x0f\xa2", 2);
        return 0;
    case OP_GUEST_MOV_CR:
    case OP_GUEST_READ_CR:
        return control_register(in, code, regs);
    case OP_GUEST_XSETBV:
    case OP_GUEST_MSR:
        return msr(in, code, regs);
    case OP_GUEST_IO:
        return port(&a->GUEST_IO, code, regs);
    case OP_GUEST_DESC:
        return descriptor(&a->GUEST_DESC, m, code, regs);
    case OP_GUEST_TRAP:
        return trap(&a->GUEST_TRAP, code, regs);
    case OP_GUEST_EXIT:
        return put_form(code, exits, a->GUEST_EXIT.index);
    case OP_GUEST_VMFUNC:
        regs->rax = a->GUEST_VMFUNC.index;
        regs->rcx = a->GUEST_VMFUNC.value;
        put(code, "\x0f\x01\xd4", 3);
        return 0;
    case OP_GUEST_HYPERCALL:
    case OP_GUEST_REQUEST:
    case OP_GUEST_ALTP2M:
        return hypercall(in, m, code, regs);
    default:
        return -EOPNOTSUPP;
    }
}

int puppet_assemble(const struct puppet_insn *in,
                    const struct puppet_machine *m, struct puppet_code *code,
                    struct vm_event_regs_x86 *regs)
{
    uint64_t rip = in->a.GUEST_STEP.rip;
    int rc;

    memset(code, 0, sizeof(*code));
    code->at = code->rip = rip ? rip : m->rip;
    regs->rsp = m->stack;
    rc = assemble(in, m, code, regs);
    if (rc)
        return rc;
    regs->rip = code->at;
    if (!code->end)
        code->end = code->at + code->len;
    if (!code->fault_rip && in->op != OP_GUEST_TRAP)
        code->fault_rip = code->at + code->len;
    return 0;
}
