/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstored, as its clients' wire sees it.  A client's end is one end of a
 * socket pair: what it writes is answered within the write, so that its reads
 * (of a thread with a tiny stack, that may be cancelled) are plain reads. */
#ifndef XENREEL_XENSTORE_H
#define XENREEL_XENSTORE_H

#include <stddef.h>
#include <stdint.h>

struct xs_conn;

/* A connection whose answers go to descriptor FD: NULL when out of memory. */
struct xs_conn *xenstore_connect(int fd);
/* The descriptor is closed, too. */
void xenstore_disconnect(struct xs_conn *conn);
/* LEN bytes from the client: LEN or -Exxx. */
long xenstore_write(struct xs_conn *conn, const void *from, size_t len);
/* A domain came (its nodes are made) or went (they stay, as a toolstack
 * would still have to remove them). */
void xenstore_introduce(uint32_t dom, const char *name, uint64_t kb,
                        uint32_t vcpus);
void xenstore_release(uint32_t dom);

#endif
