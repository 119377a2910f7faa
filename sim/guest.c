/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs: queueing instructions, and where a vCPU stands in them. */
#include "sim/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_QUEUE       (1u << 20)

int guest_init(struct sim_vcpu *v)
{
    v->guest = calloc(1, sizeof(*v->guest));
    if (!v->guest)
        return -ENOMEM;
    msr_reset(v);
    return 0;
}

static void insn_free(struct insn *in)
{
    if (in->op == OP_GUEST_ALTP2M || in->op == OP_GUEST_HYPERCALL)
        free(in->a.call.arg.p);
}

void guest_free(struct sim_vcpu *v)
{
    struct guest *g = v->guest;

    if (!g)
        return;
    for (uint32_t i = 0; i < g->count; i++)
        insn_free(&g->queue[(g->head + i) % g->room]);
    free(g->queue);
    free(g);
    v->guest = NULL;
}

static int grow(struct guest *g)
{
    uint32_t room = g->room ? 2 * g->room : 16;
    struct insn *queue;

    if (room > MAX_QUEUE)
        return -ENOSPC;
    queue = calloc(room, sizeof(*queue));
    if (!queue)
        return -ENOMEM;
    for (uint32_t i = 0; i < g->count; i++)
        queue[i] = g->queue[(g->head + i) % g->room];
    free(g->queue);
    g->queue = queue;
    g->room = room;
    g->head = 0;
    return 0;
}

static int find_vcpu(struct sim *sim, uint32_t dom, uint32_t vcpu,
                     struct sim_vcpu **v)
{
    struct sim_domain *d = sim_find(sim, dom);

    if (!d)
        return -ESRCH;
    *v = sim_vcpu(d, vcpu);
    return *v ? 0 : -EINVAL;
}

/* Queue operation OP, whose ARGS of SIZE bytes begin with dom and vcpu. */
static int push(struct sim *sim, enum hv_op op, const void *args, size_t size)
{
    const struct args_guest *head = args;
    struct sim_vcpu *v;
    struct guest *g;
    struct insn *in;
    int rc = hv_guest_check(op, args);

    if (!rc)
        rc = find_vcpu(sim, head->dom, head->vcpu, &v);
    if (rc)
        return rc;
    g = v->guest;
    if (g->count == g->room) {
        rc = grow(g);
        if (rc)
            return rc;
    }
    in = &g->queue[(g->head + g->count) % g->room];
    memset(in, 0, sizeof(*in));
    in->op = op;
    memcpy(&in->a, args, size);
    if (v->d->config.type == GUEST_PV)
        pv_by_gla(in);
    in->next = insn_is_memory(in) ? in->a.mem.next :
               op == OP_GUEST_STEP ? in->a.step.next : 0;
    if (op != OP_GUEST_VALUE) {
        in->nr_walks = g->nr_walks;
        memcpy(in->walks, g->walks, sizeof(in->walks));
        g->nr_walks = 0;
    }
    g->count++;
    return 0;
}

