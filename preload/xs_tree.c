/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/xs_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATH        3072    /* XENSTORE_ABS_PATH_MAX */

static uint64_t generation;

static int replace(char **to, size_t *to_len, const void *from, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, from, len);
    copy[len] = '\0';
    free(*to);
    *to = copy;
    *to_len = len;
    return 0;
}

int xs_set(struct xs_node *node, const void *value, size_t len)
{
    return replace(&node->value, &node->len, value, len);
}

int xs_set_perms(struct xs_node *node, const void *perms, size_t len)
{
    return replace(&node->perms, &node->perms_len, perms, len);
}

static void free_one(struct xs_node *node)
{
    free(node->name);
    free(node->value);
    free(node->perms);
    free(node);
}

void xs_free(struct xs_node *node)
{
    while (node && node->child) {
        struct xs_node *child = node->child;

        node->child = child->next;
        xs_free(child);
    }
    if (node)
        free_one(node);
}

static struct xs_node *new_node(const char *name, size_t len,
                                const struct xs_node *like)
{
    struct xs_node *node = calloc(1, sizeof(*node));
    size_t unused;

    if (!node)
        return NULL;
    if (replace(&node->name, &unused, name, len) ||
        xs_set(node, like ? like->value : "", like ? like->len : 0) ||
        xs_set_perms(node, like ? like->perms : "n0",
                     like ? like->perms_len : 3)) {
        free_one(node);
        return NULL;
    }
    node->generation = ++generation;
    return node;
}

struct xs_node *xs_root(void)
{
    return new_node("", 0, NULL);
}

struct xs_node *xs_copy(const struct xs_node *node)
{
    struct xs_node *copy = new_node(node->name, strlen(node->name), node);
    struct xs_node **link = copy ? &copy->child : NULL;

    if (copy)
        copy->generation = node->generation;
    for (const struct xs_node *c = node->child; copy && c; c = c->next) {
        *link = xs_copy(c);
        if (!*link) {
            xs_free(copy);
            return NULL;
        }
        link = &(*link)->next;
    }
    return copy;
}

/* The link to the child called by the LEN bytes at NAME, or to the end. */
static struct xs_node **child_link(struct xs_node *node, const char *name,
                                   size_t len)
{
    struct xs_node **link = &node->child;

    while (*link && (strncmp((*link)->name, name, len) || (*link)->name[len]))
        link = &(*link)->next;
    return link;
}

static struct xs_node *walk(struct xs_node *node, const char *path, bool make)
{
    while (node && *path) {
        size_t len = strcspn(++path, "/");
        struct xs_node **link;

        if (!len)
            return node;        /* "/" itself */
        link = child_link(node, path, len);
        if (!*link && make) {
            *link = new_node(path, len, NULL);
            if (*link && xs_set_perms(*link, node->perms, node->perms_len)) {
                free_one(*link);
                *link = NULL;
            }
            node->generation = ++generation;
        }
        node = *link;
        path += len;
    }
    return node;
}

struct xs_node *xs_find(struct xs_node *root, const char *path)
{
    return walk(root, path, false);
}

struct xs_node *xs_make(struct xs_node *root, const char *path)
{
    return walk(root, path, true);
}

int xs_remove(struct xs_node *root, const char *path)
{
    const char *last = strrchr(path, '/') + 1;
    char parent_path[MAX_PATH + 1];
    struct xs_node *parent, **link, *node;

    memcpy(parent_path, path, last - path);
    parent_path[last - path - (last - path > 1)] = '\0';
    parent = xs_find(root, parent_path);
    link = parent ? child_link(parent, last, strlen(last)) : NULL;
    if (!link || !*link)
        return -ENOENT;
    node = *link;
    *link = node->next;
    parent->generation = ++generation;
    xs_free(node);
    return 0;
}

bool xs_valid_path(const char *path)
{
    size_t len = strlen(path);

    if (*path != '/' || len > MAX_PATH || strstr(path, "//") ||
        (len > 1 && path[len - 1] == '/'))
        return false;
    for (; *path; path++) {
        if (!isalnum((unsigned char)*path) && !strchr("-/_@", *path))
            return false;
    }
    return true;
}
