/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running instructions: the accesses are checked one after the other, then
 * the data moves; whatever faults is restarted from its first access. */
#include "sim/mmio.h"

#include <string.h>

#define EXIT_MONITOR_TRAP       37
#define INSN_INT3               0xcc

/* Where rip is in the guest's memory: identity-mapped, as in the test guests,
 * unless guest.code said otherwise. */
uint64_t vcpu_gfn_of_rip(const struct sim_vcpu *v)
{
    uint64_t page = v->regs.rip >> PAGE_SHIFT;

    for (unsigned int i = 0; i < NR_CODE_PAGES; i++) {
        if (page && v->code[i].gla >> PAGE_SHIFT == page)
            return v->code[i].gpa >> PAGE_SHIFT;
    }
    return page;
}

/* Check the pages of a data access, and find their frames.  MMIO: the last one
 * found is the one that faulted. */
static enum outcome check_data(struct sim_vcpu *v,
                               const struct args_guest_mem *a, uint8_t want,
                               uint64_t mfn[2])
{
    uint32_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));
    struct mem_access m = { a->gla, a->gpa, want, false };
    enum outcome out = ept_access(v, &m, &mfn[0]);

    mfn[1] = INVALID_MFN;
    if (out != RAN || a->len <= first || mfn[0] == INVALID_MFN)
        return out;
    m.gla = a->gla + first;
    m.gpa = data_gpa(a, first);
    return ept_access(v, &m, &mfn[1]);
}

/* hvmemul_rmw works on memory, whatever data a response brings; cmpxchg alone
 * reads those first, and is done on memory when they are what it expects. */
static uint64_t load_rmw(struct sim_vcpu *v, const struct args_guest_mem *a,
                         const uint64_t mfn[2], const struct data_path *path)
{
    uint64_t value = 0;

    if (a->rmw == RMW_CMPXCHG && path && path->data) {
        data_load(v, a, mfn, path, (unsigned char *)&value);
        if (value != a->expect)
            return value;
    }
    data_move(v, a, mfn, path, (unsigned char *)&value, false);
    return value;
}

uint64_t exec_rmw(struct sim_vcpu *v, const struct args_guest_mem *a,
                  uint64_t old)
{
    if (a->quiet)
        return a->rmw == RMW_ADD ? old + a->value : old;
    switch (a->rmw) {
    case RMW_ADD:
        return old + a->value;
    case RMW_XCHG:
        guest_add_result(v, old);
        return a->value;
    default:
        guest_add_result(v, old == a->expect ? a->expect : old);
        v->regs.rax = old;
        return old == a->expect ? a->value : old;
    }
}

/* The data of a checked memory instruction moves. */
static void transfer(struct sim_vcpu *v, struct insn *in,
                     const uint64_t mfn[2], const struct data_path *path)
{
    const struct args_guest_mem *a = &in->a.mem;
    unsigned char buf[GUEST_MAX_DATA];
    uint64_t value = 0, old;

    memset(buf, 0, sizeof(buf));
    switch (in->op) {
    case OP_GUEST_FETCH:
        data_move(v, a, mfn, NULL, buf, false); /* hvmemul_insn_fetch */
        if (a->imm) {
            memcpy(&value, buf + a->imm, 4);
            v->regs.rax = value;
            if (!a->quiet)
                guest_add_result(v, value);
        }
        break;
    case OP_GUEST_READ:
        data_load(v, a, mfn, path, buf);
        memcpy(v->guest->last, buf, sizeof(buf));
        memcpy(&value, buf, a->len < 8 ? a->len : 8);
        if (a->len <= 8 && !a->quiet) {
            v->regs.rax = value;
            guest_add_result(v, value);
        }
        break;
    case OP_GUEST_WRITE:
        if (a->last)
            memcpy(buf, v->guest->last, a->len);
        else
            memcpy(buf, &a->value, 8);
        data_store(v, a, mfn, path, buf);
        break;
    default:
        old = load_rmw(v, a, mfn, path);
        value = exec_rmw(v, a, old);
        memcpy(buf, &value, 8);
        /* A cmpxchg that fails leaves memory be. */
        if (value != old || (a->rmw != RMW_CMPXCHG && !a->quiet))
            data_store(v, a, mfn, path, buf);
        break;
    }
}

static uint8_t wanted(const struct insn *in)
{
    switch (in->op) {
    case OP_GUEST_FETCH:
        return MEM_ACCESS_X;
    case OP_GUEST_READ:
        return MEM_ACCESS_R;
    case OP_GUEST_WRITE:
        return MEM_ACCESS_W;
    default:
        return MEM_ACCESS_RW;
    }
}

/* hvmemul_map_linear_addr, __hvm_copy: while emulation is checked, each page
 * of an access is, where something is mapped.  True when an event was sent. */
static bool forbidden(struct sim_vcpu *v, const struct args_guest_mem *a,
                      uint8_t want, const uint64_t mfn[2])
{
    uint32_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));

    if (mfn[0] != INVALID_MFN &&
        monitor_check_p2m(v, a->gla, a->gpa, want, false))
        return true;
    return mfn[1] != INVALID_MFN &&
           monitor_check_p2m(v, a->gla + first, data_gpa(a, first), want,
                             false);
}

