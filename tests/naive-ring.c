/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring, who waits for it, and the responses.  Rules:
 * xen/common/vm_event.c, xen/common/wait.c, xen/arch/x86/vm_event.c,
 * xen/arch/x86/monitor.c, xen/common/monitor.c:monitor_traps. */
#include "tests/naive.h"

#include <errno.h>
#include <string.h>

#include <xen/vm_event.h>

void naive_ring_on(struct naive *n)
{
    n->ring = true;
    n->req_prod = n->rsp_cons = 0;
    n->last_woken = 0;
    naive_map_lost(n);          /* libxenctrl takes the ring's page away */
}

/* vm_event_disable, arch_monitor_cleanup_domain: refused while a vCPU is on
 * the wait queue, and then too nothing is monitored any more. */
int naive_ring_off(struct naive *n)
{
    if (!n->ring)
        return -EINVAL;
    memset(&n->monitor, 0, sizeof(n->monitor));
    if (n->nr_sleepers)
        return -EBUSY;
    n->ring = n->each_rep = false;
    for (uint32_t i = 0; i < n->vcpus; i++) {
        struct naive_vcpu *v = &n->vcpu[i];

        v->blocked = v->set_registers = v->cr3_put_off = false;
        v->emulate = 0;
    }
    return 0;
}

/* arch_monitor_domctl_op */
int naive_each_rep(struct naive *n, bool on)
{
    if (!n->ring)
        return -EINVAL;
    n->each_rep = on;
    return 0;
}

/* arch_monitor_domctl_event */
int naive_monitor_step(struct naive *n, bool on)
{
    if (n->monitor.single_step == on)
        return -EEXIST;
    n->monitor.single_step = on;
    return 0;
}

int naive_monitor_cr3(struct naive *n, const struct args_ctrlreg *a)
{
    if (n->monitor.cr3 == !!a->enable)
        return -EEXIST;
    n->monitor.cr3 = a->enable;
    n->monitor.cr3_sync = a->sync;
    n->monitor.cr3_onchange = a->onchangeonly;
    n->monitor.cr3_mask = a->bitmask;
    return 0;
}

/* vm_event_ring_available: responses that nobody asked for make more room
 * than there are slots. */
static int32_t slots_free(const struct naive *n)
{
    return (int32_t)(NAIVE_SLOTS - (n->req_prod - n->rsp_cons));
}

/* vm_event_wake: sleepers first, in the order they came; when there are none
 * the blocked, from behind the one woken last. */
static void wake(struct naive *n)
{
    int32_t room = slots_free(n);

    if (n->nr_sleepers) {
        for (; n->nr_sleepers && room > 0; room--) {
            n->vcpu[n->sleeper[0]].asleep = false;
            n->vcpu[n->sleeper[0]].woken = true;
            n->nr_sleepers--;
            memmove(n->sleeper, n->sleeper + 1,
                    n->nr_sleepers * sizeof(*n->sleeper));
        }
        return;
    }
    for (uint32_t i = n->last_woken + 1, j = 0; j < n->vcpus; i++, j++) {
        struct naive_vcpu *v = &n->vcpu[i % n->vcpus];

        if (room <= 0 || !v->blocked)
            continue;
        v->blocked = false;
        n->last_woken = v->id;
        room--;
    }
}

bool naive_stopped(const struct naive_vcpu *v)
{
    return v->paused || v->blocked || v->asleep;
}

/* monitor_traps from where there is a slot, and vm_event_put_request: a vCPU
 * that goes on, with less than one slot left for each vCPU, is blocked. */
static void put(struct naive *n, struct naive_vcpu *v, struct vm_event_st *ev)
{
    ev->version = VM_EVENT_INTERFACE_VERSION;
    ev->vcpu_id = v->id;
    v->paused = v->paused || (ev->flags & VM_EVENT_FLAG_VCPU_PAUSED);
    if (n->altp2m) {
        ev->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
        ev->altp2m_idx = v->view;
    }
    n->slot[n->req_prod++ % NAIVE_SLOTS] = *ev;
    wake(n);
    v->blocked = slots_free(n) < (int32_t)n->vcpus && !v->paused;
}

