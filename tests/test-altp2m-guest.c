/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* altp2m: #VE, visibility, lists, and what guests may do themselves. */
#include "tests/altp2m-fixture.h"

/* external-conf.log set_supress_ve_multi, mixed-ve.log; p2m.c. */
static void test_suppress_ve(void **state)
{
    struct env e = start_on();
    struct args_suppress_ve m = {
        .dom = DOM, .view = 1, .gfn = 0x125, .last = 0x128,
    };

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(get_sve(&e, 1, 0x125), -ESRCH);
    assert_int_equal(set_sve(&e, 1, 0x125, 0), 0);
    assert_int_equal(get_sve(&e, 1, 0x125), 0);
    /* One entry, not the superpage: AP2MGET_query. */
    assert_int_equal(get_sve(&e, 1, 0x124), -ESRCH);
    assert_int_equal(set_sve(&e, 1, 0x9999, 0), -ESRCH);
    assert_int_equal(set_sve(&e, 9, 0x125, 0), -EINVAL);
    assert_int_equal(get_sve(&e, 9, 0x125), -EINVAL);
    assert_int_equal(set_sve(&e, 1, INVALID_GFN, 0), -ESRCH);
    assert_int_equal(set_sve(&e, 0, INVALID_GFN, 0), -EINVAL);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_SVE_MULTI, &m), 0);
    assert_int_equal(m.err, 0);
    assert_int_equal(get_sve(&e, 1, 0x128), 0);
    assert_int_equal(get_sve(&e, 1, 0x129), -ESRCH);
    m.last = 0x124;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_SVE_MULTI, &m), -EINVAL);
    m.gfn = 0x9990;
    m.last = 0x9999;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_SVE_MULTI, &m), 0);
    assert_int_equal(m.err, -ESRCH);
    assert_int_equal(m.err_gfn, 0x9990);
    /* Holes and RAM, to the end of the address space. */
    m.gfn = 0xff8;
    m.last = ~0ull;
    m.sve = 1;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_SVE_MULTI, &m), 0);
    assert_int_equal(m.err, -ESRCH);
    assert_int_equal(m.err_gfn, 0x1000);
    assert_int_equal(get_sve(&e, 1, 0xfff), 1);
    assert_int_equal(get_sve(&e, 1, 0xfefff), 1);
    m.view = 0;         /* the host's holes are set, which takes tables */
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_SVE_MULTI, &m), 0);
    assert_int_equal(m.err, -ENOMEM);
    hv_close(e.hv);
}

/* A hidden view exists, but cannot be switched to.  mixed-ve.log;
 * p2m_set_altp2m_view_visibility, p2m_switch_domain_altp2m_by_id. */
static void test_visibility(void **state)
{
    struct env e = start_on();

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(view_op(&e, OP_ALTP2M_SET_VISIBILITY, 1, 0), 0);
    assert_int_equal(switch_to(&e, 1), -EINVAL);
    assert_true(altp2m_switch_vcpu(&e.d->vcpus[0], 1));
    assert_int_equal(view_op(&e, OP_ALTP2M_SET_VISIBILITY, 1, 1), 0);
    assert_int_equal(switch_to(&e, 1), 0);
    assert_int_equal(view_op(&e, OP_ALTP2M_SET_VISIBILITY, 2, 1), -EINVAL);
    assert_int_equal(view_op(&e, OP_ALTP2M_SET_VISIBILITY, 10, 1), -EINVAL);
    assert_false(altp2m_switch_vcpu(&e.d->vcpus[0], 2));
    assert_false(altp2m_switch_vcpu(&e.d->vcpus[0], NO_VIEW));
    hv_close(e.hv);
}

/* altp2m.c:altp2m_vcpu_enable_ve, and hvm.c before it. */
static void test_notify(void **state)
{
    struct env e = start_on();
    struct sim_vcpu *v = &e.d->vcpus[1];
    uint64_t mfn = entry_of(&e, -1, 0x11d).mfn;

    (void)state;
    assert_int_equal(notify(&e, true, 2, 0x11d), -EINVAL);
    assert_int_equal(notify(&e, false, 2, 0), -EINVAL);
    assert_int_equal(notify(&e, true, 1, 0x9999), -EINVAL);
    assert_int_equal(notify(&e, true, 1, INVALID_GFN), -EINVAL);
    assert_int_equal(notify(&e, true, 1, 0x11d), 0);
    assert_int_equal(notify(&e, true, 1, 0x9999), -EEXIST);
    assert_true(v->ve_enabled);
    assert_int_equal(v->ve_mfn, mfn);
    /* Off the map, the page is kept until the vCPU lets go of it. */
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x11d), 0);
    assert_int_equal(e.d->nr_pages, 4104);
    assert_int_equal(notify(&e, false, 1, 0), 0);
    assert_int_equal(notify(&e, false, 1, 0), 0);
    assert_int_equal(e.d->nr_pages, 4103);
    assert_int_equal(notify(&e, true, 0, 0x11c), 0);
    assert_int_equal(set_state(&e, 0), 0);
    assert_false(e.d->vcpus[0].ve_enabled);
    hv_close(e.hv);
}

