/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is mapped from a device of ours, or where one was. */
#include "preload/libc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/front.h"

/* Whatever was in [AT, AT + LEN) is there no longer.  Under the lock. */
static void gone(const void *at, size_t len)
{
    mapping_unmapped((uintptr_t)at, len);
    user_distrust((uintptr_t)at, len);
}

/* Hypercall buffers are plain shared pages that a child does not get. */
static void *map_buffer(void *at, size_t len, int prot, int flags)
{
    void *p = REAL(mmap)(at, len, prot,
                         (flags & MAP_FIXED) | MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    if (p == MAP_FAILED)
        return p;
    gone(p, len);
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
    gone(p, len);
    rc = mapping_reserve((uintptr_t)p, (len + FRONT_PAGE - 1) / FRONT_PAGE,
                         prot);
    if (!rc)
        return p;
    REAL(munmap)(p, len);
    errno = -rc;
    return MAP_FAILED;
}

/* The kernel's own, looked at. */
static void *map_passed(int fd, void *at, size_t len, int prot, int flags,
                        off_t offset)
{
    const struct file *f;
    void *p;

    front_lock();
    p = REAL(mmap)(at, len, prot, flags, fd, offset);
    f = file_of(fd);
    if (p != MAP_FAILED && f) {
        gone(p, len);
        if (f->kind == FILE_PRIVCMD)
            mapping_reserve((uintptr_t)p,
                            (len + FRONT_PAGE - 1) / FRONT_PAGE, prot);
        else if (f->kind == FILE_HYPERCALL && prot & PROT_READ)
            user_trust((uintptr_t)p, len);
    }
    front_unlock();
    return p;
}

static void *map_ours(int fd, void *at, size_t len, int prot, int flags)
{
    const struct file *f;
    void *p = MAP_FAILED;
    int rc;

    front_lock();
    f = file_of(fd);
    if (!f || f->kind == FILE_HIDDEN)
        rc = -EBADF;
    else
        rc = f->kind == FILE_PRIVCMD ? front_start() : file_start(f->kind);
    if (rc)
        errno = -rc;
    else if (f->kind == FILE_PRIVCMD)
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
    void *p; \
\
    if (f && front.pass) \
        return map_passed(fd, at, len, prot, flags, offset); \
    if (f) \
        return map_ours(fd, at, len, prot, flags); \
    if (!(flags & MAP_FIXED) || !front.hv) \
        return REAL(name)(at, len, prot, flags, fd, offset); \
    front_lock(); \
    p = REAL(name)(at, len, prot, flags, fd, offset); \
    if (p != MAP_FAILED) \
        gone(p, len); \
    front_unlock(); \
    return p; \
}
MMAP(mmap)
MMAP(mmap64)

/* Under the lock: the addresses may be another thread's a moment later. */
EXPORT int munmap(void *at, size_t len)
{
    int rc;

    if (!front.hv)
        return REAL(munmap)(at, len);
    front_lock();
    rc = REAL(munmap)(at, len);
    if (!rc)
        gone(at, len);
    front_unlock();
    return rc;
}

/* What was at AT is at TO, or failed to move. */
static void *moved(const void *at, size_t len, void *to)
{
    if (to != MAP_FAILED && front.hv) {
        front_lock();
        gone(at, len);
        front_unlock();
    }
    return to;
}

/* What is mapped from a device can shrink; more is EFAULT, as for every
 * mapping that the kernel may not expand.  Moving it is not served. */
EXPORT void *mremap(void *at, size_t len, size_t new_len, int flags, ...)
{
    void *to = NULL;
    va_list list;
    bool ours;

    va_start(list, flags);
    if (flags & MREMAP_FIXED)
        to = va_arg(list, void *);
    va_end(list);
    front_lock();
    ours = mapping_overlaps((uintptr_t)at, len) ||
           user_trusts((uintptr_t)at, len);
    front_unlock();
    if (!ours || front.pass)
        return moved(at, len, REAL(mremap)(at, len, new_len, flags, to));
    if (new_len > len || flags & ~MREMAP_MAYMOVE) {
        errno = EFAULT;
        return MAP_FAILED;
    }
    if (new_len < len && munmap((char *)at + new_len, len - new_len))
        return MAP_FAILED;
    return at;
}

/* A hypercall buffer need not be readable for ever. */
EXPORT int mprotect(void *at, size_t len, int prot)
{
    if (front.hv) {
        front_lock();
        user_distrust((uintptr_t)at, len);
        front_unlock();
    }
    return REAL(mprotect)(at, len, prot);
}
