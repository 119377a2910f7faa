/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model: the event path, the maps, the views. */
#include <malloc.h>
#include <string.h>

#include "harness/interface.h"
#include "sim/private.h"
#include "tests/bench-client.h"
#include "tests/bench.h"

#define EVENTS          20000
#define EVENT_BYTES     sizeof(struct vm_event_st)
#define LOOKUPS         (1u << 18)
#define MAP_MB          4096u           /* a map of 4 KiB pages */
#define LARGE_MB        16384u          /* of superpages, with views */
#define VIEWS           10u
#define OWN_PAGES       100u            /* that a view has restricted */
#define CLUSTER_MB      64u             /* as in a kernel's code */

static uint64_t gfns_of(uint32_t mb)
{
    return (uint64_t)mb << 8;
}

/* ---- the event path ---- */

/* What no event can do without: the request is put and taken, and so is the
 * response. */
static double four_copies(void *arg)
{
    static char state[EVENT_BYTES], slot[8][EVENT_BYTES], mine[EVENT_BYTES];
    double start = bench_now();

    (void)arg;
    for (unsigned int i = 0; i < EVENTS; i++) {
        memcpy(slot[i & 7], state, EVENT_BYTES);
        bench_barrier(slot);
        memcpy(mine, slot[i & 7], EVENT_BYTES);
        bench_barrier(mine);
        memcpy(slot[i & 7], mine, EVENT_BYTES);
        bench_barrier(slot);
        memcpy(state, slot[i & 7], EVENT_BYTES);
        bench_barrier(state);
    }
    return bench_now() - start;
}

static double round_trips(void *arg)
{
    double start = bench_now();

    for (unsigned int i = 0; i < EVENTS; i++)
        bench_check(client_round_trip(arg, VM_EVENT_FLAG_VCPU_PAUSED),
                    "a round trip");
    return bench_now() - start;
}

/* The response has the store emulated and the guest goes on to the next one;
 * the client reads and unmasks its event channel, too. */
static double emulated(void *arg)
{
    double start = bench_now();

    for (unsigned int i = 0; i < EVENTS; i++) {
        bench_check(client_round_trip(arg, VM_EVENT_FLAG_VCPU_PAUSED |
                                      VM_EVENT_FLAG_EMULATE) &&
                    !client_port(arg, OP_EVTCHN_PENDING) &&
                    !client_port(arg, OP_EVTCHN_UNMASK) &&
                    !client_push_store(arg), "an emulated store");
    }
    return bench_now() - start;
}

static void bench_events(void)
{
    struct client c;
    struct bench b = {
        .name = "event round trip / 4 memcpy(400)", .aim = "<= 2",
        .subject = round_trips, .floor = four_copies, .arg = &c,
        .count = EVENTS,
    };

    bench_check(!client_start(&c, sim_open(NULL), 16), "starting a guest");
    bench_measure(&b);
    b.name = "  with evtchn reads, queued, emulated";
    b.aim = "";
    b.subject = emulated;
    bench_measure(&b);
    hv_close(c.hv);
}

/* ---- lookups ---- */

struct lookups {
    struct sim_domain *d;
    unsigned char *flat;        /* an access a gfn */
    uint32_t *frames;
    uint64_t gfns;
    uint32_t *order;            /* LOOKUPS gfns to look up */
    uint64_t sum;               /* of what was found */
};

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* LOCAL of a hundred lookups are in the neighbourhood of the last one. */
static void make_order(struct lookups *l, unsigned int local)
{
    uint64_t state = 88172645463325252ull, gfn = 0;

    for (unsigned int i = 0; i < LOOKUPS; i++) {
        if (draw(&state) % 100 < local)
            gfn += draw(&state) % 16;
        else
            gfn = draw(&state);
        gfn %= l->gfns;
        l->order[i] = (uint32_t)gfn;
    }
}

/* Inlined, so that the switch costs nothing. */
__attribute__((always_inline))
static inline double scan_arrays(struct lookups *l, bool with_frames)
{
    const unsigned char *flat = l->flat;
    const uint32_t *frames = l->frames, *order = l->order;
    double start = bench_now();
    uint64_t sum = 0;

    for (unsigned int i = 0; i < LOOKUPS; i++)
        sum += flat[order[i]] + (with_frames ? frames[order[i]] : 0);
    l->sum = sum;
    return bench_now() - start;
}

__attribute__((always_inline))
static inline double scan_map(struct lookups *l, bool with_frames)
{
    const struct p2m *p2m = &l->d->host;
    const uint32_t *order = l->order;
    double start = bench_now();
    uint64_t sum = 0;

    for (unsigned int i = 0; i < LOOKUPS; i++) {
        uint8_t access;
        uint64_t mfn = p2m_lookup(p2m, order[i], &access);

        sum += access + (with_frames ? (uint32_t)mfn : 0);
    }
    bench_check(sum == l->sum, "looking up");
    return bench_now() - start;
}

static double lookup_flat(void *arg)
{
    return scan_arrays(arg, false);
}

