/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <inttypes.h>

#include "harness/cli/report.h"
#include "harness/cli/scenario.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const struct scenario *s = state->input;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->input;
        break;
    case ARGP_KEY_END:
        if (s->files.in && !s->files.out)
            argp_error(state, "no trace to make: -o TRACE");
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
        { &scenario_argp, 0, NULL, 0 }, { 0 }
    };
    static const struct argp argp = {
        NULL, parse, "-o TRACE SCENARIO",
        "Run a scenario on the model whatever answers it expects, and record "
        "those that it gets: events that come are put in, events that do not "
        "come are left out.  \"xenreel show\" makes a scenario of it.\v"
        CLI_EXIT_DOC, children, NULL, NULL
    };
    struct scenario s = { { .what = "scenario" }, .domain = NULL };
    struct scenario_list list = { NULL, 0, 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &s);
    status = scenario_load(&s, &list);
    if (status)
        return status;
    status = record(&s, &list);
    scenario_free(&list);
    return status;
}
