/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_monitor_op.  Source: xen/common/monitor.c:monitor_domctl,
 * xen/arch/x86/monitor.c:arch_monitor_domctl_event, asm/monitor.h; the
 * typed operations are those of tools/libs/ctrl/xc_monitor.c. */
#include "sim/private.h"

#include <errno.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

static void put_bit(uint32_t *bits, uint32_t bit, bool on)
{
    if (on)
        *bits |= bit;
    else
        *bits &= ~bit;
}

static int toggle(bool *enabled, bool enable)
{
    if (*enabled == enable)
        return -EEXIST;
    *enabled = enable;
    return 0;
}

static int toggle_sync(bool *enabled, bool *sync, bool enable, bool value)
{
    int err = toggle(enabled, enable);

    if (!err)
        *sync = value;
    return err;
}

static int toggle_ctrlreg(struct sim_monitor *m,
                          const struct xen_domctl_monitor_op *mop,
                          bool enable)
{
    uint32_t index = mop->u.mov_to_cr.index;
    uint32_t bit;

    if (index > VM_EVENT_X86_XCR0)
        return -EINVAL;
    if (mop->u.mov_to_cr.pad1 || mop->u.mov_to_cr.pad2)
        return -EINVAL;
    bit = 1u << index;
    if (!!(m->ctrlreg_enabled & bit) == enable)
        return -EEXIST;
    put_bit(&m->ctrlreg_sync, bit, mop->u.mov_to_cr.sync);
    put_bit(&m->ctrlreg_onchange, bit, mop->u.mov_to_cr.onchangeonly);
    put_bit(&m->ctrlreg_enabled, bit, enable);
    m->ctrlreg_mask[index] = enable ? mop->u.mov_to_cr.bitmask : 0;
    return 0;
}

static void put_msr(uint8_t bits[3][0x2000 / 8], uint32_t msr, bool on)
{
    uint8_t *byte = &bits[msr >> 30 == 3 ? 2 : msr >> 30][msr % 0x2000 / 8];
    uint8_t bit = (uint8_t)(1u << msr % 8);

    if (on)
        *byte |= bit;
    else
        *byte &= (uint8_t)~bit;
}

/* "Already so" is answered first: without bitmap nothing is monitored, so
 * disabling is EEXIST where enabling is ENXIO (svm/err-common.log). */
static int toggle_msr(struct sim_domain *d,
                      const struct xen_domctl_monitor_op *mop, bool enable)
{
    struct sim_monitor *m = &d->monitor;
    uint32_t msr = mop->u.mov_to_msr.msr;
    uint32_t range = msr & ~0x1fffu;

    if (monitored_msr(d, msr) == enable)
        return -EEXIST;
    if (!m->msr_bitmap)
        return -ENXIO;
    if (range != 0 && range != 0x40000000 && range != 0xc0000000)
        return -EINVAL;
    /* Xen itself stops here: BUG() in svm.c:svm_intercept_msr
     * (svm/XENPANIC-msrcrash.log). */
    if (enable && range == 0x40000000 && d->config.vendor == VENDOR_AMD)
        return -EIO;
    put_msr(m->msr, msr, enable);
    if (enable)
        put_msr(m->msr_onchange, msr, mop->u.mov_to_msr.onchangeonly);
    return 0;
}

static int toggle_guest_request(struct sim_monitor *m,
                                const struct xen_domctl_monitor_op *mop,
                                bool enable)
{
    int err = toggle_sync(&m->guest_request, &m->guest_request_sync, enable,
                          mop->u.guest_request.sync);

    if (!err)
        m->guest_request_userspace = mop->u.guest_request.allow_userspace;
    return err;
}

static int toggle_event(struct sim_domain *d,
                        const struct xen_domctl_monitor_op *mop, bool enable)
{
    struct sim_monitor *m = &d->monitor;

    switch (mop->event) {
    case XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG:
        return toggle_ctrlreg(m, mop, enable);
    case XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR:
        return toggle_msr(d, mop, enable);
    case XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP:
        return toggle(&m->singlestep, enable);
    case XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT:
        return toggle(&m->breakpoint, enable);
    case XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST:
        return toggle_guest_request(m, mop, enable);
    case XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION:
        return toggle_sync(&m->debug, &m->debug_sync, enable,
                           enable && mop->u.debug_exception.sync);
    case XEN_DOMCTL_MONITOR_EVENT_CPUID:
        return toggle(&m->cpuid, enable);
    case XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS:
        return toggle(&m->descriptor, enable);
    case XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED:
        return toggle(&m->emul_unimplemented, enable);
    case XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT:
        return toggle(&m->pagefault_disabled, enable);
    case XEN_DOMCTL_MONITOR_EVENT_VMEXIT:
        return toggle_sync(&m->vmexit, &m->vmexit_sync, enable,
                           mop->u.vmexit.sync);
    default:
        /* INTERRUPT is announced, but armed by responses alone. */
        return -EOPNOTSUPP;
    }
}

