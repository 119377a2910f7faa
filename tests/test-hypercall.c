/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls and device requests as a client makes them: what is checked
 * first, and what dom0 is told. */
#include "tests/hypercall.h"

#include <xen/features.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/sys/evtchn.h>
#include <xen/version.h>

#define PAGE        4096u
#define RAM_GFN     0x100

static long version(uint32_t cmd, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, cmd, (uintptr_t)arg, 0);
}

/* common/kernel.c:do_xen_version */
static void test_version(void **state)
{
    union { struct xen_build_id id; unsigned char room[32]; } b;
    struct xen_feature_info features = { .submap_idx = 1 };
    xen_extraversion_t extra;

    (void)state;
    assert_true(version(XENVER_version, NULL) >= (4 << 16 | 17));
    assert_int_equal(version(XENVER_extraversion, BAD), -EFAULT);
    assert_int_equal(version(XENVER_extraversion, extra), 0);
    assert_int_equal(extra[0], '.');
    assert_int_equal(version(XENVER_pagesize, NULL), PAGE);
    assert_int_equal(version(XENVER_pagesize, &features), -EINVAL);
    assert_int_equal(version(XENVER_get_features, BAD), -EFAULT);
    assert_int_equal(version(XENVER_get_features, &features), -EINVAL);
    features.submap_idx = 0;
    assert_int_equal(version(XENVER_get_features, &features), 0);
    assert_true(features.submap & 1u << XENFEAT_dom0);
    assert_int_equal(version(XENVER_build_id, NULL), 20);
    b.id.len = 0;
    assert_int_equal(version(XENVER_build_id, &b), -EINVAL);
    b.id.len = 19;
    assert_int_equal(version(XENVER_build_id, &b), -ENOBUFS);
    b.id.len = 20;
    assert_int_equal(version(XENVER_build_id, &b), 20);
    assert_int_equal(version(11, NULL), -ENOSYS);
    assert_int_equal(hypercall(__HYPERVISOR_xsm_op, 0, 0, 0), -ENOSYS);
}

/* do_domctl, do_sysctl: the copy, the version, the domain, the operation. */
static void test_interfaces(void **state)
{
    struct xen_domctl d = { .domain = 9 };
    struct xen_sysctl s = { .interface_version =
                            XEN_SYSCTL_INTERFACE_VERSION - 1 };

    (void)state;
    assert_int_equal(hypercall(__HYPERVISOR_domctl, 8, 0, 0), -EFAULT);
    assert_int_equal(hypercall(__HYPERVISOR_sysctl, 8, 0, 0), -EFAULT);
    d.cmd = 99;
    d.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
    assert_int_equal(hypercall(__HYPERVISOR_domctl, (uintptr_t)&d, 0, 0),
                     -EACCES);
    assert_int_equal(hypercall(__HYPERVISOR_sysctl, (uintptr_t)&s, 0, 0),
                     -EACCES);
    assert_int_equal(domctl(99, 9, &d), -ESRCH);
    assert_int_equal(domctl(99, PVH, &d), -ENOSYS);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 2, &d), 0);
    assert_int_equal(d.domain, 2);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 4, &d), -ESRCH);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, DOMID_INVALID, &d),
                     -EINVAL);
}

