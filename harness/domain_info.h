/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen says of a domain. */
#ifndef XENREEL_DOMAIN_INFO_H
#define XENREEL_DOMAIN_INFO_H

#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>

#include "harness/op_args.h"

/* All of A but the domain, as libxenctrl's xc_domain_getinfo() of Xen 4.17
 * hands it on: a crash is not called a shutdown. */
void domain_info_get(const struct xen_domctl_getdomaininfo *i,
                     struct args_domain_info *a);

#endif
