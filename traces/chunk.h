/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chunk: some records' raw bytes in one compressed blob, zstd over delta.h
 * over the records one after the other:
 *
 *   s64 result, u64 wall_ns, the argument structure with zero for pointers,
 *   and the contents of its spans in the order of the fields; structure and
 *   contents each start at a multiple of 8
 *
 * All numbers are little endian. */
#ifndef XENREEL_TRACES_CHUNK_H
#define XENREEL_TRACES_CHUNK_H

#include "harness/record.h"
#include "traces/delta.h"
#include "traces/schema.h"
#include "traces/trace.h"

struct chunk_buffer {
    unsigned char *p;
    size_t room;
};

/* 0, or -ENOMEM and B is as it was. */
int chunk_room(struct chunk_buffer *b, size_t need);

static inline size_t chunk_round8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

struct chunk_packer {
    uint64_t first;             /* seq of the first record */
    uint32_t count;
    struct delta_entry entries[CHUNK_RECORDS];
    size_t len;                 /* of raw */
    struct chunk_buffer raw, delta, packed;
    void *zstd;
};

int chunk_packer_init(struct chunk_packer *p);
void chunk_packer_free(struct chunk_packer *p);
/* Append REC (normalised): 0 or -ENOMEM. */
int chunk_append(struct chunk_packer *p, const struct hv_record *rec);
bool chunk_is_full(const struct chunk_packer *p);
/* Compress what is there, which stays: *LEN bytes at p->packed.p, p->len when
 * decompressed.  0, -ENOMEM or -EIO. */
int chunk_pack(struct chunk_packer *p, size_t *len);
/* Empty; the next record is FIRST. */
void chunk_restart(struct chunk_packer *p, uint64_t first);

/* A decompressed chunk. */
struct chunk {
    uint64_t first;
    uint32_t count;             /* 0: none */
    struct delta_entry entries[CHUNK_RECORDS];
    size_t size;                /* of raw */
    struct chunk_buffer raw, delta;
    void *zstd;
};

void chunk_free(struct chunk *c);
/* Decompress; .first is left alone.  0, -ENOMEM, -EBADMSG. */
int chunk_unpack(struct chunk *c, int64_t count, int64_t codec, int64_t size,
                 const void *data, size_t len);
/* Read record INDEX, whose spans point into C; OPS maps the file's DELTA_OPS
 * op ids to ours, negative where we have none.  0; -EBADMSG when the bytes
 * are no record; -ENOTSUP for an unknown operation, whose id is then in
 * rec->op. */
int chunk_read(const struct chunk *c, uint32_t index, const int *ops,
               struct hv_record *rec);

#endif
