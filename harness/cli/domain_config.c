/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl.cfg(5) is read by libxlutil, Xen's own parser; what its values mean
 * follows xl of Xen 4.17. */
#include "harness/cli/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "harness/names.h"
#include "sim/sim.h"

#define PAGES_PER_MB    256
#define MAX_MB          (1l << 18)      /* as the model's domain.create */
#define MAX_POOL_MB     (1l << 12)
#define MAX_VCPUS       128
#define MAX_TEXT        (1 << 20)       /* bytes of a file */

/* What the model is told. */
static const char *const known[] = {
    "altp2m", "altp2mhvm", "builder", "hap", "maxmem", "memory",
    "pv_mem_access", "shadow_memory", "type", "vcpus", NULL
};

/* What has no bearing on introspection. */
static const char *const harmless[] = {
    "acpi", "apic", "bios", "boot", "bootloader", "bootloader_args",
    "cmdline", "console", "cpu_weight", "cpuid", "cpus", "cpus_soft",
    "device_model_args", "device_model_override", "device_model_version",
    "disk", "extra", "firmware", "gfx_passthru", "keymap", "kernel",
    "localtime", "maxvcpus", "name", "nographic", "on_crash", "on_poweroff",
    "on_reboot", "on_soft_reset", "on_watchdog", "pae", "parallel", "pool",
    "ramdisk", "root", "rtc_timeoffset", "sdl", "serial", "spice", "stdvga",
    "timer_mode", "tsc_mode", "usb", "usbdevice", "uuid", "vfb", "vga",
    "videoram", "vif", "viridian", "vnc", "vncconsole", "vncdisplay",
    "vnclisten", "vncpasswd", "vncunused", "xen_platform_pci", NULL
};

static bool listed(const char *const *list, const char *key, size_t len)
{
    for (; *list; list++) {
        if (strlen(*list) == len && !memcmp(*list, key, len))
            return true;
    }
    return false;
}

/* Complain of the key that LINE starts with when the model cannot heed it. */
static void warn_of_key(const char *file, const char *line)
{
    const char *key = line + strspn(line, " \t"), *p = key;

    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    if (p == key || isdigit((unsigned char)*key) ||
        listed(known, key, p - key) || listed(harmless, key, p - key))
        return;
    if (p[strspn(p, " \t+")] == '=')
        cli_fail(CLI_OK, file, "warning: '%.*s' means nothing to the model "
                 "and is ignored", (int)(p - key), key);
}

/* libxlutil does not tell which keys there are, so look for "KEY =". */
static void warn_of_keys(const char *file, const char *text)
{
    while (text) {
        warn_of_key(file, text);
        text = strchr(text, '\n');
        if (text)
            text++;
    }
}

/* Integer KEY between MIN and MAX into *VALUE, untouched where there is
 * none.  An exit status. */
static int get_long(const char *file, XLU_Config *config, const char *key,
                    long min, long max, long *value)
{
    long found;
    int rc = xlu_cfg_get_long(config, key, &found, 0);

    if (rc == ESRCH)
        return CLI_OK;
    if (rc)
        return cli_fail(CLI_INPUT, file, "%s: not a number", key);
    if (found < min || found > max)
        return cli_fail(CLI_INPUT, file, "%s: %ld: between %ld and %ld, "
                        "please", key, found, min, max);
    *value = found;
    return CLI_OK;
}

/* String KEY into *TEXT, NULL where there is none.  An exit status. */
static int get_text(const char *file, XLU_Config *config, const char *key,
                    const char **text)
{
    int rc = xlu_cfg_get_string(config, key, text, 1);

    if (!rc)
        return CLI_OK;
    *text = NULL;
    return rc == ESRCH ? CLI_OK : cli_fail(CLI_INPUT, file, "%s: a list; one "
                                           "value, please", key);
}

/* As xl: "type", else the older "builder", else PV. */
static int get_type(const char *file, XLU_Config *config, uint32_t *type)
{
    const char *key = "type", *text;
    uint64_t value;
    int status = get_text(file, config, key, &text);

    *type = GUEST_PV;
    if (!status && !text) {
        key = "builder";
        status = get_text(file, config, key, &text);
    }
    if (status)
        return status;
    if (!text)
        return cli_fail(CLI_OK, file, "warning: no type, which means PV as "
                        "for xl, and PV has neither mem_access nor altp2m: "
                        "type = \"pvh\" or \"hvm\" for those");
    if (!strcmp(key, "builder") && !strcmp(text, "generic"))
        return CLI_OK;
    if (hv_name_value(names_guest_type, text, &value))
        return cli_fail(CLI_INPUT, file, "%s: '%s': pvh, hvm or pv, please",
                        key, text);
    *type = value;
    return CLI_OK;
}

