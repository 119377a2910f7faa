/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HVMOP_altp2m: tools/libs/ctrl/xc_altp2m.c. */
#include "real/private.h"

int real_op_ALTP2M_GET_STATE(struct xen *x, struct args_u64 *a)
{
    bool state = false;
    int rc = xen_answer(xc_altp2m_get_domain_state(x->xc, xen_id(x, a->dom),
                                                   &state));

    if (!rc)
        a->value = state;
    return rc;
}

int real_op_ALTP2M_SET_STATE(struct xen *x, struct args_u64 *a)
{
    return xen_answer(xc_altp2m_set_domain_state(x->xc, xen_id(x, a->dom),
                                                 a->value != 0));
}

int real_op_ALTP2M_CREATE(struct xen *x, struct args_view *a)
{
    uint16_t view = 0;
    int rc = xen_answer(xc_altp2m_create_view(x->xc, xen_id(x, a->dom),
                                              xen_access(a->access),
                                              &view));

    if (!rc)
        a->view = view;
    return rc;
}

int real_op_ALTP2M_DESTROY(struct xen *x, struct args_view *a)
{
    return xen_answer(xc_altp2m_destroy_view(x->xc, xen_id(x, a->dom),
                                             (uint16_t)a->view));
}

int real_op_ALTP2M_SWITCH(struct xen *x, struct args_view *a)
{
    return xen_answer(xc_altp2m_switch_to_view(x->xc, xen_id(x, a->dom),
                                               (uint16_t)a->view));
}

int real_op_ALTP2M_SET_ACCESS(struct xen *x, struct args_access *a)
{
    return xen_answer(xc_altp2m_set_mem_access(x->xc, xen_id(x, a->dom),
                                               (uint16_t)a->view, a->gfn,
                                               xen_access(a->access)));
}

int real_op_ALTP2M_GET_ACCESS(struct xen *x, struct args_access *a)
{
    xenmem_access_t access = 0;
    int rc = xen_answer(xc_altp2m_get_mem_access(x->xc, xen_id(x, a->dom),
                                                 (uint16_t)a->view, a->gfn,
                                                 &access));

    if (!rc)
        a->access = xen_access_back(access);
    return rc;
}

static int set_view_lists(struct xen *x, struct args_access_multi *a,
                          uint8_t *list)
{
    return xc_altp2m_set_mem_access_multi(x->xc, xen_id(x, a->dom),
                                          (uint16_t)a->view, list, a->gfn.p,
                                          a->access.len);
}

int real_op_ALTP2M_SET_ACCESS_MULTI(struct xen *x,
                                    struct args_access_multi *a)
{
    return xen_access_lists(x, a, set_view_lists);
}

int real_op_ALTP2M_CHANGE_GFN(struct xen *x, struct args_change_gfn *a)
{
    return xen_answer(xc_altp2m_change_gfn(x->xc, xen_id(x, a->dom),
                                           (uint16_t)a->view, a->old_gfn,
                                           a->new_gfn));
}

int real_op_ALTP2M_SET_SVE(struct xen *x, struct args_suppress_ve *a)
{
    return xen_answer(xc_altp2m_set_suppress_ve(x->xc, xen_id(x, a->dom),
                                                (uint16_t)a->view, a->gfn,
                                                a->sve != 0));
}

int real_op_ALTP2M_GET_SVE(struct xen *x, struct args_suppress_ve *a)
{
    bool sve = false;
    int rc = xen_answer(xc_altp2m_get_suppress_ve(x->xc, xen_id(x, a->dom),
                                                  (uint16_t)a->view, a->gfn,
                                                  &sve));

    if (!rc)
        a->sve = sve;
    return rc;
}

/* The library leaves the two alone when there was no error. */
int real_op_ALTP2M_SET_SVE_MULTI(struct xen *x, struct args_suppress_ve *a)
{
    xen_pfn_t err_gfn = 0;
    int32_t err = 0;
    int rc = xen_answer(xc_altp2m_set_supress_ve_multi(
        x->xc, xen_id(x, a->dom), (uint16_t)a->view, a->gfn, a->last,
        a->sve != 0, &err_gfn, &err));

    a->err = err;
    a->err_gfn = err_gfn;
    return rc;
}

int real_op_ALTP2M_ENABLE_NOTIFY(struct xen *x, struct args_vcpu_ve *a)
{
    return xen_answer(xc_altp2m_set_vcpu_enable_notify(
        x->xc, xen_id(x, a->dom), a->vcpu, a->gfn));
}

int real_op_ALTP2M_DISABLE_NOTIFY(struct xen *x, struct args_vcpu_ve *a)
{
    return xen_answer(xc_altp2m_set_vcpu_disable_notify(
        x->xc, xen_id(x, a->dom), a->vcpu));
}

int real_op_ALTP2M_GET_VCPU_VIEW(struct xen *x, struct args_vcpu_view *a)
{
    uint16_t view = 0;
    int rc = xen_answer(xc_altp2m_get_vcpu_p2m_idx(x->xc, xen_id(x, a->dom),
                                                   a->vcpu, &view));

    if (!rc)
        a->view = view;
    return rc;
}

int real_op_ALTP2M_SET_VISIBILITY(struct xen *x, struct args_view *a)
{
    return xen_answer(xc_altp2m_set_visibility(x->xc, xen_id(x, a->dom),
                                               (uint16_t)a->view,
                                               a->visible != 0));
}
