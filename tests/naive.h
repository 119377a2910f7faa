/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second model of mem_access and altp2m for test-property.c to hold sim/
 * against: one domain, a window of NAIVE_GFNS gfns mapped by 4 KiB, one flat
 * array a map, everything looked up every time.  Written from Xen 4.17's
 * public headers and sources (named at the functions), not from sim/. */
#ifndef XENREEL_TESTS_NAIVE_H
#define XENREEL_TESTS_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/memory.h>

#include "harness/op.h"

#define NAIVE_BASE      0x40u   /* the window's first gfn */
#define NAIVE_GFNS      24u
#define NAIVE_VIEWS     5u
#define NAIVE_VCPUS     12u     /* at most */
#define NAIVE_PAGES     ((NAIVE_VIEWS + 1) * NAIVE_GFNS + 1)
#define NAIVE_QUEUE     16u
#define NAIVE_WALKS     2u
#define NAIVE_SLOTS     8u      /* of a ring */
#define NAIVE_NO_VIEW   0xffffu

struct naive_entry {
    int page;                   /* -1: not present */
    uint8_t access;
    bool sve;
};

struct naive_map {              /* the host's, or one view */
    bool used, visible, access_required;
    uint8_t default_access;
    uint64_t min_remapped, max_remapped;
    struct naive_entry entry[NAIVE_GFNS];
};

struct naive_insn {
    enum hv_op op;              /* GUEST_STEP to GUEST_COPY, GUEST_MOV_CR */
    uint32_t nr_walks;
    struct args_guest_walk walk[NAIVE_WALKS];
    union {
        struct args_guest step;
        struct args_guest_mem mem;
        struct args_guest_copy copy;
        struct args_guest_reg reg;      /* mov to CR3 */
    } a;
};

struct naive_vcpu {
    uint32_t id;
    uint32_t view;              /* NAIVE_NO_VIEW while altp2m is off */
    bool paused, blocked;
    bool asleep, woken;         /* without a slot for .waiting */
    struct vm_event_st waiting;
    bool single_step, fast_step;
    uint32_t fast_step_view;
    /* what a response wants done when the vCPU runs next */
    uint32_t emulate;           /* its flags, 0: nothing */
    struct vm_event_emul_read_data read;
    bool set_registers;
    struct vm_event_regs_x86 to_set;
    bool cr3_put_off;
    uint64_t cr3;
    bool map_lost;              /* ... but not this time */
    bool put_off;               /* nor before it is scheduled again */
    /* the program */
    struct naive_insn queue[NAIVE_QUEUE];
    uint32_t count;
    bool started;               /* registers are as the head wants them */
    struct vm_event_regs_x86 regs;
    unsigned char last[64];     /* what the last load returned */
    uint64_t fault;             /* the first exception it took */
    uint64_t result[4];
    uint32_t nr_results;
};

struct naive {
    struct naive_map host, view[NAIVE_VIEWS];
    unsigned char page[NAIVE_PAGES][4096];
    bool no_gfn[NAIVE_PAGES];   /* the machine-to-physical table has none */
    bool altp2m, each_rep, crashed;
    struct {                    /* monitored */
        bool single_step, control_registers;
        bool cr3, cr3_sync, cr3_onchange;
        uint64_t cr3_mask;
    } monitor;
    struct naive_vcpu vcpu[NAIVE_VCPUS];
    uint32_t vcpus;
    uint32_t next_vcpu;
    bool ring;
    struct vm_event_st slot[NAIVE_SLOTS];
    uint32_t req_prod, rsp_cons;
    uint32_t sleeper[NAIVE_VCPUS], nr_sleepers;         /* first comes first */
    uint32_t last_woken;        /* of the blocked */
};

/* All gfns are RAM, rwx; no ring, altp2m off. */
void naive_init(struct naive *n, uint32_t vcpus);

/* dom0's operations: 0 or -Exxx.  gfn is of the window or ~0. */
int naive_access_set(struct naive *n, uint64_t gfn, uint32_t nr,
                     uint32_t access);
int naive_access_get(struct naive *n, uint64_t gfn, uint32_t *access);
int naive_access_multi(struct naive *n, const uint64_t *gfn,
                       const uint8_t *access, uint32_t nr);
