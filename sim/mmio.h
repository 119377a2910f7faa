/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices whose registers are mapped into guests, and Xen's read-only parts of
 * their pages.  The machine has no devices but these: every frame number that
 * is mapped with mmio.map is one page of registers that keep what is written.
 * Sources: Xen 4.21, xen/arch/x86/mm.c:subpage_mmio_*,
 * xen/arch/x86/hvm/mmio.c, xen/arch/x86/pv/ro-page-fault.c. */
#ifndef XENREEL_SIM_MMIO_H
#define XENREEL_SIM_MMIO_H

#include "sim/guest.h"

#define RO_GRANULE      8       /* MMIO_RO_SUBPAGE_GRAN */
#define RO_WORDS        (PAGE_SIZE / RO_GRANULE / 64)
#define LOG_LINES       64      /* kept; older ones are lost */
#define LOG_WIDTH       96

/* A page of a device's, made when first touched. */
struct mmio_page {
    struct mmio_page *next;
    uint64_t mfn;
    uint64_t reads, writes;             /* that reached the device */
    uint64_t value;                     /* the last write, and where */
    uint32_t offset, len;
    bool partial;                       /* has a struct subpage_ro_range: */
    bool mapped;                        /*   .mapped */
    uint64_t ro[RO_WORDS];              /*   .ro_elems */
    unsigned char data[PAGE_SIZE];
};

#define MMIO_BUCKETS    64

struct mmio {
    struct mmio_page *pages[MMIO_BUCKETS];      /* by mfn */
    struct mfn_ranges ro;               /* mmio_ro_ranges */
    char log[LOG_LINES][LOG_WIDTH];
    uint32_t log_len[LOG_LINES];
    uint32_t log_first, log_count;
};

/* The page behind a device's frame as maps have it, or NULL: never touched
 * (FIND), out of memory (GET). */
struct mmio_page *mmio_find(const struct sim *sim, uint64_t frame);
struct mmio_page *mmio_get(struct sim *sim, uint64_t frame);
static inline bool mmio_ro_granule(const struct mmio_page *page,
                                   uint32_t offset)
{
    uint32_t i = offset / RO_GRANULE;

    return page->ro[i / 64] >> (i % 64) & 1;
}
/* What the device sees, in the page. */
void mmio_device_read(struct mmio_page *page, uint32_t offset, void *to,
                      uint32_t len);
void mmio_device_write(struct mmio_page *page, uint32_t offset,
                       const void *from, uint32_t len);
/* SIM->mmio is there: false when out of memory. */
bool mmio_make(struct sim *sim);

/* ---- mmio_log.c ---- */
/* gprintk: a line of Xen's log, of what V did to a registered page.  In FORMAT
 * @ is ADDRESS with eight digits at least, # without, and % is LEN. */
void mmio_log(const struct sim_vcpu *v, const char *format, uint64_t address,
              uint32_t len);

/* ---- mmio_guest.c: what guests do ---- */
/* LEN bytes of a page at GPA, whose FRAME is a device's: by the CPU, or by
 * Xen's emulator for HVM guests. */
void mmio_access(struct sim_vcpu *v, uint64_t frame, uint32_t offset,
                 unsigned char *buf, uint32_t len, bool write);
void mmio_emulated(struct sim_vcpu *v, uint64_t frame, uint64_t gpa,
                   unsigned char *buf, uint32_t len, bool write);
/* A write of A faulted, at FRAME and linear address GLA, since that page is
 * read-only; PLAIN: by an instruction that only writes.  RAN: Xen's emulator
 * is to perform the instruction; else it is over. */
struct mmio_fault {
    const struct args_guest_mem *a;
    uint64_t frame, gla;
    bool plain;
};
enum outcome mmio_fault(struct sim_vcpu *v, const struct mmio_fault *fault);

#endif
