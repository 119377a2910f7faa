/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain a log is about.  No log says how it was made; what the log says
 * of it instead is sought in all of its lines. */
#include "traces/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>

#define MAX_GPFN        0xfefffull      /* special pages of a PVH guest */
#define DEFAULT_MB      16              /* of the guests in docs/TRACE-FORMAT */

/* A line that begins with START and has NEEDLE in it; NULL: none. */
static const char *find(const struct import *im, const char *start,
                        const char *needle)
{
    for (uint32_t i = 0; i < im->nr_lines; i++) {
        if (starts_with(im->lines[i].text, start) &&
            strstr(im->lines[i].text, needle))
            return im->lines[i].text;
    }
    return NULL;
}

/* Did a call whose name begins with FUNCTION succeed? */
static bool succeeds(const struct import *im, const char *function)
{
    for (uint32_t i = 0; i < im->nr_lines; i++) {
        const char *line = im->lines[i].text;

        if (starts_with(line, "CALL ") && starts_with(line + 5, function) &&
            strstr(line, " = 0"))
            return true;
    }
    return false;
}

/* What the first call that asked for the capabilities was told; 0: none. */
static uint64_t capabilities(const struct import *im, bool *asked)
{
    uint64_t caps = 0;

    for (uint32_t i = 0; i + 1 < im->nr_lines && !*asked; i++) {
        *asked = starts_with(im->lines[i].text,
                             "CALL xc_monitor_get_capabilities(") &&
                 strstr(im->lines[i].text, " = 0") &&
                 import_key(im->lines[i + 1].text, "caps", &caps);
    }
    return caps;
}

/* Who made the CPU is not in a log.  The capabilities tell: only Intel's has
 * single-stepping, and PV guests and Arm have hardly any.  Where they were
 * not asked for, what only Intel can do decides, and then the recorder. */
static int find_vendor(struct import *im)
{
    bool asked = false;
    uint64_t caps = capabilities(im, &asked);

    im->pv = im->mfn[FRAME_L4] || (asked && !caps);
    if (im->pv) {
        im->amd = true;         /* all that there are were taken there */
        return 0;
    }
    if (asked && !(caps & 1u << XEN_DOMCTL_MONITOR_EVENT_CPUID))
        return import_fail(im, "a log of a guest on Arm: there is no model "
                           "of those");
    if (find(im, "EV n=", " cpsr=") || find(im, "  -> pc=", ""))
        return import_fail(im, "a log of a guest on Arm: there is no model "
                           "of those");
    if (asked)
        im->amd = !(caps & 1u << XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP);
    else
        im->amd = !find(im, "CMD ", "") && !find(im, "RINGPOS ", "") &&
                  !find(im, "EV n=", "(MEM_ACCESS)") &&
                  !find(im, "EV n=", "(SINGLESTEP)") &&
                  !succeeds(im, "xc_set_mem_access") &&
                  !succeeds(im, "xc_altp2m_") &&
                  !succeeds(im, "xc_monitor_singlestep") &&
                  (find(im, "@@TRACE-BEGIN", "") ||
                   strstr(im->path, "/svm/"));
    return 0;
}

/* WORD stands in NAME, with no letters around it. */
static bool has_word(const char *name, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = strstr(name, word); p; p = strstr(p + 1, word)) {
        if ((p == name || !isalpha((unsigned char)p[-1])) &&
            !isalpha((unsigned char)p[n]))
            return true;
    }
    return false;
}

/* The recorder put the mode in the file's name.  Without that, disabled shows
 * in its error code (EINVAL, altp2m.c of tools/libs/light and hvm.c), and a
 * guest whose own hypercall succeeds has mode mixed. */
