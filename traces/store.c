/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/names.h"
#include "traces/columns.h"
#include "traces/error.h"
#include "traces/schema.h"

#define READER_MS       100     /* how long a commit waits for readers */
#define LAST_READER_MS  10000

/* Columns of a store_row. */
enum { ROW_OP, ROW_COLUMNS, ROW_RESULT = ROW_COLUMNS + COL_COUNT, ROW_KNOWN };

static int set_meta(struct store *s, const char *key, const char *text,
                    int64_t number)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(s->db, s->path,
                        "INSERT OR REPLACE INTO meta VALUES (?, ?)", &stmt,
                        &s->error);

    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    if (text)
        sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_int64(stmt, 2, number);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = db_fail(s->db, s->path, "cannot write", &s->error);
    sqlite3_finalize(stmt);
    return rc;
}

static int write_meta(struct store *s, const struct trace_meta *meta)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    time_t t = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
    char now[32] = "";
    struct tm tm;
    int rc;

    if (!gmtime_r(&t, &tm))
        memset(&tm, 0, sizeof(tm));
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm);
    rc = set_meta(s, "state", "recording", 0);
    rc = rc ? rc : set_meta(s, "created", now, 0);
    rc = rc ? rc : set_meta(s, "layout", NULL, VM_EVENT_INTERFACE_VERSION);
    rc = rc ? rc : set_meta(s, "vm_event_abi", NULL, meta->vm_event_abi);
    rc = rc ? rc : set_meta(s, "seed", NULL, (int64_t)meta->seed);
    if (!rc && meta->backend)
        rc = set_meta(s, "backend", meta->backend, 0);
    if (!rc && meta->xen_version)
        rc = set_meta(s, "xen_version", meta->xen_version, 0);
    if (!rc && meta->source)
        rc = set_meta(s, "source", meta->source, 0);
    return rc;
}

static int insert_name(struct store *s, sqlite3_stmt *stmt, int64_t id,
                       const char *name)
{
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
    sqlite3_step(stmt);
    if (sqlite3_reset(stmt) != SQLITE_OK)
        return db_fail(s->db, s->path, "cannot write", &s->error);
    return 0;
}

static int write_ops(struct store *s)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(s->db, s->path, "INSERT INTO op VALUES (?, ?, ?, ?)",
                        &stmt, &s->error);

    for (unsigned int op = 0; !rc && op < OP_COUNT; op++) {
        const struct hv_opdesc *desc = &hv_ops_table[op];

        sqlite3_bind_text(stmt, 3, trace_kind_name(desc->kind), -1,
                          SQLITE_STATIC);
        sqlite3_bind_int(stmt, 4, desc->size);
        rc = insert_name(s, stmt, op, desc->name);
    }
    sqlite3_finalize(stmt);
    return rc;
}

static int write_names(struct store *s)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(s->db, s->path, "INSERT INTO reason VALUES (?, ?)",
                        &stmt, &s->error);

    if (rc)
        return rc;
    for (const struct hv_name *n = names_reason; !rc && n->name; n++)
        rc = insert_name(s, stmt, (int64_t)n->value, n->name);
    sqlite3_finalize(stmt);
    rc = rc ? rc : db_prepare(s->db, s->path,
                              "INSERT INTO errno VALUES (?, ?)", &stmt,
                              &s->error);
    if (rc)
        return rc;
    for (int e = 1; !rc && e < 4096; e++) {
        if (hv_errno_name(e))
            rc = insert_name(s, stmt, e, hv_errno_name(e));
    }
    sqlite3_finalize(stmt);
    return rc;
}

#define STRING(x) STRING_(x)
#define STRING_(x) #x

