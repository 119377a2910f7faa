/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers and memory types, read and written from outside:
 * xen/arch/x86/hvm/hvm.c:hvm_save_cpu_ctxt, hvm_load_cpu_ctxt,
 * xen/arch/x86/hvm/mtrr.c:hvm_save_mtrr_msr, hvm_load_mtrr_msr. */
#include "sim/guest.h"

#include <errno.h>
#include <string.h>

#define CR0_VALID       0xe005003full
#define CR0_PE          (1ull << 0)
#define CR0_ET          (1ull << 4)
#define CR0_PG          (1ull << 31)
#define CR4_VALID       0x00770fffull   /* all that a policy can allow */
#define EFER_VALID      0xd01ull        /* SCE, LME, LMA, NXE */
#define EFER_LME        (1ull << 8)
#define EFER_LMA        (1ull << 10)
#define RFLAGS_FIXED    (1ull << 1)
#define AR_ACCESSED     (1u << 0)       /* of code and data */
#define AR_BUSY         (1u << 1)       /* of a task register */
#define AR_S            (1u << 4)
#define AR_P            (1u << 7)
#define AR_G            (1u << 11)
#define MSR_MTRR_CAP    0xfe
#define MSR_MTRR_VAR    0x200
#define MSR_PAT         0x277
#define MSR_MTRR_DEF    0x2ff
#define MSR_CSTAR       0xc0000083
#define MSR_SFMASK      0xc0000084
#define MSR_TSC_AUX     0xc0000103
#define PAT_UC_MINUS    7
#define DEF_TYPE_VALID  0xcffull
#define NR_VAR          8

static const uint32_t fixed_msrs[] = {
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e,
    0x26f,
};
#define NR_FIXED (sizeof(fixed_msrs) / sizeof(*fixed_msrs))

/* gethvmcontext and sethvmcontext, hvm_save and hvm_load: not of the caller,
 * nor of a dying domain, whatever is asked of it. */
static int find(struct sim *sim, uint32_t dom, uint32_t vcpu,
                struct sim_vcpu **v)
{
    struct sim_domain *d = sim_find(sim, dom);

    if (!d)
        return dom ? -ESRCH : -EINVAL;
    if (d->dying)
        return -EINVAL;
    *v = sim_vcpu(d, vcpu);
    return *v ? 0 : -EINVAL;
}

int sim_op_VCPU_REGS_GET(struct sim *sim, struct args_vcpu_regs *a)
{
    uint32_t dom = a->dom, vcpu = a->vcpu;
    struct sim_vcpu *v;
    int rc = find(sim, dom, vcpu, &v);

    if (rc)
        return rc;
    *a = v->rest;
    a->dom = dom;
    a->vcpu = vcpu;
    a->regs = v->regs;
    a->regs.npt_base = 0;
    a->regs.vmtrace_pos = 0;
    a->xcr0 = v->xcr0;
    a->cstar = msr_value(v, MSR_CSTAR);
    a->syscall_mask = msr_value(v, MSR_SFMASK);
    a->tsc_aux = msr_value(v, MSR_TSC_AUX);
    return 0;
}

/* hvm_load_cpu_ctxt's checks.  A value that a vCPU has is one it may have:
 * only what changes is looked at, as a model's vCPU begins with zeros. */
static bool may_load(const struct vm_event_regs_x86 *old,
                     const struct args_vcpu_regs *a)
{
    const struct vm_event_regs_x86 *r = &a->regs;

    if (r->cr0 != old->cr0 &&
        (r->cr0 & ~CR0_VALID || !(r->cr0 & CR0_ET) ||
         (r->cr0 & (CR0_PE | CR0_PG)) == CR0_PG))
        return false;
    if (r->cr4 != old->cr4 && r->cr4 & ~CR4_VALID)
        return false;
    if (r->msr_efer != old->msr_efer &&
        (r->msr_efer & ~EFER_VALID ||
         (r->msr_efer & EFER_LMA &&
          !(r->msr_efer & EFER_LME && r->cr0 & CR0_PG))))
        return false;
    return !(r->cr3 >> MAX_PHYS_ADDR) && !(a->tsc_aux >> 32);
}

static void put_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *reg = msr_register(v, msr, true);

    if (reg)
        *reg = value;
}

/* hvm_get_segment_register: some attributes follow from others.  LIMIT is in
 * bytes. */
static uint32_t segment_ar(uint32_t ar, uint32_t limit, bool user)
{
    if (!(ar & AR_P))
        return ar;
    ar &= ~(AR_S | AR_G);
    if (user)
        ar |= AR_S | AR_ACCESSED;
    return limit >> 20 ? ar | AR_G : ar;
}

