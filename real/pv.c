/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV page tables: hypercalls of dom0 for other domains that libxenctrl has no
 * function for, or exports none; and their requests, which are those of a
 * guest, too. */
#include "real/private.h"

#include <string.h>

/* ---- requests ---- */

uint32_t xen_pv_count(const struct hv_span *more, size_t size, uint32_t flags)
{
    return flags & PV_NO_REQUESTS ? 0 : 1 + more->len / size;
}

/* What is written to machine_to_phys is a gfn. */
static void mmu_request(struct xen *x, struct mmu_update *u, uint64_t ptr,
                        uint64_t val)
{
    bool entry = (ptr & (sizeof(val) - 1)) != MMU_MACHPHYS_UPDATE;

    u->ptr = xen_entry(x, ptr);
    u->val = entry ? xen_entry(x, val) : val;
}

void xen_mmu_requests(struct xen *x, const struct args_mmu_update *a,
                      struct mmu_update *to)
{
    uint64_t more[2];

    mmu_request(x, to, a->ptr, a->val);
    for (uint32_t i = 0; i < a->more.len / sizeof(more); i++) {
        memcpy(more, (const char *)a->more.p + i * sizeof(more),
               sizeof(more));
        mmu_request(x, ++to, more[0], more[1]);
    }
}

static void mmuext_request(struct xen *x, struct mmuext_op *op, uint64_t cmd,
                           uint64_t arg1, uint64_t arg2)
{
    bool frame = cmd <= MMUEXT_NEW_BASEPTR || cmd == MMUEXT_NEW_USER_BASEPTR ||
                 cmd == MMUEXT_CLEAR_PAGE || cmd == MMUEXT_COPY_PAGE ||
                 cmd == MMUEXT_MARK_SUPER || cmd == MMUEXT_UNMARK_SUPER;

    memset(op, 0, sizeof(*op));
    op->cmd = cmd;
    op->arg1.mfn = frame ? xen_frame(x, arg1) : arg1;
    op->arg2.src_mfn = cmd == MMUEXT_COPY_PAGE ? xen_frame(x, arg2) : arg2;
}

void xen_mmuext_requests(struct xen *x, const struct args_mmuext_op *a,
                         struct mmuext_op *to)
{
    uint64_t more[3];

    mmuext_request(x, to, a->cmd, a->arg1, a->arg2);
    for (uint32_t i = 0; i < a->more.len / sizeof(more); i++) {
        memcpy(more, (const char *)a->more.p + i * sizeof(more),
               sizeof(more));
        mmuext_request(x, ++to, more[0], more[1], more[2]);
    }
}

uint32_t xen_foreign(struct xen *x, uint32_t foreign)
{
    uint32_t tables = foreign >> 16;

    if (foreign == ~0u)
        return DOMID_SELF;
    if (tables)
        tables = xen_id(x, tables - 1) + 1;
    return tables << 16 | (xen_id(x, foreign & 0xffff) & 0xffff);
}

/* ---- dom0's ---- */

struct batch {
    void *requests;
    uint32_t *done;
    uint32_t nr;
};

static bool batch_open(struct xen *x, struct batch *b, size_t size,
                       const struct hv_span *more, uint32_t flags)
{
    b->nr = xen_pv_count(more, size, flags);
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
        XEN_ADDRESS : (uintptr_t)b->requests;
    uintptr_t to = flags & PV_NO_DONE ? 0 : (uintptr_t)b->done;
    int rc = xen_answer(xencall4(x->call, call, requests, b->nr, to, foreign));

    *done = *b->done;
    xencall_free_buffer(x->call, b->requests);
    xencall_free_buffer(x->call, b->done);
    return rc;
}

/* One of the NR requests is to change a table of dom0's own, or what is known
 * of a page that is no guest's. */
static bool is_own(const struct args_mmu_update *a,
                   const struct mmu_update *request, uint32_t nr)
{
    bool own_table = !(domid_t)a->vcpu;
    bool own_page = a->dom >= DOMID_FIRST_RESERVED;

    for (uint32_t i = 0; i < nr; i++) {
        if ((request[i].ptr & 7) == MMU_MACHPHYS_UPDATE ? own_page : own_table)
            return true;
    }
    return false;
}

/* dom0's memory is left alone: Xen is told of no domain. */
int real_op_PV_MMU_UPDATE(struct xen *x, struct args_mmu_update *a)
{
    uint32_t tables = a->vcpu ? xen_id(x, a->vcpu) + 1 : 0;
    struct batch b;

    if (!batch_open(x, &b, sizeof(struct mmu_update), &a->more, a->flags))
        return -ENOMEM;
    xen_mmu_requests(x, a, b.requests);
    if (is_own(a, b.requests, b.nr))
        tables = NO_DOMAIN + 1;
    return batch_call(x, &b, __HYPERVISOR_mmu_update, a->flags,
                      tables << 16 | (xen_id(x, a->dom) & 0xffff), &a->done);
}

int real_op_PV_MMUEXT_OP(struct xen *x, struct args_mmuext_op *a)
{
    struct batch b;

    /* The requests are as long as ours. */
    if (!batch_open(x, &b, sizeof(struct mmuext_op), &a->more, a->flags))
        return -ENOMEM;
    xen_mmuext_requests(x, a, b.requests);
    return batch_call(x, &b, __HYPERVISOR_mmuext_op, a->flags,
                      xen_guest_id(x, a->dom), &a->done);
}

/* A PV domain's frames are the machine's, dom0's, too. */
void xen_type_requests(struct xen *x, const struct args_page_types *a,
                       uint64_t *to)
{
    bool frames = !a->dom || xen_has_frames(x, a->dom);

    for (uint32_t i = 0; i < a->gfn.len / sizeof(*to); i++) {
        memcpy(&to[i], (const char *)a->gfn.p + i * sizeof(*to), sizeof(*to));
        if (frames)
            to[i] = xen_frame(x, to[i]);
    }
}

int real_op_MEMORY_PAGE_TYPES(struct xen *x, struct args_page_types *a)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getpageframeinfo3,
        .domain = (domid_t)xen_id(x, a->dom),
        .u.getpageframeinfo3.num = a->gfn.len / sizeof(uint64_t),
    };
    uint64_t *array = xencall_alloc_buffer(x->call, a->gfn.len + 1);
    uint32_t nr = op.u.getpageframeinfo3.num;
    unsigned char *types = a->types.p;
    int rc;

    if (!array)
        return -ENOMEM;
    xen_type_requests(x, a, array);
    set_xen_guest_handle_raw(op.u.getpageframeinfo3.array, array);
    rc = xen_domctl(x, &op);
    if (!rc && a->types.len != nr)
        rc = -EINVAL;           /* as the model, which has no room for them */
    for (uint32_t i = 0; !rc && i < nr; i++)
        types[i] = array[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT;
    xencall_free_buffer(x->call, array);
    return rc;
}
