/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of real/ share. */
#ifndef XENREEL_REAL_PRIVATE_H
#define XENREEL_REAL_PRIVATE_H

#include <errno.h>

#include <xencall.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "harness/device_port.h"
#include "real/xen.h"

/* An id that no toolstack gives: the last that is no special one. */
#define NO_DOMAIN   (DOMID_FIRST_RESERVED - 1u)

struct xen_ring {
    void *page;                 /* NULL: not mapped */
    bool on;                    /* the caller's, and not a closed one's */
    bool ours;                  /* .page is xc_monitor_enable's, else of the
                                 * list of pages, mapped once more */
    struct hv_page listed;
    uint32_t port;
    uint32_t seen;              /* requests counted by waits */
};

struct xen_domain {
    uint32_t dom, id;           /* the caller's number, and Xen's */
    bool attached;              /* it was there, and has not been created */
    bool created;               /* by us: to be destroyed */
    bool destroyed;
    char *name;                 /* what the toolstack knows it by, or NULL */
    bool held;                  /* paused by xen_hold, too */
    unsigned int pauses;        /* the caller's own */
    struct xen_ring ring;
    /* A PV domain's frames (frames.c), when they are known. */
    uint64_t first_frame;       /* the caller's of gfn 0 */
    uint64_t *mfn, nr_mfn;      /* the machine's, by gfn; or NULL */
};

/* A channel as the caller's client has it open: the model's state, filled
 * from a device that is always unmasked (evtchn.c). */
struct xen_port {
    uint32_t dom, port;         /* the domain's end */
    evtchn_port_t local;
    struct device_port device;
};

struct xen_page {               /* a foreign mapping */
    uint32_t dom;
    uint64_t gfn, frame;
    void *p;
    unsigned int maps;
    bool lost;                  /* the guest has it no more */
    bool write;
};

struct xen {
    struct hv hv;               /* first */
    xc_interface *xc;
    xenforeignmemory_handle *memory;
    xenevtchn_handle *channel;
    xencall_handle *call;
    struct xentoollog_logger *log;
    char *kernel, *pv_kernel, *xl;
    uint32_t timeout_ms, settle_ms;
    const struct xen_driver *driver;
    void *driver_ctx;
    struct xen_domain domains[XEN_MAX_DOMAINS];
    unsigned int nr_domains;
    struct xen_port *ports;
    unsigned int nr_ports;
    struct xen_page *pages;
    unsigned int nr_pages;
    uint64_t next_frame;
};

/* libxenctrl's way of failing, and ours. */
static inline int xen_answer(long rc)
{
    return rc < 0 ? -errno : (int)rc;
}

/* ---- xen.c ---- */
struct xen_domain *xen_domain(struct xen *x, uint32_t dom);     /* or NULL */
/* DOM's place, a new one where it has none; NULL when there is no room. */
struct xen_domain *xen_add_domain(struct xen *x, uint32_t dom);
/* What Xen is told instead of DOM; the same of a domain that is not dom0. */
uint32_t xen_id(struct xen *x, uint32_t dom);
uint32_t xen_guest_id(struct xen *x, uint32_t dom);
/* Let go of a ring's page. */
void xen_ring_drop(struct xen *x, struct xen_domain *d);

/* ---- frames.c ---- */
#define NO_FRAME    (~(uint64_t)0)
/* DOM's gfns are at machine frames MFN[0 .. NR - 1], which it frees, here if
 * there is no DOM: 0 or -ESRCH. */
int xen_frames_set(struct xen *x, uint32_t dom, uint64_t *mfn, uint64_t nr);
void xen_frames_forget(struct xen_domain *d);
bool xen_has_frames(struct xen *x, uint32_t dom);
/* What Xen is told instead of DOM's GFN. */
uint64_t xen_gfn(struct xen *x, uint32_t dom, uint64_t gfn);
/* GFN is at MFN from now on; it is nowhere, but its frame is known still. */
void xen_frame_placed(struct xen *x, uint32_t dom, uint64_t gfn, uint64_t mfn);
void xen_frame_left(struct xen *x, uint32_t dom, uint64_t gfn);
/* A caller's frame as the machine's, and the reverse; in an entry of a page
 * table, or an address. */
uint64_t xen_frame(struct xen *x, uint64_t frame);
uint64_t xen_frame_back(struct xen *x, uint64_t mfn);
uint64_t xen_entry(struct xen *x, uint64_t entry);
uint64_t xen_entry_back(struct xen *x, uint64_t entry);
/* LEN bytes at OFFSET of a page of the machine's, which are the caller's at
 * BYTES: WRITE there, or read. */
