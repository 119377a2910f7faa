/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's instructions on the hardware: which accesses they are, in which
 * order these are checked, what a restart does again, and what has happened
 * to memory by then.  Views and #VE are in test-guest-views.c. */
#include "tests/guest-env.h"

/* Page by page, the first first; nothing moves before all pages may be
 * accessed.  SDM vol. 3C, 29.3.3; vmx/external-p2m.log "cross-page read, both
 * pages x", "cross-page write, both pages rx". */
static void test_cross_page(void **state)
{
    struct env e = start(true);
    uint64_t gpa = (D1 << 12) + 0xffc;

    (void)state;
    poke(&e, gpa - 4, 0x1111111100000000);
    poke(&e, D2 << 12, 0x22222222);
    set(&e, XENMEM_access_x, D1);
    set(&e, XENMEM_access_x, D2);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) { .gpa = gpa, .len = 8 });
    assert_fault(&e, gpa, gpa, R | DATA);
    set(&e, XENMEM_access_rwx, D1);
    answer(&e, 0);
    assert_fault(&e, D2 << 12, D2 << 12, R | DATA);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0x2222222211111111);

    set(&e, XENMEM_access_rx, D2);
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = gpa, .len = 8, .value = 0x4444444433333333 });
    assert_fault(&e, D2 << 12, D2 << 12, R | W | DATA);
    assert_int_equal(peek(&e, gpa - 4), 0x1111111100000000);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, gpa - 4), 0x3333333300000000);
    assert_int_equal(peek(&e, D2 << 12), 0x44444444);
    hv_close(e.hv);
}

/* The two pages need not be neighbours in guest-physical memory. */
static void test_second_page(void **state)
{
    struct env e = start(true);
    struct args_guest_mem a = {
        .gla = 0x40000fff, .gpa = (D1 << 12) + 0xfff, .gpa2 = D3 << 12,
        .len = 2, .value = 0xbbaa,
    };

    (void)state;
    set(&e, XENMEM_access_r, D3);
    push(&e, OP_GUEST_WRITE, a);
    assert_fault(&e, D3 << 12, 0x40001000, R | W | DATA);
    set(&e, XENMEM_access_rw, D3);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, D3 << 12), 0xbb);
    assert_int_equal(peek(&e, (D1 << 12) + 0xff8) >> 56, 0xaa);
    assert_int_equal(peek(&e, D2 << 12), 0);
    hv_close(e.hv);
}

/* A read-modify-write needs both at once, and a compare that fails is one
 * all the same.  vmx/external-p2m.log op=LOCK_ADD, "xchg on rx page",
 * "cmpxchg (fails) on rx page". */
static void test_rmw(void **state)
{
    static const struct {
        uint32_t rmw;
        uint64_t old, expect, value, now, seen;
    } t[] = {
        { RMW_ADD, 5, 0, 3, 8, 0 },
        { RMW_XCHG, 8, 0, 9, 9, 8 },
        { RMW_CMPXCHG, 9, 9, 1, 1, 9 },
        { RMW_CMPXCHG, 1, 9, 7, 1, 1 },
    };
    struct env e = start(true);
    uint64_t gpa = (D1 << 12) + 0x10;

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        poke(&e, gpa, t[i].old);
        set(&e, XENMEM_access_rx, D1);
        push(&e, OP_GUEST_RMW, (struct args_guest_mem) {
            .gpa = gpa, .len = 8, .rmw = t[i].rmw, .value = t[i].value,
            .expect = t[i].expect });
        assert_fault(&e, gpa, gpa, R | W | DATA);
        assert_int_equal(peek(&e, gpa), t[i].old);
        set(&e, XENMEM_access_rw, D1);
        answer(&e, 0);
        assert_through(&e);
        assert_int_equal(peek(&e, gpa), t[i].now);
        assert_int_equal(result(&e).r0, t[i].seen);
    }
    hv_close(e.hv);
}

/* Moved 16 bytes at a time: vmx/external-p2m.log "movdqu load from n page,
 * store to rx page". */
static void test_sixteen_bytes(void **state)
{
    struct env e = start(true);

    (void)state;
    poke(&e, D1 << 12, 0x1111);
    poke(&e, (D1 << 12) + 8, 0x2222);
    set(&e, XENMEM_access_n, D1);
    set(&e, XENMEM_access_rx, D2);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 16 });
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = D2 << 12, .len = 16, .last = 1 });
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    set(&e, XENMEM_access_rwx, D1);
    answer(&e, 0);
    assert_fault(&e, D2 << 12, D2 << 12, R | W | DATA);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, D2 << 12), 0x1111);
    assert_int_equal(peek(&e, (D2 << 12) + 8), 0x2222);
    hv_close(e.hv);
}

