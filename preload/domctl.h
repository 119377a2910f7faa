/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XENREEL_PRELOAD_DOMCTL_H
#define XENREEL_PRELOAD_DOMCTL_H

#include <stdint.h>

struct xen_domctl_getdomaininfo;

/* Fill INFO for domain ID: 0, or -ESRCH. */
int domain_info(uint32_t id, struct xen_domctl_getdomaininfo *info);

#endif
