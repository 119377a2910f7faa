/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay: issue the commands of a trace to an implementation and compare all
 * that it answers. */
#ifndef XENREEL_REPLAY_H
#define XENREEL_REPLAY_H

#include "harness/hv.h"
#include "harness/record.h"

#define REPLAY_CONTEXT  8       /* records kept before a difference */

enum replay_cause {
    REPLAY_SAME,
    REPLAY_RESULT,      /* another result or errno */
    REPLAY_FIELD,       /* .field differs */
    REPLAY_NO_EVENT,    /* the trace has an event, the model raised none */
    REPLAY_EXTRA_EVENT, /* the model raised an event the trace lacks */
    REPLAY_NO_RING,     /* an event or response, but no ring */
    /* Of a client that is served a trace (serve.h): */
    REPLAY_CALL,        /* it did something else */
    REPLAY_ARGUMENT,    /* the same, but with another .field */
    REPLAY_LONGER,      /* it went on behind the trace's end */
    REPLAY_SHORTER,     /* it ended before the trace does */
};

struct replay_report {
    uint64_t records;           /* replayed, notes included */
    uint64_t events;
    uint64_t known;             /* differences in RECORD_KNOWN records */
    enum replay_cause cause;    /* REPLAY_SAME: no difference */
    const struct hv_field *field;       /* REPLAY_FIELD */
    struct hv_record expected;  /* the record that differs */
    struct hv_record actual;    /* what the implementation gave instead */
    struct hv_record context[REPLAY_CONTEXT];   /* oldest first */
    unsigned int nr_context;
};

/* Replay SOURCE against HV up to its end or the first difference, and fill
 * REPORT (whose records own their spans).  0 when it got that far, whatever
 * it found; -Exxx of the source, or -ENOMEM.  An event left on a ring when the
 * trace ends is an extra event; one left when the trace goes on with another
 * shows there, as a field that differs. */
int replay_run(struct hv *hv, struct hv_source *source,
               struct replay_report *report);

void replay_report_free(struct replay_report *report);

#endif
