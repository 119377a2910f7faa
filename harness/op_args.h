/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The argument structures of the operations of ops.def: fixed-width members,
 * explicit padding, no pointers but struct hv_span.  "dom" is the target
 * domain's id; a gfn is a 4 KiB frame number of the guest, a gpa and a gla
 * byte addresses; an access is a xenmem_access_t. */
#ifndef XENREEL_OP_ARGS_H
#define XENREEL_OP_ARGS_H

#include <stdint.h>

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <xen/vm_event.h>

#include "harness/device_args.h"
#include "harness/field.h"
#include "harness/pv_args.h"

struct args_dom {
    uint32_t dom;
    uint32_t pad;
};

/* Create a domain of the model.  Sizes are pages of 4 KiB. */
struct args_create {
    uint32_t dom;
    uint32_t vendor;    /* SIM_INTEL or SIM_AMD: enum args_vendor */
    uint32_t type;      /* enum args_guest_type */
    uint32_t vcpus;
    uint64_t ram;       /* populated from gfn 0 */
    uint64_t max_gpfn;  /* the highest gfn of the special pages */
    uint64_t max_pages; /* the domain's allocation limit */
    uint64_t pool;      /* paging pool: what EPT tables are taken from */
    uint32_t altp2m;    /* XEN_ALTP2M_* */
    uint32_t views;     /* altp2m views, view 0 included; 0: ten */
    uint8_t exec_sp;    /* 1: superpages may be executable */
    uint8_t quirks;     /* QUIRK_*: bugs that its Xen has */
    uint8_t hardware;   /* 1: it is the hardware domain */
    uint8_t pv_mem_access;      /* 1: of a PV guest; no Xen has it */
    uint16_t mfn_2mb;   /* PV: the machine frame of gfn 0, / 512; 0: any */
    uint16_t options;   /* enum args_create_options */
};
/* Bugs of Xen that were mended: docs/FIDELITY.md. */
#define QUIRK_MMIO_OFFSET       1       /* before 38d0780979 */
#define QUIRK_MMIO_LENGTH       2       /* before 8dbd9966f8 */
#define QUIRK_MMIO_GLA          4       /* before 8f36bde2b2 */
enum args_vendor { VENDOR_INTEL, VENDOR_AMD };
enum args_create_options {      /* of PV guests */
    CREATE_PV32 = 1,            /* 32 bits, PAE */
    CREATE_XEN_DEBUG = 2,       /* a debug build of Xen */
};
enum args_guest_type { GUEST_PVH, GUEST_HVM, GUEST_PV };

struct args_domain_info {
    uint32_t dom;
    uint32_t paused;
    uint32_t blocked;
    uint32_t running;
    uint32_t shutdown;
    uint32_t reason;    /* SHUTDOWN_*, 255 while not shut down */
    uint32_t crashed;
    uint32_t dying;
    uint64_t nr_pages;
    uint64_t max_kb;
};

struct args_u64 {       /* one value in or out */
    uint32_t dom;
    uint32_t pad;
    uint64_t value;
};

struct args_wait {
    uint32_t dom;
    uint32_t limit;     /* instructions that may run; 0: no limit */
    uint64_t value;     /* requests that came */
};

struct args_enable {    /* one switch */
    uint32_t dom;
    uint32_t enable;
};

struct args_debug_control {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t op;        /* XEN_DOMCTL_DEBUG_OP_* */
    uint32_t pad;
};

struct args_vcpu_info {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t online;
    uint32_t blocked;
    uint32_t running;
    uint32_t pad;
};

struct args_vcpu_context {      /* observation */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip, rsp, rflags, rax, cr3;
};

struct args_vcpu_regs {         /* all of a vCPU's registers */
    uint32_t dom;
    uint32_t vcpu;
    struct vm_event_regs_x86 regs;      /* but npt_base and vmtrace_pos */
    uint64_t xcr0;
    uint64_t cstar, syscall_mask, tsc_aux;
    uint64_t dr0, dr1, dr2, dr3;
    uint64_t idtr_base, tr_base, ldtr_base;
    uint32_t idtr_limit, tr_limit, ldtr_limit;
    uint32_t tr_ar, ldtr_ar;
    uint32_t tr_sel, ldtr_sel;
    uint32_t pad;
};

struct args_vcpu_mtrr {         /* memory types */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t pat, cap, def_type;
    uint64_t var[16];           /* base, mask, base, mask ... */
    uint64_t fixed[11];         /* MSRs 0x250, 0x258, 0x259, 0x268-0x26f */
};

struct args_hvm_param {
    uint32_t dom;
    uint32_t param;     /* HVM_PARAM_* */
    uint64_t value;
};

