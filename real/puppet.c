/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of the puppet's vCPUs: one instruction after the other. */
#include "real/puppet_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/hvm_op.h>

#define ERROR_FETCH     0x10u   /* of a #PF's error code */
#define INTERRUPTS      0x200u  /* a HLT without them is for ever */
#define FLAGS           (2u | INTERRUPTS)

int puppet_attach(const struct puppet_env *env, struct puppet **puppet)
{
    struct puppet *p = calloc(1, sizeof(*p));
    int rc;

    if (!p)
        return -ENOMEM;
    p->env = *env;
    rc = env->map(env->ctx, PUPPET_BASE / PAGE_SIZE, &p->own);
    if (rc) {
        free(p);
        return rc;
    }
    if (__atomic_load_n(&puppet_page(p)->magic, __ATOMIC_ACQUIRE) !=
        PUPPET_MAGIC) {
        puppet_detach(p);
        return -EAGAIN;
    }
    p->nr_vcpus = puppet_page(p)->vcpus;
    if (p->nr_vcpus > PUPPET_VCPUS)
        p->nr_vcpus = PUPPET_VCPUS;
    *puppet = p;
    return 0;
}

void puppet_detach(struct puppet *p)
{
    if (!p)
        return;
    for (uint32_t i = 0; i < PUPPET_VCPUS; i++)
        free(p->vcpu[i].queue);
    puppet_map_free(p);
    p->env.unmap(p->env.ctx, &p->own);
    free(p);
}

uint32_t puppet_vcpus(const struct puppet *p)
{
    return p->nr_vcpus;
}

static void pop(struct puppet_vcpu *v)
{
    v->head++;
    v->count--;
}

/* ---- an instruction's end ---- */

static void add_result(struct puppet_vcpu *v, uint64_t value)
{
    if (v->nr_results < MAX_RESULTS)
        v->result[v->nr_results++] = value;
}

static void add_registers(struct puppet_vcpu *v, uint64_t r0, uint64_t r1,
                          uint64_t r2, uint64_t r3)
{
    add_result(v, r0);
    add_result(v, r1);
    add_result(v, r2);
    add_result(v, r3);
}

static void collect(struct puppet *p, uint32_t n,
                    const struct vm_event_regs_x86 *r)
{
    struct puppet_vcpu *v = &p->vcpu[n];

    if (v->queue[v->head].op == OP_GUEST_READ)
        v->last = r->rax;       /* or in xmm0: puppet_queue.c */
    switch (v->code.leaves) {
    case LEAVES_RAX:
        add_result(v, r->rax);
        break;
    case LEAVES_CPUID:
        add_registers(v, r->rax, r->rbx, r->rcx, r->rdx);
        break;
    case LEAVES_MSR:
        add_result(v, (uint32_t)r->rax | r->rdx << 32);
        break;
    case LEAVES_COPY:
        add_result(v, r->rdi);
        add_result(v, r->rsi);
        add_result(v, r->rcx);
        break;
    case LEAVES_REQUEST:
        v->greq = r->rax;
        break;
    case LEAVES_CALL:
        add_result(v, r->rax);
        v->buffer_len = sizeof(struct xen_hvm_altp2m_op);
        puppet_read(p, puppet_machine(p, n).scratch, v->buffer, v->buffer_len);
        break;
    default:
        break;
    }
}

/* Somebody sent the vCPU to RIP: the instruction is skipped, with the
 * registers it was given. */
static void skip(struct puppet *p, uint32_t n,
                 const struct vm_event_regs_x86 *r, uint64_t rip)
{
    struct puppet_vcpu *v = &p->vcpu[n];

    v->rip = rip;
    if (v->code.leaves == LEAVES_CPUID)
        collect(p, n, r);
    else
        add_result(v, r->rax);
}

/* Where there is no instruction, since a client sent the vCPU there. */
static bool is_elsewhere(const struct puppet_fault *f,
                         const struct puppet_code *code)
{
    return f->rip - code->at >= code->len &&
           (f->vector == VECTOR_UD ||
            (f->vector == VECTOR_PF && f->error & ERROR_FETCH));
}

/* The HLT behind it was taken away: puppet_answered. */
static bool is_end(const struct puppet_fault *f,
                   const struct puppet_code *code)
{
    return f->vector == VECTOR_UD && f->rip == code->end;
}

