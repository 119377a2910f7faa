/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/client_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/causes.h"
#include "harness/cli/client_found.h"
#include "harness/cli/report.h"
#include "harness/interface.h"
#include "harness/stream.h"
#include "preload/setup.h"

#define BATCH           64      /* records sent at a time */
#define TICK_MS         20      /* how often we look whether it is there */
#define GRACE_MS        2000    /* for a client that differs to end */

struct client_trace {
    char name[sizeof(struct sockaddr_un)];      /* of the abstract socket */
    int listener;
    struct stream in;           /* .fd -1: nobody yet */
    bool any;                   /* a client came */
    pid_t child;
    /* recording */
    bool records;
    struct cli_recording recording;
    struct hv_sink *sink;       /* that, or in front of it: */
    struct causes *causes;      /* of a real Xen's events, or NULL */
    char *source;
    int error;
    /* serving */
    const char *file;
    struct trace_reader *reader;
    bool started;               /* it has a start, or was given one */
    uint32_t minor, vm_event;   /* what its client saw; 0: the default */
    struct hv_record held;      /* behind that one, or a note: nothing */
    struct replay_report report;
    struct hv_record sent[BATCH];       /* .taken of them are no more here */
    unsigned int nr_sent, taken;
};

/* A socket with a name that the kernel picks. */
static int listen_for(struct client_trace *t)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    socklen_t len = sizeof(at);

    t->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t->listener < 0 ||
        bind(t->listener, (struct sockaddr *)&at, sizeof(at.sun_family)) ||
        listen(t->listener, 1) ||
        getsockname(t->listener, (struct sockaddr *)&at, &len))
        return cli_fail(CLI_ENVIRONMENT, NULL, "socket: %s", strerror(errno));
    len -= offsetof(struct sockaddr_un, sun_path) + 1;
    memcpy(t->name, at.sun_path + 1, len);
    return CLI_OK;
}

static struct client_trace *new_trace(void)
{
    struct client_trace *t = calloc(1, sizeof(*t));

    if (!t) {
        cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
        return NULL;
    }
    t->listener = t->in.fd = -1;
    t->held.op = t->report.expected.op = t->report.actual.op = OP_NOTE;
    return t;
}

static void free_trace(struct client_trace *t)
{
    if (t->listener >= 0)
        close(t->listener);
    if (t->in.fd >= 0)
        close(t->in.fd);
    while (t->taken < t->nr_sent)
        hv_record_free(&t->sent[t->taken++]);
    hv_record_free(&t->held);
    replay_report_free(&t->report);
    if (t->reader)
        trace_close(t->reader);
    causes_close(t->causes);
    free(t->source);
    free(t);
}

static char *join(char **words)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return NULL;
    for (char **word = words; *word; word++)
        fprintf(out, "%s%s", word == words ? "" : " ", *word);
    fclose(out);
    return text;
}

/* NULL, or the trace that COMMAND makes into FILES->out. */
static struct client_trace *new_recording(struct cli_files *files,
                                          char **command, const char *backend,
                                          uint64_t seed)
{
    struct client_trace *t = new_trace();

    if (!t)
        return NULL;
    t->records = true;
    t->sink = &t->recording.sink;
    files->in = t->source = join(command);
    if (!listen_for(t) && !cli_create(&t->recording, files, backend, seed))
        return t;
    free_trace(t);
    return NULL;
}

int client_record_open(struct client_trace **trace, struct cli_files *files,
                       char **command, uint64_t seed)
{
    *trace = new_recording(files, command, "sim", seed);
    return *trace ? CLI_OK : CLI_ENVIRONMENT;
}

int client_pass_open(struct client_trace **trace, struct cli_files *files,
                     char **command, FILE *setup)
{
    struct client_trace *t = new_recording(files, command, "xen", 0);
    int status;

    if (!t)
        return CLI_ENVIRONMENT;
    status = client_found(t->sink, setup, &t->minor);
    if (!status) {
        t->causes = causes_open(t->sink);
        if (!t->causes)
            status = cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
    }
    if (status) {
        cli_finish(&t->recording, false);
        free_trace(t);
        return status;
    }
    t->sink = causes_sink(t->causes);
    *trace = t;
    return CLI_OK;
}

static void set_version(const char *name, const char *format, uint32_t value)
{
    char text[24];

    snprintf(text, sizeof(text), format, value);
    if (value)
        setenv(name, text, 1);
    else
        unsetenv(name);
}

void client_trace_export(const struct client_trace *t)
{
    setenv(t->causes ? SETUP_PASS_OUTPUT :
           t->records ? SETUP_OUTPUT : SETUP_SERVE, t->name, 1);
    if (t->records && !t->causes)
        return;
    set_version(SETUP_XEN_VERSION, "4.%" PRIu32, t->minor);
    set_version(SETUP_VM_EVENT_ABI, "%" PRIu32, t->vm_event);
}

