/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map: reading it, its tables and its directory.  Changing it is in
 * p2m_set.c. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The leaf of every block that nothing is mapped in. */
static const struct p2m_table no_leaf = {
    .access = { [0 ... TABLE_ENTRIES - 1] = XENMEM_access_n },
    .mfn = { [0 ... TABLE_ENTRIES - 1] = NO_MFN32 },
};

/* ept_p2m_type_to_flags (xen/arch/x86/mm/p2m-ept.c). */
uint8_t p2m_permissions(uint8_t type, uint8_t access)
{
    static const uint8_t of_access[] = {
        [XENMEM_access_n] = 0,
        [XENMEM_access_r] = MEM_ACCESS_R,
        [XENMEM_access_w] = MEM_ACCESS_W,
        [XENMEM_access_rw] = MEM_ACCESS_RW,
        [XENMEM_access_x] = MEM_ACCESS_X,
        [XENMEM_access_rx] = MEM_ACCESS_RX,
        [XENMEM_access_wx] = MEM_ACCESS_WX,
        [XENMEM_access_rwx] = MEM_ACCESS_RWX,
        [XENMEM_access_rx2rw] = MEM_ACCESS_RX,
        [XENMEM_access_n2rwx] = 0,
    };

    if (access >= sizeof(of_access))
        return 0;
    switch (type) {
    case P2M_RAM_RW:
    case P2M_MMIO_DIRECT:
        return of_access[access];
    case P2M_MMIO_RO:
        return of_access[access] & ~MEM_ACCESS_W;
    default:
        return 0;
    }
}

/* is_epte_present: also a superpage must be, or the walk ends above it. */
static bool leaf_present(const struct p2m *p2m, const struct p2m_table *t,
                         unsigned int i)
{
    uint8_t bits;

    if (!(t->info[i] & ENTRY_VALID))
        return false;
    bits = p2m_permissions(t->info[i] & ENTRY_TYPE, t->access[i]);
    if (t->level && !p2m->d->config.exec_sp)
        bits &= ~MEM_ACCESS_X;
    return bits != 0;
}

enum p2m_step p2m_step(const struct p2m *p2m, const struct p2m_table *t,
                       unsigned int i)
{
    if (t->info[i] & ENTRY_TABLE)
        return STEP_TABLE;
    if (t->info[i] & ENTRY_FLAT)
        return STEP_FLAT;
    return leaf_present(p2m, t, i) ? STEP_SUPERPAGE : STEP_NONE;
}

struct p2m_table *p2m_table_new(unsigned int level)
{
    struct p2m_table *t;
    size_t size = sizeof(*t);

    if (level)
        size += TABLE_ENTRIES * sizeof(t->next[0]);
    t = calloc(1, size);
    if (!t)
        return NULL;
    t->level = level;
    memset(t->info, ENTRY_SVE, sizeof(t->info));
    memset(t->mfn, 0xff, sizeof(t->mfn));
    return t;
}

/* ept_set_middle_entry: all entries are empty, with suppress #VE set. */
struct p2m_table *p2m_table_alloc(struct p2m *p2m, unsigned int level)
{
    struct p2m_table *t = p2m->d->pool_free ? p2m_table_new(level) : NULL;

    if (t)
        p2m->d->pool_free--;
    return t;
}

void p2m_table_free(struct p2m *p2m, struct p2m_table *t)
{
    for (unsigned int i = 0; t->level && i < TABLE_ENTRIES; i++) {
        if (t->info[i] & ENTRY_TABLE)
            p2m_table_free(p2m, t->next[i]);
        else if (t->info[i] & ENTRY_FLAT)
            p2m->d->pool_free++;
    }
    free(t);
    p2m->d->pool_free++;
}

int p2m_init(struct p2m *p2m, struct sim_domain *d, uint16_t view)
{
    memset(p2m, 0, sizeof(*p2m));
    p2m->root = calloc(1, sizeof(*p2m->root) +
                          TABLE_ENTRIES * sizeof(p2m->root->next[0]));
    if (!p2m->root)
        return -ENOMEM;
    p2m->root->level = 3;
    memset(p2m->root->mfn, 0xff, sizeof(p2m->root->mfn));
    p2m->d = d;
    p2m->view = view;
    p2m->default_access = XENMEM_access_rwx;
    p2m->min_remapped = INVALID_GFN;
    return 0;
}

void p2m_flush(struct p2m *p2m)
{
    struct p2m_table *root = p2m->root;

    for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
        if (root->info[i] & ENTRY_TABLE)
            p2m_table_free(p2m, root->next[i]);
        root->info[i] = 0;
        root->next[i] = NULL;
    }
    free(p2m->dir);
    p2m->dir = NULL;
    p2m->dir_len = 0;
}

void p2m_free(struct p2m *p2m)
{
    if (!p2m->root)
        return;
    p2m_flush(p2m);
    free(p2m->root);
    p2m->root = NULL;
}

static void entry_read(const struct p2m_table *t, unsigned int i,
                       uint64_t gfn, struct p2m_entry *entry)
{
    uint64_t mask = (1ull << (9 * t->level)) - 1;

    entry->order = t->info[i] & ENTRY_FLAT ? ORDER_4K : 9 * t->level;
    if (!(t->info[i] & ENTRY_VALID))
        return;
    entry->mfn = t->mfn[i] + (gfn & mask);
    entry->type = t->info[i] & ENTRY_TYPE;
    entry->access = t->access[i];
    entry->sve = !!(t->info[i] & ENTRY_SVE);
}

