/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lab/differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put(struct hv_sink *sink, const struct hv_record *rec)
{
    list_add((struct list *)sink, rec);
    return 0;
}

void list_init(struct list *list)
{
    *list = (struct list){ .sink = { put } };
}

void list_clear(struct list *list)
{
    for (size_t i = 0; i < list->nr; i++)
        hv_record_free(&list->rec[i]);
    free(list->rec);
    list_init(list);
}

void list_add(struct list *list, const struct hv_record *rec)
{
    if (list->nr == list->room) {
        list->room = list->room ? 2 * list->room : 256;
        list->rec = reallocarray(list->rec, list->room, sizeof(*list->rec));
    }
    if (!list->rec || hv_record_copy(&list->rec[list->nr], rec)) {
        fprintf(stderr, "differ: out of memory\n");
        exit(99);
    }
    list->nr++;
}

static int next(struct hv_source *source, struct hv_record *rec)
{
    struct list_source *s = (struct list_source *)source;

    if (s->next == s->list->nr)
        return 0;
    *rec = s->list->rec[s->next++];
    rec->seq = s->next;
    return 1;
}

void list_source(struct list_source *source, const struct list *list)
{
    *source = (struct list_source){ { next }, list, 0 };
}
