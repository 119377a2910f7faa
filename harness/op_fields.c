/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table an operation: read a row as "this member is an argument (IN), or
 * a result: what the rules determine and replay compares (OUT when a log may
 * leave it out, MUST when it may not), or what only a live guest or clock
 * knows (OBS, SEEN); printed as ...; under this name (_AS), or with these
 * names for its values (_OF)". */
#include "harness/op_fields.h"

#include "harness/field_rows.h"
#include "harness/names.h"
#include "harness/op_args.h"

#define T args_dom
const struct hv_field fields_dom[] = {
    DOM, END
};
#undef T

#define T args_create
const struct hv_field fields_create[] = {
    DOM, IN_OF(vendor, ENUM, names_vendor),
    IN_OF(type, ENUM, names_guest_type), IN(vcpus, DEC), IN(ram, HEX),
    IN(max_gpfn, HEX), IN(max_pages, HEX), IN(pool, DEC),
    IN_OF(altp2m, ENUM, names_altp2m), IN(views, DEC), IN(exec_sp, DEC),
    IN(mfn_2mb, HEX), IN_OF(options, FLAGS, names_create),
    IN_OF(quirks, FLAGS, names_quirks), IN(hardware, DEC),
    IN(pv_mem_access, DEC), END
};
#undef T

#define T args_domain_info
const struct hv_field fields_domain_info[] = {
    DOM, OUT(paused, DEC), OUT(blocked, DEC), OUT(running, DEC),
    OUT(shutdown, DEC), OUT(reason, DEC), OUT(crashed, DEC), OUT(dying, DEC),
    SEEN(nr_pages, DEC), SEEN(max_kb, DEC), END
};
#undef T

#define T args_u64
const struct hv_field fields_max_gpfn[] = {
    DOM, OUT_AS("max_gpfn", value, HEX), END
};
const struct hv_field fields_max_mem[] = {
    DOM, IN_AS("max_kb", value, DEC), END
};
const struct hv_field fields_shutdown[] = {
    DOM, IN_AS("reason", value, DEC), END
};
const struct hv_field fields_state_get[] = {
    DOM, OUT_AS("state", value, DEC), END
};
const struct hv_field fields_state_set[] = {
    DOM, IN_AS("state", value, DEC), END
};
const struct hv_field fields_caps[] = {
    DOM, OUT_AS("caps", value, HEX), END
};
#undef T

#define T args_wait
const struct hv_field fields_client_wait[] = {
    DOM, IN(limit, DEC), MUST_AS("events", value, DEC), END
};
#undef T

#define T args_enable
const struct hv_field fields_required[] = {
    DOM, IN_AS("required", enable, DEC), END
};
const struct hv_field fields_enable[] = {
    DOM, IN(enable, DEC), END
};
const struct hv_field fields_disable[] = {
    DOM, IN_AS("disable", enable, DEC), END
};
#undef T

#define T args_debug_control
const struct hv_field fields_debug_control[] = {
    VCPU, IN(op, DEC), END
};
#undef T

#define T args_vm_event_op
const struct hv_field fields_vmtrace[] = {
    DOM, IN(op, DEC), IN_AS("vcpu", mode, DEC), END
};
const struct hv_field fields_paging_op[] = {
    DOM, IN(op, DEC), END
};
const struct hv_field fields_vm_event_op[] = {
    DOM, IN(op, DEC), IN(mode, DEC), OUT(out, DEC), END
};
#undef T

#define T args_domctl
const struct hv_field fields_domctl[] = {
    DOM, IN(cmd, DEC), IN(version, HEX), END
};
#undef T

#define T args_vcpu_info
const struct hv_field fields_vcpu_info[] = {
    VCPU, OUT(online, DEC), OUT(blocked, DEC), OUT(running, DEC), END
};
#undef T

#define T args_vcpu_context
const struct hv_field fields_vcpu_context[] = {
    VCPU, SEEN(rip, HEX), SEEN(rsp, HEX), SEEN(rflags, HEX), SEEN(rax, HEX),
    SEEN(cr3, HEX), END
};
#undef T