/* arch_do_domctl, vcpu_affinity_domctl */
static void test_small_domctls(void **state)
{
    unsigned char hard[2] = { 9, 9 };
    struct xen_domctl d = { .cmd = 0 };
    uint64_t gfns[2] = { RAM_GFN, 1ull << 30 };

    (void)state;
    assert_int_equal(domctl(XEN_DOMCTL_get_address_size, 9, &d), -ESRCH);
    assert_int_equal(domctl(XEN_DOMCTL_get_address_size, PVH, &d),
                     -EOPNOTSUPP);
    assert_int_equal(domctl(XEN_DOMCTL_get_address_size, PV, &d), 0);
    assert_int_equal(d.u.address_size.size, 64);
    assert_int_equal(domctl(XEN_DOMCTL_gettscinfo, 0, &d), -EINVAL);
    assert_int_equal(domctl(XEN_DOMCTL_gettscinfo, PVH, &d), 0);
    assert_true(d.u.tsc_info.gtsc_khz > 0);
    d.u.vcpuaffinity = (struct xen_domctl_vcpuaffinity){ .vcpu = 2 };
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, PVH, &d), -EINVAL);
    d.u.vcpuaffinity.vcpu = 1;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, PVH, &d), -EINVAL);
    d.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, PVH, &d), -EINVAL);
    d.u.vcpuaffinity.cpumap_hard.bitmap.p = hard;
    d.u.vcpuaffinity.cpumap_hard.nr_bits = 9;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, PVH, &d), 0);
    assert_int_equal(hard[0], 1);
    assert_int_equal(hard[1], 0);
    d.u.getpageframeinfo3.num = 1025;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, PVH, &d), -E2BIG);
    d.u.getpageframeinfo3.num = 2;
    d.u.getpageframeinfo3.array.p = BAD;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, PVH, &d), -EFAULT);
    d.u.getpageframeinfo3.array.p = gfns;
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, PVH, &d), 0);
    assert_int_equal(gfns[0], XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(gfns[1], XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(domctl(XEN_DOMCTL_getpageframeinfo3, 9, &d), -ESRCH);
    assert_int_equal(domctl(XEN_DOMCTL_mem_sharing_op, PVH, &d), -ENOSYS);
}

static long page_types(uint32_t dom, uint32_t num, uint64_t *array)
{
    struct xen_domctl d = { .u.getpageframeinfo3 = { .num = num } };

    d.u.getpageframeinfo3.array.p = array;
    return domctl(XEN_DOMCTL_getpageframeinfo3, dom, &d);
}

/* XEN_DOMCTL_getpageframeinfo3 of a PV domain is about machine frames: among
 * all there are, its own first tables (xg_dom_x86.c), of which the top one is
 * pinned.  An array that ends too early is served as far as it goes. */
static void test_page_types(void **state)
{
    unsigned int nr[16] = { 0 };
    uint64_t array[1024], *end;
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    for (unsigned int mfn = 0; mfn < 1 << 16; mfn++) {
        array[mfn % 1024] = mfn;
        if (mfn % 1024 < 1023)
            continue;
        assert_int_equal(page_types(PV, 1024, array), 0);
        for (unsigned int i = 0; i < 1024; i++) {
            assert_int_equal(array[i] & 0xfffffff, 0);
            nr[array[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT & 15]++;
        }
    }
    assert_int_equal(nr[(XEN_DOMCTL_PFINFO_LPINTAB |
                         XEN_DOMCTL_PFINFO_L4TAB) >> 28], 1);
    assert_int_equal(nr[XEN_DOMCTL_PFINFO_L3TAB >> 28], 1);
    assert_int_equal(nr[XEN_DOMCTL_PFINFO_L2TAB >> 28], 1);
    assert_int_equal(nr[XEN_DOMCTL_PFINFO_L1TAB >> 28], 2);
    assert_int_equal(nr[0] + 5 + nr[XEN_DOMCTL_PFINFO_XTAB >> 28], 1 << 16);
    assert_int_equal(page_types(PV, 1025, array), -E2BIG);
    assert_int_equal(page_types(PV, 1, BAD), -EFAULT);
    assert_int_equal(page_types(9, 1025, array), -ESRCH);
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(munmap(p + PAGE, PAGE), 0);
    end = (uint64_t *)(p + PAGE) - 1;
    *end = 1ull << 40;
    assert_int_equal(page_types(PV, 2, end), -EFAULT);
    assert_int_equal(*end, XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(munmap(p, PAGE), 0);
}

static long memory(uint32_t cmd, const void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, (uintptr_t)arg, 0);
}

/* do_memory_op: a reservation that is wrong altogether has done nothing, and
 * that is no error. */
static void test_memory(void **state)
{
    xen_pfn_t gfns[2] = { 0x2000, 0x2001 };
    struct xen_memory_reservation r = { .nr_extents = 2, .domid = 9 };
    struct xen_mem_acquire_resource res = { .domid = PVH, .pad = 1 };
    domid_t dom = 9;

    (void)state;
    r.extent_start.p = gfns;
    assert_int_equal(memory(XENMEM_populate_physmap, BAD), 0);
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 0);
    assert_int_equal(memory(XENMEM_populate_physmap | 1 << 6, BAD), 1);
    r.domid = PVH;
    assert_int_equal(memory(XENMEM_populate_physmap, &r), 2);
    assert_int_equal(memory(XENMEM_decrease_reservation | 1 << 6, &r), 2);
    assert_int_equal(memory(XENMEM_decrease_reservation, &r), 1);
    assert_int_equal(memory(XENMEM_maximum_gpfn, BAD), -EFAULT);
    assert_int_equal(memory(XENMEM_maximum_gpfn, &dom), -ESRCH);
    assert_int_equal(memory(XENMEM_current_reservation, &dom), -ESRCH);
    dom = PVH;
    assert_int_equal(memory(XENMEM_maximum_gpfn, &dom), 0xfefff);
    assert_int_equal(memory(XENMEM_maximum_gpfn | 1 << 6, &dom), -EINVAL);
    assert_int_equal(memory(XENMEM_maximum_reservation, &dom), 0x1100);
    assert_true(memory(XENMEM_maximum_ram_page, NULL) > 0x1100);
    assert_int_equal(memory(XENMEM_acquire_resource, BAD), -EFAULT);
    assert_int_equal(memory(XENMEM_acquire_resource, &res), -EINVAL);
    res.pad = 0;
    res.domid = 0;
    assert_int_equal(memory(XENMEM_acquire_resource, &res), -EPERM);
    res.domid = 9;
    assert_int_equal(memory(XENMEM_acquire_resource, &res), -ESRCH);
    res.domid = PVH;
    res.type = XENMEM_resource_vmtrace_buf;
    assert_int_equal(memory(XENMEM_acquire_resource, &res), -EINVAL);
}

/* common/dm.c:do_dm_op, arch/x86/hvm/dm.c:dm_op, by hypercall ... */
static void test_dm_op(void **state)
{
    struct xen_dm_op op = { .op = 99 };
    struct xen_dm_op_buf buf = { .size = 4 };

    (void)state;
    buf.h.p = &op;
#define DM(dom, nr, at) \
    hypercall(__HYPERVISOR_dm_op, dom, nr, (uintptr_t)(at))
    assert_int_equal(DM(PVH, 0, &buf), -ENODATA);
    assert_int_equal(DM(PVH, 4, &buf), -E2BIG);
    assert_int_equal(DM(PVH, 1, BAD), -EFAULT);
    assert_int_equal(DM(9, 1, &buf), -ESRCH);
    assert_int_equal(DM(0, 1, &buf), -EPERM);
    assert_int_equal(DM(PV, 1, &buf), -EINVAL);
    assert_int_equal(DM(PVH, 1, &buf), -EFAULT);
    buf.size = sizeof(op);
    assert_int_equal(DM(PVH, 1, &buf), -EOPNOTSUPP);
    op.op = XEN_DMOP_nr_vcpus;
    buf.size = 8;
    assert_int_equal(DM(PVH, 1, &buf), -EFAULT);
    buf.size = sizeof(op);
    op.pad = 1;
    assert_int_equal(DM(PVH, 1, &buf), -EINVAL);
    op.pad = 0;
    assert_int_equal(DM(PVH, 1, &buf), 0);
    assert_int_equal(op.u.nr_vcpus.vcpus, 2);
#undef DM
}

static int request(int fd, unsigned long nr, void *arg)
{
    return ioctl(fd, nr, arg) < 0 ? -errno : 0;
}

/* ... and by the device: drivers/xen/privcmd.c:privcmd_ioctl_dm_op. */
static void test_privcmd_dm_op(void **state)
{
    struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };
    struct privcmd_dm_op_buf bufs[4] = { { &op, sizeof(op) } };
    struct privcmd_dm_op ask = { .dom = DOMID_INVALID, .num = 0 };

    (void)state;
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), 0);
    ask = (struct privcmd_dm_op){ .dom = PVH, .num = 17, .ubufs = bufs };
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), -E2BIG);
    ask.num = 4;
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), -E2BIG);
    ask.num = 3;
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), 0);
    bufs[2].size = PAGE + 1;
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), -E2BIG);
    ask.ubufs = BAD;
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_DM_OP, &ask), -EFAULT);
    assert_int_equal(request(privcmd(), IOCTL_PRIVCMD_UNIMPLEMENTED, NULL),
                     -ENOTTY);
}

