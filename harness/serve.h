/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay(trace): a struct hv that serves a trace.  There is no hypervisor:
 * each call of the client's has to be the trace's next one, with the same
 * arguments, and gets the recorded results; events are put on the ring when
 * the client waits, responses are compared with the recorded ones, what is
 * written into mapped pages too.  From the first difference on every call
 * answers -EIO.
 *
 * A trace that was not recorded from an unmodified client has libxenctrl's
 * composites (monitor.enable), and neither waits nor reads of the event
 * channel.  The calls that libxenctrl makes of a composite are its, events
 * come when the client waits, and what only the driver of a scenario does
 * (guest.result, ring.state) is passed over. */
#ifndef XENREEL_SERVE_H
#define XENREEL_SERVE_H

#include "harness/hv.h"
#include "harness/record.h"
#include "harness/replay.h"

/* What it needs, and whom it tells. */
struct serve_config {
    /* The trace.  Owned by the caller. */
    struct hv_source *source;
    /* Pages for the client to map, 4096 bytes, zeroed, or NULL. */
    void *(*get)(void *ctx);
    void (*put)(void *ctx, void *page);
    /* The client did what EXPECTED says. */
    void (*taken)(void *ctx, const struct hv_record *expected);
    /* The first difference; EXPECTED is NULL behind the trace's end. */
    void (*differs)(void *ctx, enum replay_cause cause,
                    const struct hv_field *field,
                    const struct hv_record *expected,
                    const struct hv_record *actual);
    void *ctx;
};

/* NULL when out of memory.  Close with hv_close. */
struct hv *serve_open(const struct serve_config *config);

/* The trace's next record, notes left out, or NULL at its end, behind a
 * difference, or when the source has failed.  Valid until it is taken. */
const struct hv_record *serve_next(struct hv *hv);
/* Take it: for what no client does, but its guests or its toolstack. */
void serve_take(struct hv *hv);

#endif
