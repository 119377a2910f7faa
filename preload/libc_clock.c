/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the clock, and waits that end at a moment of it.  Such a moment is
 * as far from now as it is on the clock that was read; the wait for it is a
 * real one, on CLOCK_MONOTONIC, and ours has reached it when it is over. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "preload/clock.h"
#include "preload/libc.h"

/* ---- reading ---- */

static bool is_ours(clockid_t clock)
{
    return clock_virtual() && clock >= 0 && clock <= CLOCK_TAI &&
           clock != CLOCK_PROCESS_CPUTIME_ID &&
           clock != CLOCK_THREAD_CPUTIME_ID;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *t)
{
    if (!is_ours(clock))
        return REAL(clock_gettime)(clock, t);
    *t = clock_spec(clock_tick());
    return 0;
}

EXPORT int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;

    if (!clock_virtual())
        return REAL(gettimeofday)(tv, zone);
    t = clock_spec(clock_tick());
    if (zone)
        memset(zone, 0, sizeof(struct timezone));
    *tv = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
    return 0;
}

EXPORT time_t time(time_t *to)
{
    time_t sec;

    if (!clock_virtual())
        return REAL(time)(to);
    sec = clock_spec(clock_tick()).tv_sec;
    if (to)
        *to = sec;
    return sec;
}

EXPORT int timespec_get(struct timespec *t, int base)
{
    if (!clock_virtual() || base != TIME_UTC)
        return REAL(timespec_get)(t, base);
    *t = clock_spec(clock_tick());
    return base;
}

/* ---- until a moment ---- */

static bool is_time(const struct timespec *t)
{
    return t->tv_nsec >= 0 && t->tv_nsec < 1000000000;
}

static uint64_t left_to(const struct timespec *abs)
{
    uint64_t then = clock_ns(abs), now = clock_now();

    return then > now ? then - now : 0;
}

/* The same moment on the machine's CLOCK_MONOTONIC; what is none stays that,
 * and is complained of. */
static const struct timespec *real_of(struct timespec *t,
                                      const struct timespec *abs)
{
    if (!is_time(abs))
        return abs;
    REAL(clock_gettime)(CLOCK_MONOTONIC, t);
    *t = clock_spec(clock_ns(t) + left_to(abs));
    return t;
}

static int over(int error, const struct timespec *abs)
{
    if (error == ETIMEDOUT)
        clock_reach(clock_ns(abs));
    return error;
}

/* The clocks that the functions below take. */
static bool translated(clockid_t clock)
{
    return clock_virtual() &&
           (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC);
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  clockid_t clock, const struct timespec *abs)
{
    struct timespec t;

    if (!translated(clock))
        return REAL(pthread_cond_clockwait)(cond, mutex, clock, abs);
    return over(REAL(pthread_cond_clockwait)(cond, mutex, CLOCK_MONOTONIC,
                                             real_of(&t, abs)), abs);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *restrict cond,
                                  pthread_mutex_t *restrict mutex,
                                  const struct timespec *restrict abs)
{
    return clock_virtual() ?
        pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, abs) :
        REAL(pthread_cond_timedwait)(cond, mutex, abs);
}

EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *abs)
{
    struct timespec t;

    if (!translated(clock))
        return REAL(pthread_mutex_clocklock)(mutex, clock, abs);
    return over(REAL(pthread_mutex_clocklock)(mutex, CLOCK_MONOTONIC,
                                              real_of(&t, abs)), abs);
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                                   const struct timespec *restrict abs)
{
    return clock_virtual() ?
        pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, abs) :
        REAL(pthread_mutex_timedlock)(mutex, abs);
}

EXPORT int pthread_clockjoin_np(pthread_t thread, void **result,
                                clockid_t clock, const struct timespec *abs)
{
    struct timespec t;

    if (!abs || !translated(clock))
        return REAL(pthread_clockjoin_np)(thread, result, clock, abs);
    return over(REAL(pthread_clockjoin_np)(thread, result, CLOCK_MONOTONIC,
                                           real_of(&t, abs)), abs);
}

EXPORT int pthread_timedjoin_np(pthread_t thread, void **result,
                                const struct timespec *abs)
{
    return clock_virtual() ?
        pthread_clockjoin_np(thread, result, CLOCK_MONOTONIC, abs) :
        REAL(pthread_timedjoin_np)(thread, result, abs);
}

EXPORT int sem_clockwait(sem_t *sem, clockid_t clock,
                         const struct timespec *abs)
{
    struct timespec t;
    int rc;

    if (!translated(clock))
        return REAL(sem_clockwait)(sem, clock, abs);
    rc = REAL(sem_clockwait)(sem, CLOCK_MONOTONIC, real_of(&t, abs));
    over(rc ? errno : 0, abs);
    return rc;
}

EXPORT int sem_timedwait(sem_t *restrict sem,
                         const struct timespec *restrict abs)
{
    return clock_virtual() ? sem_clockwait(sem, CLOCK_MONOTONIC, abs) :
        REAL(sem_timedwait)(sem, abs);
}

/* ---- timers: they are the machine's, and so is the time to them ---- */

static struct itimerspec relative(const struct itimerspec *to)
{
    struct itimerspec t = *to;

    if ((t.it_value.tv_sec || t.it_value.tv_nsec) && is_time(&t.it_value))
        t.it_value = clock_spec(left_to(&to->it_value) + 1);
    return t;
}

EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec *to,
                           struct itimerspec *was)
{
    struct itimerspec t;

    if (!clock_virtual() || !(flags & TFD_TIMER_ABSTIME) || !to)
        return REAL(timerfd_settime)(fd, flags, to, was);
    t = relative(to);
    return REAL(timerfd_settime)(fd, 0, &t, was);
}

EXPORT int timer_settime(timer_t timer, int flags,
                         const struct itimerspec *restrict to,
                         struct itimerspec *restrict was)
{
    struct itimerspec t;

    if (!clock_virtual() || !(flags & TIMER_ABSTIME) || !to)
        return REAL(timer_settime)(timer, flags, to, was);
    t = relative(to);
    return REAL(timer_settime)(timer, 0, &t, was);
}

/* ---- the waits of other languages' libraries ---- */

/* A is the call's arguments: its operation is A[1], its timeout A[3]. */
static long futex(long a[6])
{
    const struct timespec *abs = (const void *)a[3];
    struct timespec t, then;
    bool relative = (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT;
    long rc;

    if (relative) {
        then = clock_spec(clock_now() + clock_ns(abs));
        abs = &then;
    } else {
        a[1] &= ~(long)FUTEX_CLOCK_REALTIME;
        a[3] = (long)real_of(&t, abs);
    }
    rc = REAL(syscall)(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
    over(rc ? errno : 0, abs);
    return rc;
}

static bool is_timed(const long a[6])
{
    long op = a[1] & FUTEX_CMD_MASK;

    return (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET) && a[3];
}

/* As in the C library's own, what is not an argument of NR's is read, too, and
 * means nothing: a sanitizer would complain of the last, which is on the
 * caller's stack. */
__attribute__((no_sanitize_address)) EXPORT long syscall(long nr, ...)
{
    long a[6];
    va_list list;

    va_start(list, nr);
    for (unsigned int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (nr == SYS_futex && clock_virtual() && is_timed(a))
        return futex(a);
    return REAL(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
