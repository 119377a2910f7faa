/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppets as a driver of a real Xen's guests (real/xen.h): PV domains are
 * made of struct xen_config .pv_kernel, all others of .kernel, and driven by
 * real/puppet_xen.h. */
#ifndef XENREEL_REAL_PUPPET_PV_XEN_H
#define XENREEL_REAL_PUPPET_PV_XEN_H

#include "real/xen.h"

extern const struct xen_driver puppets_driver;

/* Its .driver_ctx, which it frees when it is closed; NULL: no memory. */
void *puppets_driver_new(void);

#endif
