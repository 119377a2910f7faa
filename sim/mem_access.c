/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen/arch/x86/mm/mem_access.c. */
#include "sim/private.h"

#include <errno.h>
#include <string.h>

#include "harness/interface.h"

bool access_resolve(const struct p2m *p2m, uint32_t access, uint8_t *out)
{
    if (access > ACCESS_DEFAULT)
        return false;
    *out = access == ACCESS_DEFAULT ? p2m->default_access : access;
    return true;
}

/* View 0 is the host's map, for access and suppress #VE alike. */
static int pick_map(struct sim_domain *d, uint32_t view, struct p2m **p2m)
{
    *p2m = view ? altp2m_view(d, view) : &d->host;
    return *p2m ? 0 : -EINVAL;
}

/* set_mem_access, p2m_set_altp2m_mem_access: a gfn that neither the view nor
 * the host maps is skipped; a hole of the host is set, which changes nothing
 * but takes tables. */
static int set_one(struct p2m *p2m, uint64_t gfn, uint8_t access)
{
    struct p2m_entry entry;
    int rc = altp2m_effective(p2m, gfn, &entry, true);

    if (rc == -ESRCH)
        return 0;
    if (rc)
        return rc;
    return p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type, access, -1);
}

int access_set(struct sim_domain *d, uint64_t gfn, uint32_t nr,
               uint32_t access, uint32_t view)
{
    struct p2m *p2m;
    uint8_t a;
    int rc = pick_map(d, view, &p2m);

    if (rc)
        return rc;
    if (!access_resolve(&d->host, access, &a))
        return -EINVAL;
    /* The host's default, whatever the view: p2m_set_mem_access. */
    if (gfn == INVALID_GFN) {
        d->host.default_access = a;
        return 0;
    }
    for (uint32_t i = 0, n; !rc && i < nr; i += n) {
        n = p2m_set_access(p2m, gfn + i, nr - i, a);
        if (!n) {
            rc = set_one(p2m, gfn + i, a);
            n = 1;
        }
    }
    return rc;
}

int access_set_multi(struct sim_domain *d, const struct hv_span *gfns,
                     const struct hv_span *accesses, uint32_t view)
{
    const uint8_t *access = accesses->p;
    struct p2m *p2m;
    int rc = pick_map(d, view, &p2m);

    for (uint32_t i = 0; !rc && i < accesses->len; i++) {
        uint64_t gfn;
        uint8_t a;

        memcpy(&gfn, (const char *)gfns->p + 8ull * i, sizeof(gfn));
        if (!access_resolve(&d->host, access[i], &a))
            return -EINVAL;
        rc = set_one(p2m, gfn, a);
    }
    return rc;
}

/* _p2m_get_mem_access */
static int get_one(const struct p2m *p2m, uint64_t gfn, uint32_t *access)
{
    struct p2m_entry entry;

    if (gfn == INVALID_GFN) {
        *access = p2m->default_access;
        return 0;
    }
    p2m_get(p2m, gfn, &entry);
    if (entry.mfn == INVALID_MFN)
        return -ESRCH;
    *access = entry.access;
    return 0;
}

int access_get(struct sim_domain *d, uint64_t gfn, uint32_t *access,
               uint32_t view)
{
    struct p2m *p2m;
    int rc = pick_map(d, view, &p2m);

    return rc ? rc : get_one(p2m, gfn, access);
}

bool access_emulate_check(struct sim_vcpu *v, const struct vm_event_st *rsp)
{
    const struct vm_event_mem_access *data = &rsp->u.mem_access;
    uint32_t access;
    uint8_t allowed;

    if (get_one(vcpu_p2m(v), data->gfn, &access))
        return true;
    /* By the access alone: what the type allows does not count here. */
    allowed = p2m_permissions(P2M_RAM_RW, access);
    return data->flags & MEM_ACCESS_RWX & ~allowed;
}

/* No listener: the access is given back, or the domain crashed. */
static bool no_listener(struct sim_vcpu *v, struct p2m *p2m, uint64_t gfn)
{
    struct p2m_entry entry;

    if (p2m->access_required) {
        sim_crash(v->d);
        return false;
    }
    p2m_get(p2m, gfn, &entry);
    if (entry.access != XENMEM_access_n2rwx)
        p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type,
                XENMEM_access_rwx, -1);
    return true;
}

void access_request(struct vm_event_st *req, uint64_t gpa, uint64_t gla,
                    const struct npfec *npfec)
{
    struct vm_event_mem_access *m = &req->u.mem_access;

    memset(req, 0, offsetof(struct vm_event_st, data));
    req->reason = VM_EVENT_REASON_MEM_ACCESS;
    m->gfn = gpa >> PAGE_SHIFT;
    m->offset = gpa & (PAGE_SIZE - 1);
    if (npfec->gla_valid) {
        m->gla = gla;
        m->flags = MEM_ACCESS_GLA_VALID;
        m->flags |= npfec->with_gla ? MEM_ACCESS_FAULT_WITH_GLA :
                                      MEM_ACCESS_FAULT_IN_GPT;
    }
    m->flags |= npfec->access & MEM_ACCESS_RWX;
}

/* Whether the page walk's own accesses are to be emulated instead of sent
 * (pagefault_disabled) is the caller's to see to: it has the emulator. */
bool access_check(struct sim_vcpu *v, uint64_t gpa, uint64_t gla,
                  const struct npfec *npfec, struct vm_event_st *req,
                  bool *send)
{
    struct sim_domain *d = v->d;
    struct p2m *p2m = vcpu_p2m(v);
    uint64_t gfn = gpa >> PAGE_SHIFT;
    struct p2m_entry entry;

    *send = false;
    p2m_get(p2m, gfn, &entry);
    if (npfec->access & MEM_ACCESS_W &&
        entry.access == XENMEM_access_rx2rw) {
        p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type,
                XENMEM_access_rw, -1);
        return true;
    }
    if (entry.access == XENMEM_access_n2rwx)
        p2m_set(p2m, gfn, ORDER_4K, entry.mfn, entry.type,
                XENMEM_access_rwx, -1);
    if (!ring_on(d) || !req)
        return no_listener(v, p2m, gfn);
    access_request(req, gpa, gla, npfec);
    *send = true;
    return entry.access != XENMEM_access_n2rwx;
}
