/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV puppet: it makes the page tables that a scenario begins with, keeps
 * its own part of the address space to itself, and brings its vCPUs to where
 * they do what their driver (real/puppet_pv.h) asks for, one instruction at a
 * time. */
#include <stdint.h>

#include <xen/xen.h>
#include <xen/vcpu.h>

#include "real/puppet_pv_abi.h"

#define PAGE_SHIFT      12
#define NR_PTES         512
#define NR_EXCEPTIONS   32
#define VECTOR_NMI      2

#define PRESENT         0x1
#define RW              0x2
#define ACCESSED        0x20
#define TABLE           0x67    /* dirty, accessed, user, writable, present */

/* pv-boot.S */
extern char exceptions[];
extern struct { char bytes[PUPPET_PV_PAGE]; } slots[PUPPET_PV_VCPUS];
extern void serve(void);

static struct puppet_pv_page page __attribute__((section(".page"), used));
static struct trap_info traps[NR_EXCEPTIONS];
static vcpu_guest_context_t context;
static const uint64_t *p2m;
static uint64_t nr_pages, ram;          /* gfns: all, and the scenario's */
static uint64_t own_end;                /* gfn behind what is ours */

_Static_assert(sizeof(struct puppet_pv_slot) <= PUPPET_PV_PAGE / 2,
               "a page has room for it and a stack");
_Static_assert(__builtin_offsetof(struct puppet_pv_slot, code) ==
               PUPPET_PV_CODE, "pv-boot.S computes with it");
_Static_assert(__builtin_offsetof(struct puppet_pv_slot, regs.r10) ==
               PUPPET_PV_REGS + 48, "pv-boot.S computes with it");
_Static_assert(__builtin_offsetof(struct puppet_pv_slot, fault) ==
               PUPPET_PV_FAULT, "pv-boot.S computes with it");

static long hypercall(unsigned int nr, uint64_t a, uint64_t b, uint64_t c,
                      uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    long rc = nr;

    __asm__ volatile("syscall" : "+a"(rc), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     : : "rcx", "r11", "memory");
    return rc;
}

/* Nothing can be said when the beginning fails: the domain is seen to have
 * crashed. */
static void must(long rc)
{
    if (rc)
        __asm__ volatile("ud2");
}

static uint64_t *virt(uint64_t gfn)
{
    return (uint64_t *)(PUPPET_PV_VIRT + (gfn << PAGE_SHIFT));
}

static uint64_t entry(uint64_t gfn, uint64_t flags)
{
    return p2m[gfn] << PAGE_SHIFT | flags;
}

static int is_own(uint64_t gfn)
{
    return gfn >= PUPPET_PV_PADDR >> PAGE_SHIFT && gfn < own_end;
}

static int is_table(uint64_t gfn)
{
    return gfn - PUPPET_PV_TABLES < PUPPET_PV_NR_TABLES;
}

static void set_traps(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < NR_EXCEPTIONS; i++) {
        if (i == VECTOR_NMI)
            continue;
        traps[n++] = (struct trap_info){
            .vector = i, .cs = FLAT_KERNEL_CS,
            /* For the driver's INT n, too. */
            .flags = 3,
            .address = (unsigned long)exceptions + 16 * i,
        };
    }
    must(hypercall(__HYPERVISOR_set_trap_table, (uint64_t)traps, 0, 0, 0));
}

static void extended(unsigned int cmd, uint64_t gfn)
{
    struct mmuext_op op = { .cmd = cmd, .arg1.mfn = p2m[gfn] };

    must(hypercall(__HYPERVISOR_mmuext_op, (uint64_t)&op, 1, 0, DOMID_SELF));
}

/* What Xen gives a guest may have been somebody's before. */
static void clear_others(void)
{
    for (uint64_t gfn = 0; gfn < nr_pages; gfn++) {
        if (!is_own(gfn))
            extended(MMUEXT_CLEAR_PAGE, gfn);
    }
}

