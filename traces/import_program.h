/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program of a commanded guest: what one CMD line makes it do. */
#ifndef XENREEL_IMPORT_PROGRAM_H
#define XENREEL_IMPORT_PROGRAM_H

#include "traces/import.h"

#define MAX_PROGRAM     512

enum { /* VMX exit reasons (Intel SDM, appendix C) */
    EXIT_EXCEPTION = 0, EXIT_CPUID = 10, EXIT_INVLPG = 14, EXIT_RDTSC = 16,
    EXIT_VMCALL = 18, EXIT_CR = 28, EXIT_IO = 30, EXIT_RDMSR = 31,
    EXIT_WRMSR = 32, EXIT_GDTR_IDTR = 46, EXIT_LDTR_TR = 47,
    EXIT_WBINVD = 54, EXIT_XSETBV = 55,
};

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
    bool faulted;               /* at a page fault: nothing comes behind */
    bool too_long;
};

/* Put the steps of command p->op into P, which is empty. */
void program_build(struct program *p);

#endif
