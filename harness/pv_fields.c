/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of PV page tables: read like op_fields.c. */
#include "harness/op_fields.h"

#include "harness/field_rows.h"
#include "harness/names.h"
#include "harness/op_args.h"

#define FOREIGN ROW("foreign", foreign, HEX, HV_IN, 1, NULL)
#define CMD     ROW("cmd", cmd, ENUM, HV_IN, 1, names_mmuext)
#define BATCH   IN(more, U64S), IN_OF(flags, FLAGS, names_pv_flags)

#define T args_mmu_update
const struct hv_field fields_pv_mmu[] = {
    DOM, IN_AS("tables", vcpu, DEC), IN(ptr, HEX), IN(val, HEX), BATCH,
    OUT(done, DEC), END
};
const struct hv_field fields_guest_mmu[] = {
    VCPU, FOREIGN, IN(ptr, HEX), IN(val, HEX), BATCH, MUST(rc, ERRNO),
    OUT(done, DEC), END
};
#undef T

#define T args_mmuext_op
const struct hv_field fields_pv_mmuext[] = {
    DOM, CMD, IN(arg1, HEX), IN(arg2, HEX), BATCH,
    OUT(done, DEC), END
};
const struct hv_field fields_guest_mmuext[] = {
    VCPU, FOREIGN, CMD, IN(arg1, HEX),
    IN(arg2, HEX), BATCH, MUST(rc, ERRNO), OUT(done, DEC), END
};
#undef T

#define T args_page_types
const struct hv_field fields_page_types[] = {
    DOM, IN(gfn, U64S),
    ROW("types", types, U8S, HV_OUT, 0, names_page_type), END
};
#undef T

#define T args_va_mapping
const struct hv_field fields_va_mapping[] = {
    VCPU, FOREIGN, IN(va, HEX), IN(val, HEX), IN(flags, HEX),
    MUST(rc, ERRNO), END
};
#undef T

#define T args_vm_assist
const struct hv_field fields_vm_assist[] = {
    VCPU, IN(cmd, DEC), IN(type, DEC), MUST(rc, ERRNO), END
};
#undef T

#define T args_guest_frame
const struct hv_field fields_guest_decrease[] = {
    VCPU, IN(mfn, HEX), MUST_AS("done", count, DEC), END
};
const struct hv_field fields_guest_frame[] = {
    DOM, IN(mfn, HEX), OUT(owner, DEC), OUT_OF(type, ENUM, names_pv_type),
    OUT(count, DEC), OUT(refs, DEC), OUT(pinned, DEC), OUT(validated, DEC),
    OUT(pfn, HEX), END
};
#undef T
