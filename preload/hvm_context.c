/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An HVM domain's context: its records in a row.  Source:
 * xen/arch/x86/domctl.c (gethvmcontext, sethvmcontext),
 * xen/arch/x86/hvm/save.c. */
#include "preload/hvm_records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>

#include "preload/domctl.h"

#define MAX_CONTEXT     (4u << 20)      /* what a client may hand in */
#define HOST_CPUID      0x000906ea      /* CPUID leaf 1, eax */

struct context {
    unsigned char *data;
    size_t cur, size;
};

/* The checks that all three begin with; dom0 is nobody's HVM domain. */
static int find(uint32_t dom, const struct front_domain **d)
{
    *d = front_domain(dom);
    if (!*d)
        return dom ? -ESRCH : -EINVAL;
    return (*d)->create.type == GUEST_PV ? -EINVAL : 0;
}

static bool dying(const struct front_domain *d)
{
    struct args_domain_info a = { .dom = d->id };

    return hv_call(front.hv, OP_DOMAIN_INFO, &a) || a.dying;
}

/* How often there is one of KIND. */
static uint32_t instances(const struct hvm_kind *kind,
                          const struct front_domain *d)
{
    return kind->per_vcpu ? d->create.vcpus : kind->nr;
}

/* hvm_save_size: what all that Xen knows could need. */
static size_t save_size(const struct front_domain *d)
{
    const size_t head = sizeof(struct hvm_save_descriptor);
    size_t size = 2 * head + sizeof(struct hvm_save_header);

    for (unsigned int i = 0; i < nr_hvm_kinds; i++)
        size += instances(&hvm_kinds[i], d) * (hvm_kinds[i].len + head);
    return size;
}

/* save_size() has left room for all of them. */
static void put(struct context *c, uint16_t code, uint16_t instance,
                const void *record, uint32_t len)
{
    struct hvm_save_descriptor head = { code, instance, len };

    memcpy(c->data + c->cur, &head, sizeof(head));
    c->cur += sizeof(head);
    if (len)
        memcpy(c->data + c->cur, record, len);
    c->cur += len;
}

static int save(const struct front_domain *d, struct context *c)
{
    /* A Xen of Debian's does not know its changeset. */
    const struct hvm_save_header head = {
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
        .changeset = ~0ull, .cpuid = HOST_CPUID, .gtsc_khz = FRONT_CPU_KHZ,
    };
    _Alignas(8) unsigned char record[HVM_MAX_RECORD];

    put(c, HVM_SAVE_CODE(HEADER), 0, &head, sizeof(head));
    for (unsigned int i = 0; i < nr_hvm_kinds; i++) {
        const struct hvm_kind *kind = &hvm_kinds[i];

        for (uint32_t n = 0; kind->save && n < instances(kind, d); n++) {
            int len;

            memset(record, 0, sizeof(record));
            len = kind->save(d, n, record);
            if (len < 0)
                return -ENODATA;
            if (len)
                put(c, kind->code, n, record, len);
        }
    }
    put(c, HVM_SAVE_CODE(END), 0, NULL, 0);
    return 0;
}

int hvm_context_get(struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *h = &op->u.hvmcontext;
    const struct front_domain *d;
    struct context c = { .cur = 0 };
    int rc = find(op->domain, &d);

    if (rc)
        return rc;
    c.size = save_size(d);
    if (!h->buffer.p) {
        h->size = c.size;
        return 0;
    }
    if (h->size < c.size)
        return -ENOSPC;
    if (dying(d))
        return -EINVAL;
    c.data = malloc(c.size);
    if (!c.data)
        return -ENOMEM;
    rc = save(d, &c);
    h->size = c.cur;
    if (user_write((uintptr_t)h->buffer.p, c.data, c.cur))
        rc = -EFAULT;
    free(c.data);
    return rc;
}

static const struct hvm_kind *kind_of(uint32_t code)
{
    for (unsigned int i = 0; i < nr_hvm_kinds; i++) {
        if (hvm_kinds[i].code == code)
            return &hvm_kinds[i];
    }
    return NULL;
}

