/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access on the host's map: what the calls answer, what a violation
 * does to the entry, and what is reported. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/interface.h"
#include "sim/private.h"

#define DOM     8u
#define D1      0x125           /* the log's data pages 1 to 3 */

struct env {
    struct hv *hv;
    struct sim_domain *d;
};

static struct env start(uint32_t mb, uint32_t vendor, uint32_t type, bool ring)
{
    struct env e = { .hv = sim_open(NULL) };
    struct args_port port = { .dom = DOM };
    struct args_create c;

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, mb, 1);
    c.vendor = vendor;
    c.type = type;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    if (ring)
        assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), 0);
    e.d = sim_find((struct sim *)e.hv, DOM);
    assert_non_null(e.d);
    return e;
}

static struct env start_ring(uint32_t mb)
{
    return start(mb, VENDOR_INTEL, GUEST_PVH, true);
}

static int set_of(struct env *e, uint32_t dom, uint32_t access, uint64_t gfn,
                  uint32_t nr)
{
    struct args_access a = {
        .dom = dom, .access = access, .gfn = gfn, .nr = nr,
    };

    return hv_call(e->hv, OP_ACCESS_SET, &a);
}

static int set(struct env *e, uint32_t access, uint64_t gfn, uint32_t nr)
{
    return set_of(e, DOM, access, gfn, nr);
}

static int get_of(struct env *e, uint32_t dom, uint64_t gfn)
{
    struct args_access a = { .dom = dom, .gfn = gfn, .access = 255 };
    int rc = hv_call(e->hv, OP_ACCESS_GET, &a);

    if (rc)
        assert_int_equal(a.access, 255);
    return rc ? rc : (int)a.access;
}

static int get(struct env *e, uint64_t gfn)
{
    return get_of(e, DOM, gfn);
}

static int set_multi(struct env *e, uint8_t *access, uint64_t *gfn,
                     uint32_t nr)
{
    struct args_access_multi a = {
        .dom = DOM, .access = { access, nr, 0 }, .gfn = { gfn, 8 * nr, 0 },
    };

    return hv_call(e->hv, OP_ACCESS_SET_MULTI, &a);
}

/* external-conf.log "set/get_mem_access invalid", line by line. */
static void test_conformance(void **state)
{
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(set(&e, 5, 0x9999, 1), 0);
    assert_int_equal(get(&e, 0x9999), -ESRCH);
    assert_int_equal(set(&e, 5, 0x9999, 4), 0);
    assert_int_equal(set(&e, 5, D1, 0), -EINVAL);
    assert_int_equal(set(&e, 11, D1, 1), -EINVAL);
    assert_int_equal(set(&e, 99, D1, 1), -EINVAL);
    assert_int_equal(set(&e, UINT32_MAX, D1, 1), -EINVAL);
    assert_int_equal(set(&e, 5, 0xfffffffff, 1), -EINVAL);
    assert_int_equal(get(&e, 0xfffffffff), -EINVAL);
    assert_int_equal(set(&e, 5, INVALID_GFN, 1), 0);
    assert_int_equal(set(&e, 99, INVALID_GFN, 0), -EINVAL);
    assert_int_equal(get(&e, INVALID_GFN), 5);
    assert_int_equal(set(&e, ACCESS_DEFAULT, INVALID_GFN, 0), 0);
    assert_int_equal(get(&e, INVALID_GFN), 5);
    assert_int_equal(set(&e, 7, INVALID_GFN, 0), 0);
    assert_int_equal(get(&e, D1), 7);
    assert_int_equal(set(&e, 5, 0xa0, 8), 0);
    assert_int_equal(get(&e, 0xa0), 5);
    assert_int_equal(get(&e, 0xa8), 7);
    assert_int_equal(get(&e, 0xfeff8), 7);
    assert_int_equal(set(&e, 5, 0xfeff8, 1), 0);
    assert_int_equal(get(&e, 0xfeff8), 5);
    hv_close(e.hv);
}

/* external-conf.log set_mem_access_multi: stops at the bad element, what came
 * before stays; none is fine. */
