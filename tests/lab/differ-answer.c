/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor answers, one event at a time. */
#include "tests/lab/differ.h"

#include <string.h>

#define TRIES   3u      /* answers that need not help */
#define FEW_SLOTS       5u      /* unanswered: soon a vCPU waits for a slot */
#define EMULATED        (VM_EVENT_FLAG_EMULATE | \
                         VM_EVENT_FLAG_EMULATE_NOWRITE | \
                         VM_EVENT_FLAG_SET_EMUL_READ_DATA)

/* To be answered before anything else: a trap is put in, and on its way to the
 * handler the CPU must find the guest's tables where the puppet touched them
 * last, since Xen has a software exception executed again that an EPT
 * violation interrupted (hvm/hvm.c:hvm_event_needs_reinjection); a CPUID that
 * is executed again would ask for what the machine's answer says. */
static bool is_urgent(const struct vm_event_st *ev)
{
    return ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT ||
           ev->reason == VM_EVENT_REASON_DEBUG_EXCEPTION ||
           ev->reason == VM_EVENT_REASON_CPUID;
}

static bool is_access(const struct vm_event_st *ev)
{
    return ev->reason == VM_EVENT_REASON_MEM_ACCESS;
}

static struct vm_event_st answer_to(const struct vm_event_st *ev)
{
    struct vm_event_st rsp;

    memset(&rsp, 0, sizeof(rsp));
    rsp.version = VM_EVENT_INTERFACE_VERSION;
    rsp.vcpu_id = ev->vcpu_id;
    rsp.reason = ev->reason;
    rsp.flags = ev->flags & VM_EVENT_FLAG_VCPU_PAUSED;
    rsp.u = ev->u;
    return rsp;
}

static void put(struct make *m, const struct vm_event_st *rsp)
{
    ring_put(&m->ring, hv_ring(m->hv, DOM), rsp);
}

static void put_late(struct make *m)
{
    for (uint32_t i = 0; i < m->nr_late; i++) {
        struct vm_event_st rsp = answer_to(&m->late[i]);

        put(m, &rsp);
    }
    m->nr_late = 0;
}

static void answer_late(struct make *m)
{
    struct args_port port = { .dom = DOM, .port = m->port };

    put_late(m);
    call(m, OP_EVTCHN_NOTIFY, &port);
    wait_for(m, 0);
}

void make_room(struct make *m)
{
    if (m->nr_late >= FEW_SLOTS)
        answer_late(m);
}

/* Xen leaves out what is of another version, and what is for a vCPU that there
 * is none of: no register changes. */
static void put_odd(struct make *m, struct vm_event_st rsp)
{
    rsp.flags |= VM_EVENT_FLAG_SET_REGISTERS;
    if (once_in(m, 2))
        rsp.version++;
    else
        rsp.vcpu_id = VCPUS + below(m, 3);
    put(m, &rsp);
}

/* Nobody else has anything to do now: the vCPU goes on alone. */
static void send(struct make *m, const struct vm_event_st *rsp)
{
    struct args_port port = { .dom = DOM, .port = m->port };
    struct args_dom dom = { .dom = DOM };
    uint32_t n = rsp->vcpu_id;

    put_late(m);
    if (once_in(m, 30))
        put_odd(m, *rsp);
    put(m, rsp);
    m->vcpu[n].waiting = m->vcpu[n].map_lost = false;
    m->vcpu[n].tries++;
    if (once_in(m, 8))
        call(m, OP_MONITOR_RESUME, &dom);
    else
        call(m, OP_EVTCHN_NOTIFY, &port);
    wait_for(m, n);
}

static void grant(struct make *m, const struct vm_event_st *ev,
                  uint32_t access)
{
    struct args_access a = {
        .dom = DOM, .gfn = ev->u.mem_access.gfn, .nr = 1, .access = access,
    };

    if (!m->altp2m || !ev->altp2m_idx || access == XENMEM_access_rwx)
        call(m, OP_ACCESS_SET, &a);
    a.view = ev->altp2m_idx;
    if (m->altp2m && a.view)
        call(m, OP_ALTP2M_SET_ACCESS, &a);
}

