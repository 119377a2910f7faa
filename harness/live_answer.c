/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each event is answered.  As tools/misc/xen-access.c answers them, and
 * what vm_event.c and its like want of an answer. */
#include "harness/live_private.h"

#include <errno.h>

#define TRAP_DEBUG      1
#define TRAP_INT3       3
#define NO_ERROR_CODE   (~0u)

/* A trap that is monitored does not reach the guest by itself. */
static int reinject(struct live *l, const struct vm_event_st *ev)
{
    struct args_inject_trap a = {
        .dom = l->dom, .vcpu = ev->vcpu_id, .error = NO_ERROR_CODE,
    };

    if (ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT) {
        a.vector = TRAP_INT3;
        a.type = ev->u.software_breakpoint.type;
        a.insn_len = ev->u.software_breakpoint.insn_length;
    } else {
        a.vector = TRAP_DEBUG;
        a.type = ev->u.debug_exception.type;
        a.insn_len = ev->u.debug_exception.insn_length;
        a.cr2 = ev->data.regs.x86.cr2;
    }
    return hv_call(l->hv, OP_HVM_INJECT_TRAP, &a);
}

/* Into view 0 for one instruction. */
static void step(struct live *l, const struct vm_event_st *ev, bool fast,
                 struct vm_event_st *rsp)
{
    rsp->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
    rsp->altp2m_idx = 0;
    if (fast) {
        /* u is how it comes back; vm_event.c looks at nothing else of it. */
        rsp->flags |= VM_EVENT_FLAG_FAST_SINGLESTEP;
        rsp->u.fast_singlestep.p2midx = l->view;
        l->vcpu[ev->vcpu_id].fast = true;
    } else {
        rsp->flags |= VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
        l->vcpu[ev->vcpu_id].steps = true;
    }
}

static void step_over(struct live *l, const struct vm_event_st *ev,
                      struct vm_event_st *rsp)
{
    /* Somebody else's, or ended with all the others'. */
    if (!l->vcpu[ev->vcpu_id].steps || l->detaching)
        return;
    l->vcpu[ev->vcpu_id].steps = false;
    rsp->flags |= VM_EVENT_FLAG_TOGGLE_SINGLESTEP |
                  VM_EVENT_FLAG_ALTERNATE_P2M;
    rsp->altp2m_idx = l->view;
}

/* Other vCPUs run on: what they have raised until now, they have raised
 * before the page was open. */
static int open_page(struct live *l, uint64_t gfn)
{
    bool others = l->state.create.vcpus > 1;
    int rc = others ? live_pause(l) : 0;

    if (!rc)
        rc = live_open_page(l, gfn);
    if (others && !rc)
        rc = live_unpause(l);
    return rc;
}

static int answer_access(struct live *l, const struct vm_event_st *ev,
                         struct vm_event_st *rsp)
{
    uint64_t gfn = ev->u.mem_access.gfn;
    const struct live_rule *r = live_policy_page(l->config->policy, gfn);
    enum live_answer answer = r ? r->answer : LIVE_ONCE;

    l->vcpu[ev->vcpu_id].gfn = gfn;
    rsp->u.mem_access = ev->u.mem_access;
    if (l->detaching)
        return 0;               /* every page is what it was, by then */
    if ((answer == LIVE_STEP || answer == LIVE_FAST) &&
        ev->altp2m_idx == l->view) {
        step(l, ev, answer == LIVE_FAST, rsp);
    } else if (answer == LIVE_EMULATE) {
        rsp->flags |= VM_EVENT_FLAG_EMULATE;
    } else if (answer != LIVE_CONTINUE) {
        return open_page(l, gfn);
    }
    return 0;
}

/* It has to run on the hardware. */
static int answer_unimplemented(struct live *l, const struct vm_event_st *ev,
                                struct vm_event_st *rsp)
{
    if (l->detaching)
        return 0;
    if (!l->view)
        return open_page(l, l->vcpu[ev->vcpu_id].gfn);
    step(l, ev, false, rsp);
    return 0;
}

/* Xen leaves the instruction to whoever answers; its results are in the
 * registers already. */
static void answer_cpuid(const struct vm_event_st *ev,
                         struct vm_event_st *rsp)
{
    rsp->data.regs.x86 = ev->data.regs.x86;
    rsp->data.regs.x86.rip += ev->u.cpuid.insn_length;
    rsp->flags |= VM_EVENT_FLAG_SET_REGISTERS;
}

int live_answer(struct live *l, const struct vm_event_st *ev)
{
    struct vm_event_st *rsp = &l->answer[l->nr_answers];
    int rc = 0;

    if (ev->vcpu_id >= INFER_VCPUS ||
        l->nr_answers == sizeof(l->answer) / sizeof(*l->answer))
        return -EPROTO;
    l->nr_answers++;
    *rsp = (struct vm_event_st){
        .version = VM_EVENT_INTERFACE_VERSION, .reason = ev->reason,
        .vcpu_id = ev->vcpu_id,
        .flags = ev->flags & VM_EVENT_FLAG_VCPU_PAUSED,
    };
    switch (ev->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        rc = answer_access(l, ev, rsp);
        break;
    case VM_EVENT_REASON_SINGLESTEP:
        step_over(l, ev, rsp);
        break;
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_DEBUG_EXCEPTION:
        rc = reinject(l, ev);
        break;
    case VM_EVENT_REASON_CPUID:
        answer_cpuid(ev, rsp);
        break;
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        rsp->flags |= VM_EVENT_FLAG_EMULATE;
        break;
    case VM_EVENT_REASON_EMUL_UNIMPLEMENTED:
        rc = answer_unimplemented(l, ev, rsp);
        break;
    }
    return rc;
}
