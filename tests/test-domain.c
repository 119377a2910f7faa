/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain: how it is made, asked about, changed and destroyed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/hvm/params.h>
#include <xen/sched.h>

#include "sim/private.h"

#define DOM     7u

static struct hv *open_with(uint32_t mb, uint32_t vendor, uint32_t type,
                            struct sim_domain **d)
{
    struct hv *hv = sim_open(NULL);
    struct args_create c;

    assert_non_null(hv);
    sim_default_domain(&c, DOM, mb, 2);
    c.vendor = vendor;
    c.type = type;
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    *d = sim_find((struct sim *)hv, DOM);
    assert_non_null(*d);
    return hv;
}

static struct hv *open_mb(uint32_t mb, struct sim_domain **d)
{
    return open_with(mb, VENDOR_INTEL, GUEST_PVH, d);
}

static int call_dom(struct hv *hv, enum hv_op op, uint32_t dom)
{
    struct args_dom a = { .dom = dom };

    return hv_call(hv, op, &a);
}

static struct p2m_entry get(const struct p2m *p2m, uint64_t gfn)
{
    struct p2m_entry entry;

    p2m_get(p2m, gfn, &entry);
    return entry;
}

/* What domain.create refuses, and in which case how. */
static void test_create_invalid(void **state)
{
    struct args_create ok, c;
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    sim_default_domain(&ok, 8, 16, 1);
#define REFUSED(member, value, rc) do { \
        c = ok; \
        c.member = (value); \
        assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), rc); \
        assert_null(sim_find((struct sim *)hv, 8)); \
    } while (0)
    REFUSED(dom, 0, -EINVAL);
    REFUSED(dom, 0x7ff0, -EINVAL);
    REFUSED(dom, DOM, -EEXIST);
    REFUSED(vendor, 2, -EINVAL);
    REFUSED(type, 3, -EINVAL);
    REFUSED(vcpus, 0, -EINVAL);
    REFUSED(vcpus, MAX_VCPUS + 1, -EINVAL);
    REFUSED(ram, 0, -EINVAL);
    REFUSED(ram, (1ull << 26) + 1, -EINVAL);
    REFUSED(ram, ~0ull, -EINVAL);
    REFUSED(max_gpfn, 0, -EINVAL);
    REFUSED(max_gpfn, 4099, -EINVAL);   /* special pages in RAM */
    REFUSED(max_gpfn, 1ull << 36, -EINVAL);
    REFUSED(max_gpfn, ~0ull, -EINVAL);
    REFUSED(pool, ~0ull, -EINVAL);
    REFUSED(altp2m, 4, -EINVAL);
    REFUSED(views, 513, -EINVAL);
    REFUSED(max_pages, 4103, -ENOMEM);
    REFUSED(pool, 2, -ENOMEM);
#undef REFUSED
    assert_int_equal(d->nr_pages, 4104);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &ok), 0);
    c = ok;
    c.dom = 9;
    c.views = 0;                /* MAX_ALTP2M of them */
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    assert_int_equal(sim_find((struct sim *)hv, 9)->config.views, 10);
    hv_close(hv);
}

/* Pausing is counted, to 255; dom0 cannot be paused.  Source:
 * domain.c:domain_pause_by_systemcontroller; external-conf.log bad domid. */
static void test_pause(void **state)
{
    struct args_domain_info i = { .dom = DOM };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &i), 0);
    assert_int_equal(i.paused, 1);
    assert_int_equal(i.reason, 255);
    assert_int_equal(i.nr_pages, 4104);
    assert_int_equal(i.max_kb, 17 * 1024);
    assert_int_equal(i.running | i.blocked | i.dying | i.crashed, 0);
    assert_int_equal(call_dom(hv, OP_DOMAIN_UNPAUSE, DOM), 0);
    assert_int_equal(call_dom(hv, OP_DOMAIN_UNPAUSE, DOM), -EINVAL);
    for (unsigned int n = 0; n < 255; n++)
        assert_int_equal(call_dom(hv, OP_DOMAIN_PAUSE, DOM), 0);
    assert_int_equal(call_dom(hv, OP_DOMAIN_PAUSE, DOM), -EOVERFLOW);
    assert_int_equal(call_dom(hv, OP_DOMAIN_PAUSE, 0), -EINVAL);
    assert_int_equal(call_dom(hv, OP_DOMAIN_PAUSE, 999), -ESRCH);
    assert_int_equal(call_dom(hv, OP_DOMAIN_PAUSE, 0x7ff0), -ESRCH);
    sim_crash(d);
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &i), 0);
    /* external-misconf-w-READ.log: shutdown=0 reason=3 crashed=1 */
    assert_int_equal(i.shutdown, 0);
    assert_int_equal(i.crashed, 1);
    assert_int_equal(i.reason, 3);
    hv_close(hv);
}

