/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack asks of a domain: xen/common/domctl.c,
 * xen/arch/x86/domctl.c, xen/arch/x86/hvm/hvm.c and dm.c. */
#include "sim/private.h"

#include <errno.h>
#include <string.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/sched.h>

#include "harness/interface.h"

#define NO_SHUTDOWN     255     /* SHUTDOWN_CODE_INVALID in 8 bits */
#define MAX_PAUSES      255

/* do_domctl's lookup.  A dying domain is found; dom0 is NULL and 0. */
static int domctl_find(struct sim *sim, uint32_t dom, struct sim_domain **d)
{
    *d = sim_find(sim, dom);
    return *d || !dom ? 0 : -ESRCH;
}

/* domain_pause_by_systemcontroller */
int sim_op_DOMAIN_PAUSE(struct sim *sim, struct args_dom *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    if (rc)
        return rc;
    if (!d)
        return -EINVAL;
    if (d->pause_count >= MAX_PAUSES)
        return -EOVERFLOW;
    d->pause_count++;
    return 0;
}

int sim_op_DOMAIN_UNPAUSE(struct sim *sim, struct args_dom *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    if (rc)
        return rc;
    if (!d || !d->pause_count)
        return -EINVAL;
    d->pause_count--;
    d->created |= !d->pause_count;
    return 0;
}

/* getdomaininfo, as libxenctrl's xc_domain_getinfo hands it on: a crash is
 * not called a shutdown.  No vCPU waits in HLT and none runs while dom0
 * asks. */
int sim_op_DOMAIN_INFO(struct sim *sim, struct args_domain_info *a)
{
    struct sim_domain *d;
    uint32_t dom = a->dom;
    int rc = domctl_find(sim, dom, &d);

    if (rc)                     /* libxenctrl would be told of the next one */
        return dom >= DOMID_FIRST_RESERVED ? -EINVAL : rc;
    memset(a, 0, sizeof(*a));
    a->dom = dom;
    a->reason = NO_SHUTDOWN;
    if (!d) {
        a->running = 1;
        return 0;
    }
    a->paused = !!d->pause_count;
    a->reason = d->shutdown_reason;
    a->crashed = d->shut_down && d->shutdown_reason == SHUTDOWN_crash;
    a->shutdown = d->shut_down && !a->crashed;
    a->dying = d->dying;
    a->nr_pages = d->nr_pages;
    a->max_kb = d->max_pages << (PAGE_SHIFT - 10);
    return 0;
}

/* domain_get_maximum_gpfn; a PV domain that told of no table has 0. */
int sim_op_DOMAIN_MAX_GPFN(struct sim *sim, struct args_u64 *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom == DOMID_SELF ? 0 : a->dom, &d);

    if (!rc)
        a->value = d && d->config.type != GUEST_PV ? d->host.max_mapped : 0;
    return rc;
}

int sim_op_DOMAIN_MAX_MEM(struct sim *sim, struct args_u64 *a)
{
    uint64_t pages = a->value >> (PAGE_SHIFT - 10);
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    if (d)
        d->max_pages = pages < UINT32_MAX ? pages : UINT32_MAX;
    return rc;
}

/* dom0's shutdown would be the machine's. */
int sim_op_DOMAIN_SHUTDOWN(struct sim *sim, struct args_u64 *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    if (rc)
        return rc;
    if (!d)
        return -EPERM;
    sim_shutdown(d, (uint8_t)a->value);
    return 0;
}

/* arch_p2m_set_access_required: views too, but only while altp2m is on. */
int sim_op_DOMAIN_ACCESS_REQUIRED(struct sim *sim, struct args_enable *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    if (rc)
        return rc;
    if (!d)
        return -EPERM;
    d->host.access_required = a->enable;
    if (altp2m_active(d)) {
        for (uint32_t i = 0; i < d->config.views; i++)
            d->views[i].access_required = a->enable;
    }
    return 0;
}

