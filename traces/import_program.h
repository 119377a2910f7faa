/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program of a commanded guest: what one CMD line makes it do. */
#ifndef XENREEL_IMPORT_PROGRAM_H
#define XENREEL_IMPORT_PROGRAM_H

#include "traces/import.h"

#define MAX_PROGRAM     128

/* One step of the program, with what is known of its place. */
struct step {
    struct hv_record rec;
    bool pinned;        /* an event was raised by it */
    bool done;          /* ... or it is known to be finished */
    bool exits;         /* completes in its VM exit: no monitor trap */
};

struct program {
    struct import *im;
    struct step steps[MAX_PROGRAM];
    unsigned int nr, at;        /* at: the step the guest stands at */
    uint64_t a[3];              /* the command's operands */
    uint64_t op;
    uint32_t first, end;        /* lines of the block */
    uint64_t res[4], fault;
    uint64_t rip;               /* last one seen */
    bool waits;                 /* ends in GUEST_REQUEST */
};

/* Put the steps of command p->op into P, which is empty. */
void program_build(struct program *p);

#endif
