/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


static struct hv_span *span_of(const struct hv_field *f, union hv_args *args)
{
    return (void *)((char *)args + f->offset);
}

static const struct hv_field *fields_of(const struct hv_record *rec)
{
    return hv_ops_table[rec->op].fields;
}

int hv_record_copy(struct hv_record *dst, const struct hv_record *src)
{
    const struct hv_field *f;

    memcpy(dst, src, offsetof(struct hv_record, args));
    memcpy(&dst->args, &src->args, hv_ops_table[src->op].size);
    if (!hv_record_has_spans(src->op))
        return 0;
    for (f = fields_of(dst); f->name; f++) {
        struct hv_span *span = span_of(f, &dst->args);
        const void *from;

        if (!hv_field_is_span(f))
            continue;
        from = span->p;
        span->p = span->len ? malloc(span->len) : NULL;
        if (span->len && !span->p)
            goto err_free;
        if (span->len)
            memcpy(span->p, from, span->len);
    }
    return 0;

err_free:
    /* From here on the spans are still SRC's. */
    for (const struct hv_field *g = fields_of(dst); g < f; g++) {
        if (hv_field_is_span(g))
            free(span_of(g, &dst->args)->p);
    }
    return -ENOMEM;
}

void hv_record_free(struct hv_record *rec)
{
    if (!hv_record_has_spans(rec->op))
        return;
    for (const struct hv_field *f = fields_of(rec); f->name; f++) {
        if (!hv_field_is_span(f))
            continue;
        free(span_of(f, &rec->args)->p);
        span_of(f, &rec->args)->p = NULL;
        span_of(f, &rec->args)->len = 0;
    }
}

static void forget(const struct hv_field *f, union hv_args *args)
{
    if (hv_field_is_span(f))
        span_of(f, args)->len = 0;
    else
        hv_field_set(f, args, f->optional ? ~0ull : 0);
}

/* Zero what no field shows: padding, and members other rows use. */
static void clear_hidden(struct hv_record *rec)
{
    unsigned char hidden[sizeof(union hv_args)];
    unsigned char *bytes = (unsigned char *)&rec->args;

    if (!hv_op_rest(rec->op, &rec->args, hidden))
        return;
    for (unsigned int i = 0; i < hv_ops_table[rec->op].size; i++) {
        if (hidden[i])
            bytes[i] = 0;
    }
}

void hv_record_normalise(struct hv_record *rec)
{
    unsigned int kind = hv_ops_table[rec->op].kind;
    bool failed = kind == KIND_CALL && rec->result < 0;

    rec->flags &= RECORD_KNOWN;
    if (kind != KIND_CALL)
        rec->result = 0;
    if (kind == KIND_EVENT || kind == KIND_RESPONSE)
        return;
    clear_hidden(rec);
    for (const struct hv_field *f = fields_of(rec); f->name; f++) {
        if (failed && f->role == HV_OUT)
            forget(f, &rec->args);
        if (!hv_field_is_span(f))
            continue;
        span_of(f, &rec->args)->pad = 0;
        if (f->type == HV_U64S)
            span_of(f, &rec->args)->len &= ~7u;
    }
}
