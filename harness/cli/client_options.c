/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a client that is run. */
#include "harness/cli/client_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option common_options[] = {
    { "domain", 'd', "CFG", 0, "A domain as xl.cfg(5) describes it; the "
      "first is domain 1, the next 2, ... (default: PVH, 16 MB, one vCPU)",
      0 },
    { "seed", 's', "N", 0, "Draw the order of vCPUs from seed N (default: 0, "
      "one after the other)", 0 },
    { "output", 'o', "TRACE", 0, "Record all that the client does and sees",
      0 },
    { "force", 'f', NULL, 0, "Replace TRACE when it exists", 0 },
    { 0 }
};

static const struct argp_option record_options[] = {
    { "output", 'o', "TRACE", 0, "The trace to make", 0 },
    { "force", 'f', NULL, 0, "Replace TRACE when it exists", 0 },
    { 0 }
};

static const struct argp_option options[] = {
    { "program", 'p', "SCENARIO", 0, "What the guests do: guest.* lines, and "
      "calls that prepare their memory (default: eight rounds of a write, "
      "CPUID, INT3, ICEBP, SGDT, SIDT and CR4 toggles)", 0 },
    { "loops", 'l', "N", 0, "Run the program N times (default: 1)", 0 },
    { "seeds", 'S', "A..B", 0, "Run the command once with each seed from A "
      "to B, without input, and print how often each outcome came: exit "
      "status and a hash of all output, with the first seed that gave it",
      0 },
    { "at-end", 'e', "WHAT", 0, "When the program is over: \"signal\" sends "
      "the client SIGTERM (default), \"shutdown\" powers the guests off, "
      "\"destroy\" has the toolstack destroy them then, \"wait\" does "
      "nothing", 0 },
    { "xen-version", 'x', "4.N", 0, "The release of Xen that the client "
      "sees, 4.6 to 4.22 (default: as built)", 0 },
    { "vm-event-abi", 'v', "N", 0, "The layout of events, 1 to 7 (default: "
      "the release's)", 0 },
    { "real-time", 'r', NULL, 0, "The client reads the machine's clocks "
      "(default: one that stands still but for its waits)", 0 },
    { 0 }
};

static void parse_seeds(struct client *c, const struct argp_state *state,
                        const char *arg)
{
    char *end;

    errno = 0;
    c->seed = strtoull(arg, &end, 0);
    if (end == arg || *arg == '-' || strncmp(end, "..", 2) ||
        end[2] < '0' || end[2] > '9')
        argp_error(state, "--seeds: '%s' is not A..B", arg);
    c->last_seed = strtoull(end + 2, &end, 0);
    if (*end || errno || c->last_seed < c->seed)
        argp_error(state, "--seeds: '%s' is not A..B", arg);
    c->many = true;
}

static void parse_at_end(struct client *c, const struct argp_state *state,
                         const char *arg)
{
    if (strcmp(arg, "signal") && strcmp(arg, "shutdown") &&
        strcmp(arg, "destroy") && strcmp(arg, "wait"))
        argp_error(state, "--at-end: \"signal\", \"shutdown\", \"destroy\" or "
                   "\"wait\", not '%s'", arg);
    c->at_end = arg;
}

static void parse_xen_version(struct client *c,
                              const struct argp_state *state, const char *arg)
{
    char *end;
    unsigned long minor = strncmp(arg, "4.", 2) ? 0 :
                          strtoul(arg + 2, &end, 10);

    if (minor < 6 || minor > 22 || *end)
        argp_error(state, "--xen-version: '%s' is not 4.6, the first with "
                   "vm_event, to 4.22, the last that is known", arg);
    c->xen_version = arg;
}

static void parse_vm_event_abi(struct client *c,
                               const struct argp_state *state,
                               const char *arg)
{
    if (*arg < '1' || *arg > '7' || arg[1])
        argp_error(state, "--vm-event-abi: '%s' is not 1 to 7", arg);
    c->vm_event_abi = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct client *c = state->input;

    if (!arg && key != 'r')
        return ARGP_ERR_UNKNOWN;
    if (!c)
        argp_error(state, "-%c: only with -- COMMAND", key);
    switch (key) {
    case 'p':
        c->program = arg;
        break;
    case 'l':
        c->loops = cli_number(state, "--loops", arg);
        break;
    case 'S':
        parse_seeds(c, state, arg);
        break;
    case 'e':
        parse_at_end(c, state, arg);
        break;
    case 'x':
        parse_xen_version(c, state, arg);
        break;
    case 'r':
        c->real_time = true;
        break;
    case 'v':
        parse_vm_event_abi(c, state, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp client_argp = { .options = options, .parser = parse };

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct client *c = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = c;
        break;
    case 'd':
        if (c->nr_domains == MAX_DOMAINS)
            argp_error(state, "--domain: at most %d", MAX_DOMAINS);
        c->domain[c->nr_domains++] = arg;
        break;
    case 's':
        c->seed = cli_number(state, "--seed", arg);
        c->many = false;
        break;
    case 'o':
        c->files.out = arg;
        break;
    case 'f':
        c->files.force = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "a scenario or a command, not both: '%s'", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

void client_parse(int argc, char **argv, struct client *c)
{
    static const struct argp_child children[] = {
        { &client_argp, 0, NULL, 0 }, { 0 }
    };
    static const struct argp argp = {
        common_options, parse_common, "-- COMMAND [ARGUMENT...]",
        "Run COMMAND, a client of Xen's, unchanged, on the model.\v"
        "Exit status: the command's; with --seeds, the largest.",
        children, NULL, NULL
    };

    argp_parse(&argp, argc, argv, 0, NULL, c);
}

static error_t parse_record(int key, char *arg, struct argp_state *state)
{
    const struct client *c = state->input;

    if (key == ARGP_KEY_INIT)
        return 0;
    if (key == ARGP_KEY_END && !c->files.out)
        argp_error(state, "no trace to make: -o TRACE");
    return parse_common(key, arg, state);
}

void client_parse_record(int argc, char **argv, struct client *c)
{
    static const struct argp argp = {
        record_options, parse_record, "-o TRACE -- COMMAND [ARGUMENT...]",
        "Record what COMMAND, a client of Xen's, unchanged, does on the real "
        "Xen of this machine.\v"
        CLI_EXIT_DOC " A command's own exit status is passed on.",
        NULL, NULL, NULL
    };

    argp_parse(&argp, argc, argv, 0, NULL, c);
}
