/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: their life, what they copy from the host's map, and how changes of
 * the host's map reach them.  Sources: xen/arch/x86/mm/p2m.c (the altp2m
 * part) and altp2m.c. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>

struct p2m *altp2m_view(struct sim_domain *d, uint32_t idx)
{
    if (!d->views || idx >= d->config.views || !d->view_used[idx])
        return NULL;
    return &d->views[idx];
}

struct p2m *vcpu_p2m(const struct sim_vcpu *v)
{
    struct p2m *p2m = NULL;

    if (altp2m_active(v->d))
        p2m = altp2m_view(v->d, v->view);
    return p2m ? p2m : &v->d->host;
}

int altp2m_effective(struct p2m *ap2m, uint64_t gfn, struct p2m_entry *entry,
                     bool prepopulate)
{
    uint64_t mask;

    p2m_get(ap2m, gfn, entry);
    if (page_is_memory(entry->mfn) || ap2m->view == NO_VIEW)
        return 0;
    p2m_get(&ap2m->d->host, gfn, entry);
    if (!page_is_memory(entry->mfn))
        return -ESRCH;          /* a device's, too */
    if (!prepopulate || entry->order == ORDER_4K)
        return 0;
    mask = ~((1ull << entry->order) - 1);
    return p2m_set(ap2m, gfn & mask, entry->order, entry->mfn & mask,
                   entry->type, entry->access, 1);
}

bool altp2m_get_or_propagate(struct p2m *ap2m, uint64_t gfn,
                             struct p2m_entry *entry)
{
    struct p2m_entry mine;
    uint64_t mask;

    p2m_get(ap2m, gfn, &mine);
    if (mine.order > entry->order)
        mine.order = entry->order;
    if (mine.mfn != INVALID_MFN) {
        *entry = mine;
        return false;
    }
    if (entry->mfn == INVALID_MFN) {
        entry->order = mine.order;
        return false;
    }
    mask = ~((1ull << mine.order) - 1);
    if (p2m_set(ap2m, gfn & mask, mine.order, entry->mfn & mask, entry->type,
                entry->access, -1))
        sim_crash(ap2m->d);
    return true;
}

/* p2m_reset_altp2m */
static void reset_view(struct p2m *ap2m)
{
    p2m_flush(ap2m);
    ap2m->min_remapped = INVALID_GFN;
    ap2m->max_remapped = 0;
}

/* A page went away that the view may have mapped elsewhere, too. */
static bool may_be_remapped(const struct p2m *ap2m, uint64_t gfn,
                            unsigned int order)
{
    return gfn + (1ull << order) > ap2m->min_remapped &&
           gfn <= ap2m->max_remapped;
}

static void reset_all_but(struct sim_domain *d, uint32_t but)
{
    for (uint32_t i = 0; i < d->config.views; i++) {
        if (i != but && d->view_used[i])
            reset_view(&d->views[i]);
    }
}

int altp2m_propagate(struct sim_domain *d, uint64_t gfn, unsigned int order,
                     uint64_t mfn, uint8_t type, uint8_t access)
{
    uint32_t last_reset = NO_VIEW;
    int ret = 0;

    if (!altp2m_active(d))
        return 0;
    for (uint32_t i = 0; i < d->config.views; i++) {
        struct p2m *ap2m = altp2m_view(d, i);
        struct p2m_entry entry;
        int rc;

        if (!ap2m)
            continue;
        if (mfn == INVALID_MFN && may_be_remapped(ap2m, gfn, order)) {
            if (last_reset != NO_VIEW) {
                reset_all_but(d, last_reset);
                return 0;
            }
            reset_view(ap2m);
            last_reset = i;
            continue;
        }
        p2m_get(ap2m, gfn, &entry);
        if (entry.mfn == INVALID_MFN)
            continue;
        rc = p2m_set(ap2m, gfn, order, mfn, type, access, -1);
        if (!ret)
            ret = rc;
    }
    return ret;
}

bool altp2m_switch_vcpu(struct sim_vcpu *v, uint32_t idx)
{
    struct p2m *to = altp2m_view(v->d, idx), *from;

    if (!to || !altp2m_active(v->d))
        return false;
    if (v->view != idx) {
        from = altp2m_view(v->d, v->view);
        if (from)
            from->active_vcpus--;
        v->view = idx;
        to->active_vcpus++;
    }
    return true;
}

/* p2m_activate_altp2m: an empty view.  access_required was set when the
 * domain was made, or since. */
static int activate(struct sim_domain *d, uint32_t idx, uint8_t access)
{
    struct p2m *ap2m = &d->views[idx];
    bool required = ap2m->access_required;
    int rc;

    if (!ap2m->root) {
        rc = p2m_init(ap2m, d, idx);
        if (rc)
            return rc;
        ap2m->access_required = required;
    }
    ap2m->default_access = access;
    ap2m->min_remapped = INVALID_GFN;
    ap2m->max_mapped = ap2m->max_remapped = 0;
    d->view_used[idx] = true;
    d->view_visible[idx] = true;
    return 0;
}

static void deactivate(struct sim_domain *d, uint32_t idx)
{
    if (d->views[idx].root)
        reset_view(&d->views[idx]);
    d->view_used[idx] = false;
    d->view_visible[idx] = false;
}

