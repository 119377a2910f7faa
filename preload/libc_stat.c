/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether our files are there, for clients that look before they open. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);

/* True when PATH is ours: ST is filled in. */
static bool ours(const char *path, struct stat *st)
{
    unsigned int mode = file_mode(path);

    if (!mode)
        return false;
    memset(st, 0, sizeof(*st));
    st->st_mode = mode;
    st->st_nlink = 1;
    return true;
}

/* struct stat64 is the same structure here. */
#define STAT(name, type) \
EXPORT int name(const char *path, struct type *st) \
{ \
    return ours(path, (struct stat *)st) ? 0 : REAL(name)(path, st); \
}
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

EXPORT int __xstat(int version, const char *path, struct stat *st)
{
    return ours(path, st) ? 0 : REAL(__xstat)(version, path, st);
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *st)
{
    return ours(path, (struct stat *)st) ? 0 :
        REAL(__xstat64)(version, path, st);
}

EXPORT int access(const char *path, int how)
{
    return file_mode(path) ? 0 : REAL(access)(path, how);
}
