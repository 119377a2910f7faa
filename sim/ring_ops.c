/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_vm_event_op and what libxenctrl makes of it.  Source:
 * xen/common/vm_event.c:vm_event_domctl, xen/common/domctl.c,
 * tools/libs/ctrl/xc_vm_event.c. */
#include "sim/private.h"

#include <errno.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>

/* PAGING and SHARING are not built into Debian's Xen: mode MONITOR only. */
static int monitor_ring(struct sim_domain *d,
                        struct xen_domctl_vm_event_op *vec)
{
    switch (vec->op) {
    case XEN_VM_EVENT_ENABLE:
        return ring_enable(d, &vec->u.enable.port);
    case XEN_VM_EVENT_DISABLE:
        return ring_disable(d);
    case XEN_VM_EVENT_RESUME:
        return ring_resume(d);
    default:
        return -ENOSYS;
    }
}

static int vm_event_domctl(struct sim *sim, uint32_t dom,
                           struct xen_domctl_vm_event_op *vec)
{
    struct sim_domain *d = dom ? sim_find(sim, dom) : NULL;

    if (dom && !d && (dom != DOMID_INVALID ||
                      vec->op != XEN_VM_EVENT_GET_VERSION))
        return -ESRCH;
    if (vec->op == XEN_VM_EVENT_GET_VERSION) {
        vec->u.version = VM_EVENT_INTERFACE_VERSION;
        return 0;
    }
    if (!d)
        return -EINVAL;         /* dom0 on itself */
    if (d->dying)
        return 0;
    if (!d->config.vcpus)
        return -EINVAL;
    if (vec->mode != XEN_DOMCTL_VM_EVENT_OP_MONITOR)
        return -ENOSYS;
    return monitor_ring(d, vec);
}

int sim_op_VM_EVENT_OP(struct sim *sim, struct args_vm_event_op *a)
{
    struct xen_domctl_vm_event_op vec = { .op = a->op, .mode = a->mode };
    int err = vm_event_domctl(sim, a->dom, &vec);

    a->out = err ? 0 : vec.u.version;   /* port and version share a word */
    return err;
}

int sim_op_VM_EVENT_VERSION(struct sim *sim, struct args_dom *a)
{
    (void)sim;
    (void)a;                    /* xc_vm_event_get_version names no domain */
    return VM_EVENT_INTERFACE_VERSION;
}

int sim_op_MONITOR_DISABLE(struct sim *sim, struct args_dom *a)
{
    struct xen_domctl_vm_event_op vec = {
        .op = XEN_VM_EVENT_DISABLE,
        .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR,
    };

    return vm_event_domctl(sim, a->dom, &vec);
}

int sim_op_MONITOR_RESUME(struct sim *sim, struct args_dom *a)
{
    struct xen_domctl_vm_event_op vec = {
        .op = XEN_VM_EVENT_RESUME,
        .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR,
    };

    return vm_event_domctl(sim, a->dom, &vec);
}

/* xc_get_pfn_type_batch: libxenctrl looks for one bit of PFINFO_XTAB, and so
 * takes a page table for no page. */
static bool has_plain_page(struct sim *sim, uint32_t dom, uint64_t gfn)
{
    unsigned char type = 0;
    struct args_page_types a = {
        .dom = dom, .gfn = { .p = &gfn, .len = sizeof(gfn) },
        .types = { .p = &type, .len = sizeof(type) },
    };

    return !sim_op_MEMORY_PAGE_TYPES(sim, &a) && !type;
}

/* xc_vm_event_enable, the domain's pause left out since nothing runs
 * meanwhile.  A ring page populated here stays when enabling fails: after a
 * second enable there is one more page, and the next one finds it. */
int sim_op_MONITOR_ENABLE(struct sim *sim, struct args_port *a)
{
    struct xen_domctl_vm_event_op vec = {
        .op = XEN_VM_EVENT_ENABLE,
        .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR,
    };
    struct sim_domain *d = a->dom ? sim_find(sim, a->dom) : NULL;
    struct args_physmap page = { .dom = a->dom };
    struct args_map map = { .dom = a->dom };
    int err = 0;

    a->out = 0;
    if (!d)
        return a->dom ? -ESRCH : -EINVAL;
    if (d->config.type == GUEST_PV && !d->pv_access)
        return -EINVAL;         /* HVMOP_get_param */
    page.gfn = d->hvm_params[HVM_PARAM_MONITOR_RING_PFN];
    map.gfn = page.gfn;
    if (!has_plain_page(sim, a->dom, page.gfn))
        err = sim_op_MEMORY_POPULATE(sim, &page);
    if (!err)
        err = sim_op_MEMORY_MAP(sim, &map);
    if (!err)
        err = vm_event_domctl(sim, a->dom, &vec);
    if (err)
        return err;
    /* Off the physmap, but still mapped by Xen and the client. */
    err = sim_op_MEMORY_DECREASE(sim, &page);
    if (!err)
        a->out = vec.u.enable.port;
    return err;
}

int sim_op_RING_STATE(struct sim *sim, struct args_ring *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    const vm_event_sring_t *sring;

    if (!d)
        return -ESRCH;
    if (!ring_on(d))
        return -ENODEV;
    sring = d->ring.page;
    a->nr_ents = NR_SLOTS;
    a->sizeof_entry = sizeof sring->ring[0];
    a->req_prod = sring->req_prod;
    a->req_event = sring->req_event;
    a->rsp_prod = sring->rsp_prod;
    a->rsp_event = sring->rsp_event;
    return 0;
}
