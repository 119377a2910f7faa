/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a domain, as xenstored and libxl on Linux have it.  Xen tells
 * dom0 of each (VIRQ_DOM_EXC) and xenstored looks who it was: one that shut
 * down stays, one that is dying or gone loses what it owned in the store.
 * Source: tools/xenstore/xenstored_domain.c:check_domains,
 * tools/libs/light/libxl_domain.c:devices_destroy_cb. */
#include "preload/front.h"
#include "preload/xenstore.h"

void life_shut_down(struct front_domain *d)
{
    if (!d || d->down || d->destroyed)
        return;
    d->down = true;
    xenstore_shut_down();
}

int life_destroy(uint32_t dom)
{
    struct front_domain *d = front_domain(dom);
    struct args_dom a = { .dom = dom };
    bool held = hv_ring(front.hv, dom) != NULL;
    int rc = hv_call(front.hv, OP_DOMAIN_DESTROY, &a);

    if (!rc && d && !d->destroyed) {
        d->destroyed = true;
        d->held = held;
        xenstore_destroyed(dom);
    }
    return rc;
}

void life_destroy_all(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (front.domains[i].destroyed)
            continue;
        xenstore_remove(front.domains[i].id);
        life_destroy(front.domains[i].id);
    }
}
