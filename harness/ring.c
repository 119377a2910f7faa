/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/ring.h"

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#include "harness/op.h"

/* XEN_DOMCTL_vm_event_op, SUB_OP of the monitor's ring. */
static bool is_vm_event(uint32_t op, const struct args_vm_event_op *a,
                        uint32_t sub_op)
{
    return op == OP_VM_EVENT_OP && a->op == sub_op &&
           a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR;
}

bool ring_enables(uint32_t op, const void *args)
{
    return op == OP_MONITOR_ENABLE ||
           is_vm_event(op, args, XEN_VM_EVENT_ENABLE);
}

bool ring_ends(uint32_t op, const void *args)
{
    return op == OP_MONITOR_DISABLE || op == OP_DOMAIN_DESTROY ||
           is_vm_event(op, args, XEN_VM_EVENT_DISABLE);
}

bool ring_uses(uint32_t op)
{
    return op == OP_EVTCHN_NOTIFY || op == OP_MONITOR_RESUME ||
           op == OP_MONITOR_DISABLE || op == OP_VM_EVENT_OP ||
           op == OP_RING_STATE || op == OP_CLIENT_WAIT;
}
