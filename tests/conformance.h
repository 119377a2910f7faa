/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conformance body: one table of calls, guest actions, events and
 * responses with what Xen answers, for every implementation of struct hv
 * (test-conformance.c).  Each section is a trace of its own for domain DOM,
 * a PVH guest of 16 MB with two vCPUs that is created before and destroyed
 * behind it by whoever runs it. */
#ifndef XENREEL_TESTS_CONFORMANCE_H
#define XENREEL_TESTS_CONFORMANCE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/hv.h"

struct conformance {
    const char *name;
    uint32_t needs;             /* HV_CAP_* */
    const char *const *line;    /* ends with NULL */
};

#define SECTION(name, needs, ...) \
    { name, needs, (const char *const[]){ __VA_ARGS__, NULL } }

static const struct conformance conformance[] = {
/* common/mem_access.c:mem_access_memop, x86/mm/mem_access.c */
SECTION("mem_access", 0,
    "mem_access.get dom=1 gfn=1 = -ENODEV",
    "mem_access.set dom=1 gfn=1 nr=1 access=r = -ENODEV",
    "monitor.enable dom=1 port=3 = 0",
    "mem_access.get dom=1 gfn=1 access=rwx = 0",
    "mem_access.set dom=1 gfn=1 nr=0 access=r = -EINVAL",
    "mem_access.set dom=1 gfn=1 nr=1 access=11 = -EINVAL",
    "mem_access.set dom=1 gfn=1 nr=2 access=rx = 0",
    "mem_access.get dom=1 gfn=2 access=rx = 0",
    "mem_access.get dom=1 gfn=3 access=rwx = 0",
    /* a hole: nothing to set, nothing to get */
    "mem_access.set dom=1 gfn=0x9999 nr=1 access=r = 0",
    "mem_access.get dom=1 gfn=0x9999 = -ESRCH",
    /* beyond the highest gfn */
    "mem_access.set dom=1 gfn=0xff000 nr=1 access=r = -EINVAL",
    "mem_access.get dom=1 gfn=0xff000 = -EINVAL",
    /* ~0 is the default, which "default" stands for */
    "mem_access.set dom=1 gfn=0xffffffffffffffff nr=0 access=rw = 0",
    "mem_access.get dom=1 gfn=0xffffffffffffffff access=rw = 0",
    "mem_access.set dom=1 gfn=1 nr=1 access=default = 0",
    "mem_access.get dom=1 gfn=1 access=rw = 0",
    /* a list stops at what is wrong; what was before it is done */
    "mem_access.set_multi dom=1 access=r,11,r gfn=0x5,0x6,0x7 = -EINVAL",
    "mem_access.get dom=1 gfn=5 access=r = 0",
    "mem_access.get dom=1 gfn=7 access=rwx = 0"),
/* x86/hvm/hvm.c:do_altp2m_op, x86/mm/p2m.c */
SECTION("altp2m", 0,
    "altp2m.create dom=1 access=rwx = -EOPNOTSUPP",
    "altp2m.get_state dom=1 state=0 = 0",
    "altp2m.set_state dom=1 state=1 = 0",
    "altp2m.get_state dom=1 state=1 = 0",
    "altp2m.create dom=1 access=11 = -EINVAL",
    "altp2m.create dom=1 access=rwx view=1 = 0",
    "altp2m.create dom=1 access=rwx view=2 = 0",
    "altp2m.destroy dom=1 view=1 = 0",
    "altp2m.create dom=1 access=rwx view=1 = 0",
    "altp2m.destroy dom=1 view=0 = -EBUSY",
    "altp2m.destroy dom=1 view=3 = -EBUSY",
    "altp2m.switch dom=1 view=3 = -EINVAL",
    "altp2m.switch dom=1 view=2 = 0",
    "altp2m.get_vcpu_view dom=1 vcpu=1 view=2 = 0",
    "altp2m.destroy dom=1 view=2 = -EBUSY",
    "altp2m.get_access dom=1 view=1 gfn=0x810 = -ESRCH",
    "altp2m.set_access dom=1 view=1 gfn=0x810 access=rx = 0",
    "altp2m.get_access dom=1 view=1 gfn=0x810 access=rx = 0",
    "altp2m.change_gfn dom=1 view=1 old_gfn=0x811 new_gfn=0x9999 = -ESRCH",
    "altp2m.change_gfn dom=1 view=1 old_gfn=0x811 new_gfn=0x810 = 0",
    "altp2m.get_access dom=1 view=1 gfn=0x811 access=rx = 0",
    "altp2m.set_state dom=1 state=0 = 0",
    "altp2m.switch dom=1 view=0 = -EOPNOTSUPP"),
/* common/domctl.c:do_domctl: getdomaininfo looks for the next domain, but not
 * among the reserved ids; x86/domctl.c:XEN_DOMCTL_set_cpu_policy.  All numbers
 * are a domid_t, 16 bits. */
SECTION("numbers", 0,
    "domain.info dom=9 = -ESRCH",
    "domain.info dom=0x7fef = -ESRCH",
    "domain.info dom=0x7ff0 = -EINVAL",
    "domain.info dom=0xffff = -EINVAL",
    "domain.info dom=0x17ff0 = -EINVAL",
    "domain.info dom=0x10001 paused=1 = 0",
    "domain.cpuid_policy dom=0 leaf=1 = -EINVAL",
    "domain.cpuid_policy dom=0x10000 leaf=1 = -EINVAL",
    "domain.cpuid_policy dom=9 leaf=1 = -ESRCH",
    "domain.cpuid_policy dom=0x7ff0 leaf=1 = -ESRCH",
    "domain.pause dom=0x7ff0 = -ESRCH",
    "domain.unpause dom=0 = -EINVAL",
    "domain.unpause dom=0x10000 = -EINVAL",
    "domain.unpause dom=0x10009 = -ESRCH",
    "domain.unpause dom=0x10001 = 0",
    "domain.info dom=1 paused=0 = 0",
    "domain.destroy dom=0x10000 = -EINVAL",
    "domain.access_required dom=0x10000 = -EPERM",
    "monitor.cpuid dom=0x10000 enable=1 = -EPERM",
    "monitor.enable dom=0x10000 = -EINVAL",
    "monitor.enable dom=0x10001 port=3 = 0",
    "mem_access.get dom=0x10000 gfn=1 = -EPERM",
    "mem_access.get dom=0x10001 gfn=1 access=rwx = 0",
    "altp2m.set_state dom=0x10000 state=1 = -EOPNOTSUPP",
    "vcpu.info dom=0x10000 vcpu=0 running=1 online=1 = 0",
    "vcpu.get_registers dom=0x10000 vcpu=0 = -EINVAL",
    "hvm.inject_trap dom=0x10000 vcpu=0 = -EPERM",
    "memory.move dom=0x10000 old_gfn=1 new_gfn=2 = -EACCES",
    "evtchn.bind_interdomain dom=0x10001 port=3 = 0",
    "evtchn.notify dom=1 port=3 = 0",
    "evtchn.notify dom=0x10001 port=3 = 0",
    "evtchn.alloc dom=0x10000 = -EOPNOTSUPP",
    "client.wait dom=0x10001 events=0 = 0",
    "domain.create dom=0x10002 vcpus=1 ram=0x1000 max_gpfn=0xfefff "
        "max_pages=0x1100 pool=745 = -EINVAL"),
/* A domain whose ring is mapped stays, dying, when it is destroyed:
 * x86/hvm/save.c:hvm_save, hvm_load; common/mem_access.c; x86/domctl.c. */
SECTION("dying", 0,
    "monitor.enable dom=1 port=3 = 0",
    "domain.destroy dom=1 = 0",
    "domain.info dom=1 dying=1 = 0",
    "vcpu.info dom=1 vcpu=2 = -EINVAL",
    "vcpu.context dom=1 vcpu=2 = -EINVAL",
    "vcpu.get_registers dom=1 vcpu=0 = -EINVAL",
    "vcpu.get_registers dom=1 vcpu=2 = -EINVAL",
    "vcpu.set_registers dom=1 vcpu=0 = -EINVAL",
    "vcpu.get_mtrr dom=1 vcpu=0 = -EINVAL",
    "vcpu.set_mtrr dom=1 vcpu=0 = -EINVAL",
    "vcpu.get_registers dom=9 vcpu=0 = -ESRCH",
    "mem_access.get dom=1 gfn=1 = -EINVAL",
    "evtchn.alloc dom=1 = -EINVAL",
    "evtchn.bind_interdomain dom=1 port=3 = -EINVAL",
    "domain.destroy dom=1 = 0"),
/* ... and any other is gone.  Of channels the device keeps the client's end:
 * Linux, drivers/xen/evtchn.c, IOCTL_EVTCHN_NOTIFY, IOCTL_EVTCHN_UNBIND. */
SECTION("gone", 0,
    "evtchn.alloc dom=1 port=3 = 0",
    "evtchn.bind_interdomain dom=1 port=3 = 0",
    "evtchn.pending dom=1 port=3 pending=1 = 0",
    "domain.destroy dom=1 = 0",
    "domain.destroy dom=1 = -ESRCH",
    "domain.info dom=1 = -ESRCH",
    "domain.cpuid_policy dom=1 leaf=1 = -ESRCH",
    "vcpu.get_registers dom=1 vcpu=0 = -ESRCH",
    "vcpu.set_registers dom=1 vcpu=0 = -ESRCH",
    "vcpu.get_mtrr dom=1 vcpu=9 = -ESRCH",
    "vcpu.context dom=1 vcpu=9 = -ESRCH",
    "hvm.inject_trap dom=1 vcpu=9 = -ESRCH",
    "memory.page_types dom=1 gfn=0x1 = -ESRCH",
    "evtchn.bind_interdomain dom=1 port=3 = -ESRCH",
    "evtchn.status dom=1 port=3 = -ESRCH",
    "evtchn.unmask dom=1 port=3 = 0",
    "evtchn.notify dom=1 port=3 = 0",
    "evtchn.pending dom=1 port=3 pending=0 = 0",
    "evtchn.unbind dom=1 port=3 = 0",
    "evtchn.unbind dom=1 port=3 = -ENOTCONN",
    "evtchn.notify dom=1 port=3 = -ENOTCONN"),
/* common/domctl.c:XEN_DOMCTL_getvcpuinfo, getvcpucontext */
SECTION("vcpu", 0,
    "vcpu.info dom=1 vcpu=2 = -EINVAL",
    "vcpu.info dom=1 vcpu=0x10001 = -EINVAL",
    "vcpu.context dom=1 vcpu=2 = -EINVAL",
    "vcpu.context dom=1 vcpu=0x10000 = -EINVAL"),
/* x86/monitor.c:arch_monitor_domctl_event, common/monitor.c */
SECTION("monitor", 0,
    "monitor.cpuid dom=1 enable=1 = 0",
    "monitor.cpuid dom=1 enable=1 = -EEXIST",
    "monitor.cpuid dom=1 = 0",
    "monitor.cpuid dom=1 = -EEXIST",
    "monitor.mov_to_msr dom=1 msr=0x176 enable=1 = -ENXIO",
    "monitor.write_ctrlreg dom=1 index=4 enable=1 = -EINVAL",
    "monitor.privileged_call dom=1 enable=1 = -EOPNOTSUPP",
    "monitor.emulate_each_rep dom=1 enable=1 = -EINVAL",
    "monitor.op dom=1 op=0 event=32 = -EINVAL",
    "monitor.guest_request dom=0 enable=1 = -EPERM",
    "monitor.guest_request dom=9 enable=1 = -ESRCH",
    "monitor.enable dom=1 port=3 = 0",
    "monitor.mov_to_msr dom=1 msr=0x176 enable=1 = 0",
    "monitor.mov_to_msr dom=1 msr=0x30000000 enable=1 = -EINVAL",
    "monitor.emulate_each_rep dom=1 enable=1 = 0"),
/* common/vm_event.c:vm_event_domctl, common/event_channel.c */
SECTION("ring", 0,
    "monitor.resume dom=1 = -ENODEV",
    "monitor.disable dom=1 = -EINVAL",
    "monitor.enable dom=1 port=3 = 0",
    "monitor.enable dom=1 = -EBUSY",
    "ring.state dom=1 nr_ents=8 sizeof_entry=400 req_prod=0 req_event=1 "
        "rsp_prod=0 rsp_event=1 = 0",
    "monitor.resume dom=1 = 0",
    "evtchn.notify dom=1 port=3 = -ENOTCONN",
    "evtchn.bind_interdomain dom=1 port=3 = 0",
    "evtchn.bind_interdomain dom=1 port=3 = -EINVAL",
    "evtchn.notify dom=1 port=3 = 0",
    "vm_event.op dom=9 op=1 mode=2 = -ESRCH",
    "vm_event.op dom=1 op=1 mode=1 = -ENOSYS",
    "vm_event.get_version = 7",
    "monitor.disable dom=1 = 0",
    "monitor.disable dom=1 = -EINVAL",
    "monitor.resume dom=1 = -ENODEV",
    "monitor.enable dom=1 port=3 = 0"),
/* The whole way of an event: x86/mm/mem_access.c:p2m_mem_access_check,
 * common/vm_event.c:vm_event_resume. */
SECTION("events", HV_CAP_GUEST,
    "monitor.enable dom=1 port=3 = 0",
    "monitor.guest_request dom=1 enable=1 sync=1 = 0",
    "memory.write dom=1 gfn=0x10 data=00000000 = 0",
    "mem_access.set dom=1 gfn=0x10 nr=1 access=rx = 0",
    "domain.unpause dom=1 = 0",
    "guest.write dom=1 vcpu=0 rip=0x1000 gla=0x10008 gpa=0x10008 len=2 "
        "value=0x1234",
    "guest.request dom=1 vcpu=1 rip=0x2000",
    "client.wait dom=1 events=2 = 0",
    "event mem_access dom=1 vcpu=0 flags=paused view=0 gfn=0x10 off=8 "
        "gla=0x10008 access=r|w|gla_valid|with_gla req_cons=0 req_prod=2 "
        "rsp_prod=0 {rip=0x1000}",
    "event guest_request dom=1 vcpu=1 flags=paused view=0 req_cons=1 "
        "req_prod=2 rsp_prod=0 {rip=0x2000}",
    "memory.read dom=1 gfn=0x10 offset=8 data=0000 = 0",
    /* the other way round: a request's slot is not its response's */
    "respond guest_request dom=1 vcpu=1 flags=paused",
    "respond mem_access dom=1 vcpu=0 flags=paused|emulate gfn=0x10 "
        "access=r|w",
    "monitor.resume dom=1 = 0",
    "client.wait dom=1 events=0 = 0",
    "memory.read dom=1 gfn=0x10 offset=8 data=3412 = 0",
    "mem_access.get dom=1 gfn=0x10 access=rx = 0",
    "ring.state dom=1 nr_ents=8 sizeof_entry=400 req_prod=2 req_event=3 "
        "rsp_prod=2 rsp_event=3 = 0",
    /* unanswered, the ring is closed: paused, until a late response */
    "guest.request dom=1 vcpu=1",
    "guest.request dom=1 vcpu=1",
    "client.wait dom=1 events=1 = 0",
    "event guest_request dom=1 vcpu=1 flags=paused view=0 req_cons=2 "
        "req_prod=3 rsp_prod=2 {rip=0x2003}",
    "monitor.disable dom=1 = 0",
    "monitor.enable dom=1 port=3 = 0",
    "monitor.guest_request dom=1 enable=1 = 0",
    "client.wait dom=1 events=0 = 0",
    "respond guest_request dom=1 vcpu=1 flags=paused",
    "monitor.resume dom=1 = 0",
    /* not synchronous now */
    "client.wait dom=1 events=1 = 0",
    "event guest_request dom=1 vcpu=1 flags=- view=0 req_cons=0 req_prod=1 "
        "rsp_prod=1 {rip=0x2006}"),
};

#endif
