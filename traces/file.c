/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *file_name(const char *path, const char *suffix)
{
    char *name;

    return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

bool file_is_partial(const char *path)
{
    static const char suffix[] = ".partial";
    size_t len = strlen(path);

    return len >= sizeof(suffix) &&
           !strcmp(path + len - sizeof(suffix) + 1, suffix);
}

bool file_exists(const char *path)
{
    struct stat st;

    return !lstat(path, &st);
}

int file_lock(const char *partial)
{
    char *name = file_name(partial, ".lock");
    struct stat st;
    int fd, rc;

    if (!name)
        return -ENOMEM;
    for (;;) {
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        rc = fd < 0 ? -errno : 0;
        if (!rc && flock(fd, LOCK_EX | LOCK_NB))
            rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        /* The last holder may have removed it after we opened it. */
        if (rc || fstat(fd, &st) || st.st_nlink)
            break;
        close(fd);
    }
    free(name);
    if (rc && fd >= 0)
        close(fd);
    return rc ? rc : fd;
}

void file_unlock(const char *partial, int fd)
{
    char *name = file_name(partial, ".lock");

    if (name)
        unlink(name);
    free(name);
    close(fd);
}

bool file_is_locked(const char *partial)
{
    char *name = file_name(partial, ".lock");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    bool locked;

    free(name);
    if (fd < 0)
        return false;
    locked = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return -errno;
    rc = fsync(fd) ? -errno : 0;
    close(fd);
    return rc;
}

int file_publish(const char *partial, const char *path, bool overwrite)
{
    char *copy;
    int rc = sync_path(partial, 0);

    if (rc)
        return rc;
    rc = renameat2(AT_FDCWD, partial, AT_FDCWD, path,
                   overwrite ? 0 : RENAME_NOREPLACE) ? -errno : 0;
    if (rc == -EINVAL || rc == -ENOSYS) {       /* not on this file system */
        if (!overwrite && file_exists(path))
            return -EEXIST;
        rc = rename(partial, path) ? -errno : 0;
    }
    if (rc)
        return rc;
    copy = strdup(path);
    if (copy)           /* the name's durability is best effort */
        sync_path(dirname(copy), O_DIRECTORY);
    free(copy);
    return 0;
}
