/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random operations, guest programs and responses, done to sim/ and to the
 * naive model (naive.h); every answer, event, register and byte must be the
 * same.  Where they differ Xen's source decides.
 *
 *   tests/test-property [SEED [STEPS]]
 *
 * Without SEED the fixed ones, 1 to SEEDS; XENREEL_PROPERTY_STEPS sets the
 * steps, in all. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "tests/property.h"

#define DEFAULT_STEPS   1000000u
#define SEEDS           10u
#define SWEEP           256u    /* steps between comparisons of everything */

static void do_host_access(struct test *t)
{
    struct args_access a = {
        .dom = DOM, .gfn = any_gfn(t), .nr = 1, .access = any_access(t),
    };
    uint32_t access = 0;
    int rc;

    if (once_in(t, 3)) {
        a.gfn = once_in(t, 20) ? NOWHERE : a.gfn;
        rc = naive_access_get(&t->n, a.gfn, &access);
        same(t, "get", call(t, OP_ACCESS_GET, &a), rc);
        if (!rc)
            same(t, "access", a.access, access);
        return;
    }
    if (once_in(t, 4))
        a.nr = below(t, NAIVE_BASE + NAIVE_GFNS - a.gfn + 1);
    if (once_in(t, 40))
        a.gfn = NOWHERE;
    same(t, "set", call(t, OP_ACCESS_SET, &a),
         naive_access_set(&t->n, a.gfn, a.nr, a.access));
}

static void do_multi(struct test *t)
{
    uint64_t gfn[4];
    uint8_t access[4];
    struct args_access_multi a = {
        .dom = DOM, .access = { access, below(t, 5), 0 }, .gfn = { gfn, 0, 0 },
    };

    a.gfn.len = 8 * a.access.len;
    for (uint32_t i = 0; i < 4; i++) {
        gfn[i] = any_gfn(t);
        access[i] = any_access(t);
    }
    if (once_in(t, 2)) {
        same(t, "set_multi", call(t, OP_ACCESS_SET_MULTI, &a),
             naive_access_multi(&t->n, gfn, access, a.access.len));
        return;
    }
    a.view = any_view(t);
    same(t, "view's set_multi", call(t, OP_ALTP2M_SET_ACCESS_MULTI, &a),
         naive_view_multi(&t->n, a.view, gfn, access, a.access.len));
}

static void do_view_access(struct test *t)
{
    struct args_access a = {
        .dom = DOM, .view = any_view(t), .gfn = any_gfn(t),
        .access = any_access(t),
    };
    uint32_t access = 0;
    int rc;

    if (once_in(t, 60))
        a.gfn = NOWHERE;
    if (once_in(t, 2)) {
        same(t, "view's set", call(t, OP_ALTP2M_SET_ACCESS, &a),
             naive_view_set(&t->n, a.view, a.gfn, a.access));
        return;
    }
    rc = naive_view_get(&t->n, a.view, a.gfn, &access);
    same(t, "view's get", call(t, OP_ALTP2M_GET_ACCESS, &a), rc);
    if (!rc)
        same(t, "view's access", a.access, access);
}

static void do_view(struct test *t)
{
    struct args_view a = {
        .dom = DOM, .view = any_view(t), .visible = !once_in(t, 3),
        .access = any_access(t),
    };
    uint32_t view = 0;
    int rc;

    switch (below(t, 8)) {
    case 0:
        same(t, "destroy", call(t, OP_ALTP2M_DESTROY, &a),
             naive_destroy(&t->n, a.view));
        break;
    case 1:
        same(t, "visibility", call(t, OP_ALTP2M_SET_VISIBILITY, &a),
             naive_visibility(&t->n, a.view, a.visible));
        break;
    case 2:
    case 3:
        rc = naive_create(&t->n, a.access, &view);
        same(t, "create", call(t, OP_ALTP2M_CREATE, &a), rc);
        if (!rc)
            same(t, "view", a.view, view);
        break;
    default:
        same(t, "switch", call(t, OP_ALTP2M_SWITCH, &a),
             naive_switch(&t->n, a.view));
    }
}

static void do_change_gfn(struct test *t)
{
    struct args_change_gfn a = {
        .dom = DOM, .view = any_view(t), .old_gfn = any_gfn(t),
        .new_gfn = once_in(t, 4) ? NOWHERE : any_gfn(t),
    };

    if (a.new_gfn == NOWHERE && !may_unmap(t))
        return;
    same(t, "change_gfn", call(t, OP_ALTP2M_CHANGE_GFN, &a),
         naive_change_gfn(&t->n, a.view, a.old_gfn, a.new_gfn));
}

