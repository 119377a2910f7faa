/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs of a PV guest that makes page-table hypercalls and prints how they
 * went. */
#include "traces/import_pv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN          1       /* the log does not say */
#define BOOT_GFN        0x166   /* where the guest's first L4 is */
#define NR_GFNS         512     /* frames follow each other for 2 MiB */
#define MAX_MFN         0xffffffull     /* 64 GiB */

/* PGT_*, the words of which Xen prints: arch/x86/include/asm/mm.h */
#define TYPE_SHIFT      61
#define LOCKED          (1ull << 60)
#define PINNED          (1ull << 59)
#define VALIDATED       (1ull << 58)
#define COUNT           ((1ull << 55) - 1)

static const char *const names[] = {
    [FRAME_L4] = "L4", [FRAME_P] = "P", [FRAME_Q] = "Q", [FRAME_R] = "R",
    [FRAME_S] = "S", [FRAME_T1] = "T1", [FRAME_T2] = "T2",
    [FRAME_T3] = "T3", [FRAME_T4] = "T4",
};

_Static_assert(sizeof(names) / sizeof(*names) == NR_PV_FRAMES, "");

/* ---- frames ---- */

static uint64_t gfn_of(const struct import *im, enum pv_frame frame)
{
    return im->mfn[frame] - im->mfn[FRAME_L4] + BOOT_GFN;
}

/* As a machine address, an entry, a frame's number, a guest's address. */
static uint64_t address(const struct import *im, struct pv_place place)
{
    return (im->mfn[place.frame] << 12) + place.add;
}

static uint64_t number(const struct import *im, struct pv_place place)
{
    return im->mfn[place.frame] + place.add;
}

static uint64_t linear(const struct import *im, struct pv_place place)
{
    return place.frame ? (gfn_of(im, place.frame) << 12) + place.add :
                         place.add;
}

/* ---- the start ---- */

/* The kernel that the guest is made of had its L4 loaded for user mode, too,
 * before it said its first word. */
static int start(struct import *im)
{
    struct args_mmuext_op *a;
    int rc;

    import_begin(im, OP_DOMAIN_UNPAUSE);
    rc = import_put(im);
    if (rc)
        return rc;
    a = &import_begin(im, OP_GUEST_MMUEXT_OP)->GUEST_MMUEXT_OP;
    a->cmd = MMUEXT_NEW_USER_BASEPTR;
    a->arg1 = im->mfn[FRAME_L4];
    a->done = 1;
    return import_put(im);
}

/* "l4 va=0000000000166000 mfn=77d66 ...": the frames lie as the addresses */
int import_pv_l4(struct import *im, const char *line)
{
    unsigned long long va, mfn;
    int rc;

    if (sscanf(line, "l4 va=%llx mfn=%llx", &va, &mfn) != 2)
        return import_fail(im, "the L4 without its address and frame");
    if (va != BOOT_GFN << 12 || mfn <= NR_GFNS || mfn > MAX_MFN ||
        (mfn - BOOT_GFN) % NR_GFNS)
        return import_fail(im, "the L4 is not at %#x and in frame %#x of a "
                           "2 MiB page", BOOT_GFN << 12, BOOT_GFN);
    if (im->created)
        return import_fail(im, "a second domain: a log is about one");
    im->mfn[FRAME_L4] = mfn;
    rc = import_create(im, DOMAIN);
    if (!rc)
        rc = start(im);
    return rc ? rc : import_note(im, line);
}

/* "mfns P=77d15 Q=77d14 ..." */
int import_pv_frames(struct import *im, const char *line)
{
    if (!im->mfn[FRAME_L4])
        return import_fail(im, "mfns without the L4 before them");
    for (unsigned int i = FRAME_P; i < NR_PV_FRAMES; i++) {
        char key[8];
        const char *at;

        snprintf(key, sizeof(key), " %s=", names[i]);
        at = strstr(line, key);
        if (!at)
            return import_fail(im, "mfns without %s", names[i]);
        im->mfn[i] = strtoull(at + strlen(key), NULL, 16);
        if (gfn_of(im, i) >= NR_GFNS)
            return import_fail(im, "%s is not in the L4's 2 MiB", names[i]);
    }
    return import_note(im, line);
}

/* ---- hypercalls ---- */

static int store(struct import *im, const struct pv_store *s)
{
    uint64_t value = address(im, s->value);

    return s->frame ? import_memory(im, (gfn_of(im, s->frame) << 12) +
                                    8 * s->index, &value, sizeof(value)) : 0;
}

/* The requests of a batch behind the first, into WORDS. */
static struct hv_span more(const struct import *im, const struct pv_step *step,
                           uint64_t words[4])
{
    struct hv_span span = { .p = NULL };

    if (!step->batch)
        return span;
    for (unsigned int i = 0; i < 2; i++) {
        const struct pv_store *s = &step->stores[i];

        words[2 * i] = (im->mfn[s->frame] << 12) + 8 * s->index;
        words[2 * i + 1] = address(im, s->value);
    }
    span.p = words;
    span.len = 4 * sizeof(*words);
    return span;
}

