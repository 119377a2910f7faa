/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mmu_update and mmuext_op of dom0's for other domains.  Source:
 * xen/arch/x86/mm.c:do_mmu_update, do_mmuext_op. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>

#define USER_END        (1ull << 47)            /* __addr_ok */
#define XEN_END         0xffff880000000000ull
#define PREEMPTED       0x80000000u     /* MMU_UPDATE_PREEMPTED */

static int mmu_update(uint64_t at, uint32_t flags, uint32_t foreign,
                      uint32_t *done)
{
    struct args_mmu_update a = {
        .dom = foreign & 0xffff, .flags = flags,
        .vcpu = foreign >> 16 ? (foreign >> 16) - 1 : 0,
    };
    struct mmu_update request;
    int rc;

    if (!flags && user_read(&request, at, sizeof(request)))
        return -EFAULT;
    if (!flags) {
        a.ptr = request.ptr;
        a.val = request.val;
    }
    rc = hv_call(front.hv, OP_PV_MMU_UPDATE, &a);
    *done = a.done;
    return rc;
}

static int mmuext_op(uint64_t at, uint32_t flags, uint32_t foreign,
                     uint32_t *done)
{
    struct args_mmuext_op a = { .dom = foreign & 0xffff, .flags = flags };
    struct mmuext_op request;
    int rc;

    if (!flags && user_read(&request, at, sizeof(request)))
        return -EFAULT;
    if (!flags) {
        a.cmd = request.cmd;
        a.arg1 = request.arg1.mfn;
        a.arg2 = request.arg2.src_mfn;
    }
    rc = hv_call(front.hv, OP_PV_MMUEXT_OP, &a);
    *done = a.done;
    return rc;
}

/* One request after the other, until one fails. */
long hypercall_pv(uint64_t op, const uint64_t arg[5])
{
    bool ext = op == __HYPERVISOR_mmuext_op;
    size_t size = ext ? sizeof(struct mmuext_op) : sizeof(struct mmu_update);
    uint32_t count = (uint32_t)arg[1] & ~PREEMPTED, done = 0, one, flags = 0;
    int rc = 0;

    if ((uint32_t)arg[1] == PREEMPTED && !arg[0])
        return (int32_t)arg[3];         /* how Xen's own continuation ends */
    if (!count)
        flags = PV_NO_REQUESTS;
    if (arg[0] >= USER_END && arg[0] < XEN_END)
        flags |= PV_BAD_REQUESTS;       /* guest_handle_okay: of any count */
    do {
        one = 0;
        rc = (ext ? mmuext_op : mmu_update)(arg[0] + done * size, flags,
                                            (uint32_t)arg[3], &one);
        if (one == ~0u)
            return rc;          /* before it came to the requests */
        done += one;
    } while (!rc && done < count);
    if (arg[2] && user_write(arg[2], &done, sizeof(done)))
        return rc ? rc : -EFAULT;
    return rc;
}
