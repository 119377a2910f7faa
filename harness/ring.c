/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/ring.h"

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#include "harness/op.h"

bool ring_enables(uint32_t op, const void *args)
{
    const struct args_vm_event_op *a = args;

    return op == OP_MONITOR_ENABLE ||
           (op == OP_VM_EVENT_OP && a->op == XEN_VM_EVENT_ENABLE &&
            a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR);
}

bool ring_ends(uint32_t op, const void *args)
{
    const struct args_vm_event_op *a = args;

    return op == OP_MONITOR_DISABLE || op == OP_DOMAIN_DESTROY ||
           (op == OP_VM_EVENT_OP && a->op == XEN_VM_EVENT_DISABLE &&
            a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR);
}

bool ring_uses(uint32_t op)
{
    return op == OP_EVTCHN_NOTIFY || op == OP_MONITOR_RESUME ||
           op == OP_MONITOR_DISABLE || op == OP_VM_EVENT_OP ||
           op == OP_RING_STATE || op == OP_CLIENT_WAIT;
}
