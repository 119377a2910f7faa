/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store behind xenstore: a tree of named values. */
#ifndef XENREEL_XS_TREE_H
#define XENREEL_XS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_node {
    char *name;                 /* the last part of its path */
    char *value;
    size_t len;
    char *perms;                /* as GET_PERMS answers: strings in a row */
    size_t perms_len;
    uint64_t generation;        /* changes with the list of children */
    struct xs_node *child;      /* oldest first */
    struct xs_node *next;
};

/* An empty root, or NULL. */
struct xs_node *xs_root(void);
void xs_free(struct xs_node *node);
struct xs_node *xs_copy(const struct xs_node *node);
/* The node at absolute PATH, or NULL. */
struct xs_node *xs_find(struct xs_node *root, const char *path);
/* The same, made with what is missing of its parents, which give their
 * permissions on; NULL when out of memory. */
struct xs_node *xs_make(struct xs_node *root, const char *path);
/* 0 or -ENOMEM. */
int xs_set(struct xs_node *node, const void *value, size_t len);
int xs_set_perms(struct xs_node *node, const void *perms, size_t len);
/* Remove the node at PATH, which is not the root: 0 or -ENOENT. */
int xs_remove(struct xs_node *root, const char *path);
/* is_valid_nodename */
bool xs_valid_path(const char *path);

#endif