struct args_inject_trap {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t vector;
    uint32_t type;      /* X86_EVENTTYPE_*: 3 hw, 4 sw int, 5 priv, 6 sw */
    uint32_t error;     /* ~0 for none */
    uint32_t insn_len;
    uint64_t cr2;
};

struct args_memory {    /* dom0 reads or writes through a foreign mapping */
    uint32_t dom;
    uint32_t offset;    /* in the page; offset + data.len <= 4096 */
    uint64_t gfn;
    struct hv_span data;
};

struct args_map {
    uint32_t dom;
    uint32_t read_only; /* 1: not struct hv_page .write */
    uint64_t gfn;
    uint64_t frame;     /* struct hv_page .frame; observation */
    struct hv_span data;        /* without the zeros at its end; the same */
};

struct args_physmap {   /* one extent */
    uint32_t dom;
    uint32_t order;     /* 0, 4 KiB, where it is not shown */
    uint64_t gfn;
};

struct args_access {
    uint32_t dom;
    uint32_t access;
    uint64_t gfn;       /* ~0: the default access */
    uint32_t nr;
    uint32_t view;      /* altp2m.* only */
};

struct args_access_multi {
    uint32_t dom;
    uint32_t view;      /* altp2m.* only */
    struct hv_span access;      /* uint8_t each */
    struct hv_span gfn;         /* uint64_t each; as many */
};

struct args_view {
    uint32_t dom;
    uint32_t view;
    uint32_t access;    /* create: the view's default access, 16 bits */
    uint32_t visible;
};

struct args_change_gfn {
    uint32_t dom;
    uint32_t view;
    uint64_t old_gfn;
    uint64_t new_gfn;   /* ~0: back to the host's entry */
};

struct args_suppress_ve {
    uint32_t dom;
    uint32_t view;
    uint32_t sve;
    int32_t err;        /* multi: the first error, -Exxx */
    uint64_t gfn;       /* multi: the first */
    uint64_t last;      /* multi: the last */
    uint64_t err_gfn;
};

struct args_vcpu_ve {
    uint32_t dom;
    uint32_t vcpu;
    uint64_t gfn;       /* #VE information page */
};

struct args_vcpu_view {
    uint32_t dom;
    uint32_t vcpu;
    uint32_t view;
    uint32_t pad;
};

struct args_ctrlreg {
    uint32_t dom;
    uint32_t index;     /* VM_EVENT_X86_* */
    uint32_t enable;
    uint32_t sync;
    uint32_t onchangeonly;
    uint32_t pad;
    uint64_t bitmask;
};

struct args_msr {
    uint32_t dom;
    uint32_t msr;
    uint32_t enable;
    uint32_t onchangeonly;
};

struct args_enable_sync {
    uint32_t dom;
    uint32_t enable;
    uint32_t sync;
    uint32_t userspace; /* guest_request: allow_userspace */
};

struct args_monitor_op {        /* XEN_DOMCTL_monitor_op as it is */
    uint32_t dom;
    uint32_t op;
    uint32_t event;     /* in; capabilities come back in out_event */
    uint32_t out_event;
};

struct args_vm_event_op {       /* XEN_DOMCTL_vm_event_op as it is */
    uint32_t dom;
    uint32_t op;
    uint32_t mode;
    uint32_t out;       /* enable: the port; get_version: the version */
};

struct args_domctl {            /* an XEN_DOMCTL with nothing behind it */
    uint32_t dom;
    uint32_t cmd;
    uint32_t version;
    uint32_t pad;
};

struct args_port {
    uint32_t dom;
    uint32_t port;      /* remote port for bind, else the local one */
    uint32_t out;       /* bind, alloc: the local port; pending: 0 or 1 */
    uint32_t pad;
};

struct args_port_status {
    uint32_t dom;
    uint32_t port;
    uint32_t status;    /* EVTCHNSTAT_* */
    uint32_t remote;    /* interdomain: dom0's port, a number of its own */
};

struct args_ring {
    uint32_t dom;
    uint32_t nr_ents;
    uint32_t sizeof_entry;
    uint32_t req_prod;
    uint32_t req_event;
    uint32_t rsp_prod;
    uint32_t rsp_event;
    uint32_t pad;
};

/* What a vCPU does next.  "rip" is where the instruction stands, 0 to go on
 * behind the last one. */
struct args_guest {             /* nothing but the instruction itself */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint64_t next;      /* guest.step: where it goes, 0 for the next */
};

struct args_guest_outcome {     /* what shows only afterwards */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t next;      /* rip behind it; 0: not known */
    uint32_t unknown;   /* 1: Xen's emulator does not know it */
    uint32_t pad;
};

struct args_guest_run {
    uint32_t dom;
    uint32_t vcpu;
};

