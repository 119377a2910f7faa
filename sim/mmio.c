/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices' pages, and which of their bytes guests may not write. */
#include "sim/mmio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MAPPED      511     /* pages of one mmio.map: no superpages */

/* ---- state ---- */

bool mmio_make(struct sim *sim)
{
    if (!sim->mmio)
        sim->mmio = calloc(1, sizeof(*sim->mmio));
    return sim->mmio;
}

void mmio_close(struct sim *sim)
{
    struct mmio *m = sim->mmio;
    struct mmio_page *page;

    for (int i = 0; m && i < MMIO_BUCKETS; i++) {
        while ((page = m->pages[i])) {
            m->pages[i] = page->next;
            free(page);
        }
    }
    if (m)
        free(m->ro.at);
    free(m);
}

void sim_reboot(struct hv *hv)
{
    struct sim *sim = (struct sim *)hv;

    for (uint32_t i = 0; i < sim->nr_domains; i++) {
        if (!sim->domains[i]->dying)
            return;
    }
    mmio_close(sim);
    sim->mmio = NULL;
    sim->booted = false;
}

struct mmio_page *mmio_find(const struct sim *sim, uint64_t frame)
{
    uint64_t mfn = frame & ~DEVICE_FRAME;
    struct mmio_page *page;

    page = sim->mmio ? sim->mmio->pages[mfn % MMIO_BUCKETS] : NULL;
    while (page && page->mfn != mfn)
        page = page->next;
    return page;
}

struct mmio_page *mmio_get(struct sim *sim, uint64_t frame)
{
    struct mmio_page *page = mmio_find(sim, frame), **bucket;

    if (page || !mmio_make(sim))
        return page;
    page = calloc(1, sizeof(*page));
    if (!page)
        return NULL;
    page->mfn = frame & ~DEVICE_FRAME;
    bucket = &sim->mmio->pages[page->mfn % MMIO_BUCKETS];
    page->next = *bucket;
    *bucket = page;
    return page;
}

void mmio_device_read(struct mmio_page *page, uint32_t offset, void *to,
                      uint32_t len)
{
    memcpy(to, page->data + offset, len);
    page->reads++;
}

void mmio_device_write(struct mmio_page *page, uint32_t offset,
                       const void *from, uint32_t len)
{
    memcpy(page->data + offset, from, len);
    page->writes++;
    page->offset = offset;
    page->len = len;
    page->value = 0;
    memcpy(&page->value, from, len < 8 ? len : 8);
}

/* ---- what is read-only ---- */

static bool touches(const struct mfn_ranges *r, uint64_t first, uint64_t last)
{
    for (uint32_t i = 0; i < r->nr; i++) {
        if (r->at[i].first <= last && first <= r->at[i].last)
            return true;
    }
    return false;
}

bool mmio_ro(const struct sim *sim, uint64_t mfn)
{
    return sim->mmio && touches(&sim->mmio->ro, mfn, mfn);
}

bool mmio_permitted(const struct sim_domain *d, uint64_t mfn)
{
    return touches(&d->iomem, mfn, mfn);
}

static int ranges_add(struct mfn_ranges *r, uint64_t first, uint64_t last)
{
    struct mfn_range *at = realloc(r->at, (r->nr + 1) * sizeof(*at));

    if (!at)
        return -ENOMEM;
    r->at = at;
    at[r->nr++] = (struct mfn_range){ first, last };
    return 0;
}

/* The allocations of one call; the one numbered FAIL finds no memory. */
struct heap {
    uint32_t fail, count;
};

static bool allocates(struct heap *heap)
{
    return ++heap->count != heap->fail;
}

/* What only makes a range longer needs no memory of rangeset_add_range's. */
static int ro_ranges_add(struct mfn_ranges *ro, uint64_t first, uint64_t last,
                         struct heap *heap)
{
    if (!touches(ro, first - !!first, last) && !allocates(heap))
        return -ENOMEM;
    return ranges_add(ro, first, last);
}

/* Bytes FIRST to LAST of one page. */
struct part {
    uint64_t mfn;
    uint32_t first, last;
};

/* subpage_mmio_ro_add_page.  Of a stock build: overlaps are not noticed. */
static int add_page(struct sim *sim, const struct part *part,
                    struct heap *heap)
{
    struct mmio_page *page = mmio_find(sim, part->mfn);

    if (!(page && page->partial) && !allocates(heap))
        return -ENOMEM;
    page = mmio_get(sim, part->mfn);
    if (!page)
        return -ENOMEM;
    page->partial = true;
    for (uint32_t i = part->first / RO_GRANULE; i <= part->last / RO_GRANULE;
         i++)
        page->ro[i / 64] |= 1ull << (i % 64);
    return 0;
}

/* subpage_mmio_ro_remove_page: also what an earlier call had marked. */
static void remove_page(struct sim *sim, const struct part *part)
{
    struct mmio_page *page = mmio_find(sim, part->mfn);
    uint64_t left = 0;

    if (!page || !page->partial)
        return;
    for (uint32_t i = part->first / RO_GRANULE; i <= part->last / RO_GRANULE;
         i++)
        page->ro[i / 64] &= ~(1ull << (i % 64));
    for (uint32_t i = 0; i < RO_WORDS; i++)
        left |= page->ro[i];
    page->partial = left;
}

/* The pages of [START, END] that are not read-only as a whole: none, one or
 * two of them. */
