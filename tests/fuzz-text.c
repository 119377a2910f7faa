/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as lines of the text form, which must print as what
 * they were parsed to, and as a trace file.  clang -fsanitize=fuzzer drives
 * it; fuzz-main.c replays files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/random-record.h"
#include "traces/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void fuzz_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("trace", MFD_CLOEXEC);
    struct trace_reader *r;
    struct trace_error err;
    struct hv_record rec;
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
        !trace_open(path, &r, &err)) {
        for (int i = 0; i < 1000 && trace_next(r, &rec) == 1; i++)
            print_and_parse(NULL, &rec);
        trace_close(r);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16 && !memcmp(data, "SQLite format 3", 16))
        fuzz_file(data, size);
    else
        fuzz_text(data, size);
    return 0;
}
