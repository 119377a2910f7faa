/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace store: what is put is read back bit for bit, in order, filtered
 * or not; sealed, recording and crashed traces are told apart, and a crashed
 * one is recovered up to its last commit. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "tests/trace-fixture.h"
#include "traces/delta.h"
#include "traces/export.h"
#include "traces/text.h"

static void assert_nothing_left(void)
{
    assert_int_equal(access("t.xrt.partial", F_OK), -1);
    assert_int_equal(access("t.xrt.partial.lock", F_OK), -1);
    assert_int_equal(access("t.xrt.partial-journal", F_OK), -1);
}

static void test_every_operation_is_kept(void **unused)
{
    unsigned int n = 30 * OP_COUNT;
    struct trace_reader *r;

    (void)unused;
    make_trace("t.xrt", n);
    assert_nothing_left();
    r = open_trace("t.xrt");
    assert_int_equal(trace_state(r), TRACE_SEALED);
    assert_int_equal(trace_count(r), n);
    assert_string_equal(trace_meta(r)->backend, "sim");
    assert_string_equal(trace_meta(r)->xen_version, "4.17");
    assert_string_equal(trace_meta(r)->source, "a test");
    assert_true(trace_meta(r)->seed == ~0ull);
    check_random(r, n);
    trace_close(r);
}

static void test_an_empty_trace(void **unused)
{
    struct trace_reader *r;
    struct hv_record rec;

    (void)unused;
    seal(create("t.xrt"));
    r = open_trace("t.xrt");
    assert_int_equal(trace_count(r), 0);
    assert_int_equal(trace_next(r, &rec), 0);
    assert_int_equal(trace_seek(r, 1), -ENOENT);
    trace_close(r);
    trace_close(NULL);
}

static void test_put_refuses(void **unused)
{
    struct trace_writer *w = create("t.xrt");
    struct hv_record rec = { .op = OP_COUNT };

    (void)unused;
    assert_int_equal(trace_put(w, &rec), -EINVAL);
    rec.op = OP_NOTE;
    rec.args.NOTE.text.len = TRACE_SPAN_MAX + 1;
    assert_int_equal(trace_put(w, &rec), -E2BIG);
    rec.args.NOTE.text.len = TRACE_SPAN_MAX;
    rec.args.NOTE.text.p = calloc(1, TRACE_SPAN_MAX);
    assert_int_equal(trace_sink(w)->put(trace_sink(w), &rec), 0);
    free(rec.args.NOTE.text.p);
    seal(w);
    struct trace_reader *r = open_trace("t.xrt");
    assert_int_equal(trace_next(r, &rec), 1);
    assert_int_equal(rec.args.NOTE.text.len, TRACE_SPAN_MAX);
    trace_close(r);
}

static void test_a_failed_call_keeps_no_results(void **unused)
{
    struct hv_record rec = { .op = OP_DOMAIN_MAX_GPFN, .result = -ESRCH };
    struct trace_writer *w = create("t.xrt");
    struct trace_reader *r;

    (void)unused;
    rec.args.DOMAIN_MAX_GPFN.value = 0xdead;
    assert_int_equal(trace_put(w, &rec), 0);
    seal(w);
    r = open_trace("t.xrt");
    assert_int_equal(trace_next(r, &rec), 1);
    assert_int_equal(rec.result, -ESRCH);
    assert_int_not_equal(rec.args.DOMAIN_MAX_GPFN.value, 0xdead);
    trace_close(r);
}

static void test_seek(void **unused)
{
    struct trace_reader *r;
    struct hv_record rec;
    uint64_t state = 3;

    (void)unused;
    make_trace("t.xrt", 1000);
    r = open_trace("t.xrt");
    for (unsigned int i = 0; i < 100; i++) {
        uint64_t seq = 1 + random_u64(&state) % 1000;

        assert_int_equal(trace_seek(r, seq), 0);
        assert_int_equal(trace_next(r, &rec), 1);
        assert_int_equal(rec.seq, seq);
        assert_int_equal(rec.op, (seq - 1) % OP_COUNT);
    }
    assert_int_equal(trace_seek(r, 0), -ENOENT);
    assert_int_equal(trace_seek(r, 1001), -ENOENT);
    assert_non_null(strstr(trace_last_error(r)->text, "1000"));
    trace_close(r);
}

