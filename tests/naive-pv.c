/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/naive-pv.h"

#include <string.h>

#define USER            4ull
#define ACCESSED        0x20ull
#define GLOBAL          0x100ull
#define XEN_S           0x98ull         /* PWT, PCD, PSE */
#define KERNEL          (1ull << 52)
#define FRAME           0x000ffffffffff000ull
#define SAME            (FRAME | NAIVE_PRESENT | NAIVE_RW | XEN_S)

uint64_t naive_mfn(int i)
{
    return NAIVE_MFN0 + (i < (int)NAIVE_POOL ? NAIVE_POOL_GFN + i :
                         NAIVE_BOOT_GFN + i - NAIVE_POOL);
}

int naive_frame(uint64_t pte)
{
    for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
        if ((pte & FRAME) >> 12 == naive_mfn(i))
            return i;
    }
    return NAIVE_NONE;
}

bool naive_owns(uint64_t mfn)
{
    return mfn >= NAIVE_MFN0 && mfn < NAIVE_MFN0 + 0x200;
}

/* A slot that no entry of the guest's is in. */
static bool xen_slot(const struct naive_pv *n, int frame, unsigned int slot)
{
    switch (n->level[frame]) {
    case 4:
        return slot >= 256 && slot < 272;
    case 3:
        return n->pae && slot > 3;
    case 2:
        return n->last[frame] && slot >= 428;
    default:
        return false;
    }
}

static uint64_t refused_flags(const struct naive_pv *n, int level)
{
    uint64_t high = n->pae && level == 3 ? ~(FRAME | 0xfff) : 0;

    return XEN_S | (level > 1 ? GLOBAL : 0) | high;
}

static uint64_t adjusted(const struct naive_pv *n, int level, uint64_t pte)
{
    if (!(pte & NAIVE_PRESENT))
        return pte;
    if (n->pae)
        return level == 3 ? pte | USER | NAIVE_RW : pte;
    if (level > 1)
        return pte | USER;
    if (!(pte & USER))
        return pte | USER | KERNEL;
    return pte & KERNEL ? pte : pte | GLOBAL;
}

/* A 32-bit guest's L3 gets its first NR entries back. */
static void unadjust(struct naive_pv *n, int frame, unsigned int nr)
{
    for (unsigned int slot = 0; n->pae && slot < nr && slot < 4; slot++) {
        if (n->pte[frame][slot] & NAIVE_PRESENT)
            n->pte[frame][slot] &= ~(USER | NAIVE_RW | ACCESSED);
    }
}

/* ---- what follows from what is there ---- */

static bool want(struct naive_pv *n, int frame, int level)
{
    n->refs[frame]++;
    n->uses[frame]++;
    if (n->level[frame] && n->level[frame] != level)
        return false;
    n->level[frame] = level;
    return true;
}

static bool follow_entry(struct naive_pv *n, int table, unsigned int slot)
{
    uint64_t pte = n->pte[table][slot];
    int level = n->level[table], to = naive_frame(pte);

    if (!(pte & NAIVE_PRESENT) || xen_slot(n, table, slot) ||
        to == NAIVE_NONE)
        return true;
    if (level == 1) {
        n->refs[to]++;
        n->writable[to] += !!(pte & NAIVE_RW);
        return true;
    }
    if (to == table)
        return true;
    if (n->pae && level == 3 && slot == 3)
        n->last[to] = true;
    return want(n, to, n->linear[table][slot] ? level : level - 1);
}

static unsigned int slots_of(const struct naive_pv *n, int frame)
{
    return n->lost[frame] ? n->lost[frame] : 512;
}

