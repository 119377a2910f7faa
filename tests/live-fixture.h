/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live guest for test-live*.c: a domain of the model whose vCPUs also run
 * while the recorder makes calls, as a real one's do.  What is recorded is
 * replayed on another model, and what the recorder left is looked at. */
#ifndef XENREEL_TESTS_LIVE_FIXTURE_H
#define XENREEL_TESTS_LIVE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/memory.h>
#include <xen/sched.h>

#include "harness/live.h"
#include "harness/random.h"
#include "harness/replay.h"
#include "sim/sim.h"
#include "traces/text.h"

#define LIVE_DOM        1
#define LIVE_MB         1
#define LIVE_GFNS       0x3000u         /* looked at from the bottom */
#define LIVE_SPECIAL    0xfef00u        /* and from here */
#define MAX_RECORDED    20000

/* The guest, as the recorder reaches it. */
static struct {
    struct hv hv;
    struct hv *sim;
    uint64_t random;            /* 0: it runs in waits alone */
    bool paused;                /* until the first wait, by somebody else */
    uint32_t vcpus;
    uint64_t looks;             /* at a gfn's rights */
} guest;

/* What was recorded, and where replay is. */
static struct {
    struct hv_sink sink;
    struct hv_source source;
    struct hv_record *rec;
    size_t nr, next, fail_at;   /* fail_at: that put answers -ENOSPC */
} recorded;

/* ---- a guest that runs ---- */

static inline int guest_call(struct hv *hv, enum hv_op op, void *args)
{
    struct args_wait a = { .dom = LIVE_DOM };

    (void)hv;
    guest.looks += op == OP_ACCESS_GET;
    if (guest.random && op != OP_ACCESS_GET) {
        a.limit = 1 + random_draw(&guest.random) % 4;
        hv_call(guest.sim, OP_CLIENT_WAIT, &a);
    }
    return hv_call(guest.sim, op, args);
}

static inline void *guest_ring(struct hv *hv, uint32_t dom)
{
    (void)hv;
    return hv_ring(guest.sim, dom);
}

static inline int guest_map(struct hv *hv, uint32_t dom, uint64_t gfn,
                            struct hv_page *page)
{
    (void)hv;
    return hv_map(guest.sim, dom, gfn, page);
}

static inline void guest_unmap(struct hv *hv, const struct hv_page *page)
{
    (void)hv;
    hv_unmap(guest.sim, page);
}

/* Often before all that can come is there. */
static inline int guest_wait(struct hv *hv, uint32_t dom)
{
    struct args_wait a = { .dom = dom, .limit = 1 };

    (void)hv;
    if (guest.paused) {
        struct args_dom d = { .dom = LIVE_DOM };

        hv_call(guest.sim, OP_DOMAIN_UNPAUSE, &d);
        guest.paused = false;
    }
    for (uint32_t i = 0; guest.random && i < 64; i++) {
        if (!hv_call(guest.sim, OP_CLIENT_WAIT, &a) && a.value)
            return 1;
    }
    return hv_wait(guest.sim, dom);
}

static inline int guest_observe(struct hv *hv, uint32_t dom,
                                const struct vm_event_st *ev)
{
    (void)hv;
    (void)dom;
    (void)ev;
    return -EOPNOTSUPP;
}

static inline void guest_close(struct hv *hv)
{
    (void)hv;                   /* the test looks at it afterwards */
}

/* ---- setting up ---- */

static inline int must(enum hv_op op, void *args)
{
    int rc = hv_call(guest.sim, op, args);

    if (rc < 0)
        print_error("%s: %d\n", hv_ops_table[op].name, rc);
    assert_true(rc >= 0);
    return rc;
}

