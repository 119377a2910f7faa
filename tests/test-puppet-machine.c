/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet and its driver on a machine: QEMU's, without a hypervisor, so
 * all but hypercalls.  What instructions do is in the Intel SDM, vol. 2; that
 * guest.result and guest.left say of it what the model says is in
 * sim/guest.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "real/puppet_abi.h"
#include "tests/puppet-machine.h"

static struct puppet_machine_run *machine;
static struct puppet *puppet;

#define CALL(id, ...) \
    assert_int_equal(puppet_call(puppet, OP_##id, \
        &(union hv_args){ .id = { __VA_ARGS__ } }), 0)

/* What a vCPU gets instead of the registers for its next instruction, as by a
 * client's response. */
static const struct vm_event_regs_x86 *sent;

/* Where it is to stop, as in an event, and its registers there; .rip 0: it
 * does not. */
static uint64_t stop_at;
static struct vm_event_regs_x86 stopped;

static int set(void *ctx, uint32_t vcpu, const struct vm_event_regs_x86 *regs)
{
    struct puppet_env env = puppet_machine_env(machine);

    if (sent)
        regs = sent;
    sent = NULL;
    if (stop_at && regs->rip == stop_at) {
        stopped = *regs;
        stop_at = 0;
        return 0;
    }
    return env.set(ctx, vcpu, regs);
}

static int get(void *ctx, uint32_t vcpu, struct vm_event_regs_x86 *regs,
               bool *halted)
{
    struct puppet_env env = puppet_machine_env(machine);

    if (!stopped.rip)
        return env.get(ctx, vcpu, regs, halted);
    *regs = stopped;
    *halted = false;
    return 0;
}

static int wake(void *ctx, uint32_t vcpu, uint8_t vector)
{
    struct puppet_env env = puppet_machine_env(machine);

    return stopped.rip ? 0 : env.wake(ctx, vcpu, vector);
}

/* The program runs to its end. */
static void run(void)
{
    int rc;

    do
        rc = puppet_step(puppet, 0, NULL);
    while (rc > 0);
    assert_int_equal(rc, 0);
}

static struct args_guest_result result(void)
{
    struct args_guest_result a = { .vcpu = 0 };

    run();
    assert_int_equal(puppet_call(puppet, OP_GUEST_RESULT, &a), 0);
    return a;
}

static void assert_result(uint64_t fault, uint64_t r0, uint64_t r1)
{
    struct args_guest_result a = result();

    assert_int_equal(a.fault, fault);
    assert_int_equal(a.r0, r0);
    assert_int_equal(a.r1, r1);
}

static uint64_t memory(uint64_t gpa)
{
    uint64_t value;

    memcpy(&value, puppet_machine_memory(machine, gpa), 8);
    return value;
}

static void set_memory(uint64_t gpa, uint64_t value)
{
    memcpy(puppet_machine_memory(machine, gpa), &value, 8);
}

static void loads_and_stores(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= 8; len *= 2) {
        uint64_t mask = len == 8 ? ~0ull : (1ull << 8 * len) - 1;
        uint64_t value = 0x1122334455667788 + len, old = 0x99aabbccddeeff00;

        set_memory(0x10000, old);
        CALL(GUEST_WRITE, .rip = 0x1000, .gla = 0x10000, .gpa = 0x10000,
             .len = len, .value = value);
        CALL(GUEST_READ, .gla = 0x10000, .gpa = 0x10000, .len = len);
        CALL(GUEST_WRITE, .gla = 0x10010, .gpa = 0x10010, .len = len,
             .last = 1);
        assert_result(0, value & mask, 0);
        assert_int_equal(memory(0x10000), (old & ~mask) | (value & mask));
        assert_int_equal(memory(0x10010) & mask, value & mask);
    }
    CALL(GUEST_READ, .gla = 0x10000, .gpa = 0x10000, .len = 16);
    CALL(GUEST_WRITE, .gla = 0x10020, .gpa = 0x10020, .len = 16, .last = 1);
    assert_result(0, 0, 0);
    assert_int_equal(memory(0x10020), memory(0x10000));
    assert_int_equal(memory(0x10028), memory(0x10008));
}

