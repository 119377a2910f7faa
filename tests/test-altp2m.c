/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* altp2m: the life of views, what they copy, remapping, and how changes of
 * the host's map reach them. */
#include "harness/interface.h"
#include "tests/altp2m-fixture.h"

static int destroy(struct env *e, uint32_t view)
{
    return view_op(e, OP_ALTP2M_DESTROY, view, 0);
}

static int set(struct env *e, uint32_t view, uint64_t gfn, uint32_t access)
{
    struct args_access a = {
        .dom = DOM, .view = view, .gfn = gfn, .access = access,
    };

    return hv_call(e->hv, OP_ALTP2M_SET_ACCESS, &a);
}

static int change(struct env *e, uint32_t view, uint64_t old, uint64_t new)
{
    struct args_change_gfn a = {
        .dom = DOM, .view = view, .old_gfn = old, .new_gfn = new,
    };

    return hv_call(e->hv, OP_ALTP2M_CHANGE_GFN, &a);
}

static int vcpu_view(struct env *e, uint32_t vcpu)
{
    struct args_vcpu_view a = { .dom = DOM, .vcpu = vcpu };
    int rc = hv_call(e->hv, OP_ALTP2M_GET_VCPU_VIEW, &a);

    return rc ? rc : (int)a.view;
}

/* Every operation but the domain state is EOPNOTSUPP while it is off; in mode
 * disabled the state's are EINVAL.  external-conf.log "altp2m disabled",
 * disabled-conf.log; hvm.c:do_altp2m_op. */
static void test_off(void **state)
{
    static const uint32_t modes[] = {
        XEN_ALTP2M_disabled, XEN_ALTP2M_mixed, XEN_ALTP2M_external,
        XEN_ALTP2M_limited,
    };

    (void)state;
    for (unsigned int m = 0; m < 4; m++) {
        int rc = modes[m] == XEN_ALTP2M_disabled ? -EINVAL : 0;
        struct env e = start(VENDOR_INTEL, modes[m], 10);
        struct args_u64 a = { .dom = DOM, .value = 7 };

        assert_int_equal(hv_call(e.hv, OP_ALTP2M_GET_STATE, &a), rc);
        assert_int_equal(a.value, rc ? 7 : 0);
        assert_int_equal(create(&e, 7), -EOPNOTSUPP);
        assert_int_equal(destroy(&e, 1), -EOPNOTSUPP);
        assert_int_equal(switch_to(&e, 0), -EOPNOTSUPP);
        assert_int_equal(set(&e, 0, 0x125, 5), -EOPNOTSUPP);
        assert_int_equal(get(&e, 1, 0x125), -EOPNOTSUPP);
        assert_int_equal(change(&e, 1, 0x125, 0x126), -EOPNOTSUPP);
        assert_int_equal(set_sve(&e, 1, 0x125, 1), -EOPNOTSUPP);
        assert_int_equal(get_sve(&e, 1, 0x125), -EOPNOTSUPP);
        assert_int_equal(vcpu_view(&e, 0), -EOPNOTSUPP);
        assert_int_equal(view_op(&e, OP_ALTP2M_SET_VISIBILITY, 1, 1),
                         -EOPNOTSUPP);
        assert_int_equal(notify(&e, true, 0, 0), -EOPNOTSUPP);
        assert_int_equal(notify(&e, false, 0, 0), -EOPNOTSUPP);
        assert_int_equal(set_state(&e, 0), rc);
        assert_int_equal(set_state(&e, 1), rc);
        assert_int_equal(create(&e, 7), rc ? -EOPNOTSUPP : 1);
        hv_close(e.hv);
    }
}

/* Who is asked about comes before what: external-conf.log "bad domid";
 * svm/err-common.log altstate, also of dom 999. */
static void test_bad_domain(void **state)
{
    struct env e = start(VENDOR_INTEL, XEN_ALTP2M_external, 10);
    struct args_u64 a = { .dom = 999, .value = 1 };

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &a), -ESRCH);
    a.dom = 0x10000 | DOM;      /* xc_altp2m.c: cut to domid_t */
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &a), 0);
    a.dom = 0;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &a), -EOPNOTSUPP);
    a.dom = DOMID_SELF;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &a), -EOPNOTSUPP);
    hv_close(e.hv);
    e = start(VENDOR_AMD, XEN_ALTP2M_external, 10);
    a.dom = 999;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_GET_STATE, &a), -EOPNOTSUPP);
    assert_int_equal(set_state(&e, 1), -EOPNOTSUPP);
    assert_int_equal(create(&e, 7), -EOPNOTSUPP);
    hv_close(e.hv);
}

