/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports for people: two records field by field, and a replay's first
 * difference. */
#ifndef XENREEL_CLI_REPORT_H
#define XENREEL_CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/record.h"
#include "harness/replay.h"

/* How two records are put side by side. */
struct report_style {
    const char *left;   /* what A is: "expected" */
    const char *right;
    bool colour;
    bool strict;        /* observations and arguments count as well; else
                         * only what hv_op_difference compares */
    bool commands;      /* show arguments alone: results are not known */
};

/* The number of differences between A and B under STYLE; with OUT not NULL
 * every field is printed, and those that differ are marked with "!" (with
 * "~" where a difference does not count).  A or B, not both, may be NULL:
 * there is no such record. */
unsigned int report_records(FILE *out, const struct report_style *style,
                            const struct hv_record *a,
                            const struct hv_record *b);

/* Print what the replay of NAME came to, one line, and behind it the first
 * difference: cause, both records, context.  True when there is one. */
bool report_replay(FILE *out, const char *name,
                   const struct replay_report *report, bool colour);

/* Where in the trace the difference is, from 1. */
uint64_t report_seq(const struct replay_report *report);

#endif
