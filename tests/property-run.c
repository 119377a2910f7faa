/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests run. */
#include "tests/property.h"

#include <inttypes.h>
#include <string.h>

#include "harness/field.h"

#define GLA             0x7f0000000000ull

static uint64_t any_gpa(struct test *t, uint32_t len, bool stable)
{
    uint32_t gfns = stable ? STABLE : NAIVE_GFNS;
    uint64_t gfn = NAIVE_BASE + below(t, gfns);
    uint32_t offset = once_in(t, 4) ? below(t, 4097 - len) : below(t, 4) * 64;

    return gfn << 12 | offset;
}

/* A page-crossing access may go on anywhere; locked ones stay in RAM. */
static void cross(struct test *t, struct args_guest_mem *a, bool stable)
{
    uint32_t first = 1 + below(t, a->len - 1);

    a->gpa = (a->gpa | 0xfff) + 1 - first;
    a->gpa2 = any_gpa(t, 1, stable) & ~0xfffull;
    if (once_in(t, 2) && a->gpa >> 12 != NAIVE_BASE + NAIVE_GFNS - 1 &&
        a->gpa >> 12 != NAIVE_BASE + STABLE - 1)
        a->gpa2 = 0;
}

static void any_mem(struct test *t, struct naive_insn *in)
{
    static const uint32_t lens[] = { 1, 1, 2, 4, 8, 8 };
    struct args_guest_mem *a = &in->a.mem;
    bool stable = in->op == OP_GUEST_RMW || in->op == OP_GUEST_FETCH;

    a->len = lens[below(t, 6)];
    if (in->op == OP_GUEST_READ && once_in(t, 4))
        a->len = 1 + below(t, 64);
    a->value = below(t, 4);
    if (in->op == OP_GUEST_FETCH) {
        a->len = 5 + below(t, 11);
        a->imm = below(t, a->len - 3);
    } else if (in->op == OP_GUEST_RMW) {
        a->rmw = below(t, 3);
        a->expect = below(t, 4);
    } else if (in->op == OP_GUEST_WRITE) {
        a->last = once_in(t, 4);
        a->value = once_in(t, 8) ? 0xcc : draw(t);      /* INT3 */
        if (a->last)
            a->len = 1 + below(t, 64);
    }
    a->gpa = any_gpa(t, a->len, stable);
    if (a->len > 1 && once_in(t, 12))
        cross(t, a, stable);
    a->gla = a->gpa + GLA;
}

static void any_copy(struct test *t, struct args_guest_copy *a)
{
    a->count = 1 + below(t, once_in(t, 8) ? 6000 : 16);
    a->src_gpa = (NAIVE_BASE << 12) +
                 below(t, (STABLE << 12) - (uint32_t)a->count + 1);
    a->dst_gpa = (NAIVE_BASE << 12) +
                 below(t, (STABLE << 12) - (uint32_t)a->count + 1);
    if (once_in(t, 4) && a->src_gpa + 4 + a->count <
                         (NAIVE_BASE + STABLE) << 12)
        a->dst_gpa = a->src_gpa + below(t, 4);
    a->src_gla = a->src_gpa + GLA;
    a->dst_gla = a->dst_gpa + GLA;
}

/* An instruction for VCPU, queued in both. */
static void queue(struct test *t, struct naive_vcpu *v)
{
    static const enum hv_op ops[] = {
        OP_GUEST_READ, OP_GUEST_READ, OP_GUEST_WRITE, OP_GUEST_WRITE,
        OP_GUEST_RMW, OP_GUEST_FETCH, OP_GUEST_COPY, OP_GUEST_STEP,
        OP_GUEST_MOV_CR,
    };
    struct naive_insn *in = &v->queue[v->count];

    memset(in, 0, sizeof(*in));
    in->op = ops[below(t, sizeof(ops) / sizeof(*ops))];
    in->nr_walks = once_in(t, 5) ? 1 + below(t, NAIVE_WALKS) : 0;
    for (uint32_t i = 0; i < in->nr_walks; i++) {
        struct args_guest_walk *w = &in->walk[i];

        *w = (struct args_guest_walk) {
            .dom = DOM, .vcpu = v->id, .gla = GLA + 8 * below(t, 512),
            .gpa = any_gpa(t, 8, true), .write = once_in(t, 3),
        };
        must(t, call(t, OP_GUEST_WALK, w));
    }
    if (in->op == OP_GUEST_COPY) {
        any_copy(t, &in->a.copy);
    } else if (in->op == OP_GUEST_MOV_CR) {
        in->a.reg.index = 3;
        in->a.reg.value = below(t, 4) << 12 | below(t, 2);
    } else if (in->op != OP_GUEST_STEP) {
        any_mem(t, in);
    }
    in->a.step.dom = DOM;
    in->a.step.vcpu = v->id;
    in->a.step.rip = 0x1000 + 16 * (t->step % 65536);
    must(t, call(t, in->op, &in->a));
    v->count++;
}

