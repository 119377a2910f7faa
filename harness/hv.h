/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface: one hypervisor as a client sees it.  The software model
 * (sim/), a real Xen (real/) and the wrappers that record, replay or inject
 * faults are all a struct hv, so whatever is written against this header
 * runs on any of them. */
#ifndef XENREEL_HV_H
#define XENREEL_HV_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/op.h"

/* What an implementation can do (struct hv .caps). */
#define HV_CAP_GUEST    (1u << 0)   /* guest.*: drives what its vCPUs do */
#define HV_CAP_OBSERVE  (1u << 1)   /* takes observations (hv_observe) */
#define HV_CAP_DETERMINISTIC (1u << 2)

struct hv;
struct vm_event_st;

/* A page of a guest's, mapped by the client. */
struct hv_page {
    void *p;            /* 4096 live bytes; the implementation's */
    uint64_t frame;     /* its machine frame: what hv_unmap is told */
    bool write;         /* whoever maps it says so: not only to be read */
};

/* Every slot is filled; what an implementation cannot do answers
 * -EOPNOTSUPP.  Callers use the hv_* functions below, which hold the checks
 * that are the same for all. */
struct hv_ops {
    /* Perform operation OP.  ARGS is its argument structure (op.h); results
     * are written into it.  Returns 0 or a positive result where the
     * operation has one, or -Exxx as the hypercall would. */
    int (*call)(struct hv *hv, enum hv_op op, void *args);

    /* The page shared with domain DOM's monitor ring, or NULL while there
     * is none.  Owned by the implementation, valid until the ring is
     * disabled or the domain is destroyed. */
    void *(*ring)(struct hv *hv, uint32_t dom);

    /* Map the page at GFN of DOM as a foreign mapping does: on success PAGE
     * stays valid, also when the guest loses it, until unmap is called as
     * often as map was.  0, -ESRCH (no domain), -EINVAL (nothing there),
     * -EBUSY (not to be written to: a PV guest's page table), -ENOMEM. */
    int (*map)(struct hv *hv, uint32_t dom, uint64_t gfn,
               struct hv_page *page);
    void (*unmap)(struct hv *hv, const struct hv_page *page);

    /* The client blocks: let simulated time pass.  Guests run until DOM's
     * monitor port is pending and the slice is over, or until no vCPU can
     * run.  1 when the port is pending, 0 when nothing more will happen
     * without the client, -Exxx. */
    int (*wait)(struct hv *hv, uint32_t dom);

    /* A vCPU paused in an event: load the registers that a live guest was
     * observed to have (ev->data.regs).  Observation. */
    int (*observe)(struct hv *hv, uint32_t dom,
                   const struct vm_event_st *ev);

    void (*close)(struct hv *hv);
};

struct hv {
    const struct hv_ops *ops;
    const char *name;   /* "sim", "xen", "record", ... static */
    uint32_t caps;      /* HV_CAP_* */
};

/* A domain's number is cut to 16 bits here, in all of these but
 * domain.create, as domid_t does it on the way to Xen; no implementation sees
 * a larger one.
 *
 * -EINVAL for an unknown operation or NULL arguments; -EOPNOTSUPP for a
 * guest operation on an implementation without HV_CAP_GUEST; otherwise as
 * struct hv_ops .call. */
int hv_call(struct hv *hv, enum hv_op op, void *args);
void *hv_ring(struct hv *hv, uint32_t dom);
int hv_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page);
void hv_unmap(struct hv *hv, const struct hv_page *page);
int hv_wait(struct hv *hv, uint32_t dom);
int hv_observe(struct hv *hv, uint32_t dom, const struct vm_event_st *ev);
/* Close and free; HV may be NULL. */
void hv_close(struct hv *hv);

#endif
