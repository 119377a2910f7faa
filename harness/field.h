/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Field descriptors: how the members of a plain C structure are named,
 * printed, parsed and compared.  Everything generic in xenreel (the text
 * form, the trace store, the replay's comparison) walks these tables. */
#ifndef XENREEL_FIELD_H
#define XENREEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A variable-length member.  The structure that holds it does not own the
 * bytes: they belong to whoever filled the structure, and must outlive the
 * call it is passed to. */
struct hv_span {
    void *p;
    uint32_t len;       /* bytes */
    uint32_t pad;
};

enum hv_ftype {
    HV_DEC,             /* unsigned, decimal */
    HV_HEX,             /* unsigned, 0x... */
    HV_SDEC,            /* signed, decimal */
    HV_ENUM,            /* a name of .names, or a number when it has none */
    HV_FLAGS,           /* a|b|0x40, names of .names; 0 is "-" */
    HV_ERRNO,           /* negative errno by name (ESRCH), 0 is 0 */
    HV_BYTES,           /* span: hexadecimal digits */
    HV_U64S,            /* span of uint64_t: 0x1,0x2 */
    HV_U8S,             /* span of uint8_t through .names: n,r,rwx */
    HV_TEXT,            /* span: a quoted string, no terminating zero */
};

/* What the field is in a replay. */
enum hv_role {
    HV_IN,              /* argument: given to the implementation */
    HV_OUT,             /* result that the rules determine: compared */
    HV_OBS,             /* observation: only a live guest or clock knows it;
                         * never compared, supplied to the model */
};

struct hv_name {
    uint64_t value;     /* enum value, or one flag bit */
    const char *name;   /* NULL ends a table */
};

struct hv_field {
    const char *name;   /* NULL ends a table */
    uint16_t offset;    /* bytes from the start of the structure */
    uint8_t size;       /* 1, 2, 4 or 8; sizeof(struct hv_span) for spans */
    uint8_t type;       /* enum hv_ftype */
    uint8_t role;       /* enum hv_role */
    uint8_t optional;   /* all ones means absent: not printed, not compared;
                         * what the text leaves out becomes all ones */
    const struct hv_name *names;        /* HV_ENUM, HV_FLAGS, HV_U8S */
    uint64_t when;      /* groups in which the field exists, 0 for always;
                         * see hv_op_groups() */
};

static inline bool hv_field_is_span(const struct hv_field *f)
{
    return f->type >= HV_BYTES;
}

/* The integer value of F in structure S (sign-extended for HV_SDEC and
 * HV_ERRNO).  F must not be a span. */
uint64_t hv_field_get(const struct hv_field *f, const void *s);
void hv_field_set(const struct hv_field *f, void *s, uint64_t value);

/* True when F is optional and absent from S. */
bool hv_field_absent(const struct hv_field *f, const void *s);

/* True when F holds the same in A and B. */
bool hv_field_equal(const struct hv_field *f, const void *a, const void *b);

/* Print F's value (not its name) to OUT. */
void hv_field_print(FILE *out, const struct hv_field *f, const void *s);

/* Parse TEXT (a whole value, as hv_field_print wrote it) into S.  A span's
 * bytes are allocated with malloc and become the caller's.  0, -EINVAL when
 * TEXT is no such value, -ERANGE when it does not fit, -ENOMEM. */
int hv_field_parse(const struct hv_field *f, void *s, const char *text);

/* The name of VALUE in TABLE, or NULL. */
const char *hv_name_of(const struct hv_name *table, uint64_t value);
/* The value of NAME in TABLE: 0 and *value, or -ENOENT. */
int hv_name_value(const struct hv_name *table, const char *name,
                  uint64_t *value);

/* "ESRCH" for 3, or NULL; and back: 3 for "ESRCH", or -ENOENT. */
const char *hv_errno_name(int err);
int hv_errno_value(const char *name);

#endif