/* rep movsb: what was copied before a fault stays copied, with the registers
 * there, and it goes on where it stood.  Under single step the monitor trap
 * comes after each iteration (vmx/external-altp2m.log "rep movsb under altp2m
 * singlestep"). */
static void test_string(void **state)
{
    struct env e = start(true);
    uint64_t dst = (D1 << 12) + 0xffe;

    (void)state;
    poke(&e, D3 << 12, 0x44332211);
    set(&e, XENMEM_access_rx, D2);
    push_copy(&e, dst, D3 << 12, 4);
    assert_fault(&e, D2 << 12, D2 << 12, R | W | DATA);
    assert_int_equal(event(&e)->data.regs.x86.rcx, 2);
    assert_int_equal(event(&e)->data.regs.x86.rdi, D2 << 12);
    assert_int_equal(event(&e)->data.regs.x86.rsi, (D3 << 12) + 2);
    assert_int_equal(event(&e)->data.regs.x86.rip, 0x104000);
    set(&e, XENMEM_access_rwx, D2);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(peek(&e, dst - 6) >> 48, 0x2211);
    assert_int_equal(peek(&e, D2 << 12), 0x4433);
    assert_int_equal(result(&e).r1, (D3 << 12) + 4);

    set(&e, XENMEM_access_n, D3);
    push_copy(&e, dst, D3 << 12, 1);
    assert_fault(&e, D3 << 12, D3 << 12, R | DATA);
    set(&e, XENMEM_access_rwx, D3);
    toggle(&e, OP_MONITOR_SINGLESTEP, 1, 0);
    answer(&e, VM_EVENT_FLAG_TOGGLE_SINGLESTEP);
    push_copy(&e, dst, D3 << 12, 2);
    for (int left = 2; left >= 0; left--) {
        assert_int_equal(run(&e), 1);
        assert_int_equal(event(&e)->reason, VM_EVENT_REASON_SINGLESTEP);
        if (left < 2)           /* of the second copy: its first byte */
            assert_int_equal(event(&e)->data.regs.x86.rcx, left);
        answer(&e, 0);
    }
    assert_through(&e);
    /* Each trap is an exit, too: hvm/vmx/vmx.c:vmx_vmexit_handler. */
    toggle(&e, OP_MONITOR_VMEXIT, 1, 1);
    push_copy(&e, dst, D3 << 12, 2);
    for (int left = 1; left >= 0; left--) {
        assert_int_equal(run(&e), 1);
        assert_int_equal(event(&e)->reason, VM_EVENT_REASON_VMEXIT);
        assert_int_equal(event(&e)->u.vmexit.arch.vmx.reason, 37);
        assert_int_equal(event(&e)->data.regs.x86.rcx, left);
        answer(&e, 0);
    }
    assert_through(&e);
    hv_close(e.hv);
}

/* Page-table accesses come before the data access; one that sets the accessed
 * or dirty bit is a write, which Xen reports as a read as well.  SDM vol. 3C,
 * 29.3.3.2; hvm/vmx/vmx.c:ept_handle_violation; vmx/linux-boot.log. */
static void test_walk(void **state)
{
    struct env e = start(true);
    uint64_t gla = 0x40000000, pte = (L1 << 12) + 8;

    (void)state;
    poke(&e, D1 << 12, 0x77);
    set(&e, XENMEM_access_n, D1);
    set(&e, XENMEM_access_n, L1);
    push_walk(&e, gla, pte, false);
    push_walk(&e, gla, pte, true);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gla = gla, .gpa = D1 << 12, .len = 8 });
    assert_fault(&e, pte, gla, R | WALK);
    set(&e, XENMEM_access_rx, L1);
    answer(&e, 0);
    assert_fault(&e, pte, gla, R | W | WALK);
    set(&e, XENMEM_access_rwx, L1);
    answer(&e, 0);
    assert_fault(&e, D1 << 12, gla, R | DATA);
    /* Restarted, it walks again. */
    set(&e, XENMEM_access_rwx, D1);
    set(&e, XENMEM_access_x, L1);
    answer(&e, 0);
    assert_fault(&e, pte, gla, R | WALK);
    set(&e, XENMEM_access_rw, L1);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0x77);
    hv_close(e.hv);
}

/* A response that moves rip while the instruction waits skips it; one that
 * goes back to the finished one runs it again.  hvm/vm_event.c:
 * hvm_vm_event_set_registers; vmx/external-emul.log "SET_REGISTERS skip". */
static void test_moved_rip(void **state)
{
    struct env e = start(true);
    struct vm_event_st *rsp = &e.sring->ring[0].rsp;
    struct vm_event_regs_x86 regs;
    struct args_dom a = { .dom = DOM };

    (void)state;
    set(&e, XENMEM_access_n, D1);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8 });
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    regs = event(&e)->data.regs.x86;
    regs.rip += 3;
    regs.rax = 0xc0de;
    *rsp = *event(&e);
    rsp->flags = PAUSED_FLAG | VM_EVENT_FLAG_SET_REGISTERS;
    rsp->data.regs.x86 = regs;
    e.sring->rsp_prod++;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_RESUME, &a), 0);
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0xc0de);
    assert_int_equal(e.v->regs.rip, 0x104003);
    assert_int_equal(access_of(&e, D1), XENMEM_access_n);
    hv_close(e.hv);
}

