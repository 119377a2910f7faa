/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hvm_op and dm_op.  Source: xen/arch/x86/hvm/hvm.c:do_hvm_op, do_altp2m_op,
 * xen/arch/x86/hvm/dm.c:dm_op. */
#include "preload/front.h"

#include <errno.h>
#include <stdlib.h>

#include <xen/xen.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>

#include "preload/abi.h"
#include "preload/pass.h"
#include "preload/wire.h"

#define MAX_LIST    (1u << 20)  /* gfns in one list */

#define A struct xen_hvm_altp2m_op
static const struct move state_in[] = {
    MOVE_IN(A, u.domain_state.state, struct args_u64, value), MOVE_END
};
static const struct move state_out[] = {
    MOVE_OUT(A, u.domain_state.state, struct args_u64, value), MOVE_END
};
static const struct move notify[] = {
    MOVE_IN(A, u.enable_notify.vcpu_id, struct args_vcpu_ve, vcpu),
    MOVE_IN(A, u.enable_notify.gfn, struct args_vcpu_ve, gfn), MOVE_END
};
static const struct move no_notify[] = {
    MOVE_IN(A, u.disable_notify.vcpu_id, struct args_vcpu_ve, vcpu), MOVE_END
};
static const struct move create[] = {
    MOVE_ACCESS(A, u.view.hvmmem_default_access, struct args_view, access),
    MOVE_OUT(A, u.view.view, struct args_view, view), MOVE_END
};
static const struct move view[] = {
    MOVE_IN(A, u.view.view, struct args_view, view), MOVE_END
};
static const struct move access_in[] = {
    MOVE_IN(A, u.mem_access.view, struct args_access, view),
    MOVE_ACCESS(A, u.mem_access.access, struct args_access, access),
    MOVE_IN(A, u.mem_access.gfn, struct args_access, gfn), MOVE_END
};
static const struct move access_out[] = {
    MOVE_IN(A, u.mem_access.view, struct args_access, view),
    MOVE_IN(A, u.mem_access.gfn, struct args_access, gfn),
    MOVE_OUT(A, u.mem_access.access, struct args_access, access), MOVE_END
};
static const struct move change[] = {
    MOVE_IN(A, u.change_gfn.view, struct args_change_gfn, view),
    MOVE_IN(A, u.change_gfn.old_gfn, struct args_change_gfn, old_gfn),
    MOVE_IN(A, u.change_gfn.new_gfn, struct args_change_gfn, new_gfn),
    MOVE_END
};
static const struct move sve_in[] = {
    MOVE_IN(A, u.suppress_ve.view, struct args_suppress_ve, view),
    MOVE_IN(A, u.suppress_ve.suppress_ve, struct args_suppress_ve, sve),
    MOVE_IN(A, u.suppress_ve.gfn, struct args_suppress_ve, gfn), MOVE_END
};
static const struct move sve_out[] = {
    MOVE_IN(A, u.suppress_ve.view, struct args_suppress_ve, view),
    MOVE_IN(A, u.suppress_ve.gfn, struct args_suppress_ve, gfn),
    MOVE_OUT(A, u.suppress_ve.suppress_ve, struct args_suppress_ve, sve),
    MOVE_END
};
static const struct move sve_multi[] = {
    MOVE_IN(A, u.suppress_ve_multi.view, struct args_suppress_ve, view),
    MOVE_IN(A, u.suppress_ve_multi.suppress_ve, struct args_suppress_ve, sve),
    MOVE_IN(A, u.suppress_ve_multi.first_gfn, struct args_suppress_ve, gfn),
    MOVE_IN(A, u.suppress_ve_multi.last_gfn, struct args_suppress_ve, last),
    MOVE_OUT(A, u.suppress_ve_multi.first_error, struct args_suppress_ve, err),
    MOVE_OUT(A, u.suppress_ve_multi.first_error_gfn, struct args_suppress_ve,
             err_gfn), MOVE_END
};
static const struct move p2m_idx[] = {
    MOVE_IN(A, u.get_vcpu_p2m_idx.vcpu_id, struct args_vcpu_view, vcpu),
    MOVE_OUT(A, u.get_vcpu_p2m_idx.altp2m_idx, struct args_vcpu_view, view),
    MOVE_END
};
static const struct move visibility[] = {
    MOVE_IN(A, u.set_visibility.altp2m_idx, struct args_view, view),
    MOVE_IN(A, u.set_visibility.visible, struct args_view, visible), MOVE_END
};
#undef A

