/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring: slots and who waits for them, responses of every kind, teardown
 * at bad moments, a client that scribbles. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/private.h"

#define DOM     1u
#define PAUSED  VM_EVENT_FLAG_VCPU_PAUSED
#define READ    VM_EVENT_FLAG_SET_EMUL_READ_DATA
#define INSN    VM_EVENT_FLAG_SET_EMUL_INSN_DATA
#define TOGGLE  VM_EVENT_FLAG_TOGGLE_SINGLESTEP
#define FAST    VM_EVENT_FLAG_FAST_SINGLESTEP
#define RING_GFN 0xfeff9u       /* svm/err-common.log */

struct env {
    struct hv *hv;
    struct sim *sim;
    struct sim_domain *d;
    struct sim_vcpu *v;         /* all of them */
    vm_event_sring_t *sring;
    uint32_t rsp_prod;
};

static void ring_up(struct env *e)
{
    struct args_port port = { .dom = DOM };

    assert_int_equal(hv_call(e->hv, OP_MONITOR_ENABLE, &port), 0);
    assert_int_equal(port.out, 3);
    e->sring = hv_ring(e->hv, DOM);
    assert_non_null(e->sring);
    assert_int_equal(e->sring->req_prod, 0);
    e->rsp_prod = 0;
}

static struct env start(uint32_t vendor, uint32_t vcpus)
{
    struct env e = { .hv = sim_open(NULL) };
    struct args_create c;

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, 16, vcpus);
    c.vendor = vendor;
    if (vendor == VENDOR_AMD)
        c.altp2m = 0;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    e.sim = (struct sim *)e.hv;
    e.d = sim_find(e.sim, DOM);
    assert_non_null(e.d);
    e.v = e.d->vcpus;
    e.d->pause_count = 0;
    ring_up(&e);
    return e;
}

static int call(struct env *e, enum hv_op op)
{
    struct args_dom a = { .dom = DOM };

    return hv_call(e->hv, op, &a);
}

/* vCPU ID raises an event, as the guest's own doing. */
static int raise(struct env *e, uint32_t id, bool sync)
{
    struct vm_event_st req = { .reason = VM_EVENT_REASON_GUEST_REQUEST };

    e->sim->current = e->d;
    return monitor_traps(&e->v[id], sync, &req);
}

static bool go_on(struct env *e, uint32_t id)
{
    e->sim->current = e->d;
    return ring_continue(&e->v[id]);
}

static struct vm_event_st *request(struct env *e, uint32_t index)
{
    return &e->sring->ring[index & 7].req;
}

/* A response for vCPU ID on the ring, not yet notified. */
static struct vm_event_st *respond(struct env *e, uint32_t id, uint32_t flags)
{
    struct vm_event_st *rsp = &e->sring->ring[e->rsp_prod & 7].rsp;

    memset(rsp, 0, sizeof *rsp);
    rsp->version = VM_EVENT_INTERFACE_VERSION;
    rsp->vcpu_id = id;
    rsp->flags = flags;
    e->sring->rsp_prod = ++e->rsp_prod;
    return rsp;
}

static void answer(struct env *e, uint32_t id, uint32_t flags)
{
    respond(e, id, flags);
    assert_int_equal(call(e, OP_MONITOR_RESUME), 0);
}

/* common/monitor.c:monitor_traps, x86/vm_event.c:vm_event_fill_regs;
 * vmx/external-mon.log (sync 1, async 0), svm/x86-06-msr.log (npt_base 0,
 * vmtrace_pos ~0) */
