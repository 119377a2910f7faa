/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that reaches the devices in every way that a program has, by the
 * real Xen libraries and beside them.  Its argument names what to try; it is
 * silent and ends with 0, or says what went wrong.  Not part of xenreel:
 * tests/client-libc.sh builds it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>
#include <xen/xen.h>
#include <xen/io/xs_wire.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "monitor.h"

/* XENVER_version takes no argument: the shortest hypercall. */
static int version_of(int fd)
{
    struct privcmd_hypercall call = { 17, { 0 } };

    return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call);
}

/* ---- every way to wait ---- */

static bool by_poll(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 100) == 1 && p.revents == POLLIN;
}

/* __poll_chk: the number is not known when this is compiled. */
static bool by_poll_chk(int fd)
{
    struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = -1 } };
    volatile nfds_t nr = 2;

    return poll(p, nr, -1) == 1 && p[0].revents == POLLIN;
}

static bool by_ppoll(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct timespec t = { 3, 0 };
    sigset_t mask;

    sigemptyset(&mask);
    return ppoll(&p, 1, &t, &mask) == 1;
}

static bool by_select(int fd)
{
    struct timeval t = { 3, 0 };
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, &t) == 1 && FD_ISSET(fd, &set);
}

static bool by_pselect(int fd)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, NULL, NULL) == 1;
}

static bool by_epoll(int fd)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
    int set = epoll_create1(0), rc;

    WANT(set >= 0 && !epoll_ctl(set, EPOLL_CTL_ADD, fd, &e));
    e.data.fd = -1;
    rc = epoll_wait(set, &e, 1, -1);
    close(set);
    return rc == 1 && e.data.fd == fd;
}

static bool by_sleep(int fd)
{
    usleep(1000);
    return by_poll(fd);
}

static bool by_read(int fd)
{
    (void)fd;                   /* xenevtchn_pending() blocks by itself */
    return true;
}

static void waits(void)
{
    static bool (*const way[])(int fd) = {
        by_poll, by_poll_chk, by_ppoll, by_select, by_pselect, by_epoll,
        by_sleep, by_read,
    };
    struct monitor m;

    monitor_open(&m);
    for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        unsigned int before = m.events;

        WANT(way[i](m.fd));
        WANT(xenevtchn_pending(m.xe) == (int)m.port);
        monitor_answer(&m);
        WANT(m.events == before + 1 || !i);
    }
    /* The first wakeup was the binding's own (Xen's
     * event_channel.c:evtchn_bind_interdomain). */
    WANT(m.events == 7);
    monitor_close(&m);
}

/* ---- opening and standing for each other ---- */

static void opens(void)
{
    volatile int flags = O_RDWR | O_CLOEXEC;
    struct pollfd p = { .events = POLLIN };
    struct stat st;
    char text[8];
    uint32_t port;
    int fd, other;
    FILE *f;

    WANT((fd = open("/dev/xen/privcmd", flags)) >= 0);  /* __open_2 */
    WANT(version_of(fd) == (4 << 16 | 17));
    WANT((other = dup(fd)) >= 0 && version_of(other) > 0);
    WANT(!close(fd) && version_of(fd) == -1 && errno == EBADF);
    WANT(open("/dev/null", O_RDWR) == fd);
    WANT(version_of(fd) == -1 && errno == ENOTTY);
    WANT(dup2(other, fd) == fd && !close(other) && version_of(fd) > 0);
    WANT((other = fcntl(fd, F_DUPFD_CLOEXEC, 100)) >= 100);
    WANT(version_of(other) > 0 && !close(other));
    WANT(dup2(-1, fd) == -1 && version_of(fd) > 0);
    WANT((other = openat(AT_FDCWD, "/dev/xen/evtchn", flags)) >= 0);
    WANT(dup2(other, fd) == fd && ioctl(fd, IOCTL_EVTCHN_RESET) == 0);
    WANT(!fcntl(fd, F_SETFL, O_NONBLOCK));
    WANT(read(fd, &port, 4) == -1 && errno == EAGAIN);
    p.fd = fd;
    WANT(poll(&p, 1, 0) == 0);
    WANT(!close(fd) && !close(other));
    WANT((f = fopen("/dev/xen/privcmd", "r+")) && version_of(fileno(f)) > 0);
    fd = fileno(f);
    WANT(!fclose(f) && open("/dev/null", O_RDONLY) == fd);
    WANT(version_of(fd) == -1 && errno == ENOTTY && !close(fd));
    WANT((f = fopen("/sys/hypervisor/type", "r")) && fgets(text, 8, f));
    WANT(!strcmp(text, "xen\n") && !fstat(fileno(f), &st) && !fclose(f));
    WANT(!access("/dev/xen/evtchn", R_OK | W_OK));
    WANT(access("/sys/hypervisor/type", W_OK) == -1 && errno == EACCES);
    WANT(!stat("/dev/xen/privcmd", &st) && S_ISCHR(st.st_mode));
    WANT(!fstatat(AT_FDCWD, "/dev/xen/xenbus", &st, 0));
    WANT(open("/dev/xen/nothing", O_RDWR) == -1 && errno == ENOENT);
}