static const struct wire altp2m_ops[] = {
    { HVMOP_altp2m_get_domain_state, OP_ALTP2M_GET_STATE, state_out },
    { HVMOP_altp2m_set_domain_state, OP_ALTP2M_SET_STATE, state_in },
    { HVMOP_altp2m_vcpu_enable_notify, OP_ALTP2M_ENABLE_NOTIFY, notify },
    { HVMOP_altp2m_vcpu_disable_notify, OP_ALTP2M_DISABLE_NOTIFY, no_notify },
    { HVMOP_altp2m_create_p2m, OP_ALTP2M_CREATE, create },
    { HVMOP_altp2m_destroy_p2m, OP_ALTP2M_DESTROY, view },
    { HVMOP_altp2m_switch_p2m, OP_ALTP2M_SWITCH, view },
    { HVMOP_altp2m_set_mem_access, OP_ALTP2M_SET_ACCESS, access_in },
    { HVMOP_altp2m_get_mem_access, OP_ALTP2M_GET_ACCESS, access_out },
    { HVMOP_altp2m_change_gfn, OP_ALTP2M_CHANGE_GFN, change },
    { HVMOP_altp2m_set_suppress_ve, OP_ALTP2M_SET_SVE, sve_in },
    { HVMOP_altp2m_get_suppress_ve, OP_ALTP2M_GET_SVE, sve_out },
    { HVMOP_altp2m_set_suppress_ve_multi, OP_ALTP2M_SET_SVE_MULTI, sve_multi },
    { HVMOP_altp2m_get_p2m_idx, OP_ALTP2M_GET_VCPU_VIEW, p2m_idx },
    { HVMOP_altp2m_set_visibility, OP_ALTP2M_SET_VISIBILITY, visibility },
};

int access_lists(enum hv_op op, uint32_t dom, uint32_t view_idx, uint32_t nr,
                 uint64_t gfns, uint64_t accesses)
{
    struct args_access_multi a = { .dom = dom, .view = view_idx };
    uint8_t *access;
    int rc = -ENOMEM;

    if (nr > MAX_LIST)
        return -E2BIG;
    a.gfn.len = nr * sizeof(uint64_t);
    a.access.len = nr;
    a.gfn.p = malloc(a.gfn.len + 1);
    a.access.p = malloc(a.access.len + 1);
    if (a.gfn.p && a.access.p) {
        rc = user_read(a.gfn.p, gfns, a.gfn.len);
        if (!rc)
            rc = user_read(a.access.p, accesses, a.access.len);
        access = a.access.p;
        for (uint32_t i = 0; !rc && i < nr; i++)
            access[i] = (uint8_t)abi_access(access[i]);
        if (!rc)
            rc = hv_call(front.hv, op, &a);
    }
    free(a.gfn.p);
    free(a.access.p);
    return rc;
}

