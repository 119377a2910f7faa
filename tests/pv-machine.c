/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/pv-machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim.h"

/* ---- the guest: bytes and registers, with the machine's frames ---- */

static int sim_guest(struct pv_machine *m, enum hv_op op, union hv_args *a)
{
    struct args_guest *guest = (struct args_guest *)a;

    guest->dom = 1 + SHIFT_ID;
    guest->vcpu = 0;
    return hv_call(m->sim, op, a);
}

/* What an instruction of memory is, but for its operands. */
static enum hv_op decode(const unsigned char *code, struct args_guest_mem *mem)
{
    mem->len = 4;
    for (;; code++) {
        if (*code == 0x66)
            mem->len = 2;
        else if (*code == 0x48)
            mem->len = 8;
        else if (*code != 0xf0 && *code != 0x40)
            break;
    }
    if (*code == 0x0f && *++code == 0x10)       /* of what rsi points to */
        mem->len = 16;
    if (*code == 0xb6 || *code == 0x88 || *code == 0x86 || *code == 0xb0 ||
        *code == 0x00)
        mem->len = 1;
    switch (*code) {
    case 0xb7:
        mem->len = 2;
        return OP_GUEST_READ;
    case 0x8b: case 0xb6:
        return OP_GUEST_READ;
    case 0x88: case 0x89: case 0x10:
        return OP_GUEST_WRITE;
    case 0x00: case 0x01:
        mem->rmw = RMW_ADD;
        return OP_GUEST_RMW;
    case 0x86: case 0x87:
        mem->rmw = RMW_XCHG;
        return OP_GUEST_RMW;
    case 0xb0: case 0xb1:
        mem->rmw = RMW_CMPXCHG;
        return OP_GUEST_RMW;
    }
    return OP_GUEST_STEP;
}

static enum hv_op decode_all(const struct puppet_pv_slot *s, union hv_args *a)
{
    const struct puppet_pv_regs *r = &s->regs;
    struct args_guest_mem *mem = &a->GUEST_READ;
    enum hv_op op;

    if (!memcmp(s->code, "\xf3\xa4", 2)) {
        a->GUEST_COPY.dst_gla = r->rdi;
        a->GUEST_COPY.src_gla = r->rsi;
        a->GUEST_COPY.count = r->rcx;
        return OP_GUEST_COPY;
    }
    if (s->code[0] == 0x0f && (s->code[1] & ~2) == 0x20) {
        a->GUEST_MOV_CR.index = s->code[2] >> 3 & 7;
        if (s->code[1] == 0x20)
            return OP_GUEST_READ_CR;
        a->GUEST_MOV_CR.value = r->rax;
        return OP_GUEST_MOV_CR;
    }
    op = decode(s->code, mem);
    mem->gla = r->rdi;
    mem->value = op == OP_GUEST_RMW && mem->rmw == RMW_XCHG ? r->rax : r->rdx;
    mem->expect = r->rax;
    if (mem->len == 16)
        memcpy(&mem->value, (const void *)(uintptr_t)r->rsi, 8);
    return op;
}

static void instruction(struct pv_machine *m)
{
    struct puppet_pv_slot *s = &m->slot;
    union hv_args a = { 0 }, result = { 0 }, wait = { 0 };
    enum hv_op op = decode_all(s, &a);

    assert_int_equal(sim_guest(m, op, &a), 0);
    wait.CLIENT_WAIT.dom = 1 + SHIFT_ID;
    assert_int_equal(hv_call(m->sim, OP_CLIENT_WAIT, &wait), 0);
    assert_int_equal(sim_guest(m, OP_GUEST_RESULT, &result), 0);
    s->fault = result.GUEST_RESULT.fault;
    s->regs.rax = result.GUEST_RESULT.r0;
    if (op == OP_GUEST_COPY) {
        s->regs.rdi = result.GUEST_RESULT.r0;
        s->regs.rsi = result.GUEST_RESULT.r1;
        s->regs.rcx = result.GUEST_RESULT.r2;
    }
}

static bool is_own(const struct pv_machine *m, uint64_t mfn)
{
    for (unsigned int i = 0; i < MAX_OWN; i++) {
        if (m->own[i] == mfn)
            return true;
    }
    return mfn == xen_gfn((struct xen *)&m->x, 1, PUPPET_PV_TABLES);
}

/* Lists of requests: the first is in members of its own, nowhere are there
 * some where the address is Xen's. */
