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

/* What a guest reports of itself: nobody else knows.  And devices: no scenario
 * reaches those of a real machine.  And what no Xen has. */
#define ASK_DRIVER(id, argstruct) \
    int real_op_##id(struct xen *x, struct argstruct *a) \
    { \
        return drive(x, OP_##id, a); \
    }
ASK_DRIVER(GUEST_LEFT, args_guest_value)
ASK_DRIVER(GUEST_RESULT, args_guest_result)
ASK_DRIVER(GUEST_BUFFER, args_guest_buffer)
ASK_DRIVER(MMIO_RO_ADD, args_mmio_ro)
ASK_DRIVER(MMIO_MAP, args_mmio_map)
ASK_DRIVER(MMIO_READ, args_memory)
ASK_DRIVER(MMIO_WRITE, args_memory)
ASK_DRIVER(MMIO_STATE, args_mmio_state)
ASK_DRIVER(MMIO_LOG, args_mmio_log)
ASK_DRIVER(PV_ACCESS_MODE, args_enable)
ASK_DRIVER(PV_ACCESS_STATE, args_pv_access)
ASK_DRIVER(HVM_ACCESS_SET, args_access)
ASK_DRIVER(HVM_ACCESS_GET, args_access)
ASK_DRIVER(GUEST_MMU_UPDATE, args_mmu_update)
ASK_DRIVER(GUEST_MMUEXT_OP, args_mmuext_op)
ASK_DRIVER(GUEST_VA_MAPPING, args_va_mapping)
ASK_DRIVER(GUEST_VM_ASSIST, args_vm_assist)
ASK_DRIVER(GUEST_DECREASE, args_guest_frame)
ASK_DRIVER(GUEST_FRAME, args_guest_frame)
