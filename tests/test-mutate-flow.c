/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay notices what a client did differently: a response with another bit or
 * field, in the records that depend on it, for everything in a response that
 * Xen looks at (common/vm_event.c:vm_event_resume and what it calls); what
 * Xen does not look at is listed here, with the reason, and changes nothing.
 * And replay notices records that are missing or come twice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/names.h"
#include "tests/samples.h"

#define NR_REASONS      17
#define SHORT           150     /* records: longer traces take too long */
#define ON(reason)      (1u << VM_EVENT_REASON_##reason)

/* Where a flag is acted upon: for each of these reasons, or whatever the
 * reason is. */
static const struct {
    uint32_t flag;
    uint32_t reasons;
} acted_upon[] = {
    /* all events that can be synchronous */
    { VM_EVENT_FLAG_VCPU_PAUSED,
      ON(MEM_ACCESS) | ON(WRITE_CTRLREG) | ON(MOV_TO_MSR) |
      ON(SOFTWARE_BREAKPOINT) | ON(SINGLESTEP) | ON(GUEST_REQUEST) |
      ON(DEBUG_EXCEPTION) | ON(CPUID) | ON(INTERRUPT) |
      ON(DESCRIPTOR_ACCESS) | ON(EMUL_UNIMPLEMENTED) | ON(VMEXIT) },
    /* vm_event.c:vm_event_emulate_check */
    { VM_EVENT_FLAG_EMULATE,
      ON(MEM_ACCESS) | ON(SOFTWARE_BREAKPOINT) | ON(DESCRIPTOR_ACCESS) },
    { VM_EVENT_FLAG_EMULATE_NOWRITE, ON(MEM_ACCESS) | ON(DESCRIPTOR_ACCESS) },
    { VM_EVENT_FLAG_SET_EMUL_READ_DATA, ON(MEM_ACCESS) },
    { VM_EVENT_FLAG_SET_EMUL_INSN_DATA, ON(SOFTWARE_BREAKPOINT) },
    /* vm_event_register_write_resume */
    { VM_EVENT_FLAG_DENY, ON(WRITE_CTRLREG) | ON(MOV_TO_MSR) },
    /* of any response */
    { VM_EVENT_FLAG_TOGGLE_SINGLESTEP, 0 },
    { VM_EVENT_FLAG_FAST_SINGLESTEP, 0 },
    { VM_EVENT_FLAG_ALTERNATE_P2M, 0 },
    { VM_EVENT_FLAG_SET_REGISTERS, 0 },
    { VM_EVENT_FLAG_GET_NEXT_INTERRUPT, 0 },
};

/* FOREIGN says something in requests only.  NESTED_P2M: vm_event_resume takes
 * it as a fault of a nested guest, and here are none.  RESET_VMTRACE resets a
 * trace buffer; without vmtrace there is none (vm_event_reset_vmtrace).
 * RESET_FORK_*: for forks, which need memory sharing, not built here. */
static const uint32_t never_acted_upon[] = {
    VM_EVENT_FLAG_FOREIGN, VM_EVENT_FLAG_NESTED_P2M,
    VM_EVENT_FLAG_RESET_VMTRACE, VM_EVENT_FLAG_RESET_FORK_STATE,
    VM_EVENT_FLAG_RESET_FORK_MEMORY,
};

/* Fields that vm_event_resume reads.  gfn and access are u.mem_access's, for
 * p2m_mem_access_emulate_check; index is u.write_ctrlreg's, for DENY.  Of the
 * registers that are set, those that a later record shows: rip, and rax and
 * rcx as CPUID's arguments. */
static const char *const read_fields[] = {
    "dom", "version", "reason", "vcpu", "flags", "view", "gfn", "access",
    "index", "step_view", "emul_size", "rax", "rcx", "rip", NULL
};

