/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor answers: as it should, late, twice, or with nonsense. */
#include "tests/property.h"

#include <string.h>

static bool is_access(const struct vm_event_st *ev)
{
    return ev->reason == VM_EVENT_REASON_MEM_ACCESS;
}

/* Registers that let the program go on: rip stays, and so do those that a
 * copy counts in; rax may point at a page. */
static void any_registers(struct test *t, struct vm_event_st *rsp)
{
    const struct vm_event_regs_x86 *now =
        &t->n.vcpu[rsp->vcpu_id % NAIVE_VCPUS].regs;
    struct vm_event_regs_x86 *r = &rsp->data.regs.x86;

    for (uint32_t i = 0; i < sizeof(*r) / 8; i++)
        ((uint64_t *)r)[i] = draw(t);
    r->rax = any_gfn(t) << 12 | below(t, 4096);
    r->rcx = now->rcx;
    r->rsi = now->rsi;
    r->rdi = now->rdi;
    r->rip = now->rip;
    r->rflags &= ~0x100ull;     /* the programs have no trap flag */
    rsp->flags |= VM_EVENT_FLAG_SET_REGISTERS;
}

static void any_read_data(struct test *t, struct vm_event_st *rsp)
{
    rsp->flags |= VM_EVENT_FLAG_SET_EMUL_READ_DATA;
    rsp->data.emul.read.size = below(t, 24);
    for (uint32_t i = 0; i < 24; i++)
        rsp->data.emul.read.data[i] = below(t, 4);
}

/* What the monitor says to an event. */
static void fill_response(struct test *t, const struct vm_event_st *ev,
                          struct vm_event_st *rsp)
{
    memset(rsp, 0, sizeof(*rsp));
    rsp->version = VM_EVENT_INTERFACE_VERSION;
    rsp->vcpu_id = ev->vcpu_id;
    rsp->reason = ev->reason;
    rsp->flags = ev->flags & VM_EVENT_FLAG_VCPU_PAUSED;
    rsp->u = ev->u;
    if (is_access(ev) && once_in(t, 20))
        rsp->u.mem_access.flags = 0;
    if (once_in(t, 4)) {
        rsp->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
        rsp->altp2m_idx = any_view(t);
    }
    if (once_in(t, 2))
        rsp->flags |= VM_EVENT_FLAG_EMULATE;
    if (once_in(t, 4))
        rsp->flags |= VM_EVENT_FLAG_EMULATE_NOWRITE;
    if (once_in(t, 6))
        rsp->flags |= VM_EVENT_FLAG_SET_EMUL_INSN_DATA;
    if (once_in(t, 4))
        any_read_data(t, rsp);
    else if (once_in(t, 4))
        any_registers(t, rsp);
    if (once_in(t, is_access(ev) ? 12 : 3))
        rsp->flags |= VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
    if (once_in(t, 2))
        rsp->flags |= VM_EVENT_FLAG_DENY;
}

/* The answer to another event than the one that came. */
static void forge_access(struct test *t, struct vm_event_st *rsp)
{
    rsp->reason = VM_EVENT_REASON_MEM_ACCESS;
    rsp->flags |= VM_EVENT_FLAG_EMULATE;
    memset(&rsp->u, 0, sizeof(rsp->u));
    rsp->u.mem_access.gfn = any_gfn(t);
    rsp->u.mem_access.flags = below(t, 8);
}

/* What no monitor should say.  u.mem_access is where fast_singlestep is. */
static void spoil(struct test *t, struct vm_event_st *rsp)
{
    switch (below(t, 4)) {
    case 0:
        rsp->flags &= ~VM_EVENT_FLAG_VCPU_PAUSED;
        break;
    case 1:
        rsp->version = 1 + below(t, 20);
        break;
    case 2:
        rsp->vcpu_id = below(t, 300);
        rsp->flags &= ~VM_EVENT_FLAG_SET_REGISTERS;
        break;
    default:
        rsp->flags &= ~VM_EVENT_FLAG_EMULATE;
        rsp->flags |= VM_EVENT_FLAG_FAST_SINGLESTEP;
        rsp->u.fast_singlestep.p2midx = any_view(t);
    }
}

