/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The implementation for a real Xen, with the front end for one: whose number
 * is which domain's, what is left of one that is no more, and that no guest
 * keeps a wait from its end. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "real/private.h"
#include "sim/sim.h"
#include "tests/real.h"

static void test_numbers(void **state)
{
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    assert_non_null(hv);
    assert_int_equal(CALL(hv, DOMAIN_INFO, domain_info, .dom = 5), 0);
    /* It runs, but nobody said that it is meant. */
    assert_int_equal(CALL(hv, DOMAIN_INFO, domain_info, .dom = RUNNING),
                     -ESRCH);
    assert_int_equal(CALL(hv, DOMAIN_PAUSE, dom, .dom = RUNNING), -ESRCH);
    assert_int_equal(CALL(hv, DOMAIN_DESTROY, dom, .dom = RUNNING), -ESRCH);
    /* Nobody makes guests do anything, or makes a domain. */
    assert_int_equal(hv->caps, 0);
    assert_int_equal(CALL(hv, GUEST_STEP, guest, .dom = 5), -EOPNOTSUPP);
    assert_int_equal(CALL(hv, GUEST_LEFT, guest_value, .dom = 5),
                     -EOPNOTSUPP);
    assert_int_equal(CALL(hv, DOMAIN_CREATE, create, .dom = 6, .vcpus = 1,
                          .ram = 4096), -EOPNOTSUPP);
    hv_close(hv);
    assert_null(open_attached(5, 77, &error));
    assert_int_equal(error, -ESRCH);
    assert_null(open_attached(0, RUNNING, &error));
    assert_int_equal(error, -EINVAL);
}

/* What is attached is found when it is created, paused, once. */
static void test_attached(void **state)
{
    struct args_domain_info info = { .dom = 5 };
    struct args_create create = { .dom = 5, .vcpus = 1, .ram = 4096 };
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &info), 0);
    assert_int_equal(info.paused, 0);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &info), 0);
    assert_int_equal(info.paused, 1);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), -EEXIST);
    assert_int_equal(CALL(hv, DOMAIN_UNPAUSE, dom, .dom = 5), 0);
    hv_close(hv);
}

/* A number whose domain could not be made, or is no more, has none. */
static void test_no_domain(void **state)
{
    struct hv *hv = open_under_front();
    struct args_create create;
    struct xen *x = (struct xen *)hv;
    uint64_t *mfn = calloc(1, sizeof(*mfn));

    (void)state;
    for (uint32_t i = 0; i < 2 * XEN_MAX_DOMAINS; i++)
        assert_int_equal(CALL(hv, DOMAIN_CREATE, create, .dom = 100 + i),
                         -EINVAL);
    assert_int_equal(CALL(hv, CLIENT_DOMAIN, client_domain, .dom = 100),
                     -ESRCH);
    sim_default_domain(&create, 7, 16, 1);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    *mfn = 0x777;
    assert_int_equal(xen_frames_set(x, 7, mfn, 1), 0);
    assert_int_equal(xen_frame(x, 0), 0x777);
    assert_int_equal(CALL(hv, DOMAIN_DESTROY, dom, .dom = 7), 0);
    assert_int_equal(xen_frame(x, 0), 0);
    assert_int_equal(CALL(hv, CLIENT_DOMAIN, client_domain, .dom = 7),
                     -ESRCH);
    assert_int_equal(CALL(hv, CLIENT_WAIT, wait, .dom = 7), -ESRCH);
    assert_int_equal(hv_wait(hv, 7), -ESRCH);
    /* What is no domain's has no pages, whatever is asked for. */
    assert_int_equal(CALL(hv, MEMORY_READ, memory, .dom = 7, .offset = 4097),
                     -ESRCH);
    hv_close(hv);
}

static int attach_fails(void *ctx, struct xen *x, uint32_t dom)
{
    (void)ctx;
    (void)x;
    (void)dom;
    return -ETIMEDOUT;
}

/* What a driver cannot take over stays what it was. */
static void test_not_taken(void **state)
{
    const struct xen_driver driver = { .attach = attach_fails };
    struct args_domain_info info = { .dom = 5 };
    int error;
    struct hv *hv = open_driven(5, RUNNING, &error, &driver);

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(CALL(hv, DOMAIN_CREATE, create, .dom = 5),
                         -ETIMEDOUT);
        assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &info), 0);
        assert_int_equal(info.paused, 0);
    }
    hv_close(hv);
}

