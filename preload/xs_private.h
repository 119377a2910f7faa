/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore's two files: connections (xenstore.c), requests
 * (xs_requests.c). */
#ifndef XENREEL_XS_PRIVATE_H
#define XENREEL_XS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>
#include <xen/xen.h>

#include "preload/xs_tree.h"

#define XS_MAX_IN   (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
#define XS_HOME     "/local/domain/0/"  /* of dom0's relative paths */

struct watch {
    char *path;                 /* absolute, or @introduceDomain... */
    char *token;
    bool relative;
    struct watch *next;
};

struct change {                 /* of a transaction, told at its end */
    char *path;
    bool exact;
    struct change *next;
};

struct transaction {
    uint32_t id;
    uint64_t version;           /* of the store when it began */
    struct xs_node *root;
    struct change *changes;     /* oldest first */
    struct transaction *next;
};

struct xs_conn {
    int fd;
    char in[XS_MAX_IN];
    size_t in_len;
    char *out;                  /* what the socket had no room for */
    size_t out_len;
    struct watch *watches;
    struct transaction *transactions;
    struct xs_conn *next;
};

/* One request. */
struct request {
    struct xs_conn *conn;
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1];
    struct transaction *tx;     /* or NULL */
    struct xs_node *root;       /* what it works on */
};

struct xs_store {
    struct xs_node *root;
    uint64_t version;           /* counts changes */
    uint32_t next_tx;
    bool introduced[DOMID_FIRST_RESERVED];
    struct xs_conn *conns;      /* oldest first */
};
extern struct xs_store xs_store;

/* ---- xenstore.c ---- */
/* Answer R: 0, or E2BIG when it is too long. */
int xs_reply(const struct request *r, const void *body, size_t len);
void xs_send_event(struct xs_conn *conn, const struct watch *w,
                   const char *path);
/* Tell who watches PATH or, unless EXACT, what it is below. */
void xs_fire(const char *path, bool exact);
void xs_free_watch(struct watch *w);
void xs_free_transaction(struct transaction *tx);

/* ---- xs_requests.c ---- */
/* Perform R, whose .root and .tx are set, and answer it: 0, or the errno to
 * answer with. */
int xs_request(struct request *r);

#endif
