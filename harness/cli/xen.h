/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --xen: the Xen of this machine in the model's place. */
#ifndef XENREEL_CLI_XEN_H
#define XENREEL_CLI_XEN_H

#include "harness/cli/cli.h"
#include "real/xen.h"

struct cli_xen {
    bool on;                    /* --xen */
    const char *option;         /* one that needs it, or NULL */
    struct xen_attach attach[XEN_MAX_DOMAINS];
    struct xen_config config;   /* .attach is set when it is opened */
};

/* The options, as an argp child whose input is a struct cli_xen. */
extern const struct argp cli_xen_argp;

/* Open it for FILE, which is named in complaints: CLI_OK and *HV, or it has
 * complained.  Under the front end (xenreel run --) guest.* and domain.create
 * are the model's. */
int cli_xen_open(const struct cli_xen *xen, const char *file, struct hv **hv);

#endif
