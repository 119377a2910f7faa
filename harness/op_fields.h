/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The field descriptors that ops.def names; used by op.c alone. */
#ifndef XENREEL_OP_FIELDS_H
#define XENREEL_OP_FIELDS_H

#include "harness/field.h"

#define OP(id, text, kind, args, fields, what) \
    extern const struct hv_field fields_##fields[];
#include "harness/ops.def"
#undef OP

#endif
