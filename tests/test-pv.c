/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV page tables: random hypercalls and direct writes, done to sim/ and to
 * the naive model (naive-pv.h).  After every step each frame must be what
 * follows from what is pinned, loaded and written, and none both a table and
 * writable to the guest.
 *
 *   tests/test-pv [SEED [STEPS]] */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/op_args.h"

#include <xen/xen.h>

#include "harness/random.h"
#include "sim/sim.h"
#include "tests/naive-pv.h"

#define DOM             1u
#define STEPS           2500u
#define SEEDS           4u
#define BOOT_TOP        ((int)NAIVE_POOL)       /* L4; PAE: L3 */
#define MAPPINGS        2u

struct test {
    struct hv *hv;
    struct naive_pv n;
    uint64_t seed, random;
    uint32_t step;
    char how[160];
    struct mapping {
        struct hv_page page;
        int frame;              /* NAIVE_NONE: none */
    } mapping[MAPPINGS];        /* dom0's */
    unsigned int allowed, refused, lost;
};

static uint32_t below(struct test *t, uint32_t n)
{
    return (uint32_t)(random_draw(&t->random) >> 33) % n;
}

static void fail(const struct test *t, const char *what, uint64_t is,
                 uint64_t expected)
{
    fprintf(stderr, "seed %" PRIu64 " step %" PRIu32 " %s: %s is %" PRIu64
            ", not %" PRIu64 "\n", t->seed, t->step, t->how, what, is,
            expected);
    exit(1);
}

static void call(struct test *t, enum hv_op op, void *args)
{
    int rc = hv_call(t->hv, op, args);

    if (rc)
        fail(t, hv_ops_table[op].name, -rc, 0);
}

/* The hypercall's answer is as the naive model has it. */
static void answered(struct test *t, int rc, bool allowed)
{
    t->allowed += allowed;
    t->refused += !allowed;
    if (!rc != allowed)
        fail(t, "the answer", !rc, allowed);
}

/* ---- what is done ---- */

static int any_frame(struct test *t)
{
    return below(t, NAIVE_FRAMES);
}

/* Flags that may be, mostly, and now and then some that may not. */
static uint64_t any_pte(struct test *t)
{
    static const uint64_t flags[] = {
        0x67, 0x67, 0x65, 0x65, 0x65, 0x61, 0x63, 0x27, 0x8000000000000065,
        0x165, 0xe7, 0x75, 0x64, 0
    };
    uint64_t mfn = naive_mfn(any_frame(t));

    if (!below(t, 30))
        mfn = below(t, 2) ? 0x100 : NAIVE_MFN0 + 0x100;
    return mfn << 12 | flags[below(t, sizeof(flags) / sizeof(*flags))];
}

static int boot_l1(const struct test *t)
{
    return BOOT_TOP + (t->n.pae ? 5 : 3);
}

/* A slot to play with: not those by which the toolstack's tables map what the
 * guest runs on. */
static unsigned int any_slot(struct test *t, int frame)
{
    if (frame == boot_l1(t))
        return NAIVE_POOL_GFN + below(t, NAIVE_POOL);
    if (!below(t, 40))
        return (t->n.pae ? 420 : 256) + below(t, 17);
    return frame >= BOOT_TOP ? 2 + below(t, 2) : below(t, 4);
}

static unsigned int any_gfn(struct test *t)
{
    int frame = any_frame(t);

    return naive_mfn(frame) - NAIVE_MFN0;
}

/* An entry that maps a table of FRAME's level, where there is one: by chance
 * alone they hardly ever meet. */
static uint64_t linear_pte(struct test *t, int frame)
{
    for (int tries = 0; tries < 20; tries++) {
        int to = any_frame(t);

        if (to != frame && t->n.level[to] == t->n.level[frame])
            return naive_mfn(to) << 12 | 0x65;
    }
    return any_pte(t);
}

static void update(struct test *t, int frame, unsigned int slot, uint64_t pte)
{
    struct args_mmu_update a = {
        .dom = DOM, .foreign = ~0u, .val = pte,
        .ptr = (naive_mfn(frame) << 12) + slot * 8,
    };

    snprintf(t->how, sizeof(t->how), "mmu_update %#" PRIx64 " %#" PRIx64,
             a.ptr, a.val);
    call(t, OP_GUEST_MMU_UPDATE, &a);
    answered(t, a.rc, naive_update(&t->n, frame, slot, a.val));
    if (a.done != !a.rc)
        fail(t, "done", a.done, !a.rc);
}

