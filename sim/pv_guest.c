/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a PV guest does itself: accesses through its page tables, direct
 * writes to them, CR3.  Sources: xen/arch/x86/pv/mm.c, xen/arch/x86/traps.c,
 * xen/arch/x86/pv/ro-page-fault.c. */
#include "sim/pv.h"

#include <errno.h>
#include <string.h>

#include "sim/guest.h"

#define PF_PRESENT      1u
#define PF_WRITE        2u

/* Where the walk for an address ends. */
struct walk {
    uint64_t table;             /* the L1's frame */
    unsigned int slot;
    uint64_t pte;
    bool writable;              /* by every level */
};

/* ---- translation ---- */

static bool address_ok(const struct sim_domain *d, uint64_t gla)
{
    if (pv_32bit(d))
        return gla < COMPAT_VIRT_END;
    return gla < GUEST_LOW_END || gla >= GUEST_HIGH;
}

static unsigned int slot_of(uint64_t gla, unsigned int level)
{
    return gla >> (PAGE_SHIFT + 9 * (level - 1)) & (NR_PTES - 1);
}

/* From the top table to the L1's slot for GLA: false where no L1 is. */
static bool find_l1e(struct sim_vcpu *v, uint64_t gla, struct walk *w)
{
    unsigned int level = pv_32bit(v->d) ? PV_L3 : PV_L4;

    *w = (struct walk){ .table = v->pv_table, .writable = true };
    if (!w->table || !address_ok(v->d, gla))
        return false;
    for (; level > PV_L1; level--) {
        uint64_t pte = pte_read(v->d->sim, w->table, slot_of(gla, level));

        if ((pte & (PTE_PRESENT | PTE_PSE)) != PTE_PRESENT)
            return false;
        w->writable &= !!(pte & PTE_RW);
        w->table = pte_frame(pte);
    }
    w->slot = slot_of(gla, PV_L1);
    return true;
}

bool pv_find_l1e(struct sim_vcpu *v, uint64_t gla, uint64_t *table,
                 unsigned int *slot)
{
    struct walk w;

    if (!find_l1e(v, gla, &w))
        return false;
    *table = w.table;
    *slot = w.slot;
    return true;
}

/* The hardware's: true when something is mapped at GLA. */
static bool translate(struct sim_vcpu *v, uint64_t gla, struct walk *w)
{
    if (!find_l1e(v, gla, w))
        return false;
    w->pte = pte_read(v->d->sim, w->table, w->slot);
    w->writable &= !!(w->pte & PTE_RW);
    return w->pte & PTE_PRESENT;
}

bool pv_readable(struct sim_vcpu *v, uint64_t gla)
{
    struct walk w;

    return translate(v, gla, &w);
}

/* ---- accesses ---- */

/* pv_inject_event: the kernel, in ring 3, sees no user bit. */
static enum outcome page_fault(struct sim_vcpu *v, uint64_t gla,
                               uint32_t error)
{
    struct pending_trap trap = {
        .vector = VECTOR_PF, .type = TYPE_HW_EXCEPTION, .error = error,
        .cr2 = gla,
    };

    guest_inject(v, &trap);
    return GONE;
}

/* ---- machine_to_phys ---- */

uint64_t pv_gpfn(struct sim *sim, uint64_t mfn)
{
    const struct pv_page *p = pv_known(sim, mfn);

    if (p && p->has_m2p)
        return p->m2p;
    return mfn < sim->nr_pages ? sim->pages[mfn].at - 1ull : ~0ull;
}

/* paging_init: to be read, by pages of 2 MiB, as far as there is memory. */
static bool in_m2p(const struct sim_domain *d, uint64_t gla)
{
    uint64_t end = d->sim->nr_pages > RAM_END ? d->sim->nr_pages : RAM_END;

    return !pv_32bit(d) && gla >= M2P_START &&
           (gla - M2P_START) >> 21 <= (end * sizeof(uint64_t) - 1) >> 21;
}

void pv_read_m2p(struct sim *sim, uint64_t gla, unsigned char *to,
                 uint32_t len)
{
    for (uint64_t at = gla - M2P_START; len--; at++)
        *to++ = pv_gpfn(sim, at / 8) >> at % 8 * 8;
}

/* ---- the walk's end ---- */

/* What an entry's frame number is: memory of some domain's, or a device. */
static uint64_t behind(struct sim *sim, uint64_t mfn)
{
    return pv_owner(sim, mfn) == DOMID_IO ? DEVICE_FRAME | mfn : mfn;
}

