/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How events reach the client: event channels, and what is in a request that
 * had to wait. */
#include <errno.h>

#include "tests/monitored-guest.h"

static int pending(struct env *e)
{
    struct args_port a = { .dom = DOM, .port = 3 };

    assert_int_equal(hv_call(e->hv, OP_EVTCHN_PENDING, &a), 0);
    return a.out;
}

static int unmask(struct env *e)
{
    return call(e, EVTCHN_UNMASK, port, .port = 3);
}

/* Linux drivers/xen/evtchn.c:evtchn_interrupt, evtchn_read, evtchn_write: the
 * kernel takes a notification and masks the channel until the client's write;
 * what comes before that is delivered again then. */
static void test_device(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);

    (void)state;
    assert_int_equal(pending(&e), 0);   /* not bound */
    evtchn_raise(e.d, 3);
    assert_int_equal(call(&e, EVTCHN_BIND, port, .port = 3), 0);
    assert_int_equal(hv_wait(e.hv, DOM), 1);
    evtchn_raise(e.d, 3);
    evtchn_raise(e.d, 3);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 0);
    assert_int_equal(unmask(&e), 0);
    assert_int_equal(pending(&e), 1);   /* the ones between */
    assert_int_equal(unmask(&e), 0);
    assert_int_equal(pending(&e), 0);
    evtchn_raise(e.d, 3);
    assert_int_equal(unmask(&e), 0);    /* before it is read */
    evtchn_raise(e.d, 3);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 1);
    assert_int_equal(pending(&e), 0);
    evtchn_raise(e.d, NR_PORTS);
    evtchn_free_xen(e.d, NR_PORTS);
    assert_int_equal(call(&e, EVTCHN_UNBIND, port, .port = 3), 0);
    assert_int_equal(pending(&e), 0);
    hv_close(e.hv);
}

/* common/event_channel.c:evtchn_alloc_unbound, get_free_port. */
static void test_ports(void **state)
{
    struct env e = env_start(VENDOR_INTEL, 1);
    struct args_port a = { .dom = 7 };

    (void)state;
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_ALLOC, &a), -ESRCH);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_BIND, &a), -ESRCH);
    a.dom = 0;
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_ALLOC, &a), -EOPNOTSUPP);
    assert_int_equal(hv_call(e.hv, OP_EVTCHN_BIND, &a), -EINVAL);
    for (uint32_t i = 4; i < NR_PORTS; i++)
        assert_int_equal(evtchn_alloc_xen(e.d), i);
    assert_int_equal(call(&e, EVTCHN_ALLOC, port, .port = 0), -ENOSPC);
    assert_int_equal(call(&e, MONITOR_DISABLE, dom), 0);
    assert_int_equal(evtchn_alloc_xen(e.d), 3);
    /* common/vm_event.c:vm_event_enable without a port */
    assert_int_equal(call(&e, MONITOR_ENABLE, port, .port = 0), -ENOSPC);
    assert_int_equal(call(&e, MONITOR_RESUME, dom), -ENODEV);
    e.d->dying = true;
    assert_int_equal(call(&e, EVTCHN_ALLOC, port, .port = 0), -EINVAL);
    hv_close(e.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