#define MUST(op, ...) \
    do { \
        union hv_args must_args; \
        hv_op_init(OP_##op, &must_args); \
        must_args.op = (__typeof__(must_args.op)){ __VA_ARGS__ }; \
        must(OP_##op, &must_args); \
    } while (0)

/* A running guest of VCPUS; with SEED not 0 it runs between calls, too. */
static inline void guest_open_on(uint32_t vendor, uint32_t vcpus,
                                 uint64_t seed)
{
    static const struct hv_ops ops = {
        .call = guest_call, .ring = guest_ring, .map = guest_map,
        .unmap = guest_unmap, .wait = guest_wait, .observe = guest_observe,
        .close = guest_close,
    };
    struct args_create create;

    guest.sim = sim_open(NULL);
    assert_non_null(guest.sim);
    guest.hv = (struct hv){ &ops, "live", HV_CAP_DETERMINISTIC };
    guest.random = seed;
    guest.vcpus = vcpus;
    guest.paused = false;
    guest.looks = 0;
    sim_default_domain(&create, LIVE_DOM, LIVE_MB, vcpus);
    create.vendor = vendor;
    must(OP_DOMAIN_CREATE, &create);
    MUST(DOMAIN_UNPAUSE, .dom = LIVE_DOM);
    memset(&recorded, 0, sizeof(recorded));
    recorded.fail_at = SIZE_MAX;
}

static inline void guest_open(uint32_t vcpus, uint64_t seed)
{
    guest_open_on(VENDOR_INTEL, vcpus, seed);
}

static inline void guest_end(void)
{
    for (size_t i = 0; i < recorded.nr; i++)
        hv_record_free(&recorded.rec[i]);
    free(recorded.rec);
    memset(&recorded, 0, sizeof(recorded));
    hv_close(guest.sim);
}

/* ---- the guest's program ---- */

static inline void does_access(enum hv_op op, uint32_t vcpu, uint64_t rip,
                               uint64_t gpa)
{
    struct args_guest_mem a = {
        .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip, .gla = gpa, .gpa = gpa,
        .len = 8,
    };

    must(op, &a);
}

static inline void does_reg(enum hv_op op, uint32_t vcpu, uint64_t rip,
                            uint64_t index, uint64_t value)
{
    struct args_guest_reg a = {
        .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip, .index = index,
        .value = value, .write = 1,
    };

    must(op, &a);
}

static inline void does_trap(uint32_t vcpu, uint64_t rip, uint32_t vector,
                             uint32_t type)
{
    MUST(GUEST_TRAP, .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip,
         .vector = vector, .type = type, .insn_len = 1, .error = ~0u);
}

/* ---- recording ---- */

static inline int recorded_put(struct hv_sink *sink,
                               const struct hv_record *rec)
{
    struct hv_record *to;

    (void)sink;
    if (recorded.nr >= recorded.fail_at)
        return -ENOSPC;
    if (!recorded.rec)
        recorded.rec = calloc(MAX_RECORDED, sizeof(*recorded.rec));
    assert_true(recorded.nr < MAX_RECORDED);
    to = &recorded.rec[recorded.nr++];
    assert_int_equal(hv_record_copy(to, rec), 0);
    to->seq = recorded.nr;
    hv_record_normalise(to);
    return 0;
}

static inline int recorded_next(struct hv_source *source,
                                struct hv_record *rec)
{
    (void)source;
    if (recorded.next == recorded.nr)
        return 0;
    *rec = recorded.rec[recorded.next++];
    return 1;
}

static inline void recorded_print(FILE *out)
{
    for (size_t i = 0; i < recorded.nr; i++)
        text_print(out, &recorded.rec[i]);
}

static inline unsigned int count_recorded(uint32_t op, uint32_t reason)
{
    unsigned int n = 0;

    for (size_t i = 0; i < recorded.nr; i++)
        n += recorded.rec[i].op == op &&
             (op != OP_EVENT ||
              recorded.rec[i].args.EVENT.ev.reason == reason);
    return n;
}

/* Record by the rules POLICY (NULL-terminated), up to MAX events. */
static inline int record_by(const char *const *policy, uint64_t max,
                            struct live_result *result)
{
    struct live_policy p = { .nr = 0 };
    struct live_config config = {
        .dom = LIVE_DOM, .policy = &p, .max_events = max,
        .memory = LIVE_MEMORY_SPECIAL,
    };

    for (; *policy; policy++)
        assert_null(live_policy_add(&p, *policy));
    recorded.sink.put = recorded_put;
    return live_record(&guest.hv, &config, &recorded.sink, result);
}

/* The model does the same, with as many events. */
static inline void expect_same(uint64_t events)
{
    struct replay_report report;
    struct hv *hv = sim_open(NULL);

    recorded.source.next = recorded_next;
    recorded.next = 0;
    assert_non_null(hv);
    assert_int_equal(replay_run(hv, &recorded.source, &report), 0);
    if (report.cause != REPLAY_SAME) {
        recorded_print(stderr);
        fprintf(stderr, "cause %d at #%u, field %s\n  is ", report.cause,
                (unsigned int)report.expected.seq,
                report.field ? report.field->name : "-");
        text_print(stderr, &report.actual);
    }
    assert_int_equal(report.cause, REPLAY_SAME);
    assert_int_equal(report.events, events);
    replay_report_free(&report);
    hv_close(hv);
}

/* ---- what is left behind ---- */

/* Of every gfn its rights (0xff: no page), then what a domain has. */
struct left {
    uint8_t access[LIVE_GFNS], special[0x100];
    uint32_t paused;
    uint64_t altp2m, pages;
    int views;                  /* what a new view is called */
};

static inline uint8_t access_of(uint64_t gfn)
{
    struct args_access a = { .dom = LIVE_DOM, .gfn = gfn };

    return hv_call(guest.sim, OP_ACCESS_GET, &a) ? 0xff : a.access;
}

static inline void look_at(struct left *left)
{
    struct args_port ring = { .dom = LIVE_DOM };
    struct args_domain_info info = { .dom = LIVE_DOM };
    struct args_u64 state = { .dom = LIVE_DOM };

    must(OP_MONITOR_ENABLE, &ring);
    for (uint32_t gfn = 0; gfn < LIVE_GFNS; gfn++)
        left->access[gfn] = access_of(gfn);
    for (uint32_t i = 0; i < sizeof(left->special); i++)
        left->special[i] = access_of(LIVE_SPECIAL + i);
    MUST(MONITOR_DISABLE, .dom = LIVE_DOM);
    must(OP_DOMAIN_INFO, &info);
    must(OP_ALTP2M_GET_STATE, &state);
    left->paused = info.paused;
    left->pages = info.nr_pages;
    left->altp2m = state.value;
}

/* Its single steps are monitored: no vCPU is in one. */
static inline void expect_no_steps(void)
{
    struct args_ring ring = { .dom = LIVE_DOM };

    MUST(MONITOR_SINGLESTEP, .dom = LIVE_DOM, .enable = 1);
    for (uint32_t i = 0; i < guest.vcpus; i++)
        MUST(GUEST_STEP, .dom = LIVE_DOM, .vcpu = i);
    MUST(CLIENT_WAIT, .dom = LIVE_DOM);
    must(OP_RING_STATE, &ring);
    assert_int_equal(ring.req_prod, 0);
}

/* Everything that can be monitored is not. */
static inline void expect_unmonitored(void)
{
    MUST(MONITOR_ENABLE, .dom = LIVE_DOM);
    expect_no_steps();
    for (uint32_t i = 0; i < 4; i++)
        MUST(MONITOR_CTRLREG, .dom = LIVE_DOM, .index = i, .enable = 1);
    MUST(MONITOR_MSR, .dom = LIVE_DOM, .msr = 0x174, .enable = 1);
    MUST(MONITOR_CPUID, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_BREAKPOINT, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_DEBUG, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_DESCRIPTOR, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_GUEST_REQUEST, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_VMEXIT, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_EMUL_UNIMPLEMENTED, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_DISABLE, .dom = LIVE_DOM);
}

/* How many vCPUs cannot get to the end of their program. */
static inline unsigned int vcpus_left(void)
{
    unsigned int n = 0;

    MUST(CLIENT_WAIT, .dom = LIVE_DOM);
    for (uint32_t i = 0; i < guest.vcpus; i++) {
        struct args_guest_value a = { .dom = LIVE_DOM, .vcpu = i };

        must(OP_GUEST_LEFT, &a);
        n += !!a.value;
    }
    return n;
}

static inline void expect_free(void)
{
    assert_int_equal(vcpus_left(), 0);
}

#endif
