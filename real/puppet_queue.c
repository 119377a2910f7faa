/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a puppet's vCPU is to do next: its queue. */
#include "real/puppet_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_QUEUE       (1u << 16)

struct puppet_machine puppet_machine(const struct puppet *p, uint32_t n)
{
    const struct puppet_page *page = puppet_page(p);

    return (struct puppet_machine){
        .amd = page->amd,
        .rip = p->vcpu[n].rip,
        .scratch = page->scratch + (uint64_t)n * PUPPET_SCRATCH,
        .stack = page->stack + (uint64_t)n * PUPPET_STACK + PUPPET_STACK / 2,
        .tss = PUPPET_TSS(n),
        .last = p->vcpu[n].last,
    };
}

static int make_room(struct puppet_vcpu *v)
{
    uint32_t room = v->room ? 2 * v->room : 16;
    struct puppet_insn *queue;

    if (v->head + v->count < v->room)
        return 0;
    if (v->head) {
        memmove(v->queue, v->queue + v->head, v->count * sizeof(*queue));
        v->head = 0;
        return 0;
    }
    if (room > MAX_QUEUE)
        return -ENOSPC;
    queue = realloc(v->queue, room * sizeof(*queue));
    if (!queue)
        return -ENOMEM;
    v->queue = queue;
    v->room = room;
    return 0;
}

/* What the model refuses, and what cannot be done here. */
static int check(struct puppet *p, uint32_t n, const struct puppet_insn *in)
{
    const struct args_guest_mem *a = &in->a.GUEST_WRITE;
    const struct puppet_machine m = puppet_machine(p, n);
    struct vm_event_regs_x86 regs;
    struct puppet_code code;
    int rc = hv_guest_check(in->op, &in->a);

    if (rc || in->op == OP_GUEST_VALUE)
        return rc;
    if (in->op == OP_GUEST_WRITE && a->last &&
        (a->len > 8) != p->vcpu[n].wide)
        return -EOPNOTSUPP;             /* it is in the other register */
    memset(&regs, 0, sizeof(regs));
    return puppet_assemble(in, &m, &code, &regs);
}

int puppet_push(struct puppet *p, enum hv_op op, const void *args)
{
    uint32_t n = ((const struct args_guest *)args)->vcpu;
    struct puppet_vcpu *v = &p->vcpu[n];
    struct puppet_insn *in;
    int rc = make_room(v);

    if (rc)
        return rc;
    in = &v->queue[v->head + v->count];
    memset(in, 0, sizeof(*in));
    in->op = op;
    memcpy(&in->a, args, hv_ops_table[op].size);
    if (op == OP_GUEST_ALTP2M) {
        const struct hv_span *arg = &in->a.GUEST_ALTP2M.arg;

        if (arg->len > MAX_ARGUMENT)
            return -E2BIG;
        if (arg->len)
            memcpy(in->argument, arg->p, arg->len);
    }
    rc = check(p, n, in);
    if (rc)
        return rc;
    if (op != OP_GUEST_VALUE) {
        in->nr_walks = v->nr_walks;
        memcpy(in->walks, v->walks, sizeof(in->walks));
        v->nr_walks = 0;
    }
    if (op == OP_GUEST_READ)
        v->wide = in->a.GUEST_READ.len > 8;
    v->count++;
    return 0;
}
