/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices' pages against a second model, which goes byte by byte: random
 * parts made read-only (mm.c:subpage_mmio_ro_add), then random writes by HVM
 * and PV guests (hvm/mmio.c, emulate.c:hvmemul_phys_mmio_access,
 * pv/ro-page-fault.c, mm.c:mmio_ro_emulated_write).  And Xen's log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/hv.h"
#include "sim/sim.h"

#define PAGE            4096u
#define PAGES           4u
#define BYTES           (PAGES * PAGE)
#define MFN             0xfe000u
#define GFN             0x8000u
#define GPA             ((uint64_t)GFN * PAGE)
#define BASE            0x300000ull     /* where guests have it mapped */
#define PAGE_FAULT      0x800e0003u
#define MACHINES        60
#define WRITES          400

struct naive {
    bool ro[BYTES];             /* granules of registered pages */
    bool registered[PAGES], full[PAGES];        /* full: in mmio_ro_ranges */
    unsigned char dev[BYTES];
    unsigned int lines;         /* of the log, not yet read */
    bool fault;                 /* the guest's, and where */
    uint64_t cr2;
};

struct machine {
    struct hv *hv;
    struct naive n;
    uint64_t random;
    uint32_t type, vendor;
    bool hardware;
};

static uint32_t below(struct machine *m, uint32_t n)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (m->random >> 33) % n;
}

/* ---- the second model ---- */

static bool part_of(uint32_t page, uint32_t start, uint32_t end)
{
    return page * PAGE < start || (page + 1) * PAGE > end;
}

static int naive_add(struct naive *n, uint32_t start, uint32_t size)
{
    uint32_t end = start + size;

    if (start % 8 || size % 8)
        return -EINVAL;
    for (uint32_t at = start; at < end; at++) {
        uint32_t page = at / PAGE;

        n->full[page] = true;
        if (part_of(page, start, end)) {
            n->registered[page] = true;
            n->ro[at] = true;
        }
    }
    return 0;
}

/* A write that Xen lets through or drops; of LEN bytes, aligned. */
static void naive_store(struct naive *n, uint32_t at,
                        const unsigned char *data, uint32_t len)
{
    if (!n->registered[at / PAGE])
        return;
    if (n->ro[at])
        n->lines++;
    else
        memcpy(n->dev + at, data, len);
}

static void naive_hvm(struct naive *n, uint32_t at, const unsigned char *data,
                      uint32_t len)
{
    uint32_t left = PAGE - at % PAGE;
    bool any = n->full[at / PAGE];

    if (len > left)
        any |= n->full[at / PAGE + 1];
    if (!any) {
        memcpy(n->dev + at, data, len);
        return;
    }
    while (len) {
        uint32_t chunk = 8;

        left = PAGE - at % PAGE;
        while (chunk > len || chunk > left)
            chunk /= 2;
        if (at % chunk)
            n->lines += n->registered[at / PAGE];
        else
            naive_store(n, at, data, chunk);
        at += chunk;
        data += chunk;
        len -= chunk;
    }
}

static void naive_pv(struct machine *m, uint32_t at, const unsigned char *data,
                     uint32_t len)
{
    struct naive *n = &m->n;
    bool two = at % PAGE + len > PAGE;
    uint32_t page = at / PAGE;

    if (!n->full[page] && !(two && n->full[page + 1])) {
        memcpy(n->dev + at, data, len);
        return;
    }
    n->cr2 = BASE + (n->full[page] ? at : (page + 1) * PAGE);
    if (!m->hardware || (len & (len - 1)) || at % len)
        n->fault = true;
    else if (len > 8)
        n->lines += n->registered[at / PAGE];
    else
        naive_store(n, at, data, len);
}

/* ---- both ---- */

static void start(struct machine *m, unsigned int seed)
{
    struct args_create create;

    memset(m, 0, sizeof(*m));
    m->random = seed * 0x9e3779b97f4a7c15ull + 1;
    m->type = seed % 3 == 2 ? GUEST_PV : GUEST_PVH;
    m->vendor = below(m, 2);
    m->hardware = below(m, 4);
    m->hv = sim_open(NULL);
    assert_non_null(m->hv);
    sim_default_domain(&create, 1, 16, 1);
    create.type = m->type;
    create.vendor = m->vendor;
    create.hardware = m->hardware;
    create.altp2m = 0;
    assert_int_equal(hv_call(m->hv, OP_DOMAIN_CREATE, &create), 0);
}

static void add_parts(struct machine *m)
{
    for (uint32_t i = below(m, 6); i; i--) {
        uint32_t at = below(m, BYTES / 8) * 8;
        uint32_t most = (BYTES - at) / 8;
        struct args_mmio_ro a = { 0 };

        if (most > 8 && below(m, 3))
            most = 8;
        a.start = MFN * (uint64_t)PAGE + at + !below(m, 10);
        a.size = 8 * (1 + below(m, most)) + 4 * !below(m, 10);
        assert_int_equal(hv_call(m->hv, OP_MMIO_RO_ADD, &a),
                         naive_add(&m->n, a.start - MFN * (uint64_t)PAGE,
                                   a.size));
    }
}

/* A PV guest has entries of its own. */
static void map_pages(struct machine *m)
{
    struct args_mmio_map map = { 1, PAGES, GFN, MFN };
    struct args_va_mapping va = { .dom = 1, .foreign = ~0u };
    struct args_dom dom = { .dom = 1 };

    assert_int_equal(hv_call(m->hv, OP_MMIO_MAP, &map), 0);
    assert_int_equal(hv_call(m->hv, OP_DOMAIN_UNPAUSE, &dom), 0);
    for (uint64_t i = 0; m->type == GUEST_PV && i < PAGES; i++) {
        va.va = BASE + i * PAGE;
        va.val = (MFN + i) << 12 | 0x67;
        assert_int_equal(hv_call(m->hv, OP_GUEST_VA_MAPPING, &va), 0);
        assert_int_equal(va.rc, 0);
    }
}

