/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/chunk.h"
#include "traces/error.h"
#include "traces/file.h"
#include "traces/schema.h"

#define BATCH   512             /* numbers a filter finds at a time */

struct trace_reader {
    struct hv_source source;    /* first: a source is cast to its reader */
    char *path;
    sqlite3 *db;
    sqlite3_stmt *get_chunk, *filter;
    enum trace_state state;
    struct trace_meta meta;
    uint64_t count;
    uint64_t next;              /* the next record is at or behind this */
    struct chunk chunk;
    int ops[DELTA_OPS];           /* the file's op ids to ours */
    uint64_t batch[BATCH];      /* what the filter found */
    unsigned int nr_batch, at_batch;
    struct trace_error error;
};

static int get_text(struct trace_reader *r, const char *key,
                    const char **text)
{
    sqlite3_stmt *stmt;
    const char *value;
    int rc = db_prepare(r->db, r->path,
                        "SELECT value FROM meta WHERE key = ?", &stmt,
                        &r->error);

    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        value = (const char *)sqlite3_column_text(stmt, 0);
        *text = value ? strdup(value) : NULL;
        if (value && !*text)
            rc = trace_fail(&r->error, -ENOMEM, "out of memory");
        break;
    case SQLITE_DONE:
        break;
    default:
        rc = db_fail(r->db, r->path, "cannot read", &r->error);
    }
    sqlite3_finalize(stmt);
    return rc;
}

static int get_number(struct trace_reader *r, const char *key,
                      uint64_t *value)
{
    const char *text = NULL;
    int rc = get_text(r, key, &text);

    *value = text ? (uint64_t)strtoll(text, NULL, 10) : 0;
    free((char *)text);
    return rc;
}

static int read_meta(struct trace_reader *r)
{
    uint64_t abi, layout;
    int rc = get_number(r, "vm_event_abi", &abi);

    rc = rc ? rc : get_number(r, "seed", &r->meta.seed);
    rc = rc ? rc : get_number(r, "layout", &layout);
    rc = rc ? rc : get_text(r, "backend", &r->meta.backend);
    rc = rc ? rc : get_text(r, "xen_version", &r->meta.xen_version);
    rc = rc ? rc : get_text(r, "source", &r->meta.source);
    if (rc)
        return rc;
    r->meta.vm_event_abi = (uint32_t)abi;
    if (layout != VM_EVENT_INTERFACE_VERSION)
        return trace_fail(&r->error, -EPROTONOSUPPORT, "%.300s: its events "
                          "have the layout of vm_event version %" PRIu64
                          "; this xenreel was built for version %d: export "
                          "it as text where it was recorded", r->path,
                          layout, VM_EVENT_INTERFACE_VERSION);
    return 0;
}

static int map_op(struct trace_reader *r, int64_t id, const char *name,
                  int64_t size)
{
    enum hv_op op;

    if (id < 0 || id >= DELTA_OPS || !name)
        return trace_fail(&r->error, -EBADMSG, "%.300s: operation %" PRId64
                          " of table op makes no sense (the file is "
                          "damaged)", r->path, id);
    /* One we do not know matters only when a record has it. */
    if (hv_op_by_name(name, &op))
        return 0;
    if (size != hv_ops_table[op].size)
        return trace_fail(&r->error, -EPROTONOSUPPORT, "%.300s: the "
                          "arguments of '%.40s' take %" PRId64 " bytes there "
                          "and %u here: export it as text with the xenreel "
                          "that recorded it", r->path, name, size,
                          hv_ops_table[op].size);
    r->ops[id] = op;
    return 0;
}

static int read_ops(struct trace_reader *r)
{
    sqlite3_stmt *stmt;
    int rc, step = SQLITE_DONE;

    for (unsigned int i = 0; i < DELTA_OPS; i++)
        r->ops[i] = -1;
    rc = db_prepare(r->db, r->path, "SELECT id, name, size FROM op", &stmt,
                    &r->error);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = map_op(r, sqlite3_column_int64(stmt, 0),
                    (const char *)sqlite3_column_text(stmt, 1),
                    sqlite3_column_int64(stmt, 2));
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(r->db, r->path, "cannot read", &r->error);
    sqlite3_finalize(stmt);
    return rc;
}

