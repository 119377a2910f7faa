/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces in other forms. */
#ifndef XENREEL_EXPORT_H
#define XENREEL_EXPORT_H

#include <stdio.h>

#include "traces/trace.h"

/* Write what READER gives from here on (its filter holds) to OUT:
 *
 *   "text"  traces/text.h; xenreel import reads it
 *   "json"  one object a line; numbers that people write in hexadecimal are
 *           strings, so that no reader rounds them
 *   "csv"   the columns of view "records", with a heading
 *
 * 0; -EINVAL for another FORMAT; -Exxx of READER or OUT. */
int trace_export(struct trace_reader *reader, const char *format, FILE *out,
                 struct trace_error *err);

#endif
