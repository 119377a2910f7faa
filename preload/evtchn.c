/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/xen/evtchn as Linux has it (drivers/xen/evtchn.c): a pending port is
 * masked, goes into the file's ring, and is reported once until the client
 * writes it back. */
#include "preload/front.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sys/evtchn.h>

#include "preload/libc.h"
#include "preload/pass.h"

#define OWN_PORTS       4096    /* local numbers that no domain is behind */
#define NOBODY          ~0u
#define NR_CHANNELS     131072  /* the FIFO ABI's */

struct port {
    uint32_t local, dom, remote;
};

struct evtchn {
    struct port *port;
    unsigned int nr, room;
    uint32_t *ring;             /* pending ports, oldest first: .room */
    unsigned int nr_pending;
    unsigned int restricted;
    int fd;                     /* the eventfd behind it */
    bool readable;
    struct evtchn *next;
};

static struct evtchn *all;
static uint32_t next_own = OWN_PORTS;

struct evtchn *evtchn_new(int fd)
{
    struct evtchn *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->fd = fd;
    e->restricted = NOBODY;
    e->next = all;
    all = e;
    return e;
}

bool evtchn_any(void)
{
    return all != NULL;
}

/* The eventfd is readable while the ring is not empty. */
static void show(struct evtchn *e)
{
    bool readable = e->nr_pending != 0;
    uint64_t count = 1;

    if (readable == e->readable || front.pass)
        return;
    e->readable = readable;
    if ((readable ? REAL(write)(e->fd, &count, sizeof(count)) :
         REAL(read)(e->fd, &count, sizeof(count))) < 0)
        front_say("event channel: descriptor %d is not what it was", e->fd);
}

static bool add_pending(struct evtchn *e, const struct port *p)
{
    struct args_port a = { .dom = p->dom, .port = p->remote };

    if (p->dom == NOBODY || e->nr_pending == e->room)
        return false;
    if (hv_call(front.hv, OP_EVTCHN_PENDING, &a) || !a.out)
        return false;
    e->ring[e->nr_pending++] = p->local;
    show(e);
    return true;
}

bool evtchn_poll(uint32_t dom)
{
    bool any = false;

    for (struct evtchn *e = all; e; e = e->next) {
        for (unsigned int i = 0; i < e->nr; i++) {
            if (e->port[i].dom == dom)
                any |= add_pending(e, &e->port[i]);
        }
    }
    return any;
}

void evtchn_fd(struct evtchn *e, int fd)
{
    e->fd = fd;
}

static struct port *find(struct evtchn *e, uint32_t local)
{
    for (unsigned int i = 0; i < e->nr; i++) {
        if (e->port[i].local == local)
            return &e->port[i];
    }
    return NULL;
}

/* Room for one more port.  Linux has no limit of its own. */
static int make_room(struct evtchn *e)
{
    unsigned int room = e->room ? 2 * e->room : 16;
    struct port *port;
    uint32_t *ring;

    if (e->nr < e->room)
        return 0;
    if (e->nr == NR_CHANNELS)
        return -ENOSPC;
    port = realloc(e->port, room * sizeof(*port));
    if (port)
        e->port = port;
    ring = realloc(e->ring, room * sizeof(*ring));
    if (ring)
        e->ring = ring;
    if (!port || !ring)
        return -ENOMEM;
    e->room = room;
    return 0;
}

static int add_port(struct evtchn *e, uint32_t local, uint32_t dom,
                    uint32_t remote)
{
    e->port[e->nr++] = (struct port){ local, dom, remote };
    add_pending(e, &e->port[e->nr - 1]);
    return (int)local;
}

/* To nobody who would send anything. */
static int bind_other(struct evtchn *e)
{
    int rc = e->restricted != NOBODY ? -EACCES : make_room(e);

    return rc ? rc : add_port(e, next_own++, NOBODY, 0);
}

/* The kernel has answered: the number is the result. */
static int fill_local(void *ctx, void *args, long rc)
{
    struct args_port *a = args;

    (void)ctx;
    a->out = (uint32_t)rc;
    return rc < 0 ? (int)rc : 0;
}

static int bind_interdomain(struct evtchn *e, uint64_t arg)
{
    struct ioctl_evtchn_bind_interdomain bind;
    struct args_port a = { .dom = 0 };
    int rc;

    if (user_read(&bind, arg, sizeof(bind)))
        return -EFAULT;
    if (e->restricted != NOBODY && e->restricted != bind.remote_domain)
        return -EACCES;
    rc = make_room(e);
    if (rc)
        return rc;
    a.dom = (domid_t)bind.remote_domain;
    a.port = bind.remote_port;
    pass_fill(fill_local, NULL);
    rc = hv_call(front.hv, OP_EVTCHN_BIND, &a);
    return rc ? rc : add_port(e, a.out, a.dom, a.port);
}