static void follow(struct vm_event_x86_selector_reg *seg,
                   const struct vm_event_x86_selector_reg *old)
{
    uint32_t limit = seg->limit;        /* a bit-field: 20 bits of an int */

    if (seg->ar & AR_G)
        limit = limit << 12 | 0xfffu;
    if (seg->ar == old->ar && seg->limit == old->limit)
        return;
    seg->ar = segment_ar(seg->ar, limit, true) & 0xfffu;
    seg->limit = (seg->ar & AR_G ? limit >> 12 : limit) & 0xfffffu;
}

/* What the vCPU has of A's segments, of those that change: a model's vCPU
 * begins with zeros. */
static void load_segments(const struct sim_vcpu *v, struct args_vcpu_regs *a)
{
    const struct vm_event_regs_x86 *old = &v->regs;
    struct vm_event_regs_x86 *r = &a->regs;

    if (r->cs.ar != old->cs.ar)
        r->cs.ar |= AR_P;
    follow(&r->cs, &old->cs);
    follow(&r->ss, &old->ss);
    follow(&r->ds, &old->ds);
    follow(&r->es, &old->es);
    follow(&r->fs, &old->fs);
    follow(&r->gs, &old->gs);
    if (a->tr_ar != v->rest.tr_ar)
        a->tr_ar = segment_ar(a->tr_ar | AR_BUSY | AR_P, a->tr_limit, false);
    if (a->ldtr_ar != v->rest.ldtr_ar)
        a->ldtr_ar = segment_ar(a->ldtr_ar, a->ldtr_limit, false);
}

int sim_op_VCPU_REGS_SET(struct sim *sim, struct args_vcpu_regs *a)
{
    struct args_vcpu_regs now = *a;
    struct sim_vcpu *v;
    int rc = find(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    if (!may_load(&v->regs, a))
        return -EINVAL;
    if (a->xcr0 != v->xcr0 && !write_xcr0(v, a->xcr0))
        return -EINVAL;
    load_segments(v, &now);
    v->rest = now;
    v->regs = now.regs;
    v->regs.rflags |= RFLAGS_FIXED;
    put_msr(v, MSR_CSTAR, a->cstar);
    put_msr(v, MSR_SFMASK, a->syscall_mask);
    put_msr(v, MSR_TSC_AUX, a->tsc_aux);
    guest_rip_moved(v);
    return 0;
}

/* Every variable range that there is is saved as the first one is: Xen does
 * not go on to the next. */
int sim_op_VCPU_MTRR_GET(struct sim *sim, struct args_vcpu_mtrr *a)
{
    struct sim_vcpu *v;
    int rc = find(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    a->pat = msr_value(v, MSR_PAT);
    a->cap = msr_value(v, MSR_MTRR_CAP);
    a->def_type = msr_value(v, MSR_MTRR_DEF);
    for (uint32_t i = 0; i < 2 * NR_VAR; i++)
        a->var[i] = i / 2 < (uint8_t)a->cap ?
            msr_value(v, MSR_MTRR_VAR + i % 2) : 0;
    for (uint32_t i = 0; i < NR_FIXED; i++)
        a->fixed[i] = msr_value(v, fixed_msrs[i]);
    return 0;
}

/* valid_mtrr_type */
static bool is_memory_type(uint8_t type)
{
    return type <= 1 || (type >= 4 && type <= 6);
}

/* All eight of them; UC- is PAT's alone. */
static bool are_memory_types(uint64_t types, bool pat)
{
    for (unsigned int i = 0; i < 64; i += 8) {
        uint8_t type = types >> i;

        if (!is_memory_type(type) && !(pat && type == PAT_UC_MINUS))
            return false;
    }
    return true;
}

/* mtrr_var_range_msr_set, which takes a mask's low byte for a type, too. */
static bool is_range(uint64_t value, bool mask)
{
    uint64_t reserved = mask ? 0x7ff : 0xf00;

    return is_memory_type((uint8_t)value) && !(value & reserved) &&
           !(value >> MAX_PHYS_ADDR);
}

/* Only a number of ranges that there are not is an error; other values that
 * may not be are left out (mtrr_fix_range_msr_set and its like). */
int sim_op_VCPU_MTRR_SET(struct sim *sim, struct args_vcpu_mtrr *a)
{
    struct sim_vcpu *v;
    int rc = find(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    if ((a->cap & 0xff) > NR_VAR)
        return -EINVAL;
    if (are_memory_types(a->pat, true))
        put_msr(v, MSR_PAT, a->pat);
    put_msr(v, MSR_MTRR_CAP, a->cap);
    for (uint32_t i = 0; i < NR_FIXED; i++) {
        if (are_memory_types(a->fixed[i], false))
            put_msr(v, fixed_msrs[i], a->fixed[i]);
    }
    for (uint32_t i = 0; i < 2 * (a->cap & 0xff); i++) {
        if (is_range(a->var[i], i & 1))
            put_msr(v, MSR_MTRR_VAR + i, a->var[i]);
    }
    if (is_memory_type((uint8_t)a->def_type) &&
        !(a->def_type & ~DEF_TYPE_VALID))
        put_msr(v, MSR_MTRR_DEF, a->def_type);
    return 0;
}
