/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that a response has emulated: what they read, and write. */
#include "tests/guest-env.h"

#define EMULATE VM_EVENT_FLAG_EMULATE
#define READ_DATA (EMULATE | VM_EVENT_FLAG_SET_EMUL_READ_DATA)

/* Answer with SIZE bytes of data for the emulated reads. */
static void answer_data(struct env *e, uint32_t size, const void *bytes)
{
    struct vm_event_st *req = event(e);

    req->data.emul.read.size = size;
    memcpy(req->data.emul.read.data, bytes, size < 16 ? size : 16);
    answer(e, READ_DATA);
}

/* EMULATE alone does the instruction on memory, through the host's map, and
 * it is not checked.  vmx/external-emul.log "EMULATE (u copied)", "EMULATE
 * cross-page write". */
static void test_plain(void **state)
{
    struct env e = start(true);
    uint64_t gpa = (D1 << 12) + 0xffc;

    (void)state;
    set(&e, XENMEM_access_rx, D1);
    set(&e, XENMEM_access_rx, D2);
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = gpa, .len = 8, .value = 0x2222222211111111 });
    assert_fault(&e, gpa, gpa, R | W | DATA);
    answer(&e, EMULATE);
    assert_through(&e);
    assert_int_equal(peek(&e, D2 << 12), 0x22222222);
    assert_int_equal(e.v->regs.rip, 0x104003);
    hv_close(e.hv);
}

/* What is too short is filled with zeros; a size that is too large is cut.
 * hvm/emulate.c:set_context_data; vmx/external-emul.log "SET_EMUL_READ_DATA
 * 8 bytes", "4 bytes (short)", "movdqu". */
static void test_read_data(void **state)
{
    static const unsigned char bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    static const struct {
        uint32_t size;
        uint64_t low;
    } t[] = {
        { 8, 0x0807060504030201 }, { 4, 0x04030201 }, { 0, 0 },
        { ~0u, 0x0807060504030201 },
    };
    struct env e = start(true);

    (void)state;
    poke(&e, D1 << 12, ~0ull);
    set(&e, XENMEM_access_n, D1);
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        push(&e, OP_GUEST_READ, (struct args_guest_mem) {
            .gpa = D1 << 12, .len = 8 });
        assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
        answer_data(&e, t[i].size, bytes);
        assert_through(&e);
        assert_int_equal(result(&e).r0, t[i].low);
    }
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 16 });
    push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .gpa = D2 << 12, .len = 16, .last = 1 });
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    answer_data(&e, 16, bytes);
    assert_through(&e);
    assert_int_equal(peek(&e, D2 << 12), 0x0807060504030201);
    assert_int_equal(peek(&e, (D2 << 12) + 8), 9);
    hv_close(e.hv);
}

/* A copy takes a byte an iteration (hvmemul_rep_movs, set_context);
 * vmx/external-emul.log "SET_EMUL_READ_DATA rep movsb src". */
static void test_read_data_string(void **state)
{
    struct env e = start(true);

    (void)state;
    poke(&e, D2 << 12, ~0ull);
    set(&e, XENMEM_access_n, D1);
    push_copy(&e, D2 << 12, D1 << 12, 4);
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    answer_data(&e, 3, "\x11\x22\x33");
    assert_through(&e);
    assert_int_equal(peek(&e, D2 << 12), 0xffffffff00332211);
    hv_close(e.hv);
}

/* hvmemul_rmw knows of no data; a cmpxchg is first compared to the data, and
 * to memory only when these are what it expects.  hvm/emulate.c:hvmemul_rmw,
 * x86_emulate/x86_emulate.c (cmpxchg). */
static void test_read_data_rmw(void **state)
{
    static const struct {
        uint32_t rmw, quiet;
        uint64_t old, data, expect, now;
    } t[] = {
        { RMW_ADD, 0, 10, 50, 0, 17 },
        { RMW_ADD, 1, 10, 50, 0, 17 },
        { RMW_XCHG, 1, 10, 50, 0, 10 },         /* a live guest's: unknown */
        { RMW_CMPXCHG, 0, 10, 50, 10, 10 },
        { RMW_CMPXCHG, 0, 10, 50, 50, 10 },
        { RMW_CMPXCHG, 0, 50, 50, 50, 7 },
    };
    struct env e = start(true);

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        poke(&e, D1 << 12, t[i].old);
        set(&e, XENMEM_access_r, D1);
        push(&e, OP_GUEST_RMW, (struct args_guest_mem) {
            .gpa = D1 << 12, .len = 8, .rmw = t[i].rmw, .value = 7,
            .expect = t[i].expect, .quiet = t[i].quiet });
        assert_fault(&e, D1 << 12, D1 << 12, R | W | DATA);
        answer_data(&e, 8, &t[i].data);
        assert_through(&e);
        assert_int_equal(peek(&e, D1 << 12), t[i].now);
    }
    hv_close(e.hv);
}

/* Stores vanish: hvm/emulate.c:hvmemul_write_discard, hvmemul_rmw_discard;
 * vmx/external-emul.log "EMULATE_NOWRITE". */