static char *reserve(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                   privcmd(), 0);

    assert_true(p != MAP_FAILED);
    return p;
}

/* drivers/xen/privcmd.c:privcmd_ioctl_mmap_batch, both versions, and
 * privcmd_ioctl_mmap. */
static void test_map(void **state)
{
    xen_pfn_t gfns[2] = { RAM_GFN, 1ull << 30 };
    int err[2];
    char *p = reserve(2), *q = reserve(2), *r = reserve(2);
    struct privcmd_mmapbatch_v2 b = { .num = 0, .dom = PVH, .arr = gfns,
                                      .addr = (uintptr_t)p, .err = err };
    struct privcmd_mmapbatch v1 = { .num = 2, .dom = PVH, .arr = gfns,
                                    .addr = (uintptr_t)q };
    struct privcmd_mmap_entry e[2] = {
        { (uintptr_t)r, RAM_GFN, 1 }, { (uintptr_t)r + PAGE, RAM_GFN + 1, 1 }
    };
    struct privcmd_mmap m = { .num = 2, .dom = PVH, .entry = e };

    (void)state;
#define MAP(nr, arg) request(privcmd(), IOCTL_PRIVCMD_##nr, arg)
    assert_int_equal(MAP(MMAPBATCH_V2, BAD), -EFAULT);
    assert_int_equal(MAP(MMAPBATCH_V2, &b), -EINVAL);
    b.num = 3;
    assert_int_equal(MAP(MMAPBATCH_V2, &b), -EINVAL);
    b.num = 2;
    assert_int_equal(MAP(MMAPBATCH_V2, &b), 0);
    assert_int_equal(err[0], 0);
    assert_int_equal(err[1], -EINVAL);
    assert_int_equal(MAP(MMAPBATCH_V2, &b), -EINVAL);   /* it is in use */
    assert_int_equal(MAP(MMAPBATCH, &v1), 0);
    assert_true(gfns[0] == RAM_GFN);
    assert_true(gfns[1] == (1ull << 30 | PRIVCMD_MMAPBATCH_MFN_ERROR));
    e[1].va += PAGE;
    assert_int_equal(MAP(MMAP, &m), -EINVAL);
    munmap(r, 2 * PAGE);
    r = reserve(2);
    e[0].va = (uintptr_t)r;
    e[1].va = e[0].va + PAGE;
    assert_int_equal(MAP(MMAP, &m), 0);
    p[5] = 0x5a;
    assert_int_equal(q[5], 0x5a);
    assert_int_equal(r[5], 0x5a);
    munmap(p, 2 * PAGE);
    munmap(q, 2 * PAGE);
    munmap(r, 2 * PAGE);
}

