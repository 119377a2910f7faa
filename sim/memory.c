/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machine pages, and the operations on a domain's memory. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY          UINT32_MAX      /* the page's domain is gone */
#define MAX_PAGES       DEVICE_FRAME    /* of the host: 1 TiB */
#define MAX_ORDER       18              /* of one extent */

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

void pages_from(struct sim *sim, uint64_t mfn)
{
    if (mfn > sim->nr_pages && grow(sim, mfn))
        sim->nr_pages = mfn;
    if (mfn <= sim->nr_pages)
        sim->free_hint = mfn;
}

/* How many of the COUNT pages from MFN on are free, up to the first that is
 * not; what was never used is. */
static uint64_t free_run(const struct sim *sim, uint64_t mfn, uint64_t count)
{
    uint64_t n = 0;

    while (n < count && mfn + n < sim->nr_pages && !sim->pages[mfn + n].owner)
        n++;
    return mfn + n < sim->nr_pages ? n : count;
}

/* 2^ORDER pages in a row, aligned: the first that are free. */
uint64_t page_alloc_run(struct sim_domain *d, unsigned int order)
{
    uint64_t count = 1ull << order, mfn;
    struct sim *sim = d->sim;

    if (!order)
        return page_alloc(d);
    mfn = (sim->free_hint + count - 1) & ~(count - 1);
    while (free_run(sim, mfn, count) < count)
        mfn += count;
    if (d->nr_pages + count > d->max_pages || d->dying ||
        !grow(sim, mfn + count))
        return INVALID_MFN;
    for (uint64_t i = 0; i < count; i++)
        sim->pages[mfn + i].owner = d->id + 1;
    if (sim->nr_pages < mfn + count)
        sim->nr_pages = mfn + count;
    if (sim->free_hint == mfn)
        sim->free_hint += count;
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
    d = sim_find(sim, page->owner - 1);
    if (d)
        pv_access_forget(d, mfn);
    if (page->users || page->maps || !pv_give_up(sim, mfn)) {
        page->detached = true;
        return;
    }
    pv_forget(sim, mfn);
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
        if (page->maps || !pv_give_up(sim, mfn)) {
            page->owner = NOBODY;
            page->detached = true;
            continue;
        }
        pv_forget(sim, mfn);
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
    pv_close(sim);
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
    return page_is_memory(entry.mfn) ? 0 : -EINVAL;
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
    rc = page->write ? pv_map_writable(sim, page->frame) : 0;
    if (!rc)
        sim->pages[page->frame].maps++;
    return rc;
}

void sim_unmap(struct hv *hv, const struct hv_page *page)
{
    struct sim *sim = (struct sim *)hv;

    if (page->frame >= sim->nr_pages || !sim->pages[page->frame].maps)
        return;
    if (page->write)
        pv_unmap_writable(sim, page->frame);
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

    if (!rc && !a->read_only)
        rc = pv_map_writable(sim, a->frame);
    if (rc)
        return rc;
    if (a->data.len && a->data.len <= PAGE_SIZE)
        page_read(sim, a->frame, 0, a->data.p, a->data.len);
    if (!a->read_only)
        pv_unmap_writable(sim, a->frame);
    return 0;
}

int sim_op_MEMORY_WRITE(struct sim *sim, struct args_memory *a)
{
    uint64_t mfn;
    int rc = foreign(sim, a, &mfn);

    if (!rc)
        rc = pv_map_writable(sim, mfn);
    if (rc)
        return rc;
    if (a->data.len)
        rc = page_write(sim, mfn, a->offset, a->data.p, a->data.len);
    pv_unmap_writable(sim, mfn);
    return rc;
}

/* ---- a domain's memory ---- */

/* p2m_set_entry: by the largest mappings that fit.  What can be done is done,
 * the last error counts. */
static int set_extent(struct sim_domain *d, uint64_t gfn, uint64_t mfn,
                      unsigned int order)
{
    uint64_t todo = 1ull << order;
    int rc = 0;

    while (todo) {
        uint64_t numbers = gfn | mfn | todo;
        unsigned int chunk = !(numbers & ((1ull << ORDER_1G) - 1)) ? ORDER_1G :
            !(numbers & ((1ull << ORDER_2M) - 1)) ? ORDER_2M : ORDER_4K;
        int err = p2m_set(&d->host, gfn, chunk, mfn, P2M_RAM_RW,
                          d->host.default_access, -1);

        rc = err ? err : rc;
        for (uint64_t i = 0; !err && i < 1ull << chunk; i++)
            d->sim->pages[mfn + i].gfn_lost = false;
        gfn += 1ull << chunk;
        mfn += 1ull << chunk;
        todo -= 1ull << chunk;
    }
    return rc;
}

void page_placed(struct sim_domain *d, uint64_t mfn, uint64_t gfn,
                 unsigned int order)
{
    for (uint64_t i = 0; d->config.type == GUEST_PV && i < 1ull << order; i++)
        d->sim->pages[mfn + i].at = gfn + i < UINT32_MAX ? gfn + i + 1 : 0;
}

