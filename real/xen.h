/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real Xen as a struct hv: the one of this machine, whose dom0 we are in,
 * by libxenctrl, libxenevtchn, libxenforeignmemory and libxencall.
 *
 * - An operation is the libxenctrl call it is named after; where there is
 *   none, the hypercall.  What the call says is what is answered: -errno.
 * - Domains have the numbers of whoever calls.  Which real domain stands
 *   behind a number is said by .attach or found out by domain.create; a number
 *   with none behind it is a domain that does not exist, whatever runs on the
 *   machine.  0 is dom0, whose memory, limits and life are left alone.
 * - Time is real: wait() is over when something came, or after .timeout_ms.
 * - What a guest does is nobody's to say, so there is no HV_CAP_GUEST, unless
 *   a driver brings it.  The implementation takes no observations, unless its
 *   driver does. */
#ifndef XENREEL_REAL_XEN_H
#define XENREEL_REAL_XEN_H

#include "harness/hv.h"

struct xen;

/* Something that makes guests do what guest.* says: a kernel of ours in the
 * domain, or the model behind the front end.  CTX is its own.  DOM is the
 * caller's number everywhere; xen_real_id() has the domain's. */
struct xen_driver {
    uint32_t caps;              /* HV_CAP_GUEST, HV_CAP_OBSERVE */
    /* domain.create made domain DOM, or found it attached; it is paused.
     * 0 or -Exxx, which is then the operation's answer; DOM is destroyed, or
     * as it was.  May be NULL. */
    int (*attach)(void *ctx, struct xen *x, uint32_t dom);
    /* DOM has been destroyed, and its ring is not mapped: it stays, dying,
     * until nothing of it is.  Till then it can be asked of.  It may be one
     * that was not attached.  May be NULL. */
    void (*detach)(void *ctx, struct xen *x, uint32_t dom);
    /* guest.*, domain.create when .creates is set. */
    int (*call)(void *ctx, struct xen *x, enum hv_op op, void *args);
    bool creates;
    /* Let DOM run LIMIT instructions and no more.  May be NULL: then they are
     * as good as done. */
    int (*run)(void *ctx, struct xen *x, uint32_t dom, uint32_t limit);
    /* Can a vCPU of DOM still do something without the client?  May be
     * NULL: nobody knows. */
    bool (*busy)(void *ctx, struct xen *x, uint32_t dom);
    /* Behind a wait its domain is held (xen_hold), until .run or .busy let
     * it go. */
    bool holds;
    /* struct hv_ops .observe; with HV_CAP_OBSERVE alone. */
    int (*observe)(void *ctx, struct xen *x, uint32_t dom,
                   const struct vm_event_st *ev);
    void (*close)(void *ctx);   /* may be NULL */
};

struct xen_attach {
    uint32_t dom;               /* the caller's number */
    uint32_t id;                /* the domain's */
};

/* Nothing in it has to outlive xen_open, but for the driver. */
struct xen_config {
    const struct xen_attach *attach;
    unsigned int nr_attach;
    /* What a domain that is created boots, a PV one .pv_kernel; NULL: none
     * can be. */
    const char *kernel, *pv_kernel;
    const char *xl;             /* the toolstack's command; NULL: "xl" */
    uint32_t timeout_ms;        /* of a wait for which nothing comes */
    uint32_t settle_ms;         /* and for more, behind the first event */
    const struct xen_driver *driver;
    void *driver_ctx;
};

#define XEN_TIMEOUT_MS  1000
#define XEN_SETTLE_MS   20
#define XEN_MAX_DOMAINS 64

/* Open it; CONFIG may be NULL, which is the two defaults above.  NULL and
 * *ERROR: -ENOENT or -ENXIO, there is no Xen here; -EACCES, not for this
 * user; -EPROTO, it is not the Xen of the libraries, or its events are laid out
 * otherwise than those of this program; -ESRCH, an attached domain is not
 * there; -EINVAL, one that cannot be, or one number twice; -ENOMEM; -E2BIG,
 * more than XEN_MAX_DOMAINS.  Closing it closes the driver (a failure to open
 * does not), destroys the domains that it created, disables the rings that it
 * enabled, and leaves attached domains otherwise as they are. */
struct hv *xen_open(const struct xen_config *config, int *error);

/* The domains of this machine but dom0, each with its own number: how many,
 * no more than MAX, or -Exxx. */
int xen_list(struct xen_attach *list, unsigned int max);
/* What Xen calls itself, "4.17", into TEXT. */
#define XEN_RELEASE     16
void xen_release(struct hv *hv, char text[XEN_RELEASE]);

/* The model, when this program runs under the front end (xenreel run --): it
 * has every capability of the model's, and creates domains.  Else NULL. */
const struct xen_driver *xen_front_driver(void);

/* ---- for drivers ---- */
/* The real id of DOM, or that of no domain. */
uint32_t xen_real_id(struct xen *x, uint32_t dom);
/* DOM's vCPUs do not run: a pause that its client does not see. */
int xen_hold(struct xen *x, uint32_t dom, bool on);
bool xen_held(struct xen *x, uint32_t dom);
/* DOM, which its creator has paused, runs until BOOT returns; it is held then,
 * too, if that was 0.  What BOOT returns, or -Exxx. */
int xen_let_boot(struct xen *x, uint32_t dom, int (*boot)(void *ctx),
                 void *ctx);
/* The interface of X, for calls and mappings. */
struct hv *xen_hv(struct xen *x);

#endif
