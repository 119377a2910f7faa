/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions that a client opens devices by.  What is not ours goes on to
 * the C library; errno is set here. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "preload/front.h"

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

bool libc_opens(const char *path, int flags, int *fd)
{
    enum file_kind kind;

    if (front.pass || !path || (strncmp(path, "/dev/xen/", 9) &&
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

/* FD was opened from PATH by the C library: when a client is recorded, it may
 * be a device.  Those of xenstore are not looked at. */
static int opened(const char *path, int fd)
{
    int saved = errno;

    if (front.pass && path && fd >= 0) {
        front_lock();
        file_pass(file_kind_of(path), fd);
        front_unlock();
    }
    errno = saved;
    return fd;
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
    return libc_opens(path, flags, &fd) ? fd : \
        opened(path, REAL(name)(path, flags, mode)); \
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
    return libc_opens(path, flags, &fd) ? fd : \
        opened(path, REAL(name)(dir, path, flags, mode)); \
}
OPENAT(openat)
OPENAT(openat64)

EXPORT int __open_2(const char *path, int flags)
{
    int fd;

    return libc_opens(path, flags, &fd) ? fd :
        opened(path, REAL(__open_2)(path, flags));
}

EXPORT int __open64_2(const char *path, int flags)
{
    int fd;

    return libc_opens(path, flags, &fd) ? fd :
        opened(path, REAL(__open64_2)(path, flags));
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
    int fd;

    return libc_opens(path, flags, &fd) ? fd :
        opened(path, REAL(__openat_2)(dir, path, flags));
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    int fd;

    return libc_opens(path, flags, &fd) ? fd :
        opened(path, REAL(__openat64_2)(dir, path, flags));
}
