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

#define VMFUNC_LEAVES   64      /* beyond them #UD comes first (SDM) */

/* Each action ends one of three ways. */
static enum outcome fault(struct sim_vcpu *v, uint8_t vector)
{
    guest_inject_exception(v, vector,
                           vector == VECTOR_GP ? 0 : NO_ERROR_CODE);
    return vcpu_runnable(v) ? GONE : PAUSED;
}

/* The exit's handler is through: rip moves on.  An event it raised may have
 * paused the vCPU meanwhile, which it notices on its way out. */
static enum outcome advance(struct sim_vcpu *v, const struct insn *in)
{
    guest_retire(v, v->guest->insn_rip + insn_len(in));
    return vcpu_runnable(v) ? RAN : PAUSED;
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
        ok = v->d->config.type == GUEST_PV ?
             pv_mov_cr3(v, a->value >> PAGE_SHIFT) :
             write_cr3(v, a->value, true);
        break;
    case 4:
        ok = write_cr4(v, a->value, true);
        break;
    default:
        return fault(v, VECTOR_UD);
    }
    return ok ? advance(v, in) : fault(v, VECTOR_GP);
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
    if (a->index || !write_xcr0(v, a->value))
        return fault(v, VECTOR_GP);
    return advance(v, in);
}

static enum outcome msr(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;
    uint64_t *reg = msr_register(v, a->index, a->has_old);

    if (a->has_old && reg)
        *reg = a->old;
    if (a->write)
        return write_msr(v, a->index, a->value, true) ?
               advance(v, in) : fault(v, VECTOR_GP);
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
static enum outcome cpuid(struct sim_vcpu *v, struct insn *in, bool emulated)
{
    uint32_t leaf = v->regs.rax, subleaf = v->regs.rcx;

    cpuid_lookup(v, leaf, subleaf);
    if (!emulated && monitor_cpuid(v, insn_len(in), leaf, subleaf) > 0)
        return PAUSED;
    guest_add_result(v, v->regs.rax);
    guest_add_result(v, v->regs.rbx);
    guest_add_result(v, v->regs.rcx);
    guest_add_result(v, v->regs.rdx);
    return advance(v, in);
}

/* What a descriptor instruction moves: a store puts .value in memory, or in
 * a register where it has no memory operand.  A selector has 2 bytes; of a
 * table's limit and base the first 8 are told. */
void exec_desc_data(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_desc *a = &in->a.desc;
    uint32_t len = a->desc == VM_EVENT_DESC_LDTR ||
                   a->desc == VM_EVENT_DESC_TR ? 2 : 8;
    uint8_t access;
    uint64_t mfn;

    if (a->gpa == ~0ull || a->write)
        return;
    mfn = p2m_lookup(&v->d->host, a->gpa >> PAGE_SHIFT, &access);
    if (mfn != INVALID_MFN && (a->gpa & (PAGE_SIZE - 1)) <= PAGE_SIZE - len)
        page_write(v->d->sim, mfn, a->gpa & (PAGE_SIZE - 1), &a->value, len);
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
static enum outcome trap(struct sim_vcpu *v, struct insn *in, bool emulated)
{
    const struct args_guest_trap *a = &in->a.trap;
    const struct pending_trap again = {
        .vector = a->vector, .type = a->type, .insn_len = a->insn_len,
        .error = a->error ? a->error : NO_ERROR_CODE,
    };
    bool trap_like = !a->insn_len;
    int rc = 0;

    if (trap_like)
        guest_retire(v, v->guest->insn_rip);
    if (!emulated && a->vector == VECTOR_BP)
        rc = monitor_debug(v, DEBUG_BREAKPOINT, a->type, a->insn_len, 0);
    else if (!emulated && a->vector == VECTOR_DB)
        rc = monitor_debug(v, DEBUG_EXCEPTION, a->type, a->insn_len,
                           a->pending_dbg);
    if (rc > 0)
        return PAUSED;
    guest_inject(v, &again);
    return vcpu_runnable(v) ? GONE : PAUSED;
}

/* The hardware switches by itself where the view is in the EPTP list.  Leaf
 * and view are EAX and ECX: 32 bits. */
static bool vmfunc_switches(const struct sim_vcpu *v,
                            const struct args_guest_reg *a)
{
    uint32_t leaf = a->index, view = a->value;

    return v->vm_functions && altp2m_active(v->d) && !leaf &&
           view < v->d->config.views && v->d->view_visible[view];
}

static enum outcome vmfunc(struct sim_vcpu *v, struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;

    /* All else exits, and vmx_vmfunc_intercept raises #UD, as the hardware
     * does where there are no VM functions. */
    if (!vmfunc_switches(v, a))
        return fault(v, VECTOR_UD);
    altp2m_switch_vcpu(v, (uint32_t)a->value);
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
            sim_shutdown(v->d, (uint8_t)a->arg2);
            v->regs.rax = 0;
        } else {
            v->regs.rax = (uint64_t)-ENOSYS;
        }
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

/* HVM_TRAP_MASK, and INT3 while vmx_do_resume latches that somebody debugs;
 * the guest takes others by itself. */
static bool trap_exits(const struct sim_vcpu *v, uint32_t vector)
{
    const struct sim_monitor *m = &v->d->monitor;

    switch (vector) {
    case VECTOR_DB:
    case VECTOR_AC:
    case VECTOR_MC:
        return true;
    case VECTOR_BP:
        return m->breakpoint || m->singlestep;
    default:
        return false;
    }
}

int exit_reason(const struct sim_vcpu *v, const struct insn *in)
{
    const struct args_guest_reg *a = &in->a.reg;

    switch (in->op) {
    case OP_GUEST_CPUID:
        return EXIT_CPUID;
    case OP_GUEST_MOV_CR:
        return cr_write_exits(v, a->index, a->value) ? EXIT_CR_ACCESS : -1;
    case OP_GUEST_XSETBV:
        return EXIT_XSETBV;
    case OP_GUEST_MSR:
        if (!msr_access_exits(v, a->index, a->write))
            return -1;
        return a->write ? EXIT_WRMSR : EXIT_RDMSR;
    case OP_GUEST_VMFUNC:
        return v->vm_functions && (uint32_t)a->index < VMFUNC_LEAVES &&
               !vmfunc_switches(v, a) ? EXIT_VMFUNC : -1;
    case OP_GUEST_IO:
        return EXIT_IO;
    case OP_GUEST_DESC:
        if (!v->d->monitor.descriptor)
            return -1;
        return in->a.desc.desc <= VM_EVENT_DESC_GDTR ?
               EXIT_GDTR_IDTR : EXIT_LDTR_TR;
    case OP_GUEST_TRAP:
        return trap_exits(v, in->a.trap.vector) ? EXIT_EXCEPTION : -1;
    case OP_GUEST_EXIT:
        return a->index ? (int)a->index : -1;
    case OP_GUEST_HYPERCALL:
    case OP_GUEST_REQUEST:
    case OP_GUEST_ALTP2M:
        return EXIT_VMCALL;
    default:
        return -1;
    }
}

enum outcome exec_action(struct sim_vcpu *v, struct insn *in, bool emulated)
{
    int reason = exit_reason(v, in);

    if (!emulated && reason >= 0 && v->d->monitor.vmexit) {
        uint64_t qual = in->op == OP_GUEST_EXIT ? in->a.reg.value :
                        in->op == OP_GUEST_MOV_CR ? in->a.reg.index : 0;

        /* A synchronous event leaves the exit unhandled: it happens again */
        if (monitor_vmexit(v, reason, qual))
            return PAUSED;
    }
    switch (in->op) {
    case OP_GUEST_CPUID:
        return cpuid(v, in, emulated);
    case OP_GUEST_MOV_CR:
        return mov_cr(v, in);
    case OP_GUEST_XSETBV:
        return xsetbv(v, in);
    case OP_GUEST_MSR:
        return msr(v, in);
    case OP_GUEST_DESC:
        return desc(v, in);
    case OP_GUEST_TRAP:
        return trap(v, in, emulated);
    case OP_GUEST_VMFUNC:
        return vmfunc(v, in);
    case OP_GUEST_IO:
    case OP_GUEST_EXIT:
        return advance(v, in);
    default:
        return hypercall(v, in);
    }
}
