/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a map: ept_set_entry of xen/arch/x86/mm/p2m-ept.c. */
#include "sim/private.h"

#include <errno.h>

/* The entries of T go on where entry I of FROM stood. */
static void fill(struct p2m_table *t, const struct p2m_table *from,
                 unsigned int i)
{
    uint8_t info = from->info[i] & ~ENTRY_FLAT;

    for (unsigned int j = 0; j < TABLE_ENTRIES; j++) {
        t->access[j] = from->access[i];
        t->info[j] = info;
        t->mfn[j] = from->mfn[i] + (j << (9 * t->level));
    }
}

/* ept_split_super_page: entry I of FROM as tables down to level TARGET; Xen
 * splits all of a 1 GiB mapping to 4 KiB.  The leaves of that are paid for,
 * but made only when they differ.  NULL when the pool runs out; what was
 * taken goes back. */
static struct p2m_table *split(struct p2m *p2m, const struct p2m_table *from,
                               unsigned int i, unsigned int target)
{
    struct p2m_table *t = p2m_table_alloc(p2m, from->level - 1);

    if (!t)
        return NULL;
    fill(t, from, i);
    if (t->level == target)
        return t;
    if (p2m->d->pool_free < TABLE_ENTRIES) {
        p2m_table_free(p2m, t);
        return NULL;
    }
    p2m->d->pool_free -= TABLE_ENTRIES;
    for (unsigned int j = 0; j < TABLE_ENTRIES; j++)
        t->info[j] |= ENTRY_FLAT;
    return t;
}

/* The leaf table that flat entry I of FROM stands for. */
static struct p2m_table *unfold(const struct p2m_table *from, unsigned int i)
{
    struct p2m_table *t = p2m_table_new(from->level - 1);

    if (t)
        fill(t, from, i);
    return t;
}

static void install(struct p2m_table *t, unsigned int i,
                    struct p2m_table *next)
{
    t->next[i] = next;
    t->info[i] = ENTRY_TABLE | ENTRY_SVE;
    t->mfn[i] = NO_MFN32;
    t->access[i] = XENMEM_access_n;
}

/* Walk to the table of level TARGET, making tables and splitting superpages.
 * *changed: the order whose directory entries are to be made anew, or 0.
 * *split_up: a superpage was split. */
static struct p2m_table *descend(struct p2m *p2m, uint64_t gfn,
                                 unsigned int target, unsigned int *changed,
                                 bool *split_up)
{
    struct p2m_table *t = p2m->root;

    while (t->level > target) {
        unsigned int i = p2m_index(gfn, t->level);
        enum p2m_step step = p2m_step(p2m, t, i);
        struct p2m_table *next;

        if (step != STEP_TABLE) {
            if (step == STEP_SUPERPAGE)
                next = split(p2m, t, i, target);
            else if (step == STEP_FLAT)
                next = unfold(t, i);
            else
                next = p2m_table_alloc(p2m, t->level - 1);
            if (!next)
                return NULL;
            *split_up |= step == STEP_SUPERPAGE;
            /* Making a table changes lookups of one block alone, unless it
             * takes the place of a mapping. */
            if (t->info[i] & ENTRY_VALID && *changed < 9u * t->level)
                *changed = 9 * t->level;
            else if (t->level == 1 && *changed < ORDER_2M)
                *changed = ORDER_2M;
            install(t, i, next);
        }
        t = t->next[i];
    }
    return t;
}

static void write_entry(struct p2m_table *t, unsigned int i, uint64_t mfn,
                        uint8_t type, uint8_t access, bool sve)
{
    t->info[i] = sve ? ENTRY_SVE : 0;
    t->access[i] = XENMEM_access_n;
    t->mfn[i] = NO_MFN32;
    if (t->level)
        t->next[i] = NULL;
    if (mfn != INVALID_MFN) {
        t->info[i] |= ENTRY_VALID | (type & ENTRY_TYPE);
        t->access[i] = access;
        t->mfn[i] = mfn;
    }
}

static void refresh(struct p2m *p2m, uint64_t gfn, unsigned int order)
{
    if (order)
        p2m_dir_update(p2m, gfn & ~((1ull << order) - 1), order);
}

int p2m_set(struct p2m *p2m, uint64_t gfn, unsigned int order, uint64_t mfn,
            uint8_t type, uint8_t access, int sve)
{
    uint64_t numbers = gfn | (mfn == INVALID_MFN ? 0 : mfn);
    uint64_t last = gfn + (1ull << order) - 1;
    struct p2m_table *t, *old = NULL;
    unsigned int i, changed = order;
    bool split_up = false, flat;

    if ((order != ORDER_4K && order != ORDER_2M && order != ORDER_1G) ||
        numbers & ((1ull << order) - 1) || gfn >> GFN_BITS ||
        (mfn != INVALID_MFN && mfn >= NO_MFN32))
        return -EINVAL;
    t = descend(p2m, gfn, order / 9, &changed, &split_up);
    if (!t) {
        refresh(p2m, gfn, changed);
        return -ENOMEM;
    }
    i = p2m_index(gfn, t->level);
    if (t->info[i] & ENTRY_TABLE)
        old = t->next[i];
    flat = t->info[i] & ENTRY_FLAT;
    /* The old entry's bit counts only where its table was there before:
     * ept_set_entry forgets it when it has split a superpage. */
    if (sve < 0) {
        sve = 1;
        if (!split_up && !old && !flat && t->info[i] & ENTRY_VALID)
            sve = !!(t->info[i] & ENTRY_SVE);
    }
    write_entry(t, i, mfn, type, access, sve);
    if (type != P2M_INVALID && last > p2m->max_mapped)
        p2m->max_mapped = last;
    refresh(p2m, gfn, changed);
    /* Last, as ept_set_entry does: the directory knows it no more. */
    if (old)
        p2m_table_free(p2m, old);
    p2m->d->pool_free += flat;
    if (p2m->view == NO_VIEW)
        return altp2m_propagate(p2m->d, gfn, order, mfn, type, access);
    return 0;
}
