/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/live_trace.h"

#include <errno.h>
#include <string.h>

static int put_out(struct hv_sink *sink, const struct hv_record *rec)
{
    struct live_out *out = (struct live_out *)sink;

    if (!out->error)
        out->error = out->to->put(out->to, rec);
    return 0;
}

void live_trace_put(struct live_trace *t, const struct hv_record *rec)
{
    put_out(&t->out.sink, rec);
}

void live_trace_flush(struct live_trace *t)
{
    for (uint32_t i = 0; i < t->nr_events; i++) {
        int rc = infer_cause(&t->infer, &t->event[i].ev);

        if (rc && !t->out.error)
            t->out.error = rc;
    }
    if (t->holds && t->held.op != OP_CLIENT_WAIT)
        live_trace_put(t, &t->held);
    infer_batch(&t->out.sink, t->event, t->nr_events);
    t->holds = false;
    t->nr_events = 0;
}

static int keep_event(struct live_trace *t, const struct args_event *ev)
{
    if (t->nr_events == LIVE_EVENTS)
        return -EPROTO;
    t->event[t->nr_events++] = *ev;
    t->events++;
    return 0;
}

/* Those behind which events are looked for; and the first one, in front of
 * which the domain's state belongs. */
static bool waits_for_events(uint32_t op)
{
    return op == OP_CLIENT_WAIT || op == OP_DOMAIN_PAUSE ||
           op == OP_MONITOR_ENABLE;
}

static int put(struct hv_sink *sink, const struct hv_record *rec)
{
    struct live_trace *t = (struct live_trace *)sink;

    if (rec->op == OP_EVENT)
        return keep_event(t, &rec->args.EVENT);
    live_trace_flush(t);
    if (waits_for_events(rec->op)) {
        t->held = *rec;
        t->holds = true;
        return 0;
    }
    /* A vCPU still waits for room on the ring: it is tried again. */
    if (rec->op == OP_MONITOR_DISABLE && rec->result == -EBUSY)
        return 0;
    if (rec->op == OP_RESPOND)
        infer_response(&t->infer, &rec->args.RESPOND.ev);
    else if (rec->result >= 0)
        infer_call(&t->infer, rec);
    return put_out(&t->out.sink, rec);
}

void live_trace_init(struct live_trace *t, uint32_t dom, struct hv_sink *out)
{
    memset(t, 0, sizeof(*t));
    t->sink.put = put;
    t->out.sink.put = put_out;
    t->out.to = out;
    t->infer.dom = dom;
    t->infer.sink = &t->out.sink;
}
