/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls by which a toolstack changes a domain's memory, and a few more of
 * dom0's: what is checked first, and what comes of it. */
#include "tests/hypercall.h"

#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>

#define FREE_GFN    0x2000      /* of a domain of 16 MB */

static long memory(uint32_t cmd, const void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, (uintptr_t)arg, 0);
}

static long pages(void)
{
    domid_t dom = PVH;

    return memory(XENMEM_current_reservation, &dom);
}

/* XEN_DOMCTL_getpageframeinfo3 knows whether a frame is there. */
static bool there(uint64_t gfn)
{
    struct xen_domctl d = { .u.getpageframeinfo3 = { .num = 1 } };

    d.u.getpageframeinfo3.array.p = &gfn;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, PVH, &d), 0);
    return gfn != XEN_DOMCTL_PFINFO_XTAB;
}

/* common/memory.c:construct_memop_from_reservation, populate_physmap,
 * decrease_reservation, increase_reservation: only extents that are done as a
 * whole count. */
static void test_extents(void **state)
{
    xen_pfn_t gfns[3] = { FREE_GFN, FREE_GFN + 8, FREE_GFN + 16 };
    struct xen_memory_reservation r = { .nr_extents = 2, .domid = PVH,
                                        .extent_order = 3 };
    long before = pages();

    (void)state;
    r.extent_start.p = gfns;
    r.mem_flags = XENMEMF_address_bits(12);
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 0);
    r.mem_flags = XENMEMF_node(64);
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 0);
    r.mem_flags = XENMEMF_address_bits(32) | XENMEMF_node(63);
    r.extent_order = 19;
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 0);
    assert_int_equal(pages(), before);
    r.extent_order = 3;
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 2);
    assert_int_equal(pages(), before + 16);
    assert_true(there(FREE_GFN + 15) && !there(FREE_GFN + 16));
    /* One page of the third is there: gone, and yet not counted. */
    r.nr_extents = 1;
    r.extent_order = 0;
    gfns[0] += 16;
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 1);
    gfns[0] -= 16;
    r.nr_extents = 3;
    r.extent_order = 3;
    assert_int_equal(memory(XENMEM_decrease_reservation, &r), 2);
    assert_int_equal(pages(), before);
    assert_false(there(FREE_GFN) || there(FREE_GFN + 16));
    /* These are the domain's, but nowhere; no list is needed. */
    r.extent_start.p = NULL;
    r.mem_flags = 0;
    assert_int_equal(memory(XENMEM_increase_reservation, &r), 3);
    assert_int_equal(pages(), before + 24);
    r.extent_order = 12;        /* more than it may have */
    assert_int_equal(memory(XENMEM_increase_reservation, &r), 0);
    r.extent_order = 0;
    r.domid = 9;
    assert_int_equal(memory(XENMEM_increase_reservation, &r), 0);
}

/* do_memory_op, xatp_permission_check, xenmem_add_to_physmap, and _one */
static void test_add(void **state)
{
    struct xen_add_to_physmap x = { .domid = 9, .space = XENMAPSPACE_gmfn,
                                    .idx = 0x20, .gpfn = FREE_GFN };

    (void)state;
#define ADD(start) memory(XENMEM_add_to_physmap | (start) << 6, &x)
    assert_int_equal(ADD(1u << 16), -EDOM);
    assert_int_equal(memory(XENMEM_add_to_physmap, BAD), -EFAULT);
    assert_int_equal(ADD(0), -ESRCH);
    x.domid = PV;
    assert_int_equal(ADD(0), -EACCES);
    x.domid = DOMID_SELF;
    assert_int_equal(ADD(0), -EACCES);
    x.domid = PVH;
    x.space = XENMAPSPACE_gmfn_foreign;
    assert_int_equal(ADD(0), -ENOSYS);
    x.space = XENMAPSPACE_dev_mmio;
    assert_int_equal(ADD(0), -EACCES);
    x.space = 6;
    assert_int_equal(ADD(0), -EINVAL);
    x.space = XENMAPSPACE_shared_info;
    x.idx = 1;
    assert_int_equal(ADD(0), -EINVAL);
    x.space = XENMAPSPACE_gmfn;
    x.idx = FREE_GFN + 1;
    assert_int_equal(ADD(0), -EINVAL);
    x.idx = 0x20;
    assert_int_equal(ADD(0), 0);
    assert_true(there(FREE_GFN) && !there(0x20));
    x.gpfn = ~0ull;
    assert_int_equal(ADD(0), -EINVAL);
    /* Back, of a range: its second is not there. */
    x = (struct xen_add_to_physmap){ .domid = PVH, .size = 2, .gpfn = 0x20,
                                     .space = XENMAPSPACE_gmfn_range,
                                     .idx = FREE_GFN };
    assert_int_equal(ADD(3), -EILSEQ);
    assert_int_equal(ADD(2), 0);
    assert_int_equal(ADD(0), -EINVAL);
    assert_true(there(0x20) && there(0x21) && !there(FREE_GFN));
    x.idx = ~0ull;
    assert_int_equal(ADD(0), -EOVERFLOW);
#undef ADD
}

