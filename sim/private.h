/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's state and the seams between its files.  Names follow Xen's. */
#ifndef XENREEL_SIM_PRIVATE_H
#define XENREEL_SIM_PRIVATE_H

#include "harness/op_args.h"

#include <xen/xen.h>
#include <xen/hvm/hvm_op.h>
#include <xen/io/ring.h>

#include "harness/device_port.h"
#include "harness/hv.h"
#include "sim/p2m.h"
#include "sim/sim.h"

#define PAGE_SHIFT      12
#define PAGE_SIZE       4096u
#define MAX_VCPUS       128
#define MAX_VIEWS       512     /* MAX_EPTP */
#define NR_HVM_PARAMS   64
#define NO_VIEW         0xffff  /* INVALID_ALTP2M */
#define NR_PORTS        1024    /* libxl's max_event_channels, and port 0 */
#define MAX_PHYS_ADDR   40      /* CPUID 0x80000008 of the recorded Xen */

struct sim_vcpu;
struct sim_domain;
struct insn;                    /* guest.h */
struct mmio;                    /* mmio.h */
struct pv_access;               /* pv_access.c */

/* Some of the machine's frames: a rangeset. */
struct mfn_ranges {
    struct mfn_range { uint64_t first, last; } *at;
    uint32_t nr;
};

/* Guest memory, by machine frame: a page is allocated when first written. */
struct sim_page {
    unsigned char *data;        /* PAGE_SIZE bytes, or NULL: all zero */
    uint32_t owner;             /* domain id + 1, 0: free */
    bool detached;              /* to be freed with its last user */
    bool gfn_lost;              /* its M2P entry is invalid, though mapped */
    uint16_t users;             /* #VE information pages */
    uint32_t maps;              /* foreign mappings (hv_map) */
    uint32_t at;                /* a PV guest's: its gfn + 1; 0 none */
};

/* xen/include/asm-x86/monitor.h, struct arch_vm_event */
struct vcpu_vm_event {
    uint32_t emulate_flags;
    bool set_gprs;
    bool sync_event;
    bool send_event;            /* emulation checks mem_access (in_gpt) */
    struct vm_event_regs_x86 gprs;
    struct vm_event_emul_read_data read;
    struct vm_event_emul_insn_data insn;
    struct {                    /* a write put off until the response */
        bool cr0, cr3, cr4, msr;
        uint64_t cr0_value, cr3_value, cr4_value, msr_value;
        uint32_t msr_index;
    } write;
};

struct pending_trap {
    bool pending;
    uint8_t vector, type;
    uint32_t error, insn_len;
    uint64_t cr2;
};

struct known_msr {
    uint32_t msr;
    uint64_t value;
};
#define NR_CODE_PAGES   8       /* guest.code pages a vCPU remembers */
#define NR_KNOWN_MSRS   128

struct sim_vcpu {
    struct sim_domain *d;
    uint32_t id;

    /* pausing: runnable when none of these holds */
    uint32_t vm_event_pause_count;
    bool ring_blocked;          /* _VPF_mem_access: put off the ring */
    bool wait_slot;             /* on the wait queue: wants a slot */
    bool stuck;                 /* scheduler: gets nowhere in this wait */
    bool wait_put;              /* wait_req is to be put when it runs next */
    bool wait_sync;
    struct vm_event_st wait_req;

    /* registers */
    struct vm_event_regs_x86 regs;
    uint64_t xcr0;
    struct args_vcpu_regs rest; /* those that no rule looks at */
    struct known_msr msrs[NR_KNOWN_MSRS];
    uint32_t nr_msrs;
    struct pending_trap inject; /* the toolstack's, until it runs again */
    bool map_lost;              /* mapcache_invalidate: its next resume does
                                 * nothing of what was asked for */
    bool put_off;               /* ... so it is: till it is scheduled again */
    struct pending_trap entry;  /* taken at the next VM entry */
    struct code_page { uint64_t gla, gpa; } code[NR_CODE_PAGES];
    uint32_t next_code;         /* the oldest of them */
    uint32_t entry_error;       /* VM_ENTRY_EXCEPTION_ERROR_CODE */

    /* a PV guest's (pv.h): frames of its top tables, 0 for none */
    uint64_t pv_table, pv_user_table;
    struct pv_old {             /* old_guest_table: a table to be given back */
        uint64_t mfn;
        bool set, partial;      /* ... not looked at to its end, either */
    } pv_old;                   /* by its next call, for MOV CR3 is none */
    uint64_t pv_ldt_base;
    uint32_t pv_ldt_entries;