/* privcmd_ioctl_mmap_resource, privcmd_ioctl_restrict */
static void test_resource_and_restrict(void **state)
{
    struct privcmd_mmap_resource r = {
        .dom = PVH, .type = XENMEM_resource_vmtrace_buf, .num = 1 };
    struct privcmd_hypercall call = { __HYPERVISOR_xen_version, { 0 } };
    int fd = open("/dev/xen/privcmd", O_RDWR);
    domid_t dom = DOMID_INVALID;        /* to nobody: still not */

    (void)state;
    assert_int_equal(request(fd, IOCTL_PRIVCMD_RESTRICT, &dom), 0);
    assert_true(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) > 0);
    dom = PVH;
    assert_int_equal(request(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r), -EINVAL);
    r.num = 0;
    assert_int_equal(request(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r), -EINVAL);
    r.dom = 9;
    assert_int_equal(request(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r), -ESRCH);
    assert_int_equal(request(fd, IOCTL_PRIVCMD_RESTRICT, BAD), -EFAULT);
    assert_int_equal(request(fd, IOCTL_PRIVCMD_RESTRICT, &dom), 0);
    assert_int_equal(request(fd, IOCTL_PRIVCMD_RESTRICT, &dom), 0);
    dom = HVM;
    assert_int_equal(request(fd, IOCTL_PRIVCMD_RESTRICT, &dom), -EINVAL);
    assert_int_equal(request(fd, IOCTL_PRIVCMD_HYPERCALL, &call), -EPERM);
    assert_int_equal(request(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r), -EPERM);
    close(fd);
}

