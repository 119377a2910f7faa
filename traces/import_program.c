/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a command's number to the guest's instructions (the table of ops is in
 * docs/TRACE-FORMAT.md, "Oracle logs"). */
#include "traces/import_program.h"

#include <string.h>

#include <xen/hvm/hvm_op.h>

#define VECTOR_PF       14
#define PF_RESERVED     8ull            /* in its error code */
#define PTE_PRESENT     1ull
#define PTE_WRITE       2ull
#define PTE_NX          (1ull << 63)
#define L1_VIRTUAL      (1ull << 30)    /* where the L1 page's PTEs map */

static union hv_args *add(struct program *p, enum hv_op op)
{
    struct step *s = &p->steps[p->nr];

    /* the last slot is never used: import_command refuses what is longer */
    p->too_long |= p->nr == MAX_PROGRAM - 1;
    p->nr += p->nr < MAX_PROGRAM - 1;
    memset(s, 0, sizeof(*s));
    import_begin(p->im, op);
    s->rec = p->im->rec;
    return &s->rec.args;
}

static void add_value(struct program *p, uint64_t value)
{
    add(p, OP_GUEST_VALUE)->GUEST_VALUE.value = value;
}

/* The guest's address space: identity, but for the pages that its L1 table
 * maps from 1 GiB on; those take a visible step of the page walk. */
static uint64_t translate(struct program *p, uint64_t gla)
{
    uint64_t index = (gla - L1_VIRTUAL) >> 12;
    union hv_args *a;

    if (gla < L1_VIRTUAL || index >= NR_PTES)
        return gla;
    a = add(p, OP_GUEST_WALK);
    a->GUEST_WALK.gla = gla;
    a->GUEST_WALK.gpa = p->im->l1 + 8 * index;
    return (p->im->ptes[index] & 0x000ffffffffff000ull) | (gla & 0xfff);
}

/* The command ended in a page fault: was it OP at GLA that the guest's own
 * table denied? */
static bool denied(const struct program *p, enum hv_op op, uint64_t gla)
{
    uint64_t index = (gla - L1_VIRTUAL) >> 12, pte;

    if ((p->fault >> 16 & 0xff) != VECTOR_PF || gla < L1_VIRTUAL ||
        index >= NR_PTES)
        return false;
    pte = p->im->ptes[index];
    return !(pte & PTE_PRESENT) || p->fault & PF_RESERVED ||
           (!(pte & PTE_WRITE) &&
            (op == OP_GUEST_WRITE || op == OP_GUEST_RMW)) ||
           (pte & PTE_NX && op == OP_GUEST_FETCH);
}

static void add_trap(struct program *p, uint32_t vector, uint32_t type,
                     uint32_t len)
{
    struct args_guest_trap *a = &add(p, OP_GUEST_TRAP)->GUEST_TRAP;

    a->vector = vector;
    a->type = type;
    a->insn_len = len;
    p->steps[p->nr - 1].exits = true;
}

static struct args_guest_mem *add_mem(struct program *p, enum hv_op op,
                                      uint64_t gla, uint32_t len)
{
    struct args_guest_mem *a = &p->steps[MAX_PROGRAM - 1].rec.args.GUEST_READ;
    uint64_t gpa, gpa2 = 0, last = gla + len - 1;
    bool crosses = (gla ^ last) >> 12;

    if (p->faulted)
        return a;               /* never got there */
    gpa = translate(p, gla);
    if (gpa != gla && crosses)
        gpa2 = translate(p, last & ~0xfffull);
    if (denied(p, op, gla) || (crosses && denied(p, op, last))) {
        p->faulted = true;
        add_trap(p, VECTOR_PF, 3, 0);
        p->steps[p->nr - 1].rec.args.GUEST_TRAP.error = p->fault & 0xffff;
        return a;
    }
    a = &add(p, op)->GUEST_READ;
    a->gla = gla;
    a->gpa = gpa;
    a->gpa2 = gpa2;
    a->len = len;
    return a;
}

