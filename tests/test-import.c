/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import of logs of a real Xen: what each kind of line becomes, what the
 * guest did to raise an event (docs/TRACE-FORMAT.md, "Oracle logs"), and that
 * what is no such line is named by file and number.  The logs here are made
 * up in the recorders' formats; the events in them are such as Xen raises. */
#include "tests/import-fixture.h"

#define INTEL   "INFO dom=1\n"
#define STATE(shutdown) "STATE dying=0 shutdown=" #shutdown "(reason 2) " \
                        "paused=0 blocked=0 running=0 hvm=1 nr_pages=5 " \
                        "max_memkb=99328\n"
#define INFO_1  "domain.info dom=1 paused=0 blocked=0 running=0 shutdown=1 " \
                "reason=2 dying=0 nr_pages=5 max_kb=99328 = 0\n"

/* ---- lines ---- */

static void test_what_is_no_log(void **state)
{
    struct trace_error err = { "" };

    (void)state;
    assert_int_equal(import_oracle("none.log", &list.sink, &err), -ENOENT);
    assert_non_null(strstr(err.text, "none.log"));
    expect_error("", "t.log:1: neither SCENARIO nor INFO");
    expect_error("hello\nworld\n", "t.log:1: neither SCENARIO nor INFO");
    expect_error("hello\nCALL xc_domain_pause() = 0 errno=0\n",
                 "t.log:2: neither SCENARIO nor INFO");
    expect_error("SCENARIO init\n", "t.log:1: SCENARIO without a domid");
    expect_error("INFO nothing\n", "t.log:1: INFO without a domain");
    expect_error("INFO dom=1\n\nINFO dom=2\n", "t.log:3: a second domain, 2");
}

static void test_errors_name_the_line(void **state)
{
    static const char *const logs[][2] = {
        { "REQ 0700", "REQ is not 400 bytes" },
        { "RSP 0700", "a response is not 400 bytes" },
        { "RSPRAW 0700", "a response is not 400 bytes" },
        { "RAW 0700", "raw bytes without their EV line" },
        { "EV n=1 ver=7", "an event without its 400 raw bytes" },
        { "EV n=1 ver=7\nRAW 0700", "an event without its 400 raw bytes" },
        { "CALL xc_domain_pause()", "a call without its result" },
        { "CALL xc_domain_pause() = -1", "a failed call without its errno" },
        { "CALL xc_domain_pause() = -1 errno=0", "without its errno" },
        { "CALL xc_domain_pause() = -1 errno=EWHAT", "unknown errno EWHAT" },
        { "FOREIGN D=", "FOREIGN without a page and a value" },
        { "STATE of things", "STATE line not understood" },
        { "> peek 0x180 0xfff 2\nPEEK 0102", "PEEK runs over the end" },
    };
    char log[256];

    (void)state;
    for (unsigned int i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
        unsigned int line = strstr(logs[i][0], "PEEK") ? 4 : 3;

        snprintf(log, sizeof(log), "INFO dom=1\n\n%s\n", logs[i][0]);
        expect_error(log, NULL);
        if (strncmp(error.text, "t.log:", 6) ||
            atoi(error.text + 6) != (int)line ||
            !strstr(error.text, logs[i][1]))
            fail_msg("%s: %s", logs[i][0], error.text);
    }
}

/* Nothing is lost: what is not understood is a note. */
static void test_notes(void **state)
{
    (void)state;
    expect(INTEL
           "xl: something on the console\n"
           "# a remark\n"
           "CASE a case\n"
           "CALL xc_new_function(1, 2) = 0 errno=0\n"
           "  out x=1\n"
           "CALL xc_domain_pause(fast) = 0 errno=0\n"
           "CALL xc_monitor_enable() second time = NULL errno=EBUSY\n"
           "TOOMANY events\n"
           "PEEK 00\n"
           "the end",
           "note \"xl: something on the console\"\n"
           "note \"# a remark\"\n"
           "note \"CASE a case\"\n"
           "note \"not modelled: xc_new_function(1, 2) = 0 errno=0\"\n"
           "note \" out x=1\"\n"
           "domain.pause dom=1 = 0\n"
           "note \"not understood: fast\"\n"
           "monitor.enable dom=1 = -EBUSY\n"
           "note \"not understood: second time\"\n"
           "note \"TOOMANY events\"\n"
           "note \"PEEK 00\"\n"
           "note \"the end\"\n");
}

