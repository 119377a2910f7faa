/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/live.h"
#include "harness/cli/report.h"
#include "harness/recorder.h"
#include "sim/sim.h"
#include "traces/text.h"

#define DOMAIN      1
#define DEFAULT_MB  16

static const struct argp_option options[] = {
    { "domain", 'd', "CFG", 0, "Domain 1 as xl.cfg(5) describes it (default: "
      "PVH, 16 MB, one vCPU, unless the scenario creates its own)", 0 },
    { "seed", 's', "N", 0, "Draw the order of vCPUs from seed N (default: 0, "
      "one after the other)", 0 },
    CLI_QUIRK_OPTION,
    { "output", 'o', "TRACE", 0, "Record what happens", 0 },
    { "force", 'f', NULL, 0, "Replace TRACE when it exists", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct scenario *s = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &s->xen;
        break;
    case ARGP_KEY_NO_ARGS:
        if (!strcmp(state->argv[state->argc - 1], "--"))
            argp_error(state, "the command behind -- is missing");
        if (s->may_live && cli_live_names(s->domain))
            break;
        if (s->may_live && s->domain)
            argp_error(state, "no scenario given; a running domain is named "
                       "by its id (\"xl list\"), not '%s'", s->domain);
        return cli_parse_files(key, arg, state);
    case ARGP_KEY_END:
        if ((s->seed || s->quirks) && s->xen.on)
            argp_error(state, "--seed, --quirk: with the model only");
        break;
    case CLI_OPT_QUIRK:
        s->quirks |= cli_quirk(state, arg);
        break;
    case 'd':
        if (s->domain)
            argp_error(state, "--domain: one; others are domain.create "
                       "records of the scenario");
        s->domain = arg;
        break;
    case 's':
        s->seed = cli_number(state, "--seed", arg);
        break;
    default:
        return cli_parse_files(key, arg, state);
    }
    return 0;
}

static const struct argp_child children[] = {
    { &cli_xen_argp, 0, "On a real Xen:", 2 }, { 0 }
};

const struct argp scenario_argp = {
    .options = options, .parser = parse, .children = children
};

/* Make room for one more record at AT; NULL when out of memory. */
static struct hv_record *insert(struct scenario_list *list, size_t at)
{
    if (list->nr == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct hv_record *rec = reallocarray(list->rec, room, sizeof(*rec));

        if (!rec)
            return NULL;
        list->rec = rec;
        list->room = room;
    }
    memmove(&list->rec[at + 1], &list->rec[at],
            (list->nr - at) * sizeof(*list->rec));
    list->nr++;
    memset(&list->rec[at], 0, sizeof(*list->rec));
    return &list->rec[at];
}

static void erase(struct scenario_list *list, size_t at)
{
    hv_record_free(&list->rec[at]);
    list->nr--;
    memmove(&list->rec[at], &list->rec[at + 1],
            (list->nr - at) * sizeof(*list->rec));
}

/* A copy of REC into place AT, which insert made. */
static int set(struct hv_record *at, const struct hv_record *rec)
{
    int rc = at ? hv_record_copy(at, rec) : -ENOMEM;

    if (rc && at)
        memset(at, 0, sizeof(*at));
    return rc;
}

void scenario_free(struct scenario_list *list)
{
    for (size_t i = 0; i < list->nr; i++)
        hv_record_free(&list->rec[i]);
    free(list->rec);
    memset(list, 0, sizeof(*list));
}

struct list_sink {
    struct hv_sink sink;
    struct scenario_list *list;
};

static int sink_put(struct hv_sink *sink, const struct hv_record *rec)
{
    struct scenario_list *list = ((struct list_sink *)sink)->list;

    return set(insert(list, list->nr), rec);
}

static bool creates_domain(const struct scenario_list *list)
{
    for (size_t i = 0; i < list->nr; i++) {
        if (list->rec[i].op != OP_NOTE)
            return list->rec[i].op == OP_DOMAIN_CREATE;
    }
    return false;
}