/* op 3: mov $imm,%eax; ret.  op 9: NOPs and ret, at +0x100 and +0x200. */
static void add_call(struct program *p)
{
    uint64_t gla = p->a[0];
    unsigned int nops = (gla & 0xfff) == 0x100 ? 5 :
                        (gla & 0xfff) == 0x200 ? 6 : 0;

    if (!nops) {
        add_mem(p, OP_GUEST_FETCH, gla, 5)->imm = 1;
        gla += 5;
        /* op 9 reports all three registers itself */
        if (!p->faulted)
            p->steps[p->nr - 1].rec.args.GUEST_FETCH.quiet = p->op == 9;
    }
    for (unsigned int i = 0; i < nops; i++)
        add_mem(p, OP_GUEST_FETCH, gla++, 1);
    add_mem(p, OP_GUEST_FETCH, gla, 1);
    for (int i = 0; p->op == 9 && i < 3; i++)
        add_value(p, p->res[i]);
}

static void add_cr(struct program *p, uint32_t cr)
{
    union hv_args *a = add(p, OP_GUEST_MOV_CR);

    a->GUEST_MOV_CR.index = cr;
    a->GUEST_MOV_CR.value = p->a[0];
    p->steps[p->nr - 1].exits = true;
    add(p, OP_GUEST_READ_CR)->GUEST_READ_CR.index = cr;
}

static void add_msr(struct program *p, bool write)
{
    struct args_guest_reg *a = &add(p, OP_GUEST_MSR)->GUEST_MSR;

    a->index = p->a[0];
    a->value = p->a[1];
    a->write = write;
    if (!write && import_first_msr(p->im, p->a[0]) && !p->fault) {
        a->has_old = 1;
        a->old = p->res[0];
    }
    import_first_msr(p->im, p->a[0]);
    p->steps[p->nr - 1].exits = true;
}

static void add_cpuid(struct program *p)
{
    struct args_guest_cpuid *a = &add(p, OP_GUEST_CPUID)->GUEST_CPUID;

    a->leaf = p->a[0];
    a->subleaf = p->a[1];
    p->steps[p->nr - 1].exits = true;
}

static void add_desc(struct program *p)
{
    static const struct {
        uint8_t desc;
        bool load_too, load;
    } kinds[] = {
        { VM_EVENT_DESC_GDTR, false, false },
        { VM_EVENT_DESC_IDTR, false, false },
        { VM_EVENT_DESC_LDTR, false, false },
        { VM_EVENT_DESC_TR, false, false },
        { VM_EVENT_DESC_GDTR, true, false },
        { VM_EVENT_DESC_IDTR, true, false },
        { VM_EVENT_DESC_LDTR, false, true },
    };
    unsigned int kind = p->a[0] < 7 ? p->a[0] : 0;

    for (int load = kinds[kind].load; load <= (kinds[kind].load_too ||
                                               kinds[kind].load); load++) {
        struct args_guest_desc *a = &add(p, OP_GUEST_DESC)->GUEST_DESC;

        a->desc = kinds[kind].desc;
        a->write = load;
        a->gpa = ~0ull;
        p->steps[p->nr - 1].exits = true;
    }
    if (p->res[0])
        add_value(p, p->res[0]);
}

/* VMFUNC; where it raised #VE afterwards, the next read of the information
 * page says which access did: the page walk of the next instruction. */
static void add_vmfunc(struct program *p)
{
    struct import *im = p->im;
    struct args_guest_reg *a = &add(p, OP_GUEST_VMFUNC)->GUEST_VMFUNC;
    uint64_t gla = 0, gpa = 0;

    a->index = p->a[0];
    a->value = p->a[1];
    if (p->fault == 0x80140000) {
        for (uint32_t i = p->end + 1; i < im->nr_lines; i++) {
            if (starts_with(im->lines[i].text, "RES ")) {
                import_key(im->lines[i].text, "r2", &gla);
                import_key(im->lines[i].text, "r3", &gpa);
                break;
            }
        }
        add(p, OP_GUEST_WALK)->GUEST_WALK.gla = gla;
        p->steps[p->nr - 1].rec.args.GUEST_WALK.gpa = gpa;
        add(p, OP_GUEST_STEP)->GUEST_STEP.rip = gla;
    }
    add_value(p, p->res[0]);
}