    /* altp2m */
    uint16_t view;              /* p2midx, NO_VIEW while altp2m is off */
    bool ve_enabled;
    bool vm_functions;          /* VMFUNC is not #UD */
    uint64_t ve_mfn;

    /* monitor */
    struct vcpu_vm_event ve;    /* valid while d->vm_event_state */
    bool single_step;
    bool fast_step;
    uint16_t fast_step_view;
    bool next_interrupt;

    struct guest *guest;        /* its program: guest.c */
};

/* struct vm_event_domain */
struct sim_ring {
    bool enabled;
    void *page;                 /* the shared page */
    uint64_t mfn;               /* its frame, kept while it is mapped */
    uint32_t req_prod_pvt;
    uint32_t rsp_cons;
    uint32_t target_producers;
    uint32_t foreign_producers;
    uint32_t blocked;
    uint32_t last_vcpu_wake_up;
    uint32_t port;              /* the domain's end */
    uint32_t waiting[MAX_VCPUS];        /* wait queue, oldest first */
    uint32_t nr_waiting;
};

/* An interdomain event channel between dom0's client and a domain. */
struct sim_port {
    enum { PORT_FREE, PORT_UNBOUND, PORT_BOUND } state;
    bool monitor;               /* notify consumes the ring's responses */
    struct device_port device;
    uint32_t local;             /* dom0's port */
};

/* The client's end of a channel whose domain was destroyed. */
struct left_port {
    uint32_t dom, port;
    struct sim_port end;        /* PORT_FREE: leads nowhere */
};

/* d->monitor and d->arch.monitor */
struct sim_monitor {
    bool msr_bitmap;            /* allocated: a ring was enabled once */
    uint8_t msr[3][0x2000 / 8];         /* low, hypervisor, high */
    uint8_t msr_onchange[3][0x2000 / 8];
    uint32_t ctrlreg_enabled, ctrlreg_sync, ctrlreg_onchange;   /* bits */
    uint64_t ctrlreg_mask[4];
    bool singlestep, breakpoint, descriptor, cpuid, emul_unimplemented;
    bool pagefault_disabled;
    bool debug, debug_sync;
    bool vmexit, vmexit_sync;
    bool guest_request, guest_request_sync, guest_request_userspace;
    bool control_register_values;       /* OP_CONTROL_REGISTERS */
    bool emulate_each_rep;
};

/* A kernel looks for its hypervisor at 0x40000000 and every 0x100 behind that,
 * up to 0x4000ff00 (Linux: hypervisor_cpuid_base). */
#define NR_CPUID        1024

struct sim_domain {
    struct sim *sim;
    uint32_t id;
    struct args_create config;
    uint32_t pause_count;       /* by the toolstack */
    bool dying, shut_down;
    bool created;               /* creation_finished: it was unpaused once */
    uint8_t shutdown_reason;
    uint64_t nr_pages;
    uint64_t max_pages;
    uint64_t pool_free;         /* paging pool: pages left */
    uint64_t hvm_params[NR_HVM_PARAMS];
    bool vm_event_state;        /* vcpu.ve exist (vm_event_init_domain) */

    uint64_t vm_assist;         /* PV: bits VMASST_TYPE_* */
    struct mfn_ranges iomem;    /* iomem_caps */

    struct p2m host;
    bool altp2m_active;
    struct p2m *views;          /* config.views of them, made on demand */
    bool *view_used;            /* altp2m_eptp[i] valid */
    bool *view_visible;

    struct sim_ring ring;
    struct sim_port ports[NR_PORTS];
    struct sim_monitor monitor;
    struct pv_access *pv_access;        /* pv_access.c; NULL without it */
    struct sim_vcpu *vcpus;     /* config.vcpus */
    uint32_t next_vcpu;         /* scheduler: round robin */
    struct args_cpuid_policy cpuid[NR_CPUID];
    uint32_t nr_cpuid;
};

struct sim {
    struct hv hv;               /* first: what sim_open returns */
    struct sim_config config;
    uint64_t random;            /* scheduler's generator */
    struct sim_domain **domains;
    uint32_t nr_domains;
    struct left_port *left;     /* evtchn.c */
    uint32_t nr_left;
    struct sim_page *pages;     /* by mfn */
    uint64_t nr_pages, room;
    uint64_t free_hint;
    struct pv_page **pv_chunks; /* pv_page.c: by mfn, 512 in a row */
    uint64_t pv_room;
    struct pv_old pv_old;       /* of the call that is made */
    struct sim_domain *current; /* whose vCPU runs; NULL: dom0 calls */
    struct mmio *mmio;          /* devices; NULL until there is one */
    bool booted;                /* Xen has: a guest ran, or has a device */
};

