/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests.  Rules: xen/arch/x86/hvm/hvm.c:hvm_hap_nested_page_fault,
 * xen/arch/x86/mm/mem_access.c:p2m_mem_access_check,
 * xen/arch/x86/hvm/vm_event.c:hvm_vm_event_do_resume,
 * xen/arch/x86/hvm/emulate.c (what a response has emulated). */
#include "tests/naive.h"

#include <string.h>

#define R MEM_ACCESS_R
#define W MEM_ACCESS_W
#define X MEM_ACCESS_X

/* DONE goes on, HOLE met one, STOPPED ends the vCPU's turn. */
enum outcome { DONE, HOLE, STOPPED };

uint8_t naive_permissions(uint8_t access)
{
    static const uint8_t permissions[] = {
        [XENMEM_access_n] = 0, [XENMEM_access_r] = R, [XENMEM_access_w] = W,
        [XENMEM_access_rw] = R | W, [XENMEM_access_x] = X,
        [XENMEM_access_rx] = R | X, [XENMEM_access_wx] = W | X,
        [XENMEM_access_rwx] = R | W | X, [XENMEM_access_rx2rw] = R | X,
        [XENMEM_access_n2rwx] = 0,
    };

    return permissions[access];
}

struct naive_map *naive_map_of(struct naive *n, const struct naive_vcpu *v)
{
    return n->altp2m ? &n->view[v->view] : &n->host;
}

static bool send_access(struct naive *n, struct naive_vcpu *v,
                        const struct args_guest_walk *at, uint8_t want,
                        bool walk, bool sync)
{
    struct vm_event_st ev = { .reason = VM_EVENT_REASON_MEM_ACCESS };

    ev.u.mem_access.gfn = at->gpa >> 12;
    ev.u.mem_access.offset = at->gpa & 0xfff;
    ev.u.mem_access.gla = at->gla;
    ev.u.mem_access.flags = want | MEM_ACCESS_GLA_VALID |
        (walk ? MEM_ACCESS_FAULT_IN_GPT : MEM_ACCESS_FAULT_WITH_GLA);
    return naive_send(n, v, &ev, sync);
}

/* The access is against the map's: DONE when it may be tried again. */
static enum outcome violation(struct naive *n, struct naive_vcpu *v,
                              struct naive_entry *e,
                              const struct args_guest_walk *at, uint8_t want,
                              bool walk)
{
    bool sync = e->access != XENMEM_access_n2rwx;

    if (want & W)
        want |= R;              /* the hardware cannot tell them apart */
    if ((want & W) && e->access == XENMEM_access_rx2rw) {
        e->access = XENMEM_access_rw;
        return DONE;
    }
    if (!sync)
        e->access = XENMEM_access_rwx;
    if (n->ring)
        return send_access(n, v, at, want, walk, sync) ? STOPPED : DONE;
    n->crashed = naive_map_of(n, v)->access_required;
    e->access = XENMEM_access_rwx;
    return n->crashed ? STOPPED : DONE;
}

/* One access until it is allowed; *page is where it leads. */
static enum outcome touch(struct naive *n, struct naive_vcpu *v,
                          const struct args_guest_walk *at, uint8_t want,
                          bool walk, int *page)
{
    for (;;) {
        struct naive_entry *e = naive_at(naive_map_of(n, v), at->gpa);
        const struct naive_entry *host = naive_at(&n->host, at->gpa);

        if (e->page < 0)        /* copied when touched */
            naive_entry_set(e, host->page, host->access, -1);
        *page = e->page;
        if (e->page < 0)
            return HOLE;
        if ((naive_permissions(e->access) & (R | W)) == W) {
            n->crashed = true;  /* an EPT misconfiguration */
            return STOPPED;
        }
        if (!(want & ~naive_permissions(e->access)))
            return DONE;
        if (violation(n, v, e, at, want, walk) == STOPPED)
            return STOPPED;
    }
}

