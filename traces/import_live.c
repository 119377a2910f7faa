/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only the logs of live guests have: decoded events with their bytes
 * behind them, the recorder's script, and guests that run on while their
 * monitor makes calls. */
#include "traces/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/memory.h>
#include <xen/sched.h>

int import_infer(struct import *im, const struct vm_event_st *ev)
{
    if (ev->vcpu_id >= INFER_VCPUS)
        return import_fail(im, "an event of vCPU %u", ev->vcpu_id);
    im->infer.dom = im->dom;
    im->infer.sink = im->sink;
    return import_stored(im, infer_actions(&im->infer, ev));
}

/* ---- actions that came before a call ---- */

/* Is the call in im->rec one that switches off events of EV's kind? */
static bool switches_off(const struct import *im,
                         const struct vm_event_st *ev)
{
    static const uint32_t crs[] = { VM_EVENT_X86_CR0, VM_EVENT_X86_CR3,
                                    VM_EVENT_X86_CR4, VM_EVENT_X86_XCR0 };
    static const struct {
        uint32_t op, reason;
    } toggles[] = {
        { OP_MONITOR_CPUID, VM_EVENT_REASON_CPUID },
        { OP_MONITOR_SINGLESTEP, VM_EVENT_REASON_SINGLESTEP },
        { OP_MONITOR_BREAKPOINT, VM_EVENT_REASON_SOFTWARE_BREAKPOINT },
        { OP_MONITOR_GUEST_REQUEST, VM_EVENT_REASON_GUEST_REQUEST },
        { OP_MONITOR_DEBUG, VM_EVENT_REASON_DEBUG_EXCEPTION },
        { OP_MONITOR_DESCRIPTOR, VM_EVENT_REASON_DESCRIPTOR_ACCESS },
        { OP_MONITOR_EMUL_UNIMPLEMENTED, VM_EVENT_REASON_EMUL_UNIMPLEMENTED },
        { OP_MONITOR_VMEXIT, VM_EVENT_REASON_VMEXIT },
    };
    const union hv_args *a = &im->rec.args;

    if (im->rec.op == OP_MONITOR_CTRLREG)
        return ev->reason == VM_EVENT_REASON_WRITE_CTRLREG &&
               a->MONITOR_CTRLREG.index < 4 && !a->MONITOR_CTRLREG.enable &&
               crs[a->MONITOR_CTRLREG.index] == ev->u.write_ctrlreg.index;
    if (im->rec.op == OP_MONITOR_MSR)
        return ev->reason == VM_EVENT_REASON_MOV_TO_MSR &&
               !a->MONITOR_MSR.enable &&
               a->MONITOR_MSR.msr == ev->u.mov_to_msr.msr;
    for (unsigned int i = 0; i < sizeof(toggles) / sizeof(*toggles); i++) {
        if (im->rec.op == toggles[i].op)
            return ev->reason == toggles[i].reason && !a->MONITOR_CPUID.enable;
    }
    return false;
}

/* Would the call in im->rec keep EV from being raised? */
static bool prevents(const struct import *im, const struct vm_event_st *ev)
{
    const struct args_access *a = &im->rec.args.ACCESS_SET;

    if (im->rec.op == OP_DOMAIN_PAUSE)
        return true;
    if (im->rec.op == OP_ACCESS_SET)
        return ev->reason == VM_EVENT_REASON_MEM_ACCESS &&
               ev->u.mem_access.gfn >= a->gfn &&
               ev->u.mem_access.gfn - a->gfn < a->nr &&
               infer_allows(a->access, ev);
    return switches_off(im, ev);
}

/* The next event of the log, unless another call of the same function stands
 * before it: then that one decides. */
static bool next_event(const struct import *im, struct vm_event_st *ev)
{
    const char *line = im->lines[im->at].text;
    size_t n = strcspn(line, "(");

    for (uint32_t i = im->at + 1; i + 1 < im->nr_lines; i++) {
        const char *later = im->lines[i].text;

        if (starts_with(later, "EV n="))
            return starts_with(im->lines[i + 1].text, "RAW ") &&
                   import_event(im->lines[i + 1].text + 4, ev);
        if (!strncmp(later, line, n) || starts_with(later, "RSP") ||
            starts_with(later, "CMD ") ||
            starts_with(later, "CALL xc_domain_unpause"))
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
    im->passed = call.op != OP_DOMAIN_PAUSE;
    im->rec = call;
    return rc;
}

/* ---- lines that only these logs have ---- */

int import_event_line(struct import *im, const char *line)
{
    const char *raw = im->at + 1 < im->nr_lines ?
                      im->lines[im->at + 1].text : "";
    struct vm_event_st ev;
    int rc;

    (void)line;
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
int import_state_line(struct import *im, const char *line)
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
    if (shutdown && !im->shut_down) {
        im->shut_down = true;
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
        !starts_with(im->lines[im->at + 1].text, "PEEK "))
        return 0;
    im->at++;
    a = &import_begin(im, OP_MEMORY_PEEK)->MEMORY_PEEK;
    a->gfn = gfn;
    a->offset = off & 0xfff;
    a->data.p = bytes;
    a->data.len = import_hex(im->lines[im->at].text + 5, bytes, sizeof(bytes));
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

int import_script_line(struct import *im, const char *line)
{
    uint64_t dom;

    im->multi = NULL;
    im->asked = line;
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

int import_panic(struct import *im, const char *line)
{
    int op, arg, on, rc;
    unsigned int msr;
    union hv_args *a;

    rc = import_note(im, line);
    if (rc || !im->created || !im->asked)
        return rc;
    if (sscanf(im->asked, "> vmevent %i %i", &op, &arg) == 2) {
        a = import_begin(im, OP_VM_EVENT_OP);
        a->VM_EVENT_OP.op = op;
        a->VM_EVENT_OP.mode = arg;
    } else if (sscanf(im->asked, "> msr %i %i %i", (int *)&msr, &on, &arg) ==
               3) {
        a = import_begin(im, OP_MONITOR_MSR);
        a->MONITOR_MSR.msr = msr;
        a->MONITOR_MSR.enable = on;
        a->MONITOR_MSR.onchangeonly = arg;
    } else {
        return 0;
    }
    im->rec.result = -EIO;      /* what the model gives instead */
    return import_put(im);
}

/* "EVENTS got=2 of max=5": less than asked for means that the wait ran out */
int import_events_line(struct import *im, const char *line)
{
    unsigned int got, max;

    if (sscanf(line, "EVENTS got=%u of max=%u", &got, &max) != 2 ||
        got >= max)
        return 0;
    import_begin(im, OP_CLIENT_WAIT);
    return import_put(im);
}