static void do_sve(struct test *t)
{
    struct args_suppress_ve a = {
        .dom = DOM, .view = any_view(t), .gfn = any_gfn(t),
        .sve = once_in(t, 2),
    };
    struct args_suppress_ve b = a;
    int rc;

    if (once_in(t, 2)) {
        rc = naive_sve_get(&t->n, &b);
        same(t, "get_suppress_ve", call(t, OP_ALTP2M_GET_SVE, &a), rc);
        if (!rc)
            same(t, "suppress_ve", a.sve, b.sve);
    } else if (once_in(t, 2)) {
        b.last = b.gfn;
        rc = naive_sve_multi(&t->n, &b);
        same(t, "set_suppress_ve", call(t, OP_ALTP2M_SET_SVE, &a),
             rc ? rc : b.err);
    } else {
        a.last = b.last = any_gfn(t);
        rc = naive_sve_multi(&t->n, &b);
        same(t, "suppress_ve_multi", call(t, OP_ALTP2M_SET_SVE_MULTI, &a), rc);
        same(t, "first error", a.err, b.err);
        same(t, "first gfn that failed", a.err_gfn, b.err_gfn);
    }
}

static void do_physmap(struct test *t)
{
    struct args_physmap a = {
        .dom = DOM,
        .gfn = NAIVE_BASE + STABLE + below(t, NAIVE_GFNS - STABLE),
    };

    if (once_in(t, 3) && may_unmap(t))
        same(t, "decrease", call(t, OP_MEMORY_DECREASE, &a),
             naive_decrease(&t->n, a.gfn));
    else
        same(t, "populate", call(t, OP_MEMORY_POPULATE, &a),
             naive_populate(&t->n, a.gfn));
}

/* A toolstack's other changes of the map. */
static void do_map(struct test *t)
{
    uint64_t gfn = NAIVE_BASE + STABLE + below(t, NAIVE_GFNS - STABLE - 3);
    struct args_physmap a = { .dom = DOM, .gfn = gfn, .order = below(t, 3) };
    struct args_change_gfn b = {
        .dom = DOM, .old_gfn = gfn,
        .new_gfn = NAIVE_BASE + STABLE + below(t, NAIVE_GFNS - STABLE),
    };

    if (!may_unmap(t))
        return;
    if (once_in(t, 3)) {
        same(t, "remove", call(t, OP_MEMORY_REMOVE, &a),
             naive_remove(&t->n, gfn));
    } else if (once_in(t, 2)) {
        same(t, "move", call(t, OP_MEMORY_MOVE, &b),
             naive_move_page(&t->n, gfn, b.new_gfn));
    } else {
        same(t, "populate extent", call(t, OP_MEMORY_POPULATE_EXTENT, &a), 0);
        for (uint64_t i = 0; i < 1ull << a.order; i++)
            naive_populate(&t->n, gfn + i);
    }
}

