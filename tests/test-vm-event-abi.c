/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layouts of events in the releases of Xen, as their public headers have
 * them (xen/include/public/vm_event.h of 4.6, 4.8, 4.11 to 4.15): offsets,
 * both ways, and a client of each version on its ring: run, recorded, and
 * served its recording. */
#include "tests/hypercall.h"

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/wait.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/ring.h>
#include <xen/memory.h>
#include <xen/sys/evtchn.h>

#include "harness/interface.h"
#include "preload/vm_event_abi.c"

#define U           24
#define D           56
#define PAGE        4096
#define WHICH       "TEST_VERSION"      /* that the client has to see */
#define LAZY        "TEST_LAZY"         /* it does not skip CPUID */

/* Where each version has some fields; 0: nowhere. */
static const struct where {
    uint32_t size, dr6, rip, lstar, gdtr, vmtrace, fs_base, cs, shadow_gs;
    uint32_t gs_sel;
} want[8] = {
    [1] = { 312, 0, D + 144, D + 224, 0, 0, D + 232, D + 248, 0, 0 },
    [2] = { 312, 0, D + 144, D + 224, 0, 0, D + 232, D + 248, 0, 0 },
    [3] = { 312, 0, D + 144, D + 224, 0, 0, D + 232, D + 248, 0, 0 },
    [4] = { 376, D + 136, D + 152, D + 232, 0, 0, D + 256, D + 272, D + 296,
            D + 314 },
    [5] = { 384, D + 136, D + 152, D + 232, D + 240, 0, D + 264, D + 280,
            D + 304, D + 324 },
    [6] = { 384, D + 136, D + 152, D + 232, D + 240, 0, D + 264, D + 280,
            D + 304, D + 324 },
    [7] = { 400, D + 136, D + 152, D + 232, D + 240, D + 256, D + 280,
            D + 296, D + 320, D + 340 },
};

static uint64_t at(const void *slot, uint32_t offset, size_t len)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)slot + offset, len);
    return value;
}

static struct vm_event_st sample(uint32_t reason)
{
    struct vm_event_st ev = {
        .version = 7, .flags = 1, .reason = reason, .vcpu_id = 2,
        .altp2m_idx = 3,
    };
    struct vm_event_regs_x86 *r = &ev.data.regs.x86;

    for (uint64_t *p = &r->rax; p <= &r->vmtrace_pos; p++)
        *p = 0x1000 + (p - &r->rax);
    r->fs_base = 0x2000;
    r->gs_base = 0x2001;
    r->cs = (struct vm_event_x86_selector_reg){ 0xfffff, 0xa9b };
    r->shadow_gs = 0x2002;
    r->gs_sel = 0x2b;
    return ev;
}

static void test_registers(void **state)
{
    struct vm_event_st ev = sample(VM_EVENT_REASON_MEM_ACCESS), back;
    unsigned char slot[400];

    (void)state;
    ev.u.mem_access.gfn = 0x123;
    ev.u.mem_access.flags = MEM_ACCESS_W;
    for (unsigned int v = 1; v <= 7; v++) {
        const struct where *w = &want[v];

        assert_int_equal(vm_event_size(v), w->size);
        vm_event_encode(v, &ev, slot);
        assert_int_equal(at(slot, 0, 4), v);
        assert_int_equal(at(slot, 8, 4), VM_EVENT_REASON_MEM_ACCESS);
        assert_int_equal(at(slot, 16, 2), 3);
        assert_int_equal(at(slot, U, 8), 0x123);
        assert_int_equal(at(slot, U + 24, 4), MEM_ACCESS_W);
        assert_int_equal(at(slot, D, 8), 0x1000);
        assert_int_equal(at(slot, D + 128, 8), 0x1010);         /* rflags */
        if (w->dr6)
            assert_int_equal(at(slot, w->dr6, 8), 0x1011);
        assert_int_equal(at(slot, w->rip, 8), 0x1013);
        assert_int_equal(at(slot, w->lstar, 8), 0x101d);
        if (w->gdtr)
            assert_int_equal(at(slot, w->gdtr, 8), 0x101e);
        if (w->vmtrace)
            assert_int_equal(at(slot, w->vmtrace, 8), 0x1020);
        assert_int_equal(at(slot, w->fs_base, 8), 0x2000);
        assert_int_equal(at(slot, w->fs_base + 8, 8), 0x2001);
        assert_int_equal(at(slot, w->cs, 4), v < 4 ? 0xa9b : 0xa9bfffff);
        if (w->shadow_gs)
            assert_int_equal(at(slot, w->shadow_gs, 8), 0x2002);
        if (w->gs_sel)
            assert_int_equal(at(slot, w->gs_sel, 2), 0x2b);
        vm_event_decode(v, slot, &back);
        assert_int_equal(back.version, 7);
        assert_memory_equal(&back.u, &ev.u, sizeof(ev.u));
        assert_int_equal(back.data.regs.x86.rip, 0x1013);
        assert_int_equal(back.data.regs.x86.r15, 0x100f);
    }
}