/* Emulation goes through the host's map, whatever the view. */
static void host_pages(struct naive *n, const struct args_guest_mem *a,
                       int page[2])
{
    page[0] = naive_at(&n->host, a->gpa)->page;
    page[1] = -1;
    if (a->len > naive_in_first(a))
        page[1] = naive_at(&n->host, naive_second(a))->page;
}

static enum outcome pages(struct naive *n, struct naive_vcpu *v,
                          const struct args_guest_mem *a, uint8_t want,
                          int page[2])
{
    struct args_guest_walk at = { .gla = a->gla, .gpa = a->gpa };
    enum outcome out = touch(n, v, &at, want, false, &page[0]);

    if (out != DONE || a->len == naive_in_first(a))
        return out;
    at.gla = a->gla + naive_in_first(a);
    at.gpa = naive_second(a);
    return touch(n, v, &at, want, false, &page[1]);
}

static uint8_t wanted(const struct naive_insn *in)
{
    return in->op == OP_GUEST_FETCH ? X : in->op == OP_GUEST_READ ? R :
           in->op == OP_GUEST_WRITE ? W : R | W;
}

/* The guest runs what its map has there, the emulator what the host's has:
 * 0xcc is INT3, one byte (SDM vol. 2A, INT3).  Unmonitored it is the guest's
 * own #BP, behind which the model has it go on after the instruction, without
 * a single step. */
static bool int3(struct naive *n, struct naive_vcpu *v,
                 const struct naive_insn *in, int page, struct naive_how *how)
{
    if (in->op != OP_GUEST_FETCH || page < 0 ||
        n->page[page][in->a.mem.gpa & 0xfff] != 0xcc)
        return false;
    if (!v->fault)
        v->fault = 0x80030000;
    how->emulated = true;
    return true;
}

/* An access that meets a hole has the whole instruction emulated. */
static enum outcome memory(struct naive *n, struct naive_vcpu *v,
                           const struct naive_insn *in, struct naive_how *how)
{
    const struct args_guest_walk at = {
        .gla = in->a.mem.gla, .gpa = in->a.mem.gpa
    };
    int page[2] = { -1, -1 };
    enum outcome out = HOLE;

    if (!how->emulated) {
        out = touch(n, v, &at, wanted(in), false, &page[0]);
        if (out == DONE && int3(n, v, in, page[0], how))
            return DONE;
        if (out == DONE)
            out = pages(n, v, &in->a.mem, wanted(in), page);
    }
    if (out == STOPPED)
        return STOPPED;
    if (out == HOLE) {
        host_pages(n, &in->a.mem, page);
        if (int3(n, v, in, page[0], how))
            return DONE;
        how->emulated = true;
    }
    naive_move(n, v, in, page, how);
    return DONE;
}

/* hvmemul_rep_movs: one byte at a time when source and destination overlap;
 * hvmemul_rep_movs_discard: all that is left, at once. */
static uint64_t repetitions(const struct naive *n, const struct naive_vcpu *v,
                            const struct args_guest_copy *a,
                            const struct naive_how *how)
{
    uint64_t reps = a->count < 4096 ? a->count : 4096;

    if (!how->emulated)
        return v->single_step ? 1 : a->count;
    if (how->nowrite)
        return a->count;
    if (n->each_rep)
        return 1;
    return a->dst_gpa >= a->src_gpa && a->dst_gpa < a->src_gpa + reps ? 1 :
           reps;
}

static enum outcome copy_byte(struct naive *n, struct naive_vcpu *v,
                              const struct args_guest_copy *a,
                              const struct naive_how *how, uint32_t i)
{
    struct args_guest_walk src = { .gla = a->src_gla, .gpa = a->src_gpa };
    struct args_guest_walk dst = { .gla = a->dst_gla, .gpa = a->dst_gpa };
    int from = naive_at(&n->host, a->src_gpa)->page;
    int to = naive_at(&n->host, a->dst_gpa)->page;
    unsigned char byte;

    if (!how->emulated &&
        (touch(n, v, &src, R, false, &from) == STOPPED ||
         touch(n, v, &dst, W, false, &to) == STOPPED))
        return STOPPED;
    byte = n->page[from][a->src_gpa & 0xfff];
    if (how->data)
        naive_load_data(how->data, i, &byte, 1);
    if (!how->nowrite)
        n->page[to][a->dst_gpa & 0xfff] = byte;
    return DONE;
}

