/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/error.h"
#include "traces/text_hint.h"

#define MAX_WORDS   256         /* no operation has as many fields */

struct word {
    char *text;
    bool in_braces;             /* a register */
};

struct parser {
    struct word words[MAX_WORDS];
    unsigned int nr_words, at;
    const struct hv_opdesc *desc;
    struct hv_record *rec;
    bool seen[MAX_WORDS];       /* by index of the field */
    bool seen_rest;
    struct trace_error *err;
};

#define FAIL(p, rc, ...) trace_fail((p)->err, rc, __VA_ARGS__)

/* The end of the word that starts at S. */
static char *word_end(char *s)
{
    bool quoted = false;

    for (; *s; s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (quoted && *s == '\\' && s[1])
            s++;
        else if (!quoted && (isspace((unsigned char)*s) || *s == '{' ||
                             *s == '}'))
            break;
    }
    return s;
}

/* Cut LINE into words in place.  Braces are no words. */
static int split(struct parser *p, char *line)
{
    bool in_braces = false;
    char c, *end;

    for (;; line = end) {
        while (isspace((unsigned char)*line))
            line++;
        c = *line;
        if (c == '{' || c == '}') {
            if (in_braces == (c == '{'))
                return FAIL(p, -EINVAL, "'%c' is out of place", c);
            in_braces = c == '{';
            end = line;
            *end++ = 0;
            continue;
        }
        if (!c)
            break;
        if (p->nr_words == MAX_WORDS)
            return FAIL(p, -EINVAL, "the line has too many words");
        p->words[p->nr_words].text = line;
        p->words[p->nr_words++].in_braces = in_braces;
        end = word_end(line);
        if (!*end)
            break;
        if (isspace((unsigned char)*end))
            *end++ = 0;
    }
    return in_braces ? FAIL(p, -EINVAL, "'}' is missing") : 0;
}

static const char *next_word(struct parser *p)
{
    return p->at < p->nr_words ? p->words[p->at++].text : NULL;
}

static int parse_seq(struct parser *p)
{
    const char *text = p->nr_words ? p->words[0].text : "";
    char *end;

    if (*text != '#')
        return 0;
    errno = 0;
    p->rec->seq = strtoull(text + 1, &end, 10);
    if (!isdigit((unsigned char)text[1]) || *end || errno)
        return FAIL(p, -EINVAL, "'%.40s' is no record number", text);
    p->at = 1;
    return 0;
}

static bool is_event(const struct parser *p)
{
    return p->desc->kind == KIND_EVENT || p->desc->kind == KIND_RESPONSE;
}

/* The word behind "event" or "respond". */
static int parse_reason(struct parser *p)
{
    const char *text = next_word(p);
    const struct hv_field *f = p->desc->fields;
    char list[TEXT_HINT_LEN];

    p->rec->args.EVENT.ev.version = VM_EVENT_INTERFACE_VERSION;
    while (strcmp(f->name, "reason"))
        f++;
    p->seen[f - p->desc->fields] = true;
    if (!text || hv_field_parse(f, &p->rec->args, text))
        return FAIL(p, -EINVAL, "%s: '%.40s' is no reason: there are %s",
                    p->desc->name, text ? text : "",
                    text_hint_values(list, f));
    return 0;
}

static int parse_op(struct parser *p)
{
    const char *name = next_word(p);
    char list[TEXT_HINT_LEN];
    enum hv_op op;

    if (!name)
        return FAIL(p, -EINVAL, "the operation is missing");
    if (hv_op_by_name(name, &op))
        return FAIL(p, -EINVAL, "'%.60s' is no operation: there are %s", name,
                    text_hint_ops(list, name));
    p->rec->op = op;
    p->desc = &hv_ops_table[op];
    hv_op_init(op, &p->rec->args);
    return is_event(p) ? parse_reason(p) : 0;
}

static int parse_number(struct parser *p, const char *text)
{
    char *end;
    int value;

    errno = 0;
    p->rec->result = strtoll(text, &end, 0);
    if (isdigit((unsigned char)text[*text == '-']) && !*end && !errno)
        return 0;
    value = *text == '-' ? hv_errno_value(text + 1) : -ENOENT;
    if (value < 0)
        return FAIL(p, -EINVAL, "%s: '%.40s' is no result", p->desc->name,
                    text);
    p->rec->result = -value;
    return 0;
}

