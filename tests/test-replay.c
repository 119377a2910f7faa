/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay (harness/replay.h): what ends it and what the report says then, what
 * is not compared, known deviations, events that are left. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xen/memory.h>

#include "harness/replay.h"
#include "sim/sim.h"
#include "tests/lines.h"

#define CREATE  "domain.create dom=1 vcpus=2 ram=0x1000 max_gpfn=0xfefff " \
                "max_pages=0x1100 pool=745 altp2m=external views=10 = 0"
#define ENABLE  "monitor.enable dom=1 port=3 = 0"
#define REQUESTS "monitor.guest_request dom=1 enable=1 sync=1 = 0"
#define UNPAUSE "domain.unpause dom=1 = 0"
#define GUEST   "guest.request dom=1 vcpu=0 rip=0x1000"
#define REQUEST   "event guest_request dom=1 vcpu=0 flags=paused view=0 " \
                "{rip=0x1000}"
#define ANSWER  "respond guest_request dom=1 vcpu=0 flags=paused"
#define RESUME  "monitor.resume dom=1 = 0"
/* The ring's page is there, and vCPU 0 about to send an event. */
#define START   CREATE, ENABLE, REQUESTS, UNPAUSE, GUEST

static struct replay_report report;

/* Replay LINE on a new model. */
static void replay(const char *const *line)
{
    struct lines lines = lines_from(line);
    struct hv *hv = sim_open(NULL);

    assert_non_null(hv);
    assert_int_equal(replay_run(hv, &lines.source, &report), 0);
    lines_drop(&lines);
    hv_close(hv);
}

#define REPLAY(...) replay((const char *const[]){ __VA_ARGS__, NULL })

/* It ended at record SEQ, for CAUSE. */
static void ended(enum replay_cause cause, uint64_t seq)
{
    assert_int_equal(report.cause, cause);
    assert_int_equal(report.records, seq);
    if (cause != REPLAY_SAME && cause != REPLAY_EXTRA_EVENT) {
        assert_int_equal(report.expected.seq, seq);
        assert_int_equal(report.actual.seq, seq);
        assert_int_equal(report.actual.op, report.expected.op);
    }
    replay_report_free(&report);
}

static void test_same(void **state)
{
    (void)state;
    REPLAY("note \"a remark\"", START, REQUEST, ANSWER, RESUME);
    assert_int_equal(report.events, 1);
    assert_int_equal(report.known, 0);
    ended(REPLAY_SAME, 9);
    replay((const char *const[]){ NULL });
    ended(REPLAY_SAME, 0);
}

static void test_result(void **state)
{
    (void)state;
    REPLAY(CREATE, "mem_access.get dom=1 gfn=1 access=rwx = 0", ENABLE);
    assert_int_equal(report.expected.result, 0);
    assert_int_equal(report.actual.result, -ENODEV);
    ended(REPLAY_RESULT, 2);
    REPLAY(CREATE, ENABLE, "mem_access.get dom=1 gfn=1 = -ESRCH");
    ended(REPLAY_RESULT, 3);
}

static void test_field(void **state)
{
    (void)state;
    REPLAY(CREATE, ENABLE, "mem_access.get dom=1 gfn=1 access=rx = 0");
    assert_string_equal(report.field->name, "access");
    assert_int_equal(report.actual.args.ACCESS_GET.access, XENMEM_access_rwx);
    ended(REPLAY_FIELD, 3);
    /* bytes, which the report owns */
    REPLAY(CREATE, "memory.write dom=1 gfn=1 data=0102 = 0",
           "memory.read dom=1 gfn=1 data=0103 = 0");
    assert_string_equal(report.field->name, "data");
    assert_memory_equal(report.actual.args.MEMORY_READ.data.p, "\1\2", 2);
    assert_memory_equal(report.expected.args.MEMORY_READ.data.p, "\1\3", 2);
    ended(REPLAY_FIELD, 3);
}

/* What a log did not show, results of a failed call, and what only a live
 * guest or clock knows. */
static void test_not_compared(void **state)
{
    (void)state;
    REPLAY(CREATE, ENABLE, "mem_access.get dom=1 gfn=1 = 0",
           "mem_access.get dom=1 gfn=0x9999 = -ESRCH",
           "evtchn.bind_interdomain dom=1 port=3 local=7777 = 0",
           "domain.info dom=1 nr_pages=1 max_kb=2 = 0",
           "memory.peek dom=1 gfn=1 data=77 = 0");
    ended(REPLAY_SAME, 7);
}

static void test_no_event(void **state)
{
    (void)state;
    REPLAY(CREATE, ENABLE, REQUEST);
    assert_int_equal(report.events, 0);
    ended(REPLAY_NO_EVENT, 3);
    /* one was taken, the second is too much */
    REPLAY(START, REQUEST, REQUEST);
    assert_int_equal(report.events, 1);
    ended(REPLAY_NO_EVENT, 7);
    /* disabled: the request went with its ring */
    REPLAY(START, "client.wait dom=1 events=1 = 0",
           "monitor.disable dom=1 = 0", ENABLE, REQUEST);
    ended(REPLAY_NO_EVENT, 9);
}

