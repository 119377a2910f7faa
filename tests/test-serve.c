/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace that is served (harness/serve.h): what the client gets, what it may
 * not do differently; and records over a socket (harness/stream.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/ring.h"
#include "harness/serve.h"
#include "harness/stream.h"
#include "tests/lines.h"

#define DOM     1u

struct env {
    struct lines lines;
    struct hv *hv;
    unsigned int taken, pages;
    enum replay_cause cause;
    uint64_t expected;          /* its number, 0 for none */
    const struct hv_field *field;
};

static void *get(void *ctx)
{
    ((struct env *)ctx)->pages++;
    return calloc(1, 4096);
}

static void put(void *ctx, void *page)
{
    ((struct env *)ctx)->pages--;
    free(page);
}

static void taken(void *ctx, const struct hv_record *expected)
{
    (void)expected;
    ((struct env *)ctx)->taken++;
}

static void differs(void *ctx, enum replay_cause cause,
                    const struct hv_field *field,
                    const struct hv_record *expected,
                    const struct hv_record *actual)
{
    struct env *e = ctx;

    assert_int_equal(e->cause, REPLAY_SAME);    /* once */
    e->cause = cause;
    e->field = field;
    e->expected = expected ? expected->seq : 0;
    if (expected)
        assert_int_equal(actual->seq, expected->seq);
}

static void serve(struct env *e, const char *const *line)
{
    struct serve_config config = {
        .source = &e->lines.source, .get = get, .put = put, .taken = taken,
        .differs = differs, .ctx = e,
    };

    memset(e, 0, sizeof(*e));
    e->lines = lines_from(line);
    e->hv = serve_open(&config);
    assert_non_null(e->hv);
}

#define SERVE(e, ...) serve(e, (const char *const[]){ __VA_ARGS__, NULL })

/* It took N records and ended with CAUSE at record SEQ. */
static void ended(struct env *e, unsigned int n, enum replay_cause cause,
                  uint64_t seq)
{
    assert_int_equal(e->taken, n);
    assert_int_equal(e->cause, cause);
    assert_int_equal(e->expected, seq);
    hv_close(e->hv);
    assert_int_equal(e->pages, 0);
    lines_drop(&e->lines);
}

static int get_access(struct env *e, uint32_t dom, uint32_t *access)
{
    struct args_access a = { .dom = dom, .gfn = 0x10 };
    int rc = hv_call(e->hv, OP_ACCESS_GET, &a);

    *access = a.access;
    return rc;
}

/* Results come from the trace, whatever they are; notes are passed over. */
static void test_answers(void **state)
{
    struct env e;
    uint32_t access;

    (void)state;
    SERVE(&e, "note \"a\"", "mem_access.get dom=1 gfn=0x10 access=rx = 0",
          "mem_access.get dom=9 gfn=0x10 = -EXDEV");
    assert_int_equal(get_access(&e, 1, &access), 0);
    assert_int_equal(access, 5);        /* XENMEM_access_rx */
    assert_int_equal(get_access(&e, 9, &access), -EXDEV);
    ended(&e, 2, REPLAY_SAME, 0);
}

/* Another operation, another argument, one call too many: from then on there
 * is no answer, and the first difference stands. */
static void test_other_calls(void **state)
{
    struct args_dom dom = { .dom = DOM };
    uint32_t access;
    struct env e;

    (void)state;
    SERVE(&e, "domain.pause dom=1 = 0", "domain.pause dom=1 = 0");
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_PAUSE, &dom), 0);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_UNPAUSE, &dom), -EIO);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_PAUSE, &dom), -EIO);
    assert_null(serve_next(e.hv));
    ended(&e, 1, REPLAY_CALL, 2);

    SERVE(&e, "mem_access.get dom=1 gfn=0x11 access=r = 0");
    assert_int_equal(get_access(&e, 1, &access), -EIO);
    assert_string_equal(e.field->name, "gfn");
    ended(&e, 0, REPLAY_ARGUMENT, 1);

    SERVE(&e, "domain.pause dom=1 = 0");
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_PAUSE, &dom), 0);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_PAUSE, &dom), -EIO);
    ended(&e, 1, REPLAY_LONGER, 0);
}

