/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store behind xenstore: nodes by path, as xenstored's database has them,
 * each with the names of its children. */
#ifndef XENREEL_XS_TREE_H
#define XENREEL_XS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_bytes {
    char *p;                    /* NULL: none */
    size_t len;
};

struct xs_node {
    char *path;
    struct xs_bytes value;
    struct xs_bytes perms;      /* as GET_PERMS answers: strings in a row */
    struct xs_bytes children;   /* names in a row, oldest first */
    uint64_t generation;        /* of its last change; 0: it is not there */
    struct xs_node *next;
};

struct xs_map {
    struct xs_node **slot;
    size_t nr_slots, nr;
};

/* The node at PATH, or NULL. */
struct xs_node *xs_lookup(const struct xs_map *map, const char *path);
/* A new, empty one: NULL when out of memory. */
struct xs_node *xs_insert(struct xs_map *map, const char *path);
void xs_drop(struct xs_map *map, const char *path);
void xs_map_free(struct xs_map *map);

/* What a node holds, without the node itself. */
void xs_node_clear(struct xs_node *node);
/* Value, permissions and children: 0 or -ENOMEM. */
int xs_node_copy(struct xs_node *to, const struct xs_node *from);

/* 0 or -ENOMEM. */
int xs_assign(struct xs_bytes *to, const void *from, size_t len);
int xs_add_child(struct xs_node *parent, const char *name);
void xs_cut_child(struct xs_node *parent, const char *name);

/* is_valid_nodename */
bool xs_valid_path(const char *path);

#endif