static unsigned int parts_of(uint64_t start, uint64_t end,
                             struct part parts[2])
{
    uint64_t first = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
    uint32_t from = start % PAGE_SIZE, to = end % PAGE_SIZE;
    unsigned int n = 0;

    if (first == last) {
        parts[0] = (struct part){ first, from, to };
        return from || to != PAGE_SIZE - 1;
    }
    if (from)
        parts[n++] = (struct part){ first, from, PAGE_SIZE - 1 };
    if (to != PAGE_SIZE - 1)
        parts[n++] = (struct part){ last, 0, to };
    return n;
}

static int ro_add(struct sim *sim, uint64_t start, uint64_t end,
                  struct heap *heap)
{
    struct part parts[2];
    unsigned int n = parts_of(start, end, parts), done = 0;
    int rc = 0;

    while (!rc && done < n) {
        rc = add_page(sim, &parts[done], heap);
        done += !rc;
    }
    if (!rc)
        rc = ro_ranges_add(&sim->mmio->ro, start >> PAGE_SHIFT,
                           end >> PAGE_SHIFT, heap);
    while (rc && done)
        remove_page(sim, &parts[--done]);
    return rc;
}

/* subpage_mmio_ro_add: while Xen boots.  Nobody can tell a domain that is only
 * built from one that is built later. */
int sim_op_MMIO_RO_ADD(struct sim *sim, struct args_mmio_ro *a)
{
    struct heap heap = { a->fail, 0 };

    if ((a->start | a->size) % RO_GRANULE)
        return -EINVAL;
    if (sim->booted)
        return -EILSEQ;
    if (!a->size)
        return 0;
    /* Nothing is behind the physical addresses. */
    if (a->start >> MAX_PHYS_ADDR ||
        a->size > (1ull << MAX_PHYS_ADDR) - a->start)
        return -EINVAL;
    if (!mmio_make(sim))
        return -ENOMEM;
    return ro_add(sim, a->start, a->start + a->size - 1, &heap);
}

/* ---- mapping ---- */

/* set_typed_p2m_entry: what is there may be the same device, or memory. */
static int map_one(struct sim_domain *d, uint64_t gfn, uint64_t mfn)
{
    uint64_t frame = DEVICE_FRAME | mfn;
    struct p2m_entry old;
    int rc;

    p2m_get(&d->host, gfn, &old);
    if (frame_is_device(old.mfn)) {
        if (old.mfn == frame)
            return 0;
        sim_crash(d);
        return -EPERM;
    }
    rc = p2m_set(&d->host, gfn, ORDER_4K, frame,
                 mmio_ro(d->sim, mfn) ? P2M_MMIO_RO : P2M_MMIO_DIRECT,
                 d->host.default_access, -1);
    if (!rc && old.mfn != INVALID_MFN)
        map_lost(d);
    return rc;
}

/* XEN_DOMCTL_iomem_permission and XEN_DOMCTL_memory_mapping, as libxl does for
 * iomem=.  The latter does nothing for a PV guest, which may have entries for
 * the pages from now on (mm.c:get_page_from_l1e). */
int sim_op_MMIO_MAP(struct sim *sim, struct args_mmio_map *a)
{
    uint64_t frames = 1ull << (MAX_PHYS_ADDR - PAGE_SHIFT);
    struct sim_domain *d = sim_find(sim, a->dom);
    int rc;

    if (!d)
        return -ESRCH;
    if (!a->nr || a->nr > MAX_MAPPED || a->mfn > frames - a->nr ||
        a->gfn > (1ull << GFN_BITS) - a->nr)
        return -EINVAL;
    sim->booted = true;
    rc = ranges_add(&d->iomem, a->mfn, a->mfn + a->nr - 1);
    for (uint32_t i = 0; !rc && d->config.type != GUEST_PV && i < a->nr; i++)
        rc = map_one(d, a->gfn + i, a->mfn + i);
    return rc;
}

/* ---- looking at the device ---- */

static int registers_of(struct sim *sim, const struct args_memory *a,
                        struct mmio_page **page)
{
    if ((uint64_t)a->offset + a->data.len > PAGE_SIZE ||
        a->gfn >> (MAX_PHYS_ADDR - PAGE_SHIFT))
        return -EINVAL;
    *page = mmio_get(sim, a->gfn);
    return *page ? 0 : -ENOMEM;
}

int sim_op_MMIO_READ(struct sim *sim, struct args_memory *a)
{
    struct mmio_page *page;
    int rc = registers_of(sim, a, &page);

    if (!rc && a->data.len)
        memcpy(a->data.p, page->data + a->offset, a->data.len);
    return rc;
}

int sim_op_MMIO_WRITE(struct sim *sim, struct args_memory *a)
{
    struct mmio_page *page;
    int rc = registers_of(sim, a, &page);

    if (!rc && a->data.len)
        memcpy(page->data + a->offset, a->data.p, a->data.len);
    return rc;
}

int sim_op_MMIO_STATE(struct sim *sim, struct args_mmio_state *a)
{
    const struct mmio_page *page = mmio_find(sim, a->mfn);
    static const struct mmio_page untouched;

    if (!page)
        page = &untouched;
    a->ro = mmio_ro(sim, a->mfn);
    a->partial = page->partial;
    a->mapped = page->mapped;
    a->marked = 0;
    for (uint32_t i = 0; i < RO_WORDS; i++)
        a->marked += __builtin_popcountll(page->ro[i]);
    a->reads = page->reads;
    a->writes = page->writes;
    a->offset = page->offset;
    a->len = page->len;
    a->value = page->value;
    return 0;
}