static void do_update(struct test *t)
{
    int frame = any_frame(t);
    unsigned int slot = any_slot(t, frame);

    update(t, frame, slot, t->n.level[frame] > 1 && !below(t, 3) ?
           linear_pte(t, frame) : any_pte(t));
}

static void map(struct test *t, unsigned int gfn, uint64_t pte)
{
    struct args_va_mapping a = {
        .dom = DOM, .foreign = ~0u, .va = (uint64_t)gfn << 12, .val = pte,
    };
    bool writable;
    int table = naive_walk(&t->n, gfn, &writable);

    snprintf(t->how, sizeof(t->how), "update_va_mapping %#" PRIx64
             " %#" PRIx64, a.va, a.val);
    call(t, OP_GUEST_VA_MAPPING, &a);
    answered(t, a.rc, table != NAIVE_NONE && t->n.level[table] == 1 &&
             naive_update(&t->n, table, gfn, a.val));
}

/* As guests do: read-only or writable, in its place. */
static void map_there(struct test *t, int frame, bool writable)
{
    map(t, naive_mfn(frame) - NAIVE_MFN0,
        naive_mfn(frame) << 12 | (writable ? 0x67 : 0x65));
}

static void do_va(struct test *t)
{
    int frame = below(t, NAIVE_POOL);

    if (below(t, 3))
        map_there(t, frame, !below(t, 3));
    else
        map(t, NAIVE_POOL_GFN + frame, any_pte(t));
}

static void pin(struct test *t, int frame, int level)
{
    struct args_mmuext_op a = {
        .dom = DOM, .foreign = ~0u, .arg1 = naive_mfn(frame),
        .cmd = MMUEXT_PIN_L1_TABLE + level - 1,
    };

    snprintf(t->how, sizeof(t->how), "pin %#" PRIx64 " %d", a.arg1, level);
    call(t, OP_GUEST_MMUEXT_OP, &a);
    answered(t, a.rc, naive_pin(&t->n, frame, level));
}

static void unpin(struct test *t, int frame)
{
    struct args_mmuext_op a = {
        .dom = DOM, .foreign = ~0u, .arg1 = naive_mfn(frame),
        .cmd = MMUEXT_UNPIN_TABLE,
    };

    snprintf(t->how, sizeof(t->how), "unpin %#" PRIx64, a.arg1);
    call(t, OP_GUEST_MMUEXT_OP, &a);
    answered(t, a.rc, naive_unpin(&t->n, frame));
}

static void check(struct test *t);

/* A top table with one below: by chance alone there is none in a 32-bit
 * guest, whose last entry has to be there. */
static void do_build(struct test *t)
{
    int top = below(t, NAIVE_POOL), next = below(t, NAIVE_POOL);

    map_there(t, top, true);
    check(t);
    for (unsigned int slot = 0; slot < 4; slot++) {
        update(t, top, slot, 0);
        check(t);
        update(t, next, slot, 0);
        check(t);
    }
    update(t, top, 3, naive_mfn(next) << 12 | NAIVE_PRESENT);
    check(t);
    map_there(t, next, false);
    check(t);
    map_there(t, top, false);
    check(t);
    pin(t, top, t->n.pae ? 3 : 4);
}

/* What Xen loses: an L2 that fails behind its first slot, in the first one of
 * an L3 that is in another of an L4.  By chance alone there is hardly any. */
static void do_lose(struct test *t)
{
    int first = below(t, NAIVE_POOL);
    int l4 = first, l3 = (first + 1) % NAIVE_POOL;
    int l2 = (first + 2) % NAIVE_POOL, l1 = (first + 3) % NAIVE_POOL;
    const struct { int frame; unsigned int slot; uint64_t pte; } entries[] = {
        { l4, 0, 0 }, { l3, 0, naive_mfn(l2) << 12 | 0x67 },
        { l2, 0, linear_pte(t, l2) }, { l2, 1, naive_mfn(l1) << 12 | 0x67 },
        { l2, 2, any_pte(t) }, { l2, 3, any_pte(t) },
        { l4, below(t, 3), naive_mfn(l3) << 12 | 0x67 },
    };

    for (int i = 0; i < 4; i++)
        unpin(t, (first + i) % NAIVE_POOL);
    check(t);
    for (unsigned int i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
        update(t, entries[i].frame, entries[i].slot, entries[i].pte);
        check(t);
    }
    for (int i = 0; i < 4; i++)
        map_there(t, (first + i) % NAIVE_POOL, false);
    check(t);
    pin(t, l4, 4);
    for (int i = 0; i < (int)NAIVE_FRAMES; i++)
        t->lost += !!t->n.lost[i];
}

