/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that measures time, and waits for nothing but xenstore.  Its
 * argument names what to try; it ends with 0, or says what went wrong.  Not
 * part of xenreel: tests/client-time.sh builds it. */
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "monitor.h"

#define MS      1000000ll
#define S       (1000 * MS)

static int64_t ns_of(struct timespec t)
{
    return t.tv_sec * S + t.tv_nsec;
}

static int64_t now(clockid_t clock)
{
    struct timespec t;

    WANT(!clock_gettime(clock, &t));
    return ns_of(t);
}

/* The machine's, which the C library is not asked for. */
static int64_t really(void)
{
    struct timespec t;

    WANT(!syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
    return ns_of(t);
}

/* A moment, MS away on CLOCK. */
static struct timespec in(clockid_t clock, int64_t ms)
{
    int64_t t = now(clock) + ms * MS;

    return (struct timespec){ t / S, t % S };
}

/* ---- reading ---- */

static void reads(void)
{
    struct timespec t;
    struct timeval v;
    int64_t from;

    WANT(time(NULL) == 1670803200);             /* docs/CLIENTS.md */
    WANT(!gettimeofday(&v, NULL) && v.tv_sec == 1670803200);
    WANT(timespec_get(&t, TIME_UTC) == TIME_UTC && t.tv_sec == 1670803200);
    WANT(now(CLOCK_MONOTONIC) / S == 1670803200);
    WANT(now(CLOCK_PROCESS_CPUTIME_ID) < 1000 * S);
    WANT(clock_gettime(99, &t) == -1 && errno == EINVAL);
    /* A microsecond each. */
    from = now(CLOCK_REALTIME);
    WANT(now(CLOCK_BOOTTIME) == from + 1000);
    while (now(CLOCK_MONOTONIC_COARSE) < from + 50 * MS)
        ;
}

/* ---- waits of the machine's: they take as long, and so does ours ---- */

static void polls(int64_t ms)
{
    WANT(poll(NULL, 0, (int)ms) == 0);
}

static void selects(int64_t ms)
{
    struct timeval v = { 0, (int)ms * 1000 };

    WANT(select(0, NULL, NULL, NULL, &v) == 0);
    WANT(!v.tv_sec && !v.tv_usec);
}

static void sleeps(int64_t ms)
{
    WANT(!usleep((useconds_t)ms * 1000));
}

static void sleeps_until(int64_t ms)
{
    struct timespec t = in(CLOCK_MONOTONIC, ms);

    WANT(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static void condition_of(clockid_t clock, int64_t ms)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec t = in(clock, ms);
    pthread_condattr_t attr;
    pthread_cond_t cond;

    WANT(!pthread_condattr_init(&attr));
    WANT(!pthread_condattr_setclock(&attr, clock));
    WANT(!pthread_cond_init(&cond, &attr) && !pthread_mutex_lock(&mutex));
    WANT(pthread_cond_timedwait(&cond, &mutex, &t) == ETIMEDOUT);
    WANT(now(clock) >= ns_of(t));
    t.tv_nsec = -1;
    WANT(pthread_cond_timedwait(&cond, &mutex, &t) == EINVAL);
}

static void condition(int64_t ms)
{
    condition_of(CLOCK_REALTIME, ms);
}

static void monotonic_condition(int64_t ms)
{
    condition_of(CLOCK_MONOTONIC, ms);
}

static void mutex(int64_t ms)
{
    struct timespec t = in(CLOCK_REALTIME, ms);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    WANT(!pthread_mutex_lock(&mutex));
    WANT(pthread_mutex_timedlock(&mutex, &t) == ETIMEDOUT);
}

static void semaphore(int64_t ms)
{
    struct timespec t = in(CLOCK_REALTIME, ms);
    sem_t sem;

    WANT(!sem_init(&sem, 0, 0));
    WANT(sem_timedwait(&sem, &t) == -1 && errno == ETIMEDOUT);
}

static void *stays(void *arg)
{
    pause();
    return arg;
}

static void join(int64_t ms)
{
    struct timespec t;
    pthread_t id;

    WANT(!pthread_create(&id, NULL, stays, NULL));
    t = in(CLOCK_REALTIME, ms);
    WANT(pthread_timedjoin_np(id, NULL, &t) == ETIMEDOUT);
}

/* As Rust's standard library waits. */
static void futex(int64_t ms)
{
    struct timespec t = in(CLOCK_MONOTONIC, ms);
    int word = 0;

    WANT(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL,
                 ~0u) == -1 && errno == ETIMEDOUT);
}

static void timer(int64_t ms)
{
    struct itimerspec t = { .it_value = in(CLOCK_MONOTONIC, ms) };
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct pollfd p = { fd, POLLIN, 0 };

    WANT(fd >= 0 && !timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    WANT(poll(&p, 1, -1) == 1);
    close(fd);
}

static void real_waits(void)
{
    static const struct {
        void (*wait)(int64_t ms);
        bool exact;
    } all[] = {
        { polls, true }, { selects, true }, { sleeps, true },
        { sleeps_until, true }, { condition, true },
        { monotonic_condition, true }, { mutex, true }, { semaphore, true },
        { join, true }, { futex, true }, { timer, false },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        int64_t from = now(CLOCK_MONOTONIC), real = really(), passed;

        all[i].wait(30);
        real = really() - real;
        passed = now(CLOCK_MONOTONIC) - from;
        fprintf(stderr, "%zu: %lld ns\n", i, (long long)passed);
        WANT(real >= 29 * MS);
        WANT(passed >= (all[i].exact ? 30 : 29) * MS);
        WANT(!all[i].exact || passed <= 30 * MS + 10000);
    }
}

/* ---- waits for Xen ---- */

/* The guest waits for an answer: an hour passes at once. */
static void idles(void)
{
    struct pollfd p = { .events = POLLIN };
    struct monitor m;
    int64_t from, real;
    int laps = 0;

    monitor_open(&m);
    p.fd = m.fd;
    while (!RING_HAS_UNCONSUMED_REQUESTS(&m.ring)) {
        WANT(poll(&p, 1, 1000) == 1);
        WANT(xenevtchn_pending(m.xe) == (int)m.port);
        WANT(!xenevtchn_unmask(m.xe, m.port));
    }
    from = now(CLOCK_REALTIME);
    real = really();
    WANT(poll(&p, 1, 3600 * 1000) == 0);
    WANT(now(CLOCK_REALTIME) - from == 3600 * S + 1000);
    sleep(1800);
    WANT(now(CLOCK_REALTIME) - from == 5400 * S + 2000);
    WANT(really() - real < 1000 * S);
    /* What depends on the clock is in the trace. */
    for (from = time(NULL); time(NULL) - from < 10; laps++) {
        WANT(poll(&p, 1, 100) == 0);
        WANT(!xenevtchn_notify(m.xe, m.port));
    }
    printf("%d laps, until %lld\n", laps, (long long)now(CLOCK_REALTIME));
    monitor_answer(&m);
    monitor_close(&m);
}

/* More ports than anybody has in one file; the last one's event comes. */
static void ports(void)
{
    struct pollfd p = { .events = POLLIN };
    xenevtchn_port_or_error_t port[200];
    xenevtchn_handle *xe = xenevtchn_open(NULL, 0);
    uint32_t remote;
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);

    WANT(xe && xc && xc_monitor_enable(xc, 1, &remote));
    for (int i = 0; i < 199; i++) {
        WANT((port[i] = xenevtchn_bind_unbound_port(xe, 1)) > 0);
        WANT(!i || port[i] != port[i - 1]);
    }
    WANT((port[199] = xenevtchn_bind_interdomain(xe, 1, remote)) > 0);
    p.fd = xenevtchn_fd(xe);
    WANT(poll(&p, 1, 1000) == 1 && xenevtchn_pending(xe) == port[199]);
    for (int i = 0; i < 200; i++)
        WANT(!xenevtchn_unbind(xe, port[i]));
    WANT(xenevtchn_unbind(xe, port[7]) == -1 && errno == ENOTCONN);
    xenevtchn_close(xe);
}

static bool by_poll(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };

    return poll(&p, 1, 60000) == 1;
}

