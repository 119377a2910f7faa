/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to control registers, XCR0 and MSRs: which values Xen takes, in its
 * order of checks, and which wait for the monitor's response.  Sources:
 * xen/arch/x86/hvm/hvm.c:hvm_set_cr0, hvm_set_cr3, hvm_set_cr4, hvm_set_efer,
 * hvm_msr_write_intercept; xen/arch/x86/xstate.c:valid_xcr0. */
#include "sim/guest.h"

#define CR0_PE          (1ull << 0)
#define CR0_ET          (1ull << 4)
#define CR0_PG          (1ull << 31)
#define CR0_RESERVED    0x1ffaffc0ull   /* HVM_CR0_GUEST_RESERVED_BITS */
#define CR4_PAE         (1ull << 5)
#define CR4_PCIDE       (1ull << 17)
#define CR4_VALID       0x00770fffull   /* all that a policy can allow */
#define CR4_PSE         (1ull << 4)
#define CR4_SMEP_SMAP   (3ull << 20)
/* What a guest may not write without an exit: vmx.c:vmx_update_guest_cr. */
#define CR4_HOST        (~CR4_VALID | CR4_PAE | 1 << 6 | 1 << 13 | 1 << 22)
#define CR3_NOFLUSH     (1ull << 63)
#define CS_LONG         (1u << 9)       /* of the access rights */
#define EFER_LME        (1ull << 8)
#define EFER_LMA        (1ull << 10)
#define EFER_VALID      0xd01ull        /* SCE, LME, LMA, NXE */
#define MSR_MTRRCAP     0xfe
#define MSR_PAT         0x277
#define MSR_MTRR_DEF    0x2ff
#define MSR_EFER        0xc0000080

/* Does a register write wait for the response?  Where there is no state to
 * keep it in Xen panics (a null pointer in hvm_set_cr0 and its like); here it
 * is just done. */
static bool put_off(const struct sim_vcpu *v, bool deferred)
{
    return deferred && v->d->vm_event_state;
}

void update_lma(struct sim_vcpu *v)
{
    uint64_t *efer = &v->regs.msr_efer;

    if (*efer & EFER_LME && v->regs.cr0 & CR0_PG)
        *efer |= EFER_LMA;
    else
        *efer &= ~EFER_LMA;
}

/* Long mode needs PAE, and is not left from 64-bit code or with PCIDs. */
static bool may_switch_paging(const struct sim_vcpu *v, bool on)
{
    bool lme = v->regs.msr_efer & EFER_LME;

    if (on)
        return !lme || v->regs.cr4 & CR4_PAE;
    return !(lme && v->regs.cs.ar & CS_LONG) && !(v->regs.cr4 & CR4_PCIDE);
}

bool cr_write_exits(const struct sim_vcpu *v, uint64_t cr, uint64_t value)
{
    const struct sim_monitor *m = &v->d->monitor;
    uint64_t mask = CR4_HOST;

    if (cr == 0)
        return value != v->regs.cr0;
    if (cr == 3)
        return m->ctrlreg_enabled & (1u << VM_EVENT_X86_CR3);
    if (m->ctrlreg_enabled & (1u << VM_EVENT_X86_CR4))
        mask |= ~m->ctrlreg_mask[VM_EVENT_X86_CR4];
    if (!(v->regs.cr0 & CR0_PG))
        mask |= CR4_PSE | CR4_SMEP_SMAP;
    return (value ^ v->regs.cr4) & mask;
}

bool msr_access_exits(const struct sim_vcpu *v, uint64_t msr, bool write)
{
    bool passed = (msr >= 0x174 && msr <= 0x176) || msr == MSR_PAT ||
                  (msr >= 0xc0000100 && msr <= 0xc0000102);

    return !passed || (write && monitored_msr(v->d, (uint32_t)msr));
}

bool write_cr0(struct sim_vcpu *v, uint64_t value, bool may_defer)
{
    if (value >> 32)
        return false;
    value = (value & ~CR0_RESERVED) | CR0_ET;
    if ((value & (CR0_PE | CR0_PG)) == CR0_PG)
        return false;
    if (may_defer &&
        put_off(v, monitor_cr(v, VM_EVENT_X86_CR0, value, v->regs.cr0))) {
        v->ve.write.cr0 = true;
        v->ve.write.cr0_value = value;
        return true;
    }
    if ((value ^ v->regs.cr0) & CR0_PG &&
        !may_switch_paging(v, value & CR0_PG))
        return false;
    v->regs.cr0 = value;
    update_lma(v);
    return true;
}

bool write_cr3(struct sim_vcpu *v, uint64_t value, bool may_defer)
{
    /* hvm_mov_to_cr */
    if (may_defer && v->regs.cr4 & CR4_PCIDE)
        value &= ~CR3_NOFLUSH;
    if (value >> MAX_PHYS_ADDR)
        return false;
    if (may_defer &&
        put_off(v, monitor_cr(v, VM_EVENT_X86_CR3, value, v->regs.cr3))) {
        v->ve.write.cr3 = true;
        v->ve.write.cr3_value = value;
        return true;
    }
    v->regs.cr3 = value;
    return true;
}

bool write_cr4(struct sim_vcpu *v, uint64_t value, bool may_defer)
{
    if (value & ~CR4_VALID)
        return false;
    if (!(value & CR4_PAE) && (v->regs.msr_efer & EFER_LMA))
        return false;
    if (may_defer &&
        put_off(v, monitor_cr(v, VM_EVENT_X86_CR4, value, v->regs.cr4))) {
        v->ve.write.cr4 = true;
        v->ve.write.cr4_value = value;
        return true;
    }
    v->regs.cr4 = value;
    return true;
}

