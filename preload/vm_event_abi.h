/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests and responses as clients of other releases have them.  The model's
 * ring is of version 7; where the client is of another, it has a page of its
 * own, and what passes is translated. */
#ifndef XENREEL_VM_EVENT_ABI_H
#define XENREEL_VM_EVENT_ABI_H

#include <stdint.h>

#include "harness/hv.h"
#include "sim/sim.h"

#define VM_EVENT_ABI_FIRST  1
#define VM_EVENT_ABI_LAST   7

/* ---- vm_event_abi.c ---- */
/* Bytes from one slot of the ring to the next. */
uint32_t vm_event_size(unsigned int version);
/* EV as VERSION has it, into SLOT (vm_event_size() bytes), and back: a
 * response that states another version comes back with one that Xen does not
 * take. */
void vm_event_encode(unsigned int version, const struct vm_event_st *ev,
                     void *slot);
void vm_event_decode(unsigned int version, const void *slot,
                     struct vm_event_st *ev);

/* ---- vm_event_ring.c ---- */
/* TARGET for a client of VERSION, whose ring pages are from PAGES; TARGET
 * itself for the model's version, NULL when out of memory. */
struct hv *vm_event_abi_open(struct hv *target, unsigned int version,
                             const struct sim_pages *pages);

#endif