void xen_move_entries(struct xen *x, unsigned char *page, uint32_t offset,
                      unsigned char *bytes, uint32_t len, bool write);

/* ---- pv.c: requests of page-table hypercalls, in the machine's frames ---- */
#define XEN_ADDRESS ((uintptr_t)0xffff800000000000)     /* no guest's */
/* How many there are, of SIZE bytes each. */
uint32_t xen_pv_count(const struct hv_span *more, size_t size, uint32_t flags);
/* Write as many as there are, even where the hypercall is told of none. */
void xen_mmu_requests(struct xen *x, const struct args_mmu_update *a,
                      struct mmu_update *to);
void xen_mmuext_requests(struct xen *x, const struct args_mmuext_op *a,
                         struct mmuext_op *to);
void xen_type_requests(struct xen *x, const struct args_page_types *a,
                       uint64_t *to);
/* A guest's foreigndom, as args_mmu_update has it, in Xen's ids. */
uint32_t xen_foreign(struct xen *x, uint32_t foreign);

/* ---- hypercall.c: what libxenctrl has no function for ---- */
struct xen_domctl;
/* The version is put in unless there is one. */
int xen_domctl(struct xen *x, struct xen_domctl *op);
/* By its hypercall: libxenctrl's function for it is another since Xen 4.18.
 * Before, Xen told of the next domain where there is none: -ESRCH here. */
int xen_getdomaininfo(struct xen *x, uint32_t id,
                      struct xen_domctl_getdomaininfo *info);
/* OP of LEN bytes at ARG, in and out, as CALL's sub-operation. */
int xen_hypercall(struct xen *x, unsigned int call, unsigned int op,
                  void *arg, size_t len);

/* ---- domain_ops.c ---- */
/* Of D, if it is destroyed and no ring of ours holds it, its driver is to hold
 * nothing either. */
void xen_let_go(struct xen *x, const struct xen_domain *d);
/* DOM is one, and there still: 0 or -Exxx. */
int xen_there(struct xen *x, uint32_t dom);

/* ---- access_ops.c: as this Xen numbers rights ---- */
xenmem_access_t xen_access(uint32_t access);
uint32_t xen_access_back(xenmem_access_t access);
/* Set A's, whose rights are then LIST, by one of libxenctrl's functions. */
typedef int set_lists(struct xen *x, struct args_access_multi *a,
                      uint8_t *list);
int xen_access_lists(struct xen *x, struct args_access_multi *a,
                     set_lists *set);

/* ---- toolstack.c ---- */
/* 0 or -Exxx, and nothing of it is left then; *NAME is to be freed. */
int toolstack_create(struct xen *x, const struct args_create *a,
                     char **name, uint32_t *id);
int toolstack_destroy(const struct xen *x, char *name);

/* ---- memory_ops.c ---- */
int real_map(struct hv *hv, uint32_t dom, uint64_t gfn, struct hv_page *page);
void real_unmap(struct hv *hv, const struct hv_page *page);
/* DOM's gfns are other pages from now on. */
void xen_pages_lost(struct xen *x, uint32_t dom);
void xen_pages_close(struct xen *x);

/* ---- evtchn.c ---- */
struct xen_port *xen_port(struct xen *x, uint32_t dom, uint32_t port);
/* What the device has of notifications, into .ports. */
void xen_port_drain(struct xen *x);
/* Close DOM's: it is another domain now. */
void xen_ports_forget(struct xen *x, uint32_t dom);

/* ---- wait.c ---- */
int real_wait(struct hv *hv, uint32_t dom);
/* Wait up to TIMEOUT_MS: the requests that came since the last one. */
uint32_t xen_wait(struct xen *x, uint32_t dom, uint32_t timeout_ms);

/* ---- ops.c ---- */
int real_call(struct hv *hv, enum hv_op op, void *args);
#define EVENT_PROTOTYPE(id, args)
#define RESPONSE_PROTOTYPE(id, args)
#define NOTE_PROTOTYPE(id, args)
#define GUEST_PROTOTYPE(id, args)
#define INSIDE_PROTOTYPE(id, args)
#define CALL_PROTOTYPE(id, args) \
    int real_op_##id(struct xen *x, struct args *a);
#define OP(id, text, kind, args, fields, what) kind##_PROTOTYPE(id, args)
#include "harness/ops.def"
#undef OP

#endif
