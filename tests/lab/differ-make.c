/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks: what a monitor does, chosen at random, most of it valid. */
#include "tests/lab/differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>

#include "harness/recorder.h"
#include "sim/sim.h"
#include "tests/random-record.h"

uint64_t draw(struct make *m)
{
    return random_u64(&m->random);
}

uint32_t below(struct make *m, uint32_t n)
{
    return (draw(m) >> 32) * n >> 32;
}

int call(struct make *m, enum hv_op op, void *args)
{
    return hv_call(m->hv, op, args);
}

uint64_t data_gfn(struct make *m)
{
    return DATA + below(m, NR_DATA);
}

static uint64_t any_gfn(struct make *m)
{
    static const uint64_t odd[] = { NOWHERE - 1, 1ull << 36 };

    if (once_in(m, 6))
        return CODE + below(m, NR_CODE);
    return once_in(m, 40) ? odd[below(m, 2)] : data_gfn(m);
}

uint32_t any_access(struct make *m)
{
    static const uint8_t good[] = {
        XENMEM_access_n, XENMEM_access_r, XENMEM_access_rw, XENMEM_access_x,
        XENMEM_access_rx, XENMEM_access_rwx, XENMEM_access_rx2rw,
        XENMEM_access_n2rwx, XENMEM_access_default,
    };

    /* Eight bits arrive: none that is w or wx, which crash the domain. */
    return once_in(m, 60) ? 11 + below(m, 240) : good[below(m, sizeof(good))];
}

uint32_t any_view(struct make *m)
{
    static const uint32_t odd[] = { 9, 10, 255, 256, 0xffff };

    return once_in(m, 30) ? odd[below(m, 5)] : below(m, VIEWS);
}

static void do_access(struct make *m)
{
    struct args_access a = {
        .dom = DOM, .gfn = any_gfn(m), .nr = 1, .access = any_access(m),
    };

    if (once_in(m, 60))
        a.gfn = 0x100000;       /* above all that was ever mapped */
    if (once_in(m, 4)) {
        call(m, OP_ACCESS_GET, &a);
        return;
    }
    if (once_in(m, 6) && a.gfn < DATA + NR_DATA)
        a.nr = below(m, DATA + NR_DATA - a.gfn + 1);
    call(m, OP_ACCESS_SET, &a);
}

static void do_multi(struct make *m)
{
    uint64_t gfn[4];
    uint8_t access[4];
    struct args_access_multi a = {
        .dom = DOM, .access = { access, 1 + below(m, 4), 0 },
        .gfn = { gfn, 0, 0 },
    };

    a.gfn.len = 8 * a.access.len;
    for (uint32_t i = 0; i < 4; i++) {
        gfn[i] = any_gfn(m);
        access[i] = any_access(m);
    }
    a.view = any_view(m);
    call(m, once_in(m, 2) ? OP_ACCESS_SET_MULTI : OP_ALTP2M_SET_ACCESS_MULTI,
         &a);
}

static void do_view_access(struct make *m)
{
    struct args_access a = {
        .dom = DOM, .view = any_view(m), .gfn = any_gfn(m),
        .access = any_access(m),
    };

    call(m, once_in(m, 3) ? OP_ALTP2M_GET_ACCESS : OP_ALTP2M_SET_ACCESS, &a);
}

static void do_view(struct make *m)
{
    struct args_view a = {
        .dom = DOM, .view = any_view(m), .visible = !once_in(m, 3),
        .access = once_in(m, 3) ? any_access(m) : XENMEM_access_rwx,
    };

    switch (below(m, 8)) {
    case 0:
        call(m, OP_ALTP2M_DESTROY, &a);
        break;
    case 1:
        call(m, OP_ALTP2M_SET_VISIBILITY, &a);
        break;
    case 2:
    case 3:
        call(m, OP_ALTP2M_CREATE, &a);
        break;
    default:
        call(m, OP_ALTP2M_SWITCH, &a);
    }
}

