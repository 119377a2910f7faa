/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a live guest that runs while the recorder makes calls, on several
 * vCPUs: whatever it gets done meanwhile, the trace has it in an order in
 * which the model does the same.  And what cannot be recorded: how it ends. */
#include "tests/live-fixture.h"

#define NR_VCPUS        3
#define NR_STEPS        40

/* An instruction with more than one access: a page walk and its data, rep
 * movsb, or data on two pages. */
static void queue_accesses(uint32_t vcpu, uint64_t rip, uint64_t page,
                           unsigned int kind)
{
    uint64_t gpa = page << 12;

    if (kind == 0) {
        MUST(GUEST_WALK, .dom = LIVE_DOM, .vcpu = vcpu, .gla = 0x30008,
             .gpa = gpa | 0x180, .write = 1);
        does_access(OP_GUEST_WRITE, vcpu, rip, 0x14008);
    } else if (kind == 1) {
        MUST(GUEST_COPY, .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip,
             .dst_gla = gpa, .dst_gpa = gpa, .src_gla = 0x15000,
             .src_gpa = 0x15000, .count = 3);
    } else {
        does_access(OP_GUEST_WRITE, vcpu, rip, gpa | 0xffc);
    }
}

/* A program of what raises events, drawn from *RANDOM. */
static void queue_program(uint32_t vcpu, uint64_t *random)
{
    static const enum hv_op ops[] = {
        OP_GUEST_READ, OP_GUEST_WRITE, OP_GUEST_FETCH
    };

    for (uint64_t i = 0; i < NR_STEPS; i++) {
        uint64_t rip = 0x1000 * (vcpu + 1) + i * 16;
        uint64_t page = 0x10 + random_draw(random) % 8;
        unsigned int kind = random_draw(random) % 11;

        if (kind < 3)
            does_access(ops[kind], vcpu, kind == 2 ? 0 : rip,
                        page << 12 | 0x10);
        else if (kind == 3)
            does_reg(OP_GUEST_MOV_CR, vcpu, rip, 3, i << 12);
        else if (kind == 4)
            MUST(GUEST_CPUID, .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip,
                 .leaf = 1);
        else if (kind == 5)
            MUST(GUEST_REQUEST, .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip);
        else if (kind == 6)
            does_trap(vcpu, rip, 3, 6);
        else if (kind == 7)
            MUST(GUEST_DESC, .dom = LIVE_DOM, .vcpu = vcpu, .rip = rip,
                 .desc = 2, .gpa = ~0ull, .len = 3);
        else
            queue_accesses(vcpu, rip, page, kind - 8);
    }
}

/* The rights of all pages and what else a domain has are as before, and every
 * vCPU goes on to its program's end. */
static void expect_left(const struct left *before)
{
    static struct left after;

    look_at(&after);
    assert_memory_equal(before, &after, sizeof(after));
    expect_free();
    expect_unmonitored();
}

static void run_seed(uint64_t seed, const char *const *policy, uint64_t max)
{
    static struct left before;
    struct live_result result;
    uint64_t random = seed;

    guest_open(NR_VCPUS, 0);
    look_at(&before);
    guest.random = seed;
    for (uint32_t vcpu = 0; vcpu < NR_VCPUS; vcpu++)
        queue_program(vcpu, &random);
    assert_int_equal(record_by(policy, max, &result), 0);
    assert_int_equal(result.undone, 0);
    assert_int_equal(result.end, max && result.events >= max ? LIVE_LIMIT :
                     LIVE_QUIET);
    assert_true(result.events > 0);
    expect_same(result.events);
    guest.random = 0;
    expect_left(&before);
    guest_end();
}

/* Each policy with many seeds, to the end and cut off anywhere. */
static void test_interleaved(void **state)
{
    static const char *const policies[][8] = {
        { "write+exec:0x10-0x13", "read:0x14-0x17", "cpuid", "request" },
        { "write:0x10-0x17=step", "exec:0x12=step", "breakpoint", "desc" },
        { "read+exec:0x10-0x17=fast", "cr3", "cpuid" },
        { "read:0x10-0x17=emulate", "exec:0x14-0x17", "cr3", "request" },
        { "write:0x10-0x12=step", "read:0x13=fast", "exec:0x14=emulate",
          "read:0x15=once" },
    };

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        for (unsigned int i = 0; i < 5; i++)
            run_seed(seed, policies[i], seed % 2 ? seed : 0);
    }
}

/* The domain has a monitor already, is not there, or is no guest of ours. */
static void test_refused(void **state)
{
    const char *const policy[] = { "cpuid", NULL };
    struct live_result result;

    (void)state;
    guest_open(1, 0);
    MUST(MONITOR_ENABLE, .dom = LIVE_DOM);
    assert_int_equal(record_by(policy, 0, &result), -EBUSY);
    assert_string_equal(result.what, "monitor.enable");
    assert_false(result.attached);
    assert_int_equal(recorded.nr, 0);
    MUST(MONITOR_DISABLE, .dom = LIVE_DOM);
    expect_free();
    MUST(DOMAIN_DESTROY, .dom = LIVE_DOM);
    assert_int_equal(record_by(policy, 0, &result), -ESRCH);
    guest_end();
}

