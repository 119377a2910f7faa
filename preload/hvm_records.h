/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of records that an HVM context has. */
#ifndef XENREEL_HVM_RECORDS_H
#define XENREEL_HVM_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/hvm/save.h>

#include "preload/front.h"

#define HVM_XFEATURE_MASK   0x2ffull    /* the model's: up to PKRU */
#define HVM_MAX_RECORD  (24 + 2696)     /* the XSAVE area of all of them */

struct hvm_kind {
    uint16_t code;
    uint32_t len;               /* the longest */
    uint8_t nr;                 /* of each domain's or vCPU's */
    bool per_vcpu;
    /* Fill RECORD, which is all zero, for D's vCPU or device N: its length,
     * 0 when there is none, or -Exxx.  NULL: there never is. */
    int (*save)(const struct front_domain *d, uint32_t n, void *record);
    /* The way back, from LEN bytes (no more than there are): 0 or -Exxx.
     * NULL: checked, and left. */
    int (*load)(const struct front_domain *d, uint32_t n, const void *record,
                uint32_t len);
};

/* Ascending codes. */
extern const struct hvm_kind hvm_kinds[];
extern const unsigned int nr_hvm_kinds;

#endif
