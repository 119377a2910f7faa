/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/hv.h"

#include <errno.h>

/* The number with which DOM reaches Xen: a domid_t. */
static uint32_t domid(uint32_t dom)
{
    return (uint16_t)dom;
}

/* A domain is created by the toolstack, which looks at the whole number. */
static int call(struct hv *hv, enum hv_op op, void *args)
{
    uint32_t *dom = args, named = *dom;
    int rc;

    if (op != OP_DOMAIN_CREATE)
        *dom = domid(named);
    rc = hv->ops->call(hv, op, args);
    *dom = named;
    return rc;
}

int hv_call(struct hv *hv, enum hv_op op, void *args)
{
    if (op >= OP_COUNT || !args)
        return -EINVAL;
    switch (hv_ops_table[op].kind) {
    case KIND_CALL:
        return call(hv, op, args);
    case KIND_GUEST:
        if (!(hv->caps & HV_CAP_GUEST))
            return -EOPNOTSUPP;
        return call(hv, op, args);
    default:
        return -EINVAL;
    }
}

void *hv_ring(struct hv *hv, uint32_t dom)
{
    return hv->ops->ring(hv, domid(dom));
}

int hv_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page)
{
    return hv->ops->map(hv, domid(dom), gfn, page);
}

void hv_unmap(struct hv *hv, const struct hv_page *page)
{
    hv->ops->unmap(hv, page);
}

int hv_wait(struct hv *hv, uint32_t dom)
{
    return hv->ops->wait(hv, domid(dom));
}

int hv_observe(struct hv *hv, uint32_t dom, const struct vm_event_st *ev)
{
    if (!(hv->caps & HV_CAP_OBSERVE))
        return -EOPNOTSUPP;
    return hv->ops->observe(hv, domid(dom), ev);
}

void hv_close(struct hv *hv)
{
    if (hv)
        hv->ops->close(hv);
}
