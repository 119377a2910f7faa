/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's context as getvcpucontext and setvcpucontext have it.  Source:
 * xen/common/domctl.c, xen/arch/x86/domctl.c:arch_get_info_guest,
 * xen/arch/x86/domain.c:arch_set_info_guest. */
#include "preload/front.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#include "preload/domctl.h"
#include "preload/wire.h"

#define CS_RPL          3
#define CR0_PE_ET       0x11
#define DR6_DEFAULT     0xffff0ff0
#define DR7_DEFAULT     0x400
#define RFLAGS_IF       0x200

#define G(member, field) \
    MOVE_IN(struct vcpu_guest_context, member, struct args_vcpu_regs, field)
#define U(reg)  G(user_regs.reg, regs.reg)
/* What is loaded of an HVM domain's; the rest is only read. */
static const struct move general[] = {
    U(rax), U(rbx), U(rcx), U(rdx), U(rbp), U(rsi), U(rdi), U(rsp), U(r8),
    U(r9), U(r10), U(r11), U(r12), U(r13), U(r14), U(r15), U(rip), U(rflags),
    G(debugreg[0], dr0), G(debugreg[1], dr1), G(debugreg[2], dr2),
    G(debugreg[3], dr3), G(debugreg[6], regs.dr6), G(debugreg[7], regs.dr7),
    MOVE_END
};
static const struct move system_regs[] = {
    G(ctrlreg[0], regs.cr0), G(ctrlreg[2], regs.cr2),
    G(ctrlreg[3], regs.cr3), G(ctrlreg[4], regs.cr4),
    G(user_regs.cs, regs.cs_sel), G(user_regs.ss, regs.ss_sel),
    G(user_regs.ds, regs.ds_sel), G(user_regs.es, regs.es_sel),
    G(user_regs.fs, regs.fs_sel), G(user_regs.gs, regs.gs_sel),
    G(fs_base, regs.fs_base), MOVE_END
};
#undef U
#undef G

static int find(const struct xen_domctl *op, struct args_vcpu_regs *a)
{
    const struct front_domain *d = front_domain(op->domain);

    *a = (struct args_vcpu_regs){ .dom = op->domain,
                                  .vcpu = op->u.vcpucontext.vcpu };
    if (!d)
        return op->domain ? -ESRCH : -EINVAL;
    return a->vcpu < d->create.vcpus ? 0 : -EINVAL;
}

/* A dying domain has an HVM context no more, but this: what the model has an
 * operation for. */
static int dying_regs(struct args_vcpu_regs *regs)
{
    struct args_vcpu_context a = { .dom = regs->dom, .vcpu = regs->vcpu };
    int rc = hv_call(front.hv, OP_VCPU_CONTEXT, &a);

    regs->regs.rip = a.rip;
    regs->regs.rsp = a.rsp;
    regs->regs.rflags = a.rflags;
    regs->regs.rax = a.rax;
    regs->regs.cr3 = a.cr3;
    return rc;
}

int vcpu_context_get(const struct xen_domctl *op)
{
    struct vcpu_guest_context c = { .flags = VGCF_online };
    struct args_vcpu_regs a;
    int rc = find(op, &a);

    if (!rc)
        rc = front_domain(op->domain)->destroyed ? dying_regs(&a) :
            hv_call(front.hv, OP_VCPU_REGS_GET, &a);
    if (rc)
        return rc;
    wire_copy(general, &c, &a, true);
    wire_copy(system_regs, &c, &a, true);
    if (front_domain(op->domain)->create.type == GUEST_PV)
        c.flags |= VGCF_in_kernel;      /* as a model's PV guest always is */
    if (c.user_regs.cs & CS_RPL && !(c.flags & VGCF_in_kernel)) {
        c.gs_base_user = a.regs.gs_base;
        c.gs_base_kernel = a.regs.shadow_gs;
    } else {
        c.gs_base_kernel = a.regs.gs_base;
        c.gs_base_user = a.regs.shadow_gs;
    }
    return user_write((uintptr_t)op->u.vcpucontext.ctxt.p, &c, sizeof(c));
}

/* Control registers and segments of an HVM domain are not in its reach; a PV
 * domain's context is not modelled.  No context: a reset, neither. */
