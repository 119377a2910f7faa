/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's Xen: handles, and whose number is which domain's. */
#include "real/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xentoollog.h>

/* ---- domains ---- */

/* Libraries put ids into domid_t, 16 bits of them. */
struct xen_domain *xen_domain(struct xen *x, uint32_t dom)
{
    for (unsigned int i = 0; i < x->nr_domains; i++) {
        if (x->domains[i].dom == (domid_t)dom)
            return &x->domains[i];
    }
    return NULL;
}

struct xen_domain *xen_add_domain(struct xen *x, uint32_t dom)
{
    struct xen_domain *d;

    if (x->nr_domains == XEN_MAX_DOMAINS)
        return NULL;
    d = &x->domains[x->nr_domains++];
    *d = (struct xen_domain){ .dom = dom, .id = NO_DOMAIN };
    return d;
}

uint32_t xen_id(struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    if (d)
        return d->id;
    return !(domid_t)dom || (domid_t)dom >= DOMID_FIRST_RESERVED ?
        dom : NO_DOMAIN;
}

uint32_t xen_guest_id(struct xen *x, uint32_t dom)
{
    const struct xen_domain *d = xen_domain(x, dom);

    return d ? d->id : NO_DOMAIN;
}

uint32_t xen_real_id(struct xen *x, uint32_t dom)
{
    return xen_guest_id(x, dom);
}

struct hv *xen_hv(struct xen *x)
{
    return &x->hv;
}

/* ---- the interface ---- */

static void *real_ring(struct hv *hv, uint32_t dom)
{
    const struct xen_domain *d = xen_domain((struct xen *)hv, dom);

    return d && d->ring.on ? d->ring.page : NULL;
}

static int real_observe(struct hv *hv, uint32_t dom,
                        const struct vm_event_st *ev)
{
    struct xen *x = (struct xen *)hv;

    return x->hv.caps & HV_CAP_OBSERVE ?
        x->driver->observe(x->driver_ctx, x, dom, ev) : -EOPNOTSUPP;
}

static void close_domain(struct xen *x, struct xen_domain *d)
{
    struct args_dom a = { .dom = d->dom };

    if (d->ring.on)
        xc_monitor_disable(x->xc, d->id);
    xen_ring_drop(x, d);
    if (d->created)
        real_op_DOMAIN_DESTROY(x, &a);
    else
        xen_hold(x, d->dom, false);
    xen_frames_forget(d);
    free(d->name);
}

static void close_handles(struct xen *x)
{
    if (x->channel)
        xenevtchn_close(x->channel);
    if (x->memory)
        xenforeignmemory_close(x->memory);
    if (x->call)
        xencall_close(x->call);
    if (x->xc)
        xc_interface_close(x->xc);
    if (x->log)
        xtl_logger_destroy(x->log);
}

static void real_close(struct hv *hv)
{
    struct xen *x = (struct xen *)hv;

    if (x->driver && x->driver->close)
        x->driver->close(x->driver_ctx);
    x->driver = NULL;
    for (unsigned int i = 0; i < x->nr_domains; i++)
        close_domain(x, &x->domains[i]);
    xen_pages_close(x);
    free(x->ports);             /* closing the device unbinds them */
    close_handles(x);
    free(x->kernel);
    free(x->pv_kernel);
    free(x->xl);
    free(x);
}

/* ---- opening ---- */

/* The libraries say on standard error what a call answered: errors are what
 * is asked for here. */
static int open_handles(struct xen *x)
{
    x->log = (xentoollog_logger *)xtl_createlogger_stdiostream(
        stderr, XTL_CRITICAL, 0);
    if (!x->log)
        return -ENOMEM;
    errno = ENOENT;
    x->xc = xc_interface_open(x->log, x->log, 0);
    if (!x->xc)
        return -errno;
    x->call = xencall_open(x->log, 0);
    x->memory = x->call ? xenforeignmemory_open(x->log, 0) : NULL;
    x->channel = x->memory ? xenevtchn_open(x->log, 0) : NULL;
    if (!x->channel)
        return -errno;
    if (fcntl(xenevtchn_fd(x->channel), F_SETFL, O_NONBLOCK))
        return -errno;
    return 0;
}

