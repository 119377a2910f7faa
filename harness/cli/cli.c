/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_fail(enum cli_exit status, const char *file, const char *format, ...)
{
    va_list ap;

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

    if (!err->text[0])
        return cli_fail(status, file, "%s", strerror(-rc));
    /* The store's messages name the file themselves, where they know it. */
    if (strstr(err->text, file))
        file = NULL;
    return cli_fail(status, file, "%s", err->text);
}

int cli_open(const char *file, struct trace_reader **reader)
{
    struct trace_error err = { "" };
    int rc = trace_open(file, reader, &err);

    return rc ? cli_fail_trace(file, rc, &err) : CLI_OK;
}

int cli_create(const char *file, const char *backend, const char *source,
               uint64_t seed, bool force, struct trace_writer **writer)
{
    struct trace_meta meta = {
        .backend = backend,
        .xen_version = "4.17",
        .source = source,
        .vm_event_abi = VM_EVENT_INTERFACE_VERSION,
        .seed = seed,
    };
    struct trace_error err = { "" };
    int rc = trace_create(file, &meta, force, writer, &err);

    if (rc == -EEXIST)
        return cli_fail(CLI_ENVIRONMENT, file, "it, or its .partial, exists: "
                        "name another file, or give --force");
    if (rc) {
        cli_fail_trace(file, rc, &err);
        return CLI_ENVIRONMENT;
    }
    return CLI_OK;
}

int cli_finish(const char *file, struct trace_writer *writer, bool keep)
{
    struct trace_error err = { "" };
    char *partial;
    int rc;

    if (keep) {
        rc = trace_seal(writer, &err);
        if (rc) {
            cli_fail_trace(file, rc, &err);
            return CLI_ENVIRONMENT;
        }
        return CLI_OK;
    }
    trace_abandon(writer);
    if (asprintf(&partial, "%s.partial", file) < 0)
        return CLI_ENVIRONMENT;
    unlink(partial);
    free(partial);
    return CLI_OK;
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
        fprintf(stderr, "\r%s %" PRIu64 "/%" PRIu64 "\033[K", what, done,
                total);
    else if (shown)
        fprintf(stderr, "\r\033[K");
    shown = what;
    fflush(stderr);
}
