/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domain.create on a real Xen has its toolstack do: real/toolstack.c, with
 * the front end for Xen and a program of ours for xl. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <xenctrl.h>
#include <xen/hvm/params.h>

#include "harness/hv.h"
#include "tests/real.h"

#define XL      "./test-toolstack-xl"
#define SAID    "./test-toolstack-said"

/* A toolstack of ours: it keeps what it was told, and calls its domain 1. */
static void write_xl(const char *how, const char *id)
{
    FILE *out = fopen(XL, "w");

    assert_non_null(out);
    fprintf(out, "#!/bin/sh\necho \"$@\" | sed 's/[^ ]*[/][^ ]*/FILE/;"
            "s/-[0-9]*-[0-9]*$/-N/' >>" SAID "\n"
            "case $1 in\n"
            "create) sed 's/-[0-9]*-[0-9]*\"/-N\"/' \"$5\" >>" SAID "\n"
            "    %s ;;\n"
            "domid) %s ;;\n"
            "esac\n", how, id);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(XL, 0755), 0);
    unlink(SAID);
}

static int create_by_xl(uint32_t type, uint64_t ram, uint16_t options)
{
    const struct xen_config config = {
        .xl = XL, .kernel = "/boot/puppet", .pv_kernel = "/boot/pv",
    };
    struct args_create create = {
        .dom = 3, .type = type, .vcpus = 2, .ram = ram, .pool = 700,
        .altp2m = type == GUEST_PV ? 0 : XEN_ALTP2M_external,
        .options = options,
    };
    int error, rc;
    struct hv *hv = xen_open(&config, &error);

    assert_non_null(hv);
    rc = hv_call(hv, OP_DOMAIN_CREATE, &create);
    if (!rc)
        assert_int_equal(CALL(hv, DOMAIN_INFO, domain_info, .dom = 3), 0);
    hv_close(hv);
    return rc;
}

static void assert_said(const char *text)
{
    char said[1024] = "";
    FILE *in = fopen(SAID, "r");

    assert_non_null(in);
    said[fread(said, 1, sizeof(said) - 1, in)] = '\0';
    fclose(in);
    assert_string_equal(said, text);
}

/* xl.cfg(5): sizes are MB.  What was created is destroyed at the end. */
static void test_toolstack(void **state)
{
    (void)state;
    write_xl(":", "echo 1");
    assert_int_equal(create_by_xl(GUEST_PVH, 4000, 0), 0);
    assert_said("create -q -p -e FILE\n"
                "name = \"xenreel-N\"\n"
                "type = \"pvh\"\n"
                "kernel = \"/boot/puppet\"\n"
                "memory = 16\n"
                "vcpus = 2\n"
                "altp2m = \"external\"\n"
                "shadow_memory = 3\n"
                "on_poweroff = \"destroy\"\n"
                "on_reboot = \"destroy\"\n"
                "on_crash = \"preserve\"\n"
                "domid xenreel-N\n"
                "destroy xenreel-N\n");
    write_xl("exit 1", "echo 1");
    assert_int_equal(create_by_xl(GUEST_PVH, 4000, 0), -EIO);
    assert_int_equal(create_by_xl(7, 4000, 0), -EINVAL);
    unlink(XL);
    assert_int_equal(create_by_xl(GUEST_PVH, 4000, 0), -ENOENT);
    unlink(SAID);
}

static int attach_fails(void *ctx, struct xen *x, uint32_t dom)
{
    (void)ctx;
    (void)x;
    (void)dom;
    return -ETIMEDOUT;
}

/* What nobody can use is not left behind. */
static void test_half_way(void **state)
{
    const struct xen_driver driver = { .attach = attach_fails };
    const struct xen_config config = {
        .xl = XL, .kernel = "/boot/puppet", .driver = &driver,
    };
    int error;
    struct hv *hv;

    (void)state;
    write_xl("> " SAID, "echo none");
    assert_int_equal(create_by_xl(GUEST_PVH, 4000, 0), -EIO);
    assert_said("domid xenreel-N\n"
                "destroy xenreel-N\n");
    write_xl("> " SAID, "echo 1");
    hv = xen_open(&config, &error);
    assert_non_null(hv);
    assert_int_equal(CALL(hv, DOMAIN_CREATE, create, .dom = 3, .vcpus = 1,
                          .ram = 4000), -ETIMEDOUT);
    hv_close(hv);
    assert_said("domid xenreel-N\n"
                "destroy xenreel-N\n");
    unlink(XL);
    unlink(SAID);
}

/* A PV guest has 4 MB at least, and is told what was asked for; its puppet is
 * one of 64 bits, with page tables up to gfn 0x16a. */
static void test_toolstack_pv(void **state)
{
    (void)state;
    write_xl(":", "echo 1");
    assert_int_equal(create_by_xl(GUEST_PV, 0x200, 0), 0);
    assert_said("create -q -p -e FILE\n"
                "name = \"xenreel-N\"\n"
                "type = \"pv\"\n"
                "kernel = \"/boot/pv\"\n"
                "cmdline = \"512\"\n"
                "memory = 4\n"
                "vcpus = 2\n"
                "altp2m = \"disabled\"\n"
                "on_poweroff = \"destroy\"\n"
                "on_reboot = \"destroy\"\n"
                "on_crash = \"preserve\"\n"
                "domid xenreel-N\n"
                "destroy xenreel-N\n");
    assert_int_equal(create_by_xl(GUEST_PV, 0x16a, 0), -EOPNOTSUPP);
    assert_int_equal(create_by_xl(GUEST_PV, 0x200, CREATE_PV32), -EOPNOTSUPP);
    assert_int_equal(create_by_xl(GUEST_PVH, 0x200, CREATE_PV32), -EINVAL);
    unlink(XL);
    unlink(SAID);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toolstack),
        cmocka_unit_test(test_toolstack_pv),
        cmocka_unit_test(test_half_way),
    };

    (void)argc;
    if (!under_front())
        return exec_under_front(argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
