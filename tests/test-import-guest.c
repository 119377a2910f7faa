/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import of logs of a real Xen: what the guest did.  A commanded guest was
 * told (the table of docs/TRACE-FORMAT.md, "Oracle logs"), a live one shows it
 * by its events.  Each log replays on the model without a difference; the
 * logs are made up, the events in them are such as Xen raises. */
#include "tests/import-fixture.h"

/* ---- commanded guests: the program of a CMD line, replayed ---- */

#define L1_GFN          0x11full
#define L1_GLA          0x40000000ull
#define SET(access, gfn) "CALL xc_set_mem_access(access=" access ", gfn=" \
                        gfn ", nr=1) = 0 errno=0\n"

static struct made_event walk_event(uint64_t gfn, uint64_t off, uint64_t gla,
                                    uint64_t rip)
{
    return (struct made_event){ VM_EVENT_REASON_MEM_ACCESS, 1, 0, rip, gfn,
                                off, gla, MEM_ACCESS_R | MEM_ACCESS_GLA_VALID |
                                MEM_ACCESS_FAULT_IN_GPT };
}

/* A fault of the walk comes before one of the data; a walk is retried from
 * its root (Intel SDM 28.3.3; p2m_mem_access_check reports the gfn walked). */
static void test_page_walk(void **state)
{
    struct made_event root = walk_event(0x10e, 0, L1_GLA + 0x1000, 0x1043b5);
    struct made_event l1 = walk_event(L1_GFN, 8, L1_GLA + 0x1000, 0x1043b5);
    struct made_event data = root;

    (void)state;
    data.access = MEM_ACCESS_R | MEM_ACCESS_GLA_VALID |
                 MEM_ACCESS_FAULT_WITH_GLA;
    data.gfn = 0x125;
    begin_commanded();
    command(23, 1, 0x125067, 0, "fault=0 r0=0");
    log_add(SET("n(0)", "0x11f") SET("n(0)", "0x10e") SET("n(0)", "0x125"));
    begin_command(1, L1_GLA + 0x1000, 0, 0);
    commanded_event(&root, SET("rwx(7)", "0x10e"));
    commanded_event(&l1, "");
    commanded_event(&l1, SET("rwx(7)", "0x11f"));
    commanded_event(&data, SET("rwx(7)", "0x125"));
    end_command("fault=0 r0=0xda7a000000000001");
    expect_replay("external-gpt.log");
}

/* A page fault is the guest's own: its table denies the access. */
static void test_page_fault(void **state)
{
    (void)state;
    begin_commanded();
    command(23, 1, 0x125065, 0, "fault=0 r0=0");        /* read-only */
    command(2, L1_GLA + 0x1000, 5, 0, "fault=0x800e0003 r0=0");
    command(1, L1_GLA + 0x1000, 0, 0, "fault=0 r0=0xda7a000000000001");
    command(33, L1_GLA + 0x1000, L1_GLA + 0x3000, 0,
            "fault=0x800e0000 r0=0xda7a000000000001");
    command(2, L1_GLA + 0x1ffc, 5, 0, "fault=0x800e0003 r0=0");
    command(23, 2, 0x8000000000121063, 0, "fault=0 r0=0");      /* NX */
    command(3, L1_GLA + 0x2000, 0, 0, "fault=0x800e0011 r0=0");
    expect_replay("external-gpt.log");
}

