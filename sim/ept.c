/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One memory access through EPT: the hardware's check, #VE, and Xen's
 * handler of the violation.  Sources: Intel SDM vol. 3C, 29.3.3 and 26.5.7;
 * xen/arch/x86/hvm/vmx/vmx.c:ept_handle_violation,
 * xen/arch/x86/hvm/hvm.c:hvm_hap_nested_page_fault. */
#include "sim/guest.h"

#include <string.h>

#define EXIT_EPT_VIOLATION      48
#define EXIT_EPT_MISCONFIG      49
#define VECTOR_VE               20
#define MAX_FAULTS              16

/* Exit qualification of an EPT violation. */
#define QUAL_GLA_VALID          (1u << 7)
#define QUAL_TRANSLATED         (1u << 8)
#define QUAL_PAGE_WRITABLE      (1u << 10)      /* by the guest's tables */

/* The #VE information area (SDM table 26-1). */
struct ve_info {
    uint32_t reason;
    uint32_t semaphore;
    uint64_t qualification;
    uint64_t gla;
    uint64_t gpa;
    uint16_t eptp_index;
};

static uint64_t qualification(const struct mem_access *m, uint8_t perms)
{
    uint64_t q = m->want | (uint64_t)perms << 3 | QUAL_GLA_VALID;

    /* The test guests' pages are writable supervisor pages in their own
     * tables, which a CPU with advanced exit information reports. */
    if (!m->walk)
        q |= QUAL_TRANSLATED | QUAL_PAGE_WRITABLE;
    return q;
}

/* Deliver #VE where the hardware would: true when it did. */
static bool deliver_ve(struct sim_vcpu *v, const struct mem_access *m,
                       uint8_t perms)
{
    struct sim *sim = v->d->sim;
    struct ve_info info;

    if (!v->ve_enabled || p2m_suppress_ve(vcpu_p2m(v), m->gpa >> PAGE_SHIFT))
        return false;
    page_read(sim, v->ve_mfn, 0, &info, sizeof(info));
    if (info.semaphore)
        return false;
    memset(&info, 0, sizeof(info));
    info.reason = EXIT_EPT_VIOLATION;
    info.semaphore = ~0u;
    info.qualification = qualification(m, perms);
    info.gla = m->gla;
    info.gpa = m->gpa;
    info.eptp_index = v->view;
    if (page_write(sim, v->ve_mfn, 0, &info, 34))
        return false;
    guest_take_trap(v, VECTOR_VE, 0);
    return true;
}

/* The access is against the view's mem_access: tell the listener. */
static enum outcome report(struct sim_vcpu *v, const struct mem_access *m,
                           uint8_t perms)
{
    struct npfec npfec = {
        .access = m->want, .gla_valid = true, .with_gla = !m->walk,
        .present = perms,
    };
    struct vm_event_st req;
    bool send = false, sync;

    if (m->want & MEM_ACCESS_W)
        npfec.access |= MEM_ACCESS_R;
    sync = access_check(v, m->gpa, m->gla, &npfec, &req, &send);
    if (v->d->shut_down)
        return CRASHED;
    if (send && m->walk && v->d->monitor.pagefault_disabled) {
        /* p2m_mem_access_check: no event for a page walk, the instruction
         * is emulated and its own accesses are checked. */
        v->ve.send_event = true;
        emulate_one(v, 0);
        v->ve.send_event = false;
        return vcpu_runnable(v) ? GONE : PAUSED;
    }
    if (send && monitor_traps(v, sync, &req) > 0)
        return PAUSED;
    return vcpu_runnable(v) ? RETRY : PAUSED;
}

/* hvm_hap_nested_page_fault.  RAN: a hole, to be emulated as MMIO.  MMIO: so
 * is a device's register that is not for guests to write. */
static enum outcome page_fault(struct sim_vcpu *v, const struct mem_access *m,
                               uint8_t perms)
{
    uint64_t gfn = m->gpa >> PAGE_SHIFT;
    struct p2m *p2m = vcpu_p2m(v);
    struct p2m_entry entry;
    bool violation;

    p2m_get(&v->d->host, gfn, &entry);
    if (p2m != &v->d->host && altp2m_get_or_propagate(p2m, gfn, &entry))
        return v->d->shut_down ? CRASHED : RETRY;
    if (entry.mfn == INVALID_MFN)
        return RAN;
    /* By mem_access alone.  That a write is a read, too, makes no difference:
     * no entry that gets here is writable and not readable. */
    violation = m->want & ~p2m_permissions(P2M_RAM_RW, entry.access);
    if (entry.order > ORDER_4K && (m->want & MEM_ACCESS_X) && perms &&
        !violation) {
        /* XSA-304: an executable superpage is shattered. */
        if (p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type, entry.access,
                    -1)) {
            sim_crash(v->d);
            return CRASHED;
        }
        return RETRY;
    }
    if (violation)
        return report(v, m, perms);
    return entry.type == P2M_MMIO_RO && m->want & MEM_ACCESS_W ? MMIO : RETRY;
}

/* What the hardware finds for GFN: its permissions; *misconfigured for an
 * entry that is writable but not readable. */
static uint8_t hardware_entry(const struct sim_vcpu *v, uint64_t gfn,
                              struct p2m_entry *entry, bool *misconfigured)
{
    uint8_t perms;

    p2m_get(vcpu_p2m(v), gfn, entry);
    *misconfigured = false;
    if (entry->mfn == INVALID_MFN)
        return 0;
    perms = p2m_permissions(entry->type, entry->access);
    if (entry->order > ORDER_4K && !v->d->config.exec_sp)
        perms &= ~MEM_ACCESS_X;
    *misconfigured = (perms & MEM_ACCESS_RW) == MEM_ACCESS_W;
    return perms;
}

/* ept_handle_misconfig finds nothing to mend: vmx_vmexit_handler crashes the
 * domain, after it has told who monitors exits. */
static enum outcome misconfig(struct sim_vcpu *v)
{
    if (monitor_vmexit(v, EXIT_EPT_MISCONFIG, 0))
        return PAUSED;
    sim_crash(v->d);
    return CRASHED;
}

enum outcome ept_access(struct sim_vcpu *v, const struct mem_access *m,
                        uint64_t *mfn)
{
    struct p2m_entry entry;
    enum outcome out;
    bool misconfigured;
    uint8_t perms, access;

    if (v->d->config.type == GUEST_PV)
        return pv_access(v, m, mfn);
    /* Xen would fault for ever on what no handler mends; here the vCPU just
     * stays where it is. */
    for (int tries = 0; tries < MAX_FAULTS; tries++) {
        *mfn = p2m_lookup(vcpu_p2m(v), m->gpa >> PAGE_SHIFT, &access);
        if (page_is_memory(*mfn) && access == XENMEM_access_rwx &&
            !(m->want & MEM_ACCESS_X))
            return RAN;         /* the common case */
        perms = hardware_entry(v, m->gpa >> PAGE_SHIFT, &entry,
                               &misconfigured);
        if (misconfigured)
            return misconfig(v);
        *mfn = entry.mfn;
        if ((perms & m->want) == m->want)
            return RAN;
        if (deliver_ve(v, m, perms))
            return GONE;
        if (monitor_vmexit(v, EXIT_EPT_VIOLATION, qualification(m, perms)))
            return PAUSED;
        out = page_fault(v, m, perms);
        if (out != RETRY)
            return out;
    }
    return PAUSED;
}
