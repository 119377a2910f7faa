/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <inttypes.h>

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **file = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one trace at a time");
        *file = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no trace given");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int cmd_recover(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse, "TRACE[.partial]",
        "Seal what a recorder that crashed left behind: all that it had "
        "committed becomes the trace.  A sealed trace is left alone.\v"
        CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct trace_error err = { "" };
    uint64_t records = 0;
    const char *file;
    int rc;

    argp_parse(&argp, argc, argv, 0, NULL, &file);
    rc = trace_recover(file, &records, &err);
    if (rc == -EALREADY) {
        printf("%s: sealed already, nothing to do\n", file);
        return CLI_OK;
    }
    if (rc)
        return cli_fail_trace(file, rc, &err);
    printf("%s: sealed with %" PRIu64 " records\n", file, records);
    return CLI_OK;
}