#define MAP     "memory.map dom=1 gfn=0xfeff9 frame=0x77 data=00 = 0"
#define ENABLE  "vm_event.op dom=1 op=0 mode=2 out=3 = 0"
#define LOSE    "memory.decrease dom=1 gfn=0xfeff9 = 0"
#define WAIT    "client.wait dom=1 events=1 = 0"
#define EVENT   "event guest_request dom=1 vcpu=3 flags=paused"
#define PENDING "evtchn.pending dom=1 port=3 pending=1 = 0"
#define ANSWER  "respond guest_request dom=1 vcpu=3 flags=paused"
#define NOTIFY  "evtchn.notify dom=1 port=3 = 0"

/* As xc_monitor_enable does it, up to the first event. */
static void ring_up(struct env *e, struct ring_client *ring,
                    struct args_event *ev)
{
    struct args_vm_event_op enable = { .dom = DOM, .mode = 2 };
    struct args_physmap gone = { .dom = DOM, .gfn = 0xfeff9 };
    struct hv_page page = { .write = true };

    assert_int_equal(hv_map(e->hv, DOM, 0xfeff9, &page), 0);
    assert_int_equal(page.frame, 0x77);
    assert_int_equal(hv_call(e->hv, OP_VM_EVENT_OP, &enable), 0);
    assert_int_equal(enable.out, 3);
    assert_int_equal(hv_call(e->hv, OP_MEMORY_DECREASE, &gone), 0);
    assert_ptr_equal(hv_ring(e->hv, DOM), page.p);
    ring_init(ring, page.p);
    assert_int_equal(hv_wait(e->hv, DOM), 1);
    assert_true(ring_has_request(ring, page.p));
    ring_take(ring, page.p, ev);
    assert_int_equal(ev->ev.vcpu_id, 3);
    assert_false(ring_has_request(ring, page.p));
}

/* A client that answers its event with FLAGS, if at all, to a trace whose end
 * is LAST: a response, or none, and a notification. */
static void answer(struct env *e, uint32_t flags, const char *const *last)
{
    const char *line[] = { MAP, ENABLE, LOSE, WAIT, EVENT, PENDING, last[0],
                           last[1], NULL };
    struct args_port port = { .dom = DOM, .port = 3 };
    struct ring_client ring;
    struct args_event ev;
    int rc;

    serve(e, line);
    ring_up(e, &ring, &ev);
    assert_int_equal(hv_call(e->hv, OP_EVTCHN_PENDING, &port), 0);
    assert_int_equal(port.out, 1);
    memset(&ev.ev.data, 0, sizeof(ev.ev.data));
    ev.ev.flags = flags;
    if (flags)
        ring_put(&ring, hv_ring(e->hv, DOM), &ev.ev);
    rc = hv_call(e->hv, OP_EVTCHN_NOTIFY, &port);
    assert_int_equal(rc, e->cause == REPLAY_SAME ? 0 : -EIO);
}

/* The same response; another one, none, and one that the trace lacks. */
static void test_responses(void **state)
{
    static const char *const with[] = { ANSWER, NOTIFY };
    static const char *const without[] = { NOTIFY, NULL };
    struct env e;

    (void)state;
    answer(&e, VM_EVENT_FLAG_VCPU_PAUSED, with);
    ended(&e, 8, REPLAY_SAME, 0);
    answer(&e, VM_EVENT_FLAG_VCPU_PAUSED | VM_EVENT_FLAG_DENY, with);
    assert_string_equal(e.field->name, "flags");
    ended(&e, 6, REPLAY_ARGUMENT, 7);
    answer(&e, 0, with);
    ended(&e, 6, REPLAY_CALL, 7);
    answer(&e, VM_EVENT_FLAG_VCPU_PAUSED, without);
    ended(&e, 6, REPLAY_CALL, 7);
}

/* A client that scribbles over the indices is told once, and ends. */
static void test_scribbled(void **state)
{
    struct ring_client ring;
    struct args_event ev;
    struct env e;

    (void)state;
    SERVE(&e, MAP, ENABLE, LOSE, WAIT, EVENT, PENDING, ANSWER, NOTIFY);
    ring_up(&e, &ring, &ev);
    memset(hv_ring(e.hv, DOM), 0xff, 4096);
    assert_int_equal(hv_wait(e.hv, DOM), -EIO);
    ended(&e, 5, REPLAY_CALL, 6);
}

