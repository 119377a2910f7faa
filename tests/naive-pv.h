/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of PV page tables once more, as plainly as can be: nothing is
 * counted as it changes.  From what is pinned, what is loaded and what the
 * frames hold now it follows which frames are tables, and from that how often
 * each is used.  A change is allowed when all of that can be true at once with
 * the new entry beside the old one. */
#ifndef XENREEL_TESTS_NAIVE_PV_H
#define XENREEL_TESTS_NAIVE_PV_H

#include <stdbool.h>
#include <stdint.h>

#define NAIVE_MFN0      0x20000u        /* the guest's frame is gfn + this */
#define NAIVE_POOL      8u              /* frames to play with ... */
#define NAIVE_POOL_GFN  0x110u
#define NAIVE_BOOT      7u              /* ... and the boot tables: L4, */
#define NAIVE_BOOT_GFN  0x166u          /* L3, L2, two L1s, and two pages; */
                                        /* PAE: L3, four L2s, two L1s */
#define NAIVE_FRAMES    (NAIVE_POOL + NAIVE_BOOT)
#define NAIVE_NONE      (-1)            /* a frame that is none of these */

#define NAIVE_PRESENT   1ull
#define NAIVE_RW        2ull

struct naive_pv {
    uint64_t pte[NAIVE_FRAMES][512];    /* what the frames hold */
    bool linear[NAIVE_FRAMES][512];     /* an entry for a table of its own
                                         * level: how it was taken */
    int pinned[NAIVE_FRAMES];           /* as what level, 0 not */
    unsigned int mapped[NAIVE_FRAMES];  /* by dom0, and of those how many */
    unsigned int mapped_rw[NAIVE_FRAMES];       /* to be written to */
    int base, user;                     /* NAIVE_NONE: none */
    bool assist;
    bool pae;                           /* a 32-bit guest */
    unsigned int forgotten[NAIVE_FRAMES];       /* uses that Xen never drops:
                                         * promote_l3_table */

    /* Tables that Xen forgot when it had looked at so many of their slots, and
     * references that nobody gives back: promote_l4_table. */
    unsigned int lost[NAIVE_FRAMES], leaked[NAIVE_FRAMES];
    int failed;                         /* the L2 that could not be, behind its
                                         * first slot: not yet given up */
    unsigned int failed_slots;
    bool failed_linear[512];

    /* what follows */
    int level[NAIVE_FRAMES];            /* 0: no table */
    bool done[NAIVE_FRAMES];            /* ... all of it is looked at */
    bool last[NAIVE_FRAMES];            /* the L2 with Xen's slots */
    unsigned int uses[NAIVE_FRAMES], writable[NAIVE_FRAMES];
    unsigned int refs[NAIVE_FRAMES];
};

/* Frame number I's mfn, and back, or NAIVE_NONE. */
uint64_t naive_mfn(int i);
int naive_frame(uint64_t pte);
/* Is MFN the guest's at all? */
bool naive_owns(uint64_t mfn);

/* Work out what follows: false when it contradicts itself. */
bool naive_follow(struct naive_pv *n);

/* Each says whether it is allowed, and if so what is then. */
bool naive_use(struct naive_pv *n, int frame, int level);
bool naive_pin(struct naive_pv *n, int frame, int level);
bool naive_unpin(struct naive_pv *n, int frame);
bool naive_load(struct naive_pv *n, int frame, bool user);
bool naive_update(struct naive_pv *n, int frame, unsigned int slot,
                  uint64_t pte);
bool naive_map(struct naive_pv *n, int frame, bool write);
bool naive_clear(struct naive_pv *n, int frame);
bool naive_copy(struct naive_pv *n, int to, int from);
/* Where the current tables have the entry for the first 2 MiB's page GFN:
 * its frame, or NAIVE_NONE; whether what it maps may be written to. */
int naive_walk(const struct naive_pv *n, unsigned int gfn, bool *writable);
/* A store of 8 bytes to page GFN. */
bool naive_store(struct naive_pv *n, unsigned int gfn, unsigned int slot,
                 uint64_t value);
/* A frame that is a table and can be written to through a loaded L4, or
 * NAIVE_NONE. */
int naive_hole(const struct naive_pv *n);

#endif
