/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <inttypes.h>

#include "harness/cli/client.h"
#include "harness/cli/live.h"
#include "harness/cli/report.h"
#include "harness/cli/scenario.h"

struct record {
    struct scenario s;
    struct cli_live live;
};

/* A number is a domain that runs; a file of that name is "./1". */
static void check(const struct argp_state *state, const struct record *r)
{
    bool live = cli_live_names(r->s.domain);

    if (!r->s.files.out && !r->live.release)
        argp_error(state, "no trace to make: -o TRACE");
    if (live && (r->s.xen.on || r->s.seed))
        argp_error(state, "--xen, --seed: with a scenario only");
    if (!live && r->live.option)
        argp_error(state, "%s: with --domain ID, a domain that runs",
                   r->live.option);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct record *r = state->input;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &r->s;
        state->child_inputs[1] = &r->live;
        break;
    case ARGP_KEY_ARG:
        if (cli_live_names(r->s.domain))
            argp_error(state, "a domain that runs, or a scenario");
        return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_END:
        check(state, r);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The trace has more records than the scenario: waits, for one. */
static int print_made(const struct scenario *s, uint64_t events)
{
    struct trace_reader *reader;
    int status = cli_open(s->files.out, &reader);

    if (status)
        return status;
    printf("%s: %" PRIu64 " records, %" PRIu64 " events\n", s->files.out,
           trace_count(reader), events);
    trace_close(reader);
    return CLI_OK;
}

static int record(const struct scenario *s, struct scenario_list *list)
{
    struct replay_report report;
    int status = cli_check_output(&s->files);

    if (!status)
        status = scenario_learn(s, list);
    cli_progress(NULL, 0, 0);
    if (!status)
        status = scenario_run(s, list, &report);
    if (status)
        return status;
    /* On a real Xen an event may be left that the scenario did not expect. */
    if (report.cause == REPLAY_SAME || s->xen.on)
        status = print_made(s, report.events);
    else
        status = cli_fail(CLI_INPUT, s->files.out, "recording changed what the "
                          "model answers at record #%" PRIu64 ": please "
                          "report this", report_seq(&report));
    replay_report_free(&report);
    return status;
}

int cmd_record(int argc, char **argv)
{
    static const struct argp_child children[] = {
        { &scenario_argp, 0, NULL, 0 },
        { &cli_live_argp, 0, "For a domain that runs:", 3 }, { 0 }
    };
    static const struct argp argp = {
        NULL, parse, "-o TRACE SCENARIO\n-o TRACE --domain ID\n"
        "-o TRACE -- COMMAND [ARGUMENT...]",
        "Run a scenario on the model whatever answers it expects, and record "
        "those that it gets: events that come are put in, events that do not "
        "come are left out.  \"xenreel show\" makes a scenario of it.  Or "
        "attach to domain ID of this machine's Xen as its monitor and record "
        "what it does, until Ctrl-C.  Or record what COMMAND, a client of "
        "Xen's, does on this machine's Xen, and sees; of the options only "
        "--output and --force are for that.\v"
        CLI_EXIT_DOC, children, NULL, NULL
    };
    struct record r = { .s = { .files = { .what = "scenario" } } };
    struct scenario_list list = { NULL, 0, 0 };
    int status;

    if (client_wanted(argc, argv))
        return client_record(argc, argv);
    r.s.may_live = true;
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    if (cli_live_names(r.s.domain))
        return cli_live_record(&r.live, r.s.domain, &r.s.files);
    status = scenario_load(&r.s, &list);
    if (status)
        return status;
    status = record(&r.s, &list);
    scenario_free(&list);
    return status;
}
