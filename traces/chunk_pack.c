/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/chunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Behind delta.h the entropy coding is what counts: level 1 gains 8 % in size
 * and takes twice the time. */
#define ZSTD_LEVEL  (-5)
#define HEAD        16          /* result and wall_ns */

int chunk_room(struct chunk_buffer *b, size_t need)
{
    unsigned char *p;

    if (need <= b->room)
        return 0;
    need += need / 2;
    p = realloc(b->p, need);
    if (!p)
        return -ENOMEM;
    b->p = p;
    b->room = need;
    return 0;
}

int chunk_packer_init(struct chunk_packer *p)
{
    memset(p, 0, sizeof(*p));
    p->first = 1;
    p->zstd = ZSTD_createCCtx();
    return p->zstd ? 0 : -ENOMEM;
}

void chunk_packer_free(struct chunk_packer *p)
{
    ZSTD_freeCCtx(p->zstd);
    free(p->raw.p);
    free(p->delta.p);
    free(p->packed.p);
    memset(p, 0, sizeof(*p));
}

static size_t spans_size(const struct hv_record *rec)
{
    size_t size = 0;

    for (const struct hv_field *f = hv_ops_table[rec->op].fields; f->name;
         f++) {
        const struct hv_span *span;

        span = (const void *)((const char *)&rec->args + f->offset);
        if (hv_field_is_span(f))
            size += chunk_round8(span->len);
    }
    return size;
}

/* Move what the spans of ARGS point at to TO. */
static void append_spans(unsigned int op, unsigned char *args,
                         unsigned char *to)
{
    for (const struct hv_field *f = hv_ops_table[op].fields; f->name; f++) {
        struct hv_span *span = (void *)(args + f->offset);

        if (!hv_field_is_span(f))
            continue;
        if (span->len)
            memcpy(to, span->p, span->len);
        memset(to + span->len, 0, chunk_round8(span->len) - span->len);
        to += chunk_round8(span->len);
        span->p = NULL;
    }
}

int chunk_append(struct chunk_packer *p, const struct hv_record *rec)
{
    size_t size = hv_ops_table[rec->op].size;
    size_t need = HEAD + chunk_round8(size);
    bool has_spans = hv_record_has_spans(rec->op);
    unsigned char *to;

    if (has_spans)
        need += spans_size(rec);
    if (chunk_room(&p->raw, p->len + need))
        return -ENOMEM;
    to = p->raw.p + p->len;
    memcpy(to, &rec->result, 8);
    memcpy(to + 8, &rec->wall_ns, 8);
    to += HEAD;
    memcpy(to, &rec->args, size);
    memset(to + size, 0, chunk_round8(size) - size);
    if (has_spans)
        append_spans(rec->op, to, to + chunk_round8(size));
    p->entries[p->count++] = (struct delta_entry){
        (uint32_t)p->len, (uint16_t)rec->op, (uint16_t)rec->flags
    };
    p->len += need;
    return 0;
}

bool chunk_is_full(const struct chunk_packer *p)
{
    return p->count == CHUNK_RECORDS || p->len >= CHUNK_BYTES;
}

int chunk_pack(struct chunk_packer *p, size_t *len)
{
    size_t n;

    if (chunk_room(&p->delta, delta_bound(p->len, p->count)))
        return -ENOMEM;
    n = delta_encode(p->raw.p, p->len, p->entries, p->count, p->delta.p);
    if (chunk_room(&p->packed, ZSTD_compressBound(n)))
        return -ENOMEM;
    n = ZSTD_compressCCtx(p->zstd, p->packed.p, p->packed.room, p->delta.p, n,
                          ZSTD_LEVEL);
    if (ZSTD_isError(n))
        return -EIO;
    *len = n;
    return 0;
}

void chunk_restart(struct chunk_packer *p, uint64_t first)
{
    p->first = first;
    p->count = 0;
    p->len = 0;
}
