/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access of a PV guest, docs/PV-MEM-ACCESS.md: random accesses, changes of
 * what is allowed and of the guest's tables, done to sim/ and to the naive
 * model (naive-pv-access.c).  After every step each answer, event, fault and
 * byte must be the same.
 *
 *   tests/test-pv-access [SEED [STEPS]] */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/op_args.h"

#include <xen/memory.h>

#include "harness/random.h"
#include "harness/ring.h"
#include "sim/sim.h"
#include "tests/naive-pv-access.h"

#define DOM             1u
#define OTHER_DOM       2u
#define STEPS           4000u
#define SEEDS           60u
#define MFN0            0x20000ull      /* the guest's frame is gfn + this */
#define OTHER_MFN0      0x40000ull
#define FIRST_GFN       0x110u          /* of its pages, and of its frames */
#define L1_GFN          0x169u          /* that maps them */
#define PAE_L1_GFN      0x16bu
#define DEFAULT_GFN     (~0ull)
#define EVENT_FLAGS     (MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA)

struct test {
    struct hv *hv;
    struct ring_client ring;
    struct npa n;
    uint64_t seed, random;
    uint32_t step;
    char how[160];
    unsigned int waits, told, faults;
};

static uint32_t below(struct test *t, uint32_t n)
{
    return (uint32_t)(random_draw(&t->random) >> 33) % n;
}

static void same(const struct test *t, const char *what, uint64_t is,
                 uint64_t expected)
{
    if (is == expected)
        return;
    fprintf(stderr, "seed %" PRIu64 " step %" PRIu32 " %s: %s is %#" PRIx64
            ", not %#" PRIx64 "\n", t->seed, t->step, t->how, what, is,
            expected);
    exit(1);
}

static void call(struct test *t, enum hv_op op, void *args)
{
    same(t, hv_ops_table[op].name, hv_call(t->hv, op, args), 0);
}

/* ---- accesses ---- */

static uint64_t gla(const struct npa_access *a)
{
    return (FIRST_GFN + (uint64_t)a->page) << 12 | a->slot * 8;
}

static void queue(struct test *t, const struct npa_access *a)
{
    struct args_guest_mem m = {
        .dom = DOM, .gla = gla(a), .value = a->value, .rmw = RMW_XCHG,
        .len = a->how == 'x' ? 2 : 8,
    };

    call(t, a->how == 'r' ? OP_GUEST_READ : a->how == 'w' ? OP_GUEST_WRITE :
         a->how == 'x' ? OP_GUEST_FETCH : OP_GUEST_RMW, &m);
}

static uint32_t event_access(char as)
{
    return EVENT_FLAGS | (as == 'r' ? MEM_ACCESS_R : as == 'w' ? MEM_ACCESS_W :
                          MEM_ACCESS_X);
}

/* The event, if one is expected; it is taken. */
static void check_event(struct test *t, const struct npa_access *a,
                        const struct npa_result *r, struct args_event *ev)
{
    const struct vm_event_mem_access *m = &ev->ev.u.mem_access;
    void *page = hv_ring(t->hv, DOM);

    same(t, "an event", page && ring_has_request(&t->ring, page), r->told);
    if (!r->told)
        return;
    ring_take(&t->ring, page, ev);
    t->told++;
    same(t, "the reason", ev->ev.reason, VM_EVENT_REASON_MEM_ACCESS);
    same(t, "paused", ev->ev.flags & VM_EVENT_FLAG_VCPU_PAUSED,
         r->what == NPA_WAITS ? VM_EVENT_FLAG_VCPU_PAUSED : 0);
    same(t, "the gfn", m->gfn, FIRST_GFN + r->frame);
    same(t, "the offset", m->offset, a->slot * 8);
    same(t, "the gla", m->gla, gla(a));
    same(t, "the access", m->flags, event_access(r->as));
    same(t, "more events", ring_has_request(&t->ring, page), 0);
}

