/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the guests run: where the client blocks, with a seed now and then while
 * it makes hypercalls, and as a served trace says.  Their programs, and what
 * comes at the end of those. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include "harness/random.h"
#include "harness/serve.h"
#include "preload/front.h"
#include "preload/record.h"
#include "preload/xenstore.h"

static struct {
    struct hv_record *rec;      /* the guests' programs, all domains' */
    size_t nr, room;
    uint64_t loops, done;
    uint64_t random;            /* of the seed; 0: no slices */
    uint64_t gap;               /* hypercalls to the next slice */
    unsigned int slices;        /* so far */
    enum front_end at_end;
    unsigned int idle;          /* waits in a row in which nothing happened */
    bool ended;
    bool off, destroyed;        /* the guests, when it had */
} program;

int time_add(const struct hv_record *rec)
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

static bool drained(void)
{
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        const struct front_domain *d = &front.domains[i];

        if (d->destroyed)
            continue;
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
        const struct front_domain *d = front_domain(args.DOMAIN_PAUSE.dom);

        if (!d || d->destroyed)
            continue;
        hv_call(front.hv, program.rec[i].op, &args);
    }
}

static bool run(void)
{
    bool any = false;

    for (uint32_t i = 0; !program.off && i < front.nr_domains; i++) {
        if (!front.domains[i].destroyed &&
            hv_wait(front.hv, front.domains[i].id) > 0)
            any |= evtchn_poll(front.domains[i].id);
    }
    return any;
}

/* Pass over what the guests do next: true when there was any. */
static bool feed_served(void)
{
    const struct hv_record *rec = serve_next(front.model);
    bool any = false;

    for (; rec && hv_ops_table[rec->op].kind == KIND_GUEST;
         rec = serve_next(front.model)) {
        serve_take(front.model);
        any = true;
    }
    return any;
}

void front_served_events(void)
{
    const struct hv_record *rec;

    if (!front.served)
        return;
    feed_served();
    rec = serve_next(front.model);
    if (rec && rec->op == OP_EVENT)
        run();
}

/* ---- slices, while the client computes ---- */

#define MAX_SLICE       16      /* instructions */
#define MIN_GAP         4       /* as powers of two: hypercalls up to the */
#define MAX_GAP         24      /* next slice, more with each */

static uint64_t draw(void)
{
    return random_draw(&program.random) >> 16;
}

static void draw_gap(void)
{
    unsigned int most = MIN_GAP + program.slices++;

    program.gap = draw() % (1ull << (most < MAX_GAP ? most : MAX_GAP));
}

void time_start(uint64_t seed, uint64_t loops, enum front_end at_end)
{
    program.loops = loops;
    program.at_end = at_end;
    program.random = seed;
    if (seed)
        draw_gap();
}

void time_driven(void)
{
    program.done = program.loops;
    program.at_end = END_SIGNAL;        /* which was sent, as it were */
    program.ended = true;
}

static void slice(uint32_t dom, uint32_t limit)
{
    struct args_wait a = { .dom = dom, .limit = limit };

    if (!hv_call(front.hv, OP_CLIENT_WAIT, &a) && a.value)
        evtchn_poll(dom);
}

static enum step end_client(void)
{
    program.ended = true;
    kill(getpid(), SIGTERM);
    return STEP_SIGNAL;
}

enum step front_served_signal(void)
{
    const struct hv_record *rec = front.served ? serve_next(front.model) : NULL;

    if (!rec || rec->op != OP_CLIENT_PHASE ||
        rec->args.CLIENT_PHASE.phase != PHASE_SIGNAL)
        return STEP_IDLE;
    serve_take(front.model);
    return end_client();
}

/* A served trace says where its slices were. */
static void served_slices(void)
{
    const struct hv_record *rec;

    feed_served();
    while ((rec = serve_next(front.model)) && rec->op == OP_CLIENT_WAIT &&
           rec->args.CLIENT_WAIT.limit) {
        slice(rec->args.CLIENT_WAIT.dom, rec->args.CLIENT_WAIT.limit);
        feed_served();
    }
}

