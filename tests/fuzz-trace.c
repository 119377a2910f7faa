/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as a trace file: read, filtered, exported; then as
 * what a crashed recorder left, recovered.  What can be read must print and
 * parse.  The files are in a directory of the process's own. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/fuzz.h"
#include "traces/export.h"
#include "traces/text.h"

static char dir[] = "/tmp/fuzz-trace-XXXXXX";
static char sealed[64], partial[64];

static void leave(void)
{
    static const char *const suffixes[] = { "", "-journal", ".lock" };
    char name[80];

    for (unsigned int i = 0; i < 6; i++) {
        snprintf(name, sizeof(name), "%s%s", i < 3 ? sealed : partial,
                 suffixes[i % 3]);
        unlink(name);
    }
    rmdir(dir);
}

static void enter(void)
{
    if (!mkdtemp(dir) || atexit(leave))
        abort();
    snprintf(sealed, sizeof(sealed), "%s/t.xrt", dir);
    snprintf(partial, sizeof(partial), "%s/t.xrt.partial", dir);
}

static void put_file(const char *name, const uint8_t *data, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

static void read_all(const char *name, const char *where)
{
    struct trace_reader *r;
    struct trace_error err = { "" };
    struct hv_record rec;
    FILE *out = fopen("/dev/null", "w");

    if (!out)
        abort();
    if (!trace_open(name, &r, &err)) {
        if (!trace_filter(r, where, &err)) {
            for (int i = 0; i < 1000 && trace_next(r, &rec) == 1; i++)
                text_print(out, &rec);
        }
        trace_close(r);
    } else if (!err.text[0]) {
        abort();                /* every failure says what is wrong */
    }
    fclose(out);
}

static void export_all(const char *name, const char *format)
{
    struct trace_reader *r;
    struct trace_error err;
    FILE *out = fopen("/dev/null", "w");

    if (out && !trace_open(name, &r, &err)) {
        trace_export(r, format, out, &err);
        trace_close(r);
    }
    if (out)
        fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_error err;
    uint64_t records;

    if (!sealed[0])
        enter();
    put_file(sealed, data, size);
    read_all(sealed, NULL);
    read_all(sealed, "kind = 'event' AND gfn > 1");
    export_all(sealed, "json");
    export_all(sealed, "csv");
    unlink(sealed);
    put_file(partial, data, size);
    if (!trace_recover(sealed, &records, &err))
        read_all(sealed, NULL);
    unlink(sealed);
    return 0;
}
