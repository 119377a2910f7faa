/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/import_oracle.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "traces/import.h"

#define MAX_LOG         (1ull << 30)
#define MAX_GPFN        0xfefffull      /* special pages of a PVH guest */

/* ---- the domain the log is about ---- */

static bool log_has(const struct import *im, const char *needle)
{
    for (uint32_t i = 0; i < im->nr_lines; i++) {
        if (strstr(im->lines[i], needle))
            return true;
    }
    return false;
}

/* The logs do not name the CPU's vendor, but what only AMD answers, the
 * capabilities and the recorder of the AMD runs give it away. */
static bool log_is_amd(const struct import *im)
{
    return log_has(im, "caps=0x1f7b") || log_has(im, "@@TRACE-BEGIN") ||
           strstr(im->path, "/svm/");
}

static uint32_t altp2m_mode(const struct import *im)
{
    const char *name = strrchr(im->path, '/');

    name = name ? name + 1 : im->path;
    if (starts_with(name, "disabled"))
        return XEN_ALTP2M_disabled;
    if (starts_with(name, "mixed"))
        return XEN_ALTP2M_mixed;
    if (starts_with(name, "limited"))
        return XEN_ALTP2M_limited;
    return XEN_ALTP2M_external;
}

/* "# ..., 96 MB: ..." in a heading says how large the guest is. */
static uint64_t memory_mb(const struct import *im)
{
    for (uint32_t i = 0; i < im->nr_lines && i < 100; i++) {
        const char *p = strstr(im->lines[i], " MB");

        if (im->lines[i][0] != '#' || !p)
            continue;
        while (p > im->lines[i] && isdigit((unsigned char)p[-1]))
            p--;
        if (isdigit((unsigned char)*p))
            return strtoull(p, NULL, 10);
    }
    return 16;
}

static int create(struct import *im, uint32_t dom)
{
    union hv_args *a;
    uint64_t mb = memory_mb(im);
    /* libxl_get_required_paging_memory, in whole MB; less the roots of the
     * host's, the nested and ten alternate maps, and a page for the vCPU */
    uint64_t pool_kb = 4 * (256 + 2 * mb);
    uint64_t roots = 1 + 10 + 10 + 1;

    if (im->created)
        return 0;
    im->created = true;
    im->dom = im->guest = dom;
    im->amd = log_is_amd(im);
    a = import_begin(im, OP_DOMAIN_CREATE);
    a->DOMAIN_CREATE.vendor = im->amd ? VENDOR_AMD : VENDOR_INTEL;
    a->DOMAIN_CREATE.type = GUEST_PVH;
    a->DOMAIN_CREATE.vcpus = 1;
    a->DOMAIN_CREATE.ram = mb << 8;
    a->DOMAIN_CREATE.max_gpfn = MAX_GPFN;
    a->DOMAIN_CREATE.max_pages = (mb + 1) << 8;
    a->DOMAIN_CREATE.pool = (((pool_kb + 1023) / 1024) << 8) - roots;
    a->DOMAIN_CREATE.altp2m = altp2m_mode(im);
    a->DOMAIN_CREATE.views = 10;
    return import_put(im);
}

/* ---- lines ---- */