static int write_schema(struct store *s, const struct trace_meta *meta)
{
    /* A crash of this process cannot lose what SQLite gave to the kernel;
     * for a crash of the machine the sealed file is synced as a whole. */
    int rc = db_exec(s->db, s->path,
                     "PRAGMA page_size = " TRACE_PAGE_SIZE ";"
                     "PRAGMA journal_mode = TRUNCATE;"
                     "PRAGMA synchronous = OFF;"
                     "PRAGMA cache_size = -16000;"
                     "BEGIN;"
                     "PRAGMA application_id = " STRING(TRACE_APPLICATION_ID)
                     ";PRAGMA user_version = " STRING(TRACE_VERSION) ";"
                     TRACE_SCHEMA, &s->error);

    rc = rc ? rc : write_meta(s, meta);
    rc = rc ? rc : write_ops(s);
    rc = rc ? rc : write_names(s);
    return rc ? rc : db_exec(s->db, s->path, "COMMIT", &s->error);
}

/* NULL: the number behind the last row's, which SQLite knows without looking
 * whether the row exists. */
#define ROW     "(NULL,?,?,?,?,?,?,?,?,?,?,?,?)"
#define ROWS8   ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW

static int prepare_inserts(struct store *s)
{
    int rc = db_prepare(s->db, s->path, "INSERT INTO record VALUES " ROW,
                        &s->insert_row, &s->error);

    /* A statement costs as much as a row: many rows share one. */
    rc = rc ? rc : db_prepare(s->db, s->path, "INSERT INTO record VALUES "
                              ROWS8 "," ROWS8 "," ROWS8 "," ROWS8,
                              &s->insert_rows, &s->error);
    return rc ? rc : db_prepare(s->db, s->path, "INSERT OR REPLACE INTO "
                                "chunk VALUES (?,?,?,?,?)",
                                &s->insert_chunk, &s->error);
}

int store_create(struct store *s, const char *path,
                 const struct trace_meta *meta, struct trace_error *err)
{
    int rc;

    memset(s, 0, sizeof(*s));
    s->path = strdup(path);
    rc = chunk_packer_init(&s->packer);
    if (!s->path || rc) {
        rc = trace_fail(&s->error, -ENOMEM, "%.400s: out of memory", path);
    } else if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
                               SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               NULL) != SQLITE_OK) {
        rc = db_fail(s->db, path, "cannot create", &s->error);
    } else {
        sqlite3_busy_timeout(s->db, READER_MS);
        rc = write_schema(s, meta);
    }
    rc = rc ? rc : prepare_inserts(s);
    if (rc) {
        if (err)
            *err = s->error;
        store_close(s);
    }
    return rc;
}

static int step_insert(struct store *s, sqlite3_stmt *stmt)
{
    sqlite3_step(stmt);
    if (sqlite3_reset(stmt) == SQLITE_OK)
        return 0;
    return db_fail(s->db, s->path, "cannot write", &s->error);
}

/* Bind ROW to the parameters from AT + 1 on, which are BOUND.  Most columns
 * are what they were 32 records ago, and binding is not cheap. */
static void bind_row(sqlite3_stmt *stmt, int at, const struct store_row *row,
                     struct store_row *bound)
{
    unsigned int differ = row->present ^ bound->present;

    for (int c = 0; c < STORE_COLUMNS; c++) {
        unsigned int bit = 1u << c;

        if (!(row->present & bit)) {
            if (differ & bit)
                sqlite3_bind_null(stmt, at + 1 + c);
        } else if ((differ & bit) || row->value[c] != bound->value[c]) {
            sqlite3_bind_int64(stmt, at + 1 + c, row->value[c]);
        }
    }
    *bound = *row;
}

/* Write the rows that wait, all at once or one by one. */
static int insert_rows(struct store *s)
{
    struct store_row none = { .present = 0 };
    int rc = 0;

    if (s->nr_rows == STORE_ROWS) {
        for (int i = 0; i < STORE_ROWS; i++)
            bind_row(s->insert_rows, i * STORE_COLUMNS, &s->rows[i],
                     &s->bound[i]);
        rc = step_insert(s, s->insert_rows);
    } else if (s->nr_rows) {
        sqlite3_clear_bindings(s->insert_row);
        for (unsigned int i = 0; !rc && i < s->nr_rows; i++) {
            bind_row(s->insert_row, 0, &s->rows[i], &none);
            rc = step_insert(s, s->insert_row);
        }
    }
    s->nr_rows = 0;
    return rc;
}