/* Give the page of an event back, where the vCPU met it. */
static void grant(struct test *t, const struct vm_event_st *ev)
{
    struct args_access a = {
        .dom = DOM, .gfn = ev->u.mem_access.gfn, .nr = 1,
        .access = once_in(t, 4) ? any_access(t) : XENMEM_access_rwx,
        .view = ev->altp2m_idx,
    };

    if (a.view)
        same(t, "granting", call(t, OP_ALTP2M_SET_ACCESS, &a),
             naive_view_set(&t->n, a.view, a.gfn, a.access));
    else
        same(t, "granting", call(t, OP_ACCESS_SET, &a),
             naive_access_set(&t->n, a.gfn, 1, a.access));
}

static void notify(struct test *t)
{
    struct args_port port = { .dom = DOM, .port = t->port };
    struct args_dom dom = { .dom = DOM };

    if (once_in(t, 4))
        must(t, call(t, OP_MONITOR_RESUME, &dom));
    else
        must(t, call(t, OP_EVTCHN_NOTIFY, &port));
    for (uint32_t i = 0; i < t->nr_answers; i++)
        naive_respond(&t->n, &t->answer[i]);
    t->nr_answers = 0;
}

/* What is asked for of a vCPU whose next resume does nothing is done to some
 * later instruction: to which the naive model does not know. */
static void respond(struct test *t, struct vm_event_st *rsp)
{
    if (t->n.vcpu[rsp->vcpu_id % NAIVE_VCPUS].map_lost)
        rsp->flags &= ~(VM_EVENT_FLAG_EMULATE | VM_EVENT_FLAG_SET_REGISTERS);
    ring_put(&t->ring, hv_ring(t->hv, DOM), rsp);
    keep_event(t, OP_RESPOND, rsp);
    t->answer[t->nr_answers++] = *rsp;
    if (t->nr_answers == NAIVE_SLOTS || once_in(t, 4))
        notify(t);
}

/* More responses than requests have come, or will have. */
static int32_t surplus(const struct test *t)
{
    return (int32_t)(t->ring.rsp_prod + t->nr_todo - t->ring.req_cons);
}

/* An event is forgotten when it is answered, but for some that are answered
 * again; one that paused nobody may make up for that. */
static void answer(struct test *t, uint32_t i)
{
    struct vm_event_st rsp, ev = t->todo[i];
    bool forget = surplus(t) > 2 || !once_in(t, 20);

    if (forget)
        memmove(&t->todo[i], &t->todo[i + 1],
                (--t->nr_todo - i) * sizeof(*t->todo));
    if (surplus(t) >= 0 && !(ev.flags & VM_EVENT_FLAG_VCPU_PAUSED) &&
        once_in(t, 2))
        return;
    if (is_access(&ev) && once_in(t, 3))
        grant(t, &ev);
    fill_response(t, &ev, &rsp);
    if (!forget && once_in(t, 2))
        spoil(t, &rsp);
    else if (once_in(t, is_access(&ev) ? 100 : 6))
        forge_access(t, &rsp);
    respond(t, &rsp);
}

/* A vCPU whose event is lost is freed by a response out of nothing. */
static void rescue(struct test *t)
{
    struct vm_event_st rsp = {
        .version = VM_EVENT_INTERFACE_VERSION,
        .flags = VM_EVENT_FLAG_VCPU_PAUSED,
    };

    for (uint32_t id = 0; id < t->n.vcpus; id++) {
        bool known = false;

        for (uint32_t i = 0; i < t->nr_todo; i++)
            known |= t->todo[i].vcpu_id == id;
        rsp.vcpu_id = id;
        if (t->n.vcpu[id].paused && !known && once_in(t, 4))
            respond(t, &rsp);
    }
}

void answer_all(struct test *t, bool lazy)
{
    for (uint32_t i = t->nr_todo; i-- > 0;) {
        if (i >= t->nr_todo || (lazy && !once_in(t, t->storm ? 6 : 2)))
            continue;
        answer(t, i);
    }
    if (!t->nr_todo || once_in(t, 10))
        rescue(t);
    if (t->nr_answers)
        notify(t);
}

void do_answer(struct test *t)
{
    if (t->n.ring)
        answer_all(t, t->storm);
    go(t);
}

/* The listener goes, or comes back. */
void do_ring(struct test *t)
{
    struct args_dom dom = { .dom = DOM };

    if (!t->n.ring && !once_in(t, 4) && may_unmap(t)) {
        enable_ring(t);
        return;
    }
    if (t->n.ring && once_in(t, 2))
        answer_all(t, false);
    same(t, "disable", call(t, OP_MONITOR_DISABLE, &dom),
         naive_ring_off(&t->n));
}