/* A daemon that closes all it did not open; what the library keeps for
 * itself is not there for it. */
static void closes(void)
{
    struct monitor m;
    int fd;

    monitor_open(&m);
    for (fd = 3; fd < 2000; fd++)
        close(fd);
    WANT((fd = open("/dev/xen/privcmd", O_RDWR)) == 3 && version_of(fd) > 0);
    WANT(dup2(fd, 512) == -1 && errno == EBUSY);
    WANT(fcntl(512, F_GETFD) == -1 && errno == EBADF);
    closefrom(3);
    WANT(fcntl(3, F_GETFD) == -1);
    WANT(open("/dev/null", O_RDWR) == 3 && version_of(3) == -1);
    WANT(!close_range(3, ~0u, 0));
    memset(m.page, 0, PAGE);    /* still mapped */
    WANT(!munmap(m.page, PAGE));
    /* The port went with its descriptor, the ring did not. */
    WANT(m.xc = xc_interface_open(NULL, NULL, 0));
    WANT(!xc_monitor_disable(m.xc, 1));
    monitor_open(&m);
    WANT(by_poll(m.fd) && xenevtchn_pending(m.xe) == (int)m.port);
    monitor_answer(&m);
    monitor_close(&m);
}

/* ---- mappings ---- */

static void maps(void)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    xen_pfn_t gfn[4] = { 0x10, 0x11, 0x12, 0x10 };
    volatile char *p, *q, *w;
    char byte;
    int fd;

    WANT(xc && (p = xc_map_foreign_pages(xc, 1, PROT_READ | PROT_WRITE, gfn,
                                         4)));
    memset((void *)p, 0x55, 2 * PAGE);
    WANT(p[3 * PAGE] == 0x55);          /* the same frame */
    WANT(!munmap((void *)(p + PAGE), PAGE));      /* a hole in it */
    p[0] = 0x66;
    WANT(p[3 * PAGE] == 0x66);
    WANT(mremap((void *)p, PAGE, 8 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    WANT(errno == EFAULT);
    WANT(mremap((void *)(p + 2 * PAGE), 2 * PAGE, PAGE, 0) == p + 2 * PAGE);
    WANT(!munmap((void *)p, 4 * PAGE));
    WANT(q = xc_map_foreign_range(xc, 1, PAGE, PROT_READ, 0x11));
    WANT(q[PAGE - 1] == 0x55);
    /* Only to be written, as libvmi does; and back in the other. */
    WANT(w = xc_map_foreign_range(xc, 1, PAGE, PROT_WRITE, 0x11));
    w[PAGE - 1] = 0x77;
    WANT(q[PAGE - 1] == 0x77);
    /* Something else in its place. */
    WANT(mmap((void *)w, PAGE, PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == w);
    WANT(w[PAGE - 1] == 0 && q[PAGE - 1] == 0x77);
    WANT(!munmap((void *)w, PAGE) && !munmap((void *)q, PAGE));
    WANT((fd = open("/dev/xen/hypercall", O_RDWR)) >= 0);
    WANT((p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) !=
         MAP_FAILED);
    WANT(!mprotect((void *)p, PAGE, PROT_NONE));
    close(fd);
    WANT((fd = open("/dev/xen/privcmd", O_RDWR)) >= 0);
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, p) == -1 && errno == EFAULT);
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, NULL) == -1 && errno == EFAULT);
    WANT(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    WANT(read(fd, &byte, 1) == -1 && errno == EINVAL);
    close(fd);
    WANT(!xc_interface_close(xc));
}

