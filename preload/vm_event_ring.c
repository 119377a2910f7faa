/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hypervisor whose monitor rings are of another version than the target's.
 * A client that maps a domain's ring frame gets another page in its place;
 * requests and responses are taken over when the client waits and when it
 * notifies. */
#include "preload/vm_event_abi.h"

#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>

#include "harness/ring.h"
#include "preload/front.h"

#define RING_START  64          /* where the slots begin, in every version */

struct abi_ring {
    uint32_t dom;
    uint64_t gfn;               /* where the client knows it to be, or ~0 */
    void *theirs;               /* the target's page, while it is mapped */
    char *page;                 /* the client's; once made, it stays */
    struct ring_client inner;   /* of the target's page: we are its client */
    uint32_t req_prod, rsp_cons;        /* of the client's */
};

struct abi_hv {
    struct hv hv;               /* first */
    struct hv *target;
    unsigned int version;
    struct sim_pages pages;
    struct abi_ring rings[MAX_FRONT_DOMAINS];
    unsigned int nr_rings;
};

static struct abi_ring *ring_of(struct abi_hv *h, uint32_t dom)
{
    for (unsigned int i = 0; i < h->nr_rings; i++) {
        if (h->rings[i].dom == dom)
            return &h->rings[i];
    }
    return NULL;
}

static struct abi_ring *make_ring(struct abi_hv *h, uint32_t dom)
{
    struct abi_ring *r = ring_of(h, dom);

    if (r || h->nr_rings == MAX_FRONT_DOMAINS)
        return r;
    r = &h->rings[h->nr_rings];
    r->page = h->pages.get(h->pages.ctx);
    if (!r->page)
        return NULL;
    r->dom = dom;
    r->gfn = ~0ull;
    h->nr_rings++;
    return r;
}

static char *slot(const struct abi_hv *h, const struct abi_ring *r,
                  uint32_t index)
{
    return r->page + RING_START +
           index % RING_ENTRIES * vm_event_size(h->version);
}

/* A ring was enabled: begin as its client will. */
static void enabled(struct abi_hv *h, uint32_t dom)
{
    struct abi_ring *r = make_ring(h, dom);
    void *page = hv_ring(h->target, dom);

    if (!r || !page)
        return;
    ring_init(&r->inner, page);
    r->req_prod = r->rsp_cons = 0;
}

static void take_requests(struct abi_hv *h, uint32_t dom)
{
    struct abi_ring *r = ring_of(h, dom);
    void *page = r ? hv_ring(h->target, dom) : NULL;
    struct vm_event_sring *to;
    struct args_event a;

    if (!page)
        return;
    to = (void *)r->page;
    for (uint32_t n = 0; n < RING_ENTRIES &&
         ring_has_request(&r->inner, page); n++) {
        ring_take(&r->inner, page, &a);
        vm_event_encode(h->version, &a.ev, slot(h, r, r->req_prod));
        to->req_prod = ++r->req_prod;
    }
}

/* No more than a page holds, whatever the client wrote into its index. */
static void put_responses(struct abi_hv *h, uint32_t dom)
{
    struct abi_ring *r = ring_of(h, dom);
    void *page = r ? hv_ring(h->target, dom) : NULL;
    struct vm_event_sring *from;
    struct vm_event_st ev;

    if (!page)
        return;
    from = (void *)r->page;
    for (uint32_t n = 0; n < RING_ENTRIES && from->rsp_prod != r->rsp_cons;
         n++) {
        vm_event_decode(h->version, slot(h, r, r->rsp_cons++), &ev);
        ring_put(&r->inner, page, &ev);
    }
    from->rsp_event = r->rsp_cons + 1;
}

static bool is_vm_event(enum hv_op op, const void *args, uint32_t sub_op)
{
    const struct args_vm_event_op *a = args;

    return op == OP_VM_EVENT_OP && a->op == sub_op &&
           a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR;
}

/* The client was told where DOM's ring is, or said it.  None maps it before:
 * libxenctrl asks in xc_monitor_enable. */
