/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the puppet's driver: puppet.c runs the programs that
 * puppet_queue.c keeps, puppet_code.c makes instructions, puppet_memory.c puts
 * them there, puppet_map.c makes the guest's page tables. */
#ifndef XENREEL_REAL_PUPPET_PRIVATE_H
#define XENREEL_REAL_PUPPET_PRIVATE_H

#include "real/puppet.h"
#include "real/puppet_abi.h"

#define PAGE_SIZE       4096u
#define PAGE_MASK       (~(uint64_t)(PAGE_SIZE - 1))

#define MAX_WALKS       8
#define MAX_RESULTS     4
#define MAX_ARGUMENT    128     /* bytes of a hypercall's */
#define MAX_CODE        16
#define MAX_TABLES      64      /* pages of page tables, mapped */
#define MAX_ROOTS       8       /* that a program made its own */

#define HLT             0xf4    /* stands behind an instruction */
/* What else is in its page: no instruction in 64-bit mode (PUSH ES), so that
 * a vCPU that is sent elsewhere raises #UD there; in other pages #PF. */
#define FILL            0x06
#define VECTOR_UD       6
#define VECTOR_PF       14

struct puppet_insn {
    enum hv_op op;
    uint32_t nr_walks;
    struct args_guest_walk walks[MAX_WALKS];
    union hv_args a;            /* a call's .arg points to the next */
    unsigned char argument[MAX_ARGUMENT];
};

/* What an instruction leaves behind. */
enum puppet_result {
    LEAVES_NOTHING, LEAVES_RAX, LEAVES_LAST, LEAVES_CPUID, LEAVES_MSR,
    LEAVES_COPY, LEAVES_REQUEST, LEAVES_CALL,
};

/* An instruction as it stands in memory. */
struct puppet_code {
    unsigned char bytes[MAX_CODE];
    uint32_t len;
    uint32_t hole;              /* of .bytes, the 4 that stay as they are */
    uint64_t at;                /* of the first byte */
    uint64_t rip;               /* the program's: behind .at for a trap */
    uint64_t end;               /* where the HLT stands */
    uint64_t fault_rip;         /* where the next one stands if it faults */
    uint64_t next;              /* ... if not, 0: at .end */
    enum puppet_result leaves;
};

struct puppet_vcpu {
    struct puppet_insn *queue;  /* .count from .head on */
    uint32_t head, count, room;
    uint32_t nr_walks;          /* of the instruction to come */
    struct args_guest_walk walks[MAX_WALKS];
    bool active;                /* at the queue's first, or before it: */
    bool flushing;              /* ... at the page's .flush */
    bool stale;                 /* its translations may be */
    bool skipped;               /* a response says so */
    uint32_t wakes;             /* since it was at .flush */
    struct vm_event_regs_x86 regs;      /* with which the first begins */
    struct puppet_code code;
    uint64_t rip;               /* where the next instruction stands */
    uint64_t halted;            /* rip when it was last seen in a HLT */
    uint64_t faults;            /* of the page's count, that are known */
    uint64_t last;              /* what the last load returned */
    bool wide;                  /* the last one queued: in xmm0 */
    uint64_t fault, result[MAX_RESULTS], greq;
    uint32_t nr_results;
    unsigned char buffer[MAX_ARGUMENT];
    uint32_t buffer_len;
};

struct puppet {
    struct puppet_env env;
    struct hv_page own;         /* struct puppet_page */
    uint32_t nr_vcpus;
    uint32_t pool_used;
    struct {
        uint64_t gfn;
        struct hv_page page;
    } table[MAX_TABLES];
    uint32_t nr_tables;
    uint64_t root[MAX_ROOTS];   /* the last ones, a ring; 0 for none */
    uint32_t next_root;
    struct puppet_vcpu vcpu[PUPPET_VCPUS];
};

static inline struct puppet_page *puppet_page(const struct puppet *p)
{
    return p->own.p;
}

/* ---- puppet_code.c ---- */
/* What instructions depend on. */
struct puppet_machine {
    bool amd;
    uint64_t rip;               /* where one stands that does not say it */
    uint64_t scratch;           /* address of the vCPU's */
    uint64_t stack;             /* where its rsp is */
    uint32_t tss;               /* its selector */
    uint64_t last;              /* what the last load returned */
};
/* The code of IN, and the registers it needs, set in *REGS.  -EOPNOTSUPP. */
int puppet_assemble(const struct puppet_insn *in,
                    const struct puppet_machine *m, struct puppet_code *code,
                    struct vm_event_regs_x86 *regs);

/* ---- puppet_queue.c ---- */
/* What vCPU N's instructions depend on now. */
struct puppet_machine puppet_machine(const struct puppet *p, uint32_t n);
/* Queue OP, whose ARGS begin with a domain and a vCPU that is there: 0 or
 * -Exxx, as the model, or what cannot be done here. */
int puppet_push(struct puppet *p, enum hv_op op, const void *args);

/* ---- puppet_memory.c ---- */
/* Write LEN bytes at guest-physical address GPA. */
int puppet_write(struct puppet *p, uint64_t gpa, const void *bytes,
                 uint32_t len);
int puppet_read(struct puppet *p, uint64_t gpa, void *bytes, uint32_t len);
/* Write CODE and what ends it; a page that was empty is filled. */
int puppet_write_code(struct puppet *p, const struct puppet_code *code);
/* Have CODE end in #UD instead of a HLT. */
int puppet_open_end(struct puppet *p, const struct puppet_code *code);
/* What IN needs in memory: translations and operands. */
int puppet_prepare(struct puppet *p, const struct puppet_insn *in,
                   const struct puppet_machine *m);

/* ---- puppet_map.c ---- */
/* GLA's page is one for code. */
int puppet_map_code(struct puppet *p, uint64_t gla);
/* Have GLA's page at GPA's, for all vCPUs. */
int puppet_map(struct puppet *p, uint64_t gla, uint64_t gpa);
/* Have the table entry at W->gpa translate W->gla, accessed already unless
 * the walk is to set it so. */
int puppet_map_walk(struct puppet *p, const struct args_guest_walk *w);
/* -EFAULT where nothing is mapped. */
int puppet_translate(struct puppet *p, uint64_t gla, uint64_t *gpa);
/* Have the page tables at CR3 too. */
int puppet_map_root(struct puppet *p, uint64_t cr3);
void puppet_map_free(struct puppet *p);

#endif
