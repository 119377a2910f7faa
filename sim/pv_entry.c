/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page-table entry changes: the new one is checked and takes what it needs,
 * then the old one gives back what it had.  Source: xen/arch/x86/mm.c,
 * mod_l1_entry to mod_l4_entry. */
#include "sim/pv.h"

#include <errno.h>

/* FASTPATH_FLAG_WHITELIST: what may change without another look. */
#define HARMLESS        (PTE_NX | PTE_AVAIL_HIGH | PTE_AVAIL | PTE_GLOBAL | \
                         PTE_DIRTY | PTE_ACCESSED | PTE_USER)

static int check_slot(const struct sim_domain *d, const struct pv_page *page,
                      unsigned int slot)
{
    if (pv_guest_slot(d, page, page->type, slot) &&
        !(page->type == PV_L3 && slot == 3 && pv_32bit(d)))
        return 0;
    return page->type == PV_L2 ? -EPERM : -EINVAL;
}

/* The frames of a guest with a map of its own are named by gfn. */
static int translate(const struct pv_change *c, uint64_t *pte)
{
    const struct sim_domain *owner = sim_find(c->sim, c->pg_owner);
    struct p2m_entry entry;

    if (c->cmd == MMU_PT_UPDATE_NO_TRANSLATE || !owner ||
        owner->config.type == GUEST_PV)
        return 0;
    p2m_get(&owner->host, pte_frame(*pte), &entry);
    if (entry.mfn == INVALID_MFN)
        return -EINVAL;
    *pte = (*pte & ~PTE_FRAME) | entry.mfn << PAGE_SHIFT;
    return 0;
}

int pv_change(const struct pv_change *c)
{
    const struct pv_page *page = pv_page(c->sim, c->table);
    struct sim_domain *d = sim_find(c->sim, pv_owner(c->sim, c->table));
    uint64_t old = pte_read(c->sim, c->table, c->slot), new = c->pte;
    bool taken = false;
    int rc;

    if (!d || !page)
        return -EINVAL;
    rc = check_slot(d, page, c->slot);
    if (rc)
        return rc;
    if (new & PTE_PRESENT) {
        if (new & pv_disallowed(d, page->type))
            return -EINVAL;
        if (page->type == PV_L1)
            rc = translate(c, &new);
        if (rc)
            return rc;
        new = pv_adjust(d, page->type, new);
        taken = (old ^ new) & ~HARMLESS;
        if (taken)
            rc = page->type == PV_L1 ? pv_get_l1e(d, &new, c->pg_owner) :
                 pv_get_entry(d, page->type, new, c->table);
        if (rc)
            return rc;
    }
    if (c->cmd == MMU_PT_UPDATE_PRESERVE_AD)
        new |= old & (PTE_ACCESSED | PTE_DIRTY);
    pte_write(c->sim, c->table, c->slot, new);
    if (new & PTE_PRESENT && !taken)
        return 0;
    if (page->type == PV_L1)
        pv_put_l1e(d, old);
    else
        pv_put_entry(d, page->type, old, c->table);
    return 0;
}
