/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/ring.h"

#define MAX_RINGS       64

/* The client's state: one ring a domain. */
struct replay {
    struct hv *hv;
    struct replay_report *report;
    struct {
        uint32_t dom;
        struct ring_client ring;
    } rings[MAX_RINGS];
    unsigned int nr_rings;
    unsigned int next_context;
    struct hv_record actual;
    unsigned char bytes[4096];  /* what a read operation returns */
};

/* The ring of DOM, or a fresh one, in the place of one that is closed.  With
 * more open than there is room for, the first starts anew. */
static struct ring_client *ring_of(struct replay *r, uint32_t dom)
{
    unsigned int i = 0;

    while (i < r->nr_rings && r->rings[i].dom != dom)
        i++;
    if (i < r->nr_rings)
        return &r->rings[i].ring;
    for (i = 0; i < r->nr_rings && hv_ring(r->hv, r->rings[i].dom); i++)
        continue;
    if (i == MAX_RINGS)
        i = 0;
    if (i == r->nr_rings)
        r->nr_rings++;
    memset(&r->rings[i], 0, sizeof(r->rings[i]));
    r->rings[i].dom = dom;
    return &r->rings[i].ring;
}

static void init_ring(struct replay *r, uint32_t dom)
{
    struct ring_client *ring = ring_of(r, dom);
    void *page = hv_ring(r->hv, dom);

    memset(ring, 0, sizeof(*ring));
    if (page)
        ring_init(ring, page);
}

/* Results start out zeroed; a read gets a buffer of the expected length. */
static void prepare(struct replay *r, const struct hv_record *rec)
{
    struct hv_record *actual = &r->actual;

    memcpy(actual, rec, offsetof(struct hv_record, args) +
                        hv_ops_table[rec->op].size);
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        struct hv_span *span;

        if (f->role == HV_IN)
            continue;
        if (!hv_field_is_span(f)) {
            hv_field_set(f, &actual->args, 0);
            continue;
        }
        span = (void *)((char *)&actual->args + f->offset);
        if (span->len > sizeof(r->bytes))
            span->len = sizeof(r->bytes);
        span->p = r->bytes;
    }
}

/* hv_op_difference, but most records are the same to the last byte. */
static const struct hv_field *difference(struct replay *r,
                                         const struct hv_record *rec)
{
    if (!memcmp(&rec->args, &r->actual.args, hv_ops_table[rec->op].size))
        return NULL;
    return hv_op_difference(rec->op, &rec->args, &r->actual.args);
}

static enum replay_cause call(struct replay *r, const struct hv_record *rec)
{
    const struct hv_field *f;

    prepare(r, rec);
    r->actual.result = hv_call(r->hv, rec->op, &r->actual.args);
    if (r->actual.result != rec->result)
        return REPLAY_RESULT;
    if (r->actual.result < 0)
        return REPLAY_SAME;
    if (ring_enables(rec->op, &rec->args))
        init_ring(r, rec->args.MONITOR_ENABLE.dom);
    f = difference(r, rec);
    r->report->field = f;
    return f ? REPLAY_FIELD : REPLAY_SAME;
}

/* The actual record while nothing has come instead of REC. */
static void nothing_yet(struct replay *r, const struct hv_record *rec)
{
    memset(&r->actual, 0, sizeof(r->actual));
    hv_op_init(rec->op, &r->actual.args);
    r->actual.op = rec->op;
    r->actual.seq = rec->seq;
}

static enum replay_cause event(struct replay *r, const struct hv_record *rec)
{
    uint32_t dom = rec->args.EVENT.dom;
    void *page = hv_ring(r->hv, dom);
    struct ring_client *ring;
    const struct hv_field *f;

    if (!page) {
        nothing_yet(r, rec);
        return REPLAY_NO_RING;
    }
    ring = ring_of(r, dom);
    if (!ring_has_request(ring, page))
        hv_wait(r->hv, dom);
    if (!ring_has_request(ring, page)) {
        nothing_yet(r, rec);
        return REPLAY_NO_EVENT;
    }
    r->actual.op = OP_EVENT;
    r->actual.seq = rec->seq;
    r->actual.args.EVENT.dom = dom;
    ring_take(ring, page, &r->actual.args.EVENT);
    r->report->events++;
    f = difference(r, rec);
    r->report->field = f;
    /* Also when it differs: replay goes on if that is known. */
    if (r->hv->caps & HV_CAP_OBSERVE)
        hv_observe(r->hv, dom, &rec->args.EVENT.ev);
    return f ? REPLAY_FIELD : REPLAY_SAME;
}

