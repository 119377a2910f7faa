/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine behind the devices: made when the first of them is opened. */
#include "preload/setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/serve.h"
#include "preload/abi.h"
#include "preload/domctl.h"
#include "preload/front.h"
#include "preload/libc.h"
#include "preload/pass.h"
#include "preload/record.h"
#include "preload/vm_event_abi.h"
#include "preload/xenstore.h"
#include "sim/sim.h"
#include "traces/text.h"

struct front front;

void front_say(const char *format, ...)
{
    char line[512];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    if (n > 0)
        dprintf(STDERR_FILENO, "xenreel: %s\n", line);
}

static struct front_domain *entry(uint32_t id)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (front.domains[i].id == id)
            return &front.domains[i];
    }
    return NULL;
}

struct front_domain *front_listed(uint32_t id)
{
    struct front_domain *d = entry(id);

    return d && !d->gone ? d : NULL;
}

/* What a real Xen keeps it alone knows. */
struct front_domain *front_domain(uint32_t id)
{
    struct front_domain *d = front_listed(id);

    return d && d->destroyed && !d->held && !front.pass ? NULL : d;
}

/* ---- reading the setup ---- */

static int add_domain(const struct args_create *create)
{
    uint32_t i = front.nr_domains;

    if (i == MAX_FRONT_DOMAINS)
        return -ENOSPC;
    for (; i && front.domains[i - 1].id > create->dom; i--)
        front.domains[i] = front.domains[i - 1];
    front.domains[i] = (struct front_domain){ .id = create->dom,
                                              .create = *create };
    snprintf(front.domains[i].name, sizeof(front.domains[i].name),
             "guest%" PRIu32, create->dom);
    front.nr_domains++;
    return 0;
}

/* The LEN bytes at NAME, where they fit. */
static void set_name(struct front_domain *d, const char *name, size_t len)
{
    if (!d || !len || len >= sizeof(d->name))
        return;
    memcpy(d->name, name, len);
    d->name[len] = '\0';
}

int front_create(struct args_create *create)
{
    struct front_domain *old = entry(create->dom);
    struct args_dom a = { .dom = create->dom };
    int rc;

    if (old) {
        if (!old->gone)
            hv_call(front.hv, OP_DOMAIN_DESTROY, &a);
        front.nr_domains--;
        memmove(old, old + 1, (size_t)(&front.domains[front.nr_domains] -
                                       old) * sizeof(*old));
    }
    sim_reboot(front.model);
    rc = hv_call(front.hv, OP_DOMAIN_CREATE, create);
    return rc ? rc : add_domain(create);
}

/* Its first vCPU is as the builder leaves it, until the setup says more. */
static int build(const struct args_create *create)
{
    int rc = add_domain(create);

    if (!rc)
        vcpu_context_boot(create);
    return rc;
}

struct setup {
    struct hv_sink sink;        /* first */
    bool told;                  /* what is wrong */
    struct hv *trial;           /* a machine to try the programs on */
};

static int wrong(struct hv_sink *sink, const struct hv_record *rec, int rc,
                 const char *why)
{
    ((struct setup *)sink)->told = true;
    front_say("--program: %s dom=%u: %s: %s", hv_ops_table[rec->op].name,
              rec->args.DOMAIN_PAUSE.dom, strerror(-rc), why);
    return rc;
}

/* Programs begin when the client waits, and nobody looks at what the model says
 * then: of what it makes of an action it says here. */
static int take_action(struct hv_sink *sink, const struct hv_record *rec)
{
    struct args_guest_value left = {
        .dom = rec->args.GUEST_STEP.dom, .vcpu = rec->args.GUEST_STEP.vcpu
    };
    union hv_args args = rec->args;
    int rc = hv_call(front.model, OP_GUEST_LEFT, &left);

    if (rc)
        return wrong(sink, rec, rc, "there is no such domain or vCPU");
    rc = hv_call(((struct setup *)sink)->trial, rec->op, &args);
    return rc ? wrong(sink, rec, rc, "the model refuses it") : time_add(rec);
}

/* What it consists of does not matter to what its vCPUs may do. */
static int take_domain(struct hv_sink *sink, const struct args_create *create)
{
    struct setup *setup = (struct setup *)sink;
    struct args_create small;
    int rc;

    if (!setup->trial)
        setup->trial = sim_open(NULL);
    if (!setup->trial)
        return -ENOMEM;
    sim_default_domain(&small, create->dom, 16, create->vcpus);
    rc = hv_call(setup->trial, OP_DOMAIN_CREATE, &small);
    return rc ? rc : build(create);
}

/* A call is made at once, a guest's action belongs to its program. */
static int take(struct hv_sink *sink, const struct hv_record *rec)
{
    union hv_args args = rec->args;
    int rc;

    if (hv_ops_table[rec->op].kind == KIND_GUEST)
        return take_action(sink, rec);
    if (hv_ops_table[rec->op].kind != KIND_CALL)
        return 0;
    rc = hv_call(front.hv, rec->op, &args);
    if (rc < 0)
        return wrong(sink, rec, rc, "calls in front of the client's start "
                     "have to succeed");
    return rec->op == OP_DOMAIN_CREATE ?
        take_domain(sink, &rec->args.DOMAIN_CREATE) : 0;
}

