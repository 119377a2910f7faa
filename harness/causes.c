/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/causes.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/infer.h"
#include "harness/ring.h"

struct guest {
    struct infer infer;
    uint32_t raised;            /* events to come whose cause is there */
    struct guest *next;
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
    g = calloc(1, sizeof(*g));
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
    g->raised++;
    return infer_cause(&g->infer, &a->ev);
}

static int put_events(struct causes *c)
{
    int rc = 0;

    for (uint32_t i = 0; !rc && i < c->nr_events; i++) {
        const struct args_event *a = &c->event[i];
        struct guest *g = find_or_make(c, a->dom);

        if (!g)
            rc = -ENOMEM;
        else if (g->raised)
            g->raised--;
        else
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

int causes_close(struct causes *c)
{
    int rc = c ? put_events(c) : 0;

    while (c && c->guests) {
        struct guest *g = c->guests;

        c->guests = g->next;
        free(g);
    }
    if (c)
        free(c->event);
    free(c);
    return rc;
}
