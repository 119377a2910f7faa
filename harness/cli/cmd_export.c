/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "traces/export.h"

enum { KEY_TO = 0x100 };

struct export {
    const char *to;
    const char *file;
    const char *output; /* NULL: standard output */
};

static const struct argp_option options[] = {
    { "to", KEY_TO, "FORM", 0, "json, csv or text (required)", 0 },
    { "output", 'o', "FILE", 0, "Write FILE (default: standard output)", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct export *export = state->input;

    switch (key) {
    case KEY_TO:
        if (strcmp(arg, "json") && strcmp(arg, "csv") && strcmp(arg, "text"))
            argp_error(state, "--to: json, csv or text, not '%s'", arg);
        export->to = arg;
        break;
    case 'o':
        export->output = arg;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one trace at a time");
        export->file = arg;
        break;
    case ARGP_KEY_END:
        if (!export->file)
            argp_error(state, "no trace given");
        if (!export->to)
            argp_error(state, "no form given: --to json, csv or text");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int export_to(const struct export *export, struct trace_reader *reader,
                     FILE *out)
{
    struct trace_error err = { "" };
    int rc = trace_export(reader, export->to, out, &err);

    if (rc)
        return cli_fail_trace(export->file, rc, &err);
    if (fflush(out) || ferror(out))
        return cli_fail(CLI_ENVIRONMENT, export->output, "%s: the output is "
                        "incomplete", strerror(errno));
    return CLI_OK;
}

static int export_file(const struct export *export,
                       struct trace_reader *reader)
{
    FILE *out;
    int status;

    if (!export->output)
        return export_to(export, reader, stdout);
    out = fopen(export->output, "w");
    if (!out)
        return cli_fail(CLI_ENVIRONMENT, export->output, "%s",
                        strerror(errno));
    status = export_to(export, reader, out);
    fclose(out);
    if (status)
        unlink(export->output);
    return status;
}

int cmd_export(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "--to FORM TRACE",
        "Turn a trace into a form that other programs read.\v" CLI_EXIT_DOC,
        NULL, NULL, NULL
    };
    struct export export = { .to = NULL };
    struct trace_reader *reader;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &export);
    status = cli_open(export.file, &reader);
    if (status)
        return status;
    status = export_file(&export, reader);
    trace_close(reader);
    return status;
}
