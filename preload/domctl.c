/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domctl.  Source: xen/common/domctl.c:do_domctl, xen/arch/x86/domctl.c,
 * xen/common/monitor.c:monitor_domctl. */
#include "preload/front.h"

#include <errno.h>
#include <string.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "preload/abi.h"
#include "preload/domctl.h"
#include "preload/pass.h"

#include "preload/wire.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
#define DOM0_PAGES  (1u << 19)  /* half of the machine */

#define D struct xen_domctl
static const struct move max_mem[] = {
    MOVE_IN(D, u.max_mem.max_memkb, struct args_u64, value), MOVE_END
};
static const struct move required[] = {
    MOVE_IN(D, u.access_required.access_required, struct args_enable, enable),
    MOVE_END
};
static const struct move debug_op[] = {
    MOVE_IN(D, u.debug_op.op, struct args_debug_control, op),
    MOVE_IN(D, u.debug_op.vcpu, struct args_debug_control, vcpu), MOVE_END
};
static const struct move vm_event[] = {
    MOVE_IN(D, u.vm_event_op.op, struct args_vm_event_op, op),
    MOVE_IN(D, u.vm_event_op.mode, struct args_vm_event_op, mode),
    MOVE_OUT(D, u.vm_event_op.u.version, struct args_vm_event_op, out),
    MOVE_END
};
static const struct move vmtrace[] = {
    MOVE_IN(D, u.vmtrace_op.cmd, struct args_vm_event_op, op), MOVE_END
};
static const struct move vcpu_info[] = {
    MOVE_IN(D, u.getvcpuinfo.vcpu, struct args_vcpu_info, vcpu),
    MOVE_OUT(D, u.getvcpuinfo.online, struct args_vcpu_info, online),
    MOVE_OUT(D, u.getvcpuinfo.blocked, struct args_vcpu_info, blocked),
    MOVE_OUT(D, u.getvcpuinfo.running, struct args_vcpu_info, running),
    MOVE_END
};
static const struct move sharing[] = {
    MOVE_IN(D, u.mem_sharing_op.u.enable, struct args_enable, enable),
    MOVE_END
};

static const struct wire domctls[] = {
    { XEN_DOMCTL_pausedomain, OP_DOMAIN_PAUSE, NULL },
    { XEN_DOMCTL_unpausedomain, OP_DOMAIN_UNPAUSE, NULL },
    { XEN_DOMCTL_max_mem, OP_DOMAIN_MAX_MEM, max_mem },
    { XEN_DOMCTL_debug_op, OP_DOMAIN_DEBUG_CONTROL, debug_op },
    { XEN_DOMCTL_vm_event_op, OP_VM_EVENT_OP, vm_event },
    { XEN_DOMCTL_mem_sharing_op, OP_MEMORY_SHARING_OP, sharing },
    { XEN_DOMCTL_set_access_required, OP_DOMAIN_ACCESS_REQUIRED, required },
    { XEN_DOMCTL_vmtrace_op, OP_DOMAIN_VMTRACE, vmtrace },
};

/* ---- monitor_op: its "op" is turned into "enable" before a row is used */
#define ENABLE(args_t) MOVE_IN(D, u.monitor_op.op, args_t, enable)
#define M(member, args_t, field) \
    MOVE_IN(D, u.monitor_op.u.member, args_t, field)

static const struct move toggle[] = { ENABLE(struct args_enable), MOVE_END };
static const struct move ctrlreg[] = {
    ENABLE(struct args_ctrlreg),
    M(mov_to_cr.index, struct args_ctrlreg, index),
    M(mov_to_cr.sync, struct args_ctrlreg, sync),
    M(mov_to_cr.onchangeonly, struct args_ctrlreg, onchangeonly),
    M(mov_to_cr.bitmask, struct args_ctrlreg, bitmask), MOVE_END
};
static const struct move msr[] = {
    ENABLE(struct args_msr), M(mov_to_msr.msr, struct args_msr, msr),
    M(mov_to_msr.onchangeonly, struct args_msr, onchangeonly), MOVE_END
};
static const struct move request[] = {
    ENABLE(struct args_enable_sync),
    M(guest_request.sync, struct args_enable_sync, sync),
    M(guest_request.allow_userspace, struct args_enable_sync, userspace),
    MOVE_END
};
static const struct move debug[] = {
    ENABLE(struct args_enable_sync),
    M(debug_exception.sync, struct args_enable_sync, sync), MOVE_END
};
static const struct move vmexit[] = {
    ENABLE(struct args_enable_sync),
    M(vmexit.sync, struct args_enable_sync, sync), MOVE_END
};
/* The event is an answer only: libxc leaves there what was on its stack. */
static const struct move caps[] = {
    MOVE_OUT(D, u.monitor_op.event, struct args_u64, value), MOVE_END
};
static const struct move raw[] = {
    MOVE_IN(D, u.monitor_op.op, struct args_monitor_op, op),
    MOVE_IN(D, u.monitor_op.event, struct args_monitor_op, event),
    MOVE_OUT(D, u.monitor_op.event, struct args_monitor_op, out_event),
    MOVE_END
};
#undef M
#undef ENABLE
#undef D