/* Other lines say it too, or it is the hypervisor's console: left out, even
 * between lines that belong together; lines may end in CR LF. */
static void test_what_is_left_out(void **state)
{
    (void)state;
    expect("@@TRACE-BEGIN x\r\n" INTEL
           "REQDEC reason=1\r\n"
           "RSPDEC reason=1\r\n"
           "RSP n=1 (none sent)\r\n"
           "\r\n"
           "> usleep 100\r\n"
           "EVENTS got=5 of max=5\r\n"
           "CALL xc_domain_maximum_gpfn() = 0\r\n"
           "(XEN) [    7.094937] HVM d1v0 save: CPU\r\n"
           "  -> 0xfefff\r\n"
           "@@TRACE-END x\r\n",
           "domain.max_gpfn dom=1 max_gpfn=0xfefff = 0\n");
}

/* One row a function: its arguments in both formats, its outputs. */
static void test_calls(void **state)
{
    static const char *const rows[][2] = {
        { "xc_set_mem_access(access=rx(5), gfn=0x125, nr=1) = 0 errno=0",
          "mem_access.set dom=1 access=rx gfn=0x125 nr=1 = 0\n" },
        { "xc_set_mem_access(#11,0xffffffffffffffff,0) = -1 errno=22 EINVAL",
          "mem_access.set dom=1 access=11 gfn=0xffffffffffffffff "
          "= -EINVAL\n" },
        { "xc_get_mem_access(gfn=0x9, &access) = 0 errno=0\n"
          "  out access=7(rwx)",
          "mem_access.get dom=1 gfn=0x9 access=rwx = 0\n" },
        { "xc_set_mem_access(dom=999) = -1 errno=ESRCH",
          "mem_access.set dom=999 access=n = -ESRCH\n" },
        { "xc_altp2m_change_gfn(view=1, old=0x125, new=~0) = 0 errno=0",
          "altp2m.change_gfn dom=1 view=1 old_gfn=0x125 "
          "new_gfn=0xffffffffffffffff = 0\n" },
        { "xc_altp2m_set_visibility(view=1, 1) = 0 errno=0",
          "altp2m.set_visibility dom=1 view=1 visible=1 = 0\n" },
        { "xc_monitor_enable(dom1) = ring port=3",
          "monitor.enable dom=1 port=3 = 0\n" },
        { "xc_monitor_enable(dom=0) = NULL errno=EINVAL",
          "monitor.enable = -EINVAL\n" },
        { "xenevtchn_bind_interdomain(dom1,3) = 19",
          "evtchn.bind_interdomain dom=1 port=3 local=19 = 0\n" },
        { "xc_monitor_write_ctrlreg(VM_EVENT_X86_CR4, 1, 1, 8, 1) = 0",
          "monitor.write_ctrlreg dom=1 index=cr4 enable=1 sync=1 "
          "onchangeonly=1 bitmask=0x8 = 0\n" },
        { "xc_monitor_write_ctrlreg(idx=1,en=1,sync=1,mask=0,onchange=0) = 0",
          "monitor.write_ctrlreg dom=1 index=cr3 enable=1 sync=1 = 0\n" },
        { "xc_monitor_mov_to_msr(msr=0x176,en=1,onchange=0) = -1 errno=17 "
          "EEXIST",
          "monitor.mov_to_msr dom=1 msr=0x176 enable=1 = -EEXIST\n" },
        { "xc_domain_debug_control(SINGLE_STEP_ON, vcpu=0) = 0",
          "domain.debug_control dom=1 vcpu=0 op=1 = 0\n" },
        { "xc_domain_debug_control(SINGLE_STEP_OFF, vcpu=0) = 0",
          "domain.debug_control dom=1 vcpu=0 = 0\n" },
        { "xc_hvm_inject_trap(vcpu=0, vec=3, type=6, ec=~0, len=1, "
          "cr2=pending_dbg=0) = 0",
          "hvm.inject_trap dom=1 vcpu=0 vector=3 type=6 error=0xffffffff "
          "insn_len=1 = 0\n" },
        { "xc_hvm_param_get(MONITOR_RING_PFN) = 0\n  -> 0xfeff9",
          "hvm.param_get dom=1 param=28 value=0xfeff9 = 0\n" },
        { "xc_mem_paging_enable = -1 errno=ENOSYS",
          "vm_event.op dom=1 mode=1 = -ENOSYS\n" },
        { "xc_mem_paging_disable = -1 errno=ENOSYS",
          "vm_event.op dom=1 op=1 mode=1 = -ENOSYS\n" },
        { "xc_memshr_ring_enable = -1 errno=ENOSYS",
          "vm_event.op dom=1 mode=3 = -ENOSYS\n" },
        { "domctl cmd=9999 ver=0x15 = -1 errno=38 ENOSYS",
          "domain.domctl dom=1 cmd=9999 version=0x15 = -ENOSYS\n" },
        { "domctl monitor_op(op=2,event=0) = 0\n  -> event=0x1f7b",
          "monitor.op dom=1 op=2 out=0x1f7b = 0\n" },
        { "xc_vm_event_get_version() = 7 errno=0",
          "vm_event.get_version dom=1 = 7\n" },
        { "xenevtchn_notify() = 0 errno=0",
          "evtchn.notify dom=1 port=3 = 0\n" },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char log[512];

        snprintf(log, sizeof(log), INTEL "CALL %s\n", rows[i][0]);
        expect(log, rows[i][1]);
    }
}

