/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machine frames of PV domains.  Which ones a guest gets is up to Xen; a
 * caller's are those that follow its domain.create's mfn_2mb, as the model
 * has them.  Every number that is one of a known guest's frames is exchanged
 * for the other, in operations and in answers; all others are the same on both
 * sides: dom0's, Xen's, devices'. */
#include "real/private.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT      12
#define FRAME           0x000ffffffffff000ull   /* of a page table's entry */
#define LEFT            (1ull << 63)    /* in .mfn: the guest has given it up,
                                         * which may be in use still */

int xen_frames_set(struct xen *x, uint32_t dom, uint64_t *mfn, uint64_t nr)
{
    struct xen_domain *d = xen_domain(x, dom);

    if (!d) {
        free(mfn);
        return -ESRCH;
    }
    free(d->mfn);
    d->mfn = mfn;
    d->nr_mfn = nr;
    return 0;
}

void xen_frames_forget(struct xen_domain *d)
{
    free(d->mfn);
    d->mfn = NULL;
    d->nr_mfn = 0;
}

bool xen_has_frames(struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    return d && d->mfn;
}

uint64_t xen_gfn(struct xen *x, uint32_t dom, uint64_t gfn)
{
    const struct xen_domain *d = xen_domain(x, dom);

    if (!d || !d->mfn)
        return gfn;
    return gfn < d->nr_mfn && !(d->mfn[gfn] & LEFT) ? d->mfn[gfn] : NO_FRAME;
}

void xen_frame_placed(struct xen *x, uint32_t dom, uint64_t gfn, uint64_t mfn)
{
    struct xen_domain *d = xen_domain(x, dom);

    if (d && d->mfn && gfn < d->nr_mfn)
        d->mfn[gfn] = mfn;
}

void xen_frame_left(struct xen *x, uint32_t dom, uint64_t gfn)
{
    struct xen_domain *d = xen_domain(x, dom);

    if (d && d->mfn && gfn < d->nr_mfn)
        d->mfn[gfn] |= LEFT;
}

uint64_t xen_frame(struct xen *x, uint64_t frame)
{
    for (unsigned int i = 0; i < x->nr_domains; i++) {
        const struct xen_domain *d = &x->domains[i];
        uint64_t gfn = frame - d->first_frame;

        if (gfn < d->nr_mfn)
            return d->mfn[gfn] & ~LEFT;
    }
    return frame;
}

uint64_t xen_frame_back(struct xen *x, uint64_t mfn)
{
    for (unsigned int i = 0; i < x->nr_domains; i++) {
        const struct xen_domain *d = &x->domains[i];

        for (uint64_t gfn = 0; gfn < d->nr_mfn; gfn++) {
            if ((d->mfn[gfn] & ~LEFT) == mfn)
                return d->first_frame + gfn;
        }
    }
    return mfn;
}

uint64_t xen_entry(struct xen *x, uint64_t entry)
{
    return (entry & ~FRAME) |
           xen_frame(x, (entry & FRAME) >> PAGE_SHIFT) << PAGE_SHIFT;
}

uint64_t xen_entry_back(struct xen *x, uint64_t entry)
{
    return (entry & ~FRAME) |
           xen_frame_back(x, (entry & FRAME) >> PAGE_SHIFT) << PAGE_SHIFT;
}

/* Its words of 8 bytes are taken for entries, those of which some bytes are
 * read or written, too. */
void xen_move_entries(struct xen *x, unsigned char *page, uint32_t offset,
                      unsigned char *bytes, uint32_t len, bool write)
{
    uint32_t at = offset;

    while (at < offset + len) {
        uint32_t start = at & ~7u;
        uint64_t word;

        memcpy(&word, page + start, sizeof(word));
        word = xen_entry_back(x, word);
        for (; at < start + 8 && at < offset + len; at++, bytes++) {
            unsigned char *byte = (unsigned char *)&word + (at & 7);

            *(write ? byte : bytes) = *(write ? bytes : byte);
        }
        if (!write)
            continue;
        word = xen_entry(x, word);
        memcpy(page + start, &word, sizeof(word));
    }
}