#define E(name) XEN_DOMCTL_MONITOR_EVENT_##name
static const struct wire events[] = {
    { E(WRITE_CTRLREG), OP_MONITOR_CTRLREG, ctrlreg },
    { E(MOV_TO_MSR), OP_MONITOR_MSR, msr },
    { E(SINGLESTEP), OP_MONITOR_SINGLESTEP, toggle },
    { E(SOFTWARE_BREAKPOINT), OP_MONITOR_BREAKPOINT, toggle },
    { E(GUEST_REQUEST), OP_MONITOR_GUEST_REQUEST, request },
    { E(DEBUG_EXCEPTION), OP_MONITOR_DEBUG, debug },
    { E(CPUID), OP_MONITOR_CPUID, toggle },
    { E(PRIVILEGED_CALL), OP_MONITOR_PRIVILEGED_CALL, toggle },
    { E(DESC_ACCESS), OP_MONITOR_DESCRIPTOR, toggle },
    { E(EMUL_UNIMPLEMENTED), OP_MONITOR_EMUL_UNIMPLEMENTED, toggle },
    { E(INGUEST_PAGEFAULT), OP_MONITOR_PAGEFAULT, toggle },
    { E(VMEXIT), OP_MONITOR_VMEXIT, vmexit },
};
#undef E

static int monitor(struct xen_domctl *d, bool *out)
{
    static const struct wire asked = { 0, OP_MONITOR_CAPS, caps },
                             rest = { 0, OP_MONITOR_OP, raw };
    struct xen_domctl_monitor_op *mop = &d->u.monitor_op;
    const struct wire *w = NULL;
    uint32_t op = mop->op;
    int rc;

    if (op == XEN_DOMCTL_MONITOR_OP_ENABLE ||
        op == XEN_DOMCTL_MONITOR_OP_DISABLE)
        w = wire_find(events, ARRAY_SIZE(events), mop->event);
    else if (op == XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES)
        return wire_call(&asked, d->domain, d, out);
    if (!w)
        return wire_call(&rest, d->domain, d, out);
    mop->op = op == XEN_DOMCTL_MONITOR_OP_ENABLE;
    rc = wire_call(w, d->domain, d, out);
    mop->op = op;
    return rc;
}

/* The kernel has answered: the type at CTX. */
static int fill_type(void *ctx, void *args, long rc)
{
    xen_pfn_t type;

    (void)args;
    if (rc < 0 || user_read(&type, (uintptr_t)ctx, sizeof(type)))
        return rc < 0 ? (int)rc : -EFAULT;
    return type == XEN_DOMCTL_PFINFO_XTAB ? -EINVAL : 0;
}

/* A frame is there, or nothing is. */
static int frames_there(uint32_t dom, uint64_t at, const xen_pfn_t *gfns,
                        uint32_t nr)
{
    for (uint64_t i = 0; i < nr; i++) {
        struct args_memory a = { .dom = dom, .gfn = gfns[i] };
        xen_pfn_t type;

        pass_fill(fill_type, (void *)(uintptr_t)(at + i * sizeof(type)));
        type = hv_call(front.hv, OP_MEMORY_PEEK, &a) ?
            XEN_DOMCTL_PFINFO_XTAB : XEN_DOMCTL_PFINFO_NOTAB;
        if (user_write(at + i * sizeof(type), &type, sizeof(type)))
            return -EFAULT;
    }
    return 0;
}

