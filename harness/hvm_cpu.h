/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers as the records of an HVM context have them.  Source:
 * xen/arch/x86/hvm/hvm.c:hvm_save_cpu_ctxt, mtrr.c:hvm_save_mtrr_msr. */
#ifndef XENREEL_HVM_CPU_H
#define XENREEL_HVM_CPU_H

#include <stdint.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/hvm/save.h>

#include "harness/op_args.h"

/* All but xcr0, which is CPU_XSAVE's; what A has no member for stays. */
void hvm_cpu_put(struct hvm_hw_cpu *c, const struct args_vcpu_regs *a);
void hvm_cpu_get(const struct hvm_hw_cpu *c, struct args_vcpu_regs *a);
void hvm_mtrr_put(struct hvm_hw_mtrr *m, const struct args_vcpu_mtrr *a);
void hvm_mtrr_get(const struct hvm_hw_mtrr *m, struct args_vcpu_mtrr *a);

#endif
