/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front end called from several threads, from a signal handler and by
 * children, and left by threads that are cancelled: a client that runs itself
 * under xenreel run.  What it checks is that everybody is answered. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <xen/sys/privcmd.h>

#define DOM     1
#define THREADS 4
#define ROUNDS  200
#define HANDLED 2000

#define CHECK(good) check(good, #good, __LINE__)
static void check(bool good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "test-front.c:%d: %s: %s\n", line, what, strerror(errno));
    _exit(1);
}

/* ---- threads ---- */

static void map_and_write(xenforeignmemory_handle *memory, xen_pfn_t gfn)
{
    int err;
    unsigned int *p = xenforeignmemory_map(memory, DOM, PROT_READ | PROT_WRITE,
                                           1, &gfn, &err);

    CHECK(p && !err);
    *p = (unsigned int)gfn;
    CHECK(!xenforeignmemory_unmap(memory, p, 1));
}

static void *call_all(void *arg)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    xenforeignmemory_handle *memory = xenforeignmemory_open(NULL, 0);
    struct xs_handle *xs = xs_open(0);
    xen_pfn_t gfn = 16 * (xen_pfn_t)(uintptr_t)arg;

    CHECK(xc && memory && xs);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        xenevtchn_handle *channel = xenevtchn_open(NULL, 0);
        xen_pfn_t highest;
        char path[64];

        CHECK(channel);
        CHECK(!xc_domain_maximum_gpfn(xc, DOM, &highest));
        map_and_write(memory, gfn + i % 16);
        snprintf(path, sizeof(path), "/test/%u", (unsigned int)gfn);
        CHECK(xs_write(xs, XBT_NULL, path, "v", 1));
        free(xs_read(xs, XBT_NULL, path, NULL));
        xenevtchn_close(channel);
    }
    xs_close(xs);
    xenforeignmemory_close(memory);
    xc_interface_close(xc);
    return NULL;
}

/* A child, made in the middle of it all, is told that it has no machine. */
static void fork_meanwhile(void)
{
    for (unsigned int i = 0; i < 5; i++) {
        pid_t child = fork();
        int status = -1;

        if (!child) {
            alarm(20);
            _exit(open("/dev/xen/evtchn", O_RDWR) >= 0);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(!status);
        usleep(1000);
    }
}

static void test_threads(void)
{
    pthread_t thread[THREADS];
    int first = open("/dev/xen/privcmd", O_RDWR);

    /* A child that is made before there is a machine gets its own. */
    CHECK(first >= 0 && !close(first));
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&thread[i], NULL, call_all, (void *)i));
    fork_meanwhile();
    for (unsigned int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(thread[i], NULL));
}

/* ---- a handler that makes hypercalls ---- */

static int privcmd;
static volatile sig_atomic_t handled;

static long ask_version(void)
{
    struct privcmd_hypercall call = {
        .op = __HYPERVISOR_xen_version, .arg = { XENVER_version },
    };

    return ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call);
}

static void handler(int number)
{
    (void)number;
    CHECK(ask_version() > 0);
    CHECK(!munmap(mmap(NULL, 4096, PROT_READ, MAP_SHARED, privcmd, 0), 4096));
    handled++;
}

static void test_handler(void)
{
    const struct itimerspec often = { { 0, 100000 }, { 0, 100000 } };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = SIGUSR1 };
    timer_t timer;

    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    CHECK(privcmd >= 0);
    CHECK(signal(SIGUSR1, handler) != SIG_ERR);
    CHECK(!timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK(!timer_settime(timer, 0, &often, NULL));
    while (handled < HANDLED) {
        void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, privcmd, 0);

        CHECK(p != MAP_FAILED && ask_version() > 0 && !munmap(p, 4096));
    }
    CHECK(!timer_delete(timer));
    CHECK(signal(SIGUSR1, SIG_DFL) == handler);
    close(privcmd);
}

/* ---- libxenstore's reader, which is cancelled by xs_close ---- */

static void test_cancel(void)
{
    struct xs_handle *writer = xs_open(0);

    CHECK(writer);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        struct xs_handle *xs = xs_open(0);
        unsigned int nr;
        char **event;

        CHECK(xs && xs_watch(xs, "/test", "token"));
        CHECK(xs_write(writer, XBT_NULL, "/test/cancel", "v", 1));
        event = xs_read_watch(xs, &nr);
        CHECK(event && nr == 2 && !strcmp(event[XS_WATCH_TOKEN], "token"));
        free(event);
        xs_close(xs);
    }
    xs_close(writer);
}

/* ---- a mapping of which a part is given back ---- */

static int batch(char *at, unsigned int nr)
{
    xen_pfn_t gfns[4] = { 1, 2, 3, 4 };
    int errors[4];
    struct privcmd_mmapbatch_v2 call = {
        .num = nr, .dom = DOM, .addr = (uintptr_t)at, .arr = gfns,
        .err = errors,
    };

    return ioctl(privcmd, IOCTL_PRIVCMD_MMAPBATCH_V2, &call);
}

/* What the client has unmapped is no longer the device's to fill. */
static void test_parts(void)
{
    char *p, *own;

    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);
    CHECK(privcmd >= 0 && p != MAP_FAILED);
    CHECK(!munmap(p + 4096, 4096));
    own = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own == p + 4096);
    *own = 'x';
    CHECK(batch(p, 4) < 0 && errno == EINVAL && *own == 'x');
    CHECK(!batch(p, 1) && !batch(p + 2 * 4096, 2));
    p[0] = p[3 * 4096] = 'y';
    CHECK(*own == 'x' && !munmap(p, 4 * 4096));
    CHECK(batch(p, 1) < 0 && errno == EINVAL);
    close(privcmd);
}

int main(int argc, char **argv)
{
    const char *xenreel = getenv("XENREEL");

    (void)argc;
    if (!getenv("XENREEL_SETUP")) {
        execl(xenreel ? xenreel : "./xenreel", "xenreel", "run", "--at-end",
              "wait", "--", argv[0], (char *)NULL);
        perror("xenreel");
        return 99;
    }
    alarm(60);
    test_threads();
    alarm(60);
    test_cancel();
    test_handler();
    test_parts();
    return 0;
}
