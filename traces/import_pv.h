/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the PV guest of the recorder does: its log names every hypercall in
 * words, and the words do not have the arguments (docs/TRACE-FORMAT.md, "Oracle
 * logs"). */
#ifndef XENREEL_IMPORT_PV_H
#define XENREEL_IMPORT_PV_H

#include "traces/import.h"

struct pv_place {
    enum pv_frame frame;
    uint64_t add;               /* to its address, or to its number */
};

/* Entry INDEX of page FRAME becomes VALUE. */
struct pv_store {
    enum pv_frame frame;
    uint32_t index;
    struct pv_place value;
};

enum pv_form {
    PV_UPDATE,                  /* mmu_update: to, value */
    PV_M2P,                     /* the same for machine_to_phys, of P's gfn */
    PV_EXT,                     /* mmuext_op: cmd, value, to */
    PV_MAP,                     /* update_va_mapping: to, value */
    PV_ASSIST,                  /* vm_assist: cmd, value */
    PV_DECREASE,                /* decrease_reservation: value */
    PV_WRITE,                   /* 8 bytes to the address of TO */
    PV_READ,
    PV_READ_CR,                 /* cmd */
    PV_WRITE_CR,
};

struct pv_step {
    const char *text;           /* what the log calls it */
    enum pv_form form;
    uint32_t cmd;
    struct pv_place to, value;
    uint32_t flags;
    bool foreign;               /* for another domain: */
    uint32_t domid;
    bool batch;                 /* .stores are further requests */
    struct pv_store stores[2];  /* else the guest does these before */
};

/* The hypercall that is number NR in the log, or NULL. */
const struct pv_step *pv_program_call(unsigned int nr);
/* What the guest did that LINE begins with, or NULL. */
const struct pv_step *pv_program_access(const char *line);

#endif
