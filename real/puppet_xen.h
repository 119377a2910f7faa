/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet as a driver of a real Xen's guests (real/xen.h): domains are
 * made of its kernel, struct xen_config .kernel. */
#ifndef XENREEL_REAL_PUPPET_XEN_H
#define XENREEL_REAL_PUPPET_XEN_H

#include "real/xen.h"

extern const struct xen_driver puppet_driver;

/* Its .driver_ctx, which it frees when it is closed; NULL: no memory. */
void *puppet_driver_new(void);

#endif
