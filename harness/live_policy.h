/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recording of a live guest monitors, and what it answers:
 *
 *   rule   = event [ ":" what ] [ "=" answer ]
 *   event  = access { "+" access } | "cr0" | "cr3" | "cr4" | "xcr0" | "msr"
 *          | "cpuid" | "breakpoint" | "debug" | "desc" | "request"
 *   access = "read" | "write" | "exec"
 *   what   = "all" | gfn [ "-" gfn ]       of an access; all when left out
 *          | number                        of an MSR
 *          | "change"                      of a register: writes that do
 *   answer = "continue" | "once" | "step" | "fast" | "emulate"
 *
 * Of two rules about the same page the later one holds. */
#ifndef XENREEL_LIVE_POLICY_H
#define XENREEL_LIVE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum live_event {
    LIVE_ACCESS, LIVE_CTRLREG, LIVE_MSR, LIVE_CPUID, LIVE_BREAKPOINT,
    LIVE_DEBUG, LIVE_DESC, LIVE_REQUEST
};

enum live_answer {
    LIVE_CONTINUE,      /* let it go on, or fault again */
    LIVE_ONCE,          /* give the page back, for good */
    LIVE_STEP,          /* one instruction without restrictions, then an event
                         * that puts them back: a view of its own */
    LIVE_FAST,          /* the same without that event */
    LIVE_EMULATE        /* Xen's emulator performs it */
};

struct live_rule {
    enum live_event event;
    enum live_answer answer;
    uint32_t access;            /* xenmem_access_t of the pages */
    uint32_t index;             /* VM_EVENT_X86_* or MSR */
    uint64_t first, last;       /* gfns; clipped to those that there are */
    bool change;                /* only what changes the register */
    const char *text;           /* the caller's */
};

#define LIVE_MAX_RULES  64

struct live_policy {
    struct live_rule rule[LIVE_MAX_RULES];
    unsigned int nr;
};

/* Add the rule TEXT, which has to outlive POLICY: NULL, or what is wrong. */
const char *live_policy_add(struct live_policy *policy, const char *text);

/* Does a rule answer so? */
bool live_policy_has(const struct live_policy *policy,
                     enum live_answer answer);
/* The one that holds for GFN, or NULL. */
const struct live_rule *live_policy_page(const struct live_policy *policy,
                                         uint64_t gfn);
/* The one of another event, or NULL. */
const struct live_rule *live_policy_event(const struct live_policy *policy,
                                          enum live_event event);

#endif
