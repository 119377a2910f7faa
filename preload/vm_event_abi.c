/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layouts of xen/include/public/vm_event.h in Xen 4.6 (version 1) to 4.22
 * (version 7): what moved, as rows. */
#include "preload/vm_event_abi.h"

#include <string.h>

#define SLOTS(member) offsetof(struct vm_event_st, member)
#define DATA        SLOTS(data)
#define REGS(reg)   SLOTS(data.regs.x86.reg)
#define EMUL_DATA   (VM_EVENT_FLAG_SET_EMUL_READ_DATA | \
                     VM_EVENT_FLAG_SET_EMUL_INSN_DATA)
#define OLD_CS_AR   (DATA + 248)        /* versions 1 to 3: cs_arbytes */

struct part {                   /* LEN bytes that are elsewhere */
    uint16_t here, there, len;  /* LEN 0: the end */
};
#define PART_END { 0, 0, 0 }

/* ---- the registers ---- */

/* Up to rflags, from dr7 to msr_lstar, the bases of FS and GS. */
static const struct part regs_1[] = {
    { DATA, DATA, 136 }, { REGS(dr7), DATA + 136, 96 },
    { REGS(fs_base), DATA + 232, 16 }, PART_END
};
/* dr6 and all segments came. */
static const struct part regs_4[] = {
    { DATA, DATA, 240 }, { REGS(cs_base), DATA + 240, 64 },
    { REGS(cs_sel), DATA + 304, 12 }, PART_END
};
/* The GDT came, before the segments and behind them. */
static const struct part regs_5[] = {
    { DATA, DATA, 248 }, { REGS(cs_base), DATA + 248, 78 }, PART_END
};
/* npt_base and vmtrace_pos came. */
static const struct part regs_7[] = { { DATA, DATA, 344 }, PART_END };

static const struct layout {
    uint16_t size;
    const struct part *regs;
} layouts[VM_EVENT_ABI_LAST + 1] = {
    [1] = { 312, regs_1 }, [2] = { 312, regs_1 }, [3] = { 312, regs_1 },
    [4] = { 376, regs_4 }, [5] = { 384, regs_5 }, [6] = { 384, regs_5 },
    [7] = { 400, regs_7 },
};

/* ---- the union behind the head ---- */

static const struct part whole[] = {
    { SLOTS(u), SLOTS(u), DATA - SLOTS(u) }, PART_END
};
/* { msr, value } */
static const struct part msr_1[] = {
    { SLOTS(u), SLOTS(u), 16 }, PART_END
};
/* Only the gfn. */
static const struct part debug_1[] = { { SLOTS(u), SLOTS(u), 8 }, PART_END };
/* Without pending_dbg. */
static const struct part debug_2[] = {
    { SLOTS(u), SLOTS(u), 8 },
    { SLOTS(u.debug_exception.insn_length), SLOTS(u) + 8, 8 }, PART_END
};

static const struct change {
    uint32_t reason;
    uint8_t first, last;        /* versions */
    const struct part *parts;
} changes[] = {
    { VM_EVENT_REASON_MOV_TO_MSR, 1, 2, msr_1 },
    { VM_EVENT_REASON_SOFTWARE_BREAKPOINT, 1, 1, debug_1 },
    { VM_EVENT_REASON_SOFTWARE_BREAKPOINT, 2, 5, debug_2 },
    { VM_EVENT_REASON_DEBUG_EXCEPTION, 1, 5, debug_2 },
};

static const struct part *union_parts(unsigned int version, uint32_t reason)
{
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        const struct change *c = &changes[i];

        if (c->reason == reason && version >= c->first && version <= c->last)
            return c->parts;
    }
    return whole;
}

uint32_t vm_event_size(unsigned int version)
{
    return layouts[version].size;
}

static void encode(const struct part *p, const void *ev, void *slot)
{
    for (; p->len; p++)
        memcpy((char *)slot + p->there, (const char *)ev + p->here, p->len);
}

static void decode(const struct part *p, const void *slot, void *ev)
{
    for (; p->len; p++)
        memcpy((char *)ev + p->here, (const char *)slot + p->there, p->len);
}

void vm_event_encode(unsigned int version, const struct vm_event_st *ev,
                     void *slot)
{
    uint32_t ar = ev->data.regs.x86.cs.ar;

    memset(slot, 0, layouts[version].size);
    memcpy(slot, ev, SLOTS(u));
    memcpy(slot, &version, sizeof(ev->version));
    encode(union_parts(version, ev->reason), ev, slot);
    encode(layouts[version].regs, ev, slot);
    if (version < 4)
        memcpy((char *)slot + OLD_CS_AR, &ar, sizeof(ar));
}

void vm_event_decode(unsigned int version, const void *slot,
                     struct vm_event_st *ev)
{
    memset(ev, 0, sizeof(*ev));
    memcpy(ev, slot, SLOTS(u));
    ev->version = ev->version == version ? VM_EVENT_INTERFACE_VERSION : 0;
    decode(union_parts(version, ev->reason), slot, ev);
    if (ev->flags & EMUL_DATA)
        memcpy(&ev->data, (const char *)slot + DATA,
               layouts[version].size - DATA);
    else
        decode(layouts[version].regs, slot, ev);
}