/* A hypercall; that for a GUEST_REQUEST is known to the model as such. */
static void add_hypercall(struct program *p)
{
    struct args_guest_call *a;

    if (p->a[0] == __HYPERVISOR_hvm_op &&
        p->a[1] == HVMOP_guest_request_vm_event) {
        add(p, OP_GUEST_REQUEST);
    } else {
        a = &add(p, OP_GUEST_HYPERCALL)->GUEST_HYPERCALL;
        a->nr = p->a[0];
        a->arg1 = p->a[1];
        a->arg2 = p->a[2];
    }
    p->steps[p->nr - 1].exits = true;
    add_value(p, p->res[0]);
}

static void add_altp2m(struct program *p)
{
    union hv_args *a = add(p, OP_GUEST_ALTP2M);

    a->GUEST_ALTP2M.arg.p = p->im->altp2m;
    a->GUEST_ALTP2M.arg.len = p->im->altp2m_len;
    p->steps[p->nr - 1].exits = true;
}

static void add_pte(struct program *p)
{
    struct import *im = p->im;
    struct args_guest_mem *a;

    if (p->a[0] < NR_PTES)
        im->ptes[p->a[0]] = p->a[1];
    a = add_mem(p, OP_GUEST_WRITE, im->l1 + 8 * p->a[0], 8);
    a->value = p->a[1];
    add(p, OP_GUEST_MOV_CR)->GUEST_MOV_CR.index = 3;
    p->steps[p->nr - 1].rec.args.GUEST_MOV_CR.value =
        im->infer.vcpus[0].ev.data.regs.x86.cr3;
    p->steps[p->nr - 1].exits = true;
}

/* The instruction's traps under the trap flag, one an event. */
static void add_tf(struct program *p)
{
    struct import *im = p->im;
    unsigned int n = 0;

    for (uint32_t i = p->first; i < p->end; i++) {
        struct vm_event_st ev;

        if (!starts_with(im->lines[i].text, "REQ ") ||
            !import_event(im->lines[i].text + 4, &ev) ||
            ev.reason != VM_EVENT_REASON_DEBUG_EXCEPTION)
            continue;
        add_trap(p, 1, ev.u.debug_exception.type,
                 ev.u.debug_exception.insn_length);
        p->steps[p->nr - 1].rec.args.GUEST_TRAP.pending_dbg =
            ev.u.debug_exception.pending_dbg;
        n++;
    }
    if (!n)
        add_trap(p, 1, 3, 0);
}

static void add_rmw(struct program *p)
{
    struct args_guest_mem *a = add_mem(p, OP_GUEST_RMW, p->a[0], 8);

    a->rmw = p->op == 34 ? RMW_XCHG : p->op == 35 ? RMW_CMPXCHG : RMW_ADD;
    a->value = p->op == 35 ? p->a[2] : p->a[1];
    a->expect = p->op == 35 ? p->a[1] : 0;
}

static void add_io(struct program *p)
{
    for (int write = 1; write >= 0; write--) {
        struct args_guest_reg *a = &add(p, OP_GUEST_IO)->GUEST_IO;

        a->index = p->a[0];
        a->value = p->a[1];
        a->write = write;
        p->steps[p->nr - 1].exits = true;
    }
    add_value(p, p->res[0]);
}

static void add_ve_info(struct program *p)
{
    uint64_t page = p->im->ve_page;

    if (p->op == 28) {
        add_mem(p, OP_GUEST_WRITE, page + 4, 4);
        add_value(p, p->res[0]);
        return;
    }
    add_mem(p, OP_GUEST_READ, page, 4);
    for (int i = 1; i <= 3; i++)
        add_mem(p, OP_GUEST_READ, page + 8 * i, 8);
}

