/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HVMOP_altp2m: xen/arch/x86/hvm/hvm.c:do_altp2m_op, and the calls of
 * tools/libs/ctrl/xc_altp2m.c that fill its structure. */
#include "sim/private.h"

#include <errno.h>
#include <string.h>

#include <xen/hvm/params.h>


/* hvm_altp2m_supported asks about the machine; here every domain brings its
 * own, and a domain that is not there is on the first one's. */
static bool supported(struct sim *sim, const struct sim_domain *d)
{
    if (!d && sim->nr_domains)
        d = sim->domains[0];
    return !d || sim_has_altp2m(d);
}

/* xsm_hvm_altp2mhvm_op of the dummy policy (xen/include/xsm/dummy.h). */
static int permitted(const struct sim_domain *d, uint32_t cmd,
                     const struct sim_domain *caller)
{
    if (!caller)
        return 0;
    switch (d->hvm_params[HVM_PARAM_ALTP2M]) {
    case XEN_ALTP2M_mixed:
        return caller == d ? 0 : -EPERM;
    case XEN_ALTP2M_limited:
        if (cmd == HVMOP_altp2m_vcpu_enable_notify && caller == d)
            return 0;
        return -EPERM;
    default:
        return -EPERM;
    }
}

/* All checks before the sub-operation, in Xen's order. */
static int admit(struct sim *sim, struct sim_domain *caller,
                 const struct xen_hvm_altp2m_op *op, struct sim_domain **d)
{
    bool state = op->cmd == HVMOP_altp2m_get_domain_state ||
                 op->cmd == HVMOP_altp2m_set_domain_state;

    *d = op->domain == DOMID_SELF ? caller : sim_find(sim, op->domain);
    if (!supported(sim, caller ? caller : *d))
        return -EOPNOTSUPP;
    if (op->pad1 || op->pad2 ||
        op->version != HVMOP_ALTP2M_INTERFACE_VERSION)
        return -EINVAL;
    if (op->cmd < HVMOP_altp2m_get_domain_state ||
        op->cmd > HVMOP_altp2m_set_visibility)
        return -EOPNOTSUPP;
    /* dom0, which is a PV domain */
    if (!*d && (!op->domain || op->domain == DOMID_SELF))
        return -EOPNOTSUPP;
    if (!*d)
        return -ESRCH;
    if ((*d)->config.type == GUEST_PV || (!state && !altp2m_active(*d)))
        return -EOPNOTSUPP;
    if ((*d)->hvm_params[HVM_PARAM_ALTP2M] == XEN_ALTP2M_disabled)
        return -EINVAL;
    return permitted(*d, op->cmd, caller);
}

/* p2m_set_suppress_ve_multi.  Where an entry fails, the rest of the hole or
 * superpage it lies in fails alike, and is stepped over.  (Xen starts anew at
 * 0 behind gfn ~0 and so never ends; here that is the end.) */
static int sve_multi(struct sim_domain *d,
                     struct xen_hvm_altp2m_suppress_ve_multi *m)
{
    struct p2m *p2m = m->view ? altp2m_view(d, m->view) : &d->host;
    struct p2m_entry entry, host;
    uint64_t gfn;
    int rc;

    if (!p2m)
        return -EINVAL;
    for (gfn = m->first_gfn; gfn <= m->last_gfn; gfn++) {
        rc = altp2m_effective(p2m, gfn, &entry, false);
        if (!rc)
            rc = p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type,
                         entry.access, !!m->suppress_ve);
        if (rc) {
            if (!m->first_error) {
                m->first_error = rc;
                m->first_error_gfn = gfn;
            }
            p2m_get(p2m, gfn, &entry);
            p2m_get(&d->host, gfn, &host);
            if (host.order < entry.order)
                entry.order = host.order;
            gfn |= (1ull << entry.order) - 1;
        }
        if (gfn >= m->last_gfn)
            break;
    }
    m->first_gfn = m->last_gfn + 1;
    return 0;
}

static int sve_set(struct sim_domain *d,
                   const struct xen_hvm_altp2m_suppress_ve *s)
{
    struct xen_hvm_altp2m_suppress_ve_multi m = {
        .view = s->view, .suppress_ve = s->suppress_ve,
        .first_gfn = s->gfn, .last_gfn = s->gfn,
    };
    int rc;

    if (s->pad1 || s->pad2)
        return -EINVAL;
    rc = sve_multi(d, &m);
    return rc ? rc : m.first_error;
}

static int sve_range(struct sim_domain *d,
                     struct xen_hvm_altp2m_suppress_ve_multi *m)
{
    uint64_t limit = (1ull << MAX_PHYS_ADDR) - 1;

    if (m->last_gfn > limit)
        m->last_gfn = limit;
    if (m->pad1 || m->first_gfn > m->last_gfn)
        return -EINVAL;
    return sve_multi(d, m);
}

