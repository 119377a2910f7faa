/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PV guest's first page tables, as its toolstack makes them, and the end of
 * them all.  Sources: tools/libs/guest/xg_dom_x86.c,
 * xen/arch/x86/domain.c:relinquish_memory. */
#include "sim/pv.h"

#include <errno.h>

#define MAPPED          1024            /* the first 4 MiB */
#define FIRST_TABLE     0x166           /* where the recorded guest had them */
#define L1_FLAGS        (PTE_ACCESSED | PTE_PRESENT)
#define TABLE_FLAGS     (PTE_DIRTY | PTE_ACCESSED | PTE_USER | PTE_RW | \
                         PTE_PRESENT)

/* Tables in the order in which they lie: one of the top level, then as many
 * of each lower one as these say.  A 32-bit guest has an L2 for each entry of
 * its L3, because the last has to have one. */
static const unsigned int tables_64[] = { 0, 2, 1, 1, 1 };
static const unsigned int tables_32[] = { 0, 2, 4, 1, 0 };

struct build {
    struct sim_domain *d;
    const unsigned int *tables; /* by level */
    unsigned int top;
    uint64_t first, nr;         /* gfns of the tables */
};

static uint64_t frame_of(const struct sim_domain *d, uint64_t gfn)
{
    struct p2m_entry entry;

    p2m_get(&d->host, gfn, &entry);
    return entry.mfn;
}

/* The gfn of the first table of LEVEL. */
static uint64_t first_of(const struct build *b, unsigned int level)
{
    uint64_t gfn = b->first;

    for (unsigned int l = b->top; l > level; l--)
        gfn += b->tables[l];
    return gfn;
}

static int fill_l1(const struct build *b, uint64_t gfn)
{
    bool is_table = gfn - b->first < b->nr;
    uint64_t l1 = first_of(b, PV_L1) + gfn / NR_PTES;

    return pte_write(b->d->sim, frame_of(b->d, l1), gfn % NR_PTES,
                     frame_of(b->d, gfn) << PAGE_SHIFT | L1_FLAGS |
                     (is_table ? 0 : PTE_RW));
}

/* Each table of LEVEL in the one above it. */
static int fill_above(const struct build *b, unsigned int level)
{
    uint64_t first = first_of(b, level);
    uint64_t table = frame_of(b->d, first_of(b, level + 1));
    int rc = 0;

    for (unsigned int i = 0; !rc && i < b->tables[level]; i++)
        rc = pte_write(b->d->sim, table, i,
                       frame_of(b->d, first + i) << PAGE_SHIFT | TABLE_FLAGS);
    return rc;
}

static int fill(const struct build *b)
{
    uint64_t end = b->d->config.ram < MAPPED ? b->d->config.ram : MAPPED;
    int rc = 0;

    for (uint64_t gfn = 0; !rc && gfn < end; gfn++)
        rc = fill_l1(b, gfn);
    for (unsigned int level = PV_L1; !rc && level < b->top; level++)
        rc = fill_above(b, level);
    return rc;
}

/* The toolstack pins the top table, and it is every vCPU's. */
static int load(const struct build *b)
{
    struct sim_domain *d = b->d;
    uint64_t mfn = frame_of(d, b->first);
    int rc = pv_get_both(d->sim, mfn, d->id, b->top, false);

    pv_put_old(d->sim);
    if (rc)
        return rc;
    pv_page(d->sim, mfn)->pinned = true;
    for (uint32_t i = 0; !rc && i < d->config.vcpus; i++) {
        d->vcpus[i].regs.cr0 = 0x80050033;
        d->vcpus[i].regs.cr4 = 0x660;
        rc = pv_new_cr3(&d->vcpus[i], mfn);
    }
    return rc;
}

int pv_build(struct sim_domain *d)
{
    struct build b = { .d = d, .tables = tables_64, .top = PV_L4 };
    int rc;

    if (pv_32bit(d)) {
        b.tables = tables_32;
        b.top = PV_L3;
    }
    for (unsigned int level = PV_L1; level <= b.top; level++)
        b.nr += b.tables[level];
    if (d->config.ram < b.nr)
        return -EINVAL;
    b.first = d->config.ram - b.nr;
    if (b.first > FIRST_TABLE)
        b.first = FIRST_TABLE;
    rc = fill(&b);
    return rc ? rc : load(&b);
}

/* ---- the end ---- */

/* vcpu_destroy_pagetables */
static void drop_bases(struct sim_vcpu *v)
{
    pv_take_old(v);
    if (v->pv_table)
        pv_put_both(v->d->sim, v->pv_table, INVALID_MFN);
    if (v->pv_user_table)
        pv_put_both(v->d->sim, v->pv_user_table, INVALID_MFN);
    v->pv_table = v->pv_user_table = 0;
}

static void unpin(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_page(sim, mfn);

    if (!p->pinned)
        return;
    p->pinned = false;
    pv_put_both(sim, mfn, INVALID_MFN);
}

/* A table that is used still, by nobody that could give it up. */
static void invalidate(struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_page(sim, mfn);

    if (p->partial)
        pv_let_go(sim, mfn);
    if (p->validated && p->type <= PV_L4)
        pv_devalidate(sim, mfn);
}

void pv_teardown(struct sim_domain *d)
{
    struct sim *sim = d->sim;

    for (uint32_t i = 0; d->vcpus && i < d->config.vcpus; i++)
        drop_bases(&d->vcpus[i]);
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t mfn = 0; mfn < sim->nr_pages; mfn++) {
            if (sim->pages[mfn].owner != d->id + 1 || !pv_known(sim, mfn))
                continue;
            if (pass)
                invalidate(sim, mfn);
            else
                unpin(sim, mfn);
        }
    }
}
