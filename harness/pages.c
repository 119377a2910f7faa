/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pages.h"

#include <stdlib.h>
#include <string.h>

#define PAGE    4096u
#define WORD    8u

struct mapped_page *pages_find(const struct pages *pages, uint64_t frame)
{
    for (uint32_t i = 0; i < pages->nr; i++) {
        if (pages->page[i]->page.frame == frame)
            return pages->page[i];
    }
    return NULL;
}

struct mapped_page *pages_add(struct pages *pages, uint32_t dom, uint64_t gfn,
                              const struct hv_page *page)
{
    struct mapped_page *m = pages_find(pages, page->frame);

    if (m) {
        m->maps++;
        return m;
    }
    if (pages->nr == pages->room) {
        uint32_t room = pages->room ? 2 * pages->room : 16;
        void *more = reallocarray(pages->page, room, sizeof(*pages->page));

        if (!more)
            return NULL;
        pages->page = more;
        pages->room = room;
    }
    m = malloc(sizeof(*m));
    if (!m)
        return NULL;
    m->page = *page;
    m->dom = dom;
    m->gfn = gfn;
    m->maps = 1;
    m->lost = false;
    pages_seen(m, 0, PAGE);
    pages->page[pages->nr++] = m;
    return m;
}

bool pages_remove(struct pages *pages, uint64_t frame)
{
    uint32_t i = 0;

    while (i < pages->nr && pages->page[i]->page.frame != frame)
        i++;
    if (i == pages->nr || --pages->page[i]->maps)
        return false;
    free(pages->page[i]);
    pages->nr--;
    memmove(&pages->page[i], &pages->page[i + 1],
            (pages->nr - i) * sizeof(*pages->page));
    return true;
}

void pages_free(struct pages *pages)
{
    for (uint32_t i = 0; i < pages->nr; i++)
        free(pages->page[i]);
    free(pages->page);
}

static bool same(const struct mapped_page *m, uint32_t at)
{
    return !memcmp((char *)m->page.p + at, m->copy + at, WORD);
}

bool pages_changed(const struct mapped_page *m, uint32_t *offset,
                   uint32_t *len)
{
    uint32_t at = *offset;

    if (at >= PAGE || !memcmp((char *)m->page.p + at, m->copy + at, PAGE - at))
        return false;
    while (at < PAGE && same(m, at))
        at += WORD;
    *offset = at;
    while (at < PAGE && !same(m, at))
        at += WORD;
    *len = at - *offset;
    return *len;
}

void pages_seen(struct mapped_page *m, uint32_t offset, uint32_t len)
{
    memcpy(m->copy + offset, (char *)m->page.p + offset, len);
}

uint32_t pages_used(const void *p)
{
    const unsigned char *byte = p;
    uint32_t n = PAGE;

    while (n && !byte[n - 1])
        n--;
    return n;
}