static void list(const struct puppet_pv_slot *s, size_t size, uint32_t *flags,
                 struct hv_span *more)
{
    if (!s->regs.rsi)
        *flags |= PV_NO_REQUESTS;
    if (s->regs.rdi == XEN_ADDRESS)
        *flags |= PV_BAD_REQUESTS;
    if (!s->regs.rdx)
        *flags |= PV_NO_DONE;
    if (s->regs.rsi > 1) {
        more->p = (unsigned char *)s->argument + size;
        more->len = (uint32_t)((s->regs.rsi - 1) * size);
    }
}

static void set_done(const struct puppet_pv_slot *s, uint32_t done)
{
    if (s->regs.rdx)
        memcpy((void *)(uintptr_t)s->regs.rdx, &done, sizeof(done));
}

static int32_t mmu_update(struct pv_machine *m)
{
    struct mmu_update *u = (struct mmu_update *)m->slot.argument;
    union hv_args a = { .GUEST_MMU_UPDATE = {
        .ptr = u->ptr, .val = u->val,
        .foreign = m->slot.regs.r10 == DOMID_SELF ? ~0u :
                   (uint32_t)m->slot.regs.r10,
    } };

    list(&m->slot, sizeof(*u), &a.GUEST_MMU_UPDATE.flags,
         &a.GUEST_MMU_UPDATE.more);
    assert_int_equal(sim_guest(m, OP_GUEST_MMU_UPDATE, &a), 0);
    set_done(&m->slot, a.GUEST_MMU_UPDATE.done);
    return a.GUEST_MMU_UPDATE.rc;
}

/* A table that is loaded has the puppet's part, or the guest is lost. */
static int32_t mmuext_op(struct pv_machine *m)
{
    struct mmuext_op *op = (struct mmuext_op *)m->slot.argument;
    union hv_args a = { .GUEST_MMUEXT_OP = {
        .cmd = op->cmd, .arg1 = op->arg1.mfn, .arg2 = op->arg2.src_mfn,
        .foreign = m->slot.regs.r10 == DOMID_SELF ? ~0u :
                   (uint32_t)m->slot.regs.r10,
    } };

    if (op->cmd == MMUEXT_NEW_BASEPTR)
        assert_true(is_own(m, op->arg1.mfn));
    list(&m->slot, sizeof(*op), &a.GUEST_MMUEXT_OP.flags,
         &a.GUEST_MMUEXT_OP.more);
    assert_int_equal(sim_guest(m, OP_GUEST_MMUEXT_OP, &a), 0);
    set_done(&m->slot, a.GUEST_MMUEXT_OP.done);
    return a.GUEST_MMUEXT_OP.rc;
}

static int32_t others(struct pv_machine *m)
{
    const struct puppet_pv_regs *r = &m->slot.regs;
    bool other = r->rax == __HYPERVISOR_update_va_mapping_otherdomain;
    union hv_args va = { .GUEST_VA_MAPPING = {
        .va = r->rdi, .val = r->rsi, .flags = r->rdx,
        .foreign = other ? (uint32_t)r->r10 : ~0u,
    } };
    union hv_args assist = { .GUEST_VM_ASSIST = {
        .cmd = (uint32_t)r->rdi, .type = (uint32_t)r->rsi,
    } };
    union hv_args frame = { 0 };
    struct xen_memory_reservation reservation;

    switch (r->rax) {
    case __HYPERVISOR_vm_assist:
        assert_int_equal(sim_guest(m, OP_GUEST_VM_ASSIST, &assist), 0);
        return assist.GUEST_VM_ASSIST.rc;
    case __HYPERVISOR_memory_op:
        assert_int_equal(r->rdi, XENMEM_decrease_reservation);
        memcpy(&reservation, m->slot.argument, sizeof(reservation));
        frame.GUEST_DECREASE.mfn = *reservation.extent_start.p;
        assert_int_equal(sim_guest(m, OP_GUEST_DECREASE, &frame), 0);
        return (int32_t)frame.GUEST_DECREASE.count;
    default:
        assert_int_equal(sim_guest(m, OP_GUEST_VA_MAPPING, &va), 0);
        return va.GUEST_VA_MAPPING.rc;
    }
}

/* ---- what the driver has of the machine ---- */

static struct puppet_pv_slot *machine_slot(void *ctx, uint32_t n,
                                           uint64_t *gla)
{
    struct pv_machine *m = ctx;

    assert_int_equal(n, 0);
    *gla = (uintptr_t)&m->slot;         /* the guest's addresses are ours */
    return &m->slot;
}

