/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "real/puppet_pv_xen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "real/private.h"
#include "real/puppet_pv.h"
#include "real/puppet_xen.h"

#define PAGE_SHIFT      12
#define PAGE_SIZE       4096u
#define TOP_ENTRY       (PUPPET_PV_SLOT * sizeof(uint64_t))
#define MAX_PAGES       0x100000        /* that a PV guest may have */
#define BOOT_MS         20000
#define RUN_MS          5000
#define STEP_US         200

struct driven {                 /* a domain of PV puppets */
    struct xen *x;
    uint32_t dom, id;
    struct puppet_pv *puppet;   /* NULL: none */
    struct puppet_pv_slot *slot[PUPPET_PV_VCPUS];
    uint64_t slots;             /* the guest's address of the first */
    uint64_t entry;             /* of a top table, for the puppet's part */
};

struct driver {
    void *pvh;                  /* puppet_driver's */
    struct driven domains[XEN_MAX_DOMAINS];     /* as struct xen's */
};

/* ---- the machine's memory ---- */

static void *map(const struct driven *d, uint64_t mfn, int prot)
{
    xen_pfn_t pfn = mfn;

    return xenforeignmemory_map(d->x->memory, d->id, prot, 1, &pfn, NULL);
}

static void unmap(const struct driven *d, void *p)
{
    if (p)
        xenforeignmemory_unmap(d->x->memory, p, 1);
}

/* The page at GLA, as vCPU N has it; NULL for none. */
static void *map_gla(const struct driven *d, uint32_t n, uint64_t gla,
                     int prot)
{
    uint64_t mfn = xc_translate_foreign_address(d->x->xc, d->id, (int)n, gla);

    return mfn ? map(d, mfn, prot) : NULL;
}

static bool puppet_word(void *ctx, uint32_t n, uint64_t gla, uint64_t *word)
{
    const struct driven *d = ctx;
    char *p = map_gla(d, n, gla, PROT_READ);

    if (!p)
        return false;
    memcpy(word, p + gla % PAGE_SIZE, sizeof(*word));
    unmap(d, p);
    return true;
}

/* A table that is one already is changed by Xen, another is memory.  One that
 * cannot be changed is none that can be loaded. */
static void puppet_own(void *ctx, uint64_t mfn, bool on)
{
    const struct driven *d = ctx;
    struct args_mmu_update a = {
        .dom = d->dom, .vcpu = d->dom,
        .ptr = xen_entry_back(d->x, mfn << PAGE_SHIFT | TOP_ENTRY),
        .val = on ? xen_entry_back(d->x, d->entry) : 0,
    };
    uint64_t *p = map(d, mfn, PROT_READ);
    bool there = p && p[PUPPET_PV_SLOT] == d->entry;

    unmap(d, p);
    if (p && there != on)
        real_op_PV_MMU_UPDATE(d->x, &a);
}

/* ---- its vCPUs ---- */

static struct puppet_pv_slot *puppet_slot(void *ctx, uint32_t n, uint64_t *gla)
{
    const struct driven *d = ctx;

    *gla = d->slots + (uint64_t)n * PUPPET_PV_PAGE;
    return d->slot[n];
}

static bool has_crashed(const struct driven *d)
{
    struct xen_domctl_getdomaininfo info;

    return xen_getdomaininfo(d->x, d->id, &info) ||
           info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying);
}

static int puppet_run(void *ctx, uint32_t n)
{
    const struct driven *d = ctx;
    const struct puppet_pv_slot *slot = d->slot[n];
    unsigned int us = 0;
    int rc = xen_hold(d->x, d->dom, false), held;

    while (!rc && __atomic_load_n(&slot->done, __ATOMIC_ACQUIRE) !=
           slot->asked) {
        if (us >= 1000 * RUN_MS || (us % 10000 == 0 && has_crashed(d)))
            rc = -EIO;
        usleep(STEP_US);
        us += STEP_US;
    }
    held = xen_hold(d->x, d->dom, true);
    return rc ? rc : held;
}

/* ---- a domain ---- */

static struct driven *place_of(struct driver *t, struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    return d ? &t->domains[d - x->domains] : NULL;
}

/* NULL for a domain that is not one of PV puppets. */
static struct driven *find(struct driver *t, struct xen *x, uint32_t dom)
{
    struct driven *d = place_of(t, x, dom);

    return d && d->puppet && d->id == xen_real_id(x, dom) ? d : NULL;
}

static void release(struct driven *d)
{
    puppet_pv_free(d->puppet);
    for (uint32_t n = 0; n < PUPPET_PV_VCPUS; n++)
        unmap(d, d->slot[n]);
    memset(d, 0, sizeof(*d));
}

/* The guest's list of its frames. */
static int read_frames(struct driven *d, const struct puppet_pv_page *page)
{
    const uint64_t nr = page->nr_pages, per_page = PAGE_SIZE / 8;
    uint64_t *mfn = nr <= MAX_PAGES ? calloc(nr + per_page, 8) : NULL;

    if (!mfn)
        return -ENOMEM;
    for (uint64_t i = 0; i < nr; i += per_page) {
        void *p = map_gla(d, 0, page->p2m + 8 * i, PROT_READ);

        if (!p) {
            free(mfn);
            return -EIO;
        }
        memcpy(mfn + i, p, PAGE_SIZE);
        unmap(d, p);
    }
    return xen_frames_set(d->x, d->dom, mfn, nr);
}