static void modifications(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= 8; len *= 2) {
        uint64_t gpa = 0x12000;

        set_memory(gpa, 5);
        CALL(GUEST_RMW, .rip = 0x1100, .gla = gpa, .gpa = gpa, .len = len,
             .rmw = RMW_ADD, .value = 3);
        CALL(GUEST_RMW, .gla = gpa, .gpa = gpa, .len = len,
             .rmw = RMW_XCHG, .value = 0x20);
        assert_result(0, 8, 0);
        CALL(GUEST_RMW, .gla = gpa, .gpa = gpa, .len = len,
             .rmw = RMW_CMPXCHG, .expect = 0x20, .value = 0x30);
        CALL(GUEST_RMW, .gla = gpa, .gpa = gpa, .len = len,
             .rmw = RMW_CMPXCHG, .expect = 0x20, .value = 0x40);
        assert_result(0, 0x20, 0x30);
        assert_int_equal(memory(gpa), 0x30);
    }
    set_memory(0x13000, 0x4142434445464748);
    CALL(GUEST_COPY, .dst_gla = 0x14000, .dst_gpa = 0x14000,
         .src_gla = 0x13000, .src_gpa = 0x13000, .count = 8);
    assert_result(0, 0x14008, 0x13008);
    assert_int_equal(memory(0x14000), 0x4142434445464748);
}

static void registers(void **state)
{
    struct args_guest_result a;

    (void)state;
    CALL(GUEST_CPUID, .rip = 0x1200, .leaf = 0);
    a = result();
    assert_true(a.r1 == 0x756e6547 || a.r1 == 0x68747541);     /* Genu, Auth */
    CALL(GUEST_MSR, .index = 0xc0000100, .value = 0x123456789a, .write = 1);
    CALL(GUEST_MSR, .index = 0xc0000100);
    assert_result(0, 0x123456789a, 0);
    CALL(GUEST_XSETBV, .value = 3);
    CALL(GUEST_READ_CR, .index = 4);
    a = result();
    CALL(GUEST_MOV_CR, .index = 4, .value = a.r0 | 0x80);
    CALL(GUEST_READ_CR, .index = 4);
    assert_result(0, a.r0 | 0x80, 0);
    CALL(GUEST_MOV_CR, .index = 4, .value = a.r0);
    /* another root, which has to be one */
    CALL(GUEST_MOV_CR, .index = 3, .value = 0x7000);
    CALL(GUEST_READ_CR, .index = 3);
    CALL(GUEST_MOV_CR, .index = 3, .value = memory(PUPPET_BASE + 16));
    assert_result(0, 0x7000, 0);
    CALL(GUEST_IO, .index = 0x80, .value = 1, .write = 1);
    CALL(GUEST_EXIT, .index = 54);
    CALL(GUEST_EXIT, .index = 14);
    assert_result(0, 0, 0);
}

static void descriptors(void **state)
{
    (void)state;
    CALL(GUEST_DESC, .rip = 0x1300, .desc = VM_EVENT_DESC_GDTR,
         .gla = 0x16000, .gpa = 0x16000, .len = 4);
    run();
    assert_int_equal(memory(0x16002), memory(PUPPET_BASE + 48));
    for (uint32_t desc = VM_EVENT_DESC_IDTR; desc <= VM_EVENT_DESC_TR;
         desc++) {
        CALL(GUEST_DESC, .desc = desc, .gla = 0x16100, .gpa = 0x16100);
        CALL(GUEST_DESC, .desc = desc, .gla = 0x16200, .gpa = 0x16200,
             .write = 1);
        CALL(GUEST_DESC, .desc = desc, .gpa = ~0ull, .write = 1);
        assert_result(0, 0, 0);
    }
    /* and the descriptors are good still */
    CALL(GUEST_TRAP, .vector = 6);
    assert_result(0x80060000, 0, 0);
}

static void exceptions(void **state)
{
    (void)state;
    CALL(GUEST_TRAP, .rip = 0x1400, .vector = 3, .type = 6, .insn_len = 1);
    CALL(GUEST_READ, .gla = 0x10000, .gpa = 0x10000, .len = 8);
    assert_result(0x80030000, memory(0x10000), 0);
    CALL(GUEST_TRAP, .vector = 1, .type = 3);
    assert_result(0x80010000, 0, 0);
    CALL(GUEST_TRAP, .vector = 4, .type = 4, .insn_len = 2);
    assert_result(0x80040000, 0, 0);
    /* the first one is told; XCR0 without x87, VMCALL and VMFUNC */
    CALL(GUEST_XSETBV, .value = 0);
    CALL(GUEST_REQUEST);
    assert_result(0x800d0000, 0, 0);
    CALL(GUEST_REQUEST);
    assert_result(0x80060000, 0, 0);
    CALL(GUEST_VMFUNC, .value = 1);
    assert_result(0x80060000, 0, 0);
}