/* A page: its bytes, the client's writes, the guest's. */
static void test_pages(void **state)
{
    struct hv_page page = { .write = true }, again = page;
    unsigned char *p;
    struct env e;

    (void)state;
    SERVE(&e, "memory.map dom=1 gfn=0x5 frame=0x9 data=0102 = 0",
          "memory.write dom=1 gfn=0x5 offset=0x8 data=0700000000000000 = 0",
          "client.wait dom=1 events=0 = 0",
          "memory.peek dom=1 gfn=0x5 offset=0x10 data=aa = 0",
          "memory.map dom=1 gfn=0x5 frame=0x9 data=01 = 0",
          "memory.map dom=1 gfn=0x6 = -EINVAL",
          "memory.write dom=1 gfn=0x5 offset=0x8 data=0800000000000000 = 0");
    assert_int_equal(hv_map(e.hv, DOM, 5, &page), 0);
    p = page.p;
    assert_memory_equal(p, "\1\2\0", 3);
    p[8] = 7;
    assert_int_equal(hv_wait(e.hv, DOM), 0);
    assert_int_equal(p[16], 0xaa);
    assert_int_equal(hv_map(e.hv, DOM, 5, &again), 0);
    assert_ptr_equal(again.p, page.p);
    hv_unmap(e.hv, &again);
    assert_int_equal(hv_map(e.hv, DOM, 6, &again), -EINVAL);
    p[8] = 9;
    hv_unmap(e.hv, &page);
    assert_string_equal(e.field->name, "data");
    ended(&e, 6, REPLAY_ARGUMENT, 7);
}

/* libxenctrl's composites: xc_monitor_enable is these calls
 * (tools/libs/ctrl/xc_vm_event.c:xc_vm_event_enable), resume and disable are
 * one each; the device is not in such a trace, nor are the waits. */
static void test_composites(void **state)
{
    struct args_dom dom = { .dom = DOM };
    struct args_hvm_param param = { .dom = DOM, .param = 28 };
    struct args_vm_event_op op = { .dom = DOM, .mode = 2 };
    struct args_port port = { .dom = DOM, .port = 3 };
    struct ring_client ring;
    struct args_event ev;
    struct hv_page page = { .write = true };
    struct env e;

    (void)state;
    SERVE(&e, "monitor.enable dom=1 port=3 = 0", "guest.request dom=1 vcpu=3",
          EVENT, ANSWER, "monitor.resume dom=1 = 0",
          "guest.result dom=1 vcpu=3 = 0", "monitor.disable dom=1 = -EBUSY");
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_PAUSE, &dom), 0);
    assert_int_equal(hv_call(e.hv, OP_HVM_PARAM_GET, &param), 0);
    assert_int_equal(hv_map(e.hv, DOM, param.value, &page), 0);
    assert_int_equal(hv_call(e.hv, OP_VM_EVENT_OP, &op), 0);
    assert_int_equal(op.out, 3);
    assert_int_equal(e.taken, 0);
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_UNPAUSE, &dom), 0);
    assert_int_equal(e.taken, 1);
    ring_init(&ring, page.p);
    assert_int_equal(hv_wait(e.hv, DOM), 1);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_PENDING, &port), 0);
    assert_int_equal(port.out, 1);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_UNMASK, &port), 0);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_PENDING, &port), 0);
    assert_int_equal(port.out, 0);
    ring_take(&ring, page.p, &ev);
    memset(&ev.ev.data, 0, sizeof(ev.ev.data));
    ring_put(&ring, page.p, &ev.ev);
    op.op = 2;                  /* XEN_VM_EVENT_RESUME */
    assert_int_equal(hv_call(e.hv, OP_VM_EVENT_OP, &op), 0);
    op.op = 1;                  /* XEN_VM_EVENT_DISABLE */
    assert_int_equal(hv_call(e.hv, OP_VM_EVENT_OP, &op), -EBUSY);
    ended(&e, 7, REPLAY_SAME, 0);
}

