/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as a client's calls of privcmd and evtchn.  A word
 * that begins with 0xa5a5 is made a pointer into the client's memory, some of
 * which is read-only or not there. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>
#include <xen/sysctl.h>

#include "preload/domctl.h"
#include "tests/fuzz-front.h"

#define PAGES   8               /* that can be used, one read-only, none */
#define FOREIGN 4

static char *memory;            /* the client's */
static uint32_t restricted;
static struct evtchn *channel;
static char *foreign;

static void map_memory(void)
{
    memory = mmap(NULL, (PAGES + 2) * FRONT_PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED ||
        mprotect(memory + PAGES * FRONT_PAGE, FRONT_PAGE, PROT_READ) ||
        mprotect(memory + (PAGES + 1) * FRONT_PAGE, FRONT_PAGE, PROT_NONE))
        abort();
}

static uint64_t pointer(uint64_t word)
{
    if (word >> 48 != 0xa5a5)
        return word;
    return (uintptr_t)memory + word % ((PAGES + 2) * FRONT_PAGE);
}

/* A structure, its words turned into pointers where they say so. */
static void structure(struct fuzz_bytes *b, void *to, size_t room)
{
    size_t len = fuzz_u8(b);

    memset(to, 0, room);
    fuzz_take(b, to, len < room ? len : room);
    for (size_t i = 0; i + 8 <= room; i += 8) {
        uint64_t word;

        memcpy(&word, (char *)to + i, 8);
        word = pointer(word);
        memcpy((char *)to + i, &word, 8);
    }
}

static uint16_t domain(struct fuzz_bytes *b)
{
    static const uint16_t other[] = {
        0, 2, DOMID_SELF, DOMID_IO, DOMID_XEN, DOMID_INVALID, 0xffff
    };
    uint8_t n = fuzz_u8(b);

    return n < sizeof(other) / sizeof(*other) ? other[n] :
           1 + n % front.nr_domains;
}

/* Where a structure of LEN bytes is in the client's memory. */
static uint64_t place(struct fuzz_bytes *b, const void *from, size_t len)
{
    uint16_t at = fuzz_u16(b);
    uint64_t to = (uintptr_t)memory + at % ((PAGES + 2) * FRONT_PAGE);

    if (at < 0x100)
        return at;
    user_write(to, from, len);
    return to;
}

static void hypercall_ioctl(uint64_t op, uint64_t a0, uint64_t a1,
                            uint64_t a2)
{
    struct privcmd_hypercall h = { .op = op, .arg = { a0, a1, a2 } };

    privcmd_ioctl(IOCTL_PRIVCMD_HYPERCALL, (uintptr_t)&h, &restricted);
}

static void domctl(struct fuzz_bytes *b)
{
    struct xen_domctl d = { .cmd = fuzz_u8(b) };

    d.domain = domain(b);
    d.interface_version = XEN_DOMCTL_INTERFACE_VERSION - !d.cmd;
    structure(b, &d.u, sizeof(d.u));
    hypercall_ioctl(__HYPERVISOR_domctl, place(b, &d, sizeof(d)), 0, 0);
}

static void sysctl(struct fuzz_bytes *b)
{
    struct xen_sysctl s = { .cmd = fuzz_u8(b) };

    s.interface_version = XEN_SYSCTL_INTERFACE_VERSION - !s.cmd;
    structure(b, &s.u, sizeof(s.u));
    hypercall_ioctl(__HYPERVISOR_sysctl, place(b, &s, sizeof(s)), 0, 0);
}

static void altp2m(struct fuzz_bytes *b)
{
    struct xen_hvm_altp2m_op op = { .cmd = fuzz_u8(b) };

    op.version = HVMOP_ALTP2M_INTERFACE_VERSION + !op.cmd;
    op.domain = domain(b);
    structure(b, &op.u, sizeof(op.u));
    hypercall_ioctl(__HYPERVISOR_hvm_op, HVMOP_altp2m,
                    place(b, &op, sizeof(op)), 0);
}