static void test_filter(void **unused)
{
    struct trace_reader *r;
    struct trace_error err;
    struct hv_record rec;
    unsigned int n = 0;
    int rc;

    (void)unused;
    make_trace("t.xrt", 20 * OP_COUNT);
    r = open_trace("t.xrt");
    assert_int_equal(trace_filter(r, "op = 'event' -- all", &err), 0);
    while ((rc = trace_next(r, &rec)) == 1) {
        assert_int_equal(rec.op, OP_EVENT);
        assert_int_equal(rec.seq, n++ * OP_COUNT + OP_EVENT + 1);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(n, 20);
    assert_int_equal(trace_seek(r, 10 * OP_COUNT), 0);
    assert_int_equal(trace_next(r, &rec), 1);
    assert_int_equal(rec.seq, 10 * OP_COUNT + OP_EVENT + 1);

    assert_int_equal(trace_filter(r, "errno = 'ESRCH' AND kind = 'call'",
                                  &err), 0);
    assert_int_equal(trace_seek(r, 1), 0);
    for (n = 0; (rc = trace_next(r, &rec)) == 1; n++)
        assert_int_equal(rec.result, -ESRCH);
    assert_int_equal(rc, 0);
    assert_true(n > 0);

    assert_int_equal(trace_filter(r, NULL, &err), 0);
    assert_int_equal(trace_seek(r, 1), 0);
    check_random(r, 20 * OP_COUNT);
    trace_close(r);
}

static void test_bad_filters(void **unused)
{
    static const char *const bad[] = {
        "", "no_such = 1", "1; DELETE FROM record", "seq = ?", "(", ")",
        "1) ORDER BY 1; --", "seq = :x",
    };
    struct trace_error err;
    struct trace_reader *r;

    (void)unused;
    make_trace("t.xrt", 3);
    r = open_trace("t.xrt");
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (trace_filter(r, bad[i], &err) != -EINVAL)
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(err.text, "filter"));
    }
    check_random(r, 3);
    trace_close(r);
}

static void test_names_that_exist(void **unused)
{
    struct trace_writer *w, *other;
    struct trace_error err;

    (void)unused;
    make_trace("t.xrt", 1);
    assert_int_equal(trace_create("t.xrt", &test_meta, false, &w, &err),
                     -EEXIST);
    assert_non_null(strstr(err.text, "t.xrt"));
    assert_int_equal(trace_create("t.xrt", &test_meta, true, &w, &err), 0);
    assert_int_equal(trace_create("t.xrt", &test_meta, true, &other, &err),
                     -EBUSY);
    put_random(w, 2);
    seal(w);
    struct trace_reader *r = open_trace("t.xrt");
    check_random(r, 2);
    trace_close(r);
    assert_int_equal(trace_create("no/dir.xrt", &test_meta, false, &w, &err),
                     -ENOENT);
    assert_non_null(strstr(err.text, "no/dir.xrt"));
}

/* A reader sees a trace that is being recorded, up to its last commit. */
static void test_recording_and_abandoned(void **unused)
{
    struct trace_writer *w = create("t.xrt");
    struct trace_reader *r = open_trace("t.xrt.partial");
    struct trace_error err;
    uint64_t records = 0;

    (void)unused;
    assert_int_equal(trace_state(r), TRACE_RECORDING);
    trace_close(r);
    assert_int_equal(trace_recover("t.xrt", &records, &err), -EBUSY);
    put_random(w, 500);
    trace_abandon(w, true);
    r = open_trace("t.xrt.partial");
    assert_int_equal(trace_state(r), TRACE_CRASHED);
    check_random(r, 500);
    trace_close(r);
    assert_int_equal(trace_create("t.xrt", &test_meta, false, &w, &err),
                     -EEXIST);
    assert_int_equal(trace_recover("t.xrt", &records, &err), 0);
    assert_int_equal(records, 500);
    r = open_trace("t.xrt");
    assert_int_equal(trace_state(r), TRACE_SEALED);
    check_random(r, 500);
    trace_close(r);
    assert_int_equal(trace_recover("t.xrt", &records, &err), -EALREADY);
    assert_int_equal(trace_recover("u.xrt", &records, &err), -ENOENT);
}

static void test_abandoned_and_removed(void **unused)
{
    struct trace_writer *w = create("t.xrt");

    (void)unused;
    put_random(w, 500);
    trace_abandon(w, false);
    assert_nothing_left();
    assert_int_equal(access("t.xrt", F_OK), -1);
}

