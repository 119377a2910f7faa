/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/export.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "harness/names.h"
#include "traces/columns.h"
#include "traces/error.h"
#include "traces/text.h"

/* -ENOMEM, or what OUT says. */
typedef int write_record(FILE *out, const struct hv_record *rec);

static int write_text(FILE *out, const struct hv_record *rec)
{
    text_print(out, rec);
    return 0;
}

/* The value as the text form has it, without quotes. */
static json_object *printed(const struct hv_field *f, const void *args)
{
    json_object *o = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *mem = open_memstream(&text, &len);

    if (!mem)
        return NULL;
    hv_field_print(mem, f, args);
    if (!fclose(mem) && len <= INT32_MAX)
        o = json_object_new_string_len(text, (int)len);
    free(text);
    return o;
}

/* JSON is UTF-8, a note is any bytes: the others become Latin-1's letters. */
static json_object *json_text(const struct hv_span *span)
{
    const unsigned char *p = span->p;
    char *text = malloc(2 * (size_t)span->len + 1);
    json_object *o = NULL;
    size_t n = 0;

    if (!text)
        return NULL;
    for (uint32_t i = 0; i < span->len; i++) {
        if (p[i] < 0x80) {
            text[n++] = (char)p[i];
        } else {
            text[n++] = (char)(0xc0 | p[i] >> 6);
            text[n++] = (char)(0x80 | (p[i] & 0x3f));
        }
    }
    if (n <= INT32_MAX)
        o = json_object_new_string_len(text, (int)n);
    free(text);
    return o;
}

static json_object *json_value(const struct hv_field *f, const void *args)
{
    switch (f->type) {
    case HV_DEC:
        return json_object_new_uint64(hv_field_get(f, args));
    case HV_SDEC:
        return json_object_new_int64((int64_t)hv_field_get(f, args));
    case HV_TEXT:
        return json_text((const void *)((const char *)args + f->offset));
    default:
        return printed(f, args);
    }
}

static int add(json_object *o, const char *name, json_object *value)
{
    if (value && !json_object_object_add(o, name, value))
        return 0;
    json_object_put(value);
    return -ENOMEM;
}

/* Registers that are zero are left out, as in the text form. */
static int add_fields(json_object *args, json_object *regs,
                      const struct hv_record *rec)
{
    uint64_t groups = hv_op_groups(rec->op, &rec->args);
    bool failed = hv_ops_table[rec->op].kind == KIND_CALL && rec->result < 0;
    int rc = 0;

    for (const struct hv_field *f = hv_ops_table[rec->op].fields;
         !rc && f->name; f++) {
        bool is_reg = f->when == HV_GROUP_REGS;

        if (!hv_field_applies(f, groups) ||
            hv_field_absent(f, &rec->args) ||
            (failed && f->role == HV_OUT) ||
            (is_reg && !f->optional && !hv_field_get(f, &rec->args)))
            continue;
        rc = add(is_reg ? regs : args, f->name, json_value(f, &rec->args));
    }
    return rc;
}

static int add_result(json_object *o, const struct hv_record *rec)
{
    const char *name;
    int rc;

    if (hv_ops_table[rec->op].kind != KIND_CALL)
        return 0;
    rc = add(o, "result", json_object_new_int64(rec->result));
    if (rc || rec->result >= 0 || rec->result < -INT32_MAX)
        return rc;
    name = hv_errno_name((int)-rec->result);
    return name ? add(o, "errno", json_object_new_string(name)) : 0;
}

