/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_op.  Source: xen/common/memory.c:do_memory_op,
 * xen/common/mem_access.c:mem_access_memop. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>
#include <xen/memory.h>

/* xen/include/xen/hypercall.h: the bits above number a continuation. */
#define EXTENT_SHIFT    6
#define CMD_MASK        0x3f
#define MAX_PAGE        0x140000        /* 4 GB around a hole of one */

/* The three questions about a domain's memory. */
static long memory_of(uint64_t cmd, uint64_t arg)
{
    struct args_domain_info info;
    struct args_u64 a = { .dom = 0 };
    domid_t dom;
    int rc;

    if (user_read(&dom, arg, sizeof(dom)))
        return -EFAULT;
    if (cmd == XENMEM_maximum_gpfn) {
        a.dom = dom;
        rc = hv_call(front.hv, OP_DOMAIN_MAX_GPFN, &a);
        return rc ? rc : (long)a.value;
    }
    info.dom = dom == DOMID_SELF ? 0 : dom;
    rc = hv_call(front.hv, OP_DOMAIN_INFO, &info);
    if (rc)
        return rc;
    return cmd == XENMEM_current_reservation ? (long)info.nr_pages :
                                               (long)(info.max_kb >> 2);
}

/* Extents of one page, from START.  What was done before the first failure
 * counts; of a request that is wrong altogether nothing is done. */
static long extents(uint64_t arg, enum hv_op op, uint64_t start)
{
    struct xen_memory_reservation r;
    uint64_t done = start;

    if (user_read(&r, arg, sizeof(r)) ||
        r.nr_extents > UINT32_MAX >> EXTENT_SHIFT ||
        !front_domain(r.domid))
        return (long)start;
    if (r.extent_order)
        return hypercall_missing("memory_op of extent order",
                                 r.extent_order);
    for (; done < r.nr_extents; done++) {
        struct args_physmap a = { .dom = r.domid };
        xen_pfn_t gfn;

        if (user_read(&gfn, (uintptr_t)r.extent_start.p + done * sizeof(gfn),
                      sizeof(gfn)))
            break;
        a.gfn = gfn;
        if (hv_call(front.hv, op, &a))
            break;
    }
    return (long)done;
}

/* acquire_resource.  No domain has vmtrace buffers; those that are there are
 * not modelled. */
static long acquire(uint64_t arg)
{
    struct xen_mem_acquire_resource r;

    if (user_read(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.pad || r.frame >> 32 || (r.frame + r.nr_frames) >> 32)
        return -EINVAL;
    if (!front_domain(r.domid))
        return r.domid && r.domid != DOMID_SELF ? -ESRCH : -EPERM;
    if (r.type == XENMEM_resource_grant_table ||
        r.type == XENMEM_resource_ioreq_server)
        return hypercall_missing("resource", r.type);
    return -EINVAL;
}

static long paging(uint64_t arg)
{
    struct xen_mem_paging_op op;
    struct args_vm_event_op a;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    a = (struct args_vm_event_op){ .dom = op.domain, .op = op.op };
    return hv_call(front.hv, OP_MEMORY_PAGING_OP, &a);
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
    uint64_t start = cmd >> EXTENT_SHIFT;

    switch (cmd & CMD_MASK) {
    case XENMEM_populate_physmap:
        return extents(arg, OP_MEMORY_POPULATE, start);
    case XENMEM_decrease_reservation:
        return extents(arg, OP_MEMORY_DECREASE, start);
    case XENMEM_maximum_ram_page:
        return start ? -EINVAL : MAX_PAGE;
    case XENMEM_maximum_gpfn:
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
        return start ? -EINVAL : memory_of(cmd, arg);
    case XENMEM_access_op:
        return access(arg);
    case XENMEM_acquire_resource:
        return acquire(arg);
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0;               /* Debian builds no mem_sharing ... */
    case XENMEM_sharing_op:
        return -ENOSYS;
    case XENMEM_paging_op:
        return paging(arg);     /* ... and no mem_paging */
    default:
        return hypercall_missing("memory_op", cmd & CMD_MASK);
    }
}
