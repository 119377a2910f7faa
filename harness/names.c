/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/names.h"

#include <xen/hvm/params.h>
#include <xen/memory.h>

#include "harness/interface.h"
#include "harness/op_args.h"

const struct hv_name names_access[] = {
    { XENMEM_access_n, "n" },
    { XENMEM_access_r, "r" },
    { XENMEM_access_w, "w" },
    { XENMEM_access_rw, "rw" },
    { XENMEM_access_x, "x" },
    { XENMEM_access_rx, "rx" },
    { XENMEM_access_wx, "wx" },
    { XENMEM_access_rwx, "rwx" },
    { XENMEM_access_rx2rw, "rx2rw" },
    { XENMEM_access_n2rwx, "n2rwx" },
    { ACCESS_DEFAULT, "default" },
    { 0, NULL }
};

const struct hv_name names_reason[] = {
    { VM_EVENT_REASON_UNKNOWN, "unknown" },
    { VM_EVENT_REASON_MEM_ACCESS, "mem_access" },
    { VM_EVENT_REASON_MEM_SHARING, "mem_sharing" },
    { VM_EVENT_REASON_MEM_PAGING, "mem_paging" },
    { VM_EVENT_REASON_WRITE_CTRLREG, "write_ctrlreg" },
    { VM_EVENT_REASON_MOV_TO_MSR, "mov_to_msr" },
    { VM_EVENT_REASON_SOFTWARE_BREAKPOINT, "software_breakpoint" },
    { VM_EVENT_REASON_SINGLESTEP, "singlestep" },
    { VM_EVENT_REASON_GUEST_REQUEST, "guest_request" },
    { VM_EVENT_REASON_DEBUG_EXCEPTION, "debug_exception" },
    { VM_EVENT_REASON_CPUID, "cpuid" },
    { VM_EVENT_REASON_PRIVILEGED_CALL, "privileged_call" },
    { VM_EVENT_REASON_INTERRUPT, "interrupt" },
    { VM_EVENT_REASON_DESCRIPTOR_ACCESS, "descriptor_access" },
    { VM_EVENT_REASON_EMUL_UNIMPLEMENTED, "emul_unimplemented" },
    { VM_EVENT_REASON_VMEXIT, "vmexit" },
    { 0, NULL }
};

const struct hv_name names_event_flags[] = {
    { VM_EVENT_FLAG_VCPU_PAUSED, "paused" },
    { VM_EVENT_FLAG_FOREIGN, "foreign" },
    { VM_EVENT_FLAG_EMULATE, "emulate" },
    { VM_EVENT_FLAG_EMULATE_NOWRITE, "nowrite" },
    { VM_EVENT_FLAG_TOGGLE_SINGLESTEP, "toggle_singlestep" },
    { VM_EVENT_FLAG_SET_EMUL_READ_DATA, "set_emul_read_data" },
    { VM_EVENT_FLAG_DENY, "deny" },
    { VM_EVENT_FLAG_ALTERNATE_P2M, "altp2m" },
    { VM_EVENT_FLAG_SET_REGISTERS, "set_registers" },
    { VM_EVENT_FLAG_SET_EMUL_INSN_DATA, "set_emul_insn_data" },
    { VM_EVENT_FLAG_GET_NEXT_INTERRUPT, "get_next_interrupt" },
    { VM_EVENT_FLAG_FAST_SINGLESTEP, "fast_singlestep" },
    { VM_EVENT_FLAG_NESTED_P2M, "nested_p2m" },
    { VM_EVENT_FLAG_RESET_VMTRACE, "reset_vmtrace" },
    { VM_EVENT_FLAG_RESET_FORK_STATE, "reset_fork_state" },
    { VM_EVENT_FLAG_RESET_FORK_MEMORY, "reset_fork_memory" },
    { 0, NULL }
};

const struct hv_name names_violation[] = {
    { MEM_ACCESS_R, "r" },
    { MEM_ACCESS_W, "w" },
    { MEM_ACCESS_X, "x" },
    { MEM_ACCESS_GLA_VALID, "gla_valid" },
    { MEM_ACCESS_FAULT_WITH_GLA, "with_gla" },
    { MEM_ACCESS_FAULT_IN_GPT, "in_gpt" },
    { 0, NULL }
};

const struct hv_name names_ctrlreg[] = {
    { VM_EVENT_X86_CR0, "cr0" },
    { VM_EVENT_X86_CR3, "cr3" },
    { VM_EVENT_X86_CR4, "cr4" },
    { VM_EVENT_X86_XCR0, "xcr0" },
    { 0, NULL }
};