static void set(struct test *t, int frame, uint32_t nr, uint32_t access)
{
    struct args_access a = {
        .dom = DOM, .access = access, .nr = nr,
        .gfn = frame == NPA_NONE ? DEFAULT_GFN : FIRST_GFN + (uint64_t)frame,
    };

    same(t, "mem_access.set", hv_call(t->hv, OP_ACCESS_SET, &a),
         npa_set(&t->n, frame, nr, access));
}

/* Every event is answered, or the ring fills up. */
static void respond(struct test *t, const struct args_event *ev)
{
    struct args_dom d = { .dom = DOM };

    ring_put(&t->ring, hv_ring(t->hv, DOM), &ev->ev);
    call(t, OP_MONITOR_RESUME, &d);
}

/* The listener changes something, in the end so that the guest can go on. */
static void answer(struct test *t, const struct args_event *ev, int frame,
                   unsigned int tries)
{
    t->waits++;
    if (below(t, 4))
        set(t, frame, 1, tries > 3 ? XENMEM_access_rwx : below(t, 11));
    else if (below(t, 2))
        set(t, NPA_NONE, 0, below(t, 10));
    respond(t, ev);
}

static void access_once(struct test *t, const struct npa_access *a)
{
    struct args_guest_result g = { .dom = DOM };
    struct args_guest_run run = { .dom = DOM };
    struct args_event ev = { .dom = DOM };
    struct npa_result r = { .what = NPA_WAITS };

    queue(t, a);
    for (unsigned int tries = 0; r.what == NPA_WAITS; tries++) {
        if (tries)
            answer(t, &ev, r.frame, tries);
        call(t, OP_GUEST_RUN, &run);
        r = npa_try(&t->n, a);
        check_event(t, a, &r, &ev);
    }
    if (r.told)
        respond(t, &ev);
    t->faults += r.what == NPA_FAULT;
    call(t, OP_GUEST_RESULT, &g);
    same(t, "the fault", g.fault,
         r.what == NPA_FAULT ? 0x800e0000 | r.fault : 0);
    same(t, "what was read", g.r0, r.what == NPA_DONE ? r.read : 0);
}

/* An entry that may be, or may not. */
static uint64_t any_pte(struct test *t)
{
    static const uint64_t flags[] = { 0x65, 0x65, 0x67, 0x67, 0x7d, 0x64, 0 };
    uint64_t mfn = t->n.mfn[below(t, NPA_FRAMES)];

    return mfn << 12 | flags[below(t, sizeof(flags) / sizeof(*flags))];
}

static void do_access(struct test *t)
{
    struct npa_access a = {
        .page = below(t, NPA_PAGES), .slot = below(t, NPA_SLOTS),
        .how = "rwxu"[below(t, 4)], .value = any_pte(t),
    };

    /* Tables are written to more often than by chance. */
    for (int i = 0; !below(t, 3) && i < NPA_PAGES; i++) {
        if (t->n.map[i] == NPA_TABLE)
            a.page = i;
    }
    snprintf(t->how, sizeof(t->how), "%c of page %d (frame %d) %#" PRIx64,
             a.how, a.page, t->n.map[a.page], a.value);
    access_once(t, &a);
}

/* ---- what else is done ---- */

static void do_set(struct test *t)
{
    int frame = below(t, NPA_OWN + 1) - 1;
    uint32_t nr = below(t, 10) ? 1 : below(t, 3), access = below(t, 12);

    snprintf(t->how, sizeof(t->how), "set %d %u %u", frame, nr, access);
    if (frame == NPA_NONE && access < XENMEM_access_rwx && below(t, 3))
        access = XENMEM_access_rwx;     /* else nothing goes by itself */
    set(t, frame, nr, access);
}

