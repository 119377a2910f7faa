/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore's files: connections and messages (xenstore.c), requests
 * (xs_requests.c), nodes inside and outside a transaction (xs_nodes.c), what
 * stands there of a domain (xs_domain.c). */
#ifndef XENREEL_XS_PRIVATE_H
#define XENREEL_XS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>
#include <xen/xen.h>

#include "preload/xs_tree.h"

#define XS_HOME     "/local/domain/0"   /* of dom0's relative paths */
/* The longest valid path is below /local/domain/NNNNN/. */
#define XS_PATH     (XENSTORE_REL_PATH_MAX + 32)

struct watch {
    char *path;                 /* absolute, or @introduceDomain... */
    char *token;
    bool relative;
    struct watch *next;
};

/* A node that a transaction has seen: its own copy from then on. */
struct access {
    struct xs_node node;        /* .generation 0: it is not there */
    uint64_t seen;              /* the store's when it was first looked at */
    bool modified;
    bool fire, exact;           /* tell watches at the end */
    struct access *next;
};

struct transaction {
    uint32_t id;
    bool failed;                /* out of memory on the way */
    struct access *accesses;    /* oldest first */
    struct access **end;
    struct transaction *next;
};

struct message {                /* that the socket had no room for */
    struct message *next;
    size_t len, sent;
    bool event;
    char data[];                /* head and body */
};

struct xs_conn {
    int fd;
    bool dead;                  /* hung up on */
    bool told;                  /* an event, since xenstore_settle */
    size_t sent;                /* bytes, so far */
    size_t got, asked_at;       /* atomic: those that were read, and how many
                                 * they were when the last read began */
    bool reads;                 /* there was one, by what we see */
    char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
    size_t in_len;
    struct message *out, **out_end;
    struct watch *watches;
    struct transaction *transactions;
    uint32_t next_tx;
    struct xs_conn *next;
};

/* One request. */
struct request {
    struct xs_conn *conn;
    struct xsd_sockmsg head;
    const char *body;           /* a NUL follows it */
    struct transaction *tx;     /* or NULL */
};

struct xs_store {
    struct xs_map map;
    uint64_t generation;        /* counts changes */
    bool exists[DOMID_FIRST_RESERVED];
    bool introduced[DOMID_FIRST_RESERVED];
    struct xs_conn *conns;      /* oldest first */
};
extern struct xs_store xs_store;

/* ---- xenstore.c ---- */
/* Make the store when it is not there: 0 or -ENOMEM. */
int xs_start(void);
/* Answer R: 0, or E2BIG when it is too long. */
int xs_reply(const struct request *r, const void *body, size_t len);
void xs_send_event(struct xs_conn *conn, const struct watch *w,
                   const char *path);
/* Tell who watches PATH or, unless EXACT, what it is below. */
void xs_fire(const char *path, bool exact);
void xs_free_watches(struct xs_conn *conn);
void xs_free_transactions(struct xs_conn *conn);

/* ---- xs_requests.c ---- */
/* Perform R and answer it: 0, or the errno to answer with. */
int xs_request(struct request *r);

/* ---- xs_nodes.c: R may be NULL, for the store itself ---- */
/* The node at PATH, or NULL. */
struct xs_node *xs_get(struct request *r, const char *path);
/* The same, made with what is missing of its parents, which hand their
 * permissions on; NULL when out of memory. */
struct xs_node *xs_make(struct request *r, const char *path);
/* NODE, of xs_get or xs_make, was changed. */
void xs_touch(struct request *r, struct xs_node *node);
/* Its watches are to hear of it, now or when the transaction ends. */
void xs_changed(struct request *r, const char *path, bool exact);
/* Remove the node at PATH, which is there, and all below it. */
void xs_remove(struct request *r, const char *path);
/* PATH without its last part: "/" of what is below the root. */
void xs_parent(char *parent, const char *path);
/* End TX: 0, EAGAIN when the store has changed under it, ENOMEM. */
int xs_commit(struct transaction *tx);
void xs_free_transaction(struct transaction *tx);

#endif
