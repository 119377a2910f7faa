/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest in views, #VE and its information page, and page walks that are
 * emulated instead of reported. */
#include "tests/guest-env.h"

#include <errno.h>

#include <xen/sched.h>

#define VE_GFN  0x11du
#define VE_FAULT 0x80140000u

static void view_op(struct env *e, enum hv_op op, uint32_t view,
                    uint32_t access)
{
    struct args_view a = { .dom = DOM, .view = view, .access = access };

    assert_int_equal(hv_call(e->hv, op, &a), 0);
}

static void set_in(struct env *e, uint32_t view, uint32_t access, uint64_t gfn)
{
    struct args_access a = {
        .dom = DOM, .view = view, .access = access, .gfn = gfn,
    };

    assert_int_equal(hv_call(e->hv, OP_ALTP2M_SET_ACCESS, &a), 0);
}

static void set_sve(struct env *e, uint32_t view, uint64_t gfn, uint32_t sve)
{
    struct args_suppress_ve a = {
        .dom = DOM, .view = view, .gfn = gfn, .sve = sve,
    };

    assert_int_equal(hv_call(e->hv, OP_ALTP2M_SET_SVE, &a), 0);
}

static void change_gfn(struct env *e, uint64_t old_gfn, uint64_t new_gfn)
{
    struct args_change_gfn a = {
        .dom = DOM, .view = 1, .old_gfn = old_gfn, .new_gfn = new_gfn,
    };

    assert_int_equal(hv_call(e->hv, OP_ALTP2M_CHANGE_GFN, &a), 0);
}

/* The guest is in view 1, which has copied its memory (D1's 2 MiB), and takes
 * #VE at VE_GFN. */
static struct env start_ve(void)
{
    struct args_vcpu_ve ve = { .dom = DOM, .gfn = VE_GFN };
    struct args_u64 on = { .dom = DOM, .value = 1 };
    struct env e = start(true);

    assert_int_equal(hv_call(e.hv, OP_ALTP2M_SET_STATE, &on), 0);
    view_op(&e, OP_ALTP2M_CREATE, 0, XENMEM_access_rwx);
    view_op(&e, OP_ALTP2M_SWITCH, 1, 0);
    set_in(&e, 1, XENMEM_access_rwx, D1);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_ENABLE_NOTIFY, &ve), 0);
    return e;
}

static void push_read(struct env *e, uint64_t gpa)
{
    push(e, OP_GUEST_READ, (struct args_guest_mem) { .gpa = gpa, .len = 8 });
}

static uint32_t ve_reason(struct env *e)
{
    return peek(e, VE_GFN << 12);
}

/* The guest is through with its #VE. */
static void clear(struct env *e)
{
    poke(e, VE_GFN << 12, 0);
}

/* The information page: SDM vol. 3C table 26-1; vmx/mixed-ve.log "#VE: view
 * page n", where the qualification of an 8-byte read of a page n is 0x581:
 * read, address valid and translated, writable by the guest's own tables. */
static void test_ve_info(void **state)
{
    struct env e = start_ve();

    (void)state;
    poke(&e, D1 << 12, 0x1234);
    set_in(&e, 1, XENMEM_access_n, D1);
    set_sve(&e, 1, D1, 0);
    push_read(&e, (D1 << 12) + 8);
    assert_through(&e);
    assert_int_equal(result(&e).fault, VE_FAULT);
    assert_int_equal(peek(&e, VE_GFN << 12), 0xffffffff00000030);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 8), 0x581);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 16), (D1 << 12) + 8);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 24), (D1 << 12) + 8);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 32) & 0xffff, 1);
    /* The semaphore is still set: an exit, and an event. */
    push_read(&e, D1 << 12);
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    assert_int_equal(event(&e)->altp2m_idx, 1);
    /* Restarted when it is clear again, the same instruction takes #VE. */
    clear(&e);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(result(&e).fault, VE_FAULT);
    /* Suppressed: an exit. */
    clear(&e);
    set_sve(&e, 1, D1, 1);
    push_read(&e, D1 << 12);
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    hv_close(e.hv);
}