static uint32_t altp2m_mode(const struct import *im)
{
    static const char *const words[] = {
        [XEN_ALTP2M_disabled] = "disabled",
        [XEN_ALTP2M_mixed] = "mixed",
        [XEN_ALTP2M_external] = "external",
        [XEN_ALTP2M_limited] = "limited",
    };
    const char *name = strrchr(im->path, '/');
    uint64_t r0;

    for (uint32_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (has_word(name ? name + 1 : im->path, words[i]))
            return i;
    }
    if (find(im, "CALL xc_altp2m_set_domain_state(1)", "EINVAL"))
        return XEN_ALTP2M_disabled;
    for (uint32_t i = 0; i < im->nr_lines; i++) {
        if (!starts_with(im->lines[i].text, "CMD ") ||
            !strstr(im->lines[i].text, " op=26 "))
            continue;
        while (++i < im->nr_lines && !starts_with(im->lines[i].text, "RES "))
            ;
        if (i < im->nr_lines && import_key(im->lines[i].text, "r0", &r0) &&
            !r0)
            return XEN_ALTP2M_mixed;
    }
    return XEN_ALTP2M_external;
}

/* xl gives a domain 1 MB more than the guest's memory as its limit, which
 * STATE prints; or a remark names the size: "# ..., 96 MB: ...". */
static uint64_t memory_mb(const struct import *im)
{
    const char *line = find(im, "STATE ", "max_memkb=");
    uint64_t kb;

    if (line && import_key(line, "max_memkb", &kb) && kb > 1024 &&
        kb % 1024 == 0 && kb < 1ull << 30)
        return kb / 1024 - 1;
    line = find(im, "# ", " MB");
    if (line) {
        const char *p = strstr(line, " MB");

        while (p > line && isdigit((unsigned char)p[-1]))
            p--;
        if (isdigit((unsigned char)*p) && strtoull(p, NULL, 10) &&
            strtoull(p, NULL, 10) < 1 << 20)
            return strtoull(p, NULL, 10);
    }
    return DEFAULT_MB;
}

/* As many as raise events or are named in calls that succeed. */
static uint32_t vcpus(const struct import *im)
{
    uint64_t v, most = 0;

    for (uint32_t i = 0; i < im->nr_lines; i++) {
        const char *line = im->lines[i].text;

        if ((starts_with(line, "EV n=") || starts_with(line, "REQDEC ") ||
             (starts_with(line, "CALL ") && strstr(line, " = 0"))) &&
            import_key(line, "vcpu", &v) && v < INFER_VCPUS && v > most)
            most = v;
    }
    return most + 1;
}

/* A PV guest, of which a log about page tables says where the 2 MiB lie that
 * have all the frames in it, and whether its Xen was a debug build. */
static void set_pv(const struct import *im, struct args_create *a)
{
    a->type = GUEST_PV;
    a->altp2m = XEN_ALTP2M_disabled;
    a->mfn_2mb = im->mfn[FRAME_L4] >> 9;
    a->options = find(im, "Bad type (saw ", "") ? CREATE_XEN_DEBUG : 0;
}

int import_create(struct import *im, uint32_t dom)
{
    union hv_args *a;
    uint64_t mb = im->mfn[FRAME_L4] ? 2 : memory_mb(im);
    int rc;
    /* libxl_get_required_paging_memory, in whole MB; less the roots of the
     * host's, the nested and ten alternate maps, and a page for the vCPU */
    uint64_t pool_kb = 4 * (256 * vcpus(im) + 2 * mb);
    uint64_t roots = 1 + 10 + 10 + 1;

    if (im->created && dom == im->guest)
        return 0;
    if (im->created)
        return import_fail(im, "a second domain, %u: a log is about one", dom);
    rc = find_vendor(im);
    if (rc)
        return rc;
    im->created = true;
    im->dom = im->guest = dom;
    a = import_begin(im, OP_DOMAIN_CREATE);
    a->DOMAIN_CREATE.vendor = im->amd ? VENDOR_AMD : VENDOR_INTEL;
    a->DOMAIN_CREATE.type = GUEST_PVH;
    a->DOMAIN_CREATE.vcpus = vcpus(im);
    a->DOMAIN_CREATE.ram = mb << 8;
    a->DOMAIN_CREATE.max_gpfn = MAX_GPFN;
    a->DOMAIN_CREATE.max_pages = (mb + 1) << 8;
    a->DOMAIN_CREATE.pool = (((pool_kb + 1023) / 1024) << 8) - roots;
    a->DOMAIN_CREATE.altp2m = altp2m_mode(im);
    a->DOMAIN_CREATE.views = 10;
    if (im->pv)
        set_pv(im, &a->DOMAIN_CREATE);
    return import_put(im);
}
