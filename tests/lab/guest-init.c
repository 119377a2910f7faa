/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user space of check-record's Linux guest: says through the kernel, whose
 * console is Xen's, that it goes on. */
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(void)
{
    FILE *kmsg;

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    kmsg = fopen("/dev/kmsg", "w");
    if (!kmsg)
        return 1;
    setvbuf(kmsg, NULL, _IOLBF, 0);
    for (unsigned int i = 1;; i++) {
        fprintf(kmsg, "<1>guest: tick %u\n", i);
        sleep(1);
    }
}