static void test_lists(void **state)
{
    (void)state;
    expect(INTEL
           "CALL xc_set_mem_access_multi({rx,n,7},{0x12c,0x12d,0x122},3) = 0 "
           "errno=0\n"
           "> multi rx:0x101 rw:0x102\n"
           "CALL xc_set_mem_access_multi(nr=2) = -1 errno=22 EINVAL\n"
           "> other\n"
           "CALL xc_set_mem_access_multi(nr=0) = 0 errno=0\n"
           "CALL xc_altp2m_create_view(default_access=7, &view) = 0 errno=0\n"
           "  out view=3\n"
           "CALL xc_altp2m_set_mem_access_multi(v,{5},{0x9999}) = 0 errno=0\n"
           "CALL xc_altp2m_set_supress_ve_multi(v,0x10..0x12,0) = 0 errno=0\n"
           "  out err_gfn=0x11 err=-3\n",
           "mem_access.set_multi dom=1 access=rx,n,rwx "
           "gfn=0x12c,0x12d,0x122 = 0\n"
           "mem_access.set_multi dom=1 access=rx,rw gfn=0x101,0x102 "
           "= -EINVAL\n"
           "mem_access.set_multi dom=1 = 0\n"
           "altp2m.create dom=1 access=rwx view=3 = 0\n"
           "altp2m.set_access_multi dom=1 view=3 access=rx gfn=0x9999 = 0\n"
           "altp2m.set_suppress_ve_multi dom=1 view=3 gfn=0x10 last=0x12 "
           "err_gfn=0x11 err=-ESRCH = 0\n");
}

/* What dom0 saw.  A guest that was seen shut down did so itself, once; a
 * domain that is dying was destroyed by xl. */
