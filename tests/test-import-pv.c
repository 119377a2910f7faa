/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import of logs of PV guests (docs/TRACE-FORMAT.md, "Oracle logs"): what a
 * guest that works on its page tables says of its hypercalls, what a debug
 * build of Xen says of frames, and calls that brought Xen down.  The lines are
 * excerpts of logs of Xen 4.17.7; tests/pv-log.sh has two of them whole. */
#include "tests/import-fixture.h"

#define L4_LINE "l4 va=0000000000166000 mfn=77d66 l4[0]=0000000077d67067\n"
#define MFNS    "mfns P=77d15 Q=77d14 T1=77d13 T2=77d12 T3=77d11 T4=77d10 " \
                "R=77d0f S=77d0e\n"
#define START   L4_LINE MFNS
/* what START becomes, but for the domain */
#define STARTED "domain.unpause dom=1 = 0\n" \
                "guest.mmuext_op dom=1 vcpu=0 cmd=new_user_baseptr " \
                "arg1=0x77d66 rc=0 done=1 = 0\n" \
                "note \"l4 va=0000000000166000 mfn=77d66 " \
                "l4[0]=0000000077d67067\"\n" \
                "note \"mfns P=77d15 Q=77d14 T1=77d13 T2=77d12 T3=77d11 " \
                "T4=77d10 R=77d0f S=77d0e\"\n"

/* LINE, behind the start, becomes a note of it and WANT. */
static void expect_line(const char *line, const char *want)
{
    char log[1024], all[2048], *note = strdup(line);

    squeeze(note);
    snprintf(log, sizeof(log), START "%s\n", line);
    snprintf(all, sizeof(all), STARTED "note \"%s\"\n%s", note, want);
    expect(log, all);
    free(note);
}

/* A PV domain has no capabilities (arch_monitor_get_capabilities); a guest on
 * Arm has some, but not CPUID. */
static void test_kinds_of_guest(void **state)
{
    (void)state;
    import_text("t.log", "INFO dom=2\n# an empty log\n"
                "CALL xc_monitor_get_capabilities(dom2) = 0\n  -> caps=0\n"
                "CALL xc_get_mem_access(0x101) = -1 errno=22 EINVAL\n"
                "  -> access=#99\n");
    assert_string_equal(error.text, "");
    assert_true(has_words(list.text[0], "dom=2 vendor=amd type=pv "
                                        "ram=0x1000"));
    assert_null(strstr(list.text[0], "mfn_2mb"));
    import_text("t.log", START);
    assert_true(has_words(list.text[0], "dom=1 vendor=amd type=pv ram=0x200 "
                                        "mfn_2mb=0x3be"));
    assert_null(strstr(list.text[0], "xen_debug"));
    expect_error("INFO dom=2\n"
                 "CALL xc_monitor_get_capabilities(dom2) = 0\n"
                 "  -> caps=0x90\n", "t.log:1: a log of a guest on Arm");
}

