/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Argument structures of devices' pages and of mem_access of PV guests: by the
 * rules of op_args.h, which includes this. */
#ifndef XENREEL_DEVICE_ARGS_H
#define XENREEL_DEVICE_ARGS_H

#include <stdint.h>

#include "harness/field.h"

struct args_pv_access { /* mem_access of a PV guest, behind the calls */
    uint32_t dom;
    uint32_t on;        /* shadow mode PG_mem_access */
    uint64_t gfn;
    uint32_t own;       /* its frame has an access of its own */
    uint32_t shadow;    /* MEM_ACCESS_* of its shadow entry; 0: none */
    uint64_t made;      /* shadow entries of all frames, so far */
};

/* subpage_mmio_ro_add, of the machine. */
struct args_mmio_ro {
    uint32_t dom;       /* 0 */
    uint32_t fail;      /* its Nth allocation finds no memory; 0: none */
    uint64_t start;     /* machine addresses */
    uint64_t size;
};

struct args_mmio_map {
    uint32_t dom;
    uint32_t nr;        /* pages */
    uint64_t gfn;
    uint64_t mfn;       /* of the device */
};

struct args_mmio_state {        /* of one page of a device */
    uint32_t dom;       /* 0 */
    uint32_t ro;        /* guests may not write it, or parts of it */
    uint64_t mfn;
    uint32_t partial;   /* parts of it */
    uint32_t mapped;    /* Xen has mapped it, to emulate */
    uint32_t marked;    /* how many times 8 bytes are read-only */
    uint32_t pad;
    uint64_t reads, writes;     /* that reached the device */
    uint32_t offset, len;       /* the last write that did */
    uint64_t value;
};

struct args_mmio_log {
    uint32_t dom;       /* 0 */
    uint32_t pad;
    struct hv_span text;
};

#endif
