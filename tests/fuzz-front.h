/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets of the device front end share: bytes that are taken
 * one by one, and a machine behind the devices. */
#ifndef XENREEL_TESTS_FUZZ_FRONT_H
#define XENREEL_TESTS_FUZZ_FRONT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "preload/front.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_bytes {
    const uint8_t *p;
    size_t left;
};

/* Zeroes when there are no more. */
static inline void fuzz_take(struct fuzz_bytes *b, void *to, size_t len)
{
    size_t n = len < b->left ? len : b->left;

    memset(to, 0, len);
    if (n)
        memcpy(to, b->p, n);
    b->p += n;
    b->left -= n;
}

static inline uint8_t fuzz_u8(struct fuzz_bytes *b)
{
    uint8_t v;

    fuzz_take(b, &v, sizeof(v));
    return v;
}

static inline uint16_t fuzz_u16(struct fuzz_bytes *b)
{
    uint16_t v;

    fuzz_take(b, &v, sizeof(v));
    return v;
}

static inline uint64_t fuzz_u64(struct fuzz_bytes *b)
{
    uint64_t v;

    fuzz_take(b, &v, sizeof(v));
    return v;
}

/* Domain 1, with two vCPUs, on a new machine. */
static inline void fuzz_start(uint64_t seed)
{
    static struct sim_config config;
    struct args_dom dom = { .dom = 1 };

    if (!config.pages.get && arena_open(&config.pages))
        abort();
    config.seed = seed;
    front.model = front.hv = sim_open(&config);
    if (!front.hv)
        abort();
    front.nr_domains = 1;
    front.domains[0].id = 1;
    sim_default_domain(&front.domains[0].create, 1, 1, 2);
    if (hv_call(front.hv, OP_DOMAIN_CREATE, &front.domains[0].create) ||
        hv_call(front.hv, OP_DOMAIN_UNPAUSE, &dom))
        abort();
}

/* Instructions of all kinds that make events. */
static inline void fuzz_program(void)
{
    for (uint32_t vcpu = 0; vcpu < 2; vcpu++) {
        struct args_guest_mem store = {
            .dom = 1, .vcpu = vcpu, .rip = 0x1000, .gla = 0x2000,
            .gpa = 0x2000, .len = 8,
        };
        struct args_guest_cpuid cpuid = {
            .dom = 1, .vcpu = vcpu, .rip = 0x1003, .leaf = 1,
        };
        struct args_guest_trap trap = {
            .dom = 1, .vcpu = vcpu, .rip = 0x1005, .vector = 3, .type = 6,
            .insn_len = 1,
        };

        hv_call(front.hv, OP_GUEST_WRITE, &store);
        hv_call(front.hv, OP_GUEST_CPUID, &cpuid);
        hv_call(front.hv, OP_GUEST_TRAP, &trap);
    }
}

static inline void fuzz_stop(void)
{
    hv_close(front.hv);
    front.hv = front.model = NULL;
    front.nr_domains = 0;
}

#endif
