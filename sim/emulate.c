/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens when a vCPU that was paused in an event runs again.  Sources:
 * xen/arch/x86/hvm/vm_event.c:hvm_vm_event_do_resume,
 * xen/arch/x86/hvm/hvm.c:hvm_do_resume,
 * xen/arch/x86/hvm/emulate.c:hvm_emulate_one_vm_event. */
#include "sim/guest.h"

#include <string.h>

#define MAX_REPS        4096    /* hvmemul_virtual_to_linear */

static void set_registers(struct sim_vcpu *v)
{
    const struct vm_event_regs_x86 *from = &v->ve.gprs;
    struct vm_event_regs_x86 *to = &v->regs;

    to->rax = from->rax;
    to->rbx = from->rbx;
    to->rcx = from->rcx;
    to->rdx = from->rdx;
    to->rsp = from->rsp;
    to->rbp = from->rbp;
    to->rsi = from->rsi;
    to->rdi = from->rdi;
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->rflags = from->rflags;
    to->rip = from->rip;
    v->ve.set_gprs = false;
    guest_rip_moved(v);
}

/* How many bytes of a copy the emulator does at a time: hvmemul_rep_movs, one
 * where source and destination overlap, or while emulate_each_rep is on;
 * hvmemul_rep_movs_discard, which does nothing, takes all. */
static uint64_t emulated_reps(const struct sim_vcpu *v,
                              const struct args_guest_copy *a, bool nowrite)
{
    uint64_t reps = a->count;

    if (nowrite)
        return reps;
    if (reps > MAX_REPS)
        reps = MAX_REPS;
    if (v->d->monitor.emulate_each_rep ||
        (a->dst_gpa >= a->src_gpa && a->dst_gpa < a->src_gpa + reps))
        return 1;
    return reps;
}

/* Instruction bytes from SET_EMUL_INSN_DATA.  For a software breakpoint they
 * are what the breakpoint hides: the fetch that found it, or the instruction
 * that the program states behind it at the same rip.  For other events Xen has
 * not taken the bytes, and emulates what is left from before: zeros are
 * add %al,(%rax). */
static bool emulate_insn_data(struct sim_vcpu *v, struct insn *in)
{
    struct sim *sim = v->d->sim;
    unsigned char byte = 0;
    uint64_t rip = v->guest->insn_rip, mfn;
    uint8_t access;

    if (in->op == OP_GUEST_TRAP) {
        guest_retire(v, rip);
        in = guest_head(v);
        return in && (!in->a.step.rip || in->a.step.rip == rip);
    }
    if (v->guest->int3)
        return true;
    mfn = p2m_lookup(&v->d->host, v->regs.rax >> PAGE_SHIFT, &access);
    if (mfn != INVALID_MFN) {
        page_read(sim, mfn, v->regs.rax & (PAGE_SIZE - 1), &byte, 1);
        byte += v->regs.rax & 0xff;
        page_write(sim, mfn, v->regs.rax & (PAGE_SIZE - 1), &byte, 1);
    }
    guest_retire(v, rip + 2);
    return false;
}

void emulate_one(struct sim_vcpu *v, uint32_t flags)
{
    struct data_path path = { .p2m = &v->d->host };
    struct insn *in = insn_begin(v);
    enum outcome out;

    if (!in)
        return;
    path.check = v->ve.send_event;
    if (flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA)
        path.data = &v->ve.read;
    else if (flags & VM_EVENT_FLAG_EMULATE_NOWRITE)
        path.nowrite = true;
    else if (flags & VM_EVENT_FLAG_SET_EMUL_INSN_DATA) {
        if (!emulate_insn_data(v, in))
            return;
        path.insn = true;
    }
    in = insn_begin(v);
    if (!in)
        return;
    if (insn_is_memory(in) && in->a.mem.unknown) {
        /* X86EMUL_UNIMPLEMENTED: told, or the guest gets #UD */
        if (!monitor_emul_unimplemented(v))
            guest_inject_exception(v, VECTOR_UD, NO_ERROR_CODE);
        return;
    }
    switch (in->op) {
    case OP_GUEST_FETCH:
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        out = exec_data(v, in, &path);
        break;
    case OP_GUEST_COPY:
        out = exec_copy(v, in, emulated_reps(v, &in->a.copy, path.nowrite),
                        &path);
        break;
    case OP_GUEST_DESC:
        if (!path.nowrite)
            exec_desc_data(v, in);
        out = RAN;
        break;
    case OP_GUEST_STEP:
    case OP_GUEST_READ_CR:
        out = RAN;
        break;
    default:
        exec_action(v, in, true);
        return;
    }
    if (out == RAN)
        guest_retire(v, insn_next(v, in));
}

static void deferred_writes(struct sim_vcpu *v)
{
    bool ok = true;

    if (v->ve.write.cr0) {
        v->ve.write.cr0 = false;
        ok = write_cr0(v, v->ve.write.cr0_value, false);
    }
    if (v->ve.write.cr4) {
        v->ve.write.cr4 = false;
        ok = write_cr4(v, v->ve.write.cr4_value, false) && ok;
    }
    if (v->ve.write.cr3) {
        v->ve.write.cr3 = false;
        ok = write_cr3(v, v->ve.write.cr3_value, false) && ok;
    }
    if (v->ve.write.msr) {
        v->ve.write.msr = false;
        ok = write_msr(v, v->ve.write.msr_index, v->ve.write.msr_value,
                       false) && ok;
    }
    if (!ok)
        guest_inject_exception(v, VECTOR_GP, 0);
}

static void vm_event_resume(struct sim_vcpu *v)
{
    uint32_t flags = v->ve.emulate_flags;

    if (v->ve.set_gprs)
        set_registers(v);
    if (flags) {
        emulate_one(v, flags);
        v->ve.emulate_flags = 0;
    }
    deferred_writes(v);
    v->ve.sync_event = false;
}

static void do_resume(struct sim_vcpu *v)
{
    /* vcpu_ioreq_handle_completion is false then: all that was asked for
     * waits for the resume after this one */
    v->put_off = v->map_lost && v->d->config.type != GUEST_PV;
    v->map_lost = false;
    if (v->put_off)
        return;
    if (v->d->vm_event_state && v->d->config.type != GUEST_PV)
        vm_event_resume(v);
    if (v->inject.pending) {
        if (!v->entry.pending)          /* else it is lost */
            guest_inject(v, &v->inject);
        v->inject.pending = false;
    }
    if (v->entry.pending && v->d->vm_event_state && v->next_interrupt) {
        v->next_interrupt = false;
        monitor_interrupt(v, v->entry.vector, v->entry.type, v->entry_error);
    }
}

bool vcpu_resume(struct sim_vcpu *v)
{
    /* check_wakeup_from_wait: it goes on in its handler, where it slept */
    if (!v->wait_put)
        do_resume(v);
    else if (!ring_continue(v))
        return false;
    if (!vcpu_runnable(v))
        return false;
    guest_enter(v);
    return true;
}