static int machine_run(void *ctx, uint32_t n)
{
    struct pv_machine *m = ctx;
    struct puppet_pv_slot *s = &m->slot;

    assert_int_equal(n, 0);
    assert_int_equal(s->asked, s->done + 1);
    s->fault = 0;
    if (memcmp(s->code, "\x0f\x05\xc3", 3))
        instruction(m);
    else if (s->regs.rax == __HYPERVISOR_mmu_update)
        s->regs.rax = (uint64_t)mmu_update(m);
    else if (s->regs.rax == __HYPERVISOR_mmuext_op)
        s->regs.rax = (uint64_t)mmuext_op(m);
    else
        s->regs.rax = (uint64_t)others(m);
    s->done = s->asked;
    m->performed++;
    return 0;
}

static bool machine_word(void *ctx, uint32_t n, uint64_t gla, uint64_t *word)
{
    struct pv_machine *m = ctx;
    struct puppet_pv_slot saved = m->slot;
    bool fault;

    assert_int_equal(n, 0);
    memcpy(m->slot.code, "\x48\x8b\x07", 3);
    m->slot.regs.rdi = gla;
    instruction(m);
    *word = m->slot.regs.rax;
    fault = m->slot.fault;
    m->slot = saved;
    return !fault;
}

static void machine_own(void *ctx, uint64_t mfn, bool on)
{
    struct pv_machine *m = ctx;
    unsigned int i = 0;

    while (i < MAX_OWN && m->own[i] != (on ? 0 : mfn))
        i++;
    assert_true(i < MAX_OWN);
    m->own[i] = on ? mfn : 0;
}

/* ---- the machine's dom0 ---- */

static void add_frames(struct pv_machine *m, const struct args_create *a,
                       uint64_t first)
{
    uint64_t *mfn = calloc(a->ram, sizeof(*mfn));
    const struct puppet_pv_env env = {
        .ctx = m, .x = &m->x, .slot = machine_slot, .run = machine_run,
        .word = machine_word, .own = machine_own,
    };

    assert_non_null(mfn);
    for (uint64_t gfn = 0; gfn < a->ram; gfn++)
        mfn[gfn] = first + gfn;
    assert_int_equal(xen_frames_set(&m->x, a->dom, mfn, a->ram), 0);
    if (a->dom == 1)
        m->puppet = puppet_pv_new(&env, 1, mfn[PUPPET_PV_TABLES]);
}

static int create(struct pv_machine *m, struct args_create *a)
{
    union hv_args there = { .DOMAIN_CREATE = *a };
    struct xen_domain *d = xen_domain(&m->x, a->dom);
    int rc;

    there.DOMAIN_CREATE.dom += SHIFT_ID;
    if (a->mfn_2mb)
        there.DOMAIN_CREATE.mfn_2mb -= SHIFT_2MB;
    rc = hv_call(m->sim, OP_DOMAIN_CREATE, &there);
    if (rc)
        return rc;
    if (!d)
        d = xen_add_domain(&m->x, a->dom);
    d->id = a->dom + SHIFT_ID;
    d->pauses = 1;
    d->first_frame = a->mfn_2mb * 512ull;
    if (a->mfn_2mb)
        add_frames(m, a, (a->mfn_2mb - SHIFT_2MB) * 512ull);
    return 0;
}

/* As real/memory_ops.c's, for the page is the model's. */
static int transfer(struct pv_machine *m, enum hv_op op, struct args_memory *a)
{
    unsigned char page[4096];
    union hv_args there = { .MEMORY_READ = {
        .dom = a->dom + SHIFT_ID, .gfn = a->gfn,
        .data = { .p = page, .len = sizeof(page) },
    } };
    bool write = op != OP_MEMORY_READ;
    int rc = hv_call(m->sim, OP_MEMORY_READ, &there);

    if (rc)
        return rc;
    xen_move_entries(&m->x, page, a->offset, a->data.p, a->data.len, write);
    return write ? hv_call(m->sim, OP_MEMORY_WRITE, &there) : 0;
}

static int dom0_mmu(struct pv_machine *m, struct args_mmu_update *a)
{
    struct mmu_update u[4];
    union hv_args there = { .PV_MMU_UPDATE = *a };
    int rc;

    assert_true(xen_pv_count(&a->more, sizeof(*u), 0) <= 4);
    xen_mmu_requests(&m->x, a, u);
    there.PV_MMU_UPDATE.dom = xen_id(&m->x, a->dom);
    there.PV_MMU_UPDATE.vcpu = a->vcpu ? xen_id(&m->x, a->vcpu) : 0;
    there.PV_MMU_UPDATE.ptr = u->ptr;
    there.PV_MMU_UPDATE.val = u->val;
    there.PV_MMU_UPDATE.more.p = (unsigned char *)(u + 1);
    rc = hv_call(m->sim, OP_PV_MMU_UPDATE, &there);
    a->done = there.PV_MMU_UPDATE.done;
    return rc;
}

