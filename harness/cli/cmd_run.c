/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <inttypes.h>

#include "harness/cli/client.h"
#include "harness/cli/report.h"
#include "harness/cli/scenario.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    (void)arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    state->child_inputs[1] = NULL;
    return 0;
}

static int print_result(const struct scenario *s,
                        const struct replay_report *report)
{
    if (!report_replay(stdout, s->files.in, report, cli_colour(stdout)))
        return CLI_OK;
    if (s->xen.on)
        return CLI_DIFFERENCES;
    printf("  reproduce: xenreel run --seed %" PRIu64 " ", s->seed);
    cli_print_quirks(stdout, s->quirks);
    printf("%s%s%s%s\n",
           s->domain ? "--domain " : "", s->domain ? s->domain : "",
           s->domain ? " " : "", s->files.in);
    return CLI_DIFFERENCES;
}

int cmd_run(int argc, char **argv)
{
    static const struct argp_child children[] = {
        { &scenario_argp, 0, NULL, 0 },
        { &client_argp, 0, "For a command:", 1 }, { 0 }
    };
    static const struct argp argp = {
        NULL, parse, "SCENARIO\n-- COMMAND [ARGUMENT...]",
        "Run a scenario, a text trace with the answers it expects, on the "
        "model or a real Xen, up to the first answer that differs; or "
        "COMMAND, a client of Xen's, unchanged, whose devices are the "
        "model's.\v"
        CLI_EXIT_DOC " A command's own exit status is passed on.",
        children, NULL, NULL
    };
    struct scenario s = { { .what = "scenario" }, .domain = NULL };
    struct scenario_list list = { NULL, 0, 0 };
    struct replay_report report;
    int status;

    if (client_wanted(argc, argv))
        return client_run(argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    status = scenario_load(&s, &list);
    if (status)
        return status;
    status = scenario_run(&s, &list, &report);
    if (!status) {
        status = print_result(&s, &report);
        replay_report_free(&report);
    }
    scenario_free(&list);
    return status;
}