/* Instructions that need no event to be understood. */
static void test_commands(void **state)
{
    static const struct {
        unsigned int op;
        uint64_t a0, a1, a2;
        const char *res;
    } rows[] = {
        { 0, 0, 0, 0, "fault=0 r0=0" },
        { 1, 0x125000, 0, 0, "fault=0 r0=0xda7a000000000001" },
        { 21, 0x125000, 0, 0, "fault=0 r0=0x1" },
        { 2, 0x126000, 0x55, 0, "fault=0 r0=0" },
        { 3, 0x121000, 0, 0, "fault=0 r0=0x11223341" },
        { 4, 0x126000, 1, 0, "fault=0 r0=0" },
        { 34, 0x126000, 9, 0, "fault=0 r0=0x56" },
        { 35, 0x126000, 9, 7, "fault=0 r0=0x9" },
        { 36, 0x126800, 9, 0, "fault=0 r0=0x9" },
        { 20, 0x125000, 0x127000, 0, "fault=0 r0=0" },
        { 5, 0x128000, 0x125000, 8, "fault=0 r0=0x128008 r1=0x125008" },
        { 6, 0, 0, 0, "fault=0 r0=0xd r1=0x1 r2=0x2 r3=0x3" },
        { 7, 0, 0, 0, "fault=0x80030000 r0=0" },
        { 8, 0, 0, 0, "fault=0x80010000 r0=0" },
        { 9, 0x120100, 1, 2, "fault=0 r0=0x9 r1=0x1 r2=0x2" },
        { 12, 0x20, 0, 0, "fault=0 r0=0x20" },
        { 14, 0x174, 0, 0, "fault=0 r0=0x10" },
        { 15, 0x174, 0x10, 0, "fault=0 r0=0" },
        { 17, 99, 1, 2, "fault=0 r0=0xffffffffffffffda" },
        { 18, 0, 1, 0, "fault=0x80060000 r0=0" },
        { 19, 0x80, 0x55, 0, "fault=0 r0=0xff" },
        { 22, 0, 0, 0, "fault=0x80060000 r0=0" },
        { 24, 0x125000, 0, 0, "fault=0 r0=0" },
        { 25, 0, 0, 0, "fault=0 r0=0x123" },
        { 30, 0, 0, 0, "fault=0x80010000 r0=0" },
        { 31, 0, 0, 0, "fault=0 r0=0" },
        { 32, 100, 0, 0, "fault=0 r0=0" },
        { 99, 0, 0, 0, "fault=0 r0=0" },
    };

    (void)state;
    begin_commanded();
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        command(rows[i].op, rows[i].a0, rows[i].a1, rows[i].a2, rows[i].res);
    expect_replay("external-ops.log");
}

/* The recorder's mark that it wrote to a page: the guest reads what. */
static void test_map(void **state)
{
    (void)state;
    begin_commanded();
    log_add(SET("n(0)", "0x12b") "MAP ok\n" SET("rwx(7)", "0x12b"));
    command(1, 0x12b000, 0, 0, "fault=0 r0=0x1234");
    log_add("FOREIGN D7=0x1234\n");
    expect_replay("external-map.log");
}

/* A log that begins behind the init section, whatever its name. */
static void test_late_start(void **state)
{
    (void)state;
    log_reset();
    log_add("SCENARIO anything domid=13\n" SET("w(2)", "0x125"));
    begin_command(2, 0x125000, 1, 0);
    log_add("TIMEOUT waiting for event\n"
            "DOMINFO paused=1 blocked=0 running=0 shutdown=0 reason=3 "
            "crashed=1 dying=1\n"
            "RES FAIL events=0 done=0 fault=0 r0=0 r1=0 r2=0 r3=0 "
            "greq_rax=0\n");
    expect_replay("external-misconf-w-WRITE.log");
}

/* VM exits: each by its reason, those that Xen need not ask for only where
 * the log has them; the wait's own one is no instruction of the command. */
static void test_exits(void **state)
{
    struct made_event exit = { .reason = VM_EVENT_REASON_VMEXIT,
                               .rip = 0x104300, .gfn = 54 };

    (void)state;
    begin_commanded();
    log_add("CALL xc_monitor_vmexit(1, 0) = 0 errno=0\n");
    begin_command(31, 0, 0, 0);
    log_request(&exit);
    exit.gfn = 18;
    exit.rip = 0x104027;
    log_request(&exit);
    end_command("fault=0 r0=0");
    import_text("external-exit.log", made.text);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.exit"), 1);
}

/* ---- live guests ---- */

#define RX_ALL  "CALL xc_set_mem_access(rx,0,24576) = 0\n" \
                "CALL xc_domain_unpause() = 0\n"
#define RESTORE "CALL xc_set_mem_access(rwx,0x100,1) = 0\n"

static const struct made_event write_event = {
    VM_EVENT_REASON_MEM_ACCESS, 1, 0, 0x1000, 0x100, 8, 0x100008,
    MEM_ACCESS_RW | MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA
};

/* An event that repeats the last one of its vCPU is the same instruction,
 * until something let it pass: then it is another execution of it. */
static void test_repeats(void **state)
{
    (void)state;
    begin_live();
    log_add(RX_ALL);
    live(&write_event, "", 1);
    live(&write_event, "CALL xc_set_mem_access(rwx,0x300,1) = 0\n", 1);
    live(&write_event, "CALL xc_set_mem_access(r,0x100,1) = 0\n", 1);
    live(&write_event, RESTORE, 1);
    log_add("CALL xc_set_mem_access(rx,0x100,1) = 0\n");
    live(&write_event, RESTORE, 1);
    expect_replay("live.log");
    assert_int_equal(count_records("guest.rmw"), 2);
}

