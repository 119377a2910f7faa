/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces with pseudo-random records, for test-trace.c and test-damage.c. */
#ifndef XENREEL_TESTS_TRACE_FIXTURE_H
#define XENREEL_TESTS_TRACE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/random-record.h"
#include "traces/trace.h"

static const struct trace_meta test_meta = {
    "sim", "4.17", "a test", VM_EVENT_INTERFACE_VERSION, ~0ull
};

/* Every test has an empty directory of its own as the working directory. */
static inline int enter(void **state)
{
    char *dir = strdup("/tmp/test-trace-XXXXXX");

    *state = dir;
    return !dir || !mkdtemp(dir) || chdir(dir);
}

static inline int leave(void **state)
{
    static const char *const suffixes[] = {
        "", ".partial", ".partial.lock", ".partial-journal", "-journal"
    };
    char name[64];

    for (unsigned int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "t.xrt%s", suffixes[i]);
        unlink(name);
    }
    unlink("u.xrt");
    if (chdir("/") || rmdir(*state))
        return -1;
    free(*state);
    return 0;
}

static inline struct trace_writer *create(const char *path)
{
    struct trace_writer *w;
    struct trace_error err;

    if (trace_create(path, &test_meta, false, &w, &err))
        fail_msg("%s", err.text);
    return w;
}

static inline struct trace_reader *open_trace(const char *path)
{
    struct trace_reader *r;
    struct trace_error err;

    if (trace_open(path, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static inline void seal(struct trace_writer *w)
{
    struct trace_error err;

    if (trace_seal(w, &err))
        fail_msg("%s", err.text);
}

/* Put N records; record I is of the operation I % OP_COUNT. */
static inline void put_random(struct trace_writer *w, unsigned int n)
{
    struct hv_record rec;
    uint64_t state = 7;

    for (unsigned int i = 0; i < n; i++) {
        random_record(&rec, i % OP_COUNT, &state);
        assert_int_equal(trace_put(w, &rec), 0);
        hv_record_free(&rec);
    }
}

static inline void make_trace(const char *path, unsigned int n)
{
    struct trace_writer *w = create(path);

    put_random(w, n);
    seal(w);
}

/* R gives what put_random put. */
static inline void check_random(struct trace_reader *r, unsigned int n)
{
    struct hv_record want, got;
    uint64_t state = 7;

    for (unsigned int i = 0; i < n; i++) {
        random_record(&want, i % OP_COUNT, &state);
        want.seq = i + 1;
        if (trace_next(r, &got) != 1)
            fail_msg("%s", trace_last_error(r)->text);
        assert_true(same_record(&want, &got));
        assert_int_equal(want.wall_ns, got.wall_ns);
        hv_record_free(&want);
    }
    assert_int_equal(trace_next(r, &got), 0);
}

#define IN_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, enter, leave)

#endif
