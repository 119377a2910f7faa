/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of one guest whose first vCPU stores to a page that it may only
 * read: every store is an event.  For the benchmarks and test-event-path. */
#ifndef XENREEL_TESTS_BENCH_CLIENT_H
#define XENREEL_TESTS_BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xen/memory.h>

#include "harness/ring.h"
#include "sim/sim.h"

#define CLIENT_DOM      1u
#define CLIENT_GFN      0x10u

struct client {
    struct hv *hv;
    void *page;
    struct ring_client ring;
    struct args_event ev;       /* the last one taken */
};

/* The guest's next instruction: a store to the page. */
static inline int client_push_store(struct client *c)
{
    struct args_guest_mem store = {
        .dom = CLIENT_DOM, .rip = 0x1000, .gla = CLIENT_GFN << 12 | 0x123,
        .gpa = CLIENT_GFN << 12 | 0x123, .len = 8, .value = 0x55,
    };

    return hv_call(c->hv, OP_GUEST_WRITE, &store);
}

static inline int client_port(struct client *c, enum hv_op op)
{
    struct args_port port = { .dom = CLIENT_DOM, .port = 3 };

    return hv_call(c->hv, op, &port);
}

/* A domain of MB and nothing more.  HV is the caller's. */
static inline int client_create(struct client *c, struct hv *hv, uint32_t mb)
{
    struct args_create create;

    memset(c, 0, sizeof(*c));
    c->hv = hv;
    sim_default_domain(&create, CLIENT_DOM, mb, 1);
    create.pool = 1u << 20;
    return hv_call(hv, OP_DOMAIN_CREATE, &create);
}

/* The same, monitored, with one store to do. */
static inline int client_start(struct client *c, struct hv *hv, uint32_t mb)
{
    struct args_access set = {
        .dom = CLIENT_DOM, .access = XENMEM_access_r, .gfn = CLIENT_GFN,
        .nr = 1,
    };
    struct args_dom dom = { .dom = CLIENT_DOM };
    int rc = client_create(c, hv, mb);

    rc = rc ? rc : client_port(c, OP_MONITOR_ENABLE);
    c->page = hv_ring(hv, CLIENT_DOM);
    if (c->page)
        ring_init(&c->ring, c->page);
    rc = rc ? rc : client_port(c, OP_EVTCHN_BIND);
    rc = rc ? rc : hv_call(hv, OP_ACCESS_SET, &set);
    rc = rc ? rc : hv_call(hv, OP_DOMAIN_UNPAUSE, &dom);
    return rc ? rc : client_push_store(c);
}

/* What a client does for an event: it is woken, takes the request, answers
 * it with FLAGS, and notifies.  Without anything that allows the store it is
 * tried, and reported, again.  False when there is no event. */
static inline bool client_round_trip(struct client *c, uint32_t flags)
{
    hv_wait(c->hv, CLIENT_DOM);
    if (!ring_has_request(&c->ring, c->page))
        return false;
    ring_take(&c->ring, c->page, &c->ev);
    c->ev.ev.flags = flags;
    ring_put(&c->ring, c->page, &c->ev.ev);
    return !client_port(c, OP_EVTCHN_NOTIFY);
}

#endif
