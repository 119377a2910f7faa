/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The software model of Xen: a struct hv in which dom0 (the client) sees the
 * domains it made with domain.create.  Pure and deterministic: a function of
 * the calls made, the guests' programs and the seed. */
#ifndef XENREEL_SIM_H
#define XENREEL_SIM_H

#include "harness/hv.h"

/* Where the model takes guest pages from: zeroed, 4096 bytes, aligned so. */
struct sim_pages {
    void *(*get)(void *ctx);            /* NULL when there are no more */
    void (*put)(void *ctx, void *page);
    void *ctx;
};

struct sim_config {
    uint64_t seed;      /* 0: round robin; else draws the order of vCPUs */
    uint32_t slice;     /* instructions a wait goes on behind the first
                         * event while vCPUs can still run; 0: 64 */
    struct sim_pages pages;     /* .get NULL: the heap */
    uint16_t quirks;    /* QUIRK_*, besides those that domains state */
};

/* A hypervisor with dom0 alone; CONFIG may be NULL.  NULL when out of
 * memory.  Close with hv_close. */
struct hv *sim_open(const struct sim_config *config);

/* The arguments of domain.create for a PVH guest as xl builds it: MB of
 * memory, VCPUS, special pages up to gfn 0xfefff, the paging pool libxl
 * gives it, altp2m external, ten views. */
void sim_default_domain(struct args_create *create, uint32_t dom,
                        uint32_t mb, uint32_t vcpus);

/* The machine boots again as far as devices go, if no domain lives on it: for
 * who keeps one HV from sim_open for several runs. */
void sim_reboot(struct hv *hv);

#endif
