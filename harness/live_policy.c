/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/live_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#include <xen/memory.h>
#include <xen/vm_event.h>

#define ACCESS_R        1u
#define ACCESS_W        2u
#define ACCESS_X        4u

/* A part of a rule: not terminated. */
struct word {
    const char *p;
    size_t len;
};

static bool is(struct word w, const char *name)
{
    return strlen(name) == w.len && !memcmp(w.p, name, w.len);
}

/* What stands in front of the first of CHARS, which REST begins behind; its
 * .p is NULL when there is none. */
static struct word split(struct word w, const char *chars, struct word *rest)
{
    struct word first = { w.p, 0 };

    while (first.len < w.len && !strchr(chars, w.p[first.len]))
        first.len++;
    rest->p = first.len < w.len ? w.p + first.len + 1 : NULL;
    rest->len = rest->p ? w.len - first.len - 1 : 0;
    return first;
}

static bool number(struct word w, uint64_t *value)
{
    char digits[24], *end;

    if (!w.len || w.len >= sizeof(digits) || strchr("+- \t", w.p[0]))
        return false;
    memcpy(digits, w.p, w.len);
    digits[w.len] = '\0';
    errno = 0;
    *value = strtoull(digits, &end, 0);
    return !*end && !errno;
}

/* ---- events ---- */

static const struct {
    const char *name;
    enum live_event event;
    uint32_t index;
    enum live_answer answer;    /* when none is given */
} events[] = {
    { "cr0", LIVE_CTRLREG, VM_EVENT_X86_CR0, LIVE_CONTINUE },
    { "cr3", LIVE_CTRLREG, VM_EVENT_X86_CR3, LIVE_CONTINUE },
    { "cr4", LIVE_CTRLREG, VM_EVENT_X86_CR4, LIVE_CONTINUE },
    { "xcr0", LIVE_CTRLREG, VM_EVENT_X86_XCR0, LIVE_CONTINUE },
    { "msr", LIVE_MSR, 0, LIVE_CONTINUE },
    { "cpuid", LIVE_CPUID, 0, LIVE_CONTINUE },
    { "breakpoint", LIVE_BREAKPOINT, 0, LIVE_CONTINUE },
    { "debug", LIVE_DEBUG, 0, LIVE_CONTINUE },
    { "desc", LIVE_DESC, 0, LIVE_EMULATE },
    { "request", LIVE_REQUEST, 0, LIVE_CONTINUE },
};
#define NR_EVENTS (sizeof(events) / sizeof(*events))

/* What is left to a guest that lost accesses LOST.  EPT has no page that can
 * be written and not read: it is a misconfiguration, the guest's end. */
static uint32_t access_left(uint32_t lost)
{
    static const uint32_t left[] = {
        XENMEM_access_rwx, XENMEM_access_x, XENMEM_access_rx, XENMEM_access_x,
        XENMEM_access_rw, XENMEM_access_n, XENMEM_access_r, XENMEM_access_n,
    };

    return left[lost & 7];
}

/* "write+exec": false when it is no such list. */
static bool parse_access(struct live_rule *rule, struct word list)
{
    uint32_t lost = 0;
    struct word w;

    while (list.p) {
        w = split(list, "+", &list);
        lost |= is(w, "read") ? ACCESS_R : is(w, "write") ? ACCESS_W :
                is(w, "exec") ? ACCESS_X : 8;
    }
    rule->event = LIVE_ACCESS;
    rule->answer = LIVE_ONCE;
    rule->access = access_left(lost);
    rule->last = ~0ull;
    return lost < 8;
}

static bool parse_event(struct live_rule *rule, struct word name)
{
    for (unsigned int i = 0; i < NR_EVENTS; i++) {
        if (!is(name, events[i].name))
            continue;
        rule->event = events[i].event;
        rule->index = events[i].index;
        rule->answer = events[i].answer;
        return true;
    }
    return parse_access(rule, name);
}

/* ---- which, and what to answer ---- */

static const char *parse_pages(struct live_rule *rule, struct word what)
{
    struct word last, first = split(what, "-", &last);

    if (is(what, "all"))
        return NULL;
    if (!number(first, &rule->first) ||
        (last.p && !number(last, &rule->last)))
        return "pages are \"all\", GFN or GFN-GFN";
    if (!last.p)
        rule->last = rule->first;
    return rule->last < rule->first ? "the last page is before the first" :
           NULL;
}

static const char *parse_what(struct live_rule *rule, struct word what)
{
    uint64_t value;

    switch (rule->event) {
    case LIVE_ACCESS:
        return what.p ? parse_pages(rule, what) : NULL;
    case LIVE_MSR:
        if (!what.p || !number(what, &value) || value > UINT32_MAX)
            return "which MSR? \"msr:NUMBER\"";
        rule->index = value;
        return NULL;
    case LIVE_CTRLREG:
        rule->change = what.p && is(what, "change");
        return !what.p || rule->change ? NULL : "of a register there is "
               "\"change\" alone";
    default:
        return what.p ? "there is nothing to choose of such an event" : NULL;
    }
}

static const char *parse_answer(struct live_rule *rule, struct word answer)
{
    static const char *const names[] = {
        [LIVE_CONTINUE] = "continue", [LIVE_ONCE] = "once",
        [LIVE_STEP] = "step", [LIVE_FAST] = "fast",
        [LIVE_EMULATE] = "emulate",
    };
    unsigned int i = 0;

    if (!answer.p)
        return NULL;
    while (i <= LIVE_EMULATE && !is(answer, names[i]))
        i++;
    if (i > LIVE_EMULATE)
        return "answers are continue, once, step, fast and emulate";
    rule->answer = i;
    if (rule->event == LIVE_DESC)
        return i == LIVE_EMULATE ? NULL : "a descriptor access is answered "
               "with emulate";
    return rule->event == LIVE_ACCESS || i == LIVE_CONTINUE ? NULL :
           "such an event is answered with continue";
}

const char *live_policy_add(struct live_policy *policy, const char *text)
{
    struct live_rule rule = { .text = text };
    struct word all = { text, strlen(text) }, left, name, what, answer;
    const char *wrong;

    if (policy->nr == LIVE_MAX_RULES)
        return "too many rules";
    left = split(all, "=", &answer);
    name = split(left, ":", &what);
    if (!parse_event(&rule, name))
        return "events are read, write, exec (or several: write+exec), cr0, "
               "cr3, cr4, xcr0, msr, cpuid, breakpoint, debug, desc and "
               "request";
    wrong = parse_what(&rule, what);
    if (!wrong)
        wrong = parse_answer(&rule, answer);
    if (!wrong)
        policy->rule[policy->nr++] = rule;
    return wrong;
}

/* ---- asking ---- */

bool live_policy_has(const struct live_policy *policy,
                     enum live_answer answer)
{
    for (unsigned int i = 0; i < policy->nr; i++) {
        if (policy->rule[i].answer == answer &&
            policy->rule[i].event == LIVE_ACCESS)
            return true;
    }
    return false;
}

const struct live_rule *live_policy_page(const struct live_policy *policy,
                                         uint64_t gfn)
{
    for (unsigned int i = policy->nr; i-- > 0;) {
        const struct live_rule *r = &policy->rule[i];

        if (r->event == LIVE_ACCESS && gfn >= r->first && gfn <= r->last)
            return r;
    }
    return NULL;
}

const struct live_rule *live_policy_event(const struct live_policy *policy,
                                          enum live_event event)
{
    for (unsigned int i = 0; i < policy->nr; i++) {
        if (policy->rule[i].event == event)
            return &policy->rule[i];
    }
    return NULL;
}
