/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One hypercall, from its number to the file that knows it. */
#include "preload/front.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/hvm/dm_op.h>
#include <xen/sched.h>
#include <xen/version.h>

#define MAX_MISSING     64

static struct {
    const char *family;
    uint64_t number;
} missing[MAX_MISSING];
static unsigned int nr_missing;

long hypercall_missing(const char *family, uint64_t number)
{
    for (unsigned int i = 0; i < nr_missing; i++) {
        if (missing[i].number == number &&
            !strcmp(missing[i].family, family))
            return -ENOSYS;
    }
    if (nr_missing < MAX_MISSING) {
        missing[nr_missing].family = family;
        missing[nr_missing++].number = number;
        front_say("%s %" PRIu64 " is not modelled: answered with ENOSYS",
                  family, number);
    }
    return -ENOSYS;
}

/* do_multicall: every call's result is kept, the whole is a success. */
static long multicall(uint64_t list, uint64_t nr)
{
    for (uint64_t i = 0; i < nr; i++) {
        uint64_t at = list + i * sizeof(struct multicall_entry);
        struct multicall_entry e;
        uint64_t arg[5];

        if (user_read(&e, at, sizeof(e)))
            return -EFAULT;
        for (unsigned int j = 0; j < 5; j++)
            arg[j] = e.args[j];
        e.result = e.op == __HYPERVISOR_multicall ?
            -EINVAL : hypercall(e.op, arg);
        if (user_write(at + offsetof(struct multicall_entry, result),
                       &e.result, sizeof(e.result)))
            return -EFAULT;
    }
    return 0;
}

/* Strings as Debian's Xen 4.17 has them. */
static long version(uint64_t cmd, uint64_t arg)
{
    static const char extra[XEN_EXTRAVERSION_LEN] = ".7";
    static const xen_capabilities_info_t caps =
        "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
    static const xen_domain_handle_t handle = { 0 };

    switch (cmd) {
    case XENVER_version:
        return 4 << 16 | 17;
    case XENVER_extraversion:
        return user_write(arg, extra, sizeof(extra));
    case XENVER_capabilities:
        return user_write(arg, caps, sizeof(caps));
    case XENVER_pagesize:
        return FRONT_PAGE;
    case XENVER_guest_handle:
        return user_write(arg, handle, sizeof(handle));
    default:
        return hypercall_missing("xen_version", cmd);
    }
}

static long dm_op(uint64_t dom, uint64_t nr, uint64_t bufs)
{
    struct xen_dm_op_buf first;

    if (dom >= DOMID_FIRST_RESERVED || !front_domain(dom))
        return -ESRCH;
    if (!nr || user_read(&first, bufs, sizeof(first)))
        return -EFAULT;
    return hypercall_dm(dom, (uintptr_t)first.h.p, first.size);
}

long hypercall(uint64_t op, const uint64_t arg[5])
{
    switch (op) {
    case __HYPERVISOR_memory_op:
        return hypercall_memory(arg[0], arg[1]);
    case __HYPERVISOR_multicall:
        return multicall(arg[0], (uint32_t)arg[1]);
    case __HYPERVISOR_xen_version:
        return version(arg[0], arg[1]);
    case __HYPERVISOR_hvm_op:
        return hypercall_hvm(arg[0], arg[1]);
    case __HYPERVISOR_sysctl:
        return hypercall_sysctl(arg[0]);
    case __HYPERVISOR_domctl:
        return hypercall_domctl(arg[0]);
    case __HYPERVISOR_dm_op:
        return dm_op(arg[0], arg[1], arg[2]);
    default:
        return hypercall_missing("hypercall", op);
    }
}
