/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording of what a client did on a real Xen becomes a trace that the
 * model can replay: in front of the events that a wait brought stands what the
 * guests did (infer.h), one vCPU after the other in the order of their events
 * (guest.run).  That replaces the wait, whose length is of no meaning.
 *
 * A guest that runs on while its client makes calls raises events before the
 * client gets them: where that is known (causes_raised), what it did stands
 * there. */
#ifndef XENREEL_CAUSES_H
#define XENREEL_CAUSES_H

#include "harness/record.h"

struct causes;

/* Into OUT, which stays the caller's.  NULL when out of memory. */
struct causes *causes_open(struct hv_sink *out);
/* What takes the recording: records as a recorder makes them. */
struct hv_sink *causes_sink(struct causes *c);
/* A was raised; its record comes later, as the domain's next, or never: when
 * the ring is disabled first.  0 or -Exxx: -EPROTO of more than it holds. */
int causes_raised(struct causes *c, const struct args_event *a);
/* The recording is over: events that were raised and have no record get one,
 * since they are on the ring.  Free C.  0 or -Exxx.  C may be NULL. */
int causes_close(struct causes *c);

#endif