/* 4.11: the old value of an MSR; 4.8: a breakpoint's length and type; 4.14:
 * pending_dbg before them. */
static void test_unions(void **state)
{
    struct vm_event_st msr = sample(VM_EVENT_REASON_MOV_TO_MSR);
    struct vm_event_st debug = sample(VM_EVENT_REASON_DEBUG_EXCEPTION);
    struct vm_event_st back;
    unsigned char slot[400];

    (void)state;
    msr.u.mov_to_msr.msr = 0x10;
    msr.u.mov_to_msr.new_value = 0x11;
    msr.u.mov_to_msr.old_value = 0x12;
    debug.u.debug_exception.gfn = 0x20;
    debug.u.debug_exception.pending_dbg = 0x21;
    debug.u.debug_exception.insn_length = 0x22;
    debug.u.debug_exception.type = 0x23;
    for (unsigned int v = 1; v <= 7; v++) {
        uint32_t len = v < 6 ? U + 8 : U + 16;

        vm_event_encode(v, &msr, slot);
        assert_int_equal(at(slot, U, 8), 0x10);
        assert_int_equal(at(slot, U + 8, 8), 0x11);
        assert_int_equal(at(slot, U + 16, 8), v < 3 ? 0 : 0x12);
        vm_event_encode(v, &debug, slot);
        assert_int_equal(at(slot, U, 8), 0x20);
        assert_int_equal(at(slot, len, 4), 0x22);
        assert_int_equal(at(slot, len + 4, 1), 0x23);
        if (v >= 6)
            assert_int_equal(at(slot, U + 8, 8), 0x21);
        vm_event_decode(v, slot, &back);
        assert_int_equal(back.u.debug_exception.insn_length, 0x22);
        debug.reason = VM_EVENT_REASON_SOFTWARE_BREAKPOINT;
        vm_event_encode(v, &debug, slot);
        assert_int_equal(at(slot, len, 4), v == 1 ? 0 : 0x22);
        debug.reason = VM_EVENT_REASON_DEBUG_EXCEPTION;
    }
}

/* A response that is of another version, or brings data. */
static void test_responses(void **state)
{
    struct vm_event_st ev;
    unsigned char slot[400] = { 0 };

    (void)state;
    for (unsigned int v = 1; v <= 7; v++) {
        slot[0] = v + 1;
        vm_event_decode(v, slot, &ev);
        assert_int_equal(ev.version, 0);
        slot[0] = v;
        slot[4] = VM_EVENT_FLAG_SET_EMUL_READ_DATA;
        slot[D] = 8;
        slot[D + 4] = 0x5a;
        slot[want[v].size - 1] = 0x5b;
        vm_event_decode(v, slot, &ev);
        assert_int_equal(ev.version, 7);
        assert_int_equal(ev.data.emul.read.size, 8);
        assert_int_equal(ev.data.emul.read.data[0], 0x5a);
        slot[want[v].size - 1] = 0;
        slot[4] = 0;
    }
}

/* ---- a client, which knows only its own version ---- */

static uint32_t ring_gfn(void)
{
    struct xen_hvm_param p = { .domid = 1,
                               .index = HVM_PARAM_MONITOR_RING_PFN };

    assert_int_equal(hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param,
                               (uintptr_t)&p, 0), 0);
    return p.value;
}

static char *map_ring(void)
{
    xen_pfn_t gfn = ring_gfn();
    int err = 0;
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      privcmd(), 0);
    struct privcmd_mmapbatch_v2 b = { 1, 1, (uintptr_t)page, &gfn, &err };

    assert_true(page != MAP_FAILED);
    assert_int_equal(ioctl(privcmd(), IOCTL_PRIVCMD_MMAPBATCH_V2, &b), 0);
    assert_int_equal(err, 0);
    return page;
}

static uint32_t vm_event(uint32_t op)
{
    struct xen_domctl d = { .u.vm_event_op = {
        .op = op, .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR } };

    assert_int_equal(domctl(XEN_DOMCTL_vm_event_op, 1, &d), 0);
    return d.u.vm_event_op.u.version;   /* or the port */
}

static void monitor(uint32_t event)
{
    struct xen_domctl d = { .u.monitor_op = {
        .op = XEN_DOMCTL_MONITOR_OP_ENABLE, .event = event } };

    assert_int_equal(domctl(XEN_DOMCTL_monitor_op, 1, &d), 0);
}

/* CPUID and INT3 of the default guest's loop, more than the ring has slots:
 * each in the slot where its version has it, and answered there. */
