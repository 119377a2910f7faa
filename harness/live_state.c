/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/live_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/memory.h>

#include "harness/found.h"
#include "harness/pages.h"

#define MAX_GFNS        (1ull << 30)
#define FEW_HOLES       0x400
#define MANY_HOLES      0x4000

static void find_view(struct live_state *s, struct hv *hv, uint32_t dom)
{
    struct args_u64 state = { .dom = dom };
    struct args_vcpu_view view = { .dom = dom };

    if (!hv_call(hv, OP_ALTP2M_GET_STATE, &state))
        s->altp2m = state.value;
    if (s->altp2m && !hv_call(hv, OP_ALTP2M_GET_VCPU_VIEW, &view))
        s->view = view.view;
}

int live_state_find(struct live_state *s, struct hv *hv, uint32_t dom)
{
    struct args_u64 max = { .dom = dom };
    struct args_create *c = &s->create;
    struct args_domain_info info;
    int rc = found_shape(hv, dom, c, &info);

    if (!rc)
        rc = hv_call(hv, OP_DOMAIN_MAX_GPFN, &max);
    if (rc)
        return rc;
    find_view(s, hv, dom);
    s->nr_gfns = (max.value > c->max_gpfn ? max.value : c->max_gpfn) + 1;
    return s->nr_gfns > MAX_GFNS ? -EFBIG : 0;
}

/* ---- pages ---- */

/* On AMD nothing is to be restricted, and nobody says what is
 * (p2m_mem_access_sanity_check). */
static bool has_access(const struct live_state *s)
{
    return s->create.vendor == VENDOR_INTEL;
}

/* Is there a page at GFN, and what may be done to it? */
static bool look(struct live_state *s, struct hv *hv, uint64_t gfn)
{
    struct args_access a = { .dom = s->create.dom, .gfn = gfn,
                             .access = s->default_access };

    if (s->found[gfn] != LIVE_HOLE)
        return true;
    if (has_access(s) ? hv_call(hv, OP_ACCESS_GET, &a) :
        !found_page(hv, a.dom, gfn))
        return false;
    s->found[gfn] = a.access;
    return true;
}

/* Memory is at the bottom, special pages are at the top.  Looking between is
 * a call for each gfn: as long as Xen says that there is more, and a while
 * beyond, since pages of Xen's own, once mapped, do not count; a short one
 * where looking is mapping. */
static void look_for_pages(struct live_state *s, struct hv *hv)
{
    uint64_t most = has_access(s) ? MANY_HOLES : FEW_HOLES;
    uint64_t gfn, top, left = s->nr_pages, holes = 0;
    bool page;

    for (gfn = 0; gfn < s->nr_gfns && holes < FEW_HOLES; gfn++) {
        page = look(s, hv, gfn);
        left -= page && left;
        holes = page ? 0 : holes + 1;
    }
    holes = 0;
    for (top = s->nr_gfns; top > gfn && (left || holes < most); top--) {
        page = look(s, hv, top - 1);
        left -= page && left;
        holes = page ? 0 : holes + 1;
    }
}

/* How far RAM from GFN up to at most END goes; a few holes are none (that of
 * a video card). */
static uint64_t pages_from(const struct live_state *s, uint64_t gfn,
                           uint64_t end)
{
    uint64_t first = gfn, last = gfn, holes = 0;

    for (; gfn < end && gfn < s->nr_gfns && holes < FEW_HOLES; gfn++) {
        if (s->found[gfn] == LIVE_HOLE)
            holes++;
        else
            last = gfn + 1;
    }
    return last - first;
}

/* RAM from 0; when that goes up to the hole below 4 GiB, also what is behind
 * that. */
static void shape(struct live_state *s)
{
    struct args_create *c = &s->create;
    uint64_t special = c->max_gpfn - (FOUND_SPECIAL_PAGES - 1), high;

    c->ram = pages_from(s, 0, special);
    if (c->ram == FOUND_MMIO_START) {
        high = pages_from(s, FOUND_MMIO_END, s->nr_gfns);
        if (c->ram + high > special)
            c->ram += high;
    }
    if (!c->ram)
        c->ram = 1;
}

int live_state_find_pages(struct live_state *s, struct hv *hv, uint32_t dom)
{
    struct args_domain_info info = { .dom = dom };
    struct args_access def = { .dom = dom, .gfn = ~0ull,
                               .access = XENMEM_access_rwx };
    int rc = hv_call(hv, OP_DOMAIN_INFO, &info);

    if (!rc && has_access(s))
        rc = hv_call(hv, OP_ACCESS_GET, &def);
    if (rc)
        return rc;
    /* The ring's has left the map (xc_vm_event_enable), and counts still. */
    s->nr_pages = info.nr_pages - !!info.nr_pages;
    s->default_access = def.access;
    s->found = malloc(s->nr_gfns);
    s->now = malloc(s->nr_gfns);
    if (!s->found || !s->now)
        return -ENOMEM;
    memset(s->found, LIVE_HOLE, s->nr_gfns);
    look_for_pages(s, hv);
    memcpy(s->now, s->found, s->nr_gfns);
    shape(s);
    return 0;
}

