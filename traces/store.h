/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SQLite side of recording; used by one thread, see writer.c. */
#ifndef XENREEL_TRACES_STORE_H
#define XENREEL_TRACES_STORE_H

#include "traces/chunk.h"
#include "traces/columns.h"
#include "traces/file.h"

#define STORE_ROWS  32          /* inserted by one statement */

/* A row of table "record" but for seq, in the order of its columns. */
#define STORE_COLUMNS   (COL_COUNT + 3)

struct store_row {
    int64_t value[STORE_COLUMNS];
    unsigned int present;       /* bit N: column N is not NULL */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *insert_row, *insert_rows, *insert_chunk;
    struct chunk_packer packer;
    struct store_row rows[STORE_ROWS];  /* not yet inserted: the last ones */
    struct store_row bound[STORE_ROWS]; /* what insert_rows has */
    unsigned int nr_rows;
    uint64_t count;             /* records */
    unsigned int uncommitted;
    bool in_transaction;
    char *path;
    struct trace_error error;   /* of the first call that failed */
};

/* Create PATH, which does not exist, with everything but records.  On failure
 * ERR says why, and nothing is left open. */
int store_create(struct store *s, const char *path,
                 const struct trace_meta *meta, struct trace_error *err);
/* Add REC (normalised); its seq is the next number. */
int store_add(struct store *s, const struct hv_record *rec);
/* Make what was added visible and safe against a crash of this process.
 * 0 also when a reader keeps us from it: it is done next time then. */
int store_commit(struct store *s);
/* Commit all, and mark the trace complete. */
int store_seal(struct store *s);
/* Close; what is not committed is lost. */
void store_close(struct store *s);

#endif
