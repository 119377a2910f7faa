/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/xen/privcmd as Linux has it (drivers/xen/privcmd.c). */
#include "preload/front.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <xen/xen.h>
#include <xen/memory.h>
#include <xen/sys/privcmd.h>

#include "preload/pass.h"

#define NOBODY          ~0u
#define MAX_BUFS        16      /* dm_op_max_nr_bufs */
#define MAX_XEN_BUFS    3       /* xen/common/dm.c: struct dmop_args */

static long call(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_hypercall h;
    uint64_t args[5];

    if (*restricted != NOBODY)
        return -EPERM;
    if (user_read(&h, arg, sizeof(h)))
        return -EFAULT;
    for (unsigned int i = 0; i < 5; i++)
        args[i] = h.arg[i];
    front_slice();
    return hypercall(h.op, args);
}

/* What both versions check of the range: it is one of ours, and free. */
static int check_range(uint64_t addr, uint64_t pages)
{
    if (!mapping_covers(addr, pages) || mapping_used(addr, pages))
        return -EINVAL;
    return 0;
}

/* The address of element I of a list that may be at no address at all. */
static uint64_t element(const void *list, uint64_t i, size_t size)
{
    return (uintptr_t)list + i * size;
}

/* A frame that cannot be there: the second version has a list of errors, the
 * first marks the frame's number. */
static int report(const struct privcmd_mmapbatch_v2 *b, uint64_t i,
                  xen_pfn_t gfn, int err)
{
    if (b->err)
        return user_write(element(b->err, i, sizeof(err)), &err, sizeof(err));
    gfn |= PRIVCMD_MMAPBATCH_MFN_ERROR;
    return !err ? 0 :
        user_write(element(b->arr, i, sizeof(gfn)), &gfn, sizeof(gfn));
}

/* Every frame has its own error; the whole fails for what is wrong with
 * the request. */
static int map_frames(const struct privcmd_mmapbatch_v2 *b,
                      const uint32_t *restricted)
{
    int rc;

    if (*restricted != NOBODY && *restricted != b->dom)
        return -EPERM;
    if (b->num - 1 >= INT32_MAX)
        return -EINVAL;
    rc = check_range(b->addr, b->num);
    for (uint64_t i = 0; !rc && i < b->num; i++) {
        xen_pfn_t gfn;

        if (user_read(&gfn, element(b->arr, i, sizeof(gfn)), sizeof(gfn)))
            return -EFAULT;
        pass_page(gfn, element(b->err, i, sizeof(int)));
        rc = report(b, i, gfn,
                    mapping_put(b->addr + i * FRONT_PAGE, b->dom, gfn));
    }
    return rc;
}

static int map_batch(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_mmapbatch_v2 b;

    if (user_read(&b, arg, sizeof(b)))
        return -EFAULT;
    return b.err ? map_frames(&b, restricted) : -EFAULT;
}

static int map_batch_v1(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_mmapbatch v1;
    struct privcmd_mmapbatch_v2 b = { .num = 0 };

    if (user_read(&v1, arg, sizeof(v1)))
        return -EFAULT;
    b.num = v1.num < 0 ? 0 : (unsigned int)v1.num;
    b.dom = v1.dom;
    b.addr = v1.addr;
    b.arr = v1.arr;
    return map_frames(&b, restricted);
}

/* Runs of frames, one behind the other, up to the first that fails. */
static int map_runs(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_mmap_entry e;
    struct privcmd_mmap m;
    uint64_t next = 0;

    if (user_read(&m, arg, sizeof(m)))
        return -EFAULT;
    if (*restricted != NOBODY && *restricted != m.dom)
        return -EPERM;
    for (int i = 0; i < m.num; i++) {
        if (user_read(&e, element(m.entry, i, sizeof(e)), sizeof(e)))
            return -EFAULT;
        if ((i && e.va != next) || !e.npages || check_range(e.va, e.npages))
            return -EINVAL;
        for (uint64_t j = 0; j < e.npages; j++) {
            int rc = mapping_put(e.va + j * FRONT_PAGE, m.dom, e.mfn + j);

            if (rc)
                return rc;
        }
        next = e.va + e.npages * FRONT_PAGE;
    }
    return 0;
}

/* Without an address, how large is it?  No resource can be mapped. */
static int map_resource(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_mmap_resource r;
    struct xen_mem_acquire_resource ask = { .pad = 0 };
    long rc;

    if (user_read(&r, arg, sizeof(r)))
        return -EFAULT;
    if (*restricted != NOBODY && *restricted != r.dom)
        return -EPERM;
    if (!r.addr != !r.num)
        return -EINVAL;
    ask.domid = r.dom;
    ask.type = r.type;
    ask.id = r.id;
    rc = hypercall_memory(XENMEM_acquire_resource, (uintptr_t)&ask);
    return rc ? (int)rc : -EINVAL;
}

static long dm_op(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_dm_op_buf buf, first = { .size = 0 };
    struct privcmd_dm_op op;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    if (*restricted != NOBODY && *restricted != op.dom)
        return -EPERM;
    if (!op.num)
        return 0;               /* how libraries ask whether it is there */
    if (op.num > MAX_BUFS)
        return -E2BIG;
    for (unsigned int i = op.num; i-- > 0; first = buf) {
        if (user_read(&buf, element(op.ubufs, i, sizeof(buf)), sizeof(buf)))
            return -EFAULT;
        if (buf.size > FRONT_PAGE)
            return -E2BIG;
    }
    return op.num > MAX_XEN_BUFS ? -E2BIG :
        hypercall_dm(op.dom, (uintptr_t)first.uptr, first.size);
}

static int restrict_to(uint64_t arg, uint32_t *restricted)
{
    domid_t dom;

    if (user_read(&dom, arg, sizeof(dom)))
        return -EFAULT;
    if (*restricted == NOBODY)  /* which is DOMID_INVALID to the kernel */
        *restricted = dom == DOMID_INVALID ? NOBODY : dom;
    return *restricted == dom || *restricted == NOBODY ? 0 : -EINVAL;
}

/* Older kernels' ways to map: performed, and named in the recording. */
static bool unseen(unsigned long request)
{
    return front.pass && (request == IOCTL_PRIVCMD_MMAPBATCH ||
                          request == IOCTL_PRIVCMD_MMAP);
}

int privcmd_ioctl(unsigned long request, uint64_t arg, uint32_t *restricted)
{
    if (unseen(request))
        return (int)hypercall_missing("privcmd", request);
    if (front.parent)
        return child_ioctl(request, arg);
    switch (request) {
    case IOCTL_PRIVCMD_HYPERCALL:
        return (int)call(arg, restricted);
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        return map_batch(arg, restricted);
    case IOCTL_PRIVCMD_DM_OP:
        return (int)dm_op(arg, restricted);
    case IOCTL_PRIVCMD_RESTRICT:
        return restrict_to(arg, restricted);
    case IOCTL_PRIVCMD_MMAPBATCH:
        return map_batch_v1(arg, restricted);
    case IOCTL_PRIVCMD_MMAP:
        return map_runs(arg, restricted);
    case IOCTL_PRIVCMD_MMAP_RESOURCE:
        return map_resource(arg, restricted);
    default:
        return -ENOTTY;
    }
}
