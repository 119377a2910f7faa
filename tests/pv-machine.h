/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine for the PV puppet's driver, made of the model: its frames and
 * domain ids are others than those of the scenario that runs on it, and the
 * guest's vCPU understands what the driver puts into its page. */
#ifndef XENREEL_TESTS_PV_MACHINE_H
#define XENREEL_TESTS_PV_MACHINE_H

#include "real/private.h"
#include "real/puppet_pv.h"

#define SHIFT_2MB   0x40        /* the machine's frames are so many below */
#define SHIFT_ID    10          /* and Xen's ids above the scenario's */
#define MAX_OWN     4

struct pv_machine {
    struct hv hv;               /* first: what the scenario runs on */
    struct hv *sim;
    struct xen x;
    struct puppet_pv *puppet;   /* domain 1's */
    struct puppet_pv_slot slot;
    uint64_t own[MAX_OWN];      /* tables that have the puppet's part */
    unsigned int performed;     /* by the guest */
};

/* What a scenario runs on, in *M; domain 1's vCPU 0 has the puppet. */
struct hv *pv_machine_open(struct pv_machine *m);
void pv_machine_close(struct pv_machine *m);

#endif