/* Every byte sets the registers.  *ended: there are no more. */
static enum outcome copy(struct naive *n, struct naive_vcpu *v,
                         struct args_guest_copy *a, const struct naive_how *how,
                         bool *ended)
{
    uint64_t reps = repetitions(n, v, a, how);

    for (uint32_t i = 0; i < reps; i++) {
        if (copy_byte(n, v, a, how, i) == STOPPED)
            return STOPPED;
        v->regs.rsi = ++a->src_gla;
        v->regs.rdi = ++a->dst_gla;
        v->regs.rcx = --a->count;
        a->src_gpa++;
        a->dst_gpa++;
    }
    *ended = !a->count;
    if (*ended) {
        naive_result(v, a->dst_gla);
        naive_result(v, a->src_gla);
        naive_result(v, 0);
    }
    return DONE;
}

/* hvm_set_cr3, hvm_monitor_cr: the write waits for the response when the
 * monitor asked for that. */
static void mov_cr3(struct naive *n, struct naive_vcpu *v, uint64_t value)
{
    struct vm_event_st ev = { .reason = VM_EVENT_REASON_WRITE_CTRLREG };
    uint64_t old = v->regs.cr3;

    ev.u.write_ctrlreg.index = VM_EVENT_X86_CR3;
    ev.u.write_ctrlreg.new_value = value;
    ev.u.write_ctrlreg.old_value = old;
    if (n->monitor.cr3 && (value != old || !n->monitor.cr3_onchange) &&
        ((value ^ old) & ~n->monitor.cr3_mask)) {
        naive_send(n, v, &ev, n->monitor.cr3_sync);
        if (n->monitor.control_registers) {
            v->cr3_put_off = true;
            v->cr3 = value;
            return;
        }
    }
    v->regs.cr3 = value;
}

static enum outcome walks(struct naive *n, struct naive_vcpu *v,
                          const struct naive_insn *in)
{
    int page;

    for (uint32_t i = 0; i < in->nr_walks; i++) {
        const struct args_guest_walk *w = &in->walk[i];

        if (touch(n, v, w, w->write ? W : R, true, &page) == STOPPED)
            return STOPPED;
    }
    return DONE;
}

/* hvm_monitor_debug, behind what the hardware ran */
static void stepped(struct naive *n, struct naive_vcpu *v)
{
    struct vm_event_st ev = { .reason = VM_EVENT_REASON_SINGLESTEP };

    if (!v->single_step || !n->monitor.single_step)
        return;
    if (v->fast_step) {
        naive_go_to_view(n, v, v->fast_step_view);
        v->single_step = v->fast_step = false;
        return;
    }
    ev.u.singlestep.gfn = v->regs.rip >> 12;
    naive_send(n, v, &ev, true);
}

/* What the program's text says is in the registers. */
static void start(struct naive_vcpu *v, const struct naive_insn *in)
{
    if (v->started)
        return;
    v->started = true;
    v->regs.rip = in->a.step.rip;
    if (in->op == OP_GUEST_COPY) {
        v->regs.rsi = in->a.copy.src_gla;
        v->regs.rdi = in->a.copy.dst_gla;
        v->regs.rcx = in->a.copy.count;
    }
}

static void retire(struct naive_vcpu *v, uint32_t length)
{
    v->regs.rip += length;
    v->started = false;
    memmove(v->queue, v->queue + 1, --v->count * sizeof(*v->queue));
}

/* docs/FIDELITY.md, instruction lengths */
static uint32_t length(const struct naive_insn *in)
{
    return in->op == OP_GUEST_STEP ? 1 : in->op == OP_GUEST_COPY ? 2 :
           in->op == OP_GUEST_FETCH ? in->a.mem.len : 3;
}

