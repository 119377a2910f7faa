/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client does with an open device: ioctl, and the ways to read and to
 * write. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/pass.h"
#include "preload/xenstore.h"

ssize_t __read_chk(int fd, void *to, size_t len, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t len, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t len, off64_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t len, size_t room, int flags,
                       struct sockaddr *from, socklen_t *from_len);

/* The file behind FD, looked up with the lock held; NULL, with *rc, when
 * another thread closed it or there is no machine to act on. */
static struct file *usable(int fd, long *rc)
{
    struct file *f = file_of(fd);

    *rc = f && f->kind != FILE_HIDDEN ? file_start(f->kind) : -EBADF;
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
    front_served_signal();
    f = usable(fd, &rc);
    if (f && front.pass)
        rc = pass_ioctl(fd, f, request, (uintptr_t)arg);
    else if (f && f->kind == FILE_PRIVCMD)
        rc = privcmd_ioctl(request, (uintptr_t)arg, &f->restricted);
    else if (f && f->kind == FILE_EVTCHN)
        rc = evtchn_ioctl(f->evtchn, request, (uintptr_t)arg);
    else if (f)
        rc = -ENOTTY;
    front_served_signal();
    front_unlock();
    return (int)libc_answer(rc);
}

/* The kernel's: it may block, and what came meanwhile is there behind it. */
static long read_passed(int fd, uint64_t to, size_t len)
{
    ssize_t n = REAL(read)(fd, (void *)(uintptr_t)to, len);
    struct file *f;

    if (n < 0) {
        n = -errno;
        if (n == -EINTR)
            pass_waited(false);
        return n;
    }
    pass_waited(true);
    front_lock();
    f = file_of(fd);
    if (f && f->kind == FILE_EVTCHN)
        evtchn_taken(f->evtchn, to, n);
    front_unlock();
    return n;
}

/* A read of the event channel blocks until a port is pending: guests run,
 * and when they have nothing to do another thread or a signal may. */
static long read_device(int fd, uint64_t to, size_t len)
{
    unsigned int handled = libc_handled();

    if (front.pass)
        return read_passed(fd, to, len);
    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        enum step step = STEP_EVENT;
        struct file *f;
        long rc;
        bool again;

        front_lock();
        front_served_events();
        f = usable(fd, &rc);
        if (f)
            rc = f->kind != FILE_EVTCHN ? -EINVAL :
                evtchn_read(f->evtchn, to, len);
        again = f && rc == -EAGAIN && !f->nonblock;
        if (again)
            step = front_step();
        front_unlock();
        if (!again)
            return rc;
        if (step == STEP_SIGNAL || handled != libc_handled() ||
            (step == STEP_IDLE && REAL(poll)(&wait, 1, WAIT_SLICE_MS) < 0))
            return -EINTR;
    }
}

/* Only xenstore's descriptors are sockets. */
static bool is_socket(int fd)
{
    const struct file *f = file_of(fd);

    return f && f->kind == FILE_XENSTORE;
}

/* A device that is not just the descriptor behind it. */
static bool reads(int fd)
{
    return file_of(fd) && !is_socket(fd);
}

/* Xenstore's end of socket FD; NULL for what is none of ours. */
static struct xs_conn *end_of(int fd)
{
    return is_socket(fd) ? file_of(fd)->xs : NULL;
}

static int before_read(int fd)
{
    struct xs_conn *conn = end_of(fd);

    if (conn)
        xenstore_asks(conn);
    return fd;
}

/* Where a full socket was read there is room again. */
static ssize_t after_read(int fd, ssize_t n)
{
    struct xs_conn *conn = end_of(fd);

    if (n <= 0 || !conn)
        return n;
    xenstore_got(conn, n);
    if (xenstore_backlog(conn)) {
        front_lock();
        xenstore_flush(conn);
        front_unlock();
    }
    return n;
}

EXPORT ssize_t read(int fd, void *to, size_t len)
{
    return reads(fd) ? libc_answer(read_device(fd, (uintptr_t)to, len)) :
        after_read(fd, REAL(read)(before_read(fd), to, len));
}

EXPORT ssize_t __read_chk(int fd, void *to, size_t len, size_t room)
{
    return reads(fd) && len <= room ?
        libc_answer(read_device(fd, (uintptr_t)to, len)) :
        after_read(fd, REAL(__read_chk)(before_read(fd), to, len, room));
}

static long write_ours(int fd, uint64_t from, size_t len)
{
    struct file *f;
    long rc;

    front_lock();
    front_served_signal();
    f = usable(fd, &rc);
    if (f && front.pass)
        rc = pass_write(fd, f, from, len);
    else if (f && f->kind == FILE_EVTCHN)
        rc = evtchn_write(f->evtchn, from, len);
    else if (f && f->kind == FILE_XENSTORE)
        rc = xenstore_write(f->xs, from, len);
    else if (f)
        rc = -EINVAL;
    front_served_signal();
    front_unlock();
    return rc;
}

EXPORT ssize_t write(int fd, const void *from, size_t len)
{
    return !file_of(fd) ? REAL(write)(fd, from, len) :
        libc_answer(write_ours(fd, (uintptr_t)from, len));
}

