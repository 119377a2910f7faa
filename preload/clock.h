/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's time of day.  It begins at a fixed moment, and only waits and
 * readings move it on, so that what a client measures is the same in each
 * run.  All clocks are this one but those of processor time: a deadline need
 * not say which it is of.  Callable from anywhere, without the lock. */
#ifndef XENREEL_CLOCK_H
#define XENREEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* False where this process is to have the machine's clocks. */
bool clock_virtual(void);
/* In ns since the Epoch. */
uint64_t clock_now(void);
/* The same for a client that reads it, which takes a microsecond: who waits
 * for a moment without a wait gets there. */
uint64_t clock_tick(void);
/* It is THEN, or later. */
void clock_reach(uint64_t then);

/* A wait of the machine's, which something else than its timeout may end:
 * what has passed then, has passed, but no more than NS. */
struct clock_wait {
    uint64_t from, real;
};
void clock_wait_begin(struct clock_wait *w);
void clock_wait_end(const struct clock_wait *w, uint64_t ns);

/* Nanoseconds, where those of 285 years are for ever, and back. */
uint64_t clock_ns(const struct timespec *t);
struct timespec clock_spec(uint64_t ns);

#endif
