/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XENMEM_access_op: tools/libs/ctrl/xc_mem_access.c. */
#include "real/private.h"

#include <stdlib.h>

#include "harness/interface.h"

xenmem_access_t xen_access(uint32_t access)
{
    return access_to_xen(access, XENMEM_access_default);
}

uint32_t xen_access_back(xenmem_access_t access)
{
    return access_from_xen(access, XENMEM_access_default);
}

int xen_access_lists(struct xen *x, struct args_access_multi *a,
                     set_lists *set)
{
    const uint8_t *access = a->access.p;
    uint8_t *list;
    int rc;

    if (a->gfn.len != 8ull * a->access.len)
        return -EINVAL;
    list = malloc(a->access.len + 1);
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < a->access.len; i++)
        list[i] = (uint8_t)xen_access(access[i]);
    rc = xen_answer(set(x, a, list));
    free(list);
    return rc;
}

int real_op_ACCESS_SET(struct xen *x, struct args_access *a)
{
    return xen_answer(xc_set_mem_access(x->xc, xen_id(x, a->dom),
                                        xen_access(a->access), a->gfn, a->nr));
}

int real_op_ACCESS_GET(struct xen *x, struct args_access *a)
{
    xenmem_access_t access = 0;
    int rc = xen_answer(xc_get_mem_access(x->xc, xen_id(x, a->dom), a->gfn,
                                          &access));

    if (!rc)
        a->access = xen_access_back(access);
    return rc;
}

static int set_host_lists(struct xen *x, struct args_access_multi *a,
                          uint8_t *list)
{
    return xc_set_mem_access_multi(x->xc, xen_id(x, a->dom), list, a->gfn.p,
                                   a->access.len);
}

int real_op_ACCESS_SET_MULTI(struct xen *x, struct args_access_multi *a)
{
    return xen_access_lists(x, a, set_host_lists);
}
