/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a live guest did.  Nobody told it, so it follows from each event, as
 * guest.* operations with which the model raises the same event.  What it may
 * not have done needs no record: an access that would have been reported is
 * an event that did not come.
 *
 * Whoever has events, a log or a running domain, says in the order in which
 * they happened: before an event infer_actions, then infer_event; every
 * response; every call that succeeded. */
#ifndef XENREEL_INFER_H
#define XENREEL_INFER_H

#include <stdbool.h>

#include "harness/record.h"

#define INFER_VCPUS     128

/* What is known of a vCPU: its last event, and how it went on. */
struct infer_vcpu {
    struct vm_event_st ev;
    bool seen;                  /* ev is one */
    bool moved;                 /* it has left the instruction of ev */
    bool steps;                 /* responses have it in single step */
    bool emulated;              /* the last one had ev emulated */
    uint64_t code_page, code_gfn;       /* of the last guest.code */
};

struct infer {
    uint32_t dom;               /* whose events they are */
    struct hv_sink *sink;       /* where actions go */
    struct hv_record rec;       /* being put together */
    struct infer_vcpu vcpus[INFER_VCPUS];
};

/* The one operation that raises EV, into REC: false when nothing that the
 * model knows does. */
bool infer_action(struct hv_record *rec, uint32_t dom,
                  const struct vm_event_st *ev);
/* What the vCPU did since its last event, put; nothing when EV follows from
 * how that one was answered.  0, -EINVAL for a vCPU that cannot be, or the
 * sink's error. */
int infer_actions(struct infer *inf, const struct vm_event_st *ev);

/* The same, then guest.run: alone, until it has raised EV, which is noted.  For
 * a trace without waits, whose length means nothing of a live guest. */
int infer_cause(struct infer *inf, const struct vm_event_st *ev);
/* The N events at EVENT came together, and their causes are put: so, on the
 * model, all of them are on the ring by the first.  0 or the sink's error. */
int infer_batch(struct hv_sink *sink, const struct args_event *event,
                uint32_t n);

/* EV was raised.  PASSED: and its instruction let through since. */
void infer_event(struct infer *inf, const struct vm_event_st *ev,
                 bool passed);
void infer_response(struct infer *inf, const struct vm_event_st *rsp);
/* REC, a call, succeeded: which vCPUs does it let go on? */
void infer_call(struct infer *inf, const struct hv_record *rec);

/* Does access type ACCESS let pass what EV reports? */
bool infer_allows(uint32_t access, const struct vm_event_st *ev);

#endif
