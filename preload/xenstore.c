/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore's connections, messages and watches.  Source:
 * tools/xenstore/xenstored_core.c:handle_input, process_message, send_event,
 * xenstored_watch.c:fire_watches. */
#include "preload/xenstore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "preload/front.h"
#include "preload/libc.h"
#include "preload/xs_private.h"

#define HEAD    sizeof(struct xsd_sockmsg)
#define PATIENCE_MS     1000    /* with a client that does not read */

struct xs_store xs_store;

int xs_start(void)
{
    struct xs_node *root;

    if (xs_lookup(&xs_store.map, "/"))
        return 0;
    root = xs_insert(&xs_store.map, "/");
    if (!root || xs_assign(&root->perms, "n0", 3) ||
        !xs_make(NULL, "/tool/xenstored")) {
        xs_map_free(&xs_store.map);
        return -ENOMEM;
    }
    xs_touch(NULL, root);
    return 0;
}

void xenstore_reset(void)
{
    xs_map_free(&xs_store.map);
    memset(&xs_store, 0, sizeof(xs_store));
}

/* ---- answers ---- */

void xenstore_flush(struct xs_conn *conn)
{
    struct message *m;

    while ((m = conn->out)) {
        ssize_t n = send(conn->fd, m->data + m->sent, m->len - m->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n <= 0)
            return;
        m->sent += n;
        conn->sent += n;
        if (m->sent < m->len)
            continue;
        if (!m->next)
            conn->out_end = &conn->out;
        __atomic_store_n(&conn->out, m->next, __ATOMIC_RELAXED);
        free(m);
    }
}

bool xenstore_backlog(const struct xs_conn *conn)
{
    return __atomic_load_n(&conn->out, __ATOMIC_RELAXED) != NULL;
}

/* The very event already waits for its reader; those of domains that come
 * and go are counted. */
static bool pending(const struct xs_conn *conn, const struct message *event)
{
    if (event->data[HEAD] == '@')
        return false;
    for (const struct message *m = conn->out; m; m = m->next) {
        if (m->event && m->len == event->len &&
            !memcmp(m->data, event->data, m->len))
            return true;
    }
    return false;
}

static void send_message(struct xs_conn *conn, struct xsd_sockmsg head,
                         const void *body, size_t len)
{
    struct message *m = malloc(sizeof(*m) + HEAD + len);

    if (!m)
        return;
    head.len = (uint32_t)len;
    *m = (struct message){ .len = HEAD + len,
                           .event = head.type == XS_WATCH_EVENT };
    memcpy(m->data, &head, HEAD);
    if (len)
        memcpy(m->data + HEAD, body, len);
    if (m->event && pending(conn, m)) {
        free(m);
        return;
    }
    conn->told |= m->event;
    __atomic_store_n(conn->out_end, m, __ATOMIC_RELAXED);
    conn->out_end = &m->next;
    xenstore_flush(conn);
}

int xs_reply(const struct request *r, const void *body, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    send_message(r->conn, r->head, body, len);
    return 0;
}

static void reply_error(const struct request *r, int error)
{
    struct xsd_sockmsg head = r->head;
    const char *name = "EINVAL";

    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(*xsd_errors); i++) {
        if (xsd_errors[i].errnum == error)
            name = xsd_errors[i].errstring;
    }
    head.type = XS_ERROR;
    send_message(r->conn, head, name, strlen(name) + 1);
}

static bool unread(const struct xs_conn *conn)
{
    int n = 0;

    return !ioctl(conn->fd, SIOCOUTQ, &n) && n;
}

static void wait_ms(void)
{
    static const struct timespec ms = { .tv_nsec = 1000000 };

    REAL(nanosleep)(&ms, NULL);
}

void xenstore_asks(struct xs_conn *conn)
{
    __atomic_store_n(&conn->asked_at, conn->got, __ATOMIC_RELEASE);
    __atomic_store_n(&conn->reads, true, __ATOMIC_RELEASE);
}

void xenstore_got(struct xs_conn *conn, size_t n)
{
    __atomic_add_fetch(&conn->got, n, __ATOMIC_RELEASE);
}

/* A thread of libxenstore's takes events off the socket; when it asks for
 * more they are where the client looks. */
static bool is_behind(const struct xs_conn *conn)
{
    return __atomic_load_n(&conn->reads, __ATOMIC_ACQUIRE) ?
        __atomic_load_n(&conn->asked_at, __ATOMIC_ACQUIRE) != conn->sent :
        unread(conn);
}

bool xenstore_settle(void)
{
    bool any = false;

    for (struct xs_conn *c = xs_store.conns; c; c = c->next) {
        if (!c->told)
            continue;
        any = true;
        c->told = false;
        for (int ms = 0; ms < PATIENCE_MS && is_behind(c); ms++)
            wait_ms();
    }
    if (any)
        wait_ms();
    return any;
}

