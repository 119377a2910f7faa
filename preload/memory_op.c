/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_op.  Source: xen/common/memory.c:do_memory_op,
 * xen/common/mem_access.c:mem_access_memop. */
#include "preload/memory_op.h"

#include <errno.h>

#include <xen/xen.h>
#include <xen/memory.h>

#include "preload/abi.h"
#include "preload/front.h"
#include "preload/pass.h"

/* xen/include/xen/hypercall.h: the bits above number a continuation. */
#define EXTENT_SHIFT    6
#define CMD_MASK        0x3f
#define PAGE_BITS       12
#define ANY_NODE        0xff            /* NUMA_NO_NODE */
#define MAX_NODES       64              /* MAX_NUMNODES */
#define MAX_PAGE        0x140000        /* 4 GB around a hole of one */

/* The kernel has answered: the number is the result. */
static int fill_number(void *ctx, void *args, long rc)
{
    struct args_u64 *a = args;

    (void)ctx;
    a->value = rc;
    return rc < 0 ? (int)rc : 0;
}

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
        pass_fill(fill_number, NULL);
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

struct extent {
    enum hv_op op;
    uint64_t done;
};

/* The kernel has answered how many extents were done, *CTX of which we know;
 * why not the next one it does not say (libxenctrl's answers). */
static int fill_extent(void *ctx, void *args, long rc)
{
    const struct extent *e = ctx;

    (void)args;
    if (rc < 0)
        return (int)rc;
    if (e->done < (uint64_t)rc)
        return 0;
    return e->op == OP_MEMORY_INCREASE ? -ENOMEM :
        e->op == OP_MEMORY_DECREASE ? -EINVAL : -EBUSY;
}

static int one(enum hv_op op, struct args_physmap *a, uint64_t done)
{
    struct extent e = { op, done };

    pass_fill(fill_extent, &e);
    return hv_call(front.hv, op, a);
}

int memory_domain(uint32_t dom, uint32_t *id)
{
    *id = dom == DOMID_SELF ? 0 : dom;
    return *id && !front_domain(*id) ? -ESRCH : 0;
}

bool memory_node_is_valid(uint32_t flags)
{
    uint32_t node = XENMEMF_get_node(flags);

    return node == ANY_NODE || node < MAX_NODES;
}

/* One extent of CMD's, behind DONE others: 0, or an error. */
static int extent(uint64_t cmd, const struct xen_memory_reservation *r,
                  uint64_t gfn, uint64_t done)
{
    struct args_physmap a = { .dom = r->domid, .order = r->extent_order,
                              .gfn = gfn };
    int rc = 0;

    if (cmd == XENMEM_increase_reservation)
        return one(OP_MEMORY_INCREASE, &a, done);
    if (cmd == XENMEM_populate_physmap)
        return one(a.order ? OP_MEMORY_POPULATE_EXTENT : OP_MEMORY_POPULATE,
                   &a, done);
    a.order = 0;
    for (uint64_t n = 1ull << r->extent_order; !rc && n; n--, a.gfn++)
        rc = one(OP_MEMORY_DECREASE, &a, done);
    return rc;
}

/* construct_memop_from_reservation: an allocation below an address of some
 * bits is one like any other here; of none is refused. */
static bool flags_are_valid(uint32_t flags)
{
    uint32_t bits = XENMEMF_get_address_bits(flags);

    return (!bits || bits > PAGE_BITS) &&
           (flags & XENMEMF_vnode || memory_node_is_valid(flags));
}

/* Extents from START on.  What was done before the first failure counts; of
 * a request that is wrong altogether nothing is done.  dom0 has all that it
 * may have, and gives nothing. */