bool naive_follow(struct naive_pv *n)
{
    int before[NAIVE_FRAMES];
    bool ok = true, more = true;

    memcpy(before, n->level, sizeof(before));
    memset(n->level, 0, sizeof(n->level));
    memset(n->done, 0, sizeof(n->done));
    memset(n->uses, 0, sizeof(n->uses));
    for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
        n->refs[i] = 1 + n->mapped[i] + n->leaked[i];
        n->writable[i] = n->mapped_rw[i];
        if (n->pinned[i])
            ok &= want(n, i, n->pinned[i]);
        if (n->lost[i])
            ok &= want(n, i, 2);
        for (unsigned int use = 0; use < n->forgotten[i]; use++)
            ok &= n->last[i] = want(n, i, 2);
    }
    if (n->base != NAIVE_NONE)
        ok &= want(n, n->base, n->pae ? 3 : 4);
    if (n->user != NAIVE_NONE)
        ok &= want(n, n->user, 4);
    while (more) {
        more = false;
        for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
            if (!n->level[i] || n->done[i])
                continue;
            n->done[i] = more = true;
            for (unsigned int slot = 0; slot < slots_of(n, i); slot++)
                ok &= follow_entry(n, i, slot);
        }
    }
    for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
        if (!n->level[i])
            memset(n->linear[i], 0, sizeof(n->linear[i]));
        if (n->level[i] != 2)
            n->last[i] = false; /* else a linear use keeps it so */
        if (before[i] == 3 && !n->level[i])
            unadjust(n, i, 4);
        ok &= !(n->level[i] && n->writable[i]);
        n->done[i] &= !n->lost[i];
    }
    return ok;
}

/* ---- what is allowed ---- */

static bool has_linear(const struct naive_pv *n, int frame)
{
    for (unsigned int slot = 0; slot < 512; slot++) {
        if (n->linear[frame][slot])
            return true;
    }
    return false;
}

static bool used_linear(const struct naive_pv *n, int frame)
{
    for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
        for (unsigned int slot = 0; slot < 512; slot++) {
            if (n->linear[i][slot] && naive_frame(n->pte[i][slot]) == frame)
                return true;
        }
    }
    return false;
}

/* May TABLE have PTE, which is in none of its slots yet?  *LINEAR: so. */
static bool may_have(struct naive_pv *n, int table, uint64_t pte,
                     bool *linear)
{
    int level = n->level[table], to = naive_frame(pte);

    *linear = false;
    if (pte & refused_flags(n, level) || !naive_owns((pte & FRAME) >> 12))
        return false;
    if (level == 1)
        return !(pte & NAIVE_RW) || to == NAIVE_NONE || !n->level[to];
    if (to == NAIVE_NONE)
        return false;           /* mapped writable, all of them */
    if (to != table && naive_use(n, to, level - 1))
        return true;
    if (pte & NAIVE_RW || (n->pae && level == 3))
        return false;
    if (to == table)
        return true;
    *linear = n->level[to] == level && n->done[to] && !has_linear(n, to) &&
              !used_linear(n, table);
    return *linear;
}

static bool use(struct naive_pv *n, int frame, int level, bool last);

/* The last entry of a 32-bit guest's L3: an L2 that is nobody else's. */
static bool may_be_last(struct naive_pv *n, uint64_t pte)
{
    int to = naive_frame(pte);

    if (!(pte & NAIVE_PRESENT) || pte & refused_flags(n, 3) ||
        to == NAIVE_NONE)
        return false;
    if (n->level[to] == 2 && n->last[to] && n->done[to]) {
        n->forgotten[to]++;
        return false;
    }
    return use(n, to, 2, true);
}

static bool may_begin_with(struct naive_pv *n, int frame, unsigned int slot)
{
    uint64_t pte = n->pte[frame][slot];
    int level = n->level[frame];
    bool linear = false;

    if (n->pae && level == 3 && slot == 3) {
        if (!may_be_last(n, pte))
            return false;
    } else if (pte & NAIVE_PRESENT && !may_have(n, frame, pte, &linear)) {
        return false;
    }
    n->linear[frame][slot] = linear;
    if (level == 1 && (pte & 3) == 3 && naive_frame(pte) != NAIVE_NONE)
        n->writable[naive_frame(pte)]++;
    n->pte[frame][slot] = adjusted(n, level, pte);
    return true;
}