/* A rule that cannot be armed: what had been is undone. */
static void test_cannot_arm(void **state)
{
    const char *const policy[] = { "write:0x10-0x20=step", "cpuid", "cpuid",
                                   NULL };
    static struct left before;
    struct live_result result;

    (void)state;
    guest_open(2, 0);
    look_at(&before);
    assert_int_equal(record_by(policy, 0, &result), -EEXIST);
    assert_string_equal(result.what, "cpuid");
    assert_true(result.attached);
    expect_left(&before);
    guest_end();
}

/* The trace's disk is full: wherever that is, the guest goes on. */
static void test_sink_fails(void **state)
{
    const char *const policy[] = { "write:0x10-0x17=step", "exec:0x12", NULL };
    static struct left before;
    struct live_result result;

    (void)state;
    for (size_t at = 0; at < 60; at++) {
        uint64_t random = 7;

        guest_open(2, 0);
        look_at(&before);
        for (uint32_t vcpu = 0; vcpu < 2; vcpu++)
            queue_program(vcpu, &random);
        recorded.fail_at = at;
        assert_int_equal(record_by(policy, 0, &result), -ENOSPC);
        expect_left(&before);
        guest_end();
    }
}

/* A domain that shuts down is left as it was; one that goes needs nothing. */
static void test_ends(void **state)
{
    const char *const policy[] = { "write:0x10", NULL };
    struct live_result result;

    (void)state;
    guest_open(1, 0);
    MUST(GUEST_HYPERCALL, .dom = LIVE_DOM, .rip = 0x1000,
         .nr = __HYPERVISOR_sched_op, .arg1 = SCHEDOP_shutdown, .arg2 = 0);
    assert_int_equal(record_by(policy, 0, &result), 0);
    assert_int_equal(result.end, LIVE_SHUTDOWN);
    expect_same(0);
    guest_end();
}

/* More vCPUs than the ring has room for: those that wait for some keep it from
 * being disabled (xen/common/vm_event.c:vm_event_disable), and get their
 * answers first. */
static void test_ring_full(void **state)
{
    const char *const policy[] = { "write:0x10", NULL };
    static struct left before;
    struct live_result result;

    (void)state;
    guest_open(12, 0);
    look_at(&before);
    for (uint32_t vcpu = 0; vcpu < 12; vcpu++)
        does_access(OP_GUEST_WRITE, vcpu, 0x1000 * (vcpu + 1), 0x10000);
    assert_int_equal(record_by(policy, 1, &result), 0);
    assert_int_equal(result.undone, 0);
    assert_true(result.events >= 8);
    expect_left(&before);
    guest_end();
}

/* A monitor that dies with everything armed, vCPUs waiting for its answers:
 * xen/common/vm_event.c:vm_event_disable lets only those go that wait for
 * room. */
static void test_released(void **state)
{
    static struct left before;

    (void)state;
    guest_open(3, 0);
    look_at(&before);
    MUST(MONITOR_ENABLE, .dom = LIVE_DOM);
    MUST(ALTP2M_SET_STATE, .dom = LIVE_DOM, .value = 1);
    MUST(MONITOR_CPUID, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_SINGLESTEP, .dom = LIVE_DOM, .enable = 1);
    MUST(MONITOR_CTRLREG, .dom = LIVE_DOM, .index = 3, .enable = 1);
    MUST(MONITOR_MSR, .dom = LIVE_DOM, .msr = 0x174, .enable = 1);
    MUST(DOMAIN_DEBUG_CONTROL, .dom = LIVE_DOM, .vcpu = 1,
         .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON);
    MUST(ACCESS_SET, .dom = LIVE_DOM, .access = XENMEM_access_rx,
         .gfn = 0x10, .nr = 16);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    MUST(GUEST_STEP, .dom = LIVE_DOM, .vcpu = 1, .rip = 0x2000);
    MUST(GUEST_STEP, .dom = LIVE_DOM, .vcpu = 1, .rip = 0x2010);
    MUST(CLIENT_WAIT, .dom = LIVE_DOM);
    MUST(MONITOR_DISABLE, .dom = LIVE_DOM);
    assert_int_equal(vcpus_left(), 2);
    assert_int_equal(live_release(&guest.hv, LIVE_DOM), 0);
    expect_left(&before);
    MUST(DOMAIN_DESTROY, .dom = LIVE_DOM);
    assert_int_equal(live_release(&guest.hv, LIVE_DOM), -ESRCH);
    guest_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interleaved),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cannot_arm),
        cmocka_unit_test(test_sink_fails),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_ring_full),
        cmocka_unit_test(test_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
