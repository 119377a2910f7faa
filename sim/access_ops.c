/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XENMEM_access_op: xen/common/mem_access.c:mem_access_memop. */
#include "sim/private.h"

#include <errno.h>

/* The checks before the sub-operation, in Xen's order. */
static int admit(struct sim *sim, uint32_t dom, struct sim_domain **d)
{
    int rc = sim_remote(sim, dom, d);

    if (rc)
        return rc;
    /* p2m_mem_access_sanity_check */
    if (!pv_access_on(*d) && ((*d)->config.type == GUEST_PV ||
                              (*d)->config.vendor != VENDOR_INTEL))
        return -EINVAL;
    return ring_on(*d) ? 0 : -ENODEV;
}

int sim_op_ACCESS_SET(struct sim *sim, struct args_access *a)
{
    struct sim_domain *d;
    uint64_t last = a->gfn + a->nr - 1;
    int rc = admit(sim, a->dom, &d);

    if (rc)
        return rc;
    if (a->gfn != INVALID_GFN &&
        (last < a->gfn || last > d->host.max_mapped))
        return -EINVAL;
    /* struct xen_mem_access_op has 8 bits for it. */
    if (pv_access_on(d))
        return pv_access_set(d, a->gfn, a->nr, (uint8_t)a->access);
    return access_set(d, a->gfn, a->nr, (uint8_t)a->access, 0);
}

int sim_op_ACCESS_GET(struct sim *sim, struct args_access *a)
{
    struct sim_domain *d;
    int rc = admit(sim, a->dom, &d);

    if (rc)
        return rc;
    if (a->gfn != INVALID_GFN && a->gfn > d->host.max_mapped)
        return -EINVAL;
    if (pv_access_on(d))
        return pv_access_get(d, a->gfn, &a->access);
    return access_get(d, a->gfn, &a->access, 0);
}

int sim_op_ACCESS_SET_MULTI(struct sim *sim, struct args_access_multi *a)
{
    struct sim_domain *d;
    int rc = admit(sim, a->dom, &d);

    if (rc)
        return rc;
    if (a->gfn.len != 8ull * a->access.len || pv_access_on(d))
        return -EINVAL;
    return access_set_multi(d, &a->gfn, &a->access, 0);
}
