/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's program: what may be queued, how far it goes, and where a rip that
 * a response moves leaves it. */
#include <errno.h>

#include "tests/guest-env.h"

#include <xen/hvm/params.h>

static int push_rc(struct env *e, enum hv_op op, struct args_guest_mem a)
{
    a.dom = a.dom ? a.dom : DOM;
    return hv_call(e->hv, op, &a);
}

/* What cannot be an instruction is refused, and not queued. */
static void test_refused(void **state)
{
    struct env e = start(true);
    struct args_guest_copy copy = { .dom = DOM, .count = (1u << 24) + 1 };
    struct args_guest_walk walk = { .dom = DOM };
    char bytes[129] = { 0 };
    struct args_guest_call call = { .dom = DOM, .arg = { bytes, 129, 0 } };

    (void)state;
    assert_int_equal(push_rc(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .dom = 9, .len = 1 }), -ESRCH);
    assert_int_equal(push_rc(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .vcpu = 1, .len = 1 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_READ, (struct args_guest_mem) {
        .len = 0 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
        .len = 65 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_RMW, (struct args_guest_mem) {
        .len = 9 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_RMW, (struct args_guest_mem) {
        .len = 8, .rmw = 3 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_FETCH, (struct args_guest_mem) {
        .len = 5, .imm = 2 }), -EINVAL);
    assert_int_equal(push_rc(&e, OP_GUEST_FETCH, (struct args_guest_mem) {
        .len = 3, .imm = 1 }), -EINVAL);
    assert_int_equal(hv_call(e.hv, OP_GUEST_COPY, &copy), -EINVAL);
    assert_int_equal(hv_call(e.hv, OP_GUEST_ALTP2M, &call), -E2BIG);
    for (int i = 0; i < MAX_WALKS; i++)
        assert_int_equal(hv_call(e.hv, OP_GUEST_WALK, &walk), 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_WALK, &walk), -E2BIG);
    assert_int_equal(e.v->guest->count, 0);
    hv_close(e.hv);
}

/* A long program stays in order while its queue grows. */
static void test_long(void **state)
{
    struct env e = start(true);

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        if (i == 10)
            assert_through(&e);         /* its head is not at the front */
        push(&e, OP_GUEST_WRITE, (struct args_guest_mem) {
            .gpa = D1 << 12, .len = 8, .value = i });
    }
    assert_through(&e);
    assert_int_equal(peek(&e, D1 << 12), 99);
    assert_int_equal(e.v->regs.rip, 0x104000 + 300);
    hv_close(e.hv);
}

static void answer_rip(struct env *e, uint64_t rip)
{
    event(e)->data.regs.x86.rip = rip;
    answer(e, VM_EVENT_FLAG_SET_REGISTERS);
}

/* The guest adds 1 to D1's first word, and its client sees the step. */
static void step_once(struct env *e)
{
    toggle(e, OP_MONITOR_SINGLESTEP, 1, 0);
    e->v->single_step = true;
    push(e, OP_GUEST_RMW, (struct args_guest_mem) {
        .gpa = D1 << 12, .len = 8, .value = 1 });
    assert_int_equal(run(e), 1);
    assert_int_equal(event(e)->reason, VM_EVENT_REASON_SINGLESTEP);
}

/* Back to the instruction just finished runs it again; a CPUID that is
 * skipped leaves what the response put in the registers.  hvm/hvm.c:
 * hvm_vmexit_cpuid; vmx/external-mon.log "cpuid 0x40000000 with
 * SET_REGISTERS". */
static void test_moved(void **state)
{
    struct args_guest_cpuid cpuid = { .dom = DOM, .leaf = 1, .subleaf = 2 };
    struct env e = start(true);

    (void)state;
    step_once(&e);
    assert_int_equal(peek(&e, D1 << 12), 1);
    answer_rip(&e, 0x104000);
    assert_int_equal(run(&e), 1);
    assert_int_equal(peek(&e, D1 << 12), 2);
    answer_rip(&e, 0x104003);
    assert_through(&e);
    e.v->single_step = false;
    toggle(&e, OP_MONITOR_SINGLESTEP, 0, 0);

    toggle(&e, OP_MONITOR_CPUID, 1, 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_CPUID, &cpuid), 0);
    assert_int_equal(run(&e), 1);
    assert_int_equal(event(&e)->reason, VM_EVENT_REASON_CPUID);
    event(&e)->data.regs.x86.rax = 11;
    event(&e)->data.regs.x86.rbx = 12;
    event(&e)->data.regs.x86.rcx = 13;
    event(&e)->data.regs.x86.rdx = 14;
    answer_rip(&e, 0x104005);
    assert_through(&e);
    assert_int_equal(e.v->guest->result[0], 11);
    assert_int_equal(e.v->guest->result[1], 12);
    assert_int_equal(e.v->guest->result[2], 13);
    assert_int_equal(e.v->guest->result[3], 14);
    hv_close(e.hv);
}

/* Going back works with a queue that is full. */
static void test_back_into_full(void **state)
{
    struct env e = start(true);
    struct args_guest step = { .dom = DOM };

    (void)state;
    step_once(&e);
    while (e.v->guest->count < e.v->guest->room)
        assert_int_equal(hv_call(e.hv, OP_GUEST_STEP, &step), 0);
    answer_rip(&e, 0x104000);
    assert_int_equal(run(&e), 1);
    assert_int_equal(peek(&e, D1 << 12), 2);
    assert_int_equal(e.v->guest->count, 16);
    hv_close(e.hv);
}

/* A hypercall's argument is copied, read back, and freed with the program. */
static void test_argument(void **state)
{
    struct env e = start(true);
    struct xen_hvm_altp2m_op op = {
        .version = HVMOP_ALTP2M_INTERFACE_VERSION,
        .cmd = HVMOP_altp2m_get_domain_state, .domain = DOMID_SELF,
    };
    struct args_guest_call call = {
        .dom = DOM, .arg = { &op, sizeof(op), 0 },
    };
    struct args_guest_buffer buffer = { .dom = DOM };

    (void)state;
    e.d->hvm_params[HVM_PARAM_ALTP2M] = XEN_ALTP2M_mixed;
    op.u.domain_state.state = 7;
    assert_int_equal(hv_call(e.hv, OP_GUEST_ALTP2M, &call), 0);
    op.cmd = 99;
    assert_through(&e);
    assert_int_equal(result(&e).r0, 0);
    assert_int_equal(hv_call(e.hv, OP_GUEST_BUFFER, &buffer), 0);
    assert_int_equal(buffer.data.len, sizeof(op));
    memcpy(&op, buffer.data.p, sizeof(op));
    assert_int_equal(op.u.domain_state.state, 0);
    buffer.data.len = 4;
    assert_int_equal(hv_call(e.hv, OP_GUEST_BUFFER, &buffer), 0);
    assert_int_equal(buffer.data.len, 4);
    assert_int_equal(hv_call(e.hv, OP_GUEST_ALTP2M, &call), 0);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_back_into_full),
        cmocka_unit_test(test_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
