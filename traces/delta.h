/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What makes a chunk small before zstd sees it, and zstd fast: each record is
 * XORed with the last one of the same operation in the chunk, word by word,
 * and only the low bytes that are not zero are kept.
 *
 * For each 8 words of 8 bytes of a record: one byte that says which of them
 * differ, and for each of those one byte that says how many low bytes follow
 * (1 to 8) in the second stream. */
#ifndef XENREEL_TRACES_DELTA_H
#define XENREEL_TRACES_DELTA_H

#include <stddef.h>
#include <stdint.h>

#define DELTA_OPS   1024        /* operation ids are below */

struct delta_entry {            /* of one record, in order */
    uint32_t start;             /* offset in the raw bytes */
    uint16_t op;                /* op.id of the file */
    uint16_t flags;             /* RECORD_* */
};

/* Room that delta_encode may need for COUNT records of SIZE bytes. */
size_t delta_bound(size_t size, uint32_t count);

/* Encode COUNT records, SIZE bytes at RAW, to OUT: its length.  Starts and
 * SIZE are multiples of 8. */
size_t delta_encode(const unsigned char *raw, size_t size,
                    const struct delta_entry *entries, uint32_t count,
                    unsigned char *out);

/* Decode LEN bytes, which may be anything: exactly COUNT entries and SIZE
 * raw bytes.  0, or -EBADMSG; the entries are checked then. */
int delta_decode(const unsigned char *in, size_t len,
                 struct delta_entry *entries, uint32_t count,
                 unsigned char *raw, size_t size);

#endif
