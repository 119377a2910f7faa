/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XENMEM_access_op: tools/libs/ctrl/xc_mem_access.c. */
#include "real/private.h"

int real_op_ACCESS_SET(struct xen *x, struct args_access *a)
{
    return xen_answer(xc_set_mem_access(x->xc, xen_id(x, a->dom),
                                        (xenmem_access_t)a->access, a->gfn,
                                        a->nr));
}

int real_op_ACCESS_GET(struct xen *x, struct args_access *a)
{
    xenmem_access_t access = 0;
    int rc = xen_answer(xc_get_mem_access(x->xc, xen_id(x, a->dom), a->gfn,
                                          &access));

    if (!rc)
        a->access = access;
    return rc;
}

int real_op_ACCESS_SET_MULTI(struct xen *x, struct args_access_multi *a)
{
    if (a->gfn.len != 8ull * a->access.len)
        return -EINVAL;
    return xen_answer(xc_set_mem_access_multi(x->xc, xen_id(x, a->dom),
                                              a->access.p, a->gfn.p,
                                              a->access.len));
}
