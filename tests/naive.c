/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The maps.  Rules: xen/arch/x86/mm/mem_access.c (access),
 * xen/arch/x86/mm/p2m.c from altp2m_get_effective_entry on (views),
 * xen/arch/x86/hvm/hvm.c:do_altp2m_op. */
#include "tests/naive.h"

#include <errno.h>
#include <string.h>

#include "harness/interface.h"

#define NOWHERE (~0ull)

static void map_clear(struct naive_map *m)
{
    for (uint32_t g = 0; g < NAIVE_GFNS; g++)
        m->entry[g] = (struct naive_entry) { .page = -1 };
    m->min_remapped = NOWHERE;
    m->max_remapped = 0;
}

/* ept_set_entry: suppress #VE is inherited from a page, not from a hole. */
void naive_entry_set(struct naive_entry *e, int page, uint8_t access, int sve)
{
    if (sve < 0)
        sve = e->page < 0 ? 1 : e->sve;
    *e = (struct naive_entry) { page, access, sve };
}

void naive_init(struct naive *n, uint32_t vcpus)
{
    memset(n, 0, sizeof(*n));
    n->vcpus = vcpus;
    map_clear(&n->host);
    n->host.default_access = XENMEM_access_rwx;
    for (uint32_t g = 0; g < NAIVE_GFNS; g++)
        naive_entry_set(&n->host.entry[g], (int)g, XENMEM_access_rwx, -1);
    for (uint32_t i = 0; i < NAIVE_VIEWS; i++)
        map_clear(&n->view[i]);
    for (uint32_t i = 0; i < NAIVE_VCPUS; i++) {
        n->vcpu[i].id = i;
        n->vcpu[i].view = NAIVE_NO_VIEW;
    }
}

/* p2m_altp2m_propagate_change, behind every change of the host's map: a page
 * that goes away resets a view that may have it elsewhere, and from the
 * second such view on all of them; what else a view has is replaced. */
static void host_set(struct naive *n, uint64_t gfn, int page, uint8_t access,
                     int sve)
{
    uint32_t resets = 0;

    naive_entry_set(&n->host.entry[gfn - NAIVE_BASE], page, access, sve);
    for (uint32_t i = 0; i < NAIVE_VIEWS; i++) {
        struct naive_map *m = &n->view[i];

        if (!m->used)
            continue;
        if (page < 0 && gfn >= m->min_remapped && gfn <= m->max_remapped) {
            map_clear(m);
            resets++;
        } else if (m->entry[gfn - NAIVE_BASE].page >= 0) {
            naive_entry_set(&m->entry[gfn - NAIVE_BASE], page, access, -1);
        }
    }
    for (uint32_t i = 0; i < NAIVE_VIEWS && resets > 1; i++)
        map_clear(&n->view[i]);
}

/* View 0 of an access operation is the host's map. */
static int pick(struct naive *n, uint32_t view, struct naive_map **m)
{
    *m = view ? &n->view[view < NAIVE_VIEWS ? view : 0] : &n->host;
    return !view || (view < NAIVE_VIEWS && (*m)->used) ? 0 : -EINVAL;
}

static int resolve(const struct naive *n, uint32_t access, uint8_t *out)
{
    *out = access == ACCESS_DEFAULT ? n->host.default_access : access;
    return access > ACCESS_DEFAULT ? -EINVAL : 0;
}

/* altp2m_get_effective_entry: what M has, else what the host has.  A hole of
 * the host's own map is no error. */
static int effective(struct naive *n, struct naive_map *m, uint64_t gfn,
                     struct naive_entry *e)
{
    *e = m->entry[gfn - NAIVE_BASE];
    if (e->page < 0)
        *e = n->host.entry[gfn - NAIVE_BASE];
    return e->page < 0 && m != &n->host ? -ESRCH : 0;
}

static void put(struct naive *n, struct naive_map *m, uint64_t gfn, int page,
                uint8_t access, int sve)
{
    if (m == &n->host)
        host_set(n, gfn, page, access, sve);
    else
        naive_entry_set(&m->entry[gfn - NAIVE_BASE], page, access, sve);
}

/* set_mem_access */
static void set_one(struct naive *n, struct naive_map *m, uint64_t gfn,
                    uint8_t access)
{
    struct naive_entry e;

    if (!effective(n, m, gfn, &e))
        put(n, m, gfn, e.page, access, -1);
}

static int set(struct naive *n, uint32_t view, uint64_t gfn, uint32_t nr,
               uint32_t access)
{
    struct naive_map *m;
    uint8_t a;

    if (pick(n, view, &m) || resolve(n, access, &a))
        return -EINVAL;
    if (gfn == NOWHERE)
        n->host.default_access = a;
    for (uint32_t i = 0; i < nr && gfn != NOWHERE; i++)
        set_one(n, m, gfn + i, a);
    return 0;
}