/* One row a form of hypercall. */
static void test_calls(void **state)
{
    static const char *const rows[][2] = {
        { "OP 001 rc=-22 EINVAL done=0 : PIN_L1 T1 while RW-mapped",
          "guest.mmuext_op dom=1 vcpu=0 cmd=pin_l1 arg1=0x77d13 rc=-EINVAL "
          "done=0 = 0\n" },
        { "OP 003 rc=0 ok done=-1 : update_va_mapping(T1) -> RO",
          "guest.update_va_mapping dom=1 vcpu=0 va=0x113000 val=0x77d13065 "
          "rc=0 = 0\n" },
        { "OP 016 rc=0 ok done=1 : T1[1]=T1 itself RO",
          "guest.mmu_update dom=1 vcpu=0 ptr=0x77d13008 val=0x77d13065 rc=0 "
          "done=1 = 0\n" },
        { "OP 039 rc=0 ok done=1 : ptr misaligned +1 (cmd 1: MACHPHYS P)",
          "guest.mmu_update dom=1 vcpu=0 ptr=0x77d15001 val=0x115 rc=0 "
          "done=1 = 0\n" },
        { "OP 048 rc=-3 ESRCH done=0 : foreigndom=999",
          "guest.mmu_update dom=1 vcpu=0 foreign=0x3e7 ptr=0x77d13018 "
          "val=0x77d15065 rc=-ESRCH done=0 = 0\n" },
        { "OP 053 rc=-16 EBUSY done=1 : batch of 3, 2nd bad",
          "guest.mmu_update dom=1 vcpu=0 ptr=0x77d13018 val=0x77d15065 "
          "more=0x77d13020,0x77d13067,0x77d13028,0x77d15065 rc=-EBUSY done=1 "
          "= 0\n" },
        { "OP 056 rc=-14 EFAULT done=-1 : req ptr unmapped",
          "guest.mmu_update dom=1 vcpu=0 ptr=0x77d13018 flags=bad_requests "
          "rc=-EFAULT = 0\n" },
        { "OP 058 rc=0 ok done=-1 : vm_assist disable writable_pagetables",
          "guest.vm_assist dom=1 vcpu=0 cmd=1 type=2 rc=0 = 0\n" },
        { "OP 099 rc=-22 EINVAL done=0 : T3[1]=T1 (an L1) ",
          "guest.mmu_update dom=1 vcpu=0 ptr=0x77d11008 val=0x77d13067 "
          "rc=-EINVAL done=0 = 0\n" },
        { "OP 158 rc=-13 ? done=0 : FLUSH_CACHE",
          "guest.mmuext_op dom=1 vcpu=0 cmd=flush_cache rc=-EACCES done=0 "
          "= 0\n" },
        { "OP 165 rc=-3 ESRCH done=0 : PIN_L1 foreigndom 999",
          "guest.mmuext_op dom=1 vcpu=0 foreign=0x3e7 cmd=pin_l1 arg1=0x77d13 "
          "rc=-ESRCH = 0\n" },
        { "OP 173 rc=-22 EINVAL done=-1 : va with no L1 (5<<39)",
          "guest.update_va_mapping dom=1 vcpu=0 va=0x28000000000 "
          "val=0x77d15067 rc=-EINVAL = 0\n" },
        { "OP 180 rc=1 ok done=-1 : decrease_reservation of pinned L1 page S "
          "(nr done)",
          "guest.decrease_reservation dom=1 vcpu=0 mfn=0x77d0e done=1 = 0\n" },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        expect_line(rows[i][0], rows[i][1]);
}

/* What the guest put into a page before the call, it did not say. */
static void test_stores(void **state)
{
    (void)state;
    expect_line("OP 102 rc=0 ok done=-1 : T4 -> RO",
                "memory.write dom=1 gfn=0x110 data=6770d67700000000 = 0\n"
                "memory.write dom=1 gfn=0x110 offset=0x8 "
                "data=6710d17700000000 = 0\n"
                "guest.update_va_mapping dom=1 vcpu=0 va=0x110000 "
                "val=0x77d10065 rc=0 = 0\n");
}

#define SAW(result) "client.wait dom=1 events=0 = 0\n" \
                    "guest.result dom=1 vcpu=0 " result \
                    " r1=0 r2=0 r3=0 greq=0 = 0\n"

static void test_accesses(void **state)
{
    (void)state;
    expect_line("  write T1[7]=T1 RW (invalid): fault=800e0003 "
                "T1[7]=0000000000000000",
                "guest.write dom=1 vcpu=0 gla=0x113038 len=8 "
                "value=0x77d13067\n"
                SAW("fault=0x800e0003 r0=0")
                "memory.read dom=1 gfn=0x113 offset=0x38 "
                "data=0000000000000000 = 0\n");
    expect_line("  [wrpt] write T1[6]=0: fault=0 T1[6]=0000000000000000",
                "guest.write dom=1 vcpu=0 gla=0x113030 len=8\n"
                SAW("fault=0 r0=0")
                "memory.read dom=1 gfn=0x113 offset=0x30 "
                "data=0000000000000000 = 0\n");
    expect_line("  read via new mapping [7<<39] T1[0]->P: "
                "P[5]=1122334455667788",
                "guest.read dom=1 vcpu=0 gla=0x38000000028 len=8\n"
                SAW("fault=0 r0=0x1122334455667788"));
    expect_line("  write via it: fault=0 P[9]=99",
                "guest.write dom=1 vcpu=0 gla=0x38000000048 len=8 "
                "value=0x63\n"
                SAW("fault=0 r0=0")
                "memory.read dom=1 gfn=0x115 offset=0x48 "
                "data=6300000000000000 = 0\n");
    expect_line("  mov from cr3 = 77d66000 (l4 mfn 77d66)",
                "guest.read_cr dom=1 vcpu=0 cr=3\n"
                SAW("fault=0 r0=0x77d66000"));
    expect_line("  mov to cr3 (data page P) fault=800d0000",
                "guest.mov_cr dom=1 vcpu=0 cr=3 value=0x77d15000\n"
                SAW("fault=0x800d0000 r0=0"));
}

/* A name counts until the next; Xen's own slots are left out. */
static void test_entries(void **state)
{
    (void)state;
    expect_line("  T1[0]=0000000077d15167 [1]=0000000077d13165",
                "memory.read dom=1 gfn=0x113 data=6751d17700000000 = 0\n"
                "memory.read dom=1 gfn=0x113 offset=0x8 "
                "data=6531d17700000000 = 0\n");
    expect_line("  T4[256]=0000000000000000 T4[258]=8000000077d10063 "
                "T4[261]=000000007fc6d063",
                "memory.read dom=1 gfn=0x110 offset=0x810 "
                "data=6300d17700000080 = 0\n");
    expect_line("  something else", "");
    expect("INFO dom=1\n  T1[0]=0000000077d15167\n",
           "note \" T1[0]=0000000077d15167\"\n");
}

#define BAD(saw)    "(XEN) [   11.560658] arch/x86/mm.c:2940:d1v0 " \
                    "Bad type (saw " saw " != exp 2000000000000000) for " \
                    "mfn 77d13 (pfn 00113)\n"

/* A debug build prints what it has counted, PGT_* of asm/mm.h; the lock of a
 * table in work is a use. */
static void test_frames(void **state)
{
    static const char *const rows[][2] = {
        { BAD("e400000000000001"), "type=writable count=1 pinned=0" },
        { BAD("2c00000000000004"), "type=l1 count=4 pinned=1" },
        { BAD("3c00000000000002"), "type=l1 count=1 pinned=1" },
    };
    char log[1024];

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        snprintf(log, sizeof(log), START "%s", rows[i][0]);
        import_text("t.log", log);
        assert_string_equal(error.text, "");
        assert_true(has_words(list.text[0], "options=xen_debug"));
        assert_true(has_words(list.text[list.nr - 1], "guest.frame "
                              "mfn=0x77d13 owner=1 validated=1 pfn=0x113"));
        assert_true(has_words(list.text[list.nr - 1], rows[i][1]));
    }
    /* being validated: not a state between two calls */
    import_text("t.log", START BAD("2000000000000001"));
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.frame"), 0);
    import_text("t.log", BAD("2c00000000000004") START);
    assert_string_equal(error.text, "");
    assert_int_equal(count_records("guest.frame"), 0);
}