/* drivers/xen/evtchn.c */
static void test_evtchn(void **state)
{
    struct ioctl_evtchn_bind_interdomain bind = { 9, 1 };
    struct ioctl_evtchn_restrict_domid restrict_to = { 0 };
    struct ioctl_evtchn_unbind unbind = { 1u << 20 };
    struct ioctl_evtchn_notify notify = { 77 };
    int fd = open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK);

    (void)state;
    assert_int_equal(request(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, BAD),
                     -EFAULT);
    assert_int_equal(request(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind),
                     -ESRCH);
    assert_int_equal(request(fd, IOCTL_EVTCHN_UNBIND, &unbind), -EINVAL);
    unbind.port = 77;
    assert_int_equal(request(fd, IOCTL_EVTCHN_UNBIND, &unbind), -ENOTCONN);
    assert_int_equal(request(fd, IOCTL_EVTCHN_NOTIFY, &notify), -ENOTCONN);
    assert_int_equal(request(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &restrict_to),
                     -EINVAL);
    restrict_to.domid = PVH;
    assert_int_equal(request(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &restrict_to),
                     0);
    assert_int_equal(request(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &restrict_to),
                     -EACCES);
    assert_int_equal(request(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind),
                     -EACCES);
    assert_int_equal(request(fd, 12345, NULL), -ENOSYS);
    close(fd);
}

/* common/sched/core.c:do_sched_op; the last test: domain 2 is gone then. */
static void test_remote_shutdown(void **state)
{
    struct sched_remote_shutdown s = { 9, SHUTDOWN_crash };
    struct xen_domctl d;

    (void)state;
#define SHUT(at) hypercall(__HYPERVISOR_sched_op, \
                           SCHEDOP_remote_shutdown, (uintptr_t)(at), 0)
    assert_int_equal(SHUT(BAD), -EFAULT);
    assert_int_equal(SHUT(&s), -ESRCH);
    s.domain_id = HVM;
    assert_int_equal(SHUT(&s), 0);
#undef SHUT
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, HVM, &d), 0);
    assert_true(d.u.getdomaininfo.flags & XEN_DOMINF_shutdown);
    assert_int_equal(d.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift &
                     XEN_DOMINF_shutdownmask, SHUTDOWN_crash);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_small_domctls),
        cmocka_unit_test(test_page_types),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_dm_op),
        cmocka_unit_test(test_privcmd_dm_op),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_resource_and_restrict),
        cmocka_unit_test(test_evtchn),
        cmocka_unit_test(test_remote_shutdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return hypercall_main(argv, run);
}
