/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recorder (harness/recorder.h): what is recorded, when, and in which
 * order; its two ring pages; a sink that fails; indices that are scribbled
 * over.  That it changes no answer: test-conformance.c. */
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

/* Two pages with the same requests; a response travels when it is due. */
static void test_pages(void **state)
{
    struct env *e = *state;
    struct vm_event_sring *mine, *theirs;

    ring_up(e, DOM);
    mine = hv_ring(e->hv, DOM);
    theirs = hv_ring(e->sim, DOM);
    assert_ptr_not_equal(mine, theirs);
    assert_int_equal(request(e, 0), 1);
    assert_int_equal(mine->req_prod, 1);
    assert_int_equal(theirs->req_prod, 1);
    assert_memory_equal(&mine->ring[0].req, &theirs->ring[0].req,
                        sizeof(mine->ring[0].req));
    respond(e, 0);
    assert_int_equal(theirs->rsp_prod, 0);
    call(e, OP_MONITOR_RESUME);
    assert_int_equal(theirs->rsp_prod, 1);
    assert_memory_equal(&mine->ring[0].rsp, &theirs->ring[0].rsp,
                        sizeof(mine->ring[0].rsp));
}

/* Disabling takes the client's page away, enabling gives a new one. */
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
    struct vm_event_sring *mine, *theirs;
    unsigned int before;

    ring_up(e, DOM);
    mine = hv_ring(e->hv, DOM);
    theirs = hv_ring(e->sim, DOM);
    before = e->trace.puts;
    mine->rsp_prod = 0x7fffffff;
    call(e, OP_MONITOR_RESUME);
    assert_int_equal(e->trace.puts, before + RING_ENTRIES + 1);
    before = e->trace.puts;
    theirs->req_prod = 0x7fffffff;
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
        assert_null(hv_ring(e->hv, dom));
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
        WITH_ENV(test_pages),
        WITH_ENV(test_new_ring),
        WITH_ENV(test_scribbled),
        WITH_ENV(test_sink_error),
        WITH_ENV(test_many_domains),
        WITH_ENV(test_too_many_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
