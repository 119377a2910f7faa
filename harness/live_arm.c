/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arming a domain as the policy says, and undoing it. */
#include "harness/live_private.h"

#include <errno.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/memory.h>

#define LIST            512     /* pages restricted by one call */

/* One switch of the monitor's. */
static int toggle(struct live *l, enum hv_op op, uint32_t enable)
{
    struct args_enable_sync a = {
        .dom = l->dom, .enable = enable, .sync = 1,
    };

    return hv_call(l->hv, op, &a);
}

static int toggle_ctrlreg(struct live *l, const struct live_rule *r,
                          uint32_t enable)
{
    struct args_ctrlreg a = {
        .dom = l->dom, .index = r->index, .enable = enable, .sync = 1,
        .onchangeonly = r->change,
    };

    return hv_call(l->hv, OP_MONITOR_CTRLREG, &a);
}

static int toggle_msr(struct live *l, const struct live_rule *r,
                      uint32_t enable)
{
    struct args_msr a = {
        .dom = l->dom, .msr = r->index, .enable = enable,
    };

    return hv_call(l->hv, OP_MONITOR_MSR, &a);
}

static int toggle_rule(struct live *l, const struct live_rule *r,
                       uint32_t enable)
{
    static const enum hv_op ops[] = {
        [LIVE_CPUID] = OP_MONITOR_CPUID,
        [LIVE_BREAKPOINT] = OP_MONITOR_BREAKPOINT,
        [LIVE_DEBUG] = OP_MONITOR_DEBUG,
        [LIVE_DESC] = OP_MONITOR_DESCRIPTOR,
        [LIVE_REQUEST] = OP_MONITOR_GUEST_REQUEST,
    };

    switch (r->event) {
    case LIVE_ACCESS:
        return 0;               /* by pages */
    case LIVE_CTRLREG:
        return toggle_ctrlreg(l, r, enable);
    case LIVE_MSR:
        return toggle_msr(l, r, enable);
    default:
        return toggle(l, ops[r->event], enable);
    }
}

/* ---- pages ---- */

/* A view's call is for one page, or for a list of them. */
static int set_view(struct live *l, uint64_t first, uint64_t end,
                    uint32_t access)
{
    struct args_access one = {
        .dom = l->dom, .access = access, .gfn = first, .view = l->view,
    };
    uint8_t rights[LIST];
    uint64_t gfns[LIST];
    struct args_access_multi list = {
        .dom = l->dom, .view = l->view, .access = { .p = rights },
        .gfn = { .p = gfns },
    };
    int rc = 0;

    if (end - first == 1)
        return hv_call(l->hv, OP_ALTP2M_SET_ACCESS, &one);
    while (!rc && first < end) {
        uint32_t n = 0;

        for (; n < LIST && first < end; n++) {
            rights[n] = access;
            gfns[n] = first++;
        }
        list.access.len = n;
        list.gfn.len = n * sizeof(*gfns);
        rc = hv_call(l->hv, OP_ALTP2M_SET_ACCESS_MULTI, &list);
    }
    return rc;
}

/* Pages FIRST to END - 1, which are there. */
static int set_run(struct live *l, uint64_t first, uint64_t end,
                   uint32_t access)
{
    struct args_access a = {
        .dom = l->dom, .access = access, .gfn = first, .nr = end - first,
    };
    int rc;

    if (l->view)
        return set_view(l, first, end, access);
    rc = hv_call(l->hv, OP_ACCESS_SET, &a);
    /* Also when it failed: the first of them may be set. */
    for (uint64_t gfn = first; gfn < end; gfn++)
        l->state.now[gfn] = access;
    return rc;
}

static int set_pages(struct live *l, const struct live_rule *r)
{
    const uint8_t *found = l->state.found;
    uint64_t end, last = l->state.nr_gfns - 1;
    int rc = 0;

    if (last > r->last)
        last = r->last;
    for (uint64_t gfn = r->first; !rc && gfn <= last; gfn = end) {
        end = gfn + 1;
        if (found[gfn] == LIVE_HOLE)
            continue;
        while (end <= last && found[end] != LIVE_HOLE)
            end++;
        rc = set_run(l, gfn, end, r->access);
    }
    return rc;
}

int live_open_page(struct live *l, uint64_t gfn)
{
    return gfn < l->state.nr_gfns && l->state.found[gfn] != LIVE_HOLE ?
           set_run(l, gfn, gfn + 1, XENMEM_access_rwx) : 0;
}