/* A destroyed domain is gone, or dying while its ring is mapped: domctls find
 * it and what it has monitored (vm_event.c:vm_event_cleanup leaves that),
 * mem_access says EINVAL.  Source: domain.c:domain_kill,
 * rcu_lock_live_remote_domain_by_id; arm/memaccess-arm-20-destroy-pending. */
static void test_destroy(void **state)
{
    struct args_domain_info i = { .dom = DOM };
    struct args_access a = { .dom = DOM, .gfn = 0x101 };
    struct args_u64 on = { .dom = DOM, .value = 1 };
    struct args_enable cpuid = { .dom = DOM, .enable = 1 };
    struct args_port port = { .dom = DOM };
    struct args_create c;
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, 0), -EINVAL);
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, 9), -ESRCH);
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, DOM), 0);
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &i), -ESRCH);
    sim_default_domain(&c, DOM, 16, 2);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &port), 0);
    assert_non_null(hv_ring(hv, DOM));
    assert_int_equal(hv_call(hv, OP_MONITOR_CPUID, &cpuid), 0);
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, DOM), 0);
    assert_null(hv_ring(hv, DOM));
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &i), 0);
    assert_int_equal(i.dying, 1);
    assert_int_equal(hv_call(hv, OP_ACCESS_GET, &a), -EINVAL);
    assert_int_equal(hv_call(hv, OP_ALTP2M_SET_STATE, &on), -EINVAL);
    assert_int_equal(hv_call(hv, OP_MONITOR_ENABLE, &port), -EBUSY);
    cpuid.enable = 0;
    assert_int_equal(hv_call(hv, OP_MONITOR_CPUID, &cpuid), 0);
    assert_int_equal(hv_call(hv, OP_MONITOR_CPUID, &cpuid), -EEXIST);
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, DOM), 0);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    hv_close(hv);
}

/* Several domains, of which any may go first. */
static void test_several(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct args_create c;

    (void)state;
    for (uint32_t dom = 8; dom < 10; dom++) {
        sim_default_domain(&c, dom, 16, 1);
        assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    }
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, 8), 0);
    assert_null(sim_find((struct sim *)hv, 8));
    assert_int_equal(call_dom(hv, OP_DOMAIN_DESTROY, DOM), 0);
    assert_null(sim_find((struct sim *)hv, DOM));
    assert_non_null(sim_find((struct sim *)hv, 9));
    hv_close(hv);
}

/* populate and decrease through libxenctrl's _exact wrappers: EBUSY and
 * EINVAL whatever was wrong.  max_pages bounds the first.  Source:
 * xen/common/memory.c:populate_physmap, guest_remove_page; xc_domain.c. */
