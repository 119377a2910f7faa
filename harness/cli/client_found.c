/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/client_found.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <xen/event_channel.h>

#include "harness/cli/cli.h"
#include "harness/found.h"
#include "harness/interface.h"
#include "real/xen.h"
#include "traces/text.h"

#define LOW_START       0x100ull        /* behind a video card's hole */
#define MAX_NAME        64

struct found {
    struct hv *hv;
    struct hv_sink *sink;
    FILE *setup;
    struct args_create create;
    struct args_domain_info info;
    int rc;                     /* of the sink, the first */
};

static void put(struct found *f, enum hv_op op, const void *args, bool setup)
{
    struct hv_record rec = { .op = op };

    memcpy(&rec.args, args, hv_ops_table[op].size);
    hv_record_normalise(&rec);
    if (setup)
        text_print(f->setup, &rec);
    if (!f->rc)
        f->rc = f->sink->put(f->sink, &rec);
}

/* ---- what it is like ---- */

/* How far pages go from FIRST, at most to END: without a hole between. */
static uint64_t pages_from(struct found *f, uint64_t first, uint64_t end)
{
    uint64_t low = first;

    while (low < end) {
        uint64_t middle = low + (end - low) / 2;

        if (found_page(f->hv, f->create.dom, middle))
            low = middle + 1;
        else
            end = middle;
    }
    return low - first;
}

static uint64_t count_ram(struct found *f)
{
    uint64_t special = f->create.max_gpfn - (FOUND_SPECIAL_PAGES - 1);
    uint64_t end = special < FOUND_MMIO_START ? special : FOUND_MMIO_START;
    uint64_t low = pages_from(f, LOW_START, end) + LOW_START;

    if (low == LOW_START)
        return pages_from(f, 0, LOW_START);
    if (low < FOUND_MMIO_START || f->info.nr_pages < low)
        return low;
    return low + pages_from(f, FOUND_MMIO_END,
                            f->info.nr_pages + FOUND_MMIO_END - low);
}

/* 0; -Exxx for what is no HVM domain, or is going. */
static int look(struct found *f, uint32_t dom)
{
    int rc = found_shape(f->hv, dom, &f->create, &f->info);

    if (!rc && (f->info.dying || f->info.shutdown || f->info.crashed))
        rc = -ESRCH;
    if (rc)
        return rc;
    f->create.ram = count_ram(f);
    return f->create.vcpus && f->create.ram ? 0 : -ESRCH;
}

/* ---- into the trace ---- */

/* An earlier monitor has taken its ring's page along. */
static void put_special(struct found *f)
{
    struct args_physmap a = {
        .dom = f->create.dom,
        .gfn = f->create.max_gpfn - (FOUND_SPECIAL_PAGES - 1),
    };

    for (; a.gfn <= f->create.max_gpfn; a.gfn++) {
        if (!found_page(f->hv, a.dom, a.gfn))
            put(f, OP_MEMORY_DECREASE, &a, false);
    }
}

/* The ports that are taken up to the first that is not. */
static void put_ports(struct found *f)
{
    struct args_port_status s = {
        .dom = f->create.dom, .port = FOUND_FIRST_PORT,
    };

    for (;; s.port++) {
        struct args_port a = { .dom = s.dom, .out = s.port };
        int rc = hv_call(f->hv, OP_EVTCHN_STATUS, &s);

        if (rc != -EACCES && (rc || s.status == EVTCHNSTAT_closed))
            return;
        put(f, OP_EVTCHN_ALLOC, &a, false);
    }
}

/* As the toolstack has it; its tool may be missing. */
static void put_name(struct found *f)
{
    char command[96], name[MAX_NAME] = "";
    struct args_client_domain a = { .dom = f->create.dom };
    FILE *in;

    snprintf(command, sizeof(command), "exec xenstore-read "
             "/local/domain/%" PRIu32 "/name 2>/dev/null", a.dom);
    in = popen(command, "r");
    if (in && fgets(name, sizeof(name), in))
        name[strcspn(name, "\n")] = '\0';
    if (in)
        pclose(in);
    if (!*name)
        snprintf(name, sizeof(name), "guest%" PRIu32, a.dom);
    a.name = (struct hv_span){ .p = name, .len = (uint32_t)strlen(name) };
    put(f, OP_CLIENT_DOMAIN, &a, true);
}

static void put_domain(struct found *f)
{
    struct args_u64 altp2m = { .dom = f->create.dom };
    struct args_dom dom = { .dom = f->create.dom };

    put(f, OP_DOMAIN_CREATE, &f->create, true);
    put_special(f);
    if (!f->rc)
        f->rc = found_vcpus(f->hv, &f->create, f->sink);
    put_ports(f);
    if (!hv_call(f->hv, OP_ALTP2M_GET_STATE, &altp2m) && altp2m.value)
        put(f, OP_ALTP2M_SET_STATE, &altp2m, false);
    put_name(f);
    if (!f->info.paused)
        put(f, OP_DOMAIN_UNPAUSE, &dom, false);
}

static int fail(int rc)
{
    return cli_fail(CLI_ENVIRONMENT, NULL, "Xen: %s; a client is recorded in "
                    "a dom0, by root", strerror(-rc));
}

static uint32_t minor_of(struct hv *hv)
{
    char release[XEN_RELEASE];
    uint32_t minor;

    xen_release(hv, release);
    return sscanf(release, "4.%" SCNu32, &minor) == 1 ? minor : MODEL_MINOR;
}

static int open_xen(struct xen_attach list[XEN_MAX_DOMAINS], unsigned int *nr,
                    struct hv **hv)
{
    struct xen_config config = { .attach = list };
    int rc = xen_list(list, XEN_MAX_DOMAINS);

    if (rc < 0)
        return rc;
    *nr = config.nr_attach = (unsigned int)rc;
    *hv = xen_open(&config, &rc);
    return *hv ? 0 : rc;
}

int client_found(struct hv_sink *sink, FILE *setup, uint32_t *minor)
{
    struct args_client_version version = {
        .vm_event = VM_EVENT_INTERFACE_VERSION,
    };
    struct args_client_phase phase = { .phase = PHASE_START };
    struct found f = { .sink = sink, .setup = setup };
    struct xen_attach list[XEN_MAX_DOMAINS];
    unsigned int nr = 0;
    int rc = open_xen(list, &nr, &f.hv);

    if (rc)
        return fail(rc);
    *minor = version.minor = minor_of(f.hv);
    for (unsigned int i = 0; i < nr; i++) {
        if (!look(&f, list[i].dom))
            put_domain(&f);
        else
            fprintf(stderr, "xenreel: domain %" PRIu32 " is no HVM or PVH "
                    "domain that runs: what is done to it is passed on, and "
                    "not recorded\n", list[i].dom);
    }
    if (version.minor != MODEL_MINOR)
        put(&f, OP_CLIENT_VERSION, &version, false);
    put(&f, OP_CLIENT_PHASE, &phase, false);
    hv_close(f.hv);
    return f.rc ? fail(f.rc) : CLI_OK;
}
