/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is monitored, and the senders of monitor events.
 * Source: xen/arch/x86/monitor.c, xen/arch/x86/hvm/monitor.c. */
#include "sim/private.h"

#include <errno.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#define EVENT(name) (1u << XEN_DOMCTL_MONITOR_EVENT_##name)

/* asm/monitor.h:arch_monitor_get_capabilities.  Single steps need the
 * monitor trap flag, which AMD has not. */
uint32_t monitor_capabilities(const struct sim_domain *d)
{
    uint32_t caps = EVENT(WRITE_CTRLREG) | EVENT(MOV_TO_MSR) |
                    EVENT(SOFTWARE_BREAKPOINT) | EVENT(GUEST_REQUEST) |
                    EVENT(DEBUG_EXCEPTION) | EVENT(CPUID) |
                    EVENT(INTERRUPT) | EVENT(DESC_ACCESS) |
                    EVENT(EMUL_UNIMPLEMENTED) | EVENT(INGUEST_PAGEFAULT) |
                    EVENT(VMEXIT);

    if (d->config.type == GUEST_PV)
        return 0;
    if (d->config.vendor == VENDOR_INTEL)
        caps |= EVENT(SINGLESTEP);
    return caps;
}

/* monitor_bitmap_for_msr: which of the three ranges, or -1. */
static int msr_range(uint32_t msr)
{
    switch (msr & ~0x1fffu) {
    case 0:
        return 0;
    case 0x40000000:
        return 1;
    case 0xc0000000:
        return 2;
    default:
        return -1;
    }
}

static bool msr_bit(const struct sim_domain *d, uint32_t msr,
                    const uint8_t bits[3][0x2000 / 8])
{
    int range = msr_range(msr);

    if (!d->monitor.msr_bitmap || range < 0)
        return false;
    return bits[range][(msr & 0x1fff) / 8] & (1u << msr % 8);
}

bool monitored_msr(const struct sim_domain *d, uint32_t msr)
{
    return msr_bit(d, msr, d->monitor.msr);
}

bool monitored_msr_onchange(const struct sim_domain *d, uint32_t msr)
{
    return msr_bit(d, msr, d->monitor.msr_onchange);
}

/* hvm_monitor_cr.  The write is put off even when no one listens. */
bool monitor_cr(struct sim_vcpu *v, uint32_t index, uint64_t value,
                uint64_t old)
{
    struct sim_monitor *m = &v->d->monitor;
    uint32_t bit = 1u << (index & 3);
    struct vm_event_st req = { .reason = VM_EVENT_REASON_WRITE_CTRLREG };

    if (index > VM_EVENT_X86_XCR0 || !(m->ctrlreg_enabled & bit))
        return false;
    if ((m->ctrlreg_onchange & bit) && value == old)
        return false;
    if (!((value ^ old) & ~m->ctrlreg_mask[index]))
        return false;
    req.u.write_ctrlreg.index = index;
    req.u.write_ctrlreg.new_value = value;
    req.u.write_ctrlreg.old_value = old;
    return monitor_traps(v, m->ctrlreg_sync & bit, &req) >= 0 &&
           m->control_register_values;
}

bool monitor_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value,
                 uint64_t old)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_MOV_TO_MSR };

    if (!monitored_msr(v->d, msr))
        return false;
    if (monitored_msr_onchange(v->d, msr) && value == old)
        return false;
    req.u.mov_to_msr.msr = msr;
    req.u.mov_to_msr.new_value = value;
    req.u.mov_to_msr.old_value = old;
    return monitor_traps(v, true, &req) >= 0 &&
           v->d->monitor.control_register_values;
}

void monitor_descriptor(struct sim_vcpu *v, uint64_t info, uint64_t qual,
                        uint8_t desc, bool write)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_DESCRIPTOR_ACCESS };

    req.u.desc_access.descriptor = desc;
    req.u.desc_access.is_write = write;
    if (v->d->config.vendor == VENDOR_INTEL) {
        req.u.desc_access.arch.vmx.instr_info = (uint32_t)info;
        req.u.desc_access.arch.vmx.exit_qualification = qual;
    }
    monitor_traps(v, true, &req);
}

/* hvm_monitor_debug: the end of a fast single step makes no event, and is
 * noticed only while single steps are monitored. */
static int single_stepped(struct sim_vcpu *v)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_SINGLESTEP };

    if (!v->d->monitor.singlestep)
        return 0;
    if (v->fast_step) {
        if (altp2m_active(v->d))
            altp2m_switch_vcpu(v, v->fast_step_view);
        v->single_step = false;
        v->fast_step = false;
        v->fast_step_view = 0;
        return 0;
    }
    req.u.singlestep.gfn = vcpu_gfn_of_rip(v);
    return monitor_traps(v, true, &req);
}