static int create_domain(const struct scenario *s, struct scenario_list *list)
{
    struct hv_record rec = { .op = OP_DOMAIN_CREATE };
    int status = CLI_OK;

    if (creates_domain(list)) {
        if (!s->domain)
            return CLI_OK;
        return cli_fail(CLI_INPUT, s->files.in, "it begins with a "
                        "domain.create of its own: leave out --domain, or "
                        "that line");
    }
    hv_op_init(OP_DOMAIN_CREATE, &rec.args);
    if (!s->domain)
        sim_default_domain(&rec.args.DOMAIN_CREATE, DOMAIN, DEFAULT_MB, 1);
    else
        status = cli_check_input(&s->files, s->domain);
    if (!status && s->domain)
        status = domain_config(s->domain, DOMAIN, &rec.args.DOMAIN_CREATE,
                               NULL);
    if (!status && set(insert(list, 0), &rec))
        status = cli_fail(CLI_ENVIRONMENT, s->files.in, "out of memory");
    return status;
}

/* What --quirk says is in the trace, too. */
static void set_quirks(const struct scenario *s, struct scenario_list *list)
{
    for (size_t i = 0; i < list->nr; i++) {
        if (list->rec[i].op == OP_DOMAIN_CREATE)
            list->rec[i].args.DOMAIN_CREATE.quirks |= s->quirks;
    }
}

int scenario_load(const struct scenario *s, struct scenario_list *list)
{
    struct list_sink sink = { { sink_put }, list };
    struct trace_error err = { "" };
    FILE *in = fopen(s->files.in, "r");
    int rc, status;

    if (!in)
        return cli_fail(CLI_INPUT, s->files.in, "%s", strerror(errno));
    rc = text_read(in, s->files.in, &sink.sink, &err);
    fclose(in);
    if (rc)
        status = cli_fail_trace(s->files.in, rc, &err);
    else if (!list->nr)
        status = cli_fail(CLI_INPUT, s->files.in, "there is no record in it: "
                          "nothing to run");
    else
        status = create_domain(s, list);
    set_quirks(s, list);
    if (status)
        scenario_free(list);
    return status;
}

/* The list as a replay's source.  Notes never reach the recorder, so they
 * are recorded from here. */
struct list_source {
    struct hv_source source;
    const struct scenario_list *list;
    struct hv_sink *notes;
    size_t next;
};

static int source_next(struct hv_source *source, struct hv_record *rec)
{
    struct list_source *s = (struct list_source *)source;

    if (cli_interrupted())
        return -EINTR;
    if (s->next == s->list->nr)
        return 0;
    *rec = s->list->rec[s->next++];
    rec->seq = s->next;
    if (s->notes && rec->op == OP_NOTE) {
        int rc = s->notes->put(s->notes, rec);

        if (rc)
            return rc;
    }
    return 1;
}

static int open_machine(const struct scenario *s, struct hv **hv)
{
    struct sim_config config = { .seed = s->seed };

    if (s->xen.on)
        return cli_xen_open(&s->xen, s->files.in, hv);
    *hv = sim_open(&config);
    return *hv ? CLI_OK : cli_fail(CLI_ENVIRONMENT, s->files.in,
                                   "out of memory");
}

/* Run LIST on HV, which is closed, recording into SINK if there is one. */
static int run_into(const struct scenario *s, const struct scenario_list *list,
                    struct hv *hv, struct hv_sink *sink,
                    struct replay_report *report)
{
    struct list_source source = { { source_next }, list, sink, 0 };
    struct hv *wrapped = sink ? recorder_open(hv, sink) : hv;
    int rc, bad = 0;

