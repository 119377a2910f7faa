/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that is run, between client.c and client_options.c. */
#ifndef XENREEL_CLIENT_PRIVATE_H
#define XENREEL_CLIENT_PRIVATE_H

#include <limits.h>

#include "harness/cli/client.h"
#include "harness/cli/client_trace.h"

#define MAX_DOMAINS     64
#define MAX_NAMES       4096

struct client {
    const char *domain[MAX_DOMAINS];    /* xl.cfg of domain 1, 2, ... */
    uint32_t nr_domains;
    const char *program;
    const char *at_end;
    const char *xen_version, *vm_event_abi;     /* NULL: as it is here */
    uint64_t seed, loops;
    bool real_time;
    bool many;                  /* seeds .seed to .last_seed */
    uint64_t last_seed;
    bool passes;                /* to a real Xen: no machine of ours */
    bool copied;                /* the library, to be removed again */
    char **command;
    struct cli_files files;             /* -o, or the trace to serve */
    struct client_trace *trace;         /* NULL: neither */
    char names[MAX_NAMES];
    char setup[32];             /* the file that the library reads */
    char library[PATH_MAX];
};

/* The options in front of "--" into C; a wrong one ends the program. */
void client_parse(int argc, char **argv, struct client *c);
/* The same for a recording on a real Xen. */
void client_parse_record(int argc, char **argv, struct client *c);

/* Its library: beside the program, or where that was installed. */
int client_find_library(struct client *c);
/* Behind the devices may be another one of these libraries (a test's); the
 * loader takes the same file only once. */
int client_copy_library(struct client *c);

#endif