int monitor_debug(struct sim_vcpu *v, enum monitor_debug type,
                  uint32_t trap_type, uint32_t insn_len,
                  uint64_t pending_dbg)
{
    const struct sim_monitor *m = &v->d->monitor;
    struct vm_event_st req = { .reason = VM_EVENT_REASON_SOFTWARE_BREAKPOINT };
    bool sync = true;

    switch (type) {
    case DEBUG_BREAKPOINT:
        if (!m->breakpoint)
            return 0;
        break;
    case DEBUG_SINGLESTEP:
        return single_stepped(v);
    case DEBUG_EXCEPTION:
        if (!m->debug)
            return 0;
        req.reason = VM_EVENT_REASON_DEBUG_EXCEPTION;
        req.u.debug_exception.pending_dbg = (uint32_t)pending_dbg;
        sync = m->debug_sync;
        break;
    }
    /* software_breakpoint and debug_exception are the same structure */
    req.u.debug_exception.gfn = vcpu_gfn_of_rip(v);
    req.u.debug_exception.type = (uint8_t)trap_type;
    req.u.debug_exception.insn_length = insn_len;
    return monitor_traps(v, sync, &req);
}

int monitor_cpuid(struct sim_vcpu *v, uint32_t insn_len, uint32_t leaf,
                  uint32_t subleaf)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_CPUID };

    if (!v->d->monitor.cpuid)
        return 0;
    req.u.cpuid.insn_length = insn_len;
    req.u.cpuid.leaf = leaf;
    req.u.cpuid.subleaf = subleaf;
    return monitor_traps(v, true, &req);
}

void monitor_interrupt(struct sim_vcpu *v, uint32_t vector, uint32_t type,
                       uint32_t error)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_INTERRUPT };

    req.u.interrupt.x86.vector = vector;
    req.u.interrupt.x86.type = type;
    req.u.interrupt.x86.error_code = error;
    req.u.interrupt.x86.cr2 = v->regs.cr2;
    monitor_traps(v, true, &req);
}

int monitor_vmexit(struct sim_vcpu *v, uint64_t reason, uint64_t qual)
{
    const struct sim_monitor *m = &v->d->monitor;
    struct vm_event_st req = { .reason = VM_EVENT_REASON_VMEXIT };

    if (!m->vmexit || v->d->config.vendor != VENDOR_INTEL)
        return 0;               /* svm.c tells nobody */
    req.u.vmexit.arch.vmx.reason = reason;
    req.u.vmexit.arch.vmx.qualification = qual;
    return monitor_traps(v, m->vmexit_sync, &req);
}

bool monitor_emul_unimplemented(struct sim_vcpu *v)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_EMUL_UNIMPLEMENTED };

    return v->d->monitor.emul_unimplemented &&
           monitor_traps(v, true, &req) == 1;
}

/* xen/common/monitor.c:monitor_guest_request */
void monitor_guest_request(struct sim_vcpu *v)
{
    const struct sim_monitor *m = &v->d->monitor;
    struct vm_event_st req = { .reason = VM_EVENT_REASON_GUEST_REQUEST };

    if (m->guest_request)
        monitor_traps(v, m->guest_request_sync, &req);
}

/* Which part of ACCESS a page with PERMISSION does not grant; reads of the
 * emulator are never violations. */
static uint32_t violation(uint32_t permission, uint8_t access)
{
    uint32_t write = access & MEM_ACCESS_W ? MEM_ACCESS_R | MEM_ACCESS_W : 0;
    uint32_t fetch = access & MEM_ACCESS_X;

    switch (permission) {
    case XENMEM_access_x:
    case XENMEM_access_rx:
        return write;
    case XENMEM_access_w:
    case XENMEM_access_rw:
        return fetch;
    case XENMEM_access_r:
    case XENMEM_access_n:
        return write | fetch;
    default:
        return 0;
    }
}

/* hvm_monitor_check_p2m: a hole counts as a page without any access. */
bool monitor_check_p2m(struct sim_vcpu *v, uint64_t gla, uint64_t gpa,
                       uint8_t access, bool in_gpt)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_MEM_ACCESS };
    uint64_t gfn = gpa >> PAGE_SHIFT;
    uint32_t permission = XENMEM_access_n;
    uint32_t view = altp2m_active(v->d) ? v->view : 0;
    int err = access_get(v->d, gfn, &permission, view);
    uint32_t flags;

    if (err == -ESRCH)
        permission = XENMEM_access_n;
    else if (err)
        return false;
    flags = violation(permission, access);
    if (!flags)
        return false;
    flags |= MEM_ACCESS_GLA_VALID;
    flags |= in_gpt ? MEM_ACCESS_FAULT_IN_GPT : MEM_ACCESS_FAULT_WITH_GLA;
    req.u.mem_access.flags = flags;
    req.u.mem_access.gfn = gfn;
    req.u.mem_access.gla = gla;
    req.u.mem_access.offset = gla & (PAGE_SIZE - 1);
    return monitor_traps(v, true, &req) >= 0;
}
