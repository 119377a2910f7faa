/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/causes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/infer.h"
#include "harness/ring.h"

struct guest {
    struct infer infer;
    struct guest *next;
    uint32_t nr_raised;
    struct args_event raised[]; /* to come; their causes are put */
};

struct causes {
    struct hv_sink sink;        /* first */
    struct hv_sink *out;
    struct guest *guests;
    struct args_event *event;   /* of the last wait */
    uint32_t nr_events;
};

static struct guest *find(const struct causes *c, uint32_t dom)
{
    struct guest *g = c->guests;

    while (g && g->infer.dom != dom)
        g = g->next;
    return g;
}

static struct guest *find_or_make(struct causes *c, uint32_t dom)
{
    struct guest *g = find(c, dom);

    if (g)
        return g;
    g = calloc(1, sizeof(*g) + RING_ENTRIES * sizeof(*g->raised));
    if (!g)
        return NULL;
    g->infer.dom = dom;
    g->infer.sink = c->out;
    g->next = c->guests;
    c->guests = g;
    return g;
}

int causes_raised(struct causes *c, const struct args_event *a)
{
    struct guest *g = find_or_make(c, a->dom);

    if (!g)
        return -ENOMEM;
    if (g->nr_raised == RING_ENTRIES)
        return -EPROTO;
    g->raised[g->nr_raised++] = *a;
    return infer_cause(&g->infer, &a->ev);
}

/* Has the next event's cause been put? */
static bool take_raised(struct guest *g)
{
    if (!g->nr_raised)
        return false;
    g->nr_raised--;
    memmove(g->raised, g->raised + 1, g->nr_raised * sizeof(*g->raised));
    return true;
}

static int put_events(struct causes *c)
{
    int rc = 0;

    for (uint32_t i = 0; !rc && i < c->nr_events; i++) {
        const struct args_event *a = &c->event[i];
        struct guest *g = find_or_make(c, a->dom);

        if (!g)
            rc = -ENOMEM;
        else if (!take_raised(g))
            rc = infer_cause(&g->infer, &a->ev);
    }
    if (!rc)
        rc = infer_batch(c->out, c->event, c->nr_events);
    c->nr_events = 0;
    return rc;
}

static void saw(struct causes *c, const struct hv_record *rec)
{
    struct guest *g = find(c, rec->args.DOMAIN_PAUSE.dom);

    if (g && rec->result >= 0 && ring_ends(rec->op, &rec->args))
        g->nr_raised = 0;       /* its client never got them */
    if (g && rec->op == OP_RESPOND)
        infer_response(&g->infer, &rec->args.RESPOND.ev);
    else if (g && rec->result >= 0)
        infer_call(&g->infer, rec);
}

static int put(struct hv_sink *sink, const struct hv_record *rec)
{
    struct causes *c = (struct causes *)sink;
    int rc;

    if (rec->op == OP_EVENT && c->nr_events < RING_ENTRIES) {
        c->event[c->nr_events++] = rec->args.EVENT;
        return 0;
    }
    rc = put_events(c);
    if (rc || rec->op == OP_CLIENT_WAIT)
        return rc;
    saw(c, rec);
    return c->out->put(c->out, rec);
}

struct causes *causes_open(struct hv_sink *out)
{
    struct causes *c = calloc(1, sizeof(*c));

    if (c)
        c->event = calloc(RING_ENTRIES, sizeof(*c->event));
    if (!c || !c->event) {
        free(c);
        return NULL;
    }
    c->sink.put = put;
    c->out = out;
    return c;
}

struct hv_sink *causes_sink(struct causes *c)
{
    return &c->sink;
}

/* A client that was killed leaves some on the ring.  Which place they have
 * there nobody saw. */
static int put_raised(struct causes *c, const struct guest *g)
{
    struct hv_record rec = { .op = OP_EVENT };
    int rc = 0;

    for (uint32_t i = 0; !rc && i < g->nr_raised; i++) {
        hv_op_init(OP_EVENT, &rec.args);
        rec.args.EVENT.dom = g->raised[i].dom;
        rec.args.EVENT.ev = g->raised[i].ev;
        rc = c->out->put(c->out, &rec);
    }
    return rc;
}

int causes_close(struct causes *c)
{
    int rc = c ? put_events(c) : 0;

    while (c && c->guests) {
        struct guest *g = c->guests;

        if (!rc)
            rc = put_raised(c, g);
        c->guests = g->next;
        free(g);
    }
    if (c)
        free(c->event);
    free(c);
    return rc;
}
