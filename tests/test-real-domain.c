/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The implementation for a real Xen, with the front end for one: whose number
 * is which domain's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_attached),
    };

    (void)argc;
    if (!under_front())
        return exec_under_front(argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