static void test_multi(void **state)
{
    uint8_t access[] = { 5, 5, 99, 5 };
    uint64_t gfn[] = { D1, 0x9999, D1 + 1, D1 + 2 };
    struct env e = start_ring(16);
    struct args_access_multi a = {
        .dom = DOM, .access = { access, 2, 0 }, .gfn = { gfn, 8, 0 },
    };

    (void)state;
    assert_int_equal(set_multi(&e, access, gfn, 4), -EINVAL);
    assert_int_equal(get(&e, D1), 5);
    assert_int_equal(get(&e, 0x9999), -ESRCH);
    assert_int_equal(get(&e, D1 + 1), 7);
    assert_int_equal(get(&e, D1 + 2), 7);
    assert_int_equal(set_multi(&e, NULL, NULL, 0), 0);
    assert_int_equal(hv_call(e.hv, OP_ACCESS_SET_MULTI, &a), -EINVAL);
    hv_close(e.hv);
}

/* The list is not held against the highest gfn: a hole beyond it is set, and
 * counts from then on; only four levels bound it.  common/mem_access.c,
 * p2m-ept.c:ept_set_entry. */
static void test_multi_beyond(void **state)
{
    uint8_t access[] = { 5, 5 };
    uint64_t gfn[] = { 0x200000, INVALID_GFN };
    struct args_u64 max = { .dom = DOM };
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(set_multi(&e, access, gfn, 2), -EINVAL);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_MAX_GPFN, &max), 0);
    assert_int_equal(max.value, 0x200000);
    assert_int_equal(get(&e, 0x200000), -ESRCH);
    assert_int_equal(get(&e, 0x200001), -EINVAL);
    assert_int_equal(set(&e, 5, 0x1fffff, 2), 0);
    hv_close(e.hv);
}

/* The last gfn is the highest there is; numbers must not wrap. */
static void test_range(void **state)
{
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(set(&e, 5, 0xfefff, 1), 0);
    assert_int_equal(set(&e, 5, 0xfefff, 2), -EINVAL);
    assert_int_equal(set(&e, 5, 0xff000, 1), -EINVAL);
    assert_int_equal(set(&e, 5, 0, 0), -EINVAL);
    assert_int_equal(set(&e, 5, ~0ull - 1, 3), -EINVAL);
    assert_int_equal(set(&e, 5, 0, UINT32_MAX), -EINVAL);
    /* The range before the access, and 8 bits of that; 16 of the domain
     * (tools/libs/ctrl/xc_mem_access.c). */
    assert_int_equal(set(&e, 256 + 5, D1, 1), 0);
    assert_int_equal(get(&e, D1), 5);
    assert_int_equal(get_of(&e, 0x30000 | DOM, D1), 5);
    assert_int_equal(get_of(&e, 0x10000, D1), -EPERM);
    hv_close(e.hv);
}

/* external-conf.log "full range set (as xen-access does)": the pool runs out
 * on the holes' tables, what came before stays, and RAM can still be set.  In
 * a 96 MB guest (linux-boot.log) all RAM can. */
static void test_full_range(void **state)
{
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(set(&e, 5, 0, 0xfefff), -ENOMEM);
    assert_int_equal(get(&e, D1), 5);
    assert_int_equal(get(&e, 0xfff), 5);
    assert_int_equal(get(&e, 0xfeff8), 7);
    assert_int_equal(set(&e, 7, 0, 0xfefff), -ENOMEM);
    assert_int_equal(get(&e, D1), 7);
    assert_int_equal(set(&e, 7, 0, 4096), 0);
    hv_close(e.hv);
    e = start_ring(96);
    assert_int_equal(set(&e, 5, 0, 0x6000), 0);
    assert_int_equal(get(&e, 0x5fff), 5);
    hv_close(e.hv);
}

/* Which refusal comes first.  common/mem_access.c:mem_access_memop;
 * external-conf.log "bad domid", external-noring.log, svm/err-common.log,
 * pv/debianstock-err-common.log. */