enum outcome pv_access(struct sim_vcpu *v, const struct mem_access *m,
                       uint64_t *mfn)
{
    bool write = m->want & MEM_ACCESS_W;
    struct walk w;

    *mfn = INVALID_MFN;
    if (m->walk)
        return RAN;             /* its tables are no program's business */
    if (in_m2p(v->d, m->gla) && !write) {
        *mfn = M2P_FRAME;
        return RAN;
    }
    if (in_m2p(v->d, m->gla))
        return page_fault(v, m->gla, PF_WRITE | PF_PRESENT);
    if (!translate(v, m->gla, &w))
        return page_fault(v, m->gla, write ? PF_WRITE : 0);
    *mfn = behind(v->d->sim, pte_frame(w.pte));
    if (write && !(w.pte & PTE_RW) && frame_is_device(*mfn) &&
        mmio_ro(v->d->sim, pte_frame(w.pte)))
        return MMIO;
    if (write && !w.writable)
        return page_fault(v, m->gla, PF_WRITE | PF_PRESENT);
    return pv_access_on(v->d) ? pv_access_run(v, m, *mfn) : RAN;
}

void pv_by_gla(struct insn *in)
{
    if (insn_is_memory(in)) {
        in->a.mem.gpa = in->a.mem.gla;
        in->a.mem.gpa2 = 0;
    } else if (in->op == OP_GUEST_COPY) {
        in->a.copy.dst_gpa = in->a.copy.dst_gla;
        in->a.copy.src_gpa = in->a.copy.src_gla;
    }
}

/* ---- ptwr: direct writes to an L1 ---- */

/* What the instruction stores, where there is OLD: false when nothing. */
static bool stored(const struct sim_vcpu *v, const struct insn *in,
                   uint64_t old, uint64_t *value)
{
    const struct args_guest_mem *a = &in->a.mem;

    *value = a->value;
    if (in->op == OP_GUEST_WRITE && a->last)
        memcpy(value, v->guest->last, sizeof(*value));
    if (in->op == OP_GUEST_RMW && a->rmw == RMW_ADD)
        *value += old;
    return in->op == OP_GUEST_WRITE || a->rmw != RMW_CMPXCHG ||
           old == a->expect;
}

/* ptwr_emulated_update: false when the guest gets its page fault. */
static bool update(struct sim_vcpu *v, uint64_t mfn, const struct insn *in)
{
    const struct args_guest_mem *a = &in->a.mem;
    unsigned int slot = (a->gla & (PAGE_SIZE - 1)) / 8, shift, len = a->len;
    uint64_t old = pte_read(v->d->sim, mfn, slot), new, mask, value;
    bool changes;

    if (len > 8 || len & (len - 1) || a->gla & (len - 1))
        return false;
    shift = (a->gla & 7) * 8;
    mask = len == 8 ? ~0ull : (1ull << len * 8) - 1;
    changes = stored(v, in, old >> shift & mask, &value);
    new = (old & ~(mask << shift)) | (value & mask) << shift;
    if (changes && new & PTE_PRESENT && pv_get_l1e(v->d, &new, v->d->id)) {
        /* The halves of a 32-bit guest's entry, written the wrong way
         * round. */
        if (!pv_32bit(v->d) || len != 4 || !(a->gla & 4) ||
            in->op == OP_GUEST_RMW)
            return false;
        new &= ~PTE_PRESENT;
    }
    if (in->op == OP_GUEST_RMW)
        exec_rmw(v, a, old >> shift & mask);
    if (!changes)
        return true;
    pte_write(v->d->sim, mfn, slot, pv_adjust(v->d, PV_L1, new));
    pv_put_l1e(v->d, old);
    return true;
}

/* ptwr_do_page_fault */
static enum outcome emulate(struct sim_vcpu *v, uint64_t mfn,
                            const struct insn *in)
{
    const struct args_guest_mem *a = &in->a.mem;
    struct mem_access m = { a->gla, a->gpa, MEM_ACCESS_W, false };
    const struct pv_page *p = pv_page(v->d->sim, mfn);
    enum outcome out = RAN;

    if (!p->count || !p->validated || p->type != PV_L1)
        return RETRY;
    if (pv_access_on(v->d))
        out = pv_access_check(v, &m, mfn);
    if (out == RAN && !update(v, mfn, in))
        out = RETRY;
    return out;
}

