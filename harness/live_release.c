/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor that was killed leaves its domain with the ring, what it armed,
 * and vCPUs that wait for an answer: Xen forgets about none of it. */
#include "harness/live.h"

#include <errno.h>

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/memory.h>

#include "harness/live_state.h"
#include "harness/ring.h"

#define NR_CTRLREGS     4

static int call_dom(struct hv *hv, enum hv_op op, uint32_t dom)
{
    struct args_dom a = { .dom = dom };

    return hv_call(hv, op, &a);
}

/* What is off already stays so: that is no error.  MSRs are dropped with the
 * ring (vm_event.c:vm_event_cleanup_domain). */
static void stop_monitoring(struct hv *hv, uint32_t dom)
{
    static const enum hv_op ops[] = {
        OP_MONITOR_CPUID, OP_MONITOR_BREAKPOINT, OP_MONITOR_DEBUG,
        OP_MONITOR_DESCRIPTOR, OP_MONITOR_GUEST_REQUEST,
        OP_MONITOR_SINGLESTEP, OP_MONITOR_EMUL_UNIMPLEMENTED,
        OP_MONITOR_VMEXIT,
    };

    for (unsigned int i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
        struct args_enable_sync a = { .dom = dom };

        hv_call(hv, ops[i], &a);
    }
    for (uint32_t i = 0; i < NR_CTRLREGS; i++) {
        struct args_ctrlreg a = { .dom = dom, .index = i };

        hv_call(hv, OP_MONITOR_CTRLREG, &a);
    }
}

static void stop_altp2m(struct hv *hv, uint32_t dom)
{
    struct args_view host = { .dom = dom };
    struct args_u64 off = { .dom = dom };

    hv_call(hv, OP_ALTP2M_SWITCH, &host);
    hv_call(hv, OP_ALTP2M_SET_STATE, &off);
}

/* What was restricted, and from what, nobody knows any more: nothing is. */
static int open_pages(struct hv *hv, const struct live_state *s)
{
    struct args_access a = { .dom = s->create.dom,
                             .access = XENMEM_access_rwx };
    uint64_t end;
    int rc = 0;

    for (uint64_t gfn = 0; !rc && gfn < s->nr_gfns; gfn = end) {
        end = live_state_run(s->found, s->found, gfn, s->nr_gfns - 1);
        a.gfn = gfn;
        a.nr = end - gfn;
        if (s->found[gfn] != LIVE_HOLE && s->found[gfn] != a.access)
            rc = hv_call(hv, OP_ACCESS_SET, &a);
    }
    return rc;
}

static int find_and_open_pages(struct hv *hv, uint32_t dom)
{
    struct live_state s = { .found = NULL };
    int rc = live_state_find(&s, hv, dom);

    if (!rc)
        rc = live_state_find_pages(&s, hv, dom);
    if (!rc)
        rc = open_pages(hv, &s);
    live_state_free(&s);
    return rc;
}

/* An answer to what nobody asked takes a pause off a vCPU that has one
 * (x86/vm_event.c, vm_event_vcpu_unpause). */
static void answer_vcpus(struct hv *hv, uint32_t dom, uint32_t port)
{
    struct args_port notify = { .dom = dom, .port = port };
    struct ring_client ring;
    struct args_vcpu_info info = { .dom = dom };
    void *page = hv_ring(hv, dom);

    if (!page)
        return;
    ring_init(&ring, page);
    for (; !hv_call(hv, OP_VCPU_INFO, &info); info.vcpu++) {
        struct args_debug_control step = {
            .dom = dom, .vcpu = info.vcpu,
            .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF,
        };
        struct vm_event_st rsp = {
            .version = VM_EVENT_INTERFACE_VERSION, .vcpu_id = info.vcpu,
            .flags = VM_EVENT_FLAG_VCPU_PAUSED,
        };

        hv_call(hv, OP_DOMAIN_DEBUG_CONTROL, &step);
        ring_put(&ring, page, &rsp);
        hv_call(hv, OP_EVTCHN_NOTIFY, &notify);
    }
}

static int release(struct hv *hv, uint32_t dom)
{
    struct args_port a = { .dom = dom };
    int rc, err;

    call_dom(hv, OP_MONITOR_DISABLE, dom);      /* -EINVAL: it is off */
    rc = hv_call(hv, OP_MONITOR_ENABLE, &a);
    if (rc)
        return rc;
    stop_monitoring(hv, dom);
    stop_altp2m(hv, dom);
    rc = find_and_open_pages(hv, dom);
    a.port = a.out;
    err = hv_call(hv, OP_EVTCHN_BIND, &a);
    if (!err)
        answer_vcpus(hv, dom, a.port);
    rc = rc ? rc : err;
    err = call_dom(hv, OP_MONITOR_DISABLE, dom);
    if (!rc)
        rc = err;
    hv_call(hv, OP_EVTCHN_UNBIND, &a);
    return rc;
}

int live_release(struct hv *hv, uint32_t dom)
{
    int rc = call_dom(hv, OP_DOMAIN_PAUSE, dom);

    if (rc)
        return rc;
    rc = release(hv, dom);
    call_dom(hv, OP_DOMAIN_UNPAUSE, dom);
    return rc;
}