/* A page walk's #VE says so: no translated bit. */
static void test_ve_walk(void **state)
{
    struct env e = start_ve();

    (void)state;
    set_in(&e, 1, XENMEM_access_rx, L1);
    set_sve(&e, 1, L1, 0);
    push_walk(&e, 0x40000000, L1 << 12, true);
    push_read(&e, D1 << 12);
    assert_through(&e);
    assert_int_equal(result(&e).fault, VE_FAULT);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 8), 0xaa);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 16), 0x40000000);
    assert_int_equal(peek(&e, (VE_GFN << 12) + 24), L1 << 12);
    hv_close(e.hv);
}

/* The hardware goes by the entry's own bit even where nothing is mapped: the
 * root of a fresh view has it clear (vmx/mixed-ve.log "VMFUNC 0 to fresh view
 * 1"), tables below have it set, and an entry taken out of a view keeps the
 * bit it had.  mm/p2m-ept.c:ept_set_middle_entry, ept_set_entry,
 * mm/p2m.c:p2m_change_altp2m_gfn. */
static void test_ve_hole(void **state)
{
    struct env e = start_ve();

    (void)state;
    push_read(&e, 0x200000);            /* not in the view yet */
    assert_through(&e);
    assert_int_equal(result(&e).fault, 0);
    set_sve(&e, 1, D1, 0);
    change_gfn(&e, D1, INVALID_GFN);
    push_read(&e, D1 << 12);
    assert_through(&e);
    assert_int_equal(result(&e).fault, VE_FAULT);
    clear(&e);
    /* The remap is dom0's: suppressed again, and so is what comes after. */
    change_gfn(&e, D1, D2);
    change_gfn(&e, D1, INVALID_GFN);
    push_read(&e, D1 << 12);
    assert_through(&e);
    assert_int_equal(result(&e).fault, 0);
    view_op(&e, OP_ALTP2M_CREATE, 0, XENMEM_access_rwx);
    view_op(&e, OP_ALTP2M_SWITCH, 2, 0);
    push_read(&e, D1 << 12);
    assert_through(&e);
    assert_int_equal(result(&e).fault, VE_FAULT);
    hv_close(e.hv);
}

/* A hole of the host's map can be given a bit, which nothing reads back; the
 * hardware is in a view.  mm/p2m.c:p2m_set_suppress_ve_multi,
 * p2m_get_suppress_ve. */
static void test_ve_host_hole(void **state)
{
    struct env e = start_ve();
    struct args_suppress_ve a = { .dom = DOM, .gfn = 0x9999 };

    (void)state;
    set_sve(&e, 0, 0x9999, 0);
    assert_int_equal(hv_call(e.hv, OP_ALTP2M_GET_SVE, &a), -ESRCH);
    push_read(&e, 0x9999000);
    assert_through(&e);
    assert_int_equal(result(&e).fault, 0);
    assert_int_equal(ve_reason(&e), 0);
    hv_close(e.hv);
}

/* A view copies what it lacks when it is touched, at the host's size; the
 * domain is crashed when there is no table for it.  mm/p2m.c:
 * p2m_altp2m_get_or_propagate. */
static void test_lazy(void **state)
{
    struct env e = start_ve();
    struct p2m_entry entry;

    (void)state;
    poke(&e, 0x200008, 0x66);
    push_read(&e, 0x200008);
    assert_int_equal(result(&e).r0, 0);
    clear(&e);
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0x66);
    p2m_get(&e.d->views[1], 0x3ff, &entry);
    assert_int_equal(entry.order, ORDER_2M);
    view_op(&e, OP_ALTP2M_CREATE, 0, XENMEM_access_rwx);
    view_op(&e, OP_ALTP2M_SWITCH, 2, 0);
    poke(&e, VE_GFN << 12, ~0ull);      /* busy */
    e.d->pool_free = 1;
    push_read(&e, 0x200008);
    assert_int_equal(run(&e), 0);
    assert_true(e.d->shut_down);
    assert_int_equal(e.d->shutdown_reason, SHUTDOWN_crash);
    hv_close(e.hv);
}

static void walk_off(struct env *e)
{
    struct args_enable off = { .dom = DOM, .enable = 1 };

    assert_int_equal(hv_call(e->hv, OP_MONITOR_PAGEFAULT, &off), 0);
    set(e, XENMEM_access_n, L1);
}