/* And those it does not: of u.mem_access, what the guest's access was; what
 * the other events say; all registers that vm_event_set_registers leaves.
 * rdx to r15 and rflags are set, but come back as a guest's own only, which
 * is an observation and not compared. */
static const char *const unread_fields[] = {
    "off", "gla", "new", "old", "msr", "insn_len", "type", "pending_dbg",
    "leaf", "subleaf", "desc", "write", "info", "qual", "exit", "vector",
    "error", "cr2", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9",
    "r10", "r11", "r12", "r13", "r14", "r15", "rflags", "dr6", "dr7", "cr0",
    "cr3", "cr4", "sysenter_cs", "sysenter_esp", "sysenter_eip", "msr_efer",
    "msr_star", "msr_lstar", "gdtr_base", "npt_base", "vmtrace_pos",
    "cs_base", "ss_base", "ds_base", "es_base", "fs_base", "gs_base", "cs",
    "ss", "ds", "es", "fs", "gs", "shadow_gs", "gdtr_limit", "cs_sel",
    "ss_sel", "ds_sel", "es_sel", "fs_sel", "gs_sel", NULL
};

/* Replay S changed by EDIT: true when there is a difference, which must be at
 * or behind the change. */
static bool notices(const struct sample *s, const struct edit *edit)
{
    struct replay_report report;
    uint64_t seq;
    bool found;

    assert_int_equal(sample_replay(s, edit, &report), 0);
    found = report.cause != REPLAY_SAME;
    seq = report.cause == REPLAY_EXTRA_EVENT ? report.actual.seq :
                                               report.expected.seq;
    if (found && seq < edit->at + 1)
        fail_msg("%s: changed at #%zu, noticed at #%llu", s->name,
                 edit->at + 1, (unsigned long long)seq);
    replay_report_free(&report);
    return found;
}

/* How a response is changed; false when this one cannot be. */
typedef bool change_fn(struct hv_record *rec, const void *what);

/* How many responses were changed, up to the first that was noticed. */
struct tried {
    unsigned int times;
    bool noticed;
};

static struct tried try_change(uint32_t reasons, change_fn *change,
                               const void *what)
{
    struct tried tried = { 0, false };

    for (size_t i = 0; i < all.nr && !tried.noticed; i++) {
        const struct sample *s = &all.s[i];

        for (size_t k = 0; k < s->nr && s->nr < SHORT; k++) {
            struct edit edit = { EDIT_REPLACE, k, s->rec[k] };

            if (s->rec[k].op != OP_RESPOND ||
                !(reasons & 1u << s->rec[k].args.RESPOND.ev.reason) ||
                !change(&edit.rec, what))
                continue;
            tried.times++;
            tried.noticed = notices(s, &edit);
            if (tried.noticed)
                break;
        }
    }
    return tried;
}

static bool flip(struct hv_record *rec, const void *what)
{
    rec->args.RESPOND.ev.flags ^= *(const uint32_t *)what;
    return true;
}

static bool set(struct hv_record *rec, const void *what)
{
    bool was = rec->args.RESPOND.ev.flags & *(const uint32_t *)what;

    return !was && flip(rec, what);
}

static bool clear(struct hv_record *rec, const void *what)
{
    return !set(rec, what) && flip(rec, what);
}

/* vm_event_resume: each bit that it acts upon, given and taken away. */
static void test_flags(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(acted_upon) / sizeof(*acted_upon); i++) {
        uint32_t flag = acted_upon[i].flag, reasons = acted_upon[i].reasons;
        const char *name = hv_name_of(names_event_flags, flag);

        if (!reasons && (!try_change(~0u, set, &flag).noticed ||
                         !try_change(~0u, clear, &flag).noticed))
            fail_msg("%s is not noticed", name);
        for (uint32_t r = 0; r < NR_REASONS; r++) {
            if ((reasons & 1u << r) &&
                !try_change(1u << r, flip, &flag).noticed)
                fail_msg("%s %s is not noticed",
                         hv_name_of(names_reason, r), name);
        }
    }
}

