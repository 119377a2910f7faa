/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live guests: nobody told them what to do, so what they did follows from
 * each event.  What they may not have done needs no record: an access that
 * the model would have reported is an event that the trace lacks. */
#include "traces/import.h"

#include <string.h>

#include <xen/memory.h>

/* The next event of EV's vCPU in the log, when it follows from how EV was
 * answered: true and *next when the response has FLAG and the event REASON. */
static bool answered(const struct import *im, const struct vm_event_st *ev,
                     uint32_t flag, uint32_t reason,
                     struct vm_event_st *next)
{
    bool has_answer = false, has_flag = false;

    for (uint32_t i = im->at + 1; i < im->nr_lines; i++) {
        const char *line = im->lines[i].text;

        if (starts_with(line, "RSPRAW ") && import_event(line + 7, next) &&
            next->vcpu_id == ev->vcpu_id) {
            has_answer = true;
            has_flag = next->flags & flag;
        }
        if (starts_with(line, "RAW ") && import_event(line + 4, next) &&
            next->vcpu_id == ev->vcpu_id &&
            (has_answer || memcmp(next, ev, sizeof(*ev))))
            return has_flag && next->reason == reason;
    }
    return false;
}

static void act_access(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    uint64_t *step = &im->vcpus[ev->vcpu_id].step;
    struct args_guest_mem *a;
    struct vm_event_st next;
    /* A write is stood for by adding nothing: its value is not known, and
     * Xen reports both alike (rw-). */
    enum hv_op op = m->flags & MEM_ACCESS_X ? OP_GUEST_FETCH :
                    m->flags & MEM_ACCESS_W ? OP_GUEST_RMW : OP_GUEST_READ;

    a = &import_begin(im, op)->GUEST_READ;
    a->rip = ev->data.regs.x86.rip;
    a->gla = m->gla;
    a->gpa = m->gfn << 12 | m->offset;
    a->len = 1;
    a->quiet = 1;
    a->unknown = op != OP_GUEST_FETCH &&
        answered(im, ev, VM_EVENT_FLAG_EMULATE,
                 VM_EVENT_REASON_EMUL_UNIMPLEMENTED, &next);
    *step = 0;
    if (answered(im, ev, VM_EVENT_FLAG_TOGGLE_SINGLESTEP,
                 VM_EVENT_REASON_SINGLESTEP, &next))
        *step = a->next = next.data.regs.x86.rip;
}

static void act_register(struct import *im, const struct vm_event_st *ev)
{
    static const uint8_t crs[] = { 0, 3, 4 };
    struct args_guest_reg *a;

    if (ev->reason == VM_EVENT_REASON_MOV_TO_MSR) {
        a = &import_begin(im, OP_GUEST_MSR)->GUEST_MSR;
        a->index = ev->u.mov_to_msr.msr;
        a->value = ev->u.mov_to_msr.new_value;
        a->old = ev->u.mov_to_msr.old_value;
        a->write = 1;
    } else if (ev->u.write_ctrlreg.index <= VM_EVENT_X86_CR4) {
        a = &import_begin(im, OP_GUEST_MOV_CR)->GUEST_MOV_CR;
        a->index = crs[ev->u.write_ctrlreg.index];
        a->value = ev->u.write_ctrlreg.new_value;
        a->old = ev->u.write_ctrlreg.old_value;
    } else {
        a = &import_begin(im, OP_GUEST_XSETBV)->GUEST_XSETBV;
        a->value = ev->u.write_ctrlreg.new_value;
        a->old = ev->u.write_ctrlreg.old_value;
    }
    a->rip = ev->data.regs.x86.rip;
    a->has_old = 1;
}

static void act_trap(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_debug *u = &ev->u.debug_exception;
    struct args_guest_trap *a = &import_begin(im, OP_GUEST_TRAP)->GUEST_TRAP;

    a->rip = ev->data.regs.x86.rip;
    a->vector = ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT ? 3 : 1;
    a->type = u->type;
    a->insn_len = u->insn_length;
    a->pending_dbg = u->pending_dbg;
}

static void act_desc(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_desc_access *u = &ev->u.desc_access;
    struct args_guest_desc *a = &import_begin(im, OP_GUEST_DESC)->GUEST_DESC;

    a->rip = ev->data.regs.x86.rip;
    a->desc = u->descriptor;
    a->write = u->is_write;
    a->info = u->arch.vmx.instr_info;
    a->qual = u->arch.vmx.exit_qualification;
    a->gpa = ~0ull;
}

static void act_cpuid(struct import *im, const struct vm_event_st *ev)
{
    struct args_guest_cpuid *a =
        &import_begin(im, OP_GUEST_CPUID)->GUEST_CPUID;

    a->rip = ev->data.regs.x86.rip;
    a->leaf = ev->u.cpuid.leaf;
    a->subleaf = ev->u.cpuid.subleaf;
}