static void test_add_batch(void **state)
{
    xen_ulong_t from[2] = { FREE_GFN, 0x21 };
    xen_pfn_t to[2] = { FREE_GFN + 1, FREE_GFN };
    int err[2] = { 9, 9 };
    struct xen_add_to_physmap_batch x = { .domid = PVH, .size = 2,
                                          .space = XENMAPSPACE_gmfn_range };
    struct xen_remove_from_physmap gone = { .domid = 9, .gpfn = 0x21 };
    long before = pages();

    (void)state;
#define ADD(start) memory(XENMEM_add_to_physmap_batch | (start) << 6, &x)
    assert_int_equal(ADD(0), -EOPNOTSUPP);
    x.space = XENMAPSPACE_gmfn;
    assert_int_equal(ADD(2), -EILSEQ);
    x.idxs.p = from;
    x.gpfns.p = to;
    x.errs.p = BAD;
    assert_int_equal(ADD(0), -EFAULT);
    x.errs.p = err;
    assert_int_equal(ADD(0), 0);
    assert_int_equal(err[0], -EINVAL);
    assert_int_equal(err[1], 0);
    assert_true(there(FREE_GFN) && !there(0x21));
    to[0] = ~0ull;
    assert_int_equal(ADD(0), -EINVAL);
    x.size = 0;
    assert_int_equal(ADD(0), 0);
#undef ADD
    /* XENMEM_remove_from_physmap: of those that are there */
    assert_int_equal(memory(XENMEM_remove_from_physmap, BAD), -EFAULT);
    assert_int_equal(memory(XENMEM_remove_from_physmap, &gone), -ESRCH);
    gone.domid = PV;
    assert_int_equal(memory(XENMEM_remove_from_physmap, &gone), -EACCES);
    gone.domid = PVH;
    assert_int_equal(memory(XENMEM_remove_from_physmap, &gone), -ENOENT);
    gone.gpfn = FREE_GFN;
    assert_int_equal(memory(XENMEM_remove_from_physmap, &gone), 0);
    assert_false(there(FREE_GFN));
    assert_int_equal(pages(), before);
}

/* memory_exchange, and arch/x86/mm.c:steal_page, which ends it for a domain
 * that has a map. */
static void test_exchange(void **state)
{
    xen_pfn_t gfns[2] = { 0x30, FREE_GFN };
    struct xen_memory_exchange x = {
        .in = { .domid = PVH, .nr_extents = 4, .extent_order = 0 },
        .out = { .domid = PVH, .nr_extents = 2, .extent_order = 19 },
    };

    (void)state;
    assert_int_equal(memory(XENMEM_exchange, BAD), -EFAULT);
    assert_int_equal(memory(XENMEM_exchange, &x), -EPERM);
    x.out.extent_order = 0;
    assert_int_equal(memory(XENMEM_exchange, &x), -EINVAL);
    x.out.extent_order = 1;
    x.nr_exchanged = 4;
    assert_int_equal(memory(XENMEM_exchange, &x), 0);
    x.nr_exchanged = 0;
    x.out.mem_flags = XENMEMF_node(64);
    assert_int_equal(memory(XENMEM_exchange, &x), -EINVAL);
    x.out.mem_flags = 0;
    x.in.domid = x.out.domid = 9;
    assert_int_equal(memory(XENMEM_exchange, &x), -ESRCH);
    x.in.domid = x.out.domid = PVH;
    x.in.extent_start.p = BAD;
    assert_int_equal(memory(XENMEM_exchange, &x), -EFAULT);
    x.in.extent_start.p = gfns;
    x.nr_exchanged = 1;         /* half of a chunk counts for none */
    assert_int_equal(memory(XENMEM_exchange, &x), -EOPNOTSUPP);
    assert_int_equal(x.nr_exchanged, 0);
    x.in.extent_start.p = gfns + 1;
    assert_int_equal(memory(XENMEM_exchange, &x), -EINVAL);
}

