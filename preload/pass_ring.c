/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor's ring that is recorded: the kernel's page, and the client's. */
#include <string.h>

#include "harness/ring.h"
#include "preload/front.h"
#include "preload/pass.h"
#include "sim/sim.h"

struct pass_ring {
    uint32_t dom;
    uint64_t gfn;
    struct vm_event_sring *theirs;      /* Xen's, NULL: not mapped */
    struct vm_event_sring *ours;        /* the client's; once made, it stays */
    bool on;
    uint32_t port;
    uint32_t noted;             /* requests on Xen's page that we know of */
    uint32_t delivered;         /* and the client, too */
    uint32_t answered;          /* responses that Xen has */
};

static struct pass_ring rings[MAX_FRONT_DOMAINS];
static unsigned int nr_rings;

static struct pass_ring *find(uint32_t dom)
{
    for (unsigned int i = 0; i < nr_rings; i++) {
        if (rings[i].dom == dom)
            return &rings[i];
    }
    return NULL;
}

static struct pass_ring *find_open(uint32_t dom)
{
    struct pass_ring *r = find(dom);

    return r && r->on && r->theirs ? r : NULL;
}

void pass_ring_param(uint32_t dom, uint64_t gfn)
{
    struct pass_ring *r = find(dom);

    if (!r && nr_rings < MAX_FRONT_DOMAINS) {
        r = &rings[nr_rings++];
        r->dom = dom;
    }
    if (r)
        r->gfn = gfn;
}

bool pass_ring_is(uint32_t dom, uint64_t gfn)
{
    const struct pass_ring *r = find(dom);

    return r && r->gfn == gfn;
}

void *pass_ring_map(uint32_t dom, void *theirs, const struct sim_pages *pages)
{
    struct pass_ring *r = find(dom);

    if (!r->ours)
        r->ours = pages->get(pages->ctx);
    if (r->ours && r->theirs != theirs) {
        memcpy(r->ours, theirs, FRONT_PAGE);
        r->theirs = theirs;
    }
    return r->ours;
}

void pass_ring_unmap(const void *theirs)
{
    for (unsigned int i = 0; i < nr_rings; i++) {
        if (rings[i].theirs != theirs)
            continue;
        rings[i].theirs = NULL;
        rings[i].on = false;
    }
}

/* Xen begins with its indices at 0, and so will the client. */
void pass_ring_enabled(uint32_t dom, uint32_t port)
{
    struct pass_ring *r = find(dom);
    struct ring_client zero;

    if (!r || !r->theirs)
        return;
    ring_init(&zero, r->theirs);
    r->on = true;
    r->port = port;
    r->noted = r->delivered = r->answered = 0;
}

void pass_ring_disabled(uint32_t dom)
{
    struct pass_ring *r = find(dom);

    if (r)
        r->on = false;
}

void *pass_ring(uint32_t dom)
{
    const struct pass_ring *r = find_open(dom);

    return r ? r->ours : NULL;
}

/* A request is on the page before it is counted.  No more than a page holds,
 * whatever somebody wrote into the index. */
void pass_ring_note(uint32_t dom, pass_note_fn *note)
{
    struct pass_ring *r = find_open(dom);
    struct args_event a = { .dom = dom };
    uint32_t prod;

    if (!r)
        return;
    prod = __atomic_load_n(&r->theirs->req_prod, __ATOMIC_ACQUIRE);
    for (; r->noted != prod && r->noted - r->delivered < RING_ENTRIES;
         r->noted++) {
        if (note) {
            memcpy(&a.ev, &r->theirs->ring[r->noted % RING_ENTRIES].req,
                   sizeof(a.ev));
            note(&a);
        }
        pass_port_raise(dom, r->port);
    }
}

bool pass_ring_waits(uint32_t dom)
{
    const struct pass_ring *r = find_open(dom);

    return r && r->noted != r->delivered;
}

uint32_t pass_ring_deliver(uint32_t dom)
{
    struct pass_ring *r = find_open(dom);
    uint32_t n = 0;

    for (; r && r->delivered != r->noted; r->delivered++, n++) {
        uint32_t slot = r->delivered % RING_ENTRIES;

        memcpy(&r->ours->ring[slot], &r->theirs->ring[slot],
               sizeof(r->ours->ring[slot]));
    }
    if (n)
        __atomic_store_n(&r->ours->req_prod, r->delivered, __ATOMIC_RELEASE);
    return n;
}

void pass_ring_respond(uint32_t dom)
{
    struct pass_ring *r = find_open(dom);
    uint32_t prod, n = 0;

    if (!r)
        return;
    prod = __atomic_load_n(&r->ours->rsp_prod, __ATOMIC_ACQUIRE);
    for (; r->answered != prod && n < RING_ENTRIES; r->answered++, n++) {
        uint32_t slot = r->answered % RING_ENTRIES;

        memcpy(&r->theirs->ring[slot], &r->ours->ring[slot],
               sizeof(r->theirs->ring[slot]));
    }
    r->answered = prod;
    r->theirs->req_event = r->ours->req_event;
    r->ours->rsp_event = prod + 1;      /* vm_event_get_response */
    __atomic_store_n(&r->theirs->rsp_prod, prod, __ATOMIC_RELEASE);
}