static void push_through(struct env *e, enum hv_op op, uint64_t gpa,
                         uint64_t value)
{
    push_walk(e, gpa, L1 << 12, false);
    push(e, op, (struct args_guest_mem) {
        .gpa = gpa, .len = 8, .value = value });
}

/* With in-guest page faults disabled an instruction whose page walk violates
 * is emulated, and the accesses of its own are checked: writes and fetches
 * alone, page by page, nothing being written before.  mm/mem_access.c:
 * p2m_mem_access_check, hvm/emulate.c:hvmemul_map_linear_addr,
 * hvm/monitor.c:hvm_monitor_check_p2m. */
static void test_checked(void **state)
{
    struct env e = start(true);
    uint64_t gpa = (D1 << 12) + 0xffc;

    (void)state;
    walk_off(&e);
    poke(&e, D1 << 12, 0x55);
    set(&e, XENMEM_access_n, D1);
    push_through(&e, OP_GUEST_READ, D1 << 12, 0);
    assert_through(&e);                 /* a read is let through */
    assert_int_equal(result(&e).r0, 0x55);
    push_through(&e, OP_GUEST_WRITE, D1 << 12, 1);
    assert_fault(&e, D1 << 12, D1 << 12, R | W | DATA);
    set(&e, XENMEM_access_rwx, D1);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, D1 << 12), 1);

    set(&e, XENMEM_access_rx, D2);
    push_through(&e, OP_GUEST_WRITE, gpa, 0x2222222211111111);
    assert_fault(&e, D2 << 12, D2 << 12, R | W | DATA);
    assert_int_equal(peek(&e, gpa - 4), 0);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, gpa - 4), 0x1111111100000000);
    assert_int_equal(peek(&e, D2 << 12), 0x22222222);
    assert_int_equal(access_of(&e, L1), XENMEM_access_n);

    set(&e, XENMEM_access_rw, D3);
    push_through(&e, OP_GUEST_FETCH, D3 << 12, 0);
    assert_fault(&e, D3 << 12, D3 << 12, X | DATA);
    hv_close(e.hv);
}

/* A hole is no page to be checked. */
static void test_checked_hole(void **state)
{
    struct env e = start(true);

    (void)state;
    walk_off(&e);
    push_through(&e, OP_GUEST_WRITE, 0x9999000, 1);
    push_through(&e, OP_GUEST_WRITE, 0xfffffc, 0x2222222211111111);
    assert_through(&e);
    assert_int_equal(peek(&e, 0xfffff8), 0x1111111100000000);
    hv_close(e.hv);
}

/* rep movsb goes by physical addresses, which are not checked; the last byte
 * is moved as by a plain one.  hvm/emulate.c:hvmemul_rep_movs,
 * x86_emulate/x86_emulate.c (movs). */
static void test_checked_string(void **state)
{
    struct env e = start(true);

    (void)state;
    walk_off(&e);
    poke(&e, D1 << 12, 0x332211);
    set(&e, XENMEM_access_rx, D2);
    push_walk(&e, D1 << 12, L1 << 12, false);
    push_copy(&e, D2 << 12, D1 << 12, 3);
    assert_through(&e);
    assert_int_equal(peek(&e, D2 << 12), 0x332211);
    push_walk(&e, D1 << 12, L1 << 12, false);
    push_copy(&e, (D2 << 12) + 8, D1 << 12, 1);
    assert_fault(&e, (D2 << 12) + 8, (D2 << 12) + 8, R | W | DATA);
    assert_int_equal(peek(&e, (D2 << 12) + 8), 0);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, (D2 << 12) + 8), 0x11);
    /* Into its own source: byte by byte. */
    set(&e, XENMEM_access_rx, D2);
    push_walk(&e, D2 << 12, L1 << 12, false);
    push_copy(&e, (D2 << 12) + 1, D2 << 12, 3);
    assert_fault(&e, (D2 << 12) + 1, (D2 << 12) + 1, R | W | DATA);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ve_info),
        cmocka_unit_test(test_ve_walk),
        cmocka_unit_test(test_ve_hole),
        cmocka_unit_test(test_ve_host_hole),
        cmocka_unit_test(test_lazy),
        cmocka_unit_test(test_checked),
        cmocka_unit_test(test_checked_hole),
        cmocka_unit_test(test_checked_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