static int write_json(FILE *out, const struct hv_record *rec)
{
    const struct hv_opdesc *desc = &hv_ops_table[rec->op];
    json_object *o = json_object_new_object();
    json_object *args = json_object_new_object();
    json_object *regs = json_object_new_object();
    int rc = o && args && regs ? 0 : -ENOMEM;

    rc = rc ? rc : add(o, "seq", json_object_new_uint64(rec->seq));
    rc = rc ? rc : add(o, "kind",
                       json_object_new_string(trace_kind_name(desc->kind)));
    rc = rc ? rc : add(o, "op", json_object_new_string(desc->name));
    rc = rc ? rc : add_fields(args, regs, rec);
    if (!rc && json_object_object_length(regs))
        rc = add(args, "regs", json_object_get(regs));
    rc = rc ? rc : add(o, "args", json_object_get(args));
    rc = rc ? rc : add_result(o, rec);
    if (!rc && (rec->flags & RECORD_KNOWN))
        rc = add(o, "known", json_object_new_boolean(1));
    if (!rc && rec->wall_ns)
        rc = add(o, "wall_ns", json_object_new_uint64(rec->wall_ns));
    if (!rc)
        fprintf(out, "%s\n", json_object_to_json_string_ext(
                o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(regs);
    json_object_put(args);
    json_object_put(o);
    return rc;
}

static void write_column(FILE *out, const struct trace_columns *cols,
                         enum trace_column c, bool hex)
{
    fputc(',', out);
    if (cols->present & 1u << c)
        fprintf(out, hex ? "%#" PRIx64 : "%" PRIu64, cols->value[c]);
}

static void write_csv_result(FILE *out, const struct hv_record *rec)
{
    const char *name = NULL;

    fputc(',', out);
    if (hv_ops_table[rec->op].kind == KIND_CALL)
        fprintf(out, "%" PRId64, rec->result);
    fputc(',', out);
    if (hv_ops_table[rec->op].kind != KIND_CALL || rec->result >= 0)
        return;
    if (rec->result >= -INT32_MAX)
        name = hv_errno_name((int)-rec->result);
    if (name)
        fputs(name, out);
    else
        fprintf(out, "%" PRIu64, -(uint64_t)rec->result);
}

static int write_csv(FILE *out, const struct hv_record *rec)
{
    const struct hv_opdesc *desc = &hv_ops_table[rec->op];
    struct trace_columns cols;
    const char *reason = NULL;

    trace_columns(rec, &cols);
    fprintf(out, "%" PRIu64 ",%s,%s", rec->seq, trace_kind_name(desc->kind),
            desc->name);
    write_column(out, &cols, COL_DOM, false);
    write_column(out, &cols, COL_VCPU, false);
    if (cols.present & 1u << COL_REASON)
        reason = hv_name_of(names_reason, cols.value[COL_REASON]);
    if (reason)
        fprintf(out, ",%s", reason);
    else
        write_column(out, &cols, COL_REASON, false);
    write_column(out, &cols, COL_GFN, true);
    write_column(out, &cols, COL_GLA, true);
    write_column(out, &cols, COL_ACCESS, false);
    write_column(out, &cols, COL_VIEW, false);
    write_column(out, &cols, COL_RIP, true);
    write_column(out, &cols, COL_FLAGS, true);
    write_csv_result(out, rec);
    fprintf(out, ",%u\n", rec->flags & RECORD_KNOWN ? 1 : 0);
    return 0;
}

static const struct {
    const char *name, *heading;
    write_record *write;
} formats[] = {
    { "text", "", write_text },
    { "json", "", write_json },
    { "csv", "seq,kind,op,dom,vcpu,reason,gfn,gla,access,view,rip,flags,"
             "result,errno,known\n", write_csv },
};

static int output_error(int error, struct trace_error *err)
{
    int rc = error ? -error : -EIO;

    return trace_fail(err, rc, "cannot write: %s", strerror(-rc));
}

int trace_export(struct trace_reader *reader, const char *format, FILE *out,
                 struct trace_error *err)
{
    unsigned int i, nr = sizeof(formats) / sizeof(formats[0]);
    struct hv_record rec;
    int rc, more;

    for (i = 0; i < nr && strcmp(formats[i].name, format); i++)
        ;
    if (i == nr)
        return trace_fail(err, -EINVAL, "'%.60s' is no format: text, json "
                          "or csv", format);
    fputs(formats[i].heading, out);
    while ((more = trace_next(reader, &rec)) == 1) {
        errno = 0;
        rc = formats[i].write(out, &rec);
        if (rc)
            return trace_fail(err, rc, "out of memory");
        if (ferror(out))
            return output_error(errno, err);
    }
    if (more < 0 && err)
        *err = *trace_last_error(reader);
    if (more < 0)
        return more;
    errno = 0;
    return fflush(out) || ferror(out) ? output_error(errno, err) : 0;
}
