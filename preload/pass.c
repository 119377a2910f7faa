/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/pass.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>

#include "harness/ring.h"
#include "preload/front.h"
#include "preload/libc.h"
#include "preload/record.h"
#include "sim/sim.h"

/* The client's call.  Decoders may make several hv_calls of it. */
static struct {
    bool active, done, writes;
    int fd;
    unsigned long request;
    uint64_t arg;
    size_t len;
    uint64_t result_at;         /* of one call among several, or 0 */
    long rc;
} current;

/* What the next hv_call, or hv_map, is to the client's call. */
static struct {
    pass_fill_fn *fill;
    void *ctx;
    uint64_t gfn, err_at;
} next;

/* The client was told to end: known where it makes its next call. */
static volatile sig_atomic_t signalled;

/* Pages that the client has mapped, mapped by us, too: ours stay as long as
 * they are looked at, whatever the client does with its own. */
static struct page {
    uint32_t dom, maps;
    uint64_t gfn, frame;
    void *p;
    bool lost;                  /* the guest has it no more */
} *pages;
static unsigned int nr_pages;
static uint64_t next_frame = 1;
static struct sim_pages ring_pages;

void pass_fill(pass_fill_fn *fill, void *ctx)
{
    next.fill = fill;
    next.ctx = ctx;
}

void pass_page(uint64_t gfn, uint64_t err_at)
{
    next.gfn = gfn;
    next.err_at = err_at;
}

void pass_result(uint64_t at)
{
    current.result_at = at;
}

/* The kernel's answer: to this call of several. */
static long answer(void)
{
    long rc;

    if (current.rc < 0 || !current.result_at)
        return current.rc;
    return user_read(&rc, current.result_at, sizeof(rc)) ? -EFAULT : rc;
}

/* Make the client's call, once: what the kernel answered.  Where the client
 * made none, as when a descriptor is closed, there is nothing to do. */
static long perform(void)
{
    if (!current.active || current.done)
        return answer();
    current.done = true;
    if (current.writes)
        current.rc = REAL(write)(current.fd, (void *)(uintptr_t)current.arg,
                                 current.len);
    else
        current.rc = REAL(ioctl)(current.fd, current.request,
                                 (void *)(uintptr_t)current.arg);
    if (current.rc < 0)
        current.rc = -errno;
    return answer();
}

static void note_signal(void)
{
    if (!signalled)
        return;
    signalled = 0;
    record_phase(PHASE_SIGNAL);
}

void pass_signalled(int signal)
{
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
        signalled = 1;
}

static void begin(int fd, uint64_t arg)
{
    note_signal();
    memset(&current, 0, sizeof(current));
    memset(&next, 0, sizeof(next));
    current.active = true;
    current.fd = fd;
    current.arg = arg;
}

static long end(void)
{
    long rc;

    current.result_at = 0;
    rc = perform();
    memset(&current, 0, sizeof(current));
    return rc;
}

long pass_ioctl(int fd, struct file *f, unsigned long request, uint64_t arg)
{
    begin(fd, arg);
    current.request = request;
    if (f->kind == FILE_PRIVCMD)
        privcmd_ioctl(request, arg, &f->restricted);
    else if (f->kind == FILE_EVTCHN)
        evtchn_ioctl(f->evtchn, request, arg);
    return end();
}

long pass_write(int fd, struct file *f, uint64_t from, size_t len)
{
    begin(fd, from);
    current.writes = true;
    current.len = len;
    if (f->kind == FILE_EVTCHN)
        evtchn_write(f->evtchn, from, len);
    return end();
}

void pass_waited(bool ended)
{
    bool any = false;
    int saved = errno;

    front_lock();
    for (uint32_t i = 0; front.hv && i < front.nr_domains; i++) {
        uint32_t dom = front.domains[i].id;

        pass_ring_note(dom, NULL);
        if (!pass_ring_waits(dom) || hv_wait(front.hv, dom) <= 0)
            continue;
        evtchn_poll(dom);
        any = true;
    }
    if (front.hv && !any && !ended) {
        record_phase(PHASE_IDLE);
        note_signal();
    }
    front_unlock();
    errno = saved;
}

/* ---- pages ---- */

static struct page *find_page(uint32_t dom, uint64_t gfn)
{
    for (unsigned int i = 0; i < nr_pages; i++) {
        if (pages[i].dom == dom && pages[i].gfn == gfn && !pages[i].lost)
            return &pages[i];
    }
    return NULL;
}

static int new_page(uint32_t dom, uint64_t gfn, struct page **page)
{
    struct page *more = realloc(pages, (nr_pages + 1) * sizeof(*pages));
    int rc;

    if (!more)
        return -ENOMEM;
    pages = more;
    *page = &pages[nr_pages];
    **page = (struct page){ .dom = dom, .gfn = gfn, .frame = next_frame };
    rc = pass_ask_map(dom, gfn, &(*page)->p);
    if (rc)
        return rc;
    nr_pages++;
    next_frame++;
    return 0;
}

/* What the kernel answered to the client's map of GFN; 0 where only the
 * recorder looks. */
static int mapped(uint64_t gfn)
{
    uint64_t err_at = gfn == next.gfn ? next.err_at : 0;
    long rc = err_at ? perform() : 0;
    int err = 0;

    if (err_at)
        next.err_at = 0;
    if (err_at && (rc >= 0 || rc == -ENOENT) &&
        user_read(&err, err_at, sizeof(err)))
        return -EFAULT;
    return err || rc >= 0 ? err : (int)rc;
}