/* ---- domain.c: life cycle, memory, toolstack operations ---- */
/* A domain other than dom0, perhaps a dying one, or NULL. */
struct sim_domain *sim_find(struct sim *sim, uint32_t id);
/* rcu_lock_live_remote_domain_by_id: 0, -ESRCH, -EPERM for the caller,
 * -EINVAL for a dying domain. */
int sim_remote(struct sim *sim, uint32_t id, struct sim_domain **d);
/* domain_shutdown: the first reason stays. */
void sim_shutdown(struct sim_domain *d, uint8_t reason);
/* domain_crash */
void sim_crash(struct sim_domain *d);
struct sim_vcpu *sim_vcpu(struct sim_domain *d, uint32_t id); /* or NULL */
static inline bool sim_has_altp2m(const struct sim_domain *d)
{
    return d->config.vendor == VENDOR_INTEL;
}

/* ---- memory.c: machine pages ---- */
/* Allocate a page for D: its mfn, or INVALID_MFN (limit, host memory). */
uint64_t page_alloc(struct sim_domain *d);
uint64_t page_alloc_run(struct sim_domain *d, unsigned int order);
/* With users or maps the page is only marked; the last one to go frees it. */
void page_free(struct sim *sim, uint64_t mfn);
void page_put(struct sim *sim, uint64_t mfn);
int sim_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page);
void sim_unmap(struct hv *hv, const struct hv_page *page);
void pages_free_all(struct sim_domain *d);
/* Allocate from MFN on. */
void pages_from(struct sim *sim, uint64_t mfn);
/* D's pages from MFN on are at GFN. */
void page_placed(struct sim_domain *d, uint64_t mfn, uint64_t gfn,
                 unsigned int order);
/* A PV guest's page leaves its domain's map, and is freed with its last
 * reference (PV: pv.h). */
int page_unmap(struct sim *sim, uint64_t mfn);
/* Somebody takes a page out of D's map, or a view's. */
void map_lost(struct sim_domain *d);
void pages_close(struct sim *sim);
/* Bytes of a page; they may not cross its end.  Reads of pages never
 * written are zero.  Write: 0 or -ENOMEM. */
void page_read(struct sim *sim, uint64_t mfn, uint32_t offset, void *to,
               uint32_t len);
int page_write(struct sim *sim, uint64_t mfn, uint32_t offset,
               const void *from, uint32_t len);
/* Not a hole, and not a device's. */
static inline bool page_is_memory(uint64_t mfn)
{
    return mfn < DEVICE_FRAME;
}
/* The whole page, allocated if need be; NULL when out of memory. */
void *page_map(struct sim *sim, uint64_t mfn);

/* ---- mmio.c ---- */
void mmio_close(struct sim *sim);
/* mmio_ro_ranges has MFN. */
bool mmio_ro(const struct sim *sim, uint64_t mfn);
/* iomem_access_permitted */
bool mmio_permitted(const struct sim_domain *d, uint64_t mfn);

/* ---- pv_build.c, pv_page.c, pv_guest.c ---- */
/* new_guest_cr3: 0, -EINVAL and what validation says. */
int pv_new_cr3(struct sim_vcpu *v, uint64_t mfn);
/* LEN bytes of machine_to_phys, where a PV guest has them at GLA. */
void pv_read_m2p(struct sim *sim, uint64_t gla, unsigned char *to,
                 uint32_t len);
bool pv_mov_cr3(struct sim_vcpu *v, uint64_t mfn);
/* The page tables a PV guest is started with.  0, -ENOMEM, -EINVAL: it has no
 * room for them. */
int pv_build(struct sim_domain *d);
/* The domain ends: its tables let go of what they hold. */
void pv_teardown(struct sim_domain *d);
/* MFN's domain gives it up: false when somebody has a reference yet, whose
 * end frees it. */
bool pv_give_up(struct sim *sim, uint64_t mfn);
void pv_forget(struct sim *sim, uint64_t mfn);
/* get_page_from_l1e of dom0's: MFN is mapped to be written to.  0, or -EBUSY
 * for a PV guest's table, which it cannot become while it is. */
int pv_map_writable(struct sim *sim, uint64_t mfn);
void pv_unmap_writable(struct sim *sim, uint64_t mfn);
/* steal_page: no PV guest has MFN in its tables, or as one. */
bool pv_unused(const struct sim *sim, uint64_t mfn);
void pv_close(struct sim *sim);