static void test_request(void **state)
{
    struct env e = start(VENDOR_INTEL, 4);
    struct vm_event_st *req;

    (void)state;
    e.v[1].regs.rip = 0x104027;
    e.v[1].regs.npt_base = 5;
    assert_int_equal(raise(&e, 1, true), 1);
    req = request(&e, 0);
    assert_int_equal(req->version, 7);
    assert_int_equal(req->vcpu_id, 1);
    assert_int_equal(req->flags, VM_EVENT_FLAG_VCPU_PAUSED);
    assert_int_equal(req->altp2m_idx, 0);
    assert_int_equal(req->data.regs.x86.rip, 0x104027);
    assert_int_equal(req->data.regs.x86.npt_base, 0);
    assert_true(req->data.regs.x86.vmtrace_pos == ~0ull);
    assert_true(e.v[1].ve.sync_event);
    assert_false(vcpu_runnable(&e.v[1]));
    e.d->altp2m_active = true;
    e.v[2].view = 3;
    assert_int_equal(raise(&e, 2, false), 0);
    req = request(&e, 1);
    assert_int_equal(req->flags, VM_EVENT_FLAG_ALTERNATE_P2M);
    assert_int_equal(req->altp2m_idx, 3);
    e.d->altp2m_active = false;
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_int_equal(raise(&e, 0, true), 0);
    hv_close(e.hv);
}

/* Ten vCPUs, eight slots (case 3, Xen 7f8445d967): the last two sleep, are
 * woken first come first served, and put their requests when they run.
 * common/vm_event.c:vm_event_wait_slot, vm_event_wake_queued; disabling is
 * EBUSY meanwhile but clears the toggles, vm_event_domctl.  One that was
 * woken finds the ring gone. */
static void test_more_vcpus_than_slots(void **state)
{
    struct env e = start(VENDOR_INTEL, 10);
    uint32_t i;

    (void)state;
    for (i = 10; i-- > 0;)
        assert_int_equal(raise(&e, i, true), 1);
    assert_int_equal(e.sring->req_prod, 8);
    assert_true(e.v[0].wait_slot && e.v[1].wait_slot);
    assert_int_equal(raise(&e, 0, true), -EBUSY);
    e.d->monitor.cpuid = true;
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), -EBUSY);
    assert_false(e.d->monitor.cpuid);
    assert_true(ring_on(e.d));

    answer(&e, 9, PAUSED);
    assert_true(e.v[1].wait_put && e.v[0].wait_slot);
    assert_true(vcpu_runnable(&e.v[9]) && vcpu_runnable(&e.v[1]));
    assert_int_equal(raise(&e, 9, true), 1);    /* faster than vCPU 1 */
    assert_false(go_on(&e, 1));                 /* behind vCPU 0 now */
    assert_int_equal(e.d->ring.nr_waiting, 2);
    respond(&e, 8, PAUSED);
    answer(&e, 7, PAUSED);
    assert_true(e.v[0].wait_put && e.v[1].wait_put);
    assert_false(go_on(&e, 0));
    assert_int_equal(request(&e, 9)->vcpu_id, 0);
    assert_int_equal(request(&e, 9)->flags, VM_EVENT_FLAG_VCPU_PAUSED);
    assert_int_equal(e.v[0].vm_event_pause_count, 1);
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_true(go_on(&e, 1));                  /* and without any event */
    assert_int_equal(e.v[1].vm_event_pause_count, 0);
    hv_close(e.hv);
}

/* Which vCPUs are. */
static uint32_t blocked(const struct env *e)
{
    uint32_t i, set = 0;

    for (i = 0; i < e->d->config.vcpus; i++)
        set |= (uint32_t)e->v[i].ring_blocked << i;
    assert_int_equal(e->d->ring.blocked, __builtin_popcount(set));
    return set;
}

/* An asynchronous event leaves less than a slot for each vCPU: its vCPU is
 * blocked; they are woken round robin from behind the last one (Xen
 * 928f59868c).  common/vm_event.c:vm_event_put_request,
 * vm_event_wake_blocked */
static void test_blocked(void **state)
{
    struct env e = start(VENDOR_INTEL, 4);
    uint32_t i;

    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(raise(&e, 0, false), 0);
    assert_false(e.v[0].ring_blocked);          /* four left for four */
    for (i = 0; i < 4; i++)
        raise(&e, i, false);    /* each wakes the one before, if it can */
    assert_int_equal(blocked(&e), 0xc);
    answer(&e, 0, 0);
    assert_int_equal(blocked(&e), 0x8);
    answer(&e, 0, 0);
    assert_int_equal(blocked(&e), 0);
    raise(&e, 0, false);
    raise(&e, 1, false);
    assert_int_equal(blocked(&e), 0x3);
    answer(&e, 0, 0);           /* last was 3 */
    assert_int_equal(blocked(&e), 0x2);
    raise(&e, 0, false);
    assert_int_equal(blocked(&e), 0x3);
    answer(&e, 0, 0);           /* not 0 again */
    assert_int_equal(blocked(&e), 0x1);
    raise(&e, 2, true);         /* paused by the event: not blocked too */
    assert_int_equal(blocked(&e), 0x1);
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_int_equal(blocked(&e), 0);
    hv_close(e.hv);
}

