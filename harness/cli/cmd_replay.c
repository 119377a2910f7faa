/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cli/client.h"
#include "harness/cli/report.h"
#include "harness/cli/xen.h"
#include "sim/sim.h"

#define PROGRESS_EVERY  4096    /* records */

/* One trace's replay.  Jobs are processes, so this is shared memory, and a
 * trace that brings the model down does not take the others with it. */
struct job {
    const char *file;
    const struct cli_xen *xen;
    uint16_t quirks;
    FILE *out;          /* what it prints, until its turn comes */
    pid_t pid;
    int status;
    bool alone;         /* no other job runs: it may show its progress */
    bool replayed;
    bool differs;
    uint64_t records;
    uint64_t known;
};

struct replay {
    char **files;
    unsigned int nr_files;
    unsigned int jobs;
    uint16_t quirks;
    struct cli_xen xen;
};

static const struct argp_option options[] = {
    { "jobs", 'j', "N", 0, "Replay N traces at a time (default: the number "
      "of processors)", 0 },
    CLI_QUIRK_OPTION,
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct replay *replay = state->input;
    uint64_t n;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &replay->xen;
        break;
    case 'j':
        n = cli_number(state, "--jobs", arg);
        if (n < 1 || n > 1024)
            argp_error(state, "--jobs: 1 to 1024, not '%s'", arg);
        replay->jobs = n;
        break;
    case CLI_OPT_QUIRK:
        replay->quirks |= cli_quirk(state, arg);
        break;
    case ARGP_KEY_END:
        if (replay->quirks && replay->xen.on)
            argp_error(state, "--quirk: with the model only");
        break;
    case ARGP_KEY_ARGS:
        replay->files = state->argv + state->next;
        replay->nr_files = state->argc - state->next;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no trace given");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The commands that show the difference again. */
static void print_commands(const struct job *job, uint64_t seq)
{
    char *path = realpath(job->file, NULL);
    const char *file = path ? path : job->file;
    uint64_t from = seq > REPLAY_CONTEXT ? seq - REPLAY_CONTEXT : 1;

    fprintf(job->out, "  reproduce: xenreel replay ");
    cli_print_quirks(job->out, job->quirks);
    fprintf(job->out, "%s\n", file);
    fprintf(job->out, "  show with: xenreel show --from %" PRIu64
            " --count %d %s\n", from, 2 * REPLAY_CONTEXT, file);
    free(path);
}

static void report(struct job *job, const struct replay_report *report)
{
    job->replayed = true;
    job->records = report->records;
    job->known = report->known;
    job->differs = report_replay(job->out, job->file, report,
                                 cli_colour(stdout));
    if (job->differs)
        print_commands(job, report_seq(report));
}

/* A trace's source that shows how far the replay is. */
struct watched {
    struct hv_source source;    /* first: a source is cast to it */
    struct trace_reader *reader;
    bool show;
};

static int watched_next(struct hv_source *source, struct hv_record *rec)
{
    struct watched *w = (struct watched *)source;
    int rc = trace_next(w->reader, rec);

    if (w->show && rc > 0 && rec->seq % PROGRESS_EVERY == 0)
        cli_progress("replaying record", rec->seq, trace_count(w->reader));
    return rc;
}

static int open_machine(const struct job *job, const struct trace_meta *meta,
                        struct hv **hv)
{
    struct sim_config config = { .seed = meta->seed, .quirks = job->quirks };

    if (job->xen->on)
        return cli_xen_open(job->xen, job->file, hv);
    *hv = sim_open(&config);
    return *hv ? CLI_OK : cli_fail(CLI_ENVIRONMENT, job->file,
                                   "out of memory");
}

static int replay_reader(struct job *job, struct trace_reader *reader)
{
    struct watched watched = { { watched_next }, reader, job->alone };
    struct replay_report result;
    struct hv *hv;
    int rc = open_machine(job, trace_meta(reader), &hv);

    if (rc)
        return rc;
    memset(&result, 0, sizeof(result));
    rc = replay_run(hv, &watched.source, &result);
    hv_close(hv);
    if (job->alone)
        cli_progress(NULL, 0, 0);
    if (!rc)
        report(job, &result);
    replay_report_free(&result);
    if (rc)
        return cli_fail_trace(job->file, rc, trace_last_error(reader));
    return job->differs ? CLI_DIFFERENCES : CLI_OK;
}

static void replay_file(struct job *job)
{
    struct trace_reader *reader;

    job->status = cli_open(job->file, &reader);
    if (job->status)
        return;
    job->status = replay_reader(job, reader);
    trace_close(reader);
}

/* Start JOB in a process of its own; in this one when that is impossible. */
static void start(struct job *job)
{
    FILE *out = tmpfile();
    pid_t pid = -1;     /* each process its own: JOB is shared */

    fflush(stdout);
    fflush(stderr);
    if (out) {
        job->out = out;
        pid = fork();
    }
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        replay_file(job);
        _exit(fflush(job->out) ? CLI_ENVIRONMENT : 0);
    }
    if (pid < 0)
        replay_file(job);
    else
        job->pid = pid;
}

