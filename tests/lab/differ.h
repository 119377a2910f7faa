/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differential fuzzing: scenarios made at random on the model, and the same
 * on a real Xen, whose domains run the puppet (docs/LAB.md).  What is made
 * are blocks: a ring is enabled, random steps are done, and everything is put
 * back, so that a block says all that it depends on. */
#ifndef XENREEL_TESTS_DIFFER_H
#define XENREEL_TESTS_DIFFER_H

#include <stdint.h>

#include <xen/xen.h>
#include <xen/memory.h>

#include "harness/hv.h"
#include "harness/record.h"
#include "harness/ring.h"

#define DOM             1u
#define VCPUS           2u

/* The guest's pages: data, that all may happen to; code that may be made not
 * executable; the code of all other instructions, root tables, operands. */
#define DATA            0x40u
#define NR_DATA         8u
#define STABLE          4u      /* of those: they stay */
#define CODE            0x60u
#define NR_CODE         4u
#define SAFE            0x70u
#define ROOTS           0x78u
#define NR_ROOTS        4u
#define OPERAND         0x7cu
#define VIEWS           6u      /* that are asked for; there are ten */
#define NOWHERE         (~0ull)

/* ---- differ-list.c: records in a row ---- */
struct list {
    struct hv_sink sink;        /* appends */
    struct hv_record *rec;
    size_t nr, room;
};
void list_init(struct list *list);
void list_clear(struct list *list);
/* Ends the program when there is no memory. */
void list_add(struct list *list, const struct hv_record *rec);

struct list_source {
    struct hv_source source;
    const struct list *list;
    size_t next;
};
void list_source(struct list_source *source, const struct list *list);

/* ---- differ-make.c, differ-guest.c, differ-answer.c ---- */
struct vcpu {
    bool waiting;               /* in .ev, for an answer */
    bool map_lost;              /* meanwhile a page left the map */
    bool stepping;
    uint32_t tries;             /* answers since it got anywhere */
    struct vm_event_st ev;
    bool unknown;               /* its results are the machine's own */
    uint32_t insns;
    uint8_t len[256];           /* of the instruction at SAFE + 16 * n */
};

struct make {
    struct hv *hv;              /* the model, recorded into .list */
    bool amd;
    struct list list;
    uint64_t random;
    struct ring_client ring;
    uint32_t port;
    bool altp2m, single_step;
    bool put_off;               /* register writes wait for the answer */
    struct vcpu vcpu[VCPUS];
    struct vm_event_st late[64];        /* of events that stopped nobody */
    uint32_t nr_late;
};

uint64_t draw(struct make *m);
uint32_t below(struct make *m, uint32_t n);
static inline bool once_in(struct make *m, uint32_t n)
{
    return !below(m, n);
}
int call(struct make *m, enum hv_op op, void *args);
uint32_t any_access(struct make *m);
uint32_t any_view(struct make *m);
uint64_t data_gfn(struct make *m);

/* A model of an Intel or AMD machine with a domain, recorded into M's list. */
void make_open(struct make *m, bool amd);
void make_close(struct make *m);
/* Append the block of SEED, of STEPS random steps. */
void make_block(struct make *m, uint64_t seed, uint32_t steps);

/* ---- differ-monitor.c ---- */
/* Register writes are put off, or not, until a block's end. */
void begin_monitor(struct make *m);
void do_monitor(struct make *m);
/* Monitor nothing on HV. */
void monitor_nothing(struct hv *hv);

/* ---- differ-again.c ---- */
/* FROM's commands, without those that SKIP marks, as a block of their own:
 * with the answers that the model gives to them. */
void make_again(const struct list *from, const bool *skip, struct list *to);
/* ... and what ends a block. */
void make_end(struct make *m);

void do_program(struct make *m);
/* A write that no event comes of. */
void do_unheard(struct make *m, uint64_t gpa);
/* Take the events that came. */
void take_events(struct make *m);
/* What a new domain's vCPUs do first: registers become what they are on
 * every machine. */
void set_registers(struct make *m);
/* Guests run, and what comes of it is looked at; RAN is the vCPU that does. */
void wait_for(struct make *m, uint32_t ran);
/* What vCPU N's instructions left. */
void take_results(struct make *m, uint32_t n);
void do_answer(struct make *m);
/* Answers events that stopped nobody before a vCPU has to wait for a slot: two
 * that do go on together, in the order of Xen's scheduler. */
void make_room(struct make *m);
/* Answer what is not to wait. */
void answer_urgent(struct make *m);
/* Answer all there is, so that the programs end. */
void drain(struct make *m);

#endif
