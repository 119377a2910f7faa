/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV guests' page tables: what Xen counts of each frame, and what has to hold
 * before a frame may be a table or be written to.  Source: Xen 4.17,
 * xen/arch/x86/mm.c; the functions here have its order of checks. */
#ifndef XENREEL_SIM_PV_H
#define XENREEL_SIM_PV_H

#include "sim/private.h"

#define PTE_PRESENT     (1ull << 0)
#define PTE_RW          (1ull << 1)
#define PTE_USER        (1ull << 2)
#define PTE_PWT         (1ull << 3)
#define PTE_PCD         (1ull << 4)
#define PTE_ACCESSED    (1ull << 5)
#define PTE_DIRTY       (1ull << 6)
#define PTE_PSE         (1ull << 7)     /* in an L1: PAT */
#define PTE_CACHE       (PTE_PWT | PTE_PCD | PTE_PSE)   /* of an L1 */
#define PTE_GLOBAL      (1ull << 8)
#define PTE_AVAIL       (7ull << 9)
#define PTE_FRAME       0x000ffffffffff000ull
#define PTE_KERNEL      (1ull << 52)    /* _PAGE_GUEST_KERNEL */
#define PTE_AVAIL_HIGH  (0x7ffull << 52)
#define PTE_GNTTAB      (1ull << 62)    /* of a debug build */
#define PTE_NX          (1ull << 63)

#define NR_PTES         512
#define PV_L1_BYTES     (PAGE_SIZE * (uint64_t)NR_PTES)
#define FIRST_XEN_SLOT  256             /* ROOT_PAGETABLE_FIRST_XEN_SLOT */
#define LAST_XEN_SLOT   271
#define COMPAT_XEN_SLOT 428             /* COMPAT_L2_PAGETABLE_FIRST_XEN_SLOT
                                         * for 0xf5800000 */
#define GUEST_LOW_END   (1ull << 47)
#define GUEST_HIGH      0xffff880000000000ull   /* HYPERVISOR_VIRT_END */
#define M2P_START       0xffff800000000000ull   /* RO_MPT_VIRT_START */
#define COMPAT_VIRT_END 0xf5800000ull

/* The machine, as far as a frame is not a domain's of the model: RAM of dom0
 * and Xen between these, the rest is I/O memory or nothing. */
#define RAM_START       0x100
#define RAM_END         0x80000         /* 2 GiB, as the recorded machine */

enum pv_type {                  /* PGT_*; a table's is its level */
    PV_NONE, PV_L1, PV_L2, PV_L3, PV_L4, PV_SEGDESC, PV_SHARED, PV_WRITABLE
};

/* struct page_info, what PV guests need of it: all zero for a page that is
 * its domain's and used for nothing. */
struct pv_page {
    uint64_t count;             /* uses as .type: PGT_count_mask */
    uint64_t refs;              /* PGC_count_mask, but for its allocation */
    uint64_t m2p;               /* where .has_m2p */
    int16_t linear;             /* linear_pt_count: > 0 it has such entries,
                                 * < 0 it is used by such */
    uint16_t slots;             /* nr_validated_ptes: so many are looked at */
    uint8_t type;               /* enum pv_type */
    bool validated, pinned;
    bool partial;               /* PGT_partial: its first .slots hold what they
                                 * map, but it is no table that can be used */
    bool below;                 /* PTF_partial_set: what the next one maps is
                                 * such a table, and goes with this one */
    bool xen_l2;                /* PGT_pae_xen_l2 */
    bool given_up;              /* not PGC_allocated: its last user frees it */
    bool has_m2p;               /* the guest set it: MMU_MACHPHYS_UPDATE */
};

static inline bool pv_32bit(const struct sim_domain *d)
{
    return d->config.options & CREATE_PV32;
}

/* cache_flush_permitted */
static inline bool pv_has_devices(const struct sim_domain *d)
{
    return d->config.hardware || d->iomem.nr;
}

static inline uint64_t pte_frame(uint64_t pte)
{
    return (pte & PTE_FRAME) >> PAGE_SHIFT;
}

/* ---- pv_page.c: frames, references, types ---- */
/* Of a frame that belongs to a domain of the model; else NULL. */
struct pv_page *pv_page(struct sim *sim, uint64_t mfn);
/* The same of what was counted so far: NULL where nothing was, of MFN and its
 * neighbours. */
struct pv_page *pv_known(const struct sim *sim, uint64_t mfn);
/* Whose MFN is: a domain's id, 0 for dom0's (and Xen's), DOMID_IO for I/O
 * memory and for what is no memory. */
uint32_t pv_owner(struct sim *sim, uint64_t mfn);
/* paging_mode_external: OWNER is a guest with a map of its own. */
bool pv_external(struct sim *sim, uint32_t owner);
/* get_page_from_mfn: a reference to a page of domain OWNER, which a PV guest's
 * ring is not any more. */
