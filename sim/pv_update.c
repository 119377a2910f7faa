/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mmu_update and update_va_mapping.  Source: xen/arch/x86/mm.c. */
#include "sim/pv.h"

#include <errno.h>
#include <string.h>

#include "sim/guest.h"

/* ---- who asks, and for whom ---- */

int pv_caller(struct sim *sim, uint32_t dom, uint32_t vcpu,
              struct pv_caller *c)
{
    struct sim_domain *d = sim_find(sim, dom);

    if (!d)
        return -ESRCH;
    c->sim = sim;
    c->v = sim_vcpu(d, vcpu);
    if (!c->v)
        return -EINVAL;
    if (d->config.type != GUEST_PV)
        return -EOPNOTSUPP;
    return vcpu_runnable(c->v) && !c->v->guest->count ? 0 : -EAGAIN;
}

static uint32_t self(const struct pv_caller *c)
{
    return c->v ? c->v->d->id : 0;
}

int pv_pg_owner(const struct pv_caller *c, uint32_t domid, uint32_t *owner)
{
    *owner = domid == DOMID_SELF ? self(c) : domid;
    if (domid == self(c))
        return -ESRCH;
    return !*owner || domid == DOMID_IO || domid == DOMID_XEN ||
           sim_find(c->sim, *owner) ? 0 : -ESRCH;
}

int pv_may(const struct pv_caller *c, uint32_t owner)
{
    return !c->v || owner == self(c) ? 0 : -EPERM;
}

/* ---- mmu_update ---- */

struct update {
    struct pv_caller c;
    uint32_t pt_owner, pg_owner;
    uint64_t ptr, val;
};

/* The table, or the page that is none, at the frame of u->ptr. */
static int write_there(const struct update *u, uint64_t mfn)
{
    const struct pv_page *p = pv_page(u->c.sim, mfn);
    struct pv_change change = {
        .sim = u->c.sim, .table = mfn,
        .slot = (u->ptr & (PAGE_SIZE - 1)) / sizeof(u->val),
        .pte = u->val, .pg_owner = u->pg_owner,
        .cmd = u->ptr & (sizeof(u->val) - 1),
    };
    int rc;

    if (p->count && p->validated && p->type <= PV_L4) {
        if (p->type != PV_L1 && u->pg_owner != u->pt_owner)
            return -EINVAL;
        return pv_change(&change);
    }
    rc = pv_get_type(u->c.sim, mfn, PV_WRITABLE, false);
    if (rc)
        return rc;
    rc = pte_write(u->c.sim, mfn, change.slot, u->val);
    pv_put_type(u->c.sim, mfn, INVALID_MFN);
    return rc;
}

static int normal(const struct update *u)
{
    const struct sim_domain *d = sim_find(u->c.sim, u->pt_owner);
    uint64_t mfn = u->ptr >> PAGE_SHIFT;
    int rc = 0;

    if (d && d->config.type != GUEST_PV)
        return -EOPNOTSUPP;
    if (u->pg_owner != DOMID_IO)
        rc = pv_may(&u->c, u->pg_owner);
    if (!rc)
        rc = pv_may(&u->c, u->pt_owner);
    if (rc)
        return rc;
    if (!pv_get_page(u->c.sim, mfn, u->pt_owner))
        return -EINVAL;
    rc = write_there(u, mfn);
    pv_put_page(u->c.sim, mfn);
    return rc;
}

static int machphys(const struct update *u)
{
    const struct sim_domain *d = sim_find(u->c.sim, u->pg_owner);
    uint64_t mfn = u->ptr >> PAGE_SHIFT;
    struct pv_page *p;
    int rc;

    if (u->pt_owner != self(&u->c))
        return -EPERM;
    if (d && d->config.type != GUEST_PV)
        return -EINVAL;
    rc = u->pg_owner == DOMID_IO ? 0 : pv_may(&u->c, u->pg_owner);
    if (rc)
        return rc;
    if (!pv_get_page(u->c.sim, mfn, u->pg_owner))
        return -EINVAL;
    p = pv_page(u->c.sim, mfn);
    p->m2p = u->val;
    p->has_m2p = true;
    pv_put_page(u->c.sim, mfn);
    return 0;
}

