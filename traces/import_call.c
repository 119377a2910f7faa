/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CALL lines: libxenctrl's function to the operation it stands for. */
#include "traces/import.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>

#include "harness/interface.h"
#include "harness/names.h"

#define MAX_ARGS        8
#define ARG_LEN         96

/* A function, its operation, and the operation's fields in the order of the
 * function's arguments ("-" for one without a field). */
static const struct function {
    const char *name;
    enum hv_op op;
    const char *fields;
} functions[] = {
    { "xc_set_mem_access", OP_ACCESS_SET, "access gfn nr" },
    { "xc_get_mem_access", OP_ACCESS_GET, "gfn" },
    { "xc_set_mem_access_multi", OP_ACCESS_SET_MULTI, "" },
    { "xc_altp2m_get_domain_state", OP_ALTP2M_GET_STATE, "" },
    { "xc_altp2m_set_domain_state", OP_ALTP2M_SET_STATE, "state" },
    { "xc_altp2m_create_view", OP_ALTP2M_CREATE, "access" },
    { "xc_altp2m_destroy_view", OP_ALTP2M_DESTROY, "view" },
    { "xc_altp2m_switch_to_view", OP_ALTP2M_SWITCH, "view" },
    { "xc_altp2m_set_mem_access", OP_ALTP2M_SET_ACCESS, "view gfn access" },
    { "xc_altp2m_get_mem_access", OP_ALTP2M_GET_ACCESS, "view gfn" },
    { "xc_altp2m_set_mem_access_multi", OP_ALTP2M_SET_ACCESS_MULTI,
      "view" },
    { "xc_altp2m_change_gfn", OP_ALTP2M_CHANGE_GFN,
      "view old_gfn new_gfn" },
    { "xc_altp2m_set_suppress_ve", OP_ALTP2M_SET_SVE, "view gfn sve" },
    { "xc_altp2m_get_suppress_ve", OP_ALTP2M_GET_SVE, "view gfn" },
    { "xc_altp2m_set_supress_ve_multi", OP_ALTP2M_SET_SVE_MULTI, "view" },
    { "xc_altp2m_set_vcpu_enable_notify", OP_ALTP2M_ENABLE_NOTIFY,
      "vcpu gfn" },
    { "xc_altp2m_set_vcpu_disable_notify", OP_ALTP2M_DISABLE_NOTIFY,
      "vcpu" },
    { "xc_altp2m_get_vcpu_p2m_idx", OP_ALTP2M_GET_VCPU_VIEW, "vcpu" },
    { "xc_altp2m_set_visibility", OP_ALTP2M_SET_VISIBILITY,
      "view visible" },
    { "xc_monitor_enable", OP_MONITOR_ENABLE, "" },
    { "xc_monitor_disable", OP_MONITOR_DISABLE, "" },
    { "xc_monitor_resume", OP_MONITOR_RESUME, "" },
    { "xc_monitor_get_capabilities", OP_MONITOR_CAPS, "" },
    { "xc_monitor_write_ctrlreg", OP_MONITOR_CTRLREG,
      "index enable sync bitmask onchangeonly" },
    { "xc_monitor_mov_to_msr", OP_MONITOR_MSR, "msr enable onchangeonly" },
    { "xc_monitor_singlestep", OP_MONITOR_SINGLESTEP, "enable" },
    { "xc_monitor_software_breakpoint", OP_MONITOR_BREAKPOINT, "enable" },
    { "xc_monitor_guest_request", OP_MONITOR_GUEST_REQUEST,
      "enable sync userspace" },
    { "xc_monitor_debug_exceptions", OP_MONITOR_DEBUG, "enable sync" },
    { "xc_monitor_cpuid", OP_MONITOR_CPUID, "enable" },
    { "xc_monitor_privileged_call", OP_MONITOR_PRIVILEGED_CALL, "enable" },
    { "xc_monitor_descriptor_access", OP_MONITOR_DESCRIPTOR, "enable" },
    { "xc_monitor_emul_unimplemented", OP_MONITOR_EMUL_UNIMPLEMENTED,
      "enable" },
    { "xc_monitor_vmexit", OP_MONITOR_VMEXIT, "enable sync" },
    { "xc_monitor_inguest_pagefault", OP_MONITOR_PAGEFAULT, "disable" },
    { "xc_monitor_emulate_each_rep", OP_MONITOR_EACH_REP, "enable" },
    { "xc_vm_event_get_version", OP_VM_EVENT_VERSION, "" },
    { "xc_domain_unpause", OP_DOMAIN_UNPAUSE, "" },
    { "xc_domain_pause", OP_DOMAIN_PAUSE, "" },
    { "xc_domain_destroy", OP_DOMAIN_DESTROY, "" },
    { "xc_domain_maximum_gpfn", OP_DOMAIN_MAX_GPFN, "" },
    { "xc_domain_setmaxmem", OP_DOMAIN_MAX_MEM, "max_kb" },
    { "xc_domain_set_access_required", OP_DOMAIN_ACCESS_REQUIRED,
      "required" },
    { "domctl set_access_required", OP_DOMAIN_ACCESS_REQUIRED, "required" },
    { "xc_domain_debug_control", OP_DOMAIN_DEBUG_CONTROL, "op vcpu" },
    { "xc_domain_populate_physmap_exact", OP_MEMORY_POPULATE, "gfn" },
    { "xc_domain_decrease_reservation_exact", OP_MEMORY_DECREASE, "gfn" },
    { "xc_hvm_inject_trap", OP_HVM_INJECT_TRAP,
      "vcpu vector type error insn_len cr2" },
    { "xc_hvm_param_get", OP_HVM_PARAM_GET, "param" },
    { "xc_hvm_param_set", OP_HVM_PARAM_SET, "param value" },
    { "xc_vcpu_getcontext", OP_VCPU_CONTEXT, "vcpu" },
    { "xc_vmtrace_enable", OP_DOMAIN_VMTRACE, "" },
    { "xc_vmtrace_disable", OP_DOMAIN_VMTRACE, "" },
    { "xc_vmtrace_output_position", OP_DOMAIN_VMTRACE, "" },
    { "xc_mem_paging_enable", OP_VM_EVENT_OP, "" },
    { "xc_mem_paging_disable", OP_VM_EVENT_OP, "" },
    { "xc_mem_paging_nominate", OP_MEMORY_PAGING_OP, "" },
    { "xc_memshr_ring_enable", OP_VM_EVENT_OP, "" },
    { "xc_memshr_ring_disable", OP_VM_EVENT_OP, "" },
    { "xc_memshr_control", OP_MEMORY_SHARING_OP, "enable" },
    { "xenevtchn_bind_interdomain", OP_EVTCHN_BIND, "dom port" },
    { "xenevtchn_notify", OP_EVTCHN_NOTIFY, "" },
    { "domctl monitor_op", OP_MONITOR_OP, "op event" },
    { "domctl vm_event_op", OP_VM_EVENT_OP, "op mode" },
    { "domctl cmd", OP_DOMAIN_DOMCTL, "cmd version" },
};