static void to_view(struct vm_event_st *rsp, uint32_t view)
{
    rsp->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
    rsp->altp2m_idx = view;
}

/* rip behind the instruction, where its length is known; not where Xen would
 * set it behind the instruction after it (removed-page.scn). */
static bool skip(struct make *m, const struct vm_event_st *ev,
                 struct vm_event_st *rsp)
{
    uint64_t at = ev->data.regs.x86.rip - ((uint64_t)SAFE << 12);
    uint32_t len = at < 4096 ? m->vcpu[ev->vcpu_id].len[at / 16] : 0;

    if (ev->reason == VM_EVENT_REASON_CPUID)
        len = ev->u.cpuid.insn_length;
    if (!len || at % 16 || m->vcpu[ev->vcpu_id].map_lost)
        return false;
    rsp->flags |= VM_EVENT_FLAG_SET_REGISTERS;
    rsp->data.regs.x86 = ev->data.regs.x86;
    rsp->data.regs.x86.rip += len;
    rsp->data.regs.x86.rflags = 0x202;  /* as any guest has: it halts */
    return true;
}

static void read_data(struct make *m, struct vm_event_st *rsp)
{
    rsp->flags |= VM_EVENT_FLAG_SET_EMUL_READ_DATA;
    rsp->data.emul.read.size = below(m, 20);
    for (uint32_t i = 0; i < 20; i++)
        rsp->data.emul.read.data[i] = draw(m);
}

/* Not where the instruction may touch a hole, which is emulated: the trap is
 * the next one's then, and what that is the puppet decides. */
static bool may_step(struct make *m, const struct vm_event_st *ev)
{
    return m->single_step && ev->u.mem_access.gfn >= DATA &&
           ev->u.mem_access.gfn < DATA + STABLE - 1;
}

static void single_step(struct make *m, struct vcpu *v,
                        struct vm_event_st *rsp)
{
    if (v->stepping || !may_step(m, &v->ev))
        return;
    v->stepping = true;
    if (!m->altp2m || !once_in(m, 3)) {
        rsp->flags |= VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
        return;
    }
    rsp->flags |= VM_EVENT_FLAG_FAST_SINGLESTEP;
    rsp->u.fast_singlestep.p2midx = any_view(m);
}

/* An access is answered so that it goes through, or not. */
static void answer_access(struct make *m, struct vcpu *v,
                          struct vm_event_st *rsp)
{
    switch (below(m, v->stepping ? 5 : 10)) {
    case 0:
    case 1:
        grant(m, &v->ev, once_in(m, 3) ? any_access(m) : XENMEM_access_rwx);
        break;
    case 2:
        if (m->altp2m)
            to_view(rsp, any_view(m));
        break;
    case 3:
    case 4:
        if (m->altp2m && !once_in(m, 3))
            to_view(rsp, any_view(m));
        else
            grant(m, &v->ev, XENMEM_access_rwx);
        single_step(m, v, rsp);
        break;
    case 5:
        rsp->flags |= VM_EVENT_FLAG_EMULATE;
        break;
    case 6:
        rsp->flags |= VM_EVENT_FLAG_EMULATE | VM_EVENT_FLAG_EMULATE_NOWRITE;
        break;
    case 7:
        rsp->flags |= VM_EVENT_FLAG_EMULATE;
        read_data(m, rsp);
        break;
    case 8:
        skip(m, &v->ev, rsp);
        break;
    default:
        if (once_in(m, 3))
            rsp->flags |= VM_EVENT_FLAG_DENY;
    }
}

static void inject(struct make *m, const struct vm_event_st *ev)
{
    bool debug = ev->reason == VM_EVENT_REASON_DEBUG_EXCEPTION;
    struct args_inject_trap a = {
        .dom = DOM, .vcpu = ev->vcpu_id, .vector = debug ? 1 : 3,
        .type = debug ? ev->u.debug_exception.type :
                ev->u.software_breakpoint.type,
        .insn_len = 1, .error = ~0u,
    };

    call(m, OP_HVM_INJECT_TRAP, &a);
}

