/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of a block. */
#include "tests/lab/differ.h"

/* A response without the event it is to would be another scenario. */
static void respond(struct make *m, const struct vm_event_st *rsp)
{
    struct vcpu *v = &m->vcpu[rsp->vcpu_id % VCPUS];
    bool expected = v->waiting;

    if (rsp->version != VM_EVENT_INTERFACE_VERSION ||
        rsp->vcpu_id >= VCPUS) {
        expected = true;        /* it is to nothing */
    } else if (!(rsp->flags & VM_EVENT_FLAG_VCPU_PAUSED)) {
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

    make_open(&m, from->rec[0].args.DOMAIN_CREATE.vendor == VENDOR_AMD);
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
