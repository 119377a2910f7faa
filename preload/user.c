/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's memory.  Pointers in a hypercall may be anything, so what is
 * not known to be there is copied by the kernel, which reports a fault. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"

#define NR_TRUSTED      64

struct range {
    uint64_t start, end;
};

/* Hypercall buffers: mapped from our device, so certainly there. */
static struct range trusted[NR_TRUSTED];
static unsigned int nr_trusted;
static __thread struct range stack
    __attribute__((tls_model("initial-exec")));

void user_trust(uint64_t addr, size_t len)
{
    if (nr_trusted < NR_TRUSTED)
        trusted[nr_trusted++] = (struct range){ addr, addr + len };
}

void user_distrust(uint64_t addr, size_t len)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < nr_trusted; i++) {
        if (trusted[i].end <= addr || trusted[i].start >= addr + len)
            trusted[n++] = trusted[i];
    }
    nr_trusted = n;
}

bool user_trusts(uint64_t addr, size_t len)
{
    for (unsigned int i = 0; i < nr_trusted; i++) {
        if (trusted[i].end > addr && trusted[i].start < addr + len)
            return true;
    }
    return false;
}

static bool inside(const struct range *r, uint64_t addr, size_t len)
{
    return addr >= r->start && addr <= r->end && len <= r->end - addr;
}

/* In a frame that called us: between here and the end of the stack, unless
 * we are called on another one (sigaltstack, a coroutine's). */
static bool on_stack(uint64_t addr, size_t len)
{
    uint64_t here = (uintptr_t)__builtin_frame_address(0);
    struct range live;

    if (!stack.end) {
        pthread_attr_t attr;
        size_t size = 0;
        void *base = NULL;

        if (pthread_getattr_np(pthread_self(), &attr))
            return false;
        pthread_attr_getstack(&attr, &base, &size);
        pthread_attr_destroy(&attr);
        stack.start = (uintptr_t)base;
        stack.end = (uintptr_t)base + size;
    }
    live = (struct range){ here, stack.end };
    return here >= stack.start && here < stack.end && inside(&live, addr, len);
}

static bool known(uint64_t addr, size_t len)
{
    for (unsigned int i = 0; i < nr_trusted; i++) {
        if (inside(&trusted[i], addr, len))
            return true;
    }
    return on_stack(addr, len);
}

/* Where a sandbox forbids process_vm_readv() and its sister, the kernel
 * reports a fault also when it copies into a file, and out of it. */
static int by_file(void *to, const void *from, size_t len)
{
    int rc = -EFAULT;

    if (front.parent)
        return rc;              /* the file is its parent's */
    front_lock();
    if (REAL(pwrite)(arena_fd(), from, len, arena_end()) == (ssize_t)len &&
        REAL(pread)(arena_fd(), to, len, arena_end()) == (ssize_t)len)
        rc = 0;
    front_unlock();
    return rc;
}

static bool forbidden(ssize_t n)
{
    return n < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
}

int user_read(void *to, uint64_t from, size_t len)
{
    struct iovec local = { to, len }, remote;
    ssize_t n;

    if (known(from, len)) {
        memcpy(to, (const void *)(uintptr_t)from, len);
        return 0;
    }
    remote = (struct iovec){ (void *)(uintptr_t)from, len };
    n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (forbidden(n))
        return by_file(to, remote.iov_base, len);
    return n == (ssize_t)len ? 0 : -EFAULT;
}

int user_write(uint64_t to, const void *from, size_t len)
{
    struct iovec local = { (void *)(uintptr_t)from, len }, remote;
    ssize_t n;

    if (front.pass)
        return 0;               /* the kernel does it */
    if (known(to, len)) {
        memcpy((void *)(uintptr_t)to, from, len);
        return 0;
    }
    remote = (struct iovec){ (void *)(uintptr_t)to, len };
    n = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
    if (forbidden(n))
        return by_file(remote.iov_base, from, len);
    return n == (ssize_t)len ? 0 : -EFAULT;
}
