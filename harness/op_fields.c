/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/op_fields.h"

#include "harness/names.h"
#include "harness/op_args.h"

/* A row: name in the text form, member, how it is printed, its role, and for
 * enumerations the names.  IN_ arguments, OUT_ what the rules determine and
 * replay compares, OBS_ what only a live guest or clock can know. */
#define ROW(text, st, member, how, role, opt, names) \
    { text, offsetof(struct st, member), \
      sizeof(((struct st *)0)->member), how, role, opt, names, 0 }
#define IN_(st, member, how) ROW(#member, st, member, how, HV_IN, 0, NULL)
#define END { NULL, 0, 0, 0, 0, 0, NULL, 0 }

const struct hv_field fields_dom[] = {
    IN_(args_dom, dom, HV_DEC),
    END
};

const struct hv_field fields_create[] = {
    IN_(args_create, dom, HV_DEC),
    ROW("vendor", args_create, vendor, HV_ENUM, HV_IN, 0, names_vendor),
    ROW("type", args_create, type, HV_ENUM, HV_IN, 0, names_guest_type),
    IN_(args_create, vcpus, HV_DEC),
    IN_(args_create, ram, HV_HEX),
    IN_(args_create, max_gpfn, HV_HEX),
    IN_(args_create, max_pages, HV_HEX),
    IN_(args_create, pool, HV_DEC),
    ROW("altp2m", args_create, altp2m, HV_ENUM, HV_IN, 0, names_altp2m),
    IN_(args_create, views, HV_DEC),
    IN_(args_create, exec_sp, HV_DEC),
    END
};

const struct hv_field fields_domain_info[] = {
    IN_(args_domain_info, dom, HV_DEC),
    ROW("paused", args_domain_info, paused, HV_DEC, HV_OUT, 1, NULL),
    ROW("blocked", args_domain_info, blocked, HV_DEC, HV_OUT, 1, NULL),
    ROW("running", args_domain_info, running, HV_DEC, HV_OUT, 1, NULL),
    ROW("shutdown", args_domain_info, shutdown, HV_DEC, HV_OUT, 1, NULL),
    ROW("reason", args_domain_info, reason, HV_DEC, HV_OUT, 1, NULL),
    ROW("crashed", args_domain_info, crashed, HV_DEC, HV_OUT, 1, NULL),
    ROW("dying", args_domain_info, dying, HV_DEC, HV_OUT, 1, NULL),
    ROW("nr_pages", args_domain_info, nr_pages, HV_DEC, HV_OBS, 1, NULL),
    ROW("max_kb", args_domain_info, max_kb, HV_DEC, HV_OBS, 1, NULL),
    END
};

