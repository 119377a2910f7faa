/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guests do: one vCPU at a time, so that events have an order. */
#include "tests/lab/differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LSTAR           0xc0000082u
#define CR0             0x80010033u     /* the puppet's */
#define CR4             0x40620u

/* MSRs that nothing depends on, and that every machine has. */
static const uint32_t msrs[] = { 0x174, 0x175, 0x176, LSTAR, 0xc0000102 };
#define NR_MSRS (sizeof(msrs) / sizeof(*msrs))

static void must(struct make *m, enum hv_op op, void *args)
{
    int rc = call(m, op, args);

    if (rc < 0) {
        fprintf(stderr, "differ: %s: %d\n", hv_ops_table[op].name, rc);
        exit(99);
    }
}

/* Where the next instruction of vCPU N stands, and that it has LEN bytes: 0
 * when no response is to leave it out. */
static uint64_t place(struct make *m, uint32_t n, uint32_t len)
{
    struct vcpu *v = &m->vcpu[n];
    uint32_t slot = v->insns++ % (256 / VCPUS) + n * (256 / VCPUS);

    v->len[slot] = len;
    return ((uint64_t)SAFE << 12) + 16 * slot;
}

/* Offsets in a page are few: those that blocks begin with zeros at. */
static uint32_t any_offset(struct make *m, uint32_t len)
{
    return once_in(m, 6) ? 4096 - len - below(m, 8) : below(m, 16) * 8;
}

static void access_memory(struct make *m, uint32_t n)
{
    static const enum hv_op ops[] = {
        OP_GUEST_READ, OP_GUEST_READ, OP_GUEST_WRITE, OP_GUEST_WRITE,
        OP_GUEST_RMW,
    };
    static const uint32_t lens[] = { 1, 2, 4, 8, 8 };
    enum hv_op op = ops[below(m, 5)];
    struct args_guest_mem a = {
        .dom = DOM, .vcpu = n, .len = lens[below(m, 5)], .value = draw(m),
    };
    uint32_t len = 3;

    if (op == OP_GUEST_WRITE && once_in(m, 8))
        a.last = 1;
    if (op == OP_GUEST_RMW) {
        a.rmw = below(m, 3);
        a.len = a.rmw == RMW_XCHG ? a.len : once_in(m, 2) ? 1 : 4;
        a.value = below(m, 4);
        a.expect = below(m, 2);
        len = a.rmw == RMW_CMPXCHG ? 4 : 3;     /* lock cmpxchg */
    }
    a.gpa = data_gfn(m) << 12 | any_offset(m, a.len);
    if (a.len > 1 && once_in(m, 16) && op != OP_GUEST_RMW &&
        a.gpa >> 12 < DATA + NR_DATA - 1)
        a.gpa = (a.gpa | 0xfff) + 1 - (1 + below(m, a.len - 1));
    a.gla = a.gpa;
    a.rip = place(m, n, len);
    a.next = a.rip + len;
    must(m, op, &a);
}

static uint64_t stable_gfn(struct make *m)
{
    return DATA + below(m, STABLE);
}

static void copy(struct make *m, uint32_t n)
{
    struct args_guest_copy a = {
        .dom = DOM, .vcpu = n, .count = 1 + below(m, 12),
    };

    a.src_gpa = a.src_gla = stable_gfn(m) << 12 | any_offset(m, 12);
    a.dst_gpa = a.dst_gla = stable_gfn(m) << 12 | any_offset(m, 12);
    a.rip = place(m, n, 2);
    must(m, OP_GUEST_COPY, &a);
}

/* The only instruction that the model fetches. */
static void fetch(struct make *m, uint32_t n)
{
    struct args_guest_mem a = {
        .dom = DOM, .vcpu = n, .len = 1 + below(m, 8),
    };

    a.rip = (uint64_t)(CODE + below(m, NR_CODE)) << 12 |
            16 * (below(m, 128) + 128 * n);
    a.gla = a.gpa = a.rip;
    must(m, OP_GUEST_FETCH, &a);
}

static void use_register(struct make *m, uint32_t n)
{
    static const uint32_t crs[] = { 0, 3, 4 };
    static const uint64_t cr0[] = { CR0, CR0, CR0 ^ 0x40000, CR0 ^ 0x10000 };
    static const uint64_t cr4[] = { CR4, CR4 ^ 4, CR4 ^ 8, CR4 ^ 0x80 };
    struct args_guest_reg a = { .dom = DOM, .vcpu = n };

    a.rip = place(m, n, 3);
    switch (below(m, 5)) {
    case 0:
        a.index = 0;
        a.value = cr0[below(m, 4)];
        break;
    case 1:
        a.index = 4;
        a.value = cr4[below(m, 4)];
        break;
    case 2:
        a.index = 3;
        a.value = (uint64_t)(ROOTS + below(m, NR_ROOTS)) << 12;
        break;
    case 3:
        a.index = crs[below(m, 3)];
        must(m, OP_GUEST_READ_CR, &a);
        return;
    default:
        a.index = once_in(m, 2) ? LSTAR : msrs[below(m, NR_MSRS)];
        a.value = below(m, 3) * 0x1000;
        a.write = !once_in(m, 4);
        must(m, OP_GUEST_MSR, &a);
        return;
    }
    must(m, OP_GUEST_MOV_CR, &a);
}

