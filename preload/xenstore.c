/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore's connections, watches and what stands in it of a domain. */
#include "preload/xenstore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload/libc.h"
#include "preload/xs_private.h"

struct xs_store xs_store;

/* ---- answers ---- */

static void flush(struct xs_conn *conn)
{
    while (conn->out_len) {
        ssize_t n = send(conn->fd, conn->out, conn->out_len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n <= 0)
            return;
        conn->out_len -= n;
        memmove(conn->out, conn->out + n, conn->out_len);
    }
}

static void send_message(struct xs_conn *conn, struct xsd_sockmsg head,
                         const void *body, size_t len)
{
    char *out = realloc(conn->out, conn->out_len + sizeof(head) + len);

    if (!out)
        return;
    conn->out = out;
    head.len = len;
    memcpy(out + conn->out_len, &head, sizeof(head));
    memcpy(out + conn->out_len + sizeof(head), body, len);
    conn->out_len += sizeof(head) + len;
    flush(conn);
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

/* ---- watches ---- */

void xs_send_event(struct xs_conn *conn, const struct watch *w,
                       const char *path)
{
    struct xsd_sockmsg head = { .type = XS_WATCH_EVENT };
    char body[XENSTORE_PAYLOAD_MAX];
    int n;

    if (w->relative)
        path += strlen(XS_HOME);
    n = snprintf(body, sizeof(body), "%s%c%s", path, '\0', w->token);
    if (n > 0 && n < (int)sizeof(body))
        send_message(conn, head, body, n + 1);
}

static bool is_child(const char *path, const char *of)
{
    size_t len = strlen(of);

    if (!strcmp(of, "/"))
        return *path == '/';
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

void xs_free_watch(struct watch *w)
{
    free(w->path);
    free(w->token);
    free(w);
}

/* ---- connections ---- */

void xs_free_transaction(struct transaction *tx)
{
    while (tx->changes) {
        struct change *c = tx->changes;

        tx->changes = c->next;
        free(c->path);
        free(c);
    }
    xs_free(tx->root);
    free(tx);
}

struct xs_conn *xenstore_connect(int fd)
{
    struct xs_conn **link = &xs_store.conns, *conn = calloc(1, sizeof(*conn));

    if (!xs_store.root)
        xs_store.root = xs_root();
    if (!conn || !xs_store.root) {
        free(conn);
        return NULL;
    }
    conn->fd = fd;
    while (*link)
        link = &(*link)->next;
    *link = conn;
    return conn;
}

void xenstore_disconnect(struct xs_conn *conn)
{
    struct xs_conn **link = &xs_store.conns;

    while (*link != conn)
        link = &(*link)->next;
    *link = conn->next;
    while (conn->watches) {
        struct watch *w = conn->watches;

        conn->watches = w->next;
        xs_free_watch(w);
    }
    while (conn->transactions) {
        struct transaction *tx = conn->transactions;

        conn->transactions = tx->next;
        xs_free_transaction(tx);
    }
    REAL(close)(conn->fd);
    free(conn->out);
    free(conn);
}

static void handle(struct request *r)
{
    int err = 0;

    r->tx = r->conn->transactions;
    while (r->head.tx_id && r->tx && r->tx->id != r->head.tx_id)
        r->tx = r->tx->next;
    if (!r->head.tx_id)
        r->tx = NULL;
    else if (!r->tx)
        err = ENOENT;
    r->root = r->tx ? r->tx->root : xs_store.root;
    if (!err)
        err = xs_request(r);
    if (err)
        reply_error(r, err);
}

/* The first request in CONN's buffer is complete. */
static bool complete(const struct xs_conn *conn, struct xsd_sockmsg *head)
{
    if (conn->in_len < sizeof(*head))
        return false;
    memcpy(head, conn->in, sizeof(*head));
    return conn->in_len >= sizeof(*head) + head->len;
}

long xenstore_write(struct xs_conn *conn, const void *from, size_t len)
{
    size_t done = 0;

    while (done < len) {
        struct request r = { .conn = conn };
        size_t more = sizeof(conn->in) - conn->in_len, used;

        if (more > len - done)
            more = len - done;
        memcpy(conn->in + conn->in_len, (const char *)from + done, more);
        conn->in_len += more;
        done += more;
        while (complete(conn, &r.head)) {
            used = sizeof(r.head) + r.head.len;
            memcpy(r.body, conn->in + sizeof(r.head), r.head.len);
            r.body[r.head.len] = '\0';
            conn->in_len -= used;
            memmove(conn->in, conn->in + used, conn->in_len);
            handle(&r);
        }
        memcpy(&r.head, conn->in, sizeof(r.head));
        if (conn->in_len >= sizeof(r.head) &&
            r.head.len > XENSTORE_PAYLOAD_MAX)
            return -EPIPE;      /* xenstored hangs up */
    }
    flush(conn);
    return len;
}

/* ---- domains ---- */

static void put(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(const char *path, const char *format, ...)
{
    struct xs_node *node = xs_make(xs_store.root, path);
    char value[128];
    va_list list;

    va_start(list, format);
    vsnprintf(value, sizeof(value), format, list);
    va_end(list);
    if (node)
        xs_set(node, value, strlen(value));
}

static void put_of(uint32_t dom, const char *name, const char *value)
{
    char path[256];

    snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/%s", dom, name);
    put(path, "%s", value);
}

void xenstore_introduce(uint32_t dom, const char *name, uint64_t kb,
                        uint32_t vcpus)
{
    char uuid[64], path[128], text[32];

    if (!xs_store.root)
        xs_store.root = xs_root();
    if (!xs_store.root)
        return;
    put("/tool/xenstored", "%s", "");
    put("/local/domain/0/domid", "0");
    put("/local/domain/0/name", "Domain-0");
    snprintf(uuid, sizeof(uuid), "00000000-0000-0000-0000-%012x", dom);
    snprintf(path, sizeof(path), "/vm/%s/name", uuid);
    put(path, "%s", name);
    snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
    put(path, "%s", uuid);
    snprintf(path, sizeof(path), "/vm/%s", uuid);
    put_of(dom, "vm", path);
    put_of(dom, "name", name);
    for (uint32_t i = 0; i < vcpus; i++) {
        snprintf(path, sizeof(path), "cpu/%" PRIu32 "/availability", i);
        put_of(dom, path, "online");
    }
    snprintf(text, sizeof(text), "%" PRIu64, kb);
    put_of(dom, "memory/static-max", text);
    put_of(dom, "memory/target", text);
    put_of(dom, "device", "");
    put_of(dom, "control/shutdown", "");
    put_of(dom, "data", "");
    snprintf(text, sizeof(text), "%" PRIu32, dom);
    put_of(dom, "domid", text);
    xs_store.introduced[dom] = true;
    xs_fire("@introduceDomain", false);
}

void xenstore_release(uint32_t dom)
{
    xs_store.introduced[dom] = false;
    xs_fire("@releaseDomain", false);
}