/* No trace of a real Xen has these: xenreel record takes HVM guests. */
static int page_types(uint32_t dom, uint64_t at, xen_pfn_t *gfns, uint32_t nr)
{
    unsigned char types[MAX_PAGE_TYPES] = { 0 };
    struct args_page_types a = {
        .dom = dom, .gfn = { .p = gfns, .len = nr * sizeof(*gfns) },
        .types = { .p = types, .len = nr },
    };
    int rc = hv_call(front.hv, OP_MEMORY_PAGE_TYPES, &a);

    for (uint32_t i = 0; !rc && i < a.types.len; i++) {
        xen_pfn_t type = (xen_pfn_t)types[i] << XEN_DOMCTL_PFINFO_LTAB_SHIFT;

        rc = user_write(at + i * sizeof(type), &type, sizeof(type));
    }
    return rc;
}

/* One frame after the other, to the first that cannot be read.  An HVM guest
 * has no tables to be told of: traces have memory.peek for each. */
static int frame_types(const struct xen_domctl *d)
{
    const struct xen_domctl_getpageframeinfo3 *info = &d->u.getpageframeinfo3;
    const struct front_domain *domain = front_domain(d->domain);
    uint64_t at = (uintptr_t)info->array.p;
    xen_pfn_t gfns[MAX_PAGE_TYPES];
    uint32_t nr = 0;
    int rc;

    if (!domain && (d->domain || front.pass))
        return -ESRCH;
    if (info->num > MAX_PAGE_TYPES)
        return -E2BIG;
    while (nr < info->num && !user_read(&gfns[nr], at + nr * sizeof(*gfns),
                                        sizeof(*gfns)))
        nr++;
    rc = domain && domain->create.type != GUEST_PV ?
        frames_there(d->domain, at, gfns, nr) :
        page_types(d->domain, at, gfns, nr);
    return !rc && nr < info->num ? -EFAULT : rc;
}

/* Dom0's is 0.  The last digits of others are not a small number: XAPI makes
 * ...000000000001 up for a domain that is migrated on its host, and libbdvmi
 * waits for the final one (XenDomainWatcher::getNewDomains). */
void domain_uuid(uint32_t id, xen_domain_handle_t uuid)
{
    static const uint8_t rest[12] = {
        0, 0, 0x40, 0, 0x80, 0, 'x', 'e', 'n', 'r', 'e', 'e',
    };

    memset(uuid, 0, sizeof(xen_domain_handle_t));
    if (!id)
        return;
    uuid[2] = (uint8_t)(id >> 8);
    uuid[3] = (uint8_t)id;
    memcpy(uuid + 4, rest, sizeof(rest));
}

