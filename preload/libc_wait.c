/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a client blocks, simulated time passes: guests run instead of the
 * clock, and a timeout is over at once when nothing more can happen. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "preload/clock.h"
#include "preload/front.h"
#include "preload/libc.h"
#include "preload/pass.h"
#include "preload/xenstore.h"

int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
                const sigset_t *mask, size_t room);

/* What there is to wait for: a port of ours, or an event of xenstore's.  An
 * epoll set is not looked into. */
enum what { NOTHING, PORTS, WATCHES };

static enum what waiting(void)
{
    enum what what = NOTHING;

    if (!front.hv)
        return NOTHING;
    front_lock();
    if (xenstore_watched())
        what = WATCHES;
    else if (evtchn_any())
        what = PORTS;
    front_unlock();
    return what;
}

/* Does the client wait for us when it waits for FD?  libxenstore's thread
 * passes the watches' events on in a pipe (xs_fileno). */
static bool is_ours(int fd, enum what what)
{
    struct stat st;

    if (what == NOTHING || fd < 0)
        return false;
    return file_of(fd) || (what == WATCHES && !REAL(fstat)(fd, &st) &&
                           S_ISFIFO(st.st_mode));
}

static enum step let_run(bool *over)
{
    enum step step;

    front_lock();
    step = front_step();
    *over = front_over();
    front_unlock();
    return step;
}

typedef int (*ready_fn)(void *call, const struct timespec *timeout);

static const struct timespec at_once;
/* For libxenstore's thread, which has something to pass on. */
static const struct timespec moment = { .tv_nsec = 100000000 };

static uint64_t ns_of(const struct timespec *timeout)
{
    return timeout ? clock_ns(timeout) : UINT64_MAX;
}

/* Wait for a part of *LEFT before the next look at the guests. */
static int slice(ready_fn ready, void *call, uint64_t *left)
{
    uint64_t ns = WAIT_SLICE_MS * 1000000ull;
    struct timespec t;

    if (*left < ns)
        ns = *left;
    if (*left != UINT64_MAX)
        *left -= ns;
    t = clock_spec(ns);
    return ready(call, &t);
}

static int interrupted(void)
{
    errno = EINTR;
    return -1;
}

/* The client has looked, and there is something (RC). */
static int looked(int rc)
{
    if (rc <= 0)
        return rc;
    front_lock();
    front_served_events();
    front_unlock();
    return rc;
}

/* Wait as READY does: let time pass until something came of it, as READY
 * without a timeout sees it, or a signal handler ran; HANDLED had when the
 * client called.  When nothing is left to happen, TIMEOUT is over;
 * without one (NULL), and when the guests have ended and the client stays,
 * the wait is a real one. */
static int until(ready_fn ready, void *call, const struct timespec *timeout,
                 unsigned int handled)
{
    uint64_t from = clock_now(), ns = ns_of(timeout), left = ns;
    struct clock_wait wait;
    bool real = false;
    int rc;

    if (front.pass) {
        rc = ready(call, timeout);
        pass_waited(rc > 0);
        return rc;
    }
    while (!(rc = ready(call, &at_once))) {
        bool over;
        enum step step = let_run(&over);

        if (step == STEP_EVENT)
            continue;
        if (step == STEP_TOLD) {
            rc = ready(call, &moment);
            if (rc)
                break;
            continue;
        }
        if (step == STEP_SIGNAL || handled != libc_handled()) {
            rc = interrupted();
            break;
        }
        if (timeout && (!over || !left)) {
            clock_reach(from + ns);
            return ready(call, &at_once);
        }
        if (!real)
            clock_wait_begin(&wait);
        real = true;
        rc = slice(ready, call, &left);
        if (rc)
            break;
    }
    if (real)
        clock_wait_end(&wait, ns);
    return looked(rc);
}

/* The same for what is none of ours. */
static int theirs(ready_fn ready, void *call, const struct timespec *timeout,
                  unsigned int handled)
{
    uint64_t ns = ns_of(timeout);
    struct clock_wait wait;
    int rc = clock_virtual() ? ready(call, &at_once) : 0;

    if (rc)
        return rc;
    if (handled != libc_handled())
        return interrupted();
    clock_wait_begin(&wait);
    rc = ready(call, timeout);
    if (rc)
        clock_wait_end(&wait, ns);
    else if (timeout)
        clock_reach(wait.from + ns);
    return rc;
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
    enum what what = waiting();

    for (nfds_t i = 0; what && fds && i < nr; i++) {
        if (is_ours(fds[i].fd, what))
            return true;
    }
    return false;
}

static int poll_by(struct pollfd *fds, nfds_t nr,
                   const struct timespec *timeout, const sigset_t *mask)
{
    struct poll_call call = { fds, nr, mask };
    unsigned int handled = libc_handled();

    return (polls_ours(fds, nr) ? until : theirs)(poll_ready, &call, timeout,
                                                  handled);
}

