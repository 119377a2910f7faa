/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serving a trace that lacks a client's every call: what libxenctrl and the
 * event channel's device make of its records.  Source:
 * tools/libs/ctrl/xc_vm_event.c, xc_monitor.c; Linux drivers/xen/evtchn.c. */
#include "harness/serve_private.h"

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#define RING_GFN        0xfeff9u        /* of every PVH guest */

/* The device's part in receiving an event, where the trace has none. */
bool serve_device_call(struct serve *s, enum hv_op op, struct args_port *a)
{
    const struct hv_record *rec = serve_next(&s->hv);
    struct served_ring *r;

    if (op != OP_EVTCHN_PENDING && op != OP_EVTCHN_UNMASK)
        return false;
    s->device |= rec && rec->op == op;
    if (s->device || s->differs)
        return false;
    r = serve_ring_of(s, a->dom);
    a->out = op == OP_EVTCHN_PENDING && r && r->told != r->req_prod;
    if (a->out)
        r->told = r->req_prod;
    return true;
}

/* One of the calls that xc_monitor_enable makes; the last of them takes the
 * record. */
static int enable_call(struct serve *s, enum hv_op op, void *args)
{
    const struct args_port *a = &s->next.args.MONITOR_ENABLE;
    int rc = (int)s->next.result;

    switch (op) {
    case OP_HVM_PARAM_GET:
        ((struct args_hvm_param *)args)->value = RING_GFN;
        return 0;
    case OP_VM_EVENT_OP:
        ((struct args_vm_event_op *)args)->out = rc ? 0 : a->out;
        if (!rc)
            serve_open_ring(s, a->dom);
        return rc;
    case OP_MEMORY_DECREASE:
        serve_lose(s, a->dom, ((struct args_physmap *)args)->gfn);
        return 0;
    case OP_DOMAIN_UNPAUSE:
        serve_take(&s->hv);
        return 0;
    case OP_DOMAIN_PAUSE:
    case OP_MEMORY_PAGE_TYPES:
    case OP_MEMORY_PEEK:
    case OP_MEMORY_POPULATE:
        return 0;
    default:
        return 1;
    }
}

/* True when OP is (part of) what libxenctrl makes of the next record: *RC. */
bool serve_composite_call(struct serve *s, enum hv_op op, void *args, int *rc)
{
    const struct hv_record *rec = serve_next(&s->hv);
    const struct args_vm_event_op *a = args;

    if (!rec || rec->op == op || rec->args.MONITOR_DISABLE.dom != a->dom)
        return false;
    if (rec->op == OP_MONITOR_ENABLE) {
        *rc = enable_call(s, op, args);
        return *rc <= 0;
    }
    if (op != OP_VM_EVENT_OP ||
        rec->op != (a->op == XEN_VM_EVENT_DISABLE ? OP_MONITOR_DISABLE :
                    OP_MONITOR_RESUME))
        return false;
    *rc = (int)rec->result;
    serve_take(&s->hv);
    return true;
}

/* The client waits for DOM, and the trace has no wait: only the event that it
 * waits for (1), or one of another domain's, or that it waited (0).  Negative
 * where it has neither. */
int serve_event_comes(struct serve *s, uint32_t dom)
{
    const struct hv_record *rec = serve_next(&s->hv);

    while (rec && hv_ops_table[rec->op].kind == KIND_GUEST) {
        serve_take(&s->hv);
        rec = serve_next(&s->hv);
    }
    if (rec && rec->op == OP_CLIENT_PHASE)
        return 0;
    if (!rec || rec->op != OP_EVENT)
        return -1;
    if (rec->args.EVENT.dom != dom)
        return 0;
    serve_deliver(s);
    return 1;
}
