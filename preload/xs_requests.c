/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each request of xen/io/xs_wire.h does.  Source: docs/misc/xenstore.txt,
 * tools/xenstore/xenstored_{core,watch,transaction,domain}.c. */
#include "preload/xs_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/xenstore.h"

#define PATH_ROOM   (XENSTORE_PAYLOAD_MAX + 1)

static int ack(const struct request *r)
{
    return xs_reply(r, "OK", 3);
}

/* What happened to PATH: told now, or when the transaction ends. */
static int changed(struct request *r, const char *path, bool exact)
{
    struct change **link, *change;

    if (!r->tx) {
        xs_store.version++;
        xs_fire(path, exact);
        return 0;
    }
    change = calloc(1, sizeof(*change));
    if (change)
        change->path = strdup(path);
    if (!change || !change->path) {
        free(change);
        return ENOMEM;
    }
    change->exact = exact;
    for (link = &r->tx->changes; *link; link = &(*link)->next)
        ;
    *link = change;
    return 0;
}

/* The Nth string of the body, or NULL. */
static const char *string(const struct request *r, unsigned int n)
{
    const char *s = r->body, *end = r->body + r->head.len;

    while (n-- && s < end)
        s += strlen(s) + 1;
    return s < end && memchr(s, '\0', end - s) ? s : NULL;
}

/* The first string as an absolute path: 0 or an errno. */
static int path_of(const struct request *r, char path[PATH_ROOM])
{
    const char *s = string(r, 0);
    int n;

    if (!s)
        return EINVAL;
    n = snprintf(path, PATH_ROOM, "%s%s", *s == '/' ? "" : XS_HOME, s);
    return n >= PATH_ROOM || !xs_valid_path(path) ? EINVAL : 0;
}

static int find(struct request *r, char path[PATH_ROOM],
                struct xs_node **node)
{
    int err = path_of(r, path);

    if (err)
        return err;
    *node = xs_find(r->root, path);
    return *node ? 0 : ENOENT;
}

static int do_directory(struct request *r)
{
    char path[PATH_ROOM], list[XENSTORE_PAYLOAD_MAX];
    struct xs_node *node;
    size_t len = 0;
    int err = find(r, path, &node);

    if (err)
        return err;
    for (const struct xs_node *c = node->child; c; c = c->next) {
        size_t more = strlen(c->name) + 1;

        if (len + more > sizeof(list))
            return E2BIG;
        memcpy(list + len, c->name, more);
        len += more;
    }
    return xs_reply(r, list, len);
}

/* The children from a byte on, as many as fit; an empty name ends them. */
static int do_directory_part(struct request *r)
{
    char path[PATH_ROOM], list[XENSTORE_PAYLOAD_MAX];
    const char *from = string(r, 1);
    struct xs_node *node;
    size_t at = 0, len, skip;
    int err = from ? find(r, path, &node) : EINVAL;

    if (err)
        return err;
    skip = strtoul(from, NULL, 10);
    len = snprintf(list, sizeof(list), "%" PRIu64, node->generation) + 1;
    for (const struct xs_node *c = node->child; c; c = c->next) {
        size_t more = strlen(c->name) + 1;

        at += more;
        if (at <= skip)
            continue;
        if (len + more > sizeof(list) - 1)
            return xs_reply(r, list, len);
        memcpy(list + len, c->name, more);
        len += more;
    }
    list[len++] = '\0';
    return xs_reply(r, list, len);
}

static int do_read(struct request *r)
{
    char path[PATH_ROOM];
    struct xs_node *node;
    int err = find(r, path, &node);

    return err ? err : xs_reply(r, node->value, node->len);
}

static int do_write(struct request *r)
{
    char path[PATH_ROOM];
    const char *value;
    struct xs_node *node;
    int err = path_of(r, path);

    if (err)
        return err;
    value = r->body + strlen(r->body) + 1;
    node = xs_make(r->root, path);
    if (!node || xs_set(node, value, r->body + r->head.len - value))
        return ENOMEM;
    err = changed(r, path, false);
    return err ? err : ack(r);
}

static int do_mkdir(struct request *r)
{
    char path[PATH_ROOM];
    int err = path_of(r, path);

    if (!err && !xs_find(r->root, path)) {
        if (!xs_make(r->root, path))
            return ENOMEM;
        err = changed(r, path, false);
    }
    return err ? err : ack(r);
}