static void test_reservation(void **state)
{
    struct args_physmap p = { .dom = DOM, .gfn = 0x9000 };
    struct args_u64 mem = { .dom = DOM, .value = 4105 * 4 };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(hv_call(hv, OP_DOMAIN_MAX_MEM, &mem), 0);
    assert_int_equal(hv_call(hv, OP_MEMORY_POPULATE, &p), 0);
    assert_int_equal(get(&d->host, 0x9000).access, 7);
    p.gfn = 0x9001;
    assert_int_equal(hv_call(hv, OP_MEMORY_POPULATE, &p), -EBUSY);
    assert_int_equal(hv_call(hv, OP_MEMORY_DECREASE, &p), -EINVAL);
    p.gfn = 0x9000;
    assert_int_equal(hv_call(hv, OP_MEMORY_DECREASE, &p), 0);
    assert_int_equal(d->nr_pages, 4104);
    /* Out of a superpage: only the one page goes. */
    p.gfn = 0x201;
    assert_int_equal(hv_call(hv, OP_MEMORY_DECREASE, &p), 0);
    assert_int_equal(get(&d->host, 0x201).mfn, INVALID_MFN);
    assert_int_equal(get(&d->host, 0x202).order, 0);
    assert_int_equal(d->nr_pages, 4103);
    p.gfn = 1ull << 36;
    assert_int_equal(hv_call(hv, OP_MEMORY_POPULATE, &p), -EBUSY);
    assert_int_equal(d->nr_pages, 4104);        /* stays the domain's */
    p.dom = 999;
    assert_int_equal(hv_call(hv, OP_MEMORY_POPULATE, &p), -EBUSY);
    assert_int_equal(hv_call(hv, OP_MEMORY_DECREASE, &p), -EINVAL);
    /* LibVMI sets dom0's limit to 0 (facts/hypercall-surface.md). */
    mem.dom = 0;
    assert_int_equal(hv_call(hv, OP_DOMAIN_MAX_MEM, &mem), 0);
    hv_close(hv);
}

/* dom0's foreign mappings. */
static void test_memory(void **state)
{
    char out[8] = "xenreel", in[8] = "";
    struct args_memory m = {
        .dom = DOM, .gfn = 0x125, .offset = 4088, .data = { out, 8, 0 },
    };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(hv_call(hv, OP_MEMORY_WRITE, &m), 0);
    m.data.p = in;
    assert_int_equal(hv_call(hv, OP_MEMORY_READ, &m), 0);
    assert_memory_equal(in, out, 8);
    m.gfn = 0x126;
    assert_int_equal(hv_call(hv, OP_MEMORY_PEEK, &m), 0);
    assert_int_equal(in[0], 0);
    m.offset = 4089;
    assert_int_equal(hv_call(hv, OP_MEMORY_READ, &m), -EINVAL);
    m.offset = UINT32_MAX;
    assert_int_equal(hv_call(hv, OP_MEMORY_WRITE, &m), -EINVAL);
    m.offset = 0;
    m.gfn = 0x9999;
    assert_int_equal(hv_call(hv, OP_MEMORY_READ, &m), -EINVAL);
    m.dom = 999;
    assert_int_equal(hv_call(hv, OP_MEMORY_READ, &m), -ESRCH);
    hv_close(hv);
}

/* external-conf.log "version/access_required/debug_control/inject" and
 * "paging/sharing rings"; svm/err-common.log dbgctl and rawdomctl. */
static void test_toolstack(void **state)
{
    struct args_debug_control g = { .dom = DOM, .op = 99 };
    struct args_inject_trap t = { .dom = DOM, .vcpu = 7 };
    struct args_vm_event_op v = { .dom = DOM };
    struct args_enable s = { .dom = DOM, .enable = 1 };
    struct args_domctl c = { .dom = DOM, .cmd = 9999, .version = 0x15 };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), -ENOSYS);
    g.vcpu = 7;         /* the vCPU first: arch_do_domctl */
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), -EINVAL);
    g.vcpu = 1;
    g.op = 1;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), 0);
    assert_true(d->vcpus[1].single_step);
    d->vcpus[1].fast_step = true;
    g.op = 0;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), 0);
    assert_false(d->vcpus[1].single_step || d->vcpus[1].fast_step);
    assert_int_equal(hv_call(hv, OP_HVM_INJECT_TRAP, &t), -EINVAL);
    t.vcpu = 0;
    assert_int_equal(hv_call(hv, OP_HVM_INJECT_TRAP, &t), 0);
    assert_int_equal(hv_call(hv, OP_HVM_INJECT_TRAP, &t), -EBUSY);
    t.dom = 0;
    assert_int_equal(hv_call(hv, OP_HVM_INJECT_TRAP, &t), -EPERM);
    assert_int_equal(hv_call(hv, OP_DOMAIN_VMTRACE, &v), -EINVAL);
    assert_int_equal(hv_call(hv, OP_MEMORY_PAGING_OP, &v), -ENOSYS);
    assert_int_equal(hv_call(hv, OP_MEMORY_SHARING_OP, &s), -ENOSYS);
    assert_int_equal(hv_call(hv, OP_DOMAIN_ACCESS_REQUIRED, &s), 0);
    s.dom = 0;
    assert_int_equal(hv_call(hv, OP_DOMAIN_ACCESS_REQUIRED, &s), -EPERM);
    s.dom = 999;
    assert_int_equal(hv_call(hv, OP_DOMAIN_ACCESS_REQUIRED, &s), -ESRCH);
    assert_int_equal(hv_call(hv, OP_DOMAIN_DOMCTL, &c), -ENOSYS);
    c.version = 1;
    c.dom = 999;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DOMCTL, &c), -EACCES);
    c.version = 0x15;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DOMCTL, &c), -ESRCH);
    hv_close(hv);
    hv = open_with(16, VENDOR_AMD, GUEST_PVH, &d);
    g.op = 1;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), -EOPNOTSUPP);
    g.op = 5;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), -ENOSYS);
    g.vcpu = 77;
    assert_int_equal(hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &g), -EINVAL);
    hv_close(hv);
}

