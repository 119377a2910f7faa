/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor ring: tools/libs/ctrl/xc_vm_event.c, and the hypercall that it
 * makes. */
#include "real/private.h"

#include <string.h>

#include "harness/ring.h"

void xen_ring_drop(struct xen *x, struct xen_domain *d)
{
    struct xen_ring *r = &d->ring;

    if (r->page && r->ours)
        xenforeignmemory_unmap(x->memory, r->page, 1);
    else if (r->page)
        real_unmap(&x->hv, &r->listed);
    memset(r, 0, sizeof(*r));
    xen_let_go(x, d);
}

/* A page is mapped until the ring is off, or there is another one. */
int real_op_MONITOR_ENABLE(struct xen *x, struct args_port *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    uint32_t port = 0;
    void *page = xc_monitor_enable(x->xc, xen_id(x, a->dom), &port);

    a->out = 0;
    if (!page)
        return -errno;
    a->out = port;
    if (!d) {                   /* dom0 has none */
        xenforeignmemory_unmap(x->memory, page, 1);
        return -EIO;
    }
    xen_ring_drop(x, d);
    d->ring = (struct xen_ring){ .page = page, .on = true, .ours = true,
                                 .port = port };
    return 0;
}

static int control(struct xen *x, uint32_t dom, uint32_t op, uint32_t mode,
                   uint32_t *out)
{
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_vm_event_op,
        .domain = (domid_t)xen_id(x, dom),
        .u.vm_event_op = { .op = op, .mode = mode },
    };
    int rc = xen_domctl(x, &domctl);

    /* Port and version share a word. */
    *out = rc ? 0 : domctl.u.vm_event_op.u.version;
    return rc;
}

/* A ring enabled by hand: its page has to be mapped before it is one, as it
 * leaves the guest's map afterwards. */
static int enable(struct xen *x, struct args_vm_event_op *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    struct xen_ring ring = { .on = true, .listed = { .write = true } };
    uint64_t gfn;
    int rc;

    if (d && !xc_hvm_param_get(x->xc, d->id, HVM_PARAM_MONITOR_RING_PFN,
                               &gfn) &&
        !real_map(&x->hv, a->dom, gfn, &ring.listed))
        ring.page = ring.listed.p;
    rc = control(x, a->dom, a->op, a->mode, &a->out);
    if (!rc && d) {
        ring.port = a->out;
        xen_ring_drop(x, d);
        d->ring = ring;
    } else if (ring.page) {
        real_unmap(&x->hv, &ring.listed);
    }
    return rc;
}

int real_op_VM_EVENT_OP(struct xen *x, struct args_vm_event_op *a)
{
    bool monitor = a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR;
    struct xen_domain *d = xen_domain(x, a->dom);
    int rc;

    if (monitor && a->op == XEN_VM_EVENT_ENABLE)
        return enable(x, a);
    rc = control(x, a->dom, a->op, a->mode, &a->out);
    if (!rc && d && monitor && a->op == XEN_VM_EVENT_DISABLE)
        xen_ring_drop(x, d);
    return rc;
}

int real_op_VM_EVENT_VERSION(struct xen *x, struct args_dom *a)
{
    (void)a;
    return xen_answer(xc_vm_event_get_version(x->xc));
}

int real_op_MONITOR_DISABLE(struct xen *x, struct args_dom *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    int rc = xen_answer(xc_monitor_disable(x->xc, xen_id(x, a->dom)));

    if (!rc && d)
        xen_ring_drop(x, d);
    return rc;
}

int real_op_MONITOR_RESUME(struct xen *x, struct args_dom *a)
{
    return xen_answer(xc_monitor_resume(x->xc, xen_id(x, a->dom)));
}

int real_op_RING_STATE(struct xen *x, struct args_ring *a)
{
    const struct vm_event_sring *sring = x->hv.ops->ring(&x->hv, a->dom);

    if (!sring) {
        int rc = xen_there(x, a->dom);

        return rc ? rc : -ENODEV;
    }
    a->nr_ents = RING_ENTRIES;
    a->sizeof_entry = sizeof(sring->ring[0]);
    a->req_prod = sring->req_prod;
    a->req_event = sring->req_event;
    a->rsp_prod = sring->rsp_prod;
    a->rsp_event = sring->rsp_event;
    return 0;
}
