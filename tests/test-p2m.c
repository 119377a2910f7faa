/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map: its tables, its pool, its superpages, its size. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xen/hvm/params.h>

#include "sim/private.h"

#define DOM     7u

static struct hv *open_mb(uint32_t mb, struct sim_domain **d)
{
    struct hv *hv = sim_open(NULL);
    struct args_create c;

    assert_non_null(hv);
    sim_default_domain(&c, DOM, mb, 2);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &c), 0);
    *d = sim_find((struct sim *)hv, DOM);
    assert_non_null(*d);
    return hv;
}

static struct p2m_entry get(const struct p2m *p2m, uint64_t gfn)
{
    struct p2m_entry entry;
    uint8_t access;

    p2m_get(p2m, gfn, &entry);
    /* The two ways to ask agree, always. */
    assert_int_equal(p2m_lookup(p2m, gfn, &access), entry.mfn);
    assert_int_equal(access, entry.access);
    return entry;
}

/* RAM is mapped by 2 MiB, aligned in guest and host; the eight special pages
 * by 4 KiB, their gfns in HVM parameters.  Source: libxc meminit_hvm,
 * xc_dom_x86.c; svm/err-common.log: MONITOR_RING_PFN -> 0xfeff9. */
static void test_layout(void **state)
{
    struct args_hvm_param p = { .dom = DOM };
    struct args_u64 max = { .dom = DOM };
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m_entry e;

    (void)state;
    for (uint64_t gfn = 0; gfn < 4096; gfn++) {
        e = get(&d->host, gfn);
        assert_int_equal(e.order, ORDER_2M);
        assert_int_equal(e.mfn % 512, gfn % 512);
        assert_int_equal(e.access, XENMEM_access_rwx);
        assert_int_equal(e.sve, 1);
    }
    assert_int_equal(get(&d->host, 4096).mfn, INVALID_MFN);
    assert_int_equal(get(&d->host, 0xfeff7).mfn, INVALID_MFN);
    for (uint64_t gfn = 0xfeff8; gfn <= 0xfefff; gfn++) {
        e = get(&d->host, gfn);
        assert_int_equal(e.order, ORDER_4K);
        assert_int_not_equal(e.mfn, INVALID_MFN);
    }
    assert_int_equal(d->nr_pages, 4096 + 8);
    assert_int_equal(hv_call(hv, OP_DOMAIN_MAX_GPFN, &max), 0);
    assert_int_equal(max.value, 0xfefff);
    p.param = HVM_PARAM_MONITOR_RING_PFN;
    assert_int_equal(hv_call(hv, OP_HVM_PARAM_GET, &p), 0);
    assert_int_equal(p.value, 0xfeff9);
    hv_close(hv);
}

/* Holes tell the order of the table that is missing, and have suppress #VE
 * set whatever the entry has; the hardware goes by the entry.  Source:
 * p2m-ept.c:ept_get_entry, ept_set_middle_entry, ept_set_entry. */
static void test_holes(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m fresh;

    (void)state;
    assert_int_equal(get(&d->host, 0x100000).order, 18);
    assert_int_equal(get(&d->host, 0x9999).order, 9);
    assert_int_equal(get(&d->host, 0xfeff7).order, 0);
    assert_int_equal(get(&d->host, 1ull << 35).order, 27);
    assert_int_equal(get(&d->host, INVALID_GFN).order, 27);
    assert_int_equal(get(&d->host, 0x9999).sve, 1);
    assert_int_equal(get(&d->host, 0x9999).type, P2M_MMIO_DM);
    assert_int_equal(p2m_init(&fresh, d, 1), 0);
    assert_false(p2m_suppress_ve(&fresh, 0));
    assert_int_equal(p2m_set(&fresh, 0, 0, 5, P2M_RAM_RW, 7, -1), 0);
    assert_true(p2m_suppress_ve(&fresh, 1));
    assert_true(p2m_suppress_ve(&fresh, 1ull << 18));
    assert_false(p2m_suppress_ve(&fresh, 1ull << 27));
    assert_int_equal(p2m_set(&fresh, 1, 0, INVALID_MFN, P2M_MMIO_DM, 0, 0), 0);
    assert_false(p2m_suppress_ve(&fresh, 1));
    assert_int_equal(get(&fresh, 1).sve, 1);
    p2m_free(&fresh);
    hv_close(hv);
}

/* Every table below the root is a page of the pool; a flush returns them.
 * A 4 KiB change in a 1 GiB mapping splits all of it: 1 + 512 tables.  When
 * they cannot all be had, none is kept and the mapping stays.  Source:
 * p2m-ept.c:ept_set_middle_entry, ept_split_super_page. */
