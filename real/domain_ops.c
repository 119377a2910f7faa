/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack asks of a domain: tools/libs/ctrl/xc_domain.c. */
#include "real/private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/domain_info.h"
#include "harness/interface.h"

#define FRAMES_2MB  512
#define GONE_MS     1000

int xen_getdomaininfo(struct xen *x, uint32_t id,
                      struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getdomaininfo, .domain = (domid_t)id,
    };
    int rc = xen_domctl(x, &op);

    if (rc)
        return rc;
    *info = op.u.getdomaininfo;
    return op.domain == id ? 0 : -ESRCH;
}

/* Of what is there already it is found out that it is; paused, as a new one
 * would be. */
static int find(struct xen *x, struct xen_domain *d)
{
    d->attached = false;        /* the next time it is another one */
    return xen_answer(xc_domain_pause(x->xc, d->id));
}

static int create(struct xen *x, struct args_create *a, struct xen_domain *d)
{
    char *name = NULL;
    uint32_t id = a->dom;
    int rc;

    if (x->driver && x->driver->creates)
        rc = x->driver->call(x->driver_ctx, x, OP_DOMAIN_CREATE, a);
    else
        rc = toolstack_create(x, a, &name, &id);
    if (rc)
        return rc;
    d->destroyed = false;
    xen_ring_drop(x, d);
    xen_ports_forget(x, a->dom);
    xen_pages_lost(x, a->dom);
    xen_frames_forget(d);
    free(d->name);
    d->id = id;
    d->name = name;
    d->created = true;
    return 0;
}

int real_op_DOMAIN_CREATE(struct xen *x, struct args_create *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    struct args_dom dom = { .dom = a->dom };
    unsigned int nr = x->nr_domains;
    struct xen_domctl_getdomaininfo info;
    int rc;

    if (!a->dom || a->dom >= DOMID_FIRST_RESERVED)
        return -EINVAL;
    if (d && !d->attached &&
        !xen_getdomaininfo(x, d->id, &info) &&
        !(info.flags & XEN_DOMINF_dying))
        return -EEXIST;
    if (!d)
        d = xen_add_domain(x, a->dom);
    if (!d)
        return -ENOSPC;
    rc = d->attached ? find(x, d) : create(x, a, d);
    if (rc) {
        x->nr_domains = nr;     /* a number that had no place has none */
        return rc;
    }
    d->held = false;
    d->pauses = 1;
    d->first_frame = (uint64_t)a->mfn_2mb * FRAMES_2MB;
    if (x->driver && x->driver->attach)
        rc = x->driver->attach(x->driver_ctx, x, a->dom);
    if (rc && d->created) {
        real_op_DOMAIN_DESTROY(x, &dom);
    } else if (rc) {
        real_op_DOMAIN_UNPAUSE(x, &dom);
        d->attached = true;     /* as it was */
    }
    return rc;
}

/* Xen's daemons hold a page of D a moment longer (xenconsoled, until xenstore
 * says @releaseDomain); then it is gone, unless a mapping of ours holds it. */
static void await_end(struct xen *x, const struct xen_domain *d)
{
    struct xen_domctl_getdomaininfo info;

    for (int ms = 0; ms < GONE_MS && !d->ring.page &&
         !xen_getdomaininfo(x, d->id, &info); ms++)
        usleep(1000);
}

void xen_let_go(struct xen *x, const struct xen_domain *d)
{
    if (d->destroyed && !d->ring.page && x->driver && x->driver->detach)
        x->driver->detach(x->driver_ctx, x, d->dom);
}

int real_op_DOMAIN_DESTROY(struct xen *x, struct args_dom *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    int rc = d && d->created && d->name ? toolstack_destroy(x, d->name) :
        xen_answer(xc_domain_destroy(x->xc, xen_id(x, a->dom)));

    if (!rc && d) {
        d->created = false;
        d->ring.on = false;     /* .page still holds the domain */
        xen_frames_forget(d);   /* another one may get them */
        d->destroyed = true;
        xen_let_go(x, d);
        await_end(x, d);
    }
    return rc;
}

int real_op_DOMAIN_PAUSE(struct xen *x, struct args_dom *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    int rc = xen_answer(xc_domain_pause(x->xc, xen_id(x, a->dom)));

    if (!rc && d)
        d->pauses++;
    return rc;
}

int real_op_DOMAIN_UNPAUSE(struct xen *x, struct args_dom *a)
{
    struct xen_domain *d = xen_domain(x, a->dom);
    int rc;

    if (d && d->held && !d->pauses)
        return -EINVAL;         /* that pause is not the caller's */
    rc = xen_answer(xc_domain_unpause(x->xc, xen_id(x, a->dom)));
    if (!rc && d && d->pauses)
        d->pauses--;
    return rc;
}

int xen_hold(struct xen *x, uint32_t dom, bool on)
{
    struct xen_domain *d = xen_domain(x, dom);
    int rc;

    if (!d)
        return -ESRCH;
    if (d->held == on)
        return 0;
    rc = xen_answer(on ? xc_domain_pause(x->xc, d->id) :
                    xc_domain_unpause(x->xc, d->id));
    if (!rc)
        d->held = on;
    return rc;
}