/* XEN_DOMCTL_debug_op, then hvm_debug_op: the vCPU before the operation. */
int sim_op_DOMAIN_DEBUG_CONTROL(struct sim *sim, struct args_debug_control *a)
{
    struct sim_domain *d;
    struct sim_vcpu *v;
    int rc = domctl_find(sim, a->dom, &d);

    if (rc)
        return rc;
    v = d ? sim_vcpu(d, a->vcpu) : NULL;
    if (!v || d->config.type == GUEST_PV)
        return -EINVAL;
    if (a->op != XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON &&
        a->op != XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF)
        return -ENOSYS;
    if (d->config.vendor != VENDOR_INTEL)
        return -EOPNOTSUPP;     /* no monitor trap flag */
    v->single_step = a->op == XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON;
    if (!v->single_step) {
        v->fast_step = false;
        v->fast_step_view = 0;
    }
    return 0;
}

/* do_vmtrace_op: no domain has a trace buffer. */
int sim_op_DOMAIN_VMTRACE(struct sim *sim, struct args_vm_event_op *a)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, a->dom, &d);

    return rc ? rc : -EINVAL;
}

/* What a client has beyond the hypervisor: remarks, to the model. */
int sim_op_CLIENT_DOMAIN(struct sim *sim, struct args_client_domain *a)
{
    return sim_find(sim, a->dom) ? 0 : -ESRCH;
}

int sim_op_CLIENT_VERSION(struct sim *sim, struct args_client_version *a)
{
    (void)sim;
    (void)a;
    return 0;
}

int sim_op_CLIENT_PHASE(struct sim *sim, struct args_client_phase *a)
{
    (void)sim;
    (void)a;
    return 0;
}

int sim_op_CLIENT_HYPERCALL(struct sim *sim, struct args_client_hypercall *a)
{
    (void)sim;
    (void)a;
    return -ENOSYS;
}

int sim_op_DOMAIN_DOMCTL(struct sim *sim, struct args_domctl *a)
{
    struct sim_domain *d;
    int rc;

    if (a->version != DOMCTL_VERSION)
        return -EACCES;
    rc = domctl_find(sim, a->dom, &d);
    return rc ? rc : -ENOSYS;
}

/* The vCPU of a domctl; dom0 has one, which is not modelled further. */
static int domctl_vcpu(struct sim *sim, uint32_t dom, uint32_t vcpu,
                       struct sim_vcpu **v)
{
    struct sim_domain *d;
    int rc = domctl_find(sim, dom, &d);

    *v = d ? sim_vcpu(d, vcpu) : NULL;
    if (rc)
        return rc;
    return d ? (*v ? 0 : -EINVAL) : (vcpu ? -EINVAL : 0);
}

int sim_op_VCPU_INFO(struct sim *sim, struct args_vcpu_info *a)
{
    struct sim_vcpu *v;
    int rc = domctl_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    a->online = 1;
    a->blocked = 0;
    a->running = !v;
    return 0;
}

int sim_op_VCPU_CONTEXT(struct sim *sim, struct args_vcpu_context *a)
{
    struct sim_vcpu *v;
    int rc = domctl_vcpu(sim, a->dom, a->vcpu, &v);

    if (rc)
        return rc;
    if (!v)
        return -EINVAL;         /* the caller's own */
    a->rip = v->regs.rip;
    a->rsp = v->regs.rsp;
    a->rflags = v->regs.rflags;
    a->rax = v->regs.rax;
    a->cr3 = v->regs.cr3;
    return 0;
}

/* hvmop_get_param, hvmop_set_param: the index before the domain. */
static int param_find(struct sim *sim, const struct args_hvm_param *a,
                      struct sim_domain **d)
{
    if (a->param >= HVM_NR_PARAMS)
        return -EINVAL;
    *d = sim_find(sim, a->dom);
    if (!*d)
        return a->dom && a->dom != DOMID_SELF ? -ESRCH : -EINVAL;
    if ((*d)->pv_access && a->param == HVM_PARAM_MONITOR_RING_PFN)
        return 0;               /* where its ring's page is */
    return (*d)->config.type == GUEST_PV ? -EINVAL : 0;
}

