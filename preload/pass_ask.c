/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of our own to the kernel, with a device and a buffer of our own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/domain_info.h"
#include "harness/hvm_cpu.h"
#include "preload/abi.h"
#include "preload/front.h"
#include "preload/libc.h"
#include "preload/pass.h"

#include <xen/domctl.h>
#include <xen/sys/privcmd.h>

#define BUFFER  (8 * FRONT_PAGE)
#define RECORD  1024            /* where in it a record goes */

static struct {
    int fd;                     /* of privcmd */
    char *buffer;               /* that hypercalls can reach */
} own = { .fd = -1 };

/* The pages of /dev/xen/hypercall never move; before it, locked ones had
 * to do (libxencall, linux.c). */
static char *open_buffer(void)
{
    int fd = REAL(open)("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    void *p = REAL(mmap)(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED |
                         (fd < 0 ? MAP_ANONYMOUS | MAP_LOCKED : 0), fd, 0);

    if (fd >= 0)
        REAL(close)(fd);
    return p;
}

int pass_ask_open(void)
{
    own.fd = file_hide(REAL(open)("/dev/xen/privcmd", O_RDWR | O_CLOEXEC));
    if (own.fd < 0)
        return own.fd;
    own.buffer = open_buffer();
    return own.buffer == MAP_FAILED ? -errno : 0;
}

static int domctl(struct xen_domctl *op)
{
    struct privcmd_hypercall h = {
        .op = __HYPERVISOR_domctl, .arg = { (uintptr_t)own.buffer },
    };
    int rc;

    op->interface_version = abi()->domctl;
    memcpy(own.buffer, op, sizeof(*op));
    rc = REAL(ioctl)(own.fd, IOCTL_PRIVCMD_HYPERCALL, &h);
    if (rc < 0)
        return -errno;
    memcpy(op, own.buffer, sizeof(*op));
    return 0;
}

static int info(struct args_domain_info *a)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo,
                             .domain = (domid_t)a->dom };
    int rc = domctl(&op);

    if (rc)
        return rc;
    if (op.domain != a->dom)    /* there is only one behind it */
        return -ESRCH;
    domain_info_get(&op.u.getdomaininfo, a);
    return 0;
}

/* A record of vCPU INSTANCE of DOM: it is then in the buffer. */
static int record(uint32_t dom, uint32_t type, uint32_t instance)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_gethvmcontext_partial,
                             .domain = (domid_t)dom };
    struct xen_domctl_hvmcontext_partial *p = &op.u.hvmcontext_partial;

    p->type = type;
    p->instance = instance;
    p->bufsz = BUFFER - RECORD;
    set_xen_guest_handle_raw(p->buffer, (void *)(own.buffer + RECORD));
    return domctl(&op);
}

static int get_registers(struct args_vcpu_regs *a)
{
    const struct hvm_hw_cpu_xsave *x = (void *)(own.buffer + RECORD);
    int rc = record(a->dom, HVM_SAVE_CODE(CPU), a->vcpu);

    if (rc)
        return rc;
    hvm_cpu_get((void *)(own.buffer + RECORD), a);
    /* There is none before the first XSETBV. */
    a->xcr0 = record(a->dom, CPU_XSAVE_CODE, a->vcpu) ? 0 : x->xcr0;
    return 0;
}

static int get_mtrr(struct args_vcpu_mtrr *a)
{
    int rc = record(a->dom, HVM_SAVE_CODE(MTRR), a->vcpu);

    if (!rc)
        hvm_mtrr_get((void *)(own.buffer + RECORD), a);
    return rc;
}

int pass_ask(enum hv_op op, void *args)
{

    switch (op) {
    case OP_DOMAIN_INFO:
        return info(args);
    case OP_VCPU_REGS_GET:
        return get_registers(args);
    case OP_VCPU_MTRR_GET:
        return get_mtrr(args);
    default:
        return -EOPNOTSUPP;
    }
}

int pass_ask_map(uint32_t dom, uint64_t gfn, void **p)
{
    xen_pfn_t pfn = gfn;
    int err = 0;
    struct privcmd_mmapbatch_v2 b = {
        .num = 1, .dom = (domid_t)dom, .arr = &pfn, .err = &err,
    };

    *p = REAL(mmap)(NULL, FRONT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                    own.fd, 0);
    if (*p == MAP_FAILED)
        return -errno;
    b.addr = (uintptr_t)*p;
    if (REAL(ioctl)(own.fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &b) < 0 || err) {
        err = err ? err : -errno;
        REAL(munmap)(*p, FRONT_PAGE);
    }
    return err;
}
