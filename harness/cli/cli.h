/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: one file per subcommand, dispatched by main.c. */
#ifndef XENREEL_CLI_H
#define XENREEL_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "traces/trace.h"

/* Exit statuses; where several apply, the largest. */
enum cli_exit {
    CLI_OK = 0,             /* as expected */
    CLI_DIFFERENCES = 1,    /* the comparison found some */
    CLI_USAGE = 2,          /* the command line is wrong */
    CLI_INPUT = 3,          /* an input is unreadable or unsuited */
    CLI_ENVIRONMENT = 4,    /* the machine: no space, memory, permission */
};

/* The end of every command's --help. */
#define CLI_EXIT_DOC \
    "Exit status: 0 as expected, 1 differences found, 2 wrong usage, " \
    "3 an input is unreadable or unsuited, 4 the environment does not " \
    "allow it."

/* Subcommands.  ARGV[0] is "xenreel NAME".  They return an exit status;
 * argp itself exits with CLI_USAGE, or CLI_OK behind --help. */
int cmd_run(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_recover(int argc, char **argv);

/* Print "xenreel: FILE: MESSAGE" (no FILE when NULL) to stderr; the message
 * says what is wrong, then what to do next.  Returns STATUS. */
int cli_fail(enum cli_exit status, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for RC (-Exxx) of a call that filled ERR, about FILE.  Returns
 * CLI_INPUT, or CLI_ENVIRONMENT when RC blames the machine. */
int cli_fail_trace(const char *file, int rc, const struct trace_error *err);

/* Open a trace for reading: CLI_OK and *reader, or it has complained. */
int cli_open(const char *file, struct trace_reader **reader);

/* Start recording into FILE, as BACKEND's.  CLI_OK and *writer, or it has
 * complained. */
int cli_create(const char *file, const char *backend, const char *source,
               uint64_t seed, bool force, struct trace_writer **writer);
/* End it: seal, or when KEEP is false remove what there is.  CLI_OK, or it
 * has complained. */
int cli_finish(const char *file, struct trace_writer *writer, bool keep);

/* The number in ARG of the option or argument NAME; otherwise argp_error,
 * which does not return. */
uint64_t cli_number(const struct argp_state *state, const char *name,
                    const char *arg);

/* True when colours belong on OUT. */
bool cli_colour(FILE *out);

/* Show how far a long command is, on stderr if that is a terminal; a NULL
 * WHAT removes it. */
void cli_progress(const char *what, uint64_t done, uint64_t total);

#endif