static double lookup_access(void *arg)
{
    return scan_map(arg, false);
}

static double lookup_flat_both(void *arg)
{
    return scan_arrays(arg, true);
}

static double lookup_both(void *arg)
{
    return scan_map(arg, true);
}

static double lookup_views(void *arg)
{
    struct lookups *l = arg;
    const struct p2m *views = l->d->views;
    const uint32_t *order = l->order;
    double start = bench_now();
    uint64_t sum = 0;
    uint32_t view = 0;
    uint8_t access;

    for (unsigned int i = 0; i < LOOKUPS; i++) {
        p2m_lookup(&views[view], order[i], &access);
        sum += access;
        view = view + 1 < VIEWS ? view + 1 : 0;
    }
    bench_barrier(&sum);
    return bench_now() - start;
}

/* A flat copy of the host's map. */
static void flatten(struct lookups *l)
{
    l->flat = malloc(l->gfns);
    l->frames = malloc(l->gfns * sizeof(*l->frames));
    l->order = malloc(LOOKUPS * sizeof(*l->order));
    bench_check(l->flat && l->frames && l->order, "malloc");
    for (uint64_t gfn = 0; gfn < l->gfns; gfn++)
        l->frames[gfn] = (uint32_t)p2m_lookup(&l->d->host, gfn,
                                              &l->flat[gfn]);
}

static void unflatten(struct lookups *l)
{
    free(l->flat);
    free(l->frames);
    free(l->order);
}

static void bench_lookups(struct sim_domain *d)
{
    struct lookups l = { .d = d, .gfns = gfns_of(MAP_MB) };
    struct bench b = {
        .name = "p2m lookup, local / flat bytes", .aim = "<= 2",
        .subject = lookup_access, .floor = lookup_flat, .arg = &l,
        .count = LOOKUPS,
    };

    flatten(&l);
    make_order(&l, 95);
    bench_measure(&b);
    make_order(&l, 0);
    b.name = "  anywhere";
    bench_measure(&b);
    b.name = "  anywhere, and the frame / two arrays";
    b.subject = lookup_both;
    b.floor = lookup_flat_both;
    bench_measure(&b);
    unflatten(&l);
}

/* ---- changes ---- */

static double set_range(void *arg)
{
    struct client *c = arg;
    static uint32_t access = XENMEM_access_rw;
    struct args_access set = {
        .dom = CLIENT_DOM, .access = access, .nr = (uint32_t)gfns_of(MAP_MB),
    };
    double start = bench_now();

    access = access == XENMEM_access_rw ? XENMEM_access_rx : XENMEM_access_rw;
    bench_check(!hv_call(c->hv, OP_ACCESS_SET, &set), "mem_access.set");
    return bench_now() - start;
}

static double set_bytes(void *arg)
{
    static unsigned char *bytes;
    double start;

    (void)arg;
    if (!bytes)
        bytes = malloc(gfns_of(MAP_MB));
    bench_check(bytes, "malloc");
    start = bench_now();
    memset(bytes, 1, gfns_of(MAP_MB));
    bench_barrier(bytes);
    return bench_now() - start;
}

static void bench_map(void)
{
    struct client c;
    struct bench b = {
        .name = "set-range of 4 GiB / memset a byte each", .aim = "",
        .subject = set_range, .floor = set_bytes, .arg = &c, .count = 1,
    };

    bench_check(!client_start(&c, sim_open(NULL), MAP_MB),
                "starting a guest");
    set_range(&c);              /* splits all superpages */
    bench_lookups(sim_find((struct sim *)c.hv, CLIENT_DOM));
    bench_measure(&b);
    hv_close(c.hv);
}

/* ---- views ---- */

