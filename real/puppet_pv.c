/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the PV puppet's vCPUs do: hypercalls at once, instructions from a
 * queue. */
#include "real/puppet_pv.h"

#include <stdlib.h>
#include <string.h>

#include "real/private.h"
#include "real/puppet_private.h"

#define MAX_QUEUED      64
#define RET             0xc3
#define SYSCALL         "\x0f\x05"
#define LOAD_16         "\x0f\x10\x06"         /* movups (%rsi), %xmm0 */

struct pv_vcpu {
    struct puppet_insn queue[MAX_QUEUED];       /* .count from the first on */
    uint32_t count;
    uint64_t table;             /* the machine's frame of its own */
    uint64_t last;              /* what the last load returned, there */
    uint64_t fault, result[MAX_RESULTS];
    uint32_t nr_results;
};

struct puppet_pv {
    struct puppet_pv_env env;
    uint32_t nr;
    uint64_t table;             /* the toolstack's: always has our part */
    struct pv_vcpu vcpu[PUPPET_PV_VCPUS];
};

struct puppet_pv *puppet_pv_new(const struct puppet_pv_env *env, uint32_t nr,
                                uint64_t table)
{
    struct puppet_pv *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->env = *env;
    p->nr = nr < PUPPET_PV_VCPUS ? nr : PUPPET_PV_VCPUS;
    p->table = table;
    for (uint32_t n = 0; n < p->nr; n++)
        p->vcpu[n].table = table;
    return p;
}

void puppet_pv_free(struct puppet_pv *p)
{
    free(p);
}

/* Have vCPU N execute CODE, of LEN bytes, with *REGS, which are the results
 * afterwards, and *FAULT. */
static int execute(struct puppet_pv *p, uint32_t n, const void *code,
                   uint32_t len, struct puppet_pv_regs *regs,
                   uint64_t *fault)
{
    uint64_t gla;
    struct puppet_pv_slot *slot = p->env.slot(p->env.ctx, n, &gla);
    int rc;

    memcpy(slot->code, code, len);
    slot->code[len] = RET;
    slot->regs = *regs;
    __atomic_store_n(&slot->asked, slot->done + 1, __ATOMIC_RELEASE);
    rc = p->env.run(p->env.ctx, n);
    *regs = slot->regs;
    *fault = slot->fault;
    return rc;
}

/* ---- a table that is loaded ---- */

/* Before vCPU N loads the table at MFN. */
static void enter_table(struct puppet_pv *p, uint64_t mfn)
{
    if (mfn != p->table)
        p->env.own(p->env.ctx, mfn, true);
}

/* vCPU N has loaded MFN, or not. */
static void table_entered(struct puppet_pv *p, uint32_t n, uint64_t mfn,
                          bool loaded)
{
    uint64_t left = loaded ? p->vcpu[n].table : mfn;
    bool used = left == p->table;

    if (loaded)
        p->vcpu[n].table = mfn;
    for (uint32_t i = 0; i < p->nr; i++)
        used |= p->vcpu[i].table == left;
    if (!used)
        p->env.own(p->env.ctx, left, false);
}

/* ---- hypercalls ---- */

static int hypercall(struct puppet_pv *p, uint32_t n, uint64_t nr,
                     struct puppet_pv_regs *regs, int32_t *rc)
{
    uint64_t fault;
    int error;

    regs->rax = nr;
    error = execute(p, n, SYSCALL, 2, regs, &fault);
    if (!error && fault)
        error = -EIO;
    *rc = (int32_t)regs->rax;
    return error;
}

/* The requests are in the vCPU's page, and behind them the count. */
static int batch(struct puppet_pv *p, uint32_t n, uint64_t nr, uint32_t count,
                 uint32_t flags, uint32_t foreign, int32_t *rc,
                 uint32_t *done)
{
    uint64_t gla;
    struct puppet_pv_slot *slot = p->env.slot(p->env.ctx, n, &gla);
    const size_t at = offsetof(struct puppet_pv_slot, argument);
    const size_t end = sizeof(slot->argument) - sizeof(*done);
    struct puppet_pv_regs regs = {
        .rdi = flags & PV_BAD_REQUESTS ? XEN_ADDRESS : gla + at,
        .rsi = count,
        .rdx = flags & PV_NO_DONE ? 0 : gla + at + end,
        .r10 = xen_foreign(p->env.x, foreign),
    };
    int error;

    memset(slot->argument + end, 0xff, sizeof(*done));
    error = hypercall(p, n, nr, &regs, rc);
    memcpy(done, slot->argument + end, sizeof(*done));
    return error;
}

