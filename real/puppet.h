/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet's driver: guest.* operations on a real machine.  The guest
 * (tests/lab/puppet) does nothing by itself; an instruction is written into
 * its memory with a HLT behind it, and the vCPU, which is in a HLT, is given
 * registers and woken.  docs/PUPPET.md. */
#ifndef XENREEL_REAL_PUPPET_H
#define XENREEL_REAL_PUPPET_H

#include <stdbool.h>

#include "harness/hv.h"

struct puppet;

/* The machine the puppet runs on; every function answers 0 or -Exxx. */
struct puppet_env {
    void *ctx;
    /* As hv_map and hv_unmap. */
    int (*map)(void *ctx, uint64_t gfn, struct hv_page *page);
    void (*unmap)(void *ctx, const struct hv_page *page);
    /* The general registers, rip and rflags of a vCPU; *halted: it is in a
     * HLT, rip behind it, and stays there. */
    int (*get)(void *ctx, uint32_t vcpu, struct vm_event_regs_x86 *regs,
               bool *halted);
    /* Set those of a vCPU that does not run. */
    int (*set)(void *ctx, uint32_t vcpu,
               const struct vm_event_regs_x86 *regs);
    /* End its HLT: by interrupt VECTOR, which it has not had before, or an
     * NMI where that is 0. */
    int (*wake)(void *ctx, uint32_t vcpu, uint8_t vector);
};

/* Take over the puppet, which stays the environment's: *ENV is copied.
 * -EAGAIN while it has not come up yet. */
int puppet_attach(const struct puppet_env *env, struct puppet **puppet);
/* P may be NULL. */
void puppet_detach(struct puppet *p);
uint32_t puppet_vcpus(const struct puppet *p);

/* An operation of kind GUEST, which is queued, or guest.left, .result or
 * .buffer.  -EOPNOTSUPP for what no instruction does on a real machine. */
int puppet_call(struct puppet *p, enum hv_op op, void *args);

/* A client's response to an event that vCPU RSP->vcpu_id waits in has been
 * taken, and it has not gone on yet. */
int puppet_answered(struct puppet *p, const struct vm_event_st *rsp);

/* Time passes: note which instructions are through, and start the next ones,
 * at most *LIMIT of them, which is counted down (NULL: no limit).  vCPUs
 * whose bit in WAITING is set are in an event.  How many of the others are at
 * an instruction now: 0, and nothing more will happen.  -Exxx for an
 * instruction that cannot be started; it is skipped. */
int puppet_step(struct puppet *p, uint32_t waiting, uint32_t *limit);

#endif
