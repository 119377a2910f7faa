/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of real/: they run themselves again under the front end, where
 * Xen's libraries find the model. */
#ifndef XENREEL_TESTS_REAL_H
#define XENREEL_TESTS_REAL_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "real/xen.h"

static inline bool under_front(void)
{
    return xen_front_driver() != NULL;
}

/* Become the same program there, SELF being its argv[0].  Only returns when
 * that cannot be. */
static inline int exec_under_front(const char *self)
{
    const char *xenreel = getenv("XENREEL");

    execl(xenreel ? xenreel : "./xenreel", "xenreel", "run", "--at-end",
          "wait", "--", self, (char *)NULL);
    perror("xenreel");
    return 99;
}

/* Waits that no time passes in when there is nothing to come. */
static inline struct hv *open_under_front(void)
{
    const struct xen_config config = {
        .timeout_ms = 20, .driver = xen_front_driver(),
    };
    int error;

    return xen_open(&config, &error);
}

#define RUNNING 1u      /* the front end's */

static inline struct hv *open_driven(uint32_t dom, uint32_t id, int *error,
                                     const struct xen_driver *driver)
{
    const struct xen_attach attach[] = { { dom, id } };
    const struct xen_config config = {
        .timeout_ms = 20, .attach = attach, .nr_attach = 1, .driver = driver,
    };

    return xen_open(&config, error);
}

/* Without a driver, as in any dom0. */
static inline struct hv *open_attached(uint32_t dom, uint32_t id,
                                       int *error)
{
    return open_driven(dom, id, error, NULL);
}

/* CALL(hv, op id, argument structure's members...) */
#define CALL(hv, id, type, ...) __extension__ ({ \
        struct args_##type a_ = { __VA_ARGS__ }; \
        hv_call(hv, OP_##id, &a_); \
    })

#endif
