/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port as the event channel device has it for its client (Linux,
 * drivers/xen/evtchn.c): one that becomes pending is masked and can be read
 * once, until the client unmasks it. */
#ifndef XENREEL_DEVICE_PORT_H
#define XENREEL_DEVICE_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct device_port {
    bool pending;               /* towards dom0, not taken by its kernel */
    bool masked;                /* taken, until the client unmasks */
    uint32_t queued;            /* how often the client can read it */
};

/* evtchn_interrupt. */
static inline void device_port_deliver(struct device_port *p)
{
    if (!p->pending || p->masked)
        return;
    p->pending = false;
    p->masked = true;
    p->queued++;
}

static inline void device_port_raise(struct device_port *p)
{
    p->pending = true;
    device_port_deliver(p);
}

/* Something came that the client has not read. */
static inline bool device_port_came(const struct device_port *p)
{
    return p->pending || p->queued;
}

/* evtchn_read: false when there is nothing to read. */
static inline bool device_port_take(struct device_port *p)
{
    if (!p->queued)
        return false;
    p->queued--;
    return true;
}

/* evtchn_write: what came meanwhile is delivered now, even when the client
 * knows of it already. */
static inline void device_port_unmask(struct device_port *p)
{
    p->masked = false;
    device_port_deliver(p);
}

#endif
