/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sysctl.  Source: xen/common/sysctl.c:do_sysctl. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/sysctl.h>

#include "preload/abi.h"
#include "preload/domctl.h"

#define MAX_DEVICES     64
#define TOTAL_PAGES     (1u << 20)
#define FREE_PAGES      (1u << 19)

static int info_list(struct xen_sysctl_getdomaininfolist *list)
{
    uint64_t at = (uintptr_t)list->buffer.p;
    uint32_t n = 0;

    for (uint32_t i = 0; i <= front.nr_domains; i++) {
        const struct front_domain *d = i ? &front.domains[i - 1] : NULL;
        uint32_t id = d ? d->id : 0;
        struct xen_domctl_getdomaininfo info;

        if (n == list->max_domains)
            break;
        if (id < list->first_domain || (d && d->gone) ||
            domain_info(id, &info))
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
        .total_pages = TOTAL_PAGES, .free_pages = FREE_PAGES,
    };
    return 0;
}

/* One CPU ... */
static int cpus(struct xen_sysctl_cputopoinfo *info)
{
    static const struct xen_sysctl_cputopo cpu = { 0, 0, 0 };

    if (info->cputopo.p && info->num_cpus &&
        user_write((uintptr_t)info->cputopo.p, &cpu, sizeof(cpu)))
        return -EFAULT;
    if (!info->cputopo.p || info->num_cpus > 1)
        info->num_cpus = 1;
    return 0;
}

/* ... on one node. */
static int nodes(struct xen_sysctl_numainfo *info)
{
    static const struct xen_sysctl_meminfo memory = {
        (uint64_t)TOTAL_PAGES * FRONT_PAGE, (uint64_t)FREE_PAGES * FRONT_PAGE
    };
    static const uint32_t distance = 10;
    bool query = !info->meminfo.p && !info->distance.p;

    if (info->meminfo.p && info->num_nodes &&
        user_write((uintptr_t)info->meminfo.p, &memory, sizeof(memory)))
        return -EFAULT;
    if (info->distance.p && info->num_nodes &&
        user_write((uintptr_t)info->distance.p, &distance, sizeof(distance)))
        return -EFAULT;
    if (query || info->num_nodes > 1)
        info->num_nodes = 1;
    return 0;
}

/* None of the machine's devices is the model's.  Xen, too, may do some at a
 * time. */
static int pci(struct xen_sysctl_pcitopoinfo *info)
{
    const uint32_t node = XEN_INVALID_DEV;
    uint32_t i = 0;

    if (!info->devs.p || !info->nodes.p)
        return -EINVAL;
    for (; i < info->num_devs && i < MAX_DEVICES; i++) {
        if (user_write((uintptr_t)(info->nodes.p + i), &node, sizeof(node)))
            return -EFAULT;
    }
    info->num_devs = i;
    return 0;
}

static uint32_t nr_domains(void)
{
    uint32_t n = 1;

    for (uint32_t i = 0; i < front.nr_domains; i++)
        n += !front.domains[i].gone;
    return n;
}

/* Pool 0 has all domains and CPUs. */
static int cpupool(struct xen_sysctl_cpupool_op *op)
{
    switch (op->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if (op->cpupool_id)
            return -ENOENT;
        op->sched_id = XEN_SCHEDULER_CREDIT2;
        op->n_dom = nr_domains();
        return user_bitmap(&op->cpumap, 1);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return user_bitmap(&op->cpumap, 0);
    default:
        return hypercall_missing("cpupool_op", op->op);
    }
}

int user_bitmap(const struct xenctl_bitmap *map, unsigned char first)
{
    uint64_t to = (uintptr_t)map->bitmap.p;

    for (uint32_t i = 0; i < (map->nr_bits + 7) / 8; i++) {
        if (user_write(to + i, &first, 1))
            return -EFAULT;
        first = 0;
    }
    return 0;
}

long hypercall_sysctl(uint64_t arg)
{
    struct xen_sysctl s;
    int rc;

    if (user_read(&s, arg, sizeof(s)))
        return -EFAULT;
    if (s.interface_version != abi()->sysctl)
        return -EACCES;
    switch (s.cmd) {
    case XEN_SYSCTL_getdomaininfolist:
        rc = info_list(&s.u.getdomaininfolist);
        break;
    case XEN_SYSCTL_physinfo:
        rc = physinfo(&s.u.physinfo);
        break;
    case XEN_SYSCTL_readconsole:
        s.u.readconsole.count = 0;      /* nothing was ever said */
        rc = 0;
        break;
    case XEN_SYSCTL_cputopoinfo:
        rc = cpus(&s.u.cputopoinfo);
        break;
    case XEN_SYSCTL_numainfo:
        rc = nodes(&s.u.numainfo);
        break;
    case XEN_SYSCTL_pcitopoinfo:
        rc = pci(&s.u.pcitopoinfo);
        break;
    case XEN_SYSCTL_sched_id:
        s.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        rc = 0;
        break;
    case XEN_SYSCTL_cpupool_op:
        rc = cpupool(&s.u.cpupool_op);
        break;
    default:
        return hypercall_missing("sysctl", s.cmd);
    }
    return !rc && user_write(arg, &s, sizeof(s)) ? -EFAULT : rc;
}