/* Is there room for the requests, and for the count of those done? */
static bool fits(const struct hv_span *more, size_t size)
{
    return more->len + size + 4 <= PUPPET_PV_ARGUMENT_SIZE;
}

static void *argument(struct puppet_pv *p, uint32_t n)
{
    uint64_t gla;

    return p->env.slot(p->env.ctx, n, &gla)->argument;
}

static int mmu_update(struct puppet_pv *p, struct args_mmu_update *a)
{
    const size_t size = sizeof(struct mmu_update);

    if (!fits(&a->more, size))
        return -E2BIG;
    xen_mmu_requests(p->env.x, a, argument(p, a->vcpu));
    return batch(p, a->vcpu, __HYPERVISOR_mmu_update,
                 xen_pv_count(&a->more, size, a->flags), a->flags, a->foreign,
                 &a->rc, &a->done);
}

/* Behind a batch: which of its tables vCPU N has loaded. */
static void tables_entered(struct puppet_pv *p, uint32_t n,
                           const struct mmuext_op *op, uint32_t nr,
                           uint32_t loaded)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (op[i].cmd == MMUEXT_NEW_BASEPTR)
            table_entered(p, n, op[i].arg1.mfn, i < loaded);
    }
}

static int mmuext_op(struct puppet_pv *p, struct args_mmuext_op *a)
{
    const size_t size = sizeof(struct mmuext_op);
    uint32_t nr = xen_pv_count(&a->more, size, a->flags);
    struct mmuext_op *op = argument(p, a->vcpu);
    int error;

    if (!fits(&a->more, size))
        return -E2BIG;
    xen_mmuext_requests(p->env.x, a, op);
    for (uint32_t i = 0; i < nr; i++) {
        if (op[i].cmd == MMUEXT_NEW_BASEPTR)
            enter_table(p, op[i].arg1.mfn);
    }
    error = batch(p, a->vcpu, __HYPERVISOR_mmuext_op, nr, a->flags, a->foreign,
                  &a->rc, &a->done);
    if (!error)
        tables_entered(p, a->vcpu, op, nr, !a->rc ? nr :
                       a->done == ~0u ? 0 : a->done);
    return error;
}

static int va_mapping(struct puppet_pv *p, struct args_va_mapping *a)
{
    bool other = a->foreign != ~0u;
    struct puppet_pv_regs regs = {
        .rdi = a->va, .rsi = xen_entry(p->env.x, a->val), .rdx = a->flags,
        .r10 = other ? xen_id(p->env.x, a->foreign) : 0,
    };

    return hypercall(p, a->vcpu, other ?
                     __HYPERVISOR_update_va_mapping_otherdomain :
                     __HYPERVISOR_update_va_mapping, &regs, &a->rc);
}

static int vm_assist(struct puppet_pv *p, struct args_vm_assist *a)
{
    struct puppet_pv_regs regs = { .rdi = a->cmd, .rsi = a->type };

    return hypercall(p, a->vcpu, __HYPERVISOR_vm_assist, &regs, &a->rc);
}

static int decrease(struct puppet_pv *p, struct args_guest_frame *a)
{
    uint64_t gla;
    struct puppet_pv_slot *slot = p->env.slot(p->env.ctx, a->vcpu, &gla);
    const uint64_t at = gla + offsetof(struct puppet_pv_slot, argument);
    struct xen_memory_reservation r = {
        .nr_extents = 1, .domid = DOMID_SELF,
    };
    uint64_t mfn = xen_frame(p->env.x, a->mfn);
    struct puppet_pv_regs regs = {
        .rdi = XENMEM_decrease_reservation, .rsi = at,
    };
    int32_t rc;
    int error;

    set_xen_guest_handle_raw(r.extent_start, (xen_pfn_t *)(at + sizeof(r)));
    memcpy(slot->argument, &r, sizeof(r));
    memcpy(slot->argument + sizeof(r), &mfn, sizeof(mfn));
    error = hypercall(p, a->vcpu, __HYPERVISOR_memory_op, &regs, &rc);
    a->count = rc;
    if (!error && rc == 1)
        xen_frame_left(p->env.x, a->dom, a->mfn -
                       xen_domain(p->env.x, a->dom)->first_frame);
    return error;
}

/* ---- instructions ---- */