/* Other operations: a structure that begins with a domain or has one in the
 * second half of its last word. */
static void other(struct fuzz_bytes *b, uint64_t op)
{
    uint64_t words[16], cmd = fuzz_u8(b);

    structure(b, words, sizeof(words));
    if (cmd & 0x80)
        words[0] = (words[0] & ~0xffffull) | domain(b);
    hypercall_ioctl(op, cmd & 0x7f, place(b, words, sizeof(words)),
                    pointer(fuzz_u64(b)));
}

static void reservation(struct fuzz_bytes *b)
{
    struct xen_memory_reservation r;

    structure(b, &r, sizeof(r));
    r.domid = domain(b);
    hypercall_ioctl(__HYPERVISOR_memory_op, fuzz_u8(b) & 0x47,
                    place(b, &r, sizeof(r)), 0);
}

static void access_op(struct fuzz_bytes *b)
{
    struct xen_mem_access_op op;

    structure(b, &op, sizeof(op));
    op.domid = domain(b);
    op.op &= 7;
    hypercall_ioctl(__HYPERVISOR_memory_op, XENMEM_access_op,
                    place(b, &op, sizeof(op)), 0);
}

static void multicall(struct fuzz_bytes *b)
{
    multicall_entry_t e[4];

    structure(b, e, sizeof(e));
    hypercall_ioctl(__HYPERVISOR_multicall, place(b, e, sizeof(e)),
                    fuzz_u8(b) & 1 ? fuzz_u64(b) : 4, 0);
}

static void dm_op(struct fuzz_bytes *b)
{
    struct xen_dm_op op = { .op = XEN_DMOP_inject_event };
    struct privcmd_dm_op_buf buf;
    struct privcmd_dm_op call = { .dom = domain(b), .num = fuzz_u8(b) & 3 };

    structure(b, &op.u, sizeof(op.u));
    buf.uptr = (void *)(uintptr_t)place(b, &op, sizeof(op));
    buf.size = fuzz_u8(b);
    call.ubufs = (void *)(uintptr_t)place(b, &buf, sizeof(buf));
    privcmd_ioctl(IOCTL_PRIVCMD_DM_OP, (uintptr_t)&call, &restricted);
}

static void map_batch(struct fuzz_bytes *b)
{
    struct privcmd_mmapbatch_v2 m;

    structure(b, &m, sizeof(m));
    m.dom = domain(b);
    m.num = fuzz_u8(b) < 0xf0 ? m.num % (FOREIGN + 2) : m.num;
    if (m.addr < 0x10000)
        m.addr = (uintptr_t)foreign + m.addr % (FOREIGN * FRONT_PAGE);
    if (!(m.addr & 1))
        m.addr &= ~0xfffull;
    privcmd_ioctl(IOCTL_PRIVCMD_MMAPBATCH_V2, place(b, &m, sizeof(m)),
                  &restricted);
}

static void evtchn(struct fuzz_bytes *b)
{
    static const unsigned long requests[] = {
        IOCTL_EVTCHN_BIND_VIRQ, IOCTL_EVTCHN_BIND_INTERDOMAIN,
        IOCTL_EVTCHN_BIND_UNBOUND_PORT, IOCTL_EVTCHN_UNBIND,
        IOCTL_EVTCHN_NOTIFY, IOCTL_EVTCHN_RESET, IOCTL_EVTCHN_RESTRICT_DOMID,
        0xff,
    };
    uint8_t n = fuzz_u8(b);
    uint32_t words[2] = { domain(b), fuzz_u8(b) };

    if (n & 8)
        words[0] = words[1];
    if (n & 16)
        evtchn_read(channel, place(b, words, 8), words[1]);
    else if (n & 32)
        evtchn_write(channel, place(b, words, 8), fuzz_u16(b));
    else
        evtchn_ioctl(channel, requests[n % 8], place(b, words, 8));
}

