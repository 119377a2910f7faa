/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/ring.h"
#include "harness/serve_private.h"

#define OWN_FRAME       (1ull << 52)    /* frames that no trace has */

/* What no client calls: a scenario's driver looks behind the scenes. */
static bool nobodys(uint32_t op)
{
    return hv_ops_table[op].inside || op == OP_RING_STATE ||
           op == OP_DOMAIN_CPUID;
}

const struct hv_record *serve_next(struct hv *hv)
{
    struct serve *s = (struct serve *)hv;

    while (!s->have && !s->over) {
        int rc = s->config.source->next(s->config.source, &s->next);

        s->over = rc <= 0;
        s->have = rc > 0 && s->next.op != OP_NOTE;
        if (s->have && nobodys(s->next.op))
            serve_take(hv);
    }
    return s->have && !s->differs ? &s->next : NULL;
}

void serve_take(struct hv *hv)
{
    struct serve *s = (struct serve *)hv;

    if (s->have)
        s->config.taken(s->config.ctx, &s->next);
    s->have = false;
}

static void differ(struct serve *s, enum replay_cause cause,
                   const struct hv_field *field)
{
    if (s->differs)
        return;
    s->actual.seq = s->next.seq + !s->have;
    s->config.differs(s->config.ctx, s->have ? cause : REPLAY_LONGER, field,
                      s->have ? &s->next : NULL, &s->actual);
    s->differs = true;
}

/* The record that the client made, in s->actual, is the next one?  It differs
 * in operation, or in the first argument named here. */
static bool agrees(struct serve *s)
{
    const struct hv_record *rec = serve_next(&s->hv);
    uint64_t groups;

    if (!rec || rec->op != s->actual.op) {
        differ(s, REPLAY_CALL, NULL);
        return false;
    }
    groups = hv_op_groups(rec->op, &rec->args);
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        if (f->role != HV_IN || !hv_field_applies(f, groups) ||
            hv_field_absent(f, &rec->args) ||
            hv_field_equal(f, &rec->args, &s->actual.args))
            continue;
        differ(s, REPLAY_ARGUMENT, f);
        return false;
    }
    return true;
}

/* ---- the ring ---- */

struct served_ring *serve_ring_of(struct serve *s, uint32_t dom)
{
    for (unsigned int i = 0; i < s->nr_rings; i++) {
        if (s->rings[i].dom == dom && s->rings[i].page)
            return &s->rings[i];
    }
    return NULL;
}

static void close_ring(struct serve *s, uint32_t dom)
{
    struct served_ring *r = serve_ring_of(s, dom);

    if (r)
        r->page = NULL;
}

/* The ring is the page that was mapped last: whoever enables one has just
 * mapped it (xc_vm_event_enable). */
void serve_open_ring(struct serve *s, uint32_t dom)
{
    unsigned int i = 0;

    close_ring(s, dom);
    while (i < s->nr_rings && s->rings[i].page)
        i++;
    if (i == MAX_RINGS)
        return;
    if (i == s->nr_rings)
        s->nr_rings++;
    s->rings[i] = (struct served_ring){ .dom = dom, .page = s->last.p };
}

/* Compare the responses that are new; no more than there is room for. */
static void check_responses(struct serve *s, uint32_t dom)
{
    struct served_ring *r = serve_ring_of(s, dom);

    for (uint32_t n = 0; r && n < RING_ENTRIES && !s->differs &&
         r->page->rsp_prod != r->rsp_cons; n++) {
        struct args_event *a = &s->actual.args.RESPOND;

        memset(a, 0, sizeof(*a));
        s->actual.op = OP_RESPOND;
        s->actual.result = 0;
        a->dom = dom;
        memcpy(&a->ev, &r->page->ring[r->rsp_cons++ % RING_ENTRIES].rsp,
               sizeof(a->ev));
        if (agrees(s))
            serve_take(&s->hv);
    }
    if (r)
        r->rsp_cons = r->page->rsp_prod;
}

static void put_request(struct serve *s, const struct args_event *a)
{
    struct served_ring *r = serve_ring_of(s, a->dom);

    if (!r)
        return;
    memcpy(&r->page->ring[r->req_prod++ % RING_ENTRIES].req, &a->ev,
           sizeof(a->ev));
    r->page->req_prod = r->req_prod;
}

/* ---- mapped pages ---- */

