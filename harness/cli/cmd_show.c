/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>

#include "traces/text.h"

enum { KEY_WHERE = 0x100, KEY_FROM, KEY_COUNT };

struct show {
    const char *file;
    const char *where;
    uint64_t from;
    uint64_t count;
};

static const struct argp_option options[] = {
    { "where", KEY_WHERE, "SQL", 0, "Only records for which SQL holds, an "
      "expression over the columns of view \"records\"", 0 },
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
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one trace at a time");
        show->file = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no trace given");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int print(const struct show *show, struct trace_reader *reader)
{
    struct hv_record rec;
    uint64_t n = 0;
    int rc = 1;

    while (n < show->count && (rc = trace_next(reader, &rec)) > 0) {
        if (rec.seq < show->from)
            continue;
        text_print(stdout, &rec);
        n++;
        if (ferror(stdout))
            return CLI_ENVIRONMENT;
    }
    if (rc < 0)
        return cli_fail_trace(show->file, rc, trace_last_error(reader));
    return CLI_OK;
}

static int show_trace(const struct show *show, struct trace_reader *reader)
{
    struct trace_error err = { "" };
    int rc;

    if (show->where) {
        rc = trace_filter(reader, show->where, &err);
        if (rc) {
            cli_fail_trace(show->file, rc, &err);
            return rc == -EINVAL ? CLI_USAGE : CLI_INPUT;
        }
    } else if (show->from) {
        if (trace_seek(reader, show->from) == -ENOENT)
            return CLI_OK;
    }
    return print(show, reader);
}

int cmd_show(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "TRACE",
        "Print a trace as text, one record a line; \"xenreel import\" reads "
        "the same back.\v" CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct show show = { .count = UINT64_MAX };
    struct trace_reader *reader;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &show);
    status = cli_open(show.file, &reader);
    if (status)
        return status;
    if (trace_state(reader) != TRACE_SEALED)
        cli_fail(CLI_OK, show.file, "not sealed: what was committed follows; "
                 "\"xenreel recover\" seals it when its recorder is gone");
    status = show_trace(&show, reader);
    trace_close(reader);
    return status;
}