static int get(struct naive *n, uint32_t view, uint64_t gfn,
               uint32_t *access)
{
    struct naive_map *m;

    if (pick(n, view, &m))
        return -EINVAL;
    if (gfn == NOWHERE) {
        *access = m->default_access;
        return 0;
    }
    *access = m->entry[gfn - NAIVE_BASE].access;
    return m->entry[gfn - NAIVE_BASE].page < 0 ? -ESRCH : 0;
}

static int multi(struct naive *n, uint32_t view, const uint64_t *gfn,
                 const uint8_t *access, uint32_t nr)
{
    struct naive_map *m;
    uint8_t a;

    if (pick(n, view, &m))
        return -EINVAL;
    for (uint32_t i = 0; i < nr; i++) {
        if (resolve(n, access[i], &a))
            return -EINVAL;     /* what came before stays */
        set_one(n, m, gfn[i], a);
    }
    return 0;
}

/* xen/common/mem_access.c:mem_access_memop */
int naive_access_set(struct naive *n, uint64_t gfn, uint32_t nr,
                     uint32_t access)
{
    if (!n->ring)
        return -ENODEV;
    if (gfn != NOWHERE && !nr)
        return -EINVAL;
    return set(n, 0, gfn, nr, access);
}

int naive_access_get(struct naive *n, uint64_t gfn, uint32_t *access)
{
    return n->ring ? get(n, 0, gfn, access) : -ENODEV;
}

int naive_access_multi(struct naive *n, const uint64_t *gfn,
                       const uint8_t *access, uint32_t nr)
{
    return n->ring ? multi(n, 0, gfn, access, nr) : -ENODEV;
}

/* arch_p2m_set_access_required */
void naive_access_required(struct naive *n, bool on)
{
    n->host.access_required = on;
    for (uint32_t i = 0; i < NAIVE_VIEWS && n->altp2m; i++)
        n->view[i].access_required = on;
}

static void activate(struct naive_map *m, uint8_t default_access)
{
    map_clear(m);
    m->used = m->visible = true;
    m->default_access = default_access;
}

int naive_set_state(struct naive *n, bool on)
{
    if (on == n->altp2m)
        return 0;
    n->altp2m = on;
    for (uint32_t i = 0; i < NAIVE_VIEWS; i++) {
        map_clear(&n->view[i]);
        n->view[i].used = n->view[i].visible = false;
    }
    if (on)
        activate(&n->view[0], n->host.default_access);
    for (uint32_t i = 0; i < NAIVE_VCPUS; i++)
        n->vcpu[i].view = on ? 0 : NAIVE_NO_VIEW;
    return 0;
}

int naive_create(struct naive *n, uint32_t access, uint32_t *view)
{
    uint8_t a;

    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (resolve(n, access, &a))
        return -EINVAL;
    for (*view = 0; *view < NAIVE_VIEWS; ++*view) {
        if (n->view[*view].used)
            continue;
        activate(&n->view[*view], a);
        return 0;
    }
    return -EINVAL;
}

int naive_destroy(struct naive *n, uint32_t view)
{
    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (!view || view >= NAIVE_VIEWS || !n->view[view].used)
        return -EBUSY;
    for (uint32_t i = 0; i < n->vcpus; i++) {
        if (n->vcpu[i].view == view)
            return -EBUSY;
    }
    map_clear(&n->view[view]);
    n->view[view].used = n->view[view].visible = false;
    return 0;
}

int naive_switch(struct naive *n, uint32_t view)
{
    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (view >= NAIVE_VIEWS || !n->view[view].used || !n->view[view].visible)
        return -EINVAL;
    for (uint32_t i = 0; i < NAIVE_VCPUS; i++)
        n->vcpu[i].view = view;
    return 0;
}

int naive_visibility(struct naive *n, uint32_t view, bool visible)
{
    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (view >= NAIVE_VIEWS || !n->view[view].used)
        return -EINVAL;
    n->view[view].visible = visible;
    return 0;
}

int naive_vcpu_view(const struct naive *n, uint32_t vcpu, uint32_t *view)
{
    if (!n->altp2m)
        return -EOPNOTSUPP;
    *view = n->vcpu[vcpu].view;
    return 0;
}

int naive_view_set(struct naive *n, uint32_t view, uint64_t gfn,
                   uint32_t access)
{
    return n->altp2m ? set(n, view, gfn, 1, access) : -EOPNOTSUPP;
}

int naive_view_get(struct naive *n, uint32_t view, uint64_t gfn,
                   uint32_t *access)
{
    return n->altp2m ? get(n, view, gfn, access) : -EOPNOTSUPP;
}

