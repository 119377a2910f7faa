/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xenstore answers, message by message.  Rules: docs/misc/xenstore.txt
 * and the named functions of tools/xenstore/xenstored_*.c, Xen 4.17. */
#include <errno.h>

#include "tests/xenstore-client.h"

static int reset(void **state)
{
    (void)state;
    xenstore_reset();
    return 0;
}

/* xl has made domain 1, with two vCPUs. */
static void introduce(uint32_t type)
{
    struct args_create create = {
        .dom = 1, .type = type, .ram = 4096, .vcpus = 2,
    };

    xenstore_introduce(&create, "guest");
}

/* construct_node: parents are made, with the nearest one's permissions. */
static void test_write(void **state)
{
    struct client c = client();

    (void)state;
    WRITE(&c, 0, "/a/b\0v");
    VALUE(&c, 0, "/a/b", "v");
    VALUE(&c, 0, "/a", "");
    EXPECT(&c, SET_PERMS, 0, "/a\0n0\0b0", "OK");
    WRITE(&c, 0, "/a/c/d\0w");
    EXPECT(&c, GET_PERMS, 0, "/a/c/d", "n0\0b0");
    EXPECT(&c, GET_PERMS, 0, "/a/b", "n0");
    EXPECT(&c, DIRECTORY, 0, "/a", "b\0c");
    WRITE(&c, 0, "rel\0x");
    VALUE(&c, 0, "/local/domain/0/rel", "x");
    EXPECT(&c, READ, 0, "/none", "ENOENT");
    leave(&c);
}

/* do_mkdir leaves what is there alone; do_rm wants the parent only. */
static void test_mkdir_rm(void **state)
{
    struct client c = client();

    (void)state;
    WRITE(&c, 0, "/a/b\0v");
    EXPECT(&c, MKDIR, 0, "/a/b", "OK");
    VALUE(&c, 0, "/a/b", "v");
    EXPECT(&c, MKDIR, 0, "/x/y", "OK");
    VALUE(&c, 0, "/x/y", "");
    EXPECT(&c, RM, 0, "/a/none", "OK");
    EXPECT(&c, RM, 0, "/none/none", "ENOENT");
    EXPECT(&c, RM, 0, "/", "EINVAL");
    EXPECT(&c, RM, 0, "/a", "OK");
    EXPECT(&c, READ, 0, "/a/b", "ENOENT");
    EXPECT(&c, DIRECTORY, 0, "/", "tool\0x");
    leave(&c);
}

/* is_valid_nodename, canonicalize, onearg, get_strings, process_message. */
static void test_arguments(void **state)
{
    struct client c = client();
    char path[XENSTORE_REL_PATH_MAX + 2];

    (void)state;
    EXPECT(&c, READ, 0, "/a//b", "EINVAL");
    EXPECT(&c, READ, 0, "/a/", "EINVAL");
    EXPECT(&c, READ, 0, "/a b", "EINVAL");
    EXPECT(&c, READ, 0, "", "EINVAL");
    EXPECT(&c, READ, 0, "@releaseDomain", "EINVAL");
    EXPECT(&c, READ, 0, "/tool\0", "EINVAL");
    expect(&c, XS_READ, 0, "/tool", 5, "EINVAL", 7);
    expect(&c, XS_WRITE, 0, "/tool", 5, "EINVAL", 7);
    EXPECT(&c, WATCH, 0, "/tool", "EINVAL");
    EXPECT(&c, WATCH, 0, "/tool\0token\0more", "EINVAL");
    EXPECT(&c, UNWATCH, 0, "//\0token", "ENOENT");
    EXPECT(&c, WATCH_EVENT, 0, "/tool", "ENOSYS");
    expect(&c, 1000, 0, "", 1, "ENOSYS", 7);
    EXPECT(&c, READ, 99, "/tool", "ENOENT");
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    expect(&c, XS_READ, 0, path, XENSTORE_REL_PATH_MAX + 1, "EINVAL", 7);
    path[XENSTORE_REL_PATH_MAX + 1] = '\0';
    expect(&c, XS_READ, 0, path, sizeof(path), "EINVAL", 7);
    path[XENSTORE_REL_PATH_MAX] = '\0';
    expect(&c, XS_READ, 0, path, sizeof(path) - 1, "ENOENT", 7);
    leave(&c);
}

