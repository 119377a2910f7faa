/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces as lines of text: one to replay, and one that is being recorded. */
#ifndef XENREEL_TESTS_LINES_H
#define XENREEL_TESTS_LINES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record.h"
#include "traces/text.h"

/* A source that reads LINE, an array that NULL ends. */
struct lines {
    struct hv_source source;
    const char *const *line;
    struct hv_record rec;       /* the last one given, which owns its spans */
    uint64_t seq;
};

static inline void lines_drop(struct lines *l)
{
    hv_record_free(&l->rec);
    memset(&l->rec, 0, sizeof(l->rec));
    l->rec.op = OP_NOTE;
}

/* -1, with a message, for a line that is no record. */
static inline int lines_next(struct hv_source *source, struct hv_record *rec)
{
    struct lines *l = (struct lines *)source;
    struct trace_error err;
    int rc;

    lines_drop(l);
    if (!*l->line)
        return 0;
    rc = text_parse(*l->line, &l->rec, &err);
    if (rc != 1) {
        memset(&l->rec, 0, sizeof(l->rec));
        l->rec.op = OP_NOTE;
        fprintf(stderr, "%s: %s\n", *l->line, err.text);
        return -1;
    }
    l->line++;
    l->rec.seq = ++l->seq;
    *rec = l->rec;
    return 1;
}

static inline struct lines lines_from(const char *const *line)
{
    struct lines l = { .source = { lines_next }, .line = line };

    l.rec.op = OP_NOTE;
    return l;
}

/* A sink that prints what it gets; FAIL_AT makes that put (from 1) fail. */
struct printed {
    struct hv_sink sink;
    FILE *out;
    char *text;                 /* complete after printed_end; free it */
    size_t len;
    unsigned int puts;
    unsigned int fail_at;
};

static inline int printed_put(struct hv_sink *sink,
                              const struct hv_record *rec)
{
    struct printed *p = (struct printed *)sink;
    struct hv_record copy;

    if (++p->puts == p->fail_at)
        return -5;              /* EIO */
    copy = *rec;
    copy.seq = p->puts;
    text_print(p->out, &copy);
    return 0;
}

/* Empty, and ready to be put into. */
static inline void printed_start(struct printed *p)
{
    memset(p, 0, sizeof(*p));
    p->sink.put = printed_put;
    p->out = open_memstream(&p->text, &p->len);
}

static inline const char *printed_end(struct printed *p)
{
    fclose(p->out);
    return p->text;
}

#endif
