/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/live_private.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/recorder.h"

#define MAX_DISABLES    100

static int call_dom(struct hv *hv, enum hv_op op, uint32_t dom)
{
    struct args_dom a = { .dom = dom };

    return hv_call(hv, op, &a);
}

static int call_port(struct live *l, struct hv *hv, enum hv_op op)
{
    struct args_port a = { .dom = l->dom, .port = l->port };

    return hv_call(hv, op, &a);
}

/* ---- the ring ---- */

void live_take(struct live *l)
{
    void *page = hv_ring(l->hv, l->dom);
    uint64_t *seen = &l->result->events;

    if (l->next == l->nr_taken)
        l->next = l->nr_taken = 0;
    while (page && *seen < l->trace.events &&
           l->nr_taken < sizeof(l->taken) / sizeof(*l->taken)) {
        ring_take(&l->ring, page, &l->taken[l->nr_taken++]);
        ++*seen;
    }
}

int live_pause(struct live *l)
{
    int rc = call_dom(l->hv, OP_DOMAIN_PAUSE, l->dom);

    if (!rc) {
        recorder_look(l->hv, l->dom);
        live_take(l);
    }
    return rc;
}

int live_unpause(struct live *l)
{
    return call_dom(l->hv, OP_DOMAIN_UNPAUSE, l->dom);
}

/* What was taken, and what is taken meanwhile. */
static int answer_all(struct live *l)
{
    int rc = 0, err;

    while (l->next < l->nr_taken) {
        err = live_answer(l, &l->taken[l->next++].ev);
        rc = rc ? rc : err;
    }
    return rc;
}

/* The answers onto the ring, all at once. */
static int send_answers(struct live *l)
{
    void *page = hv_ring(l->hv, l->dom);

    if (!page || !l->nr_answers)
        return 0;
    for (uint32_t i = 0; i < l->nr_answers; i++)
        ring_put(&l->ring, page, &l->answer[i]);
    l->nr_answers = 0;
    return call_port(l, l->hv, OP_EVTCHN_NOTIFY);
}

/* ---- attaching ---- */

static int enable(struct live *l)
{
    struct args_port a = { .dom = l->dom };
    int rc = hv_call(l->hv, OP_MONITOR_ENABLE, &a);
    void *page = rc ? NULL : hv_ring(l->hv, l->dom);

    l->enabled = !rc;
    l->port = a.out;
    if (page)
        ring_init(&l->ring, page);
    return rc;
}

static int bind_port(struct live *l)
{
    struct args_port a = { .dom = l->dom, .port = l->port };
    int rc = hv_call(l->hv, OP_EVTCHN_BIND, &a);

    l->bound = !rc;
    return rc;
}

/* The domain is paused, which is not in the trace: it begins so. */
static int attach(struct live *l)
{
    int rc;

    l->result->what = "looking at the domain";
    rc = live_state_find(&l->state, l->target, l->dom);
    if (!rc && l->state.view)
        rc = -EBUSY;
    if (rc)
        return rc;
    l->result->what = "monitor.enable";
    rc = enable(l);
    if (rc)
        return rc;
    l->result->what = "looking at the domain's pages";
    rc = live_state_find_pages(&l->state, l->target, l->dom);
    if (!rc) {
        l->result->what = "the domain's state";
        live_state_put(&l->state, l->target, l->port, l->config->memory,
                       &l->trace);
        l->result->attached = true;
        rc = l->trace.out.error;
    }
    if (!rc) {
        l->result->what = "evtchn.bind_interdomain";
        rc = bind_port(l);
    }
    return rc ? rc : live_arm(l);
}

/* ---- detaching ---- */

/* A vCPU that waits for room on the ring keeps it from being disabled, and
 * has to run, and to be answered, first. */
static int disable(struct live *l)
{
    int rc = -EBUSY;

    for (int i = 0; i < MAX_DISABLES && rc == -EBUSY; i++) {
        if (i)
            hv_wait(l->hv, l->dom);
        else
            recorder_look(l->hv, l->dom);
        live_take(l);
        answer_all(l);
        send_answers(l);
        rc = call_dom(l->hv, OP_MONITOR_DISABLE, l->dom);
    }
    return rc;
}

/* The domain is paused, as the trace has it; undo everything, and let it go
 * on. */
