/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/infer.h"

#include <errno.h>
#include <string.h>

#include <xen/memory.h>

static union hv_args *begin(struct infer *inf, enum hv_op op, uint32_t vcpu)
{
    inf->rec.op = op;
    inf->rec.flags = 0;
    inf->rec.result = 0;
    hv_op_init(op, &inf->rec.args);
    inf->rec.args.GUEST_STEP.dom = inf->dom;
    if (hv_ops_table[op].kind == KIND_GUEST)
        inf->rec.args.GUEST_STEP.vcpu = vcpu;
    return &inf->rec.args;
}

static int put(struct infer *inf)
{
    return inf->sink->put(inf->sink, &inf->rec);
}

/* ---- is there an action? ---- */

/* Where EV says its instruction is: the gfn of rip, through the guest's own
 * page tables; said once for each page. */
static int put_code(struct infer *inf, const struct vm_event_st *ev)
{
    struct infer_vcpu *v = &inf->vcpus[ev->vcpu_id];
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
    a = &begin(inf, OP_GUEST_CODE, ev->vcpu_id)->GUEST_CODE;
    a->gla = page << 12;
    a->gpa = gfn << 12;
    return put(inf);
}

/* What CPUID answers here: the registers have it already. */
static int put_policy(struct infer *inf, const struct vm_event_st *ev)
{
    const struct vm_event_regs_x86 *regs = &ev->data.regs.x86;
    struct args_cpuid_policy *a;

    if (ev->reason != VM_EVENT_REASON_CPUID)
        return 0;
    a = &begin(inf, OP_DOMAIN_CPUID, 0)->DOMAIN_CPUID;
    a->leaf = ev->u.cpuid.leaf;
    a->subleaf = ev->u.cpuid.subleaf;
    a->eax = regs->rax;
    a->ebx = regs->rbx;
    a->ecx = regs->rcx;
    a->edx = regs->rdx;
    return put(inf);
}

/* A fault of the page walk: the walk, and the instruction it is for. */
static int put_walk(struct infer *inf, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    struct args_guest_walk *a =
        &begin(inf, OP_GUEST_WALK, ev->vcpu_id)->GUEST_WALK;
    int rc;

    a->gla = m->gla;
    a->gpa = m->gfn << 12 | m->offset;
    a->write = !!(m->flags & MEM_ACCESS_W);
    rc = put(inf);
    if (rc)
        return rc;
    begin(inf, OP_GUEST_STEP, ev->vcpu_id)->GUEST_STEP.rip =
        ev->data.regs.x86.rip;
    return put(inf);
}

/* The vCPU still stands at the instruction of its last event: nothing moved
 * it, so the same instruction raises the same event again. */
