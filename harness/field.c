/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/field.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct hv_span *span_of(const struct hv_field *f, const void *s)
{
    return (const void *)((const char *)s + f->offset);
}

uint64_t hv_field_get(const struct hv_field *f, const void *s)
{
    const char *p = (const char *)s + f->offset;
    bool is_signed = f->type == HV_SDEC || f->type == HV_ERRNO;
    uint64_t v = 0;

    memcpy(&v, p, f->size);     /* little endian, as every Xen ABI here */
    if (is_signed && f->size < 8) {
        unsigned int shift = 64 - 8 * f->size;

        v = (uint64_t)((int64_t)(v << shift) >> shift);
    }
    return v;
}

void hv_field_set(const struct hv_field *f, void *s, uint64_t value)
{
    memcpy((char *)s + f->offset, &value, f->size);
}

bool hv_field_absent(const struct hv_field *f, const void *s)
{
    static const unsigned char ones[8] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    };

    return f->optional && !memcmp((const char *)s + f->offset, ones, f->size);
}

bool hv_field_equal(const struct hv_field *f, const void *a, const void *b)
{
    if (hv_field_is_span(f)) {
        const struct hv_span *x = span_of(f, a), *y = span_of(f, b);

        return x->len == y->len && (!x->len || !memcmp(x->p, y->p, x->len));
    }
    return hv_field_get(f, a) == hv_field_get(f, b);
}

const char *hv_name_of(const struct hv_name *table, uint64_t value)
{
    for (; table && table->name; table++) {
        if (table->value == value)
            return table->name;
    }
    return NULL;
}

int hv_name_value(const struct hv_name *table, const char *name,
                  uint64_t *value)
{
    for (; table && table->name; table++) {
        if (!strcmp(table->name, name)) {
            *value = table->value;
            return 0;
        }
    }
    return -ENOENT;
}

