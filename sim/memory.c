/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machine pages, and the operations on a domain's memory. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY          UINT32_MAX      /* the page's domain is gone */
#define MAX_PAGES       (1ull << 28)    /* of the host: 1 TiB */

/* Room for NEED pages; the new ones are zero, that is free. */
static bool grow(struct sim *sim, uint64_t need)
{
    uint64_t room = sim->room ? sim->room : 1024;
    struct sim_page *pages;

    if (need <= sim->room)
        return true;
    if (need > MAX_PAGES)
        return false;
    while (room < need)
        room *= 2;
    /* Not realloc: what calloc returns is touched only when used. */
    pages = calloc(room, sizeof(*pages));
    if (!pages)
        return false;
    if (sim->nr_pages)
        memcpy(pages, sim->pages, sim->nr_pages * sizeof(*pages));
    free(sim->pages);
    sim->pages = pages;
    sim->room = room;
    return true;
}

static void release(struct sim *sim, struct sim_page *page)
{
    const struct sim_pages *from = &sim->config.pages;

    if (page->data && from->get)
        from->put(from->ctx, page->data);
    else
        free(page->data);
}

uint64_t page_alloc(struct sim_domain *d)
{
    struct sim *sim = d->sim;
    uint64_t mfn = sim->free_hint;

    if (d->nr_pages >= d->max_pages || d->dying)
        return INVALID_MFN;
    while (mfn < sim->nr_pages && sim->pages[mfn].owner)
        mfn++;
    sim->free_hint = mfn;
    if (mfn == sim->nr_pages) {
        if (!grow(sim, mfn + 1))
            return INVALID_MFN;
        sim->nr_pages++;
    }
    sim->pages[mfn].owner = d->id + 1;
    sim->free_hint++;
    d->nr_pages++;
    return mfn;
}

/* 2^ORDER pages in a row, aligned, above all that was ever used. */
uint64_t page_alloc_run(struct sim_domain *d, unsigned int order)
{
    uint64_t count = 1ull << order, mfn;
    struct sim *sim = d->sim;

    if (!order)
        return page_alloc(d);
    mfn = (sim->nr_pages + count - 1) & ~(count - 1);
    if (d->nr_pages + count > d->max_pages || !grow(sim, mfn + count))
        return INVALID_MFN;
    for (uint64_t i = 0; i < count; i++)
        sim->pages[mfn + i].owner = d->id + 1;
    sim->nr_pages = mfn + count;
    d->nr_pages += count;
    return mfn;
}

void page_free(struct sim *sim, uint64_t mfn)
{
    struct sim_page *page;
    struct sim_domain *d;

    if (mfn >= sim->nr_pages || !sim->pages[mfn].owner)
        return;
    page = &sim->pages[mfn];
    if (page->users || page->maps) {
        page->detached = true;
        return;
    }
    d = sim_find(sim, page->owner - 1);
    if (d)
        d->nr_pages--;
    release(sim, page);
    memset(page, 0, sizeof(*page));
    if (mfn < sim->free_hint)
        sim->free_hint = mfn;
}

static void last_one(struct sim *sim, uint64_t mfn)
{
    const struct sim_page *page = &sim->pages[mfn];

    if (!page->users && !page->maps && page->detached)
        page_free(sim, mfn);
}

void page_put(struct sim *sim, uint64_t mfn)
{
    struct sim_page *page = &sim->pages[mfn];

    if (page->users)
        page->users--;
    last_one(sim, mfn);
}

void pages_free_all(struct sim_domain *d)
{
    struct sim *sim = d->sim;

    for (uint64_t mfn = 0; mfn < sim->nr_pages; mfn++) {
        struct sim_page *page = &sim->pages[mfn];

        if (page->owner != d->id + 1)
            continue;
        page->users = 0;
        if (page->maps) {
            page->owner = NOBODY;
            page->detached = true;
            continue;
        }
        release(sim, page);
        memset(page, 0, sizeof(*page));
        if (mfn < sim->free_hint)
            sim->free_hint = mfn;
    }
    d->nr_pages = 0;
}

void pages_close(struct sim *sim)
{
    for (uint64_t mfn = 0; mfn < sim->nr_pages; mfn++)
        release(sim, &sim->pages[mfn]);
    free(sim->pages);
}

void page_read(struct sim *sim, uint64_t mfn, uint32_t offset, void *to,
               uint32_t len)
{
    memset(to, 0, len);
    if (mfn < sim->nr_pages && sim->pages[mfn].data &&
        (uint64_t)offset + len <= PAGE_SIZE)
        memcpy(to, sim->pages[mfn].data + offset, len);
}

