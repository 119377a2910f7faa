/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a chunk, whose bytes may be anything. */
#include "traces/chunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define HEAD    16              /* result and wall_ns */

void chunk_free(struct chunk *c)
{
    ZSTD_freeDCtx(c->zstd);
    free(c->raw.p);
    free(c->delta.p);
    memset(c, 0, sizeof(*c));
}

int chunk_unpack(struct chunk *c, int64_t count, int64_t codec, int64_t size,
                 const void *data, size_t len)
{
    size_t n;

    c->count = 0;
    if (count < 1 || count > CHUNK_RECORDS || codec != CODEC_DELTA_ZSTD ||
        size < HEAD * count || size > CHUNK_MAX || !data)
        return -EBADMSG;
    if (!c->zstd)
        c->zstd = ZSTD_createDCtx();
    n = delta_bound((size_t)size, (uint32_t)count);
    if (!c->zstd || chunk_room(&c->raw, (size_t)size) ||
        chunk_room(&c->delta, n))
        return -ENOMEM;
    n = ZSTD_decompressDCtx(c->zstd, c->delta.p, n, data, len);
    if (ZSTD_isError(n) ||
        delta_decode(c->delta.p, n, c->entries, (uint32_t)count, c->raw.p,
                     (size_t)size))
        return -EBADMSG;
    c->size = (size_t)size;
    c->count = (uint32_t)count;
    return 0;
}

/* Point REC's spans at the LEFT bytes from FROM. */
static int read_spans(struct hv_record *rec, unsigned char *from, size_t left)
{
    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        struct hv_span *span;

        if (!hv_field_is_span(f))
            continue;
        span = (void *)((char *)&rec->args + f->offset);
        if (span->len > left || chunk_round8(span->len) > left ||
            (f->type == HV_U64S && span->len % 8))
            return -EBADMSG;
        span->p = span->len ? from : NULL;
        from += chunk_round8(span->len);
        left -= chunk_round8(span->len);
    }
    return left ? -EBADMSG : 0;
}

int chunk_read(const struct chunk *c, uint32_t index, const int *ops,
               struct hv_record *rec)
{
    const struct delta_entry *e = &c->entries[index];
    size_t end = index + 1 < c->count ? e[1].start : c->size;
    unsigned char *from = c->raw.p + e->start;
    size_t len = end - e->start, size;

    if (len < HEAD)
        return -EBADMSG;
    rec->seq = c->first + index;
    memcpy(&rec->result, from, 8);
    memcpy(&rec->wall_ns, from + 8, 8);
    rec->flags = e->flags;
    rec->op = e->op;
    if (ops[e->op] < 0)
        return -ENOTSUP;
    rec->op = (uint32_t)ops[e->op];
    size = hv_ops_table[rec->op].size;
    from += HEAD;
    len -= HEAD;
    if (len < chunk_round8(size))
        return -EBADMSG;
    memcpy(&rec->args, from, size);
    from += chunk_round8(size);
    len -= chunk_round8(size);
    if (hv_record_has_spans(rec->op))
        return read_spans(rec, from, len);
    return len ? -EBADMSG : 0;
}
