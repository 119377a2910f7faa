/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a recording of a live guest, between the recorder and the
 * trace, so that the model can replay it: in front of the events that came
 * together stands what the guest did (infer.h), one vCPU after the other in
 * the order of their events (guest.run).  That replaces waits, whose length is
 * of no meaning here.
 *
 * Events belong behind the record that they were found behind, and their
 * causes in front of it: a domain.pause, or a wait. */
#ifndef XENREEL_LIVE_TRACE_H
#define XENREEL_LIVE_TRACE_H

#include "harness/infer.h"
#include "harness/ring.h"

#define LIVE_EVENTS     16      /* twice what a ring has room for */

/* The trace.  When it fails, events have to be taken and answered still. */
struct live_out {
    struct hv_sink sink;        /* first; always 0 */
    struct hv_sink *to;
    int error;                  /* its first; nothing is put behind it */
};

struct live_trace {
    struct hv_sink sink;        /* first: the recorder's */
    struct live_out out;
    struct infer infer;
    struct hv_record held;      /* a record that waits for its events */
    bool holds;
    struct args_event event[LIVE_EVENTS];  /* they, since */
    uint32_t nr_events;
    uint64_t events;            /* all of them */
};

void live_trace_init(struct live_trace *t, uint32_t dom, struct hv_sink *out);
/* A record of which nobody but the trace knows, in front of what is held. */
void live_trace_put(struct live_trace *t, const struct hv_record *rec);
/* Put what is held. */
void live_trace_flush(struct live_trace *t);

#endif