/* More and more rarely: a client may need a million hypercalls before it is
 * armed, and the guests are to have something left to do then. */
void front_slice(void)
{
    if (front.served) {
        served_slices();
        return;
    }
    if (!program.random || program.gap--)
        return;
    if (program.done < program.loops && drained())
        feed();
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (!front.domains[i].destroyed)
            slice(front.domains[i].id, 1 + draw() % MAX_SLICE);
    }
    draw_gap();
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

        if (!hv_call(front.model, OP_DOMAIN_INFO, &a) &&
            (a.shutdown || a.crashed))
            life_shut_down(d);
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

        if (!front.domains[i].destroyed)
            hv_call(front.hv, OP_GUEST_HYPERCALL, &a);
    }
    run();
    program.off = true;
}

static enum step end(void)
{
    program.ended = true;
    switch (program.at_end) {
    case END_SHUTDOWN:
    case END_DESTROY:
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

/* Behind the shutdown, which the client has seen: the toolstack, once. */
static enum step destroy(void)
{
    if (program.at_end != END_DESTROY || program.destroyed)
        return STEP_IDLE;
    program.destroyed = true;
    record_phase(PHASE_DESTROY);
    life_destroy_all();
    return STEP_EVENT;
}

static enum step served_shutdown(void)
{
    feed_served();
    run();
    program.off = true;
    for (uint32_t i = 0; i < front.nr_domains; i++)
        life_shut_down(&front.domains[i]);
    return STEP_EVENT;
}

static enum step served_destroy(void)
{
    life_destroy_all();
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
    rec = serve_next(front.model);
    if (!rec)
        return program.ended ? STEP_IDLE : end_client();
    if (rec->op != OP_CLIENT_PHASE)
        return STEP_IDLE;
    phase = rec->args.CLIENT_PHASE.phase;
    serve_take(front.model);
    if (phase == PHASE_SHUTDOWN)
        return served_shutdown();
    if (phase == PHASE_DESTROY)
        return served_destroy();
    return phase == PHASE_SIGNAL ? end_client() : front_served_signal();
}

#define STUCK   100             /* such waits: a client has had its turns */

/* Why nothing happens in domain D: true when it has something to do. */
static bool say_stuck(const struct front_domain *d)
{
    struct args_domain_info info = { .dom = d->id };

    for (uint32_t v = 0; v < d->create.vcpus; v++) {
        struct args_guest_value a = { .dom = d->id, .vcpu = v };

        if (hv_call(front.model, OP_GUEST_LEFT, &a) || !a.value)
            continue;
        if (!hv_call(front.model, OP_DOMAIN_INFO, &info) && info.paused)
            front_say("no guest can go on: domain %u is paused", d->id);
        else
            front_say("no guest can go on: vCPU %u of domain %u waits, as if "
                      "its event had no response (the request's version and "
                      "vcpu_id, then a notify)", v, d->id);
        return true;
    }
    return false;
}

/* The client waits for guests that wait for it: it may have forgotten them. */
static enum step idle(void)
{
    if (++program.idle != STUCK)
        return STEP_IDLE;
    for (uint32_t i = 0; i < front.nr_domains; i++) {
        if (!front.domains[i].destroyed && say_stuck(&front.domains[i]))
            break;
    }
    return STEP_IDLE;
}

enum step front_step(void)
{
    if (!front.hv)
        return STEP_IDLE;
    if (xenstore_settle())
        return STEP_TOLD;
    if (front.served)
        return served_step();
    if (run()) {
        program.idle = 0;
        return STEP_EVENT;
    }
    while (program.done < program.loops && drained()) {
        feed();
        if (run())
            return STEP_EVENT;
    }
    tell_of_shutdowns();
    if (program.ended)
        return destroy();
    return drained() ? end() : idle();
}