/* rx2rw and n2rwx change at the access; the latter's event does not stop the
 * vCPU.  mm/mem_access.c:p2m_mem_access_check. */
static void test_converting(void **state)
{
    struct env e = start(true);

    (void)state;
    set(&e, XENMEM_access_rx2rw, D1);
    set(&e, XENMEM_access_n2rwx, D2);
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8, .value = 1 });
    assert_through(&e);
    assert_int_equal(access_of(&e, D1), XENMEM_access_rw);
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = D2 << 12, .len = 8, .value = 2 });
    assert_fault(&e, D2 << 12, D2 << 12, R | W | DATA);
    assert_int_equal(event(&e)->flags & PAUSED_FLAG, 0);
    assert_int_equal(e.v->guest->count, 0);
    assert_int_equal(peek(&e, D2 << 12), 2);
    assert_int_equal(access_of(&e, D2), XENMEM_access_rwx);
    set(&e, XENMEM_access_n2rwx, D2);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D2 << 12, .len = 8 });
    answer(&e, 0);
    assert_fault(&e, D2 << 12, D2 << 12, R | DATA);
    assert_int_equal(access_of(&e, D2), XENMEM_access_rwx);
    /* The page is executable no more, which rw is not. */
    push(&e, OP_GUEST_FETCH, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 1 });
    answer(&e, 0);
    assert_fault(&e, D1 << 12, D1 << 12, X | DATA);
    hv_close(e.hv);
}

/* A hole reads as all ones and swallows writes: hvm/hvm.c:
 * hvm_hap_nested_page_fault, hvm/io.c (no handler). */
static void test_hole(void **state)
{
    struct env e = start(true);
    uint64_t end = (0x1000ull << 12) - 4;       /* of 16 MB */

    (void)state;
    poke(&e, end - 4, 0x1234567800000000);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = 0x9999000, .len = 8 });
    push(&e, OP_GUEST_READ, (struct args_guest_mem) { .gpa = end, .len = 8 });
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = 0x9999ffc, .len = 8, .value = ~0ull });
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = ~0ull - 3, .len = 4 });
    assert_through(&e);
    assert_int_equal(result(&e).r0, ~0ull);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) { .gpa = end, .len = 8 });
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0xffffffff12345678);
    hv_close(e.hv);
}

/* No listener: the access is given back; where that cannot be had the guest
 * gets nowhere, but neither does the model hang.  Where a listener is
 * required the domain is crashed.  mm/mem_access.c:p2m_mem_access_check. */
static void test_no_listener(void **state)
{
    struct env e = start(false);
    struct args_guest_mem w = { .gpa = D1 << 12, .len = 8, .value = 1 };
    struct p2m_entry entry;

    (void)state;
    p2m_get(&e.d->host, 0, &entry);
    assert_int_equal(p2m_set(&e.d->host, 0, ORDER_2M, entry.mfn, P2M_RAM_RW,
                             XENMEM_access_r, -1), 0);
    e.d->pool_free = 0;
    push(&e, OP_GUEST_WRITE, w);
    run(&e);
    assert_int_equal(e.v->guest->count, 1);
    assert_false(e.d->shut_down);
    e.d->pool_free = 1;
    assert_through(&e);
    assert_int_equal(access_of(&e, D1), XENMEM_access_rwx);
    assert_int_equal(access_of(&e, D2), XENMEM_access_r);
    assert_int_equal(peek(&e, D1 << 12), 1);
    e.d->host.access_required = true;
    w.gpa = D2 << 12;
    push(&e, OP_GUEST_WRITE, w);
    run(&e);
    assert_true(e.d->shut_down);
    assert_int_equal(peek(&e, D2 << 12), 0);
    hv_close(e.hv);
}

/* A fetch from a superpage shatters it (XSA-304); the domain is crashed when
 * there is no table to be had.  hvm/hvm.c:hvm_hap_nested_page_fault. */
static void test_shatter(void **state)
{
    struct env e = start(true);
    struct args_guest_mem a = { .gpa = D1 << 12, .len = 5, .imm = 1 };
    struct p2m_entry entry;

    (void)state;
    poke(&e, D1 << 12, 0xc311223344b8);
    push(&e, OP_GUEST_FETCH, a);
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0x11223344);
    p2m_get(&e.d->host, D1, &entry);
    assert_int_equal(entry.order, ORDER_4K);
    p2m_get(&e.d->host, 0x200, &entry);
    assert_int_equal(entry.order, ORDER_2M);
    a.gpa = 0x200000;
    e.d->pool_free = 0;
    push(&e, OP_GUEST_FETCH, a);
    assert_int_equal(run(&e), 0);
    assert_true(e.d->shut_down);
    hv_close(e.hv);
}

