/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <string.h>

#include "traces/import_oracle.h"
#include "traces/text.h"

enum { KEY_FROM = 0x100 };

struct import {
    struct cli_files files;     /* first */
    const char *from;           /* NULL: by the file's name */
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
    case ARGP_KEY_SUCCESS:
        if (!import->files.out)
            argp_error(state, "no trace to make: -o TRACE");
        break;
    default:
        return cli_parse_files(key, arg, state);
    }
    return 0;
}

static bool is_oracle(const struct import *import)
{
    const char *dot = strrchr(import->files.in, '.');

    if (import->from)
        return !strcmp(import->from, "oracle");
    return dot && !strcmp(dot, ".log");
}

static int import_file(const struct import *import, FILE *in)
{
    const char *file = import->files.in;
    struct cli_recording recording;
    struct trace_error err = { "" };
    bool oracle = is_oracle(import);
    int rc, status;

    status = cli_create(&recording, &import->files,
                        oracle ? "oracle" : "text", 0);
    if (status)
        return status;
    if (oracle)
        rc = import_oracle(file, &recording.sink, &err);
    else
        rc = text_read(in, file, &recording.sink, &err);
    if (rc)
        status = cli_fail_trace(file, rc, &err);
    rc = cli_finish(&recording, !status);
    return status ? status : rc;
}

int cmd_import(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "FILE -o TRACE",
        "Make a trace of a text form or of a log that tests/lab took from a "
        "real Xen.\v" CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct import import = { { .what = "file" }, .from = NULL };
    FILE *in;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &import);
    in = fopen(import.files.in, "r");
    if (!in)
        return cli_fail(CLI_INPUT, import.files.in, "%s", strerror(errno));
    status = import_file(&import, in);
    fclose(in);
    return status;
}