static int read_state(struct trace_reader *r)
{
    const char *state = NULL;
    uint64_t records;
    int64_t last;
    int rc;

    /* Asked before the file is read: sealed meanwhile is sealed. */
    r->state = file_is_partial(r->path) && file_is_locked(r->path) ?
               TRACE_RECORDING : TRACE_CRASHED;
    rc = get_text(r, "state", &state);
    rc = rc ? rc : get_number(r, "records", &records);
    rc = rc ? rc : db_get_int(r->db, r->path, "SELECT first + count - 1 "
                              "FROM chunk ORDER BY first DESC LIMIT 1",
                              &last, &r->error);
    if (!rc && state && !strcmp(state, "sealed"))
        r->state = TRACE_SEALED;
    if (!rc && last < 0)
        rc = trace_fail(&r->error, -EBADMSG, "%.300s: table chunk makes no "
                        "sense (the file is damaged)", r->path);
    else if (!rc && r->state == TRACE_SEALED && (uint64_t)last != records)
        rc = trace_fail(&r->error, -EBADMSG, "%.300s: was sealed with %"
                        PRIu64 " records and has %" PRId64
                        " (the file is damaged)", r->path, records, last);
    r->count = rc ? 0 : (uint64_t)last;
    free((char *)state);
    return rc;
}

static int next(struct hv_source *source, struct hv_record *rec)
{
    return trace_next((struct trace_reader *)source, rec);
}

int trace_open(const char *path, struct trace_reader **reader,
               struct trace_error *err)
{
    struct trace_reader *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return trace_fail(err, -ENOMEM, "out of memory");
    r->source.next = next;
    r->next = 1;
    r->path = strdup(path);
    rc = r->path ? db_open_trace(path, false, &r->db, &r->error) :
         trace_fail(&r->error, -ENOMEM, "out of memory");
    rc = rc ? rc : read_state(r);
    /* Nobody writes to a sealed trace: one lock does for all that is read. */
    if (!rc && r->state == TRACE_SEALED)
        rc = db_exec(r->db, path, "BEGIN", &r->error);
    rc = rc ? rc : read_meta(r);
    rc = rc ? rc : read_ops(r);
    rc = rc ? rc : db_prepare(r->db, path, "SELECT first, count, codec, "
                              "size, data FROM chunk WHERE first <= ? "
                              "ORDER BY first DESC LIMIT 1", &r->get_chunk,
                              &r->error);
    if (rc) {
        if (err)
            *err = r->error;
        trace_close(r);
        return rc;
    }
    *reader = r;
    return 0;
}

void trace_close(struct trace_reader *r)
{
    if (!r)
        return;
    sqlite3_finalize(r->get_chunk);
    sqlite3_finalize(r->filter);
    sqlite3_close(r->db);
    chunk_free(&r->chunk);
    free((char *)r->meta.backend);
    free((char *)r->meta.xen_version);
    free((char *)r->meta.source);
    free(r->path);
    free(r);
}

enum trace_state trace_state(const struct trace_reader *r)
{
    return r->state;
}

const struct trace_meta *trace_meta(const struct trace_reader *r)
{
    return &r->meta;
}

uint64_t trace_count(const struct trace_reader *r)
{
    return r->count;
}

const struct trace_error *trace_last_error(const struct trace_reader *r)
{
    return &r->error;
}

struct hv_source *trace_source(struct trace_reader *r)
{
    return &r->source;
}

static int damaged(struct trace_reader *r, uint64_t seq, int rc)
{
    if (rc == -ENOMEM)
        return trace_fail(&r->error, rc, "out of memory");
    return trace_fail(&r->error, rc, "%.300s: record %" PRIu64
                      " cannot be read (the file is damaged)", r->path, seq);
}

/* Unpack the chunk with record SEQ. */
static int load_chunk(struct trace_reader *r, uint64_t seq)
{
    struct chunk *c = &r->chunk;
    sqlite3_stmt *stmt = r->get_chunk;
    int rc, step;

    if (c->count && seq >= c->first && seq - c->first < c->count)
        return 0;
    sqlite3_bind_int64(stmt, 1, (int64_t)seq);
    step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        const void *data = sqlite3_column_blob(stmt, 4);

        c->first = (uint64_t)sqlite3_column_int64(stmt, 0);
        rc = chunk_unpack(c, sqlite3_column_int64(stmt, 1),
                          sqlite3_column_int64(stmt, 2),
                          sqlite3_column_int64(stmt, 3), data,
                          (size_t)sqlite3_column_bytes(stmt, 4));
        if (!rc && (seq < c->first || seq - c->first >= c->count))
            rc = -EBADMSG;
        if (rc)
            damaged(r, seq, rc);
    } else {
        rc = step == SQLITE_DONE ? damaged(r, seq, -EBADMSG) :
             db_fail(r->db, r->path, "cannot read", &r->error);
    }
    sqlite3_reset(stmt);
    if (rc)
        c->count = 0;
    return rc;
}

static int read_record(struct trace_reader *r, uint64_t seq,
                       struct hv_record *rec)
{
    int rc = load_chunk(r, seq);

