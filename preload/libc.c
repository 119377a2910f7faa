/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions a client reaches devices by.  What is not ours goes on to
 * the C library; errno is set here. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/xenstore.h"

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *to, size_t len, size_t room);

/* ---- opening ---- */

/* True when PATH is ours: *fd is then what to return. */
static bool ours(const char *path, int flags, int *fd)
{
    enum file_kind kind;

    if (!path || (strncmp(path, "/dev/xen/", 9) &&
                  strncmp(path, "/proc/xen/", 10) &&
                  strncmp(path, "/sys/hypervisor/", 16)))
        return false;
    front_lock();
    kind = file_kind_of(path);
    *fd = (int)libc_answer(kind ? file_open(kind, flags)
                                : file_open_text(path));
    front_unlock();
    return kind || *fd >= 0 || errno != ENOENT;
}

static mode_t mode_of(int flags, va_list list)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

#define OPEN(name) \
EXPORT int name(const char *path, int flags, ...) \
{ \
    va_list list; \
    mode_t mode; \
    int fd; \
\
    va_start(list, flags); \
    mode = mode_of(flags, list); \
    va_end(list); \
    return ours(path, flags, &fd) ? fd : REAL(name)(path, flags, mode); \
}
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
EXPORT int name(int dir, const char *path, int flags, ...) \
{ \
    va_list list; \
    mode_t mode; \
    int fd; \
\
    va_start(list, flags); \
    mode = mode_of(flags, list); \
    va_end(list); \
    return ours(path, flags, &fd) ? fd : REAL(name)(dir, path, flags, mode); \
}
OPENAT(openat)
OPENAT(openat64)

