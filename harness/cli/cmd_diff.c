/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <inttypes.h>

#include "harness/cli/report.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **files = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "two traces, no more");
        files[state->arg_num] = arg;
        break;
    case ARGP_KEY_END:
        if (state->arg_num < 2)
            argp_error(state, "two traces are needed");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The next record of READER into *rec; NULL at the end; *status when it
 * cannot be read. */
static const struct hv_record *next(struct trace_reader *reader,
                                    const char *file, struct hv_record *rec,
                                    int *status)
{
    int rc = trace_next(reader, rec);

    if (rc < 0)
        *status = cli_fail_trace(file, rc, trace_last_error(reader));
    return rc > 0 ? rec : NULL;
}

static int compare(struct trace_reader *const reader[2],
                   const char *const files[2])
{
    struct report_style style = {
        .left = "A", .right = "B",
        .colour = cli_colour(stdout), .strict = true,
    };
    struct hv_record rec[2];
    int status = CLI_OK;

    for (uint64_t n = 1;; n++) {
        const struct hv_record *a, *b;

        a = next(reader[0], files[0], &rec[0], &status);
        b = next(reader[1], files[1], &rec[1], &status);
        if (status)
            return status;
        if (!a && !b)
            break;
        if (a && b && !report_records(NULL, &style, a, b))
            continue;
        printf("A: %s\nB: %s\nDIFFERENCE at record #%" PRIu64 "\n", files[0],
               files[1], n);
        report_records(stdout, &style, a, b);
        return CLI_DIFFERENCES;
    }
    return CLI_OK;
}

int cmd_diff(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse, "A.xrt B.xrt",
        "Find the first record in which two traces differ, and print both "
        "field by field.  Times are not compared.\v" CLI_EXIT_DOC,
        NULL, NULL, NULL
    };
    const char *files[2];
    struct trace_reader *reader[2] = { NULL, NULL };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, files);
    status = cli_open(files[0], &reader[0]);
    if (!status)
        status = cli_open(files[1], &reader[1]);
    if (!status)
        status = compare(reader, files);
    if (reader[0])
        trace_close(reader[0]);
    if (reader[1])
        trace_close(reader[1]);
    return status;
}
