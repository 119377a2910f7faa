/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/wire.h"

#include <string.h>

#include "preload/abi.h"
#include "preload/front.h"
#include "preload/pass.h"

const struct wire *wire_find(const struct wire *rows, size_t nr, uint32_t cmd)
{
    for (size_t i = 0; i < nr; i++) {
        if (rows[i].cmd == cmd)
            return &rows[i];
    }
    return NULL;
}

/* Little-endian integers of other widths: what does not fit is cut off, what
 * is wider is zero. */
static void copy(void *to, size_t to_len, const void *from, size_t from_len)
{
    memset(to, 0, to_len);
    memcpy(to, from, to_len < from_len ? to_len : from_len);
}

void wire_copy(const struct move *moves, void *abi, void *args, bool to_abi)
{
    char *a = args, *x = abi;

    for (const struct move *m = moves; m->args_len; m++) {
        if (to_abi)
            copy(x + m->abi, m->abi_len, a + m->args, m->args_len);
        else
            copy(a + m->args, m->args_len, x + m->abi, m->abi_len);
    }
}

static struct {
    void *abi;
    uint64_t at;
    size_t len;
} source;

void wire_at(void *abi, uint64_t at, size_t len)
{
    source.abi = abi;
    source.at = at;
    source.len = len;
}

/* The kernel has answered: its results. */
static int fill(void *ctx, void *args, long rc)
{
    const struct wire *w = ctx;
    char *a = args, *x = source.abi;
    bool out = false;

    for (const struct move *m = w->moves; m && m->args_len; m++)
        out |= m->out;
    if (rc < 0 || !out || user_read(x, source.at, source.len))
        return (int)rc;
    for (const struct move *m = w->moves; m && m->args_len; m++) {
        if (m->out)
            copy(a + m->args, m->args_len, x + m->abi, m->abi_len);
    }
    return (int)rc;
}

static void number_access(void *arg)
{
    uint32_t access;

    memcpy(&access, arg, sizeof(access));
    access = abi_access(access);
    memcpy(arg, &access, sizeof(access));
}

int wire_call(const struct wire *w, uint32_t dom, void *abi, bool *out)
{
    union hv_args args;
    char *a = (char *)&args, *x = abi;
    int rc;

    hv_op_init(w->op, &args);
    memcpy(a, &dom, sizeof(dom));
    for (const struct move *m = w->moves; m && m->args_len; m++) {
        if (!m->out)
            copy(a + m->args, m->args_len, x + m->abi, m->abi_len);
        if (m->access)
            number_access(a + m->args);
    }
    pass_fill(fill, (void *)(uintptr_t)w);
    rc = hv_call(front.hv, w->op, &args);
    for (const struct move *m = w->moves; m && m->args_len && rc >= 0; m++) {
        if (m->out) {
            copy(x + m->abi, m->abi_len, a + m->args, m->args_len);
            *out = true;
        }
    }
    return rc;
}
