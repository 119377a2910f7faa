/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "traces/error.h"
#include "traces/file.h"
#include "traces/schema.h"

#define BUSY_MS 5000

int db_errno(sqlite3 *db)
{
    int system;

    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOTADB:
        return -EINVAL;
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:          /* a table is missing */
    case SQLITE_SCHEMA:
        return -EBADMSG;
    case SQLITE_READONLY:
        return -EACCES;
    default:
        system = sqlite3_system_errno(db);
        return system > 0 ? -system : -EIO;
    }
}

int db_fail(sqlite3 *db, const char *path, const char *doing,
            struct trace_error *err)
{
    int rc = db_errno(db);
    bool opens = (sqlite3_errcode(db) & 0xff) == SQLITE_CANTOPEN;

    /* Of a file that cannot be opened SQLite's text does not say why. */
    return trace_fail(err, rc, "%.200s: %s: %.200s%s", path, doing,
                      opens ? strerror(-rc) : sqlite3_errmsg(db),
                      rc == -EBADMSG ? " (the file is damaged)" : "");
}

int db_exec(sqlite3 *db, const char *path, const char *sql,
            struct trace_error *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return db_fail(db, path, "cannot write", err);
}

int db_prepare(sqlite3 *db, const char *path, const char *sql,
               sqlite3_stmt **stmt, struct trace_error *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt,
                           NULL) == SQLITE_OK)
        return 0;
    return db_fail(db, path, "cannot read", err);
}

int db_get_int(sqlite3 *db, const char *path, const char *sql, int64_t *value,
               struct trace_error *err)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(db, path, sql, &stmt, err);

    if (rc)
        return rc;
    *value = 0;
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        *value = sqlite3_column_int64(stmt, 0);
        break;
    case SQLITE_DONE:
        break;
    default:
        rc = db_fail(db, path, "cannot read", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* Killed before its first commit, which makes the tables, a recorder leaves an
 * empty file. */
static bool is_unborn(sqlite3 *db, const char *path)
{
    int64_t tables;

    return file_is_partial(path) && !db_get_int(db, path, "SELECT count(*) "
           "FROM sqlite_master", &tables, NULL) && !tables;
}

static int check_identity(sqlite3 *db, const char *path,
                          struct trace_error *err)
{
    int64_t id, version;
    int rc = db_get_int(db, path, "PRAGMA application_id", &id, err);

    if (!rc)
        rc = db_get_int(db, path, "PRAGMA user_version", &version, err);
    if (rc == -EINVAL)
        return trace_fail(err, rc, "%.400s: not a xenreel trace: of a "
                          "text \"xenreel record\" or \"import\" makes one",
                          path);
    if (rc)
        return rc;
    if (!id && is_unborn(db, path))
        return trace_fail(err, -EINVAL, "%.400s: its recorder was killed "
                          "before it recorded anything: remove it", path);
    if (id != TRACE_APPLICATION_ID)
        return trace_fail(err, -EINVAL, "%.400s: not a xenreel trace (its "
                          "application_id is %#" PRIx64 ")", path, id);
    if (version != TRACE_VERSION)
        return trace_fail(err, -EPROTONOSUPPORT, "%.300s: version %" PRId64
                          " of the trace format; this xenreel reads version "
                          "%d: use the xenreel that recorded it, or export it "
                          "there as text and import that", path, version,
                          TRACE_VERSION);
    return 0;
}

static int open_once(const char *path, int flags, sqlite3 **db,
                     struct trace_error *err)
{
    int rc;

    if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK) {
        rc = *db ? db_fail(*db, path, "cannot open", err) :
             trace_fail(err, -ENOMEM, "%.400s: out of memory", path);
    } else {
        sqlite3_extended_result_codes(*db, 1);
        sqlite3_busy_timeout(*db, BUSY_MS);
        /* The file may come from anybody. */
        sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        rc = check_identity(*db, path, err);
    }
    if (rc) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return rc;
}

int db_open_trace(const char *path, bool writable, sqlite3 **db,
                  struct trace_error *err)
{
    struct stat st;
    int rc;

    *db = NULL;
    if (stat(path, &st)) {
        rc = -errno;
        return trace_fail(err, rc, "%.400s: %s", path, strerror(-rc));
    }
    if (!S_ISREG(st.st_mode))
        return trace_fail(err, -EINVAL, "%.400s: not a file", path);
    if (!writable) {
        rc = open_once(path, SQLITE_OPEN_READONLY, db, err);
        /* A recorder that died within a transaction: only a connection that
         * may write can take it back. */
        if (rc != -EACCES)
            return rc;
    }
    return open_once(path, SQLITE_OPEN_READWRITE, db, err);
}
