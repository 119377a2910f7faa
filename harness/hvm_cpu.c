/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/hvm_cpu.h"

#include <string.h>

#define AR_G    (1u << 11)

/* X(the record's member, ours), of those that are only moved. */
#define SELECTOR(X, s)  X(s##_sel, regs.s##_sel) X(s##_base, regs.s##_base)
#define SAME(X, name)   X(name, regs.name)
#define MOVED(X) \
    SAME(X, rax) SAME(X, rbx) SAME(X, rcx) SAME(X, rdx) SAME(X, rbp) \
    SAME(X, rsi) SAME(X, rdi) SAME(X, rsp) SAME(X, r8) SAME(X, r9) \
    SAME(X, r10) SAME(X, r11) SAME(X, r12) SAME(X, r13) SAME(X, r14) \
    SAME(X, r15) SAME(X, rip) SAME(X, rflags) SAME(X, cr0) SAME(X, cr2) \
    SAME(X, cr3) SAME(X, cr4) SAME(X, dr6) SAME(X, dr7) \
    X(dr0, dr0) X(dr1, dr1) X(dr2, dr2) X(dr3, dr3) \
    SELECTOR(X, cs) SELECTOR(X, ds) SELECTOR(X, es) SELECTOR(X, fs) \
    SELECTOR(X, gs) SELECTOR(X, ss) \
    X(tr_sel, tr_sel) X(tr_limit, tr_limit) X(tr_base, tr_base) \
    X(tr_arbytes, tr_ar) X(ldtr_sel, ldtr_sel) X(ldtr_limit, ldtr_limit) \
    X(ldtr_base, ldtr_base) X(ldtr_arbytes, ldtr_ar) \
    X(idtr_limit, idtr_limit) X(idtr_base, idtr_base) \
    SAME(X, gdtr_limit) SAME(X, gdtr_base) SAME(X, sysenter_cs) \
    SAME(X, sysenter_esp) SAME(X, sysenter_eip) SAME(X, shadow_gs) \
    SAME(X, msr_lstar) SAME(X, msr_star) SAME(X, msr_efer) \
    X(msr_cstar, cstar) X(msr_syscall_mask, syscall_mask) \
    X(msr_tsc_aux, tsc_aux)

/* Of those whose limit the record has in bytes and we in the descriptor's
 * unit. */
#define SEGMENTS(X) X(cs) X(ds) X(es) X(fs) X(gs) X(ss)

static void unpack(uint32_t *limit, uint32_t *ar,
                   const struct vm_event_x86_selector_reg *seg)
{
    *ar = seg->ar;
    *limit = seg->ar & AR_G ? (uint32_t)seg->limit << 12 | 0xfff : seg->limit;
}

/* Access rights as old versions of Xen saved them: Intel's. */
static uint32_t unfolded(uint32_t ar)
{
    return ar & 0xf000 && !(ar & 0x0f00) ? (ar & 0xff) | (ar >> 4 & 0xf00) :
                                           ar;
}

static void pack(struct vm_event_x86_selector_reg *seg, uint32_t limit,
                 uint32_t ar)
{
    ar = unfolded(ar);
    seg->ar = ar & 0xfff;
    seg->limit = (ar & AR_G ? limit >> 12 : limit) & 0xfffff;
}

void hvm_cpu_put(struct hvm_hw_cpu *c, const struct args_vcpu_regs *a)
{
#define PUT(member, ours) c->member = a->ours;
    MOVED(PUT)
#undef PUT
#define UNPACK(s) unpack(&c->s##_limit, &c->s##_arbytes, &a->regs.s);
    SEGMENTS(UNPACK)
#undef UNPACK
}

void hvm_cpu_get(const struct hvm_hw_cpu *c, struct args_vcpu_regs *a)
{
#define GET(member, ours) a->ours = c->member;
    MOVED(GET)
#undef GET
#define PACK(s) pack(&a->regs.s, c->s##_limit, c->s##_arbytes);
    SEGMENTS(PACK)
#undef PACK
    a->tr_ar = unfolded(a->tr_ar);
    a->ldtr_ar = unfolded(a->ldtr_ar);
}

void hvm_mtrr_put(struct hvm_hw_mtrr *m, const struct args_vcpu_mtrr *a)
{
    m->msr_pat_cr = a->pat;
    m->msr_mtrr_cap = a->cap;
    m->msr_mtrr_def_type = a->def_type;
    memcpy(m->msr_mtrr_var, a->var, sizeof(a->var));
    memcpy(m->msr_mtrr_fixed, a->fixed, sizeof(a->fixed));
}

void hvm_mtrr_get(const struct hvm_hw_mtrr *m, struct args_vcpu_mtrr *a)
{
    a->pat = m->msr_pat_cr;
    a->cap = m->msr_mtrr_cap;
    a->def_type = m->msr_mtrr_def_type;
    memcpy(a->var, m->msr_mtrr_var, sizeof(a->var));
    memcpy(a->fixed, m->msr_mtrr_fixed, sizeof(a->fixed));
}