/* ---- mem_access.c ---- */
/* xenmem_access_to_p2m_access: false for an unknown access. */
bool access_resolve(const struct p2m *p2m, uint32_t access, uint8_t *out);
/* p2m_set_mem_access, without the hypercall's own checks. */
int access_set(struct sim_domain *d, uint64_t gfn, uint32_t nr,
               uint32_t access, uint32_t view);
int access_set_multi(struct sim_domain *d, const struct hv_span *gfns,
                     const struct hv_span *accesses, uint32_t view);
int access_get(struct sim_domain *d, uint64_t gfn, uint32_t *access,
               uint32_t view);
/* p2m_mem_access_emulate_check: does RSP's access still violate? */
bool access_emulate_check(struct sim_vcpu *v, const struct vm_event_st *rsp);

/* What an EPT violation was about (struct npfec). */
struct npfec {
    uint8_t access;             /* MEM_ACCESS_R | _W | _X; W implies R */
    bool gla_valid;
    bool with_gla;              /* the data access; else the page walk */
    bool present;               /* the entry was present */
};
/* p2m_mem_access_check: rx2rw and n2rwx, no listener, or fill REQ.
 * Returns what Xen's does ("sync": the fault is dealt with); *send says
 * whether REQ is to be sent. */
bool access_check(struct sim_vcpu *v, uint64_t gpa, uint64_t gla,
                  const struct npfec *npfec, struct vm_event_st *req,
                  bool *send);

/* All of an access's request but the registers, which come when it is sent. */
void access_request(struct vm_event_st *req, uint64_t gpa, uint64_t gla,
                    const struct npfec *npfec);

/* ---- pv_access.c ---- */
/* What D was configured with; 0 where that is nothing, or -ENOMEM. */
int pv_access_create(struct sim_domain *d);
void pv_access_free(struct sim_domain *d);
/* D is a PV guest whose accesses are looked at. */
bool pv_access_on(const struct sim_domain *d);
int pv_access_set(struct sim_domain *d, uint64_t gfn, uint32_t nr,
                  uint32_t access);
int pv_access_get(struct sim_domain *d, uint64_t gfn, uint32_t *access);
/* A frame is no longer D's. */
void pv_access_forget(struct sim_domain *d, uint64_t mfn);

/* ---- altp2m.c ---- */
static inline bool altp2m_active(const struct sim_domain *d)
{
    return d->altp2m_active;
}
/* The map V runs on: its view's while altp2m is active, else the host's. */
struct p2m *vcpu_p2m(const struct sim_vcpu *v);
/* View IDX if it exists and is in use, else NULL. */
struct p2m *altp2m_view(struct sim_domain *d, uint32_t idx);
/* altp2m_get_effective_entry: 0, -ESRCH, -ENOMEM. */
int altp2m_effective(struct p2m *ap2m, uint64_t gfn, struct p2m_entry *entry,
                     bool prepopulate);
/* p2m_altp2m_get_or_propagate: true when copied, retry the access. ENTRY is
 * the host's on entry, the view's on return. */
bool altp2m_get_or_propagate(struct p2m *ap2m, uint64_t gfn,
                             struct p2m_entry *entry);
/* p2m_altp2m_propagate_change */
int altp2m_propagate(struct sim_domain *d, uint64_t gfn, unsigned int order,
                     uint64_t mfn, uint8_t type, uint8_t access);
/* p2m_switch_vcpu_altp2m_by_id / p2m_altp2m_check */
bool altp2m_switch_vcpu(struct sim_vcpu *v, uint32_t idx);
void altp2m_domain_free(struct sim_domain *d);
/* The operations behind altp2m_hypercall, without its own checks. */
int altp2m_set_state(struct sim_domain *d, bool on);
int altp2m_create(struct sim_domain *d, uint16_t *idx, uint32_t access);
int altp2m_destroy(struct sim_domain *d, uint32_t idx);
int altp2m_switch(struct sim_domain *d, uint32_t idx);
int altp2m_enable_ve(struct sim_vcpu *v, uint64_t gfn);
void altp2m_disable_ve(struct sim_vcpu *v);
int altp2m_change_gfn(struct sim_domain *d, uint32_t idx, uint64_t old_gfn,
                      uint64_t new_gfn, bool from_outside);
/* do_altp2m_op for guests (CALLER is the guest's domain) and dom0 (CALLER
 * NULL): OP is a struct xen_hvm_altp2m_op, changed in place. */
int altp2m_hypercall(struct sim *sim, struct sim_domain *caller,
                     struct xen_hvm_altp2m_op *op);