bool pv_get_page(struct sim *sim, uint64_t mfn, uint32_t owner);
void pv_put_page(struct sim *sim, uint64_t mfn);
/* get_page_type: use MFN as TYPE, which may mean validating it.  0, -EINVAL
 * for another type, or why it cannot be validated. */
int pv_get_type(struct sim *sim, uint64_t mfn, enum pv_type type, bool xen_l2);
/* put_page_type: the last use of a table gives up what its entries hold.
 * TABLE is where the entry was that used it, or INVALID_MFN. */
void pv_put_type(struct sim *sim, uint64_t mfn, uint64_t table);
/* get_page_and_type_from_mfn, put_page_and_type */
int pv_get_both(struct sim *sim, uint64_t mfn, uint32_t owner,
                enum pv_type type, bool xen_l2);
/* put_old_guest_table: a call's last act, and what behind one that is none has
 * the next call do. */
void pv_put_old(struct sim *sim);
/* V makes a call: what it has from before is given back. */
void pv_take_old(struct sim_vcpu *v);
/* devalidate_page: a table lets go of what it holds. */
void pv_devalidate(struct sim *sim, uint64_t mfn);
/* A partial table does, and of its own reference. */
void pv_let_go(struct sim *sim, uint64_t mfn);
/* ... and nobody else knows of it. */
void pv_put_partial(struct sim *sim, uint64_t mfn);
void pv_put_both(struct sim *sim, uint64_t mfn, uint64_t table);

/* ---- pv_table.c: entries and whole tables ---- */
uint64_t pte_read(struct sim *sim, uint64_t table, unsigned int slot);
int pte_write(struct sim *sim, uint64_t table, unsigned int slot,
              uint64_t pte);
/* is_guest_l2_slot, is_guest_l4_slot */
bool pv_guest_slot(const struct sim_domain *d, const struct pv_page *page,
                   unsigned int level, unsigned int slot);
/* The flags that entries of LEVEL may not have. */
uint64_t pv_disallowed(const struct sim_domain *d, unsigned int level);
/* adjust_guest_lNe: what Xen adds to a present entry. */
uint64_t pv_adjust(const struct sim_domain *d, unsigned int level,
                   uint64_t pte);
/* get_page_from_l1e: PTE, for a table of D's, maps a page of PG_OWNER's.  A
 * device's page is mapped as Xen has it. */
int pv_get_l1e(struct sim_domain *d, uint64_t *pte, uint32_t pg_owner);
void pv_put_l1e(struct sim_domain *d, uint64_t pte);
/* get_page_from_lNe for N = LEVEL from 2 on: PTE, for the table at frame
 * TABLE. */
int pv_get_entry(struct sim_domain *d, unsigned int level, uint64_t pte,
                 uint64_t table);
void pv_put_entry(struct sim_domain *d, unsigned int level, uint64_t pte,
                  uint64_t table);
/* promote_lN_table, demote_lN_table: N is the type of the page at MFN. */
int pv_promote(struct sim *sim, uint64_t mfn);
void pv_demote(struct sim *sim, uint64_t mfn);

/* ---- pv_entry.c: one entry changes ---- */
struct pv_change {
    struct sim *sim;
    uint64_t table;             /* frame of the table, whose type says the */
    unsigned int slot;          /* level; its domain owns it */
    uint64_t pte;
    uint32_t pg_owner;          /* of what an L1's entry maps */
    uint32_t cmd;               /* MMU_NORMAL_PT_UPDATE ... */
};
/* mod_l1_entry ... mod_l4_entry */
int pv_change(const struct pv_change *c);

/* ---- pv_update.c, pv_ext.c: hypercalls ---- */
/* Who makes it: a domain's vCPU, or dom0 (V NULL). */
struct pv_caller {
    struct sim *sim;
    struct sim_vcpu *v;
};
/* The vCPU that OP's caller is: 0, -ESRCH, -EINVAL, -EOPNOTSUPP for a guest
 * that is not PV, -EAGAIN for a vCPU that cannot run or has a program. */
int pv_caller(struct sim *sim, uint32_t dom, uint32_t vcpu,
              struct pv_caller *c);
/* get_pg_owner: 0 and the id of domain DOMID, or -ESRCH. */
int pv_pg_owner(const struct pv_caller *c, uint32_t domid, uint32_t *owner);
/* xsm_default_action(XSM_TARGET) */
int pv_may(const struct pv_caller *c, uint32_t owner);
/* get_gpfn_from_mfn, ~0 of a page that is in no guest's map. */
uint64_t pv_gpfn(struct sim *sim, uint64_t mfn);

/* ---- pv_guest.c: the guest's own accesses ---- */
/* Whether V can read at GLA. */
bool pv_readable(struct sim_vcpu *v, uint64_t gla);
/* The slot that maps GLA in V's tables, as map_guest_l1e: false when there is
 * no table for it. */
bool pv_find_l1e(struct sim_vcpu *v, uint64_t gla, uint64_t *table,
                 unsigned int *slot);

#endif
