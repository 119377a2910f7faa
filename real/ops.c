/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an operation's number to the function that performs it, or to the
 * domain's driver. */
#include "real/private.h"

static int drive(struct xen *x, enum hv_op op, void *args)
{
    return x->driver && x->driver->caps & HV_CAP_GUEST ?
        x->driver->call(x->driver_ctx, x, op, args) : -EOPNOTSUPP;
}

#define EVENT_CALL(id, args) return -EINVAL
#define RESPONSE_CALL(id, args) return -EINVAL
#define NOTE_CALL(id, args) return -EINVAL
#define CALL_CALL(id, args) return real_op_##id((struct xen *)hv, args)
/* No scenario reaches the devices of a real machine by itself, either. */
#define INSIDE_CALL(id, args) GUEST_CALL(id, args)
#define GUEST_CALL(id, args) return drive((struct xen *)hv, OP_##id, args)

int real_call(struct hv *hv, enum hv_op op, void *args)
{
    switch (op) {
#define OP(id, text, kind, argstruct, fields, what) \
    case OP_##id: kind##_CALL(id, args);
#include "harness/ops.def"
#undef OP
    case OP_COUNT:
        break;
    }
    return -EINVAL;
}
