/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/xen/privcmd as Linux has it (drivers/xen/privcmd.c). */
#include "preload/front.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <xen/xen.h>
#include <xen/sys/privcmd.h>

#define NOBODY  ~0u

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
    return hypercall(h.op, args);
}

/* Every frame has its own error; the whole fails for what is wrong with
 * the request. */
static int map_batch(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_mmapbatch_v2 b;

    if (user_read(&b, arg, sizeof(b)))
        return -EFAULT;
    if (*restricted != NOBODY && *restricted != b.dom)
        return -EPERM;
    if (!b.num || !mapping_covers(b.addr, b.num))
        return -EINVAL;
    for (uint64_t i = 0; i < b.num; i++) {
        xen_pfn_t gfn;
        int err;

        if (user_read(&gfn, (uintptr_t)(b.arr + i), sizeof(gfn)))
            return -EFAULT;
        err = mapping_put(b.addr + i * FRONT_PAGE, b.dom, gfn);
        if (user_write((uintptr_t)(b.err + i), &err, sizeof(err)))
            return -EFAULT;
    }
    return 0;
}

static long dm_op(uint64_t arg, const uint32_t *restricted)
{
    struct privcmd_dm_op op;
    struct privcmd_dm_op_buf buf;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    if (*restricted != NOBODY && *restricted != op.dom)
        return -EPERM;
    if (!op.num)
        return 0;               /* how libraries ask whether it is there */
    if (user_read(&buf, (uintptr_t)op.ubufs, sizeof(buf)))
        return -EFAULT;
    return hypercall_dm(op.dom, (uintptr_t)buf.uptr, buf.size);
}

static int restrict_to(uint64_t arg, uint32_t *restricted)
{
    domid_t dom;

    if (user_read(&dom, arg, sizeof(dom)))
        return -EFAULT;
    if (*restricted == NOBODY)
        *restricted = dom;
    return *restricted == dom ? 0 : -EINVAL;
}

int privcmd_ioctl(unsigned long request, uint64_t arg, uint32_t *restricted)
{
    switch (request) {
    case IOCTL_PRIVCMD_HYPERCALL:
        return (int)call(arg, restricted);
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        return map_batch(arg, restricted);
    case IOCTL_PRIVCMD_DM_OP:
        return (int)dm_op(arg, restricted);
    case IOCTL_PRIVCMD_RESTRICT:
        return restrict_to(arg, restricted);
    case IOCTL_PRIVCMD_MMAP_RESOURCE:
        return -EOPNOTSUPP;     /* no domain has any */
    default:
        return -ENOTTY;
    }
}
