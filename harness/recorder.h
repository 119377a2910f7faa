/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record(x): a struct hv that passes everything on to another one and puts
 * what passes into a sink.  Its ring is a page of its own: events and
 * responses are copied between the two pages, and recorded, at wait and at
 * evtchn.notify (or monitor.resume). */
#ifndef XENREEL_RECORDER_H
#define XENREEL_RECORDER_H

#include "harness/hv.h"
#include "harness/record.h"

/* Wrap HV, which the wrapper then owns, recording into SINK, which it does
 * not.  NULL when out of memory (HV is untouched). */
struct hv *recorder_open(struct hv *hv, struct hv_sink *sink);

/* 0, or the first error of the sink. */
int recorder_error(const struct hv *hv);

#endif
