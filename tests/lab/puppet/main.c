/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet: a guest that does nothing.  It brings its vCPUs to a HLT, each
 * with a stack and handlers of exceptions, and says in its page where things
 * are; what the vCPUs do from then on their driver (real/puppet.h) writes
 * into memory and registers. */
#include <stdbool.h>
#include <stdint.h>

#include <xen/vcpu.h>
#include <xen/hvm/hvm_vcpu.h>

#include "real/puppet_abi.h"

#define CR4_OSXSAVE     0x40000
#define XSAVE_BIT       (1u << 26)      /* CPUID leaf 1, ecx */
#define X2APIC_BIT      (1u << 21)
#define MSR_APIC_BASE   0x1b
#define X2APIC_ON       0xc00
#define MSR_TPR         0x808
#define MSR_SVR         0x80f
#define SVR_ON          0x1ff
#define NR_EXCEPTIONS   32
#define NR_VECTORS      256

struct gate {
    uint16_t offset0, selector, type, offset1;
    uint32_t offset2, pad;
};

struct tss {
    uint32_t unused0;
    uint64_t rsp[3], unused1, ist[7];
    uint32_t unused2[3];
} __attribute__((packed));

struct descriptor_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* boot.S */
extern char root[], pool[], stacks[], scratch[], exceptions[], flush[];
extern uint64_t gdt[];
extern struct descriptor_register gdt_register;
extern void start_other(void), interrupt(void);

static struct puppet_page page __attribute__((section(".page"), used));
/* boot.S touches them */
struct gate idt[NR_VECTORS] __attribute__((aligned(16)));
struct tss tss[PUPPET_VCPUS];
static struct vcpu_hvm_context context;
static volatile uint32_t up;

_Static_assert(sizeof(struct puppet_page) <= 4096, "it is a page");
_Static_assert(sizeof(struct puppet_fault) == 1 << PUPPET_FAULT_SHIFT,
               "boot.S computes with it");
_Static_assert(__builtin_offsetof(struct puppet_page, fault) ==
               PUPPET_FAULT, "boot.S computes with it");
_Static_assert(__builtin_offsetof(struct puppet_page, lapic) ==
               PUPPET_LAPIC, "boot.S looks at it");

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "0"(leaf), "2"(0));
}

static uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | (uint64_t)high << 32;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
                     "d"((uint32_t)(value >> 32)));
}

static void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static bool on_xen(void)
{
    uint32_t r[4];

    cpuid(0x40000000, r);
    return r[1] == 0x566e6558 && r[2] == 0x65584d4d && r[3] == 0x4d4d566e;
}

static bool has_x2apic(void)
{
    uint32_t r[4];

    cpuid(1, r);
    return r[2] & X2APIC_BIT;
}

static bool on_amd(void)
{
    uint32_t r[4];

    cpuid(0, r);
    return r[2] == 0x444d4163;          /* cAMD */
}

static long vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
    long rc, nr = __HYPERVISOR_vcpu_op, op1 = op, vcpu1 = vcpu;

    if (page.amd)
        __asm__ volatile("vmmcall" : "=a"(rc), "+D"(op1), "+S"(vcpu1),
                         "+d"(arg) : "0"(nr) : "memory");
    else
        __asm__ volatile("vmcall" : "=a"(rc), "+D"(op1), "+S"(vcpu1),
                         "+d"(arg) : "0"(nr) : "memory");
    return rc;
}

/* Exceptions have a stack of their own: rsp may be anything. */
static void load_tss(unsigned int n)
{
    uint64_t at = (uint64_t)(uintptr_t)&tss[n];
    uint16_t selector = PUPPET_TSS(n);

    tss[n].ist[0] = (uint64_t)(uintptr_t)stacks + (n + 1) * PUPPET_STACK;
    gdt[selector / 8] = (sizeof(tss[n]) - 1) | (at & 0xffffff) << 16 |
                        0x89ull << 40 | (at >> 24 & 0xff) << 56;
    gdt[selector / 8 + 1] = at >> 32;
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* What every vCPU sets for itself. */
static void registers(unsigned int n)
{
    struct descriptor_register idtr = {
        sizeof(idt) - 1, (uint64_t)(uintptr_t)idt,
    };
    uint32_t r[4];
    uint64_t cr4;

    __asm__ volatile("lidt %0" : : "m"(idtr));
    load_tss(n);
    cpuid(1, r);
    if (r[2] & XSAVE_BIT) {
        __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
        __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE));
    }
    if (page.lapic) {
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | X2APIC_ON);
        wrmsr(MSR_SVR, SVR_ON);
        wrmsr(MSR_TPR, PUPPET_TPR);
    }
}

void boot_other(void);
void boot_other(void)
{
    registers(up + 1);
    up++;
}

/* One after the other, so that nothing is shared. */
static void start_others(void)
{
    for (unsigned int n = 1; n < PUPPET_VCPUS; n++) {
        context.mode = VCPU_HVM_MODE_64B;
        context.cpu_regs.x86_64 = (struct vcpu_hvm_x86_64){
            .rip = (uint64_t)(uintptr_t)start_other,
            .rsp = (uint64_t)(uintptr_t)stacks + (n + 1) * PUPPET_STACK,
            .rflags = 2,
            .cr0 = 0x80010033, .cr3 = (uint64_t)(uintptr_t)root,
            .cr4 = 0x620, .efer = 0xd00,
        };
        if (vcpu_op(VCPUOP_initialise, n, &context) ||
            vcpu_op(VCPUOP_up, n, 0))
            return;
        while (up < n)
            __asm__ volatile("pause");
    }
}

/* An exception has the TSS's first stack, whatever rsp is.  An interrupt, which
 * comes in .flush, has not: with Xen in QEMU one is delivered twice now and
 * then, and must not find its second frame where its first one is. */
static void fill_idt(void)
{
    for (unsigned int n = 0; n < NR_VECTORS; n++) {
        bool exception = n < NR_EXCEPTIONS;
        uint64_t at = exception ? (uint64_t)(uintptr_t)exceptions + 16 * n :
            (uint64_t)(uintptr_t)interrupt;

        /* present, an interrupt gate */
        idt[n] = (struct gate){
            .offset0 = at, .selector = PUPPET_CS, .type = 0x8e00 | exception,
            .offset1 = at >> 16, .offset2 = at >> 32,
        };
    }
}

/* A scenario's memory is zeros; what Xen gives a guest may have been somebody's
 * before. */
static void clear_memory(void)
{
    uint64_t at = 0, words = PUPPET_BASE / sizeof(at);

    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0ull)
                     : "memory");
}

void boot(void);
void boot(void)
{
    fill_idt();
    page.amd = on_amd();
    page.lapic = on_xen() && has_x2apic();
    registers(0);
    if (on_xen()) {
        clear_memory();
        start_others();
    } else {
        outb(0x21, 0xff);               /* nothing but the driver wakes us */
        outb(0xa1, 0xff);
    }
    page.vcpus = up + 1;
    page.root = (uint64_t)(uintptr_t)root;
    page.pool = (uint64_t)(uintptr_t)pool;
    page.stack = (uint64_t)(uintptr_t)stacks;
    page.scratch = (uint64_t)(uintptr_t)scratch;
    page.gdt = (uint64_t)(uintptr_t)gdt;
    page.gdt_limit = gdt_register.limit;
    page.idt = (uint64_t)(uintptr_t)idt;
    page.idt_limit = sizeof(idt) - 1;
    page.flush = (uint64_t)(uintptr_t)flush;
    __atomic_store_n(&page.magic, PUPPET_MAGIC, __ATOMIC_RELEASE);
}
