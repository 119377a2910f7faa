/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_monitor_op: tools/libs/ctrl/xc_monitor.c. */
#include "real/private.h"

int real_op_MONITOR_CAPS(struct xen *x, struct args_u64 *a)
{
    uint32_t caps = 0;
    int rc = xen_answer(xc_monitor_get_capabilities(
        x->xc, xen_id(x, a->dom), &caps));

    if (!rc)
        a->value = caps;
    return rc;
}

int real_op_MONITOR_CTRLREG(struct xen *x, struct args_ctrlreg *a)
{
    return xen_answer(xc_monitor_write_ctrlreg(
        x->xc, xen_id(x, a->dom), (uint16_t)a->index, a->enable != 0,
        a->sync != 0, a->bitmask, a->onchangeonly != 0));
}

int real_op_MONITOR_MSR(struct xen *x, struct args_msr *a)
{
    return xen_answer(xc_monitor_mov_to_msr(
        x->xc, xen_id(x, a->dom), a->msr, a->enable != 0,
        a->onchangeonly != 0));
}

int real_op_MONITOR_GUEST_REQUEST(struct xen *x, struct args_enable_sync *a)
{
    return xen_answer(xc_monitor_guest_request(
        x->xc, xen_id(x, a->dom), a->enable != 0, a->sync != 0,
        a->userspace != 0));
}

int real_op_MONITOR_DEBUG(struct xen *x, struct args_enable_sync *a)
{
    return xen_answer(xc_monitor_debug_exceptions(
        x->xc, xen_id(x, a->dom), a->enable != 0, a->sync != 0));
}

int real_op_MONITOR_VMEXIT(struct xen *x, struct args_enable_sync *a)
{
    return xen_answer(xc_monitor_vmexit(
        x->xc, xen_id(x, a->dom), a->enable != 0, a->sync != 0));
}

#define TOGGLE_OP(id, function) \
    int real_op_MONITOR_##id(struct xen *x, struct args_enable *a) \
    { \
        return xen_answer(function(x->xc, xen_id(x, a->dom), \
                                   a->enable != 0)); \
    }
TOGGLE_OP(SINGLESTEP, xc_monitor_singlestep)
TOGGLE_OP(BREAKPOINT, xc_monitor_software_breakpoint)
TOGGLE_OP(CPUID, xc_monitor_cpuid)
TOGGLE_OP(PRIVILEGED_CALL, xc_monitor_privileged_call)
TOGGLE_OP(DESCRIPTOR, xc_monitor_descriptor_access)
TOGGLE_OP(EMUL_UNIMPLEMENTED, xc_monitor_emul_unimplemented)
TOGGLE_OP(PAGEFAULT, xc_monitor_inguest_pagefault)
TOGGLE_OP(EACH_REP, xc_monitor_emulate_each_rep)

static int raw(struct xen *x, uint32_t dom, uint32_t op, uint32_t *event)
{
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_monitor_op,
        .domain = (domid_t)xen_id(x, dom),
        .u.monitor_op = { .op = op, .event = *event },
    };
    int rc = xen_domctl(x, &domctl);

    *event = domctl.u.monitor_op.event;
    return rc;
}

int real_op_MONITOR_CONTROL_REGISTERS(struct xen *x, struct args_dom *a)
{
    uint32_t event = 0;

    return raw(x, a->dom, XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS, &event);
}

int real_op_MONITOR_OP(struct xen *x, struct args_monitor_op *a)
{
    a->out_event = a->event;
    return raw(x, a->dom, a->op, &a->out_event);
}
