/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What serve.c and serve_composite.c share. */
#ifndef XENREEL_SERVE_PRIVATE_H
#define XENREEL_SERVE_PRIVATE_H

#include "harness/pages.h"
#include "harness/serve.h"

#define MAX_RINGS       64

struct served_ring {
    uint32_t dom;
    struct vm_event_sring *page;        /* NULL: closed */
    uint32_t req_prod, rsp_cons;
    uint32_t told;              /* requests that evtchn.pending knows of */
};

struct serve {
    struct hv hv;               /* first */
    struct serve_config config;
    struct hv_record next;      /* the source's */
    struct hv_record actual;
    bool have;                  /* .next is one */
    bool over;                  /* no more of them */
    bool differs;
    bool device;                /* the trace has reads of the device */
    struct pages pages;
    struct hv_page last;        /* that was mapped: a ring's, usually */
    struct served_ring rings[MAX_RINGS];
    unsigned int nr_rings;
};

/* DOM's ring, or NULL while there is none. */
struct served_ring *serve_ring_of(struct serve *s, uint32_t dom);
void serve_open_ring(struct serve *s, uint32_t dom);
/* DOM lost its page at GFN, or with ~0 all that it had. */
void serve_lose(struct serve *s, uint32_t dom, uint64_t gfn);
/* Events, and what the guest wrote, up to the next record of the client's. */
void serve_deliver(struct serve *s);

/* Is call OP none of the trace's, but the device's (ARGS is filled), or one of
 * those that libxenctrl makes of the next record (*RC too)? */
bool serve_device_call(struct serve *s, enum hv_op op, struct args_port *a);
bool serve_composite_call(struct serve *s, enum hv_op op, void *args, int *rc);
/* The client waits for DOM: does the next event come (1), or nothing (0),
 * although the trace has no wait for it?  Negative when it should have. */
int serve_event_comes(struct serve *s, uint32_t dom);

#endif
