/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions a client reaches devices by.  What is not ours goes on to
 * the C library; errno is set here. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/xenstore.h"

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *to, size_t len, size_t room);

static long answer(long rc)
{
    if (rc >= 0)
        return rc;
    errno = (int)-rc;
    return -1;
}

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
    *fd = (int)answer(kind ? file_open(kind, flags) : file_open_text(path));
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

/* ---- descriptors ---- */

EXPORT int close(int fd)
{
    if (file_of(fd)) {
        front_lock();
        file_forget(fd);
        front_unlock();
    } else if (fd >= 0 && fd == arena_fd()) {
        errno = EBADF;          /* no client opened that */
        return -1;
    }
    return REAL(close)(fd);
}

static int duplicated(int old, int new)
{
    if (new >= 0 && file_of(old)) {
        front_lock();
        file_dup(old, new);
        front_unlock();
    }
    return new;
}

static void replaced(int old, int new)
{
    if (old != new && file_of(new)) {
        front_lock();
        file_forget(new);
        front_unlock();
    }
}

EXPORT int dup(int fd)
{
    return duplicated(fd, REAL(dup)(fd));
}

EXPORT int dup2(int old, int new)
{
    replaced(old, new);
    return duplicated(old, REAL(dup2)(old, new));
}

EXPORT int dup3(int old, int new, int flags)
{
    replaced(old, new);
    return duplicated(old, REAL(dup3)(old, new, flags));
}

static int after_fcntl(int fd, int cmd, long arg, int rc)
{
    struct file *f = file_of(fd);

    if (!f || rc < 0)
        return rc;
    if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
        return duplicated(fd, rc);
    if (cmd == F_SETFL)
        f->nonblock = arg & O_NONBLOCK;
    else if (cmd == F_GETFL && f->kind == FILE_EVTCHN && !f->nonblock)
        rc &= ~O_NONBLOCK;
    return rc;
}

#define FCNTL(name) \
EXPORT int name(int fd, int cmd, ...) \
{ \
    struct file *f = file_of(fd); \
    va_list list; \
    long arg; \
    int rc; \
\
    va_start(list, cmd); \
    arg = va_arg(list, long); \
    va_end(list); \
    /* The eventfd itself never blocks. */ \
    rc = REAL(name)(fd, cmd, cmd == F_SETFL && f && \
                    f->kind == FILE_EVTCHN ? arg | O_NONBLOCK : arg); \
    return after_fcntl(fd, cmd, arg, rc); \
}
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- ioctl, read, write ---- */

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct file *f = file_of(fd);
    va_list list;
    void *arg;
    int rc = -ENOTTY;

    va_start(list, request);
    arg = va_arg(list, void *);
    va_end(list);
    if (!f)
        return REAL(ioctl)(fd, request, arg);
    front_lock();
    if (front_start())
        rc = -ENODEV;
    else if (f->kind == FILE_PRIVCMD)
        rc = privcmd_ioctl(request, (uintptr_t)arg, &f->restricted);
    else if (f->kind == FILE_EVTCHN)
        rc = evtchn_ioctl(f->evtchn, request, (uintptr_t)arg);
    front_unlock();
    return (int)answer(rc);
}

/* A read of the event channel blocks until a port is pending; what the
 * guests do not do now they never will, unless somebody else wakes us. */
static ssize_t read_evtchn(struct file *f, void *to, size_t len)
{
    ssize_t rc;

    for (;;) {
        enum step step = STEP_EVENT;

        front_lock();
        rc = evtchn_read(f->evtchn, (uintptr_t)to, len);
        if (rc == -EAGAIN && !f->nonblock)
            step = front_step();
        front_unlock();
        if (rc != -EAGAIN || f->nonblock)
            return answer(rc);
        if (step == STEP_SIGNAL)
            return answer(-EINTR);
        if (step == STEP_IDLE && REAL(pause)() < 0)
            return answer(-EINTR);
    }
}

static bool read_ours(int fd, void *to, size_t len, ssize_t *rc)
{
    struct file *f = file_of(fd);

    if (!f || f->kind == FILE_XENSTORE)
        return false;
    *rc = f->kind == FILE_EVTCHN ? read_evtchn(f, to, len) : answer(-EINVAL);
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

EXPORT ssize_t write(int fd, const void *from, size_t len)
{
    struct file *f = file_of(fd);
    ssize_t rc = -EINVAL;

    if (!f)
        return REAL(write)(fd, from, len);
    front_lock();
    if (f->kind == FILE_EVTCHN)
        rc = evtchn_write(f->evtchn, (uintptr_t)from, len);
    else if (f->kind == FILE_XENSTORE)
        rc = xenstore_write(f->xs, (uintptr_t)from, len);
    front_unlock();
    return answer(rc);
}

/* ---- mapping ---- */

/* Hypercall buffers are plain shared pages that a child does not get. */
static void *map_buffer(void *at, size_t len, int prot, int flags)
{
    void *p = REAL(mmap)(at, len, prot,
                         (flags & MAP_FIXED) | MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    if (p == MAP_FAILED)
        return p;
    madvise(p, len, MADV_DONTFORK);
    if ((prot & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE))
        user_trust((uintptr_t)p, len);
    return p;
}

/* Address space for foreign pages, which MMAPBATCH puts there. */
static void *map_foreign(void *at, size_t len, int prot, int flags)
{
    void *p;
    int rc;

    if (!(flags & MAP_SHARED)) {
        errno = EINVAL;         /* privcmd_mmap wants shared ones */
        return MAP_FAILED;
    }
    p = REAL(mmap)(at, len, PROT_NONE,
                   (flags & MAP_FIXED) | MAP_PRIVATE | MAP_ANONYMOUS |
                   MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return p;
    rc = mapping_reserve((uintptr_t)p, (len + FRONT_PAGE - 1) / FRONT_PAGE,
                         prot);
    if (!rc)
        return p;
    REAL(munmap)(p, len);
    errno = -rc;
    return MAP_FAILED;
}

static void *map_ours(const struct file *f, void *at, size_t len, int prot,
                      int flags)
{
    void *p = MAP_FAILED;

    front_lock();
    if (f->kind == FILE_PRIVCMD)
        p = map_foreign(at, len, prot, flags);
    else if (f->kind == FILE_HYPERCALL)
        p = map_buffer(at, len, prot, flags);
    else
        errno = ENODEV;
    front_unlock();
    return p;
}

#define MMAP(name) \
EXPORT void *name(void *at, size_t len, int prot, int flags, int fd, \
                  off_t offset) \
{ \
    struct file *f = flags & MAP_ANONYMOUS ? NULL : file_of(fd); \
\
    return f ? map_ours(f, at, len, prot, flags) \
             : REAL(name)(at, len, prot, flags, fd, offset); \
}
MMAP(mmap)
MMAP(mmap64)

EXPORT int munmap(void *at, size_t len)
{
    if (front.hv) {
        front_lock();
        mapping_unmapped((uintptr_t)at, len);
        user_distrust((uintptr_t)at, len);
        front_unlock();
    }
    return REAL(munmap)(at, len);
}
