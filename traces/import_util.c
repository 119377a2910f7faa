/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The importer's helpers: parsing words, putting records. */
#include "traces/import.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int import_fail(struct import *im, const char *format, ...)
{
    va_list ap;
    uint32_t line = im->at < im->nr_lines ? im->lines[im->at].number : 1;
    int n = snprintf(im->err->text, sizeof(im->err->text), "%s:%u: ",
                     im->path, line);

    va_start(ap, format);
    if (n > 0 && (size_t)n < sizeof(im->err->text))
        vsnprintf(im->err->text + n, sizeof(im->err->text) - n, format, ap);
    va_end(ap);
    return -EINVAL;
}

bool starts_with(const char *line, const char *prefix)
{
    return !strncmp(line, prefix, strlen(prefix));
}

union hv_args *import_begin(struct import *im, enum hv_op op)
{
    const struct hv_field *f = hv_ops_table[op].fields;

    im->rec.op = op;
    im->rec.flags = 0;
    im->rec.result = 0;
    hv_op_init(op, &im->rec.args);
    if (!strcmp(f->name, "dom"))
        hv_field_set(f, &im->rec.args, im->dom);
    return &im->rec.args;
}

int import_stored(struct import *im, int rc)
{
    if (rc)
        import_fail(im, "the record cannot be stored (%s)",
                    hv_errno_name(-rc) ? hv_errno_name(-rc) : "?");
    return rc;
}

int import_put(struct import *im)
{
    return import_stored(im, im->sink->put(im->sink, &im->rec));
}

int import_note(struct import *im, const char *text)
{
    union hv_args *a = import_begin(im, OP_NOTE);

    a->NOTE.text.p = (void *)text;
    a->NOTE.text.len = strlen(text);
    return import_put(im);
}

bool import_number(const char *text, uint64_t *value)
{
    const char *paren;
    char *end;

    if (!strncmp(text, "~0", 2)) {
        *value = ~0ull;
        return true;
    }
    if (text[0] == '#')
        text++;
    if (!isdigit((unsigned char)text[text[0] == '-'])) {
        paren = strchr(text, '(');
        if (!paren || !isdigit((unsigned char)paren[1 + (paren[1] == '-')]))
            return false;
        text = paren + 1;
    }
    *value = strtoull(text, &end, 0);
    return end != text;
}

bool import_key(const char *line, const char *key, uint64_t *value)
{
    size_t n = strlen(key);

    for (const char *p = strstr(line, key); p; p = strstr(p + 1, key)) {
        if (p[n] == '=' && (p == line || strchr(" (,", p[-1])))
            return import_number(p + n + 1, value);
    }
    return false;
}

uint32_t import_hex(const char *text, void *buf, uint32_t room)
{
    unsigned char *out = buf;
    uint32_t n = 0;
    unsigned int byte;

    while (n < room && isxdigit((unsigned char)text[0]) &&
           isxdigit((unsigned char)text[1])) {
        char digits[3] = { text[0], text[1], 0 };

        byte = strtoul(digits, NULL, 16);
        out[n++] = byte;
        text += 2;
    }
    return n;
}

bool import_event(const char *hex, struct vm_event_st *ev)
{
    return import_hex(hex, ev, sizeof(*ev)) == sizeof(*ev);
}

int import_emit_event(struct import *im, const struct vm_event_st *ev)
{
    union hv_args *a = import_begin(im, OP_EVENT);

    if (ev->vcpu_id >= INFER_VCPUS)
        return import_fail(im, "an event of vCPU %u", ev->vcpu_id);
    a->EVENT.dom = im->guest;
    a->EVENT.ev = *ev;
    a->EVENT.req_cons = im->req_cons;
    a->EVENT.req_prod = im->req_prod;
    a->EVENT.rsp_prod = im->rsp_prod;
    im->req_cons = im->req_prod = im->rsp_prod = ~0u;
    infer_event(&im->infer, ev, im->passed);
    im->have_event = true;
    im->passed = false;
    return import_put(im);
}

int import_emit_response(struct import *im, const struct vm_event_st *rsp)
{
    union hv_args *a = import_begin(im, OP_RESPOND);

    a->RESPOND.dom = im->guest;
    a->RESPOND.ev = *rsp;
    infer_response(&im->infer, rsp);
    return import_put(im);
}

int import_memory(struct import *im, uint64_t gpa, const void *bytes,
                  uint32_t len)
{
    union hv_args *a = import_begin(im, OP_MEMORY_WRITE);

    a->MEMORY_WRITE.gfn = gpa >> 12;
    a->MEMORY_WRITE.offset = gpa & 0xfff;
    a->MEMORY_WRITE.data.p = (void *)bytes;
    a->MEMORY_WRITE.data.len = len;
    return import_put(im);
}

int import_cpuid_policy(struct import *im, uint32_t leaf, uint32_t subleaf,
                        const struct vm_event_regs_x86 *regs)
{
    union hv_args *a = import_begin(im, OP_DOMAIN_CPUID);

    a->DOMAIN_CPUID.leaf = leaf;
    a->DOMAIN_CPUID.subleaf = subleaf;
    a->DOMAIN_CPUID.eax = regs->rax;
    a->DOMAIN_CPUID.ebx = regs->rbx;
    a->DOMAIN_CPUID.ecx = regs->rcx;
    a->DOMAIN_CPUID.edx = regs->rdx;
    return import_put(im);
}

bool import_first_msr(struct import *im, uint32_t msr)
{
    for (uint32_t i = 0; i < im->nr_seen_msrs; i++) {
        if (im->seen_msrs[i] == msr)
            return false;
    }
    if (im->nr_seen_msrs < MAX_SEEN_MSRS)
        im->seen_msrs[im->nr_seen_msrs++] = msr;
    return true;
}