static void same_event(struct test *t, const struct vm_event_st *sim,
                       const struct vm_event_st *naive)
{
    const struct hv_field *f = hv_ops_table[OP_EVENT].fields;
    struct args_event a = { .dom = DOM }, b = a;

    if (!memcmp(sim, naive, sizeof(*sim)))
        return;
    a.ev = *sim;
    b.ev = *naive;
    while (f->name && hv_field_equal(f, &a, &b))
        f++;
    keep(t, OP_EVENT, &b, 0);
    differ(t, "the event's %s is not that of the naive model's event, "
           "shown last", f->name ? f->name : "padding");
}

static void remember(struct test *t, const struct vm_event_st *ev)
{
    if (t->nr_todo == TODO)
        memmove(t->todo, t->todo + 1, --t->nr_todo * sizeof(*t->todo));
    t->todo[t->nr_todo++] = *ev;
}

static void take_events(struct test *t)
{
    void *page = hv_ring(t->hv, DOM);
    struct args_event ev = { .dom = DOM };

    if (!t->n.ring)
        return;
    while (ring_has_request(&t->ring, page) &&
           t->ring.req_cons != t->n.req_prod) {
        const struct vm_event_st *naive =
            &t->n.slot[t->ring.req_cons % NAIVE_SLOTS];

        ring_take(&t->ring, page, &ev);
        keep(t, OP_EVENT, &ev, 0);
        same_event(t, &ev.ev, naive);
        remember(t, &ev.ev);
    }
    if (t->ring.req_cons != t->n.req_prod)
        keep_event(t, OP_EVENT, &t->n.slot[t->ring.req_cons % NAIVE_SLOTS]);
    same(t, "number of events",
         ((struct vm_event_sring *)page)->req_prod, t->n.req_prod);
}

static void same_results(struct test *t, struct naive_vcpu *v)
{
    struct args_guest_result r = { .dom = DOM, .vcpu = v->id };

    must(t, hv_call(t->hv, OP_GUEST_RESULT, &r));
    if (r.fault != v->fault || r.r0 != v->result[0] || r.r1 != v->result[1] ||
        r.r2 != v->result[2] || r.r3 != v->result[3]) {
        keep(t, OP_GUEST_RESULT, &r, 0);
        memcpy(&r.r0, v->result, sizeof(v->result));
        differ(t, "results of vCPU %u: the naive model has fault 0x%" PRIx64
               ", 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
               v->id, v->fault, r.r0, r.r1, r.r2, r.r3);
    }
    v->fault = 0;
    memset(v->result, 0, sizeof(v->result));
    v->nr_results = 0;
}

void go(struct test *t)
{
    struct args_domain_info info = { .dom = DOM };
    struct args_u64 wait = { .dom = DOM };

    must(t, call(t, OP_CLIENT_WAIT, &wait));
    naive_run(&t->n);
    take_events(t);
    for (uint32_t i = 0; i < t->n.vcpus; i++)
        same_results(t, &t->n.vcpu[i]);
    must(t, hv_call(t->hv, OP_DOMAIN_INFO, &info));
    same(t, "crashed", info.crashed, t->n.crashed);
    if (t->n.crashed)
        recreate(t);
}

/* Now and then all vCPUs have something to do: only then the ring fills. */
void do_program(struct test *t)
{
    uint32_t first = below(t, t->n.vcpus), many = 1;

    if (t->n.ring && once_in(t, t->storm ? 4 : 2))
        answer_all(t, true);
    if (once_in(t, t->storm ? 2 : 4))
        many = t->n.vcpus;
    for (uint32_t i = 0; i < many; i++) {
        struct naive_vcpu *v = &t->n.vcpu[(first + i) % t->n.vcpus];

        for (uint32_t n = 1 + below(t, 3); n && v->count < NAIVE_QUEUE; n--)
            queue(t, v);
    }
    if (!once_in(t, 8))
        go(t);
}
