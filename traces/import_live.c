/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live guests: nobody told them what to do, so what they did follows from
 * each event.  What they may not have done needs no record: an access that
 * the model would have reported is an event that the trace lacks. */
#include "traces/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/memory.h>
#include <xen/sched.h>

/* The vCPU still stands at the instruction of its last event: the response
 * moved nothing, so the same instruction raises the same event again. */
static bool repeats(const struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_st *old = &im->last_event;
    uint32_t moves = VM_EVENT_FLAG_SET_REGISTERS | VM_EVENT_FLAG_EMULATE;

    if (!im->have_event || old->reason != ev->reason ||
        old->vcpu_id != ev->vcpu_id ||
        old->data.regs.x86.rip != ev->data.regs.x86.rip ||
        (im->last_flags & moves) || im->touched)
        return false;
    switch (ev->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        return old->u.mem_access.gla == ev->u.mem_access.gla &&
               old->u.mem_access.gfn == ev->u.mem_access.gfn;
    case VM_EVENT_REASON_CPUID:
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        return true;
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
        return !im->touched;
    default:
        return false;
    }
}

/* The next event of the log, when it follows from how the one being read was
 * answered: true and *ev when the response has FLAG and the event REASON. */
static bool answered(const struct import *im, uint32_t flag, uint32_t reason,
                     struct vm_event_st *ev)
{
    bool has_flag = false;

    for (uint32_t i = im->at + 1; i + 1 < im->nr_lines; i++) {
        if (starts_with(im->lines[i], "RSPRAW ") &&
            import_event(im->lines[i] + 7, ev))
            has_flag = ev->flags & flag;
        if (starts_with(im->lines[i], "EV n="))
            return has_flag && starts_with(im->lines[i + 1], "RAW ") &&
                   import_event(im->lines[i + 1] + 4, ev) &&
                   ev->reason == reason;
    }
    return false;
}

static int infer_access(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_mem_access *m = &ev->u.mem_access;
    uint64_t gpa = m->gfn << 12 | m->offset;
    uint64_t rip = ev->data.regs.x86.rip;
    struct vm_event_st next;
    union hv_args *a;
    enum hv_op op;
    int rc;

    if (m->flags & MEM_ACCESS_FAULT_IN_GPT) {
        a = import_begin(im, OP_GUEST_WALK);
        a->GUEST_WALK.gla = m->gla;
        a->GUEST_WALK.gpa = gpa;
        a->GUEST_WALK.write = !!(m->flags & MEM_ACCESS_W);
        rc = import_put(im);
        if (rc)
            return rc;
        a = import_begin(im, OP_GUEST_STEP);
        a->GUEST_STEP.rip = rip;
        return import_put(im);
    }
    /* A write is stood for by adding nothing: its value is not known, and
     * Xen reports both alike (rw-). */
    op = m->flags & MEM_ACCESS_X ? OP_GUEST_FETCH :
         m->flags & MEM_ACCESS_W ? OP_GUEST_RMW : OP_GUEST_READ;
    a = import_begin(im, op);
    a->GUEST_READ.rip = rip;
    a->GUEST_READ.gla = m->gla;
    a->GUEST_READ.gpa = gpa;
    a->GUEST_READ.len = 1;
    a->GUEST_READ.quiet = 1;
    a->GUEST_READ.unknown = op != OP_GUEST_FETCH &&
        answered(im, VM_EVENT_FLAG_EMULATE,
                 VM_EVENT_REASON_EMUL_UNIMPLEMENTED, &next);
    im->acted_step = 0;
    if (answered(im, VM_EVENT_FLAG_TOGGLE_SINGLESTEP,
                 VM_EVENT_REASON_SINGLESTEP, &next))
        im->acted_step = a->GUEST_READ.next = next.data.regs.x86.rip;
    return import_put(im);
}

