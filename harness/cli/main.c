/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "run", cmd_run, "run a scenario, or a client of Xen, on the model" },
    { "record", cmd_record, "record a scenario, a running domain or a client" },
    { "replay", cmd_replay, "replay traces against the model" },
    { "show", cmd_show, "print a trace as text" },
    { "diff", cmd_diff, "show where two traces part" },
    { "info", cmd_info, "say what a trace is and what is in it" },
    { "import", cmd_import, "make a trace of a text or an oracle log" },
    { "export", cmd_export, "turn a trace into json, csv or text" },
    { "recover", cmd_recover, "seal the trace of a recorder that crashed" },
    { NULL, NULL, NULL }
};

static const struct command *find(const char *name)
{
    for (const struct command *c = commands; c->name; c++) {
        if (!strcmp(c->name, name))
            return c;
    }
    return NULL;
}

static void help(FILE *out)
{
    fprintf(out, "Usage: xenreel COMMAND [OPTION...] [FILE...]\n"
            "Run, record and replay Xen introspection without Xen.\n\n");
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-9s %s\n", c->name, c->what);
    fprintf(out, "\n\"xenreel COMMAND --help\" has a command's options; "
            "xenreel(1) the whole.\n%s\n",
            "Exit status: 0 as expected, 1 differences found, 2 wrong usage,\n"
            "3 an input is unreadable or unsuited, 4 the environment does "
            "not allow it.");
}

static int run(const struct command *command, int argc, char **argv)
{
    char *name;
    int status;

    if (asprintf(&name, "xenreel %s", command->name) < 0)
        return cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
    argv[0] = name;
    status = command->run(argc, argv);
    free(name);
    return status;
}

static int dispatch(int argc, char **argv)
{
    static char option[] = "--help";
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);

    if (command)
        return run(command, argc - 1, argv + 1);
    if (!strcmp(name, "help") && argc > 2 && find(argv[2])) {
        char *args[] = { NULL, option, NULL };

        return run(find(argv[2]), 2, args);
    }
    if (!strcmp(name, "--help") || !strcmp(name, "help") ||
        !strcmp(name, "-h")) {
        help(stdout);
        return CLI_OK;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts(argp_program_version);
        return CLI_OK;
    }
    if (argc < 2)
        return cli_fail(CLI_USAGE, NULL, "no command: \"xenreel --help\" "
                        "lists them");
    return cli_fail(CLI_USAGE, NULL, "no command '%s': \"xenreel --help\" "
                    "lists them", name);
}

/* argp ends the program itself behind --help. */
static void at_exit(void)
{
    if (cli_flush())
        _exit(CLI_ENVIRONMENT);
}

/* A standard descriptor that is closed stays one that cannot be used: a file
 * of ours that got its number would be mixed up with it. */
static void keep_standard(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    keep_standard();
    argp_program_version = "xenreel " XENREEL_VERSION;
    argp_err_exit_status = CLI_USAGE;
    atexit(at_exit);
    return dispatch(argc, argv);
}
