/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a vCPU's registers: read like op_fields.c.  What is set is
 * given; what is read is determined, and absent in a log of a live guest's. */
#include "harness/op_fields.h"

#include "harness/op_args.h"

#define ROW(T, text, member, size, how, role, opt) \
    { text, offsetof(struct T, member), size, HV_##how, role, opt, NULL, 0 }
#define VCPU(T) \
    ROW(T, "dom", dom, 4, DEC, HV_IN, 0), \
    ROW(T, "vcpu", vcpu, 4, DEC, HV_IN, 0)
#define FIELD(T, text, member, role, opt) \
    ROW(T, text, member, sizeof(((struct T *)0)->member), HEX, role, opt)
#define REG(name, ...)  FIELD(args_vcpu_regs, #name, regs.name, __VA_ARGS__)
/* A selector's limit and access rights share 32 bits. */
#define SEL(name, ...) \
    ROW(args_vcpu_regs, #name, regs.name, 4, HEX, __VA_ARGS__)
#define SYS(name, ...)  FIELD(args_vcpu_regs, #name, name, __VA_ARGS__)
#define MTRR(name, ...) FIELD(args_vcpu_mtrr, #name, name, __VA_ARGS__)
#define VAR(n, at, ...) \
    FIELD(args_vcpu_mtrr, "base" #n, var[at], __VA_ARGS__), \
    FIELD(args_vcpu_mtrr, "mask" #n, var[at + 1], __VA_ARGS__)
#define FIX(msr, at, ...) \
    FIELD(args_vcpu_mtrr, "fix" #msr, fixed[at], __VA_ARGS__)
#define END { NULL, 0, 0, 0, 0, 0, NULL, 0 }

#define REGS(...) \
    REG(rax, __VA_ARGS__), REG(rcx, __VA_ARGS__), REG(rdx, __VA_ARGS__), \
    REG(rbx, __VA_ARGS__), REG(rsp, __VA_ARGS__), REG(rbp, __VA_ARGS__), \
    REG(rsi, __VA_ARGS__), REG(rdi, __VA_ARGS__), REG(r8, __VA_ARGS__), \
    REG(r9, __VA_ARGS__), REG(r10, __VA_ARGS__), REG(r11, __VA_ARGS__), \
    REG(r12, __VA_ARGS__), REG(r13, __VA_ARGS__), REG(r14, __VA_ARGS__), \
    REG(r15, __VA_ARGS__), REG(rflags, __VA_ARGS__), \
    REG(rip, __VA_ARGS__), REG(cr0, __VA_ARGS__), REG(cr2, __VA_ARGS__), \
    REG(cr3, __VA_ARGS__), REG(cr4, __VA_ARGS__), SYS(xcr0, __VA_ARGS__), \
    SYS(dr0, __VA_ARGS__), SYS(dr1, __VA_ARGS__), SYS(dr2, __VA_ARGS__), \
    SYS(dr3, __VA_ARGS__), REG(dr6, __VA_ARGS__), REG(dr7, __VA_ARGS__), \
    REG(sysenter_cs, __VA_ARGS__), REG(sysenter_esp, __VA_ARGS__), \
    REG(sysenter_eip, __VA_ARGS__), REG(msr_efer, __VA_ARGS__), \
    REG(msr_star, __VA_ARGS__), REG(msr_lstar, __VA_ARGS__), \
    SYS(cstar, __VA_ARGS__), SYS(syscall_mask, __VA_ARGS__), \
    SYS(tsc_aux, __VA_ARGS__), REG(shadow_gs, __VA_ARGS__), \
    REG(cs_sel, __VA_ARGS__), SEL(cs, __VA_ARGS__), \
    REG(cs_base, __VA_ARGS__), REG(ss_sel, __VA_ARGS__), \
    SEL(ss, __VA_ARGS__), REG(ss_base, __VA_ARGS__), \
    REG(ds_sel, __VA_ARGS__), SEL(ds, __VA_ARGS__), \
    REG(ds_base, __VA_ARGS__), REG(es_sel, __VA_ARGS__), \
    SEL(es, __VA_ARGS__), REG(es_base, __VA_ARGS__), \
    REG(fs_sel, __VA_ARGS__), SEL(fs, __VA_ARGS__), \
    REG(fs_base, __VA_ARGS__), REG(gs_sel, __VA_ARGS__), \
    SEL(gs, __VA_ARGS__), REG(gs_base, __VA_ARGS__), \
    SYS(tr_sel, __VA_ARGS__), SYS(tr_limit, __VA_ARGS__), \
    SYS(tr_ar, __VA_ARGS__), SYS(tr_base, __VA_ARGS__), \
    SYS(ldtr_sel, __VA_ARGS__), SYS(ldtr_limit, __VA_ARGS__), \
    SYS(ldtr_ar, __VA_ARGS__), SYS(ldtr_base, __VA_ARGS__), \
    SYS(idtr_limit, __VA_ARGS__), SYS(idtr_base, __VA_ARGS__), \
    REG(gdtr_limit, __VA_ARGS__), REG(gdtr_base, __VA_ARGS__)

#define MTRRS(...) \
    MTRR(pat, __VA_ARGS__), MTRR(cap, __VA_ARGS__), \
    MTRR(def_type, __VA_ARGS__), VAR(0, 0, __VA_ARGS__), \
    VAR(1, 2, __VA_ARGS__), VAR(2, 4, __VA_ARGS__), \
    VAR(3, 6, __VA_ARGS__), VAR(4, 8, __VA_ARGS__), \
    VAR(5, 10, __VA_ARGS__), VAR(6, 12, __VA_ARGS__), \
    VAR(7, 14, __VA_ARGS__), FIX(250, 0, __VA_ARGS__), \
    FIX(258, 1, __VA_ARGS__), FIX(259, 2, __VA_ARGS__), \
    FIX(268, 3, __VA_ARGS__), FIX(269, 4, __VA_ARGS__), \
    FIX(26a, 5, __VA_ARGS__), FIX(26b, 6, __VA_ARGS__), \
    FIX(26c, 7, __VA_ARGS__), FIX(26d, 8, __VA_ARGS__), \
    FIX(26e, 9, __VA_ARGS__), FIX(26f, 10, __VA_ARGS__)

const struct hv_field fields_vcpu_regs_get[] = {
    VCPU(args_vcpu_regs), REGS(HV_OUT, 1), END
};
const struct hv_field fields_vcpu_regs_set[] = {
    VCPU(args_vcpu_regs), REGS(HV_IN, 0), END
};
const struct hv_field fields_vcpu_mtrr_get[] = {
    VCPU(args_vcpu_mtrr), MTRRS(HV_OUT, 1), END
};
const struct hv_field fields_vcpu_mtrr_set[] = {
    VCPU(args_vcpu_mtrr), MTRRS(HV_IN, 0), END
};