/* A trace of a real Xen, whose waits are not in it (docs/TRACE-FORMAT.md): one
 * that brought nothing, one whose event is another domain's, and one that
 * should have brought something. */
static void test_no_waits(void **state)
{
    struct env e;

    (void)state;
    SERVE(&e, "client.phase phase=idle = 0", "guest.request dom=1 vcpu=3",
          EVENT, "domain.pause dom=1 = 0");
    assert_int_equal(hv_wait(e.hv, DOM), 0);
    assert_int_equal(serve_next(e.hv)->op, OP_CLIENT_PHASE);
    serve_take(e.hv);
    assert_int_equal(hv_wait(e.hv, DOM + 1), 0);
    assert_int_equal(serve_next(e.hv)->op, OP_EVENT);
    assert_int_equal(hv_wait(e.hv, DOM), 1);
    assert_int_equal(serve_next(e.hv)->op, OP_DOMAIN_PAUSE);
    assert_int_equal(hv_wait(e.hv, DOM), -EIO);
    ended(&e, 3, REPLAY_CALL, 4);
}

/* ---- records over a socket ---- */

static void test_stream(void **state)
{
    static struct stream in;
    uint64_t gfn[2] = { 1, 2 };
    uint8_t access[2] = { 3, 4 };
    struct hv_record rec = { .op = OP_ACCESS_SET_MULTI, .result = -EPERM,
        .args.ACCESS_SET_MULTI = {
            .dom = 7, .gfn = { gfn, sizeof(gfn), 0 },
            .access = { access, sizeof(access), 0 } } }, got;
    struct stream_head head = { .kind = STREAM_DIFFERS, .cause = 5,
                                .field = 2 }, end = { .kind = STREAM_END };
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    in = (struct stream){ .fd = pair[0] };
    assert_int_equal(stream_send(pair[1], &head, &rec), 0);
    assert_int_equal(stream_send(pair[1], &end, NULL), 0);
    assert_int_equal(stream_receive(&in, &head, &got), 1);
    assert_int_equal(head.cause, 5);
    assert_int_equal(got.result, -EPERM);
    assert_int_equal(got.args.ACCESS_SET_MULTI.dom, 7);
    assert_memory_equal(got.args.ACCESS_SET_MULTI.gfn.p, gfn, sizeof(gfn));
    assert_memory_equal(got.args.ACCESS_SET_MULTI.access.p, access, 2);
    hv_record_free(&got);
    assert_true(stream_has(&in));
    assert_int_equal(stream_receive(&in, &head, &got), 1);
    assert_int_equal(head.kind, STREAM_END);
    assert_false(stream_has(&in));
    close(pair[1]);
    assert_int_equal(stream_receive(&in, &head, &got), 0);
    close(pair[0]);
}

/* Whatever comes is refused, or a record: each byte of one set to 0xff, and
 * each length cut short. */
static void test_bad_stream(void **state)
{
    static struct stream in;
    char name[] = "xy", bytes[1024];
    struct hv_record rec = { .op = OP_CLIENT_DOMAIN, .args.CLIENT_DOMAIN = {
        .dom = 1, .name = { name, 2, 0 } } }, got;
    struct stream_head head = { .kind = STREAM_RECORD };
    ssize_t len;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(stream_send(pair[1], &head, &rec), 0);
    len = recv(pair[0], bytes, sizeof(bytes), 0);
    assert_true(len > 0);
    close(pair[0]);
    close(pair[1]);
    for (ssize_t i = 0; i < 2 * len; i++) {
        ssize_t n = i < len ? len : i - len;
        char was = bytes[i % len];
        int rc;

        if (i < len)
            bytes[i] = (char)0xff;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        in = (struct stream){ .fd = pair[0] };
        assert_int_equal(send(pair[1], bytes, n, 0), n);
        close(pair[1]);
        rc = stream_receive(&in, &head, &got);
        assert_true(rc == 1 || rc == 0 || rc == -EBADMSG);
        if (rc == 1)
            assert_true(got.op < OP_COUNT);
        hv_record_free(&got);
        close(pair[0]);
        bytes[i % len] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_other_calls),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_scribbled),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_composites),
        cmocka_unit_test(test_no_waits),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_bad_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
