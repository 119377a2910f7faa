/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace store, the recorder and replay. */
#include <glob.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/recorder.h"
#include "harness/replay.h"
#include "tests/bench-client.h"
#include "tests/bench.h"
#include "traces/columns.h"
#include "traces/schema.h"
#include "traces/trace.h"

#define RECORDS         100000u         /* of a run that is timed */
#define MANY            1000000u
#define EVENT_BYTES     sizeof(struct vm_event_st)
#define BURST           800u            /* round trips; the queue has room */
#define DRAIN_US        300000          /* the writer's longest sleep, twice */
#define TRIPS           50000u          /* recorded, replayed */
#define ROWS            32              /* of one statement: traces/store.h */

static char dir[] = "/tmp/xenreel-bench-XXXXXX";
static char path[64];

static const struct trace_meta meta = {
    "sim", "4.17", "benchmark", VM_EVENT_INTERFACE_VERSION, 0
};

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- what is recorded: the events of the samples, again and again ---- */

struct events {
    struct hv_record *rec;
    unsigned int count;
    bool random;                /* random registers: nothing to compress */
};

static void read_events(struct events *e, const char *name)
{
    struct trace_reader *r;
    struct hv_record rec;

    bench_check(!trace_open(name, &r, NULL), name);
    while (trace_next(r, &rec) == 1) {
        if (rec.op != OP_EVENT)
            continue;
        e->rec = realloc(e->rec, (e->count + 1) * sizeof(*e->rec));
        bench_check(e->rec, "realloc");
        e->rec[e->count++] = rec;
    }
    trace_close(r);
}

static void read_samples(struct events *e)
{
    const char *top = getenv("top_srcdir");
    char pattern[4096];
    glob_t g;

    snprintf(pattern, sizeof(pattern), "%s/traces/samples/*.xrt",
             top ? top : "..");
    bench_check(!glob(pattern, 0, NULL, &g), "finding the samples");
    for (size_t i = 0; i < g.gl_pathc; i++)
        read_events(e, g.gl_pathv[i]);
    globfree(&g);
    /* A chunk never sees the same event again. */
    bench_check(e->count > 8 * CHUNK_RECORDS, "finding events");
}

static void put_events(struct hv_sink *sink, const struct events *e,
                       unsigned int n)
{
    uint64_t state = 99;

    for (unsigned int i = 0; i < n; i++) {
        struct hv_record *rec = &e->rec[i % e->count];
        uint64_t *regs = (void *)&rec->args.EVENT.ev.data;

        for (unsigned int k = 0; e->random && k < 43; k++)
            regs[k] = draw(&state);
        bench_check(!sink->put(sink, rec), "recording");
    }
}

static struct trace_writer *start_trace(void)
{
    struct trace_writer *w;

    bench_check(!trace_create(path, &meta, true, &w, NULL), "a new trace");
    return w;
}

static void write_trace(const struct events *e, unsigned int n)
{
    struct trace_writer *w = start_trace();

    put_events(trace_sink(w), e, n);
    bench_check(!trace_seal(w, NULL), "sealing");
}

static double record(void *arg)
{
    double start = bench_now();

    write_trace(arg, RECORDS);
    return bench_now() - start;
}

/* ---- the floor: the same rows in the same table, and nothing else ---- */

static sqlite3 *bare_open(void)
{
    sqlite3 *db;

    unlink(path);
    bench_check(!sqlite3_open(path, &db), "opening a database");
    bench_check(!sqlite3_exec(db, "PRAGMA page_size = " TRACE_PAGE_SIZE ";"
                              "PRAGMA journal_mode = TRUNCATE;"
                              "PRAGMA synchronous = OFF;"
                              "PRAGMA cache_size = -16000;" TRACE_SCHEMA
                              "BEGIN", NULL, NULL, NULL), "a new database");
    return db;
}

static sqlite3_stmt *bare_prepare(sqlite3 *db, unsigned int rows)
{
    char sql[64 + 32 * ROWS] = "INSERT INTO record VALUES ";
    sqlite3_stmt *stmt;

    for (unsigned int i = 0; i < rows; i++)
        strcat(sql, &",(NULL,?,?,?,?,?,?,?,?,?,?,?,?)"[!i]);
    bench_check(!sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), sql);
    return stmt;
}

static void bare_bind(sqlite3_stmt *stmt, int at,
                      const struct trace_columns *cols)
{
    sqlite3_bind_int(stmt, ++at, OP_EVENT);
    for (int c = 0; c < COL_COUNT; c++) {
        if (cols->present & 1u << c)
            sqlite3_bind_int64(stmt, ++at, (int64_t)cols->value[c]);
        else
            sqlite3_bind_null(stmt, ++at);
    }
}

static double bare_insert(const struct events *e, unsigned int rows)
{
    struct trace_columns *cols = malloc(e->count * sizeof(*cols));
    sqlite3_stmt *stmt;
    sqlite3 *db;
    double start;

    bench_check(cols, "malloc");
    for (unsigned int i = 0; i < e->count; i++)
        trace_columns(&e->rec[i], &cols[i]);
    start = bench_now();
    db = bare_open();
    stmt = bare_prepare(db, rows);
    for (unsigned int i = 0; i < RECORDS; i += rows) {
        for (unsigned int k = 0; k < rows; k++)
            bare_bind(stmt, (int)k * 12, &cols[(i + k) % e->count]);
        sqlite3_step(stmt);
        bench_check(!sqlite3_reset(stmt), "inserting");
    }
    sqlite3_finalize(stmt);
    bench_check(!sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "committing");
    sqlite3_close(db);
    start = bench_now() - start;
    free(cols);
    return start;
}