/* ---- processes ---- */

static void child_of(int fd)
{
    uint32_t port;

    WANT(version_of(fd) == -1 && errno == ENODEV);
    WANT(read(fd, &port, 4) == -1 && errno == EINVAL);
    WANT(open("/dev/xen/evtchn", O_RDWR) == -1 && errno == ENODEV);
    WANT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
    WANT(!close(fd) && open("/dev/null", O_RDWR) == fd);
    WANT(version_of(fd) == -1 && errno == ENOTTY);
    _exit(7);
}

static void forks(void)
{
    struct monitor m;
    int fd, status;
    pid_t pid;

    monitor_open(&m);
    WANT((fd = open("/dev/xen/privcmd", O_RDWR)) >= 0);
    pid = fork();
    if (!pid)
        child_of(fd);
    WANT(waitpid(pid, &status, 0) == pid);
    WANT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    /* Foreign pages are not passed on. */
    pid = fork();
    if (!pid)
        _exit(((volatile char *)m.page)[0] & 0);
    WANT(waitpid(pid, &status, 0) == pid && status);
    pid = vfork();
    if (!pid) {
        closefrom(3);
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    WANT(waitpid(pid, &status, 0) == pid && !status);
    WANT(!system("exit 0"));
    WANT(version_of(fd) > 0 && by_poll(m.fd));
    WANT(xenevtchn_pending(m.xe) == (int)m.port);
    monitor_answer(&m);
    monitor_close(&m);
}

/* ---- threads ---- */

static void *hammer(void *arg)
{
    for (int i = 0; i < 300; i++) {
        int fd = open(i % 2 ? "/dev/xen/evtchn" : "/dev/xen/privcmd", O_RDWR);

        WANT(fd >= 0);
        if (i % 2)
            ioctl(fd, IOCTL_EVTCHN_RESET);
        else
            WANT(version_of(fd) > 0);
        close(fd);
    }
    return arg;
}

/* It waits for ever; the answer that lets the guest go on is another's. */
static void *waiter(void *arg)
{
    struct monitor *m = arg;

    WANT(by_poll_chk(m->fd));
    WANT(xenevtchn_pending(m->xe) == (int)m->port);
    return arg;
}

static void threads(void)
{
    pthread_t id[4];
    struct monitor m;

    for (int i = 0; i < 4; i++)
        WANT(!pthread_create(&id[i], NULL, hammer, NULL));
    for (int i = 0; i < 4; i++)
        WANT(!pthread_join(id[i], NULL));
    monitor_open(&m);
    do {
        WANT(by_poll(m.fd));
        WANT(xenevtchn_pending(m.xe) == (int)m.port);
        WANT(!xenevtchn_unmask(m.xe, m.port));
    } while (!RING_HAS_UNCONSUMED_REQUESTS(&m.ring));
    WANT(!pthread_create(&id[0], NULL, waiter, &m));
    usleep(100000);
    monitor_answer(&m);
    WANT(!pthread_join(id[0], NULL));
    monitor_answer(&m);
    WANT(m.events >= 2);
    monitor_close(&m);
}

static void store(void)
{
    struct xs_handle *xs = xs_open(0);
    unsigned int len;
    char *text;

    WANT(xs && (text = xs_read(xs, XBT_NULL, "/local/domain/1/domid", &len)));
    WANT(!strcmp(text, "1"));
    free(text);
    WANT(xs_watch(xs, "/local", "token"));      /* starts its thread */
    closefrom(1000);
    WANT((text = xs_read(xs, XBT_NULL, "/local/domain/1/name", &len)));
    free(text);
    xs_close(xs);
}

/* The guests power off: who watches is told, and Xen says so. */
/* The daemon's socket, without the library: a message is written, and its
 * answer read (xen/io/xs_wire.h). */
static void by_socket(void)
{
    static const char path[] = "/local/domain/1/domid";
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct {
        struct xsd_sockmsg head;
        char body[64];
    } m = { .head = { .type = XS_READ, .len = sizeof(path) } };
    struct iovec part[2] = { { &m.head, sizeof(m.head) },
                             { (void *)path, sizeof(path) } };
    struct msghdr msg = { .msg_iov = part, .msg_iovlen = 2 };
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(at.sun_path, "/var/run/xenstored/socket");
    WANT(!stat(at.sun_path, &st) && S_ISSOCK(st.st_mode));
    WANT(!connect(fd, (struct sockaddr *)&at, sizeof(at)));
    WANT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    memcpy(m.body, path, sizeof(path));
    WANT(write(fd, &m, sizeof(m.head) + sizeof(path)) ==
          (ssize_t)(sizeof(m.head) + sizeof(path)));
    WANT(read(fd, &m, sizeof(m)) == (ssize_t)sizeof(m.head) + 1);
    WANT(m.head.type == XS_READ && m.head.len == 1 && m.body[0] == '1');
    /* in parts, as later releases of libxenstore write it */
    m.head = (struct xsd_sockmsg){ .type = XS_READ, .len = sizeof(path) };
    WANT(writev(fd, part, 2) == (ssize_t)(sizeof(m.head) + sizeof(path)));
    WANT(read(fd, m.body, 64) == (ssize_t)sizeof(m.head) + 1);
    WANT(sendmsg(fd, &msg, MSG_NOSIGNAL) ==
         (ssize_t)(sizeof(m.head) + sizeof(path)));
    WANT(read(fd, m.body, 64) == (ssize_t)sizeof(m.head) + 1);
    WANT(send(fd, &m.head, sizeof(m.head), 0) == (ssize_t)sizeof(m.head));
    WANT(send(fd, path, sizeof(path), 0) == (ssize_t)sizeof(path));
    WANT(read(fd, m.body, 64) == (ssize_t)sizeof(m.head) + 1);
    WANT(!close(fd));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(at.sun_path, "/var/run/xenstored/other");
    WANT(connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0);
    WANT(!close(fd));
}

static void shuts_down(void)
{
    struct xs_handle *xs = xs_open(0);
    struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
    unsigned int nr, told = 0;
    struct monitor m;
    xc_dominfo_t info;

    WANT(xs && xs_watch(xs, "@releaseDomain", "gone"));
    monitor_open(&m);
    p[0].fd = m.fd;
    p[1].fd = xs_fileno(xs);
    WANT(xc_domain_getinfo(m.xc, 1, 1, &info) == 1 && !info.shutdown);
    /* Once when the watch is set, once more at the end. */
    while (told < 2) {
        char **watch;

        WANT(poll(p, 2, 5000) > 0);
        if (p[0].revents) {
            WANT(xenevtchn_pending(m.xe) == (int)m.port);
            monitor_answer(&m);
        }
        if (p[1].revents) {
            WANT(watch = xs_read_watch(xs, &nr));
            WANT(!strcmp(watch[XS_WATCH_PATH], "@releaseDomain"));
            free(watch);
            told++;
            WANT(told != 2 || m.events == 8);
        }
    }
    WANT(xc_domain_getinfo(m.xc, 1, 1, &info) == 1 && info.shutdown);
    WANT(info.shutdown_reason == 0);    /* SHUTDOWN_poweroff */
    xs_close(xs);
    monitor_close(&m);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tries[] = {
        { "waits", waits }, { "opens", opens }, { "closes", closes },
        { "maps", maps }, { "forks", forks }, { "threads", threads },
        { "store", store }, { "by-socket", by_socket },
        { "shuts-down", shuts_down },
    };

    for (size_t i = 0; argc == 2 && i < sizeof(tries) / sizeof(*tries); i++) {
        if (!strcmp(argv[1], tries[i].name)) {
            tries[i].run();
            return 0;
        }
    }
    return 2;
}