    memset(report, 0, sizeof(*report));
    if (!wrapped) {
        hv_close(hv);
        return cli_fail(CLI_ENVIRONMENT, s->files.in, "out of memory");
    }
    rc = replay_run(wrapped, &source.source, report);
    if (sink)
        bad = recorder_error(wrapped);
    hv_close(wrapped);
    if (!rc && !bad)
        return CLI_OK;
    replay_report_free(report);
    if (rc == -EINTR || bad == -EINTR)  /* cli_finish will say it */
        return CLI_ENVIRONMENT;
    if (bad)
        return cli_fail(CLI_ENVIRONMENT, s->files.out, "%s: the recording is "
                        "incomplete", strerror(-bad));
    return cli_fail(CLI_INPUT, s->files.in, "%s", strerror(-rc));
}

static int create(const struct scenario *s, struct hv *hv,
                  struct cli_recording *recording)
{
    char release[XEN_RELEASE];

    if (!s->xen.on)
        return cli_create(recording, &s->files, hv->name, s->seed);
    xen_release(hv, release);
    return cli_create_of(recording, &s->files, hv->name, release, 0);
}

int scenario_run(const struct scenario *s, const struct scenario_list *list,
                 struct replay_report *report)
{
    struct cli_recording recording;
    struct hv *hv;
    int status, sealed;

    memset(report, 0, sizeof(*report));
    status = open_machine(s, &hv);
    if (status)
        return status;
    if (!s->files.out)
        return run_into(s, list, hv, NULL, report);
    status = create(s, hv, &recording);
    if (status) {
        hv_close(hv);
        return status;
    }
    status = run_into(s, list, hv, &recording.sink, report);
    sealed = cli_finish(&recording, !status);
    if (!status && sealed)
        replay_report_free(report);
    return status ? status : sealed;
}

/* Mend LIST by the difference that a run found: 0, -ENOMEM, or -EINVAL when
 * there is nothing to mend (a response without a ring). */
static int mend(struct scenario_list *list, const struct replay_report *report)
{
    size_t at = report_seq(report) - 1;
    struct hv_record copy;
    int rc;

    switch (report->cause) {
    case REPLAY_RESULT:
    case REPLAY_FIELD:
        if (at >= list->nr)
            return -EINVAL;
        rc = hv_record_copy(&copy, &report->actual);
        if (rc)
            return rc;
        hv_record_free(&list->rec[at]);
        list->rec[at] = copy;
        return 0;
    case REPLAY_NO_EVENT:
        if (at >= list->nr)
            return -EINVAL;
        erase(list, at);
        return 0;
    case REPLAY_EXTRA_EVENT:
        if (at > list->nr)
            at = list->nr;
        return set(insert(list, at), &report->actual);
    default:
        return -EINVAL;
    }
}

/* A recording goes on behind a difference that is known. */
static int accept_all(struct scenario_list *list)
{
    for (size_t i = 0; i < list->nr; i++)
        list->rec[i].flags |= RECORD_KNOWN;
    return CLI_OK;
}

int scenario_learn(const struct scenario *s, struct scenario_list *list)
{
    /* Each turn settles a record for good, or takes or gives an event. */
    uint64_t limit = 4 * (uint64_t)list->nr + 4096;
    struct scenario quiet = *s;

    quiet.files.out = NULL;
    if (s->xen.on)
        return accept_all(list);
    for (uint64_t turn = 0; turn < limit; turn++) {
        struct replay_report report;
        uint64_t seq;
        int rc = scenario_run(&quiet, list, &report);

        if (rc)
            return rc;
        if (report.cause == REPLAY_SAME) {
            replay_report_free(&report);
            return CLI_OK;
        }
        seq = report_seq(&report);
        rc = mend(list, &report);
        replay_report_free(&report);
        if (rc == -EINVAL)
            return cli_fail(CLI_INPUT, s->files.in, "record %" PRIu64 ": ring "
                            "traffic, but no ring: put monitor.enable in "
                            "front of it", seq);
        if (rc)
            return cli_fail(CLI_ENVIRONMENT, s->files.in, "%s", strerror(-rc));
        cli_progress("learning", seq, list->nr);
    }
    return cli_fail(CLI_INPUT, s->files.in, "its answers never settle: "
                    "split it");
}
