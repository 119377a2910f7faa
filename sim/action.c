/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that are no memory accesses: what makes a VM exit, and what
 * Xen does in it before and after the monitor is told.  Sources:
 * xen/arch/x86/hvm/vmx/vmx.c:vmx_vmexit_handler, xen/arch/x86/hvm/hvm.c. */
#include "sim/guest.h"

#include <errno.h>
#include <string.h>

#include <xen/sched.h>

/* Basic exit reasons (SDM vol. 3D, appendix C). */
#define EXIT_EXCEPTION  0
#define EXIT_CPUID      10
#define EXIT_VMCALL     18
#define EXIT_CR_ACCESS  28
#define EXIT_IO         30
#define EXIT_RDMSR      31
#define EXIT_WRMSR      32
#define EXIT_GDTR_IDTR  46
#define EXIT_LDTR_TR    47
#define EXIT_XSETBV     55
#define EXIT_VMFUNC     59

#define VECTOR_DB       1
#define VECTOR_BP       3
#define VECTOR_UD       6
#define VECTOR_GP       13

#define CR0_PE          (1ull << 0)
#define CR0_ET          (1ull << 4)
#define CR0_PG          (1ull << 31)
#define CR0_RESERVED    0x1ffaffc0ull   /* HVM_CR0_GUEST_RESERVED_BITS */
#define CR4_PAE         (1ull << 5)
#define CR4_VALID       0x01f77fffull   /* a recent CPU's without PKS */
#define EFER_LMA        (1ull << 10)

/* Each action ends one of three ways. */
static enum outcome fault(struct sim_vcpu *v, uint8_t vector)
{
    guest_take_trap(v, vector, 0);
    return GONE;
}

/* The exit's handler is through: rip moves on.  An event it raised may have
 * paused the vCPU meanwhile, which it notices on its way out. */
static enum outcome advance(struct sim_vcpu *v, const struct insn *in)
{
    guest_retire(v, v->guest->insn_rip + insn_len(in));
    return vcpu_runnable(v) ? RAN : PAUSED;
}

/* Does a register write wait for the response?  Where there is no state to
 * keep it in Xen panics (a null pointer in hvm_set_cr0 and its like); here it
 * is just done. */
static bool put_off(const struct sim_vcpu *v, bool deferred)
{
    return deferred && v->d->vm_event_state;
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
    if (!(value & CR0_PG) && (v->regs.cr0 & CR0_PG) &&
        (v->regs.msr_efer & EFER_LMA))
        return false;
    v->regs.cr0 = value;
    return true;
}