static void test_client(void **state)
{
    unsigned int v = (unsigned int)atoi(getenv(WHICH));
    char *page = map_ring();
    struct vm_event_sring *ring = (void *)page;
    struct ioctl_evtchn_bind_interdomain bind = { 1, 0 };
    int fd = open("/dev/xen/evtchn", O_RDWR), port;
    struct ioctl_evtchn_notify notify;
    struct pollfd wait = { fd, POLLIN, 0 };
    unsigned int seen[32] = { 0 };

    (void)state;
    assert_int_equal(vm_event(XEN_VM_EVENT_GET_VERSION), v);
    bind.remote_port = vm_event(XEN_VM_EVENT_ENABLE);
    ring->req_prod = ring->rsp_prod = 0;
    ring->req_event = ring->rsp_event = 1;
    port = ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
    assert_true(port > 0);
    monitor(XEN_DOMCTL_MONITOR_EVENT_CPUID);
    monitor(XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT);
    for (uint32_t cons = 0; cons < 20; cons++) {
        char *slot = page + 64 + cons % 8 * want[v].size;
        uint32_t reason, pending;

        while (ring->req_prod == cons) {
            assert_int_equal(poll(&wait, 1, 1000), 1);
            assert_int_equal(read(fd, &pending, 4), 4);
            assert_int_equal(write(fd, &pending, 4), 4);
        }
        assert_int_equal(at(slot, 0, 4), v);
        reason = at(slot, 8, 4);
        seen[reason % 32]++;
        assert_true(at(slot, want[v].rip, 8) != 0);
        /* skip the instruction */
        if (reason == VM_EVENT_REASON_CPUID)
            *(uint64_t *)(slot + want[v].rip) += getenv(LAZY) ? 0 :
                at(slot, U, 4);
        else
            *(uint64_t *)(slot + want[v].rip) += 1;
        *(uint32_t *)(slot + 4) |= VM_EVENT_FLAG_SET_REGISTERS;
        ring->rsp_prod = cons + 1;
        notify.port = port;
        assert_int_equal(ioctl(fd, IOCTL_EVTCHN_NOTIFY, &notify), 0);
        assert_int_equal(ring->rsp_event, cons + 2);
    }
    assert_true(seen[VM_EVENT_REASON_CPUID] > 4);
    assert_true(seen[VM_EVENT_REASON_SOFTWARE_BREAKPOINT] > 4);
    vm_event(XEN_VM_EVENT_DISABLE);
    munmap(page, PAGE);
    close(fd);
}

static int client(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_client) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Its exit status; the output goes to "out". */
static int xenreel(const char *a, const char *b, const char *c,
                   const char *d, const char *e, const char *f)
{
    const char *xenreel = getenv("XENREEL");
    int status = 0;
    pid_t pid = fork();

    if (!pid) {
        if (!freopen("out", "w", stdout))
            _exit(99);
        execlp(xenreel ? xenreel : "./xenreel", "xenreel", a, b, c, d, e, f,
               NULL);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static bool output_has(const char *text)
{
    char line[256];
    FILE *in = fopen("out", "r");
    bool has = false;

    while (in && fgets(line, sizeof(line), in))
        has |= strstr(line, text) != NULL;
    if (in)
        fclose(in);
    return has;
}

static char self[PATH_MAX];

static void test_recorded_and_served(void **state)
{
    char run[8], saw[64];

    (void)state;
    for (unsigned int v = 1; v <= 7; v++) {
        snprintf(run, sizeof(run), "-v%u", v);
        setenv(WHICH, run + 2, 1);
        assert_int_equal(xenreel("run", run, "-fot.xrt", "--", self,
                                 NULL), 0);
        /* the trace is of version 7, and the model's */
        assert_int_equal(xenreel("replay", "t.xrt", NULL, NULL, NULL, NULL),
                         0);
        assert_int_equal(xenreel("info", "t.xrt", NULL, NULL, NULL, NULL), 0);
        snprintf(saw, sizeof(saw), ", vm_event ABI %u", v);
        assert_int_equal(output_has(saw), v != 7 ||
                         XEN_DOMCTL_INTERFACE_VERSION != DOMCTL_VERSION);
        assert_int_equal(xenreel("replay", "t.xrt", "--", self, NULL, NULL),
                         0);
        assert_true(output_has(": ok"));
        setenv(LAZY, "1", 1);
        assert_int_equal(xenreel("replay", "t.xrt", "--", self, NULL, NULL),
                         1);
        unsetenv(LAZY);
        assert_true(output_has("the client gave another rip"));
    }
}

static int in_new_folder(void **state)
{
    static char name[] = "/tmp/xenreel-abi-XXXXXX";

    (void)state;
    return !mkdtemp(name) || chdir(name);
}

static int remove_folder(void **state)
{
    char name[64];

    (void)state;
    unlink("t.xrt");
    unlink("out");
    return !getcwd(name, sizeof(name)) || chdir("/") || rmdir(name);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_unions),
        cmocka_unit_test(test_responses),
        cmocka_unit_test_setup_teardown(test_recorded_and_served,
                                        in_new_folder, remove_folder),
    };

    (void)argc;
    if (getenv(WHICH))
        return client();
    if (!realpath(argv[0], self))
        return 99;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