/* Does the log have an exit of this reason in the block? */
static bool exits_with(const struct program *p, uint32_t reason)
{
    const struct import *im = p->im;
    struct vm_event_st ev;

    for (uint32_t i = p->first; i < p->end; i++) {
        if (starts_with(im->lines[i].text, "REQ ") &&
            import_event(im->lines[i].text + 4, &ev) &&
            ev.reason == VM_EVENT_REASON_VMEXIT &&
            ev.u.vmexit.arch.vmx.reason == reason)
            return true;
    }
    return false;
}

/* An instruction that exits when Xen wants it to, which only a monitored exit
 * shows. */
static void add_exit(struct program *p, uint32_t reason)
{
    if (!exits_with(p, reason))
        reason = 0;
    add(p, OP_GUEST_EXIT)->GUEST_EXIT.index = reason;
    p->steps[p->nr - 1].exits = reason;
    if (p->op == 25)
        add_value(p, p->res[0]);
}

static void add_copy(struct program *p)
{
    struct args_guest_copy *a;
    uint64_t src = translate(p, p->a[1]), dst = translate(p, p->a[0]);

    a = &add(p, OP_GUEST_COPY)->GUEST_COPY;
    a->dst_gla = p->a[0];
    a->dst_gpa = dst;
    a->src_gla = p->a[1];
    a->src_gpa = src;
    a->count = p->a[2];
}

static void add_accesses(struct program *p)
{
    switch (p->op) {
    case 1:
    case 21:
        add_mem(p, OP_GUEST_READ, p->a[0], p->op == 1 ? 8 : 1);
        break;
    case 2:
        add_mem(p, OP_GUEST_WRITE, p->a[0], 8)->value = p->a[1];
        break;
    case 20:
        add_mem(p, OP_GUEST_READ, p->a[0], 16);
        add_mem(p, OP_GUEST_WRITE, p->a[1], 16)->last = 1;
        break;
    case 33:
        add_mem(p, OP_GUEST_READ, p->a[0], 8);
        add_mem(p, OP_GUEST_READ, p->a[1], 8);
        break;
    case 36:
        add_mem(p, OP_GUEST_WRITE, p->a[0] - 8, 8)->value = p->a[1];
        add_mem(p, OP_GUEST_READ, p->a[0] - 8, 8);
        break;
    default:
        break;
    }
}

void program_build(struct program *p)
{
    switch (p->op) {
    case 3: case 9: add_call(p); break;
    case 4: case 34: case 35: add_rmw(p); break;
    case 5: add_copy(p); break;
    case 6: add_cpuid(p); break;
    case 7: add_trap(p, 3, 6, 1); break;
    case 8: add_trap(p, 1, 5, 1); break;
    case 10: add_cr(p, 0); break;
    case 11: add_cr(p, 3); break;
    case 12: add_cr(p, 4); break;
    case 13:
        add(p, OP_GUEST_XSETBV)->GUEST_XSETBV.value = p->a[0];
        p->steps[p->nr - 1].exits = true;
        break;
    case 14: case 15: add_msr(p, p->op == 15); break;
    case 16: add_desc(p); break;
    case 17: add_hypercall(p); break;
    case 18: add_vmfunc(p); break;
    case 19: add_io(p); break;
    case 22: add_trap(p, 6, 3, 2); break;
    case 23: add_pte(p); break;
    case 24: add_exit(p, EXIT_INVLPG); break;
    case 25: add_exit(p, EXIT_RDTSC); break;
    case 26: add_altp2m(p); break;
    case 27: case 28: add_ve_info(p); break;
    case 30: add_tf(p); break;
    case 31: add_exit(p, EXIT_WBINVD); break;
    default: add_accesses(p); break;
    }
}
