/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/abi.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/interface.h"
#include "preload/front.h"
#include "preload/setup.h"
#include "preload/vm_event_abi.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

/* xen/include/public/{domctl,sysctl,vm_event,memory}.h of each release. */
static const struct abi releases[] = {
    { 6, 0xb, 0xc, 1, 10, ".0" },
    { 7, 0xb, 0xd, 1, 10, ".0" },
    { 8, 0xc, 0xe, 2, 10, ".0" },
    { 9, 0xd, 0xf, 2, 10, ".0" },
    { 10, 0xf, 0x10, 2, 10, ".0" },
    { 11, 0x10, 0x11, 3, 10, ".0" },
    { 12, 0x11, 0x12, 4, 10, ".0" },
    { 13, 0x12, 0x12, 5, 10, ".0" },
    { 14, 0x12, 0x13, 6, 10, ".0" },
    { 15, 0x13, 0x13, 7, 10, ".0" },
    { 16, 0x14, 0x14, 7, 10, ".0" },
    { 17, 0x15, 0x15, 7, 10, ".7" },
    { 18, 0x16, 0x15, 7, 10, ".0" },
    { 19, 0x17, 0x15, 7, 10, ".0" },
    { 20, 0x17, 0x15, 7, 11, ".0" },
    { 21, 0x17, 0x16, 7, 11, ".0" },
    { 22, 0x18, 0x16, 7, 11, ".0" },
};
#define NR_RELEASES (sizeof(releases) / sizeof(*releases))

/* That of the headers here: the last with what they have. */
static const struct abi *default_release(void)
{
    for (size_t i = NR_RELEASES; i > 0; i--) {
        const struct abi *a = &releases[i - 1];

        if (a->domctl == XEN_DOMCTL_INTERFACE_VERSION &&
            a->sysctl == XEN_SYSCTL_INTERFACE_VERSION &&
            a->access_default == XENMEM_access_default)
            return a;
    }
    return &releases[NR_RELEASES - 1];
}

static const struct abi *choose(void)
{
    const char *text = getenv(SETUP_XEN_VERSION);
    unsigned int minor;
    char rest;

    if (!text)
        return default_release();
    if (sscanf(text, "4.%u%c", &minor, &rest) == 1) {
        for (size_t i = 0; i < NR_RELEASES; i++) {
            if (releases[i].minor == minor)
                return &releases[i];
        }
    }
    front_say("%s: not a known version of Xen: taking 4.%d", text,
              default_release()->minor);
    return default_release();
}

const struct abi *abi(void)
{
    static const struct abi *chosen;

    if (!chosen)
        chosen = choose();
    return chosen;
}

unsigned int abi_vm_event(void)
{
    const char *text = getenv(SETUP_VM_EVENT_ABI);

    if (!text)
        return abi()->vm_event;
    if (text[0] >= '0' + VM_EVENT_ABI_FIRST &&
        text[0] <= '0' + VM_EVENT_ABI_LAST && !text[1])
        return (unsigned int)(text[0] - '0');
    front_say("%s: not a version of events: taking %d", text,
              (int)abi()->vm_event);
    return abi()->vm_event;
}

uint32_t abi_access(uint32_t access)
{
    return access_from_xen(access, abi()->access_default);
}
