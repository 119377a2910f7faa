/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls whose arguments are lists of pages, which the logs abbreviate. */
#include "traces/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "harness/names.h"

/* "D3" is data page 3; anything else a gfn. */
static bool page_value(const struct import *im, const char *text,
                       uint64_t *gfn)
{
    if (text[0] == 'D' && isdigit((unsigned char)text[1])) {
        *gfn = (im->data >> 12) + strtoul(text + 1, NULL, 10);
        return true;
    }
    return import_number(text, gfn);
}

static bool access_value(const char *text, uint64_t *value)
{
    char word[16];

    snprintf(word, sizeof(word), "%s", text);
    word[strcspn(word, ",}: ")] = 0;
    return !hv_name_value(names_access, word, value) ||
           import_number(word, value);
}

/* "{5,0,7},{D1,D2,0x9999}" */
static void parse_lists(const struct import *im, const char *text,
                        struct lists *l)
{
    const char *a = strchr(text, '{');
    const char *g = a ? strchr(a + 1, '{') : NULL;
    uint64_t v;

    for (; a && l->nr_access < 16 && access_value(a + 1, &v);
         a = strpbrk(a + 1, ",}"), a = a && *a == ',' ? a : NULL)
        l->access[l->nr_access++] = v;
    for (; g && l->nr_gfn < 16 && page_value(im, g + 1, &v);
         g = strpbrk(g + 1, ",}"), g = g && *g == ',' ? g : NULL)
        l->gfn[l->nr_gfn++] = v;
}

/* "rx:0x40101 rw:0x40102", the script's line in front of the call. */
static void parse_pairs(const char *text, struct lists *l)
{
    uint64_t access, gfn;

    while (l->nr_gfn < 16) {
        const char *colon;

        text += strspn(text, " ");
        colon = strchr(text, ':');
        if (!colon || !access_value(text, &access) ||
            !import_number(colon + 1, &gfn))
            return;
        l->access[l->nr_access++] = access;
        l->gfn[l->nr_gfn++] = gfn;
        text = colon + strcspn(colon, " ");
    }
}

static void multi(struct import *im, const char *args, struct lists *l)
{
    struct args_access_multi *a = &im->rec.args.ACCESS_SET_MULTI;

    memset(l, 0, sizeof(*l));
    if (strchr(args, '{'))
        parse_lists(im, args, l);
    else if (im->multi)
        parse_pairs(im->multi, l);
    a->access.p = l->access;
    a->access.len = l->nr_access;
    a->gfn.p = l->gfn;
    a->gfn.len = 8 * l->nr_gfn;
    if (im->rec.op == OP_ALTP2M_SET_ACCESS_MULTI && !a->view)
        a->view = im->view;
}

/* "(v,D1..D4,0)", "(v,D4..D1 reversed,0)", "(v,holes,0)" */
static void sve_multi(struct import *im, const char *args)
{
    struct args_suppress_ve *a = &im->rec.args.ALTP2M_SET_SVE_MULTI;
    const char *from = strchr(args, ','), *to = strstr(args, "..");

    a->view = im->view;
    if (from && to) {
        page_value(im, from + 1, &a->gfn);
        page_value(im, to + 2, &a->last);
    } else {
        a->gfn = 0x9990;
        a->last = 0x9999;
    }
}

bool import_lists(struct import *im, const char *args, struct lists *l)
{
    switch (im->rec.op) {
    case OP_ACCESS_SET_MULTI:
    case OP_ALTP2M_SET_ACCESS_MULTI:
        multi(im, args, l);
        return true;
    case OP_ALTP2M_SET_SVE_MULTI:
        sve_multi(im, args);
        return true;
    default:
        return false;
    }
}
