/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who runs: one instruction of one vCPU at a time, in turn or, with a seed,
 * drawn at random.  Time passes in wait alone (docs/ARCHITECTURE.md). */
#include "sim/guest.h"

#include <errno.h>
#include <string.h>

#include "harness/random.h"

#define DEFAULT_SLICE   64

static bool has_to_resume(const struct sim_vcpu *v)
{
    if (v->wait_put || v->entry.pending)
        return true;
    /* In its HLT it is not scheduled for what was put off. */
    if (v->put_off)
        return false;
    return v->inject.pending ||
           (v->d->vm_event_state &&
            (v->ve.set_gprs || v->ve.emulate_flags ||
             v->ve.write.cr0 || v->ve.write.cr3 || v->ve.write.cr4 ||
             v->ve.write.msr));
}

static bool can_run(const struct sim_vcpu *v)
{
    return vcpu_runnable(v) && !v->stuck &&
           (v->guest->count || has_to_resume(v));
}

/* The next vCPU to run, or NULL: the first after the last one that ran, and
 * with a seed any of them. */
static struct sim_vcpu *pick(struct sim *sim, struct sim_domain *d)
{
    uint32_t n = d->config.vcpus, skip = 0, ready = 0;

    if (sim->config.seed) {
        for (uint32_t i = 0; i < n; i++)
            ready += can_run(&d->vcpus[i]);
        skip = ready ? random_draw(&sim->random) % ready : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = d->next_vcpu + i;
        struct sim_vcpu *v = &d->vcpus[id < n ? id : id - n];

        if (can_run(v) && !skip--) {
            d->next_vcpu = v->id + 1 < n ? v->id + 1 : 0;
            return v;
        }
    }
    return NULL;
}

static void run_one(struct sim *sim, struct sim_vcpu *v)
{
    struct insn *in;
    enum outcome out = PAUSED;

    sim->current = v->d;
    sim->booted = true;
    if (vcpu_resume(v)) {
        in = guest_head(v);
        out = in ? exec_insn(v, in) : RAN;
        if (vcpu_runnable(v))
            guest_enter(v);
    }
    sim->current = NULL;
    /* It could run and yet got nowhere: not again in this wait. */
    if (out == PAUSED && vcpu_runnable(v))
        v->stuck = true;
}

static void unstick(struct sim_domain *d)
{
    for (uint32_t i = 0; i < d->config.vcpus; i++)
        d->vcpus[i].stuck = false;
}

/* Up to LIMIT instructions, 0 for no limit; how many requests came. */
static uint32_t run(struct sim *sim, struct sim_domain *d, uint32_t limit)
{
    uint32_t slice = sim->config.slice ? sim->config.slice : DEFAULT_SLICE;
    uint32_t before = d->ring.req_prod_pvt;
    struct sim_vcpu *v;

    unstick(d);
    while ((v = pick(sim, d))) {
        run_one(sim, v);
        if (d->ring.req_prod_pvt != before && !slice--)
            break;
        if (limit && !--limit)
            break;
    }
    return d->ring.req_prod_pvt - before;
}

int sim_wait(struct hv *hv, uint32_t dom)
{
    struct sim *sim = (struct sim *)hv;
    struct sim_domain *d = sim_find(sim, dom);

    if (!d)
        return -ESRCH;
    run(sim, d, 0);
    return d->ring.enabled && d->ring.port < NR_PORTS &&
           device_port_came(&d->ports[d->ring.port].device);
}

int sim_op_CLIENT_WAIT(struct sim *sim, struct args_wait *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);

    if (!d)
        return -ESRCH;
    a->value = run(sim, d, a->limit);
    return 0;
}

/* What a live guest did in an order of its own, one vCPU after the other. */
int sim_op_GUEST_RUN(struct sim *sim, struct args_guest_run *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    struct sim_vcpu *v = d ? sim_vcpu(d, a->vcpu) : NULL;

    if (!v)
        return d ? -EINVAL : -ESRCH;
    unstick(d);
    while (can_run(v))
        run_one(sim, v);
    return 0;
}

/* The register that EV wrote is where the model has gone on to already. */
static uint64_t *written(struct sim_vcpu *v, const struct vm_event_st *ev)
{
    if (ev->reason == VM_EVENT_REASON_MOV_TO_MSR)
        return msr_register(v, ev->u.mov_to_msr.msr, false);
    if (ev->reason != VM_EVENT_REASON_WRITE_CTRLREG)
        return NULL;
    switch (ev->u.write_ctrlreg.index) {
    case VM_EVENT_X86_CR0:
        return &v->regs.cr0;
    case VM_EVENT_X86_CR3:
        return &v->regs.cr3;
    case VM_EVENT_X86_CR4:
        return &v->regs.cr4;
    default:
        return NULL;
    }
}

int sim_observe(struct hv *hv, uint32_t dom, const struct vm_event_st *ev)
{
    struct sim_domain *d = sim_find((struct sim *)hv, dom);
    struct sim_vcpu *v = d ? sim_vcpu(d, ev->vcpu_id) : NULL;
    uint64_t rip, *reg, value = 0;

    if (!v)
        return -ESRCH;
    if (!v->vm_event_pause_count || !(ev->flags & VM_EVENT_FLAG_VCPU_PAUSED))
        return 0;               /* the guest has moved on since */
    rip = v->regs.rip;
    reg = written(v, ev);
    if (reg)
        value = *reg;
    v->regs = ev->data.regs.x86;
    v->regs.rip = rip;
    if (reg)
        *reg = value;
    if (reg == &v->regs.cr0)
        update_lma(v);
    return 0;
}
