/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commanded guests: a CMD line says what the guest does, so its program is
 * known before its events are.  What the log's events still have to tell is
 * where the instructions stand (rip) and, under single-stepping, how many
 * others the guest executes around them. */
#include "traces/import_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/hvm_op.h>

static void insert(struct program *p, unsigned int at, const struct step *s)
{
    if (p->nr == MAX_PROGRAM - 1) {
        p->too_long = true;
        return;
    }
    memmove(&p->steps[at + 1], &p->steps[at],
            (p->nr - at) * sizeof(p->steps[0]));
    p->steps[at] = *s;
    p->nr++;
}

static struct step new_step(struct program *p, enum hv_op op)
{
    struct step s;

    memset(&s, 0, sizeof(s));
    import_begin(p->im, op);
    s.rec = p->im->rec;
    return s;
}

static void set_rip(struct step *s, uint64_t rip)
{
    if (s->rec.op != OP_GUEST_WALK && s->rec.op != OP_GUEST_VALUE &&
        !s->rec.args.GUEST_STEP.rip)
        s->rec.args.GUEST_STEP.rip = rip;
}

static bool in_range(uint64_t x, uint64_t from, uint64_t len)
{
    return x >= from && x - from < len;
}

static bool is_memory(uint32_t op)
{
    return op == OP_GUEST_FETCH || op == OP_GUEST_READ ||
           op == OP_GUEST_WRITE || op == OP_GUEST_RMW;
}

/* Can S have raised the MEM_ACCESS event EV? */
static bool touches(const struct step *s, const struct vm_event_st *ev)
{
    uint64_t gla = ev->u.mem_access.gla;
    bool fetch = ev->u.mem_access.flags & MEM_ACCESS_X;

    switch (s->rec.op) {
    case OP_GUEST_FETCH:
        return fetch && in_range(gla, s->rec.args.GUEST_FETCH.gla,
                                 s->rec.args.GUEST_FETCH.len);
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        return !fetch && in_range(gla, s->rec.args.GUEST_READ.gla,
                                  s->rec.args.GUEST_READ.len);
    case OP_GUEST_COPY:
        return !fetch &&
               (in_range(gla, s->rec.args.GUEST_COPY.dst_gla,
                         s->rec.args.GUEST_COPY.count) ||
                in_range(gla, s->rec.args.GUEST_COPY.src_gla,
                         s->rec.args.GUEST_COPY.count));
    default:
        return false;
    }
}

/* The VMX exit reason of what S does. */
static uint32_t exit_of(const struct step *s)
{
    switch (s->rec.op) {
    case OP_GUEST_CPUID:
        return EXIT_CPUID;
    case OP_GUEST_MOV_CR:
        return EXIT_CR;
    case OP_GUEST_IO:
        return EXIT_IO;
    case OP_GUEST_MSR:
        return s->rec.args.GUEST_MSR.write ? EXIT_WRMSR : EXIT_RDMSR;
    case OP_GUEST_DESC:
        return s->rec.args.GUEST_DESC.desc <= VM_EVENT_DESC_GDTR ?
               EXIT_GDTR_IDTR : EXIT_LDTR_TR;
    case OP_GUEST_XSETBV:
        return EXIT_XSETBV;
    case OP_GUEST_EXIT:
        return s->rec.args.GUEST_EXIT.index;
    case OP_GUEST_TRAP:
        return EXIT_EXCEPTION;
    default:
        return EXIT_VMCALL;
    }
}

/* Can S have raised EV, which is no MEM_ACCESS event? */
static bool acts(const struct step *s, const struct vm_event_st *ev)
{
    switch (ev->reason) {
    case VM_EVENT_REASON_CPUID:
        return s->rec.op == OP_GUEST_CPUID;
    case VM_EVENT_REASON_WRITE_CTRLREG:
        return s->rec.op == OP_GUEST_MOV_CR || s->rec.op == OP_GUEST_XSETBV;
    case VM_EVENT_REASON_MOV_TO_MSR:
        return s->rec.op == OP_GUEST_MSR;
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_DEBUG_EXCEPTION:
        return s->rec.op == OP_GUEST_TRAP;
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        return s->rec.op == OP_GUEST_DESC &&
               s->rec.args.GUEST_DESC.desc == ev->u.desc_access.descriptor &&
               s->rec.args.GUEST_DESC.write == ev->u.desc_access.is_write;
    case VM_EVENT_REASON_VMEXIT:
        return s->exits && exit_of(s) == ev->u.vmexit.arch.vmx.reason;
    default:
        return false;
    }
}

