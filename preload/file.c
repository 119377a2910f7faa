/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which descriptors are devices of ours.  Each is also a real descriptor, so
 * that nobody else gets its number: /dev/null, or an eventfd whose state
 * poll() understands. */
#include "preload/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/abi.h"
#include "preload/front.h"
#include "preload/xenstore.h"

#define HIGH_FD         512     /* out of the way of clients */

static _Atomic(struct file *) files[MAX_FD];

struct file *file_of(int fd)
{
    return fd >= 0 && fd < MAX_FD ? atomic_load(&files[fd]) : NULL;
}

int file_add(int fd, enum file_kind kind, struct file **file)
{
    struct file *f;

    if (fd < 0)
        return -errno;
    if (fd >= MAX_FD)
        return -EMFILE;
    f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->kind = kind;
    f->refs = 1;
    f->restricted = ~0u;
    atomic_store(&files[fd], f);
    *file = f;
    return 0;
}

void file_dup(int old, int new)
{
    struct file *f = file_of(old);

    if (!f || old == new || new < 0 || new >= MAX_FD)
        return;
    f->refs++;
    atomic_store(&files[new], f);
}

static int other_fd(const struct file *f)
{
    int fd = 0;

    while (fd < MAX_FD && file_of(fd) != f)
        fd++;
    return fd;
}

void file_forget(int fd)
{
    struct file *f = file_of(fd);

    if (!f)
        return;
    atomic_store(&files[fd], NULL);
    if (!front.hv)
        return;                 /* a child's: there is nothing behind it */
    if (--f->refs) {
        if (f->kind == FILE_EVTCHN)
            evtchn_fd(f->evtchn, other_fd(f));
        return;
    }
    if (f->kind == FILE_EVTCHN)
        evtchn_free(f->evtchn);
    else if (f->kind == FILE_XENSTORE && f->xs) {
        file_forget(f->inner);
        xenstore_disconnect(f->xs);
    }
    free(f);
}

static const struct {
    const char *path;
    enum file_kind kind;
} devices[] = {
    { "/dev/xen/privcmd", FILE_PRIVCMD },
    { "/proc/xen/privcmd", FILE_PRIVCMD },
    { "/dev/xen/hypercall", FILE_HYPERCALL },
    { "/dev/xen/evtchn", FILE_EVTCHN },
    { "/dev/xen/xenbus", FILE_XENSTORE },
    { "/proc/xen/xenbus", FILE_XENSTORE },
};

enum file_kind file_kind_of(const char *path)
{
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (!strcmp(path, devices[i].path))
            return devices[i].kind;
    }
    return FILE_NONE;
}

bool file_is_xenstored(const char *path)
{
    return !strcmp(path, "/var/run/xenstored/socket") ||
           !strcmp(path, "/run/xenstored/socket");
}

static int open_evtchn(int fd, struct file **f)
{
    int rc = file_add(fd, FILE_EVTCHN, f);

    if (rc)
        return rc;
    (*f)->evtchn = evtchn_new(fd);
    return (*f)->evtchn ? 0 : -ENOMEM;
}

int file_hide(int fd)
{
    int high = fd < 0 ? -1 : REAL(fcntl)(fd, F_DUPFD_CLOEXEC, HIGH_FD), rc;
    struct file *f;

    if (fd < 0)
        return -errno;
    if (high >= 0) {            /* or the limit is low */
        REAL(close)(fd);
        fd = high;
    }
    rc = file_add(fd, FILE_HIDDEN, &f);
    if (!rc)
        return fd;
    REAL(close)(fd);
    return rc;
}

static int open_xenstore(int flags, struct file **f)
{
    int pair[2], inner, rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | (flags & O_CLOEXEC ?
                                           SOCK_CLOEXEC : 0), 0, pair))
        return -errno;
    inner = file_hide(pair[1]);
    rc = inner < 0 ? inner : file_add(pair[0], FILE_XENSTORE, f);
    if (!rc) {
        (*f)->inner = inner;
        (*f)->xs = xenstore_connect(inner);
        if ((*f)->xs)
            return pair[0];
        rc = -ENOMEM;
    }
    file_forget(pair[0]);
    REAL(close)(pair[0]);
    if (inner >= 0) {
        file_forget(inner);
        REAL(close)(inner);
    }
    return rc;
}

int file_start(enum file_kind kind)
{
    return front.parent && (kind == FILE_PRIVCMD || kind == FILE_HYPERCALL) ?
        0 : front_start();
}

int file_open(enum file_kind kind, int flags)
{
    struct file *f = NULL;
    int rc = file_start(kind), fd;

    if (rc)
        return rc;
    if (kind == FILE_EVTCHN) {
        fd = eventfd(0, EFD_NONBLOCK | (flags & O_CLOEXEC ? EFD_CLOEXEC : 0));
        rc = open_evtchn(fd, &f);
    } else if (kind == FILE_XENSTORE) {
        return open_xenstore(flags, &f);
    } else {
        fd = REAL(open)("/dev/null", O_RDWR | (flags & O_CLOEXEC));
        rc = file_add(fd, kind, &f);
    }
    if (f)
        f->nonblock = flags & O_NONBLOCK;
    if (!rc)
        return fd;
    file_forget(fd);
    if (fd >= 0)
        REAL(close)(fd);
    return rc;
}

void file_pass(enum file_kind kind, int fd)
{
    struct file *f;

    if (kind == FILE_NONE || kind == FILE_XENSTORE || front.parent ||
        front_start())
        return;
    if (kind == FILE_EVTCHN ? open_evtchn(fd, &f) : file_add(fd, kind, &f))
        front_say("descriptor %d is not recorded", fd);
}

void file_forked(void)
{
    for (int fd = 0; fd < MAX_FD; fd++)
        atomic_store(&files[fd], NULL);
}

/* ---- files that are read as text ---- */

/* No text: of the release that was chosen. */
static const struct text {
    const char *path, *text;
} texts[] = {
    { "/sys/hypervisor/type", "xen\n" },
    { "/sys/hypervisor/version/major", "4\n" },
    { "/sys/hypervisor/version/minor", NULL },
    { "/sys/hypervisor/version/extra", NULL },
    { "/sys/hypervisor/uuid", "00000000-0000-0000-0000-000000000000\n" },
    { "/proc/xen/capabilities", "control_d\n" },
};

static const char *text_of(const struct text *t)
{
    static char line[16];

    if (t->text)
        return t->text;
    if (strstr(t->path, "minor"))
        snprintf(line, sizeof(line), "%u\n", abi()->minor);
    else
        snprintf(line, sizeof(line), "%s\n", abi()->extra);
    return line;
}

int file_open_text(const char *path)
{
    const char *text;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len;
        int fd;

        if (strcmp(path, texts[i].path))
            continue;
        fd = memfd_create("xenreel-text", MFD_CLOEXEC);
        if (fd < 0)
            return -errno;
        text = text_of(&texts[i]);
        len = strlen(text);
        if (REAL(write)(fd, text, len) != (ssize_t)len ||
            lseek(fd, 0, SEEK_SET)) {
            REAL(close)(fd);
            return -EIO;
        }
        return fd;
    }
    return -ENOENT;
}

unsigned int file_mode(const char *path)
{
    if (!path || front.pass)
        return 0;
    if (file_kind_of(path))
        return S_IFCHR | 0600;
    if (file_is_xenstored(path))
        return S_IFSOCK | 0600;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!strcmp(path, texts[i].path))
            return S_IFREG | 0444;
    }
    return 0;
}