/* The guest's words on the hypervisor's console, and once more without what
 * that puts in front. */
static void test_console(void **state)
{
    static const char once[] =
        "(d1) [   11.5] --- Xen Test Framework ---\n"
        "(d1) [   11.5] " L4_LINE "(d1) [   11.6] " MFNS
        "(XEN) [   11.7] arch/x86/mm.c:3642:d1v0 mfn 77d13 not pinned\n"
        "(d1) [   11.8] OP 002 rc=-22 EINVAL done=0 : UNPIN T1 never pinned\n"
        "(d1) no time\n";
    char log[2048];

    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        snprintf(log, sizeof(log), "%s%s", once, twice ?
                 "--- Xen Test Framework ---\n" START
                 "OP 002 rc=-22 EINVAL done=0 : UNPIN T1 never pinned\n"
                 "Test result: SUCCESS\n" : "");
        import_text("t.log", log);
        assert_string_equal(error.text, "");
        assert_int_equal(list.nr, 9);
        assert_int_equal(count_records("domain.create"), 1);
        assert_int_equal(count_records("guest.mmuext_op"), 2);
        assert_int_equal(count_records("note \"(d1) no time\""), 1);
    }
}

static void test_errors(void **state)
{
    static const char *const rows[][2] = {
        { "OP 001 rc=0 ok done=1 : PIN_L1 T1\n", "1: OP before the guest's" },
        { L4_LINE "OP 001 rc=0 ok done=1 : PIN_L1\n", "2: OP before the" },
        { "l4 va=zz\n", "1: the L4 without its address and frame" },
        { "l4 va=167000 mfn=77d67\n", "1: the L4 is not at 0x166000" },
        { "l4 va=166000 mfn=77d67\n", "1: the L4 is not at 0x166000" },
        { "l4 va=166000 mfn=166\n", "1: the L4 is not at 0x166000" },
        { "l4 va=166000 mfn=2000166\n", "1: the L4 is not at 0x166000" },
        { "INFO dom=1\n" L4_LINE, "2: a second domain" },
        { START L4_LINE, "3: a second domain" },
        { MFNS, "1: mfns without the L4" },
        { L4_LINE "mfns P=77d15\n", "2: mfns without Q" },
        { L4_LINE "mfns P=77bff\n", "2: P is not in the L4's 2 MiB" },
        { L4_LINE "mfns P=77e00\n", "2: P is not in the L4's 2 MiB" },
        { START "OP 001\n", "3: OP without its rc and done" },
        { START "OP 001 rc=0 ok done=1\n", "3: OP without its rc and done" },
        { START "OP 000 rc=0 ok done=1 : x\n", "3: OP 0 is another" },
        { START "OP 186 rc=0 ok done=1 : x\n", "3: OP 186 is another" },
        { START "OP 012 rc=0 ok done=1 : T1[0]=P RO\n", "3: OP 12 is another" },
        { START "OP 012 rc=0 ok done=1 : T1[0]=P RW 2\n", "3: OP 12 is " },
        { START "OP 184 rc=-1 EPERM done=-1 : decrease_reservation of S "
          "third\n", "3: decrease_reservation without a number" },
        { START "  T1[0]\n", "3: entries that cannot be read" },
        { START "  T1[0]=zz\n", "3: entries that cannot be read" },
        { START "  T1[512]=0\n", "3: entries that cannot be read" },
        { START "  T1[0]=12ab\n", "3: entries that cannot be read" },
        { START "  T1[0]=1 T9[0]=1\n", "3: entries that cannot be read" },
        { START "  write T1[6]=0\n", "3: the guest's access without" },
        { START "  mov from cr0\n", "3: the guest's access without" },
        { START "(XEN) Bad type (saw nothing)\n", "3: a frame's type without" },
    };
    char want[128];

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        snprintf(want, sizeof(want), "t.log:%s", rows[i][1]);
        expect_error(rows[i][0], want);
    }
}