/* Everything below PATH goes too, and is told to who watches just that. */
static int tell_children(struct request *r, const struct xs_node *node,
                         const char *path)
{
    int err = 0;

    for (const struct xs_node *c = node->child; c && !err; c = c->next) {
        char below[XENSTORE_PAYLOAD_MAX];

        snprintf(below, sizeof(below), "%s/%s", path, c->name);
        err = tell_children(r, c, below);
        if (!err)
            err = changed(r, below, true);
    }
    return err;
}

static int do_rm(struct request *r)
{
    char path[PATH_ROOM], *slash;
    struct xs_node *node;
    int err = find(r, path, &node);

    if (err == ENOENT) {
        /* It need not be there, but the place for it does. */
        slash = strrchr(path, '/');
        slash[slash == path] = '\0';
        return xs_find(r->root, path) ? ack(r) : ENOENT;
    }
    if (!err && !strcmp(path, "/"))
        err = EINVAL;
    if (!err)
        err = tell_children(r, node, path);
    if (!err)
        err = -xs_remove(r->root, path);
    if (!err)
        err = changed(r, path, false);
    return err ? err : ack(r);
}

static int do_get_perms(struct request *r)
{
    char path[PATH_ROOM];
    struct xs_node *node;
    int err = find(r, path, &node);

    return err ? err : xs_reply(r, node->perms, node->perms_len);
}

static bool valid_perms(const char *s, const char *end)
{
    if (s >= end)
        return false;
    while (s < end) {
        if (!strchr("nrwb", *s) || !*s || s[1] < '0' || s[1] > '9')
            return false;
        s += strlen(s) + 1;
    }
    return true;
}

static int do_set_perms(struct request *r)
{
    char path[PATH_ROOM];
    struct xs_node *node;
    const char *perms, *end = r->body + r->head.len;
    int err = find(r, path, &node);

    if (err)
        return err;
    perms = r->body + strlen(r->body) + 1;
    if (!valid_perms(perms, end) || end[-1])
        return EINVAL;
    if (xs_set_perms(node, perms, end - perms))
        return ENOMEM;
    err = changed(r, path, false);
    return err ? err : ack(r);
}

static int do_watch(struct request *r)
{
    const char *name = string(r, 0), *token = string(r, 1);
    char path[PATH_ROOM];
    struct watch **link, *w;
    bool special = name && *name == '@';
    int err = 0;

    if (!name || !token)
        return EINVAL;
    if (special)
        snprintf(path, sizeof(path), "%s", name);
    else
        err = path_of(r, path);
    if (err)
        return err;
    for (link = &r->conn->watches; *link; link = &(*link)->next) {
        if (!strcmp((*link)->path, path) && !strcmp((*link)->token, token))
            return EEXIST;
    }
    w = calloc(1, sizeof(*w));
    if (!w)
        return ENOMEM;
    w->path = strdup(path);
    w->token = strdup(token);
    w->relative = !special && *name != '/';
    if (!w->path || !w->token) {
        xs_free_watch(w);
        return ENOMEM;
    }
    *link = w;
    ack(r);
    xs_send_event(r->conn, w, w->path);    /* once up front */
    return 0;
}

static int do_unwatch(struct request *r)
{
    const char *name = string(r, 0), *token = string(r, 1);
    char path[PATH_ROOM];
    struct watch **link = &r->conn->watches, *w;

    if (!name || !token)
        return EINVAL;
    if (*name == '@')
        snprintf(path, sizeof(path), "%s", name);
    else if (path_of(r, path))
        return EINVAL;
    while ((w = *link) && (strcmp(w->path, path) || strcmp(w->token, token)))
        link = &w->next;
    if (!w)
        return ENOENT;
    *link = w->next;
    xs_free_watch(w);
    return ack(r);
}

/* ---- transactions ---- */