/* ONE with each part of VEC: how much was done, or -Exxx when the first one
 * fails. */
static long parts(int fd, uint64_t vec, size_t nr,
                  long (*one)(int fd, uint64_t at, size_t len))
{
    long done = 0;

    for (size_t i = 0; i < nr; i++) {
        struct iovec part;
        long rc;

        if (user_read(&part, vec + i * sizeof(part), sizeof(part)))
            return done ? done : -EFAULT;
        rc = one(fd, (uintptr_t)part.iov_base, part.iov_len);
        if (rc < 0)
            return done ? done : rc;
        done += rc;
        if ((size_t)rc < part.iov_len)
            break;
    }
    return done;
}

EXPORT ssize_t readv(int fd, const struct iovec *vec, int nr)
{
    if (!reads(fd))
        return after_read(fd, REAL(readv)(before_read(fd), vec, nr));
    return libc_answer(nr < 0 || nr > IOV_MAX ? -EINVAL :
                       parts(fd, (uintptr_t)vec, nr, read_device));
}

EXPORT ssize_t writev(int fd, const struct iovec *vec, int nr)
{
    if (!file_of(fd))
        return REAL(writev)(fd, vec, nr);
    return libc_answer(nr < 0 || nr > IOV_MAX ? -EINVAL :
                       parts(fd, (uintptr_t)vec, nr, write_ours));
}

/* ---- at a position, which no device has ---- */

/* Linux' answers: the event channels and xenstore are streams
 * (stream_open()), privcmd cannot be read or written at all. */
static bool no_position(int fd, ssize_t *rc)
{
    const struct file *f = file_of(fd);

    if (!f || (front.pass && f->kind != FILE_HIDDEN))
        return false;
    *rc = libc_answer(f->kind == FILE_HIDDEN ? -EBADF :
                      f->kind == FILE_PRIVCMD || f->kind == FILE_HYPERCALL ?
                      -EINVAL : -ESPIPE);
    return true;
}

#define AT(name, buffer, size, offset) \
EXPORT ssize_t name(int fd, buffer p, size len, offset at) \
{ \
    ssize_t rc; \
\
    return no_position(fd, &rc) ? rc : REAL(name)(fd, p, len, at); \
}
AT(pread, void *, size_t, off_t)
AT(pread64, void *, size_t, off64_t)
AT(pwrite, const void *, size_t, off_t)
AT(pwrite64, const void *, size_t, off64_t)
AT(preadv, const struct iovec *, int, off_t)
AT(preadv64, const struct iovec *, int, off64_t)
AT(pwritev, const struct iovec *, int, off_t)
AT(pwritev64, const struct iovec *, int, off64_t)

/* Position -1 is none; the flags are for files of a disk. */
#define AT2(name, offset, without) \
EXPORT ssize_t name(int fd, const struct iovec *vec, int nr, offset at, \
                    int flags) \
{ \
    ssize_t rc; \
\
    if (!file_of(fd)) \
        return REAL(name)(fd, vec, nr, at, flags); \
    if (flags) \
        return libc_answer(-EOPNOTSUPP); \
    return at != -1 && no_position(fd, &rc) ? rc : without(fd, vec, nr); \
}
AT2(preadv2, off_t, readv)
AT2(preadv64v2, off64_t, readv)
AT2(pwritev2, off_t, writev)
AT2(pwritev64v2, off64_t, writev)

#define AT_CHK(name, offset) \
EXPORT ssize_t name(int fd, void *p, size_t len, offset at, size_t room) \
{ \
    ssize_t rc; \
\
    return no_position(fd, &rc) ? rc : REAL(name)(fd, p, len, at, room); \
}
AT_CHK(__pread_chk, off_t)
AT_CHK(__pread64_chk, off64_t)

/* ---- xenstore's socket ---- */

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
                       parts(fd, (uintptr_t)m.msg_iov, m.msg_iovlen,
                             write_ours));
}

EXPORT ssize_t sendto(int fd, const void *from, size_t len, int flags,
                      const struct sockaddr *to, socklen_t to_len)
{
    return !is_socket(fd) ? REAL(sendto)(fd, from, len, flags, to, to_len) :
        libc_answer(to ? -EISCONN : write_ours(fd, (uintptr_t)from, len));
}

EXPORT ssize_t recv(int fd, void *to, size_t len, int flags)
{
    return after_read(fd, REAL(recv)(fd, to, len, flags));
}

EXPORT ssize_t __recv_chk(int fd, void *to, size_t len, size_t room, int flags)
{
    return after_read(fd, REAL(__recv_chk)(fd, to, len, room, flags));
}

EXPORT ssize_t recvfrom(int fd, void *to, size_t len, int flags,
                        struct sockaddr *from, socklen_t *from_len)
{
    return after_read(fd, REAL(recvfrom)(fd, to, len, flags, from, from_len));
}

EXPORT ssize_t __recvfrom_chk(int fd, void *to, size_t len, size_t room,
                              int flags, struct sockaddr *from,
                              socklen_t *from_len)
{
    return after_read(fd, REAL(__recvfrom_chk)(fd, to, len, room, flags, from,
                                               from_len));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    return after_read(fd, REAL(recvmsg)(fd, msg, flags));
}
