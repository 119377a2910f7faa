/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import of logs of a real Xen: to which instruction of a command each of its
 * events belongs, and what the guest did around it. */
#include "tests/import-fixture.h"

#define VMEXIT_ON   "CALL xc_monitor_vmexit(1, 0) = 0 errno=0\n"

static struct made_event event(uint32_t reason, uint64_t word0,
                               uint64_t word1, uint64_t word2)
{
    return (struct made_event){ reason, 1, 0, 0x104300, word0, word1, word2,
                                0 };
}

static struct made_event violation(uint64_t gfn, uint64_t off,
                                   uint32_t flags)
{
    return (struct made_event){ VM_EVENT_REASON_MEM_ACCESS, 1, 0, 0x1043b5,
                                gfn, off, gfn << 12 | off, flags |
                                MEM_ACCESS_GLA_VALID |
                                MEM_ACCESS_FAULT_WITH_GLA };
}

/* One monitored instruction, whose event CALLS end. */
static void test_monitored(void **state)
{
    struct made_event cpuid = event(VM_EVENT_REASON_CPUID,
                                    2 | 4ull << 32, 1, 0);
    struct made_event cr4 = event(VM_EVENT_REASON_WRITE_CTRLREG,
                                  VM_EVENT_X86_CR4, 0x220, 0x20);
    struct made_event msr = event(VM_EVENT_REASON_MOV_TO_MSR, 0x174, 8, 0x10);
    struct made_event int3 = event(VM_EVENT_REASON_SOFTWARE_BREAKPOINT,
                                   0x104, 0, 1 | 6ull << 32);
    struct made_event desc = event(VM_EVENT_REASON_DESCRIPTOR_ACCESS, 0, 0,
                                   VM_EVENT_DESC_LDTR);

    (void)state;
    begin_commanded();
    log_add("CALL xc_monitor_cpuid(1) = 0 errno=0\n"
            "CALL xc_monitor_write_ctrlreg(VM_EVENT_X86_CR4, 1, 1, 0, 1) = 0 "
            "errno=0\n"
            "CALL xc_monitor_mov_to_msr(0x174, 1, 0) = 0 errno=0\n"
            "CALL xc_monitor_software_breakpoint(1) = 0 errno=0\n"
            "CALL xc_monitor_descriptor_access(1) = 0 errno=0\n");
    begin_command(6, 4, 1, 0);
    commanded_event(&cpuid, "CALL xc_monitor_cpuid(0) = 0 errno=0\n");
    end_command("fault=0 r0=0 r1=0 r2=0 r3=0");
    command(14, 0x174, 0, 0, "fault=0 r0=0x10");
    begin_command(12, 0x220, 0, 0);
    commanded_event(&cr4, "");
    end_command("fault=0 r0=0x220");
    begin_command(15, 0x174, 8, 0);
    commanded_event(&msr, "");
    end_command("fault=0 r0=0");
    begin_command(7, 0, 0, 0);
    commanded_event(&int3, "CALL xc_hvm_inject_trap(vcpu=0, vec=3, type=6, "
                    "ec=~0, len=1, cr2=0) = 0 errno=0\n");
    end_command("fault=0x80030000 r0=0");
    begin_command(16, 2, 0, 0);
    commanded_answer(&desc, "", 1 | VM_EVENT_FLAG_EMULATE);
    end_command("fault=0 r0=0");
    expect_replay("external-mon.log");
}

/* An access that no command explains is the guest's own, in front of it; one
 * of rep movsb belongs to it; an emulator that does not know an instruction
 * says so of the one that faulted. */