/* What no command explains, the guest did around it. */
static void insert_own(struct program *p, const struct vm_event_st *ev)
{
    struct step s;

    memset(&s, 0, sizeof(s));
    /* its GUEST_REQUEST exits, too */
    if ((ev->reason == VM_EVENT_REASON_VMEXIT &&
         ev->u.vmexit.arch.vmx.reason == EXIT_VMCALL) ||
        !infer_action(&p->im->rec, p->im->dom, ev))
        return;
    s.rec = p->im->rec;
    s.pinned = true;
    s.exits = ev->reason != VM_EVENT_REASON_MEM_ACCESS;
    insert(p, p->at, &s);
}

/* The step whose data or code EV's page walk is for; or the guest's own
 * instruction at EV's rip, which is put in when it is not there yet. */
static unsigned int walker(struct program *p, const struct vm_event_st *ev)
{
    uint64_t gla = ev->u.mem_access.gla, rip = ev->data.regs.x86.rip;
    struct step s;

    for (unsigned int i = p->at; i < p->nr; i++) {
        const struct args_guest_mem *a = &p->steps[i].rec.args.GUEST_READ;

        if (p->steps[i].rec.op == OP_GUEST_WALK)
            continue;
        if (i == p->at && p->steps[i].rec.op == OP_GUEST_STEP &&
            a->rip == rip)
            return i;
        if (is_memory(p->steps[i].rec.op) && in_range(gla, a->gla, a->len))
            return i;
        if (p->steps[i].rec.op == OP_GUEST_COPY &&
            (in_range(gla, p->steps[i].rec.args.GUEST_COPY.dst_gla,
                      p->steps[i].rec.args.GUEST_COPY.count) ||
             in_range(gla, p->steps[i].rec.args.GUEST_COPY.src_gla,
                      p->steps[i].rec.args.GUEST_COPY.count)))
            return i;
    }
    s = new_step(p, OP_GUEST_STEP);
    s.rec.args.GUEST_STEP.rip = rip;
    insert(p, p->at, &s);
    return p->at;
}

/* A fault of the page walk: the walk is in the program already, or it is put
 * in front of the instruction it is for: behind those that have faulted, as
 * tables are walked from the root, and before those that have not yet. */
static void learn_walk(struct program *p, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    uint64_t gpa = m->gfn << 12 | m->offset;
    unsigned int i = walker(p, ev), w = i;
    struct step s;

    p->steps[i].pinned = true;
    set_rip(&p->steps[i], ev->data.regs.x86.rip);
    p->at = i;
    while (w && p->steps[w - 1].rec.op == OP_GUEST_WALK) {
        const struct args_guest_walk *a = &p->steps[--w].rec.args.GUEST_WALK;

        if (a->gpa == gpa && a->gla == m->gla) {
            p->steps[w].pinned = true;
            return;
        }
    }
    while (w < i && p->steps[w].pinned)
        w++;
    s = new_step(p, OP_GUEST_WALK);
    s.rec.args.GUEST_WALK.gla = m->gla;
    s.rec.args.GUEST_WALK.gpa = gpa;
    s.rec.args.GUEST_WALK.write = !!(m->flags & MEM_ACCESS_W);
    s.pinned = true;
    insert(p, w, &s);
    p->at = i + 1;
}

/* The step an event belongs to, from where the guest stands on; -1: none. */
static int find_step(struct program *p, const struct vm_event_st *ev)
{
    for (unsigned int i = p->at; i < p->nr; i++) {
        bool hit = ev->reason == VM_EVENT_REASON_MEM_ACCESS ?
                   touches(&p->steps[i], ev) : acts(&p->steps[i], ev);

        if (hit && !p->steps[i].done)
            return i;
    }
    return -1;
}

static void copy_observed(struct step *s, const struct vm_event_st *ev)
{
    if (s->rec.op == OP_GUEST_DESC &&
        ev->reason == VM_EVENT_REASON_DESCRIPTOR_ACCESS) {
        s->rec.args.GUEST_DESC.info = ev->u.desc_access.arch.vmx.instr_info;
        s->rec.args.GUEST_DESC.qual =
            ev->u.desc_access.arch.vmx.exit_qualification;
    }
    if (s->rec.op == OP_GUEST_EXIT)
        s->rec.args.GUEST_EXIT.value =
            ev->u.vmexit.arch.vmx.qualification;
}