/* What the logs call a field. */
static const struct hv_name aliases[] = {
    { 0, "default_access access" }, { 0, "default access" },
    { 0, "en enable" }, { 0, "idx index" }, { 0, "mask bitmask" },
    { 0, "onchange onchangeonly" }, { 0, "user userspace" },
    { 0, "old old_gfn" }, { 0, "new new_gfn" }, { 0, "vec vector" },
    { 0, "ec error" }, { 0, "err error" }, { 0, "len insn_len" },
    { 0, "max max_gpfn" }, { 0, "ver version" }, { 0, NULL }
};

/* Fixed operands of calls whose arguments the log leaves out. */
static void preset(struct import *im, const char *name, union hv_args *a)
{
    if (starts_with(name, "xc_mem_paging_"))
        a->VM_EVENT_OP.mode = XEN_DOMCTL_VM_EVENT_OP_PAGING;
    if (starts_with(name, "xc_memshr_ring_"))
        a->VM_EVENT_OP.mode = XEN_DOMCTL_VM_EVENT_OP_SHARING;
    if (!strcmp(name, "xc_mem_paging_disable") ||
        !strcmp(name, "xc_memshr_ring_disable"))
        a->VM_EVENT_OP.op = XEN_VM_EVENT_DISABLE;
    if (!strcmp(name, "xenevtchn_notify"))
        a->EVTCHN_NOTIFY.port = 3;
    if (im->rec.op == OP_EVTCHN_NOTIFY)
        a->EVTCHN_NOTIFY.dom = im->guest;
    if (im->rec.op == OP_DOMAIN_DOMCTL)
        a->DOMAIN_DOMCTL.version = DOMCTL_VERSION;
}

static const struct hv_field *field_named(enum hv_op op, const char *name,
                                          size_t len)
{
    for (const struct hv_field *f = hv_ops_table[op].fields; f->name; f++) {
        if (strlen(f->name) == len && !strncmp(f->name, name, len))
            return f;
    }
    return NULL;
}

/* Field NAME of OP as a log writes it, through the aliases. */
static const struct hv_field *find_field(enum hv_op op, const char *name,
                                         size_t len)
{
    const struct hv_field *f = field_named(op, name, len);

    for (const struct hv_name *al = aliases; !f && al->name; al++) {
        const char *space = strchr(al->name, ' ');

        if ((size_t)(space - al->name) == len &&
            !strncmp(al->name, name, len))
            f = field_named(op, space + 1, strlen(space + 1));
    }
    return f;
}