static void map_lost(struct make *m)
{
    for (uint32_t n = 0; n < VCPUS; n++)
        m->vcpu[n].map_lost = m->vcpu[n].waiting;
}

static void do_change_gfn(struct make *m)
{
    struct args_change_gfn a = {
        .dom = DOM, .view = any_view(m), .old_gfn = data_gfn(m),
        .new_gfn = once_in(m, 4) ? NOWHERE : data_gfn(m),
    };

    if (once_in(m, 40))
        a.new_gfn = 0x2000;
    if (a.new_gfn == NOWHERE)
        map_lost(m);
    call(m, OP_ALTP2M_CHANGE_GFN, &a);
}

static void do_sve(struct make *m)
{
    struct args_suppress_ve a = {
        .dom = DOM, .view = any_view(m), .gfn = data_gfn(m),
        .sve = once_in(m, 2),
    };

    if (once_in(m, 3)) {
        a.last = data_gfn(m);
        call(m, OP_ALTP2M_SET_SVE_MULTI, &a);
    } else {
        call(m, once_in(m, 2) ? OP_ALTP2M_GET_SVE : OP_ALTP2M_SET_SVE, &a);
    }
}

static void write_zeros(struct make *m, uint64_t gfn, uint32_t offset,
                        uint32_t len)
{
    static unsigned char zeros[4096];
    struct args_memory a = {
        .dom = DOM, .gfn = gfn, .offset = offset, .data = { zeros, len, 0 },
    };

    call(m, OP_MEMORY_WRITE, &a);
}

/* What a page that comes from Xen holds is not known. */
static void populate(struct make *m, uint64_t gfn)
{
    struct args_physmap a = { .dom = DOM, .gfn = gfn };

    if (!call(m, OP_MEMORY_POPULATE, &a))
        write_zeros(m, gfn, 0, 4096);
}

/* Another page, which knows its gfn. */
static void renew(struct make *m, uint64_t gfn)
{
    struct args_physmap a = { .dom = DOM, .gfn = gfn };

    call(m, OP_MEMORY_DECREASE, &a);
    populate(m, gfn);
}

static void do_physmap(struct make *m)
{
    struct args_physmap a = {
        .dom = DOM, .gfn = DATA + STABLE + below(m, NR_DATA - STABLE),
    };
    struct args_change_gfn b = {
        .dom = DOM, .old_gfn = a.gfn,
        .new_gfn = DATA + STABLE + below(m, NR_DATA - STABLE),
    };

    map_lost(m);
    switch (below(m, 4)) {
    case 0:
        call(m, OP_MEMORY_DECREASE, &a);
        break;
    case 1:
        call(m, OP_MEMORY_MOVE, &b);
        break;
    default:
        if (!once_in(m, 12))    /* the page that was there is lost */
            call(m, OP_MEMORY_DECREASE, &a);
        populate(m, a.gfn);
    }
}

static void do_memory(struct make *m)
{
    unsigned char bytes[64];
    struct args_memory a = {
        .dom = DOM, .gfn = data_gfn(m), .data = { bytes, 64, 0 },
    };

    memset(bytes, 0, sizeof(bytes));
    if (once_in(m, 3)) {
        a.data.len = 8;
        for (uint32_t i = 0; i < 8; i++)
            bytes[i] = draw(m);
        a.offset = 8 * below(m, 16);
        call(m, OP_MEMORY_WRITE, &a);
        return;
    }
    a.offset = once_in(m, 3) ? 4096 - 64 : 64 * below(m, 2);
    call(m, OP_MEMORY_READ, &a);
}

/* From then on VMFUNC works; no #VE page stays, for what the puppet's own code
 * does in a new view would end there. */
static void have_functions(struct make *m, uint32_t vcpu)
{
    struct args_vcpu_ve a = { .dom = DOM, .vcpu = vcpu, .gfn = OPERAND };

    call(m, OP_ALTP2M_ENABLE_NOTIFY, &a);
    call(m, OP_ALTP2M_DISABLE_NOTIFY, &a);
}