static void act_exit(struct import *im, const struct vm_event_st *ev)
{
    struct args_guest_reg *a = &import_begin(im, OP_GUEST_EXIT)->GUEST_EXIT;

    a->rip = ev->data.regs.x86.rip;
    a->index = ev->u.vmexit.arch.vmx.reason;
    a->value = ev->u.vmexit.arch.vmx.qualification;
}

static void act_interrupt(struct import *im, const struct vm_event_st *ev)
{
    struct args_guest_trap *a = &import_begin(im, OP_GUEST_TRAP)->GUEST_TRAP;

    a->rip = ev->data.regs.x86.rip;
    a->vector = ev->u.interrupt.x86.vector;
    a->type = ev->u.interrupt.x86.type;
    a->error = ev->u.interrupt.x86.error_code;
}

bool import_action(struct import *im, const struct vm_event_st *ev)
{
    switch (ev->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        act_access(im, ev);
        break;
    case VM_EVENT_REASON_WRITE_CTRLREG:
    case VM_EVENT_REASON_MOV_TO_MSR:
        act_register(im, ev);
        break;
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_DEBUG_EXCEPTION:
        act_trap(im, ev);
        break;
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        act_desc(im, ev);
        break;
    case VM_EVENT_REASON_CPUID:
        act_cpuid(im, ev);
        break;
    case VM_EVENT_REASON_VMEXIT:
        act_exit(im, ev);
        break;
    case VM_EVENT_REASON_INTERRUPT:
        act_interrupt(im, ev);
        break;
    case VM_EVENT_REASON_SINGLESTEP:
        import_begin(im, OP_GUEST_STEP)->GUEST_STEP.next =
            ev->data.regs.x86.rip;
        break;
    case VM_EVENT_REASON_GUEST_REQUEST:
        import_begin(im, OP_GUEST_REQUEST)->GUEST_REQUEST.rip =
            ev->data.regs.x86.rip;
        break;
    default:
        return false;
    }
    return true;
}

/* ---- is there an action? ---- */

/* Where EV says its instruction is: the gfn of rip, through the guest's own
 * page tables; said once for each page. */
static int infer_code(struct import *im, const struct vm_event_st *ev)
{
    struct import_vcpu *v = &im->vcpus[ev->vcpu_id];
    uint64_t page = ev->data.regs.x86.rip >> 12, gfn;
    struct args_guest_walk *a;

    if (ev->reason == VM_EVENT_REASON_SINGLESTEP)
        gfn = ev->u.singlestep.gfn;
    else if (ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT)
        gfn = ev->u.software_breakpoint.gfn;
    else if (ev->reason == VM_EVENT_REASON_DEBUG_EXCEPTION)
        gfn = ev->u.debug_exception.gfn;
    else
        return 0;
    if ((page == v->code_page && gfn == v->code_gfn) ||
        (page == gfn && !v->code_page))
        return 0;
    v->code_page = page;
    v->code_gfn = gfn;
    a = &import_begin(im, OP_GUEST_CODE)->GUEST_CODE;
    a->vcpu = ev->vcpu_id;
    a->gla = page << 12;
    a->gpa = gfn << 12;
    return import_put(im);
}

/* The vCPU still stands at the instruction of its last event: nothing moved
 * it, so the same instruction raises the same event again. */
static bool repeats(const struct import *im, const struct vm_event_st *ev)
{
    const struct import_vcpu *v = &im->vcpus[ev->vcpu_id];

    if (!v->seen || v->moved || v->ev.reason != ev->reason ||
        v->ev.data.regs.x86.rip != ev->data.regs.x86.rip ||
        !(v->ev.flags & VM_EVENT_FLAG_VCPU_PAUSED))
        return false;
    switch (ev->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        return v->ev.u.mem_access.gla == ev->u.mem_access.gla &&
               v->ev.u.mem_access.gfn == ev->u.mem_access.gfn;
    case VM_EVENT_REASON_CPUID:
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_VMEXIT:
        return true;
    default:
        return false;
    }
}

/* A fault of the page walk: the walk, and the instruction it is for. */
static int infer_walk(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    struct args_guest_walk *a = &import_begin(im, OP_GUEST_WALK)->GUEST_WALK;
    int rc;

    a->vcpu = ev->vcpu_id;
    a->gla = m->gla;
    a->gpa = m->gfn << 12 | m->offset;
    a->write = !!(m->flags & MEM_ACCESS_W);
    rc = import_put(im);
    if (rc)
        return rc;
    import_begin(im, OP_GUEST_STEP)->GUEST_STEP.rip = ev->data.regs.x86.rip;
    im->rec.args.GUEST_STEP.vcpu = ev->vcpu_id;
    return import_put(im);
}

