/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a live guest: each event and each answer is recorded, replays
 * without a difference, and leaves the domain as it was found. */
#include "tests/live-fixture.h"

/* Record a guest, whose program is queued, by POLICY: EVENTS of them, and it
 * gets to its end. */
static void expect_recorded(const char *const *policy, uint64_t events)
{
    static struct left before, after;
    struct live_result result;

    look_at(&before);
    assert_int_equal(record_by(policy, 0, &result), 0);
    assert_null(result.what);
    assert_int_equal(result.end, LIVE_QUIET);
    assert_int_equal(result.undone, 0);
    if (result.events != events)
        recorded_print(stderr);
    assert_int_equal(result.events, events);
    expect_same(events);
    look_at(&after);
    assert_memory_equal(&before, &after, sizeof(before));
    expect_free();
    expect_unmonitored();
}

#define RECORDED(events, ...) \
    expect_recorded((const char *const[]){ __VA_ARGS__, NULL }, events)

/* Reads, writes and fetches, once each: xen-access's way. */
static void test_once(void **state)
{
    (void)state;
    guest_open(1, 0);
    for (int i = 0; i < 3; i++) {
        does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
        does_access(OP_GUEST_READ, 0, 0x1008, 0x11010);
        does_access(OP_GUEST_FETCH, 0, 0, 0x12010);
    }
    RECORDED(3, "write:0x10", "read:0x11", "exec:0x12");
    assert_int_equal(count_recorded(OP_ACCESS_SET, 0), 3 + 3);
    guest_end();
}

/* Only pages that are there are restricted; later rules win. */
static void test_ranges(void **state)
{
    (void)state;
    guest_open(1, 0);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    does_access(OP_GUEST_READ, 0, 0x1004, 0x11010);
    does_access(OP_GUEST_WRITE, 0, 0x1008, 0x12010);
    RECORDED(3, "write:all", "read+write:0x11-0x11=once", "write:0x12");
    guest_end();
}

/* The guest stands still while each gfn is looked at by a call of its own, and
 * of a million between RAM and the special pages none is a page: the ring's
 * page, which counts but is in no map (xc_vm_event.c:xc_vm_event_enable), does
 * not have them looked at, nor does a hole in RAM. */
static void test_looks(void **state)
{
    (void)state;
    guest_open(1, 0);
    MUST(MEMORY_DECREASE, .dom = LIVE_DOM, .gfn = 0x20);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x80010);
    guest.looks = 0;
    RECORDED(1, "write:all");
    assert_in_range(guest.looks, 256, 0x8000);
    guest.looks = 0;
    assert_int_equal(live_release(&guest.hv, LIVE_DOM), 0);
    assert_in_range(guest.looks, 256, 0x8000);
    guest_end();
}

/* In a view of its own, stepping in view 0: every access is seen. */
static void test_step(void **state)
{
    (void)state;
    guest_open(1, 0);
    for (int i = 0; i < 3; i++)
        does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    RECORDED(6, "write:0x10-0x1f=step");
    assert_int_equal(count_recorded(OP_GUEST_OUTCOME, 0), 3);
    guest_end();
}

/* The same without the steps' events (hvm/monitor.c:hvm_monitor_debug). */
static void test_fast(void **state)
{
    (void)state;
    guest_open(1, 0);
    for (int i = 0; i < 3; i++)
        does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    does_access(OP_GUEST_READ, 0, 0x1000, 0x10010);
    RECORDED(3, "write:0x10=fast");
    guest_end();
}

/* Performed by Xen; what its emulator does not know steps, or where there is
 * no view gets the page. */
static void test_emulate(void **state)
{
    (void)state;
    guest_open(1, 0);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x10010);
    MUST(GUEST_WRITE, .dom = LIVE_DOM, .rip = 0x1010, .gla = 0x10020,
         .gpa = 0x10020, .len = 8, .unknown = 1);
    does_access(OP_GUEST_WRITE, 0, 0x1020, 0x10010);
    RECORDED(4, "write:0x10=emulate");
    assert_int_equal(count_recorded(OP_EVENT,
                                    VM_EVENT_REASON_EMUL_UNIMPLEMENTED), 1);
    guest_end();
    guest_open(1, 0);
    MUST(GUEST_WRITE, .dom = LIVE_DOM, .rip = 0x1010, .gla = 0x10020,
         .gpa = 0x10020, .len = 8, .unknown = 1);
    does_access(OP_GUEST_WRITE, 0, 0x1020, 0x10010);
    RECORDED(4, "write:0x10=emulate", "write:0x20=step");
    guest_end();
}

static void test_registers(void **state)
{
    (void)state;
    guest_open(1, 0);
    does_reg(OP_GUEST_MOV_CR, 0, 0x1000, 3, 0x5000);
    does_reg(OP_GUEST_MOV_CR, 0, 0x1003, 3, 0x6000);
    does_reg(OP_GUEST_MOV_CR, 0, 0x1006, 4, 0x20);
    does_reg(OP_GUEST_MOV_CR, 0, 0x1009, 4, 0x20);
    does_reg(OP_GUEST_MSR, 0, 0x100c, 0x174, 8);
    does_reg(OP_GUEST_MSR, 0, 0x100e, 0x175, 8);
    RECORDED(4, "cr3", "cr4:change", "msr:0x174");
    guest_end();
}

