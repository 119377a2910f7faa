/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain that is there already, as domain.create would make it. */
#ifndef XENREEL_FOUND_H
#define XENREEL_FOUND_H

#include <stdbool.h>

#include "harness/hv.h"
#include "harness/record.h"

/* The special pages' order (xc_dom_x86.c): where the ring's is, the rest is. */
#define FOUND_SPECIAL_PAGES     8
#define FOUND_BEHIND_RING       6
/* What is not RAM below 4 GiB. */
#define FOUND_MMIO_START        0xf0000ull
#define FOUND_MMIO_END          0x100000ull
#define FOUND_FIRST_PORT        3       /* behind xenstore and the console */

/* All but .ram of DOM into CREATE, and its state into INFO.  0 or -Exxx: that
 * of the call that failed; -EINVAL for a PV domain. */
int found_shape(struct hv *hv, uint32_t dom, struct args_create *create,
                struct args_domain_info *info);

/* Does DOM have a page at GFN? */
bool found_page(struct hv *hv, uint32_t dom, uint64_t gfn);

/* vcpu.set_registers of each vCPU that is up, into SINK: 0 or its error. */
int found_vcpus(struct hv *hv, const struct args_create *create,
                struct hv_sink *sink);

#endif
