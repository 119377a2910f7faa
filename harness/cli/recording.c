/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that make a trace: its file, its progress, and Ctrl-C. */
#include "harness/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRESS_EVERY  4096    /* records */

static volatile sig_atomic_t interrupted;       /* the signal, or 0 */

static void interrupt(int sig)
{
    interrupted = sig;
}

/* Catch SIGNAL once: a second one ends the program at once. */
static void catch(int sig)
{
    /* No SA_RESTART: an input that waits for more is given up. */
    struct sigaction action = {
        .sa_handler = interrupt, .sa_flags = SA_RESETHAND
    };
    struct sigaction old;

    sigemptyset(&action.sa_mask);
    if (!sigaction(sig, NULL, &old) && old.sa_handler != SIG_IGN)
        sigaction(sig, &action, NULL);
}

bool cli_interrupted(void)
{
    return interrupted;
}

static bool same_file(const char *in, const char *out)
{
    struct stat a, b;

    return !stat(in, &a) && !stat(out, &b) && a.st_dev == b.st_dev &&
        a.st_ino == b.st_ino;
}

int cli_check_input(const struct cli_files *files, const char *in)
{
    const char *same = NULL;
    char *partial;

    if (!files->out)
        return CLI_OK;
    if (asprintf(&partial, "%s.partial", files->out) < 0)
        return cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
    if (same_file(in, files->out))
        same = files->out;
    else if (same_file(in, partial))
        same = in;
    free(partial);
    return same ? cli_fail(CLI_USAGE, same, "it is what is read: name another "
                           "file to write") : CLI_OK;
}

int cli_check_output(const struct cli_files *files)
{
    int status = cli_check_input(files, files->in);
    struct stat out;

    if (status)
        return status;
    if (!*files->out)
        return cli_fail(CLI_USAGE, NULL, "--output: a name is missing");
    if (stat(files->out, &out))
        return CLI_OK;          /* making it will tell */
    if (!S_ISREG(out.st_mode))
        return cli_fail(CLI_ENVIRONMENT, files->out, "it exists and is no "
                        "regular file: name another one");
    if (!files->force)
        return cli_fail(CLI_ENVIRONMENT, files->out, "it exists: name "
                        "another file, or give --force to replace it");
    return CLI_OK;
}

static int put(struct hv_sink *sink, const struct hv_record *record)
{
    struct cli_recording *rec = (struct cli_recording *)sink;

    if (interrupted)
        return -EINTR;
    if (++rec->records % PROGRESS_EVERY == 0)
        cli_progress("recording", rec->records, 0);
    return trace_put(rec->writer, record);
}

int cli_create(struct cli_recording *rec, const struct cli_files *files,
               const char *backend, uint64_t seed)
{
    return cli_create_of(rec, files, backend, "4.17", seed);
}

int cli_create_of(struct cli_recording *rec, const struct cli_files *files,
                  const char *backend, const char *release, uint64_t seed)
{
    struct trace_meta meta = {
        .backend = backend,
        .xen_version = release,
        .source = files->in,
        .vm_event_abi = VM_EVENT_INTERFACE_VERSION,
        .seed = seed,
    };
    struct trace_error err = { "" };
    int status = cli_check_output(files), rc;

    if (status)
        return status;
    memset(rec, 0, sizeof(*rec));
    rec->sink.put = put;
    rec->file = files->out;
    /* First: a file that is half made is no trace. */
    catch(SIGINT);
    catch(SIGTERM);
    catch(SIGHUP);
    rc = trace_create(rec->file, &meta, files->force, &rec->writer, &err);
    if (rc == -EEXIST)
        cli_fail(CLI_ENVIRONMENT, NULL, "%s; or name another file, or give "
                 "--force to replace it", err.text);
    else if (rc)
        cli_fail_trace(rec->file, rc, &err);
    return rc ? CLI_ENVIRONMENT : CLI_OK;
}

int cli_finish(struct cli_recording *rec, bool keep)
{
    struct trace_error err = { "" };
    int rc;

    cli_progress(NULL, 0, 0);
    if (keep) {
        rc = trace_seal(rec->writer, &err);
        if (!rc)
            return CLI_OK;
        cli_fail_trace(rec->file, rc, &err);
        return cli_fail(CLI_ENVIRONMENT, rec->file, "what was committed is "
                        "kept; \"xenreel recover %s\" completes it",
                        rec->file);
    }
    trace_abandon(rec->writer, interrupted);
    if (!interrupted)
        return CLI_OK;
    cli_fail(CLI_ENVIRONMENT, rec->file, "interrupted: what was recorded is "
             "kept; \"xenreel recover %s\" completes it", rec->file);
    raise(interrupted);
    return CLI_ENVIRONMENT;
}
