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

static int ack(const struct request *r)
{
    return xs_reply(r, "OK", 3);
}

/* ---- arguments ---- */

/* How many strings that end there are in the body. */
static unsigned int strings(const struct request *r)
{
    unsigned int n = 0;

    for (uint32_t i = 0; i < r->head.len; i++)
        n += !r->body[i];
    return n;
}

/* The Nth of them. */
static const char *string(const struct request *r, unsigned int n)
{
    const char *s = r->body;

    while (n--)
        s += strlen(s) + 1;
    return s;
}

/* The only one, up to the body's last byte, or NULL. */
static const char *only(const struct request *r)
{
    return r->head.len && strlen(r->body) == r->head.len - 1 ? r->body : NULL;
}

/* An id that a domain of its own can have. */
static bool ordinary(int dom)
{
    return dom >= 0 && dom < (int)DOMID_FIRST_RESERVED;
}

/* NAME, which may be NULL, as an absolute path: 0 or an errno. */
static int path_of(const char *name, char path[XS_PATH])
{
    int n;

    if (!name || *name == '@')
        return EINVAL;
    n = snprintf(path, XS_PATH, "%s%s", *name == '/' ? "" : XS_HOME "/",
                 name);
    return n >= XS_PATH || !xs_valid_path(path) ? EINVAL : 0;
}

/* The node called NAME.  Where there is none its parents are looked at, too:
 * may the client know that? */
static int find(struct request *r, const char *name, char path[XS_PATH],
                struct xs_node **node)
{
    int err = path_of(name, path);
    char up[XS_PATH];

    if (err)
        return err;
    *node = xs_get(r, path);
    if (*node)
        return 0;
    strcpy(up, path);
    do
        xs_parent(up, up);
    while (!xs_get(r, up) && strcmp(up, "/"));
    return ENOENT;
}

/* ---- nodes ---- */

static int do_directory(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = find(r, only(r), path, &node);

    return err ? err : xs_reply(r, node->children.p, node->children.len);
}

/* The children from a byte on, as many as fit; an empty name ends them. */
static int do_directory_part(struct request *r)
{
    char path[XS_PATH], list[XENSTORE_PAYLOAD_MAX];
    size_t head, room, len = 0, from;
    struct xs_node *node;
    int err = strings(r) == 2 ? find(r, string(r, 0), path, &node) : EINVAL;

    if (err)
        return err;
    from = (unsigned int)atoi(string(r, 1));
    head = sprintf(list, "%" PRIu64, node->generation) + 1;
    room = sizeof(list) - head - 1;
    while (from < node->children.len) {
        const char *name = node->children.p + from;
        size_t more = strlen(name) + 1;

        if (len + more > room)
            return xs_reply(r, list, head + len);
        memcpy(list + head + len, name, more);
        len += more;
        from += more;
    }
    list[head + len++] = '\0';
    return xs_reply(r, list, head + len);
}

static int do_read(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = find(r, only(r), path, &node);

    return err ? err : xs_reply(r, node->value.p, node->value.len);
}

static int do_write(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = strings(r) ? find(r, string(r, 0), path, &node) : EINVAL;
    const char *value = r->body + strlen(r->body) + 1;

    if (err && err != ENOENT)
        return err;
    if (err)
        node = xs_make(r, path);
    if (!node || xs_assign(&node->value, value,
                           r->body + r->head.len - value))
        return ENOMEM;
    xs_touch(r, node);
    xs_changed(r, path, false);
    return ack(r);
}

static int do_mkdir(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = find(r, only(r), path, &node);

    if (err && err != ENOENT)
        return err;
    if (err) {
        if (!xs_make(r, path))
            return ENOMEM;
        xs_changed(r, path, false);
    }
    return ack(r);
}

static int do_rm(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = find(r, only(r), path, &node);

    if (err == ENOENT) {
        /* It need not be there, but the place for it does. */
        xs_parent(path, path);
        return xs_get(r, path) ? ack(r) : ENOENT;
    }
    if (err)
        return err;
    if (!strcmp(path, "/"))
        return EINVAL;
    xs_remove(r, path);
    return ack(r);
}

static int do_get_perms(struct request *r)
{
    char path[XS_PATH];
    struct xs_node *node;
    int err = find(r, only(r), path, &node);

    return err ? err : xs_reply(r, node->perms.p, node->perms.len);
}

