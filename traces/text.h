/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text form: one record a line, in the spirit of strace.
 *
 *   #12  mem_access.set      dom=1 access=rx gfn=0x10 nr=1  = 0
 *   #13  guest.write         dom=1 vcpu=0 gla=0x10123 gpa=0x10123 len=8
 *   #14  event mem_access    dom=1 vcpu=0 flags=paused gfn=0x10 ...
 *   #15  respond mem_access  dom=1 vcpu=0 flags=paused|emulate
 *
 * What it prints it parses to the same record, bit for bit. */
#ifndef XENREEL_TEXT_H
#define XENREEL_TEXT_H

#include <stdio.h>

#include "harness/record.h"
#include "traces/trace.h"

/* Print REC, normalised, as one line.  A zero integer argument (role HV_IN or
 * HV_OBS) is left out, but for vcpu and accesses, as is an absent one; results
 * are always printed, but only behind a call that succeeded. */
void text_print(FILE *out, const struct hv_record *rec);

/* Parse LINE into REC, whose spans are then the caller's (hv_record_free);
 * .seq is what the line says, 0 when it says nothing.  1; 0 for an empty line
 * or a comment (starts with ';'); -EINVAL or -ENOMEM, and ERR says which field
 * of what is wrong. */
int text_parse(const char *line, struct hv_record *rec,
               struct trace_error *err);

/* Read a whole text trace from IN (NAME for messages) into SINK: 0, or -Exxx
 * with the line number in ERR. */
int text_read(FILE *in, const char *name, struct hv_sink *sink,
              struct trace_error *err);

#endif
