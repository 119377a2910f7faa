/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_op.  Source: xen/common/memory.c:do_memory_op,
 * xen/common/mem_access.c:mem_access_memop. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>
#include <xen/memory.h>

/* xen/include/xen/hypercall.h: the bits above number a continuation. */
#define CMD_MASK        0x3f

static long max_gpfn(uint64_t arg)
{
    struct args_u64 a = { .dom = 0 };
    domid_t dom;
    int rc;

    if (user_read(&dom, arg, sizeof(dom)))
        return -EFAULT;
    a.dom = dom;
    rc = hv_call(front.hv, OP_DOMAIN_MAX_GPFN, &a);
    return rc ? rc : (long)a.value;
}

/* Extents of one page; what was done before the first failure counts. */
static long extents(uint64_t arg, enum hv_op op)
{
    struct xen_memory_reservation r;
    long done = 0;

    if (user_read(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.domid != DOMID_SELF && r.domid && !front_domain(r.domid))
        return -ESRCH;
    if (r.extent_order)
        return hypercall_missing("memory_op of extent order",
                                 r.extent_order);
    for (; done < (long)r.nr_extents; done++) {
        struct args_physmap a = { .dom = r.domid };
        xen_pfn_t gfn;

        if (user_read(&gfn, (uintptr_t)(r.extent_start.p + done),
                      sizeof(gfn)))
            break;
        a.gfn = gfn;
        if (hv_call(front.hv, op, &a))
            break;
    }
    return done;
}

static long access(uint64_t arg)
{
    struct xen_mem_access_op op;
    struct args_access a;
    int rc;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    a = (struct args_access){ .dom = op.domid, .access = op.access,
                              .gfn = op.pfn, .nr = op.nr };
    switch (op.op) {
    case XENMEM_access_op_set_access:
        return hv_call(front.hv, OP_ACCESS_SET, &a);
    case XENMEM_access_op_get_access:
        rc = hv_call(front.hv, OP_ACCESS_GET, &a);
        op.access = a.access;
        if (!rc && user_write(arg, &op, sizeof(op)))
            rc = -EFAULT;
        return rc;
    case XENMEM_access_op_set_access_multi:
        return access_lists(OP_ACCESS_SET_MULTI, op.domid, 0, op.nr,
                            (uintptr_t)op.pfn_list.p,
                            (uintptr_t)op.access_list.p);
    default:
        /* Only after its checks does Xen find that it knows no such one. */
        rc = hv_call(front.hv, OP_ACCESS_GET, &a);
        return rc && rc != -EINVAL ? rc : -ENOSYS;
    }
}

long hypercall_memory(uint64_t cmd, uint64_t arg)
{
    switch (cmd & CMD_MASK) {
    case XENMEM_populate_physmap:
        return extents(arg, OP_MEMORY_POPULATE);
    case XENMEM_decrease_reservation:
        return extents(arg, OP_MEMORY_DECREASE);
    case XENMEM_maximum_gpfn:
        return max_gpfn(arg);
    case XENMEM_access_op:
        return access(arg);
    default:
        return hypercall_missing("memory_op", cmd & CMD_MASK);
    }
}
