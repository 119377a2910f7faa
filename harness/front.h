/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client that knows of the front end (preload/) may ask it besides
 * Xen's devices: to do what no dom0 can.  The library that is preloaded
 * exports the two functions, found by dlsym(RTLD_DEFAULT, NAME), and nothing
 * else of ours. */
#ifndef XENREEL_FRONT_END_H
#define XENREEL_FRONT_END_H

#include <stdint.h>

struct vm_event_st;

/* Perform operation OP (enum hv_op), of a guest's or a device's,
 * domain.create, or client.wait with a limit, in the model: 0 or -Exxx.  From
 * the first call on the programs that the front end was given are over, and so
 * is what was to happen behind them; a domain that is created takes the place
 * of one with its number. */
#define FRONT_CALL     "xenreel_front_call"
typedef int front_call_fn(uint32_t op, void *args);

/* hv_observe of the model. */
#define FRONT_OBSERVE  "xenreel_front_observe"
typedef int front_observe_fn(uint32_t dom, const struct vm_event_st *ev);

#endif
