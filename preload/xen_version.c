/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_version.  Source: xen/common/kernel.c:do_xen_version.  The strings are
 * those of a Xen that Debian built. */
#include "preload/front.h"

#include <errno.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/features.h>
#include <xen/version.h>

#include "preload/abi.h"

#define VIRT_START  0xffff800000000000ul        /* HYPERVISOR_VIRT_START */

/* dom0 is a PV domain of 64 bits. */
static long features(uint64_t arg)
{
    struct xen_feature_info info;

    if (user_read(&info, arg, sizeof(info)))
        return -EFAULT;
    if (info.submap_idx)
        return -EINVAL;
    info.submap = 1u << XENFEAT_memory_op_vnode_supported |
                  1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_dom0 |
                  1u << XENFEAT_mmu_pt_update_preserve_ad |
                  1u << XENFEAT_highmem_assist |
                  1u << XENFEAT_gnttab_map_avail_bits |
                  1u << XENFEAT_direct_mapped;
    return user_write(arg, &info, sizeof(info));
}

/* Its length, after it was copied where ARG is not NULL. */
static long build_id(uint64_t arg)
{
    static const unsigned char id[20] = "xenreel's own model";
    struct xen_build_id to;

    if (!arg)
        return sizeof(id);
    if (user_read(&to, arg, sizeof(to)))
        return -EFAULT;
    if (!to.len)
        return -EINVAL;
    if (to.len < sizeof(id))
        return -ENOBUFS;
    if (user_write(arg + offsetof(struct xen_build_id, buf), id, sizeof(id)))
        return -EFAULT;
    return sizeof(id);
}

static long text(uint64_t cmd, uint64_t arg)
{
    static const struct xen_compile_info compiler = {
        .compiler = "gcc (Debian 12.2.0-14+deb12u1) 12.2.0",
        .compile_by = "pkg-xen-devel",
        .compile_domain = "lists.alioth.debian.org",
        .compile_date = "Tue Nov  4 16:52:37 UTC 2025",
    };
    static const xen_capabilities_info_t caps =
        "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
    static const xen_changeset_info_t changeset = "unavailable";
    static const xen_commandline_t commandline = "placeholder";
    static const xen_domain_handle_t handle = { 0 };
    xen_extraversion_t extra = { 0 };

    switch (cmd) {
    case XENVER_extraversion:
        strncpy(extra, abi()->extra, sizeof(extra) - 1);
        return user_write(arg, extra, sizeof(extra));
    case XENVER_compile_info:
        return user_write(arg, &compiler, sizeof(compiler));
    case XENVER_capabilities:
        return user_write(arg, caps, sizeof(caps));
    case XENVER_changeset:
        return user_write(arg, changeset, sizeof(changeset));
    case XENVER_guest_handle:
        return user_write(arg, handle, sizeof(handle));
    case XENVER_commandline:
        return user_write(arg, commandline, sizeof(commandline));
    default:
        return -ENOSYS;         /* as Xen says, which has no others */
    }
}

long hypercall_version(uint64_t cmd, uint64_t arg)
{
    static const struct xen_platform_parameters platform = { VIRT_START };

    switch (cmd) {
    case XENVER_version:
        return 4 << 16 | abi()->minor;
    case XENVER_platform_parameters:
        return user_write(arg, &platform, sizeof(platform));
    case XENVER_get_features:
        return features(arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)FRONT_PAGE;
    case XENVER_build_id:
        return build_id(arg);
    default:
        return text(cmd, arg);
    }
}
