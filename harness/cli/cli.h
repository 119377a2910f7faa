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

/* Complain when standard output could not be written.  CLI_OK, or it has
 * complained, now or before. */
int cli_flush(void);

/* Open a trace for reading: CLI_OK and *reader, or it has complained.  It
 * says so when the trace is not sealed. */
int cli_open(const char *file, struct trace_reader **reader);

/* The files that a command line names: one to read, one to write. */
struct cli_files {
    const char *what;   /* "trace": what .in is, for people */
    const char *in;
    const char *out;    /* --output, or NULL */
    bool force;         /* replace .out */
};

/* An argp parser of .in, --output and --force, whose input is a struct
 * cli_files, or begins with one; also the last part of other parsers. */
error_t cli_parse_files(int key, char *arg, struct argp_state *state);

/* May FILES->out be written?  Not when it has no name, is .in or no regular
 * file, or exists and no --force was given.  CLI_OK, or it has complained. */
int cli_check_output(const struct cli_files *files);
/* Is IN, which is read too, neither FILES->out nor its .partial?  CLI_OK, or
 * it has complained.  There may be no .out. */
int cli_check_input(const struct cli_files *files, const char *in);

/* A trace being made. */
struct cli_recording {
    struct hv_sink sink;        /* first: a sink is cast to its recording */
    const char *file;
    struct trace_writer *writer;
    uint64_t records;
};

/* Start recording into FILES->out, as BACKEND's.  CLI_OK, or it has
 * complained.  From here to the end a SIGINT, SIGTERM or SIGHUP makes the
 * sink answer -EINTR. */
int cli_create(struct cli_recording *rec, const struct cli_files *files,
               const char *backend, uint64_t seed);
/* The same of a Xen of another RELEASE than the model's. */
int cli_create_of(struct cli_recording *rec, const struct cli_files *files,
                  const char *backend, const char *release, uint64_t seed);
/* True when the recording was told to end. */
bool cli_interrupted(void);
/* End it: seal, or when KEEP is false remove what there is.  CLI_OK, or it
 * has complained.  A recording that was interrupted stays as a .partial, and
 * the signal then ends the program. */
int cli_finish(struct cli_recording *rec, bool keep);

/* --quirk: a bug of Xen's by its name (QUIRK_*); otherwise argp_error, which
 * does not return. */
#define CLI_OPT_QUIRK   0x200
#define CLI_QUIRK_OPTION \
    { "quirk", CLI_OPT_QUIRK, "NAME", 0, "Have the bug NAME, which Xen no " \
      "longer has: mmio-offset, mmio-length, mmio-gla; may be repeated", 0 }
uint16_t cli_quirk(const struct argp_state *state, const char *arg);
/* QUIRKS as options, a space behind each. */
void cli_print_quirks(FILE *out, uint16_t quirks);

/* The number in ARG of the option or argument NAME; otherwise argp_error,
 * which does not return. */
uint64_t cli_number(const struct argp_state *state, const char *name,
                    const char *arg);

/* True when colours belong on OUT. */
bool cli_colour(FILE *out);

/* Show how far a long command is, on stderr if that is a terminal: DONE of
 * TOTAL, which may be 0 for unknown; a NULL WHAT removes it. */
void cli_progress(const char *what, uint64_t done, uint64_t total);

#endif