/* A guest runs on while its monitor makes a call: what the call would have
 * prevented came before it. */
static void test_before_a_call(void **state)
{
    struct made_event other = write_event;
    struct made_event cpuid = { .reason = VM_EVENT_REASON_CPUID, .flags = 1,
                                .rip = 0x1020, .gfn = 2 | 1ull << 32 };

    (void)state;
    other.rip = 0x1010;
    other.gfn = 0x101;
    other.gla = 0x101008;
    begin_live();
    log_add(RX_ALL);
    live(&write_event, RESTORE, 1);
    log_add("CALL xc_set_mem_access(rwx,0,24576) = 0\n");
    live(&other, "", 1);
    log_add("CALL xc_monitor_cpuid(1) = 0\n"
            "CALL xc_monitor_cpuid(0) = 0\n");
    live(&cpuid, "", 1);
    expect_replay("live.log");
}

static void test_several_vcpus(void **state)
{
    struct made_event second = write_event;

    (void)state;
    second.vcpu = 1;
    second.gfn = 0x101;
    second.gla = 0x101008;
    begin_live();
    log_add(RX_ALL);
    live(&write_event, "", 1);
    live(&second, "", 1);
    live(&write_event, RESTORE, 1);
    live(&second, "CALL xc_set_mem_access(rwx,0x101,1) = 0\n", 1);
    expect_replay("live.log");
    assert_true(has_words(list.text[0], "vcpus=2"));
    second.vcpu = 4000;
    begin_live();
    log_add(RX_ALL);
    live(&second, "", 1);
    expect_error(made.text, NULL);
    assert_non_null(strstr(error.text, "an event of vCPU 4000"));
}

/* EMULATE takes the instruction on only when the response repeats the access
 * (xen/arch/x86/mm/mem_access.c:p2m_mem_access_emulate_check). */
static void test_emulated(void **state)
{
    (void)state;
    begin_live();
    log_add(RX_ALL);
    live(&write_event, "", 1 | VM_EVENT_FLAG_EMULATE);
    live(&write_event, "", 1 | VM_EVENT_FLAG_EMULATE);
    live_answer(&write_event, "", 1 | VM_EVENT_FLAG_EMULATE, false);
    live(&write_event, RESTORE, 1);
    expect_replay("live.log");
    assert_int_equal(count_records("guest.rmw"), 3);
}

/* The single step that a response asked for ends the faulting instruction;
 * its code page is where the event says. */
static void test_single_step(void **state)
{
    struct made_event fault = write_event;
    struct made_event step = { .reason = VM_EVENT_REASON_SINGLESTEP,
                               .flags = 1, .rip = 0xffffffff81000004,
                               .gfn = 0x777 };
    unsigned int toggle = 1 | VM_EVENT_FLAG_TOGGLE_SINGLESTEP;

    (void)state;
    fault.rip = 0xffffffff81000000;
    begin_live();
    log_add("CALL xc_monitor_singlestep(1) = 0\n" RX_ALL);
    for (int i = 0; i < 2; i++) {
        live(&fault, RESTORE, toggle);
        live(&step, "CALL xc_set_mem_access(rx,0x100,1) = 0\n", toggle);
    }
    live(&fault, RESTORE, toggle);
    live(&step, "", 1);
    step.rip++;
    live(&step, "", toggle);
    expect_replay("live.log");
    assert_int_equal(count_records("guest.step"), 1);
    assert_int_equal(count_records("guest.code"), 1);
}

/* A walk of a live guest's page tables: the walk, and some instruction. */
static void test_live_walk(void **state)
{
    struct made_event walk = walk_event(0x100, 8, 0xffff888000001000, 0x1000);

    (void)state;
    begin_live();
    log_add("CALL xc_set_mem_access(n,0x100,1) = 0\n"
            "CALL xc_domain_unpause() = 0\n");
    live(&walk, "", 1);
    live(&walk, RESTORE, 1);
    expect_replay("live.log");
    assert_int_equal(count_records("guest.walk"), 1);
    assert_int_equal(count_records("guest.step"), 1);
}

