/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/error.h"

#include <stdarg.h>
#include <stdio.h>

int trace_fail(struct trace_error *err, int rc, const char *format, ...)
{
    va_list ap;

    if (!err)
        return rc;
    va_start(ap, format);
    vsnprintf(err->text, sizeof(err->text), format, ap);
    va_end(ap);
    return rc;
}
