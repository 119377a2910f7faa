/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shipped traces and the scenarios in memory, and their replay with one
 * record changed: for test-mutate*.c. */
#ifndef XENREEL_TESTS_SAMPLES_H
#define XENREEL_TESTS_SAMPLES_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/replay.h"
#include "sim/sim.h"
#include "traces/text.h"
#include "traces/trace.h"

struct sample {
    struct hv_sink sink;        /* first: what is read is put here */
    char name[64];
    struct hv_record *rec;      /* owns the spans */
    size_t nr;
};

#define MAX_SAMPLES     128

struct samples {
    struct sample s[MAX_SAMPLES];
    size_t nr;
};

/* One change: record AT (from 0) becomes REC, is left out, or comes twice. */
struct edit {
    enum { EDIT_NONE, EDIT_REPLACE, EDIT_DROP, EDIT_TWICE } what;
    size_t at;
    struct hv_record rec;
};

static inline int sample_put(struct hv_sink *sink,
                             const struct hv_record *rec)
{
    struct sample *s = (struct sample *)sink;

    if (!(s->nr & (s->nr + 1))) {       /* 2^n - 1: grow */
        struct hv_record *more = reallocarray(s->rec, 2 * (s->nr + 1),
                                              sizeof(*more));

        if (!more)
            return -1;
        s->rec = more;
    }
    return hv_record_copy(&s->rec[s->nr++], rec);
}

static inline bool sample_trace(struct sample *s, const char *path)
{
    struct trace_reader *r;
    struct trace_error err;
    struct hv_record rec;
    int rc;

    if (trace_open(path, &r, &err))
        return false;
    while ((rc = trace_next(r, &rec)) == 1 && !sample_put(&s->sink, &rec))
        continue;
    trace_close(r);
    return !rc;
}

/* A scenario that creates no domain has the one of "xenreel run".  One with a
 * domain in xl.cfg's syntax is for the command line only: it stays empty. */
static inline bool sample_scenario(struct sample *s, const char *path)
{
    size_t stem = strlen(path) - strlen(".scn");
    struct hv_record create = { .op = OP_DOMAIN_CREATE };
    FILE *in = fopen(path, "r");
    struct trace_error err;
    char line[256] = "", cfg[600];
    bool ok;

    snprintf(cfg, sizeof(cfg), "%.*s.cfg", (int)stem, path);
    if (in && !access(cfg, F_OK))
        return !fclose(in);
    while (in && fgets(line, sizeof(line), in) && *line == ';')
        continue;
    sim_default_domain(&create.args.DOMAIN_CREATE, 1, 16, 1);
    if (!in || (strncmp(line, "domain.create", 13) &&
                sample_put(&s->sink, &create)))
        return false;
    rewind(in);
    ok = !text_read(in, path, &s->sink, &err);
    fclose(in);
    return ok;
}

/* False when there are none, or one cannot be read. */
static inline bool samples_add(struct samples *all, const char *pattern,
                               bool (*read)(struct sample *, const char *))
{
    const char *top = getenv("top_srcdir");
    char path[512];
    size_t before = all->nr;
    glob_t found;

    snprintf(path, sizeof(path), "%s/%s", top ? top : ".", pattern);
    if (glob(path, 0, NULL, &found))
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct sample *s = &all->s[all->nr];

        if (all->nr == MAX_SAMPLES) {
            fprintf(stderr, "more than %d\n", MAX_SAMPLES);
            before = all->nr;
            break;
        }
        all->nr++;
        s->sink.put = sample_put;
        snprintf(s->name, sizeof(s->name), "%.60s",
                 strrchr(found.gl_pathv[i], '/') + 1);
        if (!read(s, found.gl_pathv[i])) {
            fprintf(stderr, "%s: cannot be read\n", found.gl_pathv[i]);
            before = all->nr;
            break;
        }
    }
    globfree(&found);
    return all->nr > before;
}

static struct samples all;

/* Group set-up: scenarios, then traces, each in the order of their names. */
static inline int samples_load(void **state)
{
    (void)state;
    return samples_add(&all, "tests/*.scn", sample_scenario) &&
           samples_add(&all, "traces/samples/*.xrt", sample_trace) ? 0 : -1;
}

static inline int samples_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.nr; i++) {
        for (size_t k = 0; k < all.s[i].nr; k++)
            hv_record_free(&all.s[i].rec[k]);
        free(all.s[i].rec);
    }
    return 0;
}

struct edited {
    struct hv_source source;
    const struct sample *sample;
    const struct edit *edit;
    size_t next;
    uint64_t seq;
    bool again;
};

static inline int edited_next(struct hv_source *source, struct hv_record *rec)
{
    struct edited *e = (struct edited *)source;
    bool here = e->edit->what && e->next == e->edit->at;

    if (here && e->edit->what == EDIT_DROP) {
        e->next++;
        here = false;
    }
    if (e->next == e->sample->nr)
        return 0;
    *rec = e->sample->rec[e->next];
    if (here && e->edit->what == EDIT_REPLACE)
        *rec = e->edit->rec;
    if (here && e->edit->what == EDIT_TWICE && !e->again)
        e->again = true;
    else
        e->next++;
    rec->seq = ++e->seq;
    return 1;
}

/* Replay S, changed as EDIT says, on a new model; what replay_run returns.
 * seq counts the records of the changed trace from 1. */
static inline int sample_replay(const struct sample *s,
                                const struct edit *edit,
                                struct replay_report *report)
{
    struct edited source = {
        .source = { edited_next }, .sample = s, .edit = edit,
    };
    struct hv *hv = sim_open(NULL);
    int rc = hv ? replay_run(hv, &source.source, report) : -1;

    hv_close(hv);
    return rc;
}

#endif