static int get_altp2m(const char *file, XLU_Config *config, uint32_t *altp2m)
{
    const char *text;
    uint64_t value;
    long hvm = 0;
    int status;

    *altp2m = XEN_ALTP2M_disabled;
    status = get_long(file, config, "altp2mhvm", 0, 1, &hvm);
    if (status)
        return status;
    if (hvm)
        *altp2m = XEN_ALTP2M_mixed;
    status = get_text(file, config, "altp2m", &text);
    if (status || !text)
        return status;
    if (hv_name_value(names_altp2m, text, &value)) {
        char *end;

        value = strtoul(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end ||
            value > XEN_ALTP2M_limited)
            return cli_fail(CLI_INPUT, file, "altp2m: '%s': disabled, mixed, "
                            "external or limited, please", text);
    }
    *altp2m = value;
    return CLI_OK;
}

static int fill(const char *file, XLU_Config *config, uint32_t dom,
                struct args_create *create)
{
    long memory = 0, maxmem, vcpus = 1, shadow = 0, hap = 1, pv_access = 0;
    uint32_t type;
    int status;

    status = get_long(file, config, "memory", 1, MAX_MB, &memory);
    if (!status && !memory)
        status = cli_fail(CLI_INPUT, file, "memory: missing, in MB");
    maxmem = memory;
    if (!status)
        status = get_long(file, config, "maxmem", memory, MAX_MB, &maxmem);
    if (!status)
        status = get_long(file, config, "vcpus", 1, MAX_VCPUS, &vcpus);
    if (!status)
        status = get_long(file, config, "shadow_memory", 0, MAX_POOL_MB,
                          &shadow);
    if (!status)
        status = get_long(file, config, "hap", 0, 1, &hap);
    if (!status)
        status = get_long(file, config, "pv_mem_access", 0, 1, &pv_access);
    if (!status)
        status = get_type(file, config, &type);
    if (status)
        return status;
    if (pv_access && type != GUEST_PV)
        return cli_fail(CLI_INPUT, file, "pv_mem_access: of a PV domain; "
                        "any other has mem_access");
    if (!hap && type != GUEST_PV)
        return cli_fail(CLI_INPUT, file, "hap = 0: the model has no shadow "
                        "paging; leave it out");
    /* Xen's toolstack sizes everything but the memory itself by maxmem. */
    sim_default_domain(create, dom, maxmem, vcpus);
    create->type = type;
    create->ram = (uint64_t)memory * PAGES_PER_MB;
    create->pv_mem_access = pv_access;
    if (shadow)
        create->pool = (uint64_t)shadow * PAGES_PER_MB;
    return get_altp2m(file, config, &create->altp2m);
}

/* FILE's text, to be freed, or NULL and an exit status.  libxlutil would end
 * the program over a file that it cannot read. */
static char *read_text(const char *file, int *len, int *status)
{
    char *text = calloc(1, MAX_TEXT + 1);
    FILE *in = fopen(file, "r");
    size_t n = 0;

    *status = CLI_OK;
    if (in && text)
        n = fread(text, 1, MAX_TEXT, in);
    if (!text)
        *status = cli_fail(CLI_ENVIRONMENT, file, "out of memory");
    else if (!in || ferror(in))
        *status = cli_fail(CLI_INPUT, file, "%s", strerror(errno));
    else if (n == MAX_TEXT || strlen(text) != n)
        *status = cli_fail(CLI_INPUT, file, "not a text as xl.cfg(5) "
                           "describes it");
    if (in)
        fclose(in);
    if (*status) {
        free(text);
        return NULL;
    }
    *len = n;
    return text;
}

/* "name", as far as it fits; NAME stays as it is where there is none. */
static int get_name(const char *file, XLU_Config *config, char *name)
{
    const char *text;
    int status = get_text(file, config, "name", &text);

    if (!status && text)
        snprintf(name, DOMAIN_NAME, "%s", text);
    return status;
}

int domain_config(const char *file, uint32_t dom, struct args_create *create,
                  char *name)
{
    XLU_Config *config;
    int rc, status, len;
    char *text = read_text(file, &len, &status);

    if (!text)
        return status;
    config = xlu_cfg_init(stderr, file);
    rc = config ? xlu_cfg_readdata(config, text, len) : ENOMEM;
    if (rc) {
        status = cli_fail(rc == ENOMEM ? CLI_ENVIRONMENT : CLI_INPUT, file,
                          "%s: not a domain as xl.cfg(5) describes it",
                          strerror(rc));
    } else {
        warn_of_keys(file, text);
        status = fill(file, config, dom, create);
        if (!status && name)
            status = get_name(file, config, name);
    }
    if (config)
        xlu_cfg_destroy(config);
    free(text);
    return status;
}