static void test_states(void **state)
{
    (void)state;
    expect("SCENARIO s domid=1\n"
           "RINGINFO nr_ents=8 sizeof_entry=400 sizeof_vm_event=400\n"
           "DOMINFO paused=1 blocked=0 running=0 shutdown=0 reason=3 "
           "crashed=1 dying=1\n"
           "VCPU online=1 blocked=1 running=0\n"
           "CTX rip=1043b5 rsp=11af90\n"
           "TIMEOUT waiting for event\n"
           "BUF 0102\n"
           "RES ok events=1 done=1 fault=0x80060000 r0=0x1 r1=2 r2=0 r3=0 "
           "greq_rax=0\n",
           "note \"SCENARIO s domid=1\"\n"
           "ring.state dom=1 nr_ents=8 sizeof_entry=400 = 0\n"
           "domain.pause dom=1 = 0\n"
           "domain.destroy dom=1 = 0\n"
           "domain.info dom=1 paused=1 blocked=0 running=0 shutdown=0 "
           "reason=3 crashed=1 dying=1 = 0\n"
           "vcpu.info dom=1 vcpu=0 online=1 blocked=1 running=0 = 0\n"
           "vcpu.context dom=1 vcpu=0 rip=0x1043b5 rsp=0x11af90 = 0\n"
           "client.wait dom=1 events=0 = 0\n"
           "guest.buffer dom=1 vcpu=0 data=0102 = 0\n"
           "guest.result dom=1 vcpu=0 fault=0x80060000 r0=0x1 r1=0x2 r2=0 "
           "r3=0 greq=0 = 0\n");
    expect(INTEL STATE(1) STATE(1)
           "STATE domain gone\nEVENTS got=1 of max=2\n"
           "> dom 999\nCALL xc_domain_pause() = -1 errno=3 ESRCH\n"
           "> poke 0x180 0x210 3\n> peek 0x180 0x10 2\nPEEK 0a0b\n"
           "> peek nothing\n> poke nothing\n",
           "guest.hypercall dom=1 vcpu=0 nr=29 arg1=0x2 arg2=0x2\n"
           "client.wait dom=1 events=0 = 0\n" INFO_1 INFO_1
           "domain.info dom=1 = -ESRCH\nclient.wait dom=1 events=0 = 0\n"
           "domain.pause dom=999 = -ESRCH\n"
           "memory.write dom=999 gfn=0x180 offset=0x210 data=03000000 = 0\n"
           "memory.peek dom=999 gfn=0x180 offset=0x10 data=0a0b = 0\n");
}

/* ---- the domain ---- */

static void expect_domain(const char *path, const char *log,
                          const char *words)
{
    import_text(path, log);
    if (error.text[0] || !list.nr || !has_words(list.text[0], words))
        fail_msg("%s: %s, want %s: %s", log, list.nr ? list.text[0] : "-",
                 words, error.text);
}

static void test_domain(void **state)
{
    static const char caps[] =
        "INFO dom=1\nCALL xc_monitor_get_capabilities(dom1) = 0\n"
        "  -> caps=0x%x\n";
    char log[256];

    (void)state;
    snprintf(log, sizeof(log), caps, 0x1f7f);
    expect_domain("t.log", log, "vcpus=1 ram=0x1000 altp2m=external");
    assert_null(strstr(list.text[0], "vendor=amd"));
    snprintf(log, sizeof(log), caps, 0x1f7b);
    expect_domain("t.log", log, "vendor=amd");
    expect_domain("t.log", "@@TRACE-BEGIN x\nINFO dom=1\n", "vendor=amd");
    expect_domain("t.log", "@@TRACE-BEGIN x\nINFO dom=1\n"
                  "CALL xc_set_mem_access(rx,1,1) = 0\n", "altp2m=external");
    assert_null(strstr(list.text[0], "vendor=amd"));
    snprintf(log, sizeof(log), caps, 0x90);
    expect_error(log, "t.log:1: a log of a guest on Arm");
    expect_error("INFO dom=1\nEV n=1 vcpu=0 pc=1 cpsr=1c5\n",
                 "t.log:1: a log of a guest on Arm");
    expect_domain("t.log", INTEL STATE(0), "ram=0x6000 max_pages=0x6100");
    expect_domain("t.log", "INFO dom=1\n# Linux, 96 MB: all\n",
                  "ram=0x6000");
    expect_domain("t.log", "INFO dom=1\n"
                  "CALL xc_domain_debug_control(op=1,vcpu=3) = 0\n",
                  "vcpus=4");
}

static void test_altp2m_mode(void **state)
{
    (void)state;
    expect_domain("vmx-limited-conf.log", "INFO dom=1\n", "altp2m=limited");
    expect_domain("mixed.log", "INFO dom=1\n", "altp2m=mixed");
    expect_domain("unmixed.log", "INFO dom=1\n", "altp2m=external");
    expect_domain("t.log", "INFO dom=1\nCALL xc_altp2m_set_domain_state(1) "
                  "= -1 errno=EINVAL\n", "ram=0x1000");
    assert_null(strstr(list.text[0], "external"));
    expect_domain("t.log", "SCENARIO s domid=1\n"
                  "CMD seq=1 op=26 a0=0 a1=0 a2=0\nRES ok r0=0\n",
                  "altp2m=mixed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_log),
        cmocka_unit_test(test_errors_name_the_line),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_what_is_left_out),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_domain),
        cmocka_unit_test(test_altp2m_mode),
    };

    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