static int monitor_domctl(struct sim_domain *d,
                          struct xen_domctl_monitor_op *mop)
{
    switch (mop->op) {
    case XEN_DOMCTL_MONITOR_OP_ENABLE:
    case XEN_DOMCTL_MONITOR_OP_DISABLE:
        if (mop->event > 31)
            return -EINVAL;
        if (!(monitor_capabilities(d) & (1u << mop->event)))
            return -EOPNOTSUPP;
        return toggle_event(d, mop,
                            mop->op == XEN_DOMCTL_MONITOR_OP_ENABLE);
    case XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES:
        mop->event = monitor_capabilities(d);
        return 0;
    case XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP:
        if (!d->vm_event_state)
            return -EINVAL;
        d->monitor.emulate_each_rep = mop->event != 0;
        return 0;
    case XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS:
        d->monitor.control_register_values = true;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

static int call(struct sim *sim, uint32_t dom,
                struct xen_domctl_monitor_op *mop)
{
    struct sim_domain *d;

    if (!dom)
        return -EPERM;          /* the caller itself */
    d = sim_find(sim, dom);
    return d ? monitor_domctl(d, mop) : -ESRCH;
}

static int call_toggle(struct sim *sim, uint32_t dom, uint32_t event,
                       bool enable)
{
    struct xen_domctl_monitor_op mop = {
        .op = enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                     : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = event,
    };

    return call(sim, dom, &mop);
}

int sim_op_MONITOR_CAPS(struct sim *sim, struct args_u64 *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES,
    };
    int err = call(sim, a->dom, &mop);

    if (!err)
        a->value = mop.event;
    return err;
}

/* xc_monitor_write_ctrlreg: the index is a byte in the end. */
int sim_op_MONITOR_CTRLREG(struct sim *sim, struct args_ctrlreg *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = a->enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                        : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG,
        .u.mov_to_cr.index = (uint8_t)a->index,
        .u.mov_to_cr.sync = a->sync != 0,
        .u.mov_to_cr.onchangeonly = a->onchangeonly != 0,
        .u.mov_to_cr.bitmask = a->bitmask,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_MSR(struct sim *sim, struct args_msr *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = a->enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                        : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR,
        .u.mov_to_msr.msr = a->msr,
        .u.mov_to_msr.onchangeonly = a->onchangeonly != 0,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_GUEST_REQUEST(struct sim *sim, struct args_enable_sync *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = a->enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                        : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST,
        .u.guest_request.sync = a->sync != 0,
        .u.guest_request.allow_userspace = a->enable && a->userspace,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_DEBUG(struct sim *sim, struct args_enable_sync *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = a->enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                        : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION,
        .u.debug_exception.sync = a->sync != 0,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_VMEXIT(struct sim *sim, struct args_enable_sync *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = a->enable ? XEN_DOMCTL_MONITOR_OP_ENABLE
                        : XEN_DOMCTL_MONITOR_OP_DISABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_VMEXIT,
        .u.vmexit.sync = a->sync != 0,
    };

    return call(sim, a->dom, &mop);
}

#define TOGGLE_OP(id, event) \
    int sim_op_MONITOR_##id(struct sim *sim, struct args_enable *a) \
    { \
        return call_toggle(sim, a->dom, XEN_DOMCTL_MONITOR_EVENT_##event, \
                           a->enable != 0); \
    }
TOGGLE_OP(SINGLESTEP, SINGLESTEP)
TOGGLE_OP(BREAKPOINT, SOFTWARE_BREAKPOINT)
TOGGLE_OP(CPUID, CPUID)
TOGGLE_OP(PRIVILEGED_CALL, PRIVILEGED_CALL)
TOGGLE_OP(DESCRIPTOR, DESC_ACCESS)
TOGGLE_OP(EMUL_UNIMPLEMENTED, EMUL_UNIMPLEMENTED)
TOGGLE_OP(PAGEFAULT, INGUEST_PAGEFAULT)

int sim_op_MONITOR_EACH_REP(struct sim *sim, struct args_enable *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP,
        .event = a->enable != 0,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_CONTROL_REGISTERS(struct sim *sim, struct args_dom *a)
{
    struct xen_domctl_monitor_op mop = {
        .op = XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS,
    };

    return call(sim, a->dom, &mop);
}

int sim_op_MONITOR_OP(struct sim *sim, struct args_monitor_op *a)
{
    struct xen_domctl_monitor_op mop = { .op = a->op, .event = a->event };
    int err = call(sim, a->dom, &mop);

    a->out_event = mop.event;
    return err;
}
