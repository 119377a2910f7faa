/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a recording on a real Xen to a trace (harness/causes.h): what a guest
 * did stands where it did it, its events where the client got them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/causes.h"
#include "harness/ring.h"
#include "tests/lines.h"

#define CPUID(vcpu) \
    "event cpuid dom=1 vcpu=" #vcpu " flags=paused insn_len=2 leaf=0x1 " \
    "subleaf=0 req_prod=1 {rip=0x2000}"
#define WRITE \
    "event mem_access dom=1 vcpu=0 flags=paused gfn=0x10 off=0x8 " \
    "gla=0x10008 access=w|gla_valid|with_gla req_prod=1 {rip=0x1000}"
#define RAISED "!"              /* in front of an event: only raised so far */

/* The operations that come out, in a row, one space behind each. */
struct seen {
    struct hv_sink sink;        /* first */
    char names[1024];
    unsigned int puts, fail_at;
    uint32_t req_prod;          /* the last event's */
    uint32_t vcpu;              /* the last guest.run's */
};

static int see(struct hv_sink *sink, const struct hv_record *rec)
{
    struct seen *s = (struct seen *)sink;

    if (++s->puts == s->fail_at)
        return -EIO;
    strcat(s->names, hv_ops_table[rec->op].name);
    strcat(s->names, " ");
    if (rec->op == OP_EVENT)
        s->req_prod = rec->args.EVENT.req_prod;
    if (rec->op == OP_GUEST_RUN)
        s->vcpu = rec->args.GUEST_RUN.vcpu;
    return 0;
}

static int put_line(struct causes *c, const char *line)
{
    bool raised = *line == *RAISED;
    struct trace_error err;
    struct hv_record rec;
    int rc;

    assert_int_equal(text_parse(line + raised, &rec, &err), 1);
    rc = raised ? causes_raised(c, &rec.args.EVENT) :
         causes_sink(c)->put(causes_sink(c), &rec);
    hv_record_free(&rec);
    return rc;
}

/* What comes out of LINES, a NULL behind them: 0 or the first error. */
static int pass(struct seen *s, const char *const *line)
{
    struct causes *c = causes_open(&s->sink);
    int rc = 0, err;

    assert_non_null(c);
    s->sink.put = see;
    while (!rc && *line)
        rc = put_line(c, *line++);
    err = causes_close(c);
    return rc ? rc : err;
}

#define PASS(s, ...) pass(s, (const char *const[]){ __VA_ARGS__, NULL })

/* The waits are gone; what is no wait stays where it was. */
static void test_waits(void **state)
{
    struct seen s = { .puts = 0 };

    (void)state;
    assert_int_equal(PASS(&s, "domain.pause dom=1 = 0",
                          "client.wait dom=1 = 0", CPUID(0), CPUID(1),
                          "memory.peek dom=1 gfn=0x1 data=01 = 0",
                          "client.wait dom=1 = 0",
                          "domain.unpause dom=1 = 0"), 0);
    assert_string_equal(s.names, "domain.pause "
                        "domain.cpuid_policy guest.cpuid guest.run "
                        "domain.cpuid_policy guest.cpuid guest.run "
                        "event event memory.peek domain.unpause ");
    assert_int_equal(s.vcpu, 1);
}

/* On the model all requests of a wait are there when the first is taken. */
static void test_indices(void **state)
{
    struct seen s = { .puts = 0 };

    (void)state;
    assert_int_equal(PASS(&s, "client.wait dom=1 = 0",
                          "event cpuid dom=1 vcpu=0 req_prod=2",
                          "event cpuid dom=1 vcpu=1 req_prod=3"), 0);
    assert_int_equal(s.req_prod, 3);
}

/* A guest that went on while its client made a call. */
static void test_raised(void **state)
{
    struct seen s = { .puts = 0 };

    (void)state;
    assert_int_equal(PASS(&s, RAISED CPUID(0), "domain.pause dom=1 = 0",
                          "client.wait dom=1 = 0", CPUID(0), CPUID(1)), 0);
    assert_string_equal(s.names, "domain.cpuid_policy guest.cpuid guest.run "
                        "domain.pause "
                        "domain.cpuid_policy guest.cpuid guest.run "
                        "event event ");
}

/* Events that the client has not got are gone with the ring (vm_event.c:
 * vm_event_disable), and are none of the next one's; those that are on it at
 * the end have their records there. */
static void test_never_taken(void **state)
{
    static const char *const disables[] = {
        "monitor.disable dom=1 = 0", "domain.destroy dom=1 = 0",
        "vm_event.op dom=1 op=1 mode=2 = 0",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct seen s = { .puts = 0 };

        assert_int_equal(PASS(&s, RAISED CPUID(0), disables[i],
                              "client.wait dom=1 = 0", CPUID(0)), 0);
        assert_non_null(strstr(s.names, "guest.run event "));
    }
    for (size_t i = 0; i < 2; i++) {
        struct seen s = { .puts = 0 };

        assert_int_equal(PASS(&s, RAISED CPUID(0), RAISED CPUID(1),
                              i ? "monitor.disable dom=1 = -EBUSY" :
                              "client.wait dom=1 = 0", CPUID(0)), 0);
        assert_non_null(strstr(s.names, "event event "));
    }
}

/* No ring holds so many. */
static void test_too_many(void **state)
{
    struct seen s = { .puts = 0 };
    const char *line[16] = { NULL };

    (void)state;
    assert_in_range(RING_ENTRIES, 1, 14);
    for (uint32_t i = 0; i <= RING_ENTRIES; i++)
        line[i] = RAISED CPUID(0);
    assert_int_equal(pass(&s, line), -EPROTO);
}

/* The same event again, of a vCPU that nothing has moved, is the same
 * instruction; once the access is allowed it is another one. */
static void test_answers(void **state)
{
    struct seen s = { .puts = 0 }, t = s;

    (void)state;
    assert_int_equal(PASS(&s, "client.wait dom=1 = 0", WRITE,
                          "respond mem_access dom=1 vcpu=0 flags=paused",
                          "client.wait dom=1 = 0", WRITE), 0);
    assert_string_equal(s.names, "guest.rmw guest.run event respond "
                        "guest.run event ");
    assert_int_equal(PASS(&t, "client.wait dom=1 = 0", WRITE,
                          "mem_access.set dom=1 access=rw gfn=0x10 nr=1 = 0",
                          "client.wait dom=1 = 0", WRITE), 0);
    assert_string_equal(t.names, "guest.rmw guest.run event mem_access.set "
                        "guest.rmw guest.run event ");
}

/* Each put can fail, and that is what is said. */
static void test_errors(void **state)
{
    (void)state;
    for (unsigned int i = 1; i <= 4; i++) {
        struct seen s = { .fail_at = i };

        assert_int_equal(PASS(&s, RAISED WRITE, "client.wait dom=1 = 0",
                              WRITE, "domain.pause dom=1 = 0"), -EIO);
    }
    causes_close(NULL);
}

/* No vCPU has such a number. */
static void test_bad_vcpu(void **state)
{
    struct seen s = { .puts = 0 };

    (void)state;
    assert_int_equal(PASS(&s, "client.wait dom=1 = 0", CPUID(128)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_raised),
        cmocka_unit_test(test_never_taken),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bad_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