/* xen/common/memory.c:populate_physmap, max_order of dom0.  A page that
 * cannot be mapped stays the domain's. */
static int populate(struct sim_domain *d, uint64_t gfn, uint32_t order)
{
    uint64_t mfn;

    if (!d || order > MAX_ORDER)
        return -EBUSY;
    mfn = page_alloc_run(d, order);
    if (mfn == INVALID_MFN || set_extent(d, gfn, mfn, order))
        return -EBUSY;
    page_placed(d, mfn, gfn, order);
    return 0;
}

/* ioreq_request_mapcache_invalidate: when a vCPU goes on next it tells the
 * device model; of a guest's own call that is told at its end. */
void map_lost(struct sim_domain *d)
{
    if (!d->created || d->sim->current == d)
        return;
    for (uint32_t i = 0; i < d->config.vcpus; i++)
        d->vcpus[i].map_lost = true;
}

/* p2m_remove_entry */
static int unmap(struct sim_domain *d, uint64_t gfn)
{
    map_lost(d);
    return p2m_set(&d->host, gfn, ORDER_4K, INVALID_MFN, P2M_INVALID,
                   d->host.default_access, -1);
}

/* guest_remove_page.  Who still uses the page (a monitor's ring) keeps it. */
static int remove_page(struct sim_domain *d, uint64_t gfn)
{
    struct p2m_entry entry;
    int rc;

    p2m_get(&d->host, gfn, &entry);
    if (entry.mfn == INVALID_MFN)
        return -ENOENT;
    if (!page_is_memory(entry.mfn))
        return -EPERM;
    rc = unmap(d, gfn);
    if (!rc)
        page_free(d->sim, entry.mfn);
    return rc;
}

int page_unmap(struct sim *sim, uint64_t mfn)
{
    struct sim_domain *d = sim_find(sim, sim->pages[mfn].owner - 1);
    uint32_t at = sim->pages[mfn].at;
    int rc = d && at ? unmap(d, at - 1) : 0;

    if (!rc)
        page_free(sim, mfn);
    return rc;
}

/* The hypercall only counts extents: that none was done is
 * xc_domain_populate_physmap_exact's EBUSY ... */
int sim_op_MEMORY_POPULATE(struct sim *sim, struct args_physmap *a)
{
    return populate(sim_find(sim, a->dom), a->gfn, 0);
}

int sim_op_MEMORY_POPULATE_EXTENT(struct sim *sim, struct args_physmap *a)
{
    return populate(sim_find(sim, a->dom), a->gfn, a->order);
}

/* ... and xc_domain_decrease_reservation_exact's EINVAL, */
int sim_op_MEMORY_DECREASE(struct sim *sim, struct args_physmap *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);

    return !d || remove_page(d, a->gfn) ? -EINVAL : 0;
}

/* and xc_domain_increase_reservation_exact's ENOMEM.  The pages of a domain
 * with a map are in it nowhere. */
int sim_op_MEMORY_INCREASE(struct sim *sim, struct args_physmap *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);

    return !d || a->order > MAX_ORDER ||
           page_alloc_run(d, a->order) == INVALID_MFN ? -ENOMEM : 0;
}

/* What can be changed by gfn: xatp_permission_check.  dom0 is PV. */
static int translated(struct sim *sim, uint32_t dom, struct sim_domain **d)
{
    *d = sim_find(sim, dom);
    if (!*d)
        return dom ? -ESRCH : -EACCES;
    return (*d)->config.type == GUEST_PV ? -EACCES : 0;
}

/* XENMEM_remove_from_physmap: the page stays the domain's. */
int sim_op_MEMORY_REMOVE(struct sim *sim, struct args_physmap *a)
{
    struct p2m_entry entry;
    struct sim_domain *d;
    int rc = translated(sim, a->dom, &d);

    if (rc)
        return rc;
    p2m_get(&d->host, a->gfn, &entry);
    return page_is_memory(entry.mfn) ? unmap(d, a->gfn) : -ENOENT;
}

/* xenmem_add_to_physmap_one of XENMAPSPACE_gmfn: what was at the new gfn is
 * freed, and the page has the default access there, even where it was. */
int sim_op_MEMORY_MOVE(struct sim *sim, struct args_change_gfn *a)
{
    struct p2m_entry from, to;
    struct sim_domain *d;
    int rc = translated(sim, a->dom, &d);

    if (rc)
        return rc;
    if (a->new_gfn == INVALID_GFN)
        return -EINVAL;
    p2m_get(&d->host, a->old_gfn, &from);
    if (!page_is_memory(from.mfn))
        return -EINVAL;
    if (sim->pages[from.mfn].gfn_lost)
        return -EXDEV;
    p2m_get(&d->host, a->new_gfn, &to);
    if (to.mfn != INVALID_MFN && to.mfn != from.mfn)
        rc = remove_page(d, a->new_gfn);
    if (!rc && a->old_gfn != a->new_gfn)
        rc = unmap(d, a->old_gfn);
    return rc ? rc : set_extent(d, a->new_gfn, from.mfn, 0);
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
