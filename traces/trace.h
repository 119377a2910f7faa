/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace store: one SQLite file, one row a record (docs/TRACE-FORMAT.md
 * has the schema).  Life cycle of name.xrt:
 *
 *   name.xrt.partial   while recording; meta.state is 'recording'
 *   name.xrt.partial   sealed in its last transaction ('sealed'), closed
 *   name.xrt           renamed
 *
 * so a reader tells a sealed trace, one being recorded and one whose recorder
 * crashed apart; the latter is readable up to its last commit and
 * trace_recover seals it. */
#ifndef XENREEL_TRACE_H
#define XENREEL_TRACE_H

#include "harness/record.h"

#define TRACE_ERROR_LEN 512

struct trace_writer;
struct trace_reader;

/* The longest span and the longest line of text that are stored. */
#define TRACE_SPAN_MAX  (16u << 20)

/* Why a call failed, for people: names the file, and the record or field
 * where there is one, and says what to do next. */
struct trace_error {
    char text[TRACE_ERROR_LEN];
};

/* What a trace says of where it was taken; strings may be NULL. */
struct trace_meta {
    const char *backend;        /* "sim", "xen", "oracle" */
    const char *xen_version;    /* "4.17" */
    const char *source;         /* file imported, command recorded */
    uint32_t vm_event_abi;      /* VM_EVENT_INTERFACE_VERSION */
    uint64_t seed;
};

enum trace_state { TRACE_SEALED, TRACE_RECORDING, TRACE_CRASHED };

/* Start PATH.partial (replacing none: -EEXIST when PATH or it exists, unless
 * OVERWRITE).  A thread of its own writes to SQLite. */
int trace_create(const char *path, const struct trace_meta *meta,
                 bool overwrite, struct trace_writer **writer,
                 struct trace_error *err);
/* Queue a copy of REC, normalised; from one thread at a time.  .seq is
 * assigned (1, 2, ...), .wall_ns is kept.  Blocks while the queue is full;
 * allocates nothing for a record without spans and makes no system call while
 * there is room.  0; -EINVAL for no such operation, -E2BIG for spans longer
 * than TRACE_SPAN_MAX, -ENOMEM (all three: REC alone is not stored); or the
 * writer's first -Exxx, and nothing is stored any more. */
int trace_put(struct trace_writer *writer, const struct hv_record *rec);
/* A sink on the writer; owned by the writer. */
struct hv_sink *trace_sink(struct trace_writer *writer);
/* Write all, seal, close, rename.  WRITER is freed, also on failure. */
int trace_seal(struct trace_writer *writer, struct trace_error *err);
/* Write what is queued and leave PATH.partial unsealed, or when KEEP is false
 * remove it.  Frees WRITER. */
void trace_abandon(struct trace_writer *writer, bool keep);

/* Open PATH for reading (a .partial too).  -ENOENT, -EINVAL when it is no
 * trace, -EPROTONOSUPPORT for another version of the format, -EBADMSG when it
 * is damaged. */
int trace_open(const char *path, struct trace_reader **reader,
               struct trace_error *err);
void trace_close(struct trace_reader *reader);
enum trace_state trace_state(const struct trace_reader *reader);
const struct trace_meta *trace_meta(const struct trace_reader *reader);
uint64_t trace_count(const struct trace_reader *reader);

/* The next record: 1, 0 at the end, -Exxx (trace_last_error): -EBADMSG when
 * the file is damaged, -ENOTSUP for an operation that we do not have.  Its
 * spans belong to the reader and last until the next call.  Any record can be
 * reached without decoding all before it. */
int trace_next(struct trace_reader *reader, struct hv_record *rec);
/* Go to record SEQ: 0 or -ENOENT. */
int trace_seek(struct trace_reader *reader, uint64_t seq);
/* Only records for which the SQL expression WHERE over the columns of view
 * "records" holds; NULL for all.  -EINVAL with SQLite's message. */
int trace_filter(struct trace_reader *reader, const char *where,
                 struct trace_error *err);
struct hv_source *trace_source(struct trace_reader *reader);
const struct trace_error *trace_last_error(const struct trace_reader *reader);

/* Seal what a crashed recorder left: PATH or PATH.partial becomes a sealed
 * PATH; *records is how many it has.  0, -EALREADY when it is sealed, -EBUSY
 * while it is being recorded, -EEXIST when PATH and PATH.partial exist. */
int trace_recover(const char *path, uint64_t *records,
                  struct trace_error *err);

#endif
