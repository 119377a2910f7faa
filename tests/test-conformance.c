/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conformance body (conformance.h) on every implementation there is: each
 * gives the answers that Xen gives, and what a recorder around it records is
 * the same trace for all.  Run again under the front end, the program has the
 * implementation for a real Xen as well: there are the model's answers behind
 * Xen's own libraries. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/recorder.h"
#include "harness/replay.h"
#include "sim/sim.h"
#include "tests/conformance.h"
#include "tests/lines.h"
#include "tests/real.h"

#define NR_SECTIONS (sizeof(conformance) / sizeof(*conformance))

/* An inner recorder's sink: only what is recorded outside counts. */
static int put_nothing(struct hv_sink *sink, const struct hv_record *rec)
{
    (void)sink;
    (void)rec;
    return 0;
}

static struct hv *with_domain(struct hv *hv)
{
    struct args_create create;

    sim_default_domain(&create, 1, 16, 2);
    return hv_call(hv, OP_DOMAIN_CREATE, &create) ? NULL : hv;
}

static struct hv *open_sim(void)
{
    return with_domain(sim_open(NULL));
}

static struct hv *open_record(void)
{
    static struct hv_sink nowhere = { put_nothing };

    return with_domain(recorder_open(sim_open(NULL), &nowhere));
}

static struct hv *open_real(void)
{
    return with_domain(open_under_front());
}

static struct hv *open_record_real(void)
{
    static struct hv_sink nowhere = { put_nothing };

    return with_domain(recorder_open(open_under_front(), &nowhere));
}

/* open gives an implementation with the body's domain, 1, in it. */
static const struct {
    const char *name;
    struct hv *(*open)(void);
} implementations[] = {
    { "sim", open_sim },
    { "record(sim)", open_record },
    { "xen", open_real },
    { "record(xen)", open_record_real },
};

#define NR_IMPLEMENTATIONS (under_front() ? 4u : 2u)

/* Run section C on HV, which it closes.  The answers are all as expected. */
static void run(struct hv *hv, const char *name, const struct conformance *c)
{
    struct lines lines = lines_from(c->line);
    struct replay_report report;

    assert_int_equal(replay_run(hv, &lines.source, &report), 0);
    if (report.cause != REPLAY_SAME)
        fail_msg("%s, %s: cause %d at %s (%s)", name, c->name,
                 (int)report.cause, report.expected.seq ?
                 c->line[report.expected.seq - 1] : "its end",
                 report.field ? report.field->name : "-");
    replay_report_free(&report);
    lines_drop(&lines);
    hv_close(hv);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_IMPLEMENTATIONS; i++) {
        for (size_t k = 0; k < NR_SECTIONS; k++) {
            struct hv *hv = implementations[i].open();

            assert_non_null(hv);
            if (conformance[k].needs & ~hv->caps)
                hv_close(hv);
            else
                run(hv, implementations[i].name, &conformance[k]);
        }
    }
}

/* What a recorder around implementation I records of section C; NULL when it
 * cannot do it. */
static char *trace_of(size_t i, const struct conformance *c)
{
    struct hv *hv = implementations[i].open(), *outer;
    struct printed trace;

    assert_non_null(hv);
    if (c->needs & ~hv->caps) {
        hv_close(hv);
        return NULL;
    }
    printed_start(&trace);
    outer = recorder_open(hv, &trace.sink);
    assert_non_null(outer);
    run(outer, "recorded", c);
    printed_end(&trace);
    return trace.text;
}

static void test_traces(void **state)
{
    (void)state;
    for (size_t k = 0; k < NR_SECTIONS; k++) {
        char *first = trace_of(0, &conformance[k]);

        assert_true(*first);
        for (size_t i = 1; i < NR_IMPLEMENTATIONS; i++) {
            char *other = trace_of(i, &conformance[k]);

            if (other)
                assert_string_equal(first, other);
            free(other);
        }
        free(first);
    }
}

/* Each section as a scenario in FOLDER: for a real Xen. */
static int write_scenarios(const char *folder)
{
    struct hv_record create = { .op = OP_DOMAIN_CREATE };

    sim_default_domain(&create.args.DOMAIN_CREATE, 1, 16, 2);
    for (size_t k = 0; k < NR_SECTIONS; k++) {
        char path[512];
        FILE *out;

        snprintf(path, sizeof(path), "%s/%s.scn", folder,
                 conformance[k].name);
        out = fopen(path, "w");
        if (!out) {
            perror(path);
            return 99;
        }
        text_print(out, &create);
        for (const char *const *line = conformance[k].line; *line; line++)
            fprintf(out, "%s\n", *line);
        if (fclose(out)) {
            perror(path);
            return 99;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_traces),
    };

    int failed;

    if (argc > 1)
        return write_scenarios(argv[1]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || under_front() ? failed : exec_under_front(argv[0]);
}