/* The values of errno that Xen's interfaces return. */
static const struct hv_name errnos[] = {
    { EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { ESRCH, "ESRCH" },
    { EIO, "EIO" }, { ENXIO, "ENXIO" }, { E2BIG, "E2BIG" },
    { ENOEXEC, "ENOEXEC" }, { EBADF, "EBADF" }, { ECHILD, "ECHILD" },
    { EAGAIN, "EAGAIN" }, { ENOMEM, "ENOMEM" }, { EACCES, "EACCES" },
    { EFAULT, "EFAULT" }, { EBUSY, "EBUSY" }, { EEXIST, "EEXIST" },
    { EXDEV, "EXDEV" }, { ENODEV, "ENODEV" }, { ENOTDIR, "ENOTDIR" },
    { EINVAL, "EINVAL" }, { ENFILE, "ENFILE" }, { EMFILE, "EMFILE" },
    { ENOTTY, "ENOTTY" }, { ENOSPC, "ENOSPC" }, { EROFS, "EROFS" },
    { EMLINK, "EMLINK" }, { EDOM, "EDOM" }, { ERANGE, "ERANGE" },
    { EDEADLK, "EDEADLK" }, { ENAMETOOLONG, "ENAMETOOLONG" },
    { ENOSYS, "ENOSYS" }, { ENODATA, "ENODATA" }, { EBADRQC, "EBADRQC" },
    { EOVERFLOW, "EOVERFLOW" }, { EILSEQ, "EILSEQ" },
    { EMSGSIZE, "EMSGSIZE" }, { EOPNOTSUPP, "EOPNOTSUPP" },
    { ENOBUFS, "ENOBUFS" }, { EADDRINUSE, "EADDRINUSE" },
    { EADDRNOTAVAIL, "EADDRNOTAVAIL" }, { EISCONN, "EISCONN" },
    { ENOTCONN, "ENOTCONN" }, { ETIMEDOUT, "ETIMEDOUT" },
    { ECONNREFUSED, "ECONNREFUSED" }, { EALREADY, "EALREADY" },
    { 0, NULL }
};

const char *hv_errno_name(int err)
{
    return hv_name_of(errnos, (uint64_t)err);
}

int hv_errno_value(const char *name)
{
    uint64_t v;

    return hv_name_value(errnos, name, &v) ? -ENOENT : (int)v;
}

static void print_flags(FILE *out, const struct hv_field *f, uint64_t v)
{
    const char *sep = "";

    if (!v)
        fputc('-', out);
    for (const struct hv_name *n = f->names; v && n && n->name; n++) {
        if (!(v & n->value))
            continue;
        fprintf(out, "%s%s", sep, n->name);
        v &= ~n->value;
        sep = "|";
    }
    if (v)
        fprintf(out, "%s%#" PRIx64, sep, v);
}

static void print_text(FILE *out, const unsigned char *p, uint32_t len)
{
    fputc('"', out);
    for (uint32_t i = 0; i < len; i++) {
        if (p[i] == '"' || p[i] == '\\')
            fprintf(out, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            fprintf(out, "\\x%02x", p[i]);
        else
            fputc(p[i], out);
    }
    fputc('"', out);
}

static void print_span(FILE *out, const struct hv_field *f,
                       const struct hv_span *span)
{
    const unsigned char *p = span->p;
    uint64_t v;

    if (f->type == HV_TEXT) {
        print_text(out, p, span->len);
        return;
    }
    if (!span->len)
        fputc('-', out);
    for (uint32_t i = 0; i < span->len; i++) {
        if (f->type == HV_BYTES) {
            fprintf(out, "%02x", p[i]);
        } else if (f->type == HV_U8S) {
            const char *name = hv_name_of(f->names, p[i]);

            if (name)
                fprintf(out, "%s%s", i ? "," : "", name);
            else
                fprintf(out, "%s%u", i ? "," : "", p[i]);
        } else if (i % 8 == 0 && i + 8 <= span->len) {
            memcpy(&v, p + i, 8);
            fprintf(out, "%s%#" PRIx64, i ? "," : "", v);
        }
    }
}

void hv_field_print(FILE *out, const struct hv_field *f, const void *s)
{
    const char *name = NULL;
    uint64_t v;

    if (hv_field_is_span(f)) {
        print_span(out, f, span_of(f, s));
        return;
    }
    v = hv_field_get(f, s);
    if (f->type == HV_ENUM)
        name = hv_name_of(f->names, v);
    if (f->type == HV_ERRNO && (int64_t)v < 0)
        name = hv_errno_name((int)-(int64_t)v);
    if (name)
        fprintf(out, "%s%s", f->type == HV_ERRNO ? "-" : "", name);
    else if (f->type == HV_FLAGS)
        print_flags(out, f, v);
    else if (f->type == HV_HEX)
        fprintf(out, "%#" PRIx64, v);
    else if (f->type == HV_SDEC || f->type == HV_ERRNO)
        fprintf(out, "%" PRId64, (int64_t)v);
    else
        fprintf(out, "%" PRIu64, v);
}

/* A whole number in C's notation, without a sign. */
static int parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (*end)
        return -EINVAL;
    return errno ? -ERANGE : 0;
}

/* The same for field F: only a signed one takes a minus, and no field a value
 * that it cannot hold. */
static int parse_sized(const struct hv_field *f, const char *text,
                       uint64_t *value)
{
    bool is_signed = f->type == HV_SDEC || f->type == HV_ERRNO;
    bool minus = text[0] == '-';
    uint64_t most = ~0ull >> (64 - 8 * f->size);
    int rc = parse_number(text + minus, value);

    if (rc)
        return rc;
    if (minus && !is_signed)
        return -ERANGE;
    if (is_signed)
        most = most / 2 + minus;
    if (*value > most)
        return -ERANGE;
    if (minus)
        *value = -*value;
    return 0;
}

static int parse_flags(const struct hv_field *f, const char *text,
                       uint64_t *value)
{
    char word[32];
    uint64_t bit;

    *value = 0;
    if (!strcmp(text, "-"))
        return 0;
    while (*text) {
        size_t n = strcspn(text, "|");

        if (!n || n >= sizeof(word))
            return -EINVAL;
        memcpy(word, text, n);
        word[n] = 0;
        if (hv_name_value(f->names, word, &bit) && parse_number(word, &bit))
            return -EINVAL;
        *value |= bit;
        text += n;
        if (*text && !*++text)
            return -EINVAL;
    }
    return 0;
}

static int hex_digit(int c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static int parse_bytes(struct hv_span *span, const char *text)
{
    size_t n = strlen(text) / 2;
    unsigned char *p = span->p;

    if (strlen(text) % 2)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_digit((unsigned char)text[2 * i]);
        int lo = hex_digit((unsigned char)text[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return -EINVAL;
        p[i] = hi << 4 | lo;
    }
    span->len = n;
    return 0;
}

static int parse_text(struct hv_span *span, const char *text)
{
    unsigned char *p = span->p;
    size_t n = strlen(text), len = 0;

    if (n < 2 || text[0] != '"' || text[n - 1] != '"')
        return -EINVAL;
    for (size_t i = 1; i < n - 1; i++) {
        if (text[i] != '\\') {
            p[len++] = text[i];
        } else if (text[i + 1] == 'x' && i + 3 < n - 1) {
            int hi = hex_digit((unsigned char)text[i + 2]);
            int lo = hex_digit((unsigned char)text[i + 3]);

            if (hi < 0 || lo < 0)
                return -EINVAL;
            p[len++] = hi << 4 | lo;
            i += 3;
        } else if (i + 1 < n - 1) {
            p[len++] = text[++i];
        } else {
            return -EINVAL;
        }
    }
    span->len = len;
    return 0;
}

static int parse_list(const struct hv_field *f, struct hv_span *span,
                      const char *text)
{
    char word[32];
    uint64_t v;

    while (*text) {
        size_t n = strcspn(text, ",");

        if (!n || n >= sizeof(word))
            return -EINVAL;
        memcpy(word, text, n);
        word[n] = 0;
        if (hv_name_value(f->names, word, &v) && parse_number(word, &v))
            return -EINVAL;
        if (f->type == HV_U64S) {
            memcpy((char *)span->p + span->len, &v, 8);
            span->len += 8;
        } else if (v > 0xff) {
            return -ERANGE;
        } else {
            ((unsigned char *)span->p)[span->len++] = v;
        }
        text += n;
        if (*text && !*++text)
            return -EINVAL;
    }
    return 0;
}

static int parse_span(const struct hv_field *f, struct hv_span *span,
                      const char *text)
{
    int rc = 0;

    /* Every element takes at least one character, and 8 bytes at most. */
    span->len = 0;
    span->p = malloc(8 * strlen(text) + 8);
    if (!span->p)
        return -ENOMEM;
    if (f->type == HV_TEXT)
        rc = parse_text(span, text);
    else if (!strcmp(text, "-"))
        rc = 0;
    else if (f->type == HV_BYTES)
        rc = parse_bytes(span, text);
    else
        rc = parse_list(f, span, text);
    if (rc) {
        free(span->p);
        span->p = NULL;
        span->len = 0;
    }
    return rc;
}

int hv_field_parse(const struct hv_field *f, void *s, const char *text)
{
    uint64_t v;
    int rc = 0;

    if (hv_field_is_span(f))
        return parse_span(f, (void *)((char *)s + f->offset), text);
    if (f->type == HV_FLAGS)
        rc = parse_flags(f, text, &v);
    else if (f->type == HV_ERRNO && text[0] == '-' &&
             hv_errno_value(text + 1) > 0)
        v = (uint64_t)-(int64_t)hv_errno_value(text + 1);
    else if (f->type != HV_ENUM || hv_name_value(f->names, text, &v))
        rc = parse_sized(f, text, &v);
    if (!rc && f->type == HV_FLAGS && v > ~0ull >> (64 - 8 * f->size))
        rc = -ERANGE;
    if (rc)
        return rc;
    hv_field_set(f, s, v);
    return 0;
}
