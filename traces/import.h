/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the oracle importer. */
#ifndef XENREEL_IMPORT_H
#define XENREEL_IMPORT_H

#include "harness/infer.h"
#include "traces/trace.h"

#define NR_PTES         512
#define MAX_SEEN_MSRS   64

/* The pages of a PV guest that its log has names for.  NONE is frame 0: what
 * stands with it is the same in every log.  L4 is the table that the guest was
 * started with. */
enum pv_frame {
    FRAME_NONE, FRAME_L4, FRAME_P, FRAME_Q, FRAME_R, FRAME_S,
    FRAME_T1, FRAME_T2, FRAME_T3, FRAME_T4, NR_PV_FRAMES
};

struct import_line {
    char *text;                 /* zero-terminated */
    uint32_t number;            /* in the file, from 1 */
};

struct import {
    const char *path;
    struct hv_sink *sink;
    struct trace_error *err;
    char *text;                 /* the whole log */
    struct import_line *lines;  /* those of known kinds */
    uint32_t nr_lines;
    uint32_t at;                /* the line being read */
    struct import_line *others; /* the rest, which become notes */
    uint32_t nr_others, other;
    struct hv_record rec;       /* being put together */

    uint32_t dom;               /* current target */
    uint32_t guest;             /* the domain that was created */
    bool created, amd, pv;
    uint32_t view;              /* last view created ("v") */

    /* the commanded guest's addresses (GUEST line) */
    uint64_t cmd, data, code, l1;
    uint64_t ptes[NR_PTES];
    uint64_t ve_page;           /* #VE information page, as gpa */
    unsigned char altp2m[128];  /* what dom0 wrote in the command page */
    uint32_t altp2m_len;
    uint64_t last_set;          /* gfn of the last set_mem_access */
    uint64_t populated;         /* gfn of the last populate_physmap */
    const char *multi;          /* "> multi" line's arguments */

    /* ring indices of the next request, ~0 unknown */
    uint32_t req_cons, req_prod, rsp_prod;

    /* what was observed already */
    uint32_t seen_msrs[MAX_SEEN_MSRS];
    uint32_t nr_seen_msrs;
    struct infer infer;
    bool have_event;
    uint64_t request_rip;       /* where the commanded guest waits */
    bool acted;                 /* the next event's action is out already */
    bool passed;                /* ... and a call has let it through since */
    bool shut_down, destroyed;
    const char *asked;          /* "> ..." line without its CALL so far */
    uint64_t mfn[NR_PV_FRAMES];
    char odd[96];               /* an argument that was not understood */
};

/* import_util.c */
int import_fail(struct import *im, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Begin record OP in im->rec, for the current domain where it has one. */
union hv_args *import_begin(struct import *im, enum hv_op op);
/* Put im->rec; result 0 unless set since import_begin. */
int import_put(struct import *im);
/* RC is what a sink answered: RC, with a complaint where it is one. */
int import_stored(struct import *im, int rc);
int import_note(struct import *im, const char *text);
/* A number in C's notation, "~0", or a number in parentheses behind a name:
 * "rx(5)".  False when there is none. */
bool import_number(const char *text, uint64_t *value);
/* The value of KEY=... in LINE. */
bool import_key(const char *line, const char *key, uint64_t *value);
/* Hexadecimal digits at TEXT into BUF: the number of bytes. */
uint32_t import_hex(const char *text, void *buf, uint32_t room);
/* The request or response in hexadecimal: false when it is too short. */
bool import_event(const char *hex, struct vm_event_st *ev);
bool starts_with(const char *line, const char *prefix);
/* An event or response record. */
int import_emit_event(struct import *im, const struct vm_event_st *ev);
int import_emit_response(struct import *im, const struct vm_event_st *rsp);
int import_memory(struct import *im, uint64_t gpa, const void *bytes,
                  uint32_t len);
int import_cpuid_policy(struct import *im, uint32_t leaf, uint32_t subleaf,
                        const struct vm_event_regs_x86 *regs);
/* True the first time an MSR comes up. */
bool import_first_msr(struct import *im, uint32_t msr);

/* import_call.c: a CALL line and the output lines behind it. */
int import_call(struct import *im, const char *line);

/* import_lists.c: the lists of *_multi, which stay in LISTS until the record
 * is put, and the range of suppress_ve_multi: true when the call in im->rec is
 * one of these. */
struct lists {
    uint64_t gfn[16];
    uint8_t access[16];
    uint32_t nr_gfn, nr_access;
};
bool import_lists(struct import *im, const char *args, struct lists *l);

/* import_domain.c: the domain, the first time. */
int import_create(struct import *im, uint32_t dom);

/* import_vmx.c: a CMD line: the guest's program until its RES line. */
int import_command(struct import *im, const char *line);
int import_guest_line(struct import *im, const char *line);
/* GUEST_REQUEST, at RIP: how the commanded guest waits. */
int import_request(struct import *im, uint64_t rip);

/* import_live.c */
/* A live guest runs while its monitor makes calls: when the call in im->rec
 * would keep the next event of the log from being raised, the guest acted
 * before it.  Puts that action, and keeps im->rec. */
int import_before_call(struct import *im);
/* What the guest did before EV, put. */
int import_infer(struct import *im, const struct vm_event_st *ev);
int import_event_line(struct import *im, const char *line);
int import_state_line(struct import *im, const char *line);
int import_events_line(struct import *im, const char *line);
int import_script_line(struct import *im, const char *line);
/* Xen's last words: the call that the script asked for brought it down. */
int import_panic(struct import *im, const char *line);

/* import_pv.c: a guest that works on its page tables. */
int import_pv_l4(struct import *im, const char *line);
int import_pv_frames(struct import *im, const char *line);
int import_pv_call(struct import *im, const char *line);
int import_pv_line(struct import *im, const char *line);
int import_pv_frame(struct import *im, const char *line);

/* import_state.c: what dom0, and a commanded guest, saw. */
int import_domain_info(struct import *im, const char *line);
int import_vcpu_info(struct import *im, const char *line);
int import_vcpu_context(struct import *im, const char *line);
int import_ring_state(struct import *im, const char *line);
int import_ring_positions(struct import *im, const char *line);
int import_map(struct import *im, const char *line);
int import_foreign(struct import *im, const char *line);
int import_result(struct import *im, const char *line);
int import_buffer(struct import *im, const char *line);
/* TIMEOUT: the recorder waited in vain. */
int import_wait(struct import *im, const char *line);

#endif
