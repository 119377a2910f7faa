/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/xs_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/xs_wire.h>

/* ---- what a node holds ---- */

int xs_assign(struct xs_bytes *to, const void *from, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return -ENOMEM;
    if (len)
        memcpy(copy, from, len);
    copy[len] = '\0';
    free(to->p);
    *to = (struct xs_bytes){ copy, len };
    return 0;
}

void xs_node_clear(struct xs_node *node)
{
    struct xs_bytes *bytes[] = {
        &node->value, &node->perms, &node->children
    };

    for (unsigned int i = 0; i < 3; i++) {
        free(bytes[i]->p);
        *bytes[i] = (struct xs_bytes){ NULL, 0 };
    }
}

int xs_node_copy(struct xs_node *to, const struct xs_node *from)
{
    if (xs_assign(&to->value, from->value.p, from->value.len) ||
        xs_assign(&to->perms, from->perms.p, from->perms.len) ||
        xs_assign(&to->children, from->children.p, from->children.len))
        return -ENOMEM;
    return 0;
}

int xs_add_child(struct xs_node *parent, const char *name)
{
    struct xs_bytes *c = &parent->children;
    size_t more = strlen(name) + 1;
    char *p = realloc(c->p, c->len + more + 1);

    if (!p)
        return -ENOMEM;
    memcpy(p + c->len, name, more);
    c->p = p;
    c->len += more;
    p[c->len] = '\0';
    return 0;
}

void xs_cut_child(struct xs_node *parent, const char *name)
{
    struct xs_bytes *c = &parent->children;
    size_t len = strlen(name) + 1, at = 0;

    while (at < c->len && strcmp(c->p + at, name))
        at += strlen(c->p + at) + 1;
    if (at >= c->len)
        return;
    memmove(c->p + at, c->p + at + len, c->len - at - len);
    c->len -= len;
    c->p[c->len] = '\0';
}

/* ---- nodes by path ---- */

static size_t hash(const char *path)
{
    size_t h = 5381;

    while (*path)
        h = h * 33 + (unsigned char)*path++;
    return h;
}

static struct xs_node **link_to(const struct xs_map *map, const char *path)
{
    struct xs_node **link = &map->slot[hash(path) % map->nr_slots];

    while (*link && strcmp((*link)->path, path))
        link = &(*link)->next;
    return link;
}

struct xs_node *xs_lookup(const struct xs_map *map, const char *path)
{
    return map->nr_slots ? *link_to(map, path) : NULL;
}

static int grow(struct xs_map *map)
{
    struct xs_map more = { .nr_slots = map->nr_slots ? 2 * map->nr_slots : 64,
                           .nr = map->nr };

    more.slot = calloc(more.nr_slots, sizeof(*more.slot));
    if (!more.slot)
        return -ENOMEM;
    for (size_t i = 0; i < map->nr_slots; i++) {
        struct xs_node *node;

        while ((node = map->slot[i])) {
            struct xs_node **link =
                &more.slot[hash(node->path) % more.nr_slots];

            map->slot[i] = node->next;
            node->next = *link;
            *link = node;
        }
    }
    free(map->slot);
    *map = more;
    return 0;
}

struct xs_node *xs_insert(struct xs_map *map, const char *path)
{
    struct xs_node *node = calloc(1, sizeof(*node)), **link;

    if (node)
        node->path = strdup(path);
    if (!node || !node->path || (map->nr == map->nr_slots && grow(map))) {
        if (node)
            free(node->path);
        free(node);
        return NULL;
    }
    link = link_to(map, path);
    node->next = *link;
    *link = node;
    map->nr++;
    return node;
}

static void free_node(struct xs_node *node)
{
    xs_node_clear(node);
    free(node->path);
    free(node);
}

void xs_drop(struct xs_map *map, const char *path)
{
    struct xs_node **link = map->nr_slots ? link_to(map, path) : NULL;
    struct xs_node *node = link ? *link : NULL;

    if (!node)
        return;
    *link = node->next;
    map->nr--;
    free_node(node);
}

void xs_map_free(struct xs_map *map)
{
    for (size_t i = 0; i < map->nr_slots; i++) {
        struct xs_node *node;

        while ((node = map->slot[i])) {
            map->slot[i] = node->next;
            free_node(node);
        }
    }
    free(map->slot);
    *map = (struct xs_map){ NULL, 0, 0 };
}

/* What is behind /local/domain/N/ has its own limit. */
bool xs_valid_path(const char *path)
{
    size_t len = strlen(path);
    unsigned int dom;
    int home = 0;

    if (*path != '/' || strstr(path, "//") ||
        (len > 1 && path[len - 1] == '/'))
        return false;
    if (sscanf(path, "/local/domain/%5u/%n", &dom, &home) != 1)
        home = 0;
    return len <= (size_t)home + XENSTORE_REL_PATH_MAX &&
           len == strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz"
                               "0123456789-/_@");
}