static void set_column(struct store_row *row, unsigned int c, int64_t value)
{
    row->value[c] = value;
    row->present |= 1u << c;
}

static int add_row(struct store *s, const struct hv_record *rec)
{
    struct store_row *row = &s->rows[s->nr_rows++];
    struct trace_columns cols;

    trace_columns(rec, &cols);
    row->present = cols.present << ROW_COLUMNS;
    memcpy(row->value + ROW_COLUMNS, cols.value, sizeof(cols.value));
    set_column(row, ROW_OP, rec->op);
    if (hv_ops_table[rec->op].kind == KIND_CALL)
        set_column(row, ROW_RESULT, rec->result);
    if (rec->flags & RECORD_KNOWN)
        set_column(row, ROW_KNOWN, 1);
    s->count++;
    s->uncommitted++;
    return s->nr_rows == STORE_ROWS ? insert_rows(s) : 0;
}

/* A chunk that is not full is written again, with more, under the same key:
 * the commits in between leave no trace in the file but SQLite's count. */
static int insert_chunk(struct store *s)
{
    struct chunk_packer *p = &s->packer;
    sqlite3_stmt *stmt = s->insert_chunk;
    size_t len;
    int rc;

    if (!p->count)
        return 0;
    rc = chunk_pack(p, &len);
    if (rc)
        return trace_fail(&s->error, rc, "%.400s: cannot compress: %s",
                          s->path, strerror(-rc));
    sqlite3_bind_int64(stmt, 1, (int64_t)p->first);
    sqlite3_bind_int64(stmt, 2, p->count);
    sqlite3_bind_int64(stmt, 3, CODEC_DELTA_ZSTD);
    sqlite3_bind_int64(stmt, 4, (int64_t)p->len);
    sqlite3_bind_blob64(stmt, 5, p->packed.p, len, SQLITE_STATIC);
    return step_insert(s, stmt);
}

int store_add(struct store *s, const struct hv_record *rec)
{
    int rc = 0;

    if (!s->in_transaction)
        rc = db_exec(s->db, s->path, "BEGIN", &s->error);
    if (rc)
        return rc;
    s->in_transaction = true;
    if (chunk_append(&s->packer, rec))
        return trace_fail(&s->error, -ENOMEM, "%.400s: out of memory",
                          s->path);
    rc = add_row(s, rec);
    if (rc || !chunk_is_full(&s->packer))
        return rc;
    rc = insert_chunk(s);
    chunk_restart(&s->packer, s->count + 1);
    return rc;
}

int store_commit(struct store *s)
{
    int rc;

    if (!s->in_transaction)
        return 0;
    rc = insert_rows(s);
    rc = rc ? rc : insert_chunk(s);
    if (rc)
        return rc;
    s->uncommitted = 0;
    if (sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        s->in_transaction = false;
    else if (db_errno(s->db) != -EBUSY)
        return db_fail(s->db, s->path, "cannot commit", &s->error);
    return 0;
}

int store_seal(struct store *s)
{
    int rc = 0;

    if (!s->in_transaction)
        rc = db_exec(s->db, s->path, "BEGIN", &s->error);
    s->in_transaction = true;
    rc = rc ? rc : insert_rows(s);
    rc = rc ? rc : insert_chunk(s);
    rc = rc ? rc : set_meta(s, "records", NULL, (int64_t)s->count);
    rc = rc ? rc : set_meta(s, "state", "sealed", 0);
    if (rc)
        return rc;
    sqlite3_busy_timeout(s->db, LAST_READER_MS);
    return db_exec(s->db, s->path, "COMMIT; PRAGMA journal_mode = DELETE;",
                   &s->error);
}

void store_close(struct store *s)
{
    sqlite3_finalize(s->insert_row);
    sqlite3_finalize(s->insert_rows);
    sqlite3_finalize(s->insert_chunk);
    sqlite3_close(s->db);
    chunk_packer_free(&s->packer);
    free(s->path);
    memset(s, 0, sizeof(*s));
}