static void trap(struct make *m, uint32_t n)
{
    static const struct args_guest_trap traps[] = {
        { .vector = 3, .type = 6, .insn_len = 1, .error = ~0u },
        { .vector = 3, .type = 6, .insn_len = 1, .error = ~0u },
        { .vector = 1, .type = 5, .insn_len = 1, .error = ~0u },
        { .vector = 6, .type = 3, .insn_len = 2, .error = ~0u },
    };
    /* QEMU's SVM does not exit for the others. */
    struct args_guest_trap a = traps[m->amd ? 3 : below(m, 4)];

    a.dom = DOM;
    a.vcpu = n;
    a.rip = place(m, n, a.insn_len);
    must(m, OP_GUEST_TRAP, &a);
}

/* What the machine itself answers is its own. */
static void others(struct make *m, uint32_t n)
{
    struct args_guest_cpuid id = { .dom = DOM, .vcpu = n, .leaf = below(m, 8) };
    struct args_guest_desc desc = {
        .dom = DOM, .vcpu = n, .desc = once_in(m, 2) ? VM_EVENT_DESC_GDTR :
        VM_EVENT_DESC_IDTR, .gla = OPERAND << 12, .gpa = OPERAND << 12,
        .len = 3,
    };
    struct args_guest guest = { .dom = DOM, .vcpu = n };
    struct args_guest_reg func = {
        .dom = DOM, .vcpu = n, .value = any_view(m),
        .index = once_in(m, 10),
    };

    switch (below(m, 4)) {
    case 0:
        id.rip = place(m, n, 2);
        must(m, OP_GUEST_CPUID, &id);
        m->vcpu[n].unknown = true;
        break;
    case 1:
        desc.info = desc.desc == VM_EVENT_DESC_IDTR ? 0x13c18100 : 0x3c18100;
        desc.rip = place(m, n, 3);
        must(m, OP_GUEST_DESC, &desc);
        m->vcpu[n].unknown = true;
        break;
    case 2:
        guest.rip = place(m, n, 3);
        must(m, OP_GUEST_REQUEST, &guest);
        break;
    default:
        func.rip = place(m, n, 3);
        must(m, OP_GUEST_VMFUNC, &func);
    }
}

void do_program(struct make *m)
{
    static void (*const kinds[])(struct make *, uint32_t) = {
        access_memory, access_memory, access_memory, access_memory,
        access_memory, access_memory, copy, fetch, use_register,
        use_register, trap, others,
    };
    uint32_t n = below(m, VCPUS);

    make_room(m);
    if (m->vcpu[n].waiting)
        return;
    if (m->put_off && once_in(m, 3))
        use_register(m, n);
    for (uint32_t i = once_in(m, 3) ? 1 + below(m, 3) : 1; i--;)
        kinds[below(m, sizeof(kinds) / sizeof(*kinds))](m, n);
    wait_for(m, n);
}

void do_unheard(struct make *m, uint64_t gpa)
{
    uint32_t n = below(m, VCPUS);
    struct args_guest_mem a = {
        .dom = DOM, .vcpu = n, .rip = place(m, n, 3), .len = 8,
        .gla = gpa, .gpa = gpa, .value = draw(m),
    };

    must(m, OP_GUEST_WRITE, &a);
    wait_for(m, n);
}

void set_registers(struct make *m)
{
    static const uint64_t crs[][2] = {
        { 0, CR0 }, { 3, ROOTS << 12 }, { 4, CR4 },
    };

    for (uint32_t n = 0; n < VCPUS; n++) {
        struct args_guest_reg a = { .dom = DOM, .vcpu = n };
        struct args_guest_mem zeros = {         /* for writes of .last */
            .dom = DOM, .vcpu = n, .rip = place(m, n, 3), .len = 8,
            .gla = DATA << 12, .gpa = DATA << 12,
        };

        must(m, OP_GUEST_READ, &zeros);
        for (uint32_t i = 0; i < 3; i++) {
            a.rip = place(m, n, 3);
            a.index = crs[i][0];
            a.value = crs[i][1];
            must(m, OP_GUEST_MOV_CR, &a);
        }
        a.write = 1;
        a.value = 0;
        for (uint32_t i = 0; i < NR_MSRS; i++) {
            a.rip = place(m, n, 2);
            a.index = msrs[i];
            must(m, OP_GUEST_MSR, &a);
        }
        wait_for(m, n);
    }
}

/* ---- what comes of it ---- */

void take_events(struct make *m)
{
    void *page = hv_ring(m->hv, DOM);
    struct args_event e = { .dom = DOM };

    while (page && ring_has_request(&m->ring, page)) {
        struct vcpu *v;

        ring_take(&m->ring, page, &e);
        v = &m->vcpu[e.ev.vcpu_id % VCPUS];
        if (e.ev.flags & VM_EVENT_FLAG_VCPU_PAUSED) {
            v->waiting = true;
            v->ev = e.ev;
        } else if (m->nr_late < 64) {
            m->late[m->nr_late++] = e.ev;
        }
    }
}

void take_results(struct make *m, uint32_t n)
{
    struct args_guest_result r = { .dom = DOM, .vcpu = n };
    struct vcpu *v = &m->vcpu[n];

    v->tries = 0;
    v->stepping = false;
    must(m, OP_GUEST_RESULT, &r);
    if (v->unknown)
        m->list.rec[m->list.nr - 1].flags |= RECORD_KNOWN;
    v->unknown = false;
}

void wait_for(struct make *m, uint32_t ran)
{
    struct args_wait w = { .dom = DOM };

    must(m, OP_CLIENT_WAIT, &w);
    take_events(m);
    if (!m->vcpu[ran].waiting)
        take_results(m, ran);
    answer_urgent(m);
}
