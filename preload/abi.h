/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which release of Xen the client sees. */
#ifndef XENREEL_ABI_H
#define XENREEL_ABI_H

#include <stdint.h>

struct abi {
    uint8_t minor;              /* of Xen 4 */
    uint8_t domctl, sysctl;     /* interface versions */
    uint8_t vm_event;
    uint8_t access_default;     /* XENMEM_access_default */
    const char *extra;          /* ".7", of what Debian ships */
};

/* The one chosen in the environment; when none is, that of the headers this
 * was compiled with.  An unknown one is complained of once. */
const struct abi *abi(void);
/* The version of events. */
unsigned int abi_vm_event(void);
/* The operations' number of a client's XENMEM_access_*. */
uint32_t abi_access(uint32_t access);

#endif
