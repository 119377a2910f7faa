/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page-table entries, and tables as a whole.  Source: xen/arch/x86/mm.c,
 * xen/arch/x86/pv/mm.h. */
#include "sim/pv.h"

#include <errno.h>

/* Frames that no domU can have: INVALID_MFN in an entry. */
#define NO_FRAME        (PTE_FRAME >> PAGE_SHIFT)

uint64_t pte_read(struct sim *sim, uint64_t table, unsigned int slot)
{
    uint64_t pte;

    page_read(sim, table, slot * sizeof(pte), &pte, sizeof(pte));
    return pte;
}

int pte_write(struct sim *sim, uint64_t table, unsigned int slot, uint64_t pte)
{
    return page_write(sim, table, slot * sizeof(pte), &pte, sizeof(pte));
}

bool pv_guest_slot(const struct sim_domain *d, const struct pv_page *page,
                   unsigned int level, unsigned int slot)
{
    if (level == PV_L2)
        return !page->xen_l2 || slot < COMPAT_XEN_SLOT;
    if (level == PV_L4)
        return slot < FIRST_XEN_SLOT || slot > LAST_XEN_SLOT;
    /* A 32-bit guest's L3 has four entries, and zeros. */
    return level != PV_L3 || !pv_32bit(d) || slot < 4;
}

/* ---- flags ---- */

/* base_disallow_mask, l1_disallow_mask, l3_disallow_mask: caches are the
 * business of who has devices. */
uint64_t pv_disallowed(const struct sim_domain *d, unsigned int level)
{
    uint64_t flags = level == PV_L1 && pv_has_devices(d) ? 0 : PTE_CACHE;

    if (level > PV_L1)
        flags |= PTE_GLOBAL;
    if (level == PV_L1 && d->config.options & CREATE_XEN_DEBUG)
        flags |= PTE_GNTTAB;
    if (level == PV_L3 && pv_32bit(d))
        flags |= PTE_AVAIL_HIGH | PTE_NX;
    return flags;
}

uint64_t pv_adjust(const struct sim_domain *d, unsigned int level,
                   uint64_t pte)
{
    if (!(pte & PTE_PRESENT))
        return pte;
    if (pv_32bit(d))
        return level == PV_L3 ? pte | PTE_USER | PTE_RW : pte;
    if (level > PV_L1)
        return pte | PTE_USER;
    /* A guest's kernel runs in user mode: what is the kernel's is marked, and
     * only what is not may be global. */
    if (!(pte & PTE_USER))
        pte |= PTE_KERNEL | PTE_USER;
    return pte & PTE_KERNEL ? pte : pte | PTE_GLOBAL;
}

/* unadjust_guest_l3e */
static uint64_t unadjust(const struct sim_domain *d, unsigned int level,
                         uint64_t pte)
{
    if (level == PV_L3 && pv_32bit(d) && pte & PTE_PRESENT)
        pte &= ~(PTE_USER | PTE_RW | PTE_ACCESSED);
    return pte;
}

/* ---- what an entry holds ---- */

/* dom0 and DOMID_IO, which stands for whoever asks, may map all. */
static bool io_permitted(struct sim *sim, uint32_t domid, uint64_t mfn)
{
    const struct sim_domain *d = sim_find(sim, domid);

    return !d || mmio_permitted(d, mfn);
}

/* Uncached, and written to only where that is no business of Xen's. */
static int get_io(struct sim_domain *d, uint64_t *pte, uint32_t pg_owner)
{
    uint64_t mfn = pte_frame(*pte);

    if (!io_permitted(d->sim, pg_owner, mfn) || !mmio_permitted(d, mfn))
        return mfn == NO_FRAME ? -EINVAL : -EPERM;
    if (mmio_ro(d->sim, mfn))
        *pte &= ~PTE_RW;
    if (!(*pte & PTE_CACHE))
        *pte |= PTE_PWT | PTE_PCD;
    else if ((*pte & (PTE_PWT | PTE_PCD)) == PTE_PWT)
        *pte = (*pte & ~PTE_PSE) | PTE_PCD;
    return 0;
}

