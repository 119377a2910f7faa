/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text form: what it prints it reads back bit for bit, it looks as
 * docs/TRACE-FORMAT.md says, and a wrong line is refused by name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/random-record.h"
#include "traces/text.h"
#include "traces/text_hint.h"

/* REC as a line, without its newline; the caller frees it. */
static char *print(const struct hv_record *rec)
{
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);

    assert_non_null(out);
    text_print(out, rec);
    fclose(out);
    assert_true(len && line[len - 1] == '\n');
    assert_null(memchr(line, '\n', len - 1));
    line[len - 1] = 0;
    return line;
}

static void round_trip(const struct hv_record *rec)
{
    struct trace_error err = { "" };
    struct hv_record back;
    char *line = print(rec);

    if (text_parse(line, &back, &err) != 1)
        fail_msg("%s: %s", line, err.text);
    if (!same_record(rec, &back)) {
        char *other = print(&back);

        fail_msg("%s\ncame back as\n%s", line, other);
    }
    hv_record_free(&back);
    free(line);
}

static void test_every_operation_round_trips(void **unused)
{
    uint64_t state = 1;
    struct hv_record rec;

    (void)unused;
    for (unsigned int i = 0; i < 100 * OP_COUNT; i++) {
        random_record(&rec, i % OP_COUNT, &state);
        round_trip(&rec);
        hv_record_free(&rec);
    }
}

/* These lines are what text_print makes of them. */
static const char *const canonical[] = {
    "#12  mem_access.set      dom=1 access=rx gfn=0x10 nr=1  = 0",
    "#1  mem_access.set      access=n  = 0",
    "#13  guest.write         dom=1 vcpu=0 gla=0x10123 gpa=0x10123 len=8",
    "#14  event mem_access    dom=1 vcpu=0 flags=paused view=0 gfn=0x10 "
        "off=0x123 gla=0x10123 access=w|gla_valid {rax=0x22 rip=0x1043b5}",
    "#15  respond mem_access  dom=1 vcpu=0 flags=paused|emulate",
    "#16  respond 77          dom=1 version=8 vcpu=3 rest=0x28:01,0x30:aabb",
    "#17  domain.pause        dom=1  = -ESRCH",
    "#18  domain.pause        dom=1  = -4095 !known",
    "#19  vm_event.get_version dom=1  = 7",
    "#20  note \"a \\\"quoted\\\" \\x0aword {}\"",
    "#21  memory.read         dom=1 gfn=0x5 data=0102ff  = 3",
    "#22  mem_access.set_multi dom=1 access=n,rwx,99 gfn=0x1,0x2,0x3  = 0",
    "#23  mem_access.get      dom=1 gfn=0x3 access=n  = 0",
    "#24  altp2m.set_suppress_ve_multi dom=1 err_gfn=0x7 err=-ESRCH  = 0",
    "#25  respond mem_access  dom=1 vcpu=0 flags=paused|set_emul_read_data "
        "emul_size=2 rest=0x4c:9090",
    "#26  event cpuid         vcpu=0 flags=- view=0 insn_len=2 leaf=0 "
        "subleaf=0 req_cons=0",
};

static void test_the_form_is_canonical(void **unused)
{
    struct trace_error err = { "" };
    struct hv_record rec;

    (void)unused;
    for (unsigned int i = 0; i < sizeof(canonical) / sizeof(*canonical); i++) {
        char *line;

        if (text_parse(canonical[i], &rec, &err) != 1)
            fail_msg("%s: %s", canonical[i], err.text);
        line = print(&rec);
        assert_string_equal(line, canonical[i]);
        free(line);
        hv_record_free(&rec);
    }
}

static void test_a_failed_call_has_no_results(void **unused)
{
    struct hv_record rec = { .op = OP_DOMAIN_MAX_GPFN, .result = -ESRCH };
    char *line;

    (void)unused;
    rec.args.DOMAIN_MAX_GPFN.dom = 3;
    rec.args.DOMAIN_MAX_GPFN.value = 0xdead;
    line = print(&rec);
    assert_string_equal(line, "#0  domain.max_gpfn     dom=3  = -ESRCH");
    free(line);
}

static void test_comments_and_spaces(void **unused)
{
    struct trace_error err;
    struct hv_record rec;

    (void)unused;
    assert_int_equal(text_parse("", &rec, &err), 0);
    assert_int_equal(text_parse(" \t\n", &rec, &err), 0);
    assert_int_equal(text_parse("; #1 domain.pause", &rec, &err), 0);
    assert_int_equal(text_parse("\tdomain.pause dom=2 = 0\n", &rec, &err), 1);
    assert_int_equal(rec.seq, 0);
    assert_int_equal(rec.args.DOMAIN_PAUSE.dom, 2);
}

