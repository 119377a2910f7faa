/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks that are not made at random: parts of one, and what mends a domain. */
#include "tests/lab/differ.h"

#include <xen/domctl.h>

#define ROUNDS  20u

/* A response without the event it is to would be another scenario. */
static void respond(struct make *m, const struct vm_event_st *rsp)
{
    struct vcpu *v = &m->vcpu[rsp->vcpu_id % VCPUS];
    bool expected = v->waiting;

    if (!(rsp->flags & VM_EVENT_FLAG_VCPU_PAUSED)) {
        expected = m->nr_late != 0;
        m->nr_late -= expected;
    } else {
        v->waiting = false;
    }
    if (expected && hv_ring(m->hv, DOM))
        ring_put(&m->ring, hv_ring(m->hv, DOM), rsp);
}

static void redo(struct make *m, const struct hv_record *rec)
{
    union hv_args args = rec->args;
    unsigned char bytes[4096];
    size_t at = m->list.nr;
    int rc;

    if (rec->op == OP_MEMORY_READ)
        args.MEMORY_READ.data.p = bytes;
    rc = hv_call(m->hv, rec->op, &args);
    if (rec->op == OP_MONITOR_ENABLE && !rc) {
        m->port = args.MONITOR_ENABLE.out;
        ring_init(&m->ring, hv_ring(m->hv, DOM));
    }
    if (rec->op == OP_ALTP2M_SET_STATE && !rc)
        m->altp2m = args.ALTP2M_SET_STATE.value;
    if (m->list.nr > at)        /* results that are the machine's */
        m->list.rec[m->list.nr - 1].flags |= rec->flags;
    take_events(m);
}

void make_again(const struct list *from, const bool *skip, struct list *to)
{
    struct make m;

    make_open(&m);
    for (size_t i = m.list.nr; i < from->nr; i++) {     /* behind the domain */
        const struct hv_record *rec = &from->rec[i];

        if (skip[i] || rec->op == OP_EVENT)
            continue;
        if (rec->op == OP_RESPOND)
            respond(&m, &rec->args.RESPOND.ev);
        else
            redo(&m, rec);
    }
    make_end(&m);
    *to = m.list;
    list_init(&m.list);
    make_close(&m);
}

/* ---- mending ---- */

/* Whatever has stopped a vCPU, this lets it go; Xen shrugs at a response to
 * nothing. */
static void free_vcpu(struct hv *hv, struct ring_client *ring, uint32_t n)
{
    struct vm_event_st rsp = {
        .version = VM_EVENT_INTERFACE_VERSION, .vcpu_id = n,
        .flags = VM_EVENT_FLAG_VCPU_PAUSED,
    };
    struct args_debug_control off = {
        .dom = DOM, .vcpu = n, .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF,
    };

    hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &off);
    ring_put(ring, hv_ring(hv, DOM), &rsp);
}

static void free_vcpus(struct hv *hv)
{
    struct vm_event_sring *page = hv_ring(hv, DOM);
    struct args_dom dom = { .dom = DOM };
    struct args_wait wait = { .dom = DOM };
    struct ring_client ring = { .rsp_prod = page->rsp_prod };

    for (uint32_t i = 0; i < ROUNDS && (i < 2 || wait.value); i++) {
        for (uint32_t n = 0; n < VCPUS; n++)
            free_vcpu(hv, &ring, n);
        hv_call(hv, OP_MONITOR_RESUME, &dom);
        wait.value = 0;
        hv_call(hv, OP_CLIENT_WAIT, &wait);
    }
}

bool restore(struct hv *hv)
{
    struct make m = { .hv = hv };
    struct args_dom dom = { .dom = DOM };
    struct args_domain_info info = { .dom = DOM };
    struct args_port port = { .dom = DOM };

    if (hv_call(hv, OP_DOMAIN_INFO, &info) || info.crashed || info.shutdown)
        return false;
    monitor_nothing(hv);
    put_back(&m);
    if (hv_ring(hv, DOM))
        free_vcpus(hv);
    for (port.port = 1; port.port < 8; port.port++)     /* whichever it is */
        hv_call(hv, OP_EVTCHN_UNBIND, &port);
    hv_call(hv, OP_MONITOR_DISABLE, &dom);
    /* ... and once more all from the beginning, which has to work now */
    if (hv_call(hv, OP_MONITOR_ENABLE, &port))
        return false;
    for (uint32_t n = 0; n < VCPUS; n++) {
        struct args_guest_result r = { .dom = DOM, .vcpu = n };
        struct args_guest_value left = { .dom = DOM, .vcpu = n };

        hv_call(hv, OP_GUEST_RESULT, &r);
        hv_call(hv, OP_GUEST_LEFT, &left);
        if (left.value)
            return false;
    }
    put_back(&m);
    return !hv_call(hv, OP_MONITOR_DISABLE, &dom);
}
