/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_LEN (64u << 20)     /* of one message */

static int send_all(int fd, const void *from, size_t len, int flags)
{
    const char *p = from;

    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL | flags);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* 1, or 0 when the peer is gone. */
static int receive_all(struct stream *s, void *to, size_t len)
{
    char *p = to;

    while (len) {
        size_t n = s->len - s->at;
        ssize_t got = n ? (ssize_t)n : recv(s->fd, s->buffer,
                                            sizeof(s->buffer), 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got && errno != ECONNRESET ? -errno : 0;
        if (!n) {
            s->at = 0;
            s->len = n = (size_t)got;
        }
        n = n < len ? n : len;
        memcpy(p, s->buffer + s->at, n);
        s->at += n;
        p += n;
        len -= n;
    }
    return 1;
}

/* The record as it lies in memory up to its arguments' end. */
static size_t fixed_size(uint32_t op)
{
    return offsetof(struct hv_record, args) + hv_ops_table[op].size;
}

/* Field F's bytes in REC when it is a span, or NULL. */
static struct hv_span *span_in(const struct hv_field *f, struct hv_record *rec)
{
    return hv_field_is_span(f) ?
        (struct hv_span *)(void *)((char *)&rec->args + f->offset) : NULL;
}

int stream_send(int fd, struct stream_head *head, const struct hv_record *rec)
{
    struct hv_record copy;
    char small[sizeof(*head) + sizeof(copy)];
    size_t fixed = rec ? fixed_size(rec->op) : 0, spans = 0;
    const struct hv_field *fields = rec ? hv_ops_table[rec->op].fields : NULL;
    bool has_spans = rec && hv_record_has_spans(rec->op);
    int rc;

    if (rec)
        memcpy(&copy, rec, fixed);
    for (const struct hv_field *f = fields; has_spans && f->name; f++)
        spans += hv_field_is_span(f) ? span_in(f, &copy)->len : 0;
    head->len = (uint32_t)(fixed + spans);
    memcpy(small, head, sizeof(*head));
    if (rec)
        memcpy(small + sizeof(*head), &copy, fixed);
    rc = send_all(fd, small, sizeof(*head) + fixed, spans ? MSG_MORE : 0);
    for (const struct hv_field *f = fields; !rc && spans && f->name; f++) {
        if (hv_field_is_span(f))
            rc = send_all(fd, span_in(f, &copy)->p, span_in(f, &copy)->len, 0);
    }
    return rc;
}

/* Give REC, whose spans point nowhere, copies of the LEN bytes at FROM. */
static int take_spans(struct hv_record *rec, const char *from, size_t len)
{
    struct hv_record copy = *rec;

    if (!hv_record_has_spans(rec->op))
        return len ? -EBADMSG : 0;
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        struct hv_span *span = span_in(f, &copy);

        if (!span)
            continue;
        if (span->len > len)
            return -EBADMSG;
        span->p = (void *)(uintptr_t)from;
        from += span->len;
        len -= span->len;
    }
    return len ? -EBADMSG : hv_record_copy(rec, &copy);
}

static int take_record(struct hv_record *rec, const char *from, size_t len)
{
    size_t fixed;

    if (len < offsetof(struct hv_record, args))
        return -EBADMSG;
    memset(rec, 0, sizeof(*rec));
    memcpy(rec, from, offsetof(struct hv_record, args));
    fixed = rec->op < OP_COUNT ? fixed_size(rec->op) : SIZE_MAX;
    if (len < fixed)
        return -EBADMSG;
    memcpy(rec, from, fixed);
    return take_spans(rec, from + fixed, len - fixed);
}

int stream_receive(struct stream *s, struct stream_head *head,
                   struct hv_record *rec)
{
    char small[sizeof(*rec)], *buffer = small;
    int rc = receive_all(s, head, sizeof(*head));

    memset(rec, 0, offsetof(struct hv_record, args));
    rec->op = OP_NOTE;
    memset(&rec->args.NOTE, 0, sizeof(rec->args.NOTE));
    if (rc <= 0 || !head->len)
        return rc;
    if (head->len > MAX_LEN)
        return -EBADMSG;
    if (head->len > sizeof(small))
        buffer = malloc(head->len);
    if (!buffer)
        return -ENOMEM;
    rc = receive_all(s, buffer, head->len);
    if (rc == 1)
        rc = take_record(rec, buffer, head->len) ? -EBADMSG : 1;
    if (rc != 1) {
        memset(rec, 0, sizeof(*rec));
        rec->op = OP_NOTE;
    }
    if (buffer != small)
        free(buffer);
    return rc;
}