/* external-altp2m.log altp2m-lifecycle. */
static void test_lifecycle(void **state)
{
    struct env e = start_on();
    struct args_u64 a = { .dom = DOM };

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_GET_STATE, &a), 0);
    assert_int_equal(a.value, 1);
    assert_int_equal(vcpu_view(&e, 0), 0);
    assert_int_equal(vcpu_view(&e, 2), -EINVAL);
    assert_int_equal(set_state(&e, 1), 0);
    for (int i = 1; i < 10; i++)
        assert_int_equal(create(&e, 7), i);
    assert_int_equal(create(&e, 7), -EINVAL);
    assert_int_equal(switch_to(&e, 2), 0);
    assert_int_equal(vcpu_view(&e, 1), 2);
    assert_int_equal(destroy(&e, 2), -EBUSY);
    assert_int_equal(switch_to(&e, 1), 0);
    assert_int_equal(destroy(&e, 2), 0);
    assert_int_equal(destroy(&e, 2), -EBUSY);
    assert_int_equal(destroy(&e, 0), -EBUSY);
    assert_int_equal(destroy(&e, 10), -EBUSY);
    assert_int_equal(destroy(&e, 200), -EBUSY);
    assert_int_equal(create(&e, 5), 2);         /* the lowest free */
    assert_int_equal(switch_to(&e, 10), -EINVAL);
    assert_int_equal(switch_to(&e, 200), -EINVAL);
    assert_int_equal(switch_to(&e, 65535), -EINVAL);
    assert_int_equal(create(&e, 99), -EINVAL);
    assert_int_equal(destroy(&e, 3), 0);
    assert_int_equal(create(&e, UINT32_MAX), -EINVAL);
    assert_int_equal(create(&e, ACCESS_DEFAULT), 3);
    /* Off: all views are gone, silently, the one in use as well. */
    assert_int_equal(set_state(&e, 0), 0);
    assert_int_equal(e.d->vcpus[0].view, NO_VIEW);
    assert_int_equal(set_state(&e, 1), 0);
    assert_int_equal(switch_to(&e, 1), -EINVAL);
    assert_int_equal(create(&e, 7), 1);
    hv_close(e.hv);
}

/* Destroying one of no views; views up to MAX_EPTP.  p2m.c. */
static void test_many(void **state)
{
    struct env e = start(VENDOR_INTEL, XEN_ALTP2M_external, 512);

    (void)state;
    assert_int_equal(set_state(&e, 1), 0);
    for (int i = 1; i < 512; i++) {
        assert_int_equal(create(&e, 7), i);
        assert_int_equal(set(&e, i, 0x125, 5), 0);
    }
    assert_int_equal(create(&e, 7), -EINVAL);
    assert_int_equal(get(&e, 511, 0x125), 5);
    assert_int_equal(get(&e, 512, 0x125), -EINVAL);
    assert_int_equal(set_state(&e, 0), 0);
    hv_close(e.hv);
    e = start(VENDOR_INTEL, XEN_ALTP2M_external, 1);
    assert_int_equal(set_state(&e, 1), 0);
    assert_int_equal(create(&e, 7), -EINVAL);
    hv_close(e.hv);
}

/* external-conf.log "altp2m enabled", line by line. */
static void test_access(void **state)
{
    struct env e = start_on();

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(set(&e, 1, 0x125, 5), 0);
    assert_int_equal(get(&e, 1, 0x125), 5);
    assert_int_equal(get(&e, 0, 0x125), 7);
    assert_int_equal(set(&e, 9, 0x125, 5), -EINVAL);
    assert_int_equal(set(&e, 10, 0x125, 5), -EINVAL);
    assert_int_equal(set(&e, 200, 0x125, 5), -EINVAL);
    assert_int_equal(set(&e, 0, 0x125, 5), 0);  /* view 0 is the host */
    assert_int_equal(entry_of(&e, -1, 0x125).access, 5);
    assert_int_equal(get(&e, 0, 0x125), 5);
    assert_int_equal(get(&e, 9, 0x125), -EINVAL);
    assert_int_equal(set(&e, 1, 0x9999, 5), 0);
    assert_int_equal(get(&e, 1, 0x9999), -ESRCH);
    assert_int_equal(set(&e, 1, 0x125, 99), -EINVAL);
    assert_int_equal(set(&e, 1, 0x125, ACCESS_DEFAULT), 0);
    assert_int_equal(get(&e, 1, 0x125), 7);
    assert_int_equal(set(&e, 1, 0xfffffffff, 5), 0);
    assert_int_equal(get(&e, 1, 0xfffffffff), -ESRCH);
    /* gfn ~0: the host's default is set, but the view's is read. */
    assert_int_equal(set(&e, 1, INVALID_GFN, 5), 0);
    assert_int_equal(get(&e, 1, INVALID_GFN), 7);
    assert_int_equal(e.d->host.default_access, 5);
    hv_close(e.hv);
}

