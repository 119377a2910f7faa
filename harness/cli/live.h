/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenreel record --domain ID: a recording of a running domain. */
#ifndef XENREEL_CLI_LIVE_H
#define XENREEL_CLI_LIVE_H

#include "harness/cli/cli.h"
#include "harness/live.h"

struct cli_live {
    const char *option;         /* one that needs a running domain, or NULL */
    struct live_policy policy;
    enum live_memory memory;
    uint64_t seconds, events;   /* limits, 0 for none */
    bool release;               /* --release: no recording */
};

/* The options, as an argp child whose input is a struct cli_live. */
extern const struct argp cli_live_argp;

/* Does DOMAIN, which may be NULL, name a running domain? */
bool cli_live_names(const char *domain);

/* Record DOMAIN into FILES->out, or release it.  An exit status. */
int cli_live_record(const struct cli_live *live, const char *domain,
                    struct cli_files *files);

#endif