/* A single step is over, and rip is now where it says: the step the guest
 * stood at is finished, or it was another instruction. */
static void stepped(struct program *p, uint64_t rip)
{
    struct step *s = p->at < p->nr ? &p->steps[p->at] : NULL;
    struct step filler;

    while (s && s->exits && s->pinned) {        /* done in its exit */
        s->done = true;
        s = ++p->at < p->nr ? &p->steps[p->at] : NULL;
    }
    if (s && s->rec.op == OP_GUEST_READ_CR) {
        s->rec.args.GUEST_READ_CR.value = rip;
        p->at++;
    } else if (s && (s->pinned || (s->rec.op == OP_GUEST_FETCH &&
                                   s->rec.args.GUEST_FETCH.gla == p->rip))) {
        set_rip(s, p->rip);
        if (s->rec.op == OP_GUEST_COPY) {
            p->at += rip != p->rip;     /* else one iteration is over */
        } else {
            s->rec.args.GUEST_FETCH.next = rip;
            p->at++;
        }
    } else {
        filler = new_step(p, OP_GUEST_STEP);
        filler.rec.args.GUEST_STEP.next = rip;
        insert(p, p->at, &filler);
        p->at++;
    }
}

static void learn(struct program *p, const struct vm_event_st *ev)
{
    uint64_t rip = ev->data.regs.x86.rip;
    int i;

    if (ev->reason == VM_EVENT_REASON_GUEST_REQUEST)
        return;
    if (ev->reason == VM_EVENT_REASON_EMUL_UNIMPLEMENTED) {
        if (p->at < p->nr && is_memory(p->steps[p->at].rec.op))
            p->steps[p->at].rec.args.GUEST_READ.unknown = 1;
        return;
    }
    if (ev->reason == VM_EVENT_REASON_SINGLESTEP) {
        stepped(p, rip);
        p->rip = rip;
        return;
    }
    p->rip = rip;
    if (ev->reason == VM_EVENT_REASON_MEM_ACCESS &&
        (ev->u.mem_access.flags & MEM_ACCESS_FAULT_IN_GPT)) {
        learn_walk(p, ev);
        return;
    }
    i = find_step(p, ev);
    if (i < 0) {
        insert_own(p, ev);
        return;
    }
    p->at = i;
    p->steps[i].pinned = true;
    set_rip(&p->steps[i], rip);
    copy_observed(&p->steps[i], ev);
    if (p->steps[i].rec.op == OP_GUEST_DESC ||
        (p->steps[i].rec.op == OP_GUEST_TRAP && p->op == 30))
        p->steps[i].done = true;
}

/* ---- the block ---- */

static void find_block(struct program *p)
{
    struct import *im = p->im;
    static const char *const ends[] = { "RES ", "CMD ", "SCENARIO ", NULL };

    p->first = im->at + 1;
    p->end = im->nr_lines;
    for (uint32_t i = p->first; i < im->nr_lines && p->end == im->nr_lines;
         i++) {
        for (int e = 0; ends[e]; e++) {
            if (starts_with(im->lines[i].text, ends[e]))
                p->end = i;
        }
    }
    if (p->end < im->nr_lines && starts_with(im->lines[p->end].text, "RES ")) {
        static const char *const keys[] = { "r0", "r1", "r2", "r3" };

        for (int i = 0; i < 4; i++)
            import_key(im->lines[p->end].text, keys[i], &p->res[i]);
        import_key(im->lines[p->end].text, "fault", &p->fault);
    }
}

static int learn_cpuid(struct program *p, const struct vm_event_st *ev,
                       bool *seen)
{
    if (ev->reason != VM_EVENT_REASON_CPUID)
        return 0;
    *seen = true;
    return import_cpuid_policy(p->im, ev->u.cpuid.leaf, ev->u.cpuid.subleaf,
                               &ev->data.regs.x86);
}

static bool timed_out(const struct program *p)
{
    for (uint32_t i = p->first; i < p->end; i++) {
        if (starts_with(p->im->lines[i].text, "TIMEOUT"))
            return true;
    }
    return false;
}

