/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's program: a queue of instructions, each a list of memory accesses
 * or one monitored action.  An instruction that faults is restarted, as
 * hardware does, until its accesses are allowed or somebody moves rip. */
#ifndef XENREEL_SIM_GUEST_H
#define XENREEL_SIM_GUEST_H

#include "sim/private.h"

#define MAX_WALKS       8       /* page-table accesses of one instruction */
#define MAX_RESULTS     4

#define VECTOR_DB       1
#define VECTOR_BP       3
#define VECTOR_UD       6
#define VECTOR_GP       13
#define VECTOR_PF       14
#define VECTOR_AC       17
#define VECTOR_MC       18
#define TYPE_HW_EXCEPTION       3       /* X86_EVENTTYPE_* */
#define TYPE_SW_INTERRUPT       4
#define TYPE_SW_EXCEPTION       6
#define NO_ERROR_CODE   (~0u)

struct insn {
    uint32_t op;                /* OP_GUEST_* */
    uint32_t nr_walks;
    struct args_guest_walk walks[MAX_WALKS];
    uint64_t next;              /* rip behind it; 0: its length on */
    union {
        struct args_guest step;
        struct args_guest_mem mem;
        struct args_guest_copy copy;
        struct args_guest_cpuid cpuid;
        struct args_guest_reg reg;
        struct args_guest_desc desc;
        struct args_guest_call call;    /* .arg is the program's own */
        struct args_guest_trap trap;
        struct args_guest_value value;
    } a;
};

static inline bool insn_is_memory(const struct insn *in)
{
    return in->op == OP_GUEST_FETCH || in->op == OP_GUEST_READ ||
           in->op == OP_GUEST_WRITE || in->op == OP_GUEST_RMW;
}

struct guest {
    struct insn *queue;         /* ring of .room entries */
    uint32_t room, head, count;
    struct insn done;           /* the last one finished, for a rip that a
                                 * response moves back to it */
    bool has_done;
    bool started;               /* the head has begun: registers are set up */
    uint64_t insn_rip;          /* where the head stands, once started */
    struct args_guest_walk walks[MAX_WALKS];    /* of the next instruction */
    uint32_t nr_walks;
    unsigned char last[GUEST_MAX_DATA];       /* what the last load returned */
    uint64_t fault;             /* 0x80VVEEEE, the first since .result */
    uint64_t result[MAX_RESULTS];
    uint32_t nr_results;
    uint64_t greq;
    unsigned char buffer[128];  /* argument of the last hypercall */
    uint32_t buffer_len;
    bool int3;                  /* the head's fetch found INT3 */
};

enum outcome {
    RAN,                /* the instruction is finished */
    PAUSED,             /* an event stopped the vCPU; restart it later */
    RETRY,              /* something changed: try the same again */
    GONE,               /* it is over another way: a trap was taken, or Xen
                         * emulated it */
    CRASHED,
    MMIO,               /* of one access: a write to a device's page that is
                         * read-only */
};

/* The instruction V stands at, or NULL at the program's end. */
struct insn *guest_head(struct sim_vcpu *v);
/* The head is finished (its results are in); rip goes to NEXT. */
void guest_retire(struct sim_vcpu *v, uint64_t next);
/* Take the head off the queue; it was no instruction. */
void guest_drop(struct sim_vcpu *v);
/* A response set rip: go back to the finished instruction or skip the head,
 * as the new rip says. */
void guest_rip_moved(struct sim_vcpu *v);
void guest_add_result(struct sim_vcpu *v, uint64_t value);
/* Length of an instruction when nothing says it, and rip behind the head. */
uint32_t insn_len(const struct insn *in);
uint64_t insn_next(const struct sim_vcpu *v, const struct insn *in);
/* The guest takes exception VECTOR; the instruction is given up, as the
 * handlers of test guests step over it. */
void guest_take_trap(struct sim_vcpu *v, uint8_t vector, uint32_t error);
/* hvm_inject_event: VECTOR (of X86_EVENTTYPE_ TYPE; ERROR ~0 for none) is
 * pending until V enters the guest, which may be after an event. */
void guest_inject(struct sim_vcpu *v, const struct pending_trap *trap);
void guest_inject_exception(struct sim_vcpu *v, uint8_t vector,
                            uint32_t error);
/* VM entry: V takes what is pending. */
void guest_enter(struct sim_vcpu *v);

/* ---- ept.c ---- */
/* One access of at most a page: walk it through V's map; on success *mfn is
 * the frame (INVALID_MFN for a hole: reads are all ones, writes vanish). */
struct mem_access {
    uint64_t gla, gpa;
    uint8_t want;       /* MEM_ACCESS_R, _W or _X bits */
    bool walk;          /* of the page tables */
};
enum outcome ept_access(struct sim_vcpu *v, const struct mem_access *m,
                        uint64_t *mfn);

/* ---- pv_access.c ---- */
/* Of a PV guest for which pv_access_on: an access to MFN by the hardware, and
 * what Xen is to do in its place. */
