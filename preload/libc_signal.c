/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the client handles signals: only then must they wait for the end
 * of a call, which costs two system calls each. */
#include <signal.h>

#include "preload/front.h"
#include "preload/libc.h"

sighandler_t __sysv_signal(int number, sighandler_t handler);

static bool handles(sighandler_t handler)
{
    return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR;
}

EXPORT int sigaction(int number, const struct sigaction *action,
                     struct sigaction *old)
{
    if (action && handles(action->sa_handler))
        front_handlers();
    return REAL(sigaction)(number, action, old);
}

#define SIGNAL(name) \
EXPORT sighandler_t name(int number, sighandler_t handler) \
{ \
    if (handles(handler)) \
        front_handlers(); \
    return REAL(name)(number, handler); \
}
SIGNAL(signal)
SIGNAL(__sysv_signal)
