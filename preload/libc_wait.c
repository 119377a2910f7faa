/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a client blocks, simulated time passes: guests run instead of the
 * clock, and a timeout is over at once when nothing more can happen. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"

#define MAX_WAIT_S      1000000000      /* and longer is for ever */

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

typedef int (*ready_fn)(void *call, const struct timespec *timeout);

/* The part of *LEFT to wait before the next look at the guests, taken off it;
 * a whole slice where there is no timeout. */
static struct timespec slice_of(int64_t *left, const struct timespec *timeout)
{
    int64_t ns = WAIT_SLICE_MS * 1000000ll;

    if (timeout && *left < ns)
        ns = *left;
    *left -= ns;
    return (struct timespec){ .tv_nsec = (long)ns };
}

/* Wait as READY does: let time pass until something came of it, as READY
 * without a timeout sees it.  When nothing is left to happen, TIMEOUT is over;
 * without one (NULL), and when the guests have ended and the client stays,
 * the wait is a real one. */
static int until(ready_fn ready, void *call, const struct timespec *timeout)
{
    static const struct timespec now;
    int64_t left = 0;

    if (timeout)
        left = timeout->tv_sec > MAX_WAIT_S ? INT64_MAX :
            timeout->tv_sec * 1000000000ll + timeout->tv_nsec;
    for (;;) {
        int rc = ready(call, &now);
        struct timespec slice;
        enum step step;
        bool over;

        if (rc)
            return rc;
        front_lock();
        step = front_step();
        over = front_over();
        front_unlock();
        if (step == STEP_SIGNAL) {
            errno = EINTR;
            return -1;
        }
        if (step == STEP_EVENT)
            continue;
        if (timeout && (!over || left <= 0))
            return ready(call, &now);
        slice = slice_of(&left, timeout);
        rc = ready(call, &slice);
        if (rc)
            return rc;
    }
}

static const struct timespec *of_ms(struct timespec *t, int ms)
{
    *t = (struct timespec){ ms / 1000, ms % 1000 * 1000000l };
    return ms < 0 ? NULL : t;
}

/* ---- poll ---- */

struct poll_call {
    struct pollfd *fds;
    nfds_t nr;
    const sigset_t *mask;
};

static int poll_ready(void *call, const struct timespec *timeout)
{
    const struct poll_call *c = call;

    return REAL(ppoll)(c->fds, c->nr, timeout, c->mask);
}

static bool polls_ours(const struct pollfd *fds, nfds_t nr)
{
    for (nfds_t i = 0; fds && i < nr; i++) {
        if (file_of(fds[i].fd))
            return true;
    }
    return false;
}

/* True when that was one for us: *rc is its result. */
static bool poll_ours(struct pollfd *fds, nfds_t nr,
                      const struct timespec *timeout, const sigset_t *mask,
                      int *rc)
{
    struct poll_call call = { fds, nr, mask };

    if (!waiting() || !polls_ours(fds, nr))
        return false;
    *rc = until(poll_ready, &call, timeout);
    return true;
}

EXPORT int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    struct timespec t;
    int rc;

    return poll_ours(fds, nr, of_ms(&t, timeout), NULL, &rc) ? rc :
        REAL(poll)(fds, nr, timeout);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout, size_t room)
{
    struct timespec t;
    int rc;

    if (nr <= room / sizeof(*fds) &&
        poll_ours(fds, nr, of_ms(&t, timeout), NULL, &rc))
        return rc;
    return REAL(__poll_chk)(fds, nr, timeout, room);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
                 const sigset_t *mask)
{
    int rc;

    return poll_ours(fds, nr, timeout, mask, &rc) ? rc :
        REAL(ppoll)(fds, nr, timeout, mask);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr,
                       const struct timespec *timeout, const sigset_t *mask,
                       size_t room)
{
    int rc;

    if (nr <= room / sizeof(*fds) && poll_ours(fds, nr, timeout, mask, &rc))
        return rc;
    return REAL(__ppoll_chk)(fds, nr, timeout, mask, room);
}

