/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring towards the monitor: slots, requests, who waits for room.
 * Source: xen/common/vm_event.c, xen/common/wait.c; what consumes the
 * responses is response.c. */
#include "sim/private.h"

#include <errno.h>
#include <string.h>

#include <xen/hvm/params.h>

/* vm_event_ring_available.  Responses nobody asked for move rsp_cons past
 * the requests; Xen then counts more room than there is, or, far enough,
 * stops at BUG_ON: here the ring is full from then on. */
static uint32_t slots_free(const struct sim_ring *r)
{
    uint32_t outstanding = r->req_prod_pvt - r->rsp_cons;
    int64_t n = (int32_t)(NR_SLOTS - outstanding);

    n -= (int64_t)r->target_producers + r->foreign_producers;
    return n > 0 ? (uint32_t)n : 0;
}

/* vm_event_wake_queued: they are woken in the order they came, and put
 * their requests when they run. */
static void wake_queued(struct sim_domain *d)
{
    struct sim_ring *r = &d->ring;
    uint32_t n = slots_free(r);
    uint32_t i;

    if (n > r->nr_waiting)
        n = r->nr_waiting;
    for (i = 0; i < n; i++) {
        struct sim_vcpu *v = &d->vcpus[r->waiting[i]];

        v->wait_slot = false;
        v->wait_put = true;
    }
    r->nr_waiting -= n;
    memmove(r->waiting, r->waiting + n, r->nr_waiting * sizeof *r->waiting);
}

/* vm_event_wake_blocked: round robin, from behind the last one woken. */
static void wake_blocked(struct sim_domain *d)
{
    struct sim_ring *r = &d->ring;
    uint32_t n = slots_free(r);
    uint32_t first = r->last_vcpu_wake_up + 1;
    uint32_t i;

    for (i = 0; i < d->config.vcpus && n && r->blocked; i++) {
        uint32_t id = (first + i) % d->config.vcpus;

        if (!d->vcpus[id].ring_blocked)
            continue;
        d->vcpus[id].ring_blocked = false;
        r->blocked--;
        r->last_vcpu_wake_up = id;
        n--;
    }
}

void ring_wake(struct sim_domain *d)
{
    if (d->ring.nr_waiting)
        wake_queued(d);
    else
        wake_blocked(d);
}

/* vm_event_grab_slot */
static int grab_slot(struct sim_domain *d)
{
    struct sim_ring *r = &d->ring;

    if (!r->enabled)
        return -EOPNOTSUPP;
    if (!slots_free(r))
        return -EBUSY;
    if (d->sim->current == d)
        r->target_producers++;
    else
        r->foreign_producers++;
    return 0;
}

/* The request itself stays in V. */
static void sleep_for_slot(struct sim_vcpu *v)
{
    struct sim_ring *r = &v->d->ring;

    v->wait_put = false;
    v->wait_slot = true;
    r->waiting[r->nr_waiting++] = v->id;
}

_Static_assert(sizeof(((struct vm_event_st *)0)->data) ==
               sizeof(struct vm_event_regs_x86), "registers are all data");

/* vm_event_put_request, with a slot in hand, and vm_event_fill_regs.  A vCPU
 * that goes on while there is less room than one slot for each vCPU is
 * blocked. */
static void put_request(struct sim_vcpu *v, struct vm_event_st *req,
                        const struct vm_event_regs_x86 *regs)
{
    struct sim_domain *d = v->d;
    struct sim_ring *r = &d->ring;
    vm_event_sring_t *sring = r->page;
    struct vm_event_st *slot;
    bool own = d->sim->current == d;

    if (!own)
        req->flags |= VM_EVENT_FLAG_FOREIGN;
    req->version = VM_EVENT_INTERFACE_VERSION;
    slot = &sring->ring[r->req_prod_pvt & (NR_SLOTS - 1)].req;
    memcpy(slot, req, offsetof(struct vm_event_st, data));
    slot->data.regs.x86 = *regs;        /* all of .data */
    slot->data.regs.x86.npt_base = 0;   /* no nested guests */
    slot->data.regs.x86.vmtrace_pos = ~0ull;
    sring->req_prod = ++r->req_prod_pvt;

    if (own)
        r->target_producers--;
    else
        r->foreign_producers--;
    ring_wake(d);

    if (own && slots_free(r) < d->config.vcpus && !v->vm_event_pause_count &&
        !v->ring_blocked) {
        v->ring_blocked = true;
        r->blocked++;
    }
    evtchn_raise(d, r->port);
}

/* The part of monitor_traps behind vm_event_claim_slot. */
static void send_event(struct sim_vcpu *v, bool sync, struct vm_event_st *req,
                       const struct vm_event_regs_x86 *regs)
{
    req->vcpu_id = v->id;
    if (sync) {
        req->flags |= VM_EVENT_FLAG_VCPU_PAUSED;
        v->ve.sync_event = true;
        vcpu_event_pause(v);
    }
    if (altp2m_active(v->d)) {
        req->flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
        req->altp2m_idx = v->view;
    }
    put_request(v, req, regs);
}