static void test_accesses(void **state)
{
    struct made_event own = violation(0x11a, 0xf80, MEM_ACCESS_RW);
    struct made_event data = violation(0x125, 0, MEM_ACCESS_R);
    struct made_event store = violation(0x126, 0, MEM_ACCESS_RW);
    struct made_event unknown = event(VM_EVENT_REASON_EMUL_UNIMPLEMENTED, 0,
                                      0, 0);

    (void)state;
    unknown.rip = data.rip;
    begin_commanded();
    log_add("CALL xc_set_mem_access(access=rx(5), gfn=0x11a, nr=1) = 0\n"
            "CALL xc_set_mem_access(access=n(0), gfn=0x125, nr=2) = 0\n"
            "CALL xc_monitor_emul_unimplemented(1) = 0\n");
    begin_command(1, 0x125000, 0, 0);
    commanded_event(&own, "CALL xc_set_mem_access(access=rwx(7), gfn=0x11a, "
                    "nr=1) = 0\n");
    commanded_answer(&data, "", 1 | VM_EVENT_FLAG_EMULATE);
    commanded_event(&unknown, "CALL xc_set_mem_access(access=rwx(7), "
                    "gfn=0x125, nr=1) = 0\n");
    end_command("fault=0 r0=0xda7a000000000001");
    begin_command(5, 0x126000, 0x125000, 8);
    commanded_event(&store, "CALL xc_set_mem_access(access=rwx(7), "
                    "gfn=0x126, nr=1) = 0\n");
    end_command("fault=0 r0=0x126008 r1=0x125008");
    command(1, 0x126000, 0, 0, "fault=0 r0=0xda7a000000000001");
    expect_replay("external-own.log");
}

/* Walks that the log alone knows of: of rep movsb's data, and of the guest's
 * own code. */
static void test_own_walks(void **state)
{
    static const uint64_t glas[] = { 0x40001000, 0x104300, 0x104300 };
    struct made_event walk = violation(0x10e, 0, 0);

    (void)state;
    walk.access = MEM_ACCESS_R | MEM_ACCESS_GLA_VALID |
                  MEM_ACCESS_FAULT_IN_GPT;
    begin_commanded();
    command(23, 1, 0x125067, 0, "fault=0 r0=0");
    begin_command(5, 0x40001000, 0x126000, 8);
    for (unsigned int i = 0; i < 3; i++) {
        walk.gla = glas[i];
        walk.gfn = 0x10e + i;
        walk.rip = i ? 0x104300 : 0x1043d8;
        log_request(&walk);
    }
    end_command("fault=0 r0=0x40001008 r1=0x126008");
    import_text("external-gpt.log", made.text);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.walk"), 4);
    assert_int_equal(count_records("guest.step"), 1);
}

/* Single-stepping shows the instructions around the command's own: one ends
 * where the next step says. */
static void test_steps(void **state)
{
    struct made_event step = event(VM_EVENT_REASON_SINGLESTEP, 0x104, 0, 0);
    struct made_event fault = violation(0x125, 0, MEM_ACCESS_R);
    struct made_event cr4 = event(VM_EVENT_REASON_WRITE_CTRLREG,
                                  VM_EVENT_X86_CR4, 0x220, 0x20);

    (void)state;
    begin_commanded();
    begin_command(1, 0x125000, 0, 0);
    log_request(&step);
    log_request(&fault);
    step.rip = fault.rip + 3;
    log_request(&step);
    step.rip++;
    log_request(&step);
    end_command("fault=0 r0=0");
    begin_command(12, 0x220, 0, 0);
    log_request(&cr4);
    step.rip = cr4.rip + 3;
    log_request(&step);
    step.rip += 3;
    log_request(&step);
    end_command("fault=0 r0=0x220");
    begin_command(5, 0x126000, 0x125000, 2);
    log_request(&fault);
    step.rip = fault.rip;
    log_request(&step);
    step.rip += 2;
    log_request(&step);
    end_command("fault=0 r0=0");
    import_text("external-step.log", made.text);
    assert_string_equal(error.text, "");
    /* the two around the read, and one behind mov from CR4 */
    assert_int_equal(count_records("guest.step"), 3);
    assert_true(has_words(list.text[list.nr - 1], "guest.result"));
}

/* More steps than a program has room for is an error, not a loss. */
static void test_too_long(void **state)
{
    struct made_event step = event(VM_EVENT_REASON_SINGLESTEP, 0x104, 0, 0);

    (void)state;
    begin_commanded();
    begin_command(32, 600, 0, 0);
    for (int i = 0; i < 520; i++) {
        step.rip++;
        log_request(&step);
    }
    expect_error(made.text, NULL);
    assert_non_null(strstr(error.text, "more than 511 instructions"));
}

/* A VM exit belongs to the instruction of its reason (Intel SDM, appendix C);
 * without one it is an exit of its own. */
