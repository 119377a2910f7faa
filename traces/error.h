/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling a struct trace_error, inside traces/. */
#ifndef XENREEL_TRACES_ERROR_H
#define XENREEL_TRACES_ERROR_H

#include "traces/trace.h"

/* Write the message into ERR, which may be NULL, and return RC. */
__attribute__((format(printf, 3, 4)))
int trace_fail(struct trace_error *err, int rc, const char *format, ...);

#endif
