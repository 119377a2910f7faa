/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_set_cpu_policy: xen/arch/x86/domctl.c:update_domain_cpu_policy,
 * xen/lib/x86/cpuid.c:x86_cpuid_copy_from_buffer. */
#include "preload/front.h"

#include <errno.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>

#include "preload/domctl.h"

int cpu_policy_set(const struct xen_domctl *op)
{
    const struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;

    if (!front_domain(op->domain))
        return op->domain ? -ESRCH : -EINVAL;
    if (p->nr_msrs)
        return hypercall_missing("domctl with MSRs,", op->cmd);
    for (uint32_t i = 0; i < p->nr_leaves; i++) {
        struct args_cpuid_policy a = { .dom = op->domain };
        xen_cpuid_leaf_t leaf;
        int rc;

        if (user_read(&leaf, (uintptr_t)p->leaves.p + i * sizeof(leaf),
                      sizeof(leaf)))
            return -EFAULT;
        a.leaf = leaf.leaf;
        a.subleaf = leaf.subleaf;
        a.eax = leaf.a;
        a.ebx = leaf.b;
        a.ecx = leaf.c;
        a.edx = leaf.d;
        rc = hv_call(front.hv, OP_DOMAIN_CPUID, &a);
        if (rc)
            return rc;
    }
    return 0;
}