static void finish(struct job *job)
{
    char buffer[4096];
    size_t n;
    int ws = 0;

    if (job->pid > 0) {
        while (waitpid(job->pid, &ws, 0) < 0 && errno == EINTR)
            ;
        if (WIFSIGNALED(ws))
            job->status = cli_fail(CLI_ENVIRONMENT, job->file, "the replay "
                                   "was killed by signal %d (%s)",
                                   WTERMSIG(ws), strsignal(WTERMSIG(ws)));
        else if (WEXITSTATUS(ws))
            job->status = cli_fail(CLI_ENVIRONMENT, job->file, "the replay "
                                   "ended with status %d", WEXITSTATUS(ws));
    }
    cli_progress(NULL, 0, 0);
    if (job->out == stdout)
        return;
    rewind(job->out);
    while ((n = fread(buffer, 1, sizeof(buffer), job->out)) > 0)
        fwrite(buffer, 1, n, stdout);
    fflush(stdout);
    fclose(job->out);
}

/* A window of processes over the traces; output in the order given. */
static void run_jobs(struct job *jobs, const struct replay *replay)
{
    unsigned int started = 0;

    for (unsigned int i = 0; i < replay->nr_files; i++) {
        while (started < replay->nr_files && started < i + replay->jobs)
            start(&jobs[started++]);
        cli_progress("replaying", i, replay->nr_files);
        finish(&jobs[i]);
    }
}

static int print_total(struct job *jobs, unsigned int nr)
{
    uint64_t traces = 0, records = 0, differences = 0, known = 0;
    int status = CLI_OK;

    for (unsigned int i = 0; i < nr; i++) {
        traces += jobs[i].replayed;
        records += jobs[i].records;
        differences += jobs[i].differs;
        known += jobs[i].known;
        if (!jobs[i].replayed && !jobs[i].status)
            jobs[i].status = cli_fail(CLI_ENVIRONMENT, jobs[i].file,
                                      "its replay was lost");
        if (jobs[i].status > status)
            status = jobs[i].status;
    }
    printf("replayed %" PRIu64 " traces, %" PRIu64 " records: %" PRIu64
           " differences", traces, records, differences);
    if (known)
        printf(", %" PRIu64 " known deviations", known);
    putchar('\n');
    return status;
}

static int replay_all(struct replay *replay)
{
    size_t size = replay->nr_files * sizeof(struct job);
    struct job *jobs;
    int status;

    jobs = mmap(NULL, size, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (jobs == MAP_FAILED)
        return cli_fail(CLI_ENVIRONMENT, NULL, "%s", strerror(errno));
    for (unsigned int i = 0; i < replay->nr_files; i++) {
        jobs[i].file = replay->files[i];
        jobs[i].xen = &replay->xen;
        jobs[i].quirks = replay->quirks;
        jobs[i].out = stdout;
    }
    /* There is one Xen. */
    if (replay->jobs > 1 && replay->nr_files > 1 && !replay->xen.on) {
        run_jobs(jobs, replay);
    } else {
        for (unsigned int i = 0; i < replay->nr_files; i++) {
            jobs[i].alone = true;
            replay_file(&jobs[i]);
        }
    }
    status = print_total(jobs, replay->nr_files);
    munmap(jobs, size);
    return status;
}

int cmd_replay(int argc, char **argv)
{
    static const struct argp_child children[] = {
        { &cli_xen_argp, 0, "On a real Xen:", 2 }, { 0 }
    };
    static const struct argp argp = {
        options, parse, "TRACE...",
        "Replay each trace against a model of its own or a real Xen, up to "
        "its first difference, which is printed field by field.\v"
        CLI_EXIT_DOC, children, NULL, NULL
    };
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    struct replay replay = { .jobs = online > 0 ? online : 1 };

    if (client_wanted(argc, argv))
        return client_replay(argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &replay);
    return replay_all(&replay);
}