/* A domctl's structure has a version, that Xen refuses when it is not its
 * own, and so has an event's. */
static int check_version(struct xen *x)
{
    int version = xen_answer(xc_vm_event_get_version(x->xc));

    if (version == -EACCES || (version >= 0 &&
                               version != VM_EVENT_INTERFACE_VERSION))
        return -EPROTO;
    return version < 0 ? version : 0;
}

void xen_release(struct hv *hv, char text[XEN_RELEASE])
{
    int version = xc_version(((struct xen *)hv)->xc, XENVER_version, NULL);

    snprintf(text, XEN_RELEASE, "%d.%d", version >> 16 & 0xffff,
             version & 0xffff);
}

static int attach(struct xen *x, const struct xen_attach *a)
{
    struct args_domain_info info = { .dom = a->dom };
    struct xen_domain *d = xen_domain(x, a->dom);

    if (d || !a->dom || a->dom >= DOMID_FIRST_RESERVED)
        return -EINVAL;
    d = xen_add_domain(x, a->dom);
    if (!d)
        return -E2BIG;
    d->id = a->id;
    d->attached = true;
    return real_op_DOMAIN_INFO(x, &info);
}

/* TEXT's copy, or NULL. */
static int copy_text(const char *text, char **to)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text ? 0 : -ENOMEM;
}

static int copy_texts(struct xen *x, const struct xen_config *config)
{
    int rc = copy_text(config->xl ? config->xl : "xl", &x->xl);

    if (!rc)
        rc = copy_text(config->kernel, &x->kernel);
    return rc ? rc : copy_text(config->pv_kernel, &x->pv_kernel);
}

static int configure(struct xen *x, const struct xen_config *config)
{
    int rc = copy_texts(x, config);

    x->timeout_ms = config->timeout_ms;
    x->settle_ms = config->settle_ms;
    if (!rc)
        rc = open_handles(x);
    if (!rc)
        rc = check_version(x);
    for (unsigned int i = 0; !rc && i < config->nr_attach; i++)
        rc = attach(x, &config->attach[i]);
    if (!rc && config->driver) {
        x->driver = config->driver;
        x->driver_ctx = config->driver_ctx;
        x->hv.caps |= x->driver->caps;
    }
    return rc;
}

int xen_list(struct xen_attach *list, unsigned int max)
{
    struct xen x = { .xc = NULL };
    xc_domaininfo_t *info = calloc(max, sizeof(*info));
    int rc = -ENOMEM;

    if (info)
        rc = open_handles(&x);
    if (!rc)
        rc = xen_answer(xc_domain_getinfolist(x.xc, 1, max, info));
    for (int i = 0; i < rc; i++)
        list[i] = (struct xen_attach){ info[i].domain, info[i].domain };
    close_handles(&x);
    free(info);
    return rc;
}

struct hv *xen_open(const struct xen_config *config, int *error)
{
    static const struct hv_ops ops = {
        .call = real_call, .ring = real_ring, .wait = real_wait,
        .map = real_map, .unmap = real_unmap, .observe = real_observe,
        .close = real_close,
    };
    static const struct xen_config defaults = {
        .timeout_ms = XEN_TIMEOUT_MS, .settle_ms = XEN_SETTLE_MS,
    };
    struct xen *x = calloc(1, sizeof(*x));

    *error = -ENOMEM;
    if (!x)
        return NULL;
    x->hv.ops = &ops;
    x->hv.name = "xen";
    *error = configure(x, config ? config : &defaults);
    if (!*error)
        return &x->hv;
    real_close(&x->hv);
    return NULL;
}