/* Questions whose answer is "nothing": XENMEM_get_vnumainfo,
 * XENMEM_reserved_device_memory_map, arch/x86/mm.c:arch_memory_op. */
static void test_questions(void **state)
{
    struct xen_vnuma_topology_info t = { .domid = 9 };
    struct xen_reserved_device_memory_map map = { .flags = 2,
                                                  .nr_entries = 7 };
    struct xen_pod_target pod = { .domid = 9 };

    (void)state;
    assert_int_equal(memory(XENMEM_get_vnumainfo, &t), -ESRCH);
    t.domid = PVH;
    assert_int_equal(memory(XENMEM_get_vnumainfo, &t), -EOPNOTSUPP);
    t.pad = 1;
    assert_int_equal(memory(XENMEM_get_vnumainfo, &t), -EINVAL);
    assert_int_equal(memory(XENMEM_reserved_device_memory_map, &map),
                     -EINVAL);
    map.flags = XENMEM_RDM_ALL;
    assert_int_equal(memory(XENMEM_reserved_device_memory_map, &map), 0);
    assert_int_equal(map.nr_entries, 0);
    assert_int_equal(memory(XENMEM_get_pod_target, &pod), -ESRCH);
    pod.domid = PV;
    assert_int_equal(memory(XENMEM_get_pod_target, &pod), -EINVAL);
    pod.domid = PVH;
    assert_int_equal(memory(XENMEM_get_pod_target, &pod), 0);
    assert_int_equal(pod.tot_pages, pages());
    pod.target_pages = 1u << 20;
    assert_int_equal(memory(XENMEM_set_pod_target, &pod), -EINVAL);
    pod.target_pages = 16;
    assert_int_equal(memory(XENMEM_set_pod_target, &pod), 0);
    assert_int_equal(pod.tot_pages, pages());
}

/* common/sched/core.c:domain_watchdog, vcpu_affinity_domctl */
static void test_scheduler(void **state)
{
    struct sched_watchdog w = { .id = 3, .timeout = 10 };
    unsigned char hard[2] = { 2, 0 }, soft[2] = { 0xff, 0xff };
    struct xen_domctl d = { .u.vcpuaffinity = {
        .flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT } };

    (void)state;
#define SCHED(op, at) hypercall(__HYPERVISOR_sched_op, op, (uintptr_t)(at), 0)
    assert_int_equal(SCHED(SCHEDOP_yield, NULL), 0);
    assert_int_equal(SCHED(SCHEDOP_watchdog, BAD), -EFAULT);
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), -EINVAL);
    w.id = 1;
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), -EINVAL);
    w.id = 0;
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), 1);
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), 2);
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), -ENOSPC);
    w.id = 1;
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), 0);
    w.timeout = 0;
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), 0);
    assert_int_equal(SCHED(SCHEDOP_watchdog, &w), -EINVAL);
#undef SCHED
    d.u.vcpuaffinity.cpumap_hard.bitmap.p = hard;
    d.u.vcpuaffinity.cpumap_hard.nr_bits = 9;
    d.u.vcpuaffinity.cpumap_soft.bitmap.p = soft;
    d.u.vcpuaffinity.cpumap_soft.nr_bits = 9;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, PVH, &d), -EINVAL);
    assert_int_equal(soft[0], 0xff);
    hard[0] = 3;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, PVH, &d), 0);
    assert_int_equal(hard[0], 1);
    assert_int_equal(soft[0], 1);
    assert_int_equal(soft[1], 0);
}

/* common/event_channel.c:evtchn_alloc_unbound, evtchn_status */
static void test_ports(void **state)
{
    struct evtchn_alloc_unbound u = { .dom = 9 };
    struct evtchn_status s = { .dom = PVH };

    (void)state;
#define PORT(op, at) \
    hypercall(__HYPERVISOR_event_channel_op, op, (uintptr_t)(at), 0)
    assert_int_equal(PORT(EVTCHNOP_alloc_unbound, BAD), -EFAULT);
    assert_int_equal(PORT(EVTCHNOP_alloc_unbound, &u), -ESRCH);
    u.dom = PVH;
    assert_int_equal(PORT(EVTCHNOP_alloc_unbound, &u), 0);
    s.port = u.port;
    assert_int_equal(PORT(EVTCHNOP_status, &s), 0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 0);
#undef PORT
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extents), cmocka_unit_test(test_add),
        cmocka_unit_test(test_add_batch), cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_questions), cmocka_unit_test(test_scheduler),
        cmocka_unit_test(test_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return hypercall_main(argv, run);
}
