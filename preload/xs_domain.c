/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in xenstore of a domain that xl has made.  Source:
 * tools/libs/light/libxl_create.c:libxl__domain_make, libxl__domain_build,
 * libxl_dom.c:libxl__build_post, libxl_console.c:libxl__device_console_add,
 * libxl_device.c:libxl__device_generic_add; tools/helpers/xen-init-dom0.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/op.h"
#include "preload/domctl.h"
#include "preload/xenstore.h"
#include "preload/xs_private.h"

/* Who may: nobody but dom0; the guest may read; the node is the guest's. */
enum perms { AS_PARENT, NONE, GUEST_READS, GUESTS };

struct row {
    const char *path;           /* below the domain's */
    enum perms perms;
    const char *value;          /* %u: the domain's id */
    unsigned int types;         /* whose it is, a bit each; 0: everybody's */
};
#define HVM     (1u << GUEST_HVM)
#define PV      (1u << GUEST_PV)

static const struct row rows[] = {
    { "cpu", GUEST_READS, "", 0 },
    { "memory", GUEST_READS, "", 0 },
    { "device", GUEST_READS, "", 0 },
    { "device/suspend/event-channel", GUESTS, "", 0 },
    { "control", GUEST_READS, "", 0 },
    { "hvmloader", GUEST_READS, "", HVM },
    { "control/shutdown", GUESTS, "", 0 },
    { "control/feature-poweroff", GUESTS, "", 0 },
    { "control/feature-reboot", GUESTS, "", 0 },
    { "control/feature-suspend", GUESTS, "", 0 },
    { "control/feature-s3", GUESTS, "", HVM },
    { "control/feature-s4", GUESTS, "", HVM },
    { "control/sysrq", GUESTS, "", 0 },
    { "data", GUESTS, "", 0 },
    { "drivers", GUESTS, "", 0 },
    { "feature", GUESTS, "", 0 },
    { "attr", GUESTS, "", 0 },
    { "error", GUESTS, "", 0 },
    { "control/platform-feature-multiprocessor-suspend", AS_PARENT, "1", 0 },
    { "control/platform-feature-xs_reset_watches", AS_PARENT, "1", 0 },
};

/* Ring pages: X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES + n. */
static const struct row built_rows[] = {
    { "memory/videoram", AS_PARENT, "0", 0 },
    { "domid", AS_PARENT, "%u", 0 },
    { "store/port", AS_PARENT, "1", 0 },
    { "store/ring-ref", AS_PARENT, "1044476", 0 },
};

static const struct row platform_rows[] = {
    { "platform/acpi", AS_PARENT, "1", HVM },
    { "platform/acpi_s3", AS_PARENT, "1", HVM },
    { "platform/acpi_s4", AS_PARENT, "1", HVM },
    { "platform/acpi_laptop_slate", AS_PARENT, "0", HVM },
    { "platform/device-model", AS_PARENT, "qemu_xen", HVM },
};

/* No time of day is modelled: all began when it did. */
static const struct row vm_rows[] = {
    { "/rtc/timeoffset", AS_PARENT, "", HVM },
    { "/image/ostype", AS_PARENT, "hvm", HVM },
    { "/image/ostype", AS_PARENT, "linux", PV },
    { "/start_time", AS_PARENT, "0.00", 0 },
};

static const struct row console_rows[] = {
    { "console", GUEST_READS, "", 0 },
    { "console/backend", AS_PARENT, "/local/domain/0/backend/console/%u/0", 0 },
    { "console/backend-id", AS_PARENT, "0", 0 },
    { "console/limit", AS_PARENT, "1048576", 0 },
    { "console/type", AS_PARENT, "xenconsoled", 0 },
    { "console/output", AS_PARENT, "pty", 0 },
    { "console/tty", AS_PARENT, "", 0 },
    { "console/port", AS_PARENT, "2", 0 },
    { "console/ring-ref", AS_PARENT, "1044479", 0 },
};

static const struct row backend_rows[] = {
    { "", GUEST_READS, "", 0 },
    { "/frontend", AS_PARENT, "/local/domain/%u/console", 0 },
    { "/frontend-id", AS_PARENT, "%u", 0 },
    { "/online", AS_PARENT, "1", 0 },
    { "/state", AS_PARENT, "1", 0 },
    { "/protocol", AS_PARENT, "vt100", 0 },
};