/* xs_strings_to_perms and back: NR strings at S to TEXT.  0 or an errno;
 * ENOENT when the first, the owner, is no domain. */
static int perms_of(const char *s, unsigned int nr, char *text, size_t *len)
{
    *len = 0;
    for (unsigned int i = 0; i < nr; i++) {
        char *end;
        int id;

        if (!*s || !strchr("nrwb", *s) || !s[1])
            return EINVAL;
        id = (int)strtol(s + 1, &end, 0);
        if (*end)
            return EINVAL;
        if (!i && id && (!ordinary(id) || !xs_store.exists[id]))
            return ENOENT;
        *len += sprintf(text + *len, "%c%d", *s, id) + 1;
        s = end + 1;
    }
    return 0;
}

static int do_set_perms(struct request *r)
{
    unsigned int nr = strings(r);
    char path[XS_PATH], *text;
    struct xs_node *node;
    size_t len;
    int err;

    if (nr < 2)
        return EINVAL;
    text = malloc((nr - 1) * sizeof("n-2147483648"));
    if (!text)
        return ENOMEM;
    err = perms_of(string(r, 1), nr - 1, text, &len);
    /* Of the two special ones nothing depends on the permissions here. */
    if (!err && *r->body == '@') {
        err = strcmp(r->body, "@introduceDomain") &&
              strcmp(r->body, "@releaseDomain") ? EINVAL : ack(r);
        free(text);
        return err;
    }
    if (!err)
        err = find(r, string(r, 0), path, &node);
    if (!err && xs_assign(&node->perms, text, len))
        err = ENOMEM;
    free(text);
    if (err)
        return err;
    xs_touch(r, node);
    xs_changed(r, path, false);
    return ack(r);
}

/* ---- watches ---- */

static struct watch **find_watch(struct request *r, const char *path,
                                 const char *token)
{
    struct watch **link = &r->conn->watches;

    while (*link && (strcmp((*link)->path, path) ||
                     strcmp((*link)->token, token)))
        link = &(*link)->next;
    return link;
}

static int do_watch(struct request *r)
{
    bool two = strings(r) == 2, special = two && *r->body == '@';
    char path[XENSTORE_PAYLOAD_MAX + 1];
    struct watch **link, *w;
    const char *token;

    if (!two || (special ? strlen(r->body) > XENSTORE_REL_PATH_MAX :
                 path_of(r->body, path)))
        return EINVAL;
    if (special)
        strcpy(path, r->body);
    token = string(r, 1);
    link = find_watch(r, path, token);
    if (*link)
        return EEXIST;
    w = calloc(1, sizeof(*w));
    if (!w)
        return ENOMEM;
    w->path = strdup(path);
    w->token = strdup(token);
    w->relative = !special && *r->body != '/';
    if (!w->path || !w->token) {
        free(w->path);
        free(w->token);
        free(w);
        return ENOMEM;
    }
    *link = w;
    ack(r);
    xs_send_event(r->conn, w, w->path);    /* once up front */
    return 0;
}

static int do_unwatch(struct request *r)
{
    char path[sizeof(XS_HOME) + XENSTORE_PAYLOAD_MAX + 1];
    struct watch **link, *w;

    if (strings(r) != 2)
        return EINVAL;
    snprintf(path, sizeof(path), "%s%s",
             *r->body == '/' || *r->body == '@' ? "" : XS_HOME "/", r->body);
    link = find_watch(r, path, string(r, 1));
    w = *link;
    if (!w)
        return ENOENT;
    *link = w->next;
    free(w->path);
    free(w->token);
    free(w);
    return ack(r);
}

static int do_reset(struct request *r)
{
    xs_free_watches(r->conn);
    xs_free_transactions(r->conn);
    return ack(r);
}

/* ---- transactions ---- */

static struct transaction *find_tx(const struct xs_conn *conn, uint32_t id)
{
    struct transaction *tx = conn->transactions;

    while (tx && tx->id != id)
        tx = tx->next;
    return tx;
}

static int do_start(struct request *r)
{
    struct transaction *tx;
    char id[16];

    if (r->tx)
        return EBUSY;
    tx = calloc(1, sizeof(*tx));
    if (!tx)
        return ENOMEM;
    do
        tx->id = r->conn->next_tx++;
    while (!tx->id || find_tx(r->conn, tx->id));
    tx->end = &tx->accesses;
    tx->next = r->conn->transactions;
    r->conn->transactions = tx;
    return xs_reply(r, id, sprintf(id, "%" PRIu32, tx->id) + 1);
}