/* xen/common/monitor.c:monitor_traps.  Only the domain's own vCPUs sleep;
 * one that is asleep already cannot send a second event. */
int monitor_traps(struct sim_vcpu *v, bool sync, struct vm_event_st *req)
{
    struct sim_domain *d = v->d;
    int err = grab_slot(d);

    if (err == -EOPNOTSUPP)
        return 0;
    if (err) {
        if (d->sim->current != d || v->wait_slot || v->wait_put)
            return err;
        /* It sleeps in the middle of the exit's handler: these are its
         * registers when it is woken, too. */
        v->wait_req = *req;
        v->wait_req.data.regs.x86 = v->regs;
        v->wait_sync = sync;
        sleep_for_slot(v);
    } else {
        send_event(v, sync, req, &v->regs);
    }
    return sync;
}

/* vm_event_wait_slot, woken: the slot may be gone again, and then V goes to
 * the end of the queue; or the ring, and then there is no event. */
bool ring_continue(struct sim_vcpu *v)
{
    int err;

    if (!v->wait_put)
        return vcpu_runnable(v);
    err = grab_slot(v->d);
    if (err == -EBUSY) {
        sleep_for_slot(v);
        return false;
    }
    v->wait_put = false;
    if (!err)
        send_event(v, v->wait_sync, &v->wait_req,
                   &v->wait_req.data.regs.x86);
    return vcpu_runnable(v);
}

void vcpu_event_pause(struct sim_vcpu *v)
{
    v->vm_event_pause_count++;
}

void vcpu_event_unpause(struct sim_vcpu *v)
{
    if (v->vm_event_pause_count)
        v->vm_event_pause_count--;
    v->put_off = false;
}

/* prepare_ring_for_helper */
static int map_page(struct sim_domain *d, uint64_t gfn)
{
    struct p2m_entry entry;

    if (gfn >> GFN_BITS)
        return -EINVAL;
    p2m_get(&d->host, gfn, &entry);
    if (!page_is_memory(entry.mfn) ||
        (d->pv_access && !pv_unused(d->sim, entry.mfn)))
        return -EINVAL;
    d->ring.page = page_map(d->sim, entry.mfn);
    if (!d->ring.page)
        return -ENOMEM;
    d->ring.mfn = entry.mfn;
    d->sim->pages[entry.mfn].users++;
    return 0;
}

/* XEN_VM_EVENT_ENABLE: arch_monitor_init_domain, vm_event_enable.  What an
 * attempt that fails has made (MSR bitmap, vCPU state) stays.  The shared
 * indices are the client's to set up. */
int ring_enable(struct sim_domain *d, uint32_t *port)
{
    struct sim_ring *r = &d->ring;
    uint64_t gfn = d->hvm_params[HVM_PARAM_MONITOR_RING_PFN];
    int err;

    /* Xen itself stops here: a PV domain has no HVM parameters, and the
     * pointer to them is NULL (pv/debianstock-XENPANIC-pvcrash-enable.log) */
    if (d->config.type == GUEST_PV && !d->pv_access)
        return -EIO;
    d->monitor.msr_bitmap = true;
    if (r->enabled)
        return -EBUSY;
    if (!gfn)
        return -EOPNOTSUPP;
    d->vm_event_state = true;
    memset(r, 0, sizeof *r);
    err = map_page(d, gfn);
    if (!err) {
        err = evtchn_alloc_xen(d);
        if (err >= 0) {
            r->port = *port = (uint32_t)err;
            r->enabled = true;
            return 0;
        }
        page_put(d->sim, r->mfn);
    }
    memset(r, 0, sizeof *r);
    return err;
}

/* vm_event_cleanup: a dying domain's sleepers are woken first. */
static void wake_all(struct sim_domain *d)
{
    struct sim_ring *r = &d->ring;

    while (r->nr_waiting)
        d->vcpus[r->waiting[--r->nr_waiting]].wait_slot = false;
}

/* XEN_VM_EVENT_DISABLE: vm_event_disable, arch_monitor_cleanup_domain (even
 * if the former fails).  vCPUs paused in an event stay so. */
int ring_disable(struct sim_domain *d)
{
    uint32_t i;

    if (!d->ring.enabled)
        return -EINVAL;
    if (d->dying)
        wake_all(d);
    if (d->ring.nr_waiting) {
        bool each_rep = d->monitor.emulate_each_rep;

        memset(&d->monitor, 0, sizeof d->monitor);
        d->monitor.emulate_each_rep = each_rep; /* d->arch's, not monitor's */
        return -EBUSY;
    }
    evtchn_free_xen(d, d->ring.port);
    for (i = 0; i < d->config.vcpus; i++) {
        d->vcpus[i].ring_blocked = false;
        memset(&d->vcpus[i].ve, 0, sizeof d->vcpus[i].ve);
    }
    d->vm_event_state = false;
    page_put(d->sim, d->ring.mfn);
    memset(&d->ring, 0, sizeof d->ring);
    memset(&d->monitor, 0, sizeof d->monitor);
    return 0;
}
