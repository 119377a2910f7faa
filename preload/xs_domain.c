/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in xenstore of a domain that xl has made.  Source:
 * tools/libs/light/libxl_create.c:libxl__domain_make, libxl_dom.c:
 * libxl__build_post, libxl_console.c:libxl__device_console_add,
 * libxl_device.c:libxl__device_generic_add, init-xenstore-dom0. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "preload/domctl.h"
#include "preload/xenstore.h"
#include "preload/xs_private.h"

/* Who may: nobody but dom0; the guest may read; the node is the guest's. */
enum perms { AS_PARENT, NONE, GUEST_READS, GUESTS };

struct row {
    const char *path;           /* below the domain's */
    enum perms perms;
    const char *value;          /* %u: the domain's id */
};

static const struct row rows[] = {
    { "cpu", GUEST_READS, "" },
    { "memory", GUEST_READS, "" },
    { "device", GUEST_READS, "" },
    { "device/suspend/event-channel", GUESTS, "" },
    { "control", GUEST_READS, "" },
    { "control/shutdown", GUESTS, "" },
    { "control/feature-poweroff", GUESTS, "" },
    { "control/feature-reboot", GUESTS, "" },
    { "control/feature-suspend", GUESTS, "" },
    { "control/sysrq", GUESTS, "" },
    { "data", GUESTS, "" },
    { "drivers", GUESTS, "" },
    { "feature", GUESTS, "" },
    { "attr", GUESTS, "" },
    { "error", GUESTS, "" },
    { "control/platform-feature-multiprocessor-suspend", AS_PARENT, "1" },
    { "control/platform-feature-xs_reset_watches", AS_PARENT, "1" },
};

/* Ring pages: X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES + n. */
static const struct row late_rows[] = {
    { "memory/videoram", AS_PARENT, "0" },
    { "domid", AS_PARENT, "%u" },
    { "store/port", AS_PARENT, "1" },
    { "store/ring-ref", AS_PARENT, "1044476" },
    { "console", GUEST_READS, "" },
    { "console/backend", AS_PARENT, "/local/domain/0/backend/console/%u/0" },
    { "console/backend-id", AS_PARENT, "0" },
    { "console/limit", AS_PARENT, "1048576" },
    { "console/type", AS_PARENT, "xenconsoled" },
    { "console/output", AS_PARENT, "pty" },
    { "console/tty", AS_PARENT, "" },
    { "console/port", AS_PARENT, "2" },
    { "console/ring-ref", AS_PARENT, "1044479" },
};

static const struct row backend_rows[] = {
    { "", GUEST_READS, "" },
    { "/frontend", AS_PARENT, "/local/domain/%u/console" },
    { "/frontend-id", AS_PARENT, "%u" },
    { "/online", AS_PARENT, "1" },
    { "/state", AS_PARENT, "1" },
    { "/protocol", AS_PARENT, "vt100" },
};

static void put(uint32_t dom, const char *path, enum perms perms,
                const char *value)
{
    struct xs_node *node = xs_make(NULL, path);
    char text[64];
    int n = 0;

    if (!node)
        return;
    if (perms == NONE)
        n = sprintf(text, "n0%c", '\0');
    else if (perms == GUEST_READS)
        n = sprintf(text, "n0%cr%" PRIu32 "%c", '\0', dom, '\0');
    else if (perms == GUESTS)
        n = sprintf(text, "n%" PRIu32 "%c", dom, '\0');
    xs_assign(&node->value, value, strlen(value));
    if (n)
        xs_assign(&node->perms, text, n);
    xs_touch(NULL, node);
}

static void put_of(uint32_t dom, const char *name, enum perms perms,
                   const char *value)
{
    char path[256];

    snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/%s", dom, name);
    put(dom, path, perms, value);
}

/* FORMAT has at most one conversion, the domain's. */
static const char *filled(char *text, size_t room, const char *format,
                          uint32_t dom)
{
    const char *hole = strstr(format, "%u");

    if (!hole)
        return format;
    snprintf(text, room, "%.*s%" PRIu32 "%s", (int)(hole - format), format,
             dom, hole + 2);
    return text;
}

static void put_rows(uint32_t dom, const char *home, const struct row *row,
                     size_t nr)
{
    char path[128], value[64];

    for (size_t i = 0; i < nr; i++) {
        snprintf(path, sizeof(path), "%s%s", home, row[i].path);
        put(dom, path, row[i].perms,
            filled(value, sizeof(value), row[i].value, dom));
    }
}
#define PUT_ROWS(dom, home, rows) \
    put_rows(dom, home, rows, sizeof(rows) / sizeof((rows)[0]))

static void put_machine(void)
{
    put(0, "/local/domain/0/domid", AS_PARENT, "0");
    put(0, "/local/domain/0/name", AS_PARENT, "Domain-0");
}

static void put_vm(uint32_t dom, const char *name)
{
    char vm[64] = "/vm/", path[128];
    xen_domain_handle_t uuid;
    size_t len = strlen(vm);

    domain_uuid(dom, uuid);
    for (unsigned int i = 0; i < sizeof(uuid); i++) {
        bool hyphen = i >= 4 && i <= 10 && i % 2 == 0;

        len += (size_t)snprintf(vm + len, sizeof(vm) - len, "%s%02x",
                                hyphen ? "-" : "", uuid[i]);
    }
    put(dom, vm, GUEST_READS, "");
    snprintf(path, sizeof(path), "%s/uuid", vm);
    put(dom, path, AS_PARENT, vm + strlen("/vm/"));
    snprintf(path, sizeof(path), "%s/name", vm);
    put(dom, path, AS_PARENT, name);
    put_of(dom, "vm", AS_PARENT, vm);
    put_of(dom, "name", AS_PARENT, name);
    snprintf(path, sizeof(path), "/libxl/%" PRIu32, dom);
    put(dom, path, NONE, "");
    snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/device", dom);
    put(dom, path, NONE, "");
    snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/type", dom);
    put(dom, path, AS_PARENT, "pvh");
}

void xenstore_introduce(uint32_t dom, const char *name, uint64_t kb,
                        uint32_t vcpus)
{
    char home[64], text[128];

    if (dom >= DOMID_FIRST_RESERVED || xs_start())
        return;
    put_machine();
    snprintf(home, sizeof(home), "/local/domain/%" PRIu32, dom);
    put(dom, home, GUEST_READS, "");
    put_vm(dom, name);
    snprintf(home, sizeof(home), "/local/domain/%" PRIu32 "/", dom);
    PUT_ROWS(dom, home, rows);
    snprintf(text, sizeof(text), "%" PRIu64, kb);
    put_of(dom, "memory/static-max", AS_PARENT, text);
    put_of(dom, "memory/target", AS_PARENT, text);
    PUT_ROWS(dom, home, late_rows);
    for (uint32_t i = 0; i < vcpus; i++) {
        snprintf(text, sizeof(text), "cpu/%" PRIu32 "/availability", i);
        put_of(dom, text, AS_PARENT, "online");
    }
    snprintf(text, sizeof(text), "/local/domain/0/backend/console/%" PRIu32
             "/0", dom);
    PUT_ROWS(dom, text, backend_rows);
    xs_store.exists[dom] = xs_store.introduced[dom] = true;
    xs_fire("@introduceDomain", true);
}

void xenstore_release(uint32_t dom)
{
    if (dom >= DOMID_FIRST_RESERVED || !xs_store.introduced[dom])
        return;
    xs_store.introduced[dom] = false;
    xs_fire("@releaseDomain", true);
}