/* The head of the queue; what faults starts anew from its first access. */
static void instruction(struct naive *n, struct naive_vcpu *v,
                        struct naive_how *how)
{
    struct naive_insn *in = &v->queue[0];
    bool ended = true;

    if (!v->count)
        return;
    start(v, in);
    if (!how->emulated && walks(n, v, in) == STOPPED)
        return;
    switch (in->op) {
    case OP_GUEST_STEP:
        break;
    case OP_GUEST_COPY:
        if (copy(n, v, &in->a.copy, how, &ended) == STOPPED)
            return;
        break;
    case OP_GUEST_MOV_CR:
        mov_cr3(n, v, in->a.reg.value);
        /* Monitored it exits and is done by Xen, not stepped over
         * (vmx.c:vmx_update_guest_cr). */
        how->emulated |= n->monitor.cr3;
        break;
    default:
        if (memory(n, v, in, how) == STOPPED)
            return;
    }
    if (ended)
        retire(v, length(in));
    if (!how->emulated)
        stepped(n, v);
}

/* SET_EMUL_INSN_DATA in a response to an access: Xen has not taken the bytes,
 * and emulates zeros, add %al,(%rax), without checks (docs/FIDELITY.md). */
static void emulate_zeros(struct naive *n, struct naive_vcpu *v)
{
    uint64_t rax = v->regs.rax, gfn = rax >> 12;

    if (!v->count)
        return;
    start(v, &v->queue[0]);
    if (gfn >= NAIVE_BASE && gfn < NAIVE_BASE + NAIVE_GFNS) {
        int page = naive_at(&n->host, rax)->page;

        if (page >= 0)
            n->page[page][rax & 0xfff] += (unsigned char)rax;
    }
    retire(v, 2);
}

static void set_registers(struct naive_vcpu *v)
{
    const struct vm_event_regs_x86 *to = &v->to_set;

    v->set_registers = false;
    /* the sixteen and rflags stand first */
    memcpy(&v->regs, to, offsetof(struct vm_event_regs_x86, dr6));
    v->regs.rip = to->rip;
}

static void emulate(struct naive *n, struct naive_vcpu *v)
{
    struct naive_how how = { .emulated = true };
    uint32_t flags = v->emulate;

    v->emulate = 0;
    if (flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA)
        how.data = &v->read;
    else if (flags & VM_EVENT_FLAG_EMULATE_NOWRITE)
        how.nowrite = true;
    else if (flags & VM_EVENT_FLAG_SET_EMUL_INSN_DATA) {
        emulate_zeros(n, v);
        return;
    }
    instruction(n, v, &how);
}

/* hvm_vm_event_do_resume */
static void resume(struct naive *n, struct naive_vcpu *v)
{
    if (v->set_registers)
        set_registers(v);
    if (v->emulate)
        emulate(n, v);
    if (v->cr3_put_off)
        v->regs.cr3 = v->cr3;
    v->cr3_put_off = false;
}

/* hvm_do_resume, then one instruction. */
static void turn(struct naive *n, struct naive_vcpu *v)
{
    struct naive_how hardware = { .emulated = false };
    bool woken = v->woken;

    if (woken && naive_send_again(n, v))
        return;
    if (!woken) {
        v->put_off = v->map_lost;   /* vcpu_ioreq_handle_completion */
        v->map_lost = false;
    }
    if (!woken && !v->put_off)
        resume(n, v);
    if (!naive_stopped(v))
        instruction(n, v, &hardware);
}

static bool can_run(const struct naive *n, const struct naive_vcpu *v)
{
    return !n->crashed && !naive_stopped(v) &&
           (v->count || v->woken ||
            (!v->put_off &&
             (v->emulate || v->set_registers || v->cr3_put_off)));
}

void naive_run(struct naive *n)
{
    for (uint32_t idle = 0; idle < n->vcpus;) {
        struct naive_vcpu *v = &n->vcpu[n->next_vcpu];
        bool ready = can_run(n, v);

        if (ready)
            turn(n, v);
        idle = ready ? 0 : idle + 1;
        n->next_vcpu = (n->next_vcpu + 1) % n->vcpus;
    }
}