/* A view is empty until touched, and then copies the host's entry, access and
 * all, at the host's order: its default access counts for nothing.
 * external-altp2m.log "default access rx view: write to fresh page";
 * p2m.c:altp2m_get_effective_entry, p2m_altp2m_get_or_propagate. */
static void test_lazy_copy(void **state)
{
    struct env e = start_on();
    struct p2m_entry host;

    (void)state;
    assert_int_equal(create(&e, XENMEM_access_rx), 1);
    assert_int_equal(get(&e, 1, 0x326), -ESRCH);
    host = entry_of(&e, -1, 0x326);
    assert_int_equal(host.order, 9);
    assert_true(altp2m_get_or_propagate(&e.d->views[1], 0x326, &host));
    assert_int_equal(get(&e, 1, 0x326), 7);
    assert_int_equal(entry_of(&e, 1, 0x300).order, 9);
    assert_int_equal(entry_of(&e, 1, 0x300).mfn, entry_of(&e, -1, 0x300).mfn);
    assert_int_equal(get(&e, 1, 0x400), -ESRCH);
    /* There already: its own entry is told. */
    assert_int_equal(set(&e, 1, 0x326, 1), 0);
    host = entry_of(&e, -1, 0x326);
    assert_false(altp2m_get_or_propagate(&e.d->views[1], 0x326, &host));
    assert_int_equal(host.access, 1);
    assert_int_equal(host.order, 0);
    /* Of a view that is all empty the first 2 MiB read as order 0, beyond
     * the highest gfn: ept_get_entry. */
    assert_int_equal(create(&e, 7), 2);
    host = entry_of(&e, -1, 0x126);
    assert_true(altp2m_get_or_propagate(&e.d->views[2], 0x126, &host));
    assert_int_equal(entry_of(&e, 2, 0x126).order, 0);
    assert_int_equal(get(&e, 2, 0x127), -ESRCH);
    /* Nowhere: nothing happens. */
    host = entry_of(&e, -1, 0x9999);
    assert_false(altp2m_get_or_propagate(&e.d->views[1], 0x9999, &host));
    /* A set copies the superpage first, then splits it. */
    assert_int_equal(set(&e, 1, 0x605, 5), 0);
    assert_int_equal(get(&e, 1, 0x7ff), 7);
    assert_int_equal(get(&e, 1, 0x800), -ESRCH);
    hv_close(e.hv);
}

/* The pool is empty: ENOMEM of a set, and a crash where the guest touched
 * it.  Nothing is reported by change_gfn, whose last step's error Xen drops:
 * p2m.c:p2m_change_altp2m_gfn. */
static void test_no_memory(void **state)
{
    struct env e = start_on();
    struct p2m_entry host = entry_of(&e, -1, 0x125);

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    e.d->pool_free = 2;
    assert_int_equal(set(&e, 1, 0x125, 5), -ENOMEM);
    assert_int_equal(get(&e, 1, 0x125), 7);     /* the copied superpage */
    assert_int_equal(change(&e, 1, 0x125, 0x126), 0);
    assert_int_equal(entry_of(&e, 1, 0x125).mfn, host.mfn);
    assert_int_equal(create(&e, 7), 2);
    assert_true(altp2m_get_or_propagate(&e.d->views[2], 0x125, &host));
    assert_true(e.d->shut_down);
    hv_close(e.hv);
}

/* change_gfn: the other gfn's page and access; suppress #VE set when it comes
 * from outside; ~0 takes it back to nothing, so the host's returns.
 * p2m.c:p2m_change_altp2m_gfn. */
