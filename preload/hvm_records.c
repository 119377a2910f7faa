/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of an HVM context, one vCPU's or one device's each.  Source:
 * xen/arch/x86/hvm/{hvm,mtrr,vlapic,irq}.c, cpu/mcheck/vmce.c. */
#include "preload/hvm_records.h"

#include <errno.h>
#include <string.h>

#include "harness/hvm_cpu.h"

#define LAPIC_BASE          0xfee00800u /* enabled */
#define LAPIC_BSP           (1u << 8)
#define LAPIC_SW_DISABLED   2
#define IOAPIC_BASE         0xfec00000u
#define IOAPIC_MASKED       (1ull << 16)
#define MCG_CAP_INTEL       0x1000c02   /* two banks; CMCI, TES, SER */
#define MCG_CAP_AMD         2

static int call_regs(enum hv_op op, const struct front_domain *d,
                     uint32_t vcpu, struct args_vcpu_regs *a)
{
    a->dom = d->id;
    a->vcpu = vcpu;
    return hv_call(front.hv, op, a);
}

/* hvm_save_cpu_ctxt.  The FPU was never used; its clock stands still. */
static int save_cpu(const struct front_domain *d, uint32_t vcpu, void *record)
{
    struct args_vcpu_regs a;
    struct hvm_hw_cpu *c = record;
    int rc = call_regs(OP_VCPU_REGS_GET, d, vcpu, &a);

    if (rc)
        return rc;
    hvm_cpu_put(c, &a);
    return sizeof(*c);
}

/* hvm_load_cpu_ctxt, vmx_vmcs_restore.  An event that waits for the VM entry
 * is not loaded. */
static int load_cpu(const struct front_domain *d, uint32_t vcpu,
                    const void *record, uint32_t len)
{
    struct hvm_hw_cpu c;
    struct args_vcpu_regs a;
    int rc;

    if (len != sizeof(c))
        return -EINVAL;
    memcpy(&c, record, sizeof(c));
    if (c.pad0 || c.flags & ~XEN_X86_FPU_INITIALISED ||
        (c.pending_valid && (c.pending_type == 1 || c.pending_type > 6 ||
                             c.pending_reserved)) ||
        (c.pending_valid && c.pending_error_valid && c.error_code >> 16))
        return -EINVAL;
    rc = call_regs(OP_VCPU_REGS_GET, d, vcpu, &a);
    if (rc)
        return rc;
    hvm_cpu_get(&c, &a);
    return call_regs(OP_VCPU_REGS_SET, d, vcpu, &a);
}

/* hvm_save_cpu_xsave_states: nothing before the first XSETBV. */
static int save_xsave(const struct front_domain *d, uint32_t vcpu,
                      void *record)
{
    /* Where each component ends, in the standard format. */
    static const uint16_t end[] = {
        576, 576, 832, 1024, 1088, 1152, 1664, 2688, 0, 2696,
    };
    struct hvm_hw_cpu_xsave *x = record;
    struct args_vcpu_regs a;
    int rc = call_regs(OP_VCPU_REGS_GET, d, vcpu, &a), size = 0;

    if (rc || !a.xcr0)
        return rc;
    for (unsigned int i = 0; i < sizeof(end) / sizeof(*end); i++) {
        if (a.xcr0 & 1u << i && end[i] > size)
            size = end[i];
    }
    x->xfeature_mask = HVM_XFEATURE_MASK;
    x->xcr0 = x->xcr0_accum = a.xcr0;
    return (int)offsetof(struct hvm_hw_cpu_xsave, save_area) + size;
}

/* hvm_load_cpu_xsave_states, validate_xstate */
static int load_xsave(const struct front_domain *d, uint32_t vcpu,
                      const void *record, uint32_t len)
{
    const struct hvm_hw_cpu_xsave *x = record;
    struct args_vcpu_regs a;
    int rc;

    if (len < sizeof(*x))
        return -EINVAL;
    if (x->save_area.xsave_hdr.xstate_bv & ~x->xcr0_accum ||
        x->xcr0 & ~x->xcr0_accum || x->xcr0_accum & ~HVM_XFEATURE_MASK ||
        !(x->xcr0 & 1))
        return -EINVAL;
    if (x->save_area.xsave_hdr.xcomp_bv)
        return -EOPNOTSUPP;
    rc = call_regs(OP_VCPU_REGS_GET, d, vcpu, &a);
    if (rc || a.xcr0 == x->xcr0)
        return rc;
    a.xcr0 = x->xcr0;
    return call_regs(OP_VCPU_REGS_SET, d, vcpu, &a);
}

static int save_mtrr(const struct front_domain *d, uint32_t vcpu,
                     void *record)
{
    struct args_vcpu_mtrr a = { .dom = d->id, .vcpu = vcpu };
    int rc = hv_call(front.hv, OP_VCPU_MTRR_GET, &a);

    hvm_mtrr_put(record, &a);
    return rc ? rc : (int)sizeof(struct hvm_hw_mtrr);
}

