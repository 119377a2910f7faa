/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenreel run ... -- COMMAND: an unmodified Xen client on the model. */
#ifndef XENREEL_CLIENT_H
#define XENREEL_CLIENT_H

#include <argp.h>
#include <stdint.h>
#include <stdio.h>

/* The options that only this has; its input is of client.c, and NULL where
 * they are to be shown and refused. */
extern const struct argp client_argp;

/* True when ARGV has a "--" that a command follows. */
int client_wanted(int argc, char **argv);
/* Run it.  The client's own exit status (128 + N when signal N ended it, but
 * 0 for the signal at the guests' end); otherwise an exit status of cli.h. */
int client_run(int argc, char **argv);
/* xenreel record -o TRACE -- COMMAND: record it on a real Xen.  As client_run.
 */
int client_record(int argc, char **argv);
/* xenreel replay TRACE -- COMMAND: serve it the trace.  An exit status. */
int client_replay(int argc, char **argv);

/* Can the command NAME be run so?  Nothing can be put in front of a static
 * program.  An exit status; it has complained. */
int client_check(const char *name);

/* What a command did with one seed or another. */
#define CLIENT_MAX_OUTCOMES 64
struct client_outcomes {
    struct client_outcome {
        uint64_t seed, runs, bytes, hash;
        int status;
    } row[CLIENT_MAX_OUTCOMES];
    unsigned int nr;
    uint64_t others;            /* runs that did something else again */
};

/* With SEED it ended with STATUS and printed what is in file OUT. */
void client_outcome(struct client_outcomes *o, uint64_t seed, int status,
                    int out);
void client_print_outcomes(const struct client_outcomes *o, FILE *out);

/* The domain that is there when none was named, and one run of its program,
 * as text. */
void client_guest(FILE *out);
void client_program(FILE *out);

#endif