static size_t memory_used(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static double create_view(void *arg)
{
    struct client *c = arg;
    struct args_view view = {
        .dom = CLIENT_DOM, .access = ACCESS_DEFAULT
    };
    double start = bench_now();

    for (unsigned int i = 0; i < 1000; i++) {
        bench_check(!hv_call(c->hv, OP_ALTP2M_CREATE, &view) &&
                    !hv_call(c->hv, OP_ALTP2M_DESTROY, &view), "a new view");
    }
    return (bench_now() - start) / 1000;
}

static double copy_view(void *arg)
{
    static unsigned char *from, *to;
    double start;

    (void)arg;
    if (!from) {
        from = calloc(1, gfns_of(LARGE_MB));
        to = calloc(1, gfns_of(LARGE_MB));
    }
    bench_check(from && to, "calloc");
    start = bench_now();
    memcpy(to, from, gfns_of(LARGE_MB));
    bench_barrier(to);
    return bench_now() - start;
}

/* All of the host's map is seen through VIEW, with pages of its own among the
 * first RANGE. */
static void fill_view(struct client *c, uint32_t view, uint64_t range)
{
    struct sim_domain *d = sim_find((struct sim *)c->hv, CLIENT_DOM);
    uint64_t state = 4711 + view;

    for (uint64_t gfn = 0; gfn < gfns_of(LARGE_MB); gfn += 512) {
        struct p2m_entry entry;

        p2m_get(&d->host, gfn, &entry);
        altp2m_get_or_propagate(&d->views[view], gfn, &entry);
    }
    /* View 0 has none: that number means the host's map. */
    for (unsigned int i = 0; view && i < OWN_PAGES; i++) {
        struct args_access set = {
            .dom = CLIENT_DOM, .access = XENMEM_access_rx, .view = view,
            .gfn = draw(&state) % range, .nr = 1,
        };

        bench_check(!hv_call(c->hv, OP_ALTP2M_SET_ACCESS, &set),
                    "a page of a view");
    }
}

/* How much memory ten views take, to ten copies of a byte a gfn. */
static double make_views(struct client *c, uint64_t range)
{
    struct args_u64 on = { .dom = CLIENT_DOM, .value = 1 };
    struct args_view view = {
        .dom = CLIENT_DOM, .access = ACCESS_DEFAULT
    };

    size_t before;

    bench_check(!client_create(c, sim_open(NULL), LARGE_MB), "a domain");
    before = memory_used();
    bench_check(!hv_call(c->hv, OP_ALTP2M_SET_STATE, &on), "altp2m");
    for (uint32_t i = 1; i < VIEWS; i++)
        bench_check(!hv_call(c->hv, OP_ALTP2M_CREATE, &view), "a new view");
    for (uint32_t i = 0; i < VIEWS; i++)
        fill_view(c, i, range);
    return (double)(memory_used() - before) /
           (double)(VIEWS * gfns_of(LARGE_MB));
}

static void bench_views(void)
{
    struct client c;
    struct lookups l = { .gfns = gfns_of(LARGE_MB) };
    struct bench lookup = {
        .name = "lookup in ten views, local / flat", .aim = "<= 5",
        .subject = lookup_views, .floor = lookup_flat, .arg = &l,
        .count = LOOKUPS,
    };
    struct bench create = {
        .name = "new view of 16 GiB / memcpy of a copy", .aim = "",
        .subject = create_view, .floor = copy_view, .arg = &c, .count = 1,
    };
    struct args_view last = { .dom = CLIENT_DOM, .view = VIEWS - 1 };

    bench_ratio("memory of ten views / of full copies",
                make_views(&c, gfns_of(CLUSTER_MB)), "<= 0.1");
    hv_close(c.hv);
    bench_ratio("  their pages anywhere",
                make_views(&c, gfns_of(LARGE_MB)), "<= 0.1");
    l.d = sim_find((struct sim *)c.hv, CLIENT_DOM);
    flatten(&l);
    make_order(&l, 95);
    bench_measure(&lookup);
    make_order(&l, 0);
    lookup.name = "  anywhere";
    bench_measure(&lookup);
    unflatten(&l);
    bench_check(!hv_call(c.hv, OP_ALTP2M_DESTROY, &last), "a view's end");
    bench_measure(&create);
    hv_close(c.hv);
}

/* ---- a device's registers ---- */

#define DEVICE_GFN      0x8000u
#define DEVICE_MFN      0xfe000u
#define STORES          10000

static double stores(struct client *c, uint64_t at)
{
    struct args_guest_mem store = {
        .dom = CLIENT_DOM, .rip = 0x1000, .gla = at, .gpa = at, .len = 8,
        .value = 0x55,
    };
    double start = bench_now();

    for (unsigned int i = 0; i < STORES; i++)
        bench_check(!hv_call(c->hv, OP_GUEST_WRITE, &store), "a store");
    hv_wait(c->hv, CLIENT_DOM);
    return bench_now() - start;
}

static double stores_emulated(void *arg)
{
    return stores(arg, DEVICE_GFN * 4096ull + 0x48);
}

static double stores_memory(void *arg)
{
    return stores(arg, 0x20048);
}

static void bench_mmio(void)
{
    struct args_mmio_ro add = { .start = DEVICE_MFN * 4096ull, .size = 0x40 };
    struct args_mmio_map map = { CLIENT_DOM, 1, DEVICE_GFN, DEVICE_MFN };
    struct args_dom dom = { .dom = CLIENT_DOM };
    struct client c;
    struct bench b = {
        .name = "MMIO write, emulated / store to memory", .aim = "<= 3",
        .subject = stores_emulated, .floor = stores_memory, .arg = &c,
        .count = STORES,
    };

    bench_check(!client_create(&c, sim_open(NULL), 16) &&
                !hv_call(c.hv, OP_MMIO_RO_ADD, &add) &&
                !hv_call(c.hv, OP_MMIO_MAP, &map) &&
                !hv_call(c.hv, OP_DOMAIN_UNPAUSE, &dom), "a device");
    bench_measure(&b);
    hv_close(c.hv);
}

int main(void)
{
    bench_title();
    bench_events();
    bench_mmio();
    bench_map();
    bench_views();
    return 0;
}
