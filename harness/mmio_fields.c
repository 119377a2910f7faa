/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of devices' operations: read like op_fields.c. */
#include "harness/op_fields.h"

#include "harness/op_args.h"

#define ROW(T, text, member, how, role) \
    { text, offsetof(struct T, member), sizeof(((struct T *)0)->member), \
      HV_##how, HV_##role, 0, NULL, 0 }
#define END { NULL, 0, 0, 0, 0, 0, NULL, 0 }

#define ADD(member, how)    ROW(args_mmio_ro, #member, member, how, IN)
const struct hv_field fields_mmio_ro[] = {
    ADD(start, HEX), ADD(size, HEX), ADD(fail, DEC), END
};

#define MAP(member, how)    ROW(args_mmio_map, #member, member, how, IN)
const struct hv_field fields_mmio_map[] = {
    MAP(dom, DEC), MAP(gfn, HEX), MAP(mfn, HEX), MAP(nr, DEC), END
};

#define WHERE \
    ROW(args_memory, "mfn", gfn, HEX, IN), \
    ROW(args_memory, "offset", offset, HEX, IN)
const struct hv_field fields_mmio_read[] = {
    WHERE, ROW(args_memory, "data", data, BYTES, OUT), END
};
const struct hv_field fields_mmio_write[] = {
    WHERE, ROW(args_memory, "data", data, BYTES, IN), END
};

#define STATE(member, how)  ROW(args_mmio_state, #member, member, how, OUT)
const struct hv_field fields_mmio_state[] = {
    ROW(args_mmio_state, "mfn", mfn, HEX, IN),
    STATE(ro, DEC), STATE(partial, DEC), STATE(mapped, DEC),
    STATE(marked, DEC), STATE(reads, DEC), STATE(writes, DEC),
    STATE(offset, HEX), STATE(len, DEC), STATE(value, HEX), END
};

const struct hv_field fields_mmio_log[] = {
    ROW(args_mmio_log, "text", text, TEXT, OUT), END
};
