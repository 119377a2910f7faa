/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of the devices, without libxenctrl: its hypercalls and their
 * errors are those of the kernel's interface.  Domain 1 is PVH with two
 * vCPUs, domain 2 HVM, domain 3 PV. */
#ifndef XENREEL_TEST_HYPERCALL_H
#define XENREEL_TEST_HYPERCALL_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/sys/privcmd.h>

#define PVH         1
#define HVM         2
#define PV          3
#define ARRAY(a)    (sizeof(a) / sizeof(*(a)))
#define BAD         ((void *)8)         /* where nothing is mapped */

static inline int privcmd(void)
{
    static int fd = -1;

    if (fd < 0)
        fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* The hypercall's result, or -errno. */
static inline long hypercall(uint64_t op, uint64_t a0, uint64_t a1,
                             uint64_t a2)
{
    struct privcmd_hypercall call = { op, { a0, a1, a2 } };
    int rc = ioctl(privcmd(), IOCTL_PRIVCMD_HYPERCALL, &call);

    return rc < 0 ? -errno : rc;
}

static inline long domctl(uint32_t cmd, uint32_t dom, struct xen_domctl *d)
{
    d->cmd = cmd;
    d->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    d->domain = dom;
    return hypercall(__HYPERVISOR_domctl, (uintptr_t)d, 0, 0);
}

/* Run TESTS as a client of xenreel's: the program starts itself again. */
static inline int hypercall_main(char **argv, int (*run)(void))
{
    const char *xenreel = getenv("XENREEL"), *src = getenv("top_srcdir");
    char pvh[512], hvm[512], pv[512];

    if (getenv("XENREEL_SETUP"))
        return run();
    snprintf(pvh, sizeof(pvh), "-d%s/tests/hypercall-pvh.cfg",
             src ? src : ".");
    snprintf(hvm, sizeof(hvm), "-d%s/tests/hypercall-hvm.cfg",
             src ? src : ".");
    snprintf(pv, sizeof(pv), "-d%s/tests/hypercall-pv.cfg", src ? src : ".");
    execlp(xenreel ? xenreel : "./xenreel", "xenreel", "run", pvh, hvm, pv,
           "--", argv[0], NULL);
    perror("xenreel");
    return 99;
}

#endif
