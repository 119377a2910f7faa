/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model behind the front end, as a driver. */
#include "harness/front.h"

#include <dlfcn.h>
#include <string.h>

#include "real/private.h"

static struct {
    front_call_fn *call;
    front_observe_fn *observe;
} front;

/* All arguments begin with a domain. */
static int call(void *ctx, struct xen *x, enum hv_op op, void *args)
{
    struct args_dom *a = args;
    uint32_t dom = a->dom;
    int rc;

    (void)ctx;
    if (op != OP_DOMAIN_CREATE)
        a->dom = xen_id(x, dom);
    rc = front.call(op, args);
    a->dom = dom;
    return rc;
}

static int run(void *ctx, struct xen *x, uint32_t dom, uint32_t limit)
{
    struct args_wait a = { .dom = dom, .limit = limit };

    return call(ctx, x, OP_CLIENT_WAIT, &a);
}

static int observe(void *ctx, struct xen *x, uint32_t dom,
                   const struct vm_event_st *ev)
{
    (void)ctx;
    return front.observe(xen_id(x, dom), ev);
}

const struct xen_driver *xen_front_driver(void)
{
    static const struct xen_driver driver = {
        .caps = HV_CAP_GUEST | HV_CAP_OBSERVE, .call = call,
        .creates = true, .run = run, .observe = observe,
    };
    void *symbol[2] = {
        dlsym(RTLD_DEFAULT, FRONT_CALL), dlsym(RTLD_DEFAULT, FRONT_OBSERVE),
    };

    if (!symbol[0] || !symbol[1])
        return NULL;
    /* Not by a cast: ISO C has none from data to functions. */
    memcpy(&front.call, &symbol[0], sizeof(symbol[0]));
    memcpy(&front.observe, &symbol[1], sizeof(symbol[1]));
    return &driver;
}