struct args_guest_mem {         /* one data access, or a fetch */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint64_t gla;
    uint64_t gpa;       /* of the first byte */
    uint64_t gpa2;      /* of the page that gla runs into; 0: gpa's next */
    uint32_t len;       /* bytes, 1 to 64 */
    uint32_t imm;       /* fetch: rax becomes the 4 bytes at this offset */
    uint64_t value;     /* write: the low bytes; rmw: the operand */
    uint64_t expect;    /* cmpxchg: what rax holds */
    uint32_t rmw;       /* enum args_rmw */
    uint32_t last;      /* write: 1 stores what the last read returned */
    uint64_t next;      /* rip behind it; 0: rip + its length */
    uint32_t quiet;     /* 1: what it loads is no result of the guest's */
    uint32_t unknown;   /* 1: Xen's emulator does not know the instruction */
};
enum args_rmw { RMW_ADD, RMW_XCHG, RMW_CMPXCHG };

struct args_guest_walk {        /* a page-table access of the next insn */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t gla;       /* being translated */
    uint64_t gpa;       /* of the table entry */
    uint32_t write;     /* 1: sets the accessed or dirty bit */
    uint32_t pad;
};

struct args_guest_copy {        /* rep movsb */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint64_t dst_gla, dst_gpa;
    uint64_t src_gla, src_gpa;
    uint64_t count;
};

struct args_guest_cpuid {
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint32_t leaf, subleaf;
};

struct args_cpuid_policy {      /* what the domain's CPU policy answers */
    uint32_t dom;
    uint32_t leaf, subleaf;
    uint32_t eax, ebx, ecx, edx;
    uint32_t pad;
};

struct args_guest_value {       /* a result that only the guest knows */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t value;
};

struct args_guest_reg {         /* mov to CR, xsetbv, rdmsr, wrmsr, in, out */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint64_t index;     /* CR number, MSR, port */
    uint64_t value;
    uint32_t write;
    uint32_t has_old;   /* 1: .old is what a live guest was seen to have in */
    uint64_t old;       /* the register, which the model may not know */
};

struct args_guest_desc {        /* sgdt, lidt, ... */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint32_t desc;      /* VM_EVENT_DESC_* */
    uint32_t write;     /* 1: a load */
    uint64_t info;      /* VMX instruction information */
    uint64_t qual;      /* VMX exit qualification */
    uint64_t gla, gpa;  /* its memory operand; gpa ~0 for none */
    uint64_t value;     /* what a store puts in rax or memory */
    uint32_t len;       /* of the operand or of the instruction */
    uint32_t pad;
};

struct args_guest_call {        /* a hypercall from the guest */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint64_t nr;        /* __HYPERVISOR_* */
    uint64_t arg1, arg2;
    struct hv_span arg; /* bytes of the argument structure, in and out */
};

struct args_guest_trap {        /* an instruction that raises a trap */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t rip;
    uint32_t vector;
    uint32_t type;      /* X86_EVENTTYPE_* */
    uint32_t insn_len;
    uint32_t error;
    uint64_t pending_dbg;
};

struct args_guest_result {      /* what the guest saw since the last one */
    uint32_t dom;
    uint32_t vcpu;
    uint64_t fault;     /* 0x80VVEEEE: vector and error code, 0 for none */
    uint64_t r0, r1, r2, r3;
    uint64_t greq;      /* rax of its last guest request */
};

struct args_guest_buffer {      /* the argument of its last hypercall */
    uint32_t dom;
    uint32_t vcpu;
    struct hv_span data;
};

struct args_event {
    uint32_t dom;
    uint32_t req_cons;  /* ring indices when the client took it */
    uint32_t req_prod;
    uint32_t rsp_prod;
    struct vm_event_st ev;
};

struct args_client_domain {
    uint32_t dom;
    uint32_t pad;
    struct hv_span name;
};

struct args_client_version {
    uint32_t dom;       /* 0 */
    uint32_t minor;     /* of Xen 4 */
    uint32_t vm_event;  /* VM_EVENT_INTERFACE_VERSION of that client */
    uint32_t pad;
};

struct args_client_phase {
    uint32_t dom;       /* 0 */
    uint32_t phase;     /* enum client_phase */
};
enum client_phase {
    PHASE_START = 1, PHASE_SIGNAL, PHASE_SHUTDOWN, PHASE_WAIT,
    PHASE_IDLE,                 /* it waited, and nothing came */
    PHASE_DESTROY
};

struct args_client_hypercall {
    uint32_t dom;       /* 0 */
    uint32_t pad;
    uint64_t number;    /* the sub-operation in its family */
    struct hv_span family;      /* "domctl" */
};

struct args_note {
    struct hv_span text;
};

#endif