static int sve_get(struct sim_domain *d, struct xen_hvm_altp2m_suppress_ve *s)
{
    struct p2m *p2m = s->view ? altp2m_view(d, s->view) : &d->host;
    struct p2m_entry entry;

    if (s->pad1 || s->pad2 || !p2m)
        return -EINVAL;
    p2m_get(p2m, s->gfn, &entry);
    if (!page_is_memory(entry.mfn))
        return -ESRCH;
    s->suppress_ve = entry.sve;
    return 0;
}

static int access_op(struct sim_domain *d, struct xen_hvm_altp2m_mem_access *m,
                     bool set)
{
    uint32_t access;
    int rc;

    if (m->pad)
        return -EINVAL;
    if (set)
        return access_set(d, m->gfn, 1, m->access, m->view);
    rc = access_get(d, m->gfn, &access, m->view);
    if (!rc)
        m->access = access;
    return rc;
}

/* The lists of a guest would be at addresses of its own. */
static int access_multi_of_guest(
    struct sim_domain *d, const struct xen_hvm_altp2m_set_mem_access_multi *m)
{
    if (m->pad || m->opaque > m->nr)
        return -EINVAL;
    if (m->view && !altp2m_view(d, m->view))
        return -EINVAL;
    return m->opaque < m->nr ? -EFAULT : 0;
}

static int vcpu_op(struct sim_domain *d, struct xen_hvm_altp2m_op *op)
{
    struct sim_vcpu *v;

    switch (op->cmd) {
    case HVMOP_altp2m_vcpu_enable_notify:
        v = sim_vcpu(d, op->u.enable_notify.vcpu_id);
        if (op->u.enable_notify.pad || !v)
            return -EINVAL;
        return altp2m_enable_ve(v, op->u.enable_notify.gfn);
    case HVMOP_altp2m_vcpu_disable_notify:
        v = sim_vcpu(d, op->u.disable_notify.vcpu_id);
        if (!v)
            return -EINVAL;
        altp2m_disable_ve(v);
        return 0;
    default:
        v = sim_vcpu(d, op->u.get_vcpu_p2m_idx.vcpu_id);
        if (!v)
            return -EINVAL;
        op->u.get_vcpu_p2m_idx.altp2m_idx = v->view;
        return 0;
    }
}

static int set_visibility(struct sim_domain *d,
                          const struct xen_hvm_altp2m_set_visibility *s)
{
    if (s->pad || !altp2m_view(d, s->altp2m_idx))
        return -EINVAL;
    d->view_visible[s->altp2m_idx] = s->visible;
    return 0;
}

static int change_gfn(struct sim_domain *d, bool from_outside,
                      const struct xen_hvm_altp2m_change_gfn *c)
{
    if (c->pad1 || c->pad2)
        return -EINVAL;
    return altp2m_change_gfn(d, c->view, c->old_gfn, c->new_gfn,
                             from_outside);
}

int altp2m_hypercall(struct sim *sim, struct sim_domain *caller,
                     struct xen_hvm_altp2m_op *op)
{
    struct sim_domain *d;
    int rc = admit(sim, caller, op, &d);

    if (rc)
        return rc;
    switch (op->cmd) {
    case HVMOP_altp2m_get_domain_state:
        op->u.domain_state.state = altp2m_active(d);
        return 0;
    case HVMOP_altp2m_set_domain_state:
        return altp2m_set_state(d, op->u.domain_state.state);
    case HVMOP_altp2m_create_p2m:
        return altp2m_create(d, &op->u.view.view,
                             op->u.view.hvmmem_default_access);
    case HVMOP_altp2m_destroy_p2m:
        return altp2m_destroy(d, op->u.view.view);
    case HVMOP_altp2m_switch_p2m:
        return altp2m_switch(d, op->u.view.view);
    case HVMOP_altp2m_set_suppress_ve:
        return sve_set(d, &op->u.suppress_ve);
    case HVMOP_altp2m_set_suppress_ve_multi:
        return sve_range(d, &op->u.suppress_ve_multi);
    case HVMOP_altp2m_get_suppress_ve:
        return sve_get(d, &op->u.suppress_ve);
    case HVMOP_altp2m_set_mem_access:
        return access_op(d, &op->u.mem_access, true);
    case HVMOP_altp2m_get_mem_access:
        return access_op(d, &op->u.mem_access, false);
    case HVMOP_altp2m_set_mem_access_multi:
        return access_multi_of_guest(d, &op->u.set_mem_access_multi);
    case HVMOP_altp2m_change_gfn:
        return change_gfn(d, caller != d, &op->u.change_gfn);
    case HVMOP_altp2m_set_visibility:
        return set_visibility(d, &op->u.set_visibility);
    default:
        return vcpu_op(d, op);
    }
}

/* ---- dom0's calls, as libxenctrl fills the structure ---- */

static struct xen_hvm_altp2m_op fill(uint32_t dom, uint32_t cmd)
{
    struct xen_hvm_altp2m_op op;

    memset(&op, 0, sizeof(op));
    op.version = HVMOP_ALTP2M_INTERFACE_VERSION;
    op.cmd = cmd;
    op.domain = dom;            /* 16 bits of it */
    return op;
}