static int dom0_mmuext(struct pv_machine *m, struct args_mmuext_op *a)
{
    struct mmuext_op op[4];
    union hv_args there = { .PV_MMUEXT_OP = *a };
    int rc;

    assert_true(xen_pv_count(&a->more, sizeof(*op), 0) <= 4);
    xen_mmuext_requests(&m->x, a, op);
    there.PV_MMUEXT_OP.dom = xen_id(&m->x, a->dom);
    there.PV_MMUEXT_OP.arg1 = op->arg1.mfn;
    there.PV_MMUEXT_OP.arg2 = op->arg2.src_mfn;
    there.PV_MMUEXT_OP.more.p = (unsigned char *)(op + 1);
    rc = hv_call(m->sim, OP_PV_MMUEXT_OP, &there);
    a->done = there.PV_MMUEXT_OP.done;
    return rc;
}

static int dom0_types(struct pv_machine *m, struct args_page_types *a)
{
    uint64_t frames[8];
    union hv_args there = { .MEMORY_PAGE_TYPES = *a };

    assert_true(a->gfn.len <= sizeof(frames));
    xen_type_requests(&m->x, a, frames);
    there.MEMORY_PAGE_TYPES.dom = xen_id(&m->x, a->dom);
    there.MEMORY_PAGE_TYPES.gfn.p = frames;
    return hv_call(m->sim, OP_MEMORY_PAGE_TYPES, &there);
}

/* Anything else: by Xen's id, and the frame it may have. */
static int forward(struct pv_machine *m, enum hv_op op, void *args)
{
    struct args_guest_frame *a = args;
    uint32_t dom = a->dom;
    int rc;

    a->dom = xen_id(&m->x, dom);
    if (op != OP_GUEST_FRAME) {
        rc = hv_call(m->sim, op, args);
    } else {
        uint64_t mfn = a->mfn;

        a->mfn = xen_frame(&m->x, mfn);
        rc = hv_call(m->sim, op, args);
        a->mfn = mfn;
        a->owner -= SHIFT_ID;
    }
    a->dom = dom;
    return rc;
}

static int machine_call(struct hv *hv, enum hv_op op, void *args)
{
    struct pv_machine *m = (struct pv_machine *)hv;
    struct args_guest *a = args;
    struct xen_domain *d = xen_domain(&m->x, a->dom);

    switch (op) {
    case OP_DOMAIN_CREATE:
        return create(m, args);
    case OP_MEMORY_READ:
    case OP_MEMORY_WRITE:
        return transfer(m, op, args);
    case OP_PV_MMU_UPDATE:
        return dom0_mmu(m, args);
    case OP_PV_MMUEXT_OP:
        return dom0_mmuext(m, args);
    case OP_MEMORY_PAGE_TYPES:
        return dom0_types(m, args);
    case OP_CLIENT_WAIT:
        assert_int_equal(puppet_pv_step(m->puppet, NULL), 0);
        return forward(m, op, args);
    case OP_DOMAIN_PAUSE:
        d->pauses++;
        return forward(m, op, args);
    case OP_DOMAIN_UNPAUSE:
        d->pauses--;
        return forward(m, op, args);
    default:
        if (a->dom == 1 && op != OP_GUEST_FRAME &&
            (hv_ops_table[op].kind == KIND_GUEST || hv_ops_table[op].inside))
            return puppet_pv_call(m->puppet, op, args, !d->pauses);
        return forward(m, op, args);
    }
}

static void *machine_ring(struct hv *hv, uint32_t dom)
{
    (void)hv;
    (void)dom;
    return NULL;
}

struct hv *pv_machine_open(struct pv_machine *m)
{
    static const struct hv_ops ops = {
        .call = machine_call, .ring = machine_ring,
    };

    *m = (struct pv_machine){
        .hv = { &ops, "machine", HV_CAP_GUEST }, .sim = sim_open(NULL),
    };
    assert_non_null(m->sim);
    return &m->hv;
}

void pv_machine_close(struct pv_machine *m)
{
    puppet_pv_free(m->puppet);
    for (unsigned int i = 0; i < m->x.nr_domains; i++)
        xen_frames_forget(&m->x.domains[i]);
    hv_close(m->sim);
}
