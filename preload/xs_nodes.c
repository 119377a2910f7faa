/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes as a request sees them.  A transaction has its own copy of every node
 * it looked at, and ends well only if the store still has those as they were
 * then.  Source: tools/xenstore/xenstored_transaction.c:access_node,
 * finalize_transaction; xenstored_core.c:create_node, rm_node. */
#include "preload/xs_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void xs_parent(char *parent, const char *path)
{
    size_t len = strrchr(path, '/') - path;

    memmove(parent, path, len);
    strcpy(parent + len, len ? "" : "/");
}

static struct access *find_access(const struct transaction *tx,
                                  const char *path)
{
    struct access *a = tx->accesses;

    while (a && strcmp(a->node.path, path))
        a = a->next;
    return a;
}

static void free_access(struct access *a)
{
    xs_node_clear(&a->node);
    free(a->node.path);
    free(a);
}

static struct access *new_access(struct transaction *tx, const char *path)
{
    const struct xs_node *node = xs_lookup(&xs_store.map, path);
    struct access *a = calloc(1, sizeof(*a));

    if (a)
        a->node.path = strdup(path);
    if (!a || !a->node.path || (node && xs_node_copy(&a->node, node))) {
        if (a)
            free_access(a);
        tx->failed = true;
        return NULL;
    }
    a->seen = a->node.generation = node ? node->generation : 0;
    *tx->end = a;
    tx->end = &a->next;
    return a;
}

static struct access *access_of(struct request *r, const char *path)
{
    struct access *a = find_access(r->tx, path);

    return a ? a : new_access(r->tx, path);
}

struct xs_node *xs_get(struct request *r, const char *path)
{
    struct access *a;

    if (!r || !r->tx)
        return xs_lookup(&xs_store.map, path);
    a = access_of(r, path);
    return a && a->node.generation ? &a->node : NULL;
}

void xs_touch(struct request *r, struct xs_node *node)
{
    struct access *a;

    node->generation = ++xs_store.generation;
    if (!r || !r->tx)
        return;
    a = find_access(r->tx, node->path);
    if (a)
        a->modified = true;
}

void xs_changed(struct request *r, const char *path, bool exact)
{
    struct access *a;

    if (!r || !r->tx) {
        xs_fire(path, exact);
        return;
    }
    a = find_access(r->tx, path);
    if (!a)
        return;
    a->exact = exact && (!a->fire || a->exact);
    a->fire = true;
}

/* PATH is not there, its PARENT is. */
static struct xs_node *make_one(struct request *r, struct xs_node *parent,
                                const char *path)
{
    struct access *a = r && r->tx ? access_of(r, path) : NULL;
    struct xs_node *node = a ? &a->node : NULL;

    if (!r || !r->tx)
        node = xs_insert(&xs_store.map, path);
    if (!node || xs_assign(&node->value, "", 0) ||
        xs_assign(&node->perms, parent->perms.p, parent->perms.len) ||
        xs_add_child(parent, strrchr(path, '/') + 1)) {
        if (r && r->tx)
            r->tx->failed = true;
        else
            xs_drop(&xs_store.map, path);
        return NULL;
    }
    xs_touch(r, parent);
    xs_touch(r, node);
    return node;
}

struct xs_node *xs_make(struct request *r, const char *path)
{
    struct xs_node *node = xs_get(r, "/");
    char part[XS_PATH];

    for (const char *end = path; node && *end; ) {
        struct xs_node *child;

        end += 1 + strcspn(end + 1, "/");
        memcpy(part, path, end - path);
        part[end - path] = '\0';
        child = xs_get(r, part);
        node = child ? child : make_one(r, node, part);
    }
    return node;
}

static void remove_one(struct request *r, const char *path)
{
    struct access *a;

    if (!r || !r->tx) {
        xs_drop(&xs_store.map, path);
        return;
    }
    a = find_access(r->tx, path);
    if (!a)
        return;
    xs_node_clear(&a->node);
    a->node.generation = 0;
    a->modified = true;
}

/* Children first; what is below PATH is told to who watches just that. */
void xs_remove(struct request *r, const char *path)
{
    char at[XS_PATH], up[XS_PATH];
    size_t top = strlen(path);
    struct xs_node *node, *parent;

    strcpy(at, path);
    xs_parent(up, path);
    xs_get(r, up);
    for (;;) {
        node = xs_get(r, at);
        if (node && node->children.len) {
            strcat(at, "/");
            strcat(at, node->children.p);
            continue;
        }
        xs_changed(r, at, strlen(at) != top);
        remove_one(r, at);
        xs_parent(up, at);
        parent = xs_get(r, up);
        if (parent) {
            xs_cut_child(parent, strrchr(at, '/') + 1);
            xs_touch(r, parent);
        }
        if (strlen(at) == top || !parent)
            return;
        strcpy(at, up);
    }
}

/* ---- the end of a transaction ---- */

void xs_free_transaction(struct transaction *tx)
{
    while (tx->accesses) {
        struct access *a = tx->accesses;

        tx->accesses = a->next;
        free_access(a);
    }
    free(tx);
}

static int apply(const struct access *a)
{
    struct xs_node *node;

    if (!a->node.generation) {
        xs_drop(&xs_store.map, a->node.path);
        return 0;
    }
    node = xs_lookup(&xs_store.map, a->node.path);
    if (!node)
        node = xs_insert(&xs_store.map, a->node.path);
    if (!node || xs_node_copy(node, &a->node))
        return ENOMEM;
    node->generation = ++xs_store.generation;
    return 0;
}

int xs_commit(struct transaction *tx)
{
    int err = 0;

    if (tx->failed)
        return ENOMEM;
    for (const struct access *a = tx->accesses; a; a = a->next) {
        const struct xs_node *node = xs_lookup(&xs_store.map, a->node.path);

        if ((node ? node->generation : 0) != a->seen)
            return EAGAIN;
    }
    for (const struct access *a = tx->accesses; a && !err; a = a->next) {
        if (!a->modified)
            continue;
        err = apply(a);
        /* What came and went within the transaction nobody hears of. */
        if (a->fire && (a->seen || a->node.generation))
            xs_fire(a->node.path, a->exact);
    }
    return err;
}
