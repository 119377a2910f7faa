/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest pages that a client has mapped, each with a copy of what was in
 * it when somebody looked last: so it shows what was written since. */
#ifndef XENREEL_PAGES_H
#define XENREEL_PAGES_H

#include "harness/hv.h"

struct mapped_page {
    struct hv_page page;
    uint32_t dom;
    uint32_t maps;              /* how often it is mapped */
    uint64_t gfn;               /* where it was mapped first */
    bool lost;                  /* the guest has it no more: serve.c's */
    unsigned char copy[4096];
};

/* In the order of their first mapping.  Zero it first. */
struct pages {
    struct mapped_page **page;
    uint32_t nr, room;
};

/* PAGE was mapped: its entry, new or with one more map, or NULL when out of
 * memory.  A new one's copy is what is in it. */
struct mapped_page *pages_add(struct pages *pages, uint32_t dom, uint64_t gfn,
                              const struct hv_page *page);
struct mapped_page *pages_find(const struct pages *pages, uint64_t frame);
/* One map less; true when that was the last and the entry is gone. */
bool pages_remove(struct pages *pages, uint64_t frame);
void pages_free(struct pages *pages);

/* The first run of changed 8-byte words of M from *OFFSET on: false when there
 * is none, else its place and length. */
bool pages_changed(const struct mapped_page *m, uint32_t *offset,
                   uint32_t *len);
/* Make the copy what is there. */
void pages_seen(struct mapped_page *m, uint32_t offset, uint32_t len);
/* The bytes of page P up to the last that is not zero. */
uint32_t pages_used(const void *p);

#endif