static int altp2m(uint64_t arg)
{
    const struct xen_hvm_altp2m_set_mem_access_multi *m;
    struct xen_hvm_altp2m_op op;
    const struct wire *w;
    bool out = false;
    int rc;

    if (user_read(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.pad1 || op.pad2 || op.version != HVMOP_ALTP2M_INTERFACE_VERSION)
        return -EINVAL;
    if (op.cmd == HVMOP_altp2m_set_mem_access_multi) {
        m = &op.u.set_mem_access_multi;
        return access_lists(OP_ALTP2M_SET_ACCESS_MULTI, op.domain, m->view,
                            m->nr, (uintptr_t)m->pfn_list.p,
                            (uintptr_t)m->access_list.p);
    }
    w = wire_find(altp2m_ops, sizeof(altp2m_ops) / sizeof(*altp2m_ops),
                  op.cmd);
    if (!w)
        return -EOPNOTSUPP;
    wire_at(&op, arg, sizeof(op));
    rc = wire_call(w, op.domain, &op, &out);
    if (!rc && out && user_write(arg, &op, sizeof(op)))
        return -EFAULT;
    return rc;
}

/* The kernel has answered: the value at CTX. */
static int fill_param(void *ctx, void *args, long rc)
{
    struct args_hvm_param *a = args;
    struct xen_hvm_param x;

    if (!rc && !user_read(&x, (uintptr_t)ctx, sizeof(x)))
        a->value = x.value;
    return (int)rc;
}

static int param(uint64_t arg, enum hv_op op)
{
    struct xen_hvm_param x;
    struct args_hvm_param a;
    int rc;

    if (user_read(&x, arg, sizeof(x)))
        return -EFAULT;
    a = (struct args_hvm_param){ .dom = x.domid, .param = x.index,
                                 .value = x.value };
    pass_fill(fill_param, (void *)(uintptr_t)arg);
    rc = hv_call(front.hv, op, &a);
    if (rc || op == OP_HVM_PARAM_SET)
        return rc;
    x.value = a.value;
    return user_write(arg, &x, sizeof(x));
}

long hypercall_hvm(uint64_t op, uint64_t arg)
{
    switch (op) {
    case HVMOP_set_param:
        return param(arg, OP_HVM_PARAM_SET);
    case HVMOP_get_param:
        return param(arg, OP_HVM_PARAM_GET);
    case HVMOP_guest_request_vm_event:
        return arg ? -EINVAL : 0;       /* dom0 is not monitored */
    case HVMOP_altp2m:
        return altp2m(arg);
    default:
        return hypercall_missing("hvm_op", op);
    }
}

#define D struct xen_dm_op
static const struct move inject[] = {
    MOVE_IN(D, u.inject_event.vcpuid, struct args_inject_trap, vcpu),
    MOVE_IN(D, u.inject_event.vector, struct args_inject_trap, vector),
    MOVE_IN(D, u.inject_event.type, struct args_inject_trap, type),
    MOVE_IN(D, u.inject_event.insn_len, struct args_inject_trap, insn_len),
    MOVE_IN(D, u.inject_event.error_code, struct args_inject_trap, error),
    MOVE_IN(D, u.inject_event.cr2, struct args_inject_trap, cr2), MOVE_END
};
static const struct move shutdown[] = {
    MOVE_IN(D, u.remote_shutdown.reason, struct args_u64, value), MOVE_END
};
#undef D

/* The ones Xen knows, with the size of each one's structure. */
#define DM(number, name) \
    [number] = sizeof(((struct xen_dm_op *)0)->u.name)
static const uint8_t dm_sizes[] = {
    DM(XEN_DMOP_create_ioreq_server, create_ioreq_server),
    DM(XEN_DMOP_get_ioreq_server_info, get_ioreq_server_info),
    DM(XEN_DMOP_map_io_range_to_ioreq_server, map_io_range_to_ioreq_server),
    DM(XEN_DMOP_unmap_io_range_from_ioreq_server,
       unmap_io_range_from_ioreq_server),
    DM(XEN_DMOP_set_ioreq_server_state, set_ioreq_server_state),
    DM(XEN_DMOP_destroy_ioreq_server, destroy_ioreq_server),
    DM(XEN_DMOP_track_dirty_vram, track_dirty_vram),
    DM(XEN_DMOP_set_pci_intx_level, set_pci_intx_level),
    DM(XEN_DMOP_set_isa_irq_level, set_isa_irq_level),
    DM(XEN_DMOP_set_pci_link_route, set_pci_link_route),
    DM(XEN_DMOP_modified_memory, modified_memory),
    DM(XEN_DMOP_set_mem_type, set_mem_type),
    DM(XEN_DMOP_inject_event, inject_event),
    DM(XEN_DMOP_inject_msi, inject_msi),
    DM(XEN_DMOP_map_mem_type_to_ioreq_server, map_mem_type_to_ioreq_server),
    DM(XEN_DMOP_remote_shutdown, remote_shutdown),
    DM(XEN_DMOP_relocate_memory, relocate_memory),
    DM(XEN_DMOP_pin_memory_cacheattr, pin_memory_cacheattr),
    DM(XEN_DMOP_nr_vcpus, nr_vcpus),
};
#undef DM

static long dm_dispatch(const struct front_domain *d, struct xen_dm_op *op,
                        uint64_t arg)
{
    static const struct wire trap = { 0, OP_HVM_INJECT_TRAP, inject },
                             stop = { 0, OP_DOMAIN_SHUTDOWN, shutdown };
    bool out = false;

    switch (op->op) {
    case XEN_DMOP_inject_event:
        if (op->u.inject_event.pad0 || op->u.inject_event.pad1)
            return -EINVAL;
        return wire_call(&trap, d->id, op, &out);
    case XEN_DMOP_remote_shutdown:
        return wire_call(&stop, d->id, op, &out);
    case XEN_DMOP_nr_vcpus:
        op->u.nr_vcpus.vcpus = d->create.vcpus;
        return user_write(arg, op, offsetof(struct xen_dm_op, u) +
                                   sizeof(op->u.nr_vcpus));
    default:
        return hypercall_missing("dm_op", op->op);
    }
}

long hypercall_dm(uint32_t dom, uint64_t arg, size_t len)
{
    const size_t head = offsetof(struct xen_dm_op, u);
    const struct front_domain *d = front_domain(dom);
    struct xen_dm_op op = { .op = 0 };

    if (!d)
        return dom ? -ESRCH : -EPERM;
    if (d->create.type == GUEST_PV)
        return -EINVAL;
    if (len < head || user_read(&op, arg, head))
        return -EFAULT;
    if (op.op >= sizeof(dm_sizes))
        return -EOPNOTSUPP;
    if (len < head + dm_sizes[op.op] ||
        user_read(&op, arg, head + dm_sizes[op.op]))
        return -EFAULT;
    return op.pad ? -EINVAL : dm_dispatch(d, &op, arg);
}
