/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client whose waits are ended by signals.  Silent, and 0, or it says what
 * went wrong.  Not part of xenreel: tests/client-libc.sh builds it. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <xenctrl.h>

#include "want.h"

static volatile int rang;

static void ring_bell(int signal)
{
    (void)signal;
    rang = 1;
}

/* For as long as RANG is not -1: calls that each take some time. */
static void *work(void *xc)
{
    while (rang != -1)
        WANT(!xc_set_mem_access(xc, 1, XENMEM_access_rwx, 0, 0x10000));
    return xc;
}

struct wait {
    int fd;                     /* an event channel that nothing comes to */
    pid_t id;                   /* the thread that waits */
    int rc, error;
};

static void *wait_in_poll(void *arg)
{
    struct wait *w = arg;
    struct pollfd p = { .fd = w->fd, .events = POLLIN };

    __atomic_store_n(&w->id, gettid(), __ATOMIC_RELEASE);
    w->rc = poll(&p, 1, 300);
    w->error = errno;
    return arg;
}

/* A signal ends a wait wherever in it it comes, also while other threads keep
 * the devices busy.  One that comes before poll() does is lost, as in any
 * program: two may. */
static void interrupts(void)
{
    struct sigaction act = { .sa_handler = ring_bell };
    struct timespec t = { 0, 50000000 };
    struct wait w = { .fd = open("/dev/xen/evtchn", O_RDWR) };
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    pthread_t id, worker;
    uint32_t port;
    int lost = 0;

    WANT(xc && xc_monitor_enable(xc, 1, &port));
    WANT(w.fd >= 0 && !sigaction(SIGUSR1, &act, NULL));
    WANT(!pthread_create(&worker, NULL, work, xc));
    for (int i = 0; i < 20; i++) {
        w.id = 0;
        WANT(!pthread_create(&id, NULL, wait_in_poll, &w));
        while (!__atomic_load_n(&w.id, __ATOMIC_ACQUIRE))
            sched_yield();
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
        syscall(SYS_tgkill, getpid(), w.id, SIGUSR1);
        WANT(!pthread_join(id, NULL));
        WANT(w.rc == 0 || (w.rc == -1 && w.error == EINTR));
        lost += !w.rc;
    }
    rang = -1;
    WANT(!pthread_join(worker, NULL));
    WANT(lost < 3);
    WANT(!xc_monitor_disable(xc, 1) && !xc_interface_close(xc));
    close(w.fd);
}

/* Nothing happens any more: a signal ends the waits.  It comes again, as the
 * first may be before the wait. */
static void signals(void)
{
    struct sigaction act = { .sa_handler = ring_bell };
    struct itimerval in = { { 0, 50000 }, { 0, 50000 } }, off = { 0 };
    int fd = open("/dev/xen/evtchn", O_RDWR);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct timespec from, to;
    uint32_t port;

    WANT(fd >= 0 && !sigaction(SIGALRM, &act, NULL));
    WANT(!setitimer(ITIMER_REAL, &in, NULL));
    WANT(poll(&p, 1, -1) == -1 && errno == EINTR && rang);
    WANT(read(fd, &port, 4) == -1 && errno == EINTR);
    WANT(!setitimer(ITIMER_REAL, &off, NULL));
    /* And a timeout is one. */
    clock_gettime(CLOCK_MONOTONIC, &from);
    WANT(poll(&p, 1, 60) == 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    WANT((to.tv_sec - from.tv_sec) * 1000000000l + to.tv_nsec - from.tv_nsec >=
         60000000l);
    close(fd);
}

int main(void)
{
    signals();
    interrupts();
    return 0;
}
