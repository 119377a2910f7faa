/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine behind the devices: made when the first of them is opened,
 * running while the client blocks. */
#include "preload/setup.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "harness/serve.h"
#include "preload/abi.h"
#include "preload/domctl.h"
#include "preload/front.h"
#include "preload/libc.h"
#include "preload/record.h"
#include "preload/vm_event_abi.h"
#include "preload/xenstore.h"
#include "sim/sim.h"
#include "traces/text.h"

struct front front;

static struct {
    struct hv_record *rec;      /* the guests' programs, all domains' */
    size_t nr, room;
    uint64_t loops, done;
    enum front_end at_end;
    bool ended;
} program = { .loops = 1 };

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

struct front_domain *front_domain(uint32_t id)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (front.domains[i].id == id)
            return &front.domains[i];
    }
    return NULL;
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

static int keep(const struct hv_record *rec)
{
    if (program.nr == program.room) {
        size_t room = program.room ? 2 * program.room : 64;
        struct hv_record *more = realloc(program.rec, room * sizeof(*more));

        if (!more)
            return -ENOMEM;
        program.rec = more;
        program.room = room;
    }
    return hv_record_copy(&program.rec[program.nr++], rec);
}

/* A call is made at once, a guest's action belongs to its program. */
static int take(struct hv_sink *sink, const struct hv_record *rec)
{
    union hv_args args = rec->args;
    int rc;

    (void)sink;
    if (hv_ops_table[rec->op].kind == KIND_GUEST)
        return keep(rec);
    if (hv_ops_table[rec->op].kind != KIND_CALL)
        return 0;
    rc = hv_call(front.hv, rec->op, &args);
    if (rc < 0) {
        front_say("%s: %s", hv_ops_table[rec->op].name, strerror(-rc));
        return rc;
    }
    return rec->op == OP_DOMAIN_CREATE ? add_domain(&rec->args.DOMAIN_CREATE)
                                       : 0;
}

static int read_setup(const char *path)
{
    struct hv_sink sink = { take };
    struct trace_error err = { .text = "" };
    FILE *in = fopen(path, "r");
    int rc;

    if (!in) {
        rc = -errno;
        front_say("%s: %s", path, strerror(errno));
        return rc;
    }
    rc = text_read(in, path, &sink, &err);
    fclose(in);
    if (rc)
        front_say("%s", err.text);
    return rc;
}

static void name_domains(const char *names)
{
    while (names && *names) {
        char *end;
        uint32_t id = (uint32_t)strtoul(names, &end, 10);
        struct front_domain *d = front_domain(id);
        size_t len = *end == '=' ? strcspn(end + 1, ",") : 0;

        if (d && len && len < sizeof(d->name)) {
            memcpy(d->name, end + 1, len);
            d->name[len] = '\0';
        }
        names = strchr(names, ',');
        if (names)
            names++;
    }
}

static enum front_end at_end(const char *word)
{
    if (word && !strcmp(word, "wait"))
        return END_WAIT;
    return word && !strcmp(word, "shutdown") ? END_SHUTDOWN : END_SIGNAL;
}

static void introduce_domains(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++)
        xenstore_introduce(front.domains[i].id, front.domains[i].name,
                           front.domains[i].create.ram * 4,
                           front.domains[i].create.vcpus);
}

static int start_domains(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        struct args_dom a = { .dom = front.domains[i].id };

        if (front.domains[i].create.type != GUEST_PV)
            vcpu_context_boot(a.dom);
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
    struct file *arena;
    int rc = arena_open(pages);

    if (!rc)
        rc = file_add(arena_fd(), FILE_HIDDEN, &arena);
    if (rc)
        front_say("guest memory: %s", strerror(-rc));
    return rc;
}

/* What a served trace has up to its client's start. */
static int take_served(const struct hv_record *rec)
{
    const struct args_client_domain *a = &rec->args.CLIENT_DOMAIN;
    struct front_domain *d;

    if (rec->op == OP_DOMAIN_CREATE)
        return add_domain(&rec->args.DOMAIN_CREATE);
    d = rec->op == OP_CLIENT_DOMAIN ? front_domain(a->dom) : NULL;
    if (d && a->name.len < sizeof(d->name)) {
        memcpy(d->name, a->name.p, a->name.len);
        d->name[a->name.len] = '\0';
    }
    return 0;
}

static int start_served(void)
{
    const struct hv_record *rec;
    struct sim_pages pages = { .ctx = NULL };
    int rc = open_arena(&pages);
    bool started = false;

    if (!rc)
        front.hv = front.model = record_serve(&pages);
    if (!front.hv)
        return rc ? rc : -ENODEV;
    front.pid = getpid();
    while (!rc && !started && (rec = serve_next(front.hv))) {
        started = rec->op == OP_CLIENT_PHASE;
        rc = take_served(rec);
        serve_take(front.hv);
    }
    introduce_domains();
    return rc;
}

