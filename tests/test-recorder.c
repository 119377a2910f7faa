/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recorder (harness/recorder.h): what is recorded, when, and in which
 * order; what is written into mapped pages; a sink that fails; indices that
 * are scribbled over.  That it changes no answer: test-conformance.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/recorder.h"
#include "harness/ring.h"
#include "sim/sim.h"
#include "tests/lines.h"

#define DOM     1u

struct env {
    struct hv *sim;
    struct hv *hv;              /* the recorder around it */
    struct printed trace;
    struct ring_client ring;    /* the client's */
};

/* A domain with its ring set up; guest requests are monitored. */
static void ring_up(struct env *e, uint32_t dom)
{
    struct args_create create;
    struct args_port port = { .dom = dom };
    struct args_enable_sync sync = { .dom = dom, .enable = 1, .sync = 1 };
    struct args_dom unpause = { .dom = dom };

    sim_default_domain(&create, dom, 16, 2);
    assert_int_equal(hv_call(e->hv, OP_DOMAIN_CREATE, &create), 0);
    assert_null(hv_ring(e->hv, dom));
    assert_int_equal(hv_call(e->hv, OP_MONITOR_ENABLE, &port), 0);
    assert_non_null(hv_ring(e->hv, dom));
    ring_init(&e->ring, hv_ring(e->hv, dom));
    assert_int_equal(hv_call(e->hv, OP_MONITOR_GUEST_REQUEST, &sync), 0);
    assert_int_equal(hv_call(e->hv, OP_DOMAIN_UNPAUSE, &unpause), 0);
}

static int start(void **state)
{
    struct env *e = calloc(1, sizeof(*e));

    printed_start(&e->trace);
    e->sim = sim_open(NULL);
    e->hv = recorder_open(e->sim, &e->trace.sink);
    assert_non_null(e->hv);
    *state = e;
    return 0;
}

static int stop(void **state)
{
    struct env *e = *state;

    hv_close(e->hv);
    free((char *)printed_end(&e->trace));
    free(e);
    return 0;
}

/* vCPU VCPU asks, and the client waits: how many events there are. */
static uint64_t request(struct env *e, uint32_t vcpu)
{
    struct args_guest guest = { .dom = DOM, .vcpu = vcpu };
    struct args_u64 wait = { .dom = DOM };

    assert_int_equal(hv_call(e->hv, OP_GUEST_REQUEST, &guest), 0);
    assert_int_equal(hv_call(e->hv, OP_CLIENT_WAIT, &wait), 0);
    return wait.value;
}

static void respond(struct env *e, uint32_t vcpu)
{
    struct vm_event_st rsp = {
        .version = VM_EVENT_INTERFACE_VERSION, .vcpu_id = vcpu,
        .flags = VM_EVENT_FLAG_VCPU_PAUSED,
        .reason = VM_EVENT_REASON_GUEST_REQUEST,
    };

    ring_put(&e->ring, hv_ring(e->hv, DOM), &rsp);
}

/* An operation of struct args_dom or args_port. */
static int call(struct env *e, enum hv_op op)
{
    struct args_port a = { .dom = DOM };

    return hv_call(e->hv, op, &a);
}