void naive_access_required(struct naive *n, bool on);
int naive_set_state(struct naive *n, bool on);
int naive_create(struct naive *n, uint32_t access, uint32_t *view);
int naive_destroy(struct naive *n, uint32_t view);
int naive_switch(struct naive *n, uint32_t view);
int naive_visibility(struct naive *n, uint32_t view, bool visible);
int naive_vcpu_view(const struct naive *n, uint32_t vcpu, uint32_t *view);
int naive_view_set(struct naive *n, uint32_t view, uint64_t gfn,
                   uint32_t access);
int naive_view_get(struct naive *n, uint32_t view, uint64_t gfn,
                   uint32_t *access);
int naive_view_multi(struct naive *n, uint32_t view, const uint64_t *gfn,
                     const uint8_t *access, uint32_t nr);
int naive_change_gfn(struct naive *n, uint32_t view, uint64_t old_gfn,
                     uint64_t new_gfn);
/* A->gfn to A->last; fills .err and .err_gfn. */
int naive_sve_multi(struct naive *n, struct args_suppress_ve *a);
int naive_sve_get(struct naive *n, struct args_suppress_ve *a);
int naive_populate(struct naive *n, uint64_t gfn);
int naive_decrease(struct naive *n, uint64_t gfn);
int naive_move_page(struct naive *n, uint64_t from, uint64_t to);
int naive_remove(struct naive *n, uint64_t gfn);
/* The bytes of a gfn in the host's map, or NULL for a hole. */
unsigned char *naive_memory(struct naive *n, uint64_t gfn);
/* Give E a page, as ept_set_entry does; SVE < 0: inherited. */
void naive_entry_set(struct naive_entry *e, int page, uint8_t access,
                     int sve);

/* A page leaves a map: ioreq_request_mapcache_invalidate. */
void naive_map_lost(struct naive *n);

/* ---- naive-run.c ---- */
/* The map that V runs on, and its entry for the access V makes. */
struct naive_map *naive_map_of(struct naive *n, const struct naive_vcpu *v);
static inline struct naive_entry *naive_at(struct naive_map *m, uint64_t gpa)
{
    return &m->entry[(gpa >> 12) - NAIVE_BASE];
}
/* MEM_ACCESS_R, _W and _X of an access type. */
uint8_t naive_permissions(uint8_t access);
/* Run the guests until none can. */
void naive_run(struct naive *n);

/* ---- naive-data.c ---- */
/* How data moves: on the hardware, or emulated. */
struct naive_how {
    bool emulated, nowrite;
    const struct vm_event_emul_read_data *data;
};
/* Where the second page of an access begins, and how much is in the first. */
uint64_t naive_second(const struct args_guest_mem *a);
uint32_t naive_in_first(const struct args_guest_mem *a);
/* What the guest reports of what it saw. */
void naive_result(struct naive_vcpu *v, uint64_t value);
/* hvmemul_read: the response's data stand for memory, then zeros. */
void naive_load_data(const struct vm_event_emul_read_data *data,
                     uint32_t from, unsigned char *buf, uint32_t len);
/* PAGE: where the access leads, -1 for a hole. */
void naive_move(struct naive *n, struct naive_vcpu *v,
                const struct naive_insn *in, const int page[2],
                const struct naive_how *how);

/* ---- naive-ring.c ---- */
void naive_ring_on(struct naive *n);
int naive_ring_off(struct naive *n);
int naive_each_rep(struct naive *n, bool on);
int naive_monitor_step(struct naive *n, bool on);
int naive_monitor_cr3(struct naive *n, const struct args_ctrlreg *a);
/* V has an event to send, and stops for the response when SYNC; true when it
 * may not go on. */
bool naive_send(struct naive *n, struct naive_vcpu *v, struct vm_event_st *ev,
                bool sync);
/* V was asleep without a slot, and was woken; true as above. */
bool naive_send_again(struct naive *n, struct naive_vcpu *v);
bool naive_stopped(const struct naive_vcpu *v);
/* p2m_altp2m_check: V goes to VIEW, if there is such a view. */
void naive_go_to_view(struct naive *n, struct naive_vcpu *v, uint32_t view);
void naive_respond(struct naive *n, const struct vm_event_st *rsp);

#endif