bool naive_use(struct naive_pv *n, int frame, int level)
{
    return use(n, frame, level, false);
}

/* FRAME cannot be a table, for what is in SLOT.  An L2 waits for the end of
 * the call; an L3 and an L4 that had to give up something themselves wait in
 * its place, and if it is none that they know of then nobody does. */
static void fails(struct naive_pv *n, int frame, int level, unsigned int slot)
{
    if (!slot || level == 1)
        return;
    if (level == 2) {
        n->failed = frame;
        n->failed_slots = slot;
    } else if (level == 3) {
        n->failed = NAIVE_NONE;
    } else if (n->failed != NAIVE_NONE) {
        n->lost[n->failed] = n->failed_slots;
        n->leaked[n->failed]++;
        n->level[n->failed] = 2;
        memcpy(n->linear[n->failed], n->failed_linear,
               sizeof(n->failed_linear));
    }
}

/* All is as it was BEFORE, but for what was written into entries, and for what
 * is lost no more: it was used as a table again, for better or worse. */
static void undo(struct naive_pv *n, struct naive_pv *before)
{
    memcpy(before->pte, n->pte, sizeof(before->pte));
    memcpy(before->forgotten, n->forgotten, sizeof(before->forgotten));
    memcpy(before->lost, n->lost, sizeof(before->lost));
    before->failed = n->failed;
    before->failed_slots = n->failed_slots;
    memcpy(before->failed_linear, n->failed_linear,
           sizeof(before->failed_linear));
    *n = *before;
}

static bool use(struct naive_pv *n, int frame, int level, bool last)
{
    struct naive_pv before;
    unsigned int slot = n->lost[frame];

    n->failed = NAIVE_NONE;
    if (n->writable[frame] || (n->level[frame] &&
        (n->level[frame] != level || n->last[frame] != last)))
        return false;
    if (n->level[frame] && !slot)
        return n->done[frame];
    n->lost[frame] = 0;
    if (n->pae && level == 3)
        memset(&n->pte[frame][4], 0, 508 * sizeof(uint64_t));
    before = *n;
    n->level[frame] = level;
    n->last[frame] = last;
    for (; slot < 512; slot++) {
        if (xen_slot(n, frame, slot) || may_begin_with(n, frame, slot))
            continue;
        /* What was adjusted before it stays so, but in a PAE L3. */
        if (level == 3)
            unadjust(n, frame, slot);
        if (level == 2)
            memcpy(n->failed_linear, n->linear[frame],
                   sizeof(n->failed_linear));
        undo(n, &before);
        fails(n, frame, level, slot);
        return false;
    }
    n->done[frame] = true;
    if (last)
        memset(&n->pte[frame][428], 0, 84 * sizeof(uint64_t));
    if (level == 4) {
        memset(&n->pte[frame][256], 0, 16 * sizeof(uint64_t));
        n->pte[frame][258] = naive_mfn(frame) << 12 | 0x8000000000000063;
    }
    return true;
}

bool naive_pin(struct naive_pv *n, int frame, int level)
{
    if (n->pae && level == 4)
        return true;            /* but nothing is done */
    if (!naive_use(n, frame, level) || n->pinned[frame])
        return false;
    n->pinned[frame] = level;
    return true;
}

bool naive_unpin(struct naive_pv *n, int frame)
{
    bool was = n->pinned[frame];

    n->pinned[frame] = 0;
    return was;
}

bool naive_load(struct naive_pv *n, int frame, bool user)
{
    int *base = user ? &n->user : &n->base;

    if (n->pae && user)
        return false;
    if (*base != frame && frame != NAIVE_NONE &&
        !naive_use(n, frame, n->pae ? 3 : 4))
        return false;
    *base = frame;
    return true;
}