int pv_get_l1e(struct sim_domain *d, uint64_t *pte, uint32_t pg_owner)
{
    struct sim *sim = d->sim;
    uint64_t mfn = pte_frame(*pte);
    uint32_t owner = pv_owner(sim, mfn);
    int rc;

    if (*pte & pv_disallowed(d, PV_L1))
        return -EINVAL;
    if (owner == DOMID_IO)
        return get_io(d, pte, pg_owner);
    /* dom0, updating another's table, may hand on whatever page it can map:
     * xsm_priv_mapping. */
    if (owner != pg_owner && pg_owner)
        return -EBUSY;
    if (!pv_get_page(sim, mfn, owner))
        return -EBUSY;
    if (!(*pte & PTE_RW) || pv_external(sim, owner))
        return 0;
    rc = pv_get_type(sim, mfn, PV_WRITABLE, false);
    if (rc)
        pv_put_page(sim, mfn);
    return rc ? -EBUSY : 0;
}

void pv_put_l1e(struct sim_domain *d, uint64_t pte)
{
    uint64_t mfn = pte_frame(pte);
    const struct pv_page *p = pv_page(d->sim, mfn);

    if (!(pte & PTE_PRESENT) || !p)
        return;
    if (pte & PTE_RW && p->type == PV_WRITABLE)
        pv_put_type(d->sim, mfn, INVALID_MFN);
    pv_put_page(d->sim, mfn);
}

/* get_lN_linear_pagetable: tables of one level may map each other, read-only
 * and one deep.  One that maps itself takes no reference. */
static int get_linear(struct sim_domain *d, unsigned int level, uint64_t pte,
                      uint64_t table)
{
    struct sim *sim = d->sim;
    uint64_t mfn = pte_frame(pte);
    struct pv_page *t = pv_page(sim, table), *p = pv_page(sim, mfn);

    if (pte & PTE_RW)
        return -EINVAL;
    if (mfn == table)
        return 0;
    if (pv_owner(sim, table) != d->id || !pv_get_page(sim, mfn, d->id))
        return -EINVAL;
    if (t->linear < 0 || t->linear == INT16_MAX ||
        p->linear > 0 || p->linear == INT16_MIN ||
        p->type != level || !p->validated) {
        pv_put_page(sim, mfn);
        return -EINVAL;
    }
    t->linear++;
    p->linear--;
    p->count++;
    return 0;
}

int pv_get_entry(struct sim_domain *d, unsigned int level, uint64_t pte,
                 uint64_t table)
{
    int rc;

    if (pte & pv_disallowed(d, level))
        return -EINVAL;
    rc = pv_get_both(d->sim, pte_frame(pte), d->id, level - 1, false);
    if (rc == -EINVAL && (level != PV_L3 || !pv_32bit(d)))
        rc = get_linear(d, level, pte, table);
    return rc;
}

void pv_put_entry(struct sim_domain *d, unsigned int level, uint64_t pte,
                  uint64_t table)
{
    uint64_t mfn = pte_frame(pte);
    const struct pv_page *t = pv_page(d->sim, table);
    const struct pv_page *p = pv_page(d->sim, mfn);

    if (!(pte & PTE_PRESENT) || mfn == table || !p || !t)
        return;
    /* Not what Xen would find there: dom0 wrote into the table. */
    if (p->type != level - 1 &&
        !(p->type == level && p->linear < 0 && t->linear > 0))
        return;
    pv_put_both(d->sim, mfn, table);
}

/* ---- whole tables ---- */

/* The last entry of a 32-bit guest's L3 has Xen's mappings behind it: it must
 * be there, and no other L3 may have that L2 (pae_xen_mappings_check).  When
 * one has, what was taken of the L2 is not given back: nor is it in Xen. */
static int get_xen_l2(struct sim_domain *d, uint64_t pte)
{
    int rc;

    if (!(pte & PTE_PRESENT) || pte & pv_disallowed(d, PV_L3))
        return -EINVAL;
    rc = pv_get_both(d->sim, pte_frame(pte), d->id, PV_L2, true);
    if (rc)
        return rc;
    return pv_page(d->sim, pte_frame(pte))->count == 1 ? 0 : -EINVAL;
}

static int get_slot(struct sim_domain *d, unsigned int level,
                    unsigned int slot, uint64_t *pte, uint64_t table)
{
    if (level == PV_L3 && slot == 3 && pv_32bit(d))
        return get_xen_l2(d, *pte);
    if (!(*pte & PTE_PRESENT))
        return 0;
    if (level == PV_L1)
        return pv_get_l1e(d, pte, d->id);
    return pv_get_entry(d, level, *pte, table);
}