static void check_page(struct serve *s, struct mapped_page *m)
{
    uint32_t offset = 0, len;

    for (; !s->differs && pages_changed(m, &offset, &len); offset += len) {
        pages_seen(m, offset, len);
        s->actual.op = OP_MEMORY_WRITE;
        s->actual.result = 0;
        s->actual.args.MEMORY_WRITE = (struct args_memory){
            .dom = m->dom, .gfn = m->gfn, .offset = offset,
            .data = { .p = m->copy + offset, .len = len },
        };
        if (agrees(s))
            serve_take(&s->hv);
    }
}

/* A ring's traffic is not a write; what is written into a page that the guest
 * has lost is not recorded. */
static void check_pages(struct serve *s)
{
    for (uint32_t i = 0; i < s->pages.nr; i++) {
        struct mapped_page *m = s->pages.page[i];
        struct served_ring *r = serve_ring_of(s, m->dom);

        if (m->lost || (r && (void *)r->page == m->page.p))
            pages_seen(m, 0, sizeof(m->copy));
        else
            check_page(s, m);
    }
}

/* DOM lost its page at GFN, or with ~0 all that it had. */
void serve_lose(struct serve *s, uint32_t dom, uint64_t gfn)
{
    for (uint32_t i = 0; i < s->pages.nr; i++) {
        struct mapped_page *m = s->pages.page[i];

        m->lost |= m->dom == dom && (m->gfn == gfn || gfn == ~0ull);
    }
}

/* What the guest was seen to have written. */
static void put_bytes(struct serve *s, const struct args_memory *a)
{
    for (uint32_t i = 0; i < s->pages.nr; i++) {
        struct mapped_page *m = s->pages.page[i];

        if (m->dom != a->dom || m->gfn != a->gfn || m->lost ||
            a->offset > 4096 || a->data.len > 4096 - a->offset)
            continue;
        memcpy((char *)m->page.p + a->offset, a->data.p, a->data.len);
        pages_seen(m, a->offset, a->data.len);
    }
}

/* Behind a wait: what came of it. */
void serve_deliver(struct serve *s)
{
    const struct hv_record *rec;

    while ((rec = serve_next(&s->hv))) {
        if (rec->op == OP_EVENT)
            put_request(s, &rec->args.EVENT);
        else if (rec->op == OP_MEMORY_PEEK && rec->args.MEMORY_PEEK.data.len)
            put_bytes(s, &rec->args.MEMORY_PEEK);
        else
            return;
        serve_take(&s->hv);
    }
}

/* ---- calls ---- */

/* Give the client REC's results. */
static void results(void *args, const struct hv_record *rec)
{
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        const struct hv_span *from = (const void *)((const char *)&rec->args +
                                                    f->offset);
        struct hv_span *to = (void *)((char *)args + f->offset);

        if (f->role == HV_IN || (f->role == HV_OUT && rec->result < 0))
            continue;
        if (!hv_field_is_span(f)) {
            hv_field_set(f, args, hv_field_absent(f, &rec->args) ? 0 :
                         hv_field_get(f, &rec->args));
            continue;
        }
        if (to->len > from->len)
            to->len = from->len;
        if (to->len)
            memcpy(to->p, from->p, to->len);
    }
}

static void changed(struct serve *s, enum hv_op op, const void *args)
{
    uint32_t dom = ((const struct args_dom *)args)->dom;
    const struct args_change_gfn *moved = args;

    if (ring_enables(op, args))
        serve_open_ring(s, dom);
    else if (op == OP_MEMORY_MOVE) {
        serve_lose(s, dom, moved->old_gfn);
        serve_lose(s, dom, moved->new_gfn);
    } else if (op == OP_MEMORY_DECREASE || op == OP_MEMORY_REMOVE)
        serve_lose(s, dom, ((const struct args_physmap *)args)->gfn);
    else if (op == OP_DOMAIN_DESTROY)
        serve_lose(s, dom, ~0ull);
}

/* Before the client's next record is looked at, as the recorder does. */
static void before(struct serve *s, enum hv_op op, uint32_t dom)
{
    struct served_ring *r = serve_ring_of(s, dom);

    if (ring_uses(op))
        check_responses(s, dom);
    if (r && ring_uses(op) && op != OP_CLIENT_WAIT)
        r->page->rsp_event = r->rsp_cons + 1;   /* vm_event_get_response */
    if (op == OP_CLIENT_WAIT || op == OP_MEMORY_WRITE)
        check_pages(s);
}