/* The lists; a view that is none is EINVAL before they are looked at.
 * external-conf.log; p2m_set_mem_access_multi. */
static void test_access_multi(void **state)
{
    struct env e = start_on();
    uint64_t gfns[] = { 0x125, 0x126, 0x9999 };
    uint8_t access[] = { 5, 0, 7 };
    struct args_access_multi a = {
        .dom = DOM, .view = 1,
        .access = { access, 3, 0 }, .gfn = { gfns, 24, 0 },
    };

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_ACCESS_MULTI, &a), 0);
    assert_int_equal(get(&e, 1, 0x125), 5);
    assert_int_equal(get(&e, 1, 0x126), 0);
    a.view = 9;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_ACCESS_MULTI, &a), -EINVAL);
    a.view = 1;
    a.gfn.len = 16;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_ACCESS_MULTI, &a), -EINVAL);
    hv_close(e.hv);
}

static int guest(struct env *e, struct sim_domain *caller, uint32_t cmd,
                 struct xen_hvm_altp2m_op *op)
{
    op->version = HVMOP_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = DOMID_SELF;
    return altp2m_hypercall(e->sim, caller, op);
}

/* xsm/dummy.h:xsm_hvm_altp2mhvm_op; mixed-ve.log guest-altp2m. */
static void test_guest(void **state)
{
    static const struct { uint32_t mode; int get, notify; } modes[] = {
        { XEN_ALTP2M_mixed, 0, 0 }, { XEN_ALTP2M_external, -EPERM, -EPERM },
        { XEN_ALTP2M_limited, -EPERM, 0 },
    };

    (void)state;
    for (unsigned int m = 0; m < 3; m++) {
        struct env e = start(VENDOR_INTEL, modes[m].mode, 10);
        struct xen_hvm_altp2m_op op = { 0 };

        assert_int_equal(set_state(&e, 1), 0);
        assert_int_equal(guest(&e, e.d, HVMOP_altp2m_get_domain_state, &op),
                         modes[m].get);
        memset(&op, 0, sizeof(op));
        op.u.enable_notify.gfn = 0x11d;
        assert_int_equal(guest(&e, e.d, HVMOP_altp2m_vcpu_enable_notify,
                               &op), modes[m].notify);
        hv_close(e.hv);
    }
}

/* The structure's own checks, in do_altp2m_op's order; the guest's change_gfn
 * leaves suppress #VE clear; its lists are not reachable. */
static void test_guest_structure(void **state)
{
    struct env e = start(VENDOR_INTEL, XEN_ALTP2M_mixed, 10);
    struct xen_hvm_altp2m_op op = { .pad1 = 1 };

    (void)state;
    assert_int_equal(guest(&e, e.d, 99, &op), -EINVAL);
    op.pad1 = 0;
    assert_int_equal(guest(&e, e.d, 99, &op), -EOPNOTSUPP);
    assert_int_equal(guest(&e, e.d, 0, &op), -EOPNOTSUPP);
    op.version = 2;
    op.cmd = 99;
    assert_int_equal(altp2m_hypercall(e.sim, e.d, &op), -EINVAL);
    op.u.domain_state.state = 1;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_set_domain_state, &op), 0);
    memset(&op, 0, sizeof(op));
    op.u.view.hvmmem_default_access = 7;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_create_p2m, &op), 0);
    assert_int_equal(op.u.view.view, 1);
    memset(&op, 0, sizeof(op));
    op.u.change_gfn.view = 1;
    op.u.change_gfn.old_gfn = 0x129;
    op.u.change_gfn.new_gfn = 0x12a;
    op.u.change_gfn.pad2 = 1;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_change_gfn, &op), -EINVAL);
    op.u.change_gfn.pad2 = 0;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_change_gfn, &op), 0);
    assert_int_equal(get_sve(&e, 1, 0x129), 0);
    memset(&op, 0, sizeof(op));
    op.u.set_mem_access_multi.view = 1;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_set_mem_access_multi, &op),
                     0);
    op.u.set_mem_access_multi.nr = 1;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_set_mem_access_multi, &op),
                     -EFAULT);
    op.u.set_mem_access_multi.view = 9;
    assert_int_equal(guest(&e, e.d, HVMOP_altp2m_set_mem_access_multi, &op),
                     -EINVAL);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suppress_ve),
        cmocka_unit_test(test_visibility),
        cmocka_unit_test(test_notify),
        cmocka_unit_test(test_access_multi),
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_guest_structure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
