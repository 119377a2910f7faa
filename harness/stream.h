/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records between two processes of the same xenreel, over a socket: a client
 * that is recorded, or served, and the command that started it. */
#ifndef XENREEL_STREAM_H
#define XENREEL_STREAM_H

#include <stdbool.h>

#include "harness/record.h"

enum stream_kind {
    STREAM_RECORD,      /* a record */
    STREAM_CAUSE,       /* an event that was raised; its record comes later */
    STREAM_NEXT,        /* the client asks for the next records */
    STREAM_END,         /* there is none */
    STREAM_TAKEN,       /* the client did what the next one says */
    STREAM_DIFFERS,     /* it did the record that is sent, because .cause */
};

struct stream_head {
    uint32_t kind;      /* enum stream_kind */
    uint32_t cause;     /* enum replay_cause, or how many records follow */
    int32_t field;      /* its number in the operation's table, or -1 */
    uint32_t len;       /* of the record that follows, or 0 */
};

/* Send HEAD and REC, which may be NULL; .len is filled in.  0 or -Exxx; a
 * peer that is gone is -EPIPE, never a signal. */
int stream_send(int fd, struct stream_head *head, const struct hv_record *rec);

/* One end, for receiving: what was read and not yet received. */
struct stream {
    int fd;
    uint32_t at, len;
    char buffer[1u << 16];
};

/* True when there is something to receive that poll() does not know of. */
static inline bool stream_has(const struct stream *s)
{
    return s->at < s->len;
}

/* Receive HEAD and, when there is one, a record into *REC, whose spans belong
 * to the caller (hv_record_free).  1, 0 when the peer is gone, -EBADMSG for
 * what is no such message, -Exxx. */
int stream_receive(struct stream *s, struct stream_head *head,
                   struct hv_record *rec);

#endif