/* An event on behalf of dom0's own doing: FOREIGN, never asleep, never
 * blocked.  common/vm_event.c:__vm_event_claim_slot, vm_event_put_request */
static void test_foreign(void **state)
{
    struct env e = start(VENDOR_INTEL, 1);
    struct vm_event_st req = { .reason = VM_EVENT_REASON_MEM_ACCESS };
    uint32_t i;

    (void)state;
    for (i = 0; i < 8; i++)
        assert_int_equal(monitor_traps(&e.v[0], false, &req), 0);
    assert_int_equal(request(&e, 7)->flags, VM_EVENT_FLAG_FOREIGN);
    assert_int_equal(monitor_traps(&e.v[0], true, &req), -EBUSY);
    assert_true(vcpu_runnable(&e.v[0]));
    assert_int_equal(e.d->ring.foreign_producers, 0);
    hv_close(e.hv);
}

/* Responses that do not release: wrong version, unknown vCPU, no PAUSED
 * flag (observed.md); doubled ones are refused by the pause count (case 4,
 * Xen 4481335590).  common/vm_event.c:vm_event_resume,
 * vm_event_vcpu_unpause */
static void test_bad_responses(void **state)
{
    struct env e = start(VENDOR_INTEL, 2);

    (void)state;
    raise(&e, 0, true);
    respond(&e, 0, PAUSED)->version = 6;
    answer(&e, 2, PAUSED);
    answer(&e, ~0u, PAUSED);
    answer(&e, 0, VM_EVENT_FLAG_SET_REGISTERS);
    assert_int_equal(e.v[0].vm_event_pause_count, 1);
    assert_true(e.v[0].ve.set_gprs);
    respond(&e, 0, PAUSED);
    respond(&e, 0, PAUSED | TOGGLE);
    answer(&e, 1, PAUSED | VM_EVENT_FLAG_GET_NEXT_INTERRUPT);
    assert_true(vcpu_runnable(&e.v[0]) && vcpu_runnable(&e.v[1]));
    assert_false(e.v[0].single_step || e.v[1].next_interrupt);
    assert_int_equal(e.d->ring.rsp_cons, 7);
    assert_int_equal(e.sring->rsp_event, 8);
    raise(&e, 0, true);
    answer(&e, 0, PAUSED | VM_EVENT_FLAG_GET_NEXT_INTERRUPT);
    assert_true(e.v[0].next_interrupt && vcpu_runnable(&e.v[0]));
    hv_close(e.hv);
}

/* Emulation is armed by reason and flags: x86/vm_event.c:
 * vm_event_emulate_check.  A later response without EMULATE disarms it. */