/* ---- serving ---- */

/* The first record that WHERE selects: 1, 0 when there is none, -Exxx. */
static int find_first(struct client_trace *t, const char *where,
                      struct hv_record *rec, struct trace_error *err)
{
    int rc = trace_filter(t->reader, where, err);

    if (!rc)
        rc = trace_seek(t->reader, 1);
    if (rc == -ENOENT)
        return 0;               /* it has no records */
    return rc ? rc : trace_next(t->reader, rec);
}

/* Was the trace recorded from an unmodified client?  Otherwise its client
 * starts behind the domains' creation.  What did it see? */
static int find_start(struct client_trace *t)
{
    struct trace_error err = { "" };
    struct hv_record rec;
    int rc = find_first(t, "op = 'client.phase'", &rec, &err);

    if (rc >= 0) {
        t->started = rc;
        rc = find_first(t, "op = 'client.version'", &rec, &err);
    }
    if (rc < 0)
        return cli_fail_trace(t->file, rc, &err);
    t->minor = MODEL_MINOR;
    if (rc) {
        t->minor = rec.args.CLIENT_VERSION.minor;
        t->vm_event = rec.args.CLIENT_VERSION.vm_event;
    }
    rc = trace_filter(t->reader, NULL, &err);
    if (!rc)
        rc = trace_seek(t->reader, 1);
    return rc && rc != -ENOENT ? cli_fail_trace(t->file, rc, &err) : CLI_OK;
}

int client_serve_open(struct client_trace **trace,
                      const struct cli_files *files)
{
    struct client_trace *t = new_trace();
    int status = CLI_ENVIRONMENT;

    if (t) {
        t->file = files->in;
        status = listen_for(t);
    }
    if (!status)
        status = cli_open(t->file, &t->reader);
    if (!status)
        status = find_start(t);
    if (!status)
        *trace = t;
    else if (t)
        free_trace(t);
    return status;
}

/* Nothing to free. */
static void no_record(struct hv_record *rec)
{
    memset(rec, 0, sizeof(*rec));
    rec->op = OP_NOTE;
}

/* The start that such a trace lacks. */
static void make_start(struct client_trace *t, struct hv_record *to)
{
    memset(to, 0, sizeof(*to));
    to->op = OP_CLIENT_PHASE;
    to->args.CLIENT_PHASE.phase = PHASE_START;
    t->started = true;
}

/* A copy of the next record that is something to do: 1, 0, -Exxx. */
static int read_next(struct client_trace *t, struct hv_record *to)
{
    struct hv_record rec;
    int rc;

    if (t->held.op != OP_NOTE) {
        *to = t->held;
        no_record(&t->held);
        return 1;
    }
    do {
        rc = trace_next(t->reader, &rec);
    } while (rc > 0 && rec.op == OP_NOTE);
    if (rc > 0 && !t->started && rec.op != OP_DOMAIN_CREATE) {
        make_start(t, to);
        to = &t->held;
    }
    if (rc <= 0 || !hv_record_copy(to, &rec))
        return rc;
    no_record(to);
    return -ENOMEM;
}

/* The client did all that it got; the next ones, or the end. */
static void serve_records(struct client_trace *t)
{
    struct stream_head head = { .kind = STREAM_END, .field = -1 };
    int rc = 1;

    t->nr_sent = t->taken = 0;
    while (t->nr_sent < BATCH &&
           (rc = read_next(t, &t->sent[t->nr_sent])) > 0)
        t->nr_sent++;
    if (rc < 0)
        t->error = rc;
    if (!t->nr_sent)
        stream_send(t->in.fd, &head, NULL);
    for (unsigned int i = 0; i < t->nr_sent; i++) {
        head.kind = STREAM_RECORD;
        head.cause = t->nr_sent - i - 1;
        if (stream_send(t->in.fd, &head, &t->sent[i]))
            return;             /* it is gone */
    }
}

/* The client did it: it belongs to what stands before a difference. */
static void taken(struct client_trace *t)
{
    struct replay_report *report = &t->report;

    if (t->taken == t->nr_sent)
        return;
    report->records++;
    report->events += t->sent[t->taken].op == OP_EVENT;
    if (report->nr_context == REPLAY_CONTEXT) {
        hv_record_free(&report->context[0]);
        memmove(report->context, report->context + 1,
                (REPLAY_CONTEXT - 1) * sizeof(report->context[0]));
        report->nr_context--;
    }
    report->context[report->nr_context++] = t->sent[t->taken++];
}