/* xs_strings_to_perms, domain_alloc_permrefs. */
static void test_permissions(void **state)
{
    struct client c = client();

    (void)state;
    introduce(GUEST_PVH);
    EXPECT(&c, SET_PERMS, 0, "/tool\0n1\0r0\0w1", "OK");
    EXPECT(&c, GET_PERMS, 0, "/tool", "n1\0r0\0w1");
    EXPECT(&c, SET_PERMS, 0, "/tool\0b0x1", "OK");
    EXPECT(&c, GET_PERMS, 0, "/tool", "b1");
    EXPECT(&c, SET_PERMS, 0, "/tool\0x0", "EINVAL");
    EXPECT(&c, SET_PERMS, 0, "/tool\0n", "EINVAL");
    EXPECT(&c, SET_PERMS, 0, "/tool\0n0z", "EINVAL");
    EXPECT(&c, SET_PERMS, 0, "/tool\0n77", "ENOENT");
    EXPECT(&c, SET_PERMS, 0, "/tool", "EINVAL");
    EXPECT(&c, SET_PERMS, 0, "/none\0n0", "ENOENT");
    EXPECT(&c, SET_PERMS, 0, "@releaseDomain\0n0\0r1", "OK");
    leave(&c);
}

/* do_watch fires once up front, after its own answer; a name begun without a
 * slash is reported without its home.  check_watch_path, do_unwatch. */
static void test_watch(void **state)
{
    struct client c = client(), d = client();

    (void)state;
    EXPECT(&c, WATCH, 0, "/a\0one", "OK");
    event(&c, "/a", "one");
    EXPECT(&c, WATCH, 0, "/a\0one", "EEXIST");
    EXPECT(&d, WATCH, 0, "a\0two", "OK");
    event(&d, "a", "two");
    WRITE(&d, 0, "/a/b\0v");
    event(&c, "/a/b", "one");
    WRITE(&c, 0, "a/b\0v");
    event(&d, "a/b", "two");
    WRITE(&c, 0, "/ab\0v");
    quiet(&c);
    EXPECT(&d, SET_PERMS, 0, "/a\0n0", "OK");
    event(&c, "/a", "one");
    EXPECT(&c, UNWATCH, 0, "/a\0two", "ENOENT");
    EXPECT(&c, UNWATCH, 0, "/a\0one", "OK");
    EXPECT(&d, UNWATCH, 0, "a\0two", "OK");
    WRITE(&d, 0, "/a/b\0w");
    quiet(&c);
    quiet(&d);
    leave(&c);
    leave(&d);
}

/* delnode_sub: who watches a node below hears of that very node, children
 * first; who watches above hears of the root of it all. */
static void test_rm_watches(void **state)
{
    struct client c = client(), d = client();

    (void)state;
    WRITE(&d, 0, "/a/b/c\0v");
    EXPECT(&c, WATCH, 0, "/a/b/c\0deep", "OK");
    event(&c, "/a/b/c", "deep");
    EXPECT(&c, WATCH, 0, "/a/b\0middle", "OK");
    event(&c, "/a/b", "middle");
    EXPECT(&c, WATCH, 0, "/\0all", "OK");
    event(&c, "/", "all");
    EXPECT(&d, RM, 0, "/a", "OK");
    event(&c, "/a/b/c", "deep");
    event(&c, "/a/b", "middle");
    event(&c, "/a", "all");
    quiet(&c);
    leave(&c);
    leave(&d);
}

/* introduce_domain, destroy_domain: the event is before the answer.
 * do_is_domain_introduced, onearg_domain. */
