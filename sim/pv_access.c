/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access for PV guests: no Xen has it.  The design of 2013's RFC, and what
 * had to be decided: docs/PV-MEM-ACCESS.md. */
#include "sim/guest.h"
#include "sim/pv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/params.h>

#include "harness/interface.h"

#define NOT_SET         0       /* of .access: the default holds */
#define MAX_FAULTS      16

/* By machine frame; what is beyond .room is NOT_SET and not shadowed. */
struct frame {
    uint8_t access;             /* xenmem_access_t + 1, or NOT_SET */
    uint8_t shadow;             /* the shadow entry's MEM_ACCESS_*, 0: none */
};

struct pv_access {
    bool on;                    /* PG_mem_access */
    uint8_t default_access;
    struct frame *frames;
    uint64_t room;
    uint64_t made;              /* shadow entries, so far */
};

/* ---- life ---- */

/* The ring's page is the domain's last, where HVM guests' tools look for it,
 * until the listener takes it away. */
int pv_access_create(struct sim_domain *d)
{
    uint64_t gfn = d->config.max_gpfn + 1, mfn;

    if (!d->config.pv_mem_access)
        return 0;
    d->pv_access = calloc(1, sizeof(*d->pv_access));
    mfn = d->pv_access ? page_alloc(d) : INVALID_MFN;
    if (mfn == INVALID_MFN)
        return -ENOMEM;
    d->pv_access->default_access = XENMEM_access_rwx;
    d->hvm_params[HVM_PARAM_MONITOR_RING_PFN] = gfn;
    page_placed(d, mfn, gfn, ORDER_4K);
    return p2m_set(&d->host, gfn, ORDER_4K, mfn, P2M_RAM_RW,
                   d->host.default_access, -1);
}

void pv_access_free(struct sim_domain *d)
{
    if (d->pv_access)
        free(d->pv_access->frames);
    free(d->pv_access);
    d->pv_access = NULL;
}

bool pv_access_on(const struct sim_domain *d)
{
    return d->pv_access && d->pv_access->on;
}

/* ---- the table and the shadows ---- */

static struct frame frame_get(const struct pv_access *p, uint64_t mfn)
{
    static const struct frame none;

    return mfn < p->room ? p->frames[mfn] : none;
}

static struct frame *frame_make(struct pv_access *p, uint64_t mfn)
{
    uint64_t room = p->room ? p->room : 1024;
    struct frame *frames;

    if (mfn < p->room)
        return &p->frames[mfn];
    while (room <= mfn)
        room *= 2;
    frames = realloc(p->frames, room * sizeof(*frames));
    if (!frames)
        return NULL;
    memset(frames + p->room, 0, (room - p->room) * sizeof(*frames));
    p->frames = frames;
    p->room = room;
    return &frames[mfn];
}

static uint8_t access_of(const struct pv_access *p, uint64_t mfn)
{
    struct frame f = frame_get(p, mfn);

    return f.access == NOT_SET ? p->default_access : f.access - 1;
}

/* The frame's entry is new, and so its shadow goes (sh_remove_all_mappings). */
static int set_frame(struct pv_access *p, uint64_t mfn, uint8_t value)
{
    struct frame *f = frame_make(p, mfn);

    if (!f)
        return -ENOMEM;
    f->access = value;
    f->shadow = 0;
    return 0;
}

/* shadow_blow_tables */
static void drop_shadows(struct pv_access *p)
{
    for (uint64_t mfn = 0; mfn < p->room; mfn++)
        p->frames[mfn].shadow = 0;
}

void pv_access_forget(struct sim_domain *d, uint64_t mfn)
{
    if (d->pv_access && mfn < d->pv_access->room)
        memset(&d->pv_access->frames[mfn], 0, sizeof(struct frame));
}

/* ---- calls ---- */

/* A page-table entry that is present can be read: no x, w or wx. */
static bool expressible(uint32_t access)
{
    return access <= ACCESS_DEFAULT && access != XENMEM_access_x &&
           access != XENMEM_access_w && access != XENMEM_access_wx;
}

int pv_access_set(struct sim_domain *d, uint64_t gfn, uint32_t nr,
                  uint32_t access)
{
    struct pv_access *p = d->pv_access;
    uint8_t old;
    uint64_t mfn;

    if (!expressible(access))
        return -EINVAL;
    if (gfn == INVALID_GFN) {
        if (access != ACCESS_DEFAULT)
            p->default_access = access;
        drop_shadows(p);
        return 0;
    }
    if (nr != 1)
        return -EINVAL;
    mfn = p2m_lookup(&d->host, gfn, &old);
    if (!page_is_memory(mfn))
        return -ESRCH;
    return set_frame(p, mfn, access == ACCESS_DEFAULT ? NOT_SET :
                     access + 1);
}

int pv_access_get(struct sim_domain *d, uint64_t gfn, uint32_t *access)
{
    const struct pv_access *p = d->pv_access;
    uint8_t old;
    uint64_t mfn;

    *access = p->default_access;
    if (gfn == INVALID_GFN)
        return 0;
    mfn = p2m_lookup(&d->host, gfn, &old);
    if (!page_is_memory(mfn))
        return -ESRCH;
    *access = access_of(p, mfn);
    return 0;
}

