/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random scenarios on the model and on the Xen of this machine.
 *
 *   differ make intel|amd SEED BLOCKS STEPS  a scenario, as text
 *   differ run intel|amd KERNEL SEED BLOCKS STEPS [OUTDIR]
 *
 * "run" makes block after block, SEED and up, does each on both, and prints
 * a line for it: "block SEED RECORDS EVENTS DIFFERENCES".  With OUTDIR the
 * first of each kind of difference is made as short as it gets, and left
 * there.  KERNEL is the puppet's.  Exit status 1: something differed. */
#include "tests/lab/differ.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/names.h"
#include "harness/replay.h"
#include "real/puppet_xen.h"
#include "real/xen.h"
#include "traces/text.h"

#define SETTLE_MS       100     /* a puppet says when it is idle */
#define TIMEOUT_MS      400
#define PER_DOMAIN      60u     /* blocks and attempts; pages get lost */
#define FIRST           2u      /* records that make the domain, */
#define FIXED           5u      /* and those of each block's ring */
#define ATTEMPTS        40u     /* to shorten a scenario */
#define KINDS           64u     /* of differences */
#define KIND            80u

struct differ {
    struct hv *xen;
    bool amd;
    const char *out;            /* NULL: nothing is shortened */
    uint32_t steps;
    char kind[KIND];            /* of the last difference */
    bool verbose;               /* not while a scenario is shortened */
    uint32_t blocks;            /* that .xen's domain has seen; 0: none yet */
    uint64_t differences;
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

/* Differences of one name are taken for the same one. */
static void name_kind(const struct replay_report *r, uint32_t last,
                      char name[KIND])
{
    const struct hv_record *e = &r->expected, *a = &r->actual;
    bool event = e->op == OP_EVENT, wait = e->op == OP_CLIENT_WAIT;

    snprintf(name, KIND, "%s%s%s %s %d/%d", hv_ops_table[e->op].name,
             event || wait ? " " : "",
             event ? hv_name_of(names_reason, e->args.EVENT.ev.reason) :
             wait ? hv_name_of(names_reason, last) : "",
             r->field ? r->field->name : r->cause == REPLAY_RESULT ?
             "result" : r->cause == REPLAY_NO_EVENT ? "missing" : "?",
             wait ? (int)e->args.CLIENT_WAIT.value : (int)e->result,
             wait ? (int)a->args.CLIENT_WAIT.value : (int)a->result);
}

static void destroy(struct differ *d)
{
    struct args_dom dom = { .dom = DOM };

    hv_call(d->xen, OP_MONITOR_DISABLE, &dom);
    hv_call(d->xen, OP_DOMAIN_DESTROY, &dom);
    d->blocks = 0;
}

/* The reason of what came last, be it expected; 0 for nothing. */
static uint32_t last_event(struct hv *hv, bool verbose)
{
    struct vm_event_sring *page = hv_ring(hv, DOM);
    struct hv_record rec = { .op = OP_EVENT };
    struct ring_client ring = { 0 };

    if (!page || !page->req_prod)
        return 0;
    ring.req_cons = page->req_prod - 1;
    ring_peek(&ring, page, &rec.args.EVENT);
    if (verbose) {
        printf("; last event: ");
        text_print(stdout, &rec);
    }
    return rec.args.EVENT.ev.reason;
}

/* LIST's first records make the domain; one that is there already will do,
 * unless there was a difference. */
static void replay(struct differ *d, const struct list *list,
                   struct replay_report *report)
{
    struct list_source source;
    int rc;

