/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <string.h>

#include "traces/import_oracle.h"
#include "traces/text.h"

enum { KEY_FROM = 0x100 };

struct import {
    const char *from;   /* NULL: by the file's name */
    const char *file;
    const char *output;
    bool force;
};

static const struct argp_option options[] = {
    { "from", KEY_FROM, "FORM", 0, "What FILE is: \"text\" as \"xenreel "
      "show\" prints it, or \"oracle\", a log of the lab (default: by its "
      "name, oracle for .log)", 0 },
    { "output", 'o', "TRACE", 0, "The trace to make (required)", 0 },
    { "force", 'f', NULL, 0, "Replace TRACE when it exists", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct import *import = state->input;

    switch (key) {
    case KEY_FROM:
        if (strcmp(arg, "text") && strcmp(arg, "oracle"))
            argp_error(state, "--from: text or oracle, not '%s'", arg);
        import->from = arg;
        break;
    case 'o':
        import->output = arg;
        break;
    case 'f':
        import->force = true;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one file at a time");
        import->file = arg;
        break;
    case ARGP_KEY_END:
        if (!import->file)
            argp_error(state, "no file given");
        if (!import->output)
            argp_error(state, "no trace to make: -o TRACE");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool is_oracle(const struct import *import)
{
    const char *dot = strrchr(import->file, '.');

    if (import->from)
        return !strcmp(import->from, "oracle");
    return dot && !strcmp(dot, ".log");
}

static int import_file(const struct import *import, FILE *in)
{
    struct trace_writer *writer;
    struct trace_error err = { "" };
    bool oracle = is_oracle(import);
    int rc, status;

    status = cli_create(import->output, oracle ? "oracle" : "text",
                        import->file, 0, import->force, &writer);
    if (status)
        return status;
    if (oracle)
        rc = import_oracle(import->file, trace_sink(writer), &err);
    else
        rc = text_read(in, import->file, trace_sink(writer), &err);
    if (rc)
        status = cli_fail_trace(import->file, rc, &err);
    rc = cli_finish(import->output, writer, !status);
    return status ? status : rc;
}

int cmd_import(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "FILE -o TRACE",
        "Make a trace of a text form or of a log that tests/lab took from a "
        "real Xen.\v" CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct import import = { .from = NULL };
    FILE *in;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &import);
    in = fopen(import.file, "r");
    if (!in)
        return cli_fail(CLI_INPUT, import.file, "%s", strerror(errno));
    status = import_file(&import, in);
    fclose(in);
    return status;
}