/* ---- select: the sets are in and out, so each look gets copies ---- */

struct select_call {
    int nr;
    fd_set *set[3], in[3], out[3];
    const sigset_t *mask;
};

/* What the kernel looks at. */
static size_t bytes_of(int nr)
{
    return nr < 0 ? 0 : ((size_t)nr + 63) / 64 * 8;
}

static int select_ready(void *call, const struct timespec *timeout)
{
    struct select_call *c = call;

    for (unsigned int i = 0; i < 3; i++)
        c->out[i] = c->in[i];
    return REAL(pselect)(c->nr, c->set[0] ? &c->out[0] : NULL,
                         c->set[1] ? &c->out[1] : NULL,
                         c->set[2] ? &c->out[2] : NULL, timeout, c->mask);
}

/* A set may be larger than an fd_set, but not one for us. */
static bool select_ours(struct select_call *c, const struct timespec *timeout,
                        int *rc)
{
    bool any = false;

    if (c->nr > FD_SETSIZE || !waiting())
        return false;
    for (unsigned int i = 0; i < 3; i++) {
        if (c->set[i])
            memcpy(&c->in[i], c->set[i], bytes_of(c->nr));
        for (int fd = 0; c->set[i] && fd < c->nr; fd++)
            any |= FD_ISSET(fd, &c->in[i]) && file_of(fd);
    }
    if (!any)
        return false;
    *rc = until(select_ready, c, timeout);
    for (unsigned int i = 0; *rc >= 0 && i < 3; i++) {
        if (c->set[i])
            memcpy(c->set[i], &c->out[i], bytes_of(c->nr));
    }
    return true;
}

EXPORT int select(int nr, fd_set *r, fd_set *w, fd_set *x,
                  struct timeval *timeout)
{
    struct select_call c = { .nr = nr, .set = { r, w, x } };
    struct timespec t;
    int rc;

    if (timeout)
        t = (struct timespec){ timeout->tv_sec, timeout->tv_usec * 1000 };
    return select_ours(&c, timeout ? &t : NULL, &rc) ? rc :
        REAL(select)(nr, r, w, x, timeout);
}

EXPORT int pselect(int nr, fd_set *r, fd_set *w, fd_set *x,
                   const struct timespec *timeout, const sigset_t *mask)
{
    struct select_call c = { .nr = nr, .set = { r, w, x }, .mask = mask };
    int rc;

    return select_ours(&c, timeout, &rc) ? rc :
        REAL(pselect)(nr, r, w, x, timeout, mask);
}

/* ---- epoll ---- */

struct epoll_call {
    int fd;
    struct epoll_event *events;
    int max;
    const sigset_t *mask;
};

static int epoll_ready(void *call, const struct timespec *timeout)
{
    const struct epoll_call *c = call;

    return REAL(epoll_pwait)(c->fd, c->events, c->max,
                             (int)(timeout->tv_nsec / 1000000), c->mask);
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max,
                       int timeout, const sigset_t *mask)
{
    struct epoll_call call = { fd, events, max, mask };
    struct timespec t;

    return waiting() ? until(epoll_ready, &call, of_ms(&t, timeout)) :
        REAL(epoll_pwait)(fd, events, max, timeout, mask);
}

EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int max,
                        const struct timespec *timeout, const sigset_t *mask)
{
    struct epoll_call call = { fd, events, max, mask };

    return waiting() ? until(epoll_ready, &call, timeout) :
        REAL(epoll_pwait2)(fd, events, max, timeout, mask);
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
    bool over;

    if (!waiting())
        return false;
    front_lock();
    step = front_step();
    over = front_over();
    front_unlock();
    *signalled = step == STEP_SIGNAL;
    return step != STEP_IDLE || !over;
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