/* "= RESULT !known" from the end of the line, before the fields: which of
 * them exist depends on it. */
static int parse_tail(struct parser *p)
{
    bool is_call = p->desc->kind == KIND_CALL;
    unsigned int n = p->nr_words;

    if (n > p->at && !strcmp(p->words[n - 1].text, "!known")) {
        p->rec->flags |= RECORD_KNOWN;
        n = --p->nr_words;
    }
    if (n < p->at + 2 || strcmp(p->words[n - 2].text, "="))
        return is_call ? FAIL(p, -EINVAL, "%s: the result (= 0) is missing",
                              p->desc->name) : 0;
    if (!is_call)
        return FAIL(p, -EINVAL, "%s has no result", p->desc->name);
    p->nr_words -= 2;
    return parse_number(p, p->words[n - 1].text);
}

/* Find the field NAME; -ENOENT, and *known when it exists for others. */
static int find_field(const struct parser *p, const char *name,
                      bool in_braces, bool *known)
{
    uint64_t groups = hv_op_groups(p->rec->op, &p->rec->args);
    const struct hv_field *f;

    *known = false;
    for (f = p->desc->fields; f->name; f++) {
        if (strcmp(f->name, name) || f->type == HV_TEXT ||
            in_braces != (f->when == HV_GROUP_REGS))
            continue;
        *known = true;
        if (hv_field_applies(f, groups))
            return f - p->desc->fields;
    }
    return -ENOENT;
}

static int set_field(struct parser *p, unsigned int index, const char *text)
{
    const struct hv_field *f = &p->desc->fields[index];
    char list[TEXT_HINT_LEN];
    int rc;

    if (p->seen[index])
        return FAIL(p, -EINVAL, "%s: field '%s' is given twice",
                    p->desc->name, f->name);
    if (f->role == HV_OUT && p->desc->kind == KIND_CALL && p->rec->result < 0)
        return FAIL(p, -EINVAL, "%s: '%s' is a result, and the call failed",
                    p->desc->name, f->name);
    p->seen[index] = true;
    rc = *text ? hv_field_parse(f, &p->rec->args, text) : -EINVAL;
    if (rc == -ERANGE)
        return FAIL(p, -EINVAL, "%s: field '%s': '%.60s' does not fit",
                    p->desc->name, f->name, text);
    if (rc)
        return FAIL(p, rc, "%s: field '%s': '%.60s' is no value for it%s%s",
                    p->desc->name, f->name, text,
                    f->names ? ": there are " : "",
                    text_hint_values(list, f));
    return 0;
}

static int hex_byte(const char *s)
{
    char digits[3] = { s[0], s[0] ? s[1] : 0, 0 };

    if (!isxdigit((unsigned char)digits[0]) ||
        !isxdigit((unsigned char)digits[1]))
        return -EINVAL;
    return (int)strtoul(digits, NULL, 16);
}

/* OFFSET:HEX,OFFSET:HEX: bytes that no field shows, as MASK says. */
static int parse_runs(struct parser *p, const unsigned char *mask,
                      const char *s)
{
    unsigned char *bytes = (unsigned char *)&p->rec->args;
    unsigned long at;
    char *end;
    int byte;

    do {
        if (!isdigit((unsigned char)*s))
            return -EINVAL;
        at = strtoul(s, &end, 0);
        if (*end != ':' || hex_byte(end + 1) < 0)
            return -EINVAL;
        for (s = end + 1; (byte = hex_byte(s)) >= 0; s += 2, at++) {
            if (at >= p->desc->size || !mask[at])
                return -ERANGE;
            bytes[at] = (unsigned char)byte;
        }
    } while (*s == ',' && *++s);
    return *s || s[-1] == ',' ? -EINVAL : 0;
}

static int parse_rest(struct parser *p, const char *text)
{
    unsigned char mask[sizeof(union hv_args)];
    uint64_t groups = hv_op_groups(p->rec->op, &p->rec->args);
    int rc;

    if (p->seen_rest)
        return FAIL(p, -EINVAL, "%s: 'rest' is given twice", p->desc->name);
    p->seen_rest = true;
    memset(mask, 1, sizeof(mask));
    for (const struct hv_field *f = p->desc->fields; f->name; f++) {
        if (hv_field_applies(f, groups))
            memset(mask + f->offset, 0, f->size);
    }
    rc = parse_runs(p, mask, text);
    if (rc)
        return FAIL(p, -EINVAL, "%s: rest: %s in '%.60s'", p->desc->name,
                    rc == -ERANGE ? "an offset that a field shows" :
                    "no OFFSET:HEX", text);
    return 0;
}

