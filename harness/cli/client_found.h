/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains of a real Xen as a client that is recorded there finds them. */
#ifndef XENREEL_CLI_CLIENT_FOUND_H
#define XENREEL_CLI_CLIENT_FOUND_H

#include <stdio.h>

#include "harness/record.h"

/* Put what makes the model like this machine into SINK: for each HVM or PVH
 * domain one of the model's that is like it, and where the client starts.  The
 * part that the preloaded library needs also to SETUP, as text.  *MINOR: of
 * Xen's release, 4.MINOR.  An exit status; it has complained. */
int client_found(struct hv_sink *sink, FILE *setup, uint32_t *minor);

#endif