static bool repeats(const struct infer_vcpu *v, const struct vm_event_st *ev)
{
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

/* EV is how the memory access of the last event ended: behind it in a single
 * step, or in an emulator that does not know it. */
static bool ends_access(const struct infer_vcpu *v,
                        const struct vm_event_st *ev)
{
    bool access = v->seen &&
                  (v->ev.reason == VM_EVENT_REASON_MEM_ACCESS ||
                   v->ev.reason == VM_EVENT_REASON_EMUL_UNIMPLEMENTED);

    if (ev->reason == VM_EVENT_REASON_SINGLESTEP)
        return access && v->steps && !v->emulated;
    return ev->reason == VM_EVENT_REASON_EMUL_UNIMPLEMENTED && access &&
           v->emulated;
}

static int put_outcome(struct infer *inf, const struct vm_event_st *ev)
{
    struct args_guest_outcome *a =
        &begin(inf, OP_GUEST_OUTCOME, ev->vcpu_id)->GUEST_OUTCOME;

    if (ev->reason == VM_EVENT_REASON_SINGLESTEP)
        a->next = ev->data.regs.x86.rip;
    else
        a->unknown = 1;
    return put(inf);
}

int infer_actions(struct infer *inf, const struct vm_event_st *ev)
{
    const struct infer_vcpu *v = &inf->vcpus[ev->vcpu_id % INFER_VCPUS];
    int rc;

    if (ev->vcpu_id >= INFER_VCPUS)
        return -EINVAL;
    rc = put_code(inf, ev);
    if (!rc)
        rc = put_policy(inf, ev);
    if (rc || repeats(v, ev))
        return rc;
    if (ends_access(v, ev))
        return put_outcome(inf, ev);
    if (ev->reason == VM_EVENT_REASON_MEM_ACCESS &&
        ev->u.mem_access.flags & MEM_ACCESS_FAULT_IN_GPT)
        return put_walk(inf, ev);
    return infer_action(&inf->rec, inf->dom, ev) ? put(inf) : 0;
}

void infer_event(struct infer *inf, const struct vm_event_st *ev, bool passed)
{
    struct infer_vcpu *v = &inf->vcpus[ev->vcpu_id % INFER_VCPUS];

    v->ev = *ev;
    v->seen = true;
    v->moved = passed;
    v->emulated = false;
}

int infer_cause(struct infer *inf, const struct vm_event_st *ev)
{
    struct hv_record run = { .op = OP_GUEST_RUN };
    int rc = infer_actions(inf, ev);

    if (rc)
        return rc;
    run.args.GUEST_RUN.dom = inf->dom;
    run.args.GUEST_RUN.vcpu = ev->vcpu_id;
    infer_event(inf, ev, false);
    return inf->sink->put(inf->sink, &run);
}

int infer_batch(struct hv_sink *sink, const struct args_event *event,
                uint32_t n)
{
    struct hv_record rec = { .op = OP_EVENT };
    int rc = 0;

    for (uint32_t i = 0; !rc && i < n; i++) {
        rec.args.EVENT = event[i];
        rec.args.EVENT.req_prod = event[n - 1].req_prod;
        rc = sink->put(sink, &rec);
    }
    return rc;
}

/* ---- what responses and calls let pass ---- */

/* Does RSP take the vCPU on from the instruction of EV, whatever the
 * permissions are? (xen/common/vm_event.c:vm_event_resume) */
static bool moves(const struct vm_event_st *ev, const struct vm_event_st *rsp)
{
    if (rsp->flags & VM_EVENT_FLAG_SET_REGISTERS &&
        rsp->data.regs.x86.rip != ev->data.regs.x86.rip)
        return true;
    if (rsp->flags & VM_EVENT_FLAG_ALTERNATE_P2M &&
        rsp->altp2m_idx != ev->altp2m_idx)
        return true;
    /* A memory event is emulated only when its answer repeats the access
     * (mem_access.c:p2m_mem_access_emulate_check). */
    return rsp->flags & VM_EVENT_FLAG_EMULATE &&
           (ev->reason != VM_EVENT_REASON_MEM_ACCESS ||
            rsp->u.mem_access.flags & MEM_ACCESS_RWX);
}

void infer_response(struct infer *inf, const struct vm_event_st *rsp)
{
    struct infer_vcpu *v = &inf->vcpus[rsp->vcpu_id % INFER_VCPUS];

    if (rsp->vcpu_id >= INFER_VCPUS)
        return;
    v->moved |= moves(&v->ev, rsp);
    v->emulated |= !!(rsp->flags & VM_EVENT_FLAG_EMULATE);
    v->steps ^= !!(rsp->flags & VM_EVENT_FLAG_TOGGLE_SINGLESTEP);
}

static bool covers(const struct args_access *a, uint64_t gfn)
{
    return gfn >= a->gfn && gfn - a->gfn < a->nr;
}

bool infer_allows(uint32_t access, const struct vm_event_st *ev)
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

/* Can the call REC let EV's instruction go on?  In doubt yes: an action too
 * much runs unseen, one too few is missed. */
static bool releases(const struct hv_record *rec, const struct vm_event_st *ev)
{
    const union hv_args *a = &rec->args;
    bool access = ev->reason == VM_EVENT_REASON_MEM_ACCESS;
    uint64_t gfn = ev->u.mem_access.gfn;

    switch (rec->op) {
    case OP_ACCESS_SET:
        return access && covers(&a->ACCESS_SET, gfn) &&
               (a->ACCESS_SET.access > XENMEM_access_rwx ||
                infer_allows(a->ACCESS_SET.access, ev));
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
        return a->HVM_INJECT_TRAP.vcpu == ev->vcpu_id;
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

void infer_call(struct infer *inf, const struct hv_record *rec)
{
    for (uint32_t i = 0; i < INFER_VCPUS; i++) {
        struct infer_vcpu *v = &inf->vcpus[i];

        v->moved |= v->seen && releases(rec, &v->ev);
    }
}