void *page_map(struct sim *sim, uint64_t mfn)
{
    if (mfn >= sim->nr_pages)
        return NULL;
    if (!sim->pages[mfn].data)
        sim->pages[mfn].data = sim->config.pages.get ?
            sim->config.pages.get(sim->config.pages.ctx) :
            calloc(1, PAGE_SIZE);
    return sim->pages[mfn].data;
}

int page_write(struct sim *sim, uint64_t mfn, uint32_t offset,
               const void *from, uint32_t len)
{
    unsigned char *page = page_map(sim, mfn);

    if (!page || (uint64_t)offset + len > PAGE_SIZE)
        return -ENOMEM;
    memcpy(page + offset, from, len);
    return 0;
}

/* What a foreign mapping of one gfn finds. */
static int foreign(struct sim *sim, const struct args_memory *a,
                   uint64_t *mfn)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    struct p2m_entry entry;

    if (!d)
        return -ESRCH;
    if ((uint64_t)a->offset + a->data.len > PAGE_SIZE)
        return -EINVAL;
    p2m_get(&d->host, a->gfn, &entry);
    *mfn = entry.mfn;
    return entry.mfn == INVALID_MFN ? -EINVAL : 0;
}

int sim_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page)
{
    struct args_memory a = { .dom = dom, .gfn = gfn };
    struct sim *sim = (struct sim *)hv;
    int rc = foreign(sim, &a, &page->frame);

    if (rc)
        return rc;
    page->p = page_map(sim, page->frame);
    if (!page->p)
        return -ENOMEM;
    sim->pages[page->frame].maps++;
    return 0;
}

void sim_unmap(struct hv *hv, const struct hv_page *page)
{
    struct sim *sim = (struct sim *)hv;

    if (page->frame >= sim->nr_pages || !sim->pages[page->frame].maps)
        return;
    sim->pages[page->frame].maps--;
    last_one(sim, page->frame);
}

int sim_op_MEMORY_READ(struct sim *sim, struct args_memory *a)
{
    uint64_t mfn;
    int rc = foreign(sim, a, &mfn);

    if (!rc && a->data.len)
        page_read(sim, mfn, a->offset, a->data.p, a->data.len);
    return rc;
}

int sim_op_MEMORY_PEEK(struct sim *sim, struct args_memory *a)
{
    return sim_op_MEMORY_READ(sim, a);
}

/* As the map slot of struct hv, of which the page is not kept here. */
int sim_op_MEMORY_MAP(struct sim *sim, struct args_map *a)
{
    struct args_memory m = { .dom = a->dom, .gfn = a->gfn };
    int rc = foreign(sim, &m, &a->frame);

    if (!rc && a->data.len && a->data.len <= PAGE_SIZE)
        page_read(sim, a->frame, 0, a->data.p, a->data.len);
    return rc;
}

int sim_op_MEMORY_WRITE(struct sim *sim, struct args_memory *a)
{
    uint64_t mfn;
    int rc = foreign(sim, a, &mfn);

    if (!rc && a->data.len)
        rc = page_write(sim, mfn, a->offset, a->data.p, a->data.len);
    return rc;
}

/* xen/common/memory.c:populate_physmap.  The hypercall only counts extents:
 * that none was done is xc_domain_populate_physmap_exact's EBUSY.  A page
 * that cannot be mapped stays the domain's. */
int sim_op_MEMORY_POPULATE(struct sim *sim, struct args_physmap *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    uint64_t mfn;

    if (!d)
        return -EBUSY;
    mfn = page_alloc(d);
    if (mfn == INVALID_MFN ||
        p2m_set(&d->host, a->gfn, ORDER_4K, mfn, P2M_RAM_RW,
                d->host.default_access, -1))
        return -EBUSY;
    return 0;
}

/* guest_remove_page; EINVAL is xc_domain_decrease_reservation_exact's. */
int sim_op_MEMORY_DECREASE(struct sim *sim, struct args_physmap *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    struct p2m_entry entry;

    if (!d)
        return -EINVAL;
    p2m_get(&d->host, a->gfn, &entry);
    if (entry.mfn == INVALID_MFN ||
        p2m_set(&d->host, a->gfn, ORDER_4K, INVALID_MFN, P2M_INVALID,
                d->host.default_access, -1))
        return -EINVAL;
    /* A ring's page goes when the ring is disabled. */
    if (!ring_on(d) || d->ring.mfn != entry.mfn)
        page_free(sim, entry.mfn);
    return 0;
}

/* Debian's Xen has neither CONFIG_MEM_PAGING nor CONFIG_MEM_SHARING. */
int sim_op_MEMORY_PAGING_OP(struct sim *sim, struct args_vm_event_op *a)
{
    (void)sim;
    (void)a;
    return -ENOSYS;
}

int sim_op_MEMORY_SHARING_OP(struct sim *sim, struct args_enable *a)
{
    return a->dom && !sim_find(sim, a->dom) ? -ESRCH : -ENOSYS;
}