#define PUSH(id, type) \
    int sim_op_##id(struct sim *sim, struct type *a) \
    { \
        return push(sim, OP_##id, a, sizeof(*a)); \
    }

PUSH(GUEST_STEP, args_guest)
PUSH(GUEST_REQUEST, args_guest)
PUSH(GUEST_CPUID, args_guest_cpuid)
PUSH(GUEST_MOV_CR, args_guest_reg)
PUSH(GUEST_READ_CR, args_guest_reg)
PUSH(GUEST_XSETBV, args_guest_reg)
PUSH(GUEST_MSR, args_guest_reg)
PUSH(GUEST_IO, args_guest_reg)
PUSH(GUEST_EXIT, args_guest_reg)
PUSH(GUEST_VMFUNC, args_guest_reg)
PUSH(GUEST_DESC, args_guest_desc)
PUSH(GUEST_TRAP, args_guest_trap)
PUSH(GUEST_VALUE, args_guest_value)
PUSH(GUEST_COPY, args_guest_copy)
PUSH(GUEST_FETCH, args_guest_mem)
PUSH(GUEST_READ, args_guest_mem)
PUSH(GUEST_WRITE, args_guest_mem)
PUSH(GUEST_RMW, args_guest_mem)

/* Known from now on, and no instruction: nothing is queued. */
int sim_op_GUEST_CODE(struct sim *sim, struct args_guest_walk *a)
{
    struct sim_vcpu *v;
    struct code_page *page;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    page = &v->code[v->next_code];
    for (unsigned int i = 0; i < NR_CODE_PAGES; i++) {
        if (v->code[i].gla >> PAGE_SHIFT == a->gla >> PAGE_SHIFT)
            page = &v->code[i];
    }
    if (page == &v->code[v->next_code])
        v->next_code = (v->next_code + 1) % NR_CODE_PAGES;
    page->gla = a->gla;
    page->gpa = a->gpa;
    return 0;
}

/* The program's last instruction is the one that a live guest stands at. */
int sim_op_GUEST_OUTCOME(struct sim *sim, struct args_guest_outcome *a)
{
    struct sim_vcpu *v;
    struct guest *g;
    struct insn *in;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    g = v->guest;
    if (!g->count)
        return -ENOENT;
    in = &g->queue[(g->head + g->count - 1) % g->room];
    if (a->next)
        in->next = a->next;
    if (insn_is_memory(in))
        in->a.mem.unknown |= a->unknown;
    return 0;
}

int sim_op_GUEST_WALK(struct sim *sim, struct args_guest_walk *a)
{
    struct sim_vcpu *v;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    if (v->guest->nr_walks == MAX_WALKS)
        return -E2BIG;
    v->guest->walks[v->guest->nr_walks++] = *a;
    return 0;
}

/* A hypercall keeps a copy of its argument. */
static int push_call(struct sim *sim, enum hv_op op,
                     const struct args_guest_call *a)
{
    struct args_guest_call copy = *a;
    int rc;

    if (a->arg.len > sizeof(((struct guest *)0)->buffer))
        return -E2BIG;
    copy.arg.p = malloc(a->arg.len + 1);
    if (!copy.arg.p)
        return -ENOMEM;
    if (a->arg.len)
        memcpy(copy.arg.p, a->arg.p, a->arg.len);
    rc = push(sim, op, &copy, sizeof(copy));
    if (rc)
        free(copy.arg.p);
    return rc;
}

int sim_op_GUEST_HYPERCALL(struct sim *sim, struct args_guest_call *a)
{
    a->arg.len = 0;             /* it has none */
    return push_call(sim, OP_GUEST_HYPERCALL, a);
}

int sim_op_GUEST_ALTP2M(struct sim *sim, struct args_guest_call *a)
{
    return push_call(sim, OP_GUEST_ALTP2M, a);
}

/* The caller cannot change its own. */
int sim_op_DOMAIN_CPUID(struct sim *sim, struct args_cpuid_policy *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    uint32_t i = 0;

    if (!d)
        return a->dom ? -ESRCH : -EINVAL;
    while (i < d->nr_cpuid && (d->cpuid[i].leaf != a->leaf ||
                               d->cpuid[i].subleaf != a->subleaf))
        i++;
    if (i == NR_CPUID)
        return -ENOSPC;
    d->cpuid[i] = *a;
    d->nr_cpuid += i == d->nr_cpuid;
    return 0;
}

int sim_op_GUEST_RESULT(struct sim *sim, struct args_guest_result *a)
{
    struct sim_vcpu *v;
    struct guest *g;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    g = v->guest;
    a->fault = g->fault;
    a->r0 = g->result[0];
    a->r1 = g->result[1];
    a->r2 = g->result[2];
    a->r3 = g->result[3];
    a->greq = g->greq;
    g->fault = 0;
    g->nr_results = 0;
    memset(g->result, 0, sizeof(g->result));
    return 0;
}

int sim_op_GUEST_LEFT(struct sim *sim, struct args_guest_value *a)
{
    struct sim_vcpu *v;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (!rc)
        a->value = v->guest->count;
    return rc;
}

int sim_op_GUEST_BUFFER(struct sim *sim, struct args_guest_buffer *a)
{
    struct sim_vcpu *v;
    int rc = find_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    if (!a->data.len || a->data.len > v->guest->buffer_len)
        a->data.len = v->guest->buffer_len;
    a->data.p = v->guest->buffer;
    return 0;
}

struct insn *guest_head(struct sim_vcpu *v)
{
    struct guest *g = v->guest;

    return g->count ? &g->queue[g->head] : NULL;
}

uint32_t insn_len(const struct insn *in)
{
    switch (in->op) {
    case OP_GUEST_FETCH:
        return in->a.mem.len;
    case OP_GUEST_TRAP:
        return in->a.trap.insn_len;
    case OP_GUEST_DESC:
        return in->a.desc.len ? in->a.desc.len : 3;
    case OP_GUEST_CPUID:
    case OP_GUEST_MSR:
    case OP_GUEST_COPY:
        return 2;
    case OP_GUEST_STEP:
        return 1;
    default:
        return 3;
    }
}

uint64_t insn_next(const struct sim_vcpu *v, const struct insn *in)
{
    uint64_t next = in->op == OP_GUEST_READ_CR ? in->a.reg.value : in->next;

    return next ? next : v->guest->insn_rip + insn_len(in);
}

void guest_add_result(struct sim_vcpu *v, uint64_t value)
{
    struct guest *g = v->guest;

    if (g->nr_results < MAX_RESULTS)
        g->result[g->nr_results++] = value;
}

void guest_retire(struct sim_vcpu *v, uint64_t next)
{
    struct guest *g = v->guest;
    struct insn *in = &g->queue[g->head];

    /* A hypercall's argument is not kept: such an instruction is not gone
     * back to. */
    g->has_done = in->op != OP_GUEST_ALTP2M && in->op != OP_GUEST_HYPERCALL;
    if (g->has_done)
        g->done = *in;
    insn_free(in);
    g->head = (g->head + 1) % g->room;
    g->count--;
    g->started = g->int3 = false;
    v->regs.rip = next;
}

void guest_drop(struct sim_vcpu *v)
{
    struct guest *g = v->guest;

    g->head = (g->head + 1) % g->room;
    g->count--;
}

/* Put the finished instruction back in front of the queue. */
static void unretire(struct guest *g)
{
    if (g->count == g->room && grow(g))
        return;
    g->head = (g->head + g->room - 1) % g->room;
    /* What its register held before the first time is over. */
    if (g->done.op == OP_GUEST_MOV_CR || g->done.op == OP_GUEST_XSETBV ||
        g->done.op == OP_GUEST_MSR)
        g->done.a.reg.has_old = 0;
    g->queue[g->head] = g->done;
    g->count++;
    g->has_done = false;
}

void guest_rip_moved(struct sim_vcpu *v)
{
    struct guest *g = v->guest;
    uint64_t rip = v->regs.rip;

    if (g->started) {
        /* Interrupted in the middle of the head: elsewhere skips it, and
         * the guest goes on with the registers it was given. */
        if (rip != g->insn_rip) {
            guest_add_result(v, v->regs.rax);
            if (g->queue[g->head].op == OP_GUEST_CPUID) {
                guest_add_result(v, v->regs.rbx);
                guest_add_result(v, v->regs.rcx);
                guest_add_result(v, v->regs.rdx);
            }
            guest_retire(v, rip);
        }
    } else if (g->has_done && rip == g->insn_rip) {
        unretire(g);
    }
}

/* vmx_inject_event, svm_inject_event.  What is read back as pending: with VMX
 * the error code of an earlier one where this has none; with SVM all but INT n
 * are hardware exceptions; CR2 is the guest's, which only a page fault sets. */
void guest_inject(struct sim_vcpu *v, const struct pending_trap *trap)
{
    bool amd = v->d->config.vendor == VENDOR_AMD;

    v->entry = *trap;
    v->entry.pending = true;
    if (trap->vector == VECTOR_PF)
        v->regs.cr2 = trap->cr2;
    if (trap->error != NO_ERROR_CODE)
        v->entry_error = trap->error;
    else if (amd)
        v->entry_error = 0;
    if (amd && trap->type != TYPE_SW_INTERRUPT)
        v->entry.type = TYPE_HW_EXCEPTION;
}

void guest_inject_exception(struct sim_vcpu *v, uint8_t vector,
                            uint32_t error)
{
    struct pending_trap trap = {
        .vector = vector, .type = TYPE_HW_EXCEPTION, .error = error,
    };

    guest_inject(v, &trap);
}

void guest_enter(struct sim_vcpu *v)
{
    if (!v->entry.pending)
        return;
    v->entry.pending = false;
    guest_take_trap(v, v->entry.vector,
                    v->entry.error == NO_ERROR_CODE ? 0 : v->entry.error);
}

void guest_take_trap(struct sim_vcpu *v, uint8_t vector, uint32_t error)
{
    struct guest *g = v->guest;
    struct insn *in = guest_head(v);

    if (!g->fault)
        g->fault = 0x80000000u | (uint32_t)vector << 16 | (error & 0xffff);
    if (in && g->started)
        guest_retire(v, g->insn_rip + insn_len(in));
}
