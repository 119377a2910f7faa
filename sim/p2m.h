/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest-physical map: the host's, or one altp2m view.  Shaped as EPT is
 * (four levels of 512, leaves of 4 KiB, 2 MiB and 1 GiB), because Xen's
 * answers show it: tables are taken from the domain's paging pool (ENOMEM),
 * superpages split, and views copy what they touch at the host's order.
 * Source: xen/arch/x86/mm/p2m-ept.c. */
#ifndef XENREEL_SIM_P2M_H
#define XENREEL_SIM_P2M_H

#include <stdbool.h>
#include <stdint.h>

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <xen/xen.h>
#include <xen/memory.h>         /* xenmem_access_t */

#define INVALID_GFN     (~0ull)
#define INVALID_MFN     (~0ull)
#define GFN_BITS        36              /* four EPT levels */
/* Frames of devices have numbers of their own, above all memory. */
#define DEVICE_FRAME    (1ull << 28)
/* ... and machine_to_phys, where a PV guest sees it. */
#define M2P_FRAME       (INVALID_MFN - 1)
static inline bool frame_is_device(uint64_t mfn)
{
    return mfn < M2P_FRAME && mfn & DEVICE_FRAME;
}

#define ORDER_4K        0
#define ORDER_2M        9
#define ORDER_1G        18
#define TABLE_ENTRIES   512

struct sim_domain;

enum p2m_type {                 /* of those in xen/include/asm-x86/p2m.h */
    P2M_MMIO_DM,                /* nothing there: emulated, "a hole" */
    P2M_RAM_RW,
    P2M_INVALID,                /* p2m_set only: unmap; reads as MMIO_DM */
    P2M_MMIO_DIRECT,            /* a device's page, */
    P2M_MMIO_RO,                /* and one in mmio_ro_ranges */
};

struct p2m_entry {
    uint64_t mfn;               /* INVALID_MFN for a hole */
    uint8_t type;               /* enum p2m_type */
    uint8_t access;             /* xenmem_access_t, never default */
    uint8_t sve;                /* suppress #VE */
    uint8_t order;              /* of the mapping the gfn lies in; for a hole
                                 * of the missing table (27 for none at all) */
};

/* One table of the tree: the entries of 512 frames of one level, as arrays
 * so that the leaves, which are most of it, stay small. */
struct p2m_table {
    uint8_t level;              /* 0: 4 KiB leaves, 3: the root */
    uint8_t access[TABLE_ENTRIES];
    uint8_t info[TABLE_ENTRIES];        /* ENTRY_* and the type: p2m.c */
    uint32_t mfn[TABLE_ENTRIES];        /* NO_MFN32 where nothing is mapped */
    struct p2m_table *next[];   /* levels above 0 only */
};
#define NO_MFN32        UINT32_MAX

/* The mapping of 512 frames, by gfn >> 9, so that a lookup need not walk: a
 * leaf table, which for a hole is one of nothing but holes; or a 2 MiB mapping
 * (bit 0 set, the access above it, the mfn from bit 8). */
#define P2M_DIR_LIMIT   (1u << 16)      /* gfns above 128 GiB always walk */

struct p2m {
    struct sim_domain *d;
    struct p2m_table *root;     /* made by p2m_init, never NULL after */
    uint64_t *dir;              /* grows as tables are made */
    uint64_t dir_len;
    uint64_t max_mapped;        /* highest gfn ever set */
    uint64_t min_remapped;      /* views: range of change_gfn's new gfns */
    uint64_t max_remapped;
    uint32_t active_vcpus;      /* views */
    uint16_t view;              /* 0xffff for the host's */
    uint8_t default_access;     /* xenmem_access_t */
    bool access_required;
};

/* 0, -ENOMEM.  The root table is not taken from the paging pool. */
int p2m_init(struct p2m *p2m, struct sim_domain *d, uint16_t view);
/* Free all tables but the root, giving them back to the pool (a reset). */
void p2m_flush(struct p2m *p2m);
/* Free everything. */
void p2m_free(struct p2m *p2m);

/* ept_get_entry: holes read as { INVALID_MFN, P2M_MMIO_DM, n, sve 1 }. */
void p2m_get(const struct p2m *p2m, uint64_t gfn, struct p2m_entry *entry);

