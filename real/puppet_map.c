/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet's page tables: identity-mapped (tests/lab/puppet/boot.S) until
 * a program has an address elsewhere.  The model has no page tables; what its
 * programs say of translations is made true here. */
#include "real/puppet_private.h"

#include <errno.h>
#include <string.h>

#define LEVELS          4
#define ENTRIES         512

#define PRESENT         0x1u
#define WRITABLE        0x2u
#define ACCESSED        0x20u
#define DIRTY           0x40u
#define LARGE           0x80u
#define TABLE_FLAGS     (PRESENT | WRITABLE | ACCESSED)
#define PAGE_FLAGS      (TABLE_FLAGS | DIRTY)
#define NO_CODE         (1ull << 63)
#define ADDRESS         0x000ffffffffff000ull

static uint32_t shift_of(uint32_t level)
{
    return 12 + 9 * (level - 1);
}

static uint32_t index_of(uint64_t gla, uint32_t level)
{
    return (gla >> shift_of(level)) & (ENTRIES - 1);
}

/* The table at GPA, mapped from now on. */
static uint64_t *table_at(struct puppet *p, uint64_t gpa)
{
    uint64_t gfn = (gpa & ADDRESS) >> 12;

    for (uint32_t i = 0; i < p->nr_tables; i++) {
        if (p->table[i].gfn == gfn)
            return p->table[i].page.p;
    }
    if (p->nr_tables == MAX_TABLES ||
        p->env.map(p->env.ctx, gfn, &p->table[p->nr_tables].page))
        return NULL;
    p->table[p->nr_tables].gfn = gfn;
    return p->table[p->nr_tables++].page.p;
}

void puppet_map_free(struct puppet *p)
{
    for (uint32_t i = 0; i < p->nr_tables; i++)
        p->env.unmap(p->env.ctx, &p->table[i].page);
}

/* A new entry of the root's at INDEX is one of its copies, too. */
static void copy_entry(struct puppet *p, uint32_t index)
{
    const uint64_t *from = table_at(p, puppet_page(p)->root);

    for (uint32_t i = 0; i < MAX_ROOTS; i++) {
        uint64_t *to = p->root[i] ? table_at(p, p->root[i]) : NULL;

        if (from && to)
            to[index] = from[index];
    }
}

/* Put a table below *ENTRY, of LEVEL, which translates as the entry did. */
static int grow(struct puppet *p, uint64_t *entry, uint32_t level)
{
    uint64_t gpa = puppet_page(p)->pool + p->pool_used * PAGE_SIZE;
    uint64_t *table;

    if (p->pool_used == PUPPET_POOL)
        return -ENOSPC;
    table = table_at(p, gpa);
    if (!table)
        return -ENOSPC;
    p->pool_used++;
    memset(table, 0, PAGE_SIZE);
    for (uint64_t i = 0; *entry & LARGE && i < ENTRIES; i++) {
        table[i] = (*entry & ADDRESS) + (i << shift_of(level - 1));
        table[i] |= PAGE_FLAGS | (level > 2 ? LARGE : 0) |
                    (*entry & NO_CODE);
    }
    *entry = gpa | TABLE_FLAGS;
    return 0;
}

/* The entry of LEVEL that translates GLA; tables are made on the way. */
static int entry_of(struct puppet *p, uint64_t gla, uint32_t level,
                    uint64_t **entry)
{
    uint64_t gpa = puppet_page(p)->root;

    for (uint32_t l = LEVELS; ; l--) {
        uint64_t *table = table_at(p, gpa);
        int rc = 0;

        if (!table)
            return -ENOSPC;
        *entry = &table[index_of(gla, l)];
        if (l == level)
            return 0;
        if (!(**entry & PRESENT) || **entry & LARGE)
            rc = grow(p, *entry, l);
        if (rc)
            return rc;
        if (l == LEVELS)
            copy_entry(p, index_of(gla, l));
        gpa = **entry;
    }
}

static void forget(struct puppet *p)
{
    for (uint32_t i = 0; i < p->nr_vcpus; i++)
        p->vcpu[i].stale = true;
}

int puppet_translate(struct puppet *p, uint64_t gla, uint64_t *gpa)
{
    uint64_t at = puppet_page(p)->root;

    for (uint32_t l = LEVELS; l; l--) {
        uint64_t *table = table_at(p, at);
        uint64_t below = (1ull << shift_of(l)) - 1;

        if (!table)
            return -ENOSPC;
        at = table[index_of(gla, l)];
        if (!(at & PRESENT))
            return -EFAULT;
        if (l == 1 || at & LARGE) {
            *gpa = (at & ADDRESS & ~below) | (gla & below);
            return 0;
        }
    }
    return -EFAULT;
}

int puppet_map(struct puppet *p, uint64_t gla, uint64_t gpa)
{
    uint64_t *entry, now;
    int rc;

    gla &= PAGE_MASK;
    gpa &= ADDRESS;
    rc = puppet_translate(p, gla, &now);
    if (!rc && now == gpa)
        return 0;
    rc = entry_of(p, gla, 1, &entry);
    if (rc)
        return rc;
    if (*entry & PRESENT)
        forget(p);
    *entry = gpa | PAGE_FLAGS | NO_CODE;
    return 0;
}

int puppet_map_code(struct puppet *p, uint64_t gla)
{
    uint64_t *entry;
    int rc = entry_of(p, gla, 1, &entry);

    if (rc || !(*entry & NO_CODE))
        return rc;
    *entry &= ~NO_CODE;
    forget(p);
    return 0;
}

/* Which table an entry at GPA can be of: the lowest that fits. */
static uint32_t level_of(const struct args_guest_walk *w)
{
    uint32_t level = 1;

    while (level < LEVELS &&
           index_of(w->gla, level) * 8 != (w->gpa & (PAGE_SIZE - 8)))
        level++;
    return level;
}

int puppet_map_walk(struct puppet *p, const struct args_guest_walk *w)
{
    uint32_t level = level_of(w);
    uint64_t *entry, *table, *parent;
    int rc = -EOPNOTSUPP;

    if (level < LEVELS)         /* the root stays where it is */
        rc = entry_of(p, w->gla, level, &entry);
    if (!rc)
        rc = entry_of(p, w->gla, level + 1, &parent);
    if (rc)
        return rc;
    if ((*parent & ADDRESS) != (w->gpa & ADDRESS)) {
        table = table_at(p, w->gpa);
        if (!table)
            return -EINVAL;
        memcpy(table, entry - index_of(w->gla, level), PAGE_SIZE);
        *parent = (w->gpa & ADDRESS) | TABLE_FLAGS;
        if (level + 1 == LEVELS)
            copy_entry(p, index_of(w->gla, LEVELS));
        entry = table + index_of(w->gla, level);
    }
    *entry |= PRESENT | WRITABLE | ACCESSED | DIRTY;
    if (w->write)
        *entry &= ~(uint64_t)(level > 1 && !(*entry & LARGE) ? ACCESSED :
                              ACCESSED | DIRTY);
    forget(p);
    return 0;
}

int puppet_map_root(struct puppet *p, uint64_t cr3)
{
    uint64_t *from = table_at(p, puppet_page(p)->root);
    uint64_t *to;

    if ((cr3 & ADDRESS) == puppet_page(p)->root)
        return 0;
    to = table_at(p, cr3);
    if (!from || !to)
        return -EINVAL;
    memcpy(to, from, PAGE_SIZE);
    p->root[p->next_root++ % MAX_ROOTS] = cr3 & ADDRESS;
    return 0;
}
