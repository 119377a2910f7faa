/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights as Xen 4.17 and 4.20 number them (xen/include/public/memory.h,
 * xenmem_access_t): 4.20 has r_pw, 10, in front of the default, 11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/interface.h"

#define R_PW    10u

static void test_same(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 256; i++) {
        assert_int_equal(access_to_xen(i, 10), i);
        assert_int_equal(access_from_xen(i, 10), i);
    }
    assert_int_equal(access_to_xen(~0u, 10), ~0u);
}

static void test_later(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= XENMEM_access_n2rwx; i++) {
        assert_int_equal(access_to_xen(i, 11), i);
        assert_int_equal(access_from_xen(i, 11), i);
    }
    assert_int_equal(access_to_xen(ACCESS_DEFAULT, 11), 11);
    assert_int_equal(access_from_xen(11, 11), ACCESS_DEFAULT);
    assert_int_equal(access_from_xen(R_PW, 11), XENMEM_access_r);
    /* What 4.17 refuses 4.20 is to refuse, and the other way. */
    for (uint32_t i = ACCESS_DEFAULT + 1; i < 256; i++)
        assert_true(access_to_xen(i, 11) > 11);
    assert_int_equal(access_to_xen(~0u, 11), ~0u);
    for (uint32_t i = 12; i < 256; i++)
        assert_true(access_from_xen(i, 11) > ACCESS_DEFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
