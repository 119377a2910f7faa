/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that reads and writes the devices in other ways than read() and
 * write().  Its argument names what to try; it is silent and ends with 0, or
 * says what went wrong.  Not part of xenreel: tests/client-libc.sh builds
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <xen/xen.h>
#include <xen/io/xs_wire.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "monitor.h"

static const char path[] = "/local/domain/1/domid";

/* A port that somebody may bind later, pending (IOCTL_EVTCHN_NOTIFY does not
 * make one's own pending): the ring's, which is bound and so raised. */
static void open_pending(struct monitor *m)
{
    struct pollfd p;

    monitor_open(m);
    p = (struct pollfd){ .fd = m->fd, .events = POLLIN };
    WANT(poll(&p, 1, 100) == 1);
}

/* linux/fs/read_write.c:do_loop_readv_writev: a read or write each, up to the
 * first that is not filled. */
static void vectors(void)
{
    uint32_t port = 0, other = 0;
    struct iovec one[2] = { { &port, 4 }, { &other, 2 } };
    const struct iovec bad = { (void *)8, 4 }, *volatile nowhere = bad.iov_base;
    volatile int few = -1;
    struct monitor m;
    int fd;

    open_pending(&m);
    WANT(readv(m.fd, &bad, 1) == -1 && errno == EFAULT);
    WANT(readv(m.fd, one, few) == -1 && errno == EINVAL);
    WANT(readv(m.fd, one, 2) == 4 && port == m.port && !other);
    WANT(pwritev2(m.fd, one, 1, -1, 0) == 4);
    WANT(writev(m.fd, one, 1) == 4);
    WANT(!fcntl(m.fd, F_SETFL, O_NONBLOCK));
    WANT(readv(m.fd, nowhere, 1) == -1 && errno == EFAULT);
    monitor_close(&m);
    WANT((fd = open("/dev/xen/privcmd", O_RDWR)) >= 0);
    WANT(readv(fd, one, 1) == -1 && errno == EINVAL);
    WANT(writev(fd, one, 1) == -1 && errno == EINVAL);
    WANT(!close(fd));
}

/* drivers/xen/evtchn.c:evtchn_open and xenbus_dev_frontend.c:xenbus_file_open
 * make streams (fs/open.c:stream_open); privcmd has no read and no write. */
static void positions(void)
{
    static const struct {
        const char *path;
        int error;
    } device[] = {
        { "/dev/xen/evtchn", ESPIPE }, { "/dev/xen/xenbus", ESPIPE },
        { "/dev/xen/privcmd", EINVAL }, { "/dev/xen/hypercall", EINVAL },
    };
    char byte = 0;
    struct iovec part = { &byte, 1 };

    for (size_t i = 0; i < sizeof(device) / sizeof(*device); i++) {
        int fd = open(device[i].path, O_RDWR), want = device[i].error;

        WANT(fd >= 0);
        WANT(pread(fd, &byte, 1, 0) == -1 && errno == want);
        WANT(pwrite(fd, &byte, 1, 0) == -1 && errno == want);
        WANT(preadv(fd, &part, 1, 0) == -1 && errno == want);
        WANT(pwritev(fd, &part, 1, 0) == -1 && errno == want);
        WANT(preadv2(fd, &part, 1, 0, 0) == -1 && errno == want);
        WANT(pwritev2(fd, &part, 1, -1, RWF_SYNC) == -1);
        WANT(errno == EOPNOTSUPP);
        WANT(!close(fd));
    }
}

/* ---- streams ---- */

static void event_stream(void)
{
    struct monitor m;
    uint32_t port;
    FILE *f;
    int fd;

    open_pending(&m);
    WANT((fd = dup(m.fd)) >= 0 && (f = fdopen(fd, "r+")));
    WANT(fileno(f) == fd);
    WANT(fread(&port, 4, 1, f) == 1 && port == m.port);
    monitor_answer(&m);         /* unmasks, too */
    WANT(fread(&port, 4, 1, f) == 1 && port == m.port);
    /* Unmasked by the stream when it is closed. */
    WANT(fwrite(&port, 4, 1, f) == 1 && !fclose(f));
    WANT(read(fd, &port, 4) == -1 && errno == EBADF);
    monitor_answer(&m);
    WANT(read(m.fd, &port, 4) == 4 && port == m.port);
    monitor_close(&m);
    /* One of its own, and one that cannot be read. */
    WANT((f = fopen("/dev/xen/evtchn", "r+")));
    WANT(ioctl(fileno(f), IOCTL_EVTCHN_RESET) == 0);
    WANT(!fcntl(fileno(f), F_SETFL, O_NONBLOCK));
    WANT(fread(&port, 4, 1, f) == 0 && ferror(f) && errno == EAGAIN);
    WANT(!fclose(f));
    WANT((f = fopen("/dev/xen/privcmd", "r+e")));
    WANT(fcntl(fileno(f), F_GETFD) == FD_CLOEXEC);
    WANT(fgetc(f) == EOF && ferror(f) && errno == EINVAL && !fclose(f));
    WANT(!fopen("/dev/xen/privcmd", "?") && errno == EINVAL);
}