static void forget_pending(struct evtchn *e, uint32_t local)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < e->nr_pending; i++) {
        if (e->ring[i] != local)
            e->ring[n++] = e->ring[i];
    }
    e->nr_pending = n;
    show(e);
}

static void unbind(struct evtchn *e, struct port *p)
{
    struct args_port a = { .dom = p->dom, .port = p->remote };

    if (p->dom != NOBODY)
        hv_call(front.hv, OP_EVTCHN_UNBIND, &a);
    forget_pending(e, p->local);
    *p = e->port[--e->nr];
}

/* UNBIND, NOTIFY: the argument is one port. */
static int on_port(struct evtchn *e, unsigned long request, uint64_t arg)
{
    struct args_port a = { .dom = 0 };
    uint32_t local;
    struct port *p;

    if (user_read(&local, arg, sizeof(local)))
        return -EFAULT;
    if (request == IOCTL_EVTCHN_UNBIND && local >= NR_CHANNELS)
        return -EINVAL;
    p = find(e, local);
    if (!p)
        return -ENOTCONN;
    if (request == IOCTL_EVTCHN_UNBIND) {
        unbind(e, p);
        return 0;
    }
    if (p->dom == NOBODY)
        return 0;
    a.dom = p->dom;
    a.port = p->remote;
    hv_call(front.hv, OP_EVTCHN_NOTIFY, &a);
    return 0;                   /* the kernel does not look at the result */
}

static int restrict_to(struct evtchn *e, uint64_t arg)
{
    struct ioctl_evtchn_restrict_domid r;

    if (user_read(&r, arg, sizeof(r)))
        return -EFAULT;
    if (e->restricted != NOBODY)
        return -EACCES;
    if (!r.domid || r.domid >= DOMID_FIRST_RESERVED)
        return -EINVAL;
    e->restricted = r.domid;
    return 0;
}

int evtchn_ioctl(struct evtchn *e, unsigned long request, uint64_t arg)
{
    switch (request) {
    case IOCTL_EVTCHN_BIND_INTERDOMAIN:
        return bind_interdomain(e, arg);
    case IOCTL_EVTCHN_BIND_VIRQ:
    case IOCTL_EVTCHN_BIND_UNBOUND_PORT:
        return bind_other(e);
    case IOCTL_EVTCHN_UNBIND:
    case IOCTL_EVTCHN_NOTIFY:
        return on_port(e, request, arg);
    case IOCTL_EVTCHN_RESET:
        e->nr_pending = 0;
        show(e);
        return 0;
    case IOCTL_EVTCHN_RESTRICT_DOMID:
        return restrict_to(e, arg);
    default:
        return -ENOSYS;
    }
}

long evtchn_read(struct evtchn *e, uint64_t to, size_t len)
{
    unsigned int n = len / sizeof(uint32_t), left = 0;

    if (!n)
        return 0;
    if (!e->nr_pending)
        return -EAGAIN;
    if (n > e->nr_pending)
        n = e->nr_pending;
    if (user_write(to, e->ring, n * sizeof(uint32_t)))
        return -EFAULT;
    for (unsigned int i = n; i < e->nr_pending; i++)
        e->ring[left++] = e->ring[i];
    e->nr_pending = left;
    show(e);
    return n * sizeof(uint32_t);
}

void evtchn_taken(struct evtchn *e, uint64_t to, size_t len)
{
    uint32_t local;

    for (size_t i = 0; i + sizeof(local) <= len; i += sizeof(local)) {
        if (!user_read(&local, to + i, sizeof(local)))
            forget_pending(e, local);
    }
}

long evtchn_write(struct evtchn *e, uint64_t from, size_t len)
{
    size_t n = len / sizeof(uint32_t);

    if (n > FRONT_PAGE / sizeof(uint32_t))
        n = FRONT_PAGE / sizeof(uint32_t);
    for (size_t i = 0; i < n; i++) {
        struct args_port a = { .dom = 0 };
        uint32_t local;
        struct port *p;

        if (user_read(&local, from + i * sizeof(local), sizeof(local)))
            return -EFAULT;
        p = find(e, local);
        if (!p || p->dom == NOBODY)
            continue;
        a.dom = p->dom;
        a.port = p->remote;
        hv_call(front.hv, OP_EVTCHN_UNMASK, &a);
        add_pending(e, p);      /* it may have become pending meanwhile */
    }
    return n * sizeof(uint32_t);
}

void evtchn_free(struct evtchn *e)
{
    struct evtchn **link = &all;

    while (e->nr)
        unbind(e, &e->port[0]);
    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    free(e->port);
    free(e->ring);
    free(e);
}