/* Use what is mapped, lose some of it, map again. */
static void use_mapping(struct fuzz_bytes *b)
{
    uint8_t how = fuzz_u8(b);
    char *at = foreign + (how & 3) * FRONT_PAGE;

    if (how & 4) {
        mapping_unmapped((uintptr_t)at, FRONT_PAGE);
        munmap(at, FRONT_PAGE);
        if (mmap(at, FRONT_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
                 MAP_FIXED, -1, 0) != at ||
            mapping_reserve((uintptr_t)at, 1, PROT_READ | PROT_WRITE))
            abort();
    } else {
        uint64_t word = fuzz_u64(b);

        user_write((uintptr_t)at + how, &word, sizeof(word));
    }
}

static void restrict_to(struct fuzz_bytes *b)
{
    domid_t dom = domain(b);

    privcmd_ioctl(IOCTL_PRIVCMD_RESTRICT, place(b, &dom, sizeof(dom)),
                  &restricted);
}

static void act(struct fuzz_bytes *b)
{
    static void (*const acts[])(struct fuzz_bytes *b) = {
        domctl, domctl, domctl, sysctl, altp2m, altp2m, reservation,
        access_op, multicall, dm_op, map_batch, evtchn, evtchn, use_mapping,
    };
    static const uint8_t ops[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_hvm_op, __HYPERVISOR_xen_version,
        __HYPERVISOR_dm_op, __HYPERVISOR_sched_op, __HYPERVISOR_xsm_op,
    };
    uint8_t how = fuzz_u8(b);

    if (how < sizeof(acts) / sizeof(*acts))
        acts[how](b);
    else if (how < 0x20)
        other(b, ops[how % sizeof(ops)]);
    else if (how < 0x28)
        fuzz_program();
    else if (how == 0x28)
        restrict_to(b);
    else if (how == 0x29)
        privcmd_ioctl(fuzz_u64(b), pointer(fuzz_u64(b)), &restricted);
    else if (how == 0x2a)
        privcmd_ioctl(IOCTL_PRIVCMD_MMAP_RESOURCE, pointer(fuzz_u64(b)),
                      &restricted);
    else if (how == 0x2b)
        hypercall_ioctl(fuzz_u64(b), pointer(fuzz_u64(b)),
                        pointer(fuzz_u64(b)), 0);
    else if (hv_wait(front.hv, 1) > 0)
        evtchn_poll(1);
}

/* Domain 2, whose page tables are hypercalls' business. */
static void start_pv(bool with_access)
{
    struct args_create *create = &front.domains[front.nr_domains].create;
    struct args_dom dom = { .dom = 2 };

    sim_default_domain(create, dom.dom, 1, 1);
    create->type = GUEST_PV;
    create->pv_mem_access = with_access;
    front.domains[front.nr_domains++].id = dom.dom;
    if (hv_call(front.hv, OP_DOMAIN_CREATE, create) ||
        hv_call(front.hv, OP_DOMAIN_UNPAUSE, &dom))
        abort();
    vcpu_context_boot(create);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes b = { data, size };
    int fd = eventfd(0, EFD_NONBLOCK);
    uint8_t how = fuzz_u8(&b);

    if (!memory)
        map_memory();
    memset(memory, 0, PAGES * FRONT_PAGE);
    if (how & 1)
        user_trust((uintptr_t)memory, PAGES * FRONT_PAGE);
    fuzz_start(0);
    if (how & 2)
        start_pv(how & 4);
    restricted = ~0u;
    channel = evtchn_new(fd);
    foreign = mmap(NULL, FOREIGN * FRONT_PAGE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!channel || foreign == MAP_FAILED ||
        mapping_reserve((uintptr_t)foreign, FOREIGN,
                        how & 8 ? PROT_READ : PROT_READ | PROT_WRITE))
        abort();
    while (b.left)
        act(&b);
    mapping_unmapped((uintptr_t)foreign, FOREIGN * FRONT_PAGE);
    munmap(foreign, FOREIGN * FRONT_PAGE);
    evtchn_free(channel);
    close(fd);
    user_distrust((uintptr_t)memory, PAGES * FRONT_PAGE);
    fuzz_stop();
    return 0;
}
