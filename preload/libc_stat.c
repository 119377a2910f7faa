/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether our files are there, for clients that look before they open. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
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

#define STATAT(name, type) \
EXPORT int name(int dir, const char *path, struct type *st, int flags) \
{ \
    return ours(path, (struct stat *)st) ? 0 : \
        REAL(name)(dir, path, st, flags); \
}
STATAT(fstatat, stat)
STATAT(fstatat64, stat64)

EXPORT int statx(int dir, const char *path, int flags, unsigned int mask,
                 struct statx *stx)
{
    struct stat st;

    if (!ours(path, &st))
        return REAL(statx)(dir, path, flags, mask, stx);
    memset(stx, 0, sizeof(*stx));
    stx->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK;
    stx->stx_mode = (uint16_t)st.st_mode;
    stx->stx_nlink = 1;
    return 0;
}

/* The devices can be read and written, the texts read, nothing executed. */
static bool allowed(const char *path, int how, int *rc)
{
    unsigned int mode = file_mode(path);

    if (!mode)
        return false;
    *rc = how & X_OK || (how & W_OK && !(mode & S_IWUSR)) ? -1 : 0;
    if (*rc)
        errno = EACCES;
    return true;
}

EXPORT int access(const char *path, int how)
{
    int rc;

    return allowed(path, how, &rc) ? rc : REAL(access)(path, how);
}

EXPORT int eaccess(const char *path, int how)
{
    int rc;

    return allowed(path, how, &rc) ? rc : REAL(eaccess)(path, how);
}

EXPORT int euidaccess(const char *path, int how)
{
    int rc;

    return allowed(path, how, &rc) ? rc : REAL(euidaccess)(path, how);
}

EXPORT int faccessat(int dir, const char *path, int how, int flags)
{
    int rc;

    return allowed(path, how, &rc) ? rc :
        REAL(faccessat)(dir, path, how, flags);
}