static void set_update(struct import *im, const struct pv_step *step, int rc,
                       int done, uint64_t words[4])
{
    struct args_mmu_update *a =
        &import_begin(im, OP_GUEST_MMU_UPDATE)->GUEST_MMU_UPDATE;

    a->ptr = address(im, step->to);
    a->val = address(im, step->value);
    if (step->form == PV_M2P) {
        a->ptr |= MMU_MACHPHYS_UPDATE;
        a->val = gfn_of(im, FRAME_P);
    }
    a->more = more(im, step, words);
    a->flags = step->flags;
    if (step->foreign)
        a->foreign = step->domid;
    a->rc = rc;
    a->done = done;
}

/* Where the domain is none that one may work on, Xen does not write to done
 * (mm.c:do_mmuext_op), and the guest printed its own 0. */
static void set_ext(struct import *im, const struct pv_step *step, int rc,
                    int done)
{
    struct args_mmuext_op *a =
        &import_begin(im, OP_GUEST_MMUEXT_OP)->GUEST_MMUEXT_OP;

    a->cmd = step->cmd;
    a->arg1 = number(im, step->value);
    a->arg2 = number(im, step->to);
    a->rc = rc;
    a->done = done;
    if (step->foreign) {
        a->foreign = step->domid;
        a->done = ~0u;
    }
}

static void set_mapping(struct import *im, const struct pv_step *step, int rc)
{
    struct args_va_mapping *a =
        &import_begin(im, OP_GUEST_VA_MAPPING)->GUEST_VA_MAPPING;

    a->va = linear(im, step->to);
    a->val = address(im, step->value);
    a->flags = step->flags;
    a->rc = rc;
}

static int make_call(struct import *im, const struct pv_step *step, int rc,
                     int done)
{
    uint64_t words[4];
    union hv_args *a;

    switch (step->form) {
    case PV_EXT:
        set_ext(im, step, rc, done);
        break;
    case PV_MAP:
        set_mapping(im, step, rc);
        break;
    case PV_ASSIST:
        a = import_begin(im, OP_GUEST_VM_ASSIST);
        a->GUEST_VM_ASSIST.cmd = step->cmd;
        a->GUEST_VM_ASSIST.type = step->value.add;
        a->GUEST_VM_ASSIST.rc = rc;
        break;
    case PV_DECREASE:
        a = import_begin(im, OP_GUEST_DECREASE);
        a->GUEST_DECREASE.mfn = number(im, step->value);
        a->GUEST_DECREASE.count = rc;
        break;
    default:
        set_update(im, step, rc, done, words);
        break;
    }
    return import_put(im);
}

/* Words that the program has, up to blanks at the end. */
static bool same_text(const char *text, const char *line)
{
    size_t n = strlen(text);

    return !strncmp(text, line, n) && !line[n + strspn(line + n, " ")];
}

/* "OP 001 rc=-22 EINVAL done=0 : PIN_L1 T1 while RW-mapped" */
int import_pv_call(struct import *im, const char *line)
{
    const struct pv_step *step;
    unsigned int nr;
    int result, done, n = 0, rc;

    if (!im->mfn[FRAME_S])
        return import_fail(im, "OP before the guest's mfns");
    if (sscanf(line, "OP %u rc=%d %*s done=%d : %n", &nr, &result, &done,
               &n) != 3 || !n)
        return import_fail(im, "OP without its rc and done");
    step = pv_program_call(nr);
    if (!step || !same_text(step->text, line + n))
        return import_fail(im, "OP %u is another in the recorder's program",
                           nr);
    if (step->form == PV_DECREASE && result < 0)
        return import_fail(im, "decrease_reservation without a number");
    rc = import_note(im, line);
    for (unsigned int i = 0; !rc && !step->batch && i < 2; i++)
        rc = store(im, &step->stores[i]);
    return rc ? rc : make_call(im, step, result, done);
}

/* ---- what the guest saw ---- */

/* "T1[3]=0000000077d15165 T1[4]=...", "P[3]=33": the contents of entries; a
 * name counts until the next.  256 and 261 of an L4 lead to Xen's own. */
