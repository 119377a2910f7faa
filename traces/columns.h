/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The typed columns of a record: what table "record" and the CSV show. */
#ifndef XENREEL_TRACES_COLUMNS_H
#define XENREEL_TRACES_COLUMNS_H

#include "harness/record.h"

/* In the order of table "record"; each is the field of that name. */
enum trace_column {
    COL_DOM, COL_VCPU, COL_REASON, COL_VIEW, COL_GFN, COL_GLA, COL_ACCESS,
    COL_FLAGS, COL_RIP, COL_COUNT
};

struct trace_columns {
    uint64_t value[COL_COUNT];
    unsigned int present;       /* bit N: column N is not NULL */
};

/* The columns of REC, which is normalised. */
void trace_columns(const struct hv_record *rec, struct trace_columns *cols);

/* "call", "guest", "event", "response" or "note". */
const char *trace_kind_name(enum hv_kind kind);

#endif