enum outcome pv_emulate_write(struct sim_vcpu *v, const struct insn *in)
{
    enum outcome out;
    struct walk w;
    uint64_t mfn;

    if (v->d->config.type != GUEST_PV ||
        !(v->d->vm_assist & 1ull << VMASST_TYPE_writable_pagetables) ||
        !translate(v, in->a.mem.gla, &w) || w.pte & PTE_RW)
        return RETRY;
    mfn = pte_frame(w.pte);
    if (!pv_get_page(v->d->sim, mfn, v->d->id))
        return RETRY;
    out = emulate(v, mfn, in);
    pv_put_page(v->d->sim, mfn);
    return out;
}

/* ---- CR3 and what else a guest switches ---- */

int pv_new_cr3(struct sim_vcpu *v, uint64_t mfn)
{
    uint64_t old = v->pv_table;
    int rc;

    if (mfn == old)
        return 0;
    rc = pv_get_both(v->d->sim, mfn, v->d->id,
                     pv_32bit(v->d) ? PV_L3 : PV_L4, false);
    if (rc)
        return rc;
    v->pv_table = mfn;
    v->regs.cr3 = mfn << PAGE_SHIFT;
    if (old && pv_32bit(v->d))  /* mod_l4_entry's PTF_defer */
        v->d->sim->pv_old = (struct pv_old){ old, true, false };
    else if (old)
        pv_put_both(v->d->sim, old, INVALID_MFN);
    return 0;
}

/* write_cr: new_guest_cr3 again, but nothing follows that would give back what
 * is left, and in a 32-bit guest's nothing precedes it.  What there is already
 * is forgotten when there is more. */
bool pv_mov_cr3(struct sim_vcpu *v, uint64_t mfn)
{
    struct sim *sim = v->d->sim;
    int rc;

    if (pv_owner(sim, mfn) != v->d->id)
        return false;
    if (!pv_32bit(v->d))
        pv_take_old(v);
    sim->pv_old = v->pv_old;
    rc = pv_new_cr3(v, mfn);
    v->pv_old = sim->pv_old;
    sim->pv_old.set = false;
    return !rc;
}

/* arch_vm_assist_valid_mask */
static int vm_assist(struct sim_domain *d, uint32_t cmd, uint32_t type)
{
    bool valid = type <= VMASST_TYPE_runstate_update_flag ||
                 (type == VMASST_TYPE_m2p_strict && !pv_32bit(d));

    if (!valid)
        return -EINVAL;
    switch (cmd) {
    case VMASST_CMD_enable:
        d->vm_assist |= 1ull << type;
        return 0;
    case VMASST_CMD_disable:
        d->vm_assist &= ~(1ull << type);
        return 0;
    default:
        return -ENOSYS;
    }
}

int sim_op_GUEST_VM_ASSIST(struct sim *sim, struct args_vm_assist *a)
{
    struct pv_caller c;
    int rc = pv_caller(sim, a->dom, a->vcpu, &c);

    if (!rc)
        a->rc = vm_assist(c.v->d, a->cmd, a->type);
    return rc;
}

/* XENMEM_decrease_reservation of one frame: how many were done.  The page
 * stays as long as somebody has a reference. */
int sim_op_GUEST_DECREASE(struct sim *sim, struct args_guest_frame *a)
{
    struct pv_caller c;
    int rc = pv_caller(sim, a->dom, a->vcpu, &c);

    if (rc)
        return rc;
    a->count = 0;
    if (!pv_get_page(sim, a->mfn, a->dom))
        return 0;
    a->count = pv_page(sim, a->mfn)->given_up || !page_unmap(sim, a->mfn);
    pv_put_page(sim, a->mfn);
    return 0;
}

/* What Xen has counted of a frame; no guest can ask that. */
int sim_op_GUEST_FRAME(struct sim *sim, struct args_guest_frame *a)
{
    const struct pv_page *p = pv_page(sim, a->mfn);

    if (!p)
        return -ENOENT;
    a->owner = pv_owner(sim, a->mfn);
    a->type = p->type;
    a->count = p->count;
    a->refs = p->refs + !p->given_up + sim->pages[a->mfn].maps;
    a->pinned = p->pinned;
    a->validated = p->validated;
    a->pfn = pv_gpfn(sim, a->mfn);
    return 0;
}
