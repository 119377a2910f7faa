/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations, traces and the model have Xen 4.17's interface, whichever
 * Xen's public headers they are compiled with: what later ones have otherwise
 * is here.  (What is only added, as VM_EVENT_REASON_IO_INSTRUCTION in 4.18, is
 * of no matter.) */
#ifndef XENREEL_INTERFACE_H
#define XENREEL_INTERFACE_H

#include <stdint.h>

#include <xen/xen.h>
#include <xen/memory.h>

/* Of Xen 4: a trace that says nothing else is of it. */
#define MODEL_MINOR     17u
/* XEN_DOMCTL_INTERFACE_VERSION; 0x16 in Xen 4.18, 0x17 in 4.19 and 4.20. */
#define DOMCTL_VERSION  0x15u
/* XENMEM_access_default.  In Xen 4.20 r_pw came in front of it, which is r on
 * hardware where page walks are never checked apart. */
#define ACCESS_DEFAULT  10u

/* ACCESS as a Xen has it whose XENMEM_access_default is LAST; what is none
 * stays none. */
static inline uint32_t access_to_xen(uint32_t access, uint32_t last)
{
    if (access == ACCESS_DEFAULT)
        return last;
    return access > ACCESS_DEFAULT && access <= last ? last + 1 : access;
}

static inline uint32_t access_from_xen(uint32_t access, uint32_t last)
{
    if (access == last)
        return ACCESS_DEFAULT;
    return access >= ACCESS_DEFAULT && access < last ? XENMEM_access_r : access;
}

#endif
