/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "real/puppet_pv_xen.h"

#define MAX_MS  3600000u

enum { KEY_XEN = 0x1000, KEY_ATTACH, KEY_PUPPET, KEY_PUPPET_PV,
       KEY_TIMEOUT, KEY_SETTLE };

static const struct argp_option options[] = {
    { "xen", KEY_XEN, NULL, 0, "Use the Xen of this machine instead of the "
      "model; needs root in dom0", 2 },
    { "attach", KEY_ATTACH, "DOM=ID", 0, "Domain DOM is the one with Xen's "
      "id ID: domain.create pauses it and makes none; repeated for others",
      2 },
    { "puppet", KEY_PUPPET, "KERNEL", 0, "What the domains boot that "
      "domain.create has xl make", 2 },
    { "puppet-pv", KEY_PUPPET_PV, "KERNEL", 0, "What those of type PV boot",
      2 },
    { "timeout", KEY_TIMEOUT, "MS", 0, "How long to wait for an event "
      "(default: 1000)", 2 },
    { "settle", KEY_SETTLE, "MS", 0, "How long to wait for more events "
      "(default: 20)", 2 },
    { 0 }
};

static void parse_attach(struct cli_xen *xen, const struct argp_state *state,
                         const char *arg)
{
    struct xen_attach *a = &xen->attach[xen->config.nr_attach];
    unsigned long dom, id;
    char *end;

    if (xen->config.nr_attach == XEN_MAX_DOMAINS)
        argp_error(state, "--attach: %d at the most", XEN_MAX_DOMAINS);
    errno = 0;
    dom = strtoul(arg, &end, 10);
    id = *end == '=' && end[1] >= '0' && end[1] <= '9' ?
        strtoul(end + 1, &end, 10) : 0;
    if (errno || *end || !dom || !id || dom >= DOMID_FIRST_RESERVED ||
        id >= DOMID_FIRST_RESERVED)
        argp_error(state, "--attach: '%s' is not DOM=ID", arg);
    for (unsigned int i = 0; i < xen->config.nr_attach; i++) {
        if (xen->attach[i].dom == dom)
            argp_error(state, "--attach: domain %lu, twice", dom);
    }
    *a = (struct xen_attach){ (uint32_t)dom, (uint32_t)id };
    xen->config.nr_attach++;
}

static uint32_t milliseconds(const struct argp_state *state, const char *name,
                             const char *arg)
{
    uint64_t ms = cli_number(state, name, arg);

    if (ms > MAX_MS)
        argp_error(state, "%s: %u at the most, not '%s'", name, MAX_MS, arg);
    return (uint32_t)ms;
}

static void start(struct cli_xen *xen)
{
    xen->config.timeout_ms = XEN_TIMEOUT_MS;
    xen->config.settle_ms = XEN_SETTLE_MS;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cli_xen *xen = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        start(xen);
        return 0;
    case ARGP_KEY_END:
        if (xen->option && !xen->on)
            argp_error(state, "%s: only with --xen", xen->option);
        return 0;
    case KEY_XEN:
        xen->on = true;
        return 0;
    case KEY_ATTACH:
        parse_attach(xen, state, arg);
        xen->option = "--attach";
        return 0;
    case KEY_PUPPET:
        xen->config.kernel = arg;
        xen->option = "--puppet";
        return 0;
    case KEY_PUPPET_PV:
        xen->config.pv_kernel = arg;
        xen->option = "--puppet-pv";
        return 0;
    case KEY_TIMEOUT:
        xen->config.timeout_ms = milliseconds(state, "--timeout", arg);
        xen->option = "--timeout";
        return 0;
    case KEY_SETTLE:
        xen->config.settle_ms = milliseconds(state, "--settle", arg);
        xen->option = "--settle";
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_xen_argp = { .options = options, .parser = parse };

static int complain(const char *file, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENXIO:
    case -ENODEV:
        return cli_fail(CLI_ENVIRONMENT, file, "there is no Xen here: run it "
                        "in dom0, or without --xen on the model");
    case -EACCES:
    case -EPERM:
        return cli_fail(CLI_ENVIRONMENT, file, "Xen's devices: %s: --xen "
                        "needs root", strerror(-error));
    case -EPROTO:
        return cli_fail(CLI_ENVIRONMENT, file, "the Xen that runs is of "
                        "another release than the libraries and headers of "
                        "this program: use one made for it");
    case -ESRCH:
        return cli_fail(CLI_ENVIRONMENT, file, "--attach: no such domain "
                        "runs: \"xl list\" has their ids");
    default:
        return cli_fail(CLI_ENVIRONMENT, file, "Xen: %s", strerror(-error));
    }
}

int cli_xen_open(const struct cli_xen *xen, const char *file, struct hv **hv)
{
    struct xen_config config = xen->config;
    int error;

    config.attach = xen->attach;
    config.driver = xen_front_driver();
    if (!config.driver && (config.kernel || config.pv_kernel)) {
        config.driver = &puppets_driver;
        config.driver_ctx = puppets_driver_new();
        if (!config.driver_ctx)
            return cli_fail(CLI_ENVIRONMENT, file, "no memory");
    }
    *hv = xen_open(&config, &error);
    if (*hv)
        return CLI_OK;
    free(config.driver_ctx);
    return complain(file, error);
}