/* The recording's lines are these operations, in this order. */
static void recorded(struct env *e, const char *const *names)
{
    const char *line;

    fflush(e->trace.out);
    line = e->trace.text;
    for (; *names; names++) {
        const char *at = strchr(line, ' ');

        assert_non_null(at);
        if (strncmp(at + 2, *names, strlen(*names)))
            fail_msg("not %s: %.60s", *names, line);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
}

/* A call behind its answer; requests behind the wait; responses in front of
 * what has them taken: notify, or resume. */
static void test_order(void **state)
{
    struct env *e = *state;
    struct args_port port = { .dom = DOM, .port = 3 };

    ring_up(e, DOM);
    assert_int_equal(hv_call(e->hv, OP_EVTCHN_BIND, &port), 0);
    request(e, 0);
    respond(e, 0);
    assert_int_equal(hv_call(e->hv, OP_EVTCHN_NOTIFY, &port), 0);
    request(e, 0);
    respond(e, 0);
    assert_int_equal(call(e, OP_MONITOR_RESUME), 0);
    recorded(e, (const char *const[]){
        "domain.create", "monitor.enable", "monitor.guest_request",
        "domain.unpause", "evtchn.bind_interdomain", "guest.request",
        "client.wait", "event guest_request", "respond guest_request",
        "evtchn.notify", "guest.request", "client.wait",
        "event guest_request", "respond guest_request", "monitor.resume",
        NULL });
    assert_int_equal(recorder_error(e->hv), 0);
}

/* hv_wait is recorded as the operation client.wait. */
static void test_wait(void **state)
{
    struct env *e = *state;
    struct args_guest guest = { .dom = DOM };

    ring_up(e, DOM);
    assert_int_equal(hv_call(e->hv, OP_GUEST_REQUEST, &guest), 0);
    /* not bound: the port is never pending, but the event is there */
    assert_int_equal(hv_wait(e->hv, DOM), 0);
    fflush(e->trace.out);
    assert_non_null(strstr(e->trace.text, "client.wait         dom=1 "
                           "events=1  = 0\n#7  event guest_request"));
    assert_int_equal(hv_wait(e->hv, 9), -ESRCH);
    fflush(e->trace.out);
    assert_non_null(strstr(e->trace.text, "dom=9  = -ESRCH\n"));
}

/* A call that fails is recorded with its error, and does nothing else. */
static void test_failed_call(void **state)
{
    struct env *e = *state;

    assert_int_equal(call(e, OP_MONITOR_ENABLE), -ESRCH);
    assert_null(hv_ring(e->hv, DOM));
    recorded(e, (const char *const[]){ "monitor.enable", NULL });
    assert_non_null(strstr(e->trace.text, "= -ESRCH\n"));
}

/* The client has the implementation's page, in which nothing is changed:
 * req_event is the client's to move. */
static void test_one_page(void **state)
{
    struct env *e = *state;
    struct vm_event_sring *s;

    ring_up(e, DOM);
    s = hv_ring(e->hv, DOM);
    assert_ptr_equal(s, hv_ring(e->sim, DOM));
    assert_int_equal(request(e, 0), 1);
    assert_int_equal(s->req_prod, 1);
    assert_int_equal(s->req_event, 1);
}

/* Responses are recorded before the client waits or turns the ring off, too:
 * once, and not in front of other calls. */
static void test_late_responses(void **state)
{
    struct env *e = *state;

    ring_up(e, DOM);
    request(e, 0);
    respond(e, 0);
    call(e, OP_DOMAIN_PAUSE);
    hv_wait(e->hv, DOM);
    call(e, OP_MONITOR_RESUME);
    respond(e, 0);
    call(e, OP_MONITOR_DISABLE);
    recorded(e, (const char *const[]){
        "domain.create", "monitor.enable", "monitor.guest_request",
        "domain.unpause", "guest.request", "client.wait",
        "event guest_request", "domain.pause", "respond guest_request",
        "client.wait", "monitor.resume", "respond guest_request",
        "monitor.disable", NULL });
}

/* The ring of a client that makes the raw calls (vm_event.op 0: enable, mode
 * 2: monitor; xen/include/public/domctl.h) is recorded alike. */
static void test_raw_enable(void **state)
{
    struct env *e = *state;
    struct args_vm_event_op op = { .dom = DOM, .mode = 2 };
    struct args_physmap page = { .dom = DOM };
    struct args_hvm_param param = { .dom = DOM, .param = 28 };
    struct args_enable_sync sync = { .dom = DOM, .enable = 1, .sync = 1 };

    ring_up(e, DOM);
    call(e, OP_MONITOR_DISABLE);
    assert_int_equal(hv_call(e->sim, OP_HVM_PARAM_GET, &param), 0);
    page.gfn = param.value;
    assert_int_equal(hv_call(e->sim, OP_MEMORY_POPULATE, &page), 0);
    assert_int_equal(hv_call(e->hv, OP_VM_EVENT_OP, &op), 0);
    ring_init(&e->ring, hv_ring(e->hv, DOM));
    assert_int_equal(hv_call(e->sim, OP_MONITOR_GUEST_REQUEST, &sync), 0);
    assert_int_equal(request(e, 0), 1);
    recorded(e, (const char *const[]){
        "domain.create", "monitor.enable", "monitor.guest_request",
        "domain.unpause", "monitor.disable", "vm_event.op", "guest.request",
        "client.wait", "event guest_request", NULL });
}

/* A mapped page: what is in it; what the client writes, in front of the wait,
 * by words that changed; what the guest writes, behind it.  A page that the
 * guest has lost is the client's alone. */
static void test_mapped(void **state)
{
    struct env *e = *state;
    struct args_guest_mem write = {
        .dom = DOM, .gla = 0x5010, .gpa = 0x5010, .len = 8, .value = 0x77,
    };
    struct args_physmap gone = { .dom = DOM, .gfn = 5 };
    struct hv_page page = { .write = true }, again = page, none = page;
    unsigned char *p;

    ring_up(e, DOM);
    assert_int_equal(hv_map(e->hv, DOM, 5, &page), 0);
    p = page.p;
    p[0] = 1;
    p[8] = 2;
    p[4095] = 3;
    assert_int_equal(hv_call(e->hv, OP_GUEST_WRITE, &write), 0);
    hv_wait(e->hv, DOM);
    assert_int_equal(hv_map(e->hv, DOM, 5, &again), 0);
    hv_unmap(e->hv, &again);
    p[16] = 0x78;
    assert_int_equal(hv_map(e->hv, DOM, 1ull << 30, &none), -EINVAL);
    assert_int_equal(hv_call(e->hv, OP_MEMORY_DECREASE, &gone), 0);
    p[0] = 9;
    hv_wait(e->hv, DOM);
    hv_unmap(e->hv, &page);
    recorded(e, (const char *const[]){
        "domain.create", "monitor.enable", "monitor.guest_request",
        "domain.unpause", "memory.map", "guest.write", "memory.write",
        "memory.write", "client.wait", "memory.peek", "memory.map",
        "memory.write", "memory.map", "memory.decrease", "client.wait",
        NULL });
    assert_non_null(strstr(e->trace.text, "gfn=0x5 data="
                           "01000000000000000200000000000000 "));
    assert_non_null(strstr(e->trace.text, "offset=0xff8 "
                           "data=0000000000000003 "));
    assert_non_null(strstr(e->trace.text, "offset=0x10 "
                           "data=7700000000000000 "));
    assert_non_null(strstr(e->trace.text, "offset=0x10 "
                           "data=7800000000000000 "));
    assert_non_null(strstr(e->trace.text, "gfn=0x40000000  = -EINVAL\n"));
}

/* Disabling takes the page away, enabling gives one that is clear. */
static void test_new_ring(void **state)
{
    struct env *e = *state;
    const struct vm_event_sring *s;

    ring_up(e, DOM);
    request(e, 0);
    assert_int_equal(call(e, OP_MONITOR_DISABLE), 0);
    assert_null(hv_ring(e->hv, DOM));
    assert_int_equal(call(e, OP_MONITOR_ENABLE), 0);
    s = hv_ring(e->hv, DOM);
    assert_non_null(s);
    assert_int_equal(s->req_prod, 0);
    assert_int_equal(s->rsp_prod, 0);
}

/* Whatever is written into the indices: at most a page of records. */
static void test_scribbled(void **state)
{
    struct env *e = *state;
    struct vm_event_sring *s;
    unsigned int before;

    ring_up(e, DOM);
    s = hv_ring(e->hv, DOM);
    before = e->trace.puts;
    s->rsp_prod = 0x7fffffff;
    call(e, OP_MONITOR_RESUME);
    assert_int_equal(e->trace.puts, before + RING_ENTRIES + 1);
    before = e->trace.puts;
    s->req_prod = 0x7fffffff;
    hv_wait(e->hv, DOM);
    assert_int_equal(e->trace.puts, before + RING_ENTRIES + 1);
}

/* A sink that fails ends the recording, not the run. */
static void test_sink_error(void **state)
{
    struct env *e = *state;

    e->trace.fail_at = 3;
    ring_up(e, DOM);
    assert_int_equal(recorder_error(e->hv), -EIO);
    assert_int_equal(request(e, 0), 1);
    assert_int_equal(e->trace.puts, 3);
    assert_int_equal(((struct vm_event_sring *)hv_ring(e->hv, DOM))->req_prod,
                     1);
    assert_int_equal(recorder_error(e->hv), -EIO);
}

/* One domain after the other; a closed ring's place is free again. */
static void test_many_domains(void **state)
{
    struct env *e = *state;

    for (uint32_t dom = 1; dom <= 80; dom++) {
        struct args_dom a = { .dom = dom };

        ring_up(e, dom);
        assert_int_equal(hv_call(e->hv, OP_MONITOR_DISABLE, &a), 0);
        assert_int_equal(hv_call(e->hv, OP_DOMAIN_DESTROY, &a), 0);
    }
    assert_int_equal(recorder_error(e->hv), 0);
}

/* More open at once than there is room for: the recording has an error. */
static void test_too_many_rings(void **state)
{
    struct env *e = *state;

    for (uint32_t dom = 1; dom <= 64; dom++)
        ring_up(e, dom);
    assert_int_equal(recorder_error(e->hv), 0);
    for (uint32_t dom = 65; dom <= 66; dom++) {
        struct args_create create;
        struct args_port port = { .dom = dom };

        sim_default_domain(&create, dom, 16, 1);
        assert_int_equal(hv_call(e->hv, OP_DOMAIN_CREATE, &create), 0);
        assert_int_equal(hv_call(e->hv, OP_MONITOR_ENABLE, &port), 0);
        assert_int_equal(recorder_error(e->hv), -ENOSPC);
    }
}

#define WITH_ENV(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENV(test_order),
        WITH_ENV(test_wait),
        WITH_ENV(test_failed_call),
        WITH_ENV(test_one_page),
        WITH_ENV(test_late_responses),
        WITH_ENV(test_raw_enable),
        WITH_ENV(test_mapped),
        WITH_ENV(test_new_ring),
        WITH_ENV(test_scribbled),
        WITH_ENV(test_sink_error),
        WITH_ENV(test_many_domains),
        WITH_ENV(test_too_many_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
