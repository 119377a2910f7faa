/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define XC_WANT_COMPAT_DEVICEMODEL_API 1        /* xc_hvm_inject_msi */
#include "real/puppet_xen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/domctl.h>

#include "harness/ring.h"
#include "real/private.h"
#include "real/puppet.h"
#include "real/puppet_abi.h"

#define MSI_ADDRESS     0xfee00000u     /* fixed, edge, physical */
#define APIC_ID(vcpu)   (2 * (vcpu))    /* Xen's choice */
#define BOOT_MS         20000
#define RUN_MS          20000           /* of a program without an end */
#define STEP_MS         1
#define STUCK           50      /* looks without progress: no more to come */

struct driven {                 /* a domain of puppets */
    struct xen *x;
    uint32_t dom, id;
    struct puppet *puppet;      /* NULL: none */
    uint32_t requests, responses;       /* of its ring, that are known */
    uint32_t waiting;           /* vCPUs that are paused in an event */
    uint64_t progress;          /* as of the last look */
    unsigned int stuck;         /* looks ago */
};

struct driver {
    struct driven domains[XEN_MAX_DOMAINS];
    unsigned int nr_domains;
};

/* ---- a vCPU ---- */

static int vcpu_map(void *ctx, uint64_t gfn, struct hv_page *page)
{
    const struct driven *d = ctx;

    page->write = true;
    return hv_map(xen_hv(d->x), d->dom, gfn, page);
}

static void vcpu_unmap(void *ctx, const struct hv_page *page)
{
    const struct driven *d = ctx;

    hv_unmap(xen_hv(d->x), page);
}

#define REGISTERS(R) \
    R(rax) R(rcx) R(rdx) R(rbx) R(rsp) R(rbp) R(rsi) R(rdi) R(r8) R(r9) \
    R(r10) R(r11) R(r12) R(r13) R(r14) R(r15) R(rip) R(rflags)

static int vcpu_get(void *ctx, uint32_t vcpu,
                    struct vm_event_regs_x86 *regs, bool *halted)
{
    const struct driven *d = ctx;
    vcpu_guest_context_any_t c;
    xc_vcpuinfo_t info;
    int rc = xen_answer(xc_vcpu_getinfo(d->x->xc, d->id, vcpu, &info));

    if (!rc)
        rc = xen_answer(xc_vcpu_getcontext(d->x->xc, d->id, vcpu, &c));
    if (rc)
        return rc;
    *halted = info.blocked;
#define GET(name) regs->name = c.x64.user_regs.name;
    REGISTERS(GET)
#undef GET
    return 0;
}

static int vcpu_set(void *ctx, uint32_t vcpu,
                    const struct vm_event_regs_x86 *regs)
{
    const struct driven *d = ctx;
    vcpu_guest_context_any_t c;
    int rc = xen_answer(xc_vcpu_getcontext(d->x->xc, d->id, vcpu, &c));

    if (rc)
        return rc;
#define SET(name) c.x64.user_regs.name = regs->name;
    REGISTERS(SET)
#undef SET
    return xen_answer(xc_vcpu_setcontext(d->x->xc, d->id, vcpu, &c));
}

/* An NMI stays pending while the vCPU single-steps (vmx/intr.c:
 * vmx_intr_assist), and no HLT waits then; an interrupt of low priority is
 * never delivered, and ends the one HLT it comes in. */
static int vcpu_wake(void *ctx, uint32_t vcpu, uint8_t vector)
{
    const struct driven *d = ctx;

    if (vector)
        return xen_answer(xc_hvm_inject_msi(
            d->x->xc, d->id, MSI_ADDRESS | (uint64_t)APIC_ID(vcpu) << 12,
            vector));
    return xen_answer(xc_domain_send_trigger(
        d->x->xc, d->id, XEN_DOMCTL_SENDTRIGGER_NMI, vcpu));
}

/* ---- a domain ---- */

static struct driven *find(struct driver *t, struct xen *x, uint32_t dom)
{
    for (unsigned int i = 0; i < t->nr_domains; i++) {
        struct driven *d = &t->domains[i];

        if (d->dom == dom && d->id == xen_real_id(x, dom) && d->puppet)
            return d;
    }
    return NULL;
}

static struct driven *place_for(struct driver *t, uint32_t dom)
{
    unsigned int i = 0;

    while (i < t->nr_domains && t->domains[i].dom != dom)
        i++;
    if (i == XEN_MAX_DOMAINS)
        return NULL;
    if (i == t->nr_domains)
        t->nr_domains++;
    else
        puppet_detach(t->domains[i].puppet);
    return &t->domains[i];
}

/* Nothing is restricted and nobody listens yet: it may boot. */
static int boot(void *ctx)
{
    struct driven *d = ctx;
    const struct puppet_env env = {
        .ctx = d, .map = vcpu_map, .unmap = vcpu_unmap,
        .get = vcpu_get, .set = vcpu_set, .wake = vcpu_wake,
    };
    int rc = -EAGAIN;

    for (unsigned int ms = 0; rc == -EAGAIN && ms < BOOT_MS; ms += STEP_MS) {
        rc = puppet_attach(&env, &d->puppet);
        if (rc == -EAGAIN)
            usleep(1000 * STEP_MS);
    }
    return rc == -EAGAIN ? -ETIMEDOUT : rc;
}

