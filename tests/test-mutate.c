/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay notices every change of what an implementation answers.  One result
 * or one determined field of a trace is changed, and replay must stop at that
 * very record, for that very reason: for every operation of the table and
 * every reason of an event, with each of their determined fields, ring indices
 * included.  The traces are the shipped ones and the scenarios.  What a client
 * says, and records that come or go: test-mutate-flow.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/samples.h"

#define TIMES           2       /* how often each is changed */
#define MAX_FIELDS      128
#define NR_REASONS      32
#define NR_KINDS        (OP_COUNT + NR_REASONS)

/* A record, and how dear its replay is: what is before it. */
struct place {
    const struct sample *sample;
    size_t at;
};

static struct place fields[NR_KINDS][MAX_FIELDS][TIMES];
static struct place good[OP_COUNT][TIMES], failed[OP_COUNT][TIMES];

/* Operations, then events by reason. */
static unsigned int kind_of(const struct hv_record *rec)
{
    if (rec->op == OP_EVENT)
        return OP_COUNT + rec->args.EVENT.ev.reason % NR_REASONS;
    return rec->op;
}

/* Keep the cheapest. */
static void add(struct place places[TIMES], const struct sample *s, size_t at)
{
    struct place new = { s, at };

    for (unsigned int i = 0; i < TIMES; i++) {
        struct place old = places[i];

        if (old.sample && old.at <= new.at)
            continue;
        places[i] = new;
        if (!old.sample)
            break;
        new = old;
    }
}

/* Xen fills in all ones where there is no vmtrace (hvm/monitor.c,
 * vm_event.c:vm_event_fill_regs); any other value is a difference. */
static bool is_vmtrace(const struct hv_field *f)
{
    return !strcmp(f->name, "vmtrace_pos");
}

/* F is compared in REC: determined, there, and what the log showed. */
static bool is_compared(const struct hv_record *rec, const struct hv_field *f)
{
    const void *at = (const char *)&rec->args + f->offset;

    if (f->role != HV_OUT || rec->result < 0 ||
        !hv_field_applies(f, hv_op_groups(rec->op, &rec->args)))
        return false;
    if (hv_field_is_span(f))
        return ((const struct hv_span *)at)->len;
    return is_vmtrace(f) || !hv_field_absent(f, &rec->args);
}

static void find_places(const struct sample *s)
{
    for (size_t i = 0; i < s->nr; i++) {
        const struct hv_record *rec = &s->rec[i];
        const struct hv_field *first = hv_ops_table[rec->op].fields;

        if (hv_ops_table[rec->op].kind == KIND_CALL)
            add((rec->result < 0 ? failed : good)[rec->op], s, i);
        for (const struct hv_field *f = first; f->name; f++) {
            assert_true(f - first < MAX_FIELDS);
            if (is_compared(rec, f))
                add(fields[kind_of(rec)][f - first], s, i);
        }
    }
}

/* Replay S with record AT as REC: the difference must be there. */
static void expect_there(const struct place *p, const struct hv_record *rec,
                         enum replay_cause cause, const struct hv_field *f)
{
    struct edit edit = { EDIT_REPLACE, p->at, *rec };
    struct replay_report report;

    assert_int_equal(sample_replay(p->sample, &edit, &report), 0);
    if (report.cause != cause || report.expected.seq != p->at + 1 ||
        report.field != f)
        fail_msg("%s #%zu %s %s changed: cause %d at #%llu %s",
                 p->sample->name, p->at + 1, hv_ops_table[rec->op].name,
                 f ? f->name : "result", (int)report.cause,
                 (unsigned long long)report.expected.seq,
                 report.field ? report.field->name : "-");
    replay_report_free(&report);
}

/* All replay without a difference as they are. */
static void test_unchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.nr; i++) {
        struct edit none = { .what = EDIT_NONE };
        struct replay_report report;

        assert_int_equal(sample_replay(&all.s[i], &none, &report), 0);
        if (report.cause != REPLAY_SAME)
            fail_msg("%s differs", all.s[i].name);
        replay_report_free(&report);
    }
}