/* A value: a number, a name of the field's table, or one of the recorder's
 * own words. */
static bool parse_value(const struct hv_field *f, const char *text,
                        uint64_t *value)
{
    char word[ARG_LEN];

    if (import_number(text, value))
        return true;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, "( "), text);
    if (f->names && !hv_name_value(f->names, word, value))
        return true;
    if (starts_with(word, "VM_EVENT_X86_")) {
        for (char *p = word; *p; p++)
            *p = tolower((unsigned char)*p);
        return !hv_name_value(names_ctrlreg, word + 13, value);
    }
    if (starts_with(word, "vcpu"))
        return import_number(word + 4, value);
    if (starts_with(word, "pending_dbg="))
        return import_number(word + 12, value);
    *value = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON;
    if (!strcmp(word, "SINGLE_STEP_ON"))
        return true;
    *value = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF;
    if (!strcmp(word, "SINGLE_STEP_OFF"))
        return true;
    *value = HVM_PARAM_MONITOR_RING_PFN;
    return !strcmp(word, "MONITOR_RING_PFN");
}

/* The name of the Nth field of FUNCTION, its length in *len. */
static const char *nth_field(const struct function *fn, unsigned int n,
                             size_t *len)
{
    const char *p = fn->fields;

    while (n-- && *p) {
        p += strcspn(p, " ");
        p += *p == ' ';
    }
    *len = strcspn(p, " ");
    return *len ? p : NULL;
}

static void set_arg(struct import *im, const struct function *fn,
                    const char *arg, unsigned int n)
{
    const char *eq = strchr(arg, '=');
    const struct hv_field *f = NULL;
    uint64_t v;
    size_t len;

    if (starts_with(arg, "dom") && isdigit((unsigned char)arg[3])) {
        hv_field_set(hv_ops_table[fn->op].fields, &im->rec.args,
                     strtoul(arg + 3, NULL, 10));
        return;
    }
    if (eq && !strchr("({", arg[0])) {
        f = find_field(fn->op, arg, eq - arg);
        arg = eq + 1;
    }
    if (!f) {
        const char *name = nth_field(fn, n, &len);

        f = name ? find_field(fn->op, name, len) : NULL;
    }
    if (f && parse_value(f, arg, &v))
        hv_field_set(f, &im->rec.args, v);
    else if (arg[0] != '&' && strcmp(arg, "dom"))
        snprintf(im->odd, sizeof(im->odd), "%.*s", (int)sizeof(im->odd) - 1,
                 arg);
}

/* Split "a, b={1,2}, c" at the commas outside braces. */
static unsigned int split_args(const char *text, size_t len,
                               char args[MAX_ARGS][ARG_LEN])
{
    unsigned int n = 0, depth = 0;
    size_t used = 0;

    for (size_t i = 0; i <= len && n < MAX_ARGS; i++) {
        char c = i < len ? text[i] : ',';

        depth += c == '{' || c == '(';
        depth -= depth && (c == '}' || c == ')');
        if (c == ',' && !depth) {
            args[n][used] = 0;
            if (used)
                n++;
            used = 0;
        } else if (used < ARG_LEN - 1 && !(c == ' ' && !used)) {
            args[n][used++] = c;
        }
    }
    return n;
}

/* "(dom1, 3) second time = ...": the arguments, and a remark. */
static void set_args(struct import *im, const struct function *fn,
                     const char *text, const char *result)
{
    char args[MAX_ARGS][ARG_LEN];
    size_t len = 0, depth = 1;
    unsigned int n;

    if (*text++ != '(')
        return;
    while (text + len < result) {
        depth += text[len] == '(';
        depth -= text[len] == ')';
        if (!depth)
            break;
        len++;
    }
    n = split_args(text, len, args);
    for (unsigned int i = 0; i < n; i++)
        set_arg(im, fn, args[i], i);
    text += len + (text + len < result);
    text += strspn(text, " ");
    if (text < result && *text != '=')
        snprintf(im->odd, sizeof(im->odd), "%.*s",
                 (int)strcspn(text, "=") - 1, text);
}

/* "domctl cmd=9999 ver=0x15" */
static void set_domctl(struct import *im, const char *line)
{
    struct args_domctl *a = &im->rec.args.DOMAIN_DOMCTL;
    uint64_t v;

    if (import_key(line, "cmd", &v))
        a->cmd = v;
    if (import_key(line, "ver", &v))
        a->version = v;
}

/* ---- results ---- */

