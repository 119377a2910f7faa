/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domctls that have files of their own.  Each gets a copy of the client's
 * structure, writes results into it, and returns 0 or -Exxx. */
#ifndef XENREEL_PRELOAD_DOMCTL_H
#define XENREEL_PRELOAD_DOMCTL_H

#include <stdint.h>

#include <xen/xen.h>

struct args_create;
struct xen_domctl;
struct xen_domctl_getdomaininfo;
struct xenctl_bitmap;

/* Fill INFO for domain ID: 0, or -ESRCH. */
int domain_info(uint32_t id, struct xen_domctl_getdomaininfo *info);

/* The one of domain ID, which xenstore has too. */
void domain_uuid(uint32_t id, xen_domain_handle_t uuid);

/* Write a bitmap whose first byte is FIRST and the rest 0: 0 or -EFAULT. */
int user_bitmap(const struct xenctl_bitmap *map, unsigned char first);

/* ---- hvm_context.c ---- */
int hvm_context_get(struct xen_domctl *op);
int hvm_context_get_one(struct xen_domctl *op);
int hvm_context_set(const struct xen_domctl *op);
int vcpu_extended_state(struct xen_domctl *op);

/* ---- vcpu_context.c ---- */
int vcpu_context_get(const struct xen_domctl *op);
int vcpu_context_set(const struct xen_domctl *op);
int vcpu_affinity(const struct xen_domctl *op);
/* The toolstack has built a domain: what its first vCPU begins with. */
void vcpu_context_boot(const struct args_create *create);

/* ---- cpu_policy.c ---- */
int cpu_policy_set(const struct xen_domctl *op);

#endif