/* Go through the block's events once, ahead of emitting them. */
static int look_ahead(struct program *p, uint64_t *request_rip)
{
    struct import *im = p->im;
    struct vm_event_regs_x86 regs = { .rax = p->res[0], .rbx = p->res[1],
                                      .rcx = p->res[2], .rdx = p->res[3] };
    bool cpuid = false;
    int rc = 0;

    for (uint32_t i = p->first; i < p->end && !rc; i++) {
        struct vm_event_st ev;

        if (!starts_with(im->lines[i].text, "REQ "))
            continue;
        if (!import_event(im->lines[i].text + 4, &ev))
            continue;           /* import_line reports it */
        learn(p, &ev);
        rc = learn_cpuid(p, &ev, &cpuid);
        if (ev.reason == VM_EVENT_REASON_GUEST_REQUEST) {
            p->waits = true;
            *request_rip = ev.data.regs.x86.rip;
        }
    }
    /* A log that was cut: the guest came to its end all the same. */
    p->waits |= p->end == im->nr_lines && !timed_out(p);
    if (!rc && p->op == 6 && !cpuid)
        rc = import_cpuid_policy(im, p->a[0], p->a[1], &regs);
    return rc;
}

int import_request(struct import *im, uint64_t rip)
{
    union hv_args *a = import_begin(im, OP_GUEST_REQUEST);

    a->GUEST_REQUEST.dom = im->guest;
    a->GUEST_REQUEST.rip = rip;
    return import_put(im);
}

static int emit_program(struct program *p, uint64_t request_rip)
{
    int rc = 0;

    for (unsigned int i = 0; i < p->nr && !rc; i++) {
        p->im->rec = p->steps[i].rec;
        hv_field_set(hv_ops_table[p->im->rec.op].fields, &p->im->rec.args,
                     p->im->guest);
        rc = import_put(p->im);
    }
    if (!rc && p->waits)
        rc = import_request(p->im, request_rip);
    return rc;
}

int import_command(struct import *im, const char *line)
{
    struct program *p = calloc(1, sizeof(*p));
    uint64_t request_rip = im->request_rip;
    int rc;

    if (!p)
        return -ENOMEM;
    p->im = im;
    import_key(line, "op", &p->op);
    import_key(line, "a0", &p->a[0]);
    import_key(line, "a1", &p->a[1]);
    import_key(line, "a2", &p->a[2]);
    find_block(p);
    program_build(p);
    rc = look_ahead(p, &request_rip);
    if (!rc && p->too_long)
        rc = import_fail(im, "more than %d instructions for one command",
                         MAX_PROGRAM - 1);
    if (!rc)
        rc = emit_program(p, request_rip);
    free(p);
    return rc;
}

static int initial_memory(struct import *im)
{
    unsigned char code[0x208];
    int rc = 0;

    for (uint64_t i = 0; i < 16 && !rc; i++) {
        uint64_t word = 0xda7a000000000000ull | i;

        rc = import_memory(im, im->data + (i << 12), &word, 8);
    }
    memset(code, 0, sizeof(code));
    memset(code + 0x100, 0x90, 5);
    memset(code + 0x200, 0x90, 6);
    code[0] = 0xb8;
    code[5] = code[0x105] = code[0x206] = 0xc3;
    for (uint32_t i = 0; i < 4 && !rc; i++) {
        uint32_t imm = 0x11223340 + i;

        memcpy(code + 1, &imm, 4);
        rc = import_memory(im, im->code + (i << 12), code, sizeof(code));
    }
    return rc;
}

/* "GUEST cmd=.. data=.. code=.. l1=..", and "GUESTHVMOP_altp2m cmd=N
 * domain=SELF payload=hex": what dom0 wrote for the next op 26. */
int import_guest_line(struct import *im, const char *line)
{
    const char *payload = strstr(line, "payload=");
    uint32_t head[4] = { HVMOP_ALTP2M_INTERFACE_VERSION, 0, DOMID_SELF, 0 };
    uint64_t cmd = 0, gfn;

    if (starts_with(line, "GUEST ")) {
        import_key(line, "cmd", &im->cmd);
        import_key(line, "data", &im->data);
        import_key(line, "code", &im->code);
        import_key(line, "l1", &im->l1);
        return initial_memory(im);
    }
    if (!payload)
        return 0;
    import_key(line, "cmd", &cmd);
    head[1] = cmd;
    memset(im->altp2m, 0, sizeof(im->altp2m));
    memcpy(im->altp2m, head, sizeof(head));
    im->altp2m_len = 16 + import_hex(payload + 8, im->altp2m + 16, 64);
    if (cmd == HVMOP_altp2m_vcpu_enable_notify) {
        memcpy(&gfn, im->altp2m + 24, 8);
        im->ve_page = gfn << 12;
    }
    return 0;
}