#define PANIC   "(XEN) [    8.418789] Panic on CPU 0:\n"

/* A call without a result, because Xen had none: the model refuses it
 * (docs/FIDELITY.md, "Calls that stop a real Xen"). */
static void test_panic(void **state)
{
    (void)state;
    expect("INFO dom=1\n> vmevent 0 2\n(XEN) RIP: e008\n" PANIC,
           "note \"Panic on CPU 0:\"\n"
           "vm_event.op dom=1 mode=2 = -EIO\n");
    expect("INFO dom=1\n> msr 0x40000000 1 0\n" PANIC,
           "note \"Panic on CPU 0:\"\n"
           "monitor.mov_to_msr dom=1 msr=0x40000000 enable=1 = -EIO\n");
    expect("INFO dom=1\n> reboot\n" PANIC, "note \"Panic on CPU 0:\"\n");
    expect("INFO dom=1\n> vmevent 3 0\n"
           "CALL domctl vm_event_op(op=3,mode=0) = 0\n" PANIC,
           "vm_event.op dom=1 op=3 = 0\nnote \"Panic on CPU 0:\"\n");
    expect_error(PANIC, "t.log:1: neither SCENARIO nor INFO");
    log_reset();
    log_add("INFO dom=1\nCALL xc_monitor_get_capabilities(dom1) = 0\n"
            "  -> caps=0\n> vmevent 0 2\n" PANIC);
    expect_replay("t.log");
    log_reset();
    log_add("@@TRACE-BEGIN msrcrash\nINFO dom=1\n"
            "CALL xc_monitor_enable(dom1) = ring port=3\n"
            "> msr 0x40000000 1 0\n" PANIC);
    expect_replay("t.log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_guest),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_accesses),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_panic),
    };

    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