static void do_ext(struct test *t)
{
    int frame = any_frame(t), from = any_frame(t), what = below(t, 12);
    struct args_mmuext_op a = {
        .dom = DOM, .foreign = ~0u, .arg1 = naive_mfn(frame),
        .arg2 = naive_mfn(from),
    };
    bool allowed;

    if (what < 5) {
        pin(t, frame, 1 + below(t, 4));
        return;
    }
    if (what < 8) {
        if (frame != BOOT_TOP)  /* the guest goes on running */
            unpin(t, frame);
        return;
    }
    if (what < 10) {
        bool user = below(t, 2);

        if (below(t, 2))
            frame = BOOT_TOP;
        if (user && below(t, 2))
            frame = NAIVE_NONE;
        a.cmd = user ? MMUEXT_NEW_USER_BASEPTR : MMUEXT_NEW_BASEPTR;
        a.arg1 = frame == NAIVE_NONE ? 0 : naive_mfn(frame);
        allowed = naive_load(&t->n, frame, user);
    } else if (what == 10) {
        a.cmd = MMUEXT_CLEAR_PAGE;
        allowed = naive_clear(&t->n, frame);
    } else {
        a.cmd = MMUEXT_COPY_PAGE;
        allowed = naive_copy(&t->n, frame, from);
    }
    snprintf(t->how, sizeof(t->how), "mmuext_op %u %#" PRIx64 " %#" PRIx64,
             a.cmd, a.arg1, a.arg2);
    call(t, OP_GUEST_MMUEXT_OP, &a);
    answered(t, a.rc, allowed);
}

static void do_store(struct test *t)
{
    unsigned int gfn = any_gfn(t), slot = below(t, 4);
    struct args_guest_result r = { .dom = DOM };
    struct args_wait w = { .dom = DOM };
    struct args_guest_mem a = {
        .dom = DOM, .gla = (uint64_t)gfn << 12 | slot * 8, .len = 8,
        .value = any_pte(t),
    };

    if (gfn >= NAIVE_BOOT_GFN)
        return;                 /* their first slots are what it runs on */
    snprintf(t->how, sizeof(t->how), "store %#" PRIx64 " %#" PRIx64, a.gla,
             a.value);
    call(t, OP_GUEST_WRITE, &a);
    call(t, OP_CLIENT_WAIT, &w);
    call(t, OP_GUEST_RESULT, &r);
    answered(t, !!r.fault, naive_store(&t->n, gfn, slot, a.value));
}

static void do_assist(struct test *t)
{
    struct args_vm_assist a = {
        .dom = DOM, .type = VMASST_TYPE_writable_pagetables,
        .cmd = below(t, 2) ? VMASST_CMD_enable : VMASST_CMD_disable,
    };

    call(t, OP_GUEST_VM_ASSIST, &a);
    t->n.assist = a.cmd == VMASST_CMD_enable;
}

/* dom0 maps a page, or no longer. */
static void do_map(struct test *t)
{
    struct mapping *m = &t->mapping[below(t, MAPPINGS)];
    int frame = any_frame(t), rc;

    if (m->frame != NAIVE_NONE) {
        snprintf(t->how, sizeof(t->how), "unmap %d", m->frame);
        hv_unmap(t->hv, &m->page);
        t->n.mapped[m->frame]--;
        t->n.mapped_rw[m->frame] -= m->page.write;
        m->frame = NAIVE_NONE;
        return;
    }
    m->page.write = below(t, 2);
    snprintf(t->how, sizeof(t->how), "map %d %d", frame, m->page.write);
    rc = hv_map(t->hv, DOM, naive_mfn(frame) - NAIVE_MFN0, &m->page);
    if (rc && rc != -EBUSY)
        fail(t, "the error", -rc, EBUSY);
    answered(t, rc, naive_map(&t->n, frame, m->page.write));
    if (!rc)
        m->frame = frame;
}

/* ---- what has to be true ---- */