static void test_exit_reasons(void **state)
{
    static const struct {
        unsigned int op;
        uint64_t a0, reason;
    } rows[] = {
        { 6, 0, 10 }, { 12, 0x20, 28 }, { 19, 0x80, 30 }, { 14, 0x174, 31 },
        { 15, 0x174, 32 }, { 16, 0, 46 }, { 16, 2, 47 }, { 13, 3, 55 },
        { 7, 0, 0 }, { 17, 99, 18 }, { 24, 0x1000, 14 }, { 25, 0, 16 },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct made_event exit = event(VM_EVENT_REASON_VMEXIT,
                                       rows[i].reason, 0, 0);

        begin_commanded();
        log_add(VMEXIT_ON);
        begin_command(rows[i].op, rows[i].a0, 0, 0);
        log_request(&exit);
        end_command("fault=0 r0=0");
        import_text("external-exit.log", made.text);
        assert_string_equal(error.text, "");
        assert_int_equal(count_records("guest.exit"), rows[i].op >= 24);
    }
    begin_commanded();
    begin_command(1, 0x125000, 0, 0);
    log_request(&(struct made_event){ .reason = VM_EVENT_REASON_VMEXIT,
                                      .rip = 0x1000, .gfn = 1 });
    log_request(&(struct made_event){ .reason = VM_EVENT_REASON_INTERRUPT,
                                      .rip = 0x1000, .gfn = 0x30 });
    log_request(&(struct made_event){ .reason = 99, .rip = 0x1000 });
    end_command("fault=0 r0=0");
    import_text("external-exit.log", made.text);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.exit"), 1);
    assert_int_equal(count_records("guest.trap"), 1);
}

/* The guest's own altp2m operations and its #VE page; a #VE that a VMFUNC
 * raised is for the access that the page, read next, tells of. */
static void test_guest_altp2m(void **state)
{
    (void)state;
    begin_commanded();
    log_add("GUEST no addresses here\n");
    log_add("GUESTHVMOP_altp2m cmd=3 domain=SELF "
            "payload=0000000000000000 1d01000000000000\n"
            "GUESTHVMOP nothing\n");
    command(26, 0, 0, 0, "fault=0 r0=0");
    command(18, 0, 1, 0, "fault=0x80140000 r0=0");
    command(27, 0, 0, 0, "fault=0 r0=0 r1=0 r2=0x125000 r3=0x125000");
    command(28, 0, 0, 0, "fault=0 r0=0");
    import_text("mixed-ve.log", made.text);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.altp2m"), 1);
    assert_int_equal(count_records("guest.walk"), 1);
    assert_int_equal(count_records("guest.read"), 4);
    assert_int_equal(count_records("guest.write"), 1);
}

static void test_other_commands(void **state)
{
    (void)state;
    begin_commanded();
    command(3, 0x121100, 0, 0, "fault=0 r0=0");
    command(9, 0x121000, 0, 0, "fault=0 r0=0x11223341 r1=0 r2=0");
    command(10, 0x11, 0, 0, "fault=0 r0=0x11");
    command(11, 0x10e000, 0, 0, "fault=0 r0=0x10e000");
    command(13, 3, 0, 0, "fault=0 r0=0");
    command(16, 4, 0, 0, "fault=0 r0=0x77");
    command(16, 6, 0, 0, "fault=0 r0=0");
    command(17, 34, 24, 0, "fault=0 r0=0");
    import_text("external-ops.log", made.text);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.fetch"), 1 + 6 + 2);
    assert_int_equal(count_records("guest.desc"), 3);
    assert_int_equal(count_records("guest.mov_cr"), 2);
    assert_int_equal(count_records("guest.request"), 1 + 8 + 1);
}

/* A log that was cut within a command: the guest came to its end. */
static void test_cut(void **state)
{
    (void)state;
    begin_commanded();
    begin_command(1, 0x125000, 0, 0);
    expect_replay("external-cut.log");
    assert_int_equal(count_records("guest.request"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monitored),
        cmocka_unit_test(test_accesses),
        cmocka_unit_test(test_own_walks),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_exit_reasons),
        cmocka_unit_test(test_guest_altp2m),
        cmocka_unit_test(test_other_commands),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