static int entries(struct import *im, const char *text)
{
    enum pv_frame frame = FRAME_NONE;
    union hv_args *a;
    uint64_t value;
    unsigned int index;
    char name[8];
    int n, rc = 0;

    for (text += strspn(text, " "); !rc && *text;
         text += strspn(text, " ")) {
        n = 0;
        if (sscanf(text, "%7[^[= ]%n", name, &n) == 1) {
            for (frame = FRAME_T4; frame && strcmp(names[frame], name);)
                frame--;
            text += n;
        }
        n = 0;
        if (!frame || sscanf(text, "[%u]=%n", &index, &n) != 1 || !n ||
            index >= NR_GFNS || !isxdigit((unsigned char)text[n]))
            return import_fail(im, "entries that cannot be read");
        text += n;
        n = strspn(text, "0123456789abcdef");
        value = strtoull(text, NULL, n == 16 ? 16 : 10);
        text += n == 16 ? n : (int)strspn(text, "0123456789");
        if (index == 256 || index == 261)
            continue;
        a = import_begin(im, OP_MEMORY_READ);
        a->MEMORY_READ.gfn = gfn_of(im, frame);
        a->MEMORY_READ.offset = 8 * index;
        a->MEMORY_READ.data.p = &value;
        a->MEMORY_READ.data.len = sizeof(value);
        rc = import_put(im);
    }
    return rc;
}

static void set_access(struct import *im, const struct pv_step *step)
{
    union hv_args *a;

    switch (step->form) {
    case PV_READ_CR:
        a = import_begin(im, OP_GUEST_READ_CR);
        a->GUEST_READ_CR.index = step->cmd;
        return;
    case PV_WRITE_CR:
        a = import_begin(im, OP_GUEST_MOV_CR);
        a->GUEST_MOV_CR.index = step->cmd;
        a->GUEST_MOV_CR.value = address(im, step->value);
        return;
    default:
        a = import_begin(im, step->form == PV_READ ? OP_GUEST_READ :
                                                     OP_GUEST_WRITE);
        a->GUEST_READ.gla = linear(im, step->to);
        a->GUEST_READ.len = 8;
        a->GUEST_READ.value = address(im, step->value);
    }
}

/* "write T1[6]=P RW (valid): fault=800e0003 T1[6]=0000000000000000", "mov
 * from cr3 = 77d66000 (l4 mfn 77d66)": what follows the STEP's words is in
 * SEEN. */
static int access_line(struct import *im, const struct pv_step *step,
                       const char *seen)
{
    const char *fault = strstr(seen, "fault="), *value = strrchr(seen, '=');
    struct args_guest_result *a;
    bool reads = step->form == PV_READ || step->form == PV_READ_CR;
    int rc;

    if (reads ? !value : !fault)
        return import_fail(im, "the guest's access without what it saw");
    set_access(im, step);
    rc = import_put(im);
    if (!rc)
        rc = import_wait(im, seen);
    if (rc)
        return rc;
    a = &import_begin(im, OP_GUEST_RESULT)->GUEST_RESULT;
    a->fault = reads ? 0 : strtoull(fault + 6, NULL, 16);
    a->r0 = reads ? strtoull(value + 1, NULL, 16) : 0;
    a->r1 = a->r2 = a->r3 = a->greq = 0;
    rc = import_put(im);
    if (rc || reads)
        return rc;
    return entries(im, fault + strcspn(fault, " "));
}

int import_pv_line(struct import *im, const char *line)
{
    const struct pv_step *step;
    int rc = import_note(im, line);

    line += strspn(line, " ");
    if (rc || !im->mfn[FRAME_S])
        return rc;
    if (starts_with(line, "[wrpt] "))
        line += 7;
    step = pv_program_access(line);
    if (step)
        return access_line(im, step, line + strlen(step->text));
    for (unsigned int i = FRAME_L4; i < NR_PV_FRAMES; i++) {
        size_t n = strlen(names[i]);

        if (!strncmp(line, names[i], n) && line[n] == '[')
            return entries(im, line);
    }
    return 0;
}

/* "Bad type (saw 2c00000000000001 != exp 4000000000000000) for mfn 77d13 (pfn
 * 00113)": what a debug build had counted of a frame when it refused the call
 * that comes next.  The lock of a table in work counts as a use. */
int import_pv_frame(struct import *im, const char *line)
{
    unsigned long long saw, mfn, pfn;
    struct args_guest_frame *a;
    uint64_t work;
    int rc;

    if (sscanf(line, "Bad type (saw %llx != exp %*x) for mfn %llx (pfn %llx",
               &saw, &mfn, &pfn) != 3)
        return import_fail(im, "a frame's type without its words");
    work = !!(saw & LOCKED);
    rc = import_note(im, line);
    if (rc || !im->mfn[FRAME_S] || !(saw & VALIDATED) || (saw & COUNT) < work)
        return rc;
    a = &import_begin(im, OP_GUEST_FRAME)->GUEST_FRAME;
    a->mfn = mfn;
    a->owner = im->dom;
    a->type = saw >> TYPE_SHIFT;
    a->count = (saw & COUNT) - work;
    a->pinned = !!(saw & PINNED);
    a->validated = 1;
    a->pfn = pfn;
    return import_put(im);
}