enum outcome pv_access_run(struct sim_vcpu *v, const struct mem_access *m,
                           uint64_t mfn);
enum outcome pv_access_check(struct sim_vcpu *v, const struct mem_access *m,
                             uint64_t mfn);

/* ---- pv_guest.c: PV guests, through their own page tables ---- */
/* Its addresses are translated by its own tables: where else its data should
 * be is nothing. */
void pv_by_gla(struct insn *in);
/* As ept_access. */
enum outcome pv_access(struct sim_vcpu *v, const struct mem_access *m,
                       uint64_t *mfn);
/* A store to an L1 that the guest may only read, which Xen does for it:
 * RETRY when it is for the hardware. */
enum outcome pv_emulate_write(struct sim_vcpu *v, const struct insn *in);

/* ---- exec.c ---- */
/* The instruction V is about to run, its registers set up, or NULL; what the
 * guest only reports before it is taken off. */
struct insn *insn_begin(struct sim_vcpu *v);
/* Run the head once, on the hardware. */
enum outcome exec_insn(struct sim_vcpu *v, struct insn *in);
/* The data side of a memory instruction, through map P2M.  NOWRITE: stores
 * vanish.  DATA: what loads return instead of memory, or NULL. */
struct data_path {
    const struct p2m *p2m;
    const struct vm_event_emul_read_data *data;
    bool nowrite;
    bool insn;          /* its bytes are a response's */
    bool check;         /* send an event for what mem_access forbids */
};
enum outcome exec_data(struct sim_vcpu *v, struct insn *in,
                       const struct data_path *path);
/* What A makes of OLD; the guest has what it sees of that. */
uint64_t exec_rmw(struct sim_vcpu *v, const struct args_guest_mem *a,
                  uint64_t old);
enum outcome exec_copy(struct sim_vcpu *v, struct insn *in, uint64_t reps,
                       const struct data_path *path);

/* ---- data.c ---- */
/* The guest-physical address of byte OFFSET of a data access. */
uint64_t data_gpa(const struct args_guest_mem *a, uint32_t offset);
/* Whether it goes on in a second page. */
bool data_crosses(const struct args_guest_mem *a);
/* The frames of an access through a map, unchecked (emulation). */
void data_frames(const struct p2m *p2m, const struct args_guest_mem *a,
                 uint64_t mfn[2]);
/* Move its bytes between BUF and its frames; PATH: emulated, or NULL. */
void data_move(struct sim_vcpu *v, const struct args_guest_mem *a,
               const uint64_t mfn[2], const struct data_path *path,
               unsigned char *buf, bool write);
/* The same with what PATH says of data. */
void data_load(struct sim_vcpu *v, const struct args_guest_mem *a,
               const uint64_t mfn[2], const struct data_path *path,
               unsigned char *buf);
void data_store(struct sim_vcpu *v, const struct args_guest_mem *a,
                const uint64_t mfn[2], const struct data_path *path,
                unsigned char *buf);

/* ---- action.c: what is not a memory access ---- */
/* EMULATED by Xen: no exit, and none of the events of an exit's handler;
 * those of register writes come all the same. */
/* The exit reason of IN, or -1 when the hardware runs it without one. */
int exit_reason(const struct sim_vcpu *v, const struct insn *in);
enum outcome exec_action(struct sim_vcpu *v, struct insn *in, bool emulated);
void exec_desc_data(struct sim_vcpu *v, struct insn *in);

/* ---- registers.c ---- */
/* The actual writes, deferred ones too: false raises #GP. */
bool write_cr0(struct sim_vcpu *v, uint64_t value, bool may_defer);
bool write_cr3(struct sim_vcpu *v, uint64_t value, bool may_defer);
bool write_cr4(struct sim_vcpu *v, uint64_t value, bool may_defer);
bool write_msr(struct sim_vcpu *v, uint32_t msr, uint64_t value,
               bool may_defer);
/* Whether Intel's hardware exits at all: Xen leaves some to the guest. */
bool cr_write_exits(const struct sim_vcpu *v, uint64_t cr, uint64_t value);
bool msr_access_exits(const struct sim_vcpu *v, uint64_t msr, bool write);
/* EFER.LMA is set while LME and CR0.PG are. */
void update_lma(struct sim_vcpu *v);
bool write_xcr0(struct sim_vcpu *v, uint64_t value);
/* Where V keeps MSR, or NULL for one that it cannot read.  EXISTS: a live
 * guest was seen to have it. */
uint64_t *msr_register(struct sim_vcpu *v, uint32_t msr, bool exists);
/* What MSR reads as, 0 for one that is not known. */
uint64_t msr_value(const struct sim_vcpu *v, uint32_t msr);
/* The values with which a vCPU begins that are not 0. */
void msr_reset(struct sim_vcpu *v);

/* ---- emulate.c ---- */
/* hvm_do_resume: what a response asked for, then pending traps.  False when
 * V may not go on. */
bool vcpu_resume(struct sim_vcpu *v);
/* hvm_emulate_one_vm_event */
void emulate_one(struct sim_vcpu *v, uint32_t flags);

#endif
