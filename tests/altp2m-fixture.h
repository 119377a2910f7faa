/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the tests of altp2m: a domain with views, and calls on it. */
#ifndef XENREEL_TESTS_ALTP2M_FIXTURE_H
#define XENREEL_TESTS_ALTP2M_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/hvm/params.h>

#include "sim/private.h"

#define DOM     4u

struct env {
    struct hv *hv;
    struct sim *sim;
    struct sim_domain *d;
};

static struct env start(uint32_t vendor, uint32_t mode, uint32_t views)
{
    struct env e = { .hv = sim_open(NULL) };
    struct args_create c;

    assert_non_null(e.hv);
    sim_default_domain(&c, DOM, 16, 2);
    c.vendor = vendor;
    c.altp2m = mode;
    c.views = views;
    c.pool = 4096;
    assert_int_equal(hv_call(e.hv, OP_DOMAIN_CREATE, &c), 0);
    e.sim = (struct sim *)e.hv;
    e.d = sim_find(e.sim, DOM);
    assert_non_null(e.d);
    return e;
}

static int set_state(struct env *e, uint64_t on)
{
    struct args_u64 a = { .dom = DOM, .value = on };

    return hv_call(e->hv, OP_ALTP2M_SET_STATE, &a);
}

static struct env start_on(void)
{
    struct env e = start(VENDOR_INTEL, XEN_ALTP2M_external, 10);

    assert_int_equal(set_state(&e, 1), 0);
    return e;
}

static int view_op(struct env *e, enum hv_op op, uint32_t view, uint32_t flag)
{
    struct args_view a = {
        .dom = DOM, .view = view, .access = flag, .visible = flag,
    };
    int rc = hv_call(e->hv, op, &a);

    return rc || op != OP_ALTP2M_CREATE ? rc : (int)a.view;
}

static int create(struct env *e, uint32_t access)
{
    return view_op(e, OP_ALTP2M_CREATE, 0, access);
}

static int switch_to(struct env *e, uint32_t view)
{
    return view_op(e, OP_ALTP2M_SWITCH, view, 0);
}

/* The access, or -Exxx. */
static int get(struct env *e, uint32_t view, uint64_t gfn)
{
    struct args_access a = { .dom = DOM, .view = view, .gfn = gfn };
    int rc = hv_call(e->hv, OP_ALTP2M_GET_ACCESS, &a);

    return rc ? rc : (int)a.access;
}

static int set_sve(struct env *e, uint32_t view, uint64_t gfn, uint32_t sve)
{
    struct args_suppress_ve a = {
        .dom = DOM, .view = view, .gfn = gfn, .sve = sve,
    };

    return hv_call(e->hv, OP_ALTP2M_SET_SVE, &a);
}

static int get_sve(struct env *e, uint32_t view, uint64_t gfn)
{
    struct args_suppress_ve a = { .dom = DOM, .view = view, .gfn = gfn };
    int rc = hv_call(e->hv, OP_ALTP2M_GET_SVE, &a);

    return rc ? rc : (int)a.sve;
}

static int notify(struct env *e, bool on, uint32_t vcpu, uint64_t gfn)
{
    struct args_vcpu_ve a = { .dom = DOM, .vcpu = vcpu, .gfn = gfn };

    return hv_call(e->hv, on ? OP_ALTP2M_ENABLE_NOTIFY :
                               OP_ALTP2M_DISABLE_NOTIFY, &a);
}

static struct p2m_entry entry_of(struct env *e, int view, uint64_t gfn)
{
    struct p2m_entry entry;

    p2m_get(view < 0 ? &e->d->host : &e->d->views[view], gfn, &entry);
    return entry;
}

static int physmap(struct env *e, enum hv_op op, uint64_t gfn)
{
    struct args_physmap a = { .dom = DOM, .gfn = gfn };

    return hv_call(e->hv, op, &a);
}

#endif
