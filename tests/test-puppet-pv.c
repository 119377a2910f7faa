/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV puppet without Xen: its driver on a machine that is made of the
 * model, whose frames and domain ids are others than the scenarios'.  What a
 * scenario answers there is what it says (logs of a real Xen, and its
 * source), if every frame is exchanged that has to be, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/pv-machine.h"
#include "tests/samples.h"

static const struct sample *scenario(const char *name)
{
    for (size_t i = 0; i < all.nr; i++) {
        if (!strcmp(all.s[i].name, name))
            return &all.s[i];
    }
    fail_msg("no %s", name);
    return NULL;
}

/* How many hypercalls and instructions the guest performed. */
static unsigned int run(const char *name)
{
    static const struct edit as_it_is;
    struct edited source = {
        .source = { edited_next }, .sample = scenario(name),
        .edit = &as_it_is,
    };
    struct replay_report report;
    struct pv_machine m;
    struct hv *hv = pv_machine_open(&m);

    assert_int_equal(replay_run(hv, &source.source, &report), 0);
    if (report.cause != REPLAY_SAME)
        fail_msg("%s: cause %d at #%llu %s: %s", name, (int)report.cause,
                 (unsigned long long)report.expected.seq,
                 hv_ops_table[report.expected.op].name,
                 report.field ? report.field->name : "-");
    replay_report_free(&report);
    pv_machine_close(&m);
    return m.performed;
}

/* Each hypercall of the log of a real Xen, 185 of them, and besides them what
 * is in the scenario's text. */
static void test_oracle(void **state)
{
    (void)state;
    assert_true(run("pv-oracle.scn") > 185);
}

/* Batches, flags, other domains, tables that map nothing. */
static void test_tables(void **state)
{
    (void)state;
    assert_true(run("pv-tables.scn") > 0);
    assert_true(run("pv-linear.scn") > 0);
    assert_true(run("pv-forgotten.scn") > 0);
}

/* Entries by parts, and as operands of locked instructions. */
static void test_direct(void **state)
{
    (void)state;
    assert_true(run("pv-direct.scn") > 0);
}

/* dom0's, for the guest that does nothing itself. */
static void test_dom0(void **state)
{
    (void)state;
    assert_int_equal(run("pv-dom0.scn"), 0);
    assert_int_equal(run("page-types.scn"), 0);
}

/* What the model refuses is not done for ever, or as something else. */
static void test_refused(void **state)
{
    struct args_create create = {
        .dom = 1, .type = GUEST_PV, .vcpus = 1, .ram = 0x200,
        .max_gpfn = 0xfefff, .max_pages = 0x300, .pool = 745, .views = 10,
        .mfn_2mb = 0x100,
    };
    struct args_guest_copy copy = { .dom = 1, .count = 1ull << 40 };
    struct args_guest_mem rmw = { .dom = 1, .len = 8, .rmw = 9 };
    struct pv_machine m;
    struct hv *hv = pv_machine_open(&m);

    (void)state;
    assert_int_equal(hv_call(hv, OP_DOMAIN_CREATE, &create), 0);
    assert_int_equal(hv_call(hv, OP_GUEST_COPY, &copy), -EINVAL);
    assert_int_equal(hv_call(hv, OP_GUEST_RMW, &rmw), -EINVAL);
    pv_machine_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_direct),
        cmocka_unit_test(test_dom0),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, samples_load, samples_free);
}
