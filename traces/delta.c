/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/delta.h"

#include <errno.h>
#include <string.h>

/* Encoded: u32 length of the first stream; the entries, with lengths for
 * starts, which repeat; the two streams. */
#define HEAD    4

struct streams {
    const unsigned char *masks, *masks_end;
    const unsigned char *bytes, *bytes_end;
};

static size_t masks_bound(size_t size, uint32_t count)
{
    return size / 8 + size / 64 + count;
}

size_t delta_bound(size_t size, uint32_t count)
{
    /* 8: a word is stored whole before its length counts. */
    return HEAD + count * sizeof(struct delta_entry) +
           masks_bound(size, count) + size + 8;
}

static size_t end_of(const struct delta_entry *entries, uint32_t count,
                     uint32_t i, size_t size)
{
    return i + 1 < count ? entries[i + 1].start : size;
}

static uint64_t load(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

/* Encode the LEN bytes at CUR against the PREV_LEN bytes at PREV. */
static void encode_one(const unsigned char *cur, size_t len,
                       const unsigned char *prev, size_t prev_len,
                       unsigned char **masks, unsigned char **bytes)
{
    unsigned char *m = *masks, *b = *bytes;
    uint64_t diff[8];

    for (size_t i = 0; i < len; i += 64) {
        unsigned int words = len - i < 64 ? (len - i) / 8 : 8, mask = 0;

        /* First without a branch that depends on the data. */
        for (unsigned int k = 0; k < words; k++) {
            size_t at = i + 8 * k;

            diff[k] = load(cur + at) ^ (at < prev_len ? load(prev + at) : 0);
            mask |= (unsigned int)!!diff[k] << k;
        }
        *m++ = mask;
        for (; mask; mask &= mask - 1) {
            uint64_t v = diff[__builtin_ctz(mask)];
            unsigned int n = (71 - (unsigned int)__builtin_clzll(v)) / 8;

            *m++ = n;
            memcpy(b, &v, 8);
            b += n;
        }
    }
    *masks = m;
    *bytes = b;
}

size_t delta_encode(const unsigned char *raw, size_t size,
                    const struct delta_entry *entries, uint32_t count,
                    unsigned char *out)
{
    size_t table = count * sizeof(*entries);
    unsigned char *masks = out + HEAD + table, *masks_start = masks;
    unsigned char *bytes = masks + masks_bound(size, count);
    unsigned char *bytes_start = bytes;
    uint32_t last[DELTA_OPS] = { 0 };   /* 1 + record of that operation */
    uint32_t len;

    for (uint32_t i = 0; i < count; i++) {
        const struct delta_entry *e = &entries[i];
        uint32_t l = last[e->op];
        size_t prev = l ? entries[l - 1].start : 0;
        size_t prev_len = l ? end_of(entries, count, l - 1, size) - prev : 0;

        encode_one(raw + e->start,
                   end_of(entries, count, i, size) - e->start, raw + prev,
                   prev_len, &masks, &bytes);
        last[e->op] = i + 1;
    }
    len = (uint32_t)(masks - masks_start);
    memcpy(out, &len, HEAD);
    for (uint32_t i = 0; i < count; i++) {
        struct delta_entry e = entries[i];

        e.start = (uint32_t)end_of(entries, count, i, size) - e.start;
        memcpy(out + HEAD + i * sizeof(e), &e, sizeof(e));
    }
    memmove(masks, bytes_start, bytes - bytes_start);
    return masks - out + (bytes - bytes_start);
}

/* SIZE bytes from AT on of PREV, which is zero behind its end. */
static void copy_some(unsigned char *cur, size_t size,
                      const unsigned char *prev, size_t prev_len, size_t at)
{
    size_t n = prev_len > at ? prev_len - at : 0;

    if (n > size)
        n = size;
    memcpy(cur, prev + at, n);
    memset(cur + n, 0, size - n);
}

static int decode_one(unsigned char *cur, size_t len,
                      const unsigned char *prev, size_t prev_len,
                      struct streams *s)
{
    for (size_t i = 0; i < len; i += 64) {
        size_t size = len - i < 64 ? len - i : 64;
        unsigned int mask;

        if (s->masks == s->masks_end)
            return -EBADMSG;
        mask = *s->masks++;
        if (size == 64 && prev_len >= i + 64)
            memcpy(cur + i, prev + i, 64);
        else
            copy_some(cur + i, size, prev, prev_len, i);
        for (; mask; mask &= mask - 1) {
            size_t at = 8u * (unsigned int)__builtin_ctz(mask);
            unsigned int n = s->masks < s->masks_end ? *s->masks++ : 0;
            uint64_t v, x = 0;

            if (at >= size || !n || n > 8 ||
                n > (size_t)(s->bytes_end - s->bytes))
                return -EBADMSG;
            memcpy(&x, s->bytes, n);
            s->bytes += n;
            v = load(cur + i + at) ^ x;
            memcpy(cur + i + at, &v, 8);
        }
    }
    return 0;
}

/* Turn lengths into starts, when they make sense. */
static int check_entries(struct delta_entry *entries, uint32_t count,
                         size_t size)
{
    size_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t len = entries[i].start;

        if (entries[i].op >= DELTA_OPS || len % 8 || len > size - at)
            return -EBADMSG;
        entries[i].start = (uint32_t)at;
        at += len;
    }
    return at == size ? 0 : -EBADMSG;
}

int delta_decode(const unsigned char *in, size_t len,
                 struct delta_entry *entries, uint32_t count,
                 unsigned char *raw, size_t size)
{
    size_t table = count * sizeof(*entries);
    uint32_t last[DELTA_OPS] = { 0 };
    struct streams s;
    uint32_t masks;
    int rc;

    if (!count || len < HEAD + table)
        return -EBADMSG;
    memcpy(&masks, in, HEAD);
    memcpy(entries, in + HEAD, table);
    if (masks > len - HEAD - table)
        return -EBADMSG;
    s.masks = in + HEAD + table;
    s.masks_end = s.bytes = s.masks + masks;
    s.bytes_end = in + len;
    rc = check_entries(entries, count, size);
    for (uint32_t i = 0; !rc && i < count; i++) {
        const struct delta_entry *e = &entries[i];
        uint32_t l = last[e->op];
        size_t prev = l ? entries[l - 1].start : 0;
        size_t prev_len = l ? end_of(entries, count, l - 1, size) - prev : 0;

        rc = decode_one(raw + e->start,
                        end_of(entries, count, i, size) - e->start,
                        raw + prev, prev_len, &s);
        last[e->op] = i + 1;
    }
    if (rc || s.masks != s.masks_end || s.bytes != s.bytes_end)
        return -EBADMSG;
    return 0;
}