static bool by_select(int fd)
{
    struct timeval v = { 60, 0 };
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, &v) == 1;
}

static bool by_epoll(int fd)
{
    struct epoll_event e = { .events = EPOLLIN };
    int set = epoll_create1(0);

    WANT(set >= 0 && !epoll_ctl(set, EPOLL_CTL_ADD, fd, &e));
    return epoll_wait(set, &e, 1, 60000) == 1;
}

/* Nothing but a watch: the guest runs meanwhile, and its end is told. */
static void watches(bool (*wait)(int fd))
{
    struct xs_handle *xs = xs_open(0);
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    unsigned int nr;
    xc_dominfo_t info;

    WANT(xs && xc && xs_watch(xs, "@releaseDomain", "gone"));
    for (int told = 0; told < 2; told++) {
        WANT(xc_domain_getinfo(xc, 1, 1, &info) == 1 && !info.shutdown);
        WANT(wait(xs_fileno(xs)));
        free(xs_read_watch(xs, &nr));
    }
    WANT(xc_domain_getinfo(xc, 1, 1, &info) == 1 && info.shutdown);
    xs_close(xs);
    xc_interface_close(xc);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";

    if (!strcmp(what, "reads"))
        reads();
    else if (!strcmp(what, "real-waits"))
        real_waits();
    else if (!strcmp(what, "idles"))
        idles();
    else if (!strcmp(what, "ports"))
        ports();
    else if (!strcmp(what, "poll"))
        watches(by_poll);
    else if (!strcmp(what, "select"))
        watches(by_select);
    else if (!strcmp(what, "epoll"))
        watches(by_epoll);
    else if (!strcmp(what, "today"))
        printf("%lld\n", (long long)time(NULL));
    else
        return 2;
    return 0;
}
