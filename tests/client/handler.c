/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client whose signal handler makes hypercalls, and interrupts its malloc():
 * with that one's lock held nothing may be allocated.  It is silent and ends
 * with 0, or says what went wrong.  Not part of xenreel:
 * tests/client-libc.sh builds it. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static struct monitor m;
static bool armed;              /* the next malloc() is interrupted */
static volatile bool handling;
static unsigned int allocated, handled;

void *malloc(size_t size)
{
    allocated += handling;
    if (armed) {
        armed = false;
        raise(SIGUSR1);
    }
    return __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
    allocated += handling;
    return __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
    allocated += handling;
    return __libc_realloc(p, size);
}

void free(void *p)
{
    allocated += handling && p;
    __libc_free(p);
}

/* What a monitor does for an event, and to stop its guest. */
static void handle(int number)
{
    xenmem_access_t access;
    xc_dominfo_t info;
    uint64_t value;

    (void)number;
    handling = true;
    WANT(!xc_domain_pause(m.xc, 1));
    WANT(xc_domain_getinfo(m.xc, 1, 1, &info) == 1 && info.paused);
    WANT(!xc_set_mem_access(m.xc, 1, XENMEM_access_rx, 0x20, 4));
    WANT(!xc_get_mem_access(m.xc, 1, 0x21, &access));
    WANT(access == XENMEM_access_rx);
    WANT(!xc_hvm_param_get(m.xc, 1, HVM_PARAM_MONITOR_RING_PFN, &value));
    monitor_answer(&m);
    WANT(!xc_domain_unpause(m.xc, 1));
    handling = false;
    handled++;
}

int main(void)
{
    struct sigaction act = { .sa_handler = handle };

    monitor_open(&m);
    /* The first of these splits a large mapping, which takes a page table. */
    WANT(!xc_set_mem_access(m.xc, 1, XENMEM_access_rwx, 0x20, 4));
    WANT(!sigaction(SIGUSR1, &act, NULL));
    for (int i = 0; i < 4; i++) {
        void *volatile p;

        WANT(xenevtchn_pending(m.xe) == (int)m.port);
        armed = true;
        p = malloc(1);
        free(p);
    }
    WANT(handled == 4 && m.events == 3);
    if (allocated)
        fprintf(stderr, "%u allocations\n", allocated);
    monitor_close(&m);
    return allocated != 0;
}