static int do_end(struct request *r)
{
    struct transaction **link = &r->conn->transactions;
    const char *how = only(r);
    int err = 0;

    if (!how || (strcmp(how, "T") && strcmp(how, "F")))
        return EINVAL;
    if (!r->tx)
        return ENOENT;
    while (*link != r->tx)
        link = &(*link)->next;
    *link = r->tx->next;
    if (*how == 'T')
        err = xs_commit(r->tx);
    xs_free_transaction(r->tx);
    return err ? err : ack(r);
}

/* ---- domains ---- */

static bool introduced(int dom)
{
    return !dom || dom == DOMID_SELF ||
           (ordinary(dom) && xs_store.introduced[dom]);
}

static int do_domain_path(struct request *r)
{
    char path[64];
    const char *dom = only(r);

    if (!dom)
        return EINVAL;
    return xs_reply(r, path, sprintf(path, "/local/domain/%u",
                                     (unsigned int)atoi(dom)) + 1);
}

static int do_is_introduced(struct request *r)
{
    const char *dom = only(r);

    if (!dom)
        return EINVAL;
    return xs_reply(r, introduced(atoi(dom)) ? "T" : "F", 2);
}

static int do_introduce(struct request *r)
{
    int dom;

    if (strings(r) < 3 || atoi(string(r, 2)) <= 0)
        return EINVAL;
    dom = atoi(string(r, 0));
    if (!introduced(dom)) {
        if (!ordinary(dom) || !xs_store.exists[dom])
            return EINVAL;      /* it has no ring page to map */
        xs_store.introduced[dom] = true;
        xs_fire("@introduceDomain", true);
    }
    return ack(r);
}

/* XS_RELEASE, XS_RESUME: of another domain. */
static int do_one_domain(struct request *r)
{
    const char *s = only(r);
    int dom = s ? atoi(s) : 0;

    if (!dom)
        return EINVAL;
    if (dom == DOMID_SELF || !introduced(dom))
        return ENOENT;
    if (r->head.type == XS_RELEASE)
        xenstore_release(dom);
    return ack(r);
}

static int do_set_target(struct request *r)
{
    if (strings(r) < 2)
        return EINVAL;
    return introduced(atoi(string(r, 0))) &&
           introduced(atoi(string(r, 1))) ? ack(r) : ENOENT;
}

/* No command of the daemon's is known. */
static int do_control(struct request *r)
{
    (void)r;
    return EINVAL;
}

static const struct {
    int (*perform)(struct request *r);
    bool no_tx;                 /* the transaction's number is ignored */
} requests[XS_TYPE_COUNT] = {
    [XS_CONTROL] = { do_control, false },
    [XS_DIRECTORY] = { do_directory, false },
    [XS_DIRECTORY_PART] = { do_directory_part, false },
    [XS_READ] = { do_read, false },
    [XS_GET_PERMS] = { do_get_perms, false },
    [XS_SET_PERMS] = { do_set_perms, false },
    [XS_WRITE] = { do_write, false },
    [XS_MKDIR] = { do_mkdir, false },
    [XS_RM] = { do_rm, false },
    [XS_WATCH] = { do_watch, true },
    [XS_UNWATCH] = { do_unwatch, true },
    [XS_RESET_WATCHES] = { do_reset, false },
    [XS_TRANSACTION_START] = { do_start, false },
    [XS_TRANSACTION_END] = { do_end, false },
    [XS_INTRODUCE] = { do_introduce, false },
    [XS_RELEASE] = { do_one_domain, false },
    [XS_GET_DOMAIN_PATH] = { do_domain_path, false },
    [XS_IS_DOMAIN_INTRODUCED] = { do_is_introduced, false },
    [XS_RESUME] = { do_one_domain, false },
    [XS_SET_TARGET] = { do_set_target, false },
};

int xs_request(struct request *r)
{
    uint32_t type = r->head.type;

    if (type >= XS_TYPE_COUNT || !requests[type].perform)
        return ENOSYS;
    if (r->head.tx_id && !requests[type].no_tx) {
        r->tx = find_tx(r->conn, r->head.tx_id);
        if (!r->tx)
            return ENOENT;
    }
    return requests[type].perform(r);
}
