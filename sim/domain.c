/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated machine and its domains' life. */
#include "sim/private.h"

#include <errno.h>
#include <stdlib.h>

#include <xen/hvm/params.h>
#include <xen/sched.h>

#define SPECIAL_PAGES   8
#define MAX_RAM         (1ull << 26)
#define MAX_POOL        (1ull << 20)
#define MMIO_START      0xf0000ull      /* where RAM has to leave a hole */
#define MMIO_END        0x100000ull
#define DEFAULT_VIEWS   10      /* MAX_ALTP2M */
#define NESTED_P2MS     10

struct sim_domain *sim_find(struct sim *sim, uint32_t id)
{
    for (uint32_t i = 0; i < sim->nr_domains; i++) {
        if (sim->domains[i]->id == id)
            return sim->domains[i];
    }
    return NULL;
}

int sim_remote(struct sim *sim, uint32_t id, struct sim_domain **d)
{
    *d = sim_find(sim, id);
    if (!*d)
        return id ? -ESRCH : -EPERM;
    return (*d)->dying ? -EINVAL : 0;
}

void sim_shutdown(struct sim_domain *d, uint8_t reason)
{
    if (d->shut_down)
        return;
    d->shut_down = true;
    d->shutdown_reason = reason;
}

void sim_crash(struct sim_domain *d)
{
    sim_shutdown(d, SHUTDOWN_crash);
}

struct sim_vcpu *sim_vcpu(struct sim_domain *d, uint32_t id)
{
    return id < d->config.vcpus ? &d->vcpus[id] : NULL;
}

/* ---- domain.create ---- */

static int check_create(const struct args_create *c)
{
    uint64_t first = c->max_gpfn - (SPECIAL_PAGES - 1);

    if (!c->dom || c->dom >= DOMID_FIRST_RESERVED ||
        c->vendor > VENDOR_AMD || c->type > GUEST_PV ||
        !c->vcpus || c->vcpus > MAX_VCPUS || !c->ram || c->ram > MAX_RAM ||
        c->pool > MAX_POOL || c->altp2m > XEN_ALTP2M_limited ||
        c->views > MAX_VIEWS)
        return -EINVAL;
    if (c->pv_mem_access && (c->type != GUEST_PV ||
                             (c->max_gpfn + 1) >> GFN_BITS))
        return -EINVAL;
    if (c->max_gpfn < SPECIAL_PAGES || c->max_gpfn >> GFN_BITS)
        return -EINVAL;
    if (c->options & ~(uint32_t)(CREATE_PV32 | CREATE_XEN_DEBUG) ||
        (c->type != GUEST_PV && (c->options || c->mfn_2mb)))
        return -EINVAL;
    /* RAM that would run into the special pages goes round them. */
    if (c->ram > first && (first < MMIO_START || c->max_gpfn >= MMIO_END))
        return -EINVAL;
    return 0;
}

static int map_run(struct sim_domain *d, uint64_t gfn, unsigned int order)
{
    uint64_t mfn = page_alloc_run(d, order);

    if (mfn == INVALID_MFN)
        return -ENOMEM;
    page_placed(d, mfn, gfn, order);
    return p2m_set(&d->host, gfn, order, mfn, P2M_RAM_RW,
                   d->host.default_access, -1);
}

/* RAM by the largest mappings that fit: libxc's meminit_hvm. */
static int map_ram(struct sim_domain *d, uint64_t gfn, uint64_t end)
{
    int rc = 0;

    while (!rc && gfn < end) {
        unsigned int order = ORDER_1G;

        while (order && (gfn & ((1ull << order) - 1) ||
                         end - gfn < 1ull << order))
            order -= 9;
        rc = map_run(d, gfn, order);
        gfn += 1ull << order;
    }
    return rc;
}

static int populate(struct sim_domain *d)
{
    uint64_t first = d->config.max_gpfn - (SPECIAL_PAGES - 1);
    uint64_t low = d->config.ram;
    int rc;

    if (low > first)
        low = MMIO_START;
    rc = map_ram(d, 0, low);
    if (!rc)
        rc = map_ram(d, MMIO_END, MMIO_END + d->config.ram - low);
    for (uint64_t i = 0; !rc && i < SPECIAL_PAGES; i++)
        rc = map_run(d, first + i, ORDER_4K);
    return rc;
}

