/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What dom0 sends through the emulator's port 0xe9, and the host takes out of
 * what else the emulator prints: frames, each a line
 *
 *     @lab@ KIND NAME-LENGTH LENGTH CHECKSUM
 *
 * in lower case hexadecimal, then the name and the bytes.
 */
#ifndef LAB_FRAME_H
#define LAB_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MARK "@lab@ "
#define FRAME_MAX 65536
#define FRAME_NAME_MAX 1024

enum frame_kind {
    FRAME_READY = 'R',      /* dom0 is up, the script begins */
    FRAME_OUTPUT = 'O',     /* what the script prints */
    FRAME_FILE = 'F',       /* the beginning of a file */
    FRAME_APPEND = 'A',     /* more of the file */
    FRAME_EXIT = 'X',       /* the name: the script's exit status */
};

/* Adler's checksum, continued from @sum; it begins with 1. */
static inline uint32_t frame_sum(uint32_t sum, const void *data, size_t size)
{
    const unsigned char *byte = data;
    uint32_t a = sum & 0xffff, b = sum >> 16;

    while (size--) {
        a = (a + *byte++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

#endif
