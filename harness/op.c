/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/op.h"

#include <errno.h>
#include <string.h>

#include "harness/op_fields.h"

/* .kind and .inside of a row's kind. */
#define OF_CALL         KIND_CALL, false
#define OF_INSIDE       KIND_CALL, true
#define OF_GUEST        KIND_GUEST, false
#define OF_EVENT        KIND_EVENT, false
#define OF_RESPONSE     KIND_RESPONSE, false
#define OF_NOTE         KIND_NOTE, false

const struct hv_opdesc hv_ops_table[OP_COUNT] = {
#define OP(id, text, kind, args, fields, what) \
    [OP_##id] = { text, what, fields_##fields, sizeof(struct args), \
                  OF_##kind },
#include "harness/ops.def"
#undef OP
};

int hv_op_by_name(const char *name, enum hv_op *op)
{
    for (unsigned int i = 0; i < OP_COUNT; i++) {
        if (!strcmp(hv_ops_table[i].name, name)) {
            *op = i;
            return 0;
        }
    }
    return -ENOENT;
}

uint64_t hv_op_groups(enum hv_op op, const void *args)
{
    const struct vm_event_st *ev;
    uint64_t groups;

    if (hv_ops_table[op].kind != KIND_EVENT &&
        hv_ops_table[op].kind != KIND_RESPONSE)
        return 0;
    ev = &((const struct args_event *)args)->ev;
    groups = ev->reason < 32 ? 1ull << ev->reason : 0;
    if (op == OP_RESPOND && (ev->flags & VM_EVENT_FLAG_FAST_SINGLESTEP))
        groups = HV_GROUP_FAST;
    if (op == OP_RESPOND && (ev->flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA))
        return groups | HV_GROUP_READ;
    if (op == OP_RESPOND && (ev->flags & VM_EVENT_FLAG_SET_EMUL_INSN_DATA))
        return groups;
    return groups | HV_GROUP_REGS;
}

bool hv_op_rest(enum hv_op op, const void *args, void *rest)
{
    const struct hv_opdesc *desc = &hv_ops_table[op];
    uint64_t groups = hv_op_groups(op, args);
    const unsigned char *bytes = rest;

    memcpy(rest, args, desc->size);
    for (const struct hv_field *f = desc->fields; f->name; f++) {
        if (hv_field_applies(f, groups))
            memset((char *)rest + f->offset, 0, f->size);
    }
    for (unsigned int i = 0; i < desc->size; i++) {
        if (bytes[i])
            return true;
    }
    return false;
}

void hv_op_init(enum hv_op op, void *args)
{
    const struct hv_opdesc *desc = &hv_ops_table[op];

    memset(args, 0, desc->size);
    for (const struct hv_field *f = desc->fields; f->name; f++) {
        if (f->optional)
            memset((char *)args + f->offset, 0xff, f->size);
    }
}

int hv_guest_check(enum hv_op op, const void *args)
{
    const struct args_guest_mem *a = args;
    const struct args_guest_copy *copy = args;

    switch (op) {
    case OP_GUEST_FETCH:
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        if (!a->len || a->len > GUEST_MAX_DATA ||
            (op == OP_GUEST_RMW && (a->len > 8 || a->rmw > RMW_CMPXCHG)) ||
            (op == OP_GUEST_FETCH && a->imm &&
             (a->len < 4 || a->imm > a->len - 4)))
            return -EINVAL;
        return 0;
    case OP_GUEST_COPY:
        return copy->count > GUEST_MAX_COPY ? -EINVAL : 0;
    default:
        return 0;
    }
}

const struct hv_field *hv_op_difference(enum hv_op op, const void *expected,
                                        const void *actual)
{
    uint64_t groups = hv_op_groups(op, expected);

    for (const struct hv_field *f = hv_ops_table[op].fields; f->name; f++) {
        if (f->role == HV_OUT && hv_field_applies(f, groups) &&
            !hv_field_absent(f, expected) &&
            !hv_field_equal(f, expected, actual))
            return f;
    }
    return NULL;
}
