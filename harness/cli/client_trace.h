/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's trace: what it does is recorded, or a trace is served to it.
 * The client talks to us over a socket, so that its records are here, and
 * ours to complete, however it ends. */
#ifndef XENREEL_CLI_CLIENT_TRACE_H
#define XENREEL_CLI_CLIENT_TRACE_H

#include <sys/types.h>

#include "harness/cli/cli.h"

struct client_trace;

/* Record COMMAND into FILES->out; FILES->in is set to its text. */
int client_record_open(struct client_trace **trace, struct cli_files *files,
                       char **command, uint64_t seed);
/* Record COMMAND on a real Xen.  What the preloaded library needs to know of
 * it goes to SETUP, as text. */
int client_pass_open(struct client_trace **trace, struct cli_files *files,
                     char **command, FILE *setup);
/* Serve FILES->in. */
int client_serve_open(struct client_trace **trace,
                      const struct cli_files *files);
/* In the child: tell the library. */
void client_trace_export(const struct client_trace *trace);
/* Talk to CHILD until it ends; the caller waits for it then. */
void client_trace_attend(struct client_trace *trace, pid_t child);
/* The child ended with STATUS.  Seal the recording, or report how the served
 * trace compares; free TRACE.  An exit status. */
int client_trace_close(struct client_trace *trace, int status);

#endif