void live_state_free(struct live_state *s)
{
    free(s->found);
    free(s->now);
    s->found = s->now = NULL;
}

uint64_t live_state_run(const uint8_t *a, const uint8_t *b, uint64_t first,
                        uint64_t last)
{
    uint64_t end = first + 1;

    while (end <= last && a[end] == a[first] && b[end] == b[first])
        end++;
    return end;
}

/* ---- into the trace ---- */

static void put(struct live_trace *t, enum hv_op op, const void *args)
{
    struct hv_record rec = { .op = op };

    memcpy(&rec.args, args, hv_ops_table[op].size);
    live_trace_put(t, &rec);
}

/* Does domain.create make a page at GFN? */
static bool made(const struct args_create *c, uint64_t gfn)
{
    uint64_t special = c->max_gpfn - (FOUND_SPECIAL_PAGES - 1);
    uint64_t low = c->ram > special ? FOUND_MMIO_START : c->ram;

    return gfn < low || (gfn >= special && gfn <= c->max_gpfn) ||
           (gfn >= FOUND_MMIO_END && gfn - FOUND_MMIO_END < c->ram - low);
}

static void put_layout(struct live_state *s, struct live_trace *t)
{
    uint64_t ring = s->create.max_gpfn - FOUND_BEHIND_RING;

    for (uint64_t gfn = 0; gfn < s->nr_gfns; gfn++) {
        struct args_physmap a = { .dom = s->create.dom, .gfn = gfn };
        bool is = s->found[gfn] != LIVE_HOLE;

        if (is != made(&s->create, gfn) && gfn != ring)
            put(t, is ? OP_MEMORY_POPULATE : OP_MEMORY_DECREASE, &a);
    }
}

/* What is in GFN, unless that is nothing but zeros. */
static void put_page(struct live_state *s, struct hv *hv, uint64_t gfn,
                     struct live_trace *t)
{
    struct args_memory a = { .dom = s->create.dom, .gfn = gfn };
    struct hv_page page = { .write = false };

    if (hv_map(hv, a.dom, gfn, &page))
        return;
    a.data.p = page.p;
    a.data.len = pages_used(page.p);
    if (a.data.len)
        put(t, OP_MEMORY_WRITE, &a);
    hv_unmap(hv, &page);
}

static void put_memory(struct live_state *s, struct hv *hv,
                       enum live_memory memory, struct live_trace *t)
{
    uint64_t special = s->create.max_gpfn - (FOUND_SPECIAL_PAGES - 1);
    uint64_t gfn = memory == LIVE_MEMORY_ALL ? 0 : special;

    if (memory == LIVE_MEMORY_NONE)
        return;
    for (; gfn < s->nr_gfns; gfn++) {
        if (s->found[gfn] != LIVE_HOLE)
            put_page(s, hv, gfn, t);
    }
}

/* Ports below the monitor's are taken. */
static void put_ports(struct live_state *s, uint32_t port,
                      struct live_trace *t)
{
    for (uint32_t i = FOUND_FIRST_PORT; i < port; i++) {
        struct args_port a = { .dom = s->create.dom, .out = i };

        put(t, OP_EVTCHN_ALLOC, &a);
    }
}

/* Rights that are not what a new domain has; they need a ring. */
static void put_access(struct live_state *s, struct live_trace *t)
{
    struct args_access a = { .dom = s->create.dom, .gfn = ~0ull,
                             .access = s->default_access };
    uint64_t end;

    if (s->default_access != XENMEM_access_rwx)
        put(t, OP_ACCESS_SET, &a);
    for (uint64_t gfn = 0; gfn < s->nr_gfns; gfn = end) {
        end = live_state_run(s->found, s->found, gfn, s->nr_gfns - 1);
        a.gfn = gfn;
        a.nr = end - gfn;
        a.access = s->found[gfn];
        if (a.access != LIVE_HOLE && a.access != XENMEM_access_rwx)
            put(t, OP_ACCESS_SET, &a);
    }
}

void live_state_put(struct live_state *s, struct hv *hv, uint32_t port,
                    enum live_memory memory, struct live_trace *trace)
{
    struct args_u64 on = { .dom = s->create.dom, .value = 1 };

    /* Whether somebody else has it paused is not said: he may let it run at
     * any time, and the model's runs when the trace says so. */
    put(trace, OP_DOMAIN_CREATE, &s->create);
    put_layout(s, trace);
    found_vcpus(hv, &s->create, &trace->out.sink);
    put_memory(s, hv, memory, trace);
    put_ports(s, port, trace);
    if (s->altp2m)
        put(trace, OP_ALTP2M_SET_STATE, &on);
    live_trace_flush(trace);
    put_access(s, trace);
}