static int parse_result(struct import *im, const char *text)
{
    const char *err = strstr(text, "errno=");
    uint64_t v;

    if (text[0] == '-' || starts_with(text, "NULL")) {
        if (!err || starts_with(err, "errno=0"))
            return import_fail(im, "a failed call without its errno");
        err += 6;
        if (isdigit((unsigned char)*err)) {
            im->rec.result = -(int64_t)strtoul(err, NULL, 10);
        } else {
            char name[24];

            snprintf(name, sizeof(name), "%s", err);
            name[strcspn(name, " ")] = 0;
            if (hv_errno_value(name) < 0)
                return import_fail(im, "unknown errno %s", name);
            im->rec.result = -hv_errno_value(name);
        }
        return 0;
    }
    if (import_key(text, "port", &v) && im->rec.op == OP_MONITOR_ENABLE)
        im->rec.args.MONITOR_ENABLE.out = v;
    if (!import_number(text, &v))
        return 0;               /* "ptr", "ring": success */
    if (im->rec.op == OP_EVTCHN_BIND)
        im->rec.args.EVTCHN_BIND.out = v;
    else
        im->rec.result = v;
    return 0;
}

/* One word of an output line: "access=7(rwx)", or a bare value. */
static void set_output(struct import *im, const char *word)
{
    const char *eq = strchr(word, '=');
    const struct hv_field *out = NULL, *first = NULL;
    uint64_t v;

    for (const struct hv_field *f = hv_ops_table[im->rec.op].fields; f->name;
         f++) {
        if (f->role == HV_IN)
            continue;
        if (!first)
            first = f;
        if (eq && strlen(f->name) == (size_t)(eq - word) &&
            !strncmp(f->name, word, eq - word))
            out = f;
    }
    if (!out)
        out = first;
    if (out && !hv_field_is_span(out) &&
        import_number(eq ? eq + 1 : word, &v))
        hv_field_set(out, &im->rec.args, v);
}

static void read_outputs(struct import *im)
{
    while (im->at + 1 < im->nr_lines) {
        char line[256], *save = NULL;
        const char *next = im->lines[im->at + 1].text;

        if (!starts_with(next, "  out ") && !starts_with(next, "  -> "))
            return;
        im->at++;
        snprintf(line, sizeof(line), "%s", next + (next[2] == 'o' ? 6 : 5));
        for (char *w = strtok_r(line, " ", &save); w;
             w = strtok_r(NULL, " ", &save))
            set_output(im, w);
    }
}

/* ---- the line ---- */

static const struct function *function_of(const char *line)
{
    const struct function *best = NULL;

    for (unsigned int i = 0; i < sizeof(functions) / sizeof(*functions);
         i++) {
        size_t n = strlen(functions[i].name);

        if (!strncmp(line, functions[i].name, n) && !isalnum(line[n]) &&
            line[n] != '_')
            best = &functions[i];
    }
    return best;
}

/* Follow what later lines refer to. */
static void track(struct import *im)
{
    const union hv_args *a = &im->rec.args;

    if (im->rec.result < 0)
        return;
    infer_call(&im->infer, &im->rec);
    if (im->rec.op == OP_ACCESS_SET)
        im->last_set = a->ACCESS_SET.gfn;
    if (im->rec.op == OP_MEMORY_POPULATE)
        im->populated = a->MEMORY_POPULATE.gfn;
    if (im->rec.op == OP_ALTP2M_CREATE)
        im->view = a->ALTP2M_CREATE.view;
}

/* Arguments that the operation has no field for, and remarks, are kept. */
static int note_odd(struct import *im)
{
    char note[160];

    if (!im->odd[0])
        return 0;
    snprintf(note, sizeof(note), "not understood: %s", im->odd);
    im->odd[0] = 0;
    return import_note(im, note);
}

int import_call(struct import *im, const char *line)
{
    const struct function *fn = function_of(line += 5);
    const char *result;
    struct lists lists;
    int rc;

    if (!fn) {
        /* Nothing is lost, but nothing is checked either. */
        char note[512];

        snprintf(note, sizeof(note), "not modelled: %s", line);
        return import_note(im, note);
    }
    result = strstr(line, ") = ");
    result = result ? result + 4 : strstr(line, " = ");
    if (!result)
        return import_fail(im, "a call without its result");
    result += strspn(result, " =");
    import_begin(im, fn->op);
    preset(im, fn->name, &im->rec.args);
    set_args(im, fn, line + strlen(fn->name), result);
    if (import_lists(im, line, &lists))
        im->odd[0] = 0;
    if (fn->op == OP_DOMAIN_DOMCTL)
        set_domctl(im, line);
    rc = parse_result(im, result);
    if (rc)
        return rc;
    read_outputs(im);
    rc = import_before_call(im);
    if (rc)
        return rc;
    track(im);
    rc = import_put(im);
    return rc ? rc : note_odd(im);
}
