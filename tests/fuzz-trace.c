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

static void leave(void)
{
    static const char *const names[] = {
        "t.xrt", "t.xrt-journal", "t.xrt.partial", "t.xrt.partial-journal",
        "t.xrt.partial.lock"
    };

    for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
        unlink(names[i]);
    if (!chdir("/"))
        rmdir(dir);
}

static void enter(void)
{
    if (!mkdtemp(dir) || chdir(dir) || atexit(leave))
        abort();
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

    if (!strcmp(dir + sizeof(dir) - 7, "XXXXXX"))
        enter();
    put_file("t.xrt", data, size);
    read_all("t.xrt", NULL);
    read_all("t.xrt", "kind = 'event' AND gfn > 1");
    export_all("t.xrt", "json");
    export_all("t.xrt", "csv");
    unlink("t.xrt");
    put_file("t.xrt.partial", data, size);
    if (!trace_recover("t.xrt", &records, &err))
        read_all("t.xrt", NULL);
    unlink("t.xrt");
    return 0;
}
