/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as what two clients write to xenstore.  First a byte
 * that says whose and how it is cut, then for each message a length, a type,
 * a transaction and its body. */
#include <sys/socket.h>
#include <unistd.h>

#include "harness/op.h"
#include "preload/xenstore.h"
#include "preload/xs_private.h"
#include "tests/fuzz-front.h"

struct client {
    struct xs_conn *conn;
    int fd;
    bool reads;
};

static void open_client(struct client *c)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
        abort();
    c->fd = pair[0];
    c->conn = xenstore_connect(pair[1]);
    if (!c->conn)
        abort();
}

static void close_client(struct client *c)
{
    xenstore_disconnect(c->conn);
    close(c->fd);
}

static void read_all(struct client *c)
{
    char text[8192];

    while (read(c->fd, text, sizeof(text)) > 0 || xenstore_backlog(c->conn))
        xenstore_flush(c->conn);
}

/* In one piece, or in pieces of CUT bytes. */
static void put(struct client *c, const void *p, size_t len, size_t cut)
{
    uintptr_t at = (uintptr_t)p;

    for (size_t done = 0; done < len; done += cut)
        xenstore_write(c->conn, at + done,
                       cut < len - done ? cut : len - done);
}

static void message(struct client *c, struct fuzz_bytes *b, size_t cut)
{
    struct {
        struct xsd_sockmsg head;
        char body[XENSTORE_PAYLOAD_MAX];
    } m;
    size_t len = fuzz_u8(b);

    memset(&m.head, 0, sizeof(m.head));
    if (len == 255)
        len = fuzz_u16(b) % (sizeof(m.body) + 2);
    m.head.type = fuzz_u8(b);
    m.head.tx_id = fuzz_u8(b);
    m.head.len = (uint32_t)len;
    if (len > sizeof(m.body))
        len = sizeof(m.body);
    fuzz_take(b, m.body, len);
    put(c, &m, sizeof(m.head) + len, cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct args_create create = {
        .dom = 1, .type = GUEST_HVM, .ram = 4096, .vcpus = 2,
    };
    struct fuzz_bytes b = { data, size };
    struct client clients[2];

    xenstore_introduce(&create, "guest");
    open_client(&clients[0]);
    open_client(&clients[1]);
    while (b.left) {
        uint8_t how = fuzz_u8(&b);
        struct client *c = &clients[how & 1];

        switch (how >> 4) {
        case 15:
            close_client(c);
            open_client(c);
            break;
        case 14:
            xenstore_write(c->conn, how, fuzz_u16(&b));     /* not there */
            break;
        case 13:
            xenstore_release(1);
            break;
        case 12:
            read_all(c);
            break;
        case 11:
            put(c, b.p, how < b.left ? how : b.left, 1);    /* as it is */
            break;
        default:
            message(c, &b, how & 2 ? 1 + (how >> 4) : 8192);
        }
    }
    close_client(&clients[0]);
    close_client(&clients[1]);
    xenstore_reset();
    return 0;
}