/* valid_xcr0, and the parts that Xen has for guests: up to PKRU. */
bool write_xcr0(struct sim_vcpu *v, uint64_t value)
{
    const uint64_t sse = 1 << 1, ymm = 1 << 2, mpx = 3 << 3, zmm = 7 << 5;

    if (!(value & 1) || value & ~0x2ffull)
        return false;
    if ((value & ymm && !(value & sse)) ||
        (value & zmm && (!(value & ymm) || (value & zmm) != zmm)) ||
        (value & mpx && (value & mpx) != mpx))
        return false;
    v->xcr0 = value;
    return true;
}

/* MSRs that a guest can read and write, with what limits their value. */
static const struct msr_range {
    uint32_t first, last;
    bool canonical;
} msr_ranges[] = {
    { 0x10, 0x10, false },              /* TSC */
    { 0x1b, 0x1b, false },              /* APIC base */
    { 0x3a, 0x3b, false },              /* feature control, TSC adjust */
    { 0x48, 0x49, false },              /* speculation control */
    { 0xfe, 0xfe, false },              /* MTRR capabilities */
    { 0x174, 0x174, false },            /* SYSENTER CS */
    { 0x175, 0x176, true },
    { 0x1a0, 0x1a0, false },            /* misc enable */
    { 0x1d9, 0x1d9, false },            /* DEBUGCTL */
    { 0x200, 0x21f, false },            /* MTRRs */
    { 0x250, 0x26f, false },
    { 0x277, 0x277, false },            /* PAT */
    { 0x2ff, 0x2ff, false },
    { 0x40000000, 0x40000000, false },  /* hypercall page */
    { 0xc0000080, 0xc0000081, false },  /* EFER, STAR */
    { 0xc0000082, 0xc0000083, true },   /* LSTAR, CSTAR */
    { 0xc0000084, 0xc0000084, false },
    { 0xc0000100, 0xc0000102, true },   /* FS, GS, kernel GS base */
    { 0xc0000103, 0xc0000103, false },  /* TSC aux */
};

static const struct msr_range *msr_range(uint32_t msr)
{
    for (unsigned int i = 0;
         i < sizeof(msr_ranges) / sizeof(*msr_ranges); i++) {
        if (msr >= msr_ranges[i].first && msr <= msr_ranges[i].last)
            return &msr_ranges[i];
    }
    return NULL;
}

static uint64_t *msr_of_regs(struct vm_event_regs_x86 *regs, uint32_t msr)
{
    switch (msr) {
    case 0x174:
        return &regs->sysenter_cs;
    case 0x175:
        return &regs->sysenter_esp;
    case 0x176:
        return &regs->sysenter_eip;
    case MSR_EFER:
        return &regs->msr_efer;
    case 0xc0000081:
        return &regs->msr_star;
    case 0xc0000082:
        return &regs->msr_lstar;
    case 0xc0000100:
        return &regs->fs_base;
    case 0xc0000101:
        return &regs->gs_base;
    case 0xc0000102:
        return &regs->shadow_gs;
    default:
        return NULL;
    }
}

uint64_t msr_value(const struct sim_vcpu *v, uint32_t msr)
{
    for (uint32_t i = 0; i < v->nr_msrs; i++) {
        if (v->msrs[i].msr == msr)
            return v->msrs[i].value;
    }
    return 0;
}

/* hvm_vcpu_cacheattr_init; the toolstack makes a PVH guest's memory
 * write-back, an HVM guest's firmware does it itself. */
void msr_reset(struct sim_vcpu *v)
{
    *msr_register(v, MSR_PAT, true) = 0x0007040600070406;
    *msr_register(v, MSR_MTRRCAP, true) = 0x508;
    if (v->d->config.type == GUEST_PVH)
        *msr_register(v, MSR_MTRR_DEF, true) = 0x806;
}

uint64_t *msr_register(struct sim_vcpu *v, uint32_t msr, bool exists)
{
    uint64_t *reg = msr_of_regs(&v->regs, msr);

    if (reg)
        return reg;
    for (uint32_t i = 0; i < v->nr_msrs; i++) {
        if (v->msrs[i].msr == msr)
            return &v->msrs[i].value;
    }
    if (v->nr_msrs == NR_KNOWN_MSRS || (!exists && !msr_range(msr)))
        return NULL;
    v->msrs[v->nr_msrs].msr = msr;
    v->msrs[v->nr_msrs].value = 0;
    return &v->msrs[v->nr_msrs++].value;
}

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* hvm_set_efer: LMA is the CPU's, and LME is fixed while paging is on. */
static bool write_efer(struct sim_vcpu *v, uint64_t value)
{
    uint64_t *efer = &v->regs.msr_efer;

    if (value & ~EFER_VALID)
        return false;
    if ((value ^ *efer) & EFER_LME && v->regs.cr0 & CR0_PG)
        return false;
    *efer = (value & ~EFER_LMA) | (*efer & EFER_LMA);
    return true;
}

bool write_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value,
               bool may_defer)
{
    const struct msr_range *range = msr_range(msr);
    uint64_t *reg = msr_register(v, msr, false);

    /* The old value of a monitored MSR is read first: one that cannot be
     * read faults without an event. */
    if (!reg)
        return false;
    if (may_defer && put_off(v, monitor_msr(v, msr, value, *reg))) {
        v->ve.write.msr = true;
        v->ve.write.msr_index = msr;
        v->ve.write.msr_value = value;
        return true;
    }
    if (msr == MSR_EFER)
        return write_efer(v, value);
    if (msr == MSR_MTRRCAP ||
        (range && range->canonical && !canonical(value)))
        return false;
    *reg = value;
    return true;
}
