/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's memory from outside.  Source: tools/libs/foreignmemory/core.c,
 * tools/libs/ctrl/xc_domain.c. */
#include "real/private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>

#define PAGE    XC_PAGE_SIZE

static void *map_gfn(struct xen *x, uint32_t dom, uint64_t gfn, int prot)
{
    xen_pfn_t pfn = xen_gfn(x, dom, gfn);

    return xenforeignmemory_map(x->memory, xen_guest_id(x, dom), prot, 1,
                                &pfn, NULL);
}

static int protection(bool write)
{
    return write ? PROT_READ | PROT_WRITE : PROT_READ;
}

/* ---- mappings that stay ---- */

/* Nobody tells which machine page stands behind a mapping, so a frame is a
 * number of ours: the same for a gfn of a domain, until another page is put
 * there, or one that is only read is mapped to be written to. */
static struct xen_page *listed(struct xen *x, uint32_t dom, uint64_t gfn,
                               bool write)
{
    for (unsigned int i = 0; i < x->nr_pages; i++) {
        struct xen_page *page = &x->pages[i];

        if (page->dom == dom && page->gfn == gfn && !page->lost &&
            page->write >= write)
            return page;
    }
    return NULL;
}

static struct xen_page *enlist(struct xen *x, uint32_t dom, uint64_t gfn,
                               void *p, bool write)
{
    struct xen_page *pages = reallocarray(x->pages, x->nr_pages + 1,
                                          sizeof(*pages));

    if (!pages)
        return NULL;
    x->pages = pages;
    pages[x->nr_pages] = (struct xen_page){
        .dom = dom, .gfn = gfn, .p = p, .frame = ++x->next_frame,
        .write = write,
    };
    return &pages[x->nr_pages++];
}

/* Also one that is mapped already is tried: the guest may have lost it. */
int real_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page)
{
    struct xen *x = (struct xen *)hv;
    struct xen_page *old = listed(x, dom, gfn, page->write);
    void *p = map_gfn(x, dom, gfn, protection(page->write));

    if (!p)
        return -errno;
    if (old)
        xenforeignmemory_unmap(x->memory, p, 1);
    else
        old = enlist(x, dom, gfn, p, page->write);
    if (!old) {
        xenforeignmemory_unmap(x->memory, p, 1);
        return -ENOMEM;
    }
    old->maps++;
    page->p = old->p;
    page->frame = old->frame;
    return 0;
}

void real_unmap(struct hv *hv, const struct hv_page *page)
{
    struct xen *x = (struct xen *)hv;
    unsigned int i = 0;

    while (i < x->nr_pages && x->pages[i].frame != page->frame)
        i++;
    if (i == x->nr_pages || --x->pages[i].maps)
        return;
    xenforeignmemory_unmap(x->memory, x->pages[i].p, 1);
    x->pages[i] = x->pages[--x->nr_pages];
}

void xen_pages_lost(struct xen *x, uint32_t dom)
{
    for (unsigned int i = 0; i < x->nr_pages; i++)
        x->pages[i].lost |= x->pages[i].dom == dom;
}

void xen_pages_close(struct xen *x)
{
    for (unsigned int i = 0; i < x->nr_pages; i++)
        xenforeignmemory_unmap(x->memory, x->pages[i].p, 1);
    free(x->pages);
}

/* ---- reading and writing ---- */

/* Of a PV guest it may be page tables. */
static int transfer(struct xen *x, const struct args_memory *a, bool write)
{
    unsigned char *p = map_gfn(x, a->dom, a->gfn, protection(write));
    int rc = 0;

    if (!p)
        return -errno;
    if ((uint64_t)a->offset + a->data.len > PAGE)
        rc = -EINVAL;
    else if (xen_has_frames(x, a->dom))
        xen_move_entries(x, p, a->offset, a->data.p, a->data.len, write);
    else if (a->data.len && write)
        memcpy(p + a->offset, a->data.p, a->data.len);
    else if (a->data.len)
        memcpy(a->data.p, p + a->offset, a->data.len);
    xenforeignmemory_unmap(x->memory, p, 1);
    return rc;
}

int real_op_MEMORY_READ(struct xen *x, struct args_memory *a)
{
    return transfer(x, a, false);
}