typedef int take_fn(struct hv_sink *sink, const struct hv_record *rec);

static int read_setup(const char *path, take_fn *each)
{
    struct setup setup = { { each }, false, NULL };
    struct trace_error err = { .text = "" };
    FILE *in = fopen(path, "r");
    int rc;

    if (!in) {
        rc = -errno;
        front_say("%s: %s", path, strerror(errno));
        return rc;
    }
    rc = text_read(in, path, &setup.sink, &err);
    hv_close(setup.trial);
    fclose(in);
    if (rc && !setup.told)
        front_say("%s", err.text);
    return rc;
}

static void name_domains(const char *names)
{
    while (names && *names) {
        char *end;
        uint32_t id = (uint32_t)strtoul(names, &end, 10);

        if (*end == '=')
            set_name(front_domain(id), end + 1, strcspn(end + 1, ","));
        names = strchr(names, ',');
        if (names)
            names++;
    }
}

static enum front_end at_end(const char *word)
{
    static const char *const words[] = {
        [END_SHUTDOWN] = "shutdown", [END_DESTROY] = "destroy",
        [END_WAIT] = "wait",
    };
    enum front_end end = END_WAIT;

    while (end > END_SIGNAL && (!word || strcmp(word, words[end])))
        end--;
    return end;
}

static void introduce_domains(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++)
        xenstore_introduce(&front.domains[i].create, front.domains[i].name);
}

static int start_domains(void)
{
    record_version();
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        struct args_dom a = { .dom = front.domains[i].id };

        record_domain(a.dom, front.domains[i].name);
        hv_call(front.hv, OP_DOMAIN_UNPAUSE, &a);
    }
    record_phase(PHASE_START);
    introduce_domains();
    return 0;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

static int open_arena(struct sim_pages *pages)
{
    int rc = arena_open(pages);

    if (rc)
        front_say("guest memory: %s", strerror(-rc));
    return rc;
}

/* What a served trace has up to its client's start. */
static int take_served(const struct hv_record *rec)
{
    const struct args_client_domain *a = &rec->args.CLIENT_DOMAIN;

    if (rec->op == OP_DOMAIN_CREATE)
        return add_domain(&rec->args.DOMAIN_CREATE);
    if (rec->op == OP_CLIENT_DOMAIN)
        set_name(front_domain(a->dom), (const char *)a->name.p, a->name.len);
    return 0;
}

static int start_served(void)
{
    const struct hv_record *rec;
    struct sim_pages pages = { .ctx = NULL };
    int rc = open_arena(&pages);
    bool started = false;

    if (!rc)
        front.model = record_serve(&pages);
    if (!front.model)
        return rc ? rc : -ENODEV;
    front.hv = vm_event_abi_open(front.model, abi_vm_event(), &pages);
    if (!front.hv)
        return -ENOMEM;
    front.served = true;
    front.pid = getpid();
    while (!rc && !started && (rec = serve_next(front.model))) {
        started = rec->op == OP_CLIENT_PHASE;
        rc = take_served(rec);
        serve_take(front.model);
    }
    introduce_domains();
    return rc;
}

/* Its clients' real Xen: the domains are those that the command that started
 * us has found, and the recording begins with them. */
static int take_passed(struct hv_sink *sink, const struct hv_record *rec)
{
    (void)sink;
    return take_served(rec);
}

static int start_passing(void)
{
    struct sim_pages pages = { .ctx = NULL };
    int rc = open_arena(&pages);

    if (!rc)
        front.model = pass_open(&pages);
    if (!front.model)
        return rc ? rc : -ENODEV;
    front.hv = record_pass(front.model);
    if (!front.hv)
        return -ENODEV;
    front.pid = getpid();
    return read_setup(getenv(SETUP_PASS_FILE), take_passed);
}

/* Is it this library that records, and not one behind it? */
static void __attribute__((constructor)) look_for_pass(void)
{
    const char *path = getenv(SETUP_PASS);
    Dl_info info;

    front.pass = path && dladdr(&front, &info) &&
                 !strcmp(path, info.dli_fname);
}

static int start(void)
{
    const char *path = getenv(SETUP_FILE);
    struct sim_config config = { .seed = number(SETUP_SEED, 0) };
    int rc;

    if (front.pass)
        return start_passing();
    if (record_serves())
        return start_served();
    if (!path)
        return -ENODEV;
    rc = open_arena(&config.pages);
    if (rc)
        return rc;
    front.model = sim_open(&config);
    if (!front.model)
        return -ENOMEM;
    front.hv = record_wrap(front.model);
    if (!front.hv)
        return -ENODEV;
    front.hv = vm_event_abi_open(front.hv, abi_vm_event(), &config.pages);
    if (!front.hv)
        return -ENOMEM;
    time_start(config.seed, number(SETUP_LOOPS, 1),
               at_end(getenv(SETUP_AT_END)));
    rc = read_setup(path, take);
    if (rc)
        return rc;
    name_domains(getenv(SETUP_NAMES));
    front.pid = getpid();
    return start_domains();
}

int front_start(void)
{
    static int started = 1;
    static bool said;

    if (front.parent) {
        if (!said)
            front_say("the machine is process %d's: its child, process %d, "
                      "gets none", front.parent, front.pid);
        said = true;
        return -ENODEV;
    }
    if (started > 0)
        started = start();
    return started;
}
