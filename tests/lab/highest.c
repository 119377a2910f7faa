/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into xen-access, whose altp2m modes set each gfn's access up to the
 * guest's highest: a million calls, as the special pages are below 4 GiB.  For
 * it the highest is that of the RAM. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include <xenctrl.h>

#define HIGHEST 0x1100

int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t dom, xen_pfn_t *gfn)
{
    int (*real)(xc_interface *, uint32_t, xen_pfn_t *) =
        (int (*)(xc_interface *, uint32_t, xen_pfn_t *))
        dlsym(RTLD_NEXT, "xc_domain_maximum_gpfn");
    int rc = real(xch, dom, gfn);

    if (!rc && !strcmp(program_invocation_short_name, "xen-access"))
        *gfn = HIGHEST;
    return rc;
}
