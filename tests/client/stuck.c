/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that forgets its guest: it answers no event or, with an argument,
 * leaves the domain paused, and goes on waiting.  Not part of xenreel:
 * tests/client-libc.sh builds it. */
#include <poll.h>

#include "monitor.h"

int main(int argc, char **argv)
{
    struct monitor m;
    struct pollfd p = { .events = POLLIN };

    (void)argv;
    monitor_open(&m);
    if (argc > 1)
        WANT(!xc_domain_pause(m.xc, 1));
    p.fd = m.fd;
    for (int i = 0; i < 300; i++) {
        if (poll(&p, 1, 10) > 0)
            WANT(!xenevtchn_unmask(m.xe, xenevtchn_pending(m.xe)));
    }
    return 0;
}
