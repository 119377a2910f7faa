/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command that started the client, at the other end of a socket: it takes
 * the records of a recording, or gives those of a trace that is served. */
#ifndef XENREEL_RECORD_PRELOAD_H
#define XENREEL_RECORD_PRELOAD_H

#include "preload/front.h"

struct sim_pages;

/* HV with a recorder around it, when there is somebody to record; HV itself
 * otherwise; NULL, with a message, when that fails. */
struct hv *record_wrap(struct hv *hv);
/* The same of the real Xen's, and who is not to be recorded gets NULL without
 * a message. */
struct hv *record_pass(struct hv *hv);
/* For the recording: the guest has raised A, which the client has not got. */
void record_cause(const struct args_event *a);
/* Is a trace served, instead of a model? */
bool record_serves(void);
/* The trace, as a struct hv whose pages are from PAGES, or NULL. */
struct hv *record_serve(const struct sim_pages *pages);

/* Say to the recording: which Xen the client sees, unless it is the default
 * one; this domain's name; and where the client is. */
void record_version(void);
void record_domain(uint32_t dom, const char *name);
void record_phase(uint32_t phase);

#endif