static void do_look(struct make *m)
{
    struct args_vcpu_view view = { .dom = DOM, .vcpu = below(m, VCPUS + 1) };
    struct args_ring ring = { .dom = DOM };
    struct args_u64 u = { .dom = DOM };

    switch (below(m, 5)) {
    case 0:
        call(m, OP_RING_STATE, &ring);
        break;
    case 3:
        have_functions(m, below(m, VCPUS));
        break;
    case 1:
        call(m, OP_ALTP2M_GET_STATE, &u);
        break;
    case 2:
        call(m, OP_MONITOR_CAPS, &u);
        break;
    default:
        call(m, OP_ALTP2M_GET_VCPU_VIEW, &view);
    }
}

static void set_state(struct make *m, uint32_t on)
{
    struct args_u64 a = { .dom = DOM, .value = on };

    if (!call(m, OP_ALTP2M_SET_STATE, &a))
        m->altp2m = on;
}

static void do_switches(struct make *m)
{
    struct args_dom d = { .dom = DOM };
    struct args_access a = {
        .dom = DOM, .gfn = NOWHERE, .nr = 1, .access = any_access(m),
    };

    switch (below(m, 4)) {
    case 0:
        set_state(m, !once_in(m, 8));
        break;
    case 1:
        call(m, OP_DOMAIN_PAUSE, &d);
        call(m, OP_DOMAIN_UNPAUSE, &d);
        break;
    case 2:     /* new pages have it, and nothing else is new meanwhile */
        call(m, OP_ACCESS_SET, &a);
        populate(m, DATA + STABLE + below(m, NR_DATA - STABLE));
        a.access = XENMEM_access_rwx;
        call(m, OP_ACCESS_SET, &a);
        break;
    default:
        a.view = any_view(m);
        call(m, once_in(m, 2) ? OP_ACCESS_GET : OP_ALTP2M_GET_ACCESS, &a);
    }
}

static void one_step(struct make *m)
{
    static void (*const often[])(struct make *) = {
        do_program, do_program, do_program, do_program, do_answer, do_answer,
        do_answer, do_access, do_view_access, do_view_access, do_change_gfn,
    };
    static void (*const seldom[])(struct make *) = {
        do_multi, do_view, do_view, do_physmap, do_memory, do_memory,
        do_switches, do_sve, do_monitor, do_monitor, do_look,
    };

    if (once_in(m, 4))
        seldom[below(m, sizeof(seldom) / sizeof(*seldom))](m);
    else
        often[below(m, sizeof(often) / sizeof(*often))](m);
}

/* ---- a block's beginning and end ---- */

static void begin(struct make *m)
{
    struct args_port port = { .dom = DOM };
    struct args_access all = {          /* mapped by 4 KiB from now on */
        .dom = DOM, .access = XENMEM_access_rwx, .gfn = DATA, .nr = NR_DATA,
    };

    call(m, OP_MONITOR_ENABLE, &port);
    call(m, OP_ACCESS_SET, &all);
    m->port = port.port = port.out;
    call(m, OP_EVTCHN_BIND, &port);
    ring_init(&m->ring, hv_ring(m->hv, DOM));
    set_registers(m);
    if (!once_in(m, 6))
        set_state(m, 1);
    for (uint32_t i = m->altp2m ? below(m, 4) : 0; i--;) {
        struct args_view v = { .dom = DOM, .access = XENMEM_access_rwx };

        call(m, OP_ALTP2M_CREATE, &v);
    }
    begin_monitor(m);
    for (uint32_t i = below(m, 8); i--;)
        do_access(m);
}

static void suppress(struct make *m, uint64_t gfn, uint32_t nr)
{
    struct args_suppress_ve a = {
        .dom = DOM, .gfn = gfn, .last = gfn + nr - 1, .sve = 1,
    };

    call(m, OP_ALTP2M_SET_SVE_MULTI, &a);
}