static void test_emulate(void **state)
{
    static const struct {
        uint32_t reason, flags;
        bool armed;
        uint32_t read, insn;
    } rows[] = {
        { VM_EVENT_REASON_SOFTWARE_BREAKPOINT, 0, false, 0, 0 },
        { VM_EVENT_REASON_SOFTWARE_BREAKPOINT, INSN, true, 0, 0x78 },
        { VM_EVENT_REASON_DESCRIPTOR_ACCESS, 0, true, 0, 0 },
        { VM_EVENT_REASON_DESCRIPTOR_ACCESS, READ, true, 0x12345678, 0 },
        { VM_EVENT_REASON_CPUID, INSN, false, 0, 0 },
        { 99, 0, false, 0, 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct env e = start(VENDOR_INTEL, 1);
        struct vcpu_vm_event *ve = &e.v[0].ve;
        struct vm_event_st *rsp;

        raise(&e, 0, true);
        rsp = respond(&e, 0, PAUSED | VM_EVENT_FLAG_EMULATE | rows[i].flags);
        rsp->reason = rows[i].reason;
        rsp->data.emul.read.size = 0x12345678;
        assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
        assert_int_equal(ve->emulate_flags, rows[i].armed ?
                         (rows[i].flags | VM_EVENT_FLAG_EMULATE | PAUSED) : 0);
        assert_int_equal(ve->read.size, rows[i].read);
        assert_int_equal(ve->insn.data[0], rows[i].insn);
        raise(&e, 0, true);
        answer(&e, 0, PAUSED);
        assert_int_equal(ve->emulate_flags, 0);
        hv_close(e.hv);
    }
}

/* x86/vm_event.c:vm_event_register_write_resume: what is dropped depends on
 * the response's reason and index ("cr4 DENY, u not copied",
 * vmx/external-mon.log). */
static void test_deny(void **state)
{
    struct env e = start(VENDOR_INTEL, 1);
    struct vcpu_vm_event *ve = &e.v[0].ve;
    struct vm_event_st *rsp;
    uint32_t index;

    (void)state;
    ve->write.cr0 = ve->write.cr3 = ve->write.cr4 = ve->write.msr = true;
    raise(&e, 0, true);
    answer(&e, 0, VM_EVENT_FLAG_DENY);
    assert_true(ve->write.cr0 && ve->write.msr);
    for (index = VM_EVENT_X86_CR0; index <= VM_EVENT_X86_XCR0; index++) {
        rsp = respond(&e, 0, VM_EVENT_FLAG_DENY);
        rsp->reason = VM_EVENT_REASON_WRITE_CTRLREG;
        rsp->u.write_ctrlreg.index = index;
        assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
        assert_false(ve->write.cr0);
        assert_int_equal(ve->write.cr3, index < VM_EVENT_X86_CR3);
        assert_int_equal(ve->write.cr4, index < VM_EVENT_X86_CR4);
    }
    rsp = respond(&e, 0, PAUSED | VM_EVENT_FLAG_DENY);
    rsp->reason = VM_EVENT_REASON_MOV_TO_MSR;
    assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
    assert_false(ve->write.msr);
    assert_true(vcpu_runnable(&e.v[0]));
    hv_close(e.hv);
}

/* hvm/hvm.c:hvm_toggle_singlestep, hvm_fast_singlestep: TOGGLE wins, views
 * are checked, nothing happens on AMD (no monitor trap flag). */
static void test_single_step(void **state)
{
    static const struct {
        uint32_t vendor, flags;
        uint16_t view;
        bool step, fast;
    } rows[] = {
        { VENDOR_INTEL, TOGGLE, 0, true, false },
        { VENDOR_INTEL, FAST, 9, true, true },
        { VENDOR_INTEL, FAST, 10, false, false },
        { VENDOR_INTEL, FAST | TOGGLE, 1, true, false },
        { VENDOR_AMD, TOGGLE, 0, false, false },
        { VENDOR_AMD, FAST, 1, false, false },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct env e = start(rows[i].vendor, 1);

        raise(&e, 0, true);
        respond(&e, 0, rows[i].flags)->u.fast_singlestep.p2midx =
            rows[i].view;
        assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
        assert_int_equal(e.v[0].single_step, rows[i].step);
        assert_int_equal(e.v[0].fast_step, rows[i].fast);
        assert_int_equal(e.v[0].fast_step_view, rows[i].fast ? 9 : 0);
        hv_close(e.hv);
    }
}

/* Disabling with a response outstanding (case 1, Xen 985ba41f66) frees what
 * earlier responses asked for, and leaves the vCPU paused (observed.md); a
 * late answer on the next ring releases it. A single step goes on (case 6).
 * common/vm_event.c:vm_event_disable, x86/vm_event.c */
static void test_disable_outstanding(void **state)
{
    struct env e = start(VENDOR_INTEL, 2);

    (void)state;
    raise(&e, 0, true);
    raise(&e, 1, true);
    answer(&e, 1, PAUSED | VM_EVENT_FLAG_SET_REGISTERS | TOGGLE);
    assert_true(e.v[1].ve.set_gprs);
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_false(e.d->vm_event_state);
    assert_true(!e.v[1].ve.set_gprs && e.v[1].single_step);
    assert_false(vcpu_runnable(&e.v[0]));
    assert_true(vcpu_runnable(&e.v[1]));
    assert_null(hv_ring(e.hv, DOM));
    ring_up(&e);
    answer(&e, 0, PAUSED);
    assert_int_equal(e.v[0].vm_event_pause_count, 0);
    hv_close(e.hv);
}

/* Events still queued when the ring goes (case 5) are gone with it: the next
 * ring is a new page.  A second enable is EBUSY but populates the ring's
 * gfn: tools/libs/ctrl/xc_vm_event.c:xc_vm_event_enable */
static void test_page(void **state)
{
    struct env e = start(VENDOR_INTEL, 1);
    struct args_port port = { .dom = DOM };
    struct args_vm_event_op raw = { .dom = DOM, .op = 0, .mode = 2 };
    struct p2m_entry entry;
    uint64_t pages = e.d->nr_pages;

    (void)state;
    p2m_get(&e.d->host, RING_GFN, &entry);
    assert_true(entry.mfn == INVALID_MFN);
    raise(&e, 0, false);
    raise(&e, 0, false);
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), -EBUSY);
    assert_int_equal(e.d->nr_pages, pages + 1);
    assert_int_equal(e.sring->req_prod, 2);
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_int_equal(e.d->nr_pages, pages);
    ring_up(&e);
    assert_int_equal(e.d->nr_pages, pages);
    assert_int_equal(call(&e, OP_MONITOR_DISABLE), 0);
    assert_int_equal(e.d->nr_pages, pages - 1);
    assert_int_equal(hv_call(e.hv, OP_VM_EVENT_OP, &raw), -EINVAL);
    ring_up(&e);
    e.d->max_pages = pages;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), -EBUSY);
    port.dom = 0;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), -EINVAL);
    port.dom = 999;
    assert_int_equal(hv_call(e.hv, OP_MONITOR_ENABLE, &port), -ESRCH);
    hv_close(e.hv);
}

