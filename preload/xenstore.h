/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstored, as its clients' wire sees it.  A client's end is one end of a
 * socket pair: what it writes is answered within the write, so that its reads
 * (of a thread with a tiny stack, that may be cancelled) are plain reads. */
#ifndef XENREEL_XENSTORE_H
#define XENREEL_XENSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_conn;

/* A connection whose answers go to descriptor FD: NULL when out of memory. */
struct xs_conn *xenstore_connect(int fd);
/* The descriptor is closed, too. */
void xenstore_disconnect(struct xs_conn *conn);
/* LEN bytes at FROM in the client's memory: how many were taken, or -Exxx. */
long xenstore_write(struct xs_conn *conn, uint64_t from, size_t len);
/* The client has read: its socket may have room for what it had none for.
 * BACKLOG says whether that is worth the lock, and is called without it. */
bool xenstore_backlog(const struct xs_conn *conn);
void xenstore_flush(struct xs_conn *conn);
/* The client begins a read of its end: what it has read has been seen to, if
 * it is libxenstore.  It has read N bytes.  Without the lock. */
void xenstore_asks(struct xs_conn *conn);
void xenstore_got(struct xs_conn *conn, size_t n);
/* Give the clients the time to take their events off their sockets, and see
 * to them, before the guests go on: true when there were any. */
bool xenstore_settle(void);
/* A domain came: its nodes are made. */
struct args_create;
void xenstore_introduce(const struct args_create *create, const char *name);
/* Xen told of its end, or somebody asked: it loses what it owns there, and
 * who watches is told. */
void xenstore_release(uint32_t dom);
/* The same; it will not come back. */
void xenstore_destroyed(uint32_t dom);
/* A toolstack removes what it made for the domain. */
void xenstore_remove(uint32_t dom);
/* Forget everything; there are no connections. */
void xenstore_reset(void);
/* Does anybody watch anything? */
bool xenstore_watched(void);
/* A domain has shut down, and is still there. */
void xenstore_shut_down(void);

#endif
