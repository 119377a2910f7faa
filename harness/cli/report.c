/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/text.h"

#define NAME_WIDTH  14
#define VALUE_WIDTH 28      /* wider ones get lines of their own */
#define CLIP        60      /* characters shown of a very long one */

#define RED     "\033[31m"
#define DIM     "\033[2m"
#define PLAIN   "\033[0m"

/* A record and the groups of fields it has. */
struct side {
    const struct hv_record *rec;        /* NULL: no such record */
    uint64_t groups;
};

static struct side side_of(const struct hv_record *rec)
{
    struct side side = { rec, 0 };

    if (rec && rec->op < OP_COUNT)
        side.groups = hv_op_groups(rec->op, &rec->args);
    else
        side.rec = NULL;
    return side;
}

static bool has(const struct side *side, const struct hv_field *f)
{
    const struct hv_record *rec = side->rec;

    if (!rec || !hv_field_applies(f, side->groups) ||
        hv_field_absent(f, &rec->args))
        return false;
    /* A call that failed has no results. */
    return !(f->role == HV_OUT && rec->result < 0 &&
             hv_ops_table[rec->op].kind == KIND_CALL);
}

/* Open a string to print into: *TEXT is the caller's behind fclose. */
static FILE *open_text(char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);

    if (!out)
        abort();
    return out;
}

static char *value_text(const struct side *side, const struct hv_field *f)
{
    char *text;
    size_t len;
    FILE *out = open_text(&text, &len);

    if (has(side, f))
        hv_field_print(out, f, &side->rec->args);
    else
        fputc('-', out);
    fclose(out);
    return text;
}

static char *result_text(const struct side *side)
{
    static const struct hv_field field = {
        .name = "result", .size = 8, .type = HV_ERRNO
    };
    char *text;
    size_t len;
    FILE *out = open_text(&text, &len);

    if (side->rec)
        hv_field_print(out, &field, &side->rec->result);
    else
        fputc('-', out);
    fclose(out);
    return text;
}

/* Print TEXT, or of a very long one what stands around character AT. */
static void print_clipped(FILE *out, const char *text, size_t at)
{
    size_t len = strlen(text), from = at > CLIP / 2 ? at - CLIP / 2 : 0;

    if (len <= CLIP) {
        fputs(text, out);
        return;
    }
    if (from > len)
        from = len;
    fprintf(out, "%s%.*s%s (%zu characters)", from ? "..." : "", CLIP,
            text + from, from + CLIP < len ? "..." : "", len);
}

/* Print one line, or three when the values are wide; frees A and B. */
static void print_pair(FILE *out, const struct report_style *style, char mark,
                       const char *name, char *a, char *b)
{
    const char *on = mark == '!' ? RED : mark == '~' ? DIM : "";
    size_t at = 0;

    if (style->colour)
        fputs(on, out);
    if (strlen(a) < VALUE_WIDTH && strlen(b) <= VALUE_WIDTH) {
        fprintf(out, "  %c %-*s %-*s %s", mark, NAME_WIDTH, name,
                VALUE_WIDTH, a, b);
    } else {
        while (a[at] && a[at] == b[at])
            at++;
        fprintf(out, "  %c %s\n        %-9s ", mark, name, style->left);
        print_clipped(out, a, at);
        fprintf(out, "\n        %-9s ", style->right);
        print_clipped(out, b, at);
    }
    fprintf(out, "%s\n", style->colour && *on ? PLAIN : "");
    free(a);
    free(b);
}

/* '!', '~' or ' ' for field F of records of the same operation. */
static char mark_of(const struct report_style *style,
                    const struct hv_field *f, const struct side *a,
                    const struct side *b)
{
    bool in_a = has(a, f), in_b = has(b, f);

    if (in_a == in_b && (!in_a || hv_field_equal(f, &a->rec->args,
                                                 &b->rec->args)))
        return ' ';
    if (style->strict)
        return '!';
    return f->role == HV_OUT && in_a ? '!' : '~';
}

static unsigned int same_op(FILE *out, const struct report_style *style,
                            const struct side *a, const struct side *b)
{
    const struct hv_field *f = hv_ops_table[a->rec->op].fields;
    unsigned int n = 0;

    for (; f->name; f++) {
        char mark = mark_of(style, f, a, b);

        if ((!has(a, f) && !has(b, f)) ||
            (style->commands && f->role != HV_IN))
            continue;
        n += mark == '!';
        if (out)
            print_pair(out, style, mark, f->name, value_text(a, f),
                       value_text(b, f));
    }
    return n;
}

/* All fields of a side that stands alone, in its column. */
static void one_op(FILE *out, const struct report_style *style,
                   const struct side *a, const struct side *b)
{
    const struct hv_record *rec = a->rec ? a->rec : b->rec;
    const struct hv_field *f = hv_ops_table[rec->op].fields;

    for (; f->name; f++) {
        if (has(a, f) || has(b, f))
            print_pair(out, style, ' ', f->name, value_text(a, f),
                       value_text(b, f));
    }
}