static int detach(struct live *l)
{
    int rc, err;

    l->detaching = true;
    rc = answer_all(l);
    err = live_disarm(l);
    rc = rc ? rc : err;
    err = send_answers(l);
    rc = rc ? rc : err;
    err = live_unpause(l);
    rc = rc ? rc : err;
    if (l->enabled) {
        err = disable(l);
        rc = rc ? rc : err;
    }
    if (l->bound)
        call_port(l, l->hv, OP_EVTCHN_UNBIND);
    return rc;
}

/* ---- between the two ---- */

/* Is the guest at its end?  True and why. */
static bool ended(struct live *l)
{
    struct args_domain_info info = { .dom = l->dom };

    if (hv_call(l->target, OP_DOMAIN_INFO, &info) || info.dying)
        l->result->end = LIVE_GONE;
    else if (info.shutdown || info.crashed)
        l->result->end = LIVE_SHUTDOWN;
    else
        return false;
    return true;
}

/* Nothing came: will it ever? */
static bool quiet(struct live *l)
{
    if (ended(l))
        return true;
    l->result->end = LIVE_QUIET;
    return l->target->caps & HV_CAP_DETERMINISTIC;
}

static bool told_to_stop(struct live *l)
{
    const struct live_config *c = l->config;

    l->result->end = LIVE_STOPPED;
    if (c->stop && c->stop(c->ctx, l->result->events))
        return true;
    l->result->end = LIVE_LIMIT;
    return c->max_events && l->result->events >= c->max_events;
}

/* One wait and what it brought.  A channel's state is this machine's, and not
 * in the trace. */
static int lap(struct live *l, bool *over)
{
    int rc = hv_wait(l->hv, l->dom);

    if (rc < 0)
        return rc;
    if (rc) {
        call_port(l, l->target, OP_EVTCHN_PENDING);
        call_port(l, l->target, OP_EVTCHN_UNMASK);
    }
    live_take(l);
    *over = !rc && l->next == l->nr_taken && quiet(l);
    rc = answer_all(l);
    return rc ? rc : send_answers(l);
}

static int monitor(struct live *l)
{
    bool over = false;
    int rc = live_unpause(l);

    while (!rc && !over && !told_to_stop(l)) {
        rc = lap(l, &over);
        if (!rc)
            rc = l->trace.out.error ? l->trace.out.error :
                 recorder_error(l->hv);
    }
    if (rc && ended(l))
        rc = 0;                 /* that is why */
    return rc;
}

/* -ESRCH also of one that only its memory is left of. */
static int find_domain(struct live *l)
{
    struct args_domain_info info = { .dom = l->dom };
    int rc = hv_call(l->target, OP_DOMAIN_INFO, &info);

    return !rc && (info.dying || info.shutdown || info.crashed) ? -ESRCH : rc;
}

static int record(struct live *l)
{
    int rc, err;

    l->result->what = NULL;
    rc = find_domain(l);
    if (!rc)
        rc = call_dom(l->target, OP_DOMAIN_PAUSE, l->dom);
    if (rc)
        return rc;
    rc = attach(l);
    if (!l->result->attached) {
        if (l->enabled)
            call_dom(l->target, OP_MONITOR_DISABLE, l->dom);
        call_dom(l->target, OP_DOMAIN_UNPAUSE, l->dom);
        return rc;
    }
    if (!rc) {
        rc = monitor(l);
        if (l->result->end == LIVE_GONE)
            return rc;
        err = live_pause(l);
        rc = rc ? rc : err;
    }
    l->result->undone = detach(l);
    live_trace_flush(&l->trace);
    return rc ? rc : l->trace.out.error;
}

int live_record(struct hv *hv, const struct live_config *config,
                struct hv_sink *sink, struct live_result *result)
{
    struct live *l = calloc(1, sizeof(*l));
    int rc = -ENOMEM;

    *result = (struct live_result){ .end = LIVE_STOPPED };
    if (l) {
        live_trace_init(&l->trace, config->dom, sink);
        l->hv = recorder_open(hv, &l->trace.sink);
    }
    if (!l || !l->hv) {
        free(l);
        hv_close(hv);
        return rc;
    }
    l->config = config;
    l->result = result;
    l->target = hv;
    l->dom = config->dom;
    rc = record(l);
    if (!rc)
        rc = recorder_error(l->hv);
    live_state_free(&l->state);
    hv_close(l->hv);
    free(l);
    return rc;
}
