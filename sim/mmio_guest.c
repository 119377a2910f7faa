/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests' accesses to devices' pages: by the CPU, by Xen's emulator, and what
 * Xen does with a write to a page that is read-only. */
#include "sim/mmio.h"

#include <string.h>

#define PFEC_PRESENT    1       /* of a page fault's error code */
#define PFEC_WRITE      2

static bool quirk(const struct sim_vcpu *v, uint32_t which)
{
    return v->d->config.quirks & which;
}

static unsigned int chunk_of(uint32_t len)
{
    return len >= 8 ? 8 : len >= 4 ? 4 : len >= 2 ? 2 : 1;
}

void mmio_access(struct sim_vcpu *v, uint64_t frame, uint32_t offset,
                 unsigned char *buf, uint32_t len, bool write)
{
    struct mmio_page *page = mmio_get(v->d->sim, frame);

    if (!page)
        return;
    if (write)
        mmio_device_write(page, offset, buf, len);
    else
        mmio_device_read(page, offset, buf, len);
}

/* The part of FRAME's page that is read-only, if it is a part. */
static struct mmio_page *partial(const struct sim_vcpu *v, uint64_t frame)
{
    struct mmio_page *page = mmio_find(v->d->sim, frame);

    return page && page->partial ? page : NULL;
}

/* subpage_mmio_write_emulate: the page is mapped when first written.  More
 * than eight bytes come here by a bug of old; an assertion stops a debug
 * build. */
static void write_emulate(struct sim_vcpu *v, struct mmio_page *page,
                          uint32_t offset, const void *data, uint32_t len)
{
    bool ro = mmio_ro_granule(page, offset);

    page->mapped |= !ro;
    if (ro || len > 8)
        mmio_log(v, "ignoring write to R/O MMIO @ len %",
                 page->mfn << PAGE_SHIFT | offset, len);
    else
        mmio_device_write(page, quirk(v, QUIRK_MMIO_OFFSET) ? 0 : offset,
                          data, len);
}

/* ---- HVM: hvm/mmio.c, behind the emulator ---- */

/* subpage_mmio_accept, subpage_mmio_read and _write; what no handler takes
 * reads as all ones and goes nowhere (emulate.c: null_handler). */
static void handle(struct sim_vcpu *v, uint64_t frame, uint64_t gpa,
                   unsigned char *buf, uint32_t len, bool write)
{
    struct mmio_page *page = partial(v, frame);
    uint32_t offset = gpa % PAGE_SIZE;

    if (!write)
        memset(buf, 0xff, len);
    if (!page || quirk(v, QUIRK_MMIO_GLA))
        return;
    if (gpa % len) {
        mmio_log(v, write ? "ignoring write to r/o MMIO subpage # size %" :
                 "ignoring read to r/o MMIO subpage # size %", gpa, len);
    } else if (write) {
        write_emulate(v, page, offset, buf, len);
    } else {
        page->mapped = true;
        mmio_device_read(page, offset, buf, len);
    }
}

/* hvmemul_phys_mmio_access: by powers of two, the largest first. */
void mmio_emulated(struct sim_vcpu *v, uint64_t frame, uint64_t gpa,
                   unsigned char *buf, uint32_t len, bool write)
{
    for (uint32_t chunk; len; len -= chunk) {
        chunk = chunk_of(len);
        handle(v, frame, gpa, buf, chunk, write);
        gpa += chunk;
        buf += chunk;
    }
}

/* ---- faults that Xen emulates by itself ---- */

/* mmio_ro_emulated_write: false when it is not handled, of which only a debug
 * build says why. */
static bool emulated_write(struct sim_vcpu *v, const struct mmio_fault *fault,
                           uint64_t cr2)
{
    const struct args_guest_mem *a = fault->a;
    struct mmio_page *page = partial(v, fault->frame);
    uint32_t offset = a->gla % PAGE_SIZE;
    unsigned char buf[GUEST_MAX_DATA] = { 0 };

    if (((a->len | a->gla) & (a->len - 1)) || a->gla != cr2)
        return false;
    if (a->last)
        memcpy(buf, v->guest->last, a->len);
    else
        memcpy(buf, &a->value, sizeof(a->value));
    if (!page)
        return true;            /* read-only as a whole: nothing, silently */
    if (a->len <= 8 || quirk(v, QUIRK_MMIO_LENGTH))
        write_emulate(v, page, offset, buf, a->len);
    else
        mmio_log(v, "unsupported %-byte write to R/O MMIO @",
                 page->mfn << PAGE_SHIFT | offset, a->len);
    return true;
}

static enum outcome done(struct sim_vcpu *v)
{
    guest_retire(v, insn_next(v, guest_head(v)));
    return GONE;
}

/* pv_ro_page_fault: for the hardware domain, and writes alone, since there is
 * nothing to read with (x86emul_unhandleable_rw).  Else the guest gets it. */
static enum outcome pv_fault(struct sim_vcpu *v,
                             const struct mmio_fault *fault)
{
    if (v->d->config.hardware && fault->plain &&
        emulated_write(v, fault, fault->gla))
        return done(v);
    v->regs.cr2 = fault->gla;
    guest_take_trap(v, VECTOR_PF, PFEC_PRESENT | PFEC_WRITE);
    return GONE;
}

/* Before 8f36bde2b2: subpage_mmio_write_accept and hvm_emulate_one_mmio, by
 * the linear address, which AMD's hardware does not tell. */
static enum outcome by_gla(struct sim_vcpu *v, const struct mmio_fault *fault)
{
    uint64_t gla = v->d->config.vendor == VENDOR_AMD ? ~0ull : fault->gla;
    const struct mmio_page *page = partial(v, fault->frame);
    bool accepted = v->d->config.hardware ||
                    (page && !mmio_ro_granule(page, gla % PAGE_SIZE));

    if (accepted && fault->plain && emulated_write(v, fault, gla))
        return done(v);
    sim_crash(v->d);
    return CRASHED;
}

enum outcome mmio_fault(struct sim_vcpu *v, const struct mmio_fault *fault)
{
    if (v->d->config.type == GUEST_PV)
        return pv_fault(v, fault);
    if (quirk(v, QUIRK_MMIO_GLA))
        return by_gla(v, fault);
    return RAN;
}