/* A guest executes what its view has there: where a fetch finds the byte of
 * INT3 it is one, whatever it hides (hvm/vmx/vmx.c:vmx_vmexit_handler).  The
 * emulator raises #BP by itself (x86_emulate.c:x86_emulate, 0xcc). */
static enum outcome int3(struct sim_vcpu *v, const struct insn *in,
                         const struct data_path *path)
{
    struct mem_access m = { in->a.mem.gla, in->a.mem.gpa, MEM_ACCESS_X, false };
    struct insn trap = { .op = OP_GUEST_TRAP };
    enum outcome out = RAN;
    unsigned char byte;
    uint64_t mfn;
    uint8_t access;

    if (path)
        mfn = p2m_lookup(path->p2m, m.gpa >> PAGE_SHIFT, &access);
    else
        out = ept_access(v, &m, &mfn);
    if (out != RAN || mfn == INVALID_MFN)
        return out;
    page_read(v->d->sim, mfn, m.gpa & (PAGE_SIZE - 1), &byte, 1);
    if (byte != INSN_INT3)
        return RAN;
    trap.a.trap.vector = VECTOR_BP;
    trap.a.trap.type = TYPE_SW_EXCEPTION;
    trap.a.trap.insn_len = 1;
    v->guest->int3 = true;
    return exec_action(v, &trap, path != NULL);
}

/* check_data found MMIO. */
static enum outcome fault(struct sim_vcpu *v, const struct args_guest_mem *a,
                          const uint64_t mfn[2], bool plain)
{
    uint32_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));
    bool second = mfn[1] != INVALID_MFN;
    struct mmio_fault fault = {
        a, mfn[second], a->gla + (second ? first : 0), plain
    };

    return mmio_fault(v, &fault);
}

enum outcome exec_data(struct sim_vcpu *v, struct insn *in,
                       const struct data_path *path)
{
    const struct data_path host = { .p2m = &v->d->host };
    uint64_t mfn[2];
    enum outcome out;
    bool mmio;

    if (in->op == OP_GUEST_FETCH && !(path && path->insn)) {
        out = int3(v, in, path);
        if (out != RAN)
            return out;
    }
    if (path) {
        data_frames(path->p2m, &in->a.mem, mfn);
        if (path->check && forbidden(v, &in->a.mem, wanted(in), mfn))
            return PAUSED;
    } else {
        out = check_data(v, &in->a.mem, wanted(in), mfn);
        mmio = out == MMIO;
        if (mmio)
            out = fault(v, &in->a.mem, mfn, in->op == OP_GUEST_WRITE);
        if (out != RAN)
            return out;
        /* handle_mmio_with_translation: a hole has the whole instruction
         * emulated, in the host's map; the monitor trap, set at the next
         * entry (vmx_intr_assist), is that of the next instruction. */
        if (mmio || mfn[0] == INVALID_MFN ||
            (mfn[1] == INVALID_MFN && data_crosses(&in->a.mem))) {
            out = exec_data(v, in, &host);
            if (out != RAN)
                return out;
            guest_retire(v, insn_next(v, in));
            return GONE;
        }
    }
    transfer(v, in, mfn, path);
    return RAN;
}

/* One byte of rep movsb. */
static enum outcome copy_one(struct sim_vcpu *v,
                             const struct args_guest_copy *a,
                             const struct data_path *path)
{
    struct args_guest_mem src = {
        .gla = a->src_gla, .gpa = a->src_gpa, .len = 1
    };
    struct args_guest_mem dst = {
        .gla = a->dst_gla, .gpa = a->dst_gpa, .len = 1
    };
    const struct data_path host = { .p2m = &v->d->host };
    uint64_t from[2], to[2];
    unsigned char byte = 0;
    enum outcome out;

    if (path) {
        data_frames(path->p2m, &src, from);
        data_frames(path->p2m, &dst, to);
        if (path->check && forbidden(v, &dst, MEM_ACCESS_W, to))
            return PAUSED;
    } else {
        out = check_data(v, &src, MEM_ACCESS_R, from);
        if (out != RAN)
            return out;
        out = check_data(v, &dst, MEM_ACCESS_W, to);
        if (out == MMIO) {
            path = &host;       /* emulated, byte by byte */
            out = fault(v, &dst, to, false);
        }
        if (out != RAN)
            return out;
    }
    data_load(v, &src, from, path, &byte);
    data_store(v, &dst, to, path, &byte);
    return RAN;
}

