/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenreel run ... -- COMMAND: an unmodified Xen client on the model. */
#ifndef XENREEL_CLIENT_H
#define XENREEL_CLIENT_H

#include <stdio.h>

/* True when ARGV has a "--" that a command follows. */
int client_wanted(int argc, char **argv);
/* Run it.  The client's own exit status (128 + N when signal N ended it, but
 * 0 for the signal at the guests' end); otherwise an exit status of cli.h. */
int client_run(int argc, char **argv);

/* The domain that is there when none was named, and one run of its program,
 * as text. */
void client_guest(FILE *out);
void client_program(FILE *out);

#endif
