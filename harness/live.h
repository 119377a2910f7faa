/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a live guest: attach to a running domain as its monitor, answer
 * its events by a policy, record all of it so that the model can replay it,
 * and leave the domain as it was found. */
#ifndef XENREEL_LIVE_H
#define XENREEL_LIVE_H

#include "harness/hv.h"
#include "harness/live_policy.h"
#include "harness/live_state.h"
#include "harness/record.h"

struct live_config {
    uint32_t dom;
    const struct live_policy *policy;
    enum live_memory memory;    /* whose contents go into the trace */
    uint64_t max_events;        /* 0: no limit */
    /* Asked before each wait, with the events so far: true ends it. */
    bool (*stop)(void *ctx, uint64_t events);
    void *ctx;
};

enum live_end {
    LIVE_STOPPED,       /* .stop said so */
    LIVE_LIMIT,         /* .max_events */
    LIVE_QUIET,         /* nothing more will happen */
    LIVE_SHUTDOWN,      /* the guest has shut down or crashed */
    LIVE_GONE           /* the domain is being destroyed, or is */
};

struct live_result {
    enum live_end end;
    bool attached;      /* there is something in the trace */
    uint64_t events;
    const char *what;   /* the rule or the operation that failed, or NULL */
    int undone;         /* 0, or -Exxx: the first that could not be undone */
};

/* Record domain CONFIG->dom of HV, which is closed, into SINK.  0; -Exxx of
 * what could not be done, and what had been done is undone; -EINVAL also for
 * a PV domain, -EBUSY when it has a monitor or its vCPUs are in an altp2m
 * view.  An error of the sink ends it the same way. */
int live_record(struct hv *hv, const struct live_config *config,
                struct hv_sink *sink, struct live_result *result);

/* Free DOM of what a monitor that was killed left: its ring, all that is
 * monitored, views, restrictions of pages (whoever made them), single steps,
 * and vCPUs that wait for an answer.  A pause of the domain is not taken back:
 * it may be anybody's.  0 or -Exxx. */
int live_release(struct hv *hv, uint32_t dom);

#endif
