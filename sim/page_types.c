/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dom0 is told of a domain's frames.  Source: xen/arch/x86/domctl.c,
 * XEN_DOMCTL_getpageframeinfo3. */
#include "sim/pv.h"

#include <errno.h>
#include <string.h>

#include <xen/domctl.h>

#define PFINFO(what)    (XEN_DOMCTL_PFINFO_##what >> \
                         XEN_DOMCTL_PFINFO_LTAB_SHIFT)

/* get_page_from_gfn: where the domain has no map of its own, which dom0 (D
 * NULL) and PV guests have not, GFN is a machine frame.  With mem_access a PV
 * guest's pages go by gfn (docs/PV-MEM-ACCESS.md). */
static bool has_page(struct sim *sim, const struct sim_domain *d,
                     uint64_t gfn, uint64_t *mfn)
{
    struct p2m_entry entry;

    *mfn = gfn;
    if (!d || (d->config.type == GUEST_PV && !d->config.pv_mem_access))
        return pv_owner(sim, gfn) == (d ? d->id : 0);
    p2m_get(&d->host, gfn, &entry);
    *mfn = entry.mfn;
    return page_is_memory(entry.mfn);
}

/* A table that is neither pinned nor validated has its type no more but in
 * name. */
static uint8_t page_type(struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_known(sim, mfn);
    uint8_t type = PFINFO(NOTAB);

    if (!p)
        return type;
    if (p->type >= PV_L1 && p->type <= PV_L4)
        type = p->type;                 /* PFINFO_L1TAB ... */
    if (p->pinned)
        return type | PFINFO(LPINTAB);
    return p->validated ? type : PFINFO(NOTAB);
}

int sim_op_MEMORY_PAGE_TYPES(struct sim *sim, struct args_page_types *a)
{
    const struct sim_domain *d = sim_find(sim, a->dom);
    uint32_t nr = a->gfn.len / sizeof(uint64_t);
    unsigned char *types = a->types.p;

    if (!d && a->dom)
        return -ESRCH;
    if (nr > MAX_PAGE_TYPES)
        return -E2BIG;
    if (a->types.len != nr)
        return -EINVAL;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t gfn, mfn;

        memcpy(&gfn, (const char *)a->gfn.p + i * sizeof(gfn), sizeof(gfn));
        types[i] = has_page(sim, d, gfn, &mfn) ? page_type(sim, mfn) :
                                                 PFINFO(XTAB);
    }
    return 0;
}
