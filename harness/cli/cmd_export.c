/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "traces/export.h"

enum { KEY_TO = 0x100 };

struct export {
    struct cli_files files;     /* first */
    const char *to;
};

static const struct argp_option options[] = {
    { "to", KEY_TO, "FORM", 0, "json, csv or text (required)", 0 },
    { "output", 'o', "FILE", 0, "Write FILE (default: standard output)", 0 },
    { "force", 'f', NULL, 0, "Replace FILE when it exists", 0 },
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
    case ARGP_KEY_SUCCESS:
        if (!export->to)
            argp_error(state, "no form given: --to json, csv or text");
        break;
    default:
        return cli_parse_files(key, arg, state);
    }
    return 0;
}

static int export_to(const struct export *export, struct trace_reader *reader,
                     FILE *out)
{
    struct trace_error err = { "" };
    int rc = trace_export(reader, export->to, out, &err);

    if (rc && ferror(out))
        return cli_fail(CLI_ENVIRONMENT, export->files.out ?
                        export->files.out : "standard output",
                        "%s: the output is incomplete", strerror(-rc));
    return rc ? cli_fail_trace(export->files.in, rc, &err) : CLI_OK;
}

static int export_file(const struct export *export,
                       struct trace_reader *reader)
{
    const char *name = export->files.out;
    FILE *out;
    int status;

    if (!name)
        return export_to(export, reader, stdout);
    status = cli_check_output(&export->files);
    if (status)
        return status;
    out = fopen(name, "w");
    if (!out)
        return cli_fail(CLI_ENVIRONMENT, name, "%s", strerror(errno));
    status = export_to(export, reader, out);
    fclose(out);
    if (status)
        unlink(name);
    return status;
}

int cmd_export(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "--to FORM TRACE",
        "Turn a trace into a form that other programs read.\v" CLI_EXIT_DOC,
        NULL, NULL, NULL
    };
    struct export export = { { .what = "trace" }, .to = NULL };
    struct trace_reader *reader;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &export);
    status = cli_open(export.files.in, &reader);
    if (status)
        return status;
    status = export_file(&export, reader);
    trace_close(reader);
    return status;
}