static void check_frame(struct test *t, int i)
{
    struct args_guest_frame a = { .dom = DOM, .mfn = naive_mfn(i) };
    const struct naive_pv *n = &t->n;
    unsigned char page[4096];
    struct args_memory m = {
        .dom = DOM, .gfn = naive_mfn(i) - NAIVE_MFN0,
        .data = { page, sizeof(page), 0 },
    };

    call(t, OP_GUEST_FRAME, &a);
    if (a.count != (n->level[i] ? n->uses[i] : n->writable[i]))
        fail(t, "count", a.count, n->uses[i] + n->writable[i]);
    if (a.count && a.type != (n->level[i] ? (unsigned int)n->level[i] : 7))
        fail(t, "type", a.type, n->level[i]);
    if (a.refs != n->refs[i])
        fail(t, "refs", a.refs, n->refs[i]);
    if (a.pinned != !!n->pinned[i])
        fail(t, "pinned", a.pinned, n->pinned[i]);
    call(t, OP_MEMORY_READ, &m);
    for (unsigned int slot = 0; slot < 512; slot++) {
        uint64_t pte;

        memcpy(&pte, page + slot * 8, 8);
        if (pte != n->pte[i][slot])
            fail(t, "an entry", pte, n->pte[i][slot]);
    }
}

static void check(struct test *t)
{
    if (!naive_follow(&t->n))
        fail(t, "what follows", 0, 1);
    for (int i = 0; i < (int)NAIVE_FRAMES; i++)
        check_frame(t, i);
    if (naive_hole(&t->n) != NAIVE_NONE)
        fail(t, "a table that can be written to", naive_hole(&t->n), 0);
}

static void start(struct test *t, uint64_t seed, uint32_t options)
{
    struct args_create c = {
        .dom = DOM, .type = GUEST_PV, .vcpus = 1, .ram = 0x200,
        .max_gpfn = 0xfefff, .max_pages = 0x300, .pool = 745,
        .mfn_2mb = NAIVE_MFN0 >> 9, .options = options,
    };
    struct args_dom d = { .dom = DOM };

    memset(t, 0, sizeof(*t));
    t->n.pae = options & CREATE_PV32;
    t->seed = seed;
    t->random = seed * 0x9e3779b97f4a7c15ull + 1;
    t->hv = sim_open(NULL);
    if (!t->hv)
        fail(t, "sim_open", 0, 1);
    snprintf(t->how, sizeof(t->how), "start");
    call(t, OP_DOMAIN_CREATE, &c);
    call(t, OP_DOMAIN_UNPAUSE, &d);
    for (int i = 0; i < (int)NAIVE_FRAMES; i++) {
        struct args_memory m = {
            .dom = DOM, .gfn = naive_mfn(i) - NAIVE_MFN0,
            .data = { t->n.pte[i], sizeof(t->n.pte[i]), 0 },
        };

        call(t, OP_MEMORY_READ, &m);
    }
    t->n.pinned[BOOT_TOP] = t->n.pae ? 3 : 4;
    t->n.base = BOOT_TOP;
    t->n.user = NAIVE_NONE;
    for (unsigned int i = 0; i < MAPPINGS; i++)
        t->mapping[i].frame = NAIVE_NONE;
}

static void run(uint64_t seed, uint32_t steps, uint32_t options)
{
    static void (*const does[])(struct test *) = {
        do_update, do_update, do_update, do_update, do_va, do_va, do_va,
        do_ext, do_ext, do_ext, do_store, do_store, do_assist,
        do_build, do_map, do_lose,
    };
    static struct test t;

    start(&t, seed, options);
    check(&t);
    for (t.step = 1; t.step <= steps; t.step++) {
        does[below(&t, sizeof(does) / sizeof(*does))](&t);
        check(&t);
    }
    printf("seed %" PRIu64 ": %u allowed, %u refused, %u lost\n", seed,
           t.allowed, t.refused, t.lost);
    if (steps >= STEPS && (t.allowed < steps / 10 || t.refused < steps / 10))
        fail(&t, "how many were allowed", t.allowed, steps / 10);
    if (steps >= STEPS && !t.lost && !t.n.pae)
        fail(&t, "how many were lost", 0, 1);
    hv_close(t.hv);
}

int main(int argc, char **argv)
{
    uint32_t steps = argc > 2 ? strtoul(argv[2], NULL, 0) : STEPS;

    if (argc > 1) {
        run(strtoull(argv[1], NULL, 0), steps, 0);
        run(strtoull(argv[1], NULL, 0), steps, CREATE_PV32);
        return 0;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, steps, 0);
        run(seed, steps, CREATE_PV32);
    }
    return 0;
}