int vcpu_context_set(const struct xen_domctl *op)
{
    struct vcpu_guest_context c;
    struct args_vcpu_regs a;
    int rc = find(op, &a);

    if (rc)
        return rc;
    if (!op->u.vcpucontext.ctxt.p ||
        front_domain(op->domain)->create.type == GUEST_PV)
        return hypercall_missing("domctl", op->cmd);
    if (user_read(&c, (uintptr_t)op->u.vcpucontext.ctxt.p, sizeof(c)))
        return -EFAULT;
    if (front_domain(op->domain)->destroyed)
        return 0;               /* with which no vCPU will run */
    rc = hv_call(front.hv, OP_VCPU_REGS_GET, &a);
    if (rc)
        return rc;
    wire_copy(general, &c, &a, false);
    return hv_call(front.hv, OP_VCPU_REGS_SET, &a);
}

/* Is the one CPU in MAP?  What else is there has no meaning. */
static int on_cpu(const struct xenctl_bitmap *map)
{
    unsigned char first = 0;

    if (map->nr_bits && user_read(&first, (uintptr_t)map->bitmap.p, 1))
        return -EFAULT;
    return first & 1;
}

/* A vCPU has to have a CPU; that it would rather have none is not modelled. */
static int set_affinity(const struct xen_domctl_vcpuaffinity *a)
{
    int rc = a->flags & XEN_VCPUAFFINITY_HARD ? on_cpu(&a->cpumap_hard) : 1;

    if (rc <= 0)
        return rc ? rc : -EINVAL;
    rc = a->flags & XEN_VCPUAFFINITY_SOFT ? on_cpu(&a->cpumap_soft) : 1;
    if (rc <= 0)
        return rc ? rc :
            (int)hypercall_missing("domctl", XEN_DOMCTL_setvcpuaffinity);
    return 0;
}

/* vcpu_affinity_domctl: they run on the one CPU, and so they shall.  Answered
 * is what the scheduler makes of it. */
int vcpu_affinity(const struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    const struct front_domain *d = front_domain(op->domain);
    bool hard = a->flags & XEN_VCPUAFFINITY_HARD,
         soft = a->flags & XEN_VCPUAFFINITY_SOFT;
    int rc = 0;

    if (!d && op->domain)
        return -ESRCH;
    if (a->vcpu >= (d ? d->create.vcpus : 1) || !a->flags ||
        (hard && !a->cpumap_hard.bitmap.p) ||
        (soft && !a->cpumap_soft.bitmap.p))
        return -EINVAL;
    if (op->cmd == XEN_DOMCTL_setvcpuaffinity)
        rc = set_affinity(a);
    if (hard && !rc)
        rc = user_bitmap(&a->cpumap_hard, 1);
    if (soft && !rc)
        rc = user_bitmap(&a->cpumap_soft, 1);
    return rc;
}

/* Flat segments in protected mode, as libxc leaves the first vCPU of an HVM
 * or PVH domain (tools/libs/guest/xg_dom_x86.c:vcpu_hvm); Xen's own, and
 * interrupts, where it is PV (vcpu_x86_64): control registers are Xen's. */
void vcpu_context_boot(const struct args_create *create)
{
    const struct vm_event_x86_selector_reg code = { 0xfffff, 0xc9b },
                                           data = { 0xfffff, 0xc93 };
    struct args_vcpu_regs a = { .dom = create->dom };
    struct vm_event_regs_x86 *regs = &a.regs;

    if (hv_call(front.hv, OP_VCPU_REGS_GET, &a))
        return;
    regs->dr6 = DR6_DEFAULT;
    regs->dr7 = DR7_DEFAULT;
    if (create->type == GUEST_PV) {
        regs->rflags = RFLAGS_IF;
        regs->cs_sel = FLAT_KERNEL_CS64;
        regs->ss_sel = FLAT_KERNEL_SS64;
        hv_call(front.hv, OP_VCPU_REGS_SET, &a);
        return;
    }
    regs->cr0 = CR0_PE_ET;
    regs->cs = code;
    regs->ss = regs->ds = regs->es = data;
    a.tr_limit = 0x67;
    a.tr_ar = 0x8b;
    hv_call(front.hv, OP_VCPU_REGS_SET, &a);
}
