/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "traces/error.h"
#include "traces/queue.h"
#include "traces/store.h"

#define RELEASE_EVERY   64      /* records; a blocked producer waits longer */
#define COMMIT_RECORDS  16384
#define COMMIT_MS       500
#define IDLE_MS         4       /* how soon an empty queue is looked at */
#define IDLE_MAX_MS     128

struct trace_writer {
    struct hv_sink sink;        /* first: a sink is cast to its writer */
    char *path, *partial;
    bool overwrite;
    int lock;                   /* of file_lock() */
    uint64_t seq;               /* of the last record */
    struct queue queue;
    pthread_t thread;
    atomic_int error;           /* the thread's first */
    struct store store;         /* the thread's, until it has ended */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_error(struct trace_writer *w, int rc)
{
    if (rc && !atomic_load(&w->error))
        atomic_store(&w->error, rc);
}

/* Store N records from the queue; after an error only make room. */
static void store_some(struct trace_writer *w, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        struct hv_record *rec = queue_peek(&w->queue, i);

        hv_record_normalise(rec);
        if (!atomic_load_explicit(&w->error, memory_order_relaxed))
            set_error(w, store_add(&w->store, rec));
        hv_record_free(rec);
    }
    queue_release(&w->queue, n);
}

static void *write_records(void *arg)
{
    struct trace_writer *w = arg;
    unsigned int idle = IDLE_MS, n;
    int64_t committed = now_ms();
    bool closed = false;

    for (;;) {
        n = queue_wait(&w->queue, idle, &closed);
        if (n > RELEASE_EVERY)
            n = RELEASE_EVERY;
        store_some(w, n);
        idle = n ? IDLE_MS : idle * 2 < IDLE_MAX_MS ? idle * 2 : IDLE_MAX_MS;
        if (!n && closed)
            break;
        if (w->store.uncommitted < COMMIT_RECORDS &&
            now_ms() - committed < COMMIT_MS)
            continue;
        if (!atomic_load(&w->error))
            set_error(w, store_commit(&w->store));
        committed = now_ms();
    }
    if (!atomic_load(&w->error))
        set_error(w, store_commit(&w->store));
    return NULL;
}

static int start_thread(struct trace_writer *w)
{
    sigset_t all, old;
    int rc;

    /* The program that is recorded keeps its signals to itself. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&w->thread, NULL, write_records, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -rc;
}

/* While the lock is held: behind it the name is another recorder's. */
static int remove_partial(const struct trace_writer *w)
{
    char *journal = file_name(w->partial, "-journal");

    if (!journal)
        return -ENOMEM;
    unlink(w->partial);
    unlink(journal);
    free(journal);
    return 0;
}

static int remove_old(struct trace_writer *w, struct trace_error *err)
{
    if (!w->overwrite && (file_exists(w->path) || file_exists(w->partial)))
        return trace_fail(err, -EEXIST, "%.400s: a trace of this name "
                          "exists%s", file_exists(w->path) ? w->path :
                          w->partial, file_exists(w->path) ? "" :
                          ": xenreel recover completes it");
    return remove_partial(w) ? trace_fail(err, -ENOMEM, "out of memory") : 0;
}

static int open_files(struct trace_writer *w, const struct trace_meta *meta,
                      struct trace_error *err)
{
    int rc;

    w->lock = file_lock(w->partial);
    if (w->lock == -EBUSY)
        return trace_fail(err, w->lock, "%.400s: is being recorded",
                          w->partial);
    if (w->lock < 0)
        return trace_fail(err, w->lock, "%.400s: cannot create: %s",
                          w->partial, strerror(-w->lock));
    rc = remove_old(w, err);
    if (rc)
        goto err_unlock;
    rc = store_create(&w->store, w->partial, meta, err);
    if (!rc)
        return 0;
    remove_partial(w);

err_unlock:
    file_unlock(w->partial, w->lock);
    return rc;
}

static void free_writer(struct trace_writer *w)
{
    queue_free(&w->queue);
    free(w->path);
    free(w->partial);
    free(w);
}

static int put(struct hv_sink *sink, const struct hv_record *rec)
{
    return trace_put((struct trace_writer *)sink, rec);
}

int trace_create(const char *path, const struct trace_meta *meta,
                 bool overwrite, struct trace_writer **writer,
                 struct trace_error *err)
{
    struct trace_writer *w = calloc(1, sizeof(*w));
    int rc;

    if (!w)
        return trace_fail(err, -ENOMEM, "out of memory");
    w->sink.put = put;
    w->overwrite = overwrite;
    w->path = strdup(path);
    w->partial = file_name(path, ".partial");
    if (!w->path || !w->partial || queue_init(&w->queue)) {
        rc = trace_fail(err, -ENOMEM, "out of memory");
        goto err_free;
    }
    rc = open_files(w, meta, err);
    if (rc)
        goto err_free;
    rc = start_thread(w);
    if (rc) {
        trace_fail(err, rc, "cannot start a thread: %s", strerror(-rc));
        goto err_close;
    }
    *writer = w;
    return 0;

err_close:
    store_close(&w->store);
    remove_partial(w);
    file_unlock(w->partial, w->lock);
err_free:
    free_writer(w);
    return rc;
}

static int check_spans(const struct hv_record *rec)
{
    uint64_t sum = 0;

    if (!hv_record_has_spans(rec->op))
        return 0;
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        const struct hv_span *span;

        span = (const void *)((const char *)&rec->args + f->offset);
        if (hv_field_is_span(f))
            sum += span->len;
    }
    return sum > TRACE_SPAN_MAX ? -E2BIG : 0;
}

int trace_put(struct trace_writer *w, const struct hv_record *rec)
{
    int rc = atomic_load_explicit(&w->error, memory_order_relaxed);
    struct hv_record *slot;

    if (!rc)
        rc = rec->op < OP_COUNT ? check_spans(rec) : -EINVAL;
    if (rc)
        return rc;
    slot = queue_slot(&w->queue);
    rc = hv_record_copy(slot, rec);
    if (rc)
        return rc;
    slot->seq = ++w->seq;
    queue_publish(&w->queue);
    return 0;
}

struct hv_sink *trace_sink(struct trace_writer *w)
{
    return &w->sink;
}

int trace_seal(struct trace_writer *w, struct trace_error *err)
{
    int rc;

    queue_close(&w->queue);
    pthread_join(w->thread, NULL);
    rc = atomic_load(&w->error);
    if (!rc)
        rc = store_seal(&w->store);
    if (rc && err)
        *err = w->store.error;
    store_close(&w->store);
    if (!rc) {
        rc = file_publish(w->partial, w->path, w->overwrite);
        if (rc)
            trace_fail(err, rc, "%.200s: cannot become %.200s: %s",
                       w->partial, w->path, strerror(-rc));
    }
    file_unlock(w->partial, w->lock);
    free_writer(w);
    return rc;
}

void trace_abandon(struct trace_writer *w, bool keep)
{
    queue_close(&w->queue);
    pthread_join(w->thread, NULL);
    store_close(&w->store);
    if (!keep)
        remove_partial(w);
    file_unlock(w->partial, w->lock);
    free_writer(w);
}
