/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest pages lie in one anonymous file, mapped here once as a whole: a page
 * the client maps is the same page of the same file at another address. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"
#include "sim/sim.h"

#define ARENA_SIZE      (64ull << 30)   /* of address space, not of memory */

static struct {
    int fd;
    char *base;
    uint64_t next;              /* pages handed out so far */
    void *freed;                /* list of pages given back */
} arena = { .fd = -1 };

static void *arena_get(void *ctx)
{
    void *page = arena.freed;

    (void)ctx;
    if (page) {
        memcpy(&arena.freed, page, sizeof(arena.freed));
        memset(page, 0, FRONT_PAGE);
        return page;
    }
    if (arena.next == ARENA_SIZE / FRONT_PAGE)
        return NULL;
    return arena.base + arena.next++ * FRONT_PAGE;
}

static void arena_put(void *ctx, void *page)
{
    (void)ctx;
    memcpy(page, &arena.freed, sizeof(arena.freed));
    arena.freed = page;
}

int arena_open(struct sim_pages *pages)
{
    arena.fd = file_hide(memfd_create("xenreel-guests", MFD_CLOEXEC));
    if (arena.fd < 0)
        return arena.fd;
    if (ftruncate(arena.fd, ARENA_SIZE))
        return -errno;
    arena.base = REAL(mmap)(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE, arena.fd, 0);
    if (arena.base == MAP_FAILED)
        return -errno;
    pages->get = arena_get;
    pages->put = arena_put;
    return 0;
}

int arena_fd(void)
{
    return arena.fd;
}

int64_t arena_end(void)
{
    return ARENA_SIZE;
}

int64_t arena_offset(const void *page)
{
    const char *p = page;

    if (!arena.base || p < arena.base || p >= arena.base + ARENA_SIZE)
        return -1;
    return p - arena.base;
}
