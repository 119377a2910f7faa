/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/pages.h"
#include "harness/ring.h"

#define MAX_DOMAINS     64

/* How far a domain's ring was looked at. */
struct watch {
    uint32_t dom;
    struct ring_client seen;    /* .rsp_prod: responses seen */
};

struct recorder {
    struct hv hv;               /* first */
    struct hv *target;
    struct hv_sink *sink;
    int error;
    struct hv_record rec;
    struct watch watches[MAX_DOMAINS];
    unsigned int nr_watches;
    struct pages pages;
};

static struct watch *watch_of(struct recorder *r, uint32_t dom)
{
    for (unsigned int i = 0; i < r->nr_watches; i++) {
        if (r->watches[i].dom == dom)
            return &r->watches[i];
    }
    return NULL;
}

static void put(struct recorder *r)
{
    if (!r->error)
        r->error = r->sink->put(r->sink, &r->rec);
}

/* A place for one more, unused or that of a closed ring. */
static struct watch *new_watch(struct recorder *r)
{
    for (unsigned int i = 0; i < r->nr_watches; i++) {
        if (!hv_ring(r->target, r->watches[i].dom))
            return &r->watches[i];
    }
    return r->nr_watches < MAX_DOMAINS ? &r->watches[r->nr_watches++] : NULL;
}

/* A ring was enabled: every client begins with its indices at 0. */
static int watch_ring(struct recorder *r, uint32_t dom)
{
    struct watch *w = watch_of(r, dom);

    if (!w)
        w = new_watch(r);
    if (!w)
        return -ENOSPC;
    memset(w, 0, sizeof(*w));
    w->dom = dom;
    return 0;
}

static uint32_t new_requests(struct recorder *r, uint32_t dom)
{
    struct watch *w = watch_of(r, dom);
    const struct vm_event_sring *s = hv_ring(r->target, dom);

    return w && s ? s->req_prod - w->seen.req_cons : 0;
}

/* No more than a page holds, whatever somebody wrote into its indices: the
 * rest is passed over.  What comes meanwhile, of a guest that runs, is for the
 * next time. */
static void see_requests(struct recorder *r, uint32_t dom)
{
    struct watch *w = watch_of(r, dom);
    const struct vm_event_sring *s = hv_ring(r->target, dom);
    uint32_t prod;

    if (!w || !s)
        return;
    /* A request is on the page before it is counted. */
    prod = __atomic_load_n(&s->req_prod, __ATOMIC_ACQUIRE);
    for (uint32_t n = 0; n < RING_ENTRIES && w->seen.req_cons != prod; n++) {
        r->rec.op = OP_EVENT;
        r->rec.result = 0;
        r->rec.args.EVENT.dom = dom;
        ring_peek(&w->seen, s, &r->rec.args.EVENT);
        r->rec.args.EVENT.req_prod = prod;
        w->seen.req_cons++;
        put(r);
    }
    w->seen.req_cons = prod;
}

/* The same for responses. */
static void see_responses(struct recorder *r, uint32_t dom)
{
    struct watch *w = watch_of(r, dom);
    const struct vm_event_sring *s = hv_ring(r->target, dom);
    struct args_event *a = &r->rec.args.RESPOND;

    if (!w || !s)
        return;
    for (uint32_t n = 0; n < RING_ENTRIES && s->rsp_prod != w->seen.rsp_prod;
         n++) {
        r->rec.op = OP_RESPOND;
        r->rec.result = 0;
        /* All of it, without a walk of its long table (hv_op_init). */
        a->dom = dom;
        a->req_cons = a->req_prod = a->rsp_prod = 0;
        memcpy(&a->ev, &s->ring[w->seen.rsp_prod++ % RING_ENTRIES].rsp,
               sizeof(a->ev));
        put(r);
    }
    w->seen.rsp_prod = s->rsp_prod;
}

/* Is M still where it was mapped?  A page that the guest lost, as a ring's, is
 * the client's alone. */
static bool guest_has(struct recorder *r, const struct mapped_page *m)
{
    struct hv_page now = { .write = false };
    bool has;

    if (m->page.p == hv_ring(r->target, m->dom) ||
        hv_map(r->target, m->dom, m->gfn, &now))
        return false;
    has = now.frame == m->page.frame;
    hv_unmap(r->target, &now);
    return has;
}