enum outcome exec_copy(struct sim_vcpu *v, struct insn *in, uint64_t reps,
                       const struct data_path *path)
{
    struct args_guest_copy *a = &in->a.copy;
    struct vm_event_emul_read_data rest;
    struct data_path p;
    enum outcome out;

    if (path) {
        p = *path;
        /* hvmemul_rep_movs goes by physical addresses, which nothing checks;
         * the last byte, and where source and destination overlap each, is
         * left to a plain read and write. */
        p.check = path->check && reps == 1 &&
                  (a->count == 1 || !v->d->monitor.emulate_each_rep);
        if (path->data) {
            rest = *path->data;
            p.data = &rest;
        }
        path = &p;
    }
    for (; reps && a->count; reps--) {
        out = copy_one(v, a, path);
        if (out != RAN)
            return out;
        if (path && path->data && rest.size) {
            rest.size--;
            memmove(rest.data, rest.data + 1, sizeof(rest.data) - 1);
        }
        a->dst_gla++;
        a->dst_gpa++;
        a->src_gla++;
        a->src_gpa++;
        a->count--;
        v->regs.rdi = a->dst_gla;
        v->regs.rsi = a->src_gla;
        v->regs.rcx = a->count;
    }
    if (a->count)
        return RETRY;           /* an iteration is done, rip stays */
    guest_add_result(v, a->dst_gla);
    guest_add_result(v, a->src_gla);
    guest_add_result(v, 0);
    return RAN;
}

static void start(struct sim_vcpu *v, const struct insn *in)
{
    struct guest *g = v->guest;

    if (g->started)
        return;
    if (in->a.step.rip)
        v->regs.rip = in->a.step.rip;
    g->insn_rip = v->regs.rip;
    g->started = true;
    if (in->op == OP_GUEST_CPUID) {
        v->regs.rax = in->a.cpuid.leaf;
        v->regs.rcx = in->a.cpuid.subleaf;
    } else if (in->op == OP_GUEST_COPY) {
        v->regs.rdi = in->a.copy.dst_gla;
        v->regs.rsi = in->a.copy.src_gla;
        v->regs.rcx = in->a.copy.count;
    }
}

struct insn *insn_begin(struct sim_vcpu *v)
{
    struct insn *in;

    while ((in = guest_head(v)) && in->op == OP_GUEST_VALUE) {
        guest_add_result(v, in->a.value.value);
        guest_drop(v);
    }
    if (in)
        start(v, in);
    return in;
}

static enum outcome walk(struct sim_vcpu *v, const struct insn *in)
{
    uint64_t mfn;

    for (uint32_t i = 0; i < in->nr_walks; i++) {
        const struct args_guest_walk *w = &in->walks[i];
        struct mem_access m = {
            w->gla, w->gpa, w->write ? MEM_ACCESS_W : MEM_ACCESS_R, true
        };
        enum outcome out = ept_access(v, &m, &mfn);

        if (out != RAN && out != MMIO)
            return out;
    }
    return RAN;
}

/* The monitor trap fires behind what the hardware ran. */
static enum outcome monitor_trap(struct sim_vcpu *v)
{
    if (!v->single_step)
        return RAN;
    if (monitor_vmexit(v, EXIT_MONITOR_TRAP, 0) ||
        monitor_debug(v, DEBUG_SINGLESTEP, 0, 0, 0) > 0)
        return PAUSED;
    return vcpu_runnable(v) ? RAN : PAUSED;
}

static enum outcome finish(struct sim_vcpu *v, uint64_t next)
{
    guest_retire(v, next);
    return monitor_trap(v);
}

/* ... also after each iteration of a string instruction. */
static enum outcome exec_rep(struct sim_vcpu *v, struct insn *in)
{
    enum outcome out = exec_copy(v, in, v->single_step ? 1 : ~0ull, NULL);

    if (out == RETRY && monitor_trap(v) == PAUSED)
        return PAUSED;
    return out;
}

/* The trap is behind what makes no exit, but no exit's handler. */
static enum outcome exec_other(struct sim_vcpu *v, struct insn *in)
{
    bool exits = exit_reason(v, in) >= 0;
    enum outcome out = exec_action(v, in, false);

    return out == RAN && !exits ? monitor_trap(v) : out;
}

enum outcome exec_insn(struct sim_vcpu *v, struct insn *in)
{
    uint64_t next;
    enum outcome out;

    if (in->op == OP_GUEST_VALUE) {
        guest_add_result(v, in->a.value.value);
        guest_drop(v);
        return RAN;
    }
    start(v, in);
    v->guest->int3 = false;
    next = insn_next(v, in);
    out = walk(v, in);
    if (out != RAN)
        return out;
    switch (in->op) {
    case OP_GUEST_STEP:
        return finish(v, next);
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        out = pv_emulate_write(v, in);
        if (out != RETRY)
            break;
        /* fall through */
    case OP_GUEST_FETCH:
    case OP_GUEST_READ:
        out = exec_data(v, in, NULL);
        break;
    case OP_GUEST_READ_CR:
        guest_add_result(v, in->a.reg.index == 0 ? v->regs.cr0 :
                         in->a.reg.index == 3 ? v->regs.cr3 : v->regs.cr4);
        return finish(v, next);
    case OP_GUEST_COPY:
        out = exec_rep(v, in);
        break;
    default:
        return exec_other(v, in);
    }
    return out == RAN ? finish(v, next) : out;
}