bool write_cr3(struct sim_vcpu *v, uint64_t value, bool may_defer)
{
    if (value >> (GFN_BITS + PAGE_SHIFT))
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

static enum outcome mov_cr(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;
    bool ok;

    if (a->has_old && a->index == 0)
        v->regs.cr0 = a->old;
    else if (a->has_old && a->index == 3)
        v->regs.cr3 = a->old;
    else if (a->has_old && a->index == 4)
        v->regs.cr4 = a->old;
    switch (a->index) {
    case 0:
        ok = write_cr0(v, a->value, true);
        break;
    case 3:
        ok = write_cr3(v, a->value & ~(1ull << 63), true);
        break;
    case 4:
        ok = write_cr4(v, a->value, true);
        break;
    default:
        return fault(v, VECTOR_UD);
    }
    return ok ? advance(v, in) : fault(v, VECTOR_GP);
}

/* x86emul_write_xcr: x87 always; AVX needs SSE. */
static bool xcr0_valid(uint64_t value)
{
    return (value & 1) && !((value & 4) && !(value & 2)) && !(value >> 10);
}

static enum outcome xsetbv(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;

    /* hvm_handle_xsetbv tells the monitor before it looks at the value, and
     * this one write is never put off. */
    if (a->has_old)
        v->xcr0 = a->old;
    if (!a->index)
        monitor_cr(v, VM_EVENT_X86_XCR0, a->value, v->xcr0);
    if (a->index || !xcr0_valid(a->value))
        return fault(v, VECTOR_GP);
    v->xcr0 = a->value;
    return advance(v, in);
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

/* Where V's registers hold MSR, if they do. */
static uint64_t *msr_register(struct sim_vcpu *v, uint32_t msr)
{
    switch (msr) {
    case 0x174:
        return &v->regs.sysenter_cs;
    case 0x175:
        return &v->regs.sysenter_esp;
    case 0x176:
        return &v->regs.sysenter_eip;
    case 0xc0000080:
        return &v->regs.msr_efer;
    case 0xc0000081:
        return &v->regs.msr_star;
    case 0xc0000082:
        return &v->regs.msr_lstar;
    default:
        break;
    }
    for (uint32_t i = 0; i < v->nr_msrs; i++) {
        if (v->msrs[i].msr == msr)
            return &v->msrs[i].value;
    }
    if (v->nr_msrs == NR_KNOWN_MSRS)
        return NULL;
    v->msrs[v->nr_msrs].msr = msr;
    v->msrs[v->nr_msrs].value = 0;
    return &v->msrs[v->nr_msrs++].value;
}

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

#define EFER_VALID      0xd01ull        /* SCE, LME, LMA, NXE */

bool write_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value,
               bool may_defer)
{
    const struct msr_range *range = msr_range(msr);
    uint64_t *reg = range ? msr_register(v, msr) : NULL;

    /* hvm_msr_write_intercept reads the old value of a monitored MSR first:
     * one that cannot be read faults without an event. */
    if (may_defer && monitored_msr(v->d, msr)) {
        if (!reg)
            return false;
        if (put_off(v, monitor_msr(v, msr, value, *reg))) {
            v->ve.write.msr = true;
            v->ve.write.msr_index = msr;
            v->ve.write.msr_value = value;
            return true;
        }
    }
    if (!reg || (range->canonical && !canonical(value)) ||
        (msr == 0xc0000080 && (value & ~EFER_VALID)))
        return false;
    *reg = value;
    return true;
}

static enum outcome msr(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;
    uint64_t *reg;

    if (a->has_old && msr_range(a->index)) {
        reg = msr_register(v, a->index);
        if (reg)
            *reg = a->old;
    }
    if (a->write)
        return write_msr(v, a->index, a->value, true) ?
               advance(v, in) : fault(v, VECTOR_GP);
    reg = msr_range(a->index) ? msr_register(v, a->index) : NULL;
    if (!reg)
        return fault(v, VECTOR_GP);
    v->regs.rax = (uint32_t)*reg;
    v->regs.rdx = *reg >> 32;
    guest_add_result(v, *reg);
    return advance(v, in);
}

static void cpuid_lookup(struct sim_vcpu *v, uint32_t leaf, uint32_t subleaf)
{
    const struct sim_domain *d = v->d;
    const struct args_cpuid_policy *found = NULL;

    for (uint32_t i = 0; i < d->nr_cpuid; i++) {
        const struct args_cpuid_policy *p = &d->cpuid[i];

        if (p->leaf == leaf && (p->subleaf == subleaf || p->subleaf == ~0u))
            found = p;
    }
    v->regs.rax = found ? found->eax : 0;
    v->regs.rbx = found ? found->ebx : 0;
    v->regs.rcx = found ? found->ecx : 0;
    v->regs.rdx = found ? found->edx : 0;
}

/* hvm_vmexit_cpuid: the outputs are in the registers before the monitor is
 * told, and rip stays when it pauses the vCPU: a response that leaves rip
 * runs CPUID again, on the outputs. */
static enum outcome cpuid(struct sim_vcpu *v, struct insn *in)
{
    uint32_t leaf = v->regs.rax, subleaf = v->regs.rcx;

    cpuid_lookup(v, leaf, subleaf);
    if (monitor_cpuid(v, insn_len(in), leaf, subleaf) > 0)
        return PAUSED;
    guest_add_result(v, v->regs.rax);
    guest_add_result(v, v->regs.rbx);
    guest_add_result(v, v->regs.rcx);
    guest_add_result(v, v->regs.rdx);
    return advance(v, in);
}

/* What a descriptor instruction moves: a store puts .value in memory, or in
 * a register where it has no memory operand. */
void exec_desc_data(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_desc *a = &in->a.desc;
    uint8_t access;
    uint64_t mfn;

    if (a->gpa == ~0ull || a->write)
        return;
    mfn = p2m_lookup(&v->d->host, a->gpa >> PAGE_SHIFT, &access);
    if (mfn != INVALID_MFN && (a->gpa & (PAGE_SIZE - 1)) <= PAGE_SIZE - 8)
        page_write(v->d->sim, mfn, a->gpa & (PAGE_SIZE - 1), &a->value, 8);
}

/* hvm_descriptor_access_intercept: told, the instruction is not executed;
 * only a response with EMULATE moves it on. */
static enum outcome desc(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_desc *a = &in->a.desc;

    if (v->d->monitor.descriptor) {
        /* Without a ring nobody is told, and the guest is stuck here. */
        monitor_descriptor(v, a->info, a->qual, a->desc, a->write);
        return PAUSED;
    }
    exec_desc_data(v, in);
    return advance(v, in);
}

/* INT3, ICEBP, #DB, UD2.  A fault-like one (it has a length) stays where it
 * is when the monitor paused the vCPU; a trap is behind its instruction. */
static enum outcome trap(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_trap *a = &in->a.trap;
    bool trap_like = !a->insn_len;
    int rc = 0;

    if (trap_like)
        guest_retire(v, v->guest->insn_rip);
    if (a->vector == VECTOR_BP)
        rc = monitor_debug(v, DEBUG_BREAKPOINT, a->type, a->insn_len, 0);
    else if (a->vector == VECTOR_DB)
        rc = monitor_debug(v, DEBUG_EXCEPTION, a->type, a->insn_len,
                           a->pending_dbg);
    if (rc > 0)
        return PAUSED;
    guest_take_trap(v, a->vector, a->error);
    return vcpu_runnable(v) ? GONE : PAUSED;
}

static enum outcome vmfunc(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;

    /* The hardware switches by itself where the view is in the EPTP list;
     * all else exits, and vmx_vmfunc_intercept raises #UD. */
    if (!altp2m_active(v->d) || a->index || a->value >= v->d->config.views ||
        !v->d->view_visible[a->value])
        return fault(v, VECTOR_UD);
    altp2m_switch_vcpu(v, a->value);
    guest_retire(v, v->guest->insn_rip + insn_len(in));
    return RAN;
}

static enum outcome hypercall(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_call *a = &in->a.call;
    struct xen_hvm_altp2m_op op;
    struct guest *g = v->guest;

    if (in->op == OP_GUEST_REQUEST) {
        monitor_guest_request(v);
        g->greq = v->regs.rax = 0;
        return advance(v, in);
    }
    if (in->op == OP_GUEST_HYPERCALL) {
        if (a->nr == __HYPERVISOR_sched_op && a->arg1 == SCHEDOP_shutdown) {
            v->d->shut_down = true;
            v->d->shutdown_reason = a->arg2;
        }
        v->regs.rax = (uint64_t)-ENOSYS;
        return advance(v, in);
    }
    memset(&op, 0, sizeof(op));
    if (a->arg.len)
        memcpy(&op, a->arg.p, a->arg.len < sizeof(op) ? a->arg.len :
               sizeof(op));
    v->regs.rax = (uint64_t)(int64_t)altp2m_hypercall(v->d->sim, v->d, &op);
    guest_add_result(v, v->regs.rax);
    memcpy(g->buffer, &op, sizeof(op));
    g->buffer_len = sizeof(op);
    return advance(v, in);
}

/* The exit reason of IN, or -1 when the hardware runs it without one. */
static int exit_reason(const struct sim_vcpu *v, const struct insn *in)
{
    switch (in->op) {
    case OP_GUEST_CPUID:
        return EXIT_CPUID;
    case OP_GUEST_MOV_CR:
        return EXIT_CR_ACCESS;
    case OP_GUEST_XSETBV:
        return EXIT_XSETBV;
    case OP_GUEST_MSR:
        return in->a.reg.write ? EXIT_WRMSR : EXIT_RDMSR;
    case OP_GUEST_IO:
        return EXIT_IO;
    case OP_GUEST_DESC:
        if (!v->d->monitor.descriptor)
            return -1;
        return in->a.desc.desc <= VM_EVENT_DESC_GDTR ?
               EXIT_GDTR_IDTR : EXIT_LDTR_TR;
    case OP_GUEST_TRAP:
        return in->a.trap.vector == VECTOR_UD ? -1 : EXIT_EXCEPTION;
    case OP_GUEST_EXIT:
        return in->a.reg.index ? (int)in->a.reg.index : -1;
    case OP_GUEST_HYPERCALL:
    case OP_GUEST_REQUEST:
    case OP_GUEST_ALTP2M:
        return EXIT_VMCALL;
    default:
        return -1;
    }
}

enum outcome exec_action(struct sim_vcpu *v, struct insn *in)
{
    int reason = exit_reason(v, in);

    if (reason >= 0 && v->d->monitor.vmexit) {
        uint64_t qual = in->op == OP_GUEST_EXIT ? in->a.reg.value :
                        in->op == OP_GUEST_MOV_CR ? in->a.reg.index : 0;

        /* A synchronous event leaves the exit unhandled: it happens again */
        if (monitor_vmexit(v, reason, qual))
            return PAUSED;
    }
    switch (in->op) {
    case OP_GUEST_CPUID:
        return cpuid(v, in);
    case OP_GUEST_MOV_CR:
        return mov_cr(v, in);
    case OP_GUEST_XSETBV:
        return xsetbv(v, in);
    case OP_GUEST_MSR:
        return msr(v, in);
    case OP_GUEST_DESC:
        return desc(v, in);
    case OP_GUEST_TRAP:
        return trap(v, in);
    case OP_GUEST_VMFUNC:
        return vmfunc(v, in);
    case OP_GUEST_IO:
    case OP_GUEST_EXIT:
        return advance(v, in);
    default:
        return hypercall(v, in);
    }
}
