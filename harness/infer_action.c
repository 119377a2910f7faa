/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One event and the one operation that raises it. */
#include "harness/infer.h"

#include <xen/memory.h>

static void act_access(struct hv_record *rec, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    struct args_guest_mem *a = &rec->args.GUEST_READ;

    a->gla = m->gla;
    a->gpa = m->gfn << 12 | m->offset;
    a->len = 1;
    a->quiet = 1;
}

/* A write is stood for by adding nothing: its value is not known, and Xen
 * reports both alike (rw-). */
static enum hv_op access_op(const struct vm_event_st *ev)
{
    uint32_t flags = ev->u.mem_access.flags;

    return flags & MEM_ACCESS_X ? OP_GUEST_FETCH :
           flags & MEM_ACCESS_W ? OP_GUEST_RMW : OP_GUEST_READ;
}

static void act_msr(struct hv_record *rec, const struct vm_event_st *ev)
{
    struct args_guest_reg *a = &rec->args.GUEST_MSR;

    a->index = ev->u.mov_to_msr.msr;
    a->value = ev->u.mov_to_msr.new_value;
    a->old = ev->u.mov_to_msr.old_value;
    a->write = 1;
    a->has_old = 1;
}

static enum hv_op register_op(const struct vm_event_st *ev)
{
    return ev->u.write_ctrlreg.index <= VM_EVENT_X86_CR4 ? OP_GUEST_MOV_CR :
           OP_GUEST_XSETBV;
}

static void act_register(struct hv_record *rec, const struct vm_event_st *ev)
{
    static const uint8_t crs[] = { 0, 3, 4 };
    struct args_guest_reg *a = &rec->args.GUEST_MOV_CR;

    if (rec->op == OP_GUEST_MOV_CR)
        a->index = crs[ev->u.write_ctrlreg.index];
    a->value = ev->u.write_ctrlreg.new_value;
    a->old = ev->u.write_ctrlreg.old_value;
    a->has_old = 1;
}

static void act_trap(struct hv_record *rec, const struct vm_event_st *ev)
{
    const struct vm_event_debug *u = &ev->u.debug_exception;
    struct args_guest_trap *a = &rec->args.GUEST_TRAP;

    a->vector = ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT ? 3 : 1;
    a->type = u->type;
    a->insn_len = u->insn_length;
    a->pending_dbg = u->pending_dbg;
}

static void act_interrupt(struct hv_record *rec, const struct vm_event_st *ev)
{
    struct args_guest_trap *a = &rec->args.GUEST_TRAP;

    a->vector = ev->u.interrupt.x86.vector;
    a->type = ev->u.interrupt.x86.type;
    a->error = ev->u.interrupt.x86.error_code;
}

static void act_desc(struct hv_record *rec, const struct vm_event_st *ev)
{
    const struct vm_event_desc_access *u = &ev->u.desc_access;
    struct args_guest_desc *a = &rec->args.GUEST_DESC;

    a->desc = u->descriptor;
    a->write = u->is_write;
    a->info = u->arch.vmx.instr_info;
    a->qual = u->arch.vmx.exit_qualification;
    a->gpa = ~0ull;
}

static void act_cpuid(struct hv_record *rec, const struct vm_event_st *ev)
{
    rec->args.GUEST_CPUID.leaf = ev->u.cpuid.leaf;
    rec->args.GUEST_CPUID.subleaf = ev->u.cpuid.subleaf;
}

static void act_exit(struct hv_record *rec, const struct vm_event_st *ev)
{
    rec->args.GUEST_EXIT.index = ev->u.vmexit.arch.vmx.reason;
    rec->args.GUEST_EXIT.value = ev->u.vmexit.arch.vmx.qualification;
}

/* An instruction that the monitor trap is behind. */
static void act_step(struct hv_record *rec, const struct vm_event_st *ev)
{
    rec->args.GUEST_STEP.rip = 0;
    rec->args.GUEST_STEP.next = ev->data.regs.x86.rip;
}

static const struct {
    enum hv_op op;
    enum hv_op (*choose)(const struct vm_event_st *ev); /* or this one */
    void (*fill)(struct hv_record *rec, const struct vm_event_st *ev);
} actions[] = {
    [VM_EVENT_REASON_MEM_ACCESS] = { 0, access_op, act_access },
    [VM_EVENT_REASON_WRITE_CTRLREG] = { 0, register_op, act_register },
    [VM_EVENT_REASON_MOV_TO_MSR] = { OP_GUEST_MSR, NULL, act_msr },
    [VM_EVENT_REASON_SOFTWARE_BREAKPOINT] = { OP_GUEST_TRAP, NULL, act_trap },
    [VM_EVENT_REASON_DEBUG_EXCEPTION] = { OP_GUEST_TRAP, NULL, act_trap },
    [VM_EVENT_REASON_DESCRIPTOR_ACCESS] = { OP_GUEST_DESC, NULL, act_desc },
    [VM_EVENT_REASON_CPUID] = { OP_GUEST_CPUID, NULL, act_cpuid },
    [VM_EVENT_REASON_VMEXIT] = { OP_GUEST_EXIT, NULL, act_exit },
    [VM_EVENT_REASON_INTERRUPT] = { OP_GUEST_TRAP, NULL, act_interrupt },
    [VM_EVENT_REASON_SINGLESTEP] = { OP_GUEST_STEP, NULL, act_step },
    [VM_EVENT_REASON_GUEST_REQUEST] = { OP_GUEST_REQUEST, NULL, NULL },
};

bool infer_action(struct hv_record *rec, uint32_t dom,
                  const struct vm_event_st *ev)
{
    struct args_guest *head = &rec->args.GUEST_STEP;

    if (ev->reason >= sizeof(actions) / sizeof(*actions) ||
        (!actions[ev->reason].op && !actions[ev->reason].choose))
        return false;
    rec->op = actions[ev->reason].choose ? actions[ev->reason].choose(ev) :
              actions[ev->reason].op;
    rec->flags = 0;
    rec->result = 0;
    hv_op_init(rec->op, &rec->args);
    head->dom = dom;
    head->vcpu = ev->vcpu_id;
    head->rip = ev->data.regs.x86.rip;
    if (actions[ev->reason].fill)
        actions[ev->reason].fill(rec, ev);
    return true;
}