/* w and wx are no EPT entries: vmx/external-misconf-*.log.  Who monitors VM
 * exits hears of it first, again and again while that is synchronous:
 * hvm/vmx/vmx.c:vmx_vmexit_handler. */
static void test_misconfigured(void **state)
{
    static const uint32_t access[] = { XENMEM_access_w, XENMEM_access_wx };
    static const enum hv_op op[] = {
        OP_GUEST_READ, OP_GUEST_WRITE, OP_GUEST_RMW, OP_GUEST_FETCH,
    };

    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        struct env e = start(true);

        set(&e, access[i / 4], D1);
        push(&e, op[i % 4], (struct args_guest_mem) {
            .gpa = D1 << 12, .len = 8 });
        toggle(&e, OP_MONITOR_VMEXIT, 1, 1);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(run(&e), 1);
            assert_int_equal(event(&e)->reason, VM_EVENT_REASON_VMEXIT);
            assert_int_equal(event(&e)->u.vmexit.arch.vmx.reason, 49);
            assert_false(e.d->shut_down);
            answer(&e, 0);
        }
        toggle(&e, OP_MONITOR_VMEXIT, 0, 0);
        assert_int_equal(run(&e), 0);
        assert_true(e.d->shut_down);
        hv_close(e.hv);
    }
}

/* An EPT violation is an exit of its own, before its MEM_ACCESS event. */
static void test_vmexit(void **state)
{
    struct env e = start(true);

    (void)state;
    set(&e, XENMEM_access_n, D1);
    toggle(&e, OP_MONITOR_VMEXIT, 1, 0);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8 });
    assert_int_equal(run(&e), 2);
    assert_int_equal(e.sring->ring[0].req.reason, VM_EVENT_REASON_VMEXIT);
    assert_int_equal(e.sring->ring[0].req.u.vmexit.arch.vmx.reason, 48);
    assert_int_equal(event(&e)->reason, VM_EVENT_REASON_MEM_ACCESS);
    toggle(&e, OP_MONITOR_VMEXIT, 0, 0);
    toggle(&e, OP_MONITOR_VMEXIT, 1, 1);
    answer(&e, 0);
    answer(&e, 0);
    assert_int_equal(run(&e), 1);
    assert_int_equal(event(&e)->reason, VM_EVENT_REASON_VMEXIT);
    hv_close(e.hv);
}

/* Where instructions end, and what needs no memory. */
static void test_lengths(void **state)
{
    struct env e = start(true);
    struct args_guest step = { .dom = DOM, .rip = 0x200, .next = 0x300 };
    struct args_guest_reg cr = { .dom = DOM, .index = 3 };
    struct args_guest_value value = { .dom = DOM, .value = 42 };

    (void)state;
    e.v->regs.cr0 = 10;
    e.v->regs.cr3 = 13;
    e.v->regs.cr4 = 14;
    assert_int_equal(hv_call(e.hv, OP_GUEST_STEP, &step), 0);
    assert_through(&e);
    assert_int_equal(e.v->regs.rip, 0x300);
    assert_int_equal(hv_call(e.hv, OP_GUEST_VALUE, &value), 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_READ_CR, &cr), 0);
    cr.index = 0;
    cr.value = 0x900;           /* where it goes */
    assert_int_equal(hv_call(e.hv, OP_GUEST_READ_CR, &cr), 0);
    cr.index = 4;
    assert_int_equal(hv_call(e.hv, OP_GUEST_READ_CR, &cr), 0);
    assert_through(&e);
    assert_int_equal(e.v->regs.rip, 0x900);
    assert_int_equal(e.v->guest->result[0], 42);
    assert_int_equal(e.v->guest->result[1], 13);
    assert_int_equal(e.v->guest->result[2], 10);
    assert_int_equal(e.v->guest->result[3], 14);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8, .next = 0x906, .quiet = 1 });
    assert_through(&e);
    assert_int_equal(e.v->regs.rip, 0x906);
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8 });
    assert_through(&e);
    assert_int_equal(e.v->regs.rip, 0x909);
    assert_int_equal(vcpu_gfn_of_rip(e.v), 0);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_page),
        cmocka_unit_test(test_second_page),
        cmocka_unit_test(test_rmw),
        cmocka_unit_test(test_sixteen_bytes),
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_moved_rip),
        cmocka_unit_test(test_converting),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_no_listener),
        cmocka_unit_test(test_shatter),
        cmocka_unit_test(test_misconfigured),
        cmocka_unit_test(test_vmexit),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
