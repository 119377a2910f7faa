/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of xenstore, message by message: what it writes, and what comes
 * back. */
#ifndef XENREEL_TESTS_XENSTORE_CLIENT_H
#define XENREEL_TESTS_XENSTORE_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/op.h"
#include "preload/xenstore.h"
#include "preload/xs_private.h"

struct client {
    struct xs_conn *conn;
    int fd;
};

struct answer {
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

static inline struct client client(void)
{
    struct client c;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
                                pair), 0);
    c.fd = pair[0];
    c.conn = xenstore_connect(pair[1]);
    assert_non_null(c.conn);
    return c;
}

static inline void leave(struct client *c)
{
    xenstore_disconnect(c->conn);
    close(c->fd);
}

static inline bool take(struct client *c, struct answer *a)
{
    memset(a, 0, sizeof(*a));
    if (read(c->fd, &a->head, sizeof(a->head)) != sizeof(a->head))
        return false;
    assert_true(a->head.len <= XENSTORE_PAYLOAD_MAX);
    if (a->head.len)
        assert_int_equal(read(c->fd, a->body, a->head.len), a->head.len);
    return true;
}

static inline void put(struct client *c, uint32_t type, uint32_t tx,
                       const void *body, size_t len)
{
    struct xsd_sockmsg head = { .type = type, .tx_id = tx, .req_id = 7,
                                .len = len };
    char m[sizeof(head) + XENSTORE_PAYLOAD_MAX];

    memcpy(m, &head, sizeof(head));
    memcpy(m + sizeof(head), body, len);
    assert_int_equal(xenstore_write(c->conn, (uintptr_t)m,
                                    sizeof(head) + len), sizeof(head) + len);
}

/* Ask, and get BACK (its LEN bytes) in a message of the same type, or an
 * error of that name. */
static inline void expect(struct client *c, uint32_t type, uint32_t tx,
                          const char *body, size_t len, const char *back,
                          size_t back_len)
{
    struct answer a;

    put(c, type, tx, body, len);
    assert_true(take(c, &a));
    assert_string_equal(a.body, back);
    assert_int_equal(a.head.len, back_len);
    assert_int_equal(a.head.type, *back == 'E' ? XS_ERROR : type);
    assert_int_equal(a.head.req_id, 7);
    assert_int_equal(a.head.tx_id, tx);
}

/* Literals with their last NUL. */
#define EXPECT(c, type, tx, body, back) \
    expect(c, XS_##type, tx, body, sizeof(body), back, sizeof(back))
/* Values are answered as they are. */
#define VALUE(c, tx, path, value) \
    expect(c, XS_READ, tx, path, sizeof(path), value, sizeof(value) - 1)
#define WRITE(c, tx, pair) \
    expect(c, XS_WRITE, tx, pair, sizeof(pair) - 1, "OK", 3)

static inline void event(struct client *c, const char *path, const char *token)
{
    struct answer a;

    assert_true(take(c, &a));
    assert_int_equal(a.head.type, XS_WATCH_EVENT);
    assert_string_equal(a.body, path);
    assert_string_equal(a.body + strlen(path) + 1, token);
    assert_int_equal(a.head.len, strlen(path) + strlen(token) + 2);
}

static inline void quiet(struct client *c)
{
    struct answer a;

    assert_false(take(c, &a));
}

#endif
