/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor of domain 1's CPUID instructions, made of the real libraries as
 * any client's is. */
#ifndef TESTS_CLIENT_MONITOR_H
#define TESTS_CLIENT_MONITOR_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xen/io/ring.h>
#include <xen/vm_event.h>

#include "want.h"

#define PAGE    4096

struct monitor {
    xc_interface *xc;
    xenevtchn_handle *xe;
    void *page;
    vm_event_back_ring_t ring;
    evtchn_port_t port;
    int fd;
    unsigned int events;
};

static void monitor_open(struct monitor *m)
{
    uint32_t port, can;

    memset(m, 0, sizeof(*m));
    WANT(m->xc = xc_interface_open(NULL, NULL, 0));
    WANT(m->page = xc_monitor_enable(m->xc, 1, &port));
    WANT(m->xe = xenevtchn_open(NULL, 0));
    WANT((int)(m->port = xenevtchn_bind_interdomain(m->xe, 1, port)) >= 0);
    SHARED_RING_INIT((vm_event_sring_t *)m->page);
    BACK_RING_INIT(&m->ring, (vm_event_sring_t *)m->page, PAGE);
    m->fd = xenevtchn_fd(m->xe);
    WANT(!xc_monitor_get_capabilities(m->xc, 1, &can));
    WANT(can & 1u << XEN_DOMCTL_MONITOR_EVENT_CPUID);
    WANT(!xc_monitor_cpuid(m->xc, 1, 1));
}

/* Answer what is in the ring; the port has been taken. */
static inline void monitor_answer(struct monitor *m)
{
    WANT(!xenevtchn_unmask(m->xe, m->port));
    while (RING_HAS_UNCONSUMED_REQUESTS(&m->ring)) {
        vm_event_request_t req = *RING_GET_REQUEST(&m->ring,
                                                   m->ring.req_cons);
        vm_event_response_t rsp = {
            .version = req.version, .vcpu_id = req.vcpu_id,
            .flags = req.flags & VM_EVENT_FLAG_VCPU_PAUSED,
            .reason = req.reason,
        };

        m->ring.req_cons++;
        WANT(req.reason == VM_EVENT_REASON_CPUID);
        rsp.data = req.data;
        rsp.data.regs.x86.rip += req.u.cpuid.insn_length;
        rsp.flags |= VM_EVENT_FLAG_SET_REGISTERS;
        *RING_GET_RESPONSE(&m->ring, m->ring.rsp_prod_pvt++) = rsp;
        RING_PUSH_RESPONSES(&m->ring);
        m->events++;
    }
    WANT(!xenevtchn_notify(m->xe, m->port));
}

static inline void monitor_close(struct monitor *m)
{
    WANT(!xc_monitor_cpuid(m->xc, 1, 0));
    WANT(!munmap(m->page, PAGE));
    WANT(!xc_monitor_disable(m->xc, 1));
    WANT(!xenevtchn_unbind(m->xe, m->port));
    WANT(!xenevtchn_close(m->xe));
    WANT(!xc_interface_close(m->xc));
}

#endif
