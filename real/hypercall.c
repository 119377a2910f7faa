/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls that libxenctrl has no function for. */
#include "real/private.h"

#include <string.h>

int xen_domctl(struct xen *x, struct xen_domctl *op)
{
    struct xen_domctl *arg = xencall_alloc_buffer(x->call, sizeof(*arg));
    int rc;

    if (!arg)
        return -ENOMEM;
    if (!op->interface_version)
        op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    *arg = *op;
    rc = xen_answer(xencall1(x->call, __HYPERVISOR_domctl, (uintptr_t)arg));
    *op = *arg;
    xencall_free_buffer(x->call, arg);
    return rc;
}

int xen_hypercall(struct xen *x, unsigned int call, unsigned int op,
                  void *arg, size_t len)
{
    void *buffer = xencall_alloc_buffer(x->call, len);
    int rc;

    if (!buffer)
        return -ENOMEM;
    memcpy(buffer, arg, len);
    rc = xen_answer(xencall2(x->call, call, op, (uintptr_t)buffer));
    memcpy(arg, buffer, len);
    xencall_free_buffer(x->call, buffer);
    return rc;
}

/* What a client did that is not modelled: known by its number alone, so it
 * cannot be done again. */
int real_op_CLIENT_HYPERCALL(struct xen *x, struct args_client_hypercall *a)
{
    (void)x;
    (void)a;
    return -ENOSYS;
}
