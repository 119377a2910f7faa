/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by live*.c. */
#ifndef XENREEL_LIVE_PRIVATE_H
#define XENREEL_LIVE_PRIVATE_H

#include "harness/live.h"
#include "harness/live_trace.h"

struct live {
    const struct live_config *config;
    struct live_result *result;
    struct live_trace trace;
    struct live_state state;
    struct hv *target;          /* what is not to be in the trace */
    struct hv *hv;              /* the recorder around it */
    uint32_t dom, port;
    struct ring_client ring;
    bool enabled, bound;        /* how far attaching came */
    unsigned int armed;         /* rules */
    bool steps, unimplemented;  /* these events are on */
    bool altp2m;                /* we turned it on */
    uint32_t view;              /* ours, 0 while there is none */
    bool detaching;
    struct {
        bool steps;             /* it is in view 0, for one instruction */
        bool fast;              /* it may be */
        uint64_t gfn;           /* of its last violation */
    } vcpu[INFER_VCPUS];
    struct vm_event_st answer[LIVE_EVENTS];
    uint32_t nr_answers;
    struct args_event taken[LIVE_EVENTS];
    uint32_t next, nr_taken;
};

/* live.c */
/* Take the events that were recorded since. */
void live_take(struct live *l);
/* Stop the guest, and take what it raised before that; let it run. */
int live_pause(struct live *l);
int live_unpause(struct live *l);

/* live_arm.c */
int live_arm(struct live *l);
/* Undo all that was armed: 0 or the first -Exxx. */
int live_disarm(struct live *l);
/* GFN may be accessed in every way from now on. */
int live_open_page(struct live *l, uint64_t gfn);

/* live_answer.c: put the answer to EV into .answer. */
int live_answer(struct live *l, const struct vm_event_st *ev);

#endif