/* CPUID: who answers moves rip (hvm/vmx/vmx.c:vmx_do_cpuid). */
static void test_cpuid(void **state)
{
    (void)state;
    guest_open(1, 0);
    MUST(DOMAIN_CPUID, .dom = LIVE_DOM, .leaf = 1, .subleaf = ~0u,
         .eax = 0x306a9, .ebx = 1, .ecx = 2, .edx = 3);
    for (int i = 0; i < 2; i++)
        MUST(GUEST_CPUID, .dom = LIVE_DOM, .rip = 0x1000, .leaf = 1);
    RECORDED(2, "cpuid");
    guest_end();
}

/* Re-injected: the guest has to get them. */
static void test_traps(void **state)
{
    struct args_guest_result seen = { .dom = LIVE_DOM };

    (void)state;
    guest_open(1, 0);
    does_trap(0, 0x1000, 3, 6);
    RECORDED(1, "breakpoint");
    must(OP_GUEST_RESULT, &seen);
    assert_int_equal(seen.fault, 0x80030000);
    guest_end();
    guest_open(1, 0);
    does_trap(0, 0x1000, 1, 5);
    RECORDED(1, "debug");
    must(OP_GUEST_RESULT, &seen);
    assert_int_equal(seen.fault, 0x80010000);
    guest_end();
}

static void test_others(void **state)
{
    (void)state;
    guest_open(1, 0);
    MUST(GUEST_REQUEST, .dom = LIVE_DOM, .rip = 0x1000);
    MUST(GUEST_DESC, .dom = LIVE_DOM, .rip = 0x1003, .desc = 2, .gla = 0,
         .gpa = ~0ull, .len = 3);
    RECORDED(2, "request", "desc");
    guest_end();
}

/* What was restricted before stays so, and does not take the recorder in. */
static void test_found_restricted(void **state)
{
    (void)state;
    guest_open(1, 0);
    MUST(MONITOR_ENABLE, .dom = LIVE_DOM);
    MUST(ACCESS_SET, .dom = LIVE_DOM, .access = XENMEM_access_rx,
         .gfn = 0x10, .nr = 4);
    MUST(ACCESS_SET, .dom = LIVE_DOM, .access = XENMEM_access_n, .gfn = 0x20,
         .nr = 1);
    MUST(MONITOR_DISABLE, .dom = LIVE_DOM);
    MUST(MEMORY_DECREASE, .dom = LIVE_DOM, .gfn = 0x80);
    MUST(MEMORY_POPULATE, .dom = LIVE_DOM, .gfn = 0x2000);
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x11010);
    does_access(OP_GUEST_WRITE, 0, 0x1008, 0x20010);
    RECORDED(2, "write:0x12-0x20");
    guest_end();
}

/* "xl create -p", attach, "xl unpause": its boot from the first instruction
 * on.  That somebody else pauses it and lets it run is not in the trace. */
static void test_found_paused(void **state)
{
    static const char *const policy[] = { "write:all", NULL };
    struct live_result result;

    (void)state;
    guest_open(1, 0);
    MUST(DOMAIN_PAUSE, .dom = LIVE_DOM);
    guest.paused = true;
    does_access(OP_GUEST_WRITE, 0, 0x1000, 0x11010);
    assert_int_equal(record_by(policy, 0, &result), 0);
    expect_same(1);
    expect_free();
    guest_end();
}

/* AMD has no mem_access (mm/mem_access.c:p2m_mem_access_sanity_check): pages
 * are found without it, and events recorded. */
static void test_amd(void **state)
{
    static const char *const pages[] = { "write:all", NULL };
    static const char *const cpuid[] = { "cpuid", NULL };
    struct live_result result;

    (void)state;
    guest_open_on(VENDOR_AMD, 1, 0);
    MUST(MEMORY_DECREASE, .dom = LIVE_DOM, .gfn = 0x20);
    assert_int_equal(record_by(pages, 0, &result), -EINVAL);
    guest_end();
    guest_open_on(VENDOR_AMD, 1, 0);
    MUST(MEMORY_DECREASE, .dom = LIVE_DOM, .gfn = 0x20);
    for (int i = 0; i < 2; i++)
        MUST(GUEST_CPUID, .dom = LIVE_DOM, .rip = 0x1000, .leaf = 1);
    assert_int_equal(record_by(cpuid, 0, &result), 0);
    assert_int_equal(result.undone, 0);
    expect_same(2);
    assert_int_equal(count_recorded(OP_MEMORY_DECREASE, 0), 1);
    expect_free();
    assert_int_equal(live_release(&guest.hv, LIVE_DOM), 0);
    guest_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_fast),
        cmocka_unit_test(test_emulate),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_found_restricted),
        cmocka_unit_test(test_found_paused),
        cmocka_unit_test(test_amd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
