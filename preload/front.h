/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device front end: a library that a client preloads.  It answers the
 * files a Xen client opens (/dev/xen/privcmd and its sisters, xenstore,
 * /sys/hypervisor) from a struct hv inside the client's own process.
 *
 * Everything below struct front is called with the lock held, but for what
 * says otherwise.  Functions return 0, a positive result or -Exxx; errno is
 * set in libc.c and libc_wait.c alone. */
#ifndef XENREEL_FRONT_H
#define XENREEL_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/hv.h"

#define FRONT_PAGE      4096u
#define MAX_FRONT_DOMAINS 64
#define FRONT_CPU_KHZ   2000000u

/* What happens to the client at the end of the guests' programs. */
enum front_end { END_SIGNAL, END_SHUTDOWN, END_DESTROY, END_WAIT };

struct front_domain {
    uint32_t id;
    char name[64];
    struct args_create create;
    bool down;                  /* it has shut down, and xenstore knows */
    bool destroyed;             /* it is dying at least */
    bool held;                  /* ... and stays so: its ring was mapped */
    bool gone;                  /* Xen has said that it knows it no more */
};

struct front {
    struct hv *hv;              /* NULL until a device is opened */
    struct hv *model;           /* the same, nothing wrapped around it */
    bool served;                /* that is a trace, there is no model */
    bool pass;                  /* nor here: a real Xen is recorded (pass.h) */
    struct front_domain domains[MAX_FRONT_DOMAINS];
    uint32_t nr_domains;        /* ascending ids, dom0 not among them */
    int pid;                    /* this process, once there is a machine */
    int parent;                 /* of a child, whose machine it is; or 0 */
};

extern struct front front;

/* One client thread at a time; recursive.  Callable from anywhere. */
void front_lock(void);
void front_unlock(void);
/* A handler that may call us has interrupted this thread, whose signal mask
 * was MASK, a sigset_t.  True when that was within a call: MASK is now full,
 * and what it was is put back at the end of the call.  Async-signal-safe. */
bool front_defer(void *mask);

/* ---- setup.c ---- */
/* Make the machine when the first device is opened: 0, or -Exxx after a
 * message.  -ENODEV in a process that has nothing set up, and in a child of
 * one that has. */
int front_start(void);
/* Also one that is destroyed, while Xen knows it; or NULL. */
struct front_domain *front_domain(uint32_t id);
/* Also one that nobody has asked Xen about since. */
struct front_domain *front_listed(uint32_t id);
/* domain.create by the client, in the place of one with its number. */
int front_create(struct args_create *create);