int real_op_MEMORY_PEEK(struct xen *x, struct args_memory *a)
{
    return transfer(x, a, false);
}

int real_op_MEMORY_WRITE(struct xen *x, struct args_memory *a)
{
    return transfer(x, a, true);
}

/* As the map slot of struct hv, but the mapping is not kept. */
int real_op_MEMORY_MAP(struct xen *x, struct args_map *a)
{
    struct hv_page page = { .write = !a->read_only };
    int rc = real_map(&x->hv, a->dom, a->gfn, &page);

    if (rc)
        return rc;
    a->frame = page.frame;
    if (a->data.len && a->data.len <= PAGE)
        memcpy(a->data.p, page.p, a->data.len);
    real_unmap(&x->hv, &page);
    return 0;
}

/* ---- giving and taking ---- */

/* Another page is at GFN of DOM now, or none. */
static void lose(struct xen *x, uint32_t dom, uint64_t gfn)
{
    struct xen_page *page;

    while ((page = listed(x, dom, gfn, false)))
        page->lost = true;
}

int real_op_MEMORY_POPULATE_EXTENT(struct xen *x, struct args_physmap *a)
{
    xen_pfn_t gfn = a->gfn;
    int rc = xen_answer(xc_domain_populate_physmap_exact(
        x->xc, xen_guest_id(x, a->dom), 1, a->order, 0, &gfn));

    for (uint64_t i = 0; !rc && i < 1ull << a->order; i++) {
        lose(x, a->dom, a->gfn + i);
        xen_frame_placed(x, a->dom, a->gfn + i, gfn + i);
    }
    return rc;
}

int real_op_MEMORY_POPULATE(struct xen *x, struct args_physmap *a)
{
    a->order = 0;
    return real_op_MEMORY_POPULATE_EXTENT(x, a);
}

int real_op_MEMORY_INCREASE(struct xen *x, struct args_physmap *a)
{
    return xen_answer(xc_domain_increase_reservation_exact(
        x->xc, xen_guest_id(x, a->dom), 1, a->order, 0, NULL));
}

/* What a PV dom0 is told; another is left alone all the same. */
int real_op_MEMORY_MOVE(struct xen *x, struct args_change_gfn *a)
{
    int rc = !a->dom ? -EACCES : xen_answer(xc_domain_add_to_physmap(
        x->xc, xen_guest_id(x, a->dom), XENMAPSPACE_gmfn, a->old_gfn,
        a->new_gfn));

    if (!rc) {
        lose(x, a->dom, a->old_gfn);
        lose(x, a->dom, a->new_gfn);
    }
    return rc;
}

int real_op_MEMORY_REMOVE(struct xen *x, struct args_physmap *a)
{
    int rc = !a->dom ? -EACCES : xen_answer(xc_domain_remove_from_physmap(
        x->xc, xen_guest_id(x, a->dom), a->gfn));

    if (!rc)
        lose(x, a->dom, a->gfn);
    return rc;
}

int real_op_MEMORY_DECREASE(struct xen *x, struct args_physmap *a)
{
    xen_pfn_t gfn = xen_gfn(x, a->dom, a->gfn);
    int rc = xen_answer(xc_domain_decrease_reservation_exact(
        x->xc, xen_guest_id(x, a->dom), 1, 0, &gfn));

    if (!rc) {
        lose(x, a->dom, a->gfn);
        xen_frame_left(x, a->dom, a->gfn);
    }
    return rc;
}

/* xc_mem_paging_memop, which is no part of the library's interface. */
int real_op_MEMORY_PAGING_OP(struct xen *x, struct args_vm_event_op *a)
{
    struct xen_mem_paging_op op = {
        .op = (uint8_t)a->op, .domain = (domid_t)xen_guest_id(x, a->dom),
    };

    return xen_hypercall(x, __HYPERVISOR_memory_op, XENMEM_paging_op, &op,
                         sizeof(op));
}

int real_op_MEMORY_SHARING_OP(struct xen *x, struct args_enable *a)
{
    return xen_answer(xc_memshr_control(x->xc, xen_id(x, a->dom),
                                        (int)a->enable));
}
