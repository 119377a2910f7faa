/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records with pseudo-random contents, for test-text.c and test-trace.c. */
#ifndef XENREEL_TESTS_RANDOM_RECORD_H
#define XENREEL_TESTS_RANDOM_RECORD_H

#include <stdlib.h>
#include <string.h>

#include "harness/record.h"
#include "traces/trace.h"

static inline uint64_t random_u64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* Small numbers, named values, all ones and anything at all. */
static inline uint64_t random_value(const struct hv_field *f, uint64_t *state)
{
    uint64_t v = random_u64(state);

    switch (v % 5) {
    case 0:
        return 0;
    case 1:
        return v >> 60;
    case 2:
        return ~0ull;
    case 3:
        return f->names ? f->names[0].value : v >> 40;
    default:
        return v;
    }
}

static inline void random_span(const struct hv_field *f, struct hv_span *span,
                               uint64_t *state)
{
    unsigned char *p;

    span->len = random_u64(state) % 3 ? random_u64(state) % 200 : 0;
    if (f->type == HV_U64S)
        span->len &= ~7u;
    span->p = span->len ? malloc(span->len) : NULL;
    p = span->p;
    for (uint32_t i = 0; i < span->len; i++)
        p[i] = random_u64(state);
}

/* A normalised record of OP, whose spans it owns. */
static inline void random_record(struct hv_record *rec, enum hv_op op,
                                 uint64_t *state)
{
    const struct hv_opdesc *desc = &hv_ops_table[op];
    unsigned char *bytes = (unsigned char *)&rec->args;

    memset(rec, 0, sizeof(*rec));
    rec->op = op;
    rec->seq = 1 + random_u64(state) % 1000;
    rec->flags = random_u64(state) % 4 ? 0 : RECORD_KNOWN;
    rec->wall_ns = random_u64(state);
    if (desc->kind == KIND_CALL)
        rec->result = (int64_t)(random_u64(state) % 300) - 150;
    hv_op_init(op, &rec->args);
    for (unsigned int i = 0; desc->kind == KIND_EVENT && i < desc->size; i++)
        bytes[i] = random_u64(state) % 4 ? 0 : random_u64(state);
    for (const struct hv_field *f = desc->fields; f->name; f++) {
        if (hv_field_is_span(f))
            random_span(f, (void *)(bytes + f->offset), state);
        else if (random_u64(state) % 4)
            hv_field_set(f, bytes, random_value(f, state));
    }
    if (desc->kind == KIND_EVENT || desc->kind == KIND_RESPONSE)
        rec->args.EVENT.ev.reason = random_u64(state) % 20;
    hv_record_normalise(rec);
}

/* True when A and B are the same but for wall_ns, spans by content. */
static inline bool same_record(const struct hv_record *a,
                               const struct hv_record *b)
{
    const struct hv_opdesc *desc = &hv_ops_table[a->op];
    union hv_args x, y;

    if (a->seq != b->seq || a->op != b->op || a->flags != b->flags ||
        a->result != b->result)
        return false;
    memcpy(&x, &a->args, desc->size);
    memcpy(&y, &b->args, desc->size);
    for (const struct hv_field *f = desc->fields; f->name; f++) {
        if (!hv_field_is_span(f))
            continue;
        if (!hv_field_equal(f, &x, &y))
            return false;
        memset((char *)&x + f->offset, 0, f->size);
        memset((char *)&y + f->offset, 0, f->size);
    }
    return !memcmp(&x, &y, desc->size);
}

#endif