static void test_domains(void **state)
{
    struct client c = client();
    struct answer a;

    (void)state;
    EXPECT(&c, WATCH, 0, "@introduceDomain\0in", "OK");
    event(&c, "@introduceDomain", "in");
    EXPECT(&c, WATCH, 0, "@releaseDomain\0out", "OK");
    event(&c, "@releaseDomain", "out");
    EXPECT(&c, IS_DOMAIN_INTRODUCED, 0, "1", "F");
    introduce(GUEST_PVH);
    event(&c, "@introduceDomain", "in");
    EXPECT(&c, IS_DOMAIN_INTRODUCED, 0, "1", "T");
    EXPECT(&c, IS_DOMAIN_INTRODUCED, 0, "0", "T");
    EXPECT(&c, GET_DOMAIN_PATH, 0, "5", "/local/domain/5");
    VALUE(&c, 0, "/local/domain/1/name", "guest");
    VALUE(&c, 0, "/local/domain/1/memory/target", "16384");
    VALUE(&c, 0, "/local/domain/1/cpu/1/availability", "online");
    EXPECT(&c, READ, 0, "/local/domain/1/cpu/2/availability", "ENOENT");
    EXPECT(&c, GET_PERMS, 0, "/local/domain/1", "n0\0r1");
    EXPECT(&c, GET_PERMS, 0, "/local/domain/1/control/shutdown", "n1");
    EXPECT(&c, RESUME, 0, "1", "OK");
    EXPECT(&c, RELEASE, 0, "0", "EINVAL");
    put(&c, XS_RELEASE, 0, "1", 2);
    event(&c, "@releaseDomain", "out");
    assert_true(take(&c, &a));
    assert_string_equal(a.body, "OK");
    EXPECT(&c, RELEASE, 0, "1", "ENOENT");
    VALUE(&c, 0, "/local/domain/1/name", "guest");
    EXPECT(&c, READ, 0, "/local/domain/1/control/shutdown", "ENOENT");
    EXPECT(&c, INTRODUCE, 0, "1\0005\0000", "EINVAL");
    EXPECT(&c, INTRODUCE, 0, "9\0005\0001", "EINVAL");
    put(&c, XS_INTRODUCE, 0, "1\0005\0001", 6);
    event(&c, "@introduceDomain", "in");
    assert_true(take(&c, &a));
    assert_string_equal(a.body, "OK");
    leave(&c);
}

/* domain_tree_remove: what a domain owned goes with it, whatever is below,
 * and who watches it hears so first; the rest is the toolstack's. */
static void test_orphans(void **state)
{
    struct client c = client();

    (void)state;
    introduce(GUEST_PVH);
    WRITE(&c, 0, "/local/domain/1/data/a/b\0v");
    EXPECT(&c, SET_PERMS, 0, "/local/domain/1/data/a\0n0", "OK");
    EXPECT(&c, SET_PERMS, 0, "/\0n1", "OK");
    WRITE(&c, 0, "/mine\0v");
    EXPECT(&c, SET_PERMS, 0, "/mine\0n11\0r1", "ENOENT");
    EXPECT(&c, SET_PERMS, 0, "/mine\0n0\0b1", "OK");
    EXPECT(&c, WATCH, 0, "@releaseDomain\0out", "OK");
    event(&c, "@releaseDomain", "out");
    EXPECT(&c, WATCH, 0, "/local/domain/1/data\0data", "OK");
    event(&c, "/local/domain/1/data", "data");
    xenstore_destroyed(1);
    event(&c, "/local/domain/1/data", "data");
    event(&c, "@releaseDomain", "out");
    quiet(&c);
    EXPECT(&c, DIRECTORY, 0, "/local/domain/1/control",
           "platform-feature-multiprocessor-suspend\0"
           "platform-feature-xs_reset_watches");
    VALUE(&c, 0, "/mine", "v");
    EXPECT(&c, SET_PERMS, 0, "/tool\0n1", "ENOENT");
    EXPECT(&c, INTRODUCE, 0, "1\0005\0001", "EINVAL");
    leave(&c);
}

/* check_domains: one that has shut down keeps its nodes, and only who watches
 * just this hears. */
static void test_shut_down(void **state)
{
    struct client c = client();

    (void)state;
    introduce(GUEST_PVH);
    EXPECT(&c, WATCH, 0, "/\0all", "OK");
    event(&c, "/", "all");
    EXPECT(&c, WATCH, 0, "@releaseDomain\0out", "OK");
    event(&c, "@releaseDomain", "out");
    xenstore_shut_down();
    event(&c, "@releaseDomain", "out");
    quiet(&c);
    EXPECT(&c, IS_DOMAIN_INTRODUCED, 0, "1", "T");
    leave(&c);
}

/* libxl_create.c:libxl__domain_make, libxl__domain_build: by its type. */
static void test_types(void **state)
{
    struct client c = client();

    (void)state;
    introduce(GUEST_HVM);
    VALUE(&c, 0, "/libxl/1/type", "hvm");
    VALUE(&c, 0, "/local/domain/1/hvmloader", "");
    EXPECT(&c, GET_PERMS, 0, "/local/domain/1/control/feature-s3", "n1");
    VALUE(&c, 0, "/local/domain/1/platform/acpi_s4", "1");
    leave(&c);
    xenstore_reset();
    c = client();
    introduce(GUEST_PV);
    VALUE(&c, 0, "/libxl/1/type", "pv");
    EXPECT(&c, READ, 0, "/local/domain/1/hvmloader", "ENOENT");
    EXPECT(&c, READ, 0, "/local/domain/1/platform", "ENOENT");
    leave(&c);
}