static int do_start(struct request *r)
{
    struct transaction *tx;
    char id[16];

    if (r->tx)
        return EBUSY;
    tx = calloc(1, sizeof(*tx));
    if (tx)
        tx->root = xs_copy(xs_store.root);
    if (!tx || !tx->root) {
        free(tx);
        return ENOMEM;
    }
    tx->id = ++xs_store.next_tx;
    tx->version = xs_store.version;
    tx->next = r->conn->transactions;
    r->conn->transactions = tx;
    return xs_reply(r, id, snprintf(id, sizeof(id), "%" PRIu32, tx->id) + 1);
}

static int commit(struct transaction *tx)
{
    struct xs_node *old = xs_store.root;

    if (!tx->changes)
        return 0;
    if (tx->version != xs_store.version)
        return EAGAIN;
    xs_store.root = tx->root;
    tx->root = old;
    xs_store.version++;
    for (const struct change *c = tx->changes; c; c = c->next)
        xs_fire(c->path, c->exact);
    return 0;
}

static int do_end(struct request *r)
{
    struct transaction **link = &r->conn->transactions;
    const char *how = string(r, 0);
    int err = 0;

    if (!how || (strcmp(how, "T") && strcmp(how, "F")))
        return EINVAL;
    if (!r->tx)
        return ENOENT;
    while (*link != r->tx)
        link = &(*link)->next;
    *link = r->tx->next;
    if (*how == 'T')
        err = commit(r->tx);
    xs_free_transaction(r->tx);
    r->tx = NULL;
    return err ? err : ack(r);
}

/* ---- domains ---- */

/* The domain id in the first string, or -1. */
static long domain_of(const struct request *r)
{
    const char *s = string(r, 0);
    char *end;
    long dom;

    if (!s)
        return -1;
    dom = strtol(s, &end, 10);
    return end == s || *end || dom < 0 || dom >= DOMID_FIRST_RESERVED ?
        -1 : dom;
}

static int do_domain(struct request *r)
{
    char path[64];
    long dom = domain_of(r);

    if (dom < 0)
        return EINVAL;
    switch (r->head.type) {
    case XS_GET_DOMAIN_PATH:
        return xs_reply(r, path, snprintf(path, sizeof(path),
                                       "/local/domain/%ld", dom) + 1);
    case XS_IS_DOMAIN_INTRODUCED:
        return xs_reply(r, !dom || xs_store.introduced[dom] ? "T" : "F", 2);
    case XS_INTRODUCE:
        if (!xs_store.introduced[dom])
            xs_fire("@introduceDomain", false);
        xs_store.introduced[dom] = true;
        return ack(r);
    case XS_RELEASE:
        if (!xs_store.introduced[dom])
            return ENOENT;
        xenstore_release(dom);
        return ack(r);
    default:                    /* XS_RESUME, XS_SET_TARGET */
        return xs_store.introduced[dom] ? ack(r) : ENOENT;
    }
}

static int do_reset(struct request *r)
{
    while (r->conn->watches) {
        struct watch *w = r->conn->watches;

        r->conn->watches = w->next;
        xs_free_watch(w);
    }
    return ack(r);
}

static int do_control(struct request *r)
{
    (void)r;
    return ENOSYS;
}

static int (*const requests[XS_TYPE_COUNT])(struct request *r) = {
    [XS_CONTROL] = do_control,
    [XS_DIRECTORY] = do_directory,
    [XS_DIRECTORY_PART] = do_directory_part,
    [XS_READ] = do_read,
    [XS_GET_PERMS] = do_get_perms,
    [XS_SET_PERMS] = do_set_perms,
    [XS_WRITE] = do_write,
    [XS_MKDIR] = do_mkdir,
    [XS_RM] = do_rm,
    [XS_WATCH] = do_watch,
    [XS_UNWATCH] = do_unwatch,
    [XS_RESET_WATCHES] = do_reset,
    [XS_TRANSACTION_START] = do_start,
    [XS_TRANSACTION_END] = do_end,
    [XS_INTRODUCE] = do_domain,
    [XS_RELEASE] = do_domain,
    [XS_GET_DOMAIN_PATH] = do_domain,
    [XS_IS_DOMAIN_INTRODUCED] = do_domain,
    [XS_RESUME] = do_domain,
    [XS_SET_TARGET] = do_domain,
};

int xs_request(struct request *r)
{
    if (r->head.type >= XS_TYPE_COUNT || !requests[r->head.type])
        return ENOSYS;
    return requests[r->head.type](r);
}