/* ---- watches ---- */

void xs_send_event(struct xs_conn *conn, const struct watch *w,
                   const char *path)
{
    struct xsd_sockmsg head = { .type = XS_WATCH_EVENT };
    char body[XENSTORE_PAYLOAD_MAX];
    int n;

    if (w->relative)
        path += strlen(XS_HOME) + 1;
    n = snprintf(body, sizeof(body), "%s%c%s", path, '\0', w->token);
    if (n > 0 && n < (int)sizeof(body))
        send_message(conn, head, body, n + 1);
}

bool xenstore_watched(void)
{
    for (const struct xs_conn *c = xs_store.conns; c; c = c->next) {
        if (c->watches)
            return true;
    }
    return false;
}

static bool is_child(const char *path, const char *of)
{
    size_t len = strlen(of);

    if (!strcmp(of, "/"))
        return true;
    return !strncmp(path, of, len) && (path[len] == '/' || !path[len]);
}

/* The oldest connection first, the oldest watch first. */
void xs_fire(const char *path, bool exact)
{
    for (struct xs_conn *c = xs_store.conns; c; c = c->next) {
        for (struct watch *w = c->watches; w; w = w->next) {
            if (exact ? !strcmp(path, w->path) : is_child(path, w->path))
                xs_send_event(c, w, path);
        }
    }
}

/* ---- connections ---- */

void xs_free_watches(struct xs_conn *conn)
{
    while (conn->watches) {
        struct watch *w = conn->watches;

        conn->watches = w->next;
        free(w->path);
        free(w->token);
        free(w);
    }
}

void xs_free_transactions(struct xs_conn *conn)
{
    while (conn->transactions) {
        struct transaction *tx = conn->transactions;

        conn->transactions = tx->next;
        xs_free_transaction(tx);
    }
}

struct xs_conn *xenstore_connect(int fd)
{
    struct xs_conn **link = &xs_store.conns, *conn = calloc(1, sizeof(*conn));

    if (!conn || xs_start()) {
        free(conn);
        return NULL;
    }
    conn->fd = fd;
    conn->out_end = &conn->out;
    while (*link)
        link = &(*link)->next;
    *link = conn;
    return conn;
}

static void drop_state(struct xs_conn *conn)
{
    xs_free_watches(conn);
    xs_free_transactions(conn);
    while (conn->out) {
        struct message *m = conn->out;

        __atomic_store_n(&conn->out, m->next, __ATOMIC_RELAXED);
        free(m);
    }
    conn->out_end = &conn->out;
}

void xenstore_disconnect(struct xs_conn *conn)
{
    struct xs_conn **link = &xs_store.conns;

    while (*link != conn)
        link = &(*link)->next;
    *link = conn->next;
    drop_state(conn);
    REAL(close)(conn->fd);
    free(conn);
}

/* ignore_connection: what was answered can still be read, then comes the
 * end. */
static void hang_up(struct xs_conn *conn)
{
    conn->dead = true;
    drop_state(conn);
    shutdown(conn->fd, SHUT_RDWR);
}

static void handle(struct xs_conn *conn)
{
    struct request r = { .conn = conn, .body = conn->in + HEAD };
    int err;

    memcpy(&r.head, conn->in, HEAD);
    conn->in[HEAD + r.head.len] = '\0';
    conn->in_len = 0;
    err = xs_request(&r);
    if (err)
        reply_error(&r, err);
}

/* How many bytes the message that has begun still lacks, or its head. */
static size_t lacking(const struct xs_conn *conn)
{
    struct xsd_sockmsg head;

    if (conn->in_len < HEAD)
        return HEAD - conn->in_len;
    memcpy(&head, conn->in, HEAD);
    return HEAD + head.len - conn->in_len;
}

long xenstore_write(struct xs_conn *conn, uint64_t from, size_t len)
{
    size_t done = 0;

    if (conn->dead)
        return -EPIPE;
    while (done < len && !conn->dead) {
        size_t more = lacking(conn);
        struct xsd_sockmsg head;

        if (more > len - done)
            more = len - done;
        if (user_read(conn->in + conn->in_len, from + done, more))
            return done ? (long)done : -EFAULT;
        conn->in_len += more;
        done += more;
        if (conn->in_len < HEAD)
            break;
        memcpy(&head, conn->in, HEAD);
        if (head.len > XENSTORE_PAYLOAD_MAX)
            hang_up(conn);
        else if (!lacking(conn))
            handle(conn);
    }
    xenstore_flush(conn);
    return (long)(conn->dead ? len : done);
}

void xenstore_shut_down(void)
{
    xs_fire("@releaseDomain", true);
}