static double bare_one(void *arg)
{
    return bare_insert(arg, 1);
}

static double bare_many(void *arg)
{
    return bare_insert(arg, ROWS);
}

static void bench_recording(struct events *e)
{
    struct bench b = {
        .name = "recording / bare SQLite insert, rate", .aim = ">= 0.8",
        .subject = record, .floor = bare_one, .arg = e, .count = RECORDS,
        .rounds = 9, .rate = true,
    };

    bench_measure(&b);
    b.name = "  insert of 32 rows a statement, rate";
    b.floor = bare_many;
    bench_measure(&b);
}

/* ---- the size, and reading any record ---- */

static void bench_size(const struct events *e, const char *name,
                       const char *aim)
{
    struct stat st;

    write_trace(e, MANY);
    bench_check(!stat(path, &st), "stat");
    bench_ratio(name, (double)st.st_size / (double)(MANY * EVENT_BYTES), aim);
}

static double read_at_random(void *arg)
{
    struct trace_reader *r = arg;
    uint64_t state = 4711;
    struct hv_record rec;
    double start = bench_now();

    for (unsigned int i = 0; i < 1000; i++) {
        uint64_t seq = 1 + draw(&state) % MANY;

        bench_check(!trace_seek(r, seq) && trace_next(r, &rec) == 1 &&
                    rec.seq == seq, "reading a record");
    }
    return (bench_now() - start) / 1000;
}

static double read_all(void *arg)
{
    struct trace_reader *r = arg;
    struct hv_record rec;
    double start = bench_now();

    bench_check(!trace_seek(r, 1), "seeking");
    while (trace_next(r, &rec) == 1)
        ;
    bench_check(rec.seq == MANY, "reading all");
    return bench_now() - start;
}

static void bench_reading(void)
{
    struct bench b = {
        .name = "any record / reading all 10^6", .aim = "",
        .subject = read_at_random, .floor = read_all, .count = 1,
        .rounds = 5,
    };
    struct trace_reader *r;

    bench_check(!trace_open(path, &r, NULL), "opening a trace");
    b.arg = r;
    bench_measure(&b);
    trace_close(r);
}

/* ---- the event path while recording ---- */

static double trips(struct client *c, unsigned int n)
{
    double start = bench_now();

    for (unsigned int i = 0; i < n; i++)
        bench_check(client_round_trip(c, VM_EVENT_FLAG_VCPU_PAUSED),
                    "a round trip");
    return bench_now() - start;
}

struct two_clients {
    struct client live, recorded;
};

static double live_burst(void *arg)
{
    return trips(&((struct two_clients *)arg)->live, BURST);
}

static double recorded_burst(void *arg)
{
    usleep(DRAIN_US);
    return trips(&((struct two_clients *)arg)->recorded, BURST);
}

static double live_run(void *arg)
{
    return trips(&((struct two_clients *)arg)->live, TRIPS);
}

/* All of a recording, from its start to the sealed file. */
static double recorded_run(void *arg)
{
    struct trace_writer *w;
    double start = bench_now();
    struct client c;

    (void)arg;
    w = start_trace();
    bench_check(!client_start(&c, recorder_open(sim_open(NULL),
                                                trace_sink(w)), 16),
                "starting a guest");
    trips(&c, TRIPS);
    bench_check(!recorder_error(c.hv) && !trace_seal(w, NULL), "sealing");
    start = bench_now() - start;
    hv_close(c.hv);
    return start;
}

static double replay(void *arg)
{
    double start = bench_now();
    struct hv *hv = sim_open(NULL);
    struct replay_report report;
    struct trace_reader *r;

    (void)arg;
    bench_check(hv, "a model");
    bench_check(!trace_open(path, &r, NULL), "opening a trace");
    bench_check(!replay_run(hv, trace_source(r), &report) &&
                report.cause == REPLAY_SAME && report.events == TRIPS,
                "a replay");
    replay_report_free(&report);
    trace_close(r);
    hv_close(hv);
    return bench_now() - start;
}

static void bench_event_path(void)
{
    struct two_clients c;
    struct trace_writer *w = start_trace();
    struct bench b = {
        .name = "event path, recording / live", .aim = "<= 2",
        .subject = recorded_burst, .floor = live_burst, .arg = &c,
        .count = BURST,
    };

    bench_check(!client_start(&c.live, sim_open(NULL), 16),
                "starting a guest");
    bench_check(!client_start(&c.recorded,
                              recorder_open(sim_open(NULL), trace_sink(w)),
                              16), "starting a guest");
    bench_measure(&b);
    hv_close(c.recorded.hv);
    trace_abandon(w, true);
    b.name = "  for long, to the sealed file";
    b.aim = "";
    b.subject = recorded_run;
    b.floor = live_run;
    b.count = TRIPS;
    b.rounds = 9;
    bench_measure(&b);
    b.name = "replay, all checked / live";
    b.aim = "<= 4";
    b.subject = replay;
    bench_measure(&b);
    hv_close(c.live.hv);
}

static void clean_up(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -r %s", dir);
    if (system(command))
        fprintf(stderr, "bench: cannot remove %s\n", dir);
}

int main(void)
{
    struct events events = { .count = 0 };

    bench_check(mkdtemp(dir), dir);
    atexit(clean_up);
    snprintf(path, sizeof(path), "%s/t.xrt", dir);
    bench_title();
    read_samples(&events);
    bench_event_path();
    bench_recording(&events);
    bench_size(&events, "file of 10^6 events / their bytes", "<= 0.25");
    bench_reading();
    events.random = true;
    bench_size(&events, "  with random registers", "");
    free(events.rec);
    return 0;
}
