/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an operation's number to the function that models it. */
#include "sim/private.h"

#include <errno.h>



#define EVENT_CALL(id, args) return -EINVAL
#define RESPONSE_CALL(id, args) return -EINVAL
#define NOTE_CALL(id, args) return -EINVAL
#define CALL_CALL(id, args) return sim_op_##id((struct sim *)hv, args)
#define INSIDE_CALL(id, args) CALL_CALL(id, args)
#define GUEST_CALL(id, args) return sim_op_##id((struct sim *)hv, args)

int sim_call(struct hv *hv, enum hv_op op, void *args)
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
