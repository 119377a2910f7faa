/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/abi.h"

#include <stdio.h>
#include <stdlib.h>

#include "preload/front.h"

/* xen/include/public/{domctl,sysctl}.h of each release. */
static const struct abi releases[] = {
    { 17, 0x15, 0x15, ".7" },   /* the default */
    { 6, 0xb, 0xc, ".0" },
    { 7, 0xb, 0xd, ".0" },
    { 8, 0xc, 0xe, ".0" },
    { 9, 0xd, 0xf, ".0" },
    { 10, 0xf, 0x10, ".0" },
    { 11, 0x10, 0x11, ".0" },
    { 12, 0x11, 0x12, ".0" },
    { 13, 0x12, 0x12, ".0" },
    { 14, 0x12, 0x13, ".0" },
    { 15, 0x13, 0x13, ".0" },
    { 16, 0x14, 0x14, ".0" },
    { 18, 0x16, 0x15, ".0" },
    { 19, 0x17, 0x15, ".0" },
    { 20, 0x17, 0x15, ".0" },
    { 21, 0x17, 0x16, ".0" },
    { 22, 0x18, 0x16, ".0" },
};

static const struct abi *choose(void)
{
    const char *text = getenv(SETUP_XEN_VERSION);
    unsigned int minor;
    char rest;

    if (!text)
        return &releases[0];
    if (sscanf(text, "4.%u%c", &minor, &rest) == 1) {
        for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
            if (releases[i].minor == minor)
                return &releases[i];
        }
    }
    front_say("%s: not a known version of Xen: taking 4.17", text);
    return &releases[0];
}

const struct abi *abi(void)
{
    static const struct abi *chosen;

    if (!chosen)
        chosen = choose();
    return chosen;
}