/* The guest's own entries, and dom0's for another's frame. */
static void do_map(struct test *t)
{
    int page = below(t, NPA_PAGES), frame = below(t, NPA_FRAMES + 1) - 1;
    bool writable = frame != NPA_NONE && below(t, 3);
    uint64_t pte = frame == NPA_NONE ? 0 :
        t->n.mfn[frame] << 12 | (writable ? 0x67 : 0x65);
    struct args_mmu_update u = {
        .dom = OTHER_DOM, .vcpu = DOM, .val = pte,
        .ptr = (MFN0 + (t->n.pae ? PAE_L1_GFN : L1_GFN)) << 12 |
               (FIRST_GFN + page) * 8,
    };
    struct args_va_mapping va = {
        .dom = DOM, .foreign = ~0u, .va = (FIRST_GFN + (uint64_t)page) << 12,
        .val = pte,
    };

    snprintf(t->how, sizeof(t->how), "map %d %d %d", page, frame, writable);
    if (frame == NPA_OTHER)
        va.rc = hv_call(t->hv, OP_PV_MMU_UPDATE, &u);
    else
        call(t, OP_GUEST_VA_MAPPING, &va);
    same(t, "the answer", va.rc,
         npa_map(&t->n, page, frame, writable) ? 0 : -EBUSY);
}

static void do_replace(struct test *t)
{
    int frame = below(t, NPA_OWN);
    struct args_physmap p = { .dom = DOM, .gfn = FIRST_GFN + frame };
    struct args_map m = { .dom = DOM, .gfn = p.gfn, .read_only = 1 };

    if (frame == NPA_TABLE || npa_mapped(&t->n, frame))
        return;
    snprintf(t->how, sizeof(t->how), "replace %d", frame);
    call(t, OP_MEMORY_DECREASE, &p);
    call(t, OP_MEMORY_POPULATE, &p);
    call(t, OP_MEMORY_MAP, &m);
    npa_replace(&t->n, frame, m.frame);
}

static void listen(struct test *t, bool on)
{
    struct args_port p = { .dom = DOM };

    call(t, on ? OP_MONITOR_ENABLE : OP_MONITOR_DISABLE, &p);
    if (on)
        ring_init(&t->ring, hv_ring(t->hv, DOM));
    t->n.listening = on;
}

static void do_switch(struct test *t)
{
    struct args_enable mode = { .dom = DOM };
    struct args_enable required = { .dom = DOM };
    struct args_vm_assist assist = {
        .dom = DOM, .type = VMASST_TYPE_writable_pagetables,
        .cmd = below(t, 3) ? VMASST_CMD_enable : VMASST_CMD_disable,
    };

    snprintf(t->how, sizeof(t->how), "switch");
    switch (below(t, 8)) {
    case 0:
        mode.enable = below(t, 4) > 0;
        same(t, "the mode", hv_call(t->hv, OP_PV_ACCESS_MODE, &mode),
             npa_mode(&t->n, mode.enable));
        break;
    case 1:
        if (!t->n.listening || !below(t, 4))
            listen(t, !t->n.listening);
        break;
    case 2:
        required.enable = !below(t, 8);
        call(t, OP_DOMAIN_ACCESS_REQUIRED, &required);
        t->n.required = required.enable;
        break;
    default:
        call(t, OP_GUEST_VM_ASSIST, &assist);
        t->n.assist = assist.cmd == VMASST_CMD_enable;
    }
}

/* ---- what has to be true ---- */

static void check_words(struct test *t, uint32_t dom, int frame)
{
    uint64_t words[NPA_SLOTS];
    struct args_memory m = {
        .dom = dom, .gfn = FIRST_GFN + (frame == NPA_OTHER ? 0 : frame),
        .data = { words, sizeof(words), 0 },
    };

    call(t, OP_MEMORY_READ, &m);
    for (unsigned int i = 0; i < NPA_SLOTS; i++)
        same(t, "a word", words[i], t->n.word[frame][i]);
}