/* A write that is put off is dropped by an answer of the same register; in
 * the next resume but one (map_lost) it would be behind instructions that
 * follow. */
static void answer_register(struct make *m, const struct vcpu *v,
                            struct vm_event_st *rsp)
{
    if (v->map_lost || once_in(m, 3))
        rsp->flags |= VM_EVENT_FLAG_DENY;
    if (v->map_lost || !once_in(m, 4))
        return;
    if (rsp->reason == VM_EVENT_REASON_MOV_TO_MSR)
        rsp->u.mov_to_msr.msr ^= 1;
    else
        rsp->u.write_ctrlreg.index ^= 3;
}

/* Other events; those whose handler leaves rip alone come again until it is
 * moved. */
static void answer_other(struct make *m, struct vcpu *v,
                         struct vm_event_st *rsp)
{
    switch (v->ev.reason) {
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_DEBUG_EXCEPTION:
        inject(m, &v->ev);
        return;
    case VM_EVENT_REASON_CPUID:
        skip(m, &v->ev, rsp);
        break;
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        if (!once_in(m, 4) || v->tries > TRIES)
            rsp->flags |= VM_EVENT_FLAG_EMULATE;
        break;
    case VM_EVENT_REASON_SINGLESTEP:
        rsp->flags |= VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
        v->stepping = false;
        break;
    case VM_EVENT_REASON_WRITE_CTRLREG:
    case VM_EVENT_REASON_MOV_TO_MSR:
        answer_register(m, v, rsp);
        break;
    default:
        if (once_in(m, 3))
            rsp->flags |= VM_EVENT_FLAG_DENY;
    }
    if (m->altp2m && once_in(m, 6))
        to_view(rsp, any_view(m));
}

/* A step at code that may not be executed: what follows it stands there
 * too, so that only a right lets the vCPU go on. */
static bool is_code(const struct vm_event_st *ev)
{
    return ev->u.mem_access.gfn >= CODE &&
           ev->u.mem_access.gfn < CODE + NR_CODE;
}

static void answer(struct make *m, struct vcpu *v, bool surely)
{
    struct vm_event_st rsp;

    make_room(m);
    if (!v->waiting)
        return;
    rsp = answer_to(&v->ev);
    if (!is_access(&v->ev)) {
        answer_other(m, v, &rsp);
    } else if (surely || v->tries > TRIES || is_code(&v->ev)) {
        grant(m, &v->ev, XENMEM_access_rwx);
        if (m->altp2m && v->tries > TRIES)
            to_view(&rsp, 0);
    } else {
        answer_access(m, v, &rsp);
    }
    /* It would be done to the next instruction (removed-page.scn), which may
     * be one of the puppet's own. */
    if (v->map_lost)
        rsp.flags &= ~EMULATED;
    send(m, &rsp);
}

void answer_urgent(struct make *m)
{
    for (uint32_t n = 0; n < VCPUS; n++) {
        struct vcpu *v = &m->vcpu[n];

        if (v->waiting && is_urgent(&v->ev))
            answer(m, v, false);
    }
}

void do_answer(struct make *m)
{
    uint32_t n = below(m, VCPUS);

    if (!m->vcpu[n].waiting)
        n = (n + 1) % VCPUS;
    if (m->vcpu[n].waiting)
        answer(m, &m->vcpu[n], false);
    else
        do_program(m);
}

/* Events that had no room on the ring come when others are answered. */
void drain(struct make *m)
{
    bool more = true;

    while (more) {
        more = m->nr_late != 0;
        if (more)
            answer_late(m);
        for (uint32_t n = 0; n < VCPUS; n++) {
            more |= m->vcpu[n].waiting;
            while (m->vcpu[n].waiting)
                answer(m, &m->vcpu[n], true);
        }
    }
}