static void take_fault(struct puppet *p, uint32_t n,
                       const struct vm_event_regs_x86 *r)
{
    const struct puppet_fault *f = &puppet_page(p)->fault[n];
    struct puppet_vcpu *v = &p->vcpu[n];

    if (v->active && !v->skipped && is_elsewhere(f, &v->code)) {
        skip(p, n, r, f->rip);
        return;
    }
    if (v->active && !v->skipped)
        v->rip = v->code.fault_rip;
    if (!v->fault)
        v->fault = 0x80000000u | (f->vector & 0xff) << 16 |
                   (f->error & 0xffff);
}

static bool has_faulted(const struct puppet *p, uint32_t n)
{
    return puppet_page(p)->fault[n].count != p->vcpu[n].faults;
}

/* vCPU N is in a HLT: at the instruction's end, or an exception's handler. */
static void finish(struct puppet *p, uint32_t n,
                   const struct vm_event_regs_x86 *r)
{
    const struct puppet_fault *f = &puppet_page(p)->fault[n];
    struct puppet_vcpu *v = &p->vcpu[n];

    v->halted = r->rip;
    if (v->skipped)
        skip(p, n, r, v->code.end);
    if (has_faulted(p, n) && !is_end(f, &v->code)) {
        take_fault(p, n, r);
    } else if (!v->skipped) {
        v->rip = v->code.next ? v->code.next : v->code.end;
        collect(p, n, r);
    }
    v->faults = f->count;
    v->active = v->skipped = false;
    pop(v);
}

/* ---- and its beginning ---- */

static int go(struct puppet *p, uint32_t n,
              const struct vm_event_regs_x86 *regs)
{
    struct puppet_vcpu *v = &p->vcpu[n];
    int rc = p->env.set(p->env.ctx, n, regs);

    return rc ? rc : p->env.wake(p->env.ctx, n, puppet_page(p)->lapic ?
                                 PUPPET_VECTOR + v->wakes++ : 0);
}

/* The instruction is in place. */
static int launch(struct puppet *p, uint32_t n)
{
    return go(p, n, &p->vcpu[n].regs);
}

/* First let it forget its translations, and all that woke it up; it is at
 * .flush till then. */
static int flush(struct puppet *p, uint32_t n)
{
    struct vm_event_regs_x86 regs = p->vcpu[n].regs;

    p->vcpu[n].stale = false;
    p->vcpu[n].flushing = true;
    regs.rip = puppet_page(p)->flush;
    regs.rsp = puppet_machine(p, n).stack;
    regs.rflags = FLAGS;
    return go(p, n, &regs);
}

/* Begin the queue's first; R is what vCPU N has. */
static int start(struct puppet *p, uint32_t n,
                 const struct vm_event_regs_x86 *r)
{
    struct puppet_vcpu *v = &p->vcpu[n];
    const struct puppet_insn *in = &v->queue[v->head];
    struct puppet_machine m;
    int rc;

    if (v->halted && r->rip != v->halted)
        v->rip = r->rip;        /* the client has set it */
    v->regs = *r;
    v->regs.rflags = FLAGS;
    m = puppet_machine(p, n);
    rc = puppet_prepare(p, in, &m);
    if (!rc)
        rc = puppet_assemble(in, &m, &v->code, &v->regs);
    if (!rc)
        rc = puppet_write_code(p, &v->code);
    if (!rc && v->regs.rsp != m.stack)          /* where a RET goes */
        rc = puppet_write(p, v->regs.rsp, &v->code.end, 8);
    if (rc)
        return rc;
    /* An exception that is injected for a monitor must find the pages that it
     * needs in the vCPU's view: .flush has been there. */
    return v->stale || in->op == OP_GUEST_TRAP ||
           v->wakes >= PUPPET_WAKES - 1 ? flush(p, n) : launch(p, n);
}

/* How far vCPU N is: *R and *halted, and a finished instruction is off the
 * queue. */
static int look(struct puppet *p, uint32_t n, struct vm_event_regs_x86 *r,
                bool *halted)
{
    struct puppet_vcpu *v = &p->vcpu[n];
    int rc;

    memset(r, 0, sizeof(*r));
    rc = p->env.get(p->env.ctx, n, r, halted);
    if (rc || !*halted || v->flushing)
        return rc;
    if (v->active) {
        finish(p, n, r);
    } else if (has_faulted(p, n)) {     /* a trap from outside */
        take_fault(p, n, r);
        v->faults = puppet_page(p)->fault[n].count;
        v->halted = r->rip;
    }
    return 0;
}