/* The special pages in the order of libxc's xc_dom_x86.c; those of a device
 * model only where there is one. */
static void set_params(struct sim_domain *d)
{
    uint64_t first = d->config.max_gpfn - (SPECIAL_PAGES - 1);
    uint64_t *param = d->hvm_params;

    param[HVM_PARAM_PAGING_RING_PFN] = first;
    param[HVM_PARAM_MONITOR_RING_PFN] = first + 1;
    param[HVM_PARAM_SHARING_RING_PFN] = first + 2;
    param[HVM_PARAM_STORE_PFN] = first + 4;
    param[HVM_PARAM_IDENT_PT] = (first + 6) << PAGE_SHIFT;
    param[HVM_PARAM_CONSOLE_PFN] = first + 7;
    if (d->config.type == GUEST_HVM) {
        param[HVM_PARAM_BUFIOREQ_PFN] = first + 3;
        param[HVM_PARAM_IOREQ_PFN] = first + 5;
    }
    param[HVM_PARAM_ALTP2M] = d->config.altp2m;
    param[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
}

static int build_vcpus(struct sim_domain *d)
{
    int rc;

    d->vcpus = calloc(d->config.vcpus, sizeof(*d->vcpus));
    if (!d->vcpus)
        return -ENOMEM;
    for (uint32_t i = 0; i < d->config.vcpus; i++) {
        d->vcpus[i].d = d;
        d->vcpus[i].id = i;
        d->vcpus[i].view = NO_VIEW;
        rc = guest_init(&d->vcpus[i]);
        if (rc)
            return rc;
    }
    return 0;
}

static int build(struct sim_domain *d)
{
    uint64_t from = d->sim->free_hint;
    int rc;

    d->views = calloc(d->config.views, sizeof(*d->views));
    d->view_used = calloc(d->config.views, sizeof(*d->view_used));
    d->view_visible = calloc(d->config.views, sizeof(*d->view_visible));
    if (!d->views || !d->view_used || !d->view_visible)
        return -ENOMEM;
    rc = p2m_init(&d->host, d, NO_VIEW);
    if (d->config.mfn_2mb)
        pages_from(d->sim, (uint64_t)d->config.mfn_2mb << ORDER_2M);
    if (!rc)
        rc = populate(d);
    if (d->config.mfn_2mb)
        pages_from(d->sim, from);
    if (!rc)
        rc = pv_access_create(d);
    if (!rc && d->config.type != GUEST_PV)
        set_params(d);
    return rc ? rc : build_vcpus(d);
}

/* What a destroyed domain gives up at once. */
static void release(struct sim_domain *d)
{
    altp2m_domain_free(d);
    if (d->config.type == GUEST_PV)
        pv_teardown(d);
    if (d->host.root)
        p2m_flush(&d->host);
    pages_free_all(d);
    pv_access_free(d);
}

static void domain_free(struct sim_domain *d)
{
    release(d);
    p2m_free(&d->host);
    for (uint32_t i = 0; d->vcpus && i < d->config.vcpus; i++)
        guest_free(&d->vcpus[i]);
    free(d->vcpus);
    free(d->iomem.at);
    free(d);
}

static void unlist(struct sim *sim, struct sim_domain *d)
{
    uint32_t i = 0;

    while (i < sim->nr_domains && sim->domains[i] != d)
        i++;
    if (i == sim->nr_domains)
        return;
    for (sim->nr_domains--; i < sim->nr_domains; i++)
        sim->domains[i] = sim->domains[i + 1];
}

static int enlist(struct sim *sim, struct sim_domain *d)
{
    struct sim_domain **list;

    list = realloc(sim->domains, (sim->nr_domains + 1) * sizeof(*list));
    if (!list)
        return -ENOMEM;
    sim->domains = list;
    sim->domains[sim->nr_domains++] = d;
    return 0;
}

int sim_op_DOMAIN_CREATE(struct sim *sim, struct args_create *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    int rc = check_create(a);

    if (rc)
        return rc;
    if (d && !d->dying)
        return -EEXIST;
    if (d) {
        unlist(sim, d);
        domain_free(d);
    }
    evtchn_forget(sim, a->dom);
    d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->sim = sim;
    d->id = a->dom;
    d->config = *a;
    d->config.quirks |= sim->config.quirks;
    if (!a->views)
        d->config.views = DEFAULT_VIEWS;
    d->pause_count = 1;
    d->shutdown_reason = 255;
    d->max_pages = a->max_pages;
    d->pool_free = a->pool;
    rc = build(d);
    if (!rc)
        rc = enlist(sim, d);
    if (rc) {
        domain_free(d);
        return rc;
    }
    rc = d->config.type == GUEST_PV ? pv_build(d) : 0;
    if (rc) {
        release(d);
        unlist(sim, d);
        domain_free(d);
    }
    return rc;
}

/* vm_event_cleanup: what is monitored stays so, for who asks. */
static void close_ring(struct sim_domain *d)
{
    struct sim_monitor monitor = d->monitor;

    ring_disable(d);
    monitor.emulate_each_rep = false;   /* vm_event_cleanup_domain */
    d->monitor = monitor;
}

/* xen/common/domain.c:domain_kill.  The domain stays, dying, while somebody
 * holds a page of it: a client that has its ring mapped. */
int sim_op_DOMAIN_DESTROY(struct sim *sim, struct args_dom *a)
{
    struct sim_domain *d = sim_find(sim, a->dom);
    bool held;
    int rc;

    if (!d)
        return a->dom ? -ESRCH : -EINVAL;
    if (d->dying)
        return 0;
    rc = evtchn_destroy(d);
    if (rc)
        return rc;
    held = ring_on(d);
    d->dying = true;
    if (held)
        close_ring(d);
    release(d);
    if (!held) {
        unlist(sim, d);
        domain_free(d);
    }
    return 0;
}

/* ---- the machine ---- */

static void *sim_ring(struct hv *hv, uint32_t dom)
{
    struct sim_domain *d = sim_find((struct sim *)hv, dom);

    return d && ring_on(d) ? d->ring.page : NULL;
}

static void sim_close(struct hv *hv)
{
    struct sim *sim = (struct sim *)hv;

    /* A domain's end looks for those that are there yet. */
    for (; sim->nr_domains; sim->nr_domains--)
        domain_free(sim->domains[sim->nr_domains - 1]);
    pages_close(sim);
    mmio_close(sim);
    free(sim->left);
    free(sim->domains);
    free(sim);
}

struct hv *sim_open(const struct sim_config *config)
{
    static const struct hv_ops ops = {
        .call = sim_call, .ring = sim_ring, .wait = sim_wait,
        .observe = sim_observe, .close = sim_close,
        .map = sim_map, .unmap = sim_unmap,
    };
    struct sim *sim = calloc(1, sizeof(*sim));

    if (!sim)
        return NULL;
    sim->hv.ops = &ops;
    sim->hv.name = "sim";
    sim->hv.caps = HV_CAP_GUEST | HV_CAP_OBSERVE | HV_CAP_DETERMINISTIC;
    if (config)
        sim->config = *config;
    if (!sim->config.slice)
        sim->config.slice = 64;
    sim->random = sim->config.seed;
    return &sim->hv;
}

/* libxl__get_required_paging_memory, rounded up to MiB as libxl sets it, less
 * what Xen takes at once: the root tables of the host's, the nested and the
 * altp2m maps (hap_enable), and a page per vCPU (hap_make_monitor_table). */
static uint64_t default_pool(uint32_t mb, uint32_t vcpus, uint32_t views)
{
    uint64_t kb = 4 * (256ull * vcpus + mb);

    return (kb + 1023) / 1024 * 256 - 1 - NESTED_P2MS - views - vcpus;
}

void sim_default_domain(struct args_create *create, uint32_t dom,
                        uint32_t mb, uint32_t vcpus)
{
    *create = (struct args_create) {
        .dom = dom, .vendor = VENDOR_INTEL, .type = GUEST_PVH,
        .vcpus = vcpus, .ram = mb * 256ull, .max_gpfn = 0xfefff,
        .max_pages = (mb + 1) * 256ull,         /* xl adds 1 MiB */
        .altp2m = XEN_ALTP2M_external, .views = DEFAULT_VIEWS,
    };
    create->pool = default_pool(mb, vcpus, create->views);
}