/* As the model's toolstack makes them (sim/pv_build.c), and our own part in
 * the last slot. */
static void make_tables(void)
{
    const uint64_t l4 = PUPPET_PV_TABLES, l3 = l4 + 1, l2 = l4 + 2, l1 = l4 + 3;

    virt(l4)[0] = entry(l3, TABLE);
    virt(l4)[PUPPET_PV_SLOT] = page.entry;
    virt(l3)[0] = entry(l2, TABLE);
    virt(l2)[0] = entry(l1, TABLE);
    virt(l2)[1] = entry(l1 + 1, TABLE);
    for (uint64_t gfn = 0; gfn < PUPPET_PV_MAPPED && gfn < ram; gfn++) {
        if (!is_own(gfn))
            virt(l1)[gfn] = entry(gfn, PRESENT | ACCESSED |
                                  (is_table(gfn) ? 0 : RW));
    }
}

/* What is not ours is mapped by the new tables alone. */
static void unmap_others(void)
{
    for (uint64_t gfn = 0; gfn < PUPPET_PV_MAPPED && gfn < nr_pages; gfn++) {
        if (!is_own(gfn))
            must(hypercall(__HYPERVISOR_update_va_mapping,
                           (uint64_t)virt(gfn), 0, 0, 0));
    }
}

static void load_tables(uint64_t old)
{
    extended(MMUEXT_PIN_L4_TABLE, PUPPET_PV_TABLES);
    extended(MMUEXT_NEW_BASEPTR, PUPPET_PV_TABLES);
    extended(MMUEXT_UNPIN_TABLE, old);
}

static int start_vcpu(unsigned int n)
{
    context = (vcpu_guest_context_t){
        .flags = VGCF_in_kernel,
        .user_regs = {
            .rip = (unsigned long)serve, .cs = FLAT_KERNEL_CS,
            .rsp = (unsigned long)(slots + n + 1), .ss = FLAT_KERNEL_SS,
            .rflags = 0x202,
        },
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = (unsigned long)(slots + n + 1),
        .ctrlreg[3] = xen_pfn_to_cr3(p2m[PUPPET_PV_TABLES]),
    };
    for (unsigned int i = 0; i < NR_EXCEPTIONS - 1; i++)
        context.trap_ctxt[traps[i].vector] = traps[i];
    if (hypercall(__HYPERVISOR_vcpu_op, VCPUOP_initialise, n,
                  (uint64_t)&context, 0))
        return 0;
    return !hypercall(__HYPERVISOR_vcpu_op, VCPUOP_up, n, 0, 0);
}

static uint64_t number(const int8_t *text)
{
    uint64_t n = 0;

    while (*text >= '0' && *text <= '9')
        n = 10 * n + *text++ - '0';
    return n;
}

void *memset(void *to, int byte, unsigned long n)
{
    void *p = to;

    __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(byte) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, unsigned long n)
{
    void *p = to;

    __asm__ volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void boot(const struct start_info *info)
{
    uint64_t old = (info->pt_base - PUPPET_PV_VIRT) >> PAGE_SHIFT;

    p2m = (const uint64_t *)info->mfn_list;
    nr_pages = info->nr_pages;
    ram = number(info->cmd_line);
    if (!ram || ram > nr_pages)
        ram = nr_pages;
    own_end = old + info->nr_pt_frames + 1;     /* a stack behind them */
    page.slots = (uint64_t)slots;
    page.p2m = info->mfn_list;
    page.nr_pages = nr_pages;
    page.entry = ((const uint64_t *)info->pt_base)[PUPPET_PV_SLOT];
    set_traps();
    clear_others();
    make_tables();
    unmap_others();
    load_tables(old);
    page.vcpus = 1;
    while (page.vcpus < PUPPET_PV_VCPUS && start_vcpu(page.vcpus))
        page.vcpus++;
    __atomic_store_n(&page.magic, PUPPET_PV_MAGIC, __ATOMIC_RELEASE);
}
