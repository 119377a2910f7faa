/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, lock and SQLite connection of a trace file, inside traces/.
 *
 * Who records NAME.partial (or recovers it) holds an flock on
 * NAME.partial.lock, which the kernel releases when the process dies: that
 * tells a trace being recorded from one whose recorder crashed.  The lock is
 * not on the trace itself because closing any descriptor of that would drop
 * SQLite's own locks. */
#ifndef XENREEL_TRACES_FILE_H
#define XENREEL_TRACES_FILE_H

#include <sqlite3.h>

#include "traces/trace.h"

/* PATH with SUFFIX appended, malloc'd, or NULL. */
char *file_name(const char *path, const char *suffix);
bool file_is_partial(const char *path);
bool file_exists(const char *path);

/* Take the lock of PARTIAL: a descriptor, -EBUSY while somebody holds it, or
 * -Exxx. */
int file_lock(const char *partial);
/* Release it and remove its file. */
void file_unlock(const char *partial, int fd);
bool file_is_locked(const char *partial);

/* Make PARTIAL's contents durable and give it the name PATH, which must not
 * exist unless OVERWRITE.  0 or -Exxx. */
int file_publish(const char *partial, const char *path, bool overwrite);

/* The -Exxx for DB's last error; -EBADMSG when the file is damaged, -EINVAL
 * when it is no database. */
int db_errno(sqlite3 *db);
/* Describe DB's last error and return it. */
int db_fail(sqlite3 *db, const char *path, const char *doing,
            struct trace_error *err);
/* Run statements that return no rows. */
int db_exec(sqlite3 *db, const char *path, const char *sql,
            struct trace_error *err);
int db_prepare(sqlite3 *db, const char *path, const char *sql,
               sqlite3_stmt **stmt, struct trace_error *err);
/* The first column of the only row of SQL. */
int db_get_int(sqlite3 *db, const char *path, const char *sql, int64_t *value,
               struct trace_error *err);

/* Open PATH, which must be a trace of our version: a crashed transaction in
 * it is rolled back.  On failure nothing is left open. */
int db_open_trace(const char *path, bool writable, sqlite3 **db,
                  struct trace_error *err);

#endif