/* libxl_domain.c:devices_destroy_cb and libxl__devices_destroy. */
static void test_remove(void **state)
{
    struct client c = client();

    (void)state;
    introduce(GUEST_HVM);
    xenstore_remove(1);
    expect(&c, XS_DIRECTORY, 0, "/vm", sizeof("/vm"), "", 0);
    expect(&c, XS_DIRECTORY, 0, "/libxl", sizeof("/libxl"), "", 0);
    EXPECT(&c, DIRECTORY, 0, "/local/domain", "0");
    EXPECT(&c, READ, 0, "/local/domain/0/backend/console/1", "ENOENT");
    EXPECT(&c, IS_DOMAIN_INTRODUCED, 0, "1", "T");
    leave(&c);
}

/* access_node, finalize_transaction: what is written is seen by others at
 * the end, with its events in the order the nodes were first looked at. */
static void test_transaction(void **state)
{
    struct client c = client(), d = client();

    (void)state;
    EXPECT(&d, WATCH, 0, "/t\0w", "OK");
    event(&d, "/t", "w");
    EXPECT(&c, TRANSACTION_START, 0, "", "1");
    EXPECT(&c, TRANSACTION_START, 1, "", "EBUSY");
    WRITE(&c, 1, "/t/b\0v");
    WRITE(&c, 1, "/t/a\0v");
    WRITE(&c, 1, "/t/b\0w");
    WRITE(&c, 1, "/t/gone\0v");
    EXPECT(&c, RM, 1, "/t/gone", "OK");
    VALUE(&c, 1, "/t/b", "w");
    EXPECT(&d, READ, 0, "/t/b", "ENOENT");
    quiet(&d);
    EXPECT(&c, TRANSACTION_END, 1, "X", "EINVAL");
    EXPECT(&c, TRANSACTION_END, 1, "T", "OK");
    event(&d, "/t/b", "w");
    event(&d, "/t/a", "w");
    quiet(&d);
    VALUE(&d, 0, "/t/b", "w");
    EXPECT(&c, TRANSACTION_END, 1, "T", "ENOENT");
    EXPECT(&c, TRANSACTION_END, 0, "T", "ENOENT");
    leave(&c);
    leave(&d);
}

/* A conflict is a change of a node that the transaction looked at. */
static void test_conflict(void **state)
{
    struct client c = client(), d = client();

    (void)state;
    WRITE(&c, 0, "/t/a\0v");
    WRITE(&c, 0, "/u\0v");
    EXPECT(&c, TRANSACTION_START, 0, "", "1");
    EXPECT(&c, TRANSACTION_START, 0, "", "2");
    EXPECT(&c, TRANSACTION_START, 0, "", "3");
    EXPECT(&c, TRANSACTION_START, 0, "", "4");
    VALUE(&c, 1, "/t/a", "v");
    EXPECT(&c, READ, 2, "/t/new", "ENOENT");
    VALUE(&c, 3, "/u", "v");
    VALUE(&c, 4, "/t/a", "v");
    WRITE(&d, 0, "/t/a\0w");
    VALUE(&c, 1, "/t/a", "v");
    EXPECT(&c, TRANSACTION_END, 1, "T", "EAGAIN");
    WRITE(&d, 0, "/t/new\0w");
    EXPECT(&c, TRANSACTION_END, 2, "T", "EAGAIN");
    WRITE(&c, 3, "/u\0w");
    EXPECT(&c, TRANSACTION_END, 3, "T", "OK");
    EXPECT(&c, TRANSACTION_END, 4, "F", "OK");
    VALUE(&d, 0, "/u", "w");
    VALUE(&d, 0, "/t/new", "w");
    leave(&c);
    leave(&d);
}

/* send_directory answers E2BIG, send_directory_part piece by piece, with the
 * generation of the list. */
static void test_directory_part(void **state)
{
    struct client c = client();
    struct answer a;
    char text[64], first[32] = "";
    size_t at = 0, nr = 0;
    int n;

    (void)state;
    for (unsigned int i = 0; i < 1000; i++) {
        n = sprintf(text, "/d/child%04u", i) + 1;
        expect(&c, XS_MKDIR, 0, text, n, "OK", 3);
    }
    EXPECT(&c, DIRECTORY, 0, "/d", "E2BIG");
    do {
        n = sprintf(text, "/d%c%zu", '\0', at) + 1;
        put(&c, XS_DIRECTORY_PART, 0, text, n);
        assert_true(take(&c, &a));
        assert_int_equal(a.head.type, XS_DIRECTORY_PART);
        if (!*first)
            strcpy(first, a.body);
        assert_string_equal(a.body, first);
        n = strlen(a.body) + 1;
        while (n < (int)a.head.len && a.body[n]) {
            sprintf(text, "child%04zu", nr++);
            assert_string_equal(a.body + n, text);
            n += sizeof("child0000");
            at += sizeof("child0000");
        }
    } while (n == (int)a.head.len);
    assert_int_equal(nr, 1000);
    assert_int_equal(a.head.len, n + 1);
    EXPECT(&c, DIRECTORY_PART, 0, "/d", "EINVAL");
    leave(&c);
}