/* Whether its values of 8 bytes may be entries of page tables. */
static bool has_entries(const struct puppet_insn *in)
{
    const struct args_guest_mem *a = &in->a.GUEST_READ;

    switch (in->op) {
    case OP_GUEST_MOV_CR:
    case OP_GUEST_READ_CR:
        return in->a.GUEST_MOV_CR.index == 3;
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
        return a->len == 8;
    default:
        return in->op == OP_GUEST_RMW && a->len == 8 && a->rmw != RMW_ADD;
    }
}

/* A part of an entry: what the whole is then as the machine's says which bytes
 * these are. */
static uint64_t part_of_entry(struct puppet_pv *p, const struct puppet_insn *in)
{
    const struct args_guest_mem *a = &in->a.GUEST_WRITE;
    unsigned int shift = (a->gla & 7) * 8;
    uint64_t mask = ((1ull << 8 * a->len) - 1) << shift, word;

    if (!p->env.word(p->env.ctx, a->vcpu, a->gla & ~7ull, &word))
        return a->value;
    word = xen_entry_back(p->env.x, word);
    word = (word & ~mask) | (a->value << shift & mask);
    return (xen_entry(p->env.x, word) & mask) >> shift;
}

/* The instruction with the machine's frames. */
static void translate(struct puppet_pv *p, struct puppet_insn *in)
{
    struct args_guest_mem *a = &in->a.GUEST_WRITE;

    if (in->op == OP_GUEST_MOV_CR && has_entries(in)) {
        in->a.GUEST_MOV_CR.value =
            xen_entry(p->env.x, in->a.GUEST_MOV_CR.value);
    } else if (in->op == OP_GUEST_WRITE || in->op == OP_GUEST_RMW) {
        if (has_entries(in)) {
            a->value = xen_entry(p->env.x, a->value);
            a->expect = xen_entry(p->env.x, a->expect);
        } else if (in->op == OP_GUEST_WRITE && a->len < 8 &&
                   (a->gla & 7) + a->len <= 8) {
            a->value = part_of_entry(p, in);
        }
    }
}

static void add_result(struct pv_vcpu *v, uint64_t value)
{
    if (v->nr_results < MAX_RESULTS)
        v->result[v->nr_results++] = value;
}

static void collect(struct puppet_pv *p, struct pv_vcpu *v,
                    const struct puppet_insn *in, enum puppet_result leaves,
                    const struct puppet_pv_regs *regs)
{
    if (in->op == OP_GUEST_READ)
        v->last = regs->rax;
    if (leaves == LEAVES_RAX) {
        add_result(v, has_entries(in) ? xen_entry_back(p->env.x, regs->rax) :
                   regs->rax);
    } else if (leaves == LEAVES_COPY) {
        add_result(v, regs->rdi);
        add_result(v, regs->rsi);
        add_result(v, regs->rcx);
    }
}

/* A store of 16 bytes that are not what the last load returned. */
static bool is_store_16(const struct puppet_insn *in)
{
    return in->op == OP_GUEST_WRITE && in->a.GUEST_WRITE.len == 16 &&
           !in->a.GUEST_WRITE.last;
}

/* The code of IN: -EOPNOTSUPP for what needs more than a few registers. */
static int assemble(const struct pv_vcpu *v, struct puppet_insn *in,
                    struct puppet_code *code, struct puppet_pv_regs *regs)
{
    const struct puppet_machine m = { .last = v->last };
    struct vm_event_regs_x86 r;
    int rc;

    if (is_store_16(in))
        in->a.GUEST_WRITE.last = 1;     /* of xmm0, which is loaded first */
    switch (in->op) {
    case OP_GUEST_STEP:
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
    case OP_GUEST_COPY:
    case OP_GUEST_MOV_CR:
    case OP_GUEST_READ_CR:
        break;
    default:
        return -EOPNOTSUPP;
    }
    memset(&r, 0, sizeof(r));
    rc = puppet_assemble(in, &m, code, &r);
    if (rc || code->end != code->at + code->len)
        return rc ? rc : -EOPNOTSUPP;
    *regs = (struct puppet_pv_regs){
        .rax = r.rax, .rcx = r.rcx, .rdx = r.rdx, .rsi = r.rsi, .rdi = r.rdi,
    };
    return 0;
}

/* VALUE into xmm0, before CODE. */
static void load_16(struct puppet_pv *p, uint32_t n, uint64_t value,
                    struct puppet_code *code, struct puppet_pv_regs *regs)
{
    const uint64_t operand[2] = { value };
    uint64_t gla;
    struct puppet_pv_slot *slot = p->env.slot(p->env.ctx, n, &gla);