/* The leaf table with GFN, if the directory has one: where a walk ends up. */
static struct p2m_table *dir_leaf(const struct p2m *p2m, uint64_t gfn)
{
    uint64_t block = gfn >> 9;
    uint64_t e = block < p2m->dir_len ? p2m->dir[block] : 1;

    if ((e & 1) || e == (uintptr_t)&no_leaf)
        return NULL;
    return (struct p2m_table *)(uintptr_t)e;
}

uint32_t p2m_set_access(struct p2m *p2m, uint64_t gfn, uint32_t nr,
                        uint8_t access)
{
    struct p2m_table *leaf = dir_leaf(p2m, gfn);
    unsigned int first = p2m_index(gfn, 0);
    uint32_t n = 0;

    if (!leaf || (p2m->view == NO_VIEW && altp2m_active(p2m->d)))
        return 0;
    while (n < nr && first + n < TABLE_ENTRIES &&
           (leaf->info[first + n] & ENTRY_VALID) &&
           (p2m->view == NO_VIEW || leaf->mfn[first + n] < DEVICE_FRAME))
        n++;
    memset(leaf->access + first, access, n);
    return n;
}

/* ept_get_entry, beginning at T. */
static void walk(const struct p2m *p2m, const struct p2m_table *t,
                 uint64_t gfn, struct p2m_entry *entry)
{
    unsigned int i, level;

    *entry = (struct p2m_entry) {
        .mfn = INVALID_MFN, .type = P2M_MMIO_DM, .access = XENMEM_access_n,
        .sve = 1,
    };
    if (gfn > p2m->max_mapped) {
        for (level = 3; level > 0; level--) {
            if ((gfn & ~((1ull << (9 * level)) - 1)) > p2m->max_mapped)
                break;
        }
        entry->order = 9 * level;
        return;
    }
    for (;;) {
        enum p2m_step step;

        i = p2m_index(gfn, t->level);
        if (!t->level)
            break;
        step = p2m_step(p2m, t, i);
        if (step == STEP_NONE) {
            entry->order = 9 * t->level;
            return;
        }
        if (step != STEP_TABLE)
            break;
        t = t->next[i];
    }
    entry_read(t, i, gfn, entry);
}

void p2m_get(const struct p2m *p2m, uint64_t gfn, struct p2m_entry *entry)
{
    const struct p2m_table *leaf = dir_leaf(p2m, gfn);

    walk(p2m, leaf ? leaf : p2m->root, gfn, entry);
}

uint64_t p2m_lookup_walk(const struct p2m *p2m, uint64_t gfn,
                         uint8_t *access)
{
    struct p2m_entry entry;

    walk(p2m, p2m->root, gfn, &entry);
    *access = entry.access;
    return entry.mfn;
}

bool p2m_suppress_ve(const struct p2m *p2m, uint64_t gfn)
{
    const struct p2m_table *t = p2m->root;

    while (t->info[p2m_index(gfn, t->level)] & ENTRY_TABLE)
        t = t->next[p2m_index(gfn, t->level)];
    return t->info[p2m_index(gfn, t->level)] & ENTRY_SVE;
}

/* What the directory says of one block: a leaf, or 512 frames mapped in a
 * row with one access (a superpage, or a flat table). */
static uint64_t dir_entry(const struct p2m *p2m, uint64_t block)
{
    const struct p2m_table *t = p2m->root;
    uint64_t gfn = block << 9;
    struct p2m_entry entry;

    while (t->level > 1) {
        unsigned int i = p2m_index(gfn, t->level);

        if (p2m_step(p2m, t, i) != STEP_TABLE)
            break;
        t = t->next[i];
    }
    if (t->level == 1 && t->info[p2m_index(gfn, 1)] & ENTRY_TABLE)
        return (uintptr_t)t->next[p2m_index(gfn, 1)];
    walk(p2m, p2m->root, gfn, &entry);
    if (entry.mfn == INVALID_MFN)
        return (uintptr_t)&no_leaf;
    return entry.mfn << 8 | (uint64_t)entry.access << 1 | 1;
}

/* A directory that cannot grow only makes lookups slower. */
static void dir_grow(struct p2m *p2m, uint64_t need)
{
    uint64_t len = (need + TABLE_ENTRIES - 1) & ~(TABLE_ENTRIES - 1ull);
    uint64_t *dir;

    dir = realloc(p2m->dir, len * sizeof(*dir));
    if (!dir)
        return;
    for (uint64_t block = p2m->dir_len; block < len; block++)
        dir[block] = (uintptr_t)&no_leaf;
    p2m->dir = dir;
    p2m->dir_len = len;
}

void p2m_dir_update(struct p2m *p2m, uint64_t gfn, unsigned int order)
{
    uint64_t first = gfn >> 9;
    uint64_t last = (gfn + (1ull << order) - 1) >> 9;

    if (last >= P2M_DIR_LIMIT)
        last = P2M_DIR_LIMIT - 1;
    if (last >= first && last >= p2m->dir_len)
        dir_grow(p2m, last + 1);
    for (uint64_t block = first; block <= last; block++) {
        if (block < p2m->dir_len)
            p2m->dir[block] = dir_entry(p2m, block);
    }
}