/* ---- monitor.c ---- */
uint32_t monitor_capabilities(const struct sim_domain *d);
bool monitored_msr(const struct sim_domain *d, uint32_t msr);
bool monitored_msr_onchange(const struct sim_domain *d, uint32_t msr);
/* The hvm_monitor_* senders of xen/arch/x86/hvm/monitor.c: each fills a
 * request and calls monitor_traps.  < 0 error, 0 go on, 1 paused.  The
 * deferring ones return true when the write waits for the response. */
bool monitor_cr(struct sim_vcpu *v, uint32_t index, uint64_t value,
                uint64_t old);
bool monitor_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value,
                 uint64_t old);
void monitor_descriptor(struct sim_vcpu *v, uint64_t info, uint64_t qual,
                        uint8_t desc, bool write);
enum monitor_debug { DEBUG_BREAKPOINT, DEBUG_SINGLESTEP, DEBUG_EXCEPTION };
int monitor_debug(struct sim_vcpu *v, enum monitor_debug type,
                  uint32_t trap_type, uint32_t insn_len,
                  uint64_t pending_dbg);
int monitor_cpuid(struct sim_vcpu *v, uint32_t insn_len, uint32_t leaf,
                  uint32_t subleaf);
void monitor_interrupt(struct sim_vcpu *v, uint32_t vector, uint32_t type,
                       uint32_t error);
int monitor_vmexit(struct sim_vcpu *v, uint64_t reason, uint64_t qual);
bool monitor_emul_unimplemented(struct sim_vcpu *v);
void monitor_guest_request(struct sim_vcpu *v);
/* hvm_monitor_check_p2m: true when an event was sent. */
bool monitor_check_p2m(struct sim_vcpu *v, uint64_t gla, uint64_t gpa,
                       uint8_t access, bool in_gpt);

/* ---- vm_event.c: the ring ---- */
#define NR_SLOTS __CONST_RING_SIZE(vm_event, PAGE_SIZE)
static inline bool ring_on(const struct sim_domain *d)
{
    return d->ring.enabled;
}
/* monitor_traps: claim a slot, pause V when SYNC, put REQ on the ring.
 * 1 paused, 0 sent or no ring, -Exxx.  Without a free slot V sleeps on the
 * wait queue: REQ is kept, the answer is the same, and ring_continue puts it
 * when V runs again.  REQ's vcpu, view and registers are filled in here. */
int monitor_traps(struct sim_vcpu *v, bool sync, struct vm_event_st *req);
/* A vCPU that was on the wait queue runs: put its request.  False when it
 * may not go on (asleep again, or paused by the event). */
bool ring_continue(struct sim_vcpu *v);
void vcpu_event_pause(struct sim_vcpu *v);
/* vm_event_vcpu_unpause: no underflow. */
void vcpu_event_unpause(struct sim_vcpu *v);
int ring_enable(struct sim_domain *d, uint32_t *port);
int ring_disable(struct sim_domain *d);
/* vm_event_resume (response.c): consume all responses. */
int ring_resume(struct sim_domain *d);
void ring_wake(struct sim_domain *d);

/* ---- evtchn.c ---- */
int evtchn_alloc_xen(struct sim_domain *d);     /* port or -ENOSPC */
void evtchn_free_xen(struct sim_domain *d, uint32_t port);
/* D's ports are closed, and the client's ends stay: 0 or -ENOMEM. */
int evtchn_destroy(struct sim_domain *d);
/* A new domain has the number DOM: of those it had, nobody knows any more. */
void evtchn_forget(struct sim *sim, uint32_t dom);
/* Set pending towards dom0 (notify_via_xen_event_channel). */
void evtchn_raise(struct sim_domain *d, uint32_t port);

/* ---- guest.c, exec.c, sched.c: the vCPUs ---- */
int guest_init(struct sim_vcpu *v);
int sim_observe(struct hv *hv, uint32_t dom,
                const struct vm_event_st *ev);
int sim_wait(struct hv *hv, uint32_t dom);
/* gfn_of_rip: through the guest's page tables; all ones if unmapped. */
uint64_t vcpu_gfn_of_rip(const struct sim_vcpu *v);
void guest_free(struct sim_vcpu *v);
static inline bool vcpu_runnable(const struct sim_vcpu *v)
{
    return !v->vm_event_pause_count && !v->ring_blocked && !v->wait_slot &&
           !v->d->pause_count && !v->d->dying && !v->d->shut_down;
}

/* ---- the operations: ops.c maps enum hv_op to these ---- */
int sim_call(struct hv *hv, enum hv_op op, void *args);
#define OP(id, text, kind, args, fields, what) \
    int sim_op_##id(struct sim *sim, struct args *a);
#include "harness/ops.def"
#undef OP

#endif