static int infer_register(struct import *im, const struct vm_event_st *ev)
{
    static const uint8_t crs[] = { 0, 3, 4 };
    struct args_guest_reg *a;

    if (ev->reason == VM_EVENT_REASON_MOV_TO_MSR) {
        a = &import_begin(im, OP_GUEST_MSR)->GUEST_MSR;
        a->index = ev->u.mov_to_msr.msr;
        a->value = ev->u.mov_to_msr.new_value;
        a->old = ev->u.mov_to_msr.old_value;
        a->write = 1;
    } else if (ev->u.write_ctrlreg.index <= VM_EVENT_X86_CR4) {
        a = &import_begin(im, OP_GUEST_MOV_CR)->GUEST_MOV_CR;
        a->index = crs[ev->u.write_ctrlreg.index];
        a->value = ev->u.write_ctrlreg.new_value;
        a->old = ev->u.write_ctrlreg.old_value;
    } else {
        a = &import_begin(im, OP_GUEST_XSETBV)->GUEST_XSETBV;
        a->value = ev->u.write_ctrlreg.new_value;
        a->old = ev->u.write_ctrlreg.old_value;
    }
    a->rip = ev->data.regs.x86.rip;
    a->has_old = 1;
    return import_put(im);
}

static int infer_trap(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_debug *u = &ev->u.debug_exception;
    struct args_guest_trap *a = &import_begin(im, OP_GUEST_TRAP)->GUEST_TRAP;

    a->rip = ev->data.regs.x86.rip;
    a->vector = ev->reason == VM_EVENT_REASON_SOFTWARE_BREAKPOINT ? 3 : 1;
    a->type = u->type;
    a->insn_len = u->insn_length;
    a->pending_dbg = u->pending_dbg;
    return import_put(im);
}

static int infer_desc(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_desc_access *u = &ev->u.desc_access;
    struct args_guest_desc *a = &import_begin(im, OP_GUEST_DESC)->GUEST_DESC;

    a->rip = ev->data.regs.x86.rip;
    a->desc = u->descriptor;
    a->write = u->is_write;
    a->info = u->arch.vmx.instr_info;
    a->qual = u->arch.vmx.exit_qualification;
    a->gpa = ~0ull;
    return import_put(im);
}

static int infer_cpuid(struct import *im, const struct vm_event_st *ev)
{
    const struct vm_event_regs_x86 *regs = &ev->data.regs.x86;
    struct args_guest_cpuid *a;
    int rc = import_cpuid_policy(im, ev->u.cpuid.leaf, ev->u.cpuid.subleaf,
                                 regs);

    if (rc)
        return rc;
    a = &import_begin(im, OP_GUEST_CPUID)->GUEST_CPUID;
    a->rip = regs->rip;
    a->leaf = ev->u.cpuid.leaf;
    a->subleaf = ev->u.cpuid.subleaf;
    return import_put(im);
}

static int infer_other(struct import *im, const struct vm_event_st *ev)
{
    union hv_args *a;

    if (ev->reason == VM_EVENT_REASON_GUEST_REQUEST)
        return import_request(im, ev->data.regs.x86.rip);
    if (ev->reason == VM_EVENT_REASON_SINGLESTEP) {
        if (im->acted_step == ev->data.regs.x86.rip) {
            im->acted_step = 0;
            return 0;           /* the end of an instruction that faulted */
        }
        a = import_begin(im, OP_GUEST_STEP);
        a->GUEST_STEP.next = ev->data.regs.x86.rip;
        return import_put(im);
    }
    if (ev->reason == VM_EVENT_REASON_VMEXIT) {
        a = import_begin(im, OP_GUEST_EXIT);
        a->GUEST_EXIT.rip = ev->data.regs.x86.rip;
        a->GUEST_EXIT.index = ev->u.vmexit.arch.vmx.reason;
        a->GUEST_EXIT.value = ev->u.vmexit.arch.vmx.qualification;
        return import_put(im);
    }
    return 0;
}

int import_infer(struct import *im, const struct vm_event_st *ev)
{
    if (repeats(im, ev)) {
        /* The repeated CPUID reads its own outputs; they are known now. */
        if (ev->reason == VM_EVENT_REASON_CPUID)
            return import_cpuid_policy(im, ev->u.cpuid.leaf,
                                       ev->u.cpuid.subleaf,
                                       &ev->data.regs.x86);
        return 0;
    }
    switch (ev->reason) {
    case VM_EVENT_REASON_MEM_ACCESS:
        return infer_access(im, ev);
    case VM_EVENT_REASON_WRITE_CTRLREG:
    case VM_EVENT_REASON_MOV_TO_MSR:
        return infer_register(im, ev);
    case VM_EVENT_REASON_SOFTWARE_BREAKPOINT:
    case VM_EVENT_REASON_DEBUG_EXCEPTION:
        return infer_trap(im, ev);
    case VM_EVENT_REASON_DESCRIPTOR_ACCESS:
        return infer_desc(im, ev);
    case VM_EVENT_REASON_CPUID:
        return infer_cpuid(im, ev);
    default:
        return infer_other(im, ev);
    }
}

