/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation table: every operation, event and response as one row that
 * names its argument structure (op_args.h) and its field descriptors.  The
 * rows are listed in ops.def; see docs/HOWTO-ADD-OPERATION.md. */
#ifndef XENREEL_OP_H
#define XENREEL_OP_H

#include "harness/field.h"
#include "harness/op_args.h"

enum hv_op {
#define OP(id, text, kind, args, fields, what) OP_##id,
#include "harness/ops.def"
#undef OP
    OP_COUNT
};

enum hv_kind {
    KIND_CALL,          /* a client's hypercall or library call */
    KIND_GUEST,         /* what a vCPU does next; the call queues it */
    KIND_EVENT,         /* a request taken from the ring */
    KIND_RESPONSE,      /* a response put on the ring */
    KIND_NOTE,          /* a heading or remark: no effect */
};

struct hv_opdesc {
    const char *name;   /* in the text form: "mem_access.set" */
    const char *what;   /* hypercall and sub-operation it stands for */
    const struct hv_field *fields;      /* ends with a NULL name */
    uint16_t size;      /* of the argument structure */
    uint8_t kind;       /* enum hv_kind */
    /* A call that no hypercall stands for: it looks into a guest, or is of a
     * machine that no Xen has.  Only who drives the guests makes it. */
    bool inside;
};

/* Indexed by enum hv_op. */
extern const struct hv_opdesc hv_ops_table[OP_COUNT];

/* The operation called NAME: 0 and *op, or -ENOENT. */
int hv_op_by_name(const char *name, enum hv_op *op);

/* The largest argument structure, for buffers that hold any of them. */
union hv_args {
    uint64_t align;
#define OP(id, text, kind, args, fields, what) struct args id;
#include "harness/ops.def"
#undef OP
};

/* Which field groups (struct hv_field .when) ARGS has: for an event or a
 * response, bit N for reason N and one HV_GROUP_* for the data area; no
 * groups for other operations. */
#define HV_GROUP_REGS   (1ull << 32)    /* data is registers */
#define HV_GROUP_READ   (1ull << 33)    /* data is SET_EMUL_READ_DATA's */
#define HV_GROUP_FAST   (1ull << 34)    /* u is fast_singlestep */
uint64_t hv_op_groups(enum hv_op op, const void *args);

static inline bool hv_field_applies(const struct hv_field *f, uint64_t groups)
{
    return !f->when || (f->when & groups);
}

/* The bytes of an event or response that no applying field shows (padding,
 * other members of its unions): copy the structure with every shown byte
 * zeroed into REST (same size).  True when anything but zero is left. */
bool hv_op_rest(enum hv_op op, const void *args, void *rest);

/* Set ARGS to zero, and every optional field to absent. */
void hv_op_init(enum hv_op op, void *args);

#define GUEST_MAX_DATA  64u             /* bytes of one data access */
#define GUEST_MAX_COPY  (1u << 24)      /* bytes of one rep movsb */
/* Guest operation OP has operands that an instruction can have: 0 or
 * -EINVAL. */
int hv_guest_check(enum hv_op op, const void *args);

/* The first field, in table order, that applies, has role HV_OUT, is present
 * in EXPECTED, and differs in ACTUAL; NULL when there is none. */
const struct hv_field *hv_op_difference(enum hv_op op, const void *expected,
                                        const void *actual);

#endif
