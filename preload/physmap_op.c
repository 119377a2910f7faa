/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that come into a domain's map from elsewhere, or leave it.  Source:
 * xen/common/memory.c:xenmem_add_to_physmap, memory_exchange,
 * xen/arch/x86/mm/p2m.c:xenmem_add_to_physmap_one. */
#include "preload/memory_op.h"

#include <errno.h>

#include <xen/xen.h>
#include <xen/memory.h>

#include "preload/front.h"

#define NOWHERE     (~0ull)     /* INVALID_GFN */

/* xatp_permission_check: dom0 and PV domains have no map. */
static int translated(uint32_t dom, uint32_t *id)
{
    int rc = memory_domain(dom, id);
    const struct front_domain *d = rc ? NULL : front_domain(*id);

    if (rc)
        return rc;
    return !d || d->create.type == GUEST_PV ? -EACCES : 0;
}

/* The domain's own pages are modelled.  Of the shared information there is
 * one page. */
static long add_one(uint32_t dom, uint32_t space, uint64_t idx, uint64_t gfn)
{
    struct args_change_gfn a = { .dom = dom, .old_gfn = idx, .new_gfn = gfn };

    switch (space) {
    case XENMAPSPACE_gmfn:
        return hv_call(front.hv, OP_MEMORY_MOVE, &a);
    case XENMAPSPACE_shared_info:
        return idx ? -EINVAL : hypercall_missing("physmap space", space);
    case XENMAPSPACE_grant_table:
    case XENMAPSPACE_gmfn_foreign:
        return hypercall_missing("physmap space", space);
    case XENMAPSPACE_dev_mmio:
        return -EACCES;         /* only the hardware domain's own */
    default:
        return -EINVAL;
    }
}

static long add_range(uint32_t dom, const struct xen_add_to_physmap *x,
                      uint64_t start)
{
    long rc = 0;

    if (x->size < start)
        return -EILSEQ;
    if (x->gpfn + x->size < x->gpfn || x->idx + x->size < x->idx)
        return -EOVERFLOW;
    for (uint64_t i = start; !rc && i < x->size; i++)
        rc = add_one(dom, XENMAPSPACE_gmfn, x->idx + i, x->gpfn + i);
    return rc;
}

/* The LEN bytes of a structure whose size is of 16 bits, as START is then. */
static int take(uint64_t start, uint64_t arg, void *x, size_t len)
{
    return start != (uint16_t)start ? -EDOM : user_read(x, arg, len);
}

long memory_add(uint64_t start, uint64_t arg)
{
    struct xen_add_to_physmap x;
    int rc = take(start, arg, &x, sizeof(x));
    uint32_t dom;

    if (rc)
        return rc;
    if (x.space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS;         /* in batches only */
    rc = translated(x.domid, &dom);
    if (rc)
        return rc;
    if (x.gpfn == NOWHERE)
        return x.space == XENMAPSPACE_dev_mmio ? -EACCES : -EINVAL;
    return x.space == XENMAPSPACE_gmfn_range ? add_range(dom, &x, start) :
        add_one(dom, x.space, x.idx, x.gpfn);
}

/* Each has its own error; the whole fails where none can be said. */
long memory_add_batch(uint64_t start, uint64_t arg)
{
    struct xen_add_to_physmap_batch x;
    int rc = take(start, arg, &x, sizeof(x));
    uint32_t dom;

    if (rc)
        return rc;
    if (x.space == XENMAPSPACE_gmfn_range)
        return -EOPNOTSUPP;
    rc = translated(x.domid, &dom);
    if (rc)
        return rc;
    if (x.space == XENMAPSPACE_dev_mmio)
        return -EACCES;
    if (x.size <= start)
        return start ? -EILSEQ : 0;
    for (uint64_t i = start; i < x.size; i++) {
        xen_ulong_t idx;
        xen_pfn_t gfn;

        if (user_read(&idx, (uintptr_t)x.idxs.p + i * sizeof(idx),
                      sizeof(idx)) ||
            user_read(&gfn, (uintptr_t)x.gpfns.p + i * sizeof(gfn),
                      sizeof(gfn)))
            return -EFAULT;
        if (gfn == NOWHERE)
            return -EINVAL;
        rc = (int)add_one(dom, x.space, idx, gfn);
        if (user_write((uintptr_t)x.errs.p + i * sizeof(rc), &rc, sizeof(rc)))
            return -EFAULT;
    }
    return 0;
}

long memory_remove(uint64_t arg)
{
    struct xen_remove_from_physmap x;
    struct args_physmap a = { .dom = 0 };
    int rc;

    if (user_read(&x, arg, sizeof(x)))
        return -EFAULT;
    a.gfn = x.gpfn;
    rc = translated(x.domid, &a.dom);
    return rc ? rc : hv_call(front.hv, OP_MEMORY_REMOVE, &a);
}

/* ---- exchange ---- */

/* Do both lists name as many pages, of the same domain? */
static bool sizes_match(const struct xen_memory_exchange *x)
{
    return x->nr_exchanged <= x->in.nr_extents &&
           x->in.domid == x->out.domid &&
           ~0ull >> x->in.extent_order >= x->in.nr_extents &&
           ~0ull >> x->out.extent_order >= x->out.nr_extents &&
           x->in.nr_extents << x->in.extent_order ==
           x->out.nr_extents << x->out.extent_order;
}

/* steal_page: the pages of a domain with a map cannot be taken from it, which
 * is found at the first that is there. */
static long steal(const struct xen_memory_exchange *x, uint32_t dom)
{
    struct args_memory a = { .dom = dom };
    xen_pfn_t gfn;

    if (user_read(&gfn, (uintptr_t)x->in.extent_start.p +
                        x->nr_exchanged * sizeof(gfn), sizeof(gfn)))
        return -EFAULT;
    a.gfn = gfn;
    return hv_call(front.hv, OP_MEMORY_PEEK, &a) ? -EINVAL : -EOPNOTSUPP;
}

static long exchange(struct xen_memory_exchange *x)
{
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;
    uint32_t dom;
    int rc;

    if (in->extent_order > MAX_EXTENT_ORDER ||
        out->extent_order > MAX_EXTENT_ORDER)
        return -EPERM;
    if (!sizes_match(x))
        return -EINVAL;
    if (x->nr_exchanged == in->nr_extents)
        return 0;
    if (!memory_node_is_valid(out->mem_flags))
        return -EINVAL;
    rc = translated(in->domid, &dom);
    if (rc == -EACCES)          /* it is possible where there is no map */
        return hypercall_missing("memory_op", XENMEM_exchange);
    if (rc)
        return rc;
    /* In chunks of the larger of both. */
    if (out->extent_order > in->extent_order)
        x->nr_exchanged &= ~0ull << (out->extent_order - in->extent_order);
    return steal(x, dom);
}

long memory_exchange(uint64_t arg)
{
    struct xen_memory_exchange x;
    long rc;

    if (user_read(&x, arg, sizeof(x)))
        return -EFAULT;
    rc = exchange(&x);
    if (rc && user_write(arg + offsetof(struct xen_memory_exchange,
                                        nr_exchanged),
                         &x.nr_exchanged, sizeof(x.nr_exchanged)))
        return -EFAULT;
    return rc;
}
