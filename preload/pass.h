/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a client on a real Xen (xenreel record -- COMMAND).  The client's
 * calls go to the kernel's devices as they are, and what those answer is what
 * it gets: the library only looks on.  A call's structures are decoded by the
 * same code that serves them from the model, in front of a struct hv that
 * makes the client's own call and reads what came of it; nothing is written
 * into the client's memory (user_write).
 *
 * The one exception is a monitor's ring: its client gets a page of ours in its
 * place, and requests are moved there where the client waits.  Otherwise one
 * could be taken, and its slot overwritten by the response, unseen.
 *
 * All with the lock held, but for what says otherwise. */
#ifndef XENREEL_PASS_H
#define XENREEL_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/hv.h"

struct file;
struct sim_pages;

/* The kernel as a struct hv; NULL, with a message, when it cannot be had.
 * Rings are pages of PAGES. */
struct hv *pass_open(const struct sim_pages *pages);

/* The client's ioctl or write of FD, which is F: performed, and recorded.
 * What the kernel answered, -errno when it failed. */
long pass_ioctl(int fd, struct file *f, unsigned long request, uint64_t arg);
long pass_write(int fd, struct file *f, uint64_t from, size_t len);

/* ---- for decoders; they do nothing when nothing is passed ---- */

/* The next hv_call is (part of) the client's call.  FILL is called behind it:
 * RC is what the kernel answered, CTX its own.  It puts into ARGS what the
 * client was told, and returns the operation's result. */
typedef int pass_fill_fn(void *ctx, void *args, long rc);
void pass_fill(pass_fill_fn *fill, void *ctx);
/* The client's call is several, and the result of this one will be at AT, a
 * long. */
void pass_result(uint64_t at);
/* The next hv_map of GFN is of a page that the client maps; the kernel says at
 * ERR_AT what came of it. */
void pass_page(uint64_t gfn, uint64_t err_at);

/* ---- where the client waits; without the lock; errno stays ---- */
/* It has waited: move what came, and record it.  ENDED: by itself. */
void pass_waited(bool ended);
/* Its handler for SIGNAL is about to be called.  Async-signal-safe. */
void pass_signalled(int signal);

/* ---- pass_ring.c ---- */
/* DOM's ring is where its guest has GFN. */
void pass_ring_param(uint32_t dom, uint64_t gfn);
bool pass_ring_is(uint32_t dom, uint64_t gfn);
/* Its page, THEIRS, was mapped: the client's in its place, or NULL. */
void *pass_ring_map(uint32_t dom, void *theirs, const struct sim_pages *pages);
/* That one is not mapped any more. */
void pass_ring_unmap(const void *theirs);
void pass_ring_enabled(uint32_t dom, uint32_t port);
void pass_ring_disabled(uint32_t dom);
/* The client's page while the ring is on, or NULL. */
void *pass_ring(uint32_t dom);
/* Requests have come that the client has not got: note them, each with
 * NOTE (NULL: they are delivered now). */
typedef void pass_note_fn(const struct args_event *a);
void pass_ring_note(uint32_t dom, pass_note_fn *note);
/* Are there some that were noted and not delivered? */
bool pass_ring_waits(uint32_t dom);
/* Give the client all that were noted: how many. */
uint32_t pass_ring_deliver(uint32_t dom);
/* Give Xen the client's responses. */
void pass_ring_respond(uint32_t dom);

/* ---- pass_port.c: event channels, as the model has them ---- */
void pass_port_bound(uint32_t dom, uint32_t port);
void pass_port_unbound(uint32_t dom, uint32_t port);
void pass_port_raise(uint32_t dom, uint32_t port);
/* Is it to be read?  Then it was. */
bool pass_port_pending(uint32_t dom, uint32_t port);
void pass_port_unmask(uint32_t dom, uint32_t port);

/* ---- pass_ask.c: what the client has not asked ---- */
/* -Exxx of what could not be opened. */
int pass_ask_open(void);
/* domain.info, vcpu.get_registers, vcpu.get_mtrr; -EOPNOTSUPP. */
int pass_ask(enum hv_op op, void *args);
/* A mapping of our own of DOM's GFN: 0 or -Exxx. */
int pass_ask_map(uint32_t dom, uint64_t gfn, void **p);

#endif
