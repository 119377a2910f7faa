/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event channels between dom0's client and the domains, as /dev/xen/evtchn
 * shows them.  A channel is named by the domain and the port at its end;
 * dom0's port is a number the client may print.  The device goes by dom0's
 * port, and so knows a channel until the client unbinds it, whatever became of
 * the domain.  Source: xen/common/event_channel.c, Linux
 * drivers/xen/evtchn.c. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>

#include <xen/event_channel.h>

#define FIRST_PORT      3       /* behind xenstore's and the console's */
#define FIRST_LOCAL     18
#define BUCKET          64      /* EVTCHNS_PER_BUCKET */

/* evtchn_alloc_port: the lowest free one. */
static int alloc_port(struct sim_domain *d, bool monitor)
{
    uint32_t port;

    if (d->dying)
        return -EINVAL;
    for (port = FIRST_PORT; port < NR_PORTS; port++) {
        if (d->ports[port].state != PORT_FREE)
            continue;
        d->ports[port].state = PORT_UNBOUND;
        d->ports[port].monitor = monitor;
        return (int)port;
    }
    return -ENOSPC;
}

int evtchn_alloc_xen(struct sim_domain *d)
{
    return alloc_port(d, true);
}

/* free_xen_event_channel: dom0's end stays open, leading nowhere. */
void evtchn_free_xen(struct sim_domain *d, uint32_t port)
{
    if (port >= NR_PORTS)
        return;
    d->ports[port].state = PORT_FREE;
    d->ports[port].monitor = false;
}

void evtchn_raise(struct sim_domain *d, uint32_t port)
{
    struct sim_port *p = port < NR_PORTS ? &d->ports[port] : NULL;

    if (p && p->state == PORT_BOUND)
        device_port_raise(&p->device);
}

static bool local_used(const struct sim *sim, uint32_t local)
{
    uint32_t i, port;

    for (i = 0; i < sim->nr_domains; i++) {
        const struct sim_domain *d = sim->domains[i];

        for (port = 0; d && port < NR_PORTS; port++) {
            if (d->ports[port].local == local)
                return true;
        }
    }
    for (i = 0; i < sim->nr_left; i++) {
        if (sim->left[i].end.local == local)
            return true;
    }
    return false;
}

/* The channel if dom0's client has it open. */
static struct sim_port *open_port(struct sim *sim, const struct args_port *a,
                                  struct sim_domain **d)
{
    *d = sim_find(sim, a->dom);
    if (*d && a->port < NR_PORTS && (*d)->ports[a->port].local)
        return &(*d)->ports[a->port];
    for (uint32_t i = 0; i < sim->nr_left; i++) {
        if (sim->left[i].dom == a->dom && sim->left[i].port == a->port)
            return &sim->left[i].end;
    }
    return NULL;
}

/* Xen's evtchn_destroy: dom0's ends become unbound, and nobody is told. */
int evtchn_destroy(struct sim_domain *d)
{
    struct sim *sim = d->sim;
    struct left_port *left = realloc(sim->left, (sim->nr_left + NR_PORTS) *
                                                sizeof(*left));

    if (!left)
        return -ENOMEM;
    sim->left = left;
    for (uint32_t port = 0; port < NR_PORTS; port++) {
        struct sim_port end = d->ports[port];

        end.state = PORT_FREE;
        end.monitor = false;
        if (end.local)
            left[sim->nr_left++] = (struct left_port){ d->id, port, end };
        d->ports[port] = (struct sim_port){ .local = 0 };
    }
    return 0;
}

/* Those that are not open any more. */
static void tidy_left(struct sim *sim)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < sim->nr_left; i++) {
        if (sim->left[i].end.local)
            sim->left[n++] = sim->left[i];
    }
    sim->nr_left = n;
}

void evtchn_forget(struct sim *sim, uint32_t dom)
{
    for (uint32_t i = 0; i < sim->nr_left; i++) {
        if (sim->left[i].dom == dom)
            sim->left[i].end.local = 0;
    }
    tidy_left(sim);
}