    memcpy(slot->argument, operand, sizeof(operand));
    regs->rsi = gla + offsetof(struct puppet_pv_slot, argument);
    memmove(code->bytes + 3, code->bytes, code->len);
    memcpy(code->bytes, LOAD_16, 3);
    code->len += 3;
}

/* vCPU N's next. */
static int perform(struct puppet_pv *p, uint32_t n)
{
    struct pv_vcpu *v = &p->vcpu[n];
    struct puppet_insn in = v->queue[0];
    struct puppet_pv_regs regs;
    struct puppet_code code;
    bool loads, is_16 = is_store_16(&in);
    uint64_t fault, mfn;
    int rc;

    memmove(v->queue, v->queue + 1, --v->count * sizeof(v->queue[0]));
    translate(p, &in);
    rc = assemble(v, &in, &code, &regs);
    if (rc)
        return rc;
    if (is_16)
        load_16(p, n, in.a.GUEST_WRITE.value, &code, &regs);
    loads = in.op == OP_GUEST_MOV_CR && has_entries(&in);
    mfn = regs.rax / PAGE_SIZE;
    if (loads)
        enter_table(p, mfn);
    rc = execute(p, n, code.bytes, code.len, &regs, &fault);
    if (rc)
        return rc;
    if (loads)
        table_entered(p, n, mfn, !fault);
    if (fault && !v->fault)
        v->fault = fault;
    if (!fault)
        collect(p, v, &in, code.leaves, &regs);
    return 0;
}

int puppet_pv_step(struct puppet_pv *p, uint32_t *limit)
{
    for (uint32_t n = 0; n < p->nr; n++) {
        while (p->vcpu[n].count && (!limit || *limit)) {
            int rc = perform(p, n);

            if (rc)
                return rc;
            if (limit)
                --*limit;
        }
    }
    return 0;
}

static int push(struct puppet_pv *p, enum hv_op op, const void *args)
{
    struct pv_vcpu *v = &p->vcpu[((const struct args_guest *)args)->vcpu];
    struct puppet_insn in = { .op = op }, copy;
    struct puppet_pv_regs regs;
    struct puppet_code code;
    int rc;

    if (v->count == MAX_QUEUED)
        return -ENOSPC;
    memcpy(&in.a, args, hv_ops_table[op].size);
    copy = in;
    rc = hv_guest_check(op, args);
    if (!rc)
        rc = assemble(v, &copy, &code, &regs);
    if (!rc)
        v->queue[v->count++] = in;
    return rc;
}

/* ---- operations ---- */

static int result(struct pv_vcpu *v, struct args_guest_result *a)
{
    a->fault = v->fault;
    a->r0 = v->result[0];
    a->r1 = v->result[1];
    a->r2 = v->result[2];
    a->r3 = v->result[3];
    a->greq = 0;
    v->fault = 0;
    v->nr_results = 0;
    memset(v->result, 0, sizeof(v->result));
    return 0;
}

bool puppet_pv_only(enum hv_op op)
{
    return op == OP_GUEST_MMU_UPDATE || op == OP_GUEST_MMUEXT_OP ||
           op == OP_GUEST_VA_MAPPING || op == OP_GUEST_VM_ASSIST ||
           op == OP_GUEST_DECREASE || op == OP_GUEST_FRAME;
}

static int make_hypercall(struct puppet_pv *p, enum hv_op op, void *args)
{
    switch (op) {
    case OP_GUEST_MMU_UPDATE:
        return mmu_update(p, args);
    case OP_GUEST_MMUEXT_OP:
        return mmuext_op(p, args);
    case OP_GUEST_VA_MAPPING:
        return va_mapping(p, args);
    case OP_GUEST_VM_ASSIST:
        return vm_assist(p, args);
    default:
        return decrease(p, args);
    }
}

int puppet_pv_call(struct puppet_pv *p, enum hv_op op, void *args, bool runs)
{
    const struct args_guest *a = args;  /* all begin alike */

    if (op == OP_GUEST_FRAME)
        return -EOPNOTSUPP;     /* Xen tells nobody */
    if (a->vcpu >= p->nr)
        return -EINVAL;
    if (puppet_pv_only(op))
        return runs && !p->vcpu[a->vcpu].count ? make_hypercall(p, op, args) :
               -EAGAIN;
    switch (op) {
    case OP_GUEST_WALK:
        return 0;               /* its tables are what they are */
    case OP_GUEST_LEFT:
        ((struct args_guest_value *)args)->value = p->vcpu[a->vcpu].count;
        return 0;
    case OP_GUEST_RESULT:
        return result(&p->vcpu[a->vcpu], args);
    default:
        return push(p, op, args);
    }
}