int altp2m_create(struct sim_domain *d, uint16_t *idx, uint32_t access)
{
    uint8_t a;
    int rc;

    if (!access_resolve(&d->host, access, &a))
        return -EINVAL;
    for (uint32_t i = 0; i < d->config.views; i++) {
        if (d->view_used[i])
            continue;
        rc = activate(d, i, a);
        if (!rc)
            *idx = i;
        return rc;
    }
    return -EINVAL;
}

int altp2m_destroy(struct sim_domain *d, uint32_t idx)
{
    struct p2m *ap2m = altp2m_view(d, idx);

    if (!idx || !ap2m || ap2m->active_vcpus)
        return -EBUSY;
    deactivate(d, idx);
    return 0;
}

int altp2m_switch(struct sim_domain *d, uint32_t idx)
{
    if (!altp2m_view(d, idx) || !d->view_visible[idx])
        return -EINVAL;
    for (uint32_t i = 0; i < d->config.vcpus; i++)
        altp2m_switch_vcpu(&d->vcpus[i], idx);
    return 0;
}

/* vmx_vcpu_update_vmfunc_ve comes with a #VE page and when that goes, and at
 * no other time. */
static void ve_disable(struct sim_vcpu *v)
{
    if (!v->ve_enabled)
        return;
    v->ve_enabled = false;
    v->vm_functions = altp2m_active(v->d);
    page_put(v->d->sim, v->ve_mfn);
}

/* altp2m_vcpu_initialise and altp2m_vcpu_destroy of every vCPU; view 0 is
 * made first, and all views go last. */
int altp2m_set_state(struct sim_domain *d, bool on)
{
    int rc;

    if (d->altp2m_active == on)
        return 0;
    /* Xen's tables are gone then, and it would touch them: hap_teardown. */
    if (d->dying)
        return -EINVAL;
    if (on) {
        rc = activate(d, 0, d->host.default_access);
        if (rc)
            return rc;
    }
    d->altp2m_active = on;
    for (uint32_t i = 0; i < d->config.vcpus; i++) {
        struct sim_vcpu *v = &d->vcpus[i];
        struct p2m *from = altp2m_view(d, v->view);

        if (on) {
            v->view = 0;
            d->views[0].active_vcpus++;
            continue;
        }
        if (from)
            from->active_vcpus--;
        ve_disable(v);
        v->view = NO_VIEW;
    }
    for (uint32_t i = 0; !on && i < d->config.views; i++)
        deactivate(d, i);
    return 0;
}

/* altp2m_vcpu_enable_ve */
int altp2m_enable_ve(struct sim_vcpu *v, uint64_t gfn)
{
    struct sim *sim = v->d->sim;
    struct p2m_entry entry;

    if (v->ve_enabled)
        return -EEXIST;
    p2m_get(&v->d->host, gfn, &entry);
    if (!page_is_memory(entry.mfn))
        return -EINVAL;
    v->ve_enabled = v->vm_functions = true;
    v->ve_mfn = entry.mfn;
    sim->pages[entry.mfn].users++;
    return 0;
}

void altp2m_disable_ve(struct sim_vcpu *v)
{
    ve_disable(v);
}

/* p2m_change_altp2m_gfn */
int altp2m_change_gfn(struct sim_domain *d, uint32_t idx, uint64_t old_gfn,
                      uint64_t new_gfn, bool from_outside)
{
    struct p2m *ap2m = altp2m_view(d, idx);
    struct p2m_entry entry;
    int rc;

    if (!ap2m)
        return -EINVAL;
    if (new_gfn == INVALID_GFN) {
        p2m_get(ap2m, old_gfn, &entry);
        if (!page_is_memory(entry.mfn))
            return 0;           /* a device's page stays: mfn_valid */
        map_lost(d);
        rc = p2m_set(ap2m, old_gfn, ORDER_4K, INVALID_MFN, P2M_INVALID,
                     ap2m->default_access, -1);
        /* p2m_remove_entry does what it would do for the host's map */
        if (!rc)
            d->sim->pages[entry.mfn].gfn_lost = true;
        return rc;
    }
    rc = altp2m_effective(ap2m, old_gfn, &entry, true);
    if (!rc)
        rc = altp2m_effective(ap2m, new_gfn, &entry, false);
    if (rc)
        return rc;
    /* Xen does not report it when the entry cannot be set. */
    if (p2m_set(ap2m, old_gfn, ORDER_4K, entry.mfn, entry.type, entry.access,
                from_outside))
        return 0;
    if (new_gfn < ap2m->min_remapped)
        ap2m->min_remapped = new_gfn;
    if (new_gfn > ap2m->max_remapped)
        ap2m->max_remapped = new_gfn;
    return 0;
}

void altp2m_domain_free(struct sim_domain *d)
{
    for (uint32_t i = 0; d->views && i < d->config.views; i++)
        p2m_free(&d->views[i]);
    free(d->views);
    free(d->view_used);
    free(d->view_visible);
    d->views = NULL;
    d->view_used = d->view_visible = NULL;
    d->altp2m_active = false;
}