static enum replay_cause respond(struct replay *r, const struct hv_record *rec)
{
    uint32_t dom = rec->args.RESPOND.dom;
    void *page = hv_ring(r->hv, dom);

    if (!page) {
        nothing_yet(r, rec);
        return REPLAY_NO_RING;
    }
    ring_put(ring_of(r, dom), page, &rec->args.RESPOND.ev);
    return REPLAY_SAME;
}

static enum replay_cause replay_one(struct replay *r,
                                    const struct hv_record *rec)
{
    switch (hv_ops_table[rec->op].kind) {
    case KIND_CALL:
    case KIND_GUEST:
        return call(r, rec);
    case KIND_EVENT:
        return event(r, rec);
    case KIND_RESPONSE:
        return respond(r, rec);
    default:
        return REPLAY_SAME;
    }
}

static int remember(struct replay *r, const struct hv_record *rec)
{
    struct replay_report *report = r->report;
    struct hv_record *slot = &report->context[r->next_context];

    if (report->nr_context == REPLAY_CONTEXT)
        hv_record_free(slot);
    else
        report->nr_context++;
    r->next_context = (r->next_context + 1) % REPLAY_CONTEXT;
    return hv_record_copy(slot, rec);
}

/* The context was kept as a ring: oldest first from here on. */
static void order_context(struct replay *r)
{
    struct replay_report *report = r->report;
    struct hv_record *copy;
    unsigned int n = report->nr_context;

    if (n < REPLAY_CONTEXT || !r->next_context)
        return;
    copy = malloc(sizeof(report->context));
    if (!copy)
        return;
    memcpy(copy, report->context, sizeof(report->context));
    for (unsigned int i = 0; i < n; i++)
        report->context[i] = copy[(r->next_context + i) % REPLAY_CONTEXT];
    free(copy);
}

/* The trace is over: an event that is still on a ring was not in it. */
static enum replay_cause leftovers(struct replay *r)
{
    for (unsigned int i = 0; i < r->nr_rings; i++) {
        void *page = hv_ring(r->hv, r->rings[i].dom);

        if (!page || !ring_has_request(&r->rings[i].ring, page))
            continue;
        hv_op_init(OP_EVENT, &r->actual.args);
        r->actual.op = OP_EVENT;
        r->actual.seq = r->report->records + 1;
        r->actual.args.EVENT.dom = r->rings[i].dom;
        ring_take(&r->rings[i].ring, page, &r->actual.args.EVENT);
        return REPLAY_EXTRA_EVENT;
    }
    return REPLAY_SAME;
}

static int run(struct replay *r, struct hv_source *source)
{
    struct replay_report *report = r->report;
    struct hv_record rec;
    int rc;

    while ((rc = source->next(source, &rec)) > 0) {
        enum replay_cause cause = replay_one(r, &rec);

        report->records++;
        if (cause != REPLAY_SAME && (rec.flags & RECORD_KNOWN)) {
            report->known++;
        } else if (cause != REPLAY_SAME) {
            report->cause = cause;
            rc = hv_record_copy(&report->expected, &rec);
            return rc ? rc : hv_record_copy(&report->actual, &r->actual);
        }
        rc = remember(r, &rec);
        if (rc)
            return rc;
    }
    if (rc < 0)
        return rc;
    report->cause = leftovers(r);
    if (report->cause != REPLAY_SAME)
        return hv_record_copy(&report->actual, &r->actual);
    return 0;
}

int replay_run(struct hv *hv, struct hv_source *source,
               struct replay_report *report)
{
    struct replay *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return -ENOMEM;
    memset(report, 0, sizeof(*report));
    report->expected.op = report->actual.op = OP_NOTE;
    r->hv = hv;
    r->report = report;
    rc = run(r, source);
    order_context(r);
    free(r);
    return rc;
}

void replay_report_free(struct replay_report *report)
{
    for (unsigned int i = 0; i < report->nr_context; i++)
        hv_record_free(&report->context[i]);
    hv_record_free(&report->expected);
    hv_record_free(&report->actual);
    report->nr_context = 0;
}