/* handle_input: a message may come in pieces, and a longer one than there
 * can be is the end of the connection. */
static void test_pieces(void **state)
{
    struct xsd_sockmsg head = { .type = XS_READ, .len = 6 };
    struct client c = client();
    char m[2 * (sizeof(head) + 6)];
    struct answer a;

    (void)state;
    memcpy(m, &head, sizeof(head));
    memcpy(m + sizeof(head), "/tool", 6);
    memcpy(m + sizeof(m) / 2, m, sizeof(m) / 2);
    for (size_t i = 0; i < sizeof(m); i++) {
        quiet(&c);
        assert_int_equal(xenstore_write(c.conn, (uintptr_t)m + i, 1), 1);
        if (i + 1 == sizeof(m) / 2)
            assert_true(take(&c, &a));
    }
    assert_true(take(&c, &a));
    assert_int_equal(a.head.type, XS_READ);
    assert_int_equal(xenstore_write(c.conn, 8, 20), -EFAULT);
    head.len = XENSTORE_PAYLOAD_MAX + 1;
    assert_int_equal(xenstore_write(c.conn, (uintptr_t)&head, sizeof(head)),
                     sizeof(head));
    assert_int_equal(read(c.fd, m, 1), 0);
    assert_int_equal(xenstore_write(c.conn, (uintptr_t)m, 1), -EPIPE);
    leave(&c);
}

/* Nothing is lost when the client does not read for long; send_event leaves
 * out an event that already waits. */
static void test_backlog(void **state)
{
    struct client c = client(), d = client();
    unsigned int n = 0;
    struct answer a;

    (void)state;
    EXPECT(&c, WATCH, 0, "/w\0token", "OK");
    event(&c, "/w", "token");
    while (!xenstore_backlog(c.conn)) {
        WRITE(&d, 0, "/w\0v");
        assert_true(++n < 1000000);
    }
    WRITE(&d, 0, "/w\0v");
    WRITE(&d, 0, "/w/x\0v");
    while (take(&c, &a)) {
        xenstore_flush(c.conn);
        if (strcmp(a.body, "/w"))
            break;
        n--;
    }
    assert_string_equal(a.body, "/w/x");
    assert_int_equal(n, 0);
    assert_false(xenstore_backlog(c.conn));
    quiet(&c);
    leave(&c);
    leave(&d);
}

/* do_reset_watches ends the transactions, too. */
static void test_reset(void **state)
{
    struct client c = client();

    (void)state;
    EXPECT(&c, WATCH, 0, "/w\0token", "OK");
    event(&c, "/w", "token");
    EXPECT(&c, TRANSACTION_START, 0, "", "1");
    EXPECT(&c, RESET_WATCHES, 0, "", "OK");
    EXPECT(&c, READ, 1, "/tool", "ENOENT");
    WRITE(&c, 0, "/w\0v");
    quiet(&c);
    leave(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_write, reset),
        cmocka_unit_test_teardown(test_orphans, reset),
        cmocka_unit_test_teardown(test_shut_down, reset),
        cmocka_unit_test_teardown(test_types, reset),
        cmocka_unit_test_teardown(test_remove, reset),
        cmocka_unit_test_teardown(test_mkdir_rm, reset),
        cmocka_unit_test_teardown(test_arguments, reset),
        cmocka_unit_test_teardown(test_permissions, reset),
        cmocka_unit_test_teardown(test_watch, reset),
        cmocka_unit_test_teardown(test_rm_watches, reset),
        cmocka_unit_test_teardown(test_domains, reset),
        cmocka_unit_test_teardown(test_transaction, reset),
        cmocka_unit_test_teardown(test_conflict, reset),
        cmocka_unit_test_teardown(test_directory_part, reset),
        cmocka_unit_test_teardown(test_pieces, reset),
        cmocka_unit_test_teardown(test_backlog, reset),
        cmocka_unit_test_teardown(test_reset, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
