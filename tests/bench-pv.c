/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV page tables: a batch of entries, and a table as a whole. */
#include <string.h>

#include "sim/sim.h"
#include "tests/bench.h"

#define DOM             1u
#define BATCH           512u
#define TIMES           200u
#define GFN             0x110ull        /* the L1 in work */

struct pv {
    struct hv *hv;
    uint64_t more[2 * (BATCH - 1)];
    struct args_mmu_update update;
    uint64_t table[BATCH], flat[BATCH];
};

static void mmuext(struct pv *pv, uint32_t cmd)
{
    struct args_mmuext_op a = {
        .dom = DOM, .foreign = ~0u, .cmd = cmd, .arg1 = GFN,
    };

    bench_check(!hv_call(pv->hv, OP_GUEST_MMUEXT_OP, &a) && !a.rc, "mmuext");
}

static void start(struct pv *pv)
{
    struct args_create c;
    struct args_dom d = { .dom = DOM };
    struct args_va_mapping va = {
        .dom = DOM, .foreign = ~0u, .va = GFN << 12, .val = GFN << 12 | 0x65,
    };

    memset(pv, 0, sizeof(*pv));
    pv->hv = sim_open(NULL);
    bench_check(pv->hv, "the model");
    sim_default_domain(&c, DOM, 16, 1);
    c.type = GUEST_PV;
    bench_check(!hv_call(pv->hv, OP_DOMAIN_CREATE, &c) &&
                !hv_call(pv->hv, OP_DOMAIN_UNPAUSE, &d) &&
                !hv_call(pv->hv, OP_GUEST_VA_MAPPING, &va) && !va.rc,
                "starting a guest");
    pv->update = (struct args_mmu_update){
        .dom = DOM, .foreign = ~0u, .ptr = GFN << 12,
        .more = { pv->more, sizeof(pv->more), 0 },
    };
    for (uint64_t i = 1; i < BATCH; i++)
        pv->more[2 * (i - 1)] = (GFN << 12) + i * 8;
}

/* All entries of the table to other pages, writable: each takes a reference
 * and gives one back. */
static double update(void *arg)
{
    struct pv *pv = arg;
    double begin = bench_now();

    for (uint64_t n = 0; n < TIMES; n++) {
        pv->update.val = (0x200 + (n & 1)) << 12 | 0x67;
        for (uint64_t i = 1; i < BATCH; i++)
            pv->more[2 * i - 1] = (0x200 + i + (n & 1)) << 12 | 0x67;
        bench_check(!hv_call(pv->hv, OP_GUEST_MMU_UPDATE, &pv->update) &&
                    !pv->update.rc, "mmu_update");
    }
    return bench_now() - begin;
}

static double validate(void *arg)
{
    struct pv *pv = arg;
    double begin = bench_now();

    for (unsigned int n = 0; n < TIMES; n++) {
        mmuext(pv, MMUEXT_PIN_L1_TABLE);
        mmuext(pv, MMUEXT_UNPIN_TABLE);
    }
    return bench_now() - begin;
}

/* What no update can do without: the entry is stored. */
static double stores(void *arg)
{
    struct pv *pv = arg;
    double begin = bench_now();

    for (uint64_t n = 0; n < TIMES; n++) {
        for (uint64_t i = 0; i < BATCH; i++)
            pv->table[i] = (0x200 + i + (n & 1)) << 12 | 0x67;
        bench_barrier(pv->table);
        memcpy(pv->flat, pv->table, sizeof(pv->flat));
        bench_barrier(pv->flat);
    }
    return bench_now() - begin;
}

int main(void)
{
    static struct pv pv;
    struct bench b = {
        .name = "mmu_update, an entry / two stores", .aim = "",
        .subject = update, .floor = stores, .arg = &pv,
        .count = (double)TIMES * BATCH,
    };

    start(&pv);
    bench_title();
    mmuext(&pv, MMUEXT_PIN_L1_TABLE);
    bench_measure(&b);
    mmuext(&pv, MMUEXT_UNPIN_TABLE);
    b.name = "pin and unpin, an entry / two stores";
    b.subject = validate;
    bench_measure(&b);
    hv_close(pv.hv);
    return 0;
}