bool naive_update(struct naive_pv *n, int frame, unsigned int slot,
                  uint64_t pte)
{
    int level = n->level[frame];
    bool linear = false, harmless;

    if (!level) {
        n->pte[frame][slot] = pte;
        return true;
    }
    if (n->lost[frame])
        return false;
    if (xen_slot(n, frame, slot) || (n->pae && level == 3 && slot == 3))
        return false;
    if (pte & NAIVE_PRESENT) {
        if (pte & refused_flags(n, level))
            return false;
        pte = adjusted(n, level, pte);
        harmless = !((pte ^ n->pte[frame][slot]) & SAME);
        if (harmless)
            linear = n->linear[frame][slot];
        /* GLOBAL is Xen's own in an L1 */
        else if (!may_have(n, frame, pte, &linear))
            return false;
    }
    n->pte[frame][slot] = pte;
    n->linear[frame][slot] = linear;
    return true;
}

bool naive_map(struct naive_pv *n, int frame, bool write)
{
    if (write && n->level[frame])
        return false;
    n->mapped[frame]++;
    n->mapped_rw[frame] += write;
    return true;
}

bool naive_clear(struct naive_pv *n, int frame)
{
    if (n->level[frame])
        return false;
    memset(n->pte[frame], 0, sizeof(n->pte[frame]));
    return true;
}

bool naive_copy(struct naive_pv *n, int to, int from)
{
    if (n->level[to])
        return false;
    memmove(n->pte[to], n->pte[from], sizeof(n->pte[to]));
    return true;
}

/* ---- the guest's accesses ---- */

int naive_walk(const struct naive_pv *n, unsigned int gfn, bool *writable)
{
    int table = n->base;

    *writable = true;
    for (int level = n->pae ? 3 : 4; level > 1 && table != NAIVE_NONE;
         level--) {
        uint64_t pte = n->pte[table][0];

        if (!(pte & NAIVE_PRESENT))
            return NAIVE_NONE;
        *writable = *writable && pte & NAIVE_RW;
        table = naive_frame(pte);
    }
    if (table != NAIVE_NONE)
        *writable = *writable && n->pte[table][gfn] & NAIVE_RW;
    return table;
}

bool naive_store(struct naive_pv *n, unsigned int gfn, unsigned int slot,
                 uint64_t value)
{
    bool writable, linear;
    int table = naive_walk(n, gfn, &writable), to;
    uint64_t pte = table == NAIVE_NONE ? 0 : n->pte[table][gfn];

    if (!(pte & NAIVE_PRESENT))
        return false;
    to = naive_frame(pte);
    if (!writable) {
        if (!n->assist || pte & NAIVE_RW || to == NAIVE_NONE ||
            n->level[to] != 1 ||
            (value & NAIVE_PRESENT && !may_have(n, to, value, &linear)))
            return false;
        value = adjusted(n, 1, value);
    }
    if (to != NAIVE_NONE)
        n->pte[to][slot] = value;
    return true;
}

/* ---- the invariant ---- */

static int hole_below(const struct naive_pv *n, int table, int level,
                      bool writable)
{
    for (unsigned int slot = 0; slot < 512; slot++) {
        uint64_t pte = n->pte[table][slot];
        int to = naive_frame(pte), found = NAIVE_NONE;

        if (!(pte & NAIVE_PRESENT) || to == NAIVE_NONE ||
            (level == 4 && slot >= 256 && slot < 272))
            continue;
        if (level > 1)
            found = hole_below(n, to, level - 1, writable && pte & NAIVE_RW);
        else if (writable && pte & NAIVE_RW && n->level[to])
            found = to;
        if (found != NAIVE_NONE)
            return found;
    }
    return NAIVE_NONE;
}

int naive_hole(const struct naive_pv *n)
{
    int found = NAIVE_NONE;

    if (n->base != NAIVE_NONE)
        found = hole_below(n, n->base, n->pae ? 3 : 4, true);
    if (found == NAIVE_NONE && n->user != NAIVE_NONE)
        found = hole_below(n, n->user, 4, true);
    return found;
}