static void test_change_gfn(void **state)
{
    struct env e = start_on();

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(set(&e, 1, 0x126, 5), 0);
    assert_int_equal(set_sve(&e, 1, 0x125, 0), 0);
    assert_int_equal(change(&e, 1, 0x125, 0x126), 0);
    assert_int_equal(entry_of(&e, 1, 0x125).mfn, entry_of(&e, -1, 0x126).mfn);
    assert_int_equal(get(&e, 1, 0x125), 5);
    assert_int_equal(get_sve(&e, 1, 0x125), 1);
    assert_int_equal(e.d->views[1].min_remapped, 0x126);
    assert_int_equal(e.d->views[1].max_remapped, 0x126);
    assert_int_equal(change(&e, 1, 0x127, 0x300), 0);
    assert_int_equal(e.d->views[1].max_remapped, 0x300);
    assert_int_equal(change(&e, 1, 0x125, INVALID_GFN), 0);
    assert_int_equal(get(&e, 1, 0x125), -ESRCH);
    assert_int_equal(change(&e, 1, 0x125, INVALID_GFN), 0);
    assert_int_equal(change(&e, 1, 0x9999, 0x126), -ESRCH);
    assert_int_equal(change(&e, 1, 0x125, 0x9999), -ESRCH);
    assert_int_equal(change(&e, 9, 0x125, 0x126), -EINVAL);
    assert_int_equal(change(&e, 0, 0x128, 0x126), 0);   /* view 0 itself */
    assert_int_equal(entry_of(&e, 0, 0x128).mfn, entry_of(&e, -1, 0x126).mfn);
    hv_close(e.hv);
}

/* A change of the host's entry reaches the views that hold one for it, and
 * overwrites their access.  p2m.c:p2m_altp2m_propagate_change. */
static void test_propagate(void **state)
{
    struct env e = start_on();

    (void)state;
    assert_int_equal(create(&e, 7), 1);
    assert_int_equal(create(&e, 7), 2);
    assert_int_equal(set(&e, 1, 0x125, 0), 0);
    assert_int_equal(set_sve(&e, 1, 0x125, 0), 0);
    assert_int_equal(set(&e, 0, 0x125, 5), 0);
    assert_int_equal(get(&e, 1, 0x125), 5);
    assert_int_equal(get_sve(&e, 1, 0x125), 0); /* kept */
    assert_int_equal(get(&e, 2, 0x125), -ESRCH);
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x125), 0);
    assert_int_equal(get(&e, 1, 0x125), -ESRCH);
    assert_int_equal(get(&e, 1, 0x126), 7);
    /* A new page there is not put into views that have none. */
    assert_int_equal(physmap(&e, OP_MEMORY_POPULATE, 0x125), 0);
    assert_int_equal(get(&e, 1, 0x125), -ESRCH);
    hv_close(e.hv);
}

/* A page dropped in a view's remapped range empties that view; in the ranges
 * of two, all views.  p2m.c:p2m_altp2m_propagate_change. */
static void test_resets(void **state)
{
    struct env e = start_on();

    (void)state;
    for (int i = 1; i < 4; i++) {
        assert_int_equal(create(&e, 7), i);
        assert_int_equal(set(&e, i, 0x600, 5), 0);
    }
    assert_int_equal(change(&e, 1, 0x125, 0x210), 0);
    assert_int_equal(change(&e, 1, 0x125, 0x220), 0);
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x20f), 0);
    assert_int_equal(get(&e, 1, 0x600), 5);
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x221), 0);
    assert_int_equal(get(&e, 1, 0x600), 5);
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x218), 0);
    assert_int_equal(get(&e, 1, 0x600), -ESRCH);
    assert_int_equal(get(&e, 1, 0x125), -ESRCH);
    assert_int_equal(get(&e, 2, 0x600), 5);
    assert_int_equal(e.d->views[1].min_remapped, INVALID_GFN);
    /* An emptied view is still there. */
    assert_int_equal(switch_to(&e, 1), 0);
    assert_int_equal(change(&e, 1, 0x125, 0x230), 0);
    assert_int_equal(change(&e, 2, 0x125, 0x230), 0);
    assert_int_equal(physmap(&e, OP_MEMORY_DECREASE, 0x230), 0);
    assert_int_equal(get(&e, 1, 0x125), -ESRCH);
    assert_int_equal(get(&e, 2, 0x600), -ESRCH);
    assert_int_equal(get(&e, 3, 0x600), -ESRCH);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_bad_domain),
        cmocka_unit_test(test_lifecycle),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_lazy_copy),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_change_gfn),
        cmocka_unit_test(test_propagate),
        cmocka_unit_test(test_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
