/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV page tables of other domains: libxenctrl has no function for them. */
#include "real/private.h"

#include <string.h>

/* NR requests of SIZE bytes, and the count of those that were done. */
struct batch {
    unsigned char *requests;
    uint32_t *done;
    uint32_t nr;
};

static bool batch_open(struct xen *x, struct batch *b, size_t size,
                       const struct hv_span *more, uint32_t flags)
{
    b->nr = flags & PV_NO_REQUESTS ? 0 : 1 + more->len / size;
    b->requests = xencall_alloc_buffer(x->call, (more->len / size + 1) * size);
    b->done = xencall_alloc_buffer(x->call, sizeof(*b->done));
    if (b->requests && b->done) {
        *b->done = ~0u;
        return true;
    }
    xencall_free_buffer(x->call, b->requests);
    xencall_free_buffer(x->call, b->done);
    return false;
}

static int batch_call(struct xen *x, struct batch *b, unsigned int call,
                      uint32_t flags, uint32_t foreign, uint32_t *done)
{
    uintptr_t requests = flags & PV_BAD_REQUESTS ?
        (uintptr_t)0xffff800000000000 : (uintptr_t)b->requests;
    uintptr_t to = flags & PV_NO_DONE ? 0 : (uintptr_t)b->done;
    int rc = xen_answer(xencall4(x->call, call, requests, b->nr, to, foreign));

    *done = *b->done;
    xencall_free_buffer(x->call, b->requests);
    xencall_free_buffer(x->call, b->done);
    return rc;
}

int real_op_PV_MMU_UPDATE(struct xen *x, struct args_mmu_update *a)
{
    uint64_t first[2] = { a->ptr, a->val };
    uint32_t tables = a->vcpu ? xen_id(x, a->vcpu) + 1 : 0;
    struct batch b;

    if (!batch_open(x, &b, sizeof(first), &a->more, a->flags))
        return -ENOMEM;
    memcpy(b.requests, first, sizeof(first));
    if (b.nr > 1)
        memcpy(b.requests + sizeof(first), a->more.p,
               (b.nr - 1) * sizeof(first));
    return batch_call(x, &b, __HYPERVISOR_mmu_update, a->flags,
                      tables << 16 | (xen_id(x, a->dom) & 0xffff), &a->done);
}

static void mmuext_request(struct mmuext_op *op, uint64_t cmd, uint64_t arg1,
                           uint64_t arg2)
{
    memset(op, 0, sizeof(*op));
    op->cmd = cmd;
    op->arg1.mfn = arg1;
    op->arg2.src_mfn = arg2;
}

int real_op_PV_MMUEXT_OP(struct xen *x, struct args_mmuext_op *a)
{
    struct mmuext_op *op;
    struct batch b;
    uint64_t more[3];

    /* The requests are as long as ours. */
    if (!batch_open(x, &b, sizeof(more), &a->more, a->flags))
        return -ENOMEM;
    op = (struct mmuext_op *)b.requests;
    mmuext_request(op, a->cmd, a->arg1, a->arg2);
    for (uint32_t i = 1; i < b.nr; i++) {
        memcpy(more, (const char *)a->more.p + (i - 1) * sizeof(more),
               sizeof(more));
        mmuext_request(op + i, more[0], more[1], more[2]);
    }
    return batch_call(x, &b, __HYPERVISOR_mmuext_op, a->flags,
                      xen_id(x, a->dom) & 0xffff, &a->done);
}
