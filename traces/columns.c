/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/columns.h"

#include <pthread.h>
#include <string.h>

#define MAX_SHOWN   24          /* fields of one operation that are columns */

static const char *const column_names[COL_COUNT] = {
    "dom", "vcpu", "reason", "view", "gfn", "gla", "access", "flags", "rip"
};

static struct shown {
    const struct hv_field *field;
    unsigned int column;
} shown[OP_COUNT][MAX_SHOWN + 1];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_event_kind(unsigned int kind)
{
    return kind == KIND_EVENT || kind == KIND_RESPONSE;
}

static int column_of(const struct hv_field *f, unsigned int kind)
{
    if (hv_field_is_span(f))
        return -1;
    for (unsigned int c = 0; c < COL_COUNT; c++) {
        if (strcmp(f->name, column_names[c]))
            continue;
        /* Other operations have other reasons and flags. */
        if ((c == COL_REASON || c == COL_FLAGS) && !is_event_kind(kind))
            return -1;
        return c;
    }
    return -1;
}

static void find_columns(void)
{
    for (unsigned int op = 0; op < OP_COUNT; op++) {
        const struct hv_opdesc *desc = &hv_ops_table[op];
        unsigned int n = 0;

        for (const struct hv_field *f = desc->fields; f->name; f++) {
            int column = column_of(f, desc->kind);

            if (column >= 0 && n < MAX_SHOWN)
                shown[op][n++] = (struct shown){ f, column };
        }
    }
}

/* hv_field_get for the unsigned fields that columns are: this is the hottest
 * loop of recording, and copies of a known size are one instruction. */
static uint64_t value_of(const struct hv_field *f, const void *args)
{
    const char *p = (const char *)args + f->offset;
    uint32_t v4;
    uint64_t v8;

    switch (f->size) {
    case 4:
        memcpy(&v4, p, 4);
        return v4;
    case 8:
        memcpy(&v8, p, 8);
        return v8;
    default:
        return hv_field_get(f, args);
    }
}

void trace_columns(const struct hv_record *rec, struct trace_columns *cols)
{
    uint64_t groups = hv_op_groups(rec->op, &rec->args);
    bool failed = hv_ops_table[rec->op].kind == KIND_CALL && rec->result < 0;

    pthread_once(&once, find_columns);
    cols->present = 0;
    for (const struct shown *s = shown[rec->op]; s->field; s++) {
        if (!hv_field_applies(s->field, groups) ||
            (failed && s->field->role == HV_OUT) ||
            (s->field->optional && hv_field_absent(s->field, &rec->args)))
            continue;
        cols->value[s->column] = value_of(s->field, &rec->args);
        cols->present |= 1u << s->column;
    }
}

const char *trace_kind_name(enum hv_kind kind)
{
    static const char *const names[] = {
        [KIND_CALL] = "call", [KIND_GUEST] = "guest",
        [KIND_EVENT] = "event", [KIND_RESPONSE] = "response",
        [KIND_NOTE] = "note",
    };

    return names[kind];
}