static long extents(uint64_t cmd, uint64_t arg, uint64_t start)
{
    struct xen_memory_reservation r;
    uint64_t done = start;

    if (user_read(&r, arg, sizeof(r)) ||
        r.nr_extents > UINT32_MAX >> EXTENT_SHIFT ||
        !front_domain(r.domid) || !flags_are_valid(r.mem_flags) ||
        r.extent_order > MAX_EXTENT_ORDER)
        return (long)start;
    if (cmd == XENMEM_populate_physmap &&
        r.mem_flags & XENMEMF_populate_on_demand)
        return hypercall_missing("memory_op with flags", r.mem_flags);
    for (; done < r.nr_extents; done++) {
        xen_pfn_t gfn = 0;

        if ((cmd != XENMEM_increase_reservation &&
             user_read(&gfn, (uintptr_t)r.extent_start.p + done * sizeof(gfn),
                       sizeof(gfn))) || extent(cmd, &r, gfn, done))
            break;
    }
    return (long)done;
}

/* No domain has a topology of its own. */
static long vnuma(uint64_t arg)
{
    struct xen_vnuma_topology_info t;
    uint32_t dom;
    int rc;

    if (user_read(&t, arg, sizeof(t)))
        return -EFAULT;
    if (t.pad)
        return -EINVAL;
    rc = memory_domain(t.domid, &dom);
    return rc ? rc : -EOPNOTSUPP;
}

/* No device reserves any memory. */
static long reserved_map(uint64_t arg)
{
    struct xen_reserved_device_memory_map map;

    if (user_read(&map, arg, sizeof(map)))
        return -EFAULT;
    if (map.flags & ~XENMEM_RDM_ALL)
        return -EINVAL;
    map.nr_entries = 0;
    return user_write(arg, &map, sizeof(map));
}

/* p2m_pod_set_mem_target changes nothing where nothing is populated on
 * demand. */
static long pod_target(uint64_t cmd, uint64_t arg)
{
    struct args_domain_info info = { .dom = 0 };
    const struct front_domain *d;
    struct xen_pod_target t;
    int rc;

    if (user_read(&t, arg, sizeof(t)))
        return -EFAULT;
    rc = memory_domain(t.domid, &info.dom);
    d = front_domain(info.dom);
    if (rc || !d || d->create.type == GUEST_PV)
        return rc ? rc : -EINVAL;
    rc = hv_call(front.hv, OP_DOMAIN_INFO, &info);
    if (rc)
        return rc;
    if (cmd == XENMEM_set_pod_target && t.target_pages > info.max_kb >> 2)
        return -EINVAL;
    t.tot_pages = info.nr_pages;
    t.pod_cache_pages = t.pod_entries = 0;
    return user_write(arg, &t, sizeof(t));
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
    if (r.type != XENMEM_resource_vmtrace_buf && r.frame_list.p &&
        r.nr_frames)
        return -EOPNOTSUPP;     /* as Xen says, which has no others */
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

/* The kernel has answered: the access at CTX. */
static int fill_access(void *ctx, void *args, long rc)
{
    struct args_access *a = args;
    struct xen_mem_access_op op;

    if (!rc && !user_read(&op, (uintptr_t)ctx, sizeof(op)))
        a->access = op.access;
    return (int)rc;
}

static long access(uint64_t arg)
{
    struct xen_mem_access_op op;
    struct args_access a;
    int rc;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    a = (struct args_access){ .dom = op.domid, .access = abi_access(op.access),
                              .gfn = op.pfn, .nr = op.nr };
    switch (op.op) {
    case XENMEM_access_op_set_access:
        return hv_call(front.hv, OP_ACCESS_SET, &a);
    case XENMEM_access_op_get_access:
        pass_fill(fill_access, (void *)(uintptr_t)arg);
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
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return extents(cmd & CMD_MASK, arg, start);
    case XENMEM_add_to_physmap:
        return memory_add(start, arg);
    case XENMEM_add_to_physmap_batch:
        return memory_add_batch(start, arg);
    case XENMEM_remove_from_physmap:
        return start ? -EINVAL : memory_remove(arg);
    case XENMEM_exchange:
        return start ? -EINVAL : memory_exchange(arg);
    case XENMEM_get_vnumainfo:
        return start ? -EINVAL : vnuma(arg);
    case XENMEM_reserved_device_memory_map:
        return start ? -EINVAL : reserved_map(arg);
    case XENMEM_set_pod_target:
    case XENMEM_get_pod_target:
        return start ? -ENOSYS : pod_target(cmd, arg);
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