/* What no field shows, but the trace holds: 1 when it differs. */
static unsigned int compare_rest(FILE *out, const struct report_style *style,
                                 const struct hv_record *a,
                                 const struct hv_record *b)
{
    union hv_args x, y;
    uint8_t kind = hv_ops_table[a->op].kind;

    if (!style->strict || (kind != KIND_EVENT && kind != KIND_RESPONSE))
        return 0;
    hv_op_rest(a->op, &a->args, &x);
    hv_op_rest(b->op, &b->args, &y);
    if (!memcmp(&x, &y, hv_ops_table[a->op].size))
        return 0;
    if (out)
        fprintf(out, "  ! bytes that no field names differ\n");
    return 1;
}

static void print_head(FILE *out, const struct report_style *style,
                       const struct side *a, const struct side *b)
{
    const char *x = a->rec ? hv_ops_table[a->rec->op].name : "nothing";
    const char *y = b->rec ? hv_ops_table[b->rec->op].name : "nothing";
    bool differ = !a->rec || !b->rec || a->rec->op != b->rec->op;

    fprintf(out, "    %-*s %-*s %s\n", NAME_WIDTH, "", VALUE_WIDTH,
            style->left, style->right);
    print_pair(out, style, differ ? '!' : ' ', "operation", strdup(x),
               strdup(y));
}

unsigned int report_records(FILE *out, const struct report_style *style,
                            const struct hv_record *left,
                            const struct hv_record *right)
{
    const struct side none = { NULL, 0 };
    struct side a = side_of(left), b = side_of(right);
    unsigned int n;
    char mark;

    if (!a.rec && !b.rec)
        return 0;
    if (out)
        print_head(out, style, &a, &b);
    if (!a.rec || !b.rec || a.rec->op != b.rec->op) {
        if (out && a.rec)
            one_op(out, style, &a, &none);
        if (out && b.rec)
            one_op(out, style, &none, &b);
        return 1;
    }
    n = same_op(out, style, &a, &b);
    n += compare_rest(out, style, a.rec, b.rec);
    if (hv_ops_table[a.rec->op].kind == KIND_CALL && !style->commands) {
        mark = a.rec->result == b.rec->result ? ' ' : '!';
        n += mark == '!';
        if (out)
            print_pair(out, style, mark, "result", result_text(&a),
                       result_text(&b));
    }
    return n;
}

static void print_cause(FILE *out, const struct replay_report *report)
{
    switch (report->cause) {
    case REPLAY_SAME:
        fprintf(out, "no difference\n");
        break;
    case REPLAY_RESULT:
        fprintf(out, "the result differs\n");
        break;
    case REPLAY_FIELD:
        fprintf(out, "field '%s' differs\n",
                report->field ? report->field->name : "?");
        break;
    case REPLAY_NO_EVENT:
        fprintf(out, "the trace has an event here, the model raised none\n");
        break;
    case REPLAY_EXTRA_EVENT:
        fprintf(out, "the model raised an event that the trace lacks\n");
        break;
    case REPLAY_NO_RING:
        fprintf(out, "the trace has ring traffic here, but no ring is "
                "set up\n");
        break;
    case REPLAY_CALL:
        fprintf(out, "the client did something else\n");
        break;
    case REPLAY_ARGUMENT:
        fprintf(out, "the client gave another %s\n",
                report->field ? report->field->name : "value");
        break;
    case REPLAY_LONGER:
        fprintf(out, "the client went on after the trace's end\n");
        break;
    case REPLAY_SHORTER:
        fprintf(out, "the client ended, and the trace goes on\n");
        break;
    }
}

/* The record that the difference is about: of an extra event there is only
 * the actual one. */
static const struct hv_record *subject(const struct replay_report *report)
{
    return report->cause == REPLAY_EXTRA_EVENT ||
           report->cause == REPLAY_LONGER ? &report->actual
                                          : &report->expected;
}

uint64_t report_seq(const struct replay_report *report)
{
    return subject(report)->seq;
}

static void print_difference(FILE *out, const struct replay_report *report,
                             bool colour)
{
    bool client = report->cause >= REPLAY_CALL;
    struct report_style style = {
        "expected", "actual", colour, .strict = client, .commands = client
    };
    const struct hv_record *expected = &report->expected;
    const struct hv_record *actual = &report->actual;

    if (report->cause == REPLAY_NO_EVENT ||
        report->cause == REPLAY_NO_RING || report->cause == REPLAY_SHORTER)
        actual = NULL;
    if (subject(report) == actual)
        expected = NULL;
    fprintf(out, "  cause: ");
    print_cause(out, report);
    report_records(out, &style, expected, actual);
    fprintf(out, "  context:\n");
    for (unsigned int i = 0; i < report->nr_context; i++) {
        fprintf(out, "    ");
        text_print(out, &report->context[i]);
    }
    fprintf(out, "  %c ", expected ? '>' : '+');
    text_print(out, subject(report));
}

bool report_replay(FILE *out, const char *name,
                   const struct replay_report *report, bool colour)
{
    const struct hv_record *rec = subject(report);

    fprintf(out, "%s: %" PRIu64 " records, %" PRIu64 " events: ", name,
            report->records, report->events);
    if (report->cause != REPLAY_SAME) {
        fprintf(out, "DIFFERENCE at record #%" PRIu64 " (%s)\n", rec->seq,
                rec->op < OP_COUNT ? hv_ops_table[rec->op].name : "?");
        print_difference(out, report, colour);
        return true;
    }
    fprintf(out, "ok");
    if (report->known)
        fprintf(out, ", %" PRIu64 " known deviations", report->known);
    fputc('\n', out);
    return false;
}
