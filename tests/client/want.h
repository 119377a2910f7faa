/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client says what is not as it should be, and ends. */
#ifndef TESTS_CLIENT_WANT_H
#define TESTS_CLIENT_WANT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WANT(x) \
    do { \
        if (!(x)) { \
            fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __func__, \
                    __LINE__, #x, errno); \
            exit(1); \
        } \
    } while (0)

#endif