static int driver_attach(void *ctx, struct xen *x, uint32_t dom)
{
    struct driven *d = place_for(ctx, dom);

    if (!d)
        return -E2BIG;
    *d = (struct driven){ .x = x, .dom = dom, .id = xen_real_id(x, dom) };
    return xen_let_boot(x, dom, boot, d);
}

static void driver_detach(void *ctx, struct xen *x, uint32_t dom)
{
    struct driven *d = find(ctx, x, dom);

    if (!d)
        return;
    puppet_detach(d->puppet);
    d->puppet = NULL;
}

static int driver_call(void *ctx, struct xen *x, enum hv_op op, void *args)
{
    const struct args_guest *a = args;  /* all of them begin alike */
    struct driven *d = find(ctx, x, a->dom);

    return d ? puppet_call(d->puppet, op, args) : -ESRCH;
}

/* ---- its ring ---- */

/* Its page; of another one's vCPUs nobody knows which wait. */
static const struct vm_event_sring *ring_of(struct driven *d)
{
    const struct vm_event_sring *s = hv_ring(xen_hv(d->x), d->dom);

    if (!s || s->req_prod < d->requests || s->rsp_event - 1 < d->responses)
        d->requests = d->responses = d->waiting = 0;
    return s;
}

/* Nothing in the page is trusted: no more than it has room for. */
static uint32_t fresh(uint32_t *known, uint32_t now)
{
    if (now - *known > RING_ENTRIES)
        *known = now - RING_ENTRIES;
    return now - *known;
}

static void see_requests(struct driven *d)
{
    const struct vm_event_sring *s = ring_of(d);

    for (uint32_t n = s ? fresh(&d->requests, ring_requests(s)) : 0; n; n--) {
        const vm_event_request_t *req =
            &s->ring[d->requests++ % RING_ENTRIES].req;

        if (req->flags & VM_EVENT_FLAG_VCPU_PAUSED)
            d->waiting |= 1u << req->vcpu_id % PUPPET_VCPUS;
    }
}

/* Those that Xen has taken (common/vm_event.c:vm_event_get_response). */
static int see_responses(struct driven *d)
{
    const struct vm_event_sring *s = ring_of(d);
    int rc = 0;

    for (uint32_t n = s ? fresh(&d->responses, s->rsp_event - 1) : 0;
         n && !rc; n--) {
        const vm_event_response_t rsp =
            s->ring[d->responses++ % RING_ENTRIES].rsp;
        uint32_t vcpu = 1u << rsp.vcpu_id % PUPPET_VCPUS;

        if (d->waiting & vcpu)
            rc = puppet_answered(d->puppet, &rsp);
        if (rsp.flags & VM_EVENT_FLAG_VCPU_PAUSED)
            d->waiting &= ~vcpu;
    }
    return rc;
}

/* ---- it runs ---- */

/* A number that changes while the domain's vCPUs get anywhere. */
static uint64_t progress(const struct driven *d)
{
    uint64_t sum = 0;

    for (uint32_t n = 0; n < puppet_vcpus(d->puppet); n++) {
        xc_vcpuinfo_t info;

        if (!xc_vcpu_getinfo(d->x->xc, d->id, n, &info))
            sum += info.cpu_time;
    }
    return sum;
}

/* vCPUs that are at an instruction and in no event may be stopped all the
 * same, for want of a slot on the ring for one: then they use no time. */
static bool step(struct driven *d, uint32_t *limit)
{
    uint64_t now;

    see_requests(d);
    if (puppet_step(d->puppet, d->waiting, limit) <= 0 ||
        xen_domain(d->x, d->dom)->pauses)
        return false;
    now = progress(d);
    d->stuck = now == d->progress ? d->stuck + 1 : 0;
    d->progress = now;
    if (d->stuck < STUCK)
        return true;
    d->stuck = 0;
    return false;
}

/* Guests run while the client waits, as in the model. */
static void run(struct driven *d)
{
    if (!xen_held(d->x, d->dom))
        return;
    see_requests(d);
    see_responses(d);
    xen_hold(d->x, d->dom, false);
}

static bool driver_busy(void *ctx, struct xen *x, uint32_t dom)
{
    struct driven *d = find(ctx, x, dom);

    if (!d)
        return false;
    run(d);
    return step(d, NULL);
}

static int driver_run(void *ctx, struct xen *x, uint32_t dom, uint32_t limit)
{
    struct driven *d = find(ctx, x, dom);

    if (!d)
        return -ESRCH;
    run(d);
    for (unsigned int ms = 0; ms < RUN_MS && step(d, &limit); ms += STEP_MS)
        usleep(1000 * STEP_MS);
    xen_hold(x, dom, true);
    return 0;
}

static void driver_close(void *ctx)
{
    struct driver *t = ctx;

    for (unsigned int i = 0; i < t->nr_domains; i++)
        puppet_detach(t->domains[i].puppet);
    free(t);
}

void *puppet_driver_new(void)
{
    return calloc(1, sizeof(struct driver));
}

const struct xen_driver puppet_driver = {
    .caps = HV_CAP_GUEST,
    .attach = driver_attach,
    .detach = driver_detach,
    .call = driver_call,
    .run = driver_run,
    .busy = driver_busy,
    .holds = true,
    .close = driver_close,
};