int sim_op_EVTCHN_ALLOC(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    int port;

    if (!a->dom)
        return -EOPNOTSUPP;     /* dom0's own ports are not modelled */
    if (!d)
        return -ESRCH;
    port = alloc_port(d, false);
    if (port < 0)
        return port;
    a->out = (uint32_t)port;
    return 0;
}

/* EVTCHNOP_bind_interdomain: notifications may have been lost before, so
 * the channel is pending from the start. */
int sim_op_EVTCHN_BIND(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    struct sim_port *p;
    uint32_t local = FIRST_LOCAL;

    if (!d)
        return a->dom ? -ESRCH : -EINVAL;
    if (a->port >= NR_PORTS || d->ports[a->port].state != PORT_UNBOUND)
        return -EINVAL;
    p = &d->ports[a->port];
    while (local_used(sim, local))
        local++;
    p->state = PORT_BOUND;
    p->local = local;
    device_port_raise(&p->device);
    a->out = local;
    return 0;
}

/* IOCTL_EVTCHN_NOTIFY, EVTCHNOP_send: dropped when the other end is gone. */
int sim_op_EVTCHN_NOTIFY(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d;
    struct sim_port *p = open_port(sim, a, &d);

    if (!p)
        return -ENOTCONN;
    if (p->state == PORT_BOUND && p->monitor)
        ring_resume(d);         /* monitor_notification drops its result */
    return 0;
}

/* A channel that is not open is never reported by read(). */
int sim_op_EVTCHN_PENDING(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d;
    struct sim_port *p = open_port(sim, a, &d);

    a->out = p && device_port_take(&p->device);
    return 0;
}

/* write() to the device passes over ports that are not open. */
int sim_op_EVTCHN_UNMASK(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d;
    struct sim_port *p = open_port(sim, a, &d);

    if (p)
        device_port_unmask(&p->device);
    return 0;
}

/* IOCTL_EVTCHN_UNBIND, EVTCHNOP_close: the domain's end can be bound anew. */
int sim_op_EVTCHN_UNBIND(struct sim *sim, struct args_port *a)
{
    struct sim_domain *d;
    struct sim_port *p = open_port(sim, a, &d);

    if (!p)
        return -ENOTCONN;
    if (p->state == PORT_BOUND)
        p->state = PORT_UNBOUND;
    p->local = 0;
    p->device = (struct device_port){ .queued = 0 };
    tidy_left(sim);
    return 0;
}

/* Ports exist in buckets; alloc_port() takes the lowest. */
static bool port_exists(const struct sim_domain *d, uint32_t port)
{
    uint32_t last = NR_PORTS - 1;

    while (d && last && d->ports[last].state == PORT_FREE)
        last--;
    return port < (d ? last / BUCKET + 1 : 1) * BUCKET;
}

/* evtchn_status.  xenstore's and the console's are bound to dom0; dom0's own
 * are not modelled. */
int sim_op_EVTCHN_STATUS(struct sim *sim, struct args_port_status *a)
{
    const struct sim_domain *d = sim_find(sim, a->dom);
    const struct sim_port *p;

    if (!d && a->dom && a->dom != DOMID_SELF)
        return -ESRCH;
    if (!port_exists(d, a->port))
        return -EINVAL;
    p = d ? &d->ports[a->port] : NULL;
    if (p && p->monitor)
        return -EACCES;
    a->status = EVTCHNSTAT_closed;
    a->remote = 0;
    if (d && !d->dying && a->port && a->port < FIRST_PORT) {
        a->status = EVTCHNSTAT_interdomain;
        a->remote = FIRST_LOCAL - FIRST_PORT + a->port;
    } else if (p && p->state == PORT_BOUND) {
        a->status = EVTCHNSTAT_interdomain;
        a->remote = p->local;
    } else if (p && p->state == PORT_UNBOUND) {
        a->status = EVTCHNSTAT_unbound;
    }
    return 0;
}
