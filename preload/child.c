/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child of a client's has no machine, but it can destroy its parent's
 * domains, as libxl does while the parent waits (libxl_domain.c:
 * devices_destroy_cb).  What it asks for lies in a page that both have, until
 * its parent next comes to us: it cannot see the difference. */
#include "preload/front.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/sys/privcmd.h>

#include "preload/abi.h"

#define MAX_WISHES      1023

struct wishes {
    _Atomic uint32_t nr;
    _Atomic uint32_t dom[MAX_WISHES];   /* 0: not written yet */
};

static struct wishes *wishes;   /* NULL: this process never forked */
static uint32_t granted;        /* of them */

void child_prepare(void)
{
    void *p;

    if (wishes || !front.pid)
        return;
    p = mmap(NULL, sizeof(*wishes), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    wishes = p == MAP_FAILED ? NULL : p;
}

void child_grant(void)
{
    uint32_t dom;

    if (!wishes || front.parent)
        return;
    while (granted < MAX_WISHES && (dom = wishes->dom[granted])) {
        granted++;
        life_destroy(dom);
    }
}

static int destroy(uint32_t dom)
{
    uint32_t i;

    if (!front_domain(dom))
        return dom ? -ESRCH : -EINVAL;
    if (!wishes)
        return -ENOMEM;
    i = wishes->nr++;
    if (i >= MAX_WISHES)
        return -ENOSPC;
    wishes->dom[i] = dom;
    return 0;
}

/* Of hypercalls, that one; the rest is refused. */
static int domctl(uint64_t arg)
{
    struct privcmd_hypercall h;
    struct xen_domctl d;

    if (user_read(&h, arg, sizeof(h)))
        return -EFAULT;
    if (h.op != __HYPERVISOR_domctl)
        return front_start();
    if (user_read(&d, h.arg[0], sizeof(d)))
        return -EFAULT;
    if (d.interface_version != abi()->domctl)
        return -EACCES;
    return d.cmd == XEN_DOMCTL_destroydomain ? destroy(d.domain) :
        front_start();
}

/* The second and third are how libraries ask what there is. */
int child_ioctl(unsigned long request, uint64_t arg)
{
    struct privcmd_dm_op op;

    switch (request) {
    case IOCTL_PRIVCMD_HYPERCALL:
        return domctl(arg);
    case IOCTL_PRIVCMD_UNIMPLEMENTED:
        return -ENOTTY;
    case IOCTL_PRIVCMD_DM_OP:
        if (user_read(&op, arg, sizeof(op)))
            return -EFAULT;
        return op.num ? front_start() : 0;
    default:
        return front_start();
    }
}
