/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the puppet's driver writes into the guest: code, and what its
 * instructions find in memory. */
#include "real/puppet_private.h"

#include <errno.h>
#include <string.h>

#include <xen/sched.h>

#define TSS_TYPE        5       /* a byte of its descriptor */
#define TSS_AVAILABLE   0x89

struct descriptor_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static uint32_t left_in_page(uint64_t address, uint32_t len)
{
    uint32_t left = PAGE_SIZE - (address & ~PAGE_MASK);

    return len < left ? len : left;
}

static int move(struct puppet *p, uint64_t gpa, void *bytes, uint32_t len,
                bool write)
{
    while (len) {
        uint32_t n = left_in_page(gpa, len);
        struct hv_page page;
        int rc = p->env.map(p->env.ctx, gpa / PAGE_SIZE, &page);
        char *at;

        if (rc)
            return rc;
        at = (char *)page.p + (gpa & ~PAGE_MASK);
        memcpy(write ? at : bytes, write ? bytes : at, n);
        p->env.unmap(p->env.ctx, &page);
        gpa += n;
        bytes = (char *)bytes + n;
        len -= n;
    }
    return 0;
}

int puppet_write(struct puppet *p, uint64_t gpa, const void *bytes,
                 uint32_t len)
{
    return move(p, gpa, (void *)bytes, len, true);
}

int puppet_read(struct puppet *p, uint64_t gpa, void *bytes, uint32_t len)
{
    return move(p, gpa, bytes, len, false);
}

static bool is_empty(const unsigned char *page)
{
    return !page[0] && !memcmp(page, page + 1, PAGE_SIZE - 1);
}

/* LEN bytes of code at GLA, in one page. */
static int write_part(struct puppet *p, uint64_t gla,
                      const unsigned char *bytes, uint32_t len)
{
    struct hv_page page;
    uint64_t gpa;
    int rc = puppet_map_code(p, gla);

    if (!rc)
        rc = puppet_translate(p, gla, &gpa);
    if (!rc)
        rc = p->env.map(p->env.ctx, gpa / PAGE_SIZE, &page);
    if (rc)
        return rc;
    if (is_empty(page.p))
        memset(page.p, FILL, PAGE_SIZE);
    memcpy((char *)page.p + (gpa & ~PAGE_MASK), bytes, len);
    p->env.unmap(p->env.ctx, &page);
    return 0;
}

static int write_bytes(struct puppet *p, uint64_t gla,
                       const unsigned char *bytes, uint32_t len)
{
    uint32_t n = left_in_page(gla, len);
    int rc = write_part(p, gla, bytes, n);

    return rc || n == len ? rc :
           write_part(p, gla + n, bytes + n, len - n);
}

int puppet_write_code(struct puppet *p, const struct puppet_code *code)
{
    const unsigned char hlt = HLT;
    uint32_t first = code->hole ? code->hole : code->len, rest;
    int rc = write_bytes(p, code->at, code->bytes, first);

    rest = code->hole ? code->hole + 4 : code->len;
    if (!rc && rest < code->len)
        rc = write_bytes(p, code->at + rest, code->bytes + rest,
                         code->len - rest);
    return rc ? rc : write_bytes(p, code->end, &hlt, 1);
}

int puppet_open_end(struct puppet *p, const struct puppet_code *code)
{
    const unsigned char fill = FILL;

    return write_bytes(p, code->end, &fill, 1);
}

/* ---- translations ---- */

static int map_range(struct puppet *p, uint64_t gla, uint64_t gpa,
                     uint64_t len)
{
    uint64_t end = gla + len;
    int rc = 0;

    while (!rc && gla < end) {
        uint64_t n = PAGE_SIZE - (gla & ~PAGE_MASK);

        rc = puppet_map(p, gla, gpa);
        gla += n;
        gpa += n;
    }
    return rc;
}

static int map_access(struct puppet *p, const struct args_guest_mem *a)
{
    uint32_t first = left_in_page(a->gpa, a->len);
    int rc = puppet_map(p, a->gla, a->gpa);

    if (rc || first == a->len)
        return rc;
    return puppet_map(p, a->gla + first, a->gpa2 ? a->gpa2 : a->gpa + first);
}

static int map_copy(struct puppet *p, const struct args_guest_copy *a)
{
    int rc = map_range(p, a->src_gla, a->src_gpa, a->count);

    return rc ? rc : map_range(p, a->dst_gla, a->dst_gpa, a->count);
}

/* ---- operands ---- */

/* What LGDT and its like load is what is there already. */
static int write_descriptor(struct puppet *p, const struct args_guest_desc *a,
                            const struct puppet_machine *m)
{
    const struct puppet_page *page = puppet_page(p);
    uint64_t at = a->gpa == ~0ull ? m->scratch : a->gpa;
    const unsigned char available = TSS_AVAILABLE;
    const uint16_t selector = a->desc == VM_EVENT_DESC_TR ? m->tss : 0;
    struct descriptor_register now = { page->gdt_limit, page->gdt };
    int rc = 0;

    if (!a->write)
        return 0;
    if (a->desc == VM_EVENT_DESC_IDTR)
        now = (struct descriptor_register){ page->idt_limit, page->idt };
    if (a->desc <= VM_EVENT_DESC_GDTR)
        return puppet_write(p, at, &now, sizeof(now));
    if (selector)
        rc = puppet_write(p, page->gdt + selector + TSS_TYPE, &available, 1);
    return rc ? rc : puppet_write(p, at, &selector, sizeof(selector));
}

static int prepare_descriptor(struct puppet *p,
                              const struct args_guest_desc *a,
                              const struct puppet_machine *m)
{
    int rc = a->gpa == ~0ull ? 0 : map_range(p, a->gla, a->gpa, 10);

    return rc ? rc : write_descriptor(p, a, m);
}

static int prepare_call(struct puppet *p, const struct puppet_insn *in,
                        uint64_t scratch)
{
    const struct args_guest_call *a = &in->a.GUEST_HYPERCALL;
    uint32_t reason = a->arg2;

    if (in->op == OP_GUEST_ALTP2M)
        return puppet_write(p, scratch, in->argument, MAX_ARGUMENT);
    if (a->nr == __HYPERVISOR_sched_op && a->arg1 == SCHEDOP_shutdown)
        return puppet_write(p, scratch, &reason, sizeof(reason));
    return 0;
}

static int prepare(struct puppet *p, const struct puppet_insn *in,
                   const struct puppet_machine *m)
{
    switch (in->op) {
    case OP_GUEST_FETCH:
    case OP_GUEST_READ:
    case OP_GUEST_WRITE:
    case OP_GUEST_RMW:
        return map_access(p, &in->a.GUEST_READ);
    case OP_GUEST_COPY:
        return map_copy(p, &in->a.GUEST_COPY);
    case OP_GUEST_MOV_CR:
        if (in->a.GUEST_MOV_CR.index == 3)
            return puppet_map_root(p, in->a.GUEST_MOV_CR.value);
        return 0;
    case OP_GUEST_DESC:
        return prepare_descriptor(p, &in->a.GUEST_DESC, m);
    case OP_GUEST_HYPERCALL:
    case OP_GUEST_ALTP2M:
        return prepare_call(p, in, m->scratch);
    default:
        return 0;
    }
}

int puppet_prepare(struct puppet *p, const struct puppet_insn *in,
                   const struct puppet_machine *m)
{
    int rc = prepare(p, in, m);

    for (uint32_t i = 0; !rc && i < in->nr_walks; i++)
        rc = puppet_map_walk(p, &in->walks[i]);
    return rc;
}
