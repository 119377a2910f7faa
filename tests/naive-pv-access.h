/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access of a PV guest once more, as plainly as can be: a table from frame
 * to access, at which each access of the guest's looks, wherever it comes
 * from.  There are no shadows, and nothing is kept of one access for the next.
 * The guest has a few pages in one L1, which map a few frames; one frame is an
 * L1 itself, and one is another domain's.  docs/PV-MEM-ACCESS.md has the
 * rules. */
#ifndef XENREEL_TESTS_NAIVE_PV_ACCESS_H
#define XENREEL_TESTS_NAIVE_PV_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#define NPA_PAGES       8
#define NPA_OWN         8               /* frames: of these the guest's, */
#define NPA_TABLE       (NPA_OWN - 1)   /* the last one an L1, */
#define NPA_OTHER       NPA_OWN         /* and another's */
#define NPA_FRAMES      (NPA_OWN + 1)
#define NPA_SLOTS       4               /* words of a frame that are used */
#define NPA_NONE        (-1)

struct npa {
    uint64_t mfn[NPA_FRAMES];
    uint64_t word[NPA_FRAMES][NPA_SLOTS];
    int map[NPA_PAGES];                 /* a frame, or NPA_NONE */
    bool writable[NPA_PAGES];
    bool assist;                        /* writable_pagetables */
    bool pae;                           /* a 32-bit guest */
    bool on, listening, required, crashed;
    int preset;                         /* the default access */
    int access[NPA_OWN];                /* xenmem_access_t or NPA_NONE */
};

struct npa_access {
    int page;
    unsigned int slot;
    char how;                   /* r, w, x, or u: xchg, which reads, too */
    uint64_t value;             /* to be written */
};

struct npa_result {
    enum { NPA_DONE, NPA_FAULT, NPA_WAITS, NPA_CRASHED } what;
    uint64_t fault;             /* its error code */
    uint64_t read;
    bool told;                  /* an event was sent: of .frame, and that */
    int frame;                  /* the access was .as: r, w or x */
    char as;
};

void npa_start(struct npa *n);
/* What comes of an access: now, or when it is tried again. */
struct npa_result npa_try(struct npa *n, const struct npa_access *a);
/* The access of a frame of the guest's. */
int npa_access_of(const struct npa *n, int frame);
/* Calls: 0 or -Exxx.  FRAME may be NPA_NONE, for the default. */
int npa_set(struct npa *n, int frame, uint32_t nr, uint32_t access);
int npa_mode(struct npa *n, bool on);
bool npa_map(struct npa *n, int page, int frame, bool writable);
/* Does an entry lead to FRAME? */
bool npa_mapped(const struct npa *n, int frame);
/* The guest has lost the frame, and a new one in its place. */
void npa_replace(struct npa *n, int frame, uint64_t mfn);

#endif