/* Success becomes an error or another result, an error success or another. */
static void change_result(const struct place *p)
{
    struct hv_record rec = p->sample->rec[p->at];
    int64_t was = rec.result;

    rec.result = was < 0 ? 0 : was + 1;
    expect_there(p, &rec, REPLAY_RESULT, NULL);
    rec.result = was == -EPERM ? -EBUSY : -EPERM;
    expect_there(p, &rec, REPLAY_RESULT, NULL);
}

static void test_results(void **state)
{
    (void)state;
    for (uint32_t op = 0; op < OP_COUNT; op++) {
        if (hv_ops_table[op].kind == KIND_CALL && !good[op][0].sample &&
            !failed[op][0].sample)
            fail_msg("no trace has %s", hv_ops_table[op].name);
        for (unsigned int i = 0; i < TIMES; i++) {
            if (good[op][i].sample)
                change_result(&good[op][i]);
            if (failed[op][i].sample)
                change_result(&failed[op][i]);
        }
    }
}

/* Another value than F has in REC, which is not "absent" either. */
static void other_value(const struct hv_field *f, struct hv_record *rec)
{
    uint64_t was = hv_field_get(f, &rec->args);

    hv_field_set(f, &rec->args, was ^ 1);
    if (hv_field_absent(f, &rec->args))
        hv_field_set(f, &rec->args, was ^ 2);
}

static void change_field(const struct place *p, const struct hv_field *f)
{
    struct hv_record rec = p->sample->rec[p->at];
    struct hv_span *span = (void *)((char *)&rec.args + f->offset);
    unsigned char *bytes = NULL;

    if (hv_field_is_span(f)) {
        bytes = malloc(span->len);
        assert_non_null(bytes);
        memcpy(bytes, span->p, span->len);
        bytes[span->len - 1] ^= 1;
        span->p = bytes;
    } else {
        other_value(f, &rec);
    }
    expect_there(p, &rec, REPLAY_FIELD, f);
    free(bytes);
}

/* Reasons that no event of the monitor's ring has on x86 (xen/include/public/
 * vm_event.h: UNKNOWN is none; MEM_SHARING and MEM_PAGING have rings of their
 * own; PRIVILEGED_CALL is Arm's), and numbers that are no reason. */
static bool never_sent(uint32_t reason)
{
    return reason == VM_EVENT_REASON_UNKNOWN ||
           reason == VM_EVENT_REASON_MEM_SHARING ||
           reason == VM_EVENT_REASON_MEM_PAGING ||
           reason == VM_EVENT_REASON_PRIVILEGED_CALL ||
           reason > VM_EVENT_REASON_VMEXIT;
}

/* Whether a record of KIND can have F. */
static bool can_have(unsigned int kind, const struct hv_field *f)
{
    if (f->role != HV_OUT)
        return false;
    return kind < OP_COUNT ||
           (!never_sent(kind - OP_COUNT) &&
            hv_field_applies(f, 1ull << (kind - OP_COUNT) | HV_GROUP_REGS));
}

static void test_fields(void **state)
{
    (void)state;
    for (unsigned int kind = 0; kind < NR_KINDS; kind++) {
        uint32_t op = kind < OP_COUNT ? kind : OP_EVENT;
        const struct hv_field *first = hv_ops_table[op].fields;

        for (const struct hv_field *f = first; f->name; f++) {
            struct place *p = fields[kind][f - first];

            if (kind != OP_EVENT && can_have(kind, f) && !p->sample)
                fail_msg("no trace shows %s %s (%u)", hv_ops_table[op].name,
                         f->name, kind);
            for (unsigned int i = 0; i < TIMES && p[i].sample; i++)
                change_field(&p[i], f);
        }
    }
}

static int load(void **state)
{
    if (samples_load(state))
        return -1;
    for (size_t i = 0; i < all.nr; i++)
        find_places(&all.s[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, load, samples_free);
}
