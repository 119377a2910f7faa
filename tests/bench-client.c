/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of Debian's libxenctrl pays on the model: it runs itself
 * under xenreel run. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "harness/ring.h"
#include "tests/bench.h"

#define DOM     1
#define CALLS   20000
#define MAPS    2000
#define EVENTS  2000

struct client {
    xc_interface *xc;
    xenforeignmemory_handle *memory;
    xenevtchn_handle *channel;
    int port;
    void *page;                 /* the ring's */
    struct ring_client ring;
};

/* ---- hypercalls ---- */

static double trivial_calls(void *arg)
{
    double start = bench_now();

    (void)arg;
    for (unsigned int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
    return bench_now() - start;
}

static double hypercalls(void *arg)
{
    struct client *c = arg;
    double start = bench_now();

    for (unsigned int i = 0; i < CALLS; i++)
        xc_version(c->xc, XENVER_version, NULL);
    return bench_now() - start;
}

/* A structure in a hypercall buffer, in a multicall, there and back. */
static double access_calls(void *arg)
{
    struct client *c = arg;
    double start = bench_now();
    xenmem_access_t access;

    for (unsigned int i = 0; i < CALLS; i++)
        bench_check(!xc_get_mem_access(c->xc, DOM, i % 1024, &access),
                    "xc_get_mem_access");
    return bench_now() - start;
}

/* ---- foreign mappings ---- */

static double plain_maps(void *arg)
{
    double start = bench_now();

    (void)arg;
    for (unsigned int i = 0; i < MAPS; i++) {
        char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        *(volatile char *)p = 1;
        munmap(p, 4096);
    }
    return bench_now() - start;
}

static double foreign_maps(void *arg)
{
    struct client *c = arg;
    double start = bench_now();

    for (unsigned int i = 0; i < MAPS; i++) {
        xen_pfn_t gfn = i % 1024;
        int err;
        char *p = xenforeignmemory_map(c->memory, DOM, PROT_READ | PROT_WRITE,
                                       1, &gfn, &err);

        bench_check(p && !err, "xenforeignmemory_map");
        *(volatile char *)p = 1;
        xenforeignmemory_unmap(c->memory, p, 1);
    }
    return bench_now() - start;
}

/* ---- events ---- */

/* As many system calls as the client below would make. */
static double event_calls(void *arg)
{
    struct pollfd p = { .events = POLLIN };
    uint64_t count = 1;
    double start;

    (void)arg;
    p.fd = eventfd(0, 0);
    start = bench_now();
    for (unsigned int i = 0; i < EVENTS; i++) {
        bench_check(write(p.fd, &count, 8) == 8 && poll(&p, 1, 100) == 1 &&
                    read(p.fd, &count, 8) == 8, "eventfd");
        syscall(SYS_getppid);
    }
    start = bench_now() - start;
    close(p.fd);
    return start;
}

static void handle_events(struct client *c)
{
    while (ring_has_request(&c->ring, c->page)) {
        struct args_event ev;

        ring_take(&c->ring, c->page, &ev);
        ev.ev.flags &= VM_EVENT_FLAG_VCPU_PAUSED;
        ring_put(&c->ring, c->page, &ev.ev);
    }
}

static double events(void *arg)
{
    struct client *c = arg;
    struct pollfd p = { .fd = xenevtchn_fd(c->channel), .events = POLLIN };
    double start = bench_now();

    for (unsigned int i = 0; i < EVENTS; i++) {
        int port;

        bench_check(poll(&p, 1, 100) == 1, "an event");
        port = xenevtchn_pending(c->channel);
        bench_check(port == c->port &&
                    !xenevtchn_unmask(c->channel, port), "its port");
        handle_events(c);
        bench_check(!xenevtchn_notify(c->channel, c->port), "the answer");
    }
    return bench_now() - start;
}

/* ---- */

static void handler(int number)
{
    (void)number;
}

static void open_client(struct client *c)
{
    uint32_t port;
    int rc;

    c->xc = xc_interface_open(NULL, NULL, 0);
    c->memory = xenforeignmemory_open(NULL, 0);
    c->channel = xenevtchn_open(NULL, 0);
    bench_check(c->xc && c->memory && c->channel, "opening the devices");
    c->page = xc_monitor_enable(c->xc, DOM, &port);
    bench_check(c->page, "xc_monitor_enable");
    ring_init(&c->ring, c->page);
    rc = xenevtchn_bind_interdomain(c->channel, DOM, port);
    bench_check(rc >= 0, "binding the port");
    c->port = rc;
    bench_check(!xc_monitor_software_breakpoint(c->xc, DOM, true),
                "breakpoints");
}

static void bench_client(void)
{
    struct client c;
    struct bench b = {
        .name = "hypercall (xc_version) / system call", .aim = "<= 1",
        .subject = hypercalls, .floor = trivial_calls, .arg = &c,
        .count = CALLS,
    };

    open_client(&c);
    bench_title();
    bench_measure(&b);
    b.name = "xc_get_mem_access / the same";
    b.aim = "";
    b.subject = access_calls;
    bench_measure(&b);
    b = (struct bench){
        .name = "foreign page / mmap, munmap", .aim = "",
        .subject = foreign_maps, .floor = plain_maps, .arg = &c,
        .count = MAPS,
    };
    bench_measure(&b);
    b = (struct bench){
        .name = "event / its system calls", .aim = "",
        .subject = events, .floor = event_calls, .arg = &c, .count = EVENTS,
    };
    bench_measure(&b);
    bench_check(signal(SIGUSR1, handler) != SIG_ERR, "signal");
    b = (struct bench){
        .name = "xc_version, the client has a handler", .aim = "",
        .subject = hypercalls, .floor = trivial_calls, .arg = &c,
        .count = CALLS,
    };
    bench_measure(&b);
}

/* A guest that only runs into breakpoints: the name of its program. */
static void write_program(char path[32])
{
    static const char program[] =
        "guest.trap dom=1 vcpu=0 rip=0x1000 vector=3 type=6 insn_len=1\n";
    int fd = memfd_create("program", 0);

    bench_check(fd >= 0 && write(fd, program, sizeof(program) - 1) > 0,
                "memfd_create");
    snprintf(path, 32, "/proc/self/fd/%d", fd);
}

int main(int argc, char **argv)
{
    char path[32];

    (void)argc;
    if (getenv("XENREEL_SETUP")) {
        bench_client();
        return 0;
    }
    write_program(path);
    execl("./xenreel", "xenreel", "run", "--program", path, "--loops",
          "100000", "--at-end", "wait", "--real-time", "--", argv[0],
          (char *)NULL);
    perror("./xenreel");
    return 1;
}