/* Somewhere that matters: at an edge of something read-only, or of a page. */
static uint32_t some_place(struct machine *m)
{
    uint32_t at = below(m, BYTES);

    if (below(m, 2)) {
        for (uint32_t i = 0; i < BYTES && m->n.ro[at] == m->n.ro[0]; i++)
            at = (at + 1) % BYTES;
    } else if (below(m, 2)) {
        at = below(m, PAGES) * PAGE;
    }
    at = (at + BYTES - 12 + below(m, 24)) % BYTES;
    return below(m, 2) ? at : at & ~7u;
}

static void check(struct machine *m, uint32_t at, uint32_t len)
{
    struct args_guest_result r = { .dom = 1 };
    struct args_vcpu_regs regs = { .dom = 1 };
    struct args_mmio_log log = { 0 };
    struct naive *n = &m->n;
    unsigned char bytes[PAGE];

    assert_int_equal(hv_call(m->hv, OP_GUEST_RESULT, &r), 0);
    assert_int_equal(r.fault, n->fault ? PAGE_FAULT : 0);
    assert_int_equal(hv_call(m->hv, OP_VCPU_REGS_GET, &regs), 0);
    if (n->fault)
        assert_int_equal(regs.regs.cr2, n->cr2);
    n->fault = false;
    while (!hv_call(m->hv, OP_MMIO_LOG, &log)) {
        assert_true(n->lines);
        n->lines--;
    }
    assert_int_equal(n->lines, 0);
    for (uint32_t p = at / PAGE; p <= (at + len - 1) / PAGE; p++) {
        struct args_memory a = { .gfn = MFN + p, .data = { bytes, PAGE, 0 } };

        assert_int_equal(hv_call(m->hv, OP_MMIO_READ, &a), 0);
        assert_memory_equal(bytes, n->dev + p * PAGE, PAGE);
    }
}

static void write_once(struct machine *m)
{
    static const uint8_t lens[] = { 1, 2, 4, 8, 8, 16, 3, 7, 12 };
    uint32_t at = some_place(m), len = lens[below(m, sizeof(lens))];
    struct args_guest_mem w = {
        .dom = 1, .rip = 0x1000, .gla = BASE + at, .gpa = GPA + at,
    };
    struct args_wait wait = { .dom = 1 };
    unsigned char data[16] = { 0 };

    if (at + len > BYTES)
        at = BYTES - len;
    w.gla = BASE + at;
    w.gpa = GPA + at;
    w.len = len;
    w.value = (uint64_t)below(m, ~0u) << 32 | below(m, ~0u);
    memcpy(data, &w.value, 8);
    assert_int_equal(hv_call(m->hv, OP_GUEST_WRITE, &w), 0);
    assert_int_equal(hv_call(m->hv, OP_CLIENT_WAIT, &wait), 0);
    if (m->type == GUEST_PV)
        naive_pv(m, at, data, len);
    else
        naive_hvm(&m->n, at, data, len);
    check(m, at, len);
}

static void test_random(void **state)
{
    struct machine *m = malloc(sizeof(*m));
    (void)state;
    assert_non_null(m);
    for (unsigned int seed = 1; seed <= MACHINES; seed++) {
        start(m, seed);
        add_parts(m);
        map_pages(m);
        for (unsigned int i = 0; i < WRITES; i++)
            write_once(m);
        hv_close(m->hv);
    }
    free(m);
}

/* The model keeps 64 lines (its own rule; Xen's ring is bytes): the last.
 * The longest numbers fit. */
static void test_log(void **state)
{
    static const char last[] = "d1v0 ignoring write to R/O MMIO "
        "0xfffffff010 len 8";
    struct args_mmio_map map = { 1, 1, GFN, 0xfffffff };
    struct args_mmio_ro add = { .start = 0xfffffff010, .size = 8 };
    struct args_guest_mem w = {
        .dom = 1, .rip = 0x1000, .gla = BASE + 0x10, .gpa = GPA + 0x10,
    };
    struct args_wait wait = { .dom = 1 };
    struct args_dom dom = { .dom = 1 };
    struct args_mmio_log log = { 0 };
    struct machine m;

    (void)state;
    start(&m, 1);
    assert_int_equal(hv_call(m.hv, OP_MMIO_RO_ADD, &add), 0);
    assert_int_equal(hv_call(m.hv, OP_MMIO_MAP, &map), 0);
    assert_int_equal(hv_call(m.hv, OP_DOMAIN_UNPAUSE, &dom), 0);
    for (unsigned int i = 0; i < 70; i++) {
        w.len = i < 6 ? 4 : 8;
        assert_int_equal(hv_call(m.hv, OP_GUEST_WRITE, &w), 0);
    }
    assert_int_equal(hv_call(m.hv, OP_CLIENT_WAIT, &wait), 0);
    for (unsigned int i = 0; i < 64; i++) {
        assert_int_equal(hv_call(m.hv, OP_MMIO_LOG, &log), 0);
        assert_int_equal(log.text.len, sizeof(last) - 1);
        assert_memory_equal(log.text.p, last, sizeof(last) - 1);
    }
    assert_int_equal(hv_call(m.hv, OP_MMIO_LOG, &log), -ENOENT);
    hv_close(m.hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