int xen_there(struct xen *x, uint32_t dom)
{
    struct args_domain_info info = { .dom = dom };

    return xen_domain(x, dom) ? real_op_DOMAIN_INFO(x, &info) : -ESRCH;
}

bool xen_held(struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    return d && d->held;
}

int xen_let_boot(struct xen *x, uint32_t dom, int (*boot)(void *ctx),
                 void *ctx)
{
    uint32_t id = xen_guest_id(x, dom);
    int rc = xen_answer(xc_domain_unpause(x->xc, id)), paused;

    if (rc)
        return rc;
    rc = boot(ctx);
    paused = xen_answer(xc_domain_pause(x->xc, id));
    if (!rc && !paused)
        xen_hold(x, dom, true);
    return rc ? rc : paused;
}

int real_op_DOMAIN_INFO(struct xen *x, struct args_domain_info *a)
{
    const struct xen_domain *d = xen_domain(x, a->dom);
    struct xen_domctl_getdomaininfo info;
    int rc = xen_getdomaininfo(x, xen_id(x, a->dom), &info);

    if (rc)
        return rc;
    domain_info_get(&info, a);
    if (d && d->held && !d->pauses)
        a->paused = 0;
    /* A driver's guest halts when it has nothing to do. */
    if (x->driver && x->driver->caps & HV_CAP_GUEST)
        a->blocked = 0;
    return 0;
}

int real_op_DOMAIN_MAX_GPFN(struct xen *x, struct args_u64 *a)
{
    xen_pfn_t highest = 0;
    int rc = xen_answer(xc_domain_maximum_gpfn(x->xc, xen_id(x, a->dom),
                                               &highest));

    if (!rc)
        a->value = highest;
    return rc;
}

int real_op_DOMAIN_MAX_MEM(struct xen *x, struct args_u64 *a)
{
    return xen_answer(xc_domain_setmaxmem(x->xc, xen_guest_id(x, a->dom),
                                          a->value));
}

/* dom0's would be the machine's, and Xen does not ask twice. */
int real_op_DOMAIN_SHUTDOWN(struct xen *x, struct args_u64 *a)
{
    if (!(domid_t)a->dom)
        return -EPERM;
    return xen_answer(xc_domain_shutdown(x->xc, xen_guest_id(x, a->dom),
                                         (int)a->value));
}

int real_op_DOMAIN_ACCESS_REQUIRED(struct xen *x, struct args_enable *a)
{
    return xen_answer(xc_domain_set_access_required(
        x->xc, xen_id(x, a->dom), a->enable));
}

int real_op_DOMAIN_DEBUG_CONTROL(struct xen *x, struct args_debug_control *a)
{
    return xen_answer(xc_domain_debug_control(x->xc, xen_id(x, a->dom),
                                              a->op, a->vcpu));
}

/* XEN_DOMCTL_set_cpu_policy with one leaf and no MSR. */
int real_op_DOMAIN_CPUID(struct xen *x, struct args_cpuid_policy *a)
{
    xen_cpuid_leaf_t *leaf = xencall_alloc_buffer(x->call, sizeof(*leaf));
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_cpu_policy,
        .domain = (domid_t)xen_id(x, a->dom),
        .u.cpu_policy.nr_leaves = 1,
    };
    int rc;

    if (!leaf)
        return -ENOMEM;
    *leaf = (xen_cpuid_leaf_t){ a->leaf, a->subleaf,
                                a->eax, a->ebx, a->ecx, a->edx };
    set_xen_guest_handle_raw(op.u.cpu_policy.leaves, leaf);
    rc = xen_domctl(x, &op);
    xencall_free_buffer(x->call, leaf);
    return rc;
}

int real_op_DOMAIN_VMTRACE(struct xen *x, struct args_vm_event_op *a)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_vmtrace_op,
        .domain = (domid_t)xen_id(x, a->dom),
        .u.vmtrace_op = { .cmd = a->op, .vcpu = a->mode },
    };

    return xen_domctl(x, &op);
}

/* With nothing behind its head.  On dom0 or no domain at all it might do
 * anything: then only what Xen refuses at once. */
int real_op_DOMAIN_DOMCTL(struct xen *x, struct args_domctl *a)
{
    struct xen_domctl op = {
        .cmd = a->cmd,
        /* Right or wrong as it was. */
        .interface_version =
            a->version - DOMCTL_VERSION + XEN_DOMCTL_INTERFACE_VERSION,
        .domain = (domid_t)xen_id(x, a->dom),
    };

    if (!xen_domain(x, a->dom) && a->version == DOMCTL_VERSION)
        return a->dom ? -ESRCH : -EPERM;
    return op.interface_version ? xen_domctl(x, &op) : -EACCES;
}

/* ---- remarks: what a client has beyond the hypervisor ---- */

int real_op_CLIENT_DOMAIN(struct xen *x, struct args_client_domain *a)
{
    return xen_there(x, a->dom);
}

int real_op_CLIENT_PHASE(struct xen *x, struct args_client_phase *a)
{
    (void)x;
    (void)a;
    return 0;
}

int real_op_CLIENT_VERSION(struct xen *x, struct args_client_version *a)
{
    (void)x;
    (void)a;
    return 0;
}