/* Linear addresses that are not the physical ones. */
static void translations(void **state)
{
    (void)state;
    set_memory(0x20ff8, 0);
    set_memory(0x21000, 0);
    set_memory(0x30000, 0);
    CALL(GUEST_WRITE, .rip = 0x1500, .gla = 0x7f0010123, .gpa = 0x20123,
         .len = 8, .value = 0x1234);
    CALL(GUEST_WRITE, .gla = 0x20ffe, .gpa = 0x20ffe, .gpa2 = 0x30000,
         .len = 4, .value = 0xaabbccdd);
    assert_result(0, 0, 0);
    assert_int_equal(memory(0x20123), 0x1234);
    assert_int_equal(memory(0x20ff8), 0xccdd000000000000);
    assert_int_equal(memory(0x21000), 0);
    assert_int_equal(memory(0x30000), 0xaabb);
    /* back again: what was translated before is forgotten */
    CALL(GUEST_WRITE, .gla = 0x21000, .gpa = 0x21000, .len = 1, .value = 7);
    CALL(GUEST_WRITE, .gla = 0x7f0010123, .gpa = 0x22123, .len = 1,
         .value = 8);
    assert_result(0, 0, 0);
    assert_int_equal(memory(0x21000), 7);
    assert_int_equal(memory(0x22123), 8);
    /* code elsewhere */
    CALL(GUEST_CODE, .gla = 0xffffffff81000000, .gpa = 0x40000);
    CALL(GUEST_READ, .rip = 0xffffffff81000100, .gla = 0x21000,
         .gpa = 0x21000, .len = 1);
    assert_result(0, 7, 0);
    assert_int_equal(memory(0x40100) & 0xffffff, 0x07b60f);
}

/* The walk goes through the entry it is said to, and sets its bits. */
static void walks(void **state)
{
    const uint64_t no_code = 1ull << 63;
    uint64_t gla = 0x124000, entry = 0x50000 + 8 * 0x124;

    (void)state;
    CALL(GUEST_WALK, .gla = gla, .gpa = entry, .write = 1);
    CALL(GUEST_WRITE, .rip = 0x1600, .gla = gla, .gpa = gla, .len = 8,
         .value = 9);
    assert_result(0, 0, 0);
    assert_int_equal(memory(gla), 9);
    assert_int_equal(memory(entry), no_code | gla | 0x63);
    assert_int_equal(memory(entry + 8), no_code | (gla + 0x1000) | 0x63);
    /* A table below the root is there in the one that was loaded before. */
    gla = 1ull << 39 | 1ull << 30;
    CALL(GUEST_WALK, .gla = gla, .gpa = 0x52008);
    CALL(GUEST_READ, .rip = 0x1680, .gla = gla, .gpa = 0x10000, .len = 8);
    assert_result(0, memory(0x10000), 0);
    assert_int_equal(memory(0x7008) & ~0xfffull, 0x52000);
    assert_int_equal(puppet_call(puppet, OP_GUEST_WALK,
        &(union hv_args){ .GUEST_WALK = { .vcpu = 1 } }), -EINVAL);
}

/* Where instructions stand. */
static void addresses(void **state)
{
    const struct args_guest_fetch_bytes {
        unsigned char imm[4];
    } imm = { { 0x10, 0x20, 0x30, 0x40 } };

    (void)state;
    memcpy(puppet_machine_memory(machine, 0x60001), &imm, sizeof(imm));
    CALL(GUEST_FETCH, .gla = 0x60000, .gpa = 0x60000, .len = 6, .imm = 1,
         .next = 0x1700);
    CALL(GUEST_STEP, .next = 0x1800);
    CALL(GUEST_FETCH, .gla = 0x1800, .gpa = 0x1800, .len = 3);
    CALL(GUEST_VALUE, .value = 0x99);
    CALL(GUEST_STEP);
    assert_result(0, 0x40302010, 0x99);
    assert_int_equal(memory(0x1700) & 0xff, 0xe9);
    assert_int_equal(memory(0x1803) & 0xffff, 0xf490);
    /* of two, one */
    CALL(GUEST_STEP);
    CALL(GUEST_STEP);
    {
        struct args_guest_value left = { .vcpu = 0 };
        uint32_t limit = 1;

        while (puppet_step(puppet, 0, &limit) > 0)
            continue;
        assert_int_equal(puppet_call(puppet, OP_GUEST_LEFT, &left), 0);
        assert_int_equal(left.value, 1);
    }
    run();
}

/* A client sends the vCPU elsewhere: it goes on from there.  A response with
 * nothing but rip clears rsp and the interrupt flag, too. */