const struct hv_name names_desc[] = {
    { VM_EVENT_DESC_IDTR, "idtr" },
    { VM_EVENT_DESC_GDTR, "gdtr" },
    { VM_EVENT_DESC_LDTR, "ldtr" },
    { VM_EVENT_DESC_TR, "tr" },
    { 0, NULL }
};

const struct hv_name names_altp2m[] = {
    { XEN_ALTP2M_disabled, "disabled" },
    { XEN_ALTP2M_mixed, "mixed" },
    { XEN_ALTP2M_external, "external" },
    { XEN_ALTP2M_limited, "limited" },
    { 0, NULL }
};

const struct hv_name names_quirks[] = {
    { QUIRK_MMIO_OFFSET, "mmio-offset" },
    { QUIRK_MMIO_LENGTH, "mmio-length" },
    { QUIRK_MMIO_GLA, "mmio-gla" },
    { 0, NULL }
};

const struct hv_name names_vendor[] = {
    { VENDOR_INTEL, "intel" },
    { VENDOR_AMD, "amd" },
    { 0, NULL }
};

const struct hv_name names_guest_type[] = {
    { GUEST_PVH, "pvh" },
    { GUEST_HVM, "hvm" },
    { GUEST_PV, "pv" },
    { 0, NULL }
};

const struct hv_name names_rmw[] = {
    { RMW_ADD, "add" },
    { RMW_XCHG, "xchg" },
    { RMW_CMPXCHG, "cmpxchg" },
    { 0, NULL }
};

const struct hv_name names_phase[] = {
    { PHASE_START, "start" },
    { PHASE_SIGNAL, "signal" },
    { PHASE_SHUTDOWN, "shutdown" },
    { PHASE_WAIT, "wait" },
    { PHASE_DESTROY, "destroy" },
    { PHASE_IDLE, "idle" },
    { 0, NULL }
};

const struct hv_name names_create[] = {
    { CREATE_PV32, "pv32" },
    { CREATE_XEN_DEBUG, "xen_debug" },
    { 0, NULL }
};

const struct hv_name names_pv_flags[] = {
    { PV_NO_REQUESTS, "no_requests" },
    { PV_BAD_REQUESTS, "bad_requests" },
    { PV_NO_DONE, "no_done" },
    { 0, NULL }
};

const struct hv_name names_mmuext[] = {
    { MMUEXT_PIN_L1_TABLE, "pin_l1" },
    { MMUEXT_PIN_L2_TABLE, "pin_l2" },
    { MMUEXT_PIN_L3_TABLE, "pin_l3" },
    { MMUEXT_PIN_L4_TABLE, "pin_l4" },
    { MMUEXT_UNPIN_TABLE, "unpin" },
    { MMUEXT_NEW_BASEPTR, "new_baseptr" },
    { MMUEXT_TLB_FLUSH_LOCAL, "tlb_flush_local" },
    { MMUEXT_INVLPG_LOCAL, "invlpg_local" },
    { MMUEXT_TLB_FLUSH_MULTI, "tlb_flush_multi" },
    { MMUEXT_INVLPG_MULTI, "invlpg_multi" },
    { MMUEXT_TLB_FLUSH_ALL, "tlb_flush_all" },
    { MMUEXT_INVLPG_ALL, "invlpg_all" },
    { MMUEXT_FLUSH_CACHE, "flush_cache" },
    { MMUEXT_SET_LDT, "set_ldt" },
    { MMUEXT_NEW_USER_BASEPTR, "new_user_baseptr" },
    { MMUEXT_CLEAR_PAGE, "clear_page" },
    { MMUEXT_COPY_PAGE, "copy_page" },
    { MMUEXT_FLUSH_CACHE_GLOBAL, "flush_cache_global" },
    { MMUEXT_MARK_SUPER, "mark_super" },
    { MMUEXT_UNMARK_SUPER, "unmark_super" },
    { 0, NULL }
};

const struct hv_name names_pv_type[] = {
    { 0, "none" },
    { 1, "l1" },
    { 2, "l2" },
    { 3, "l3" },
    { 4, "l4" },
    { 7, "writable" },
    { 0, NULL }
};

const struct hv_name names_page_type[] = {
    { 0, "notab" },
    { 1, "l1" },
    { 2, "l2" },
    { 3, "l3" },
    { 4, "l4" },
    { 9, "pinned_l1" },
    { 10, "pinned_l2" },
    { 11, "pinned_l3" },
    { 12, "pinned_l4" },
    { 13, "broken" },
    { 15, "xtab" },
    { 0, NULL }
};
