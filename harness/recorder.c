/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/ring.h"

#define MAX_DOMAINS     64

/* One domain's two ring pages: the implementation's, where the recorder is
 * the client, and the client's, where it is the hypervisor. */
struct two_rings {
    uint32_t dom;
    struct ring_client inner;
    uint32_t req_prod;          /* of the client's page */
    uint32_t rsp_cons;
    void *page;                 /* the client's, 4096 bytes */
};

struct recorder {
    struct hv hv;               /* first */
    struct hv *target;
    struct hv_sink *sink;
    int error;
    struct hv_record rec;
    struct two_rings rings[MAX_DOMAINS];
    unsigned int nr_rings;
};

static struct two_rings *rings_of(struct recorder *r, uint32_t dom)
{
    for (unsigned int i = 0; i < r->nr_rings; i++) {
        if (r->rings[i].dom == dom)
            return &r->rings[i];
    }
    return NULL;
}

static void put(struct recorder *r)
{
    if (!r->error)
        r->error = r->sink->put(r->sink, &r->rec);
}

/* A place for one more, without a page or with that of a closed ring. */
static struct two_rings *new_rings(struct recorder *r)
{
    for (unsigned int i = 0; i < r->nr_rings; i++) {
        if (!hv_ring(r->target, r->rings[i].dom))
            return &r->rings[i];
    }
    return r->nr_rings < MAX_DOMAINS ? &r->rings[r->nr_rings++] : NULL;
}

/* A ring was enabled: give the client a fresh page of its own, and set up the
 * implementation's as the client will set up that one. */
static int open_rings(struct recorder *r, uint32_t dom)
{
    struct two_rings *t = rings_of(r, dom);
    void *page = hv_ring(r->target, dom);
    struct vm_event_sring *s;

    if (!t)
        t = new_rings(r);
    if (!t)
        return -ENOSPC;
    if (!t->page)
        t->page = malloc(4096);
    if (!t->page)
        return -ENOMEM;
    t->dom = dom;
    memset(t->page, 0, 4096);
    memset(&t->inner, 0, sizeof(t->inner));
    if (page)
        ring_init(&t->inner, page);
    t->req_prod = t->rsp_cons = 0;
    s = t->page;
    s->req_event = s->rsp_event = 1;
    return 0;
}

static uint32_t new_requests(struct recorder *r, uint32_t dom)
{
    struct two_rings *t = rings_of(r, dom);
    const struct vm_event_sring *s = hv_ring(r->target, dom);

    return t && s ? s->req_prod - t->inner.req_cons : 0;
}

/* Requests travel from the implementation's page to the client's; no more
 * than a page holds, whatever somebody wrote into its indices. */
static void copy_requests(struct recorder *r, uint32_t dom)
{
    struct two_rings *t = rings_of(r, dom);
    void *page = hv_ring(r->target, dom);
    struct vm_event_sring *s;

    if (!t || !page)
        return;
    s = t->page;
    for (uint32_t n = 0; n < RING_ENTRIES &&
         ring_has_request(&t->inner, page); n++) {
        r->rec.op = OP_EVENT;
        r->rec.result = 0;
        r->rec.args.EVENT.dom = dom;
        ring_take(&t->inner, page, &r->rec.args.EVENT);
        memcpy(&s->ring[t->req_prod % RING_ENTRIES].req,
               &r->rec.args.EVENT.ev, sizeof(r->rec.args.EVENT.ev));
        s->req_prod = ++t->req_prod;
        put(r);
    }
}

/* Responses travel back; no more than there were requests. */
static void copy_responses(struct recorder *r, uint32_t dom)
{
    struct two_rings *t = rings_of(r, dom);
    void *page = hv_ring(r->target, dom);
    struct args_event *a = &r->rec.args.RESPOND;
    const struct vm_event_sring *s;

    if (!t || !page)
        return;
    s = t->page;
    for (uint32_t n = 0; n < RING_ENTRIES && s->rsp_prod != t->rsp_cons;
         n++) {
        r->rec.op = OP_RESPOND;
        r->rec.result = 0;
        /* All of it, without a walk of its long table (hv_op_init). */
        a->dom = dom;
        a->req_cons = a->req_prod = a->rsp_prod = 0;
        memcpy(&a->ev, &s->ring[t->rsp_cons++ % RING_ENTRIES].rsp,
               sizeof(a->ev));
        ring_put(&t->inner, page, &a->ev);
        put(r);
    }
}

static int rec_call(struct hv *hv, enum hv_op op, void *args)
{
    struct recorder *r = (struct recorder *)hv;
    uint32_t dom = ((const struct args_dom *)args)->dom;
    int rc;

    if (op == OP_EVTCHN_NOTIFY || op == OP_MONITOR_RESUME)
        copy_responses(r, dom);
    rc = hv_call(r->target, op, args);
    if (op == OP_MONITOR_ENABLE && rc >= 0) {
        int err = open_rings(r, dom);

        if (!r->error)
            r->error = err;
    }
    r->rec.op = op;
    r->rec.result = rc;
    memcpy(&r->rec.args, args, hv_ops_table[op].size);
    put(r);
    if (op == OP_CLIENT_WAIT)
        copy_requests(r, dom);
    return rc;
}

static void *rec_ring(struct hv *hv, uint32_t dom)
{
    struct recorder *r = (struct recorder *)hv;
    struct two_rings *t = rings_of(r, dom);

    return t && hv_ring(r->target, dom) ? t->page : NULL;
}

static int rec_wait(struct hv *hv, uint32_t dom)
{
    struct recorder *r = (struct recorder *)hv;
    int rc = hv_wait(r->target, dom);

    hv_op_init(OP_CLIENT_WAIT, &r->rec.args);
    r->rec.op = OP_CLIENT_WAIT;
    r->rec.result = rc < 0 ? rc : 0;
    r->rec.args.CLIENT_WAIT.dom = dom;
    r->rec.args.CLIENT_WAIT.value = new_requests(r, dom);
    put(r);
    copy_requests(r, dom);
    return rc;
}

static int rec_map(struct hv *hv, uint32_t dom, uint64_t gfn,
                   struct hv_page *page)
{
    return hv_map(((struct recorder *)hv)->target, dom, gfn, page);
}

static void rec_unmap(struct hv *hv, const struct hv_page *page)
{
    hv_unmap(((struct recorder *)hv)->target, page);
}

static int rec_observe(struct hv *hv, uint32_t dom,
                       const struct vm_event_st *ev)
{
    return hv_observe(((struct recorder *)hv)->target, dom, ev);
}

static void rec_close(struct hv *hv)
{
    struct recorder *r = (struct recorder *)hv;

    for (unsigned int i = 0; i < r->nr_rings; i++)
        free(r->rings[i].page);
    hv_close(r->target);
    free(r);
}

static const struct hv_ops rec_ops = {
    .call = rec_call,
    .ring = rec_ring,
    .wait = rec_wait,
    .map = rec_map,
    .unmap = rec_unmap,
    .observe = rec_observe,
    .close = rec_close,
};

struct hv *recorder_open(struct hv *target, struct hv_sink *sink)
{
    struct recorder *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->hv.ops = &rec_ops;
    r->hv.name = "record";
    r->hv.caps = target->caps;
    r->target = target;
    r->sink = sink;
    return &r->hv;
}

int recorder_error(const struct hv *hv)
{
    return ((const struct recorder *)hv)->error;
}
