/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/property.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/interface.h"
#include "sim/sim.h"
#include "traces/text.h"

uint64_t draw(struct test *t)
{
    uint64_t z = t->random += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint32_t below(struct test *t, uint32_t n)
{
    return (draw(t) >> 32) * n >> 32;
}

uint64_t any_gfn(struct test *t)
{
    return NAIVE_BASE + below(t, NAIVE_GFNS);
}

/* w and wx bring a domain down, so they are rare. */
uint32_t any_access(struct test *t)
{
    static const uint8_t good[] = {
        XENMEM_access_n, XENMEM_access_r, XENMEM_access_rw, XENMEM_access_x,
        XENMEM_access_rx, XENMEM_access_rwx, XENMEM_access_rwx,
        XENMEM_access_rx2rw, XENMEM_access_n2rwx, ACCESS_DEFAULT,
    };

    if (t->storm && once_in(t, 2))
        return XENMEM_access_n2rwx;
    if (once_in(t, 400))
        return once_in(t, 2) ? XENMEM_access_w : XENMEM_access_wx;
    return once_in(t, 60) ? 11 + below(t, 240) : good[below(t, sizeof(good))];
}

uint32_t any_view(struct test *t)
{
    return below(t, NAIVE_VIEWS + once_in(t, 20));
}

/* ---- what was done, and what differs ---- */

void keep(struct test *t, enum hv_op op, const void *args, int result)
{
    struct hv_record rec = { .seq = t->step, .op = op, .result = result };
    struct hv_record *to = &t->kept[t->nr_kept++ % KEPT];

    memcpy(&rec.args, args, hv_ops_table[op].size);
    hv_record_free(to);
    if (hv_record_copy(to, &rec)) {
        fprintf(stderr, "out of memory\n");
        exit(99);
    }
}

void keep_event(struct test *t, enum hv_op op, const struct vm_event_st *ev)
{
    struct args_event a = { .dom = DOM };

    a.ev = *ev;
    keep(t, op, &a, 0);
}

/* The records of the report are numbered by their steps. */
static void show_kept(struct test *t)
{
    uint64_t first = t->nr_kept > KEPT ? t->nr_kept - KEPT : 0;

    for (uint64_t i = first; i < t->nr_kept; i++) {
        hv_record_normalise(&t->kept[i % KEPT]);
        text_print(stderr, &t->kept[i % KEPT]);
    }
}

void differ(struct test *t, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "the last steps of seed %" PRIu64 ":\n", t->seed);
    show_kept(t);
    fprintf(stderr, "step %" PRIu64 ": ", t->step);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nrerun: tests/test-property %" PRIu64 " %" PRIu64 "\n",
            t->seed, t->step + 1);
    exit(1);
}

int call(struct test *t, enum hv_op op, void *args)
{
    int rc = hv_call(t->hv, op, args);

    keep(t, op, args, rc);
    return rc;
}

void same(struct test *t, const char *what, int64_t sim, int64_t naive)
{
    if (sim != naive)
        differ(t, "%s: sim/ says %" PRId64 ", the naive model %" PRId64,
               what, sim, naive);
}

void must(struct test *t, int rc)
{
    if (rc < 0)
        differ(t, "setting up: %d", rc);
}

/* ---- the domain ---- */

bool may_unmap(const struct test *t)
{
    bool asked = t->nr_answers;

    for (uint32_t i = 0; i < t->n.vcpus; i++)
        asked |= t->n.vcpu[i].emulate || t->n.vcpu[i].set_registers;
    return !asked;
}

void enable_ring(struct test *t)
{
    struct args_port port = { .dom = DOM };
    void *page;

    must(t, call(t, OP_MONITOR_ENABLE, &port));
    t->port = port.port = port.out;
    must(t, call(t, OP_EVTCHN_BIND, &port));
    page = hv_ring(t->hv, DOM);
    if (!page)
        differ(t, "no ring page");
    ring_init(&t->ring, page);
    naive_ring_on(&t->n);
}

void create(struct test *t)
{
    /* One more vCPU than slots has somebody sleep on the ring. */
    static const uint32_t vcpus[] = { 1, 2, 2, 3, 4, 9, 10, NAIVE_VCPUS };
    struct args_dom dom = { .dom = DOM };
    struct args_access all = { .dom = DOM, .access = 7, .nr = 256 };
    struct args_create c;

    sim_default_domain(&c, DOM, 1, vcpus[below(t, 8)]);
    c.max_pages = 1u << 20;
    c.pool = 4096;
    c.views = NAIVE_VIEWS;
    must(t, call(t, OP_DOMAIN_CREATE, &c));
    must(t, call(t, OP_DOMAIN_UNPAUSE, &dom));
    naive_init(&t->n, c.vcpus);
    enable_ring(t);
    must(t, call(t, OP_ACCESS_SET, &all));      /* mapped by 4 KiB now */
    t->nr_todo = 0;
}

void recreate(struct test *t)
{
    struct args_dom dom = { .dom = DOM };

    must(t, call(t, OP_DOMAIN_DESTROY, &dom));
    create(t);
}