static int map(struct hv *hv, uint32_t dom, uint64_t gfn,
               struct hv_page *page)
{
    int rc = mapped(gfn);
    struct page *p;

    (void)hv;
    if (rc)
        return rc;
    p = find_page(dom, gfn);
    if (!p)
        rc = new_page(dom, gfn, &p);
    if (rc)
        return rc;
    p->maps++;
    page->frame = p->frame;
    page->p = pass_ring_is(dom, gfn) ?
        pass_ring_map(dom, p->p, &ring_pages) : p->p;
    return 0;
}

static void unmap(struct hv *hv, const struct hv_page *page)
{
    struct page *p = pages;

    (void)hv;
    while (p < pages + nr_pages && p->frame != page->frame)
        p++;
    if (p == pages + nr_pages || --p->maps)
        return;
    pass_ring_unmap(p->p);
    REAL(munmap)(p->p, FRONT_PAGE);
    *p = pages[--nr_pages];
}

/* DOM has lost its page at GFN, or with ~0 all of them. */
static void lose(uint32_t dom, uint64_t gfn)
{
    for (unsigned int i = 0; i < nr_pages; i++)
        pages[i].lost |= pages[i].dom == dom &&
                         (gfn == ~0ull || pages[i].gfn == gfn);
}

/* ---- calls ---- */

/* They ask what the client's call is not about, or not alone. */
static bool asks(enum hv_op op)
{
    return op == OP_DOMAIN_INFO || op == OP_VCPU_REGS_GET ||
           op == OP_VCPU_MTRR_GET;
}

static bool is_vm_event(enum hv_op op, const void *args, uint32_t sub_op)
{
    const struct args_vm_event_op *a = args;

    return op == OP_VM_EVENT_OP && a->op == sub_op &&
           a->mode == XEN_DOMCTL_VM_EVENT_OP_MONITOR;
}

/* What else is different now that OP was a success. */
static void changed(enum hv_op op, void *args)
{
    const struct args_change_gfn *moved = args;
    const struct args_hvm_param *param = args;
    const struct args_vm_event_op *v = args;
    const struct args_port *port = args;

    if (op == OP_EVTCHN_BIND)
        pass_port_bound(port->dom, port->port);
    else if (op == OP_EVTCHN_UNBIND)
        pass_port_unbound(port->dom, port->port);
    else if (op == OP_HVM_PARAM_GET || op == OP_HVM_PARAM_SET) {
        if (param->param == HVM_PARAM_MONITOR_RING_PFN)
            pass_ring_param(param->dom, param->value);
    } else if (is_vm_event(op, args, XEN_VM_EVENT_ENABLE))
        pass_ring_enabled(v->dom, v->out);
    else if (is_vm_event(op, args, XEN_VM_EVENT_DISABLE))
        pass_ring_disabled(v->dom);
    else if (op == OP_MEMORY_DECREASE || op == OP_MEMORY_REMOVE)
        lose(v->dom, ((const struct args_physmap *)args)->gfn);
    else if (op == OP_MEMORY_MOVE) {
        lose(v->dom, moved->old_gfn);
        lose(v->dom, moved->new_gfn);
    } else if (op == OP_DOMAIN_DESTROY)
        lose(v->dom, ~0ull);
}

static int call(struct hv *hv, enum hv_op op, void *args)
{
    struct args_port *port = args;
    pass_fill_fn *fill = next.fill;
    long rc;

    (void)hv;
    next.fill = NULL;
    if (op == OP_CLIENT_HYPERCALL)
        return -ENOSYS;         /* the model's answer */
    if (op == OP_CLIENT_DOMAIN || op == OP_CLIENT_PHASE ||
        op == OP_CLIENT_VERSION)
        return 0;
    if (op == OP_EVTCHN_PENDING) {
        port->out = pass_port_pending(port->dom, port->port);
        return 0;
    }
    if (ring_uses(op))
        pass_ring_respond(port->dom);
    pass_ring_note(port->dom, record_cause);
    if (asks(op))
        return pass_ask(op, args);
    rc = perform();
    if (op == OP_EVTCHN_UNMASK) {
        pass_port_unmask(port->dom, port->port);
        return 0;
    }
    if (fill)
        rc = fill(next.ctx, args, rc);
    if (rc >= 0)
        changed(op, args);
    return (int)rc;
}

/* The client has waited. */
static int wait_over(struct hv *hv, uint32_t dom)
{
    (void)hv;
    return pass_ring_deliver(dom) != 0;
}

static void *ring(struct hv *hv, uint32_t dom)
{
    (void)hv;
    return pass_ring(dom);
}

static int observe(struct hv *hv, uint32_t dom, const struct vm_event_st *ev)
{
    (void)hv;
    (void)dom;
    (void)ev;
    return -EOPNOTSUPP;
}

static void close_pass(struct hv *hv)
{
    (void)hv;
}

struct hv *pass_open(const struct sim_pages *from)
{
    static const struct hv_ops ops = {
        .call = call, .ring = ring, .map = map, .unmap = unmap,
        .wait = wait_over, .observe = observe, .close = close_pass,
    };
    static struct hv hv = { .ops = &ops, .name = "xen" };
    int rc = pass_ask_open();

    if (rc) {
        front_say("Xen's devices: %s", strerror(-rc));
        return NULL;
    }
    ring_pages = *from;
    return &hv;
}
