/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client blocks: guests run by themselves, so this waits for what they
 * do. */
#include "real/private.h"

#include <poll.h>
#include <time.h>

#include "harness/ring.h"

#define STEP_MS     1   /* where nobody wakes us up */

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t requests(const struct xen_domain *d)
{
    const struct vm_event_sring *sring = d && d->ring.on ? d->ring.page : NULL;

    return sring ? ring_requests(sring) - d->ring.seen : 0;
}

/* Sleep up to MS, or until a channel is notified: how long it was, something
 * at least, since a guest may notify all the time.  A sleep that nothing ends
 * counts as what was asked for: under the front end its clock is not ours. */
static uint32_t nap(struct xen *x, uint32_t ms)
{
    struct pollfd fd = { .fd = xenevtchn_fd(x->channel), .events = POLLIN };
    uint64_t start = now_ms(), took;

    if (poll(&fd, 1, (int)ms) <= 0)
        return ms;
    xen_port_drain(x);
    took = now_ms() - start;
    if (!took)
        took = 1;
    return took < ms ? (uint32_t)took : ms;
}

/* Will a channel be notified of DOM's requests, or does its driver have to be
 * asked? */
static bool wakes(struct xen *x, const struct xen_domain *d)
{
    return d && d->ring.on && xen_port(x, d->dom, d->ring.port) &&
           !(x->driver && x->driver->busy);
}

static bool idle(struct xen *x, uint32_t dom)
{
    return x->driver && x->driver->busy &&
           !x->driver->busy(x->driver_ctx, x, dom);
}

/* Up to TIMEOUT_MS for the first request, and .settle_ms behind each; not
 * beyond what the guest can do. */
uint32_t xen_wait(struct xen *x, uint32_t dom, uint32_t timeout_ms)
{
    struct xen_domain *d = xen_domain(x, dom);
    uint32_t left = timeout_ms, count = 0, now;

    xen_port_drain(x);
    for (;;) {
        bool last = !timeout_ms || idle(x, dom);
        uint32_t took;

        now = requests(d);
        if (now != count)
            left = x->settle_ms;
        count = now;
        if (last || !left)
            break;
        took = nap(x, wakes(x, d) || left < STEP_MS ? left : STEP_MS);
        left -= took < left ? took : left;
    }
    if (d && x->driver && x->driver->holds)
        xen_hold(x, dom, true);
    if (d)
        d->ring.seen += count;
    return count;
}

int real_wait(struct hv *hv, uint32_t dom)
{
    struct xen *x = (struct xen *)hv;
    const struct xen_domain *d = xen_domain(x, dom);
    const struct xen_port *p;
    int rc = xen_there(x, dom);

    if (rc)
        return rc;
    xen_wait(x, dom, x->timeout_ms);
    p = d->ring.on ? xen_port(x, dom, d->ring.port) : NULL;
    return p && device_port_came(&p->device);
}

/* With a limit in instructions the client does not block: what there is by
 * then is looked at. */
int real_op_CLIENT_WAIT(struct xen *x, struct args_wait *a)
{
    int rc = xen_there(x, a->dom);

    if (!rc && a->limit && x->driver && x->driver->run)
        rc = x->driver->run(x->driver_ctx, x, a->dom, a->limit);
    if (rc)
        return rc;
    a->value = xen_wait(x, a->dom, a->limit ? 0 : x->timeout_ms);
    return 0;
}
