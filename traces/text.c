/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "harness/names.h"
#include "traces/error.h"

#define NAME_COLUMN 20

static bool is_event(const struct hv_record *rec)
{
    unsigned int kind = hv_ops_table[rec->op].kind;

    return kind == KIND_EVENT || kind == KIND_RESPONSE;
}

/* Is F printed by print_fields, in the pass for ROLE_OUT or the other? */
static bool is_printed(const struct hv_field *f, const struct hv_record *rec)
{
    const struct hv_span *span;

    if (f->role == HV_OUT && hv_ops_table[rec->op].kind == KIND_CALL &&
        rec->result < 0)
        return false;
    if (is_event(rec) && !strcmp(f->name, "reason"))
        return false;
    if (is_event(rec) && !strcmp(f->name, "version"))
        return hv_field_get(f, &rec->args) != VM_EVENT_INTERFACE_VERSION;
    if (hv_field_is_span(f)) {
        span = (const void *)((const char *)&rec->args + f->offset);
        return f->role == HV_OUT || f->type == HV_TEXT || span->len;
    }
    if (f->optional)
        return !hv_field_absent(f, &rec->args);
    return f->role == HV_OUT || f->names == names_access ||
           !strcmp(f->name, "vcpu") || hv_field_get(f, &rec->args);
}

static void print_fields(FILE *out, const struct hv_record *rec,
                         uint64_t groups, bool arguments)
{
    const struct hv_field *f;

    for (f = hv_ops_table[rec->op].fields; f->name; f++) {
        if ((f->role == HV_IN) != arguments || f->when == HV_GROUP_REGS ||
            !hv_field_applies(f, groups) || !is_printed(f, rec))
            continue;
        fputc(' ', out);
        if (f->type != HV_TEXT)
            fprintf(out, "%s=", f->name);
        hv_field_print(out, f, &rec->args);
    }
}

static void print_registers(FILE *out, const struct hv_record *rec)
{
    const struct hv_field *f;
    const char *before = " {";

    for (f = hv_ops_table[rec->op].fields; f->name; f++) {
        if (f->when != HV_GROUP_REGS ||
            (f->optional ? hv_field_absent(f, &rec->args) :
             !hv_field_get(f, &rec->args)))
            continue;
        fprintf(out, "%s%s=", before, f->name);
        hv_field_print(out, f, &rec->args);
        before = " ";
    }
    if (before[1] == 0)
        fputc('}', out);
}

static void print_rest(FILE *out, const struct hv_record *rec)
{
    unsigned char rest[sizeof(union hv_args)];
    unsigned int size = hv_ops_table[rec->op].size;
    const char *before = " rest=";

    if (!hv_op_rest(rec->op, &rec->args, rest))
        return;
    for (unsigned int i = 0; i < size; i++) {
        if (!rest[i])
            continue;
        fprintf(out, "%s%#x:", before, i);
        for (; i < size && rest[i]; i++)
            fprintf(out, "%02x", rest[i]);
        before = ",";
    }
}

static void print_result(FILE *out, int64_t result)
{
    const char *name = NULL;

    if (result < 0 && result >= -INT32_MAX)
        name = hv_errno_name((int)-result);
    if (name)
        fprintf(out, "  = -%s", name);
    else
        fprintf(out, "  = %" PRId64, result);
}

/* The operation's name; for an event or a response the reason behind it. */
static void print_name(FILE *out, const struct hv_record *rec)
{
    const char *name = hv_ops_table[rec->op].name, *reason;
    uint32_t number = rec->args.EVENT.ev.reason;
    char text[64];

    if (!is_event(rec)) {
        fprintf(out, "%-*s", NAME_COLUMN - 1, name);
        return;
    }
    reason = hv_name_of(names_reason, number);
    if (reason)
        snprintf(text, sizeof(text), "%s %s", name, reason);
    else
        snprintf(text, sizeof(text), "%s %" PRIu32, name, number);
    fprintf(out, "%-*s", NAME_COLUMN - 1, text);
}

void text_print(FILE *out, const struct hv_record *rec)
{
    struct hv_record r;
    uint64_t groups;

    memcpy(&r, rec, offsetof(struct hv_record, args));
    memcpy(&r.args, &rec->args, hv_ops_table[rec->op].size);
    hv_record_normalise(&r);
    groups = hv_op_groups(r.op, &r.args);

    fprintf(out, "#%" PRIu64 "  ", r.seq);
    if (r.op == OP_NOTE)
        fputs("note", out);
    else
        print_name(out, &r);
    print_fields(out, &r, groups, true);
    print_fields(out, &r, groups, false);
    if (is_event(&r))
        print_rest(out, &r);
    if (groups & HV_GROUP_REGS)
        print_registers(out, &r);
    if (hv_ops_table[r.op].kind == KIND_CALL)
        print_result(out, r.result);
    if (r.flags & RECORD_KNOWN)
        fputs(" !known", out);
    fputc('\n', out);
}

static int read_line(const char *line, ssize_t len, struct hv_sink *sink,
                     struct trace_error *why)
{
    struct hv_record rec;
    int rc;

    if (strlen(line) != (size_t)len)
        return trace_fail(why, -EINVAL, strncmp(line, "SQLite format 3", 15) ?
                          "the line has a zero byte" :
                          "a trace, no text: \"xenreel replay\" replays it, "
                          "\"xenreel show\" makes text of it");
    rc = text_parse(line, &rec, why);
    if (rc <= 0)
        return rc;
    rc = sink->put(sink, &rec);
    hv_record_free(&rec);
    if (rc)
        trace_fail(why, rc, "cannot store the record: %s", strerror(-rc));
    return rc;
}

int text_read(FILE *in, const char *name, struct hv_sink *sink,
              struct trace_error *err)
{
    struct trace_error why;
    unsigned long number = 0;
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int rc = 0;

    while (!rc && (errno = 0, len = getline(&line, &room, in)) >= 0) {
        number++;
        rc = read_line(line, len, sink, &why);
        if (rc)
            trace_fail(err, rc, "%s:%lu: %.400s", name, number, why.text);
    }
    if (!rc && ferror(in)) {
        rc = errno ? -errno : -EIO;
        trace_fail(err, rc, "%s: cannot read: %s", name, strerror(-rc));
    }
    free(line);
    return rc;
}