/* What changed in mapped pages was OP: memory.write or memory.peek. */
static void see_page(struct recorder *r, struct mapped_page *m, enum hv_op op)
{
    uint32_t offset = 0, len;

    if (!pages_changed(m, &offset, &len))
        return;
    if (!guest_has(r, m)) {
        pages_seen(m, 0, sizeof(m->copy));
        return;
    }
    do {
        pages_seen(m, offset, len);
        r->rec.op = op;
        r->rec.result = 0;
        r->rec.args.MEMORY_WRITE = (struct args_memory){
            .dom = m->dom, .gfn = m->gfn, .offset = offset,
            .data = { .p = m->copy + offset, .len = len },
        };
        put(r);
        offset += len;
    } while (pages_changed(m, &offset, &len));
}

static void see_pages(struct recorder *r, enum hv_op op)
{
    for (uint32_t i = 0; i < r->pages.nr; i++)
        see_page(r, r->pages.page[i], op);
}

static bool lets_run(uint32_t op)
{
    return op == OP_CLIENT_WAIT || op == OP_MEMORY_WRITE;
}

static int rec_call(struct hv *hv, enum hv_op op, void *args)
{
    struct recorder *r = (struct recorder *)hv;
    uint32_t dom = ((const struct args_dom *)args)->dom;
    int rc;

    if (ring_uses(op))
        see_responses(r, dom);
    if (lets_run(op))
        see_pages(r, OP_MEMORY_WRITE);
    rc = hv_call(r->target, op, args);
    if (rc >= 0 && ring_enables(op, args)) {
        int err = watch_ring(r, dom);

        if (!r->error)
            r->error = err;
    }
    r->rec.op = op;
    r->rec.result = rc;
    memcpy(&r->rec.args, args, hv_ops_table[op].size);
    put(r);
    if (op == OP_CLIENT_WAIT)
        see_requests(r, dom);
    if (lets_run(op))
        see_pages(r, OP_MEMORY_PEEK);
    return rc;
}

static void *rec_ring(struct hv *hv, uint32_t dom)
{
    return hv_ring(((struct recorder *)hv)->target, dom);
}

static int rec_wait(struct hv *hv, uint32_t dom)
{
    struct recorder *r = (struct recorder *)hv;
    int rc;

    see_responses(r, dom);
    see_pages(r, OP_MEMORY_WRITE);
    rc = hv_wait(r->target, dom);
    hv_op_init(OP_CLIENT_WAIT, &r->rec.args);
    r->rec.op = OP_CLIENT_WAIT;
    r->rec.result = rc < 0 ? rc : 0;
    r->rec.args.CLIENT_WAIT.dom = dom;
    r->rec.args.CLIENT_WAIT.value = new_requests(r, dom);
    put(r);
    see_requests(r, dom);
    see_pages(r, OP_MEMORY_PEEK);
    return rc;
}

static int rec_map(struct hv *hv, uint32_t dom, uint64_t gfn,
                   struct hv_page *page)
{
    struct recorder *r = (struct recorder *)hv;
    struct args_map *a = &r->rec.args.MEMORY_MAP;
    int rc;

    see_pages(r, OP_MEMORY_WRITE);
    rc = hv_map(r->target, dom, gfn, page);
    if (!rc && !pages_add(&r->pages, dom, gfn, page)) {
        hv_unmap(r->target, page);
        rc = -ENOMEM;
    }
    *a = (struct args_map){
        .dom = dom, .gfn = gfn, .read_only = !page->write,
    };
    if (!rc) {
        a->frame = page->frame;
        a->data.p = page->p;
        a->data.len = pages_used(page->p);
    }
    r->rec.op = OP_MEMORY_MAP;
    r->rec.result = rc;
    put(r);
    return rc;
}

/* What was written last has to be seen while the page is there. */
static void rec_unmap(struct hv *hv, const struct hv_page *page)
{
    struct recorder *r = (struct recorder *)hv;

    see_pages(r, OP_MEMORY_WRITE);
    pages_remove(&r->pages, page->frame);
    hv_unmap(r->target, page);
}

static int rec_observe(struct hv *hv, uint32_t dom,
                       const struct vm_event_st *ev)
{
    return hv_observe(((struct recorder *)hv)->target, dom, ev);
}

static void rec_close(struct hv *hv)
{
    struct recorder *r = (struct recorder *)hv;

    pages_free(&r->pages);
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

void recorder_look(struct hv *hv, uint32_t dom)
{
    see_requests((struct recorder *)hv, dom);
}

int recorder_error(const struct hv *hv)
{
    return ((const struct recorder *)hv)->error;
}