/* 1 when vCPU N is at an instruction. */
static int step(struct puppet *p, uint32_t n, uint32_t *limit)
{
    struct puppet_vcpu *v = &p->vcpu[n];
    struct vm_event_regs_x86 regs;
    bool halted;
    int rc;

    if (!v->active && !v->count)
        return 0;
    rc = look(p, n, &regs, &halted);
    if (rc || !halted)
        return rc ? rc : 1;
    if (v->flushing) {
        v->flushing = false;
        v->wakes = 0;
        rc = launch(p, n);
    } else {
        while (v->count && v->queue[v->head].op == OP_GUEST_VALUE) {
            add_result(v, v->queue[v->head].a.GUEST_VALUE.value);
            pop(v);
        }
        if (!v->count || (limit && !*limit))
            return 0;
        if (limit)
            --*limit;
        rc = start(p, n, &regs);
    }
    v->active = !rc;
    if (rc)
        pop(v);
    return rc ? rc : 1;
}

int puppet_step(struct puppet *p, uint32_t waiting, uint32_t *limit)
{
    int busy = 0;

    for (uint32_t n = 0; n < p->nr_vcpus; n++) {
        int rc = waiting >> n & 1 ? 0 : step(p, n, limit);

        if (rc < 0)
            return rc;
        busy += rc;
    }
    return busy;
}

/* Xen sets the registers only when the vCPU goes on (hvm/vm_event.c:
 * hvm_vm_event_set_registers), so they are not to be seen yet.  Where they
 * are those of one that would halt without interrupts, which Xen takes down,
 * it has to raise an exception instead. */
int puppet_answered(struct puppet *p, const struct vm_event_st *rsp)
{
    const struct vm_event_regs_x86 *to = &rsp->data.regs.x86;
    struct vm_event_regs_x86 now;
    struct puppet_vcpu *v;
    bool halted;
    int rc;

    if (rsp->vcpu_id >= p->nr_vcpus ||
        !(rsp->flags & VM_EVENT_FLAG_SET_REGISTERS))
        return 0;
    v = &p->vcpu[rsp->vcpu_id];
    if (!v->active || v->flushing)
        return 0;
    rc = p->env.get(p->env.ctx, rsp->vcpu_id, &now, &halted);
    if (rc || halted)
        return rc;
    v->skipped = now.rip != v->code.end && to->rip == v->code.end;
    return to->rflags & INTERRUPTS ? 0 : puppet_open_end(p, &v->code);
}

/* ---- operations ---- */

static int left(struct puppet *p, struct args_guest_value *a)
{
    struct puppet_vcpu *v = &p->vcpu[a->vcpu];
    struct vm_event_regs_x86 regs;
    bool halted;
    int rc = look(p, a->vcpu, &regs, &halted);

    a->value = v->count;
    /* ... behind it, in an event of its end */
    if (!rc && v->active && !v->flushing && regs.rip == v->code.end)
        a->value--;
    return rc;
}

static int result(struct puppet *p, struct args_guest_result *a)
{
    struct puppet_vcpu *v = &p->vcpu[a->vcpu];
    struct vm_event_regs_x86 regs;
    bool halted;
    int rc = look(p, a->vcpu, &regs, &halted);

    if (rc)
        return rc;
    a->fault = v->fault;
    a->r0 = v->result[0];
    a->r1 = v->result[1];
    a->r2 = v->result[2];
    a->r3 = v->result[3];
    a->greq = v->greq;
    v->fault = 0;
    v->nr_results = 0;
    memset(v->result, 0, sizeof(v->result));
    return 0;
}

static int buffer(struct puppet *p, struct args_guest_buffer *a)
{
    struct puppet_vcpu *v = &p->vcpu[a->vcpu];

    if (!a->data.len || a->data.len > v->buffer_len)
        a->data.len = v->buffer_len;
    a->data.p = v->buffer;
    return 0;
}

static int add_walk(struct puppet_vcpu *v, const struct args_guest_walk *w)
{
    if (v->nr_walks == MAX_WALKS)
        return -E2BIG;
    v->walks[v->nr_walks++] = *w;
    return 0;
}

int puppet_call(struct puppet *p, enum hv_op op, void *args)
{
    const struct args_guest_walk *w = args;     /* all begin alike */

    if (w->vcpu >= p->nr_vcpus)
        return -EINVAL;
    switch (op) {
    case OP_GUEST_LEFT:
        return left(p, args);
    case OP_GUEST_RESULT:
        return result(p, args);
    case OP_GUEST_BUFFER:
        return buffer(p, args);
    case OP_GUEST_WALK:
        return add_walk(&p->vcpu[w->vcpu], w);
    case OP_GUEST_CODE:
        return puppet_map(p, w->gla, w->gpa);
    default:
        return puppet_push(p, op, args);
    }
}