const struct hv_field fields_max_gpfn[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("max_gpfn", args_u64, value, HV_HEX, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_max_mem[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("max_kb", args_u64, value, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_required[] = {
    IN_(args_enable, dom, HV_DEC),
    ROW("required", args_enable, enable, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_debug_control[] = {
    IN_(args_debug_control, dom, HV_DEC),
    IN_(args_debug_control, vcpu, HV_DEC),
    IN_(args_debug_control, op, HV_DEC),
    END
};

const struct hv_field fields_vmtrace[] = {
    IN_(args_vm_event_op, dom, HV_DEC),
    IN_(args_vm_event_op, op, HV_DEC),
    ROW("vcpu", args_vm_event_op, mode, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_domctl[] = {
    IN_(args_domctl, dom, HV_DEC),
    IN_(args_domctl, cmd, HV_DEC),
    IN_(args_domctl, version, HV_HEX),
    END
};

const struct hv_field fields_vcpu_info[] = {
    IN_(args_vcpu_info, dom, HV_DEC),
    IN_(args_vcpu_info, vcpu, HV_DEC),
    ROW("online", args_vcpu_info, online, HV_DEC, HV_OUT, 1, NULL),
    ROW("blocked", args_vcpu_info, blocked, HV_DEC, HV_OUT, 1, NULL),
    ROW("running", args_vcpu_info, running, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_vcpu_context[] = {
    IN_(args_vcpu_context, dom, HV_DEC),
    IN_(args_vcpu_context, vcpu, HV_DEC),
    ROW("rip", args_vcpu_context, rip, HV_HEX, HV_OBS, 1, NULL),
    ROW("rsp", args_vcpu_context, rsp, HV_HEX, HV_OBS, 1, NULL),
    ROW("rflags", args_vcpu_context, rflags, HV_HEX, HV_OBS, 1, NULL),
    ROW("rax", args_vcpu_context, rax, HV_HEX, HV_OBS, 1, NULL),
    ROW("cr3", args_vcpu_context, cr3, HV_HEX, HV_OBS, 1, NULL),
    END
};

const struct hv_field fields_param_get[] = {
    IN_(args_hvm_param, dom, HV_DEC),
    IN_(args_hvm_param, param, HV_DEC),
    ROW("value", args_hvm_param, value, HV_HEX, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_param_set[] = {
    IN_(args_hvm_param, dom, HV_DEC),
    IN_(args_hvm_param, param, HV_DEC),
    IN_(args_hvm_param, value, HV_HEX),
    END
};

const struct hv_field fields_inject_trap[] = {
    IN_(args_inject_trap, dom, HV_DEC),
    IN_(args_inject_trap, vcpu, HV_DEC),
    IN_(args_inject_trap, vector, HV_DEC),
    IN_(args_inject_trap, type, HV_DEC),
    IN_(args_inject_trap, error, HV_HEX),
    IN_(args_inject_trap, insn_len, HV_DEC),
    IN_(args_inject_trap, cr2, HV_HEX),
    END
};

const struct hv_field fields_memory_read[] = {
    IN_(args_memory, dom, HV_DEC),
    IN_(args_memory, gfn, HV_HEX),
    IN_(args_memory, offset, HV_HEX),
    ROW("data", args_memory, data, HV_BYTES, HV_OUT, 0, NULL),
    END
};

const struct hv_field fields_memory_peek[] = {
    IN_(args_memory, dom, HV_DEC),
    IN_(args_memory, gfn, HV_HEX),
    IN_(args_memory, offset, HV_HEX),
    ROW("data", args_memory, data, HV_BYTES, HV_OBS, 0, NULL),
    END
};

const struct hv_field fields_memory_write[] = {
    IN_(args_memory, dom, HV_DEC),
    IN_(args_memory, gfn, HV_HEX),
    IN_(args_memory, offset, HV_HEX),
    IN_(args_memory, data, HV_BYTES),
    END
};

const struct hv_field fields_physmap[] = {
    IN_(args_physmap, dom, HV_DEC),
    IN_(args_physmap, gfn, HV_HEX),
    END
};

const struct hv_field fields_paging_op[] = {
    IN_(args_vm_event_op, dom, HV_DEC),
    IN_(args_vm_event_op, op, HV_DEC),
    END
};

const struct hv_field fields_enable[] = {
    IN_(args_enable, dom, HV_DEC),
    IN_(args_enable, enable, HV_DEC),
    END
};

const struct hv_field fields_disable[] = {
    IN_(args_enable, dom, HV_DEC),
    ROW("disable", args_enable, enable, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_access_set[] = {
    IN_(args_access, dom, HV_DEC),
    ROW("access", args_access, access, HV_ENUM, HV_IN, 0, names_access),
    IN_(args_access, gfn, HV_HEX),
    IN_(args_access, nr, HV_DEC),
    END
};

const struct hv_field fields_access_get[] = {
    IN_(args_access, dom, HV_DEC),
    IN_(args_access, gfn, HV_HEX),
    ROW("access", args_access, access, HV_ENUM, HV_OUT, 1, names_access),
    END
};

const struct hv_field fields_access_multi[] = {
    IN_(args_access_multi, dom, HV_DEC),
    ROW("access", args_access_multi, access, HV_U8S, HV_IN, 0, names_access),
    IN_(args_access_multi, gfn, HV_U64S),
    END
};

const struct hv_field fields_state_get[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("state", args_u64, value, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_state_set[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("state", args_u64, value, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_view_create[] = {
    IN_(args_view, dom, HV_DEC),
    ROW("access", args_view, access, HV_ENUM, HV_IN, 0, names_access),
    ROW("view", args_view, view, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_view[] = {
    IN_(args_view, dom, HV_DEC),
    IN_(args_view, view, HV_DEC),
    END
};

const struct hv_field fields_view_access_set[] = {
    IN_(args_access, dom, HV_DEC),
    IN_(args_access, view, HV_DEC),
    IN_(args_access, gfn, HV_HEX),
    ROW("access", args_access, access, HV_ENUM, HV_IN, 0, names_access),
    END
};

const struct hv_field fields_view_access_get[] = {
    IN_(args_access, dom, HV_DEC),
    IN_(args_access, view, HV_DEC),
    IN_(args_access, gfn, HV_HEX),
    ROW("access", args_access, access, HV_ENUM, HV_OUT, 1, names_access),
    END
};

const struct hv_field fields_view_access_multi[] = {
    IN_(args_access_multi, dom, HV_DEC),
    IN_(args_access_multi, view, HV_DEC),
    ROW("access", args_access_multi, access, HV_U8S, HV_IN, 0, names_access),
    IN_(args_access_multi, gfn, HV_U64S),
    END
};

const struct hv_field fields_change_gfn[] = {
    IN_(args_change_gfn, dom, HV_DEC),
    IN_(args_change_gfn, view, HV_DEC),
    IN_(args_change_gfn, old_gfn, HV_HEX),
    IN_(args_change_gfn, new_gfn, HV_HEX),
    END
};

const struct hv_field fields_sve_set[] = {
    IN_(args_suppress_ve, dom, HV_DEC),
    IN_(args_suppress_ve, view, HV_DEC),
    IN_(args_suppress_ve, gfn, HV_HEX),
    IN_(args_suppress_ve, sve, HV_DEC),
    END
};

const struct hv_field fields_sve_get[] = {
    IN_(args_suppress_ve, dom, HV_DEC),
    IN_(args_suppress_ve, view, HV_DEC),
    IN_(args_suppress_ve, gfn, HV_HEX),
    ROW("sve", args_suppress_ve, sve, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_sve_multi[] = {
    IN_(args_suppress_ve, dom, HV_DEC),
    IN_(args_suppress_ve, view, HV_DEC),
    IN_(args_suppress_ve, gfn, HV_HEX),
    IN_(args_suppress_ve, last, HV_HEX),
    IN_(args_suppress_ve, sve, HV_DEC),
    ROW("err_gfn", args_suppress_ve, err_gfn, HV_HEX, HV_OUT, 0, NULL),
    ROW("err", args_suppress_ve, err, HV_ERRNO, HV_OUT, 0, NULL),
    END
};

const struct hv_field fields_vcpu_ve[] = {
    IN_(args_vcpu_ve, dom, HV_DEC),
    IN_(args_vcpu_ve, vcpu, HV_DEC),
    IN_(args_vcpu_ve, gfn, HV_HEX),
    END
};

const struct hv_field fields_vcpu[] = {
    IN_(args_vcpu_ve, dom, HV_DEC),
    IN_(args_vcpu_ve, vcpu, HV_DEC),
    END
};

const struct hv_field fields_vcpu_view[] = {
    IN_(args_vcpu_view, dom, HV_DEC),
    IN_(args_vcpu_view, vcpu, HV_DEC),
    ROW("view", args_vcpu_view, view, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_visibility[] = {
    IN_(args_view, dom, HV_DEC),
    IN_(args_view, view, HV_DEC),
    IN_(args_view, visible, HV_DEC),
    END
};

const struct hv_field fields_ring_enable[] = {
    IN_(args_port, dom, HV_DEC),
    ROW("port", args_port, out, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_client_wait[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("events", args_u64, value, HV_DEC, HV_OUT, 0, NULL),
    END
};

const struct hv_field fields_caps[] = {
    IN_(args_u64, dom, HV_DEC),
    ROW("caps", args_u64, value, HV_HEX, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_ctrlreg[] = {
    IN_(args_ctrlreg, dom, HV_DEC),
    ROW("index", args_ctrlreg, index, HV_ENUM, HV_IN, 0, names_ctrlreg),
    IN_(args_ctrlreg, enable, HV_DEC),
    IN_(args_ctrlreg, sync, HV_DEC),
    IN_(args_ctrlreg, onchangeonly, HV_DEC),
    IN_(args_ctrlreg, bitmask, HV_HEX),
    END
};

const struct hv_field fields_msr[] = {
    IN_(args_msr, dom, HV_DEC),
    IN_(args_msr, msr, HV_HEX),
    IN_(args_msr, enable, HV_DEC),
    IN_(args_msr, onchangeonly, HV_DEC),
    END
};

const struct hv_field fields_guest_request[] = {
    IN_(args_enable_sync, dom, HV_DEC),
    IN_(args_enable_sync, enable, HV_DEC),
    IN_(args_enable_sync, sync, HV_DEC),
    IN_(args_enable_sync, userspace, HV_DEC),
    END
};

const struct hv_field fields_enable_sync[] = {
    IN_(args_enable_sync, dom, HV_DEC),
    IN_(args_enable_sync, enable, HV_DEC),
    IN_(args_enable_sync, sync, HV_DEC),
    END
};

const struct hv_field fields_monitor_op[] = {
    IN_(args_monitor_op, dom, HV_DEC),
    IN_(args_monitor_op, op, HV_DEC),
    IN_(args_monitor_op, event, HV_DEC),
    ROW("out", args_monitor_op, out_event, HV_HEX, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_vm_event_op[] = {
    IN_(args_vm_event_op, dom, HV_DEC),
    IN_(args_vm_event_op, op, HV_DEC),
    IN_(args_vm_event_op, mode, HV_DEC),
    ROW("out", args_vm_event_op, out, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_ring[] = {
    IN_(args_ring, dom, HV_DEC),
    ROW("nr_ents", args_ring, nr_ents, HV_DEC, HV_OUT, 1, NULL),
    ROW("sizeof_entry", args_ring, sizeof_entry, HV_DEC, HV_OUT, 1,
        NULL),
    ROW("req_prod", args_ring, req_prod, HV_DEC, HV_OUT, 1, NULL),
    ROW("req_event", args_ring, req_event, HV_DEC, HV_OUT, 1, NULL),
    ROW("rsp_prod", args_ring, rsp_prod, HV_DEC, HV_OUT, 1, NULL),
    ROW("rsp_event", args_ring, rsp_event, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_evtchn_alloc[] = {
    IN_(args_port, dom, HV_DEC),
    ROW("port", args_port, out, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_evtchn_bind[] = {
    IN_(args_port, dom, HV_DEC),
    IN_(args_port, port, HV_DEC),
    ROW("local", args_port, out, HV_DEC, HV_OBS, 0, NULL),
    END
};

const struct hv_field fields_evtchn_port[] = {
    IN_(args_port, dom, HV_DEC),
    IN_(args_port, port, HV_DEC),
    END
};

const struct hv_field fields_evtchn_pending[] = {
    IN_(args_port, dom, HV_DEC),
    IN_(args_port, port, HV_DEC),
    ROW("pending", args_port, out, HV_DEC, HV_OUT, 1, NULL),
    END
};

const struct hv_field fields_guest[] = {
    IN_(args_guest, dom, HV_DEC),
    IN_(args_guest, vcpu, HV_DEC),
    IN_(args_guest, rip, HV_HEX),
    END
};

const struct hv_field fields_guest_step[] = {
    IN_(args_guest, dom, HV_DEC),
    IN_(args_guest, vcpu, HV_DEC),
    IN_(args_guest, rip, HV_HEX),
    IN_(args_guest, next, HV_HEX),
    END
};

const struct hv_field fields_guest_fetch[] = {
    IN_(args_guest_mem, dom, HV_DEC),
    IN_(args_guest_mem, vcpu, HV_DEC),
    IN_(args_guest_mem, rip, HV_HEX),
    IN_(args_guest_mem, gla, HV_HEX),
    IN_(args_guest_mem, gpa, HV_HEX),
    IN_(args_guest_mem, gpa2, HV_HEX),
    IN_(args_guest_mem, len, HV_DEC),
    IN_(args_guest_mem, imm, HV_DEC),
    IN_(args_guest_mem, next, HV_HEX),
    IN_(args_guest_mem, quiet, HV_DEC),
    END
};

const struct hv_field fields_guest_read[] = {
    IN_(args_guest_mem, dom, HV_DEC),
    IN_(args_guest_mem, vcpu, HV_DEC),
    IN_(args_guest_mem, rip, HV_HEX),
    IN_(args_guest_mem, gla, HV_HEX),
    IN_(args_guest_mem, gpa, HV_HEX),
    IN_(args_guest_mem, gpa2, HV_HEX),
    IN_(args_guest_mem, len, HV_DEC),
    IN_(args_guest_mem, next, HV_HEX),
    IN_(args_guest_mem, quiet, HV_DEC),
    END
};

const struct hv_field fields_guest_write[] = {
    IN_(args_guest_mem, dom, HV_DEC),
    IN_(args_guest_mem, vcpu, HV_DEC),
    IN_(args_guest_mem, rip, HV_HEX),
    IN_(args_guest_mem, gla, HV_HEX),
    IN_(args_guest_mem, gpa, HV_HEX),
    IN_(args_guest_mem, gpa2, HV_HEX),
    IN_(args_guest_mem, len, HV_DEC),
    IN_(args_guest_mem, value, HV_HEX),
    IN_(args_guest_mem, last, HV_DEC),
    IN_(args_guest_mem, next, HV_HEX),
    END
};

const struct hv_field fields_guest_rmw[] = {
    IN_(args_guest_mem, dom, HV_DEC),
    IN_(args_guest_mem, vcpu, HV_DEC),
    IN_(args_guest_mem, rip, HV_HEX),
    IN_(args_guest_mem, gla, HV_HEX),
    IN_(args_guest_mem, gpa, HV_HEX),
    IN_(args_guest_mem, gpa2, HV_HEX),
    IN_(args_guest_mem, len, HV_DEC),
    ROW("rmw", args_guest_mem, rmw, HV_ENUM, HV_IN, 0, names_rmw),
    IN_(args_guest_mem, value, HV_HEX),
    IN_(args_guest_mem, expect, HV_HEX),
    IN_(args_guest_mem, next, HV_HEX),
    IN_(args_guest_mem, quiet, HV_DEC),
    END
};

const struct hv_field fields_guest_copy[] = {
    IN_(args_guest_copy, dom, HV_DEC),
    IN_(args_guest_copy, vcpu, HV_DEC),
    IN_(args_guest_copy, rip, HV_HEX),
    IN_(args_guest_copy, dst_gla, HV_HEX),
    IN_(args_guest_copy, dst_gpa, HV_HEX),
    IN_(args_guest_copy, src_gla, HV_HEX),
    IN_(args_guest_copy, src_gpa, HV_HEX),
    IN_(args_guest_copy, count, HV_DEC),
    END
};

const struct hv_field fields_guest_walk[] = {
    IN_(args_guest_walk, dom, HV_DEC),
    IN_(args_guest_walk, vcpu, HV_DEC),
    IN_(args_guest_walk, gla, HV_HEX),
    IN_(args_guest_walk, gpa, HV_HEX),
    IN_(args_guest_walk, write, HV_DEC),
    END
};

const struct hv_field fields_guest_cpuid[] = {
    IN_(args_guest_cpuid, dom, HV_DEC),
    IN_(args_guest_cpuid, vcpu, HV_DEC),
    IN_(args_guest_cpuid, rip, HV_HEX),
    IN_(args_guest_cpuid, leaf, HV_HEX),
    IN_(args_guest_cpuid, subleaf, HV_HEX),
    END
};

const struct hv_field fields_cpuid_policy[] = {
    IN_(args_cpuid_policy, dom, HV_DEC),
    IN_(args_cpuid_policy, leaf, HV_HEX),
    IN_(args_cpuid_policy, subleaf, HV_HEX),
    IN_(args_cpuid_policy, eax, HV_HEX),
    IN_(args_cpuid_policy, ebx, HV_HEX),
    IN_(args_cpuid_policy, ecx, HV_HEX),
    IN_(args_cpuid_policy, edx, HV_HEX),
    END
};

const struct hv_field fields_guest_value[] = {
    IN_(args_guest_value, dom, HV_DEC),
    IN_(args_guest_value, vcpu, HV_DEC),
    IN_(args_guest_value, value, HV_HEX),
    END
};

const struct hv_field fields_guest_cr[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    ROW("cr", args_guest_reg, index, HV_DEC, HV_IN, 0, NULL),
    IN_(args_guest_reg, value, HV_HEX),
    IN_(args_guest_reg, has_old, HV_DEC),
    IN_(args_guest_reg, old, HV_HEX),
    END
};

const struct hv_field fields_guest_read_cr[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    ROW("cr", args_guest_reg, index, HV_DEC, HV_IN, 0, NULL),
    ROW("next", args_guest_reg, value, HV_HEX, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_guest_reg[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    IN_(args_guest_reg, index, HV_HEX),
    IN_(args_guest_reg, value, HV_HEX),
    IN_(args_guest_reg, has_old, HV_DEC),
    IN_(args_guest_reg, old, HV_HEX),
    END
};

const struct hv_field fields_guest_msr[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    IN_(args_guest_reg, index, HV_HEX),
    IN_(args_guest_reg, value, HV_HEX),
    IN_(args_guest_reg, write, HV_DEC),
    IN_(args_guest_reg, has_old, HV_DEC),
    IN_(args_guest_reg, old, HV_HEX),
    END
};

const struct hv_field fields_guest_desc[] = {
    IN_(args_guest_desc, dom, HV_DEC),
    IN_(args_guest_desc, vcpu, HV_DEC),
    IN_(args_guest_desc, rip, HV_HEX),
    ROW("desc", args_guest_desc, desc, HV_ENUM, HV_IN, 0, names_desc),
    IN_(args_guest_desc, write, HV_DEC),
    IN_(args_guest_desc, info, HV_HEX),
    IN_(args_guest_desc, qual, HV_HEX),
    IN_(args_guest_desc, gla, HV_HEX),
    IN_(args_guest_desc, gpa, HV_HEX),
    IN_(args_guest_desc, value, HV_HEX),
    IN_(args_guest_desc, len, HV_DEC),
    END
};

const struct hv_field fields_guest_trap[] = {
    IN_(args_guest_trap, dom, HV_DEC),
    IN_(args_guest_trap, vcpu, HV_DEC),
    IN_(args_guest_trap, rip, HV_HEX),
    IN_(args_guest_trap, vector, HV_DEC),
    IN_(args_guest_trap, type, HV_DEC),
    IN_(args_guest_trap, insn_len, HV_DEC),
    IN_(args_guest_trap, error, HV_HEX),
    IN_(args_guest_trap, pending_dbg, HV_HEX),
    END
};

const struct hv_field fields_guest_exit[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    ROW("reason", args_guest_reg, index, HV_DEC, HV_IN, 0, NULL),
    ROW("qual", args_guest_reg, value, HV_HEX, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_guest_call[] = {
    IN_(args_guest_call, dom, HV_DEC),
    IN_(args_guest_call, vcpu, HV_DEC),
    IN_(args_guest_call, rip, HV_HEX),
    IN_(args_guest_call, nr, HV_DEC),
    IN_(args_guest_call, arg1, HV_HEX),
    IN_(args_guest_call, arg2, HV_HEX),
    END
};

const struct hv_field fields_guest_altp2m[] = {
    IN_(args_guest_call, dom, HV_DEC),
    IN_(args_guest_call, vcpu, HV_DEC),
    IN_(args_guest_call, rip, HV_HEX),
    IN_(args_guest_call, arg, HV_BYTES),
    END
};

const struct hv_field fields_guest_vmfunc[] = {
    IN_(args_guest_reg, dom, HV_DEC),
    IN_(args_guest_reg, vcpu, HV_DEC),
    IN_(args_guest_reg, rip, HV_HEX),
    ROW("leaf", args_guest_reg, index, HV_DEC, HV_IN, 0, NULL),
    ROW("view", args_guest_reg, value, HV_DEC, HV_IN, 0, NULL),
    END
};

const struct hv_field fields_guest_result[] = {
    IN_(args_guest_result, dom, HV_DEC),
    IN_(args_guest_result, vcpu, HV_DEC),
    ROW("fault", args_guest_result, fault, HV_HEX, HV_OUT, 0, NULL),
    ROW("r0", args_guest_result, r0, HV_HEX, HV_OUT, 0, NULL),
    ROW("r1", args_guest_result, r1, HV_HEX, HV_OUT, 0, NULL),
    ROW("r2", args_guest_result, r2, HV_HEX, HV_OUT, 0, NULL),
    ROW("r3", args_guest_result, r3, HV_HEX, HV_OUT, 0, NULL),
    ROW("greq", args_guest_result, greq, HV_HEX, HV_OUT, 0, NULL),
    END
};

const struct hv_field fields_guest_buffer[] = {
    IN_(args_guest_buffer, dom, HV_DEC),
    IN_(args_guest_buffer, vcpu, HV_DEC),
    ROW("data", args_guest_buffer, data, HV_BYTES, HV_OUT, 0, NULL),
    END
};

const struct hv_field fields_note[] = {
    IN_(args_note, text, HV_TEXT),
    END
};