/* ---- actions that came before a call ---- */

static bool covers(const struct args_access *a, uint64_t gfn)
{
    return gfn >= a->gfn && gfn - a->gfn < a->nr;
}

/* Does ACCESS let pass what EV reports? */
static bool allows(uint32_t access, const struct vm_event_st *ev)
{
    static const uint8_t bits[] = {
        [XENMEM_access_r] = MEM_ACCESS_R, [XENMEM_access_x] = MEM_ACCESS_X,
        [XENMEM_access_rw] = MEM_ACCESS_RW,
        [XENMEM_access_rx] = MEM_ACCESS_RX,
        [XENMEM_access_rwx] = MEM_ACCESS_RWX,
    };
    uint8_t allowed = access < sizeof(bits) ? bits[access] : 0;

    return !(ev->u.mem_access.flags & MEM_ACCESS_RWX & ~allowed);
}

/* Would the call in im->rec keep EV from being raised? */
static bool prevents(const struct import *im, const struct vm_event_st *ev)
{
    const union hv_args *a = &im->rec.args;
    static const uint32_t crs[] = { VM_EVENT_X86_CR0, VM_EVENT_X86_CR3,
                                    VM_EVENT_X86_CR4, VM_EVENT_X86_XCR0 };

    switch (im->rec.op) {
    case OP_ACCESS_SET:
        return ev->reason == VM_EVENT_REASON_MEM_ACCESS &&
               covers(&a->ACCESS_SET, ev->u.mem_access.gfn) &&
               allows(a->ACCESS_SET.access, ev);
    case OP_MONITOR_CTRLREG:
        return ev->reason == VM_EVENT_REASON_WRITE_CTRLREG &&
               a->MONITOR_CTRLREG.index < 4 && !a->MONITOR_CTRLREG.enable &&
               crs[a->MONITOR_CTRLREG.index] == ev->u.write_ctrlreg.index;
    case OP_MONITOR_CPUID:
        return ev->reason == VM_EVENT_REASON_CPUID &&
               !a->MONITOR_CPUID.enable;
    case OP_MONITOR_MSR:
        return ev->reason == VM_EVENT_REASON_MOV_TO_MSR &&
               !a->MONITOR_MSR.enable &&
               a->MONITOR_MSR.msr == ev->u.mov_to_msr.msr;
    default:
        return false;
    }
}

/* The next event of the log, unless another call of the same function stands
 * before it: then that one decides. */
static bool next_event(const struct import *im, struct vm_event_st *ev)
{
    const char *line = im->lines[im->at];
    const char *paren = strchr(line, '(');
    size_t n = paren ? (size_t)(paren - line) : strlen(line);

    for (uint32_t i = im->at + 1; i + 1 < im->nr_lines; i++) {
        if (starts_with(im->lines[i], "EV n="))
            return starts_with(im->lines[i + 1], "RAW ") &&
                   import_event(im->lines[i + 1] + 4, ev);
        if (!strncmp(im->lines[i], line, n) ||
            starts_with(im->lines[i], "RSP") ||
            starts_with(im->lines[i], "CMD "))
            return false;
    }
    return false;
}

int import_before_call(struct import *im)
{
    struct hv_record call = im->rec;
    struct vm_event_st ev;
    int rc;

    if (im->acted || call.result || !next_event(im, &ev) ||
        !prevents(im, &ev))
        return 0;
    rc = import_infer(im, &ev);
    if (!rc) {
        import_begin(im, OP_CLIENT_WAIT)->CLIENT_WAIT.value = 1;
        rc = import_put(im);
    }
    im->acted = true;
    im->rec = call;
    return rc;
}

/* ---- lines that only these logs have ---- */

static int event_line(struct import *im)
{
    const char *raw = im->at + 1 < im->nr_lines ? im->lines[im->at + 1] : "";
    struct vm_event_st ev;
    int rc;

    if (!starts_with(raw, "RAW ") || !import_event(raw + 4, &ev))
        return import_fail(im, "an event without its %zu raw bytes",
                           sizeof(ev));
    im->at++;
    rc = im->acted ? 0 : import_infer(im, &ev);
    im->acted = false;
    return rc ? rc : import_emit_event(im, &ev);
}

