/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are no traces, are of another version, or damaged, are refused
 * by name, and never more than that happens. */
#include <sys/stat.h>

#include "tests/trace-fixture.h"
#include "traces/delta.h"
#include "traces/text.h"

static void expect_refusal(const char *path, int rc, const char *word)
{
    struct trace_reader *r;
    struct trace_error err = { "" };

    assert_int_equal(trace_open(path, &r, &err), rc);
    if (!strstr(err.text, path) || !strstr(err.text, word))
        fail_msg("%s", err.text);
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    struct stat st;
    char *data;

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    *len = st.st_size;
    data = malloc(*len);
    assert_int_equal(fread(data, 1, *len, f), *len);
    fclose(f);
    return data;
}

static void test_what_is_no_trace(void **unused)
{
    char *data;
    size_t len;

    (void)unused;
    expect_refusal("t.xrt", -ENOENT, "No such");
    expect_refusal(".", -EINVAL, "not a file");
    write_file("t.xrt", "", 0);
    expect_refusal("t.xrt", -EINVAL, "not a xenreel trace");
    write_file("t.xrt.partial", "", 0);
    expect_refusal("t.xrt.partial", -EINVAL, "before it recorded anything");
    unlink("t.xrt.partial");
    write_file("t.xrt", "#1 note \"this is the text form\"\n", 32);
    expect_refusal("t.xrt", -EINVAL, "not a xenreel trace");
    unlink("t.xrt");
    make_trace("t.xrt", 10);
    data = read_file("t.xrt", &len);
    data[71] ^= 1;      /* application_id, big endian, at 68 */
    write_file("t.xrt", data, len);
    expect_refusal("t.xrt", -EINVAL, "application_id");
    data[71] ^= 1;
    data[63] = 99;      /* user_version, at 60 */
    write_file("t.xrt", data, len);
    expect_refusal("t.xrt", -EPROTONOSUPPORT, "version 99");
    free(data);
}

/* Change every occurrence of FROM in the file. */
static void patch(const char *path, const char *from, const char *to)
{
    size_t len, n = strlen(from), done = 0;
    char *data = read_file(path, &len);

    for (size_t i = 0; i + n <= len; i++) {
        if (!memcmp(data + i, from, n)) {
            memcpy(data + i, to, n);
            done++;
        }
    }
    assert_true(done > 0);
    write_file(path, data, len);
    free(data);
}

static void test_unknown_operations(void **unused)
{
    struct trace_reader *r;
    struct hv_record rec;

    (void)unused;
    make_trace("t.xrt", OP_COUNT);
    patch("t.xrt", "domain.pause", "domain.qause");
    r = open_trace("t.xrt");
    for (unsigned int i = 0; i < OP_DOMAIN_PAUSE; i++)
        assert_int_equal(trace_next(r, &rec), 1);
    assert_int_equal(trace_next(r, &rec), -ENOTSUP);
    assert_non_null(strstr(trace_last_error(r)->text, "t.xrt: record 3"));
    assert_int_equal(trace_seek(r, OP_DOMAIN_PAUSE + 2), 0);
    assert_int_equal(trace_next(r, &rec), 1);
    trace_close(r);
    /* One that has our name and another size. */
    patch("t.xrt", "domain.create", "hvm.param_get");
    expect_refusal("t.xrt", -EPROTONOSUPPORT, "'hvm.param_get' take 64");
}

/* Read all that R has; whatever it is. */
static void read_all(const char *path)
{
    struct trace_error err;
    struct trace_reader *r;
    struct hv_record rec;
    FILE *out = fopen("/dev/null", "w");
    int rc;

    assert_non_null(out);
    if (!trace_open(path, &r, &err)) {
        while ((rc = trace_next(r, &rec)) == 1)
            text_print(out, &rec);
        if (rc)
            assert_non_null(strstr(trace_last_error(r)->text, path));
        if (!trace_filter(r, "vcpu > 0", &err) && !trace_seek(r, 1)) {
            while (trace_next(r, &rec) == 1)
                ;
        }
        trace_close(r);
    } else {
        assert_non_null(strstr(err.text, path));
    }
    fclose(out);
}

static void test_truncated_files(void **unused)
{
    size_t len;
    char *data;

    (void)unused;
    make_trace("t.xrt", 500);
    data = read_file("t.xrt", &len);
    for (size_t n = 0; n < len; n += n < 200 ? 7 : 1021) {
        write_file("u.xrt", data, n);
        read_all("u.xrt");
    }
    free(data);
}

static void test_damaged_files(void **unused)
{
    uint64_t state = 11;
    size_t len;
    char *data;

    (void)unused;
    make_trace("t.xrt", 500);
    data = read_file("t.xrt", &len);
    for (unsigned int i = 0; i < 300; i++) {
        size_t at = random_u64(&state) % len, n = 1 + i % 8;
        char old[8];

        if (at + n > len)
            continue;
        memcpy(old, data + at, n);
        for (size_t k = 0; k < n; k++)
            data[at + k] = random_u64(&state);
        write_file("u.xrt", data, len);
        read_all("u.xrt");
        memcpy(data + at, old, n);
    }
    free(data);
}

static void test_delta_of_any_bytes(void **unused)
{
    struct delta_entry entries[8];
    unsigned char in[256], raw[512];
    uint64_t state = 13;

    (void)unused;
    for (unsigned int i = 0; i < 200000; i++) {
        size_t len = random_u64(&state) % sizeof(in);
        uint32_t count = 1 + random_u64(&state) % 8;

        for (size_t k = 0; k < len; k++)
            in[k] = random_u64(&state) % 4 ? 0 : random_u64(&state);
        in[0] &= 127;
        delta_decode(in, len, entries, count, raw,
                     random_u64(&state) % 65 * 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_what_is_no_trace),
        IN_DIRECTORY(test_unknown_operations),
        IN_DIRECTORY(test_truncated_files),
        IN_DIRECTORY(test_damaged_files),
        IN_DIRECTORY(test_delta_of_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