static void do_memory(struct test *t)
{
    unsigned char bytes[64];
    struct args_memory a = {
        .dom = DOM, .gfn = any_gfn(t), .offset = below(t, 4096 - 64),
        .data = { bytes, below(t, 65), 0 },
    };
    unsigned char *page = naive_memory(&t->n, a.gfn);
    uint64_t value = draw(t);

    memset(bytes, 0, sizeof(bytes));
    if (once_in(t, 2)) {
        for (uint32_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = value >> i % 64 & 3;
        same(t, "write", call(t, OP_MEMORY_WRITE, &a), page ? 0 : -EINVAL);
        if (page)
            memcpy(page + a.offset, bytes, a.data.len);
        return;
    }
    same(t, "read", call(t, OP_MEMORY_READ, &a), page ? 0 : -EINVAL);
    if (page && memcmp(page + a.offset, bytes, a.data.len))
        differ(t, "memory of gfn 0x%" PRIx64, a.gfn);
}

/* Only with a ring: Xen stops at a put-off write without one. */
static void do_monitor(struct test *t)
{
    struct args_ctrlreg cr = {
        .dom = DOM, .index = VM_EVENT_X86_CR3, .enable = !once_in(t, 3),
        .sync = once_in(t, 2), .onchangeonly = once_in(t, 2),
        .bitmask = once_in(t, 2) ? 0xfff : 0,
    };
    struct args_enable a = { .dom = DOM, .enable = !once_in(t, 3) };
    struct args_dom dom = { .dom = DOM };

    if (once_in(t, 3)) {
        same(t, "singlestep", call(t, OP_MONITOR_SINGLESTEP, &a),
             naive_monitor_step(&t->n, a.enable));
    } else if (t->n.ring && once_in(t, 2)) {
        same(t, "write_ctrlreg", call(t, OP_MONITOR_CTRLREG, &cr),
             naive_monitor_cr3(&t->n, &cr));
    } else if (t->n.ring && once_in(t, 8)) {
        must(t, call(t, OP_MONITOR_CONTROL_REGISTERS, &dom));
        t->n.monitor.control_registers = true;
    }
}

static void do_switches(struct test *t)
{
    struct args_u64 state = { .dom = DOM, .value = !once_in(t, 30) };
    struct args_enable a = { .dom = DOM, .enable = once_in(t, 2) };

    if (once_in(t, 4)) {
        same(t, "each_rep", call(t, OP_MONITOR_EACH_REP, &a),
             naive_each_rep(&t->n, a.enable));
    } else if (once_in(t, 10)) {
        same(t, "required", call(t, OP_DOMAIN_ACCESS_REQUIRED, &a), 0);
        naive_access_required(&t->n, a.enable);
    } else {
        same(t, "set_state", call(t, OP_ALTP2M_SET_STATE, &state),
             naive_set_state(&t->n, state.value));
    }
}

/* What every view says of a gfn. */
static void sweep_views(struct test *t, uint64_t gfn)
{
    for (uint32_t view = 0; view < NAIVE_VIEWS; view++) {
        struct args_access a = { .dom = DOM, .view = view, .gfn = gfn };
        struct args_suppress_ve s = { .dom = DOM, .view = view, .gfn = gfn };
        struct args_suppress_ve naive = s;
        uint32_t access = 0;
        int rc = naive_view_get(&t->n, view, gfn, &access);

        same(t, "sweep: get", hv_call(t->hv, OP_ALTP2M_GET_ACCESS, &a), rc);
        if (!rc)
            same(t, "sweep: access", a.access, access);
        rc = naive_sve_get(&t->n, &naive);
        same(t, "sweep: get_suppress_ve",
             hv_call(t->hv, OP_ALTP2M_GET_SVE, &s), rc);
        if (!rc)
            same(t, "sweep: suppress_ve", s.sve, naive.sve);
    }
}

/* Everything dom0 can see. */
static void sweep(struct test *t)
{
    unsigned char bytes[4096];

    for (uint64_t gfn = NAIVE_BASE; gfn < NAIVE_BASE + NAIVE_GFNS; gfn++) {
        const unsigned char *page = naive_memory(&t->n, gfn);
        struct args_memory m = {
            .dom = DOM, .gfn = gfn, .data = { bytes, sizeof(bytes), 0 },
        };

        sweep_views(t, gfn);
        same(t, "sweep: read", hv_call(t->hv, OP_MEMORY_READ, &m),
             page ? 0 : -EINVAL);
        if (page && memcmp(page, bytes, sizeof(bytes)))
            differ(t, "sweep: memory of gfn 0x%" PRIx64, gfn);
    }
    for (uint32_t i = 0; i < t->n.vcpus; i++) {
        struct args_vcpu_view a = { .dom = DOM, .vcpu = i };
        uint32_t view = 0;
        int rc = naive_vcpu_view(&t->n, i, &view);

        same(t, "vcpu_view", hv_call(t->hv, OP_ALTP2M_GET_VCPU_VIEW, &a), rc);
        if (!rc)
            same(t, "view of a vCPU", a.view, view);
    }
}

/* A new domain now and then: views and vCPUs wear out.  The listener goes
 * most often when it must not: while a vCPU is asleep on its ring. */
static void one_step(struct test *t)
{
    static void (*const often[])(struct test *) = {
        do_program, do_program, do_program, do_program, do_answer, do_answer,
        do_answer, do_host_access, do_view_access, do_view_access,
        do_change_gfn,
    };
    static void (*const seldom[])(struct test *) = {
        do_multi, do_view, do_view, do_physmap, do_map, do_memory,
        do_switches, do_sve, do_sve, do_monitor,
    };

    if (once_in(t, 2000))
        recreate(t);
    if (once_in(t, 300))
        t->storm = once_in(t, 3);
    if (once_in(t, t->n.nr_sleepers ? 20 : t->n.ring ? 2000 : 100))
        do_ring(t);
    else if (once_in(t, 6))
        seldom[below(t, sizeof(seldom) / sizeof(*seldom))](t);
    else
        often[below(t, sizeof(often) / sizeof(*often))](t);
}

static void run(uint64_t seed, uint64_t steps)
{
    struct sim_config config = { .slice = ~0u };        /* until none can */
    struct test *t = calloc(1, sizeof(*t));

    if (!t || !(t->hv = sim_open(&config))) {
        fprintf(stderr, "out of memory\n");
        exit(99);
    }
    t->seed = t->random = seed;
    create(t);
    for (; t->step < steps; t->step++) {
        one_step(t);
        if (t->step % SWEEP == SWEEP - 1)
            sweep(t);
    }
    sweep(t);
    hv_close(t->hv);
    for (uint32_t i = 0; i < KEPT; i++)
        hv_record_free(&t->kept[i]);
    free(t);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 0);

    if (end == text || *end) {
        fprintf(stderr, "usage: test-property [SEED [STEPS]]\n");
        exit(99);
    }
    return n;
}

int main(int argc, char **argv)
{
    const char *set = getenv("XENREEL_PROPERTY_STEPS");
    uint64_t steps = set ? number(set) : DEFAULT_STEPS;

    if (argc > 2)
        steps = number(argv[2]);
    if (argc > 1)
        run(number(argv[1]), steps);
    for (uint64_t seed = 1; argc < 2 && seed <= SEEDS; seed++)
        run(seed, steps / SEEDS);
    printf("%" PRIu64 " steps without a difference\n", steps);
    return 0;
}
