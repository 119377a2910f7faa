/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that come, go, and stand for each other.  Those the library
 * keeps for itself (FILE_HIDDEN) are not there for a client. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload/front.h"

long libc_answer(long rc)
{
    if (rc >= 0)
        return rc;
    errno = (int)-rc;
    return -1;
}

/* A child of vfork() shares the table with its parent, which goes on: it
 * closes descriptors of its own only. */
void file_closed(int fd)
{
    if (!file_of(fd) || getpid() != front.pid)
        return;
    front_lock();
    file_forget(fd);
    front_unlock();
}

static bool hidden(int fd)
{
    const struct file *f = file_of(fd);

    return f && f->kind == FILE_HIDDEN;
}

EXPORT int close(int fd)
{
    if (hidden(fd))
        return (int)libc_answer(-EBADF);
    file_closed(fd);
    return REAL(close)(fd);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
    unsigned int from = first;

    if (first > last || flags & CLOSE_RANGE_CLOEXEC)
        return REAL(close_range)(first, last, flags);
    for (unsigned int fd = first; fd <= last && fd < MAX_FD; fd++) {
        if (!hidden((int)fd)) {
            file_closed((int)fd);
            continue;
        }
        if (fd > from && REAL(close_range)(from, fd - 1, flags))
            return -1;
        from = fd + 1;
    }
    return from > last ? 0 : REAL(close_range)(from, last, flags);
}

EXPORT void closefrom(int low)
{
    close_range(low < 0 ? 0 : (unsigned int)low, ~0u, 0);
}

/* NEW, where it is one, has become what OLD is. */
static int duplicated(int old, int new)
{
    if (new < 0 || old == new || (!file_of(old) && !file_of(new)) ||
        getpid() != front.pid)
        return new;
    front_lock();
    file_forget(new);
    file_dup(old, new);
    front_unlock();
    return new;
}

EXPORT int dup(int fd)
{
    return hidden(fd) ? (int)libc_answer(-EBADF) :
        duplicated(fd, REAL(dup)(fd));
}

/* May NEW become OLD?  The kernel's errno for a descriptor that is being
 * opened at this moment is as near as there is. */
static bool refused(int old, int new)
{
    if (!hidden(old) && !hidden(new))
        return false;
    errno = hidden(old) ? EBADF : EBUSY;
    return true;
}

EXPORT int dup2(int old, int new)
{
    return refused(old, new) ? -1 : duplicated(old, REAL(dup2)(old, new));
}

EXPORT int dup3(int old, int new, int flags)
{
    return refused(old, new) ? -1 :
        duplicated(old, REAL(dup3)(old, new, flags));
}

static int after_fcntl(int fd, int cmd, long arg, int rc)
{
    struct file *f = file_of(fd);

    if (!f || rc < 0)
        return rc;
    if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
        return duplicated(fd, rc);
    if (front.pass)
        return rc;
    if (cmd == F_SETFL)
        f->nonblock = arg & O_NONBLOCK;
    else if (cmd == F_GETFL && f->kind == FILE_EVTCHN && !f->nonblock)
        rc &= ~O_NONBLOCK;
    return rc;
}

/* The eventfd behind an event channel never blocks. */
static long flags_of(int fd, int cmd, long arg)
{
    const struct file *f = file_of(fd);

    return cmd == F_SETFL && f && f->kind == FILE_EVTCHN && !front.pass ?
        arg | O_NONBLOCK : arg;
}

#define FCNTL(name) \
EXPORT int name(int fd, int cmd, ...) \
{ \
    va_list list; \
    long arg; \
\
    va_start(list, cmd); \
    arg = va_arg(list, long); \
    va_end(list); \
    if (hidden(fd)) \
        return (int)libc_answer(-EBADF); \
    return after_fcntl(fd, cmd, arg, \
                       REAL(name)(fd, cmd, flags_of(fd, cmd, arg))); \
}
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- xenstored's socket ---- */

/* FD, which is to be connected, becomes a connection of ours. */
static int connect_xenstore(int fd)
{
    int close_on_exec = REAL(fcntl)(fd, F_GETFD) & FD_CLOEXEC;
    int status = REAL(fcntl)(fd, F_GETFL), new, rc;

    front_lock();
    new = file_open(FILE_XENSTORE, 0);
    front_unlock();
    if (new < 0)
        return (int)libc_answer(new);
    rc = dup3(new, fd, close_on_exec ? O_CLOEXEC : 0);
    close(new);
    if (rc >= 0 && status & O_NONBLOCK)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return rc < 0 ? -1 : 0;
}

EXPORT int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    const struct sockaddr_un *un = (const void *)to;
    char path[sizeof(un->sun_path) + 1] = "";

    if (to && len > offsetof(struct sockaddr_un, sun_path) &&
        len <= sizeof(*un) && un->sun_family == AF_UNIX)
        memcpy(path, un->sun_path, len - offsetof(struct sockaddr_un,
                                                  sun_path));
    if (front.pass || !file_is_xenstored(path))
        return REAL(connect)(fd, to, len);
    return connect_xenstore(fd);
}