/* Whatever the client writes into the page, every call comes back and the
 * accounts stay in order; rsp_prod is where Xen would have stopped. */
static void test_scribbled(void **state)
{
    struct env e = start(VENDOR_INTEL, 12);
    struct args_ring a = { .dom = DOM };
    unsigned int seed = 1, i, k;

    (void)state;
    e.sring->rsp_prod = 0x7fffffff;
    assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
    assert_int_equal(e.d->ring.rsp_cons, 0x7fffffff);
    for (i = 0; i < 4000; i++) {
        unsigned char *page = (unsigned char *)e.sring;

        for (k = 0; k < 64; k++)
            page[rand_r(&seed) % PAGE_SIZE] = (unsigned char)rand_r(&seed);
        if (i & 1)
            e.sring->rsp_prod = e.d->ring.rsp_cons + rand_r(&seed) % 20;
        for (k = 0; k < 8; k++) {
            e.sring->ring[k].rsp.version = 7;
            e.sring->ring[k].rsp.vcpu_id = rand_r(&seed) % 13;
        }
        assert_int_equal(call(&e, OP_MONITOR_RESUME), 0);
        assert_int_equal(e.d->ring.rsp_cons, e.sring->rsp_prod);
        k = rand_r(&seed) % 12;
        if (e.v[k].wait_put)
            go_on(&e, k);
        else if (vcpu_runnable(&e.v[k]))
            raise(&e, k, i & 2);
        assert_true(e.d->ring.nr_waiting <= 12 && e.d->ring.blocked <= 12);
        assert_int_equal(hv_call(e.hv, OP_RING_STATE, &a), 0);
        assert_int_equal(a.nr_ents, 8);
        assert_int_equal(a.sizeof_entry, 400);
    }
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_more_vcpus_than_slots),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_bad_responses),
        cmocka_unit_test(test_emulate),
        cmocka_unit_test(test_deny),
        cmocka_unit_test(test_single_step),
        cmocka_unit_test(test_disable_outstanding),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_scribbled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
