/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is monitored besides accesses. */
#include "tests/lab/differ.h"

#define LSTAR   0xc0000082u

static void set_single_step(struct make *m, uint32_t on)
{
    struct args_enable a = { .dom = DOM, .enable = on };

    for (uint32_t n = 0; n < VCPUS; n++) {
        if (m->vcpu[n].stepping)        /* it would step for ever */
            return;
    }
    if (!call(m, OP_MONITOR_SINGLESTEP, &a))
        m->single_step = on;
}

void do_monitor(struct make *m)
{
    static const enum hv_op switches[] = {
        OP_MONITOR_BREAKPOINT, OP_MONITOR_CPUID, OP_MONITOR_DESCRIPTOR,
        OP_MONITOR_EACH_REP, OP_MONITOR_EMUL_UNIMPLEMENTED,
    };
    static const uint32_t crs[] = {
        VM_EVENT_X86_CR0, VM_EVENT_X86_CR3, VM_EVENT_X86_CR4, 7,
    };
    uint32_t on = !once_in(m, 3);
    struct args_enable a = { .dom = DOM, .enable = on };
    struct args_enable_sync s = {
        .dom = DOM, .enable = on, .sync = once_in(m, 2),
    };
    struct args_msr msr = {
        .dom = DOM, .msr = once_in(m, 3) ? 0x174 : LSTAR, .enable = on,
        .onchangeonly = once_in(m, 2),
    };
    struct args_ctrlreg cr = {
        .dom = DOM, .index = crs[below(m, 3 + once_in(m, 10))], .enable = on,
        .sync = once_in(m, 2) || m->put_off, .onchangeonly = once_in(m, 2),
        .bitmask = once_in(m, 3) ? 0x10080 : 0,
    };

    switch (below(m, 8)) {
    case 0:
        set_single_step(m, on);
        break;
    case 1:
        call(m, OP_MONITOR_GUEST_REQUEST, &s);
        break;
    case 2:
        call(m, OP_MONITOR_DEBUG, &s);
        break;
    case 3:
        call(m, OP_MONITOR_MSR, &msr);
        break;
    case 4:
    case 5:
        call(m, OP_MONITOR_CTRLREG, &cr);
        break;
    default:
        call(m, switches[below(m, 5)], &a);
    }
}

/* What is put off is done when the vCPU is scheduled again: where its event
 * does not stop it, that is up to Xen's scheduler. */
static void put_off(struct make *m)
{
    struct args_dom dom = { .dom = DOM };
    struct args_msr msr = { .dom = DOM, .msr = LSTAR, .enable = 1 };
    struct args_ctrlreg cr = { .dom = DOM, .enable = 1, .sync = 1 };

    call(m, OP_MONITOR_CONTROL_REGISTERS, &dom);
    call(m, OP_MONITOR_MSR, &msr);
    for (cr.index = 0; cr.index < 3; cr.index++)
        call(m, OP_MONITOR_CTRLREG, &cr);
}

void begin_monitor(struct make *m)
{
    m->put_off = once_in(m, 3);
    if (m->put_off)
        put_off(m);
    for (uint32_t i = below(m, 8); i--;)
        do_monitor(m);
}

void monitor_nothing(struct hv *hv)
{
    static const enum hv_op ops[] = {
        OP_MONITOR_SINGLESTEP, OP_MONITOR_BREAKPOINT, OP_MONITOR_CPUID,
        OP_MONITOR_DESCRIPTOR, OP_MONITOR_EACH_REP, OP_MONITOR_GUEST_REQUEST,
        OP_MONITOR_DEBUG, OP_MONITOR_EMUL_UNIMPLEMENTED,
    };
    struct args_enable_sync a = { .dom = DOM };
    struct args_msr msr = { .dom = DOM, .msr = LSTAR };
    struct args_ctrlreg cr = { .dom = DOM };

    for (uint32_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
        hv_call(hv, ops[i], &a);
    hv_call(hv, OP_MONITOR_MSR, &msr);
    msr.msr = 0x174;
    hv_call(hv, OP_MONITOR_MSR, &msr);
    for (cr.index = 0; cr.index < 3; cr.index++)
        hv_call(hv, OP_MONITOR_CTRLREG, &cr);
}