static void fall_asleep(struct naive *n, struct naive_vcpu *v)
{
    v->asleep = true;
    n->sleeper[n->nr_sleepers++] = v->id;
}

bool naive_send(struct naive *n, struct naive_vcpu *v, struct vm_event_st *ev,
                bool sync)
{
    ev->flags = sync ? VM_EVENT_FLAG_VCPU_PAUSED : 0;
    /* A vCPU sleeps in its exit's handler, where rip has not moved on. */
    ev->data.regs.x86 = v->regs;
    ev->data.regs.x86.vmtrace_pos = ~0ull;
    if (n->ring && slots_free(n) > 0) {
        put(n, v, ev);
    } else if (n->ring) {
        v->waiting = *ev;
        fall_asleep(n, v);
    }
    return naive_stopped(v);
}

/* vm_event_wait_slot: the slot may be gone again, or the ring. */
bool naive_send_again(struct naive *n, struct naive_vcpu *v)
{
    v->woken = false;
    if (n->ring && slots_free(n) > 0) {
        put(n, v, &v->waiting);
    } else if (n->ring) {
        fall_asleep(n, v);
    }
    return naive_stopped(v);
}

/* p2m_mem_access_emulate_check: does what the response says of the access
 * still violate the vCPU's map? */
static bool still_violates(struct naive *n, const struct naive_vcpu *v,
                           const struct vm_event_mem_access *m)
{
    struct naive_entry *e = naive_at(naive_map_of(n, v), m->gfn << 12);

    return e->page < 0 ||
           (m->flags & MEM_ACCESS_RWX & ~naive_permissions(e->access));
}

/* vm_event_emulate_check */
static void emulate_check(struct naive *n, struct naive_vcpu *v,
                          const struct vm_event_st *rsp)
{
    if (!(rsp->flags & VM_EVENT_FLAG_EMULATE)) {
        v->emulate = 0;
    } else if (rsp->reason == VM_EVENT_REASON_MEM_ACCESS &&
               still_violates(n, v, &rsp->u.mem_access)) {
        v->emulate = rsp->flags;
        if (rsp->flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA)
            v->read = rsp->data.emul.read;
    }
}

void naive_go_to_view(struct naive *n, struct naive_vcpu *v, uint32_t view)
{
    if (n->altp2m && view < NAIVE_VIEWS && n->view[view].used)
        v->view = view;
}

/* vm_event_toggle_singlestep */
static void single_step(struct naive_vcpu *v, const struct vm_event_st *rsp)
{
    if (rsp->flags & VM_EVENT_FLAG_TOGGLE_SINGLESTEP) {
        v->single_step = !v->single_step;
    } else if ((rsp->flags & VM_EVENT_FLAG_FAST_SINGLESTEP) &&
               rsp->u.fast_singlestep.p2midx < NAIVE_VIEWS) {
        v->single_step = v->fast_step = true;
        v->fast_step_view = rsp->u.fast_singlestep.p2midx;
    }
}

/* vm_event_resume of one response */
void naive_respond(struct naive *n, const struct vm_event_st *rsp)
{
    struct naive_vcpu *v = &n->vcpu[rsp->vcpu_id % NAIVE_VCPUS];

    n->rsp_cons++;
    wake(n);
    if (rsp->version != VM_EVENT_INTERFACE_VERSION ||
        rsp->vcpu_id >= n->vcpus || !v->paused)
        return;
    emulate_check(n, v, rsp);
    if ((rsp->flags & VM_EVENT_FLAG_DENY) &&
        rsp->reason == VM_EVENT_REASON_WRITE_CTRLREG &&
        rsp->u.write_ctrlreg.index == VM_EVENT_X86_CR3)
        v->cr3_put_off = false;
    single_step(v, rsp);
    if (rsp->flags & VM_EVENT_FLAG_ALTERNATE_P2M)
        naive_go_to_view(n, v, rsp->altp2m_idx);
    if (rsp->flags & VM_EVENT_FLAG_SET_REGISTERS) {
        v->set_registers = true;
        v->to_set = rsp->data.regs.x86;
    }
    if (rsp->flags & VM_EVENT_FLAG_VCPU_PAUSED)
        v->paused = v->put_off = false;
}