/* Calls that may let an instruction pass: what comes again is another one. */
static void test_releases(void **state)
{
    static const struct {
        const char *call;
        bool releases;
    } rows[] = {
        { "xc_altp2m_set_mem_access(view=1,gfn=0x100,rwx)", true },
        { "xc_altp2m_set_mem_access(view=1,gfn=0x101,rwx)", false },
        { "xc_altp2m_switch_to_view(0)", true },
        { "xc_domain_decrease_reservation_exact(gfn=0x100)", true },
        { "xc_set_mem_access(rx2rw,0x100,1)", true },
        { "xc_set_mem_access(rx,0x100,1)", false },
        { "xc_set_mem_access_multi({7},{0x100},1)", true },
        { "xc_set_mem_access_multi({7},{0x101},1)", false },
        { "xc_hvm_inject_trap(vcpu0,3,type=6,err=-1,len=1,cr2=0)", true },
        { "xc_monitor_cpuid(0)", false },
        { "xc_monitor_descriptor_access(0)", false },
        { "xc_monitor_software_breakpoint(0)", false },
        { "xc_monitor_vmexit(en=0,sync=0)", false },
        { "xc_domain_pause()", false },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char call[128];

        snprintf(call, sizeof(call), "CALL %s = 0\n", rows[i].call);
        begin_live();
        log_add(RX_ALL);
        live(&write_event, call, 1);
        live(&write_event, "", 1);
        import_text("live.log", made.text);
        assert_string_equal(error.text, "");
        if (count_records("guest.rmw") != 1u + rows[i].releases)
            fail_msg("%s", rows[i].call);
    }
}

/* Every other reason, once. */
static void test_reasons(void **state)
{
    struct made_event ev = { .flags = 1, .rip = 0x3000 };

    (void)state;
    begin_live();
    log_add("CALL xc_monitor_mov_to_msr(msr=0x174,en=1,onchange=0) = 0\n"
            "CALL xc_monitor_write_ctrlreg(idx=2,en=1,sync=1,mask=0,"
            "onchange=0) = 0\n"
            "CALL xc_monitor_write_ctrlreg(idx=3,en=1,sync=1,mask=0,"
            "onchange=0) = 0\n"
            "CALL xc_monitor_software_breakpoint(1) = 0\n"
            "CALL xc_monitor_debug_exceptions(en=1,sync=1) = 0\n"
            "CALL xc_monitor_guest_request(en=1,sync=1,user=0) = 0\n"
            "CALL xc_monitor_cpuid(1) = 0\n"
            "CALL xc_monitor_descriptor_access(1) = 0\n"
            "CALL xc_domain_unpause() = 0\n");
    ev.reason = VM_EVENT_REASON_MOV_TO_MSR;
    ev.gfn = 0x174;
    ev.off = 0x20;
    live(&ev, "", 1);
    ev.reason = VM_EVENT_REASON_WRITE_CTRLREG;
    ev.gfn = VM_EVENT_X86_CR4;
    ev.gla = 0x10;
    live(&ev, "", 1);
    ev.gfn = VM_EVENT_X86_XCR0;
    ev.off = 3;
    ev.gla = 1;
    live(&ev, "", 1);
    ev.reason = VM_EVENT_REASON_GUEST_REQUEST;
    ev.gfn = ev.off = ev.gla = 0;
    live(&ev, "", 1);
    ev.reason = VM_EVENT_REASON_CPUID;
    ev.gfn = 2 | 1ull << 32;
    live(&ev, "CALL xc_monitor_cpuid(0) = 0\n", 1);
    ev.reason = VM_EVENT_REASON_DESCRIPTOR_ACCESS;
    ev.gfn = ev.off = 0;
    ev.gla = VM_EVENT_DESC_IDTR;
    live(&ev, "", 1 | VM_EVENT_FLAG_EMULATE);
    ev.reason = VM_EVENT_REASON_SOFTWARE_BREAKPOINT;
    ev.gfn = 3;
    ev.off = 0;
    ev.gla = 1 | 6ull << 32;
    live(&ev, "CALL xc_hvm_inject_trap(vcpu0,3,type=6,err=-1,len=1,cr2=0) = 0"
         "\n", 1);
    ev.reason = VM_EVENT_REASON_DEBUG_EXCEPTION;
    ev.gla = 3ull << 32;
    live(&ev, "", 1);
    expect_replay("live.log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_walk),
        cmocka_unit_test(test_page_fault),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_late_start),
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_before_a_call),
        cmocka_unit_test(test_several_vcpus),
        cmocka_unit_test(test_emulated),
        cmocka_unit_test(test_single_step),
        cmocka_unit_test(test_live_walk),
        cmocka_unit_test(test_releases),
        cmocka_unit_test(test_reasons),
    };

    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