/* hvm.c:hvmop_get_param, hvm_allow_set_param: the index before the domain,
 * the once-only ones, the deprecated ones. */
static void test_params(void **state)
{
    struct args_hvm_param p = { .dom = 999, .param = HVM_NR_PARAMS };
    struct args_u64 max = { .dom = DOM };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), -EINVAL);
    p.param = HVM_PARAM_ALTP2M;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), -ESRCH);
    p.dom = DOM;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), 0);
    assert_int_equal(p.value, XEN_ALTP2M_external);
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_SET, &p), 0);
    p.value = XEN_ALTP2M_mixed;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_SET, &p), -EEXIST);
    d->hvm_params[HVM_PARAM_ALTP2M] = 0;
    p.value = 4;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_SET, &p), -EINVAL);
    p.param = HVM_PARAM_TRIPLE_FAULT_REASON;    /* hvm_domain_initialise */
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), 0);
    assert_int_equal(p.value, SHUTDOWN_reboot);
    p.param = HVM_PARAM_NESTEDHVM;
    p.value = 4;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_SET, &p), -EINVAL);
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), -EINVAL);
    hv_close(hv);
    /* pv/debianstock-err-common.log: maxgpfn -> 0 */
    hv = open_with(16, VENDOR_INTEL, GUEST_PV, &d);
    p.param = HVM_PARAM_MONITOR_RING_PFN;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), -EINVAL);
    assert_int_equal(hv_call(hv, OP_DOMAIN_MAX_GPFN, &max), 0);
    assert_int_equal(max.value, 0);
    hv_close(hv);
}

/* XEN_DOMCTL_getvcpuinfo, getvcpucontext. */
static void test_vcpus(void **state)
{
    struct args_vcpu_info i = { .dom = DOM, .vcpu = 1 };
    struct args_vcpu_context c = { .dom = DOM, .vcpu = 1 };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    d->vcpus[1].regs.rip = 0x10402a;
    assert_int_equal(hv_call(hv, OP_VCPU_INFO, &i), 0);
    assert_int_equal(i.online, 1);
    assert_int_equal(i.blocked | i.running, 0);
    assert_int_equal(hv_call(hv, OP_VCPU_CONTEXT, &c), 0);
    assert_int_equal(c.rip, 0x10402a);
    i.vcpu = c.vcpu = 2;
    assert_int_equal(hv_call(hv, OP_VCPU_INFO, &i), -EINVAL);
    assert_int_equal(hv_call(hv, OP_VCPU_CONTEXT, &c), -EINVAL);
    i.dom = c.dom = 999;
    assert_int_equal(hv_call(hv, OP_VCPU_INFO, &i), -ESRCH);
    assert_int_equal(hv_call(hv, OP_VCPU_CONTEXT, &c), -ESRCH);
    hv_close(hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_invalid),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_destroy),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_reservation),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_toolstack),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_vcpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