static void moved(void **state)
{
    const struct vm_event_regs_x86 elsewhere = { .rip = 0x1940, .rax = 0x77 };
    const struct vm_event_regs_x86 far = { .rip = 0x5000, .rax = 0x78 };
    const struct vm_event_regs_x86 behind = { .rip = 0x1943 };
    struct puppet_env env = puppet_machine_env(machine);
    struct vm_event_regs_x86 regs = { 0 };
    bool halted;

    (void)state;
    CALL(GUEST_STEP, .rip = 0x1900);
    run();
    sent = &elsewhere;
    CALL(GUEST_WRITE, .gla = 0x10000, .gpa = 0x10000, .len = 8);
    assert_result(0, 0x77, 0);
    sent = &far;
    CALL(GUEST_STEP);
    CALL(GUEST_STEP);
    assert_result(0, 0x78, 0);
    assert_int_equal(memory(0x5000) & 0xffffff, 0x06f490);
    CALL(GUEST_STEP, .rip = 0x193f);
    run();
    sent = &behind;
    CALL(GUEST_WRITE, .gla = 0x10000, .gpa = 0x10000, .len = 8);
    CALL(GUEST_STEP);
    assert_result(0, 0, 0);
    assert_int_equal(memory(0x1943) & 0xffffff, 0x06f490);
    assert_int_equal(env.get(env.ctx, 0, &regs, &halted), 0);
    assert_true(halted);
    regs.rip = 0x1980;
    assert_int_equal(env.set(env.ctx, 0, &regs), 0);
    CALL(GUEST_STEP);
    run();
    assert_int_equal(memory(0x1980) & 0xffffff, 0x06f490);
}

/* The response to an event of the store at RIP: it goes on at TO with rax, and
 * without interrupts. */
static void answer(uint64_t rip, uint64_t to, uint64_t rax)
{
    struct puppet_env env = puppet_machine_env(machine);
    struct vm_event_st rsp = { .flags = VM_EVENT_FLAG_SET_REGISTERS };

    stop_at = rip;
    CALL(GUEST_WRITE, .rip = rip, .gla = 0x10000, .gpa = 0x10000, .len = 4,
         .value = rax);
    while (!stopped.rip)
        assert_true(puppet_step(puppet, 0, NULL) > 0);
    rsp.data.regs.x86 = stopped;
    rsp.data.regs.x86.rip = to;
    rsp.data.regs.x86.rax = rax;
    rsp.data.regs.x86.rflags = 2;
    assert_int_equal(puppet_answered(puppet, &rsp), 0);
    stopped.rip = 0;
    assert_int_equal(env.set(env.ctx, 0, &rsp.data.regs.x86), 0);
    assert_int_equal(env.wake(env.ctx, 0, 0), 0);
    run();
}

/* Skipped to the HLT, which is none then, the store leaves rax and memory as
 * they are; sent back to it, it is done and leaves nothing.  (Xen takes a vCPU
 * down that halts without interrupts: hvm/hvm.c:hvm_hlt.) */
static void answered(void **state)
{
    (void)state;
    memset(puppet_machine_memory(machine, 0x10000), 0, 8);
    answer(0x1a00, 0x1a03, 0x33);
    assert_int_equal(memory(0x1a03) & 0xff, 0x06);
    assert_int_equal(memory(0x10000) & 0xff, 0);
    assert_result(0, 0x33, 0);
    answer(0x1a10, 0x1a10, 0x44);
    assert_int_equal(memory(0x1a13) & 0xff, 0x06);
    assert_int_equal(memory(0x10000) & 0xff, 0x44);
    assert_result(0, 0, 0);
}

static int boot(void **state)
{
    struct puppet_env env = puppet_machine_env(machine);
    int rc;

    (void)state;
    env.get = get;
    env.set = set;
    env.wake = wake;
    for (int tries = 0; tries < 1000; tries++) {
        rc = puppet_attach(&env, &puppet);
        if (rc != -EAGAIN)
            break;
        usleep(10000);
    }
    return rc || puppet_vcpus(puppet) != 1;
}

static int down(void **state)
{
    (void)state;
    puppet_detach(puppet);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_stores),
        cmocka_unit_test(modifications),
        cmocka_unit_test(registers),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(exceptions),
        cmocka_unit_test(translations),
        cmocka_unit_test(walks),
        cmocka_unit_test(addresses),
        cmocka_unit_test(moved),
        cmocka_unit_test(answered),
    };
    int rc = puppet_machine_start(&machine);

    if (rc == -ENOENT) {
        fprintf(stderr, "test-puppet-machine: no qemu-system-x86_64\n");
        return 77;
    }
    if (rc) {
        fprintf(stderr, "test-puppet-machine: QEMU: %s\n", strerror(-rc));
        return 99;
    }
    rc = cmocka_run_group_tests(tests, boot, down);
    puppet_machine_stop(machine);
    return rc;
}