EXPORT int __open_2(const char *path, int flags)
{
    int fd;

    return ours(path, flags, &fd) ? fd : REAL(__open_2)(path, flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
    int fd;

    return ours(path, flags, &fd) ? fd : REAL(__open64_2)(path, flags);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
    int fd;

    return ours(path, flags, &fd) ? fd : REAL(__openat_2)(dir, path, flags);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    int fd;

    return ours(path, flags, &fd) ? fd : REAL(__openat64_2)(dir, path, flags);
}

static FILE *stream(int fd, const char *mode)
{
    FILE *f = fd < 0 ? NULL : fdopen(fd, mode);

    if (fd >= 0 && !f)
        close(fd);
    return f;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    int fd;

    return ours(path, O_RDWR, &fd) ? stream(fd, mode)
                                   : REAL(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    int fd;

    return ours(path, O_RDWR, &fd) ? stream(fd, mode)
                                   : REAL(fopen64)(path, mode);
}

/* It closes without calling close(). */
EXPORT int fclose(FILE *stream)
{
    file_closed(fileno(stream));
    return REAL(fclose)(stream);
}

/* ---- ioctl, read, write ---- */

/* The file behind FD, looked up with the lock held; NULL, with *rc, when
 * another thread closed it or there is no machine to act on. */
static struct file *usable(int fd, long *rc)
{
    struct file *f = file_of(fd);

    *rc = f && f->kind != FILE_HIDDEN ? front_start() : -EBADF;
    return *rc ? NULL : f;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct file *f;
    va_list list;
    void *arg;
    long rc;

    va_start(list, request);
    arg = va_arg(list, void *);
    va_end(list);
    if (!file_of(fd))
        return REAL(ioctl)(fd, request, arg);
    front_lock();
    f = usable(fd, &rc);
    if (f && f->kind == FILE_PRIVCMD)
        rc = privcmd_ioctl(request, (uintptr_t)arg, &f->restricted);
    else if (f && f->kind == FILE_EVTCHN)
        rc = evtchn_ioctl(f->evtchn, request, (uintptr_t)arg);
    else if (f)
        rc = -ENOTTY;
    front_unlock();
    return (int)libc_answer(rc);
}

/* A read of the event channel blocks until a port is pending: guests run,
 * and when they have nothing to do another thread or a signal may. */
static ssize_t read_device(int fd, void *to, size_t len)
{
    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        enum step step = STEP_EVENT;
        struct file *f;
        long rc;
        bool again;

        front_lock();
        f = usable(fd, &rc);
        if (f)
            rc = f->kind != FILE_EVTCHN ? -EINVAL :
                evtchn_read(f->evtchn, (uintptr_t)to, len);
        again = f && rc == -EAGAIN && !f->nonblock;
        if (again)
            step = front_step();
        front_unlock();
        if (!again)
            return libc_answer(rc);
        if (step == STEP_SIGNAL ||
            (step == STEP_IDLE && REAL(poll)(&wait, 1, WAIT_SLICE_MS) < 0))
            return libc_answer(-EINTR);
    }
}

static bool read_ours(int fd, void *to, size_t len, ssize_t *rc)
{
    struct file *f = file_of(fd);

    if (!f || f->kind == FILE_XENSTORE)
        return false;
    *rc = read_device(fd, to, len);
    return true;
}

/* Where a full socket was read there is room again. */
static ssize_t after_read(int fd, ssize_t n)
{
    struct file *f = file_of(fd);

    if (n > 0 && f && f->kind == FILE_XENSTORE && xenstore_backlog(f->xs)) {
        front_lock();
        xenstore_flush(f->xs);
        front_unlock();
    }
    return n;
}

EXPORT ssize_t read(int fd, void *to, size_t len)
{
    ssize_t rc;

    return read_ours(fd, to, len, &rc) ? rc :
        after_read(fd, REAL(read)(fd, to, len));
}

EXPORT ssize_t __read_chk(int fd, void *to, size_t len, size_t room)
{
    ssize_t rc;

    if (len <= room && read_ours(fd, to, len, &rc))
        return rc;
    return after_read(fd, REAL(__read_chk)(fd, to, len, room));
}

static long write_ours(int fd, uint64_t from, size_t len)
{
    struct file *f;
    long rc;

    front_lock();
    f = usable(fd, &rc);
    if (f && f->kind == FILE_EVTCHN)
        rc = evtchn_write(f->evtchn, from, len);
    else if (f && f->kind == FILE_XENSTORE)
        rc = xenstore_write(f->xs, from, len);
    else if (f)
        rc = -EINVAL;
    front_unlock();
    return rc;
}

EXPORT ssize_t write(int fd, const void *from, size_t len)
{
    return !file_of(fd) ? REAL(write)(fd, from, len) :
        libc_answer(write_ours(fd, (uintptr_t)from, len));
}

/* The parts of VEC one after the other: how much went out, or -Exxx when the
 * first one fails. */
static long write_parts(int fd, uint64_t vec, size_t nr)
{
    long done = 0;

    for (size_t i = 0; i < nr; i++) {
        struct iovec part;
        long rc;

        if (user_read(&part, vec + i * sizeof(part), sizeof(part)))
            return done ? done : -EFAULT;
        rc = write_ours(fd, (uintptr_t)part.iov_base, part.iov_len);
        if (rc < 0)
            return done ? done : rc;
        done += rc;
        if ((size_t)rc < part.iov_len)
            break;
    }
    return done;
}

EXPORT ssize_t writev(int fd, const struct iovec *vec, int nr)
{
    if (!file_of(fd))
        return REAL(writev)(fd, vec, nr);
    return libc_answer(nr < 0 || nr > IOV_MAX ? -EINVAL :
                       write_parts(fd, (uintptr_t)vec, nr));
}

/* Only xenstore's descriptors are sockets. */
static bool is_socket(int fd)
{
    const struct file *f = file_of(fd);

    return f && f->kind == FILE_XENSTORE;
}

EXPORT ssize_t send(int fd, const void *from, size_t len, int flags)
{
    return !is_socket(fd) ? REAL(send)(fd, from, len, flags) :
        libc_answer(write_ours(fd, (uintptr_t)from, len));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    struct msghdr m;

    if (!is_socket(fd))
        return REAL(sendmsg)(fd, msg, flags);
    return libc_answer(user_read(&m, (uintptr_t)msg, sizeof(m)) ? -EFAULT :
                       m.msg_iovlen > IOV_MAX ? -EMSGSIZE :
                       write_parts(fd, (uintptr_t)m.msg_iov, m.msg_iovlen));
}