static void test_no_write(void **state)
{
    struct env e = start(true);

    (void)state;
    poke(&e, D1 << 12, 5);
    set(&e, XENMEM_access_rx, D1);
    push(&e, OP_GUEST_RMW, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8, .value = 1 });
    push_copy(&e, D1 << 12, D2 << 12, 5000);
    for (int i = 0; i < 2; i++) {
        assert_fault(&e, D1 << 12, D1 << 12, R | W | DATA);
        answer(&e, EMULATE | VM_EVENT_FLAG_EMULATE_NOWRITE);
    }
    assert_through(&e);
    assert_int_equal(peek(&e, D1 << 12), 5);
    assert_int_equal(e.v->regs.rcx, 0);
    hv_close(e.hv);
}

/* What Xen's emulator does not know raises #UD, or is told to who monitors
 * it, and then stays where it is.  hvm/emulate.c:hvm_emulate_one_vm_event. */
static void test_unknown(void **state)
{
    struct env e = start(true);
    struct args_guest_mem a = { .gpa = D1 << 12, .len = 8, .unknown = 1 };

    (void)state;
    set(&e, XENMEM_access_n, D1);
    push(&e, OP_GUEST_READ, a);
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    answer(&e, EMULATE);
    assert_through(&e);
    assert_int_equal(result(&e).fault, 0x80060000);
    toggle(&e, OP_MONITOR_EMUL_UNIMPLEMENTED, 1, 0);
    push(&e, OP_GUEST_READ, a);
    assert_fault(&e, D1 << 12, D1 << 12, R | DATA);
    answer(&e, EMULATE);
    assert_int_equal(run(&e), 1);
    assert_int_equal(event(&e)->reason, VM_EVENT_REASON_EMUL_UNIMPLEMENTED);
    set(&e, XENMEM_access_rwx, D1);
    answer(&e, 0);
    assert_through(&e);
    assert_int_equal(result(&e).fault, 0);
    hv_close(e.hv);
}

/* Source and destination overlap, or each iteration is asked for: one at a
 * time, and the rest faults again.  hvm/emulate.c:hvmemul_rep_movs;
 * vmx/external-emul.log "rep movsb EMULATE dst rx (each_rep on)". */
static void test_one_at_a_time(void **state)
{
    struct env e = start(true);
    struct args_enable each = { .dom = DOM, .enable = 1 };

    (void)state;
    poke(&e, D1 << 12, 0x11);
    set(&e, XENMEM_access_rx, D1);
    push_copy(&e, (D1 << 12) + 1, D1 << 12, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_fault(&e, (D1 << 12) + i, (D1 << 12) + i, R | W | DATA);
        answer(&e, EMULATE);
    }
    assert_through(&e);
    assert_int_equal(peek(&e, D1 << 12), 0x11111111);
    push_copy(&e, D1 << 12, D2 << 12, 3);       /* all at once */
    assert_fault(&e, D1 << 12, D1 << 12, R | W | DATA);
    answer(&e, EMULATE);
    assert_through(&e);
    assert_int_equal(peek(&e, D1 << 12), 0x11000000);
    assert_int_equal(hv_call(e.hv, OP_MONITOR_EACH_REP, &each), 0);
    push_copy(&e, D1 << 12, D2 << 12, 2);
    for (uint64_t i = 0; i < 2; i++) {
        assert_fault(&e, (D1 << 12) + i, (D1 << 12) + i, R | W | DATA);
        answer(&e, EMULATE);
    }
    assert_through(&e);
    hv_close(e.hv);
}

/* A single step whose monitor is off goes unseen: hvm/monitor.c:
 * hvm_monitor_debug. */
static void test_unseen_step(void **state)
{
    struct env e = start(true);

    (void)state;
    toggle(&e, OP_MONITOR_SINGLESTEP, 1, 0);
    e.v->single_step = true;
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8 });
    assert_int_equal(run(&e), 1);
    assert_int_equal(event(&e)->reason, VM_EVENT_REASON_SINGLESTEP);
    toggle(&e, OP_MONITOR_SINGLESTEP, 0, 0);
    answer(&e, 0);
    push(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8 });
    assert_through(&e);
    hv_close(e.hv);
}

/* Instructions that exit are 2 bytes, 3, or as long as they say. */
static void test_exits(void **state)
{
    struct env e = start(true);
    struct args_guest_cpuid cpuid = { .dom = DOM, .leaf = 7, .subleaf = 1 };
    struct args_guest_trap trap = {
        .dom = DOM, .vector = 3, .type = 6, .insn_len = 1,
    };
    struct args_guest_desc desc = { .dom = DOM, .gpa = ~0ull };
    struct args_guest step = { .dom = DOM };

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_GUEST_CPUID, &cpuid), 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_TRAP, &trap), 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_DESC, &desc), 0);
    desc.len = 7;
    assert_int_equal(hv_call(e.hv, OP_GUEST_DESC, &desc), 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_STEP, &step), 0);
    assert_through(&e);
    assert_int_equal(e.v->regs.rip, 0x104000 + 2 + 1 + 3 + 7 + 1);
    assert_int_equal(result(&e).fault, 0x80030000);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_read_data),
        cmocka_unit_test(test_read_data_string),
        cmocka_unit_test(test_read_data_rmw),
        cmocka_unit_test(test_no_write),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_unseen_step),
        cmocka_unit_test(test_exits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