static void check(struct test *t)
{
    int error = !t->n.on ? -EINVAL : !t->n.listening ? -ENODEV : 0;
    struct args_domain_info info = { .dom = DOM };
    struct args_access a = { .dom = DOM, .gfn = DEFAULT_GFN };

    same(t, "mem_access.get", hv_call(t->hv, OP_ACCESS_GET, &a), error);
    if (!error)
        same(t, "the default", a.access, t->n.preset);
    for (int i = 0; i < NPA_OWN; i++) {
        struct args_pv_access s = { .dom = DOM, .gfn = FIRST_GFN + i };

        a.gfn = s.gfn;
        same(t, "mem_access.get", hv_call(t->hv, OP_ACCESS_GET, &a), error);
        if (!error)
            same(t, "the access", a.access, npa_access_of(&t->n, i));
        call(t, OP_PV_ACCESS_STATE, &s);
        same(t, "on", s.on, t->n.on);
        same(t, "own", s.own, t->n.access[i] != NPA_NONE);
        check_words(t, DOM, i);
    }
    check_words(t, OTHER_DOM, NPA_OTHER);
    call(t, OP_DOMAIN_INFO, &info);
    same(t, "crashed", info.crashed, t->n.crashed);
}

static void create(struct test *t, uint32_t dom, uint64_t mfn0, bool access)
{
    bool pae = dom == DOM && t->n.pae;
    struct args_create c = {
        .dom = dom, .type = GUEST_PV, .vcpus = 1, .ram = 0x200,
        .max_gpfn = 0xfefff, .max_pages = 0x300, .pool = 745,
        .mfn_2mb = mfn0 >> 9, .pv_mem_access = access,
        .options = pae ? CREATE_PV32 : 0,
    };

    call(t, OP_DOMAIN_CREATE, &c);
}

static void start(struct test *t, uint64_t seed, bool pae)
{
    struct args_dom d = { .dom = DOM };
    struct args_mmuext_op pin = {
        .dom = DOM, .foreign = ~0u, .cmd = MMUEXT_PIN_L1_TABLE,
        .arg1 = MFN0 + FIRST_GFN + NPA_TABLE,
    };
    struct args_va_mapping va = {
        .dom = DOM, .foreign = ~0u, .va = (FIRST_GFN + NPA_TABLE) << 12,
        .val = pin.arg1 << 12 | 0x65,
    };

    memset(t, 0, sizeof(*t));
    t->seed = seed;
    t->n.pae = pae;
    t->random = seed * 0x9e3779b97f4a7c15ull + 1;
    snprintf(t->how, sizeof(t->how), "start");
    t->hv = sim_open(NULL);
    same(t, "sim_open", !t->hv, 0);
    create(t, DOM, MFN0, true);
    create(t, OTHER_DOM, OTHER_MFN0, false);
    call(t, OP_DOMAIN_UNPAUSE, &d);
    call(t, OP_GUEST_VA_MAPPING, &va);
    call(t, OP_GUEST_MMUEXT_OP, &pin);
    same(t, "the pin", va.rc | pin.rc, 0);
    npa_start(&t->n);
    for (int i = 0; i < NPA_PAGES; i++) {
        t->n.mfn[i] = MFN0 + FIRST_GFN + i;
        t->n.map[i] = i;
        t->n.writable[i] = i != NPA_TABLE;
    }
    t->n.mfn[NPA_OTHER] = OTHER_MFN0 + FIRST_GFN;
}

static void run(uint64_t seed, uint32_t steps, bool pae)
{
    static void (*const does[])(struct test *) = {
        do_access, do_access, do_access, do_access, do_access, do_set, do_set,
        do_map, do_replace, do_switch,
    };
    static struct test t;

    start(&t, seed, pae);
    check(&t);
    for (t.step = 1; t.step <= steps && !t.n.crashed; t.step++) {
        does[below(&t, sizeof(does) / sizeof(*does))](&t);
        check(&t);
    }
    printf("seed %" PRIu64 ": %u steps, %u events, %u waits, %u faults%s\n",
           seed, t.step - 1, t.told, t.waits, t.faults,
           t.n.crashed ? ", crashed" : "");
    hv_close(t.hv);
}

int main(int argc, char **argv)
{
    uint32_t steps = argc > 2 ? strtoul(argv[2], NULL, 0) : STEPS;

    if (argc > 1) {
        run(strtoull(argv[1], NULL, 0), steps, false);
        run(strtoull(argv[1], NULL, 0), steps, true);
        return 0;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, steps, seed & 1);
    return 0;
}
