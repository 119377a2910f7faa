/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>

#include "traces/text.h"

enum { KEY_WHERE = 0x100, KEY_FROM, KEY_COUNT };

struct show {
    struct cli_files files;     /* first */
    const char *where;
    uint64_t from;
    uint64_t count;
};

static const struct argp_option options[] = {
    { "where", KEY_WHERE, "SQL", 0, "Only records for which SQL holds, an "
      "expression over seq, kind, op, dom, vcpu, reason, gfn, gla, access, "
      "view, rip, flags, result, errno and known", 0 },
    { "from", KEY_FROM, "N", 0, "Start at record N", 0 },
    { "count", KEY_COUNT, "N", 0, "Print at most N records", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct show *show = state->input;

    switch (key) {
    case KEY_WHERE:
        show->where = arg;
        break;
    case KEY_FROM:
        show->from = cli_number(state, "--from", arg);
        break;
    case KEY_COUNT:
        show->count = cli_number(state, "--count", arg);
        break;
    default:
        return cli_parse_files(key, arg, state);
    }
    return 0;
}

static int fail(const struct show *show, int rc, const struct trace_error *err)
{
    int status = cli_fail_trace(show->files.in, rc, err);

    /* A trace that is open can only be asked wrongly. */
    return rc == -EINVAL ? CLI_USAGE : status;
}

static int print(const struct show *show, struct trace_reader *reader)
{
    struct hv_record rec;
    uint64_t n = 0;
    int rc = 1;

    while (n < show->count && (rc = trace_next(reader, &rec)) > 0) {
        text_print(stdout, &rec);
        n++;
        if (ferror(stdout))
            return CLI_ENVIRONMENT;
    }
    if (rc < 0)
        return fail(show, rc, trace_last_error(reader));
    return CLI_OK;
}

static int show_trace(const struct show *show, struct trace_reader *reader)
{
    struct trace_error err = { "" };
    int rc = 0;

    if (show->from && trace_seek(reader, show->from))
        return cli_fail_trace(show->files.in, -ENOENT,
                              trace_last_error(reader));
    if (show->where)
        rc = trace_filter(reader, show->where, &err);
    return rc ? fail(show, rc, &err) : print(show, reader);
}

int cmd_show(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "TRACE",
        "Print a trace as text, one record a line; \"xenreel import\" reads "
        "the same back.\v" CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct show show = { { .what = "trace" }, .count = UINT64_MAX };
    struct trace_reader *reader;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &show);
    status = cli_open(show.files.in, &reader);
    if (status)
        return status;
    status = show_trace(&show, reader);
    trace_close(reader);
    return status;
}
