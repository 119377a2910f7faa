/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines that say what dom0 saw: of the domain, its vCPUs, the ring, memory;
 * and what the commanded guest saw. */
#include "traces/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/hvm_op.h>

int import_domain_info(struct import *im, const char *line)
{
    static const char *const keys[] = {
        "paused", "blocked", "running", "shutdown", "reason", "crashed",
        "dying", NULL
    };
    uint64_t v, dying = 0;
    union hv_args *a;
    int rc;

    if (import_key(line, "dying", &dying) && dying && !im->destroyed) {
        im->destroyed = true;
        /* xl destroys a domain that crashed, pausing it first. */
        import_begin(im, OP_DOMAIN_PAUSE);
        rc = import_put(im);
        if (rc)
            return rc;
        import_begin(im, OP_DOMAIN_DESTROY);
        rc = import_put(im);
        if (rc)
            return rc;
    }
    a = import_begin(im, OP_DOMAIN_INFO);
    for (unsigned int i = 0; keys[i]; i++) {
        const struct hv_field *f = hv_ops_table[OP_DOMAIN_INFO].fields;

        while (strcmp(f->name, keys[i]))
            f++;
        if (import_key(line, keys[i], &v))
            hv_field_set(f, a, v);
    }
    return import_put(im);
}

int import_vcpu_info(struct import *im, const char *line)
{
    union hv_args *a = import_begin(im, OP_VCPU_INFO);
    uint64_t v;

    if (import_key(line, "online", &v))
        a->VCPU_INFO.online = v;
    if (import_key(line, "blocked", &v))
        a->VCPU_INFO.blocked = v;
    if (import_key(line, "running", &v))
        a->VCPU_INFO.running = v;
    return import_put(im);
}

int import_vcpu_context(struct import *im, const char *line)
{
    union hv_args *a = import_begin(im, OP_VCPU_CONTEXT);
    unsigned long long rip, rsp;

    if (sscanf(line, "CTX rip=%llx rsp=%llx", &rip, &rsp) == 2) {
        a->VCPU_CONTEXT.rip = rip;
        a->VCPU_CONTEXT.rsp = rsp;
    }
    return import_put(im);
}

int import_ring_state(struct import *im, const char *line)
{
    union hv_args *a = import_begin(im, OP_RING_STATE);
    uint64_t v;

    if (import_key(line, "nr_ents", &v))
        a->RING_STATE.nr_ents = v;
    if (import_key(line, "sizeof_entry", &v))
        a->RING_STATE.sizeof_entry = v;
    if (import_key(line, "req_prod", &v))
        a->RING_STATE.req_prod = v;
    if (import_key(line, "req_event", &v))
        a->RING_STATE.req_event = v;
    if (import_key(line, "rsp_prod", &v))
        a->RING_STATE.rsp_prod = v;
    if (import_key(line, "rsp_event", &v))
        a->RING_STATE.rsp_event = v;
    return import_put(im);
}

int import_ring_positions(struct import *im, const char *line)
{
    uint64_t v;

    if (import_key(line, "req_cons", &v))
        im->req_cons = v;
    if (import_key(line, "req_prod", &v))
        im->req_prod = v;
    if (import_key(line, "rsp_prod", &v))
        im->rsp_prod = v;
    return 0;
}

/* "MAP ok": the recorder wrote 8 bytes to the start of the page it was about
 * to test.  Which, the log does not say; the guest reads them next. */
int import_map(struct import *im, const char *line)
{
    uint64_t gfn = im->populated ? im->populated : im->last_set, value = 0;

    (void)line;
    for (uint32_t i = im->at; i < im->nr_lines; i++) {
        if (starts_with(im->lines[i].text, "RES ")) {
            import_key(im->lines[i].text, "r0", &value);
            break;
        }
    }
    im->populated = 0;
    return import_memory(im, gfn << 12, &value, sizeof(value));
}

int import_foreign(struct import *im, const char *line)
{
    union hv_args *a;
    const char *value = strchr(line, '=');
    uint64_t v;

    if (line[8] != 'D' || !value || !import_number(value + 1, &v))
        return import_fail(im, "FOREIGN without a page and a value");
    a = import_begin(im, OP_MEMORY_READ);
    a->MEMORY_READ.gfn = (im->data >> 12) + strtoul(line + 9, NULL, 10);
    a->MEMORY_READ.data.p = &v;
    a->MEMORY_READ.data.len = 8;
    return import_put(im);
}

/* RES: what the guest saw of its command. */
int import_result(struct import *im, const char *line)
{
    struct args_guest_result *a =
        &import_begin(im, OP_GUEST_RESULT)->GUEST_RESULT;

    import_key(line, "fault", &a->fault);
    import_key(line, "r0", &a->r0);
    import_key(line, "r1", &a->r1);
    import_key(line, "r2", &a->r2);
    import_key(line, "r3", &a->r3);
    import_key(line, "greq_rax", &a->greq);
    return import_put(im);
}

/* BUF: the argument of the guest's hypercall afterwards. */
int import_buffer(struct import *im, const char *line)
{
    unsigned char bytes[sizeof(struct xen_hvm_altp2m_op)];
    union hv_args *a = import_begin(im, OP_GUEST_BUFFER);

    a->GUEST_BUFFER.data.p = bytes;
    a->GUEST_BUFFER.data.len = import_hex(line + 4, bytes, sizeof(bytes));
    return import_put(im);
}

int import_wait(struct import *im, const char *line)
{
    (void)line;
    import_begin(im, OP_CLIENT_WAIT);
    return import_put(im);
}
