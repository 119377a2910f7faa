/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with a monitor, for tests of what one instruction or response does:
 * queue an instruction, run, take the event, answer it. */
#ifndef XENREEL_TESTS_MONITORED_GUEST_H
#define XENREEL_TESTS_MONITORED_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/guest.h"

#define DOM             1u
#define RIP             0x100000ull
#define ARRAY(a)        (sizeof(a) / sizeof(*(a)))
#define FLAG(name)      VM_EVENT_FLAG_##name

struct env {
    struct hv *hv;
    struct sim_domain *d;
    struct sim_vcpu *v;         /* vCPU 0 */
    vm_event_sring_t *sring;
    uint32_t req_cons;
    struct vm_event_st last;    /* the event taken last */
};

static inline struct env env_start_seeded(uint32_t vendor, uint32_t vcpus,
                                          uint64_t seed)
{
    const struct sim_config config = { .seed = seed };
    struct env e = { .hv = sim_open(&config) };
    struct args_port port = { .dom = DOM };
    struct args_create c;

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, 16, vcpus);
    c.vendor = vendor;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    e.d = sim_find((struct sim *)e.hv, DOM);
    assert_non_null(e.d);
    e.v = e.d->vcpus;
    e.d->pause_count = 0;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), 0);
    e.sring = hv_ring(e.hv, DOM);
    assert_non_null(e.sring);
    return e;
}

static inline struct env env_start(uint32_t vendor, uint32_t vcpus)
{
    return env_start_seeded(vendor, vcpus, 0);
}

/* The next event is there, or (REASON 0) there is none. */
static inline void env_expect(struct env *e, uint32_t reason)
{
    if (!reason) {
        assert_int_equal(e->sring->req_prod, e->req_cons);
        return;
    }
    assert_int_not_equal(e->sring->req_prod, e->req_cons);
    e->last = e->sring->ring[e->req_cons++ & (NR_SLOTS - 1)].req;
    assert_int_equal(e->last.reason, reason);
}

static inline void env_run(struct env *e, uint32_t reason)
{
    assert_true(hv_wait(e->hv, DOM) >= 0);
    env_expect(e, reason);
}

/* Put RSP on the ring and have it consumed. */
static inline void env_send(struct env *e, const struct vm_event_st *rsp)
{
    struct args_dom a = { .dom = DOM };

    e->sring->ring[e->sring->rsp_prod++ & (NR_SLOTS - 1)].rsp = *rsp;
    assert_int_equal(hv_call(e->hv, OP_MONITOR_RESUME, &a), 0);
}

/* The last event comes back with FLAGS. */
static inline void env_answer(struct env *e, uint32_t flags)
{
    struct vm_event_st rsp = e->last;

    rsp.flags = flags;
    env_send(e, &rsp);
}

/* The guest's instruction: "ins(e, CPUID, cpuid, .leaf = 1)". */
#define ins(e, OPNAME, type, ...) do { \
        struct args_guest_##type a_ = { .dom = DOM, __VA_ARGS__ }; \
        assert_int_equal(hv_call((e)->hv, OP_GUEST_##OPNAME, &a_), 0); \
    } while (0)

/* A call whose arguments are struct args_TYPE. */
#define call(e, OPNAME, type, ...) __extension__ ({ \
        struct args_##type a_ = { .dom = DOM, __VA_ARGS__ }; \
        hv_call((e)->hv, OP_##OPNAME, &a_); \
    })

/* The exception that the guest took since it was asked last: 0x80VVEEEE. */
static inline uint64_t env_fault(struct env *e)
{
    struct args_guest_result a = { .dom = DOM };

    assert_int_equal(hv_call(e->hv, OP_GUEST_RESULT, &a), 0);
    return a.fault;
}

static inline void env_monitor_cr(struct env *e, uint32_t index)
{
    assert_int_equal(call(e, MONITOR_CTRLREG, ctrlreg, .index = index,
                          .enable = 1, .sync = 1), 0);
}

#endif
