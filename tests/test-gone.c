/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls on a domain that is dying, for somebody has its ring mapped, and
 * on one that is gone: for that one there is no answer but ESRCH
 * (common/domctl.c:do_domctl, common/domain.c:rcu_lock_remote_domain_by_id).
 * Domain 1 is destroyed in the one way, domain 2 in the other. */
#include "tests/hypercall.h"

#include <xen/hvm/dm_op.h>
#include <xen/hvm/save.h>

static long context(uint32_t cmd, uint32_t dom, uint32_t size, void *to)
{
    struct xen_domctl d = { .u.hvmcontext = { .size = size } };

    d.u.hvmcontext.buffer.p = to;
    return domctl(cmd, dom, &d);
}

static long one(uint32_t dom, uint32_t type, uint32_t instance)
{
    struct xen_domctl d = {
        .u.hvmcontext_partial = { .type = type, .instance = instance },
    };

    return domctl(XEN_DOMCTL_gethvmcontext_partial, dom, &d);
}

static long nr_vcpus(uint32_t dom)
{
    struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };
    struct xen_dm_op_buf buf = { .size = sizeof(op) };

    buf.h.p = &op;
    return hypercall(__HYPERVISOR_dm_op, dom, 1, (uintptr_t)&buf);
}

/* hvm/save.c:hvm_save, hvm_save_one and hvm_load begin with is_dying; what
 * arch_do_domctl looks at comes before. */
static void test_dying(void **state)
{
    static unsigned char buffer[1 << 16];
    struct vcpu_guest_context c = { .user_regs.rip = 0x1234 };
    struct xen_domctl d = { .u.vcpucontext.vcpu = 0 };

    (void)state;
    d.u.vcpucontext.ctxt.p = &c;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), 0);
    d.u.vm_event_op.op = XEN_VM_EVENT_ENABLE;
    d.u.vm_event_op.mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR;
    assert_int_equal(domctl(XEN_DOMCTL_vm_event_op, PVH, &d), 0);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, PVH, &d), 0);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, PVH, 0, NULL), 0);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, PVH, 9, buffer),
                     -ENOSPC);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, PVH, sizeof(buffer),
                             BAD), -EINVAL);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, PVH, 9, BAD), -EFAULT);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, PVH, 9, buffer),
                     -EINVAL);
    assert_int_equal(one(PVH, HVM_SAVE_CODE(CPU), 0), -EINVAL);
    assert_int_equal(one(PVH, HVM_SAVE_CODE(CPU), 99), -EINVAL);
    assert_int_equal(one(PVH, 999, 0), -EINVAL);
    memset(&d.u, 0, sizeof(d.u));
    c.user_regs.rip = 0;
    d.u.vcpucontext.ctxt.p = &c;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, PVH, &d), 0);
    assert_int_equal(c.user_regs.rip, 0x1234);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), 0);
    d.u.vcpucontext.ctxt.p = BAD;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, PVH, &d), -EFAULT);
    assert_int_equal(nr_vcpus(PVH), 0);
}

/* Before anything that is asked for is looked at. */
static void test_gone(void **state)
{
    static const uint32_t cmds[] = {
        XEN_DOMCTL_gethvmcontext, XEN_DOMCTL_sethvmcontext,
        XEN_DOMCTL_gethvmcontext_partial, XEN_DOMCTL_getvcpucontext,
        XEN_DOMCTL_setvcpucontext, XEN_DOMCTL_getvcpuextstate,
        XEN_DOMCTL_get_address_size, XEN_DOMCTL_gettscinfo,
        XEN_DOMCTL_getnodeaffinity, XEN_DOMCTL_sendtrigger,
        XEN_DOMCTL_getvcpuaffinity, XEN_DOMCTL_set_cpu_policy,
        XEN_DOMCTL_getpageframeinfo3, XEN_DOMCTL_getvcpuinfo,
        XEN_DOMCTL_pausedomain, XEN_DOMCTL_destroydomain,
        XEN_DOMCTL_monitor_op, XEN_DOMCTL_set_address_size,
    };
    struct xen_domctl d;

    (void)state;
    assert_int_equal(nr_vcpus(HVM), 0);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, HVM, &d), 0);
    assert_int_equal(nr_vcpus(HVM), -ESRCH);
    for (size_t i = 0; i < ARRAY(cmds); i++) {
        memset(&d.u, 0, sizeof(d.u));
        if (domctl(cmds[i], HVM, &d) != -ESRCH)
            fail_msg("domctl %u", cmds[i]);
    }
    d.u.getpageframeinfo3.num = 1025;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, HVM, &d), -ESRCH);
    /* The next one there is. */
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, HVM, &d), 0);
    assert_int_equal(d.domain, PV);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dying), cmocka_unit_test(test_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return hypercall_main(argv, run);
}