static void test_ignored_flags(void **state)
{
    size_t n = sizeof(never_acted_upon) / sizeof(*never_acted_upon);
    uint32_t listed = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        listed |= never_acted_upon[i];
        if (try_change(~0u, flip, &never_acted_upon[i]).noticed)
            fail_msg("%s is noticed",
                     hv_name_of(names_event_flags, never_acted_upon[i]));
    }
    for (size_t i = 0; i < sizeof(acted_upon) / sizeof(*acted_upon); i++)
        listed |= acted_upon[i].flag;
    for (const struct hv_name *f = names_event_flags; f->name; f++) {
        if (!(listed & f->value))
            fail_msg("%s is in no list", f->name);
    }
}

/* Nothing where there was something, otherwise something. */
static bool change_field(struct hv_record *rec, const void *what)
{
    const struct hv_field *f = what;

    if (!hv_field_applies(f, hv_op_groups(OP_RESPOND, &rec->args)))
        return false;
    hv_field_set(f, &rec->args, !hv_field_get(f, &rec->args));
    return true;
}

static bool is_in(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name))
        list++;
    return *list;
}

/* "gfn" is read in u.mem_access, but in the others not, and cr2 is two. */
static bool is_read(const struct hv_field *f)
{
    if (!strcmp(f->name, "gfn"))
        return f->when == ON(MEM_ACCESS);
    return is_in(read_fields, f->name);
}

/* Every field: noticed, or said to be unread. */
static void test_fields(void **state)
{
    (void)state;
    for (const struct hv_field *f = hv_ops_table[OP_RESPOND].fields; f->name;
         f++) {
        struct tried tried;

        if (strcmp(f->name, "gfn") && is_in(read_fields, f->name) ==
                                      is_in(unread_fields, f->name))
            fail_msg("%s is in no list, or in both", f->name);
        tried = try_change(~0u, change_field, f);
        if (!tried.times)
            fail_msg("no response has %s", f->name);
        if (tried.noticed != is_read(f))
            fail_msg("%s is %snoticed", f->name, tried.noticed ? "" : "not ");
    }
}

/* SET_EMUL_READ_DATA's bytes, which no field shows. */
static bool change_data(struct hv_record *rec, const void *what)
{
    (void)what;
    if (!(rec->args.RESPOND.ev.flags & VM_EVENT_FLAG_SET_EMUL_READ_DATA))
        return false;
    rec->args.RESPOND.ev.data.emul.read.data[0] ^= 1;
    return true;
}

static void test_data(void **state)
{
    (void)state;
    assert_true(try_change(~0u, change_data, NULL).noticed);
}

/* An event twice is one too many; one that is left out shows at the next, or
 * at the end: somewhere for each reason (not always: the ring may be closed
 * before). */
static void test_missing(void **state)
{
    bool dropped[NR_REASONS] = { false };

    (void)state;
    for (size_t i = 0; i < all.nr; i++) {
        const struct sample *s = &all.s[i];

        for (size_t k = 0; k < s->nr && s->nr < SHORT; k++) {
            struct edit twice = { .what = EDIT_TWICE, .at = k };
            struct edit drop = { .what = EDIT_DROP, .at = k };
            bool *found = &dropped[s->rec[k].args.EVENT.ev.reason %
                                   NR_REASONS];

            if (s->rec[k].op != OP_EVENT || *found)
                continue;
            *found = notices(s, &drop);
            assert_true(notices(s, &twice));
        }
    }
    for (uint32_t r = 0; r < NR_REASONS; r++) {
        if ((acted_upon[0].reasons & 1u << r) && !dropped[r])
            fail_msg("a missing %s is not noticed",
                     hv_name_of(names_reason, r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_ignored_flags),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_missing),
    };

    return cmocka_run_group_tests(tests, samples_load, samples_free);
}