/* "STATE dying=0 shutdown=1(reason 0) paused=0 ...": a guest that was seen to
 * have shut down did so by itself. */
static int state_line(struct import *im, const char *line)
{
    unsigned int dying, shutdown, reason, paused, blocked, running;
    unsigned long long pages, kb;
    struct args_domain_info *a;
    union hv_args *g;
    int rc;

    if (starts_with(line, "STATE domain gone")) {
        import_begin(im, OP_DOMAIN_INFO);
        im->rec.result = -ESRCH;
        return import_put(im);
    }
    if (sscanf(line, "STATE dying=%u shutdown=%u(reason %u) paused=%u "
               "blocked=%u running=%u hvm=%*u nr_pages=%llu max_memkb=%llu",
               &dying, &shutdown, &reason, &paused, &blocked, &running,
               &pages, &kb) != 8)
        return import_fail(im, "STATE line not understood");
    if (shutdown) {
        g = import_begin(im, OP_GUEST_HYPERCALL);
        g->GUEST_HYPERCALL.nr = __HYPERVISOR_sched_op;
        g->GUEST_HYPERCALL.arg1 = SCHEDOP_shutdown;
        g->GUEST_HYPERCALL.arg2 = reason;
        rc = import_put(im);
        if (rc)
            return rc;
        import_begin(im, OP_CLIENT_WAIT);
        rc = import_put(im);
        if (rc)
            return rc;
    }
    a = &import_begin(im, OP_DOMAIN_INFO)->DOMAIN_INFO;
    a->dying = dying;
    a->shutdown = shutdown;
    a->reason = reason;
    a->paused = paused;
    a->blocked = blocked;
    a->running = running;
    a->nr_pages = pages;
    a->max_kb = kb;
    return import_put(im);
}

/* "> peek gfn off len" and behind it "PEEK hex" */
static int peek(struct import *im, const char *line)
{
    unsigned long long gfn, off, len;
    unsigned char bytes[4096];
    struct args_memory *a;

    if (sscanf(line, "> peek %lli %lli %lli", (long long *)&gfn,
               (long long *)&off, (long long *)&len) != 3 ||
        im->at + 1 >= im->nr_lines ||
        !starts_with(im->lines[im->at + 1], "PEEK "))
        return 0;
    im->at++;
    a = &import_begin(im, OP_MEMORY_PEEK)->MEMORY_PEEK;
    a->gfn = gfn;
    a->offset = off & 0xfff;
    a->data.p = bytes;
    a->data.len = import_hex(im->lines[im->at] + 5, bytes, sizeof(bytes));
    if (a->offset + a->data.len > 4096)
        return import_fail(im, "PEEK runs over the end of its page");
    return import_put(im);
}

static int poke(struct import *im, const char *line)
{
    long long gfn, off, value;
    uint32_t word;

    if (sscanf(line, "> poke %lli %lli %lli", &gfn, &off, &value) != 3)
        return 0;
    word = value;
    return import_memory(im, (uint64_t)gfn << 12 | (off & 0xfff), &word,
                         sizeof(word));
}

static int script_line(struct import *im, const char *line)
{
    uint64_t dom;

    im->multi = NULL;
    if (starts_with(line, "> multi "))
        im->multi = line + 8;
    else if (starts_with(line, "> dom ") && import_number(line + 6, &dom))
        im->dom = dom;
    else if (starts_with(line, "> peek "))
        return peek(im, line);
    else if (starts_with(line, "> poke "))
        return poke(im, line);
    return 0;
}

/* "EVENTS got=2 of max=5": less than asked for means that the wait ran out */
static int events_line(struct import *im, const char *line)
{
    unsigned int got, max;

    if (sscanf(line, "EVENTS got=%u of max=%u", &got, &max) != 2 ||
        got >= max)
        return 0;
    import_begin(im, OP_CLIENT_WAIT);
    return import_put(im);
}

int import_live_line(struct import *im, const char *line, bool *known)
{
    *known = true;
    if (starts_with(line, "EV n="))
        return event_line(im);
    if (starts_with(line, "STATE "))
        return state_line(im, line);
    if (starts_with(line, "> "))
        return script_line(im, line);
    if (starts_with(line, "EVENTS "))
        return events_line(im, line);
    *known = false;
    return 0;
}
