/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams.  The C library's read and write without calling read() and
 * write(), so a device's stream has our own functions behind it. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ssize_t stream_read(void *cookie, char *to, size_t len)
{
    return read((int)(intptr_t)cookie, to, len);
}

static ssize_t stream_write(void *cookie, const char *from, size_t len)
{
    ssize_t n = write((int)(intptr_t)cookie, from, len);

    return n < 0 ? 0 : n;       /* as fopencookie() wants it */
}

static int stream_close(void *cookie)
{
    return close((int)(intptr_t)cookie);
}

EXPORT FILE *fdopen(int fd, const char *mode)
{
    static const cookie_io_functions_t functions = {
        .read = stream_read, .write = stream_write, .close = stream_close,
    };
    FILE *f;

    if (!file_of(fd))
        return REAL(fdopen)(fd, mode);
    if (file_of(fd)->kind == FILE_HIDDEN) {
        errno = EBADF;
        return NULL;
    }
    f = fopencookie((void *)(intptr_t)fd, mode, functions);
    if (f)
        f->_fileno = fd;        /* for fileno(), which has ioctl()s to make */
    return f;
}

/* True when PATH is ours: *F is then what to return. */
static bool opens(const char *path, const char *mode, FILE **f)
{
    int fd;

    if (!libc_opens(path, strchr(mode, 'e') ? O_RDWR | O_CLOEXEC : O_RDWR,
                    &fd))
        return false;
    *f = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !*f)
        close(fd);
    return true;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    FILE *f;

    return opens(path, mode, &f) ? f : REAL(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    FILE *f;

    return opens(path, mode, &f) ? f : REAL(fopen64)(path, mode);
}

/* It may close without calling close(); what is not yet written needs the
 * device. */
EXPORT int fclose(FILE *stream)
{
    int fd = fileno(stream), rc = file_of(fd) ? fflush(stream) : 0;

    file_closed(fd);
    return REAL(fclose)(stream) ? EOF : rc;
}
