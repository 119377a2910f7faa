/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/error.h"
#include "traces/file.h"

/* What is recovered, and what it becomes. */
struct names {
    char *partial, *final;
    const char *file;           /* one of the two: where the records are */
};

static int find_names(struct names *n, const char *path,
                      struct trace_error *err)
{
    size_t len = strlen(path);

    if (file_is_partial(path))
        len -= strlen(".partial");
    n->final = strndup(path, len);
    n->partial = n->final ? file_name(n->final, ".partial") : NULL;
    if (!n->partial)
        return trace_fail(err, -ENOMEM, "out of memory");
    n->file = file_exists(n->partial) ? n->partial : n->final;
    if (n->file == n->partial && file_exists(n->final))
        return trace_fail(err, -EEXIST, "%.200s: %.200s exists already: move "
                          "one of them away", n->partial, n->final);
    return 0;
}

/* Read every record; *SEALED when nothing else is to be done. */
static int check_records(const char *file, uint64_t *records, bool *sealed,
                         struct trace_error *err)
{
    struct trace_reader *r;
    struct hv_record rec;
    int rc = trace_open(file, &r, err);

    if (rc)
        return rc;
    *sealed = trace_state(r) == TRACE_SEALED;
    *records = trace_count(r);
    while (!*sealed && (rc = trace_next(r, &rec)) == 1)
        ;
    if (rc < 0 && err)
        *err = *trace_last_error(r);
    trace_close(r);
    return rc;
}

static int seal(const char *file, uint64_t records, struct trace_error *err)
{
    char sql[320];
    int64_t rows;
    sqlite3 *db;
    int rc = db_open_trace(file, true, &db, err);

    if (rc)
        return rc;
    rc = db_get_int(db, file, "SELECT count(*) FROM record", &rows, err);
    if (!rc && (uint64_t)rows != records)
        rc = trace_fail(err, -EBADMSG, "%.300s: table record has %" PRId64
                        " rows and table chunk %" PRIu64 " records (the "
                        "file is damaged)", file, rows, records);
    snprintf(sql, sizeof(sql), "PRAGMA synchronous = OFF; BEGIN;"
             "INSERT OR REPLACE INTO meta VALUES ('records', %" PRIu64 ");"
             "INSERT OR REPLACE INTO meta VALUES ('recovered', 1);"
             "INSERT OR REPLACE INTO meta VALUES ('state', 'sealed');"
             "COMMIT; PRAGMA journal_mode = DELETE;", records);
    rc = rc ? rc : db_exec(db, file, sql, err);
    sqlite3_close(db);
    return rc;
}

static int recover(const struct names *n, uint64_t *records,
                   struct trace_error *err)
{
    bool sealed = false;
    int rc = check_records(n->file, records, &sealed, err);

    if (!rc && sealed && n->file == n->final)
        return trace_fail(err, -EALREADY, "%.400s: is complete", n->file);
    if (!rc && !sealed)
        rc = seal(n->file, *records, err);
    if (rc || n->file == n->final)
        return rc;
    rc = file_publish(n->partial, n->final, false);
    if (rc)
        trace_fail(err, rc, "%.200s: cannot become %.200s: %s", n->partial,
                   n->final, strerror(-rc));
    return rc;
}

int trace_recover(const char *path, uint64_t *records,
                  struct trace_error *err)
{
    struct names n = { NULL, NULL, NULL };
    uint64_t count = 0;
    int lock = -1;
    int rc = find_names(&n, path, err);

    if (!rc && !file_exists(n.file))
        rc = trace_fail(err, -ENOENT, "%.400s: %s", path, strerror(ENOENT));
    if (!rc) {
        lock = file_lock(n.partial);
        rc = lock < 0 ? lock : 0;
        if (rc == -EBUSY)
            trace_fail(err, rc, "%.400s: is being recorded", n.file);
        else if (rc)
            trace_fail(err, rc, "%.400s: cannot lock: %s", n.partial,
                       strerror(-rc));
    }
    if (!rc)
        rc = recover(&n, &count, err);
    if (!rc && records)
        *records = count;
    if (lock >= 0)
        file_unlock(n.partial, lock);
    free(n.partial);
    free(n.final);
    return rc;
}
