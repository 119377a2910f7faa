/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that sees domains end, and ends them.  The guests are domains 1
 * and 2. */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "monitor.h"

static xc_interface *xc;
static struct xs_handle *xs;

/* libxenstore's thread is late: it has an event, and does not say so yet. */
static bool late;

ssize_t write(int fd, const void *from, size_t len)
{
    static const struct timespec delay = { .tv_nsec = 300000000 };
    ssize_t (*next)(int, const void *, size_t);
    struct stat st;

    if (late && !fstat(fd, &st) && S_ISFIFO(st.st_mode))
        syscall(SYS_nanosleep, &delay, NULL);
    *(void **)&next = dlsym(RTLD_NEXT, "write");
    return next(fd, from, len);
}

static void open_all(void)
{
    unsigned int nr;
    char **event;

    WANT(xc = xc_interface_open(NULL, NULL, 0));
    WANT(xs = xs_open(0));
    WANT(xs_watch(xs, "@releaseDomain", "gone"));
    WANT(event = xs_read_watch(xs, &nr));
    free(event);
}

static void close_all(void)
{
    xs_close(xs);
    WANT(!xc_interface_close(xc));
}

/* NR times @releaseDomain and no more, while time passes for the guests. */
static void released(xenevtchn_handle *xe, unsigned int nr)
{
    struct pollfd fds[] = {
        { .fd = xs_fileno(xs), .events = POLLIN },
        { .fd = xenevtchn_fd(xe), .events = POLLIN },
    };
    char **event;

    WANT(poll(fds, 2, 10000) > 0 && fds[0].revents == POLLIN);
    while (nr--) {
        unsigned int strings;

        WANT(event = xs_read_watch(xs, &strings));
        WANT(!strcmp(event[XS_WATCH_PATH], "@releaseDomain"));
        free(event);
    }
    WANT(!xs_check_watch(xs) && errno == EAGAIN);
}

/* What xc_domain_getinfo finds when it is asked for DOM: an id, or 0. */
static unsigned int found(uint32_t dom, xc_dominfo_t *info)
{
    int rc = xc_domain_getinfo(xc, dom, 1, info);

    WANT(rc == 1 || (rc == -1 && errno == ESRCH) || !rc);
    return rc == 1 ? info->domid : 0;
}

static bool there(const char *path)
{
    void *value = xs_read(xs, XBT_NULL, path, NULL);

    free(value);
    return value;
}

/* xenreel run --at-end destroy, in its two steps. */
static void ends(void)
{
    xenevtchn_handle *xe;
    xc_dominfo_t info;
    volatile uint64_t *page;

    open_all();
    WANT(xe = xenevtchn_open(NULL, 0));
    WANT(page = xc_map_foreign_range(xc, 1, PAGE, PROT_READ, 0x10));
    released(xe, 2);
    WANT(found(1, &info) == 1 && info.shutdown && !info.dying);
    WANT(info.shutdown_reason == SHUTDOWN_poweroff);
    WANT(found(2, &info) == 2 && info.shutdown);
    WANT(xs_is_domain_introduced(xs, 1) && there("/local/domain/1/name"));
    released(xe, 2);
    WANT(!found(1, &info) && !found(2, &info));
    WANT(!xs_is_domain_introduced(xs, 1) && !there("/local/domain/1"));
    WANT(!there("/libxl/2") && there("/local/domain/0/name"));
    WANT(page[0] == 0x1234);
    WANT(!xc_map_foreign_range(xc, 1, PAGE, PROT_READ, 0x10));
    munmap((void *)page, PAGE);
    WANT(!xenevtchn_close(xe));
    close_all();
}

/* The same with a ring: its page holds the domain. */
static void monitored(void)
{
    xc_dominfo_t info;
    struct monitor m;

    open_all();
    monitor_open(&m);
    for (;;) {
        struct pollfd fds[] = {
            { .fd = m.fd, .events = POLLIN },
            { .fd = xs_fileno(xs), .events = POLLIN },
        };

        WANT(poll(fds, 2, 10000) > 0);
        if (!fds[0].revents)
            break;
        WANT(xenevtchn_pending(m.xe) == (int)m.port);
        monitor_answer(&m);
    }
    released(m.xe, 2);
    released(m.xe, 2);
    WANT(found(1, &info) == 1 && info.dying && info.shutdown);
    WANT(!found(2, &info));
    monitor_close(&m);
    close_all();
}

/* domain_kill: the id is free at once, the next domain answers. */
static void destroys(void)
{
    xenevtchn_handle *xe;
    xc_dominfo_t info[3];

    open_all();
    late = true;
    WANT(xe = xenevtchn_open(NULL, 0));
    WANT(xc_domain_destroy(xc, 7) == -1 && errno == ESRCH);
    WANT(xc_domain_destroy(xc, 0) == -1 && errno == EINVAL);
    WANT(!xc_domain_destroy(xc, 1));
    released(xe, 1);
    WANT(found(1, info) == 2 && !info->dying);
    WANT(xc_domain_getinfo(xc, 0, 3, info) == 2 && info[1].domid == 2);
    WANT(xc_domain_destroy(xc, 1) == -1 && errno == ESRCH);
    WANT(xc_domain_pause(xc, 1) == -1 && errno == ESRCH);
    WANT(!xs_is_domain_introduced(xs, 1) && xs_is_domain_introduced(xs, 2));
    WANT(there("/local/domain/1/name"));
    WANT(!there("/local/domain/1/control/shutdown"));
    WANT(!xc_domain_shutdown(xc, 2, SHUTDOWN_suspend));
    released(xe, 1);
    WANT(found(2, info) == 2 && info->shutdown);
    WANT(info->shutdown_reason == SHUTDOWN_suspend);
    WANT(!xc_domain_destroy(xc, 2));
    released(xe, 1);
    WANT(!xenevtchn_close(xe));
    close_all();
}

/* libxl destroys in a child (libxl_domain.c:devices_destroy_cb). */
static void child_destroys(void)
{
    xc_dominfo_t info;
    int status;
    pid_t pid;

    open_all();
    pid = fork();
    if (!pid) {
        xc_interface *own = xc_interface_open(NULL, NULL, 0);

        WANT(own);
        WANT(xc_domain_destroy(own, 7) == -1 && errno == ESRCH);
        WANT(!xc_domain_destroy(own, 1));
        WANT(xc_domain_pause(own, 2) == -1 && errno == ENODEV);
        WANT(!xc_map_foreign_range(own, 2, PAGE, PROT_READ, 0x10));
        _exit(7);
    }
    WANT(waitpid(pid, &status, 0) == pid);
    WANT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    WANT(found(1, &info) == 2);
    WANT(!xs_is_domain_introduced(xs, 1));
    close_all();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {
        { "ends", ends }, { "monitored", monitored },
        { "destroys", destroys }, { "child", child_destroys },
    };

    for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (argc == 2 && !strcmp(argv[1], all[i].name)) {
            all[i].run();
            puts("done");
            return 0;
        }
    }
    return 2;
}