/* p2m_lookup's way without the directory. */
__attribute__((cold))
uint64_t p2m_lookup_walk(const struct p2m *p2m, uint64_t gfn,
                         uint8_t *access);

/* Hot path: the access of GFN and its mfn, as p2m_get, without the rest. */
static inline uint64_t p2m_lookup(const struct p2m *p2m, uint64_t gfn,
                                  uint8_t *access)
{
    uint64_t block = gfn >> 9, i = gfn & (TABLE_ENTRIES - 1), e;
    const struct p2m_table *leaf;

    if (__builtin_expect(block >= p2m->dir_len, 0)) {
        uint8_t walked;         /* leaves *access in a register */
        uint64_t mfn = p2m_lookup_walk(p2m, gfn, &walked);

        *access = walked;
        return mfn;
    }
    e = p2m->dir[block];
    if (__builtin_expect(e & 1, 0)) {
        *access = (e >> 1) & 0xf;
        return (e >> 8) + i;
    }
    leaf = (const struct p2m_table *)(uintptr_t)e;
    *access = leaf->access[i];
    return leaf->mfn[i] == NO_MFN32 ? INVALID_MFN : leaf->mfn[i];
}

/* ept_set_entry: set 2^ORDER gfns from GFN (aligned; so is MFN, whose
 * INVALID_MFN makes a hole).  SVE -1 inherits the old entry's bit, or 1.
 * -EINVAL, -ENOMEM (pool empty; nothing changed but perhaps tables
 * allocated).  A change of the host's map is carried into the views
 * (altp2m_propagate), whose first error is returned, too. */
int p2m_set(struct p2m *p2m, uint64_t gfn, unsigned int order, uint64_t mfn,
            uint8_t type, uint8_t access, int sve);

/* The suppress #VE bit of the entry at which the hardware's walk for GFN ends.
 * p2m_get has it set for every hole, as ept_get_entry; but an entry that is
 * not present has the bit it was given, and the root, which is all zero
 * until used, has it clear (xen/arch/x86/mm/p2m-ept.c:ept_set_middle_entry
 * sets it in tables below). */
bool p2m_suppress_ve(const struct p2m *p2m, uint64_t gfn);
/* Set the access of the first of the NR gfns from GFN on, as p2m_set would one
 * by one: as many as lie in one leaf table, are mapped there, and concern no
 * view.  How many, perhaps none. */
uint32_t p2m_set_access(struct p2m *p2m, uint64_t gfn, uint32_t nr,
                        uint8_t access);

/* The EPT permission bits of an access and type (ept_p2m_type_to_flags):
 * MEM_ACCESS_R | _W | _X.  w and wx are not valid EPT entries. */
uint8_t p2m_permissions(uint8_t type, uint8_t access);

/* ---- what p2m.c and p2m_set.c share ---- */
/* struct p2m_table .info */
#define ENTRY_TYPE      0x07    /* enum p2m_type, of a valid entry */
#define ENTRY_VALID     0x08    /* maps something: is_epte_valid */
#define ENTRY_TABLE     0x10    /* .next is there */
#define ENTRY_FLAT      0x20    /* valid, level 1: stands for a leaf table,
                                 * paid for, that only goes on like this */
#define ENTRY_SVE       0x80    /* suppress #VE */

enum p2m_step { STEP_NONE, STEP_TABLE, STEP_FLAT, STEP_SUPERPAGE };

static inline unsigned int p2m_index(uint64_t gfn, unsigned int level)
{
    return (gfn >> (9 * level)) & (TABLE_ENTRIES - 1);
}

/* ept_next_level: what a walk finds in entry I of T, a table above the
 * leaves.  A superpage whose access leaves no permission is not present: the
 * walk takes it for nothing. */
enum p2m_step p2m_step(const struct p2m *p2m, const struct p2m_table *t,
                       unsigned int i);

/* A table below the root, taken from the paging pool, or NULL. */
struct p2m_table *p2m_table_alloc(struct p2m *p2m, unsigned int level);
/* The same, not taken from the pool: what a flat entry has paid for. */
struct p2m_table *p2m_table_new(unsigned int level);
/* Free T and all below it. */
void p2m_table_free(struct p2m *p2m, struct p2m_table *t);

/* Tables or superpages of 2^ORDER gfns changed: make the directory right. */
void p2m_dir_update(struct p2m *p2m, uint64_t gfn, unsigned int order);

#endif
