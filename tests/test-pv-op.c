/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mmu_update and mmuext_op as dom0 makes them on a PV domain. */
#include "tests/hypercall.h"

#define PAGE        4096u
#define XENS        ((void *)0xffff800000000000)
#define NOBODYS     ((void *)0x800000000000)    /* not canonical */

/* One page of domain PV's, mapped like PROT: its address, or the error. */
static uint64_t *map_pv(xen_pfn_t gfn, int prot, int *err)
{
    char *p = mmap(NULL, PAGE, prot, MAP_SHARED, privcmd(), 0);
    struct privcmd_mmapbatch_v2 b = { .num = 1, .dom = PV, .arr = &gfn,
                                      .addr = (uintptr_t)p, .err = err };

    assert_true(p != MAP_FAILED);
    assert_int_equal(ioctl(privcmd(), IOCTL_PRIVCMD_MMAPBATCH_V2, &b), 0);
    return (uint64_t *)p;
}

static long hypercall_pv(uint64_t op, const void *list, uint64_t count,
                         unsigned int *done, uint64_t dom)
{
    struct privcmd_hypercall call = {
        op, { (uintptr_t)list, count, (uintptr_t)done, dom, 0 },
    };
    int rc = ioctl(privcmd(), IOCTL_PRIVCMD_HYPERCALL, &call);

    return rc < 0 ? -errno : rc;
}

/* mm.c:do_mmu_update, do_mmuext_op of another domain's, and what of its
 * tables dom0 may map (get_page_from_l1e).  Domain PV has its L4 at gfn 0x166
 * and its first L1 at 0x169; one frame lies behind the other. */
static void test_pv_tables(void **state)
{
    int err;
    uint64_t *l4 = map_pv(0x166, PROT_READ, &err), *l1, *page;
    uint64_t mfn = (l4[0] >> 12 & 0xffffffff) - 0x167;
    uint64_t entry = (mfn + 0x169) << 12 | 0x110 * 8;
    struct mmu_update u[3] = {
        { entry, (mfn + 0x110) << 12 | 0x65 },
        { entry + 8, (mfn + 0x169) << 12 | 0x65 },
        { entry + 16, (mfn + 0x169) << 12 | 0x67 },
    };
    struct mmuext_op pin = {
        .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn + 0x110,
    };
    unsigned int done = 77;

    (void)state;
    assert_int_equal(err, 0);
    map_pv(0x166, PROT_READ | PROT_WRITE, &err);
    assert_int_equal(err, -EBUSY);
    l1 = map_pv(0x169, PROT_READ, &err);
#define UPDATE(list, nr, dom) \
    hypercall_pv(__HYPERVISOR_mmu_update, list, nr, &done, dom)
#define EXT(list, nr, dom) \
    hypercall_pv(__HYPERVISOR_mmuext_op, list, nr, &done, dom)
    assert_int_equal(UPDATE(u, 3, (PV + 1) << 16 | 9), -ESRCH);
    assert_int_equal(UPDATE(BAD, 3, (PV + 1) << 16 | PV), -EFAULT);
    assert_int_equal(UPDATE(u, 3, (PV + 1) << 16 | PV), -EBUSY);
    assert_int_equal(done, 2);
    assert_int_equal(l1[0x110] & 0xfff, 0x165);
    assert_int_equal(l1[0x111] >> 12 & 0xffffffff, mfn + 0x169);
    /* What dom0 may write to is no table, as long as it may. */
    page = map_pv(0x110, PROT_READ | PROT_WRITE, &err);
    assert_int_equal(err, 0);
    page[0] = 0;
    assert_int_equal(EXT(&pin, 1, PV), -EINVAL);
    assert_int_equal(done, 0);
    munmap(page, PAGE);
    assert_int_equal(EXT(&pin, 1, PV), 0);
    assert_int_equal(done, 1);
    map_pv(0x110, PROT_READ | PROT_WRITE, &err);
    assert_int_equal(err, -EBUSY);
    assert_int_equal(EXT(&pin, 1, PVH), -EINVAL);
    assert_int_equal(EXT(BAD, 1, PV), -EFAULT);
    pin.cmd = MMUEXT_UNPIN_TABLE;
    assert_int_equal(EXT(&pin, 1, PV), 0);
    munmap(l4, PAGE);
    munmap(l1, PAGE);
}

/* guest_handle_okay looks at the address, however many requests there are
 * said to be, before foreigndom is looked at; then done is not written to. */
static void test_addresses(void **state)
{
    static const uint64_t ops[] = {
        __HYPERVISOR_mmu_update, __HYPERVISOR_mmuext_op,
    };
    static void *const bad[] = { XENS, NOBODYS };

    (void)state;
    for (size_t i = 0; i < ARRAY(ops); i++) {
        unsigned int done = 77;

        for (size_t k = 0; k < ARRAY(bad); k++) {
            assert_int_equal(hypercall_pv(ops[i], bad[k], 0, &done, PV),
                             -EFAULT);
            assert_int_equal(hypercall_pv(ops[i], bad[k], 1, &done, 9),
                             -EFAULT);
        }
        assert_int_equal(done, 77);
        /* Any other is not looked at; mmu_update has begun by now. */
        assert_int_equal(hypercall_pv(ops[i], BAD, 0, &done, 9), -ESRCH);
        assert_int_equal(done, i ? 77 : 0);
        assert_int_equal(hypercall_pv(ops[i], BAD, 0, &done, PV), 0);
        assert_int_equal(done, 0);
        /* MMU_UPDATE_PREEMPTED alone: foreigndom is the result. */
        assert_int_equal(hypercall_pv(ops[i], NULL, 0x80000000, &done, 5), 5);
        assert_int_equal(hypercall_pv(ops[i], BAD, 0x80000000, &done, 9),
                         -ESRCH);
    }
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pv_tables), cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return hypercall_main(argv, run);
}