/* Memory and rights as they were. */
static void put_back(struct make *m)
{
    struct args_access all = {
        .dom = DOM, .access = XENMEM_access_rwx, .gfn = DATA, .nr = NR_DATA,
    };
    struct args_vcpu_ve ve = { .dom = DOM, .gfn = OPERAND };

    set_state(m, 1);
    suppress(m, DATA, NR_DATA);
    suppress(m, CODE, NR_CODE);
    for (ve.vcpu = 0; ve.vcpu < VCPUS; ve.vcpu++)
        call(m, OP_ALTP2M_ENABLE_NOTIFY, &ve);
    set_state(m, 0);            /* no VM functions any more */
    for (uint32_t i = 0; i < NR_DATA; i++) {
        if (i >= STABLE)
            renew(m, DATA + i);
        write_zeros(m, DATA + i, 0, 256);
        write_zeros(m, DATA + i, 4096 - 64, 64);
    }
    call(m, OP_ACCESS_SET, &all);
    all.gfn = CODE;
    all.nr = NR_CODE;
    call(m, OP_ACCESS_SET, &all);
    all.gfn = NOWHERE;
    call(m, OP_ACCESS_SET, &all);
}

#define UNHEARD         2048u   /* an offset that nothing else is at */

/* Without a listener an access that is not allowed is given back. */
static void end_listening(struct make *m, struct args_ring *ring)
{
    unsigned char bytes[8];
    struct args_access a = {
        .dom = DOM, .gfn = DATA, .nr = 1, .access = any_access(m),
    };
    struct args_memory written = {
        .dom = DOM, .gfn = DATA, .offset = UNHEARD, .data = { bytes, 8, 0 },
    };

    call(m, OP_ACCESS_SET, &a);
    call(m, OP_MONITOR_DISABLE, ring);
    do_unheard(m, DATA << 12 | UNHEARD);
    call(m, OP_MEMORY_READ, &written);
    write_zeros(m, DATA, UNHEARD, 8);
}

void make_end(struct make *m)
{
    struct args_ring ring = { .dom = DOM };
    struct args_port port = { .dom = DOM, .port = m->port };
    struct args_debug_control off = {
        .dom = DOM, .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF,
    };

    if (!hv_ring(m->hv, DOM))
        return;
    drain(m);
    for (off.vcpu = 0; off.vcpu < VCPUS; off.vcpu++) {
        take_results(m, off.vcpu);
        call(m, OP_DOMAIN_DEBUG_CONTROL, &off);
    }
    put_back(m);
    monitor_nothing(m->hv);
    call(m, OP_RING_STATE, &ring);
    call(m, OP_EVTCHN_UNBIND, &port);
    end_listening(m, &ring);
}

void make_open(struct make *m, bool amd)
{
    struct sim_config config = { .slice = ~0u };
    struct hv *sim = sim_open(&config);
    struct args_create c;
    struct args_dom dom = { .dom = DOM };

    *m = (struct make){ .amd = amd };
    list_init(&m->list);
    m->hv = sim ? recorder_open(sim, &m->list.sink) : NULL;
    if (!m->hv) {
        fprintf(stderr, "differ: out of memory\n");
        exit(99);
    }
    sim_default_domain(&c, DOM, 16, VCPUS);
    c.vendor = amd ? VENDOR_AMD : VENDOR_INTEL;
    call(m, OP_DOMAIN_CREATE, &c);
    call(m, OP_DOMAIN_UNPAUSE, &dom);
}

void make_close(struct make *m)
{
    hv_close(m->hv);
    list_clear(&m->list);
}

void make_block(struct make *m, uint64_t seed, uint32_t steps)
{
    m->random = seed;
    begin(m);
    while (steps--)
        one_step(m);
    make_end(m);
}
