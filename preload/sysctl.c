/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sysctl.  Source: xen/common/sysctl.c:do_sysctl. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/sysctl.h>

#include "preload/domctl.h"

static int info_list(struct xen_sysctl_getdomaininfolist *list)
{
    uint64_t at = (uintptr_t)list->buffer.p;
    uint32_t n = 0;

    for (uint32_t i = 0; i <= front.nr_domains; i++) {
        uint32_t id = i ? front.domains[i - 1].id : 0;
        struct xen_domctl_getdomaininfo info;

        if (n == list->max_domains)
            break;
        if (id < list->first_domain || domain_info(id, &info))
            continue;
        if (user_write(at + n * sizeof(info), &info, sizeof(info)))
            return -EFAULT;
        n++;
    }
    list->num_domains = n;
    return 0;
}

/* A machine with one CPU of 2 GHz and 4 GB. */
static int physinfo(struct xen_sysctl_physinfo *info)
{
    *info = (struct xen_sysctl_physinfo){
        .threads_per_core = 1, .cores_per_socket = 1, .nr_cpus = 1,
        .nr_nodes = 1, .cpu_khz = FRONT_CPU_KHZ,
        .capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_pv |
                        XEN_SYSCTL_PHYSCAP_hap,
        .total_pages = 1 << 20, .free_pages = 1 << 19,
    };
    return 0;
}

long hypercall_sysctl(uint64_t arg)
{
    struct xen_sysctl s;
    int rc;

    if (user_read(&s, arg, sizeof(s)))
        return -EFAULT;
    if (s.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    switch (s.cmd) {
    case XEN_SYSCTL_getdomaininfolist:
        rc = info_list(&s.u.getdomaininfolist);
        break;
    case XEN_SYSCTL_physinfo:
        rc = physinfo(&s.u.physinfo);
        break;
    default:
        return hypercall_missing("sysctl", s.cmd);
    }
    return !rc && user_write(arg, &s, sizeof(s)) ? -EFAULT : rc;
}
