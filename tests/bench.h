/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Benchmarks: how long something takes as a ratio to a floor that is measured
 * in the same run, in turn with it, so that a loaded machine slows both.
 * docs/PERFORMANCE.md has the aims; nothing here is passed or failed. */
#ifndef XENREEL_TESTS_BENCH_H
#define XENREEL_TESTS_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_ROUNDS    15

/* Does its work for ARG and returns the seconds that count. */
typedef double bench_run(void *arg);

struct bench {
    const char *name;
    const char *aim;            /* or "" */
    bench_run *subject, *floor;
    void *arg;
    double count;               /* operations in one run */
    unsigned int rounds;        /* 0: BENCH_ROUNDS */
    bool rate;                  /* ratio of the rates, not of the times */
};

static inline double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What is computed from here on is not what was computed before. */
static inline void bench_barrier(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

static inline int bench_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline void bench_time(double seconds)
{
    double ns = seconds * 1e9;

    if (ns < 1e4)
        printf("%9.2f ns", ns);
    else if (ns < 1e7)
        printf("%9.2f us", ns / 1e3);
    else
        printf("%9.2f ms", ns / 1e6);
}

/* A ratio that was not measured in rounds. */
static inline void bench_ratio(const char *name, double ratio,
                               const char *aim)
{
    printf("%-38s %24s %8.3g %15s  %s\n", name, "", ratio, "", aim);
    fflush(stdout);
}

static inline void bench_title(void)
{
    printf("%-38s %12s %11s %8s %15s  %s\n", "", "takes", "floor", "ratio",
           "least to most", "aim");
}

/* Run B and print the median of its rounds; the first, which warms up, does
 * not count. */
static inline void bench_measure(const struct bench *b)
{
    unsigned int n = b->rounds ? b->rounds : BENCH_ROUNDS;
    double subject[BENCH_ROUNDS], floor[BENCH_ROUNDS], ratio[BENCH_ROUNDS];

    b->floor(b->arg);
    b->subject(b->arg);
    for (unsigned int i = 0; i < n; i++) {
        floor[i] = b->floor(b->arg) / b->count;
        subject[i] = b->subject(b->arg) / b->count;
        ratio[i] = b->rate ? floor[i] / subject[i] : subject[i] / floor[i];
    }
    qsort(floor, n, sizeof(*floor), bench_order);
    qsort(subject, n, sizeof(*subject), bench_order);
    qsort(ratio, n, sizeof(*ratio), bench_order);
    printf("%-38s", b->name);
    bench_time(subject[n / 2]);
    bench_time(floor[n / 2]);
    printf(" %8.3g %6.3g - %-6.3g  %s\n", ratio[n / 2], ratio[0],
           ratio[n - 1], b->aim);
    fflush(stdout);
}

static inline void bench_check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

#endif