static int restore_pages(struct live *l)
{
    const struct live_state *s = &l->state;
    int rc = 0, err;
    uint64_t end;

    for (uint64_t gfn = 0; gfn < s->nr_gfns; gfn = end) {
        end = live_state_run(s->found, s->now, gfn, s->nr_gfns - 1);
        if (s->found[gfn] == s->now[gfn])
            continue;
        err = set_run(l, gfn, end, s->found[gfn]);
        rc = rc ? rc : err;
    }
    return rc;
}

/* ---- a view of our own ---- */

/* Which number a new view gets depends on those that there are: so for the
 * trace they are made as well. */
static int create_view(struct live *l)
{
    struct args_view a = { .dom = l->dom, .access = XENMEM_access_rwx };
    int rc = hv_call(l->target, OP_ALTP2M_CREATE, &a);

    if (rc)
        return rc;
    l->view = a.view;
    for (uint32_t i = 1; i <= l->view; i++) {
        struct hv_record rec = { .op = OP_ALTP2M_CREATE };

        rec.args.ALTP2M_CREATE = a;
        rec.args.ALTP2M_CREATE.view = i;
        live_trace_put(&l->trace, &rec);
    }
    return 0;
}

static int switch_view(struct live *l, uint32_t view)
{
    struct args_view a = { .dom = l->dom, .view = view };

    return hv_call(l->hv, OP_ALTP2M_SWITCH, &a);
}

static int set_altp2m(struct live *l, uint32_t on)
{
    struct args_u64 a = { .dom = l->dom, .value = on };

    return hv_call(l->hv, OP_ALTP2M_SET_STATE, &a);
}

static int arm_view(struct live *l)
{
    int rc = 0;

    if (!l->state.altp2m) {
        rc = set_altp2m(l, 1);
        l->altp2m = !rc;
    }
    if (!rc)
        rc = create_view(l);
    if (!rc) {
        rc = toggle(l, OP_MONITOR_SINGLESTEP, 1);
        l->steps = !rc;
    }
    return rc;
}

int live_arm(struct live *l)
{
    const struct live_policy *p = l->config->policy;
    int rc = 0;

    if (live_policy_has(p, LIVE_STEP) || live_policy_has(p, LIVE_FAST)) {
        l->result->what = "an altp2m view, for step and fast";
        rc = arm_view(l);
    }
    if (!rc && live_policy_has(p, LIVE_EMULATE)) {
        l->result->what = "monitor.emul_unimplemented";
        rc = toggle(l, OP_MONITOR_EMUL_UNIMPLEMENTED, 1);
        l->unimplemented = !rc;
    }
    while (!rc && l->armed < p->nr) {
        l->result->what = p->rule[l->armed].text;
        rc = toggle_rule(l, &p->rule[l->armed], 1);
        if (!rc)
            rc = p->rule[l->armed++].event == LIVE_ACCESS ?
                 set_pages(l, &p->rule[l->armed - 1]) : 0;
    }
    if (!rc && l->view)
        rc = switch_view(l, l->view);
    if (!rc)
        l->result->what = NULL;
    return rc;
}

/* ---- the way back ---- */

static void note(int *rc, int err)
{
    if (err && !*rc)
        *rc = err;
}

/* Those whose step has not ended, or ends without an event. */
static int stop_steps(struct live *l)
{
    int rc = 0;

    for (uint32_t i = 0; i < l->state.create.vcpus; i++) {
        struct args_debug_control a = {
            .dom = l->dom, .vcpu = i, .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF,
        };

        if (l->vcpu[i].steps || l->vcpu[i].fast)
            note(&rc, hv_call(l->hv, OP_DOMAIN_DEBUG_CONTROL, &a));
        l->vcpu[i].steps = false;
    }
    return rc;
}

static int drop_view(struct live *l)
{
    struct args_view a = { .dom = l->dom, .view = l->view };
    int rc = switch_view(l, 0);

    note(&rc, stop_steps(l));
    note(&rc, hv_call(l->hv, OP_ALTP2M_DESTROY, &a));
    l->view = 0;
    return rc;
}

int live_disarm(struct live *l)
{
    int rc = 0;

    if (l->view)
        note(&rc, drop_view(l));
    note(&rc, restore_pages(l));
    while (l->armed)
        note(&rc, toggle_rule(l, &l->config->policy->rule[--l->armed], 0));
    if (l->unimplemented)
        note(&rc, toggle(l, OP_MONITOR_EMUL_UNIMPLEMENTED, 0));
    if (l->steps)
        note(&rc, toggle(l, OP_MONITOR_SINGLESTEP, 0));
    if (l->altp2m)
        note(&rc, set_altp2m(l, 0));
    l->unimplemented = l->steps = l->altp2m = false;
    return rc;
}