static uint32_t detached;

static void detach(void *ctx, struct xen *x, uint32_t dom)
{
    (void)ctx;
    (void)x;
    detached = dom;
}

/* What a driver has mapped would keep a domain that is destroyed. */
static void test_detached(void **state)
{
    struct xen_driver driver = *xen_front_driver();
    struct args_create create;
    int error;
    struct hv *hv;

    (void)state;
    driver.detach = detach;
    hv = open_driven(5, RUNNING, &error, &driver);
    sim_default_domain(&create, 7, 16, 1);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(CALL(hv, DOMAIN_DESTROY, dom, .dom = 9), -ESRCH);
    assert_int_equal(detached, 0);
    assert_int_equal(CALL(hv, DOMAIN_DESTROY, dom, .dom = 7), 0);
    assert_int_equal(detached, 7);
    /* While it is dying its guests' results can be asked for. */
    detached = 0;
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(CALL(hv, MONITOR_ENABLE, port, .dom = 7), 0);
    assert_int_equal(CALL(hv, DOMAIN_DESTROY, dom, .dom = 7), 0);
    assert_int_equal(detached, 0);
    assert_int_equal(CALL(hv, MONITOR_DISABLE, dom, .dom = 7), 0);
    assert_int_equal(detached, 7);
    /* Not of one that has been closed itself. */
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    detached = 0;
    hv_close(hv);
    assert_int_equal(detached, 0);
}

/* A driver is asked for the domain that the caller's number stands for. */
static void test_driven(void **state)
{
    const struct xen_driver holds = { .holds = true };
    struct args_domain_info info = { .dom = 5 };
    struct args_create create = { .dom = 5, .mfn_2mb = 3 };
    uint64_t *mfn = calloc(1, sizeof(*mfn));
    int error;
    struct hv *hv = open_driven(5, RUNNING, &error, xen_front_driver());

    (void)state;
    assert_int_equal(CALL(hv, GUEST_LEFT, guest_value, .dom = 5), 0);
    assert_int_equal(CALL(hv, GUEST_LEFT, guest_value, .dom = RUNNING),
                     -ESRCH);
    hv_close(hv);
    /* Its hold on one that was there before is let go of; what the caller
     * said of it counts. */
    hv = open_driven(5, RUNNING, &error, &holds);
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(xen_frames_set((struct xen *)hv, 5, mfn, 1), 0);
    assert_int_equal(xen_frame((struct xen *)hv, 3 * 512), 0);
    assert_int_equal(CALL(hv, DOMAIN_UNPAUSE, dom, .dom = 5), 0);
    assert_int_equal(hv_wait(hv, 5), 0);
    hv_close(hv);
    hv = open_attached(5, RUNNING, &error);
    assert_int_equal(hv_call(hv, OP_DOMAIN_INFO, &info), 0);
    assert_int_equal(info.paused, 0);
    hv_close(hv);
}

/* A guest that notifies dom0 all the time, in no time. */
static bool storm;

int __real_poll(struct pollfd *fds, nfds_t nr, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    return storm ? 1 : __real_poll(fds, nr, timeout);
}

int __real_xenevtchn_pending(xenevtchn_handle *xce);
int __wrap_xenevtchn_pending(xenevtchn_handle *xce);
int __wrap_xenevtchn_pending(xenevtchn_handle *xce)
{
    return storm ? 1 : __real_xenevtchn_pending(xce);
}

/* It does not keep a wait from its end. */
static void test_storm(void **state)
{
    int error;
    struct hv *hv = open_attached(5, RUNNING, &error);

    (void)state;
    storm = true;
    alarm(30);
    assert_int_equal(hv_wait(hv, 5), 0);
    alarm(0);
    storm = false;
    hv_close(hv);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_attached),
        cmocka_unit_test(test_no_domain),
        cmocka_unit_test(test_not_taken),
        cmocka_unit_test(test_detached),
        cmocka_unit_test(test_driven),
        cmocka_unit_test(test_storm),
    };

    (void)argc;
    if (!under_front())
        return exec_under_front(argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
