/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of one vCPU whose client answers event by event. */
#ifndef XENREEL_GUEST_ENV_H
#define XENREEL_GUEST_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/guest.h"

#define DOM     1u
#define D1      0x125u          /* data pages, in a 2 MiB mapping */
#define D2      0x126u
#define D3      0x127u
#define L1      0x11fu          /* a page of the guest's page tables */
#define PAUSED_FLAG     VM_EVENT_FLAG_VCPU_PAUSED
#define R       MEM_ACCESS_R
#define W       MEM_ACCESS_W
#define X       MEM_ACCESS_X
#define DATA    (MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA)
#define WALK    (MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_IN_GPT)

struct env {
    struct hv *hv;
    struct sim_domain *d;
    struct sim_vcpu *v;
    vm_event_sring_t *sring;    /* NULL without a ring */
    uint32_t seen;              /* requests the client has taken */
};

static inline struct env start(bool ring)
{
    struct env e = { .hv = sim_open(NULL) };
    struct args_port port = { .dom = DOM };
    struct args_create c;

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, 16, 1);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    e.d = sim_find((struct sim *)e.hv, DOM);
    assert_non_null(e.d);
    e.v = e.d->vcpus;
    e.v->regs.rip = 0x104000;
    e.d->pause_count = 0;
    if (!ring)
        return e;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), 0);
    e.sring = hv_ring(e.hv, DOM);
    assert_non_null(e.sring);
    return e;
}

static inline void set(struct env *e, uint32_t access, uint64_t gfn)
{
    struct args_access a = {
        .dom = DOM, .access = access, .gfn = gfn, .nr = 1,
    };

    assert_int_equal(hv_call(e->hv, OP_ACCESS_SET, &a), 0);
}

static inline uint32_t access_of(struct env *e, uint64_t gfn)
{
    struct p2m_entry entry;

    p2m_get(vcpu_p2m(e->v), gfn, &entry);
    return entry.access;
}

static inline void toggle(struct env *e, enum hv_op op, uint32_t on,
                          uint32_t sync)
{
    struct args_enable_sync a = { .dom = DOM, .enable = on, .sync = sync };

    assert_int_equal(hv_call(e->hv, op, &a), 0);
}

static inline void poke(struct env *e, uint64_t gpa, uint64_t value)
{
    struct args_memory a = {
        .dom = DOM, .gfn = gpa >> 12, .offset = gpa & 0xfff,
        .data = { &value, 8, 0 },
    };

    assert_int_equal(hv_call(e->hv, OP_MEMORY_WRITE, &a), 0);
}

static inline uint64_t peek(struct env *e, uint64_t gpa)
{
    uint64_t value;
    struct args_memory a = {
        .dom = DOM, .gfn = gpa >> 12, .offset = gpa & 0xfff,
        .data = { &value, 8, 0 },
    };

    assert_int_equal(hv_call(e->hv, OP_MEMORY_READ, &a), 0);
    return value;
}

/* ---- what the guest does ---- */

static inline void push(struct env *e, enum hv_op op,
                        struct args_guest_mem a)
{
    a.dom = DOM;
    if (!a.gla)
        a.gla = a.gpa;
    assert_int_equal(hv_call(e->hv, op, &a), 0);
}

static inline void push_walk(struct env *e, uint64_t gla, uint64_t gpa,
                             bool write)
{
    struct args_guest_walk a = {
        .dom = DOM, .gla = gla, .gpa = gpa, .write = write,
    };

    assert_int_equal(hv_call(e->hv, OP_GUEST_WALK, &a), 0);
}

static inline void push_copy(struct env *e, uint64_t dst, uint64_t src,
                             uint64_t count)
{
    struct args_guest_copy a = {
        .dom = DOM, .dst_gla = dst, .dst_gpa = dst, .src_gla = src,
        .src_gpa = src, .count = count,
    };

    assert_int_equal(hv_call(e->hv, OP_GUEST_COPY, &a), 0);
}

static inline struct args_guest_result result(struct env *e)
{
    struct args_guest_result a = { .dom = DOM };

    assert_int_equal(hv_call(e->hv, OP_GUEST_RESULT, &a), 0);
    return a;
}

/* ---- the client ---- */

/* The guest runs: how many events came. */
static inline uint32_t run(struct env *e)
{
    uint32_t before = e->sring ? e->sring->req_prod : 0;

    hv_wait(e->hv, DOM);
    return e->sring ? e->sring->req_prod - before : 0;
}

static inline struct vm_event_st *event(struct env *e)
{
    return &e->sring->ring[(e->sring->req_prod - 1) & 7].req;
}

/* The last event is answered, u copied, and the guest may run. */
static inline void answer(struct env *e, uint32_t flags)
{
    struct vm_event_st *rsp =
        &e->sring->ring[e->sring->rsp_prod & 7].rsp, req = *event(e);
    struct args_dom a = { .dom = DOM };

    *rsp = req;
    rsp->flags = flags | (req.flags & PAUSED_FLAG);
    e->sring->rsp_prod++;
    assert_int_equal(hv_call(e->hv, OP_MONITOR_RESUME, &a), 0);
}

/* The guest runs into one MEM_ACCESS event, which says this. */
static inline void assert_fault(struct env *e, uint64_t gpa, uint64_t gla,
                                uint32_t flags)
{
    const struct vm_event_mem_access *m;

    assert_int_equal(run(e), 1);
    assert_int_equal(event(e)->reason, VM_EVENT_REASON_MEM_ACCESS);
    m = &event(e)->u.mem_access;
    assert_int_equal(m->gfn, gpa >> 12);
    assert_int_equal(m->offset, gpa & 0xfff);
    assert_int_equal(m->gla, gla);
    assert_int_equal(m->flags, flags);
}

/* It ran to its end, without an event. */
static inline void assert_through(struct env *e)
{
    assert_int_equal(run(e), 0);
    assert_int_equal(e->v->guest->count, 0);
}

#endif
