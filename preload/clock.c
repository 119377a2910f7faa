/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/clock.h"

#include <stdlib.h>

#include "preload/front.h"
#include "preload/libc.h"
#include "preload/setup.h"

#define NS      1000000000ull
#define BEGIN   (1670803200 * NS)       /* 2022-12-12, when Xen 4.17 came */
#define TICK    1000ull                 /* a reading's, in ns */
#define MAX_S   9000000000ll            /* two of them fit */

static uint64_t now = BEGIN;

bool clock_virtual(void)
{
    static int answer = -1;

    if (answer < 0)
        answer = (getenv(SETUP_FILE) || getenv(SETUP_SERVE)) &&
                 !getenv(SETUP_REAL_TIME);
    return answer && !front.pass;
}

uint64_t clock_now(void)
{
    return __atomic_load_n(&now, __ATOMIC_RELAXED);
}

uint64_t clock_tick(void)
{
    return __atomic_add_fetch(&now, TICK, __ATOMIC_RELAXED);
}

void clock_reach(uint64_t then)
{
    uint64_t was = clock_now();

    while (was < then &&
           !__atomic_compare_exchange_n(&now, &was, then, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

static uint64_t real_now(void)
{
    struct timespec t;

    REAL(clock_gettime)(CLOCK_MONOTONIC, &t);
    return clock_ns(&t);
}

void clock_wait_begin(struct clock_wait *w)
{
    w->from = clock_now();
    w->real = real_now();
}

void clock_wait_end(const struct clock_wait *w, uint64_t ns)
{
    uint64_t passed = real_now() - w->real;

    clock_reach(w->from + (passed < ns ? passed : ns));
}

uint64_t clock_ns(const struct timespec *t)
{
    if (t->tv_sec < 0)
        return 0;
    if (t->tv_sec >= MAX_S)
        return MAX_S * NS;
    return (uint64_t)t->tv_sec * NS + (uint64_t)t->tv_nsec;
}

struct timespec clock_spec(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / NS),
                              .tv_nsec = (long)(ns % NS) };
}