static int one(const struct update *u)
{
    switch (u->ptr & (sizeof(u->val) - 1)) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
    case MMU_PT_UPDATE_NO_TRANSLATE:
        return normal(u);
    case MMU_MACHPHYS_UPDATE:
        return machphys(u);
    default:
        return -ENOSYS;
    }
}

/* The requests: the first by itself, more of them as a list. */
static void request(struct update *u, const struct args_mmu_update *a,
                    uint32_t i)
{
    const unsigned char *more = a->more.p;

    u->ptr = a->ptr;
    u->val = a->val;
    if (i) {
        memcpy(&u->ptr, more + (i - 1) * 16, 8);
        memcpy(&u->val, more + (i - 1) * 16 + 8, 8);
    }
}

static int batch(struct update *u, struct args_mmu_update *a,
                 uint32_t foreign)
{
    uint32_t count = a->flags & PV_NO_REQUESTS ? 0 : 1 + a->more.len / 16;
    int rc = 0;

    a->done = ~0u;
    if (a->flags & PV_BAD_REQUESTS)
        return -EFAULT;
    u->pt_owner = self(&u->c);
    if (foreign >> 16) {
        u->pt_owner = (foreign >> 16) - 1;
        if (u->pt_owner && !sim_find(u->c.sim, u->pt_owner))
            return -ESRCH;
    }
    rc = pv_pg_owner(&u->c, foreign & 0xffff, &u->pg_owner);
    a->done = 0;
    while (!rc && a->done < count) {
        request(u, a, a->done);
        rc = one(u);
        pv_put_old(u->c.sim);
        a->done += !rc;
    }
    if (a->flags & PV_NO_DONE)
        a->done = ~0u;
    return rc;
}

int sim_op_GUEST_MMU_UPDATE(struct sim *sim, struct args_mmu_update *a)
{
    struct update u;
    int rc = pv_caller(sim, a->dom, a->vcpu, &u.c);

    if (rc)
        return rc;
    pv_take_old(u.c.v);
    a->rc = batch(&u, a, a->foreign == ~0u ? DOMID_SELF : a->foreign);
    return 0;
}

/* dom0's: .vcpu is whose tables they are. */
int sim_op_PV_MMU_UPDATE(struct sim *sim, struct args_mmu_update *a)
{
    struct update u = { .c = { sim, NULL } };

    return batch(&u, a, (a->vcpu ? a->vcpu + 1 : 0) << 16 |
                 (a->dom & 0xffff));
}

/* ---- update_va_mapping ---- */

/* The vCPUs whose TLB is flushed, where they are given by a pointer. */
static int flush_mask(struct sim_vcpu *v, uint64_t flags)
{
    uint64_t type = flags & UVMF_FLUSHTYPE_MASK;
    uint64_t mask = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK;

    if ((type != UVMF_TLB_FLUSH && type != UVMF_INVLPG) ||
        mask == UVMF_LOCAL || mask == UVMF_ALL)
        return 0;
    return pv_readable(v, mask) ? 0 : -EFAULT;
}

static int update_va(const struct pv_caller *c, const struct args_va_mapping *a)
{
    struct pv_change change = {
        .sim = c->sim, .pte = a->val, .pg_owner = c->v->d->id,
    };
    const struct pv_page *p;
    int rc;

    if (a->foreign != ~0u) {
        rc = pv_pg_owner(c, a->foreign, &change.pg_owner);
        if (rc)
            return rc;
    }
    rc = pv_may(c, change.pg_owner);
    if (rc)
        return rc;
    if (!pv_find_l1e(c->v, a->va, &change.table, &change.slot) ||
        !pv_get_page(c->sim, change.table, c->v->d->id))
        return -EINVAL;
    p = pv_page(c->sim, change.table);
    rc = p->count && p->validated && p->type == PV_L1 ?
        pv_change(&change) : -EINVAL;
    pv_put_page(c->sim, change.table);
    return rc ? rc : flush_mask(c->v, a->flags);
}

int sim_op_GUEST_VA_MAPPING(struct sim *sim, struct args_va_mapping *a)
{
    struct pv_caller c;
    int rc = pv_caller(sim, a->dom, a->vcpu, &c);

    if (!rc)
        a->rc = update_va(&c, a);
    return rc;
}
