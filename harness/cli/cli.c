/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/names.h"

static bool machine_blamed;

int cli_fail(enum cli_exit status, const char *file, const char *format, ...)
{
    va_list ap;

    if (status == CLI_ENVIRONMENT)
        machine_blamed = true;
    cli_progress(NULL, 0, 0);
    fflush(stdout);
    fprintf(stderr, "xenreel: ");
    if (file)
        fprintf(stderr, "%s: ", file);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

int cli_flush(void)
{
    bool failed = ferror(stdout);

    errno = 0;
    if (!fflush(stdout) && !failed)
        return CLI_OK;
    if (machine_blamed)
        return CLI_ENVIRONMENT;
    return cli_fail(CLI_ENVIRONMENT, "standard output", "%s: the output is "
                    "incomplete", strerror(errno ? errno : EIO));
}

static bool blames_machine(int rc)
{
    switch (-rc) {
    case ENOMEM: case ENOSPC: case EDQUOT: case EROFS: case EIO:
    case EMFILE: case ENFILE: case EAGAIN:
        return true;
    }
    return false;
}

int cli_fail_trace(const char *file, int rc, const struct trace_error *err)
{
    enum cli_exit status = blames_machine(rc) ? CLI_ENVIRONMENT : CLI_INPUT;

    if (rc == -EINTR)           /* cli_finish will say it */
        return CLI_ENVIRONMENT;
    if (!err->text[0])
        return cli_fail(status, file, "%s", strerror(-rc));
    /* The store's messages name the file themselves, where they know it. */
    if (strstr(err->text, file))
        file = NULL;
    return cli_fail(status, file, "%s", err->text);
}

/* Is there FILE.partial, a trace that is not sealed? */
static bool partial_exists(const char *file)
{
    char *name;
    bool exists;

    if (asprintf(&name, "%s.partial", file) < 0)
        return false;
    exists = !access(name, F_OK);
    free(name);
    return exists;
}

int cli_open(const char *file, struct trace_reader **reader)
{
    struct trace_error err = { "" };
    int rc = trace_open(file, reader, &err);

    if (rc == -ENOENT && partial_exists(file))
        return cli_fail(CLI_INPUT, file, "not sealed yet: read %s.partial; "
                        "if its recorder crashed, \"xenreel recover\" seals "
                        "it", file);
    if (rc)
        return cli_fail_trace(file, rc, &err);
    if (trace_state(*reader) == TRACE_RECORDING)
        cli_fail(CLI_OK, file, "being recorded: this is what was committed "
                 "so far");
    else if (trace_state(*reader) == TRACE_CRASHED)
        cli_fail(CLI_OK, file, "its recorder crashed: this is what was "
                 "committed; \"xenreel recover\" seals it");
    return CLI_OK;
}

error_t cli_parse_files(int key, char *arg, struct argp_state *state)
{
    struct cli_files *files = state->input;

    switch (key) {
    case 'o':
        files->out = arg;
        break;
    case 'f':
        files->force = true;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one %s at a time", files->what);
        files->in = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no %s given", files->what);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

uint64_t cli_number(const struct argp_state *state, const char *name,
                    const char *arg)
{
    unsigned long long value;
    char *end;

    errno = 0;
    value = strtoull(arg, &end, 0);
    if (errno || *end || end == arg || strchr(arg, '-'))
        argp_error(state, "%s: '%s' is no number", name, arg);
    return value;
}

uint16_t cli_quirk(const struct argp_state *state, const char *arg)
{
    uint64_t quirk = 0;

    if (hv_name_value(names_quirks, arg, &quirk))
        argp_error(state, "--quirk: there is no '%s'", arg);
    return quirk;
}

void cli_print_quirks(FILE *out, uint16_t quirks)
{
    for (const struct hv_name *n = names_quirks; n->name; n++) {
        if (quirks & n->value)
            fprintf(out, "--quirk %s ", n->name);
    }
}

bool cli_colour(FILE *out)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

    return isatty(fileno(out)) && !(no && *no) &&
           term && strcmp(term, "dumb");
}

void cli_progress(const char *what, uint64_t done, uint64_t total)
{
    static bool shown;

    if (!isatty(STDERR_FILENO))
        return;
    if (what)
        fprintf(stderr, "\r%s %" PRIu64, what, done);
    if (what && total)
        fprintf(stderr, "/%" PRIu64, total);
    if (what || shown)
        fputs(what ? "\033[K" : "\r\033[K", stderr);
    shown = what;
    fflush(stderr);
}