#define T args_hvm_param
const struct hv_field fields_param_get[] = {
    DOM, IN(param, DEC), OUT(value, HEX), END
};
const struct hv_field fields_param_set[] = {
    DOM, IN(param, DEC), IN(value, HEX), END
};
#undef T

#define T args_inject_trap
const struct hv_field fields_inject_trap[] = {
    VCPU, IN(vector, DEC), IN(type, DEC), IN(error, HEX), IN(insn_len, DEC),
    IN(cr2, HEX), END
};
#undef T

#define T args_memory
const struct hv_field fields_memory_read[] = {
    DOM, IN(gfn, HEX), IN(offset, HEX), MUST(data, BYTES), END
};
const struct hv_field fields_memory_peek[] = {
    DOM, IN(gfn, HEX), IN(offset, HEX), OBS(data, BYTES), END
};
const struct hv_field fields_memory_write[] = {
    DOM, IN(gfn, HEX), IN(offset, HEX), IN(data, BYTES), END
};
#undef T

#define T args_map
const struct hv_field fields_memory_map[] = {
    DOM, IN(gfn, HEX), OBS(frame, HEX), OBS(data, BYTES), IN(read_only, DEC),
    END
};
#undef T

#define T args_client_domain
const struct hv_field fields_client_domain[] = {
    DOM, IN(name, TEXT), END
};
#undef T

#define T args_client_version
const struct hv_field fields_client_version[] = {
    DOM, IN(minor, DEC), IN(vm_event, DEC), END
};
#undef T

#define T args_client_phase
const struct hv_field fields_client_phase[] = {
    DOM, IN_OF(phase, ENUM, names_phase), END
};
#undef T

#define T args_client_hypercall
const struct hv_field fields_client_hypercall[] = {
    DOM, IN(family, TEXT), IN(number, DEC), END
};
#undef T

#define T args_physmap
const struct hv_field fields_physmap[] = {
    DOM, IN(gfn, HEX), END
};
const struct hv_field fields_extent[] = {
    DOM, IN(gfn, HEX), IN(order, DEC), END
};
const struct hv_field fields_increase[] = {
    DOM, IN(order, DEC), END
};
#undef T

#define T args_access
const struct hv_field fields_access_set[] = {
    DOM, IN_OF(access, ENUM, names_access), IN(gfn, HEX), IN(nr, DEC), END
};
const struct hv_field fields_access_get[] = {
    DOM, IN(gfn, HEX), OUT_OF(access, ENUM, names_access), END
};
const struct hv_field fields_view_access_set[] = {
    DOM, IN(view, DEC), IN(gfn, HEX), IN_OF(access, ENUM, names_access), END
};
const struct hv_field fields_view_access_get[] = {
    DOM, IN(view, DEC), IN(gfn, HEX), OUT_OF(access, ENUM, names_access), END
};
#undef T

#define T args_access_multi
const struct hv_field fields_access_multi[] = {
    DOM, IN_OF(access, U8S, names_access), IN(gfn, U64S), END
};
const struct hv_field fields_view_access_multi[] = {
    DOM, IN(view, DEC), IN_OF(access, U8S, names_access), IN(gfn, U64S), END
};
#undef T

#define T args_view
const struct hv_field fields_view_create[] = {
    DOM, IN_OF(access, ENUM, names_access), OUT(view, DEC), END
};
const struct hv_field fields_view[] = {
    DOM, IN(view, DEC), END
};
const struct hv_field fields_visibility[] = {
    DOM, IN(view, DEC), IN(visible, DEC), END
};
#undef T

#define T args_change_gfn
const struct hv_field fields_change_gfn[] = {
    DOM, IN(view, DEC), IN(old_gfn, HEX), IN(new_gfn, HEX), END
};
const struct hv_field fields_move[] = {
    DOM, IN(old_gfn, HEX), IN(new_gfn, HEX), END
};
#undef T