/* hvm_allow_get_param and hvm_allow_set_param refuse these to anyone. */
static bool deprecated(uint32_t param)
{
    switch (param) {
    case HVM_PARAM_PAE_ENABLED:
    case HVM_PARAM_DM_DOMAIN:
    case HVM_PARAM_MEMORY_EVENT_CR0:
    case HVM_PARAM_MEMORY_EVENT_CR3:
    case HVM_PARAM_MEMORY_EVENT_CR4:
    case HVM_PARAM_MEMORY_EVENT_INT3:
    case HVM_PARAM_NESTEDHVM:
    case HVM_PARAM_MEMORY_EVENT_SINGLE_STEP:
    case HVM_PARAM_BUFIOREQ_EVTCHN:
    case HVM_PARAM_MEMORY_EVENT_MSR:
        return true;
    default:
        return false;
    }
}

static bool set_only_once(uint32_t param)
{
    switch (param) {
    case HVM_PARAM_VIRIDIAN:
    case HVM_PARAM_IOREQ_PFN:
    case HVM_PARAM_BUFIOREQ_PFN:
    case HVM_PARAM_IOREQ_SERVER_PFN:
    case HVM_PARAM_NR_IOREQ_SERVER_PAGES:
    case HVM_PARAM_ALTP2M:
    case HVM_PARAM_MCA_CAP:
        return true;
    default:
        return false;
    }
}

/* The values that hvm_set_param refuses. */
static bool param_valid(uint32_t param, uint64_t value)
{
    switch (param) {
    case HVM_PARAM_TIMER_MODE:
        return value <= HVMPTM_one_missed_tick_pending;
    case HVM_PARAM_VIRIDIAN:
        return !(value & ~(uint64_t)HVMPV_feature_mask) &&
               value & HVMPV_base_freq;
    case HVM_PARAM_ACPI_S_STATE:
        return !value || value == 3;
    case HVM_PARAM_ALTP2M:
        return value <= XEN_ALTP2M_limited;
    case HVM_PARAM_TRIPLE_FAULT_REASON:
        return value <= SHUTDOWN_MAX;
    case HVM_PARAM_NR_IOREQ_SERVER_PAGES:
        return value && value <= 64;
    case HVM_PARAM_MCA_CAP:
        return !(value & ~(uint64_t)XEN_HVM_MCA_CAP_MASK);
    case HVM_PARAM_X87_FIP_WIDTH:
        return !value || value == 4 || value == 8;
    default:
        return true;
    }
}

int sim_op_HVM_PARAM_GET(struct sim *sim, struct args_hvm_param *a)
{
    struct sim_domain *d;
    int rc = param_find(sim, a, &d);

    if (rc)
        return rc;
    if (deprecated(a->param))
        return -EINVAL;
    a->value = d->hvm_params[a->param];
    return 0;
}

int sim_op_HVM_PARAM_SET(struct sim *sim, struct args_hvm_param *a)
{
    struct sim_domain *d;
    uint64_t old;
    int rc = param_find(sim, a, &d);

    if (rc)
        return rc;
    if (deprecated(a->param))
        return -EINVAL;
    old = d->hvm_params[a->param];
    if (set_only_once(a->param) && old && old != a->value)
        return -EEXIST;
    if (!param_valid(a->param, a->value))
        return -EINVAL;
    d->hvm_params[a->param] = a->value;
    return 0;
}

/* XEN_DMOP_inject_event (dm.c:dm_op, inject_event). */
int sim_op_HVM_INJECT_TRAP(struct sim *sim, struct args_inject_trap *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    struct sim_vcpu *v;

    if (!d)
        return a->dom ? -ESRCH : -EPERM;
    v = sim_vcpu(d, a->vcpu);
    if (d->config.type == GUEST_PV || !v)
        return -EINVAL;
    if (v->inject.pending)
        return -EBUSY;
    v->inject = (struct pending_trap) {
        .pending = true, .vector = a->vector, .type = a->type,
        .error = a->error, .insn_len = a->insn_len, .cr2 = a->cr2,
    };
    return 0;
}