/* getdomaininfo(d) of one that exists, or of dom0. */
int domain_info(uint32_t id, struct xen_domctl_getdomaininfo *info)
{
    struct front_domain *d = front_listed(id);
    struct args_domain_info a = { .dom = id };
    int rc = hv_call(front.hv, OP_DOMAIN_INFO, &a);

    if (rc == -ESRCH && d)
        d->gone = true;
    if (rc)
        return rc;
    memset(info, 0, sizeof(*info));
    info->domain = id;
    info->flags = (a.dying ? XEN_DOMINF_dying : 0) |
        (a.paused ? XEN_DOMINF_paused : 0) |
        (a.shutdown || a.crashed ? XEN_DOMINF_shutdown : 0) |
        (a.blocked ? XEN_DOMINF_blocked : 0) |
        (a.running ? XEN_DOMINF_running : 0) |
        (d && d->create.type != GUEST_PV ?
         XEN_DOMINF_hvm_guest | XEN_DOMINF_hap : 0) |
        (a.reason & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
    info->tot_pages = d ? a.nr_pages : DOM0_PAGES;
    info->max_pages = d ? a.max_kb >> 2 : DOM0_PAGES;
    info->shared_info_frame = ~0ull;
    info->nr_online_vcpus = d ? d->create.vcpus : 1;
    info->max_vcpu_id = info->nr_online_vcpus - 1;
    info->gpaddr_bits = 40;
    domain_uuid(id, info->handle);
    return 0;
}

/* The first domain whose id is not below ID: xc_domain_getinfo counts on it
 * (xen/common/domctl.c, XEN_DOMCTL_getdomaininfo). */
static int info_from(struct xen_domctl *d)
{
    for (uint32_t id = d->domain; id < DOMID_FIRST_RESERVED; id++) {
        int rc = id && !front_listed(id) ? -ESRCH :
            domain_info(id, &d->u.getdomaininfo);

        if (rc == -ESRCH)
            continue;
        d->domain = id;
        return rc;
    }
    return d->domain >= DOMID_FIRST_RESERVED ? -EINVAL : -ESRCH;
}

/* Only a PV domain has one. */
static int address_size(struct xen_domctl *d)
{
    const struct front_domain *front = front_domain(d->domain);

    if (!front && d->domain)
        return -ESRCH;
    if (front && front->create.type != GUEST_PV)
        return -EOPNOTSUPP;
    d->u.address_size.size =
        front && front->create.options & CREATE_PV32 ? 32 : 64;
    return 0;
}

/* tsc_get_info: not emulated, and no time has passed. */
static int tsc_info(struct xen_domctl *d)
{
    if (!front_domain(d->domain))
        return d->domain ? -ESRCH : -EINVAL;
    d->u.tsc_info = (struct xen_domctl_tsc_info){ .gtsc_khz = FRONT_CPU_KHZ };
    return 0;
}

/* All memory is on node 0, and so are all domains. */
static int node_affinity(const struct xen_domctl *d)
{
    if (d->domain && !front_domain(d->domain))
        return -ESRCH;
    return user_bitmap(&d->u.nodeaffinity.nodemap, 1);
}

/* A guest here handles no button. */
static int trigger(const struct xen_domctl *d)
{
    const struct front_domain *front = front_domain(d->domain);
    uint32_t button = d->u.sendtrigger.trigger;

    if (d->u.sendtrigger.vcpu >= (front ? front->create.vcpus : 1) ||
        (!front && d->domain))
        return -ESRCH;
    if (button != XEN_DOMCTL_SENDTRIGGER_POWER &&
        button != XEN_DOMCTL_SENDTRIGGER_SLEEP)
        return hypercall_missing("domctl", d->cmd);
    return front && front->create.type != GUEST_PV ? 0 : -EINVAL;
}

static int dispatch(struct xen_domctl *d, bool *out)
{
    static const struct wire vcpu = { 0, OP_VCPU_INFO, vcpu_info };
    const struct wire *w = wire_find(domctls, ARRAY_SIZE(domctls), d->cmd);

    if (w)
        return wire_call(w, d->domain, d, out);
    switch (d->cmd) {
    case XEN_DOMCTL_destroydomain:
        return life_destroy(d->domain);
    case XEN_DOMCTL_monitor_op:
        return monitor(d, out);
    case XEN_DOMCTL_getdomaininfo:
        *out = true;
        return info_from(d);
    case XEN_DOMCTL_getpageframeinfo3:
        return frame_types(d);
    case XEN_DOMCTL_getvcpuinfo:
        d->u.getvcpuinfo.cpu_time = d->u.getvcpuinfo.cpu = 0;
        return wire_call(&vcpu, d->domain, d, out);
    case XEN_DOMCTL_gethvmcontext:
        *out = true;
        return hvm_context_get(d);
    case XEN_DOMCTL_gethvmcontext_partial:
        *out = true;
        return hvm_context_get_one(d);
    case XEN_DOMCTL_sethvmcontext:
        return hvm_context_set(d);
    case XEN_DOMCTL_getvcpucontext:
        *out = true;
        return vcpu_context_get(d);
    case XEN_DOMCTL_get_address_size:
        *out = true;
        return address_size(d);
    case XEN_DOMCTL_gettscinfo:
        *out = true;
        return tsc_info(d);
    case XEN_DOMCTL_getnodeaffinity:
        return node_affinity(d);
    case XEN_DOMCTL_sendtrigger:
        return trigger(d);
    case XEN_DOMCTL_getvcpuaffinity:
    case XEN_DOMCTL_setvcpuaffinity:
        return vcpu_affinity(d);
    case XEN_DOMCTL_getvcpuextstate:
        *out = true;
        return vcpu_extended_state(d);
    case XEN_DOMCTL_setvcpucontext:
        return vcpu_context_set(d);
    case XEN_DOMCTL_set_cpu_policy:
        return cpu_policy_set(d);
    default:
        return d->domain && !front_domain(d->domain) ? -ESRCH :
            hypercall_missing("domctl", d->cmd);
    }
}

long hypercall_domctl(uint64_t arg)
{
    struct xen_domctl d;
    bool out = false;
    int rc;

    if (user_read(&d, arg, sizeof(d)))
        return -EFAULT;
    if (d.interface_version != abi()->domctl)
        return -EACCES;
    wire_at(&d, arg, sizeof(d));
    rc = dispatch(&d, &out);
    if (rc >= 0 && out && user_write(arg, &d, sizeof(d)))
        return -EFAULT;
    return rc;
}