/* A line on stderr, "xenreel: " in front.  Callable from anywhere. */
void front_say(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ---- time.c ---- */
struct hv_record;
/* One more action of a guest's program: 0 or -ENOMEM. */
int time_add(const struct hv_record *rec);
/* The programs run LOOPS times; then AT_END.  SEED is not 0: also while the
 * client makes hypercalls. */
void time_start(uint64_t seed, uint64_t loops, enum front_end at_end);
/* The client drives the guests (driver.c): no programs, and no end. */
void time_driven(void);
/* The client blocks: let the guests run, unless there are xenstore events
 * that it has not seen.  What came of it: an event, or a program that ended;
 * the signal at the end. */
enum step { STEP_IDLE, STEP_TOLD, STEP_EVENT, STEP_SIGNAL };
enum step front_step(void);
/* The client looks whether something is there, and it is: in a served trace,
 * events may have come as well. */
void front_served_events(void);
/* Around a call: in a served trace the client may have been told to end. */
enum step front_served_signal(void);
/* The client makes a hypercall: with a seed, the guests may run meanwhile. */
void front_slice(void);
/* The guests' programs are over and the client stays: time is real now. */
bool front_over(void);

/* ---- life.c: the end of a domain ---- */
/* D, which may be NULL, is shut down: xenstored says so, once. */
void life_shut_down(struct front_domain *d);
/* XEN_DOMCTL_destroydomain, and what xenstored does then. */
int life_destroy(uint32_t dom);
/* A toolstack destroys all there are. */
void life_destroy_all(void);

/* ---- child.c: what a child may do after all ---- */
/* There will be one. */
void child_prepare(void);
/* In its parent: do what it asked for. */
void child_grant(void);
/* In a child: a call of privcmd's. */
int child_ioctl(unsigned long request, uint64_t arg);

/* ---- arena.c: guest pages, in a file so that a client can map them ---- */
struct sim_pages;
int arena_open(struct sim_pages *pages);
/* The file and the offset in it of a page from the arena. */
int arena_fd(void);
/* Where in the file no page is. */
int64_t arena_end(void);
int64_t arena_offset(const void *page);

/* ---- user.c: the client's memory, which may be anything ---- */
/* Copy LEN bytes: 0 or -EFAULT. */
int user_read(void *to, uint64_t from, size_t len);
int user_write(uint64_t to, const void *from, size_t len);
/* [ADDR, ADDR + LEN) was mapped by us and can be used directly; no more. */
void user_trust(uint64_t addr, size_t len);
void user_distrust(uint64_t addr, size_t len);
/* Is any of it? */
bool user_trusts(uint64_t addr, size_t len);

/* ---- hypercall.c and its parts: one hypercall of dom0's ---- */
long hypercall(uint64_t op, const uint64_t arg[5]);
long hypercall_domctl(uint64_t arg);
long hypercall_sysctl(uint64_t arg);
long hypercall_memory(uint64_t cmd, uint64_t arg);
long hypercall_version(uint64_t cmd, uint64_t arg);
long hypercall_hvm(uint64_t op, uint64_t arg);
/* A device-model operation on DOM: its structure is at ARG, LEN bytes. */
long hypercall_dm(uint32_t dom, uint64_t arg, size_t len);
long hypercall_pv(uint64_t op, const uint64_t arg[5]);
/* A list of NR gfns and accesses in the client's memory, to operation OP. */
int access_lists(enum hv_op op, uint32_t dom, uint32_t view, uint32_t nr,
                 uint64_t gfns, uint64_t accesses);
/* What Xen has and the model has not: remembered for xenreel info; answers
 * -ENOSYS. */
long hypercall_missing(const char *family, uint64_t number);

/* ---- mapping.c: foreign mappings ---- */
struct mapping;
/* [ADDR, ADDR + PAGES) was reserved by mmap with PROT. */
int mapping_reserve(uint64_t addr, size_t pages, int prot);
/* Put DOM's GFN there: 0; -EINVAL or -ESRCH as the kernel reports it for one
 * frame. */
int mapping_put(uint64_t addr, uint32_t dom, uint64_t gfn);
bool mapping_covers(uint64_t addr, size_t pages);
/* Is a guest's page anywhere in it? */
bool mapping_used(uint64_t addr, size_t pages);
void mapping_unmapped(uint64_t addr, size_t len);
bool mapping_overlaps(uint64_t addr, size_t len);
/* In a child: it has none of them. */
void mapping_forked(void);

/* ---- the devices ---- */
struct evtchn;
struct evtchn *evtchn_new(int fd);              /* FD: an eventfd */
void evtchn_free(struct evtchn *e);
int evtchn_ioctl(struct evtchn *e, unsigned long request, uint64_t arg);
/* Up to LEN bytes of ports: how many bytes, 0 when LEN has no room for one,
 * -EAGAIN when none is pending. */
long evtchn_read(struct evtchn *e, uint64_t to, size_t len);
long evtchn_write(struct evtchn *e, uint64_t from, size_t len);
/* The client has read LEN bytes of ports itself, to TO. */
void evtchn_taken(struct evtchn *e, uint64_t to, size_t len);
/* DOM may have raised its port: look, and make the descriptors readable.
 * True when something is new. */
bool evtchn_poll(uint32_t dom);
/* Its eventfd is now FD: the descriptor it had was closed. */
void evtchn_fd(struct evtchn *e, int fd);
bool evtchn_any(void);

int privcmd_ioctl(unsigned long request, uint64_t arg, uint32_t *restricted);

#endif
