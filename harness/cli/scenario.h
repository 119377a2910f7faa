/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scenarios: text traces that a person wrote, run on the model or on a real
 * Xen.  Shared by
 * "run", which checks what they expect, and "record", which finds it out. */
#ifndef XENREEL_CLI_SCENARIO_H
#define XENREEL_CLI_SCENARIO_H

#include "harness/cli/cli.h"
#include "harness/cli/xen.h"
#include "harness/record.h"
#include "harness/replay.h"

struct scenario {
    struct cli_files files;     /* first; .out: trace to record */
    const char *domain;         /* xl.cfg of domain 1, or NULL */
    bool may_live;              /* or a running domain's id, no scenario */
    uint64_t seed;
    uint16_t quirks;            /* bugs that each domain's Xen has */
    struct cli_xen xen;         /* .on: not on the model */
};

/* The options that run and record share, as an argp child whose input is a
 * struct scenario. */
extern const struct argp scenario_argp;

/* The records of a scenario, in memory.  Zero it first. */
struct scenario_list {
    struct hv_record *rec;
    size_t nr, room;
};

/* Read S->file, domain.create in front of it where it has none.  An exit
 * status; it has complained when that is not CLI_OK. */
int scenario_load(const struct scenario *s, struct scenario_list *list);
void scenario_free(struct scenario_list *list);

/* Run LIST on a fresh machine up to its end or the first difference, which is
 * in REPORT (replay_report_free); record into S->output where there is one.
 * An exit status: CLI_OK also when there is a difference. */
int scenario_run(const struct scenario *s, const struct scenario_list *list,
                 struct replay_report *report);

/* Make LIST say what the model answers; what a real Xen does cannot be known
 * before, so that any answer of it will do.  An exit status. */
int scenario_learn(const struct scenario *s, struct scenario_list *list);

/* Fill CREATE for domain DOM from FILE, in xl.cfg syntax, and NAME, unless it
 * is NULL or the file has none.  Keys that mean nothing to the model are
 * passed over, with a warning where that may surprise.  An exit status. */
#define DOMAIN_NAME     64
int domain_config(const char *file, uint32_t dom, struct args_create *create,
                  char *name);

#endif