static int parse_bare(struct parser *p, const char *text)
{
    const struct hv_field *f = p->desc->fields;

    while (f->name && f->type != HV_TEXT)
        f++;
    if (*text != '"' || !f->name)
        return FAIL(p, -EINVAL, "%s: '%.60s' is no name=value",
                    p->desc->name, text);
    return set_field(p, f - p->desc->fields, text);
}

/* KNOWN: the operation has it, but not this record. */
static int no_field(struct parser *p, const struct word *word, bool known)
{
    uint64_t groups = hv_op_groups(p->rec->op, &p->rec->args);
    char list[TEXT_HINT_LEN];

    text_hint_fields(list, p->desc, groups, word->in_braces);
    return FAIL(p, -EINVAL, "%s: no %s '%.60s'%s%s%s", p->desc->name,
                word->in_braces ? "register" : "field", word->text,
                known ? " with this reason and these flags" : "",
                *list ? ": there are " : "", list);
}

/* One word; FLAGS says whether this is the pass for flags= or the other. */
static int parse_word(struct parser *p, const struct word *word, bool flags)
{
    char *value = *word->text == '"' ? NULL : strchr(word->text, '=');
    bool known, is_flags;
    int index, rc;

    if (!value)
        return flags ? 0 : parse_bare(p, word->text);
    *value++ = 0;
    is_flags = !word->in_braces && !strcmp(word->text, "flags");
    if (is_flags != flags) {
        rc = 0;
    } else if (is_event(p) && !word->in_braces &&
               !strcmp(word->text, "rest")) {
        rc = parse_rest(p, value);
    } else {
        index = find_field(p, word->text, word->in_braces, &known);
        rc = index >= 0 ? set_field(p, index, value) :
             no_field(p, word, known);
    }
    value[-1] = '=';
    return rc;
}

/* Now that it is known which fields exist: those that do not are no fields
 * that are absent, but zero bytes, perhaps of others. */
static void settle_absent(struct parser *p)
{
    uint64_t groups = hv_op_groups(p->rec->op, &p->rec->args);
    char *args = (char *)&p->rec->args;

    for (const struct hv_field *f = p->desc->fields; f->name; f++) {
        if (f->optional && !hv_field_applies(f, groups))
            memset(args + f->offset, 0, f->size);
    }
    for (const struct hv_field *f = p->desc->fields; f->name; f++) {
        if (f->optional && hv_field_applies(f, groups))
            memset(args + f->offset, 0xff, f->size);
    }
}

static int parse_line(struct parser *p)
{
    int rc = parse_op(p);

    if (!rc)
        rc = parse_tail(p);
    for (unsigned int i = p->at; !rc && i < p->nr_words; i++)
        rc = parse_word(p, &p->words[i], true);
    if (!rc && is_event(p))
        settle_absent(p);
    for (unsigned int i = p->at; !rc && i < p->nr_words; i++)
        rc = parse_word(p, &p->words[i], false);
    if (!rc)
        hv_record_normalise(p->rec);
    else if (p->desc)
        hv_record_free(p->rec);
    return rc ? rc : 1;
}

int text_parse(const char *line, struct hv_record *rec,
               struct trace_error *err)
{
    struct parser *p;
    char *copy;
    int rc;

    line += strspn(line, " \t\r\n");
    memset(rec, 0, sizeof(*rec));
    if (!*line || *line == ';')
        return 0;
    if (strlen(line) > TRACE_SPAN_MAX)
        return trace_fail(err, -EINVAL, "the line is too long");
    p = calloc(1, sizeof(*p));
    copy = strdup(line);
    rc = p && copy ? 0 : trace_fail(err, -ENOMEM, "out of memory");
    if (!rc) {
        p->rec = rec;
        p->err = err;
        rc = split(p, copy);
    }
    if (!rc)
        rc = parse_seq(p);
    if (!rc)
        rc = parse_line(p);
    free(copy);
    free(p);
    return rc;
}