static void test_order(void **state)
{
    static const struct {
        uint32_t vendor, type;
        bool ring;
        int set, get;
    } rows[] = {
        { VENDOR_INTEL, GUEST_PVH, true, 0, 7 },
        { VENDOR_INTEL, GUEST_HVM, true, 0, 7 },
        { VENDOR_INTEL, GUEST_PVH, false, -ENODEV, -ENODEV },
        { VENDOR_AMD, GUEST_PVH, true, -EINVAL, -EINVAL },
        { VENDOR_AMD, GUEST_PVH, false, -EINVAL, -EINVAL },
        { VENDOR_INTEL, GUEST_PV, false, -EINVAL, -EINVAL },
    };
    static const struct { uint32_t dom; int rc; } doms[] = {
        { 999, -ESRCH }, { 0, -EPERM }, { 0x7ff0, -ESRCH },
        { 0x7ff1, -ESRCH }, { 0x7ff2, -ESRCH },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct env e = start(16, rows[i].vendor, rows[i].type, rows[i].ring);
        uint8_t access = 7;
        uint64_t gfn = D1;

        assert_int_equal(get(&e, D1), rows[i].get);
        assert_int_equal(set(&e, 7, D1, 1), rows[i].set);
        assert_int_equal(set(&e, 7, INVALID_GFN, 0), rows[i].set);
        assert_int_equal(set_multi(&e, &access, &gfn, 1), rows[i].set);
        for (unsigned int j = 0; j < 5; j++) {
            assert_int_equal(set_of(&e, doms[j].dom, 99, D1, 1), doms[j].rc);
            assert_int_equal(get_of(&e, doms[j].dom, D1), doms[j].rc);
        }
        hv_close(e.hv);
    }
}

/* New pages get the default access.  p2m.c:p2m_add_page. */
static void test_default(void **state)
{
    struct args_physmap p = { .dom = DOM, .gfn = 0x9000 };
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(set(&e, 5, INVALID_GFN, 0), 0);
    assert_int_equal(hv_call(e.hv, OP_MEMORY_POPULATE, &p), 0);
    assert_int_equal(get(&e, 0x9000), 5);
    assert_int_equal(set(&e, 0, 0x9000, 1), 0);
    assert_int_equal(set(&e, ACCESS_DEFAULT, 0x9000, 1), 0);
    assert_int_equal(get(&e, 0x9000), 5);
    hv_close(e.hv);
}

static bool check(struct env *e, uint64_t gpa, uint8_t access,
                  struct vm_event_st *req, bool *send)
{
    struct npfec npfec = {
        .access = access, .gla_valid = true, .with_gla = true,
        .present = true,
    };

    return access_check(&e->d->vcpus[0], gpa, 0xffff800000125123, &npfec,
                        req, send);
}

/* What a violation reports, and that a plain one changes nothing.
 * mem_access.c:p2m_mem_access_check. */
static void test_check(void **state)
{
    struct env e = start_ring(16);
    struct npfec walk = { .access = MEM_ACCESS_R, .gla_valid = true };
    struct vm_event_st req;
    bool send;

    (void)state;
    assert_int_equal(set(&e, 1, D1, 1), 0);
    assert_true(check(&e, 0x125123, MEM_ACCESS_RW, &req, &send));
    assert_true(send);
    assert_int_equal(req.reason, VM_EVENT_REASON_MEM_ACCESS);
    assert_int_equal(req.u.mem_access.gfn, 0x125);
    assert_int_equal(req.u.mem_access.offset, 0x123);
    assert_int_equal(req.u.mem_access.gla, 0xffff800000125123);
    assert_int_equal(req.u.mem_access.flags, MEM_ACCESS_RW |
                     MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA);
    assert_int_equal(get(&e, D1), 1);
    assert_true(access_check(&e.d->vcpus[0], 0x125008, 1, &walk, &req,
                             &send));
    assert_int_equal(req.u.mem_access.flags, MEM_ACCESS_R |
                     MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_IN_GPT);
    walk.gla_valid = false;
    assert_true(access_check(&e.d->vcpus[0], 0x125008, 1, &walk, &req,
                             &send));
    assert_int_equal(req.u.mem_access.flags, MEM_ACCESS_R);
    assert_int_equal(req.u.mem_access.gla, 0);
    hv_close(e.hv);
}

/* rx2rw: a write turns it to rw, silently; other accesses are reported.
 * n2rwx: any access turns it to rwx and is reported without a pause. */