static int load_mtrr(const struct front_domain *d, uint32_t vcpu,
                     const void *record, uint32_t len)
{
    struct args_vcpu_mtrr a = { .dom = d->id, .vcpu = vcpu };
    struct hvm_hw_mtrr m;

    if (len != sizeof(m))
        return -EINVAL;
    memcpy(&m, record, sizeof(m));
    hvm_mtrr_get(&m, &a);
    return hv_call(front.hv, OP_VCPU_MTRR_SET, &a);
}

/* ---- what is not modelled is as a reset leaves it ---- */

static int save_lapic(const struct front_domain *d, uint32_t vcpu,
                      void *record)
{
    struct hvm_hw_lapic *lapic = record;

    (void)d;
    lapic->apic_base_msr = LAPIC_BASE | (vcpu ? 0 : LAPIC_BSP);
    lapic->disabled = LAPIC_SW_DISABLED;
    lapic->timer_divisor = 2;
    return sizeof(*lapic);
}

/* vlapic_reset, vlapic_do_init */
static int save_lapic_regs(const struct front_domain *d, uint32_t vcpu,
                           void *record)
{
    uint32_t *reg = record;

    (void)d;
    reg[0x20 / 4] = vcpu * 2 << 24;             /* id */
    reg[0x30 / 4] = 0x00050014;                 /* version */
    reg[0xe0 / 4] = ~0u;                        /* destination format */
    reg[0xf0 / 4] = 0xff;                       /* spurious vector */
    for (unsigned int lvt = 0x320; lvt <= 0x370; lvt += 0x10)
        reg[lvt / 4] = 0x10000;                 /* masked */
    return sizeof(struct hvm_hw_lapic_regs);
}

static int save_ioapic(const struct front_domain *d, uint32_t n, void *record)
{
    struct hvm_hw_vioapic *ioapic = record;
    const unsigned int pins = sizeof(ioapic->redirtbl) /
                              sizeof(*ioapic->redirtbl);

    (void)n;
    if (d->create.type != GUEST_HVM)
        return 0;
    ioapic->base_address = IOAPIC_BASE;
    for (unsigned int i = 0; i < pins; i++)
        ioapic->redirtbl[i].bits = IOAPIC_MASKED;
    return sizeof(*ioapic);
}

static int save_vmce(const struct front_domain *d, uint32_t vcpu,
                     void *record)
{
    struct hvm_vmce_vcpu *vmce = record;

    (void)vcpu;
    vmce->caps = d->create.vendor == VENDOR_INTEL ? MCG_CAP_INTEL :
                                                    MCG_CAP_AMD;
    return sizeof(*vmce);
}

/* Zeros.  Only an HVM domain has a device, a PVH domain has interrupts. */
#define ZEROS(name, type, when) \
static int save_##name(const struct front_domain *d, uint32_t n, \
                       void *record) \
{ \
    (void)d; \
    (void)n; \
    (void)record; \
    return (when) ? (int)HVM_SAVE_LENGTH(type) : 0; \
}
#define HAS_DEVICES (d->create.type == GUEST_HVM)
ZEROS(pic, PIC, HAS_DEVICES)
ZEROS(pci_irq, PCI_IRQ, true)
ZEROS(isa_irq, ISA_IRQ, true)
ZEROS(pci_link, PCI_LINK, true)
ZEROS(pit, PIT, HAS_DEVICES)
ZEROS(rtc, RTC, HAS_DEVICES)
ZEROS(hpet, HPET, HAS_DEVICES)
ZEROS(pmtimer, PMTIMER, HAS_DEVICES)
ZEROS(tsc_adjust, TSC_ADJUST, true)

/* What is read back only if it has the length of its kind, and then left. */
#define FIXED(type, n, vcpus, save, load) \
    { HVM_SAVE_CODE(type), HVM_SAVE_LENGTH(type), n, vcpus, save, load }
#define DOM(type, save)     FIXED(type, 1, false, save, NULL)
#define VCPU(type, save)    FIXED(type, 1, true, save, NULL)
const struct hvm_kind hvm_kinds[] = {
    FIXED(CPU, 1, true, save_cpu, load_cpu),
    FIXED(PIC, 2, false, save_pic, NULL),
    DOM(IOAPIC, save_ioapic),
    VCPU(LAPIC, save_lapic),
    VCPU(LAPIC_REGS, save_lapic_regs),
    DOM(PCI_IRQ, save_pci_irq),
    DOM(ISA_IRQ, save_isa_irq),
    DOM(PCI_LINK, save_pci_link),
    DOM(PIT, save_pit),
    DOM(RTC, save_rtc),
    DOM(HPET, save_hpet),
    DOM(PMTIMER, save_pmtimer),
    FIXED(MTRR, 1, true, save_mtrr, load_mtrr),
    DOM(VIRIDIAN_DOMAIN, NULL),
    { CPU_XSAVE_CODE, HVM_MAX_RECORD, 1, true, save_xsave, load_xsave },
    VCPU(VIRIDIAN_VCPU, NULL),
    VCPU(VMCE_VCPU, save_vmce),
    VCPU(TSC_ADJUST, save_tsc_adjust),
    { CPU_MSR_CODE, 8 + 9 * sizeof(struct hvm_one_msr), 1, true, NULL, NULL },
};
const unsigned int nr_hvm_kinds = sizeof(hvm_kinds) / sizeof(*hvm_kinds);