/* XEN_DOMCTL_shadow_op: shadow_one_bit_enable, shadow_one_bit_disable. */
int sim_op_PV_ACCESS_MODE(struct sim *sim, struct args_enable *a)
{
    struct sim_domain *d;
    int rc = sim_remote(sim, a->dom, &d);
    struct pv_access *p = rc ? NULL : d->pv_access;

    if (rc)
        return rc;
    if (!p || p->on == !!a->enable)
        return -EINVAL;
    p->on = a->enable;
    if (p->on)
        return 0;
    free(p->frames);
    p->frames = NULL;
    p->room = 0;
    p->default_access = XENMEM_access_rwx;
    return 0;
}

int sim_op_PV_ACCESS_STATE(struct sim *sim, struct args_pv_access *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    const struct pv_access *p = d ? d->pv_access : NULL;
    struct frame f;
    uint8_t old;

    if (!d)
        return -ESRCH;
    if (!p)
        return -EINVAL;
    f = frame_get(p, p2m_lookup(&d->host, a->gfn, &old));
    a->on = p->on;
    a->own = f.access != NOT_SET;
    a->shadow = f.shadow;
    a->made = p->made;
    return 0;
}

/* The operations that HVM guests had before there were generic ones. */
static int admit_alias(struct sim *sim, uint32_t dom)
{
    struct sim_domain *d = sim_find(sim, dom);

    if (!d)
        return dom ? -ESRCH : -EPERM;
    return d->pv_access ? 0 : -ENOSYS;  /* do_hvm_op of today */
}

int sim_op_HVM_ACCESS_SET(struct sim *sim, struct args_access *a)
{
    int rc = admit_alias(sim, a->dom);

    return rc ? rc : sim_op_ACCESS_SET(sim, a);
}

int sim_op_HVM_ACCESS_GET(struct sim *sim, struct args_access *a)
{
    int rc = admit_alias(sim, a->dom);

    return rc ? rc : sim_op_ACCESS_GET(sim, a);
}

/* ---- the shadow page fault ---- */

/* Of a page fault's error code: a write is not known to read as well. */
static uint8_t fault_access(uint8_t want)
{
    return want & MEM_ACCESS_X ? MEM_ACCESS_X :
           want & MEM_ACCESS_W ? MEM_ACCESS_W : MEM_ACCESS_R;
}

/* Where the domain has MFN, which its map alone knows. */
static uint64_t gfn_of(const struct sim_domain *d, uint64_t mfn)
{
    uint64_t gfn = d->sim->pages[mfn].at - 1ull;
    uint8_t access;

    return p2m_lookup(&d->host, gfn, &access) == mfn ? gfn : INVALID_GFN;
}

/* The listener is to know: true when V has to wait. */
static bool report(struct sim_vcpu *v, const struct mem_access *m,
                   uint64_t mfn, bool sync)
{
    struct npfec npfec = {
        .access = fault_access(m->want), .gla_valid = true, .with_gla = true,
    };
    struct vm_event_st req;

    access_request(&req, m->gpa, m->gla, &npfec);
    req.u.mem_access.gfn = gfn_of(v->d, mfn);
    return monitor_traps(v, sync, &req) > 0;
}

/* As p2m_mem_access_check has it for HVM guests. */
static enum outcome violation(struct sim_vcpu *v, const struct mem_access *m,
                              uint64_t mfn)
{
    struct pv_access *p = v->d->pv_access;
    uint8_t access = access_of(p, mfn);

    if (access == XENMEM_access_rx2rw && m->want & MEM_ACCESS_W)
        return set_frame(p, mfn, XENMEM_access_rw + 1) ? PAUSED : RETRY;
    if (access == XENMEM_access_n2rwx &&
        set_frame(p, mfn, XENMEM_access_rwx + 1))
        return PAUSED;
    if (!ring_on(v->d)) {
        if (v->d->host.access_required) {
            sim_crash(v->d);
            return CRASHED;
        }
        return set_frame(p, mfn, XENMEM_access_rwx + 1) ? PAUSED : RETRY;
    }
    if (report(v, m, mfn, access != XENMEM_access_n2rwx))
        return PAUSED;
    return vcpu_runnable(v) ? RETRY : PAUSED;
}

static uint8_t permissions(const struct sim_domain *d, uint64_t mfn)
{
    return p2m_permissions(P2M_RAM_RW, access_of(d->pv_access, mfn));
}

enum outcome pv_access_check(struct sim_vcpu *v, const struct mem_access *m,
                             uint64_t mfn)
{
    enum outcome out = RETRY;

    for (int tries = 0; out == RETRY && tries < MAX_FAULTS; tries++)
        out = m->want & ~permissions(v->d, mfn) ? violation(v, m, mfn) : RAN;
    return out == RETRY ? PAUSED : out;
}

/* sh_page_fault: first the check, then the entry is made (propagated).  Only
 * the domain's own frames are looked at. */
enum outcome pv_access_run(struct sim_vcpu *v, const struct mem_access *m,
                           uint64_t mfn)
{
    struct pv_access *p = v->d->pv_access;
    enum outcome out;
    struct frame *f;

    if (pv_owner(v->d->sim, mfn) != v->d->id ||
        !(m->want & ~frame_get(p, mfn).shadow))
        return RAN;
    out = pv_access_check(v, m, mfn);
    if (out != RAN)
        return out;
    f = frame_make(p, mfn);
    if (!f)
        return PAUSED;
    f->shadow = permissions(v->d, mfn);
    p->made++;
    return RAN;
}