static void put_slot(struct sim_domain *d, unsigned int level,
                     unsigned int slot, uint64_t table)
{
    uint64_t pte = pte_read(d->sim, table, slot), plain;

    if (level == PV_L1) {
        pv_put_l1e(d, pte);
        return;
    }
    pv_put_entry(d, level, pte, table);
    plain = unadjust(d, level, pte);
    if (plain != pte)
        pte_write(d->sim, table, slot, plain);
}

static void put_slots(struct sim_domain *d, uint64_t mfn)
{
    struct pv_page page = *pv_page(d->sim, mfn);

    while (page.slots--) {
        if (pv_guest_slot(d, &page, page.type, page.slots))
            put_slot(d, page.type, page.slots, mfn);
    }
}

/* init_xen_l4_slots, init_xen_pae_l2_slots, as far as a guest can tell: in an
 * L4 the linear mapping of the table itself; the rest is Xen's own. */
#define LINEAR_PT_SLOT  258
static void fill_xen_slots(struct sim_domain *d, uint64_t mfn)
{
    const struct pv_page *page = pv_page(d->sim, mfn);
    struct sim *sim = d->sim;

    for (unsigned int slot = 0; slot < NR_PTES; slot++) {
        if (!pv_guest_slot(d, page, page->type, slot))
            pte_write(sim, mfn, slot, 0);
    }
    if (page->type != PV_L4)
        return;
    pte_write(sim, mfn, LINEAR_PT_SLOT, mfn << PAGE_SHIFT | PTE_NX |
              PTE_DIRTY | PTE_ACCESSED | PTE_RW | PTE_PRESENT);
}

/* What the entry maps that is not looked at to its end. */
static void put_below(struct sim *sim, uint64_t mfn)
{
    struct pv_page *page = pv_page(sim, mfn);
    uint64_t below = pte_frame(pte_read(sim, mfn, page->slots));
    const struct pv_page *p = pv_page(sim, below);

    if (page->below && p && p->type == page->type - 1)
        pv_put_partial(sim, below);
    page->below = false;
}

/* An entry of the table at MFN cannot be, for what it maps at BELOW: what those
 * before it hold is given back behind the call.  Behind the first one there is
 * nothing to give back, and another table, below, may be waiting for that: so
 * if there is one already which this does not map, Xen forgets it (ASSERT of a
 * debug build). */
static int leave_off(struct sim_domain *d, uint64_t mfn, uint64_t below,
                     int rc)
{
    struct pv_old *old = &d->sim->pv_old;
    struct pv_page *page = pv_page(d->sim, mfn);

    if (!page->slots)
        return rc;
    page->below = old->set && old->mfn == below;
    if (old->set && !page->below && d->config.options & CREATE_XEN_DEBUG) {
        pv_put_old(d->sim);
        rc = -EIO;
    }
    *old = (struct pv_old){ mfn, true, true };
    return rc;
}

int pv_promote(struct sim *sim, uint64_t mfn)
{
    struct pv_page *page = pv_page(sim, mfn);
    struct sim_domain *d = sim_find(sim, pv_owner(sim, mfn));
    unsigned int level = page->type, slot;
    uint64_t pte = 0;
    int rc = 0;

    if (!d || !page_map(sim, mfn))
        return -ENOMEM;
    put_below(sim, mfn);
    for (slot = 4; level == PV_L3 && pv_32bit(d) && slot < NR_PTES; slot++)
        pte_write(sim, mfn, slot, 0);
    for (slot = page->slots; slot < NR_PTES; slot++) {
        if (!pv_guest_slot(d, page, level, slot))
            continue;
        pte = pte_read(sim, mfn, slot);
        rc = get_slot(d, level, slot, &pte, mfn);
        if (rc)
            break;
        if (pte & PTE_PRESENT)
            pte_write(sim, mfn, slot, pv_adjust(d, level, pte));
    }
    page->slots = slot;
    if (rc && level == PV_L1)
        put_slots(d, mfn);
    else if (rc)
        rc = leave_off(d, mfn, pte_frame(pte), rc);
    else if (level == PV_L4 || page->xen_l2)
        fill_xen_slots(d, mfn);
    return rc;
}

void pv_demote(struct sim *sim, uint64_t mfn)
{
    struct sim_domain *d = sim_find(sim, pv_owner(sim, mfn));

    if (!d)
        return;
    put_below(sim, mfn);
    put_slots(d, mfn);
}
