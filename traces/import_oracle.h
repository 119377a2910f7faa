/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import of logs that were printed on a real Xen (docs/TRACE-FORMAT.md,
 * "Oracle logs"): both line formats, of guests that are told what to do
 * (vmx) and of live ones, whose actions follow from their events. */
#ifndef XENREEL_IMPORT_ORACLE_H
#define XENREEL_IMPORT_ORACLE_H

#include "harness/record.h"
#include "traces/trace.h"

/* Read the log PATH into SINK.  0; -ENOENT; -EINVAL and the line in ERR when
 * it is no such log; what the sink answered. */
int import_oracle(const char *path, struct hv_sink *sink,
                  struct trace_error *err);

#endif
