/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event channels of the caller's client.  A channel is named by the domain
 * and the port at its end.
 *
 * The device is read and written back at once, so that waits can always sleep
 * on it; what the device has for the caller is kept here. */
#include "real/private.h"

#include <stdlib.h>

struct xen_port *xen_port(struct xen *x, uint32_t dom, uint32_t port)
{
    for (unsigned int i = 0; i < x->nr_ports; i++) {
        if (x->ports[i].dom == dom && x->ports[i].port == port)
            return &x->ports[i];
    }
    return NULL;
}

/* Each may be there once; one that a guest notifies all the time would be
 * there for ever. */
void xen_port_drain(struct xen *x)
{
    for (unsigned int n = 0; n <= x->nr_ports; n++) {
        xenevtchn_port_or_error_t local = xenevtchn_pending(x->channel);

        if (local < 0)
            return;
        for (unsigned int i = 0; i < x->nr_ports; i++) {
            if (x->ports[i].local == (evtchn_port_t)local)
                device_port_raise(&x->ports[i].device);
        }
        xenevtchn_unmask(x->channel, (evtchn_port_t)local);
    }
}

static void forget(struct xen *x, struct xen_port *p)
{
    *p = x->ports[--x->nr_ports];
}

void xen_ports_forget(struct xen *x, uint32_t dom)
{
    for (unsigned int i = 0; i < x->nr_ports; ) {
        if (x->ports[i].dom != dom) {
            i++;
            continue;
        }
        xenevtchn_unbind(x->channel, x->ports[i].local);
        forget(x, &x->ports[i]);
    }
}

int real_op_EVTCHN_ALLOC(struct xen *x, struct args_port *a)
{
    int port;

    if (!a->dom)
        return -EOPNOTSUPP;     /* dom0's own ports: nothing to name them by */
    port = xen_answer(xc_evtchn_alloc_unbound(x->xc, xen_guest_id(x, a->dom),
                                              0));
    if (port < 0)
        return port;
    a->out = (uint32_t)port;
    return 0;
}

int real_op_EVTCHN_BIND(struct xen *x, struct args_port *a)
{
    struct xen_port *ports = reallocarray(x->ports, x->nr_ports + 1,
                                          sizeof(*ports));
    int local;

    if (!ports)
        return -ENOMEM;
    x->ports = ports;
    local = xen_answer(xenevtchn_bind_interdomain(x->channel,
                                                  xen_id(x, a->dom),
                                                  a->port));
    if (local < 0)
        return local;
    a->out = (uint32_t)local;
    ports[x->nr_ports++] = (struct xen_port){
        .dom = a->dom, .port = a->port, .local = (evtchn_port_t)local,
    };
    return 0;
}

int real_op_EVTCHN_NOTIFY(struct xen *x, struct args_port *a)
{
    const struct xen_port *p = xen_port(x, a->dom, a->port);

    return p ? xen_answer(xenevtchn_notify(x->channel, p->local)) : -ENOTCONN;
}

int real_op_EVTCHN_PENDING(struct xen *x, struct args_port *a)
{
    struct xen_port *p = xen_port(x, a->dom, a->port);

    xen_port_drain(x);
    a->out = p && device_port_take(&p->device);
    return 0;
}

int real_op_EVTCHN_UNMASK(struct xen *x, struct args_port *a)
{
    struct xen_port *p = xen_port(x, a->dom, a->port);

    xen_port_drain(x);
    if (p)
        device_port_unmask(&p->device);
    return 0;
}

int real_op_EVTCHN_UNBIND(struct xen *x, struct args_port *a)
{
    struct xen_port *p = xen_port(x, a->dom, a->port);
    int rc;

    if (!p)
        return -ENOTCONN;
    rc = xen_answer(xenevtchn_unbind(x->channel, p->local));
    if (!rc)
        forget(x, p);
    return rc;
}

int real_op_EVTCHN_STATUS(struct xen *x, struct args_port_status *a)
{
    xc_evtchn_status_t status = {
        .dom = (domid_t)xen_id(x, a->dom), .port = a->port,
    };
    int rc = xen_answer(xc_evtchn_status(x->xc, &status));

    if (rc)
        return rc;
    a->status = status.status;
    a->remote = status.status == EVTCHNSTAT_interdomain ?
        status.u.interdomain.port : 0;
    return 0;
}