static int serve_call(struct hv *hv, enum hv_op op, void *args)
{
    struct serve *s = (struct serve *)hv;
    int rc = 0;

    before(s, op, ((const struct args_dom *)args)->dom);
    if (serve_device_call(s, op, args) ||
        serve_composite_call(s, op, args, &rc))
        return s->differs ? -EIO : rc;
    s->actual.op = op;
    s->actual.result = 0;
    memcpy(&s->actual.args, args, hv_ops_table[op].size);
    if (!agrees(s))
        return -EIO;
    rc = (int)s->next.result;
    results(args, &s->next);
    serve_take(hv);
    if (rc >= 0)
        changed(s, op, args);
    if (op == OP_CLIENT_WAIT)
        serve_deliver(s);
    return rc;
}

static void *serve_ring(struct hv *hv, uint32_t dom)
{
    struct served_ring *r = serve_ring_of((struct serve *)hv, dom);

    return r ? r->page : NULL;
}

/* Pending when the client then asked which ports are. */
static int serve_wait(struct hv *hv, uint32_t dom)
{
    struct args_wait a = { .dom = dom };
    const struct hv_record *rec;
    int rc;

    before((struct serve *)hv, OP_CLIENT_WAIT, dom);
    rc = serve_event_comes((struct serve *)hv, dom);
    if (rc >= 0)
        return rc;
    rc = serve_call(hv, OP_CLIENT_WAIT, &a);
    if (rc < 0)
        return rc;
    rec = serve_next(hv);
    return rec && rec->op == OP_EVTCHN_PENDING &&
           rec->args.EVTCHN_PENDING.dom == dom;
}

/* The map of a ring's page that belongs to a monitor.enable. */
static bool enabling(struct serve *s, uint32_t dom)
{
    const struct hv_record *rec = serve_next(&s->hv);

    return rec && rec->op == OP_MONITOR_ENABLE &&
           rec->args.MONITOR_ENABLE.dom == dom;
}

static int serve_map(struct hv *hv, uint32_t dom, uint64_t gfn,
                     struct hv_page *page)
{
    struct serve *s = (struct serve *)hv;
    unsigned char data[4096] = { 0 };
    struct args_map a = {
        .dom = dom, .gfn = gfn, .data = { .p = data, .len = sizeof(data) },
        .read_only = !page->write,
    };
    struct mapped_page *m;
    int rc = 0;

    check_pages(s);
    if (enabling(s, dom))
        a.frame = OWN_FRAME + dom;
    else
        rc = serve_call(hv, OP_MEMORY_MAP, &a);
    if (rc)
        return rc;
    m = pages_find(&s->pages, a.frame);
    page->frame = a.frame;
    page->p = m ? m->page.p : s->config.get(s->config.ctx);
    if (!page->p)
        return -ENOMEM;
    memcpy(page->p, data, sizeof(data));
    m = pages_add(&s->pages, dom, gfn, page);
    if (!m)
        return -ENOMEM;
    pages_seen(m, 0, sizeof(m->copy));
    s->last = *page;
    return 0;
}

static void serve_unmap(struct hv *hv, const struct hv_page *page)
{
    struct serve *s = (struct serve *)hv;

    check_pages(s);
    if (!pages_remove(&s->pages, page->frame))
        return;
    for (unsigned int i = 0; i < s->nr_rings; i++) {
        if ((void *)s->rings[i].page == page->p)
            s->rings[i].page = NULL;
    }
    if (s->last.p == page->p)
        s->last.p = NULL;
    s->config.put(s->config.ctx, page->p);
}

static int serve_observe(struct hv *hv, uint32_t dom,
                         const struct vm_event_st *ev)
{
    (void)hv;
    (void)dom;
    (void)ev;
    return -EOPNOTSUPP;
}

static void serve_close(struct hv *hv)
{
    struct serve *s = (struct serve *)hv;

    for (uint32_t i = 0; i < s->pages.nr; i++)
        s->config.put(s->config.ctx, s->pages.page[i]->page.p);
    pages_free(&s->pages);
    free(s);
}

static const struct hv_ops serve_ops = {
    .call = serve_call,
    .ring = serve_ring,
    .wait = serve_wait,
    .map = serve_map,
    .unmap = serve_unmap,
    .observe = serve_observe,
    .close = serve_close,
};

struct hv *serve_open(const struct serve_config *config)
{
    struct serve *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->hv.ops = &serve_ops;
    s->hv.name = "replay";
    s->hv.caps = HV_CAP_DETERMINISTIC;
    s->config = *config;
    return &s->hv;
}
