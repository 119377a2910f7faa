/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's end of a monitor ring: taking requests, putting responses.
 * The page is shared, so nothing in it is trusted. */
#ifndef XENREEL_RING_H
#define XENREEL_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "harness/op_args.h"

#include <xen/io/ring.h>

#define RING_ENTRIES \
    ((uint32_t)__RING_SIZE((struct vm_event_sring *)0, 4096))

struct ring_client {
    uint32_t req_cons;
    uint32_t rsp_prod;
};

/* What every client does with a ring it has just enabled
 * (SHARED_RING_INIT, BACK_RING_INIT). */
static inline void ring_init(struct ring_client *c, void *page)
{
    struct vm_event_sring *s = page;

    c->req_cons = c->rsp_prod = 0;
    s->req_prod = s->rsp_prod = 0;
    s->req_event = s->rsp_event = 1;
}

/* How many requests there have been: they are on the page by then. */
static inline uint32_t ring_requests(const void *page)
{
    const struct vm_event_sring *s = page;

    return __atomic_load_n(&s->req_prod, __ATOMIC_ACQUIRE);
}

static inline bool ring_has_request(const struct ring_client *c,
                                    const void *page)
{
    return ring_requests(page) != c->req_cons;
}

/* Fill EV with the next request and the indices before it is taken. */
static inline void ring_peek(const struct ring_client *c, const void *page,
                             struct args_event *ev)
{
    const struct vm_event_sring *s = page;

    ev->req_cons = c->req_cons;
    ev->req_prod = ring_requests(page);
    ev->rsp_prod = s->rsp_prod;
    memcpy(&ev->ev, &s->ring[c->req_cons % RING_ENTRIES].req,
           sizeof(ev->ev));
}

/* The same, and take it. */
static inline void ring_take(struct ring_client *c, void *page,
                             struct args_event *ev)
{
    struct vm_event_sring *s = page;

    ring_peek(c, page, ev);
    s->req_event = ++c->req_cons + 1;
}

static inline void ring_put(struct ring_client *c, void *page,
                            const struct vm_event_st *rsp)
{
    struct vm_event_sring *s = page;

    memcpy(&s->ring[c->rsp_prod % RING_ENTRIES].rsp, rsp, sizeof(*rsp));
    /* Behind what it counts: Xen may look at any time. */
    __atomic_store_n(&s->rsp_prod, ++c->rsp_prod, __ATOMIC_RELEASE);
}

/* True when OP with arguments ARGS, if it succeeds, gives its domain a new
 * monitor ring. */
bool ring_enables(uint32_t op, const void *args);
/* True when OP, if it succeeds, takes it away, with what is on it. */
bool ring_ends(uint32_t op, const void *args);
/* True when OP may look at responses: they are to be on the page by then. */
bool ring_uses(uint32_t op);

#endif
