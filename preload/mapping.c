/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foreign mappings: address space that the client reserved with mmap on
 * privcmd, and the guest pages put into it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/front.h"
#include "preload/libc.h"

struct mapping {
    uint64_t addr;
    size_t pages;
    int prot;
    struct hv_page *page;       /* .p NULL: nothing there, and with .frame
                                 * GONE it is the client's own again */
    struct mapping *next;
};

#define GONE    (~0ull)

static struct mapping *mappings;

int mapping_reserve(uint64_t addr, size_t pages, int prot)
{
    struct mapping *m = calloc(1, sizeof(*m));

    if (m)
        m->page = calloc(pages, sizeof(*m->page));
    if (!m || !m->page) {
        free(m);
        return -ENOMEM;
    }
    m->addr = addr;
    m->pages = pages;
    m->prot = prot;
    m->next = mappings;
    mappings = m;
    return 0;
}

static bool holds(const struct mapping *m, uint64_t addr, size_t pages)
{
    size_t first = (addr - m->addr) / FRONT_PAGE;

    if (addr < m->addr || pages > m->pages || first > m->pages - pages)
        return false;
    for (size_t i = first; i < first + pages; i++) {
        if (!m->page[i].p && m->page[i].frame == GONE)
            return false;
    }
    return true;
}

static struct mapping *find(uint64_t addr, size_t pages)
{
    struct mapping *m = mappings;

    while (m && !holds(m, addr, pages))
        m = m->next;
    return m;
}

bool mapping_covers(uint64_t addr, size_t pages)
{
    return !(addr % FRONT_PAGE) && find(addr, pages);
}

bool mapping_used(uint64_t addr, size_t pages)
{
    const struct mapping *m = find(addr, pages);
    size_t first = m ? (addr - m->addr) / FRONT_PAGE : 0;

    for (size_t i = 0; m && i < pages; i++) {
        if (m->page[first + i].p)
            return true;
    }
    return false;
}

static void drop(struct hv_page *page)
{
    if (page->p)
        hv_unmap(front.hv, page);
    page->p = NULL;
}

/* The page at ADDR is P, where that is one of our own: the ring's of a real
 * Xen, for one, is not the guest's, whose others are there already. */
static int show(const struct mapping *m, uint64_t addr, const void *p)
{
    void *at = (void *)(uintptr_t)addr;

    if (arena_offset(p) < 0)
        return 0;
    if (REAL(mmap)(at, FRONT_PAGE, m->prot, MAP_SHARED | MAP_FIXED,
                   arena_fd(), arena_offset(p)) == MAP_FAILED)
        return -errno;
    if (front.pass)
        madvise(at, FRONT_PAGE, MADV_DONTFORK);
    return 0;
}

int mapping_put(uint64_t addr, uint32_t dom, uint64_t gfn)
{
    struct mapping *m = find(addr, 1);
    struct hv_page page, *slot;
    int rc;

    if (!m)
        return -EINVAL;
    page.write = m->prot & PROT_WRITE;
    rc = hv_map(front.hv, dom, gfn, &page);
    if (rc)
        return rc;
    rc = show(m, addr, page.p);
    if (rc) {
        hv_unmap(front.hv, &page);
        return rc;
    }
    slot = &m->page[(addr - m->addr) / FRONT_PAGE];
    drop(slot);
    *slot = page;
    return 0;
}

bool mapping_overlaps(uint64_t addr, size_t len)
{
    for (const struct mapping *m = mappings; m; m = m->next) {
        if (m->addr < addr + len && m->addr + m->pages * FRONT_PAGE > addr)
            return true;
    }
    return false;
}

void mapping_forked(void)
{
    struct mapping *m;

    while ((m = mappings)) {
        mappings = m->next;
        REAL(munmap)((void *)(uintptr_t)m->addr, m->pages * FRONT_PAGE);
        free(m->page);
        free(m);
    }
}

/* A part of a mapping can go; what is left of it stays where it is. */
void mapping_unmapped(uint64_t addr, size_t len)
{
    struct mapping **link = &mappings, *m;

    while ((m = *link)) {
        size_t left = 0;

        if (m->addr + m->pages * FRONT_PAGE <= addr ||
            m->addr >= addr + len) {
            link = &m->next;
            continue;
        }
        for (size_t i = 0; i < m->pages; i++) {
            uint64_t at = m->addr + i * FRONT_PAGE;

            if (at >= addr && at < addr + len) {
                drop(&m->page[i]);
                m->page[i].frame = GONE;
            }
            left += m->page[i].p || m->page[i].frame != GONE;
        }
        if (left) {
            link = &m->next;
            continue;
        }
        *link = m->next;
        free(m->page);
        free(m);
    }
}