static const struct row libxl_rows[] = {
    { "", NONE, "", 0 },
    { "/device", NONE, "", 0 },
    { "/type", AS_PARENT, "hvm", HVM },
    { "/type", AS_PARENT, "pv", PV },
    { "/type", AS_PARENT, "pvh", 1u << GUEST_PVH },
    { "/device/console/0/frontend", AS_PARENT, "/local/domain/%u/console", 0 },
    { "/device/console/0/backend", AS_PARENT,
      "/local/domain/0/backend/console/%u/0", 0 },
    { "/device/console/0/frontend-id", AS_PARENT, "%u", 0 },
    { "/device/console/0/online", AS_PARENT, "1", 0 },
    { "/device/console/0/state", AS_PARENT, "1", 0 },
    { "/device/console/0/protocol", AS_PARENT, "vt100", 0 },
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

static void put_rows(const struct args_create *create, const char *home,
                     const struct row *row, size_t nr)
{
    char path[128], value[64];

    for (size_t i = 0; i < nr; i++) {
        if (row[i].types && !(row[i].types & 1u << create->type))
            continue;
        snprintf(path, sizeof(path), "%s%s", home, row[i].path);
        put(create->dom, path, row[i].perms,
            filled(value, sizeof(value), row[i].value, create->dom));
    }
}
#define PUT_ROWS(create, home, rows) \
    put_rows(create, home, rows, sizeof(rows) / sizeof((rows)[0]))

static void put_machine(void)
{
    put(0, "/local/domain/0/domid", AS_PARENT, "0");
    put(0, "/local/domain/0/name", AS_PARENT, "Domain-0");
    put(0, "/local/pool/0/name", AS_PARENT, "Pool-0");
}

/* "/vm/" and its UUID. */
static void vm_path(uint32_t dom, char vm[64])
{
    xen_domain_handle_t uuid;
    int len = sprintf(vm, "/vm/");

    domain_uuid(dom, uuid);
    for (unsigned int i = 0; i < sizeof(uuid); i++) {
        bool hyphen = i >= 4 && i <= 10 && i % 2 == 0;

        len += sprintf(vm + len, "%s%02x", hyphen ? "-" : "", uuid[i]);
    }
}

static void put_vm(uint32_t dom, const char *vm, const char *name)
{
    char path[128];

    put(dom, vm, GUEST_READS, "");
    snprintf(path, sizeof(path), "%s/uuid", vm);
    put(dom, path, AS_PARENT, vm + strlen("/vm/"));
    snprintf(path, sizeof(path), "%s/name", vm);
    put(dom, path, AS_PARENT, name);
    put_of(dom, "vm", AS_PARENT, vm);
    put_of(dom, "name", AS_PARENT, name);
}

static void put_memory(const struct args_create *create)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, create->ram * 4);
    put_of(create->dom, "memory/static-max", AS_PARENT, text);
    put_of(create->dom, "memory/target", AS_PARENT, text);
}

static void put_cpus(const struct args_create *create)
{
    char text[64];

    for (uint32_t i = 0; i < create->vcpus; i++) {
        snprintf(text, sizeof(text), "cpu/%" PRIu32 "/availability", i);
        put_of(create->dom, text, AS_PARENT, "online");
    }
}

void xenstore_introduce(const struct args_create *create, const char *name)
{
    char home[64], vm[64], path[64];
    uint32_t dom = create->dom;

    if (dom >= DOMID_FIRST_RESERVED || xs_start())
        return;
    put_machine();
    vm_path(dom, vm);
    snprintf(home, sizeof(home), "/local/domain/%" PRIu32, dom);
    put(dom, home, GUEST_READS, "");
    put_vm(dom, vm, name);
    strcat(home, "/");
    snprintf(path, sizeof(path), "/libxl/%" PRIu32, dom);
    PUT_ROWS(create, path, libxl_rows);
    PUT_ROWS(create, home, rows);
    put_memory(create);
    PUT_ROWS(create, home, built_rows);
    put_cpus(create);
    PUT_ROWS(create, home, platform_rows);
    PUT_ROWS(create, vm, vm_rows);
    PUT_ROWS(create, home, console_rows);
    snprintf(path, sizeof(path), "/local/domain/0/backend/console/%" PRIu32
             "/0", dom);
    PUT_ROWS(create, path, backend_rows);
    xs_store.exists[dom] = xs_store.introduced[dom] = true;
    xs_fire("@introduceDomain", true);
}

/* ---- and its end ---- */

static bool owned(const struct xs_node *node, const char *owner)
{
    return node->perms.len && !strcmp(node->perms.p + 1, owner);
}

/* At PATH, a buffer of XS_PATH bytes, and below: what the domain called OWNER
 * owns goes, with all that is below that. */
static void remove_owned(char *path, const char *owner)
{
    const struct xs_node *node = xs_get(NULL, path);
    size_t len = strlen(path), at = 0;

    if (!node)
        return;
    if (len > 1 && owned(node, owner)) {
        xs_remove(NULL, path);
        return;
    }
    while (at < node->children.len) {
        size_t before = node->children.len;

        sprintf(path + len, "%s%s", len > 1 ? "/" : "",
                node->children.p + at);
        remove_owned(path, owner);
        path[len] = '\0';
        if (node->children.len == before)
            at += strlen(node->children.p + at) + 1;
    }
}

/* xenstored_domain.c:destroy_domain */
void xenstore_release(uint32_t dom)
{
    char path[XS_PATH] = "/", owner[16];

    if (dom >= DOMID_FIRST_RESERVED || !xs_store.introduced[dom])
        return;
    sprintf(owner, "%" PRIu32, dom);
    remove_owned(path, owner);
    xs_store.introduced[dom] = false;
    xs_fire("@releaseDomain", true);
}

void xenstore_destroyed(uint32_t dom)
{
    if (dom >= DOMID_FIRST_RESERVED)
        return;
    xenstore_release(dom);
    xs_store.exists[dom] = false;
}

static void remove_if_there(const char *path)
{
    if (xs_get(NULL, path))
        xs_remove(NULL, path);
}

/* libxl_device.c:libxl__devices_destroy, with the console's parents when they
 * are empty; libxl_domain.c:devices_destroy_cb. */
void xenstore_remove(uint32_t dom)
{
    char path[64];

    if (dom >= DOMID_FIRST_RESERVED)
        return;
    snprintf(path, sizeof(path), "/local/domain/0/backend/console/%" PRIu32,
             dom);
    remove_if_there(path);
    vm_path(dom, path);
    remove_if_there(path);
    snprintf(path, sizeof(path), "/local/domain/%" PRIu32, dom);
    remove_if_there(path);
    snprintf(path, sizeof(path), "/libxl/%" PRIu32, dom);
    remove_if_there(path);
}