    if (rc)
        return rc;
    rc = chunk_read(&r->chunk, (uint32_t)(seq - r->chunk.first), r->ops,
                    rec);
    if (rc == -ENOTSUP)
        return trace_fail(&r->error, rc, "%.300s: record %" PRIu64 " is of "
                          "an operation (id %u of table op) that this "
                          "xenreel does not have", r->path, seq, rec->op);
    return rc ? damaged(r, seq, rc) : 0;
}

/* Find the next numbers; no statement stays open in between, which would
 * keep a recorder from committing. */
static int fill_batch(struct trace_reader *r)
{
    sqlite3_stmt *stmt = r->filter;
    int step, rc = 0;

    r->at_batch = r->nr_batch = 0;
    sqlite3_bind_int64(stmt, 1, (int64_t)r->next);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW && r->nr_batch < BATCH)
        r->batch[r->nr_batch++] = (uint64_t)sqlite3_column_int64(stmt, 0);
    if ((step & 0xff) == SQLITE_ERROR || (step & 0xff) == SQLITE_TOOBIG)
        rc = trace_fail(&r->error, -EINVAL, "%.300s: filter: %.200s",
                        r->path, sqlite3_errmsg(r->db));
    else if (step != SQLITE_DONE && step != SQLITE_ROW)
        rc = db_fail(r->db, r->path, "cannot filter", &r->error);
    sqlite3_reset(stmt);
    return rc;
}

int trace_next(struct trace_reader *r, struct hv_record *rec)
{
    uint64_t seq = r->next;
    int rc;

    if (r->filter) {
        rc = r->at_batch == r->nr_batch ? fill_batch(r) : 0;
        if (rc || r->at_batch == r->nr_batch)
            return rc;
        seq = r->batch[r->at_batch++];
        if (seq < r->next)      /* no such view did we make */
            return damaged(r, seq, -EBADMSG);
    }
    if (seq > r->count)
        return 0;
    rc = read_record(r, seq, rec);
    if (rc)
        return rc;
    r->next = seq + 1;
    return 1;
}

int trace_seek(struct trace_reader *r, uint64_t seq)
{
    if (!seq || seq > r->count)
        return trace_fail(&r->error, -ENOENT, "%.300s: there is no record %"
                          PRIu64 ", the last one is %" PRIu64, r->path, seq,
                          r->count);
    r->next = seq;
    r->at_batch = r->nr_batch = 0;
    return 0;
}

/* Compile FORMAT with WHERE in it: a query with PARAMETERS parameters, and
 * nothing behind it. */
static int prepare_filter(struct trace_reader *r, const char *format,
                          const char *where, int parameters,
                          sqlite3_stmt **stmt, struct trace_error *err)
{
    char *sql = sqlite3_mprintf(format, where, BATCH);
    const char *tail = "";
    int rc = 0;

    if (!sql)
        return trace_fail(err, -ENOMEM, "out of memory");
    if (sqlite3_prepare_v2(r->db, sql, -1, stmt, &tail) != SQLITE_OK)
        rc = trace_fail(err, -EINVAL, "filter '%.100s': %.200s", where,
                        sqlite3_errmsg(r->db));
    else if (*tail || !*stmt || !sqlite3_stmt_readonly(*stmt) ||
             sqlite3_bind_parameter_count(*stmt) != parameters)
        rc = trace_fail(err, -EINVAL, "filter '%.100s': one expression "
                        "is wanted", where);
    sqlite3_free(sql);
    return rc;
}

int trace_filter(struct trace_reader *r, const char *where,
                 struct trace_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = 0;

    if (where) {
        /* Is it the file that is wrong? */
        rc = db_prepare(r->db, r->path, "SELECT seq FROM records", &stmt,
                        err);
        sqlite3_finalize(stmt);
        stmt = NULL;
    }
    if (where && !rc) {
        /* An expression is what compiles without parentheses as well as
         * within: "1) OR (1" does not.  The line break ends a comment. */
        rc = prepare_filter(r, "SELECT seq FROM records WHERE %s\n", where, 0,
                            &stmt, err);
        sqlite3_finalize(stmt);
        stmt = NULL;
    }
    if (where && !rc)
        rc = prepare_filter(r, "SELECT seq FROM records WHERE (%s\n) AND "
                            "seq >= @next ORDER BY seq LIMIT %d", where, 1,
                            &stmt, err);
    if (rc) {
        sqlite3_finalize(stmt);
        return rc;
    }
    sqlite3_finalize(r->filter);
    r->filter = stmt;
    r->at_batch = r->nr_batch = 0;
    return 0;
}
