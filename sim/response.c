/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Responses from the monitor.  Source: xen/common/vm_event.c:
 * vm_event_resume, xen/arch/x86/vm_event.c.  What they ask for beyond
 * bookkeeping (emulation, registers, put-off writes) is done when the vCPU
 * runs again. */
#include "sim/private.h"

#include <errno.h>
#include <string.h>

/* vm_event_emulate_check */
static void emulate_check(struct sim_vcpu *v, const struct vm_event_st *rsp)
{
    struct vcpu_vm_event *ve = &v->ve;

    if (!(rsp->flags & VM_EVENT_FLAG_EMULATE)) {
        ve->emulate_flags = 0;
        return;
    }
    switch (rsp->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        if (!access_emulate_check(v, rsp))
            return;
        break;
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
        if (!(rsp->flags & VM_EVENT_FLAG_SET_EMUL_INSN_DATA))
            return;
        ve->insn = rsp->data.emul.insn;
        ve->emulate_flags = rsp->flags;
        return;
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        break;
    default:
        return;
    }
    if (rsp->flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA)
        ve->read = rsp->data.emul.read;
    ve->emulate_flags = rsp->flags;
}

/* vm_event_register_write_resume: reason and index are the response's. */
static void deny_write(struct sim_vcpu *v, const struct vm_event_st *rsp)
{
    struct vcpu_vm_event *ve = &v->ve;

    if (rsp->reason == VM_EVENT_REASON_MOV_TO_MSR)
        ve->write.msr = false;
    if (rsp->reason != VM_EVENT_REASON_WRITE_CTRLREG)
        return;
    switch (rsp->u.write_ctrlreg.index) {
    case VM_EVENT_X86_CR0:
        ve->write.cr0 = false;
        break;
    case VM_EVENT_X86_CR3:
        ve->write.cr3 = false;
        break;
    case VM_EVENT_X86_CR4:
        ve->write.cr4 = false;
        break;
    }
}

/* hvm_toggle_singlestep, hvm_fast_singlestep: with the monitor trap flag
 * only; whether single steps are monitored does not matter here. */
static void single_step(struct sim_vcpu *v, const struct vm_event_st *rsp)
{
    const struct args_create *config = &v->d->config;

    if (config->type == GUEST_PV || config->vendor != VENDOR_INTEL)
        return;
    if (rsp->flags & VM_EVENT_FLAG_TOGGLE_SINGLESTEP) {
        v->single_step = !v->single_step;
    } else if (rsp->flags & VM_EVENT_FLAG_FAST_SINGLESTEP) {
        if (rsp->u.fast_singlestep.p2midx >= config->views)
            return;
        v->single_step = true;
        v->fast_step = true;
        v->fast_step_view = rsp->u.fast_singlestep.p2midx;
    }
}

static void respond(struct sim_vcpu *v, const struct vm_event_st *rsp)
{
    emulate_check(v, rsp);
    if (rsp->flags & VM_EVENT_FLAG_DENY)
        deny_write(v, rsp);
    single_step(v, rsp);
    if ((rsp->flags & VM_EVENT_FLAG_ALTERNATE_P2M) && altp2m_active(v->d))
        altp2m_switch_vcpu(v, rsp->altp2m_idx);
    if (rsp->flags & VM_EVENT_FLAG_SET_REGISTERS) {
        v->ve.gprs = rsp->data.regs.x86;
        v->ve.set_gprs = true;
    }
    if (rsp->flags & VM_EVENT_FLAG_GET_NEXT_INTERRUPT)
        v->next_interrupt = true;
    if (rsp->flags & VM_EVENT_FLAG_VCPU_PAUSED)
        vcpu_event_unpause(v);
}

static void consumed(struct sim_domain *d, uint32_t rsp_cons)
{
    vm_event_sring_t *sring = d->ring.page;

    d->ring.rsp_cons = rsp_cons;
    sring->rsp_event = rsp_cons + 1;
    ring_wake(d);
}

/* The response, with what it says is in its data area. */
static void copy_response(struct vm_event_st *rsp,
                          const struct vm_event_st *slot)
{
    const uint32_t with_data = VM_EVENT_FLAG_SET_REGISTERS |
                               VM_EVENT_FLAG_SET_EMUL_READ_DATA |
                               VM_EVENT_FLAG_SET_EMUL_INSN_DATA;

    memcpy(rsp, slot, offsetof(struct vm_event_st, data));
    if (rsp->flags & with_data)
        memcpy(&rsp->data, &slot->data, sizeof(rsp->data));
}

/* Xen goes on until it has caught up with rsp_prod, however far that is,
 * reading the same slots again; once round is enough here, and leaves the
 * indices as Xen does. */
int ring_resume(struct sim_domain *d)
{
    struct sim_ring *r = &d->ring;
    const vm_event_sring_t *sring = r->page;
    struct vm_event_st rsp;
    uint32_t rsp_prod, n;

    if (!r->enabled)
        return -ENODEV;
    rsp_prod = sring->rsp_prod;
    for (n = 0; n < NR_SLOTS && r->rsp_cons != rsp_prod; n++) {
        struct sim_vcpu *v;

        copy_response(&rsp, &sring->ring[r->rsp_cons & (NR_SLOTS - 1)].rsp);
        consumed(d, r->rsp_cons + 1);
        if (rsp.version != VM_EVENT_INTERFACE_VERSION)
            continue;
        v = sim_vcpu(d, rsp.vcpu_id);
        if (v && v->vm_event_pause_count)
            respond(v, &rsp);
    }
    if (r->rsp_cons != rsp_prod)
        consumed(d, rsp_prod);
    return 0;
}
