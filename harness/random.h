/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generator behind every seed: small, and the same everywhere. */
#ifndef XENREEL_RANDOM_H
#define XENREEL_RANDOM_H

#include <stdint.h>

/* xorshift64*.  *STATE is not 0. */
static inline uint64_t random_draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

#endif