#define T args_suppress_ve
const struct hv_field fields_sve_set[] = {
    DOM, IN(view, DEC), IN(gfn, HEX), IN(sve, DEC), END
};
const struct hv_field fields_sve_get[] = {
    DOM, IN(view, DEC), IN(gfn, HEX), OUT(sve, DEC), END
};
const struct hv_field fields_sve_multi[] = {
    DOM, IN(view, DEC), IN(gfn, HEX), IN(last, HEX), IN(sve, DEC),
    MUST(err_gfn, HEX), MUST(err, ERRNO), END
};
#undef T

#define T args_vcpu_ve
const struct hv_field fields_vcpu_ve[] = {
    VCPU, IN(gfn, HEX), END
};
const struct hv_field fields_vcpu[] = {
    VCPU, END
};
#undef T

#define T args_vcpu_view
const struct hv_field fields_vcpu_view[] = {
    VCPU, OUT(view, DEC), END
};
#undef T

#define T args_port
const struct hv_field fields_ring_enable[] = {
    DOM, OUT_AS("port", out, DEC), END
};
const struct hv_field fields_evtchn_alloc[] = {
    DOM, OUT_AS("port", out, DEC), END
};
const struct hv_field fields_evtchn_bind[] = {
    DOM, IN(port, DEC), OBS_AS("local", out, DEC), END
};
const struct hv_field fields_evtchn_port[] = {
    DOM, IN(port, DEC), END
};
const struct hv_field fields_evtchn_pending[] = {
    DOM, IN(port, DEC), OUT_AS("pending", out, DEC), END
};
#undef T

#define T args_port_status
const struct hv_field fields_port_status[] = {
    DOM, IN(port, DEC), OUT(status, DEC), SEEN(remote, DEC), END
};
#undef T

#define T args_ctrlreg
const struct hv_field fields_ctrlreg[] = {
    DOM, IN_OF(index, ENUM, names_ctrlreg), IN(enable, DEC), IN(sync, DEC),
    IN(onchangeonly, DEC), IN(bitmask, HEX), END
};
#undef T

#define T args_msr
const struct hv_field fields_msr[] = {
    DOM, IN(msr, HEX), IN(enable, DEC), IN(onchangeonly, DEC), END
};
#undef T

#define T args_enable_sync
const struct hv_field fields_guest_request[] = {
    DOM, IN(enable, DEC), IN(sync, DEC), IN(userspace, DEC), END
};
const struct hv_field fields_enable_sync[] = {
    DOM, IN(enable, DEC), IN(sync, DEC), END
};
#undef T

#define T args_monitor_op
const struct hv_field fields_monitor_op[] = {
    DOM, IN(op, DEC), IN(event, DEC), OUT_AS("out", out_event, HEX), END
};
#undef T

/* req_event is the client's own: how many requests it has taken, while a trace
 * has those that came. */
#define T args_ring
const struct hv_field fields_ring[] = {
    DOM, OUT(nr_ents, DEC), OUT(sizeof_entry, DEC), OUT(req_prod, DEC),
    SEEN(req_event, DEC), OUT(rsp_prod, DEC), OUT(rsp_event, DEC), END
};
#undef T

#define T args_guest
const struct hv_field fields_guest[] = {
    INSN, END
};
const struct hv_field fields_guest_step[] = {
    INSN, IN(next, HEX), END
};
#undef T

#define T args_guest_outcome
const struct hv_field fields_guest_outcome[] = {
    VCPU, IN(next, HEX), IN(unknown, DEC), END
};
#undef T

#define T args_guest_run
const struct hv_field fields_guest_run[] = {
    VCPU, END
};
#undef T

#define T args_guest_mem
const struct hv_field fields_guest_fetch[] = {
    INSN, DATA, IN(imm, DEC), IN(next, HEX), IN(quiet, DEC), END
};
const struct hv_field fields_guest_read[] = {
    INSN, DATA, BEHIND, END
};
const struct hv_field fields_guest_write[] = {
    INSN, DATA, IN(value, HEX), IN(last, DEC), IN(next, HEX),
    IN(unknown, DEC), END
};
const struct hv_field fields_guest_rmw[] = {
    INSN, DATA, IN_OF(rmw, ENUM, names_rmw), IN(value, HEX), IN(expect, HEX),
    BEHIND, END
};
#undef T

