/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/domain_info.h"

#include <xen/sched.h>

void domain_info_get(const struct xen_domctl_getdomaininfo *i,
                     struct args_domain_info *a)
{
    a->paused = !!(i->flags & XEN_DOMINF_paused);
    a->blocked = !!(i->flags & XEN_DOMINF_blocked);
    a->running = !!(i->flags & XEN_DOMINF_running);
    a->shutdown = !!(i->flags & XEN_DOMINF_shutdown);
    a->dying = !!(i->flags & XEN_DOMINF_dying);
    a->reason = i->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    a->crashed = a->shutdown && a->reason == SHUTDOWN_crash;
    a->shutdown &= !a->crashed;
    a->nr_pages = i->tot_pages;
    a->max_kb = i->max_pages << 2;
}