int import_infer(struct import *im, const struct vm_event_st *ev)
{
    struct import_vcpu *v = &im->vcpus[ev->vcpu_id % MAX_VCPUS];
    bool again = ev->vcpu_id < MAX_VCPUS && repeats(im, ev);
    int rc = 0;

    if (ev->vcpu_id >= MAX_VCPUS)
        return import_fail(im, "an event of vCPU %u", ev->vcpu_id);
    rc = infer_code(im, ev);
    if (!rc && ev->reason == VM_EVENT_REASON_CPUID)
        /* A repeated one reads its own outputs; they are known now. */
        rc = import_cpuid_policy(im, ev->u.cpuid.leaf, ev->u.cpuid.subleaf,
                                 &ev->data.regs.x86);
    if (rc || again)
        return rc;
    if (ev->reason == VM_EVENT_REASON_SINGLESTEP &&
        v->step == ev->data.regs.x86.rip) {
        v->step = 0;
        return 0;               /* the end of an instruction that faulted */
    }
    if (ev->reason == VM_EVENT_REASON_MEM_ACCESS &&
        ev->u.mem_access.flags & MEM_ACCESS_FAULT_IN_GPT)
        return infer_walk(im, ev);
    if (!import_action(im, ev))
        return 0;
    im->rec.args.GUEST_STEP.vcpu = ev->vcpu_id;
    return import_put(im);
}

/* ---- what calls let pass ---- */

static bool covers(const struct args_access *a, uint64_t gfn)
{
    return gfn >= a->gfn && gfn - a->gfn < a->nr;
}

bool import_allows(uint32_t access, const struct vm_event_st *ev)
{
    static const uint8_t bits[] = {
        [XENMEM_access_r] = MEM_ACCESS_R, [XENMEM_access_x] = MEM_ACCESS_X,
        [XENMEM_access_rw] = MEM_ACCESS_RW,
        [XENMEM_access_rx] = MEM_ACCESS_RX,
        [XENMEM_access_rwx] = MEM_ACCESS_RWX,
    };
    uint8_t allowed = access < sizeof(bits) ? bits[access] : 0;

    return !(ev->u.mem_access.flags & MEM_ACCESS_RWX & ~allowed);
}

static bool lists(const struct hv_span *gfns, uint64_t gfn)
{
    uint64_t v;

    for (uint32_t i = 0; i + 8 <= gfns->len; i += 8) {
        memcpy(&v, (const char *)gfns->p + i, 8);
        if (v == gfn)
            return true;
    }
    return false;
}

/* Can the call in im->rec let EV's instruction go on?  In doubt yes: an
 * action too much runs unseen, one too few is missed. */
static bool releases(const struct import *im, const struct vm_event_st *ev)
{
    const union hv_args *a = &im->rec.args;
    bool access = ev->reason == VM_EVENT_REASON_MEM_ACCESS;
    uint64_t gfn = ev->u.mem_access.gfn;

    switch (im->rec.op) {
    case OP_ACCESS_SET:
        return access && covers(&a->ACCESS_SET, gfn) &&
               (a->ACCESS_SET.access > XENMEM_access_rwx ||
                import_allows(a->ACCESS_SET.access, ev));
    case OP_ALTP2M_SET_ACCESS:
        return access && a->ALTP2M_SET_ACCESS.gfn == gfn;
    case OP_ACCESS_SET_MULTI:
    case OP_ALTP2M_SET_ACCESS_MULTI:
        return access && lists(&a->ACCESS_SET_MULTI.gfn, gfn);
    case OP_ALTP2M_SWITCH:
    case OP_ALTP2M_SET_STATE:
    case OP_ALTP2M_DESTROY:
    case OP_ALTP2M_CHANGE_GFN:
    case OP_MEMORY_POPULATE:
    case OP_MEMORY_DECREASE:
        return access;
    case OP_HVM_INJECT_TRAP:
    case OP_MONITOR_DISABLE:
        return true;
    case OP_MONITOR_CPUID:
        return ev->reason == VM_EVENT_REASON_CPUID;
    case OP_MONITOR_DESCRIPTOR:
        return ev->reason == VM_EVENT_REASON_DESCRIPTOR_ACCESS;
    case OP_MONITOR_BREAKPOINT:
    case OP_MEMORY_WRITE:
        return ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT;
    case OP_MONITOR_VMEXIT:
        return ev->reason == VM_EVENT_REASON_VMEXIT;
    default:
        return false;
    }
}

void import_follow(struct import *im)
{
    for (uint32_t i = 0; i < MAX_VCPUS; i++) {
        struct import_vcpu *v = &im->vcpus[i];

        v->moved |= v->seen && releases(im, &v->ev);
    }
}
