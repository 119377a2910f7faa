/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a client blocks, simulated time passes: guests run instead of the
 * clock, and a timeout is over at once when nothing more can happen. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"

int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
                const sigset_t *mask, size_t room);

/* Does somebody wait for a device of ours?  An epoll set is not looked
 * into. */
static bool waiting(void)
{
    bool any;

    if (!front.hv)
        return false;
    front_lock();
    any = evtchn_any();
    front_unlock();
    return any;
}

/* Let time pass until something came of it, as READY (one of the calls below
 * with a timeout of 0) sees it.  Its result; *IDLE when there is nothing left
 * to happen. */
static int until(int (*ready)(void *call), void *call, bool *idle)
{
    int rc = ready(call);

    *idle = false;
    while (!rc) {
        enum step step;

        front_lock();
        step = front_step();
        front_unlock();
        if (step == STEP_SIGNAL) {
            errno = EINTR;
            return -1;
        }
        rc = ready(call);
        if (step == STEP_IDLE)
            break;
    }
    *idle = !rc;
    return rc;
}

/* ---- poll ---- */

struct poll_call {
    struct pollfd *fds;
    nfds_t nr;
    const sigset_t *mask;
};

static int poll_ready(void *call)
{
    static const struct timespec now;
    const struct poll_call *c = call;

    return REAL(ppoll)(c->fds, c->nr, &now, c->mask);
}

static bool polls_ours(const struct pollfd *fds, nfds_t nr)
{
    for (nfds_t i = 0; fds && i < nr; i++) {
        if (file_of(fds[i].fd))
            return true;
    }
    return false;
}

/* FOREVER: no timeout.  True when the call is over: *rc. */
static bool poll_ours(struct pollfd *fds, nfds_t nr, const sigset_t *mask,
                      bool forever, int *rc)
{
    struct poll_call call = { fds, nr, mask };
    bool idle;

    if (!waiting() || !polls_ours(fds, nr))
        return false;
    *rc = until(poll_ready, &call, &idle);
    return !idle || !forever;
}

EXPORT int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    int rc;

    return poll_ours(fds, nr, NULL, timeout < 0, &rc) ? rc :
        REAL(poll)(fds, nr, timeout);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout, size_t room)
{
    int rc;

    if (nr <= room / sizeof(*fds) &&
        poll_ours(fds, nr, NULL, timeout < 0, &rc))
        return rc;
    return REAL(__poll_chk)(fds, nr, timeout, room);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
                 const sigset_t *mask)
{
    int rc;

    return poll_ours(fds, nr, mask, !timeout, &rc) ? rc :
        REAL(ppoll)(fds, nr, timeout, mask);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr,
                       const struct timespec *timeout, const sigset_t *mask,
                       size_t room)
{
    int rc;

    if (nr <= room / sizeof(*fds) &&
        poll_ours(fds, nr, mask, !timeout, &rc))
        return rc;
    return REAL(__ppoll_chk)(fds, nr, timeout, mask, room);
}

/* ---- select: the sets are in and out, so each look gets copies ---- */

struct select_call {
    int nr;
    fd_set *set[3], in[3], out[3];
    const sigset_t *mask;
};

static int select_ready(void *call)
{
    static const struct timespec now;
    struct select_call *c = call;

    for (unsigned int i = 0; i < 3; i++)
        c->out[i] = c->in[i];
    return REAL(pselect)(c->nr, c->set[0] ? &c->out[0] : NULL,
                         c->set[1] ? &c->out[1] : NULL,
                         c->set[2] ? &c->out[2] : NULL, &now, c->mask);
}

static bool select_ours(int nr, fd_set *r, fd_set *w, fd_set *x,
                        const sigset_t *mask, bool forever, int *rc)
{
    struct select_call c = { .nr = nr, .set = { r, w, x }, .mask = mask };
    bool any = false, idle;

    if (!waiting())
        return false;
    for (unsigned int i = 0; i < 3; i++) {
        if (!c.set[i])
            continue;
        c.in[i] = *c.set[i];
        for (int fd = 0; fd < nr && fd < FD_SETSIZE; fd++)
            any |= FD_ISSET(fd, &c.in[i]) && file_of(fd);
    }
    if (!any)
        return false;
    *rc = until(select_ready, &c, &idle);
    if (idle && forever)
        return false;
    for (unsigned int i = 0; *rc >= 0 && i < 3; i++) {
        if (c.set[i])
            *c.set[i] = c.out[i];
    }
    return true;
}

EXPORT int select(int nr, fd_set *r, fd_set *w, fd_set *x,
                  struct timeval *timeout)
{
    int rc;

    return select_ours(nr, r, w, x, NULL, !timeout, &rc) ? rc :
        REAL(select)(nr, r, w, x, timeout);
}

EXPORT int pselect(int nr, fd_set *r, fd_set *w, fd_set *x,
                   const struct timespec *timeout, const sigset_t *mask)
{
    int rc;

    return select_ours(nr, r, w, x, mask, !timeout, &rc) ? rc :
        REAL(pselect)(nr, r, w, x, timeout, mask);
}

/* ---- epoll ---- */

struct epoll_call {
    int fd;
    struct epoll_event *events;
    int max;
    const sigset_t *mask;
};

static int epoll_ready(void *call)
{
    const struct epoll_call *c = call;

    return REAL(epoll_pwait)(c->fd, c->events, c->max, 0, c->mask);
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max,
                       int timeout, const sigset_t *mask)
{
    struct epoll_call call = { fd, events, max, mask };
    bool idle;
    int rc;

    if (!waiting())
        return REAL(epoll_pwait)(fd, events, max, timeout, mask);
    rc = until(epoll_ready, &call, &idle);
    return idle && timeout < 0 ?
        REAL(epoll_pwait)(fd, events, max, timeout, mask) : rc;
}

EXPORT int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    return epoll_pwait(fd, events, max, timeout, NULL);
}

/* ---- sleeping ---- */

/* True when the sleep is over without one; *signalled when a signal is to
 * have ended it. */
static bool slept(bool *signalled)
{
    enum step step;

    if (!waiting())
        return false;
    front_lock();
    step = front_step();
    front_unlock();
    *signalled = step == STEP_SIGNAL;
    return true;
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
    bool signalled;

    if (!slept(&signalled))
        return REAL(nanosleep)(time, left);
    if (!signalled)
        return 0;
    if (left)
        *left = *time;
    errno = EINTR;
    return -1;
}

EXPORT int clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *time, struct timespec *left)
{
    bool signalled;

    if (!slept(&signalled))
        return REAL(clock_nanosleep)(clock, flags, time, left);
    if (signalled && left && !flags)
        *left = *time;
    return signalled ? EINTR : 0;
}

EXPORT int usleep(useconds_t us)
{
    bool signalled;

    if (!slept(&signalled))
        return REAL(usleep)(us);
    errno = signalled ? EINTR : errno;
    return signalled ? -1 : 0;
}

EXPORT unsigned int sleep(unsigned int seconds)
{
    bool signalled;

    if (!slept(&signalled))
        return REAL(sleep)(seconds);
    return signalled ? seconds : 0;
}
