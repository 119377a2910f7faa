/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mmuext_op.  Source: xen/arch/x86/mm.c:do_mmuext_op. */
#include "sim/pv.h"

#include <errno.h>
#include <string.h>

#define MAX_LDT_ENTRIES 8192

struct ext {
    struct pv_caller c;
    uint32_t owner;
    uint64_t cmd, arg1, arg2;
};

/* __addr_ok: not in Xen's part of the address space. */
static bool address_ok(uint64_t address)
{
    return address < GUEST_LOW_END || address >= GUEST_HIGH;
}

static int pin(const struct ext *e)
{
    struct sim_domain *d = sim_find(e->c.sim, e->owner);
    enum pv_type type = PV_L1 + (e->cmd - MMUEXT_PIN_L1_TABLE);
    struct pv_page *p;
    int rc;

    if (type == PV_L4 && d && pv_32bit(d))
        return 0;
    rc = pv_get_both(e->c.sim, e->arg1, e->owner, type, false);
    if (rc)
        return rc;
    p = pv_page(e->c.sim, e->arg1);
    if (p->pinned) {
        pv_put_both(e->c.sim, e->arg1, INVALID_MFN);
        return -EINVAL;
    }
    p->pinned = true;
    return 0;
}

static int unpin(const struct ext *e)
{
    struct pv_page *p = pv_page(e->c.sim, e->arg1);

    if (pv_owner(e->c.sim, e->arg1) != e->owner || !p || !p->pinned)
        return -EINVAL;
    p->pinned = false;
    pv_put_both(e->c.sim, e->arg1, INVALID_MFN);
    return 0;
}

static int new_user_cr3(const struct ext *e)
{
    struct sim_vcpu *v = e->c.v;
    uint64_t old = v->pv_user_table;
    int rc;

    if (pv_32bit(v->d))
        return -EINVAL;         /* compat_mmuext_op: it has none */
    if (old == e->arg1)
        return 0;
    if (e->arg1) {
        rc = pv_get_both(e->c.sim, e->arg1, v->d->id, PV_L4, false);
        if (rc)
            return rc;
    }
    v->pv_user_table = e->arg1;
    if (old)
        pv_put_both(e->c.sim, old, INVALID_MFN);
    return 0;
}

static int set_ldt(const struct ext *e)
{
    uint64_t entries = (uint32_t)e->arg2;

    if (entries > MAX_LDT_ENTRIES ||
        (entries && (e->arg1 & (PAGE_SIZE - 1) || !address_ok(e->arg1))))
        return -EINVAL;
    e->c.v->pv_ldt_base = entries ? e->arg1 : 0;
    e->c.v->pv_ldt_entries = entries;
    return 0;
}

/* Of vCPUs by a mask in the guest's memory. */
static int flush_multi(const struct ext *e)
{
    return pv_readable(e->c.v, e->arg2) ? 0 : -EINVAL;
}

/* What a vCPU does to itself: nobody can for another domain's. */
static int own(const struct ext *e)
{
    if (!e->c.v || e->owner != e->c.v->d->id)
        return -EPERM;
    switch (e->cmd) {
    case MMUEXT_NEW_BASEPTR:
        return pv_new_cr3(e->c.v, e->arg1);
    case MMUEXT_NEW_USER_BASEPTR:
        return new_user_cr3(e);
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        return flush_multi(e);
    case MMUEXT_SET_LDT:
        return set_ldt(e);
    case MMUEXT_FLUSH_CACHE:
        return pv_has_devices(e->c.v->d) ? 0 : -EACCES;
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return pv_has_devices(e->c.v->d) ? 0 : -EINVAL;
    default:
        return 0;               /* TLB: the model has none */
    }
}

/* Only what may be writable is written to, by Xen either. */
static int to_page(const struct ext *e, const void *bytes)
{
    int rc = pv_get_both(e->c.sim, e->arg1, e->owner, PV_WRITABLE, false);

    if (rc)
        return -EINVAL;
    rc = page_write(e->c.sim, e->arg1, 0, bytes, PAGE_SIZE);
    pv_put_both(e->c.sim, e->arg1, INVALID_MFN);
    return rc;
}

static int copy_page(const struct ext *e)
{
    unsigned char bytes[PAGE_SIZE];

    if (pv_owner(e->c.sim, e->arg2) != e->owner)
        return -EINVAL;
    page_read(e->c.sim, e->arg2, 0, bytes, sizeof(bytes));
    return to_page(e, bytes);
}

static int one(const struct ext *e)
{
    static const unsigned char zeros[PAGE_SIZE];

    switch (e->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        return pin(e);
    case MMUEXT_UNPIN_TABLE:
        return unpin(e);
    case MMUEXT_NEW_BASEPTR:
    case MMUEXT_NEW_USER_BASEPTR:
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
    case MMUEXT_SET_LDT:
        return own(e);
    case MMUEXT_CLEAR_PAGE:
        return to_page(e, zeros);
    case MMUEXT_COPY_PAGE:
        return copy_page(e);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

static void request(struct ext *e, const struct args_mmuext_op *a, uint32_t i)
{
    uint64_t op[3] = { a->cmd, a->arg1, a->arg2 };

    if (i)
        memcpy(op, (const unsigned char *)a->more.p + (i - 1) * sizeof(op),
               sizeof(op));
    e->cmd = op[0];
    e->arg1 = op[1];
    e->arg2 = op[2];
}

static int batch(struct ext *e, struct args_mmuext_op *a, uint32_t foreign)
{
    uint32_t count = a->flags & PV_NO_REQUESTS ? 0 : 1 + a->more.len / 24;
    const struct sim_domain *d;
    int rc;

    a->done = ~0u;
    if (a->flags & PV_BAD_REQUESTS)
        return -EFAULT;
    rc = pv_pg_owner(&e->c, foreign, &e->owner);
    if (rc)
        return rc;
    d = sim_find(e->c.sim, e->owner);
    if (d && d->config.type != GUEST_PV)
        return -EINVAL;
    rc = pv_may(&e->c, e->owner);
    if (rc)
        return rc;
    for (a->done = 0; !rc && a->done < count; a->done += !rc) {
        request(e, a, a->done);
        rc = one(e);
        pv_put_old(e->c.sim);
    }
    if (a->flags & PV_NO_DONE)
        a->done = ~0u;
    return rc;
}

int sim_op_GUEST_MMUEXT_OP(struct sim *sim, struct args_mmuext_op *a)
{
    struct ext e;
    int rc = pv_caller(sim, a->dom, a->vcpu, &e.c);

    if (rc)
        return rc;
    pv_take_old(e.c.v);
    a->rc = batch(&e, a, a->foreign == ~0u ? DOMID_SELF : a->foreign);
    return 0;
}

/* dom0's */
int sim_op_PV_MMUEXT_OP(struct sim *sim, struct args_mmuext_op *a)
{
    struct ext e = { .c = { sim, NULL } };

    return batch(&e, a, a->dom);
}
