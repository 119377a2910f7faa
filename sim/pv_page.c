/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen counts of a frame: references and, as the one type it has at a
 * time, uses.  Source: xen/arch/x86/mm.c. */
#include "sim/pv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SHIFT     9
#define CHUNK_PAGES     (1u << CHUNK_SHIFT)

/* ---- where it is kept ---- */

static bool grow(struct sim *sim, uint64_t chunk)
{
    uint64_t room = sim->pv_room ? sim->pv_room : 64;
    struct pv_page **more;

    while (room <= chunk)
        room *= 2;
    more = realloc(sim->pv_chunks, room * sizeof(*more));
    if (!more)
        return false;
    memset(more + sim->pv_room, 0, (room - sim->pv_room) * sizeof(*more));
    sim->pv_chunks = more;
    sim->pv_room = room;
    return true;
}

struct pv_page *pv_page(struct sim *sim, uint64_t mfn)
{
    uint64_t chunk = mfn >> CHUNK_SHIFT;

    if (mfn >= sim->nr_pages || !sim->pages[mfn].owner)
        return NULL;
    if (chunk >= sim->pv_room && !grow(sim, chunk))
        return NULL;
    if (!sim->pv_chunks[chunk])
        sim->pv_chunks[chunk] = calloc(CHUNK_PAGES, sizeof(struct pv_page));
    return pv_known(sim, mfn);
}

struct pv_page *pv_known(const struct sim *sim, uint64_t mfn)
{
    uint64_t chunk = mfn >> CHUNK_SHIFT;

    return chunk < sim->pv_room && sim->pv_chunks[chunk] ?
        &sim->pv_chunks[chunk][mfn & (CHUNK_PAGES - 1)] : NULL;
}

bool pv_give_up(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_known(sim, mfn);

    if (!p || !p->refs)
        return true;
    p->given_up = true;
    return false;
}

bool pv_unused(const struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_known(sim, mfn);

    return !p || !p->refs;
}

void pv_forget(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_known(sim, mfn);

    if (p)
        memset(p, 0, sizeof(*p));
}

void pv_close(struct sim *sim)
{
    for (uint64_t i = 0; i < sim->pv_room; i++)
        free(sim->pv_chunks[i]);
    free(sim->pv_chunks);
}

/* ---- owners and references ---- */

uint32_t pv_owner(struct sim *sim, uint64_t mfn)
{
    if (mfn < sim->nr_pages && sim->pages[mfn].owner)
        return sim->pages[mfn].owner - 1;
    return mfn >= RAM_START && mfn < RAM_END ? 0 : DOMID_IO;
}

bool pv_get_page(struct sim *sim, uint64_t mfn, uint32_t owner)
{
    struct pv_page *p = pv_page(sim, mfn);

    if (!p || pv_owner(sim, mfn) != owner ||
        (sim->pages[mfn].users && !pv_external(sim, owner)))
        return false;
    p->refs++;
    return true;
}

void pv_put_page(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_page(sim, mfn);

    if (!p || !p->refs)
        return;
    p->refs--;
    if (!p->refs && p->given_up)
        page_free(sim, mfn);
}

bool pv_external(struct sim *sim, uint32_t owner)
{
    const struct sim_domain *d = sim_find(sim, owner);

    return d && d->config.type != GUEST_PV;
}

/* ---- types ---- */

static bool is_old(const struct sim *sim, uint64_t mfn)
{
    return sim->pv_old.set && sim->pv_old.mfn == mfn;
}

/* validate_page; a partial table's from where that was left off. */
static int validate(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_page(sim, mfn);
    bool partial = p->partial;
    int rc;

    if (!partial) {
        p->slots = 0;
        p->linear = 0;
    }
    p->partial = false;
    p->count = 1;
    rc = pv_promote(sim, mfn);
    p->validated = !rc;
    if (rc && is_old(sim, mfn)) {
        p->partial = true;
        p->refs++;
    } else if (rc) {
        p->count = 0;
        p->type = PV_NONE;
        p->xen_l2 = false;
    }
    if (partial)
        pv_put_page(sim, mfn);
    return rc;
}

void pv_devalidate(struct sim *sim, uint64_t mfn)
{
    struct pv_page *p = pv_page(sim, mfn);

    p->validated = p->partial = false;
    pv_demote(sim, mfn);
    p->xen_l2 = false;
    p->count = 0;
}

void pv_let_go(struct sim *sim, uint64_t mfn)
{
    pv_devalidate(sim, mfn);
    pv_put_page(sim, mfn);
}

void pv_put_partial(struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_page(sim, mfn);

    if (!p || !p->partial)
        return;                 /* dom0 wrote into a table */
    pv_let_go(sim, mfn);
    pv_put_page(sim, mfn);
}

void pv_put_old(struct sim *sim)
{
    struct pv_old old = sim->pv_old;

    sim->pv_old.set = false;
    if (!old.set)
        return;
    if (old.partial)
        pv_put_partial(sim, old.mfn);
    else
        pv_put_both(sim, old.mfn, INVALID_MFN);
}

int pv_get_type(struct sim *sim, uint64_t mfn, enum pv_type type, bool xen_l2)
{
    struct pv_page *p = pv_page(sim, mfn);

    if (!p)
        return -EINVAL;
    if (!p->count) {
        if (p->type != type || xen_l2) {
            p->type = type;
            p->xen_l2 = xen_l2;
            p->validated = false;
        }
    } else if (p->type != type || p->xen_l2 != xen_l2 ||
               !(p->validated || p->partial)) {
        return -EINVAL;
    }
    if (!p->validated && type != PV_WRITABLE)
        return validate(sim, mfn);
    p->count++;
    p->validated = true;
    return 0;
}

void pv_put_type(struct sim *sim, uint64_t mfn, uint64_t table)
{
    struct pv_page *p = pv_page(sim, mfn);
    struct pv_page *t = table == INVALID_MFN ? NULL : pv_page(sim, table);
    bool linear = p && t && p->type == t->type;

    if (!p || !p->count)
        return;
    if (p->count > 1 || p->type > PV_L4)
        p->count--;
    else if (p->validated)
        pv_devalidate(sim, mfn);
    if (linear) {
        p->linear++;
        t->linear--;
    }
}

int pv_get_both(struct sim *sim, uint64_t mfn, uint32_t owner,
                enum pv_type type, bool xen_l2)
{
    int rc;

    if (!pv_get_page(sim, mfn, owner))
        return -EINVAL;
    rc = pv_get_type(sim, mfn, type, xen_l2);
    if (rc && !is_old(sim, mfn))
        pv_put_page(sim, mfn);
    return rc;
}

void pv_put_both(struct sim *sim, uint64_t mfn, uint64_t table)
{
    pv_put_type(sim, mfn, table);
    pv_put_page(sim, mfn);
}

void pv_take_old(struct sim_vcpu *v)
{
    v->d->sim->pv_old = v->pv_old;
    v->pv_old.set = false;
    pv_put_old(v->d->sim);
}

/* ---- dom0's mappings ---- */

int pv_map_writable(struct sim *sim, uint64_t mfn)
{
    if (pv_external(sim, pv_owner(sim, mfn)))
        return 0;
    return pv_get_type(sim, mfn, PV_WRITABLE, false) ? -EBUSY : 0;
}

void pv_unmap_writable(struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_known(sim, mfn);

    if (p && p->type == PV_WRITABLE)
        pv_put_type(sim, mfn, INVALID_MFN);
}
