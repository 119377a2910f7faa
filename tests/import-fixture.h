/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs made in the recorders' formats, and what the importer makes of them,
 * for test-import*.c. */
#ifndef XENREEL_TESTS_IMPORT_FIXTURE_H
#define XENREEL_TESTS_IMPORT_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/replay.h"
#include "sim/sim.h"
#include "traces/import_oracle.h"
#include "traces/text.h"

#define MAX_RECORDS     1000

/* What was imported: records, and their text with single spaces. */
static struct {
    struct hv_sink sink;
    struct hv_source source;
    struct hv_record rec[MAX_RECORDS];
    char *text[MAX_RECORDS];
    unsigned int nr, next;
} list;
static struct trace_error error;

static inline void squeeze(char *s)
{
    char *out = s;

    for (; *s; s++) {
        if (*s != '\n' && (*s != ' ' || s[1] != ' '))
            *out++ = *s;
    }
    *out = 0;
}

static inline int list_put(struct hv_sink *sink, const struct hv_record *rec)
{
    size_t len;
    FILE *out;

    (void)sink;
    assert_true(list.nr < MAX_RECORDS);
    assert_int_equal(hv_record_copy(&list.rec[list.nr], rec), 0);
    list.rec[list.nr].seq = 0;
    out = open_memstream(&list.text[list.nr], &len);
    text_print(out, &list.rec[list.nr]);
    fclose(out);
    squeeze(list.text[list.nr]);
    list.rec[list.nr].seq = list.nr + 1;
    list.nr++;
    return 0;
}

static inline int list_next(struct hv_source *source, struct hv_record *rec)
{
    (void)source;
    if (list.next == list.nr)
        return 0;
    *rec = list.rec[list.next++];
    return 1;
}

static inline void list_clear(void)
{
    while (list.nr) {
        hv_record_free(&list.rec[--list.nr]);
        free(list.text[list.nr]);
    }
    list.next = 0;
    list.sink.put = list_put;
    list.source.next = list_next;
}

/* A line's "#12 " says nothing here. */
static inline const char *unnumbered(const char *text)
{
    return *text == '#' ? strchr(text, ' ') + 1 : text;
}

static inline void import_text(const char *path, const char *log)
{
    FILE *f = fopen(path, "w");
    int rc;

    assert_non_null(f);
    fputs(log, f);
    fclose(f);
    list_clear();
    error.text[0] = 0;
    rc = import_oracle(path, &list.sink, &error);
    unlink(path);
    assert_int_equal(rc, error.text[0] ? -EINVAL : 0);
}

/* The import of LOG fails, and says WANT. */
static inline void expect_error(const char *log, const char *want)
{
    import_text("t.log", log);
    if (!error.text[0] || (want && strncmp(error.text, want, strlen(want))))
        fail_msg("%s: %s", log, error.text);
}

/* LOG, whose first record makes the domain, imports as the lines WANT. */
static inline void expect(const char *log, const char *want)
{
    char *got = NULL;
    size_t len;
    FILE *out;

    import_text("t.log", log);
    assert_string_equal(error.text, "");
    out = open_memstream(&got, &len);
    for (unsigned int i = 1; i < list.nr; i++)
        fprintf(out, "%s\n", unnumbered(list.text[i]));
    fclose(out);
    assert_string_equal(got, want);
    free(got);
}

/* Every word of WORDS stands in TEXT. */
static inline bool has_words(const char *text, const char *words)
{
    char word[64];
    int n;

    for (; sscanf(words, "%63s%n", word, &n) == 1; words += n) {
        if (!strstr(text, word))
            return false;
    }
    return true;
}

static inline unsigned int count_records(const char *op)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < list.nr; i++)
        n += !strncmp(unnumbered(list.text[i]), op, strlen(op));
    return n;
}

/* ---- a log being written ---- */

static struct {
    char text[1 << 19];
    size_t len;
    unsigned int events;        /* on the ring so far */
    unsigned int commands;
} made;

static inline void log_add(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    made.len += vsnprintf(made.text + made.len, sizeof(made.text) - made.len,
                          format, ap);
    va_end(ap);
    assert_true(made.len < sizeof(made.text));
}

static inline void log_reset(void)
{
    memset(&made, 0, sizeof(made));
}

struct made_event {
    uint32_t reason, flags, vcpu;
    uint64_t rip;
    uint64_t gfn, off, gla;     /* or the first words of another union */
    uint32_t access;
};

static inline struct vm_event_st raw_event(const struct made_event *e)
{
    struct vm_event_st ev = {
        .version = VM_EVENT_INTERFACE_VERSION, .flags = e->flags,
        .reason = e->reason, .vcpu_id = e->vcpu,
        .data.regs.x86 = { .rip = e->rip, .cr3 = 0x10e000, .cr4 = 0x20,
                           .sysenter_cs = 0x10, .vmtrace_pos = ~0ull },
    };

    memcpy(&ev.u, &e->gfn, 8);
    memcpy((char *)&ev.u + 8, &e->off, 8);
    memcpy((char *)&ev.u + 16, &e->gla, 8);
    memcpy((char *)&ev.u + 24, &e->access, 4);
    return ev;
}