int naive_view_multi(struct naive *n, uint32_t view, const uint64_t *gfn,
                     const uint8_t *access, uint32_t nr)
{
    return n->altp2m ? multi(n, view, gfn, access, nr) : -EOPNOTSUPP;
}

/* p2m_change_altp2m_gfn: view 0 is a view here. */
int naive_change_gfn(struct naive *n, uint32_t view, uint64_t old_gfn,
                     uint64_t new_gfn)
{
    struct naive_entry e;
    struct naive_map *m;

    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (view >= NAIVE_VIEWS || !n->view[view].used)
        return -EINVAL;
    m = &n->view[view];
    if (new_gfn == NOWHERE) {
        int *page = &m->entry[old_gfn - NAIVE_BASE].page;

        if (*page >= 0) {       /* p2m_remove_entry, of whatever map */
            n->no_gfn[*page] = true;
            naive_map_lost(n);
        }
        *page = -1;
        return 0;
    }
    if (effective(n, m, old_gfn, &e) || effective(n, m, new_gfn, &e))
        return -ESRCH;
    put(n, m, old_gfn, e.page, e.access, 1);
    if (new_gfn < m->min_remapped)
        m->min_remapped = new_gfn;
    if (new_gfn > m->max_remapped)
        m->max_remapped = new_gfn;
    return 0;
}

/* p2m_set_suppress_ve_multi: what fails is remembered, and gone past. */
int naive_sve_multi(struct naive *n, struct args_suppress_ve *a)
{
    struct naive_entry e;
    struct naive_map *m;

    a->err = 0;
    a->err_gfn = 0;
    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (a->gfn > a->last || pick(n, a->view, &m))
        return -EINVAL;
    for (uint64_t gfn = a->gfn; gfn <= a->last; gfn++) {
        int rc = effective(n, m, gfn, &e);

        if (!rc) {
            put(n, m, gfn, e.page, e.access, !!a->sve);
        } else if (!a->err) {
            a->err = rc;
            a->err_gfn = gfn;
        }
    }
    return 0;
}

/* p2m_get_suppress_ve */
int naive_sve_get(struct naive *n, struct args_suppress_ve *a)
{
    struct naive_map *m;

    if (!n->altp2m)
        return -EOPNOTSUPP;
    if (pick(n, a->view, &m))
        return -EINVAL;
    a->sve = m->entry[a->gfn - NAIVE_BASE].sve;
    return m->entry[a->gfn - NAIVE_BASE].page < 0 ? -ESRCH : 0;
}

static bool mapped(const struct naive_map *m, int page)
{
    for (uint32_t g = 0; g < NAIVE_GFNS; g++) {
        if (m->entry[g].page == page)
            return true;
    }
    return false;
}

/* A page that no map leads to; there is one more than maps can name. */
static int unused_page(struct naive *n)
{
    for (int page = 0; page < (int)NAIVE_PAGES; page++) {
        bool used = mapped(&n->host, page);

        for (uint32_t i = 0; i < NAIVE_VIEWS; i++)
            used = used || mapped(&n->view[i], page);
        if (!used)
            return page;
    }
    return -1;
}

/* guest_physmap_add_entry: what was there before is not asked about. */
int naive_populate(struct naive *n, uint64_t gfn)
{
    int page = unused_page(n);

    memset(n->page[page], 0, sizeof(n->page[page]));
    n->no_gfn[page] = false;
    host_set(n, gfn, page, n->host.default_access, -1);
    return 0;
}

void naive_map_lost(struct naive *n)
{
    for (uint32_t i = 0; i < n->vcpus; i++)
        n->vcpu[i].map_lost = true;
}

int naive_decrease(struct naive *n, uint64_t gfn)
{
    if (n->host.entry[gfn - NAIVE_BASE].page < 0)
        return -EINVAL;
    naive_map_lost(n);
    host_set(n, gfn, -1, n->host.default_access, -1);
    return 0;
}

/* XENMEM_remove_from_physmap: as far as the map knows, the same. */
int naive_remove(struct naive *n, uint64_t gfn)
{
    return naive_decrease(n, gfn) ? -ENOENT : 0;
}

/* arch/x86/mm/p2m.c:xenmem_add_to_physmap_one of XENMAPSPACE_gmfn */
int naive_move_page(struct naive *n, uint64_t from, uint64_t to)
{
    int page = n->host.entry[from - NAIVE_BASE].page;

    if (page < 0)
        return -EINVAL;
    if (n->no_gfn[page])
        return -EXDEV;
    if (from != to) {
        naive_decrease(n, to);
        naive_decrease(n, from);
    }
    host_set(n, to, page, n->host.default_access, -1);
    return 0;
}

unsigned char *naive_memory(struct naive *n, uint64_t gfn)
{
    int page = n->host.entry[gfn - NAIVE_BASE].page;

    return page < 0 ? NULL : n->page[page];
}