/* hvm_save_one */
int hvm_context_get_one(struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext_partial *h = &op->u.hvmcontext_partial;
    _Alignas(8) unsigned char record[HVM_MAX_RECORD] = { 0 };
    const struct hvm_kind *kind = kind_of(h->type);
    const struct front_domain *d;
    int rc = find(op->domain, &d), len = 0;

    if (rc)
        return rc;
    if (dying(d) || !kind)
        return -EINVAL;
    if (kind->per_vcpu && h->instance >= d->create.vcpus)
        return -ENOENT;
    if (kind->save && h->instance < instances(kind, d))
        len = kind->save(d, h->instance, record);
    if (len < 0)
        return len;
    if (!len)
        return kind->per_vcpu ? -ENODATA : -ENOENT;
    if (h->buffer.p && h->bufsz < (uint64_t)len)
        return -ENOBUFS;
    if (h->buffer.p && user_write((uintptr_t)h->buffer.p, record, len))
        return -EFAULT;
    h->bufsz = len;
    return 0;
}

/* getvcpuextstate: what the XSAVE record has behind its feature mask, of a PV
 * domain, too. */
int vcpu_extended_state(struct xen_domctl *op)
{
    const size_t head = offsetof(struct hvm_hw_cpu_xsave, xcr0);
    struct xen_domctl_vcpuextstate *e = &op->u.vcpuextstate;
    _Alignas(8) unsigned char record[HVM_MAX_RECORD] = { 0 };
    const struct front_domain *d = front_domain(op->domain);
    int len;

    if (!d)
        return op->domain || e->vcpu ? -ESRCH : -EINVAL;
    if (e->vcpu >= d->create.vcpus)
        return -ESRCH;
    if ((!e->size && !e->xfeature_mask) || !e->buffer.p) {
        e->xfeature_mask = HVM_XFEATURE_MASK;
        e->size = HVM_MAX_RECORD - head;
        return 0;
    }
    len = kind_of(CPU_XSAVE_CODE)->save(d, e->vcpu, record);
    if (len < 0)
        return len;
    len = len ? len - (int)head : 2 * (int)sizeof(uint64_t);
    if (e->size < (uint64_t)len || e->xfeature_mask != HVM_XFEATURE_MASK)
        return -EINVAL;
    e->size = len;
    return user_write((uintptr_t)e->buffer.p, record + head, len);
}

/* The record at .cur: its length is checked as far as all are alike. */
static int load_one(const struct front_domain *d, struct context *c,
                    const struct hvm_save_descriptor *head)
{
    const struct hvm_kind *kind = kind_of(head->typecode);
    uint64_t record[(HVM_MAX_RECORD + 7) / 8] = { 0 };

    if (!kind || head->instance >= instances(kind, d) ||
        head->length > c->size - c->cur || head->length > sizeof(record) ||
        (!kind->load && kind->save && head->length != kind->len))
        return -EINVAL;
    memcpy(record, c->data + c->cur, head->length);
    c->cur += head->length;
    return kind->load ? kind->load(d, head->instance, record, head->length)
                      : 0;
}

/* hvm_load.  What came before a bad record stays loaded. */
static int load(const struct front_domain *d, struct context *c)
{
    struct hvm_save_descriptor head;
    struct hvm_save_header first;

    if (dying(d))
        return -EINVAL;
    if (c->size < sizeof(head) + sizeof(first))
        return -ENODATA;
    memcpy(&head, c->data, sizeof(head));
    memcpy(&first, c->data + sizeof(head), sizeof(first));
    if (head.typecode != HVM_SAVE_CODE(HEADER) ||
        head.length != sizeof(first))
        return -ENODATA;
    if (first.magic != HVM_FILE_MAGIC || first.version != HVM_FILE_VERSION)
        return -EINVAL;
    c->cur = sizeof(head) + sizeof(first);
    while (c->size - c->cur >= sizeof(head)) {
        int rc;

        memcpy(&head, c->data + c->cur, sizeof(head));
        if (!head.typecode)
            return 0;
        c->cur += sizeof(head);
        rc = load_one(d, c, &head);
        if (rc)
            return rc;
    }
    return -ENODATA;
}

int hvm_context_set(const struct xen_domctl *op)
{
    const struct xen_domctl_hvmcontext *h = &op->u.hvmcontext;
    struct context c = { .size = h->size };
    const struct front_domain *d;
    int rc = find(op->domain, &d);

    if (rc)
        return rc;
    c.data = c.size <= MAX_CONTEXT ? malloc(c.size + 1) : NULL;
    if (!c.data)
        return -ENOMEM;
    rc = user_read(c.data, (uintptr_t)h->buffer.p, c.size);
    if (!rc)
        rc = load(d, &c);
    free(c.data);
    return rc;
}