/* It has booted; its page is THERE, which it may write to still: what was
 * looked at must not be another thing afterwards. */
static int take_over(struct driven *d, const void *there)
{
    const struct puppet_pv_env env = {
        .ctx = d, .x = d->x, .slot = puppet_slot, .run = puppet_run,
        .word = puppet_word, .own = puppet_own,
    };
    struct puppet_pv_page page;
    uint32_t nr;
    int rc;

    memcpy(&page, there, sizeof(page));
    nr = page.vcpus < PUPPET_PV_VCPUS ? page.vcpus : PUPPET_PV_VCPUS;
    rc = read_frames(d, &page);
    d->slots = page.slots;
    d->entry = page.entry;
    for (uint32_t n = 0; !rc && n < nr; n++) {
        d->slot[n] = map_gla(d, 0, d->slots + n * PUPPET_PV_PAGE,
                             PROT_READ | PROT_WRITE);
        if (!d->slot[n])
            rc = -EIO;
    }
    if (rc)
        return rc;
    d->puppet = puppet_pv_new(&env, nr,
                              xen_gfn(d->x, d->dom, PUPPET_PV_TABLES));
    return d->puppet ? 0 : -ENOMEM;
}

static int boot(void *ctx)
{
    struct driven *d = ctx;

    for (unsigned int us = 0; us < 1000 * BOOT_MS; us += STEP_US) {
        struct puppet_pv_page *page = map_gla(d, 0, PUPPET_PV_BASE, PROT_READ);
        bool up = page && __atomic_load_n(&page->magic, __ATOMIC_ACQUIRE) ==
                          PUPPET_PV_MAGIC;
        int rc = up ? take_over(d, page) : -EAGAIN;

        unmap(d, page);
        if (up)
            return rc;
        if (has_crashed(d))
            return -EIO;
        usleep(STEP_US);
    }
    return -ETIMEDOUT;
}

static int attach(struct driver *t, struct xen *x, uint32_t dom)
{
    struct driven *d = place_of(t, x, dom);

    release(d);
    *d = (struct driven){ .x = x, .dom = dom, .id = xen_real_id(x, dom) };
    return xen_let_boot(x, dom, boot, d);
}

/* ---- PV or not ---- */

static int driver_attach(void *ctx, struct xen *x, uint32_t dom)
{
    struct driver *t = ctx;
    struct xen_domctl_getdomaininfo info;
    int rc = xen_getdomaininfo(x, xen_real_id(x, dom), &info);

    if (rc)
        return rc;
    return info.flags & XEN_DOMINF_hvm_guest ?
        puppet_driver.attach(t->pvh, x, dom) : attach(t, x, dom);
}

static void driver_detach(void *ctx, struct xen *x, uint32_t dom)
{
    struct driver *t = ctx;

    release(place_of(t, x, dom));
    puppet_driver.detach(t->pvh, x, dom);
}

/* Its client's own pauses: the other is ours. */
static bool runs(struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    return d && !d->pauses;
}

static int driver_call(void *ctx, struct xen *x, enum hv_op op, void *args)
{
    struct driver *t = ctx;
    const struct args_guest *a = args;  /* all of them begin alike */
    struct driven *d = find(t, x, a->dom);

    if (d)
        return puppet_pv_call(d->puppet, op, args, runs(x, a->dom));
    if (puppet_pv_only(op))
        return xen_domain(x, a->dom) ? -EOPNOTSUPP : -ESRCH;
    return puppet_driver.call(t->pvh, x, op, args);
}

static bool driver_busy(void *ctx, struct xen *x, uint32_t dom)
{
    struct driver *t = ctx;
    struct driven *d = find(t, x, dom);

    if (!d)
        return puppet_driver.busy(t->pvh, x, dom);
    if (runs(x, dom))
        puppet_pv_step(d->puppet, NULL);
    return false;
}

static int driver_run(void *ctx, struct xen *x, uint32_t dom, uint32_t limit)
{
    struct driver *t = ctx;
    struct driven *d = find(t, x, dom);

    if (!d)
        return puppet_driver.run(t->pvh, x, dom, limit);
    return runs(x, dom) ? puppet_pv_step(d->puppet, &limit) : 0;
}

static void driver_close(void *ctx)
{
    struct driver *t = ctx;

    for (unsigned int i = 0; i < XEN_MAX_DOMAINS; i++)
        release(&t->domains[i]);
    puppet_driver.close(t->pvh);
    free(t);
}

void *puppets_driver_new(void)
{
    struct driver *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->pvh = puppet_driver_new();
    if (t->pvh)
        return t;
    free(t);
    return NULL;
}

const struct xen_driver puppets_driver = {
    .caps = HV_CAP_GUEST,
    .attach = driver_attach,
    .detach = driver_detach,
    .call = driver_call,
    .run = driver_run,
    .busy = driver_busy,
    .holds = true,
    .close = driver_close,
};