EXPORT int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    struct timespec t;

    return poll_by(fds, nr, of_ms(&t, timeout), NULL);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout, size_t room)
{
    return nr <= room / sizeof(*fds) ? poll(fds, nr, timeout) :
        REAL(__poll_chk)(fds, nr, timeout, room);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
                 const sigset_t *mask)
{
    return poll_by(fds, nr, timeout, mask);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr,
                       const struct timespec *timeout, const sigset_t *mask,
                       size_t room)
{
    return nr <= room / sizeof(*fds) ? poll_by(fds, nr, timeout, mask) :
        REAL(__ppoll_chk)(fds, nr, timeout, mask, room);
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

static bool selects_ours(const struct select_call *c)
{
    enum what what = waiting();

    for (unsigned int i = 0; what && i < 3; i++) {
        for (int fd = 0; c->set[i] && fd < c->nr; fd++) {
            if (FD_ISSET(fd, &c->in[i]) && is_ours(fd, what))
                return true;
        }
    }
    return false;
}

static int select_by(struct select_call *c, const struct timespec *timeout)
{
    unsigned int handled = libc_handled();
    int rc;

    for (unsigned int i = 0; i < 3; i++) {
        if (c->set[i])
            memcpy(&c->in[i], c->set[i], bytes_of(c->nr));
    }
    rc = (selects_ours(c) ? until : theirs)(select_ready, c, timeout, handled);
    for (unsigned int i = 0; rc >= 0 && i < 3; i++) {
        if (c->set[i])
            memcpy(c->set[i], &c->out[i], bytes_of(c->nr));
    }
    return rc;
}

/* A set may be larger than an fd_set, but not one for us. */
static bool too_many(int nr)
{
    return nr < 0 || nr > FD_SETSIZE || !(front.hv || clock_virtual());
}

/* As on Linux, TIMEOUT says what is left of it. */
EXPORT int select(int nr, fd_set *r, fd_set *w, fd_set *x,
                  struct timeval *timeout)
{
    struct select_call c = { .nr = nr, .set = { r, w, x } };
    uint64_t end;
    struct timespec t;
    int rc;

    if (too_many(nr))
        return REAL(select)(nr, r, w, x, timeout);
    if (!timeout)
        return select_by(&c, NULL);
    t = (struct timespec){ timeout->tv_sec + timeout->tv_usec / 1000000,
                           timeout->tv_usec % 1000000 * 1000 };
    end = clock_now() + clock_ns(&t);
    rc = select_by(&c, &t);
    t = clock_spec(end > clock_now() ? end - clock_now() : 0);
    *timeout = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
    return rc;
}

EXPORT int pselect(int nr, fd_set *r, fd_set *w, fd_set *x,
                   const struct timespec *timeout, const sigset_t *mask)
{
    struct select_call c = { .nr = nr, .set = { r, w, x }, .mask = mask };

    return too_many(nr) ? REAL(pselect)(nr, r, w, x, timeout, mask) :
        select_by(&c, timeout);
}

/* ---- epoll ---- */

struct epoll_call {
    int fd;
    struct epoll_event *events;
    int max;
    const sigset_t *mask;
};

/* In ms, as the kernels before 5.11 have it, and no less than was said. */
static int epoll_ready(void *call, const struct timespec *timeout)
{
    const struct epoll_call *c = call;
    uint64_t ms = ns_of(timeout) / 1000000 + (ns_of(timeout) % 1000000 != 0);

    return REAL(epoll_pwait)(c->fd, c->events, c->max,
                             !timeout || ms > INT_MAX ? -1 : (int)ms, c->mask);
}

static int epoll_by(int fd, struct epoll_event *events, int max,
                    const struct timespec *timeout, const sigset_t *mask)
{
    struct epoll_call call = { fd, events, max, mask };
    unsigned int handled = libc_handled();

    return (waiting() ? until : theirs)(epoll_ready, &call, timeout, handled);
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max,
                       int timeout, const sigset_t *mask)
{
    struct timespec t;

    return epoll_by(fd, events, max, of_ms(&t, timeout), mask);
}

EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int max,
                        const struct timespec *timeout, const sigset_t *mask)
{
    return epoll_by(fd, events, max, timeout, mask);
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
    if (front.pass) {
        pass_waited(false);     /* in time for what it does then */
        return false;
    }
    step = let_run(&over);
    *signalled = step == STEP_SIGNAL;
    return step != STEP_IDLE || !over;
}

/* Sleep for NS; *LEFT of it is what a signal took away: 0 or an error. */
static int sleep_for(uint64_t ns, uint64_t *left)
{
    struct timespec t = clock_spec(ns), rest = t;
    uint64_t end = clock_now() + ns;
    bool signalled = false;
    int rc = 0;

    if (!slept(&signalled))
        rc = REAL(clock_nanosleep)(CLOCK_MONOTONIC, 0, &t, &rest);
    else if (signalled)
        rc = EINTR;
    *left = rc ? clock_ns(&rest) : 0;
    clock_reach(end - *left);
    return rc;
}

EXPORT int clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *time, struct timespec *left)
{
    uint64_t ns, rest;
    int rc;

    if (!(front.hv || clock_virtual()) || clock < 0 ||
        clock == CLOCK_PROCESS_CPUTIME_ID)
        return REAL(clock_nanosleep)(clock, flags, time, left);
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1000000000)
        return EINVAL;
    ns = clock_ns(time);
    if (flags & TIMER_ABSTIME) {
        struct timespec now;

        clock_gettime(clock, &now);
        ns = ns > clock_ns(&now) ? ns - clock_ns(&now) : 0;
    }
    rc = sleep_for(ns, &rest);
    if (rc == EINTR && left && !(flags & TIMER_ABSTIME))
        *left = clock_spec(rest);
    return rc;
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
    int rc = clock_nanosleep(CLOCK_REALTIME, 0, time, left);

    if (rc)
        errno = rc;
    return rc ? -1 : 0;
}

EXPORT int usleep(useconds_t us)
{
    struct timespec t = clock_spec(us * 1000ull);

    return nanosleep(&t, NULL);
}

EXPORT unsigned int sleep(unsigned int seconds)
{
    struct timespec t = { .tv_sec = seconds }, left = { 0, 0 };

    return nanosleep(&t, &left) ?
        (unsigned int)left.tv_sec + (left.tv_nsec >= 500000000) : 0;
}
