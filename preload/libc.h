/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C library behind the functions we stand in front of. */
#ifndef XENREEL_LIBC_H
#define XENREEL_LIBC_H

#include <dlfcn.h>
#include <stdbool.h>

/* The next definition of function NAME, found once. */
#define REAL(name) __extension__ ({ \
    static __typeof__(name) *real_##name; \
    if (!real_##name) \
        *(void **)&real_##name = dlsym(RTLD_NEXT, #name); \
    real_##name; })

#define EXPORT __attribute__((visibility("default")))

/* How long a call that really blocks goes without looking whether another
 * thread has given the guests something to do. */
#define WAIT_SLICE_MS   20

/* RC, or -1 with errno of a -Exxx. */
long libc_answer(long rc);
/* How many of the client's signal handlers this thread has run: one that runs
 * between two looks at the guests ends a wait as if it had come in the wait. */
unsigned int libc_handled(void);
/* True when PATH is ours: *FD is then what to return. */
bool libc_opens(const char *path, int flags, int *fd);

/* ---- descriptors that are ours: file.c ---- */
#define MAX_FD  65536
enum file_kind { FILE_NONE, FILE_PRIVCMD, FILE_HYPERCALL, FILE_EVTCHN,
                 FILE_XENSTORE, FILE_HIDDEN /* not there for a client */ };
struct evtchn;
struct xs_conn;
struct file {
    enum file_kind kind;
    unsigned int refs;
    bool nonblock;
    int inner;                  /* xenstore: our end of the connection */
    unsigned int restricted;    /* to this domain; ~0: not */
    union {
        struct evtchn *evtchn;
        struct xs_conn *xs;
    };
};

/* Is there what a file of KIND is for?  0 or -Exxx; a child has privcmd and
 * its buffers, for the little that they are good for (child.c). */
int file_start(enum file_kind kind);
/* What FD is, or NULL when it is not ours.  Without the lock. */
struct file *file_of(int fd);
/* FD is a new file of KIND: 0 or -Exxx. */
int file_add(int fd, enum file_kind kind, struct file **file);
/* FD is the library's own from now on: out of the way of the client's, and
 * not there for it.  Its new number, or -Exxx (errno's when FD is -1). */
int file_hide(int fd);
/* NEW stands for the same file as OLD. */
void file_dup(int old, int new);
/* FD was closed, or is about to be, or was replaced. */
void file_forget(int fd);
/* The same for any FD, without the lock. */
void file_closed(int fd);
/* A path that is a device of ours. */
enum file_kind file_kind_of(const char *path);
/* The socket that xenstored listens on. */
bool file_is_xenstored(const char *path);
/* Open device KIND: a descriptor or -Exxx. */
int file_open(enum file_kind kind, int flags);
/* FD is the kernel's device KIND, whose client is recorded. */
void file_pass(enum file_kind kind, int fd);
/* In a child of such a client: nothing is a device of ours. */
void file_forked(void);
/* A file of /sys/hypervisor or /proc/xen: a descriptor that reads it, or
 * -ENOENT where PATH is none of those. */
int file_open_text(const char *path);
/* Is PATH something that only we have?  Its st_mode, or 0. */
unsigned int file_mode(const char *path);

#endif