#define T args_guest_copy
const struct hv_field fields_guest_copy[] = {
    INSN, IN(dst_gla, HEX), IN(dst_gpa, HEX), IN(src_gla, HEX),
    IN(src_gpa, HEX), IN(count, DEC), END
};
#undef T

#define T args_guest_walk
const struct hv_field fields_guest_walk[] = {
    VCPU, IN(gla, HEX), IN(gpa, HEX), IN(write, DEC), END
};
const struct hv_field fields_guest_code[] = {
    VCPU, IN(gla, HEX), IN(gpa, HEX), END
};
#undef T

#define T args_guest_cpuid
const struct hv_field fields_guest_cpuid[] = {
    INSN, IN(leaf, HEX), IN(subleaf, HEX), END
};
#undef T

#define T args_cpuid_policy
const struct hv_field fields_cpuid_policy[] = {
    DOM, IN(leaf, HEX), IN(subleaf, HEX), IN(eax, HEX), IN(ebx, HEX),
    IN(ecx, HEX), IN(edx, HEX), END
};
#undef T

#define T args_guest_value
const struct hv_field fields_guest_value[] = {
    VCPU, IN(value, HEX), END
};
const struct hv_field fields_guest_left[] = {
    VCPU, MUST(value, DEC), END
};
#undef T

#define T args_guest_reg
const struct hv_field fields_guest_cr[] = {
    INSN, IN_AS("cr", index, DEC), IN(value, HEX), OLD, END
};
const struct hv_field fields_guest_read_cr[] = {
    INSN, IN_AS("cr", index, DEC), IN_AS("next", value, HEX), END
};
const struct hv_field fields_guest_reg[] = {
    INSN, IN(index, HEX), IN(value, HEX), OLD, END
};
const struct hv_field fields_guest_msr[] = {
    INSN, IN(index, HEX), IN(value, HEX), IN(write, DEC), OLD, END
};
const struct hv_field fields_guest_exit[] = {
    INSN, IN_AS("reason", index, DEC), IN_AS("qual", value, HEX), END
};
const struct hv_field fields_guest_vmfunc[] = {
    INSN, IN_AS("leaf", index, DEC), IN_AS("view", value, DEC), END
};
#undef T

#define T args_guest_desc
const struct hv_field fields_guest_desc[] = {
    INSN, IN_OF(desc, ENUM, names_desc), IN(write, DEC), IN(info, HEX),
    IN(qual, HEX), IN(gla, HEX), IN(gpa, HEX), IN(value, HEX), IN(len, DEC),
    END
};
#undef T

#define T args_guest_trap
const struct hv_field fields_guest_trap[] = {
    INSN, IN(vector, DEC), IN(type, DEC), IN(insn_len, DEC), IN(error, HEX),
    IN(pending_dbg, HEX), END
};
#undef T

#define T args_guest_call
const struct hv_field fields_guest_call[] = {
    INSN, IN(nr, DEC), IN(arg1, HEX), IN(arg2, HEX), END
};
const struct hv_field fields_guest_altp2m[] = {
    INSN, IN(arg, BYTES), END
};
#undef T

#define T args_guest_result
const struct hv_field fields_guest_result[] = {
    VCPU, MUST(fault, HEX), MUST(r0, HEX), MUST(r1, HEX), MUST(r2, HEX),
    MUST(r3, HEX), MUST(greq, HEX), END
};
#undef T

#define T args_guest_buffer
const struct hv_field fields_guest_buffer[] = {
    VCPU, MUST(data, BYTES), END
};
#undef T

#define T args_pv_access
const struct hv_field fields_pv_access[] = {
    DOM, IN(gfn, HEX), MUST(on, DEC), MUST(own, DEC),
    ROW("shadow", shadow, FLAGS, HV_OUT, 0, names_violation),
    MUST(made, DEC), END
};
#undef T

#define T args_note
const struct hv_field fields_note[] = {
    IN(text, TEXT), END
};
#undef T
