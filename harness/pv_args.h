/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The argument structures of PV page tables: see op_args.h, which has them
 * all. */
#ifndef XENREEL_PV_ARGS_H
#define XENREEL_PV_ARGS_H

#include <stdint.h>

#include "harness/field.h"

/* PV page tables.  mfn is a machine frame number.  Of hypercalls with several
 * requests the first is in members of its own. */
enum args_pv_flags {
    PV_NO_REQUESTS = 1,         /* not even the first */
    PV_BAD_REQUESTS = 2,        /* they are at an address of Xen's */
    PV_NO_DONE = 4,             /* the guest wants no count */
};

struct args_mmu_update {
    uint32_t dom;
    uint32_t vcpu;      /* dom0's: the domain whose tables they are */
    uint32_t foreign;   /* the hypercall's foreigndom; ~0: DOMID_SELF */
    int32_t rc;         /* guest's: the hypercall's result */
    uint64_t ptr, val;
    struct hv_span more;        /* ptr, val, ptr, val ... uint64_t each */
    uint32_t flags;     /* enum args_pv_flags */
    uint32_t done;      /* ~0: not written */
};

struct args_mmuext_op {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t foreign;
    int32_t rc;
    uint64_t arg1, arg2;
    struct hv_span more;        /* cmd, arg1, arg2, ... uint64_t each */
    uint32_t cmd;       /* MMUEXT_* */
    uint32_t flags;
    uint32_t done;
    uint32_t pad;
};

/* A PV guest's frames are machine frames, another's its own. */
#define MAX_PAGE_TYPES  1024
struct args_page_types {
    uint32_t dom;
    uint32_t pad;
    struct hv_span gfn;         /* uint64_t each */
    struct hv_span types;       /* uint8_t each: XEN_DOMCTL_PFINFO_* >> 28; as
                                 * many as there are gfns, else -EINVAL */
};

struct args_va_mapping {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t foreign;   /* _otherdomain; ~0: update_va_mapping */
    int32_t rc;
    uint64_t va, val;
    uint64_t flags;     /* UVMF_* */
};

struct args_vm_assist {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t cmd;       /* VMASST_CMD_* */
    uint32_t type;      /* VMASST_TYPE_* */
    int32_t rc;
    uint32_t pad;
};

struct args_guest_frame {
    uint32_t dom;
    uint32_t vcpu;
    uint64_t mfn;
    uint32_t owner;
    uint32_t type;      /* L1 to L4: 1 to 4, 7 writable */
    uint64_t count;     /* uses as that; decrease: extents done */
    uint64_t refs;
    uint32_t pinned;
    uint32_t validated;
    uint64_t pfn;       /* machine_to_phys */
};

#endif
