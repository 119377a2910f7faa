/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as lines of the text form, which must print as what
 * they were parsed to. */
#include "tests/fuzz.h"
#include "tests/random-record.h"
#include "traces/text.h"

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static int print_and_parse(struct hv_sink *sink, const struct hv_record *rec)
{
    struct trace_error err = { "" };
    struct hv_record want = *rec, back;
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);

    (void)sink;
    hv_record_normalise(&want);
    text_print(out, rec);
    fclose(out);
    check(text_parse(line, &back, &err) == 1, err.text);
    check(same_record(&want, &back), line);
    hv_record_free(&back);
    free(line);
    return 0;
}

static void fuzz_text(const uint8_t *data, size_t size)
{
    struct hv_sink sink = { print_and_parse };
    FILE *in = fmemopen((void *)data, size, "r");
    struct trace_error err;

    if (!in)
        return;
    text_read(in, "input", &sink, &err);
    fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_text(data, size);
    return 0;
}
