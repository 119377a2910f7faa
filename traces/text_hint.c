/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/text_hint.h"

#include <stdio.h>
#include <string.h>

#define MORE    ", ..."

static bool ends_with_more(const char *list, size_t len)
{
    return len >= strlen(MORE) && !strcmp(list + len - strlen(MORE), MORE);
}

/* Add WORD to LIST; when there is no room for it, nothing fits any more. */
static void add(char *list, const char *word)
{
    size_t at = strlen(list);

    if (ends_with_more(list, at))
        return;
    if (at + strlen(", ") + strlen(word) + sizeof(MORE) > TEXT_HINT_LEN)
        strcpy(list + at, MORE);
    else
        sprintf(list + at, "%s%s", at ? ", " : "", word);
}

/* How long the family in an operation's name is, with its dot; 0: none. */
static size_t family(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot ? (size_t)(dot + 1 - name) : 0;
}

/* Operation OP's family, unless an operation before it has added that. */
static void add_family(char *list, enum hv_op op)
{
    const char *name = hv_ops_table[op].name;
    size_t len = family(name);
    char word[64];

    for (enum hv_op i = 0; len && i < op; i++) {
        if (!strncmp(hv_ops_table[i].name, name, len))
            return;
    }
    snprintf(word, sizeof(word), "%.*s*", (int)len, name);
    add(list, len ? word : name);
}

const char *text_hint_ops(char *list, const char *name)
{
    size_t len = family(name);

    *list = '\0';
    for (enum hv_op op = 0; len && op < OP_COUNT; op++) {
        const char *other = hv_ops_table[op].name;

        if (!strncmp(other, name, len))
            add(list, *list ? other + len - 1 : other);
    }
    if (*list)
        return list;
    for (enum hv_op op = 0; op < OP_COUNT; op++)
        add_family(list, op);
    return list;
}

const char *text_hint_fields(char *list, const struct hv_opdesc *desc,
                             uint64_t groups, bool registers)
{
    *list = '\0';
    for (const struct hv_field *f = desc->fields; f->name; f++) {
        if (registers == (f->when == HV_GROUP_REGS) && f->type != HV_TEXT &&
            hv_field_applies(f, groups))
            add(list, f->name);
    }
    return list;
}

const char *text_hint_values(char *list, const struct hv_field *f)
{
    *list = '\0';
    for (const struct hv_name *n = f->names; n && n->name; n++)
        add(list, n->name);
    return list;
}
