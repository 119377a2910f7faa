/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/found.h"

#undef __STRICT_ANSI__         /* hvm/save.h refuses plain C11 */
#include <xen/domctl.h>
#include <xen/hvm/params.h>

#include "harness/infer.h"

#define KB_PER_PAGE     4
/* How much of the paging pool is left nobody outside can see.  A call that
 * fails for it ends a recording before there is one: so, as much as there may
 * be. */
#define POOL            0x100000ull
#define VIEWS           10              /* MAX_ALTP2M */

static int get_param(struct hv *hv, uint32_t dom, uint32_t param,
                     uint64_t *value)
{
    struct args_hvm_param a = { .dom = dom, .param = param };
    int rc = hv_call(hv, OP_HVM_PARAM_GET, &a);

    *value = a.value;
    return rc;
}

bool found_page(struct hv *hv, uint32_t dom, uint64_t gfn)
{
    struct hv_page page = { .write = false };

    if (hv_map(hv, dom, gfn, &page))
        return false;
    hv_unmap(hv, &page);
    return true;
}

static uint32_t count_vcpus(struct hv *hv, uint32_t dom)
{
    struct args_vcpu_info a = { .dom = dom };

    while (a.vcpu < INFER_VCPUS && !hv_call(hv, OP_VCPU_INFO, &a))
        a.vcpu++;
    return a.vcpu;
}

/* AMD's hardware has no monitor trap flag. */
static int find_vendor(struct hv *hv, struct args_create *c)
{
    struct args_u64 a = { .dom = c->dom };
    int rc = hv_call(hv, OP_MONITOR_CAPS, &a);

    c->vendor = a.value & 1u << XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP ?
                VENDOR_INTEL : VENDOR_AMD;
    return rc;
}

int found_shape(struct hv *hv, uint32_t dom, struct args_create *c,
                struct args_domain_info *info)
{
    uint64_t ring = 0, altp2m = 0;
    int rc;

    *info = (struct args_domain_info){ .dom = dom };
    rc = hv_call(hv, OP_DOMAIN_INFO, info);
    *c = (struct args_create){
        .dom = dom, .type = GUEST_PVH, .vcpus = count_vcpus(hv, dom),
        .max_pages = info->max_kb / KB_PER_PAGE, .pool = POOL, .views = VIEWS,
    };
    if (!rc)
        rc = find_vendor(hv, c);
    if (!rc)
        rc = get_param(hv, dom, HVM_PARAM_MONITOR_RING_PFN, &ring);
    if (!rc)
        rc = get_param(hv, dom, HVM_PARAM_ALTP2M, &altp2m);
    c->altp2m = (uint32_t)altp2m;
    c->max_gpfn = ring + FOUND_BEHIND_RING;
    return rc;
}

int found_vcpus(struct hv *hv, const struct args_create *create,
                struct hv_sink *sink)
{
    int rc = 0;

    for (uint32_t i = 0; !rc && i < create->vcpus; i++) {
        struct args_vcpu_info info = { .dom = create->dom, .vcpu = i };
        struct hv_record rec = { .op = OP_VCPU_REGS_SET };

        rec.args.VCPU_REGS_SET.dom = create->dom;
        rec.args.VCPU_REGS_SET.vcpu = i;
        if (!hv_call(hv, OP_VCPU_INFO, &info) && info.online &&
            !hv_call(hv, OP_VCPU_REGS_GET, &rec.args.VCPU_REGS_SET)) {
            hv_record_normalise(&rec);
            rc = sink->put(sink, &rec);
        }
    }
    return rc;
}
