/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record(x): a struct hv that passes everything on to another one and puts
 * what passes into a sink.  It looks at the rings and at the pages that the
 * client has mapped, and changes nothing in them:
 *
 * - requests are recorded behind a wait; responses before the client waits,
 *   notifies, resumes, or turns the ring off;
 * - a map is recorded with what is in the page; what the client writes into
 *   it is memory.write before the next wait, what the guest writes is
 *   memory.peek behind it. */
#ifndef XENREEL_RECORDER_H
#define XENREEL_RECORDER_H

#include "harness/hv.h"
#include "harness/record.h"

/* Wrap HV, which the wrapper then owns, recording into SINK, which it does
 * not.  NULL when out of memory (HV is untouched). */
struct hv *recorder_open(struct hv *hv, struct hv_sink *sink);

/* Record what requests are there now: a guest that was stopped raises no more,
 * though nobody waited.  No response may be on the ring that was not used. */
void recorder_look(struct hv *hv, uint32_t dom);

/* 0, or the first error of the sink. */
int recorder_error(const struct hv *hv);

#endif
