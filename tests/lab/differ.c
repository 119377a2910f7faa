/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random scenarios on the model and on the Xen of this machine.
 *
 *   differ make SEED BLOCKS STEPS            a scenario, as text
 *   differ run KERNEL OUTDIR SEED BLOCKS STEPS [SECONDS]
 *
 * "run" makes block after block, SEED and up, and does each on both; what
 * differs is made as short as it gets and left in OUTDIR.  KERNEL is the
 * puppet's.  Exit status 1: something differed. */
#include "tests/lab/differ.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/names.h"
#include "harness/recorder.h"
#include "harness/replay.h"
#include "real/puppet_xen.h"
#include "real/xen.h"
#include "sim/sim.h"
#include "traces/text.h"

#define SETTLE_MS       4
#define TIMEOUT_MS      150
#define PER_DOMAIN      40u     /* blocks */
#define ATTEMPTS        70u     /* to shorten a scenario */
#define KINDS           64u     /* of differences */
#define KIND            80u

struct differ {
    struct hv *xen;
    const char *out;
    struct make make;
    bool fresh;                 /* .make's domain is not on .xen yet */
    uint32_t blocks;            /* that the domain has seen */
    uint64_t records, events, differences;
    struct {
        char name[KIND];
        uint32_t times;
    } kinds[KINDS];
    uint32_t nr_kinds;
};

static void die(const char *what, int rc)
{
    fprintf(stderr, "differ: %s: %s\n", what, strerror(-rc));
    exit(99);
}

/* ---- one scenario on the real one ---- */

static void name_kind(const struct replay_report *r, char name[KIND])
{
    const struct hv_opdesc *op = &hv_ops_table[r->expected.op];
    bool event = r->expected.op == OP_EVENT;

    snprintf(name, KIND, "%s%s%s %s %d/%d", op->name, event ? " " : "",
             event ? hv_name_of(names_reason,
                                   r->expected.args.EVENT.ev.reason) : "",
             r->field ? r->field->name : r->cause == REPLAY_RESULT ?
             "result" : r->cause == REPLAY_NO_EVENT ? "missing" : "?",
             (int)r->expected.result, (int)r->actual.result);
}

static void replay(struct differ *d, const struct list *list,
                   struct replay_report *report)
{
    struct list_source source;
    int rc;

    list_source(&source, list);
    rc = replay_run(d->xen, &source.source, report);
    if (rc)
        die("replay", rc);
}

/* ---- shortening ---- */

/* A response without the event it is to would be another scenario. */
struct again {
    struct list *to;
    struct hv *hv;
    struct ring_client ring;
    bool waiting[VCPUS];
};

static void redo_events(struct again *a)
{
    void *page = hv_ring(a->hv, DOM);
    struct args_event e;

    while (page && ring_has_request(&a->ring, page)) {
        ring_take(&a->ring, page, &e);
        a->waiting[e.ev.vcpu_id % VCPUS] = true;
    }
}

static void redo(struct again *a, const struct hv_record *rec)
{
    union hv_args args = rec->args;
    uint32_t n = rec->args.RESPOND.ev.vcpu_id % VCPUS;
    size_t at = a->to->nr;
    unsigned char bytes[4096];
    int rc;

    switch (hv_ops_table[rec->op].kind) {
    case KIND_RESPONSE:
        if (a->waiting[n] && hv_ring(a->hv, DOM))
            ring_put(&a->ring, hv_ring(a->hv, DOM), &rec->args.RESPOND.ev);
        a->waiting[n] = false;
        return;
    case KIND_CALL:
    case KIND_GUEST:
        break;
    default:
        return;
    }
    if (rec->op == OP_MEMORY_READ)
        args.MEMORY_READ.data.p = bytes;
    rc = hv_call(a->hv, rec->op, &args);
    if (rc >= 0 && ring_enables(rec->op, &args))
        ring_init(&a->ring, hv_ring(a->hv, DOM));
    if (rec->op == OP_GUEST_RESULT && a->to->nr > at)
        a->to->rec[a->to->nr - 1].flags |= rec->flags & RECORD_KNOWN;
    redo_events(a);
}

/* FROM's commands, without those that SKIP marks, with the answers that the
 * model gives to them. */
static void perform(const struct list *from, const bool *skip,
                    struct list *to)
{
    struct sim_config config = { .slice = ~0u };
    struct hv *sim = sim_open(&config);
    struct again a = { .to = to };

