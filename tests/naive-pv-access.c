/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/naive-pv-access.h"

#include <errno.h>
#include <string.h>

/* xenmem_access_t, from 0 on; what each allows.  The last two change by the
 * first access that they do not. */
enum { N, R, W, RW, X, RX, WX, RWX, RX2RW, N2RWX, DEFAULT };
static const char *const allows[] = {
    "", "r", "w", "rw", "x", "rx", "wx", "rwx", "rx", "",
};

void npa_start(struct npa *n)
{
    n->preset = RWX;
    for (int i = 0; i < NPA_OWN; i++)
        n->access[i] = NPA_NONE;
}

int npa_access_of(const struct npa *n, int frame)
{
    return n->access[frame] == NPA_NONE ? n->preset : n->access[frame];
}

static bool allowed(const struct npa *n, int frame, char how)
{
    const char *may = allows[npa_access_of(n, frame)];

    return how == 'u' ? strchr(may, 'r') && strchr(may, 'w') :
           strchr(may, how) != NULL;
}

/* True: the access can go on. */
static bool look(struct npa *n, int frame, char how, struct npa_result *r)
{
    int was;

    if (!n->on || frame == NPA_OTHER || allowed(n, frame, how))
        return true;
    was = npa_access_of(n, frame);
    if (was == RX2RW && how != 'x') {
        n->access[frame] = RW;
        return true;
    }
    if (n->listening) {
        r->told = true;
        r->frame = frame;
        r->as = how == 'u' ? 'w' : how;
        if (was == N2RWX)
            n->access[frame] = RWX;
        else
            r->what = NPA_WAITS;
        return was == N2RWX;
    }
    if (was == N2RWX || !n->required)
        n->access[frame] = RWX;
    if (n->required) {
        n->crashed = true;
        r->what = NPA_CRASHED;
    }
    return !n->required;
}

/* May the guest have PTE in an L1? */
static bool good(const struct npa *n, uint64_t pte)
{
    if (!(pte & 1))
        return true;
    if (pte & 0x98)
        return false;
    for (int i = 0; i < NPA_OWN; i++) {
        if ((pte & 0xffffffffff000) >> 12 == n->mfn[i])
            return i != NPA_TABLE || !(pte & 2);
    }
    return false;
}

static void store(struct npa *n, int frame, const struct npa_access *a,
                  struct npa_result *r)
{
    uint64_t *word = &n->word[frame][a->slot], value = a->value;

    if (a->how != 'x' && a->how != 'w')
        r->read = *word;
    if (a->how != 'w' && a->how != 'u')
        return;
    if (frame == NPA_TABLE && value & 1 && !n->pae)
        value |= 0x100;         /* Xen's: what is the user's is global */
    *word = value;
}

struct npa_result npa_try(struct npa *n, const struct npa_access *a)
{
    bool writes = a->how == 'w' || a->how == 'u';
    struct npa_result r = { .what = NPA_DONE };
    int frame = n->map[a->page];

    if (frame == NPA_NONE) {
        r.what = NPA_FAULT;
        r.fault = writes ? 2 : 0;
        return r;
    }
    if (writes && !n->writable[a->page]) {
        bool xen = frame == NPA_TABLE && n->assist;

        if (xen && !look(n, frame, 'w', &r))
            return r;
        if (!xen || !good(n, a->value)) {
            r.what = NPA_FAULT;
            r.fault = 3;
            return r;
        }
    } else if (!look(n, frame, a->how, &r)) {
        return r;
    }
    store(n, frame, a, &r);
    return r;
}

int npa_set(struct npa *n, int frame, uint32_t nr, uint32_t access)
{
    if (!n->on)
        return -EINVAL;
    if (!n->listening)
        return -ENODEV;
    if (access > DEFAULT || access == W || access == X || access == WX ||
        (frame != NPA_NONE && nr != 1))
        return -EINVAL;
    if (frame != NPA_NONE)
        n->access[frame] = access == DEFAULT ? NPA_NONE : (int)access;
    else if (access != DEFAULT)
        n->preset = access;
    return 0;
}

int npa_mode(struct npa *n, bool on)
{
    if (n->on == on)
        return -EINVAL;
    n->on = on;
    npa_start(n);
    return 0;
}

bool npa_map(struct npa *n, int page, int frame, bool writable)
{
    if (frame == NPA_TABLE && writable)
        return false;
    n->map[page] = frame;
    n->writable[page] = writable;
    return true;
}

bool npa_mapped(const struct npa *n, int frame)
{
    for (int i = 0; i < NPA_PAGES; i++) {
        if (n->map[i] == frame)
            return true;
    }
    for (int i = 0; i < NPA_SLOTS; i++) {
        uint64_t pte = n->word[NPA_TABLE][i];

        if (pte & 1 && (pte & 0xffffffffff000) >> 12 == n->mfn[frame])
            return true;
    }
    return false;
}

void npa_replace(struct npa *n, int frame, uint64_t mfn)
{
    n->mfn[frame] = mfn;
    n->access[frame] = NPA_NONE;
    memset(n->word[frame], 0, sizeof(n->word[frame]));
}