static int domain_info(struct import *im, const char *line)
{
    static const char *const keys[] = {
        "paused", "blocked", "running", "shutdown", "reason", "crashed",
        "dying", NULL
    };
    uint64_t v, dying = 0;
    union hv_args *a;
    int rc;

    if (import_key(line, "dying", &dying) && dying) {
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

static int vcpu_info(struct import *im, const char *line)
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

static int vcpu_context(struct import *im, const char *line)
{
    union hv_args *a = import_begin(im, OP_VCPU_CONTEXT);
    unsigned long long rip, rsp;

    if (sscanf(line, "CTX rip=%llx rsp=%llx", &rip, &rsp) == 2) {
        a->VCPU_CONTEXT.rip = rip;
        a->VCPU_CONTEXT.rsp = rsp;
    }
    return import_put(im);
}

static int ring_state(struct import *im, const char *line)
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

static void ring_positions(struct import *im, const char *line)
{
    uint64_t v;

    if (import_key(line, "req_cons", &v))
        im->req_cons = v;
    if (import_key(line, "req_prod", &v))
        im->req_prod = v;
    if (import_key(line, "rsp_prod", &v))
        im->rsp_prod = v;
}

/* What the recorder wrote through a mapping, which its log does not say:
 * the first 8 bytes of the page (tests/lab guests of the oracle). */
static int map_ok(struct import *im)
{
    uint64_t gfn = im->populated ? im->populated : im->last_set;
    uint64_t value = im->populated ? 0x5ad0 : 0x77;

    im->populated = 0;
    return import_memory(im, gfn << 12, &value, sizeof(value));
}

static int foreign_read(struct import *im, const char *line)
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

/* A log that starts behind the recorder's init section: the ring is on and
 * the guest waits in its first GUEST_REQUEST. */
static int implied_start(struct import *im)
{
    struct vm_event_st ev = {
        .version = VM_EVENT_INTERFACE_VERSION,
        .flags = VM_EVENT_FLAG_VCPU_PAUSED,
        .reason = VM_EVENT_REASON_GUEST_REQUEST,
        .data.regs.x86.vmtrace_pos = ~0ull,
    };
    union hv_args *a = import_begin(im, OP_MONITOR_ENABLE);
    int rc;

    a->MONITOR_ENABLE.out = 3;
    rc = import_put(im);
    if (rc)
        return rc;
    a = import_begin(im, OP_EVTCHN_BIND);
    a->EVTCHN_BIND.port = 3;
    rc = import_put(im);
    if (rc)
        return rc;
    a = import_begin(im, OP_MONITOR_GUEST_REQUEST);
    a->MONITOR_GUEST_REQUEST.enable = 1;
    a->MONITOR_GUEST_REQUEST.sync = 1;
    rc = import_put(im);
    if (rc)
        return rc;
    import_begin(im, OP_DOMAIN_UNPAUSE);
    rc = import_put(im);
    if (!rc)
        rc = import_request(im, 0);
    return rc ? rc : import_emit_event(im, &ev);
}

static int scenario(struct import *im, const char *line)
{
    uint64_t dom;
    bool first;
    int rc;

    if (!import_key(line, "domid", &dom))
        return import_fail(im, "SCENARIO without a domid");
    first = !im->created;
    rc = create(im, dom);
    if (!rc && first && !starts_with(line, "SCENARIO init") &&
        !strstr(line, "noring"))
        rc = implied_start(im);
    return rc ? rc : import_note(im, line);
}

/* The commanded guest comes to its first GUEST_REQUEST by executing its own
 * code, which shatters the superpage it lies in (XSA-304). */
static int first_request(struct import *im, uint64_t rip)
{
    struct args_guest_mem *a = &import_begin(im, OP_GUEST_FETCH)->GUEST_FETCH;
    int rc;

    a->rip = a->gla = a->gpa = rip;
    a->len = 1;
    a->next = rip;
    rc = import_put(im);
    return rc ? rc : import_request(im, rip);
}

/* A request in the vmx format.  The commanded guest's first one, before any
 * command, is its GUEST_REQUEST. */
static int request(struct import *im, const char *line)
{
    struct vm_event_st ev;
    int rc = 0;

    if (!import_event(line + 4, &ev))
        return import_fail(im, "REQ is not %zu bytes", sizeof(ev));
    if (!im->have_event)
        rc = first_request(im, ev.data.regs.x86.rip);
    return rc ? rc : import_emit_event(im, &ev);
}

static int response(struct import *im, const char *hex)
{
    struct vm_event_st rsp;

    if (!import_event(hex, &rsp))
        return import_fail(im, "a response is not %zu bytes", sizeof(rsp));
    return import_emit_response(im, &rsp);
}

/* The recorder of live guests notified after each response, unlogged. */
static int notify(struct import *im)
{
    union hv_args *a = import_begin(im, OP_EVTCHN_NOTIFY);

    a->EVTCHN_NOTIFY.dom = im->guest;
    a->EVTCHN_NOTIFY.port = 3;
    return import_put(im);
}

/* RES: what the guest saw of its command. */
static int result(struct import *im, const char *line)
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
static int buffer(struct import *im, const char *line)
{
    unsigned char bytes[sizeof(struct xen_hvm_altp2m_op)];
    union hv_args *a = import_begin(im, OP_GUEST_BUFFER);

    a->GUEST_BUFFER.data.p = bytes;
    a->GUEST_BUFFER.data.len = import_hex(line + 4, bytes, sizeof(bytes));
    return import_put(im);
}

static int client_wait(struct import *im)
{
    import_begin(im, OP_CLIENT_WAIT);
    return import_put(im);
}

static int import_line(struct import *im, const char *line)
{
    uint64_t dom;
    bool known;
    int rc;

    if (starts_with(line, "CALL "))
        return import_call(im);
    if (starts_with(line, "CMD "))
        return import_command(im);
    if (starts_with(line, "SCENARIO "))
        return scenario(im, line);
    if (starts_with(line, "INFO dom=") && import_key(line, "dom", &dom))
        return create(im, dom);
    if (starts_with(line, "CASE ") || starts_with(line, "# "))
        return import_note(im, line);
    if (starts_with(line, "REQ "))
        return request(im, line);
    if (starts_with(line, "RSP ") && isxdigit((unsigned char)line[4]))
        return response(im, line + 4);
    if (starts_with(line, "RSPRAW ")) {
        rc = response(im, line + 7);
        return rc ? rc : notify(im);
    }
    if (starts_with(line, "RINGPOS "))
        ring_positions(im, line);
    else if (starts_with(line, "RINGINFO ") || starts_with(line, "RING "))
        return ring_state(im, line);
    else if (starts_with(line, "GUEST"))
        return import_guest_line(im);
    else if (starts_with(line, "DOMINFO "))
        return domain_info(im, line);
    else if (starts_with(line, "VCPU "))
        return vcpu_info(im, line);
    else if (starts_with(line, "CTX "))
        return vcpu_context(im, line);
    else if (starts_with(line, "MAP ok"))
        return map_ok(im);
    else if (starts_with(line, "FOREIGN "))
        return foreign_read(im, line);
    else if (starts_with(line, "TIMEOUT"))
        return client_wait(im);
    else if (starts_with(line, "RES "))
        return result(im, line);
    else if (starts_with(line, "BUF "))
        return buffer(im, line);
    rc = import_live_line(im, line, &known);
    return rc;
}

static int split(struct import *im, size_t len)
{
    uint32_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += im->text[i] == '\n';
    im->lines = calloc(n + 2, sizeof(*im->lines));
    if (!im->lines)
        return -ENOMEM;
    for (char *p = im->text, *end = im->text + len; p < end;) {
        char *nl = memchr(p, '\n', end - p);

        im->lines[im->nr_lines++] = p;
        if (!nl)
            break;
        *nl = 0;
        if (nl > p && nl[-1] == '\r')
            nl[-1] = 0;
        p = nl + 1;
    }
    return 0;
}

static int load(struct import *im)
{
    FILE *in = fopen(im->path, "rb");
    size_t room = 1 << 16, len = 0;

    if (!in) {
        int rc = -errno;

        snprintf(im->err->text, sizeof(im->err->text), "%s: %s", im->path,
                 strerror(errno));
        return rc;
    }
    im->text = malloc(room + 1);
    while (im->text) {
        size_t n = fread(im->text + len, 1, room - len, in);
        char *more;

        len += n;
        if (len < room || room > MAX_LOG)
            break;
        room *= 2;
        more = realloc(im->text, room + 1);
        if (!more)
            free(im->text);
        im->text = more;
    }
    fclose(in);
    if (!im->text)
        return -ENOMEM;
    im->text[len] = 0;
    return split(im, len);
}

static int import_all(struct import *im)
{
    int rc = load(im);

    while (!rc && im->at < im->nr_lines) {
        rc = import_line(im, im->lines[im->at]);
        im->at++;
    }
    if (!rc && !im->created) {
        im->at = 0;
        rc = import_fail(im, "neither SCENARIO nor INFO: this is no log of "
                         "the oracle's kinds");
    }
    return rc;
}

int import_oracle(const char *path, struct hv_sink *sink,
                  struct trace_error *err)
{
    struct import *im = calloc(1, sizeof(*im));
    int rc;

    if (!im)
        return -ENOMEM;
    im->path = path;
    im->sink = sink;
    im->err = err;
    im->req_cons = im->req_prod = im->rsp_prod = ~0u;
    err->text[0] = 0;
    rc = import_all(im);
    free(im->lines);
    free(im->text);
    free(im);
    return rc;
}
