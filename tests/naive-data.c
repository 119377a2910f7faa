/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes that an instruction moves.  Rules: xen/arch/x86/hvm/emulate.c. */
#include "tests/naive.h"

#include <string.h>

uint64_t naive_second(const struct args_guest_mem *a)
{
    return a->gpa2 ? a->gpa2 : (a->gpa | 0xfff) + 1;
}

uint32_t naive_in_first(const struct args_guest_mem *a)
{
    uint32_t room = 0x1000 - (a->gpa & 0xfff);

    return a->len < room ? a->len : room;
}

static unsigned char *byte_at(struct naive *n, const struct args_guest_mem *a,
                              const int page[2], uint32_t i)
{
    int p = i < naive_in_first(a) ? page[0] : page[1];

    return p < 0 ? NULL : &n->page[p][(a->gpa + i) & 0xfff];
}

/* A hole reads as all ones. */
static void load(struct naive *n, const struct args_guest_mem *a,
                 const int page[2], unsigned char *buf)
{
    for (uint32_t i = 0; i < a->len; i++) {
        const unsigned char *p = byte_at(n, a, page, i);

        buf[i] = p ? *p : 0xff;
    }
}

/* set_context_data */
void naive_load_data(const struct vm_event_emul_read_data *data,
                     uint32_t from, unsigned char *buf, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        buf[i] = from + i < data->size ? data->data[from + i] : 0;
}

static void store(struct naive *n, const struct args_guest_mem *a,
                  const int page[2], const struct naive_how *how,
                  const unsigned char *buf)
{
    for (uint32_t i = 0; i < a->len && !how->nowrite; i++) {
        unsigned char *p = byte_at(n, a, page, i);

        if (p)
            *p = buf[i];
    }
}

void naive_result(struct naive_vcpu *v, uint64_t value)
{
    if (v->nr_results < 4)
        v->result[v->nr_results++] = value;
}

static void to_rax(struct naive_vcpu *v, uint64_t value)
{
    v->regs.rax = value;
    naive_result(v, value);
}

/* hvmemul_rmw works on memory whatever data a response brings; only cmpxchg
 * reads by hvmemul_read first, and is done on memory when that agrees. */
static void rmw(struct naive *n, struct naive_vcpu *v,
                const struct args_guest_mem *a, const int page[2],
                const struct naive_how *how)
{
    uint64_t old = 0, value = 0;

    load(n, a, page, (unsigned char *)&old);
    switch (a->rmw) {
    case RMW_ADD:
        value = old + a->value;
        break;
    case RMW_XCHG:
        value = a->value;
        naive_result(v, old);
        break;
    default:
        if (how->data)
            naive_load_data(how->data, 0, (unsigned char *)&value, a->len);
        if (how->data && value != a->expect)
            old = value;
        to_rax(v, old);
        if (old != a->expect)
            return;
        value = a->value;
        break;
    }
    store(n, a, page, how, (unsigned char *)&value);
}

void naive_move(struct naive *n, struct naive_vcpu *v,
                const struct naive_insn *in, const int page[2],
                const struct naive_how *how)
{
    const struct args_guest_mem *a = &in->a.mem;
    unsigned char buf[64] = { 0 };
    uint64_t value = 0;

    if (in->op == OP_GUEST_RMW) {
        rmw(n, v, a, page, how);
    } else if (in->op == OP_GUEST_WRITE) {
        memcpy(buf, &a->value, 8);
        store(n, a, page, how, a->last ? v->last : buf);
    } else if (in->op == OP_GUEST_FETCH) {
        load(n, a, page, buf);
        memcpy(&value, buf + a->imm, 4);
        if (a->imm)
            to_rax(v, value);
    } else {
        if (how->data)
            naive_load_data(how->data, 0, buf, a->len);
        else
            load(n, a, page, buf);
        memcpy(v->last, buf, sizeof(buf));
        memcpy(&value, buf, 8);
        if (a->len <= 8)
            to_rax(v, value);
    }
}