static void store_stream(void)
{
    struct xsd_sockmsg head = { .type = XS_READ, .len = sizeof(path) };
    FILE *f = fopen("/dev/xen/xenbus", "r+");

    WANT(f && fwrite(&head, sizeof(head), 1, f) == 1);
    WANT(fwrite(path, sizeof(path), 1, f) == 1 && !fflush(f));
    WANT(fread(&head, sizeof(head), 1, f) == 1);
    WANT(head.type == XS_READ && head.len == 1 && fgetc(f) == '1');
    WANT(!fclose(f));
}

static void streams(void)
{
    event_stream();
    store_stream();
}

/* ---- xenstore's socket ---- */

static void ask(int fd)
{
    struct xsd_sockmsg head = { .type = XS_READ, .len = sizeof(path) };

    WANT(sendto(fd, &head, sizeof(head), 0, NULL, 0) == sizeof(head));
    WANT(write(fd, path, sizeof(path)) == sizeof(path));
}

static void sockets(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct {
        struct xsd_sockmsg head;
        char body;
    } m;
    volatile size_t len = sizeof(m.head) + 1;
    struct iovec part[2] = { { &m.head, sizeof(m.head) }, { &m.body, 1 } };
    struct msghdr msg = { .msg_iov = part, .msg_iovlen = 2 };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(at.sun_path, "/run/xenstored/socket");
    WANT(!connect(fd, (struct sockaddr *)&at, sizeof(at)));
    ask(fd);
    WANT(recv(fd, &m, len, 0) == (ssize_t)len && m.body == '1');
    ask(fd);
    WANT(recvfrom(fd, &m, len, 0, NULL, NULL) == (ssize_t)len);
    m.body = 0;
    ask(fd);
    WANT(recvmsg(fd, &msg, 0) == (ssize_t)len && m.body == '1');
    m.body = 0;
    ask(fd);
    WANT(readv(fd, part, 2) == (ssize_t)len && m.body == '1');
    /* More answers than the socket holds: what is read makes room. */
    for (int i = 0; i < 20000; i++)
        ask(fd);
    for (int i = 0; i < 20000; i++) {
        WANT(recv(fd, &m, len, MSG_WAITALL) == (ssize_t)len);
        WANT(m.body == '1');
    }
    WANT(!close(fd));
}

/* ---- a sandbox ---- */

/* As container run times do it: seccomp(2), with EPERM. */
static void forbid(unsigned int call)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

    WANT(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    WANT(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void sandboxed(void)
{
    static struct privcmd_hypercall call = { 17, { 4 } };
    int fd = open("/dev/xen/privcmd", O_RDWR);
    char *text = malloc(PAGE);

    forbid(SYS_process_vm_readv);
    forbid(SYS_process_vm_writev);
    /* XENVER_changeset, to and from where we have not been told of. */
    call.arg[1] = (uintptr_t)text;
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) == 0);
    WANT(!strcmp(text, "unavailable"));
    free(text);
    call.arg[1] = 8;
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) == -1 && errno == EFAULT);
    call.arg[1] = (uintptr_t)path;      /* cannot be written */
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) == -1 && errno == EFAULT);
    WANT(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, 8) == -1 && errno == EFAULT);
    WANT(!close(fd));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tries[] = {
        { "vectors", vectors }, { "positions", positions },
        { "streams", streams }, { "sockets", sockets },
        { "sandboxed", sandboxed },
    };

    for (size_t i = 0; argc == 2 && i < sizeof(tries) / sizeof(*tries); i++) {
        if (!strcmp(argv[1], tries[i].name)) {
            tries[i].run();
            return 0;
        }
    }
    return 2;
}
