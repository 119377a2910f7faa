/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a request and of a response.  Which of them exist follows
 * from the reason and the flags (hv_op_groups).  In a request, what Xen's
 * rules determine is HV_OUT; the registers are a live guest's own (HV_OBS),
 * but for rip, which the guest's program states, and for npt_base and
 * vmtrace_pos, which Xen fills in (xen/arch/x86/hvm/monitor.c:set_npt_base,
 * xen/arch/x86/vm_event.c:vm_event_fill_regs). */
#include "harness/op_fields.h"

#include "harness/names.h"
#include "harness/op.h"

#define ON(reason) (1ull << VM_EVENT_REASON_##reason)
#define ROW(text, member, how, role, opt, names, when) \
    { text, offsetof(struct args_event, member), \
      sizeof(((struct args_event *)0)->member), how, role, opt, names, when }
/* A selector's limit and access rights share 32 bits. */
#define SEL(reg, role) \
    { #reg, offsetof(struct args_event, ev.data.regs.x86.reg), 4, \
      HV_HEX, role, 0, NULL, HV_GROUP_REGS }
#define U(text, reason, member, how, role, names) \
    ROW(text, ev.u.member, how, role, 0, names, ON(reason))
#define REG(reg, role) \
    ROW(#reg, ev.data.regs.x86.reg, HV_HEX, role, 0, NULL, HV_GROUP_REGS)
/* ~0 is what Xen puts there without vmtrace: absent in an event's text. */
#define VMTRACE(role, opt) \
    ROW("vmtrace_pos", ev.data.regs.x86.vmtrace_pos, HV_HEX, role, opt, \
        NULL, HV_GROUP_REGS)
#define END { NULL, 0, 0, 0, 0, 0, NULL, 0 }

/* OUT: the role of what is determined; OBS: of what a live guest alone
 * knows.  A response is the client's: all of it is given. */
#define HEAD(OUT) \
    ROW("version", ev.version, HV_DEC, OUT, 0, NULL, 0), \
    ROW("reason", ev.reason, HV_ENUM, OUT, 0, names_reason, 0), \
    ROW("vcpu", ev.vcpu_id, HV_DEC, OUT, 0, NULL, 0), \
    ROW("flags", ev.flags, HV_FLAGS, OUT, 0, names_event_flags, 0), \
    ROW("view", ev.altp2m_idx, HV_DEC, OUT, 0, NULL, 0)

#define UNION(OUT, OBS) \
    U("gfn", MEM_ACCESS, mem_access.gfn, HV_HEX, OUT, NULL), \
    U("off", MEM_ACCESS, mem_access.offset, HV_HEX, OUT, NULL), \
    U("gla", MEM_ACCESS, mem_access.gla, HV_HEX, OUT, NULL), \
    U("access", MEM_ACCESS, mem_access.flags, HV_FLAGS, OUT, \
      names_violation), \
    U("index", WRITE_CTRLREG, write_ctrlreg.index, HV_ENUM, OUT, \
      names_ctrlreg), \
    U("new", WRITE_CTRLREG, write_ctrlreg.new_value, HV_HEX, OUT, NULL), \
    U("old", WRITE_CTRLREG, write_ctrlreg.old_value, HV_HEX, OUT, NULL), \
    U("msr", MOV_TO_MSR, mov_to_msr.msr, HV_HEX, OUT, NULL), \
    U("new", MOV_TO_MSR, mov_to_msr.new_value, HV_HEX, OUT, NULL), \
    U("old", MOV_TO_MSR, mov_to_msr.old_value, HV_HEX, OUT, NULL), \
    U("gfn", SOFTWARE_BREAKPOINT, software_breakpoint.gfn, HV_HEX, OUT, \
      NULL), \
    U("insn_len", SOFTWARE_BREAKPOINT, software_breakpoint.insn_length, \
      HV_DEC, OUT, NULL), \
    U("type", SOFTWARE_BREAKPOINT, software_breakpoint.type, HV_DEC, OUT, \
      NULL), \
    U("gfn", SINGLESTEP, singlestep.gfn, HV_HEX, OUT, NULL), \
    U("gfn", DEBUG_EXCEPTION, debug_exception.gfn, HV_HEX, OUT, NULL), \
    U("pending_dbg", DEBUG_EXCEPTION, debug_exception.pending_dbg, HV_HEX, \
      OUT, NULL), \
    U("insn_len", DEBUG_EXCEPTION, debug_exception.insn_length, HV_DEC, \
      OUT, NULL), \
    U("type", DEBUG_EXCEPTION, debug_exception.type, HV_DEC, OUT, NULL), \
    U("insn_len", CPUID, cpuid.insn_length, HV_DEC, OUT, NULL), \
    U("leaf", CPUID, cpuid.leaf, HV_HEX, OUT, NULL), \
    U("subleaf", CPUID, cpuid.subleaf, HV_HEX, OUT, NULL), \
    U("desc", DESCRIPTOR_ACCESS, desc_access.descriptor, HV_ENUM, OUT, \
      names_desc), \
    U("write", DESCRIPTOR_ACCESS, desc_access.is_write, HV_DEC, OUT, NULL), \
    U("info", DESCRIPTOR_ACCESS, desc_access.arch.vmx.instr_info, HV_HEX, \
      OUT, NULL), \
    U("qual", DESCRIPTOR_ACCESS, desc_access.arch.vmx.exit_qualification, \
      HV_HEX, OBS, NULL), \
    U("exit", VMEXIT, vmexit.arch.vmx.reason, HV_DEC, OUT, NULL), \
    U("qual", VMEXIT, vmexit.arch.vmx.qualification, HV_HEX, OBS, NULL), \
    U("vector", INTERRUPT, interrupt.x86.vector, HV_DEC, OUT, NULL), \
    U("type", INTERRUPT, interrupt.x86.type, HV_DEC, OUT, NULL), \
    U("error", INTERRUPT, interrupt.x86.error_code, HV_HEX, OUT, NULL), \
    U("cr2", INTERRUPT, interrupt.x86.cr2, HV_HEX, OUT, NULL)

#define REGS(OUT, OBS, OPT) \
    REG(rax, OBS), REG(rcx, OBS), REG(rdx, OBS), REG(rbx, OBS), \
    REG(rsp, OBS), REG(rbp, OBS), REG(rsi, OBS), REG(rdi, OBS), \
    REG(r8, OBS), REG(r9, OBS), REG(r10, OBS), REG(r11, OBS), REG(r12, OBS), \
    REG(r13, OBS), REG(r14, OBS), REG(r15, OBS), REG(rflags, OBS), \
    REG(dr6, OBS), REG(dr7, OBS), REG(rip, OUT), REG(cr0, OBS), \
    REG(cr2, OBS), REG(cr3, OBS), REG(cr4, OBS), REG(sysenter_cs, OBS), \
    REG(sysenter_esp, OBS), REG(sysenter_eip, OBS), REG(msr_efer, OBS), \
    REG(msr_star, OBS), REG(msr_lstar, OBS), REG(gdtr_base, OBS), \
    REG(npt_base, OUT), VMTRACE(OUT, OPT), REG(cs_base, OBS), \
    REG(ss_base, OBS), REG(ds_base, OBS), REG(es_base, OBS), \
    REG(fs_base, OBS), REG(gs_base, OBS), SEL(cs, OBS), SEL(ss, OBS), \
    SEL(ds, OBS), SEL(es, OBS), SEL(fs, OBS), SEL(gs, OBS), \
    REG(shadow_gs, OBS), REG(gdtr_limit, OBS), REG(cs_sel, OBS), \
    REG(ss_sel, OBS), REG(ds_sel, OBS), REG(es_sel, OBS), REG(fs_sel, OBS), \
    REG(gs_sel, OBS)

const struct hv_field fields_event[] = {
    ROW("dom", dom, HV_DEC, HV_IN, 0, NULL, 0),
    HEAD(HV_OUT),
    UNION(HV_OUT, HV_OBS),
    ROW("req_cons", req_cons, HV_DEC, HV_OUT, 1, NULL, 0),
    ROW("req_prod", req_prod, HV_DEC, HV_OUT, 1, NULL, 0),
    ROW("rsp_prod", rsp_prod, HV_DEC, HV_OUT, 1, NULL, 0),
    REGS(HV_OUT, HV_OBS, 1),
    END
};

const struct hv_field fields_respond[] = {
    ROW("dom", dom, HV_DEC, HV_IN, 0, NULL, 0),
    HEAD(HV_IN),
    UNION(HV_IN, HV_IN),
    ROW("step_view", ev.u.fast_singlestep.p2midx, HV_DEC, HV_IN, 0, NULL,
        HV_GROUP_FAST),
    ROW("emul_size", ev.data.emul.read.size, HV_DEC, HV_IN, 0, NULL,
        HV_GROUP_READ),
    REGS(HV_IN, HV_IN, 0),
    END
};
