/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of test-property.c share: both models, chance, and what is
 * said when they differ. */
#ifndef XENREEL_TESTS_PROPERTY_H
#define XENREEL_TESTS_PROPERTY_H

#include "harness/hv.h"
#include "harness/record.h"
#include "harness/ring.h"
#include "tests/naive.h"

#define DOM             1u
#define KEPT            40u     /* records shown on a difference */
#define TODO            32u     /* events remembered, the oldest go */
#define STABLE          8u      /* gfns of the window that stay RAM */
#define NOWHERE         (~0ull)

struct test {
    struct hv *hv;
    struct naive n;
    struct ring_client ring;
    uint32_t port;
    uint64_t seed, random, step;
    bool storm;         /* events that pause nobody, and a slow monitor */
    struct vm_event_st todo[TODO];      /* to be answered */
    uint32_t nr_todo;
    struct vm_event_st answer[NAIVE_SLOTS];     /* put, not yet consumed */
    uint32_t nr_answers;
    struct hv_record kept[KEPT];
    uint64_t nr_kept;
};

/* ---- property.c ---- */
uint64_t draw(struct test *t);
uint32_t below(struct test *t, uint32_t n);
static inline bool once_in(struct test *t, uint32_t n)
{
    return !below(t, n);
}
uint64_t any_gfn(struct test *t);
uint32_t any_access(struct test *t);
uint32_t any_view(struct test *t);

/* Remember a record for the report. */
void keep(struct test *t, enum hv_op op, const void *args, int result);
void keep_event(struct test *t, enum hv_op op, const struct vm_event_st *ev);
/* Say what differs, after what, and how to get there again; ends the test. */
__attribute__((noreturn, format(printf, 2, 3)))
void differ(struct test *t, const char *format, ...);
/* hv_call, remembered. */
int call(struct test *t, enum hv_op op, void *args);
/* Both models have to say the same of WHAT. */
void same(struct test *t, const char *what, int64_t sim, int64_t naive);
void must(struct test *t, int rc);      /* succeed */

void create(struct test *t);
void recreate(struct test *t);
void enable_ring(struct test *t);
/* Nothing is asked for that a page's removal would put off. */
bool may_unmap(const struct test *t);

/* ---- property-run.c: the guests run ---- */
void do_program(struct test *t);
/* Let both run, and compare. */
void go(struct test *t);

/* ---- property-answer.c: the monitor answers ---- */
/* Answer all events, or some (LAZY). */
void answer_all(struct test *t, bool lazy);
void do_answer(struct test *t);
void do_ring(struct test *t);

#endif