static void test_pool(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    uint64_t base = 1ull << 18;
    struct p2m p;

    (void)state;
    assert_int_equal(p2m_init(&p, d, 1), 0);
    d->pool_free = 3;
    assert_int_equal(p2m_set(&p, 0, 0, 5, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(d->pool_free, 0);
    assert_int_equal(p2m_set(&p, 1, 0, 5, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(p2m_set(&p, 512, 0, 5, P2M_RAM_RW, 7, -1), -ENOMEM);
    p2m_flush(&p);
    assert_int_equal(d->pool_free, 3);
    assert_int_equal(get(&p, 0).mfn, INVALID_MFN);
    d->pool_free = 1 + 512;
    assert_int_equal(p2m_set(&p, base, 18, base, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(d->pool_free, 512);
    assert_int_equal(p2m_set(&p, base, 0, base, P2M_RAM_RW, 5, -1), -ENOMEM);
    assert_int_equal(d->pool_free, 512);
    assert_int_equal(get(&p, base + 3).order, 18);
    d->pool_free = 513;
    assert_int_equal(p2m_set(&p, base, 0, base, P2M_RAM_RW, 5, -1), 0);
    assert_int_equal(d->pool_free, 0);
    assert_int_equal(get(&p, base).access, 5);
    assert_int_equal(get(&p, base + 1).access, 7);
    assert_int_equal(get(&p, base + 513).order, 0);
    assert_int_equal(get(&p, base + 0x3ffff).mfn, base + 0x3ffff);
    /* A superpage in place of tables gives them back. */
    assert_int_equal(p2m_set(&p, base, 9, base, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(d->pool_free, 1);
    assert_int_equal(get(&p, base + 5).order, 9);
    assert_int_equal(p2m_set(&p, base + 512, 9, base, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(d->pool_free, 2);
    assert_int_equal(p2m_set(&p, base + 1025, 0, 6, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(d->pool_free, 2);
    assert_int_equal(get(&p, base + 1024).mfn, base + 1024);
    assert_int_equal(get(&p, base + 1025).mfn, 6);
    p2m_flush(&p);
    assert_int_equal(d->pool_free, 2 + 1 + 1 + 510);
    p2m_free(&p);
    hv_close(hv);
}

/* What ept_set_entry refuses: numbers not aligned to the order, a gfn beyond
 * four levels, an order that is none. */
static void test_set_invalid(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m p;

    (void)state;
    assert_int_equal(p2m_init(&p, d, 1), 0);
    assert_int_equal(p2m_set(&p, 1, 9, 512, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, 512, 9, 1, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, 0, 5, 0, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, 0, 27, 0, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, 1ull << 36, 0, 1, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, INVALID_GFN, 0, 1, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, 0, 0, 1ull << 40, 1, 7, -1), -EINVAL);
    assert_int_equal(p2m_set(&p, (1ull << 36) - 1, 0, 1, 1, 7, -1), 0);
    assert_int_equal(p.max_mapped, (1ull << 36) - 1);
    assert_int_equal(get(&p, (1ull << 36) - 1).mfn, 1);
    p2m_free(&p);
    hv_close(hv);
}

/* Suppress #VE: as told; else as the entry had it; 1 for a new entry, and for
 * one that was split off.  Source: p2m-ept.c:ept_set_entry. */
static void test_sve(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m p;

    (void)state;
    assert_int_equal(p2m_init(&p, d, 1), 0);
    assert_int_equal(p2m_set(&p, 0, 0, 9, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(get(&p, 0).sve, 1);
    assert_int_equal(p2m_set(&p, 0, 0, 9, P2M_RAM_RW, 7, 0), 0);
    assert_int_equal(get(&p, 0).sve, 0);
    assert_int_equal(p2m_set(&p, 0, 0, 9, P2M_RAM_RW, 5, -1), 0);
    assert_int_equal(get(&p, 0).sve, 0);
    assert_int_equal(p2m_set(&p, 512, 9, 512, P2M_RAM_RW, 7, 0), 0);
    assert_int_equal(p2m_set(&p, 513, 0, 513, P2M_RAM_RW, 5, -1), 0);
    assert_int_equal(get(&p, 513).sve, 1);
    assert_int_equal(get(&p, 514).sve, 0);
    p2m_free(&p);
    hv_close(hv);
}

/* A superpage that allows nothing is not present: the walk ends above it, and
 * a smaller entry takes its place without a split; exec_sp decides for x.
 * Source: p2m-ept.c:is_epte_present, ept_p2m_type_to_flags. */
static void test_superpage_without_rights(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m p;

    (void)state;
    assert_int_equal(p2m_init(&p, d, 1), 0);
    assert_int_equal(p2m_set(&p, 512, 9, 512, P2M_RAM_RW, 4, -1), 0);
    assert_int_equal(get(&p, 512).mfn, INVALID_MFN);
    assert_int_equal(get(&p, 512).order, 9);
    d->config.exec_sp = 1;
    assert_int_equal(p2m_set(&p, 512, 9, 512, P2M_RAM_RW, 4, -1), 0);
    assert_int_equal(get(&p, 512).mfn, 512);
    assert_int_equal(p2m_set(&p, 1024, 9, 1024, P2M_RAM_RW, 0, -1), 0);
    assert_int_equal(p2m_set(&p, 1025, 0, 1025, P2M_RAM_RW, 7, -1), 0);
    assert_int_equal(get(&p, 1024).mfn, INVALID_MFN);
    assert_int_equal(get(&p, 1025).mfn, 1025);
    p2m_free(&p);
    hv_close(hv);
}

/* ept_p2m_type_to_flags, type and access. */
static void test_permissions(void **state)
{
    static const uint8_t want[] = { 0, 1, 2, 3, 4, 5, 6, 7, 5, 0, 0, 0 };

    (void)state;
    for (unsigned int a = 0; a < sizeof(want); a++) {
        assert_int_equal(p2m_permissions(P2M_RAM_RW, a), want[a]);
        assert_int_equal(p2m_permissions(P2M_MMIO_DM, a), 0);
    }
}

/* A hole set counts for the highest gfn, but maps nothing; an unmapping
 * (p2m_invalid) does not count.  Source: ept_set_entry. */
static void test_max_mapped(void **state)
{
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);

    (void)state;
    assert_int_equal(p2m_set(&d->host, 0x200000, 0, INVALID_MFN, P2M_INVALID,
                             7, -1), 0);
    assert_int_equal(d->host.max_mapped, 0xfefff);
    assert_int_equal(p2m_set(&d->host, 0x200000, 0, INVALID_MFN, P2M_MMIO_DM,
                             7, -1), 0);
    assert_int_equal(d->host.max_mapped, 0x200000);
    assert_int_equal(get(&d->host, 0x200000).mfn, INVALID_MFN);
    hv_close(hv);
}

/* Many random changes of all orders against a plain array; the pool has all
 * its pages back in the end. */
static void test_random(void **state)
{
    enum { GFNS = 1 << 19 };
    static uint64_t mfn[GFNS];
    static uint8_t access[GFNS];
    uint64_t seed = 12345, pool = 4096;
    struct sim_domain *d;
    struct hv *hv = open_mb(16, &d);
    struct p2m p;

    (void)state;
    d->pool_free = pool;
    assert_int_equal(p2m_init(&p, d, 1), 0);
    for (unsigned int i = 0; i < GFNS; i++)
        mfn[i] = INVALID_MFN;
    for (unsigned int round = 0; round < 4000; round++) {
        unsigned int order, a;
        uint64_t gfn, m;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        order = seed >> 60 ? seed >> 60 < 4 ? 9 : 0 : 18;
        gfn = (seed >> 33) % (round & 1 ? GFNS : 4096);
        gfn &= ~((1ull << order) - 1);
        m = seed >> 50 & 3 ? gfn + ((seed >> 20 & 7) << 18) : INVALID_MFN;
        a = order ? 7 : (seed >> 10) % 10;
        assert_int_equal(p2m_set(&p, gfn, order, m, m == INVALID_MFN ?
                                 P2M_INVALID : P2M_RAM_RW, a, -1), 0);
        for (uint64_t i = 0; i < 1ull << order; i++) {
            mfn[gfn + i] = m == INVALID_MFN ? m : m + i;
            access[gfn + i] = m == INVALID_MFN ? 0 : a;
        }
    }
    for (unsigned int i = 0; i < GFNS; i++) {
        assert_int_equal(get(&p, i).mfn, mfn[i]);
        assert_int_equal(get(&p, i).access, access[i]);
    }
    p2m_free(&p);
    assert_int_equal(d->pool_free, pool);
    hv_close(hv);
}

/* 16 GiB: RAM by 1 GiB below and above the hole of the special pages; views
 * take only what they touch. */
static void test_large(void **state)
{
    struct args_u64 on = { .dom = DOM, .value = 1 };
    struct args_u64 max = { .dom = DOM };
    struct sim_domain *d;
    struct hv *hv = open_mb(16384, &d);
    uint64_t before;

    (void)state;
    assert_int_equal(get(&d->host, 0).order, 18);
    assert_int_equal(get(&d->host, 0xeffff).order, 9);
    assert_int_equal(get(&d->host, 0xf0000).mfn, INVALID_MFN);
    assert_int_equal(get(&d->host, 0x100000).order, 18);
    assert_int_equal(hv_call(hv, OP_DOMAIN_MAX_GPFN, &max), 0);
    assert_int_equal(max.value, 0x40ffff);
    assert_int_equal(d->nr_pages, (16384 * 256) + 8);
    assert_int_equal(hv_call(hv, OP_ALTP2M_SET_STATE, &on), 0);
    before = d->pool_free;
    for (unsigned int i = 1; i < 10; i++) {
        struct args_view v = { .dom = DOM, .access = 7 };
        struct args_access a = { .dom = DOM, .access = 5, .gfn = 0xe0000 };

        assert_int_equal(hv_call(hv, OP_ALTP2M_CREATE, &v), 0);
        a.view = v.view;
        assert_int_equal(hv_call(hv, OP_ALTP2M_SET_ACCESS, &a), 0);
    }
    /* A table of each level per view: the host has 2 MiB there. */
    assert_int_equal(before - d->pool_free, 9 * 3);
    hv_close(hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_set_invalid),
        cmocka_unit_test(test_sve),
        cmocka_unit_test(test_superpage_without_rights),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_max_mapped),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
