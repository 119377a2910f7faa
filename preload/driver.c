/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that drives the guests itself (harness/front.h). */
#include "harness/front.h"

#include <errno.h>

#include "preload/front.h"
#include "preload/libc.h"

EXPORT front_call_fn xenreel_front_call;
EXPORT front_observe_fn xenreel_front_observe;

static bool driven_by(enum hv_op op)
{
    return op < OP_COUNT && (hv_ops_table[op].kind == KIND_GUEST ||
        hv_ops_table[op].inside || op == OP_DOMAIN_CREATE ||
        op == OP_CLIENT_WAIT);
}

static int run(struct args_wait *a)
{
    int rc = a->limit ? hv_call(front.hv, OP_CLIENT_WAIT, a) : -EINVAL;

    if (!rc && a->value)
        evtchn_poll(a->dom);
    return rc;
}

/* It may have raised the port, as in a wait. */
static int run_vcpu(struct args_guest_run *a)
{
    int rc = hv_call(front.hv, OP_GUEST_RUN, a);

    evtchn_poll(a->dom);
    return rc;
}

static int call(enum hv_op op, void *args)
{
    int rc = front_start();

    if (rc)
        return rc;
    if (front.served)
        return -EOPNOTSUPP;     /* nothing but what the trace has */
    time_driven();
    switch (op) {
    case OP_DOMAIN_CREATE:
        return front_create(args);
    case OP_CLIENT_WAIT:
        return run(args);
    case OP_GUEST_RUN:
        return run_vcpu(args);
    default:
        return hv_call(front.hv, op, args);
    }
}

int xenreel_front_call(uint32_t op, void *args)
{
    int rc;

    if (!driven_by(op) || !args)
        return -EINVAL;
    front_lock();
    rc = call(op, args);
    front_unlock();
    return rc;
}

int xenreel_front_observe(uint32_t dom, const struct vm_event_st *ev)
{
    int rc;

    if (!ev)
        return -EINVAL;
    front_lock();
    rc = front_start();
    if (!rc)
        rc = hv_observe(front.hv, dom, ev);
    front_unlock();
    return rc;
}