static int start(void)
{
    const char *path = getenv(SETUP_FILE);
    struct sim_config config = { .seed = number(SETUP_SEED, 0) };
    int rc;

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
    program.loops = number(SETUP_LOOPS, 1);
    program.at_end = at_end(getenv(SETUP_AT_END));
    rc = read_setup(path);
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

/* ---- time ---- */

static bool drained(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        const struct front_domain *d = &front.domains[i];

        for (uint32_t v = 0; v < d->create.vcpus; v++) {
            struct args_guest_value a = { .dom = d->id, .vcpu = v };

            if (!hv_call(front.model, OP_GUEST_LEFT, &a) && a.value)
                return false;
        }
    }
    return true;
}

static void feed(void)
{
    program.done++;
    for (size_t i = 0; i < program.nr; i++) {
        union hv_args args = program.rec[i].args;

        hv_call(front.hv, program.rec[i].op, &args);
    }
}

static bool run(void)
{
    bool any = false;

    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (hv_wait(front.hv, front.domains[i].id) > 0)
            any |= evtchn_poll(front.domains[i].id);
    }
    return any;
}

bool front_over(void)
{
    return program.ended && program.at_end != END_SIGNAL;
}

/* As xenstored does on VIRQ_DOM_EXC (domain_cleanup). */
static void tell_of_shutdowns(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        struct front_domain *d = &front.domains[i];
        struct args_domain_info a = { .dom = d->id };

        if (d->down || hv_call(front.model, OP_DOMAIN_INFO, &a) ||
            !(a.shutdown || a.crashed))
            continue;
        d->down = true;
        xenstore_shut_down();
    }
}

/* Each guest's last action, of its vCPU 0: SCHEDOP_shutdown. */
static void power_off(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        struct args_guest_call a = {
            .dom = front.domains[i].id, .nr = __HYPERVISOR_sched_op,
            .arg1 = SCHEDOP_shutdown, .arg2 = SHUTDOWN_poweroff,
        };

        hv_call(front.hv, OP_GUEST_HYPERCALL, &a);
    }
    run();
}

static enum step end_client(void)
{
    program.ended = true;
    kill(getpid(), SIGTERM);
    return STEP_SIGNAL;
}

static enum step end(void)
{
    program.ended = true;
    switch (program.at_end) {
    case END_SHUTDOWN:
        record_phase(PHASE_SHUTDOWN);
        power_off();
        tell_of_shutdowns();
        return STEP_EVENT;
    case END_WAIT:
        record_phase(PHASE_WAIT);
        return STEP_IDLE;
    default:
        record_phase(PHASE_SIGNAL);
        return end_client();
    }
}

/* Pass over what the guests do next: true when there was any. */
static bool feed_served(void)
{
    const struct hv_record *rec = serve_next(front.hv);
    bool any = false;

    for (; rec && hv_ops_table[rec->op].kind == KIND_GUEST;
         rec = serve_next(front.hv)) {
        serve_take(front.hv);
        any = true;
    }
    return any;
}

static enum step served_shutdown(void)
{
    feed_served();
    run();
    for (uint32_t i = 0; i < front.nr_domains; i++)
        xenstore_shut_down();
    return STEP_EVENT;
}

/* The guests' actions are in the trace, and so is their end; at the trace's
 * end, or behind a difference, there is nothing left to wait for. */
static enum step served_step(void)
{
    const struct hv_record *rec;
    uint32_t phase;

    do {
        if (run())
            return STEP_EVENT;
    } while (feed_served());
    rec = serve_next(front.hv);
    if (!rec)
        return program.ended ? STEP_IDLE : end_client();
    if (rec->op != OP_CLIENT_PHASE)
        return STEP_IDLE;
    phase = rec->args.CLIENT_PHASE.phase;
    serve_take(front.hv);
    if (phase == PHASE_SHUTDOWN)
        return served_shutdown();
    return phase == PHASE_SIGNAL ? end_client() : STEP_IDLE;
}

enum step front_step(void)
{
    if (!front.hv)
        return STEP_IDLE;
    if (record_serves())
        return served_step();
    if (run())
        return STEP_EVENT;
    while (program.done < program.loops && drained()) {
        feed();
        if (run())
            return STEP_EVENT;
    }
    tell_of_shutdowns();
    return program.ended || !drained() ? STEP_IDLE : end();
}