    list_init(to);
    a.hv = sim ? recorder_open(sim, &to->sink) : NULL;
    if (!a.hv)
        die("the model", -12);
    for (size_t i = 0; i < from->nr; i++) {
        if (!skip[i])
            redo(&a, &from->rec[i]);
    }
    hv_close(a.hv);
}

static void destroy(struct differ *d)
{
    struct args_dom dom = { .dom = DOM };

    hv_call(d->xen, OP_DOMAIN_DESTROY, &dom);
}

/* Does LIST without what SKIP marks still differ as NAME says? */
static bool differs(struct differ *d, const struct list *list,
                    const bool *skip, const char *name)
{
    struct replay_report report;
    char other[KIND] = "";
    struct list to;

    perform(list, skip, &to);
    destroy(d);
    replay(d, &to, &report);
    if (report.cause != REPLAY_SAME)
        name_kind(&report, other);
    replay_report_free(&report);
    list_clear(&to);
    return !strcmp(name, other);
}

static bool try_without(struct differ *d, const struct list *list, bool *skip,
                        size_t from, size_t to, const char *name)
{
    bool *trial = malloc(list->nr);
    bool any = false, same = false;

    if (!trial)
        die("memory", -12);
    memcpy(trial, skip, list->nr);
    for (size_t i = from; i < to && i < list->nr; i++) {
        any |= !trial[i] && hv_ops_table[list->rec[i].op].kind != KIND_EVENT;
        trial[i] = true;
    }
    if (any && differs(d, list, trial, name)) {
        memcpy(skip, trial, list->nr);
        same = true;
    }
    free(trial);
    return any && !same;        /* an attempt that failed */
}

/* Leave out what can be, in halves, quarters, ... of what there is; the first
 * record makes the domain. */
static void shorten(struct differ *d, const struct list *list, bool *skip,
                    const char *name)
{
    uint32_t attempts = 0;

    for (size_t size = list->nr / 2; size; size /= 2) {
        size_t at = list->nr;

        while (at > 2 && attempts < ATTEMPTS) {
            size_t from = at > size + 2 ? at - size : 2;

            attempts += try_without(d, list, skip, from, at, name);
            at = from;
        }
    }
}

/* ---- differences ---- */

static bool is_new(struct differ *d, const char *name)
{
    for (uint32_t i = 0; i < d->nr_kinds; i++) {
        if (!strcmp(d->kinds[i].name, name))
            return ++d->kinds[i].times <= 1;
    }
    if (d->nr_kinds == KINDS)
        return false;
    snprintf(d->kinds[d->nr_kinds].name, KIND, "%s", name);
    d->kinds[d->nr_kinds++].times = 1;
    return true;
}

static void print_list(FILE *out, const struct list *list)
{
    for (size_t i = 0; i < list->nr; i++) {
        list->rec[i].seq = 0;
        text_print(out, &list->rec[i]);
    }
}

/* What is left of LIST, with what Xen says instead of its last record. */
static void write_scenario(struct differ *d, const struct list *list,
                           uint64_t seed)
{
    struct replay_report report;
    char path[256];
    FILE *out;

    snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".scn", d->out, seed);
    out = fopen(path, "w");
    if (!out)
        return;
    destroy(d);
    replay(d, list, &report);
    fprintf(out, "; record %" PRIu64 ": on Xen\n; ", report.records);
    hv_record_normalise(&report.actual);
    text_print(out, &report.actual);
    print_list(out, list);
    fclose(out);
    replay_report_free(&report);
}

static void explain(struct differ *d, const struct list *list, uint64_t seed,
                    const struct replay_report *report, const char *name)
{
    bool *skip = calloc(list->nr, sizeof(*skip));
    struct list rest;

    if (!skip)
        die("memory", -12);
    for (size_t i = report->records; i < list->nr; i++)
        skip[i] = true;
    if (differs(d, list, skip, name))
        shorten(d, list, skip, name);
    else
        printf("  not again in a new domain\n");
    perform(list, skip, &rest);
    write_scenario(d, &rest, seed);
    list_clear(&rest);
    free(skip);
}