static void test_check_converts(void **state)
{
    struct env e = start_ring(16);
    struct vm_event_st req;
    bool send;

    (void)state;
    assert_int_equal(set(&e, XENMEM_access_rx2rw, D1, 1), 0);
    assert_true(check(&e, 0x125000, MEM_ACCESS_RW, &req, &send));
    assert_false(send);
    assert_int_equal(get(&e, D1), XENMEM_access_rw);
    assert_int_equal(set(&e, XENMEM_access_rx2rw, D1, 1), 0);
    assert_true(check(&e, 0x125000, MEM_ACCESS_X, &req, &send));
    assert_true(send);
    assert_int_equal(get(&e, D1), XENMEM_access_rx2rw);
    assert_int_equal(set(&e, XENMEM_access_n2rwx, D1, 1), 0);
    assert_false(check(&e, 0x125000, MEM_ACCESS_R, &req, &send));
    assert_true(send);
    assert_int_equal(get(&e, D1), XENMEM_access_rwx);
    hv_close(e.hv);
}

/* Without a listener the restriction goes, or the domain when a listener is
 * required.  external-conf.log "no ring, guest writes rx page". */
static void test_no_listener(void **state)
{
    struct args_dom dom = { .dom = DOM };
    struct args_enable required = { .dom = DOM, .enable = 1 };
    struct env e = start_ring(16);
    struct vm_event_st req;
    struct p2m_entry entry;
    bool send;

    (void)state;
    assert_int_equal(set(&e, 5, D1, 2), 0);
    assert_int_equal(hv_call(e.hv, OP_MONITOR_DISABLE, &dom), 0);
    assert_true(check(&e, 0x125000, MEM_ACCESS_RW, &req, &send));
    assert_false(send);
    p2m_get(&e.d->host, D1, &entry);
    assert_int_equal(entry.access, XENMEM_access_rwx);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_ACCESS_REQUIRED, &required), 0);
    assert_false(check(&e, 0x126000, MEM_ACCESS_RW, &req, &send));
    assert_false(send);
    assert_true(e.d->shut_down);
    hv_close(e.hv);
}

/* set_access_required reaches the views while altp2m is on, and only then;
 * arch_p2m_set_access_required. */
static void test_required_views(void **state)
{
    struct args_enable required = { .dom = DOM, .enable = 1 };
    struct args_u64 on = { .dom = DOM, .value = 1 };
    struct args_view view = { .dom = DOM, .access = 7 };
    struct env e = start_ring(16);

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_ACCESS_REQUIRED, &required), 0);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &on), 0);
    assert_true(e.d->host.access_required);
    assert_false(e.d->views[0].access_required);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_ACCESS_REQUIRED, &required), 0);
    assert_true(e.d->views[0].access_required);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_CREATE, &view), 0);
    assert_true(e.d->views[1].access_required);
    hv_close(e.hv);
}

/* Does what the response says still violate the access?  Every access by
 * every kind; mem_access.c:p2m_mem_access_emulate_check. */
static void test_emulate_check(void **state)
{
    static const uint8_t allows[] = { 0, 1, 2, 3, 4, 5, 6, 7, 5, 0 };
    struct env e = start_ring(16);
    struct vm_event_st rsp;

    (void)state;
    memset(&rsp, 0, sizeof(rsp));
    for (uint32_t access = 0; access < sizeof(allows); access++) {
        assert_int_equal(set(&e, access, D1, 1), 0);
        rsp.u.mem_access.gfn = D1;
        for (uint32_t flags = 0; flags < 8; flags++) {
            rsp.u.mem_access.flags = flags | MEM_ACCESS_GLA_VALID;
            assert_int_equal(access_emulate_check(&e.d->vcpus[0], &rsp),
                             !!(flags & ~allows[access]));
        }
    }
    rsp.u.mem_access.flags = 0;
    rsp.u.mem_access.gfn = 0x9999;      /* nothing to check against */
    assert_true(access_emulate_check(&e.d->vcpus[0], &rsp));
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conformance),
        cmocka_unit_test(test_multi),
        cmocka_unit_test(test_multi_beyond),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_full_range),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_check_converts),
        cmocka_unit_test(test_no_listener),
        cmocka_unit_test(test_required_views),
        cmocka_unit_test(test_emulate_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
