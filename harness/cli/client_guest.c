/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest that a client finds when none was named, and what it does: the
 * guest that Debian's xen-access was recorded with on a real Xen.  What it
 * stores, and where execution stood behind it, is as the logs have it (those
 * copied to tests/client/); rips that no log shows are made up. */
#include "harness/cli/client.h"

#include <inttypes.h>
#include <stddef.h>

#define STUBS           0x103000u       /* a handler's first, 16 bytes each */
#define CALLS           20              /* of an empty function, a round */
#define ROUNDS          8               /* then it goes somewhere else */
#define LENGTH(x)       (sizeof(x) / sizeof((x)[0]))

/* The paging pool has room for a full-range set. */
static const char domain[] =
    "domain.create dom=1 vcpus=1 ram=4096 max_gpfn=0xfefff max_pages=4352 "
    "pool=8192 altp2m=external views=10 = 0\n"
    "domain.cpuid_policy dom=1 leaf=0x40000000 subleaf=0xffffffff "
    "eax=0x40000005 ebx=0x566e6558 ecx=0x65584d4d edx=0x4d4d566e = 0\n";

void client_guest(FILE *out)
{
    fputs(domain, out);
}

static void fetch(FILE *out, uint32_t rip, uint32_t len, uint32_t next)
{
    fprintf(out, "guest.fetch dom=1 vcpu=0 rip=%#" PRIx32 " gla=%#" PRIx32
            " gpa=%#" PRIx32 " len=%" PRIu32 " next=%#" PRIx32 "\n",
            rip, rip, rip, len, next);
}

/* It is mapped one to one. */
static void store(FILE *out, uint32_t rip, uint32_t to, uint32_t len,
                  uint64_t value, uint32_t next)
{
    fprintf(out, "guest.write dom=1 vcpu=0 rip=%#" PRIx32 " gla=%#" PRIx32
            " gpa=%#" PRIx32 " len=%" PRIu32 " value=%#" PRIx64
            " next=%#" PRIx32 "\n", rip, to, to, len, value, next);
}

/* The instruction at RIP, of one byte, raises VECTOR: the frame, the stub's
 * error code and vector, the registers, the calls down to C, which moves the
 * saved rip on. */
static void trap(FILE *out, uint32_t rip, unsigned int vector,
                 unsigned int type)
{
    /* From where to where the pushes go, down from 0x118f98; the last but
     * two and the last are calls. */
    static const struct {
        uint32_t from, next;
    } push[] = {
        { 0x103131, 0x103132 }, { 0x103132, 0x103133 }, { 0x103133, 0x103134 },
        { 0x103134, 0x103135 }, { 0x103135, 0x103136 }, { 0x103136, 0x103138 },
        { 0x103138, 0x10313a }, { 0x10313a, 0x10313c }, { 0x10313c, 0x10313e },
        { 0x10313e, 0x10313f }, { 0x10313f, 0x103140 }, { 0x103140, 0x103142 },
        { 0x103142, 0x103144 }, { 0x103144, 0x103146 }, { 0x103146, 0x103148 },
        { 0x10314b, 0x103d10 }, { 0x103d10, 0x103d11 }, { 0x103d80, 0x1004b0 },
    };
    uint32_t stub = STUBS + 16 * vector;

    fprintf(out, "guest.trap dom=1 vcpu=0 rip=%#" PRIx32 " vector=%u type=%u "
            "insn_len=1\n", rip, vector, type);
    store(out, rip, 0x118fc8, 8, 0, stub);
    store(out, stub, 0x118fa0, 8, 0, stub + 2);
    store(out, stub + 2, 0x118fa4, 4, vector, stub + 10);
    for (uint32_t i = 0; i < LENGTH(push); i++)
        store(out, push[i].from, 0x118f98 - 8 * i, 8, 0, push[i].next);
    fetch(out, 0x1004b0, 1, 0x103d8c);
    store(out, 0x103d8c, 0x118fa8, 8, rip + 1, 0x103d93);
}

/* Told where descriptor accesses are monitored, else a store to TO. */
static void descriptor(FILE *out, uint32_t rip, const char *table,
                       uint32_t info, uint32_t to)
{
    fprintf(out, "guest.desc dom=1 vcpu=0 rip=%#" PRIx32 " desc=%s info=%#"
            PRIx32 " gla=%#" PRIx32 " gpa=%#" PRIx32 " len=7\n",
            rip, table, info, to, to);
    store(out, rip, to, 2, 0, rip + 7);
}

static void round_of(FILE *out, uint32_t data, uint64_t value)
{
    fetch(out, 0x103e60, 2, 0x103e10);
    store(out, 0x103e10, data, 8, value, 0x103e13);
    fputs("guest.cpuid dom=1 vcpu=0 rip=0x103e16 leaf=0x40000000\n", out);
    trap(out, 0x103e18, 3, 6);
    trap(out, 0x103e19, 1, 5);
    descriptor(out, 0x103e1a, "gdtr", 0x8418100, 0x115920);
    descriptor(out, 0x103e21, "idtr", 0x18418100, 0x115928);
    fputs("guest.mov_cr dom=1 vcpu=0 rip=0x103e32 cr=4 value=0x28 "
          "has_old=1 old=0x20\n"
          "guest.mov_cr dom=1 vcpu=0 rip=0x103e35 cr=4 value=0x20\n", out);
    for (unsigned int i = 0; i < CALLS; i++) {
        store(out, 0x103e58, 0x118fc8, 8, 0x103e5d, 0x1103a0);
        fetch(out, 0x1103a0, 1, 0x103e5d);
    }
}

void client_program(FILE *out)
{
    static const uint32_t data[] = { 0x11e000, 0x11b000, 0x11c000, 0x11d000 };

    for (unsigned int i = 0; i < ROUNDS; i++)
        round_of(out, data[i % LENGTH(data)], i + 1);
    fetch(out, 0x101420, 1, 0x101421);
    store(out, 0x101421, 0x113000, 8, ROUNDS, 0x103e60);
}
