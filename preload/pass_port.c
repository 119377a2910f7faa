/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ports the client is to read.  The kernel knows, and tells only by
 * having them read; so it is worked out by its own rules, from when requests
 * came (xen/common/event_channel.c, harness/device_port.h). */
#include <stdlib.h>

#include "harness/device_port.h"
#include "preload/front.h"
#include "preload/pass.h"

struct port {
    uint32_t dom, port;
    struct device_port device;
};

static struct port *ports;
static unsigned int nr_ports;

static struct port *find(uint32_t dom, uint32_t port)
{
    for (unsigned int i = 0; i < nr_ports; i++) {
        if (ports[i].dom == dom && ports[i].port == port)
            return &ports[i];
    }
    return NULL;
}

/* EVTCHNOP_bind_interdomain makes it pending from the start. */
void pass_port_bound(uint32_t dom, uint32_t port)
{
    struct port *more = realloc(ports, (nr_ports + 1) * sizeof(*ports));

    if (!more)
        return;
    ports = more;
    ports[nr_ports] = (struct port){ .dom = dom, .port = port };
    nr_ports++;
    pass_port_raise(dom, port);
}

void pass_port_unbound(uint32_t dom, uint32_t port)
{
    struct port *p = find(dom, port);

    if (p)
        *p = ports[--nr_ports];
}

void pass_port_raise(uint32_t dom, uint32_t port)
{
    struct port *p = find(dom, port);

    if (p)
        device_port_raise(&p->device);
}

bool pass_port_pending(uint32_t dom, uint32_t port)
{
    struct port *p = find(dom, port);

    return p && device_port_take(&p->device);
}

void pass_port_unmask(uint32_t dom, uint32_t port)
{
    struct port *p = find(dom, port);

    if (p)
        device_port_unmask(&p->device);
}