/* A wrong line, and a word of the message that it must lead to. */
static const struct {
    const char *line, *word;
} bad[] = {
    { "#", "record number" },
    { "#x domain.pause = 0", "record number" },
    { "#1", "operation" },
    { "#1 no.such dom=1 = 0", "no.such" },
    { "#1 domain.pause dom=1", "result" },
    { "#1 domain.pause dom=1 =", "result" },
    { "#1 domain.pause dom=1 = ESRCH", "ESRCH" },
    { "#1 domain.pause dom=1 = -EWHAT", "-EWHAT" },
    { "#1 domain.pause dom=1 = 99999999999999999999", "result" },
    { "#1 guest.write vcpu=0 = 0", "result" },
    { "#1 domain.pause dom=1 dom=1 = 0", "dom" },
    { "#1 domain.pause gfn=1 = 0", "gfn" },
    { "#1 domain.pause dom = 0", "dom" },
    { "#1 domain.pause dom= = 0", "dom" },
    { "#1 domain.pause dom=one = 0", "dom" },
    { "#1 domain.pause dom=0x100000000 = 0", "does not fit" },
    { "#1 domain.pause dom=-1 = 0", "does not fit" },
    { "#1 mem_access.set gfn=-1 = 0", "does not fit" },
    { "#1 mem_access.set access=-1 = 0", "does not fit" },
    { "#1 event cpuid flags=-1", "flags" },
    { "#1 event cpuid flags=0x100000000", "does not fit" },
    { "#1 mem_access.set_multi gfn=-1 = 0", "gfn" },
    { "#1 altp2m.set_suppress_ve_multi err=2147483648 = 0", "does not fit" },
    { "#1 altp2m.set_suppress_ve_multi err=-2147483649 = 0", "does not fit" },
    { "#1 altp2m.set_suppress_ve_multi err=--1 = 0", "err" },
    { "#1 domain.pause {dom=1} = 0", "dom" },
    { "#1 domain.pause dom=1} = 0", "'}'" },
    { "#1 domain.pause {dom=1 = 0", "'}'" },
    { "#1 domain.pause {{dom=1 = 0", "'{'" },
    { "#1 domain.pause rest=0x4:01 = 0", "rest" },
    { "#1 mem_access.set access=rxw = 0", "access" },
    { "#1 mem_access.set_multi access=r,,w = 0", "access" },
    { "#1 domain.max_gpfn max_gpfn=1 = -ESRCH", "max_gpfn" },
    { "#1 memory.write data=0 = 0", "data" },
    { "#1 event", "reason" },
    { "#1 event nonsense", "nonsense" },
    { "#1 event vcpu=1", "vcpu=1" },
    { "#1 event mem_access reason=cpuid", "reason" },
    { "#1 event cpuid gfn=1", "with this reason" },
    { "#1 event cpuid {gfn=1}", "gfn" },
    { "#1 event cpuid rip=1", "rip" },
    { "#1 event cpuid flags=paused|", "flags" },
    { "#1 event cpuid rest=0x4:01", "rest" },
    { "#1 event cpuid rest=0x9999:01", "rest" },
    { "#1 event cpuid rest=", "rest" },
    { "#1 event cpuid rest=0x22:0", "rest" },
    { "#1 event cpuid rest=0x22:01,", "rest" },
    { "#1 event cpuid rest=0x22:01 rest=0x22:01", "twice" },
    { "#1 note text=\"x\"", "text" },
    { "#1 note \"x", "text" },
    { "#1 note \"x\\", "text" },
    { "#1 note \"x\" \"y\"", "twice" },
    { "#1 domain.pause \"x\" = 0", "name=value" },
};

static void test_bad_lines_are_refused(void **unused)
{
    struct hv_record rec;

    (void)unused;
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct trace_error err = { "" };

        if (text_parse(bad[i].line, &rec, &err) != -EINVAL)
            fail_msg("accepted: %s", bad[i].line);
        if (!strstr(err.text, bad[i].word))
            fail_msg("%s: %s", bad[i].line, err.text);
    }
}

/* A number stands for what its field can hold: a minus only for signed ones,
 * and no value that would come back as another. */
static void test_ends_of_ranges(void **unused)
{
    static const char *const lines[] = {
        "altp2m.set_suppress_ve_multi dom=4294967295 err=2147483647 = 0",
        ("altp2m.set_suppress_ve_multi gfn=18446744073709551615 "
         "err=-2147483648 = 0"),
        "altp2m.set_suppress_ve_multi err=-ESRCH = 0",
    };
    struct trace_error err = { "" };
    struct hv_record rec;

    (void)unused;
    for (unsigned int i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        if (text_parse(lines[i], &rec, &err) != 1)
            fail_msg("%s: %s", lines[i], err.text);
        round_trip(&rec);
        hv_record_free(&rec);
    }
    text_parse(lines[1], &rec, &err);
    assert_int_equal(rec.args.ALTP2M_SET_SVE_MULTI.err, INT32_MIN);
    text_parse(lines[2], &rec, &err);
    assert_int_equal(rec.args.ALTP2M_SET_SVE_MULTI.err, -ESRCH);
}