static void param(struct abi_hv *h, const struct args_hvm_param *a)
{
    struct abi_ring *r;

    if (a->param != HVM_PARAM_MONITOR_RING_PFN)
        return;
    r = make_ring(h, a->dom);
    if (r)
        r->gfn = a->value;
}

static int abi_call(struct hv *hv, enum hv_op op, void *args)
{
    struct abi_hv *h = (struct abi_hv *)hv;
    struct args_vm_event_op *v = args;
    uint32_t dom = v->dom;
    int rc;

    if (op == OP_EVTCHN_NOTIFY || op == OP_MONITOR_RESUME ||
        is_vm_event(op, args, XEN_VM_EVENT_RESUME))
        put_responses(h, dom);
    rc = hv_call(h->target, op, args);
    if (rc < 0)
        return rc;
    if (op == OP_CLIENT_WAIT)
        take_requests(h, dom);
    if (op == OP_MONITOR_ENABLE || is_vm_event(op, args, XEN_VM_EVENT_ENABLE))
        enabled(h, dom);
    else if (op == OP_HVM_PARAM_GET || op == OP_HVM_PARAM_SET)
        param(h, args);
    else if (op == OP_VM_EVENT_VERSION)
        rc = (int)h->version;
    else if (op == OP_VM_EVENT_OP && v->op == XEN_VM_EVENT_GET_VERSION)
        v->out = h->version;
    return rc;
}

static void *abi_get_ring(struct hv *hv, uint32_t dom)
{
    struct abi_hv *h = (struct abi_hv *)hv;
    struct abi_ring *r = ring_of(h, dom);

    return r && hv_ring(h->target, dom) ? r->page : NULL;
}

static int abi_map(struct hv *hv, uint32_t dom, uint64_t gfn,
                   struct hv_page *page)
{
    struct abi_hv *h = (struct abi_hv *)hv;
    int rc = hv_map(h->target, dom, gfn, page);
    struct abi_ring *r = ring_of(h, dom);

    if (rc || !r || r->gfn != gfn)
        return rc;
    if (r->theirs != page->p) {
        memset(r->page, 0, FRONT_PAGE);
        r->theirs = page->p;
    }
    page->p = r->page;
    return 0;
}

static void abi_unmap(struct hv *hv, const struct hv_page *page)
{
    struct abi_hv *h = (struct abi_hv *)hv;
    struct hv_page theirs = *page;

    for (unsigned int i = 0; i < h->nr_rings; i++) {
        if (h->rings[i].page == page->p)
            theirs.p = h->rings[i].theirs;
    }
    hv_unmap(h->target, &theirs);
}

static int abi_wait(struct hv *hv, uint32_t dom)
{
    struct abi_hv *h = (struct abi_hv *)hv;
    int rc = hv_wait(h->target, dom);

    take_requests(h, dom);
    return rc;
}

static int abi_observe(struct hv *hv, uint32_t dom,
                       const struct vm_event_st *ev)
{
    return hv_observe(((struct abi_hv *)hv)->target, dom, ev);
}

static void abi_close(struct hv *hv)
{
    struct abi_hv *h = (struct abi_hv *)hv;

    for (unsigned int i = 0; i < h->nr_rings; i++)
        h->pages.put(h->pages.ctx, h->rings[i].page);
    hv_close(h->target);
    free(h);
}

struct hv *vm_event_abi_open(struct hv *target, unsigned int version,
                             const struct sim_pages *pages)
{
    static const struct hv_ops ops = {
        .call = abi_call, .ring = abi_get_ring, .map = abi_map,
        .unmap = abi_unmap, .wait = abi_wait, .observe = abi_observe,
        .close = abi_close,
    };
    struct abi_hv *h;

    if (version == VM_EVENT_INTERFACE_VERSION)
        return target;
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->hv.ops = &ops;
    h->hv.name = "abi";
    h->hv.caps = target->caps;
    h->target = target;
    h->version = version;
    h->pages = *pages;
    return &h->hv;
}
