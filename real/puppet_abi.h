/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the puppet (tests/lab/puppet, a guest of ours) and its driver know of
 * each other: where it lives, and the page in which it says what it has.
 * All of it is at the end of the first 16 MiB, so that scenarios have the
 * rest to themselves.  The assembler reads the numbers. */
#ifndef XENREEL_PUPPET_ABI_H
#define XENREEL_PUPPET_ABI_H

#define PUPPET_BASE     0xfc0000        /* its first byte: the page below */
#define PUPPET_END      0x1000000       /* behind it */
#define PUPPET_MAGIC    0x3165636168727570      /* in .magic, last of all */

#define PUPPET_VCPUS    32
#define PUPPET_STACK    1024            /* bytes a vCPU: half of it a
                                         * program's, half exceptions' */
#define PUPPET_SCRATCH  256             /* bytes a vCPU, for operands */
#define PUPPET_POOL     16              /* pages for page tables */

#define PUPPET_CS       8               /* selectors */
#define PUPPET_DS       16
#define PUPPET_TSS(n)   (24 + 16 * (n)) /* vCPU n's */

/* How the driver ends a HLT where there is a local APIC (.lapic): interrupt
 * VECTOR + N of N from 0 to WAKES - 1, each but once, since the task priority
 * keeps them pending; .flush takes them. */
#define PUPPET_VECTOR   0x20
#define PUPPET_WAKES    200
#define PUPPET_TPR      0xf0

/* Offsets in the page, for the assembler. */
#define PUPPET_LAPIC    80              /* .lapic */
#define PUPPET_FAULT    128             /* .fault[0] */
#define PUPPET_FAULT_SHIFT      5       /* log2 of the size of each */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct puppet_fault {           /* the last exception a vCPU took */
    uint64_t count;             /* how many so far */
    uint64_t vector;
    uint64_t error;
    uint64_t rip;
};

struct puppet_page {
    uint64_t magic;
    uint32_t vcpus;             /* that are up, each in a HLT */
    uint32_t amd;               /* 1: VMMCALL instead of VMCALL */
    /* guest-physical addresses, which are its linear ones too */
    uint64_t root;              /* the page tables' */
    uint64_t pool;              /* PUPPET_POOL pages that nothing uses yet */
    uint64_t stack;             /* vCPU n's begins at .stack + n * size */
    uint64_t scratch;
    uint64_t gdt, idt;
    uint32_t gdt_limit, idt_limit;
    uint64_t flush;             /* code: forget translations, HLT */
    uint32_t lapic;             /* 1: PUPPET_VECTOR; 0: an NMI */
    char pad[PUPPET_FAULT - 84];
    struct puppet_fault fault[PUPPET_VCPUS];
};
#endif

#endif