/* Every prefix and every one-byte change of good lines: an answer, and no
 * crash, is all that is asked. */
static void test_damaged_lines(void **unused)
{
    struct trace_error err;
    struct hv_record rec;
    uint64_t state = 2;

    (void)unused;
    for (unsigned int i = 0; i < sizeof(canonical) / sizeof(*canonical); i++) {
        size_t len = strlen(canonical[i]);
        char *line = strdup(canonical[i]);

        for (size_t n = 0; n < 8 * len; n++) {
            strcpy(line, canonical[i]);
            if (n < len)
                line[n] = 0;
            else
                line[n % len] = random_u64(&state);
            if (text_parse(line, &rec, &err) == 1)
                hv_record_free(&rec);
        }
        free(line);
    }
}

static void test_too_many_words(void **unused)
{
    char line[2048] = "#1 domain.pause";
    struct trace_error err;
    struct hv_record rec;

    (void)unused;
    for (unsigned int i = 0; i < 400; i++)
        strcat(line, " x=1");
    assert_int_equal(text_parse(line, &rec, &err), -EINVAL);
}

struct counter {
    struct hv_sink sink;
    unsigned int nr;
    int rc;
};

static int count_one(struct hv_sink *sink, const struct hv_record *rec)
{
    struct counter *c = (struct counter *)sink;

    (void)rec;
    c->nr++;
    return c->rc;
}

static int read_text(const char *text, size_t len, struct counter *c,
                     struct trace_error *err)
{
    FILE *in = fmemopen((void *)text, len, "r");
    int rc;

    assert_non_null(in);
    rc = text_read(in, "x.txt", &c->sink, err);
    fclose(in);
    return rc;
}

static void test_read_names_the_line(void **unused)
{
    static const char good[] = "; c\n\n#9 note \"x\"\nnote \"y\"";
    static const char wrong[] = "note \"x\"\n\nnote 5\n";
    static const char zero[] = "note \"x\"\nnote \0\"y\"\n";
    struct counter c = { { count_one }, 0, 0 };
    struct trace_error err;

    (void)unused;
    assert_int_equal(read_text(good, sizeof(good) - 1, &c, &err), 0);
    assert_int_equal(c.nr, 2);
    assert_int_equal(read_text(wrong, sizeof(wrong) - 1, &c, &err), -EINVAL);
    assert_non_null(strstr(err.text, "x.txt:3: note"));
    assert_int_equal(read_text(zero, sizeof(zero) - 1, &c, &err), -EINVAL);
    assert_non_null(strstr(err.text, "x.txt:2:"));
    c.rc = -ENOSPC;
    assert_int_equal(read_text(good, sizeof(good) - 1, &c, &err), -ENOSPC);
    assert_non_null(strstr(err.text, "x.txt:3:"));
}

/* A hint has whole words, or says that there are more, in the room it has. */
static void check_hint(const char *list)
{
    size_t len = strlen(list);

    assert_true(len < TEXT_HINT_LEN);
    if (len > TEXT_HINT_LEN - 32)
        assert_string_equal(list + len - 5, ", ...");
}

static void test_hints_fit(void **unused)
{
    char *list = malloc(TEXT_HINT_LEN);     /* the sanitizer sees its end */

    (void)unused;
    assert_non_null(list);
    for (enum hv_op op = 0; op < OP_COUNT; op++) {
        const struct hv_opdesc *desc = &hv_ops_table[op];

        check_hint(text_hint_ops(list, desc->name));
        assert_true(*list);
        check_hint(text_hint_fields(list, desc, ~0ull, false));
        check_hint(text_hint_fields(list, desc, ~0ull, true));
        for (const struct hv_field *f = desc->fields; f->name; f++)
            check_hint(text_hint_values(list, f));
    }
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_round_trips),
        cmocka_unit_test(test_the_form_is_canonical),
        cmocka_unit_test(test_a_failed_call_has_no_results),
        cmocka_unit_test(test_comments_and_spaces),
        cmocka_unit_test(test_bad_lines_are_refused),
        cmocka_unit_test(test_ends_of_ranges),
        cmocka_unit_test(test_damaged_lines),
        cmocka_unit_test(test_too_many_words),
        cmocka_unit_test(test_read_names_the_line),
        cmocka_unit_test(test_hints_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
