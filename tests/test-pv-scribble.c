/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV page tables of which nothing is sure: a guest, and dom0, that change and
 * load them at random, and dom0 writing into tables as Xen would never let it.
 * The model has to bear that, and the domain's end has to leave nothing.
 *
 *   tests/test-pv-scribble [SEED [STEPS]] */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/op_args.h"

#include <xen/xen.h>

#include "harness/random.h"
#include "sim/sim.h"

#define DOM     1u
#define MFN0    0x20000u        /* the guest's frame is gfn + this */
#define SEEDS   80u
#define STEPS   500u

struct scribbler {
    struct hv *hv;
    uint64_t random;
};

static uint32_t below(struct scribbler *s, uint32_t n)
{
    return (uint32_t)(random_draw(&s->random) >> 33) % n;
}

/* One of eight pages, or of those that the toolstack's tables are in. */
static unsigned int any_gfn(struct scribbler *s)
{
    return below(s, 2) ? 0x110 + below(s, 8) : 0x166 + below(s, 7);
}

static uint64_t any_mfn(struct scribbler *s)
{
    return below(s, 30) ? MFN0 + any_gfn(s) : 0x100;
}

static uint64_t any_pte(struct scribbler *s)
{
    static const uint64_t flags[] = {
        0x67, 0x67, 0x65, 0x65, 0x61, 0x63, 0x27, 0x165, 0xe7, 0x64, 0
    };

    return any_mfn(s) << 12 | flags[below(s, sizeof(flags) / sizeof(*flags))];
}

/* What Xen never lets happen: into a page that is mapped to be read. */
static void write_behind(struct scribbler *s)
{
    struct hv_page page = { .write = false };
    uint64_t pte = any_pte(s);

    if (hv_map(s->hv, DOM, any_gfn(s), &page))
        return;
    memcpy((char *)page.p + below(s, 5) * sizeof(pte), &pte, sizeof(pte));
    hv_unmap(s->hv, &page);
}

/* What is no hypercall: a table that cannot be loaded waits for the next. */
static void load(struct scribbler *s)
{
    struct args_guest_reg a = {
        .dom = DOM, .index = 3, .value = any_mfn(s) << 12,
    };
    struct args_wait w = { .dom = DOM };
    struct args_guest_result r = { .dom = DOM };

    hv_call(s->hv, OP_GUEST_MOV_CR, &a);
    hv_call(s->hv, OP_CLIENT_WAIT, &w);
    hv_call(s->hv, OP_GUEST_RESULT, &r);
}

static void scribble(struct scribbler *s)
{
    struct args_guest_frame d = { .dom = DOM, .mfn = any_mfn(s) };
    struct args_mmuext_op e = {
        .dom = DOM, .foreign = ~0u, .cmd = below(s, 21), .arg1 = any_mfn(s),
        .arg2 = any_mfn(s),
    };
    struct args_mmu_update u = {
        .dom = DOM, .vcpu = below(s, 2) ? DOM : 0, .foreign = ~0u,
        .ptr = (any_mfn(s) << 12) + below(s, 5) * 9, .val = any_pte(s),
    };
    uint32_t what = below(s, 24);

    if (what == 0) {
        hv_call(s->hv, OP_GUEST_DECREASE, &d);
    } else if (what < 4) {
        write_behind(s);
    } else if (what < 7) {
        hv_call(s->hv, OP_PV_MMUEXT_OP, &e);
    } else if (what < 10) {
        hv_call(s->hv, OP_PV_MMU_UPDATE, &u);
    } else if (what < 14) {
        hv_call(s->hv, OP_GUEST_MMUEXT_OP, &e);
    } else if (what < 18) {
        load(s);
    } else {
        u.vcpu = 0;
        hv_call(s->hv, OP_GUEST_MMU_UPDATE, &u);
    }
}

static void expect(uint64_t seed, const char *what, int rc, int expected)
{
    if (rc == expected)
        return;
    fprintf(stderr, "seed %" PRIu64 ": %s is %d, not %d\n", seed, what, rc,
            expected);
    exit(1);
}

static void run(uint64_t seed, uint32_t steps)
{
    struct scribbler s = {
        sim_open(NULL), seed * 0x9e3779b97f4a7c15ull + 1
    };
    struct args_create c = {
        .dom = DOM, .type = GUEST_PV, .vcpus = 1, .ram = 0x200, .pool = 745,
        .max_gpfn = 0xfefff, .max_pages = 0x300, .mfn_2mb = MFN0 >> 9,
        .options = seed & 1 ? CREATE_PV32 : 0,
    };
    struct args_dom d = { .dom = DOM };
    struct args_domain_info info = { .dom = DOM };

    expect(seed, "sim_open", !s.hv, 0);
    expect(seed, "create", hv_call(s.hv, OP_DOMAIN_CREATE, &c), 0);
    expect(seed, "unpause", hv_call(s.hv, OP_DOMAIN_UNPAUSE, &d), 0);
    for (uint32_t step = 0; step < steps; step++)
        scribble(&s);
    expect(seed, "destroy", hv_call(s.hv, OP_DOMAIN_DESTROY, &d), 0);
    expect(seed, "info", hv_call(s.hv, OP_DOMAIN_INFO, &info), -ESRCH);
    hv_close(s.hv);
}

int main(int argc, char **argv)
{
    uint32_t steps = argc > 2 ? strtoul(argv[2], NULL, 0) : STEPS;

    if (argc > 1) {
        run(strtoull(argv[1], NULL, 0), steps);
        return 0;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, steps);
    return 0;
}