    if (d->blocks == PER_DOMAIN)
        destroy(d);
    list_source(&source, list);
    source.next = d->blocks++ ? FIRST : 0;
    rc = replay_run(d->xen, &source.source, report);
    if (rc)
        die("replay", rc);
    if (report->cause == REPLAY_SAME)
        return;
    name_kind(report, last_event(d->xen, d->verbose), d->kind);
    destroy(d);
}

/* ---- shortening ---- */

/* Does LIST without what SKIP marks still differ as NAME says? */
static bool differs(struct differ *d, const struct list *list,
                    const bool *skip, const char *name)
{
    struct replay_report report;
    struct list to;
    bool same;

    make_again(list, skip, &to);
    replay(d, &to, &report);
    same = report.cause != REPLAY_SAME && !strcmp(name, d->kind);
    replay_report_free(&report);
    list_clear(&to);
    return same;
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

        while (at > FIXED && attempts < ATTEMPTS) {
            size_t from = at > size + FIXED ? at - size : FIXED;

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

static void print_list(FILE *out, const struct list *list, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        list->rec[i].seq = 0;
        text_print(out, &list->rec[i]);
    }
}

static void print_difference(FILE *out, const struct list *list,
                             struct replay_report *report)
{
    fprintf(out, "; record %" PRIu64 ": on Xen\n; ", report->expected.seq);
    hv_record_normalise(&report->actual);
    text_print(out, &report->actual);
    print_list(out, list,
               report->expected.seq ? report->expected.seq : list->nr);
}

/* What is left of LIST, with what Xen says instead of its last record. */
static void write_scenario(struct differ *d, const struct list *list,
                           uint64_t seed)
{
    struct replay_report report;
    char path[256];
    FILE *out;

    replay(d, list, &report);
    print_difference(stdout, list, &report);
    snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".scn", d->out, seed);
    out = fopen(path, "w");
    if (out) {
        print_difference(out, list, &report);
        fclose(out);
    }
    replay_report_free(&report);
}

static void explain(struct differ *d, const struct list *list, uint64_t seed,
                    const struct replay_report *report, const char *name)
{
    bool *skip = calloc(list->nr, sizeof(*skip));
    struct list rest;

    if (!skip)
        die("memory", -12);
    for (size_t i = report->expected.seq; i < list->nr; i++)
        skip[i] = true;
    d->verbose = false;
    if (differs(d, list, skip, name))
        shorten(d, list, skip, name);
    else
        printf("; not again\n");
    d->verbose = true;
    make_again(list, skip, &rest);
    write_scenario(d, &rest, seed);
    list_clear(&rest);
    free(skip);
}

static void found(struct differ *d, const struct list *list, uint64_t seed,
                  const struct replay_report *report)
{
    struct hv_record a = report->expected, b = report->actual;
    char name[KIND];

    memcpy(name, d->kind, KIND);
    d->differences++;
    printf("seed %" PRIu64 ", record %" PRIu64 ": %s\n", seed,
           report->records, name);
    hv_record_normalise(&a);
    hv_record_normalise(&b);
    text_print(stdout, &a);
    text_print(stdout, &b);
    if (is_new(d, name) && d->out)
        explain(d, list, seed, report, name);
}

/* ---- blocks ---- */

static void one_block(struct differ *d, uint64_t seed)
{
    struct replay_report report;
    struct make m;

    make_open(&m, d->amd);
    make_block(&m, seed, d->steps);
    replay(d, &m.list, &report);
    /* First: time may be over before a difference is looked into. */
    printf("block %" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", seed,
           report.records, report.events, report.cause != REPLAY_SAME);
    if (report.cause != REPLAY_SAME)
        found(d, &m.list, seed, &report);
    replay_report_free(&report);
    make_close(&m);
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

static int run(char **arg, const char *out)
{
    struct differ d = {
        .xen = open_xen(arg[1]), .amd = !strcmp(arg[0], "amd"), .out = out,
        .steps = strtoul(arg[4], NULL, 0), .verbose = true,
    };
    uint64_t seed = strtoull(arg[2], NULL, 0);
    uint64_t blocks = strtoull(arg[3], NULL, 0);

    while (blocks--)
        one_block(&d, seed++);
    for (uint32_t i = 0; i < d.nr_kinds; i++)
        printf("%6u %s\n", d.kinds[i].times, d.kinds[i].name);
    hv_close(d.xen);
    return d.differences != 0;
}

static int make(char **arg)
{
    uint64_t seed = strtoull(arg[1], NULL, 0);
    uint64_t blocks = strtoull(arg[2], NULL, 0);
    struct make m;

    make_open(&m, !strcmp(arg[0], "amd"));
    while (blocks--)
        make_block(&m, seed++, strtoul(arg[3], NULL, 0));
    print_list(stdout, &m.list, m.list.nr);
    make_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 6 && !strcmp(argv[1], "make"))
        return make(argv + 2);
    if ((argc == 7 || argc == 8) && !strcmp(argv[1], "run"))
        return run(argv + 2, argv[7]);
    fprintf(stderr, "usage: differ make intel|amd SEED BLOCKS STEPS\n"
            "       differ run intel|amd KERNEL SEED BLOCKS STEPS [OUTDIR]\n");
    return 2;
}
