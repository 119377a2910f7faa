/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV puppet's driver: what a PV guest of a scenario does, on a real
 * machine.  The guest (tests/lab/puppet) does nothing by itself; its vCPUs
 * execute what is put into their pages, a hypercall or an instruction, and say
 * what came of it.  docs/PUPPET.md. */
#ifndef XENREEL_REAL_PUPPET_PV_H
#define XENREEL_REAL_PUPPET_PV_H

#include <stdbool.h>

#include "harness/hv.h"
#include "real/puppet_pv_abi.h"

struct xen;
struct puppet_pv;

/* The machine it runs on; frames are the machine's. */
struct puppet_pv_env {
    void *ctx;
    struct xen *x;              /* which knows whose number is which frame */
    /* The page of vCPU N, and the guest's address of it. */
    struct puppet_pv_slot *(*slot)(void *ctx, uint32_t n, uint64_t *gla);
    /* Let vCPU N run until it has done what it was asked for: 0, or -Exxx
     * when that is never. */
    int (*run)(void *ctx, uint32_t n);
    /* The 8 bytes at GLA, which is a multiple of 8, of vCPU N: false where
     * there are none. */
    bool (*word)(void *ctx, uint32_t n, uint64_t gla, uint64_t *word);
    /* The guest may load the table at MFN: have the puppet's part in it, or
     * (ON false) take it out again. */
    void (*own)(void *ctx, uint64_t mfn, bool on);
};

/* A guest of NR vCPUs, which all have the table at frame TABLE; NULL: no
 * memory.  *ENV is copied. */
struct puppet_pv *puppet_pv_new(const struct puppet_pv_env *env, uint32_t nr,
                                uint64_t table);
void puppet_pv_free(struct puppet_pv *p);       /* P may be NULL */

/* Page-table operations: no guest but a PV one does OP. */
bool puppet_pv_only(enum hv_op op);
/* An operation of kind GUEST, which is queued, or guest.left, .result or a
 * hypercall, which is made at once.  RUNS: the domain is not paused.
 * -EOPNOTSUPP for what is not done here. */
int puppet_pv_call(struct puppet_pv *p, enum hv_op op, void *args, bool runs);

/* Execute what is queued, at most *LIMIT instructions, which is counted down
 * (NULL: no limit).  0 or -Exxx. */
int puppet_pv_step(struct puppet_pv *p, uint32_t *limit);

#endif