int sim_op_ALTP2M_GET_STATE(struct sim *sim, struct args_u64 *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_get_domain_state);
    int rc = altp2m_hypercall(sim, NULL, &op);

    if (!rc)
        a->value = op.u.domain_state.state;
    return rc;
}

int sim_op_ALTP2M_SET_STATE(struct sim *sim, struct args_u64 *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_set_domain_state);

    op.u.domain_state.state = !!a->value;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_CREATE(struct sim *sim, struct args_view *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_create_p2m);
    int rc;

    op.u.view.view = UINT16_MAX;
    op.u.view.hvmmem_default_access = a->access;
    rc = altp2m_hypercall(sim, NULL, &op);
    if (!rc)
        a->view = op.u.view.view;
    return rc;
}

int sim_op_ALTP2M_DESTROY(struct sim *sim, struct args_view *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_destroy_p2m);

    op.u.view.view = a->view;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_SWITCH(struct sim *sim, struct args_view *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_switch_p2m);

    op.u.view.view = a->view;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_SET_ACCESS(struct sim *sim, struct args_access *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_set_mem_access);

    op.u.mem_access.view = a->view;
    op.u.mem_access.access = a->access;
    op.u.mem_access.gfn = a->gfn;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_GET_ACCESS(struct sim *sim, struct args_access *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_get_mem_access);
    int rc;

    op.u.mem_access.view = a->view;
    op.u.mem_access.gfn = a->gfn;
    rc = altp2m_hypercall(sim, NULL, &op);
    if (!rc)
        a->access = op.u.mem_access.access;
    return rc;
}

int sim_op_ALTP2M_SET_ACCESS_MULTI(struct sim *sim,
                                   struct args_access_multi *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_set_mem_access_multi);
    struct sim_domain *d;
    int rc = admit(sim, NULL, &op, &d);

    if (rc)
        return rc;
    if (a->gfn.len != 8ull * a->access.len)
        return -EINVAL;
    return access_set_multi(d, &a->gfn, &a->access, (uint16_t)a->view);
}

int sim_op_ALTP2M_CHANGE_GFN(struct sim *sim, struct args_change_gfn *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_change_gfn);

    op.u.change_gfn.view = a->view;
    op.u.change_gfn.old_gfn = a->old_gfn;
    op.u.change_gfn.new_gfn = a->new_gfn;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_SET_SVE(struct sim *sim, struct args_suppress_ve *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_set_suppress_ve);

    op.u.suppress_ve.view = a->view;
    op.u.suppress_ve.gfn = a->gfn;
    op.u.suppress_ve.suppress_ve = !!a->sve;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_GET_SVE(struct sim *sim, struct args_suppress_ve *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_get_suppress_ve);
    int rc;

    op.u.suppress_ve.view = a->view;
    op.u.suppress_ve.gfn = a->gfn;
    rc = altp2m_hypercall(sim, NULL, &op);
    if (!rc)
        a->sve = op.u.suppress_ve.suppress_ve;
    return rc;
}

int sim_op_ALTP2M_SET_SVE_MULTI(struct sim *sim, struct args_suppress_ve *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_set_suppress_ve_multi);
    int rc;

    op.u.suppress_ve_multi.view = a->view;
    op.u.suppress_ve_multi.suppress_ve = !!a->sve;
    op.u.suppress_ve_multi.first_gfn = a->gfn;
    op.u.suppress_ve_multi.last_gfn = a->last;
    rc = altp2m_hypercall(sim, NULL, &op);
    a->err = op.u.suppress_ve_multi.first_error;
    a->err_gfn = op.u.suppress_ve_multi.first_error_gfn;
    return rc;
}

int sim_op_ALTP2M_ENABLE_NOTIFY(struct sim *sim, struct args_vcpu_ve *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_vcpu_enable_notify);

    op.u.enable_notify.vcpu_id = a->vcpu;
    op.u.enable_notify.gfn = a->gfn;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_DISABLE_NOTIFY(struct sim *sim, struct args_vcpu_ve *a)
{
    struct xen_hvm_altp2m_op op =
        fill(a->dom, HVMOP_altp2m_vcpu_disable_notify);

    op.u.disable_notify.vcpu_id = a->vcpu;
    return altp2m_hypercall(sim, NULL, &op);
}

int sim_op_ALTP2M_GET_VCPU_VIEW(struct sim *sim, struct args_vcpu_view *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_get_p2m_idx);
    int rc;

    op.u.get_vcpu_p2m_idx.vcpu_id = a->vcpu;
    rc = altp2m_hypercall(sim, NULL, &op);
    if (!rc)
        a->view = op.u.get_vcpu_p2m_idx.altp2m_idx;
    return rc;
}

int sim_op_ALTP2M_SET_VISIBILITY(struct sim *sim, struct args_view *a)
{
    struct xen_hvm_altp2m_op op = fill(a->dom, HVMOP_altp2m_set_visibility);

    op.u.set_visibility.altp2m_idx = a->view;
    op.u.set_visibility.visible = !!a->visible;
    return altp2m_hypercall(sim, NULL, &op);
}