static void differs(struct client_trace *t, const struct stream_head *head,
                    const struct hv_record *actual)
{
    struct replay_report *report = &t->report;

    report->cause = head->cause;
    report->actual = *actual;
    if (t->taken < t->nr_sent) {
        report->expected = t->sent[t->taken++];
        if (head->field >= 0)
            report->field =
                &hv_ops_table[report->expected.op].fields[head->field];
    }
    kill(t->child, SIGTERM);    /* there is nothing more to serve */
}

/* The client is gone: was that all? */
static void was_all(struct client_trace *t)
{
    struct replay_report *report = &t->report;
    int rc = 1;

    if (report->cause != REPLAY_SAME || t->error)
        return;
    if (t->taken < t->nr_sent)
        report->expected = t->sent[t->taken++];
    else
        rc = read_next(t, &report->expected);
    if (rc > 0)
        report->cause = REPLAY_SHORTER;
    else
        t->error = rc;
}

/* STATUS is the command's own. */
static int complain_of_nothing(const char *file, int status, const char *done)
{
    return cli_fail(CLI_INPUT, file, "the command, which ended with status "
                    "%d, has opened no Xen device: nothing was %s", status,
                    done);
}

static int report_served(struct client_trace *t, int status)
{
    const struct replay_report *report = &t->report;

    if (t->error)
        return cli_fail_trace(t->file, t->error, trace_last_error(t->reader));
    if (!t->any)
        return complain_of_nothing(t->file, status, "compared");
    fflush(stdout);
    if (!report_replay(stdout, t->file, report, cli_colour(stdout)))
        return CLI_OK;
    printf("  show with: xenreel show --from %" PRIu64 " --count %d %s\n",
           report_seq(report) > REPLAY_CONTEXT ?
           report_seq(report) - REPLAY_CONTEXT : 1, 2 * REPLAY_CONTEXT,
           t->file);
    return CLI_DIFFERENCES;
}

/* ---- talking ---- */

/* One message of the client's: false when there will be no more. */
static bool message(struct client_trace *t)
{
    struct stream_head head;
    struct hv_record rec;
    int rc = stream_receive(&t->in, &head, &rec);

    if (rc <= 0) {
        t->error = t->error ? t->error : rc;
        return false;
    }
    if (t->records && head.kind == STREAM_RECORD && !t->error)
        t->error = t->sink->put(t->sink, &rec);
    else if (t->causes && head.kind == STREAM_CAUSE && !t->error)
        t->error = causes_raised(t->causes, &rec.args.EVENT);
    else if (!t->records && head.kind == STREAM_NEXT)
        serve_records(t);
    else if (!t->records && head.kind == STREAM_TAKEN)
        taken(t);
    else if (!t->records && head.kind == STREAM_DIFFERS &&
             t->report.cause == REPLAY_SAME) {
        differs(t, &head, &rec);
        return true;            /* REC is kept */
    }
    hv_record_free(&rec);
    return true;
}

/* What has come, at least one: false when there will be no more. */
static bool messages(struct client_trace *t)
{
    do {
        if (!message(t))
            return false;
    } while (stream_has(&t->in));
    return true;
}

static void let_in(struct client_trace *t)
{
    t->in.fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
    close(t->listener);
    t->listener = -1;
    t->any = t->in.fd >= 0;
}

static bool has_ended(pid_t child)
{
    siginfo_t info = { .si_pid = 0 };

    return waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) ||
           info.si_pid;
}

/* Usually the socket says that the client is gone; but it may never have
 * opened one, or have left it to a child of its own. */
void client_trace_attend(struct client_trace *t, pid_t child)
{
    struct pollfd p = { .events = POLLIN };
    unsigned int patience = GRACE_MS / TICK_MS;
    bool open = true;

    t->child = child;
    while (open) {
        int n;

        p.fd = t->in.fd >= 0 ? t->in.fd : t->listener;
        n = poll(&p, 1, TICK_MS);
        if (n > 0 && t->in.fd < 0)
            let_in(t);
        else if (n > 0)
            open = messages(t);
        else if (has_ended(child))
            return;
        else if (t->report.cause != REPLAY_SAME && patience && !--patience)
            kill(child, SIGKILL);
    }
}

static int close_recording(struct client_trace *t, int status)
{
    int sealed, rc = causes_close(t->causes);

    t->causes = NULL;
    t->error = t->error ? t->error : rc;
    sealed = cli_finish(&t->recording, t->any);

    if (!t->any)
        return complain_of_nothing(t->recording.file, status, "recorded");
    if (t->error)
        return cli_fail(CLI_ENVIRONMENT, t->recording.file, "%s: the "
                        "recording is incomplete", strerror(-t->error));
    return sealed ? sealed : status;
}

int client_trace_close(struct client_trace *t, int status)
{
    if (t->records) {
        status = close_recording(t, status);
    } else {
        was_all(t);
        status = report_served(t, status);
    }
    free_trace(t);
    return status;
}