static void test_event_differs(void **state)
{
    (void)state;
    REPLAY(START, "event guest_request dom=1 vcpu=0 flags=paused view=0 "
           "{rip=0x1001}");
    assert_string_equal(report.field->name, "rip");
    assert_int_equal(report.actual.args.EVENT.ev.data.regs.x86.rip, 0x1000);
    ended(REPLAY_FIELD, 6);
    /* a left out event shows where the trace goes on with another */
    REPLAY(START, "guest.request dom=1 vcpu=1 rip=0x2000",
           "event guest_request dom=1 vcpu=1 flags=paused view=0 "
           "{rip=0x2000}");
    assert_string_equal(report.field->name, "vcpu");
    ended(REPLAY_FIELD, 7);
}

static void test_extra_event(void **state)
{
    (void)state;
    REPLAY(START, "client.wait dom=1 events=1 = 0");
    assert_int_equal(report.actual.seq, 7);
    assert_int_equal(report.actual.op, OP_EVENT);
    assert_int_equal(report.actual.args.EVENT.ev.reason,
                     VM_EVENT_REASON_GUEST_REQUEST);
    assert_int_equal(report.expected.op, OP_NOTE);
    ended(REPLAY_EXTRA_EVENT, 6);
    /* The vCPU has not run: no event yet.  On a closed ring there is none. */
    REPLAY(START);
    ended(REPLAY_SAME, 5);
    REPLAY(START, "client.wait dom=1 events=1 = 0",
           "monitor.disable dom=1 = 0");
    ended(REPLAY_SAME, 7);
}

static void test_no_ring(void **state)
{
    (void)state;
    REPLAY(CREATE, REQUEST);
    ended(REPLAY_NO_RING, 2);
    REPLAY(CREATE, ANSWER);
    ended(REPLAY_NO_RING, 2);
    REPLAY(CREATE, ENABLE, "respond guest_request dom=2 vcpu=0");
    ended(REPLAY_NO_RING, 3);
}

/* A known deviation is counted, of every kind, and replay goes on to the next
 * that is not known; one that is no difference is not counted. */
static void test_known(void **state)
{
    (void)state;
    REPLAY("mem_access.get dom=1 gfn=1 = 0 !known",
           "respond guest_request dom=1 vcpu=0 !known", CREATE, ENABLE,
           "mem_access.get dom=1 gfn=1 access=rx = 0 !known",
           "mem_access.get dom=1 gfn=1 access=rwx = 0 !known",
           REQUEST " !known", REQUESTS, UNPAUSE, GUEST,
           "event guest_request dom=1 vcpu=1 flags=paused view=0 "
           "{rip=0x1000} !known", ANSWER, RESUME,
           "mem_access.get dom=1 gfn=1 access=rx = 0");
    assert_int_equal(report.known, 5);
    assert_int_equal(report.events, 1);
    ended(REPLAY_FIELD, 14);
}

/* The records before it, the oldest first, and no more than there is room. */
static void test_context(void **state)
{
    (void)state;
    REPLAY("note \"1\"", CREATE, ENABLE, REQUEST);
    assert_int_equal(report.nr_context, 3);
    assert_int_equal(report.context[0].seq, 1);
    assert_int_equal(report.context[2].seq, 3);
    ended(REPLAY_NO_EVENT, 4);
    REPLAY(CREATE, ENABLE, "note \"3\"", "note \"4\"", "note \"5\"",
           "note \"6\"", "note \"7\"", "note \"8\"", "note \"9\"",
           "note \"10\"", REQUEST);
    assert_int_equal(report.nr_context, REPLAY_CONTEXT);
    for (unsigned int i = 0; i < REPLAY_CONTEXT; i++)
        assert_int_equal(report.context[i].seq, 11 - REPLAY_CONTEXT + i);
    assert_memory_equal(report.context[7].args.NOTE.text.p, "10", 2);
    ended(REPLAY_NO_EVENT, 11);
}

/* A source that fails: its error, with what was replayed until then. */
static void test_source_error(void **state)
{
    static const char *const line[] = { CREATE, "nonsense", NULL };
    struct lines lines = lines_from(line);
    struct hv *hv = sim_open(NULL);

    (void)state;
    assert_int_equal(replay_run(hv, &lines.source, &report), -1);
    assert_int_equal(report.records, 1);
    replay_report_free(&report);
    lines_drop(&lines);
    hv_close(hv);
}

/* More rings than there is room for, one after the other: each has its own
 * indices, as those of closed rings are forgotten. */
static void test_many_rings(void **state)
{
    static const char *const each[] = {
        "domain.create dom=%u vcpus=1 ram=0x10 max_gpfn=0xfefff "
            "max_pages=0x100 pool=490 views=10 = 0",
        "monitor.enable dom=%u port=3 = 0",
        "monitor.guest_request dom=%u enable=1 sync=1 = 0",
        "domain.unpause dom=%u = 0",
        "guest.request dom=%u vcpu=0 rip=0x1000",
        "event guest_request dom=%u vcpu=0 flags=paused view=0 req_cons=0 "
            "req_prod=1 rsp_prod=0 {rip=0x1000}",
        "monitor.disable dom=%u = 0",
    };
    static char text[7 * 80][200];
    static const char *line[7 * 80 + 1];

    (void)state;
    for (unsigned int i = 0; i < 7 * 80; i++) {
        snprintf(text[i], sizeof(text[i]), each[i % 7], i / 7 + 1);
        line[i] = text[i];
    }
    replay(line);
    assert_int_equal(report.events, 80);
    ended(REPLAY_SAME, 7 * 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_not_compared),
        cmocka_unit_test(test_no_event),
        cmocka_unit_test(test_event_differs),
        cmocka_unit_test(test_extra_event),
        cmocka_unit_test(test_no_ring),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_source_error),
        cmocka_unit_test(test_many_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