static void found(struct differ *d, const struct list *list, uint64_t seed,
                  const struct replay_report *report)
{
    struct hv_record a = report->expected, b = report->actual;
    char name[KIND];

    name_kind(report, name);
    d->differences++;
    printf("seed %" PRIu64 ", record %" PRIu64 ": %s\n", seed,
           report->records, name);
    hv_record_normalise(&a);
    hv_record_normalise(&b);
    text_print(stdout, &a);
    text_print(stdout, &b);
    if (is_new(d, name))
        explain(d, list, seed, report, name);
    fflush(stdout);
}

/* ---- blocks ---- */

static void new_domain(struct differ *d)
{
    if (d->make.hv)
        make_close(&d->make);
    make_open(&d->make);
    destroy(d);
    d->blocks = 0;
}

/* The block alone in a domain of its own: so it can be shortened. */
static void make_alone(struct list *list, uint64_t seed, uint32_t steps)
{
    struct make m;

    make_open(&m);
    make_block(&m, seed, steps);
    *list = m.list;
    list_init(&m.list);
    make_close(&m);
}

static void one_block(struct differ *d, uint64_t seed, uint32_t steps)
{
    struct replay_report report;
    struct list alone;

    if (!d->make.hv || d->blocks == PER_DOMAIN)
        new_domain(d);
    make_block(&d->make, seed, steps);
    replay(d, &d->make.list, &report);
    d->records += report.records;
    d->events += report.events;
    d->blocks++;
    list_clear(&d->make.list);
    if (report.cause != REPLAY_SAME) {
        make_alone(&alone, seed, steps);
        if (d->blocks > 1)      /* what came before it may matter */
            report.records = alone.nr;
        found(d, &alone, seed, &report);
        list_clear(&alone);
        make_close(&d->make);
        d->make.hv = NULL;
    }
    replay_report_free(&report);
}

static struct hv *open_xen(const char *kernel)
{
    struct xen_config config = {
        .kernel = kernel, .driver = xen_front_driver(),
        .timeout_ms = TIMEOUT_MS, .settle_ms = SETTLE_MS,
    };
    struct hv *xen;
    int error;

    if (!config.driver) {
        config.driver = &puppet_driver;
        config.driver_ctx = puppet_driver_new();
    }
    xen = xen_open(&config, &error);
    if (!xen)
        die("Xen", error);
    return xen;
}

static int run(char **arg, uint64_t seconds)
{
    struct differ d = { .xen = open_xen(arg[0]), .out = arg[1] };
    uint64_t seed = strtoull(arg[2], NULL, 0), first = seed;
    uint64_t blocks = strtoull(arg[3], NULL, 0);
    uint32_t steps = strtoul(arg[4], NULL, 0);
    time_t end = time(NULL) + (time_t)seconds;

    while (seed < first + blocks && (!seconds || time(NULL) < end)) {
        one_block(&d, seed++, steps);
        if ((seed - first) % 10 == 0) {
            printf("%" PRIu64 " blocks, %" PRIu64 " steps, %" PRIu64
                   " records, %" PRIu64 " events, %" PRIu64
                   " differences\n", seed - first, (seed - first) * steps,
                   d.records, d.events, d.differences);
            fflush(stdout);
        }
    }
    for (uint32_t i = 0; i < d.nr_kinds; i++)
        printf("%6u %s\n", d.kinds[i].times, d.kinds[i].name);
    printf("in all: %" PRIu64 " blocks, %" PRIu64 " records, %" PRIu64
           " events, %" PRIu64 " differences\n", seed - first, d.records,
           d.events, d.differences);
    if (d.make.hv)
        make_close(&d.make);
    hv_close(d.xen);
    return d.differences != 0;
}

static int make(char **arg)
{
    uint64_t seed = strtoull(arg[0], NULL, 0);
    uint64_t blocks = strtoull(arg[1], NULL, 0);
    struct make m;

    make_open(&m);
    while (blocks--)
        make_block(&m, seed++, strtoul(arg[2], NULL, 0));
    print_list(stdout, &m.list);
    make_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "make"))
        return make(argv + 2);
    if ((argc == 7 || argc == 8) && !strcmp(argv[1], "run"))
        return run(argv + 2, argc == 8 ? strtoull(argv[7], NULL, 0) : 0);
    fprintf(stderr, "usage: differ make SEED BLOCKS STEPS\n"
            "       differ run KERNEL OUTDIR SEED BLOCKS STEPS [SECONDS]\n");
    return 2;
}