static inline void log_hex(const char *start, const struct vm_event_st *ev)
{
    log_add("%s ", start);
    for (size_t i = 0; i < sizeof(*ev); i++)
        log_add("%02x", ((const unsigned char *)ev)[i]);
    log_add("\n");
}

/* ---- commanded guests ---- */

static inline void log_request(const struct made_event *e)
{
    struct vm_event_st ev = raw_event(e);

    log_add("RINGPOS req_cons=%u req_prod=%u rsp_prod=%u\n", made.events,
            made.events + 1, made.events);
    made.events++;
    log_hex("REQ", &ev);
}

/* The response to E, with its union where it is emulated. */
static inline void log_response(const struct made_event *e, uint32_t flags)
{
    struct vm_event_st ev = raw_event(e);
    struct vm_event_st rsp = { .version = VM_EVENT_INTERFACE_VERSION,
                               .flags = flags, .reason = e->reason };

    if (flags & VM_EVENT_FLAG_EMULATE)
        rsp.u = ev.u;
    log_hex("RSP", &rsp);
    log_add("CALL xenevtchn_notify() = 0 errno=0\n");
}

static const struct made_event waiting = {
    .reason = VM_EVENT_REASON_GUEST_REQUEST, .flags = 1, .rip = 0x104027
};

static inline void begin_commanded(void)
{
    log_reset();
    log_add("SCENARIO init domid=3\n"
            "CALL xc_monitor_enable(&port) = ptr errno=0 port=3\n"
            "CALL xenevtchn_bind_interdomain(dom, port=3) = 18 errno=0\n"
            "CALL xc_monitor_guest_request(1, 1, 0) = 0 errno=0\n"
            "CALL xc_domain_unpause() = 0 errno=0\n");
    log_request(&waiting);
    log_add("GUEST cmd=0x134000 data=0x124000 code=0x120000 l1=0x11f000\n"
            "SCENARIO next domid=3\n");
}

static inline void begin_command(unsigned int op, uint64_t a0, uint64_t a1,
                                 uint64_t a2)
{
    log_add("CMD seq=%u op=%u a0=%#llx a1=%#llx a2=%#llx\n", ++made.commands,
            op, (unsigned long long)a0, (unsigned long long)a1,
            (unsigned long long)a2);
    log_response(&waiting, 1);
}

/* An event of the command, CALLS, and the response. */
static inline void commanded_answer(const struct made_event *e,
                                    const char *calls, uint32_t flags)
{
    log_request(e);
    log_add("%s", calls);
    log_response(e, flags);
}

static inline void commanded_event(const struct made_event *e,
                                   const char *calls)
{
    commanded_answer(e, calls, 1);
}

static inline void end_command(const char *result)
{
    log_request(&waiting);
    log_add("RES ok events=0 done=%u %s greq_rax=0\n", made.commands,
            result);
}

static inline void command(unsigned int op, uint64_t a0, uint64_t a1,
                           uint64_t a2, const char *result)
{
    begin_command(op, a0, a1, a2);
    end_command(result);
}

/* ---- live guests ---- */

static inline void begin_live(void)
{
    log_reset();
    log_add("INFO dom=5\n# a guest of 96 MB\n"
            "CALL xc_monitor_get_capabilities(dom5) = 0\n"
            "  -> caps=0x1f7f\n"
            "CALL xc_monitor_enable(dom5) = ring port=3\n"
            "CALL xenevtchn_bind_interdomain(dom5,3) = 18\n");
}

static inline void live_answer(const struct made_event *e, const char *calls,
                               uint32_t flags, bool keep_union)
{
    struct vm_event_st ev = raw_event(e), rsp = ev;

    log_add("EV n=%u vcpu=%u\n", ++made.events, e->vcpu);
    log_hex("RAW", &ev);
    log_add("%s", calls);
    memset(&rsp.data, 0, sizeof(rsp.data));
    if (!keep_union)
        memset(&rsp.u, 0, sizeof(rsp.u));
    rsp.flags = flags;
    log_hex("RSPRAW", &rsp);
}

/* An event, CALLS, and the response with FLAGS. */
static inline void live(const struct made_event *e, const char *calls,
                        uint32_t flags)
{
    live_answer(e, calls, flags, true);
}

/* ---- replay ---- */

/* The log that was written replays without a difference. */
static inline void expect_replay(const char *path)
{
    struct sim_config config = { .seed = 0 };
    struct replay_report report;
    struct hv *hv = sim_open(&config);

    import_text(path, made.text);
    assert_string_equal(error.text, "");
    assert_non_null(hv);
    assert_int_equal(replay_run(hv, &list.source, &report), 0);
    if (report.cause != REPLAY_SAME)
        fail_msg("record %u, %s: cause %d, field %s", list.next,
                 list.text[list.next - 1], report.cause,
                 report.field ? report.field->name : "-");
    replay_report_free(&report);
    hv_close(hv);
}

static inline int enter_directory(void **state)
{
    char *dir = strdup("/tmp/test-import-XXXXXX");

    *state = dir;
    list_clear();
    return !dir || !mkdtemp(dir) || chdir(dir);
}

static inline int leave_directory(void **state)
{
    list_clear();
    if (chdir("/") || rmdir(*state))
        return -1;
    free(*state);
    return 0;
}

#endif
