/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One hypercall, from its number to the file that knows it. */
#include "preload/front.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/hvm/dm_op.h>
#include <xen/sched.h>

#include "preload/pass.h"

#define MAX_MISSING     64
#define MAX_DM_BUFS     3       /* struct dmop_args */
#define NR_WATCHDOGS    2       /* NR_DOMAIN_WATCHDOG_TIMERS */

static struct {
    const char *family;
    uint64_t number;
} missing[MAX_MISSING];
static unsigned int nr_missing;

long hypercall_missing(const char *family, uint64_t number)
{
    struct args_client_hypercall a = {
        .number = number,
        .family = { .p = (void *)(uintptr_t)family, .len = strlen(family) },
    };

    hv_call(front.hv, OP_CLIENT_HYPERCALL, &a);
    for (unsigned int i = 0; i < nr_missing; i++) {
        if (missing[i].number == number &&
            !strcmp(missing[i].family, family))
            return -ENOSYS;
    }
    if (nr_missing < MAX_MISSING && !front.pass) {
        missing[nr_missing].family = family;
        missing[nr_missing++].number = number;
        front_say("%s %" PRIu64 " is not modelled: answered with ENOSYS",
                  family, number);
    }
    return -ENOSYS;
}

/* do_multicall: every call's result is kept, the whole is a success. */
static long multicall(uint64_t list, uint64_t nr)
{
    for (uint64_t i = 0; i < nr; i++) {
        uint64_t at = list + i * sizeof(struct multicall_entry);
        struct multicall_entry e;
        uint64_t arg[5];

        if (user_read(&e, at, sizeof(e)))
            return -EFAULT;
        for (unsigned int j = 0; j < 5; j++)
            arg[j] = e.args[j];
        pass_result(at + offsetof(struct multicall_entry, result));
        e.result = e.op == __HYPERVISOR_multicall ?
            -EINVAL : hypercall(e.op, arg);
        if (user_write(at + offsetof(struct multicall_entry, result),
                       &e.result, sizeof(e.result)))
            return -EFAULT;
    }
    return 0;
}

/* do_dm_op: a dom0's libraries come here when the device has no DM_OP. */
static long dm_op(uint64_t dom, uint32_t nr, uint64_t bufs)
{
    struct xen_dm_op_buf first;

    if (!nr)
        return -ENODATA;
    if (nr > MAX_DM_BUFS)
        return -E2BIG;
    if (user_read(&first, bufs, sizeof(first)))
        return -EFAULT;
    return hypercall_dm((domid_t)dom, (uintptr_t)first.h.p, first.size);
}

static long remote_shutdown(uint64_t arg)
{
    struct sched_remote_shutdown s;
    struct args_u64 a;
    int rc;

    if (user_read(&s, arg, sizeof(s)))
        return -EFAULT;
    a = (struct args_u64){ .dom = s.domain_id, .value = s.reason };
    rc = hv_call(front.hv, OP_DOMAIN_SHUTDOWN, &a);
    if (!rc)
        life_shut_down(front_domain(s.domain_id));
    return rc;
}

/* The kernel has answered: what is at CTX. */
static int fill_alloc(void *ctx, void *args, long rc)
{
    struct args_port *a = args;
    struct evtchn_alloc_unbound u;

    if (!rc && !user_read(&u, (uintptr_t)ctx, sizeof(u)))
        a->out = u.port;
    return (int)rc;
}

static int fill_status(void *ctx, void *args, long rc)
{
    struct args_port_status *a = args;
    struct evtchn_status s;

    if (rc || user_read(&s, (uintptr_t)ctx, sizeof(s)))
        return (int)rc;
    a->status = s.status;
    a->remote = s.status == EVTCHNSTAT_interdomain ?
                s.u.interdomain.port : 0;
    return 0;
}

