/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/import_oracle.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/import.h"

#define MAX_LOG         (1ull << 30)

/* ---- lines ---- */

/* Does the log begin behind the recorder's init section, with the ring on and
 * the guest waiting in its first GUEST_REQUEST? */
static bool starts_late(const struct import *im)
{
    for (uint32_t i = im->at; i < im->nr_lines; i++) {
        const char *line = im->lines[i].text;

        if (starts_with(line, "CALL xc_monitor_enable("))
            return false;
        if (starts_with(line, "CMD ") || starts_with(line, "RSP "))
            return true;
    }
    return false;
}

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
    rc = import_create(im, dom);
    if (!rc && first && starts_late(im))
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
    if (ev.reason == VM_EVENT_REASON_GUEST_REQUEST)
        im->request_rip = ev.data.regs.x86.rip;
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

static int raw_line(struct import *im, const char *line)
{
    (void)line;
    return import_fail(im, "raw bytes without their EV line");
}

static int info(struct import *im, const char *line)
{
    uint64_t dom;

    if (!import_key(line, "dom", &dom))
        return import_fail(im, "INFO without a domain");
    return import_create(im, dom);
}

static int response_line(struct import *im, const char *line)
{
    /* "RSP n=1 flags=1 ..." is decoded from the RSPRAW behind it. */
    return starts_with(line, "RSP n=") ? 0 : response(im, line + 4);
}

/* Recorders of live guests notified after each response, unlogged. */
static int response_raw(struct import *im, const char *line)
{
    int rc = response(im, line + 7);

    return rc ? rc : notify(im);
}

static int call(struct import *im, const char *line)
{
    im->asked = NULL;
    return import_call(im, line);
}

/* Every kind of line, by how it begins.  Without a function: nothing is left
 * to say, since other lines have it. */
static const struct kind {
    const char *start;
    int (*import)(struct import *im, const char *line);
    bool early;                 /* may stand before the domain is known */
} kinds[] = {
    { "SCENARIO ", scenario, true },
    { "INFO ", info, true },
    { "CASE ", import_note, true },
    { "# ", import_note, true },
    { "CALL ", call, false },
    { "  out ", import_note, false },   /* of calls that are notes, too */
    { "  -> ", import_note, false },
    { "CMD ", import_command, false },
    { "GUEST", import_guest_line, false },
    { "RINGPOS ", import_ring_positions, false },
    { "RINGINFO ", import_ring_state, false },
    { "RING ", import_ring_state, false },
    { "REQ ", request, false },
    { "REQDEC ", NULL, true },
    { "RSP ", response_line, false },
    { "RSPDEC ", NULL, true },
    { "RES ", import_result, false },
    { "BUF ", import_buffer, false },
    { "MAP ok", import_map, false },
    { "FOREIGN ", import_foreign, false },
    { "DOMINFO ", import_domain_info, false },
    { "VCPU ", import_vcpu_info, false },
    { "CTX ", import_vcpu_context, false },
    { "TIMEOUT", import_wait, false },
    { "TOOMANY", import_note, true },
    { "EV n=", import_event_line, false },
    { "RAW ", raw_line, false },
    { "RSPRAW ", response_raw, false },
    { "STATE ", import_state_line, false },
    { "EVENTS ", import_events_line, false },
    { "> ", import_script_line, true },
    { "PEEK ", import_note, true },
    { "l4 va=", import_pv_l4, true },
    { "mfns ", import_pv_frames, true },
    { "OP ", import_pv_call, true },
    { "Bad type (saw ", import_pv_frame, true },
    { "Panic on CPU ", import_panic, true },
    { "  ", import_pv_line, true },
    { "@@TRACE-", NULL, true },
};

static const struct kind *kind_of(const char *line)
{
    for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (starts_with(line, kinds[i].start))
            return &kinds[i];
    }
    return NULL;
}

/* The lines of no kind that stood before the one being read. */
static int import_others(struct import *im)
{
    uint32_t number = im->at < im->nr_lines ? im->lines[im->at].number : ~0u;
    int rc = 0;

    while (!rc && im->other < im->nr_others &&
           im->others[im->other].number < number)
        rc = import_note(im, im->others[im->other++].text);
    return rc;
}

/* Where a PV guest prints on the hypervisor's console as well, a log may have
 * its words twice. */
enum twice { NOT_YET, ON_CONSOLE, AGAIN };

/* LINE without what the console put in front of a PV guest's, "(d1) [ 1.2] ",
 * and of the hypervisor's own lines what is of use. */
static char *content(char *line, enum twice *twice)
{
    static const char *const kept[] = { "Bad type (saw ", "Panic on CPU " };
    char *p = NULL;

    if (starts_with(line, "(d") && isdigit((unsigned char)line[2])) {
        p = strstr(line, "] ");
        *twice = ON_CONSOLE;
        return p ? p + 2 : line;
    }
    if (*twice == ON_CONSOLE && starts_with(line, "--- Xen Test Framework"))
        *twice = AGAIN;
    if (*twice == AGAIN) {
        if (starts_with(line, "Test result:"))
            *twice = NOT_YET;
        return line + strlen(line);
    }
    for (unsigned int i = 0; !p && i < sizeof(kept) / sizeof(*kept) &&
         starts_with(line, "(XEN)"); i++)
        p = strstr(line, kept[i]);
    return p ? p : line;
}

/* Sort the text's lines: those of a kind, the others, and the console of the
 * hypervisor, which comes in between anywhere and is left out. */
static int split(struct import *im, size_t len)
{
    enum twice twice = NOT_YET;
    uint32_t n = 0, number = 0;

    for (size_t i = 0; i < len; i++)
        n += im->text[i] == '\n';
    im->lines = calloc(n + 1, sizeof(*im->lines));
    im->others = calloc(n + 1, sizeof(*im->others));
    if (!im->lines || !im->others)
        return -ENOMEM;
    for (char *p = im->text, *end = im->text + len; p < end;) {
        char *nl = memchr(p, '\n', end - p);
        char *next = nl ? nl + 1 : end;
        struct import_line line = { p, ++number };

        if (nl)
            *nl = 0;
        if (nl > p && nl[-1] == '\r')
            nl[-1] = 0;
        p = line.text = content(p, &twice);
        if (kind_of(p))
            im->lines[im->nr_lines++] = line;
        else if (*p && !starts_with(p, "(XEN)"))
            im->others[im->nr_others++] = line;
        p = next;
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
    const struct kind *kind;
    int rc = load(im);

    for (; !rc && im->at < im->nr_lines; im->at++) {
        kind = kind_of(im->lines[im->at].text);
        rc = import_others(im);
        if (!rc && !im->created && !kind->early)
            rc = import_fail(im, "neither SCENARIO nor INFO before this: "
                             "which domain is it about?");
        if (!rc && kind->import)
            rc = kind->import(im, im->lines[im->at].text);
        if (rc)
            return rc;
    }
    if (!rc && !im->created)
        return import_fail(im, "neither SCENARIO nor INFO: this is no log of "
                           "the oracle's kinds");
    return rc ? rc : import_others(im);
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
    free(im->others);
    free(im->text);
    free(im);
    return rc;
}