/* Kill a recorder a while after it has made its file, in whatever it does. */
static void crash_after(unsigned int us)
{
    uint64_t state = 9;
    int status, made[2];
    char byte = 0;
    pid_t pid;

    assert_int_equal(pipe(made), 0);
    pid = fork();
    if (!pid) {
        struct hv_record rec;
        struct trace_writer *w = create("t.xrt");

        if (write(made[1], &byte, 1) != 1)
            _exit(1);
        random_record(&rec, OP_EVENT, &state);
        for (;;)
            trace_put(w, &rec);
    }
    assert_true(pid > 0);
    close(made[1]);
    assert_int_equal(read(made[0], &byte, 1), 1);
    close(made[0]);
    usleep(us);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_killed_recorders(void **unused)
{
    struct trace_error err;

    (void)unused;
    for (unsigned int i = 0; i < 6; i++) {
        uint64_t records = 0, n = 0;
        struct trace_reader *r;
        struct hv_record rec;

        crash_after(100000 + 37000 * i);
        r = open_trace("t.xrt.partial");
        assert_int_equal(trace_state(r), TRACE_CRASHED);
        while (trace_next(r, &rec) == 1)
            assert_int_equal(rec.seq, ++n);
        assert_int_equal(n, trace_count(r));
        trace_close(r);
        if (trace_recover("t.xrt.partial", &records, &err))
            fail_msg("%s", err.text);
        assert_int_equal(records, n);
        r = open_trace("t.xrt");
        assert_int_equal(trace_state(r), TRACE_SEALED);
        trace_close(r);
        assert_int_equal(unlink("t.xrt"), 0);
    }
}

static char *export(const char *path, const char *format)
{
    struct trace_reader *r = open_trace(path);
    struct trace_error err;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (trace_export(r, format, out, &err))
        fail_msg("%s", err.text);
    fclose(out);
    trace_close(r);
    return text;
}

static void test_text_through_the_store(void **unused)
{
    static const char text[] =
        "#1  note \"a \\\"b\\\"\"\n"
        "#2  mem_access.set      dom=1 access=rx gfn=0x10 nr=1  = 0\n"
        "#3  event mem_access    dom=1 vcpu=0 flags=paused view=0 gfn=0x10 "
        "off=0x123 gla=0x10123 access=w|gla_valid {rip=0x1043b5}\n"
        "#4  domain.pause        dom=1  = -ESRCH !known\n";
    struct trace_writer *w = create("t.xrt");
    FILE *in = fmemopen((void *)text, sizeof(text) - 1, "r");
    struct trace_error err;
    char *got;

    (void)unused;
    if (text_read(in, "x", trace_sink(w), &err))
        fail_msg("%s", err.text);
    fclose(in);
    seal(w);
    got = export("t.xrt", "text");
    assert_string_equal(got, text);
    free(got);
    got = export("t.xrt", "csv");
    assert_string_equal(got,
        "seq,kind,op,dom,vcpu,reason,gfn,gla,access,view,rip,flags,result,"
        "errno,known\n"
        "1,note,note,,,,,,,,,,,,0\n"
        "2,call,mem_access.set,1,,,0x10,,5,,,,0,,0\n"
        "3,event,event,1,0,mem_access,0x10,0x10123,10,0,0x1043b5,0x1,,,0\n"
        "4,call,domain.pause,1,,,,,,,,,-3,ESRCH,1\n");
    free(got);
    got = export("t.xrt", "json");
    assert_non_null(strstr(got,
        "{\"seq\":2,\"kind\":\"call\",\"op\":\"mem_access.set\",\"args\":"
        "{\"dom\":1,\"access\":\"rx\",\"gfn\":\"0x10\",\"nr\":1},"
        "\"result\":0}\n"));
    assert_non_null(strstr(got, "\"regs\":{\"rip\":\"0x1043b5\"}"));
    assert_non_null(strstr(got, "\"errno\":\"ESRCH\",\"known\":true}\n"));
    free(got);
}

static void test_export_refuses(void **unused)
{
    struct trace_error err;
    struct trace_reader *r;
    FILE *full = fopen("/dev/full", "w");

    (void)unused;
    make_trace("t.xrt", 200);
    r = open_trace("t.xrt");
    assert_int_equal(trace_export(r, "xml", full, &err), -EINVAL);
    assert_non_null(strstr(err.text, "xml"));
    assert_int_equal(trace_export(r, "json", full, &err), -ENOSPC);
    fclose(full);
    trace_close(r);
}

/* hv_record_has_spans() must be right about every operation. */
static void test_events_have_no_spans(void **unused)
{
    (void)unused;
    for (unsigned int op = 0; op < OP_COUNT; op++) {
        const struct hv_field *f = hv_ops_table[op].fields;

        for (; f->name; f++)
            assert_false(hv_field_is_span(f) && !hv_record_has_spans(op));
    }
    assert_true(OP_COUNT <= DELTA_OPS);
}

/* More than the queue holds: the recorder waits for room, nothing is lost. */
static void test_more_than_the_queue_holds(void **unused)
{
    struct trace_writer *w = create("t.xrt");
    struct hv_record rec = { .op = OP_DOMAIN_PAUSE };
    struct trace_reader *r;
    struct trace_error err;

    (void)unused;
    for (unsigned int i = 0; i < 200000; i++) {
        rec.args.DOMAIN_PAUSE.dom = i;
        assert_int_equal(trace_put(w, &rec), 0);
    }
    assert_int_equal(trace_seal(w, &err), 0);
    assert_int_equal(trace_open("t.xrt", &r, &err), 0);
    assert_int_equal(trace_count(r), 200000);
    assert_int_equal(trace_seek(r, 200000), 0);
    assert_int_equal(trace_next(r, &rec), 1);
    assert_int_equal(rec.args.DOMAIN_PAUSE.dom, 199999);
    trace_close(r);
}

/* A file that may not grow, as on a full disk: the failure comes back from
 * trace_put or at the latest from trace_seal, by the file's name, and there is
 * no sealed trace. */
static void test_a_full_disk(void **unused)
{
    static const rlim_t limits[] = { 0, 4096, 40000, 100000 };
    struct rlimit old, limit;

    (void)unused;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    for (unsigned int n = 0; n < sizeof(limits) / sizeof(*limits); n++) {
        uint64_t state = 7;
        struct trace_writer *w = NULL;
        struct trace_error err = { "" };
        struct hv_record rec;
        int rc;

        limit = old;
        limit.rlim_cur = limits[n];
        setrlimit(RLIMIT_FSIZE, &limit);
        rc = trace_create("t.xrt", &test_meta, true, &w, &err);
        if (rc)
            assert_nothing_left();
        for (unsigned int i = 0; !rc && i < 50000; i++) {
            random_record(&rec, OP_EVENT, &state);
            rc = trace_put(w, &rec);
            hv_record_free(&rec);
        }
        if (w)
            rc = trace_seal(w, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_true(rc < 0);
        assert_non_null(strstr(err.text, "t.xrt"));
        assert_int_equal(access("t.xrt", F_OK), -1);
        unlink("t.xrt.partial");
        unlink("t.xrt.partial-journal");
        unlink("t.xrt.partial.lock");
    }
}

/* The same for the one who recovers. */
static void test_recovery_on_a_full_disk(void **unused)
{
    struct trace_writer *w = create("t.xrt");
    struct hv_record rec = { .op = OP_DOMAIN_PAUSE };
    struct rlimit old, limit;
    struct trace_error err = { "" };
    uint64_t records;

    (void)unused;
    assert_int_equal(trace_put(w, &rec), 0);
    trace_abandon(w, true);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_true(trace_recover("t.xrt", &records, &err) < 0);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_non_null(strstr(err.text, "t.xrt"));
    assert_int_equal(trace_recover("t.xrt", &records, &err), 0);
    assert_int_equal(records, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_every_operation_is_kept),
        IN_DIRECTORY(test_an_empty_trace),
        IN_DIRECTORY(test_put_refuses),
        IN_DIRECTORY(test_a_failed_call_keeps_no_results),
        IN_DIRECTORY(test_seek),
        IN_DIRECTORY(test_filter),
        IN_DIRECTORY(test_bad_filters),
        IN_DIRECTORY(test_names_that_exist),
        IN_DIRECTORY(test_recording_and_abandoned),
        IN_DIRECTORY(test_abandoned_and_removed),
        IN_DIRECTORY(test_killed_recorders),
        IN_DIRECTORY(test_text_through_the_store),
        IN_DIRECTORY(test_export_refuses),
        IN_DIRECTORY(test_events_have_no_spans),
        IN_DIRECTORY(test_more_than_the_queue_holds),
        IN_DIRECTORY(test_a_full_disk),
        IN_DIRECTORY(test_recovery_on_a_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
