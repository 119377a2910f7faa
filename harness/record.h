/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record: one operation with its arguments and result, one event, one
 * response, or one note, as a trace holds it. */
#ifndef XENREEL_RECORD_H
#define XENREEL_RECORD_H

#include <stdint.h>

#include "harness/op.h"

/* The model is known not to reproduce this record: docs/FIDELITY.md has the
 * reason.  Replay counts it and does not call it a difference. */
#define RECORD_KNOWN    (1u << 0)

struct hv_record {
    uint64_t seq;       /* position in the trace, from 1 */
    uint64_t wall_ns;   /* since the epoch, information only; 0 unknown */
    uint32_t op;        /* enum hv_op */
    uint32_t flags;     /* RECORD_* */
    int64_t result;     /* of a KIND_CALL: >= 0 or -Exxx; 0 for others */
    union hv_args args; /* spans: see whoever fills the record */
};

/* The one form of REC that is stored and printed (text and store call it): the
 * results (HV_OUT) of a failed call become zero, empty or absent; bytes that
 * no field shows become zero, but for events and responses, which keep every
 * byte; so do flags and results that mean nothing.  Span pointers are left
 * alone, only their lengths change.  What was put, printed or
 * parsed compares equal to a record it was applied to. */
void hv_record_normalise(struct hv_record *rec);

/* False for the operations that have no spans and are recorded by the
 * million: their long tables need not be walked. */
static inline bool hv_record_has_spans(uint32_t op)
{
    return hv_ops_table[op].kind != KIND_EVENT &&
           hv_ops_table[op].kind != KIND_RESPONSE;
}

/* Take a deep copy of SRC: spans are malloc'd and belong to DST.
 * 0 or -ENOMEM. */
int hv_record_copy(struct hv_record *dst, const struct hv_record *src);

/* Free the spans of a record that owns them (hv_record_copy, text_parse).
 * The record is otherwise untouched. */
void hv_record_free(struct hv_record *rec);

/* Where a recorder puts records, in order.  put copies what it keeps and
 * returns 0 or -Exxx (the recording is over then). */
struct hv_sink {
    int (*put)(struct hv_sink *sink, const struct hv_record *rec);
};

/* Where a replay takes them from: 1 and *rec, valid until the next call; 0 at
 * the end; -Exxx. */
struct hv_source {
    int (*next)(struct hv_source *source, struct hv_record *rec);
};

#endif