/* evtchn_alloc_unbound: a port of a guest's, for dom0. */
static long evtchn_alloc(uint64_t arg)
{
    struct evtchn_alloc_unbound u;
    struct args_port a = { .dom = 0 };
    int rc;

    if (user_read(&u, arg, sizeof(u)))
        return -EFAULT;
    if (u.remote_dom && u.remote_dom != DOMID_SELF)
        return hypercall_missing("evtchn_alloc_unbound for domain",
                                 u.remote_dom);
    a.dom = u.dom == DOMID_SELF ? 0 : u.dom;
    pass_fill(fill_alloc, (void *)(uintptr_t)arg);
    rc = hv_call(front.hv, OP_EVTCHN_ALLOC, &a);
    if (rc)
        return rc;
    u.port = a.out;
    return user_write(arg, &u, sizeof(u));
}

/* domain_watchdog of dom0, which never ends: no time passes that a client
 * has not let pass. */
static long watchdog(uint64_t arg)
{
    static bool used[NR_WATCHDOGS];
    struct sched_watchdog w;

    if (user_read(&w, arg, sizeof(w)))
        return -EFAULT;
    if (w.id > NR_WATCHDOGS)
        return -EINVAL;
    if (w.id) {
        if (!used[w.id - 1])
            return -EINVAL;
        used[w.id - 1] = w.timeout;
        return 0;
    }
    for (long i = 0; i < NR_WATCHDOGS; i++) {
        if (!used[i]) {
            used[i] = true;
            return i + 1;
        }
    }
    return -ENOSPC;
}

/* do_sched_op.  The others end dom0, or put its vCPU to sleep or elsewhere. */
static long sched_op(uint64_t cmd, uint64_t arg)
{
    switch (cmd) {
    case SCHEDOP_yield:
        return 0;
    case SCHEDOP_remote_shutdown:
        return remote_shutdown(arg);
    case SCHEDOP_watchdog:
        return watchdog(arg);
    default:
        return hypercall_missing("sched_op", cmd);
    }
}

static long port_status(uint64_t arg)
{
    struct args_port_status a;
    struct evtchn_status s;
    int rc;

    if (user_read(&s, arg, sizeof(s)))
        return -EFAULT;
    a = (struct args_port_status){ .dom = s.dom, .port = s.port };
    pass_fill(fill_status, (void *)(uintptr_t)arg);
    rc = hv_call(front.hv, OP_EVTCHN_STATUS, &a);
    if (rc)
        return rc;
    s.status = a.status;
    s.vcpu = 0;
    if (a.status == EVTCHNSTAT_unbound) {
        s.u.unbound.dom = 0;
    } else if (a.status == EVTCHNSTAT_interdomain) {
        s.u.interdomain.dom = 0;
        s.u.interdomain.port = a.remote;
    }
    return user_write(arg, &s, sizeof(s));
}

/* do_event_channel_op: the others are the kernel's, behind its device. */
static long event_channel_op(uint64_t cmd, uint64_t arg)
{
    switch (cmd) {
    case EVTCHNOP_status:
        return port_status(arg);
    case EVTCHNOP_alloc_unbound:
        return evtchn_alloc(arg);
    default:
        return hypercall_missing("event_channel_op", cmd);
    }
}

long hypercall(uint64_t op, const uint64_t arg[5])
{
    switch (op) {
    case __HYPERVISOR_memory_op:
        return hypercall_memory(arg[0], arg[1]);
    case __HYPERVISOR_multicall:
        return multicall(arg[0], (uint32_t)arg[1]);
    case __HYPERVISOR_xen_version:
        return hypercall_version(arg[0], arg[1]);
    case __HYPERVISOR_hvm_op:
        return hypercall_hvm(arg[0], arg[1]);
    case __HYPERVISOR_sysctl:
        return hypercall_sysctl(arg[0]);
    case __HYPERVISOR_domctl:
        return hypercall_domctl(arg[0]);
    case __HYPERVISOR_dm_op:
        return dm_op(arg[0], (uint32_t)arg[1], arg[2]);
    case __HYPERVISOR_sched_op:
        return sched_op(arg[0], arg[1]);
    case __HYPERVISOR_event_channel_op:
        return event_channel_op(arg[0], arg[1]);
    case __HYPERVISOR_mmu_update:
    case __HYPERVISOR_mmuext_op:
        return hypercall_pv(op, arg);
    case __HYPERVISOR_xsm_op:
        return -ENOSYS;         /* no security module: xsm/dummy.h */
    default:
        return hypercall_missing("hypercall", op);
    }
}
