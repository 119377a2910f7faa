/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the PV puppet (tests/lab/puppet, a guest of ours) and its driver know
 * of each other: where it lives, and the page of each vCPU in which the driver
 * puts what is to be done.  The assembler reads the numbers. */
#ifndef XENREEL_PUPPET_PV_ABI_H
#define XENREEL_PUPPET_PV_ABI_H

/* Its own part of the address space, in the last slot of the top table: the
 * rest is the scenario's.  A page is at VIRT + its address as memory. */
#define PUPPET_PV_VIRT          0xffffffff80000000
#define PUPPET_PV_SLOT          511     /* of the top table */
#define PUPPET_PV_PADDR         0x340000
#define PUPPET_PV_BASE          (PUPPET_PV_VIRT + PUPPET_PV_PADDR)
#define PUPPET_PV_MAGIC         0x7670746570707570      /* last of all */

/* The first page tables of a scenario, as the model has them: one each of
 * level 4, 3 and 2, then two of level 1, from this gfn on. */
#define PUPPET_PV_TABLES        0x166
#define PUPPET_PV_NR_TABLES     5
#define PUPPET_PV_MAPPED        1024    /* gfns that they map */

#define PUPPET_PV_VCPUS         4
#define PUPPET_PV_PAGE          4096
#define PUPPET_PV_ARGUMENT_SIZE 1536
#define PUPPET_PV_CODE_SIZE     32

/* Offsets in a vCPU's page, for the assembler. */
#define PUPPET_PV_ASKED         0
#define PUPPET_PV_DONE          4
#define PUPPET_PV_FAULT         8
#define PUPPET_PV_REGS          16      /* rax, rcx, rdx, rsi, rdi, r8, r10 */
#define PUPPET_PV_CODE          72

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Registers that an instruction of the driver's begins and ends with. */
struct puppet_pv_regs {
    uint64_t rax, rcx, rdx, rsi, rdi, r8, r10;
};

/* A vCPU's page; what is left of it is its stack. */
struct puppet_pv_slot {
    uint32_t asked;             /* by the driver: one more than .done */
    uint32_t done;              /* by the guest: as .asked */
    uint64_t fault;             /* 0, or 0x80VVEEEE: vector, error code */
    struct puppet_pv_regs regs;
    unsigned char code[PUPPET_PV_CODE_SIZE];    /* ends with a RET */
    char pad[8];
    unsigned char argument[PUPPET_PV_ARGUMENT_SIZE];    /* a hypercall's */
};

/* Its first page. */
struct puppet_pv_page {
    uint64_t magic;
    uint32_t vcpus;             /* that are up */
    uint32_t pad;
    uint64_t slots;             /* address of vCPU 0's page, then the others' */
    uint64_t p2m;               /* address of the list of machine frames */
    uint64_t nr_pages;          /* how many these are */
    uint64_t entry;             /* of the top table, for its own part */
};
#endif

#endif
