/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a hypercall's structure to an operation of the table: most are a few
 * fields that move, and those are rows. */
#ifndef XENREEL_WIRE_H
#define XENREEL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/op.h"

struct move {
    uint16_t abi, args;         /* offsets of the two members */
    uint8_t abi_len, args_len;  /* and their sizes; 0 and 0: the end */
    uint8_t out;                /* from the model back to the client */
    uint8_t access;             /* in: an access, as the client numbers it */
};

struct wire {
    uint32_t cmd;
    enum hv_op op;
    const struct move *moves;   /* NULL: the domain alone */
};

#define MOVE_(abi_t, abi_m, args_t, args_m, out, access) { \
    offsetof(abi_t, abi_m), offsetof(args_t, args_m), \
    sizeof(((abi_t *)0)->abi_m), sizeof(((args_t *)0)->args_m), out, access }
#define MOVE_IN(abi_t, abi_m, args_t, args_m) \
    MOVE_(abi_t, abi_m, args_t, args_m, 0, 0)
#define MOVE_OUT(abi_t, abi_m, args_t, args_m) \
    MOVE_(abi_t, abi_m, args_t, args_m, 1, 0)
#define MOVE_ACCESS(abi_t, abi_m, args_t, args_m) \
    MOVE_(abi_t, abi_m, args_t, args_m, 0, 1)
#define MOVE_END { 0, 0, 0, 0, 0, 0 }

/* The row of CMD among NR, or NULL. */
const struct wire *wire_find(const struct wire *rows, size_t nr,
                             uint32_t cmd);
/* Copy every member of MOVES, whatever its direction, from ARGS to ABI or the
 * other way. */
void wire_copy(const struct move *moves, void *abi, void *args, bool to_abi);
/* ABI, for the next wire_call, is a copy of the LEN bytes at AT. */
void wire_at(void *abi, uint64_t at, size_t len);
/* Perform W on DOM with the client's structure ABI (a copy), results written
 * into it.  Sets *OUT when there are any: ABI is to be copied back.  The
 * operation's result. */
int wire_call(const struct wire *w, uint32_t dom, void *abi, bool *out);

#endif
