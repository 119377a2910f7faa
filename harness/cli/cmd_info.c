/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "harness/names.h"

#define REASONS 64      /* more than any Xen has; the rest count as "other" */

#define MISSING 64      /* hypercalls that are told apart */

/* A hypercall that a client made and the model lacks. */
struct missing {
    char family[32];
    uint64_t number, count;
};

struct counts {
    uint64_t op[OP_COUNT];
    uint64_t event[REASONS + 1];
    uint64_t known;
    uint64_t failed;
    struct missing missing[MISSING];
    unsigned int nr_missing;
    struct args_client_version version;         /* 0: the target's */
};

static void count_missing(struct counts *counts,
                          const struct args_client_hypercall *a)
{
    struct missing *m = counts->missing, *end = m + counts->nr_missing;
    char family[sizeof(m->family)];

    snprintf(family, sizeof(family), "%.*s", (int)a->family.len,
             a->family.len ? (const char *)a->family.p : "");
    while (m < end && (m->number != a->number || strcmp(m->family, family)))
        m++;
    if (m == end && counts->nr_missing == MISSING)
        return;
    if (m == end) {
        counts->nr_missing++;
        *m = (struct missing){ .number = a->number };
        memcpy(m->family, family, sizeof(family));
    }
    m->count++;
}

static void count(struct counts *counts, const struct hv_record *rec)
{
    if (rec->op >= OP_COUNT)
        return;
    counts->op[rec->op]++;
    counts->known += !!(rec->flags & RECORD_KNOWN);
    counts->failed += rec->result < 0;
    if (rec->op == OP_CLIENT_HYPERCALL)
        count_missing(counts, &rec->args.CLIENT_HYPERCALL);
    if (rec->op == OP_CLIENT_VERSION)
        counts->version = rec->args.CLIENT_VERSION;
    if (rec->op == OP_EVENT) {
        uint32_t reason = rec->args.EVENT.ev.reason;

        counts->event[reason < REASONS ? reason : REASONS]++;
    }
}

static void print_line(const char *name, const char *value)
{
    printf("%-18s %s\n", name, value ? value : "unknown");
}

static void print_meta(const char *file, const struct trace_reader *reader)
{
    static const char *const states[] = {
        [TRACE_SEALED] = "sealed",
        [TRACE_RECORDING] = "being recorded",
        [TRACE_CRASHED] = "its recorder crashed: \"xenreel recover\" seals it",
    };
    const struct trace_meta *meta = trace_meta(reader);

    print_line("trace", file);
    print_line("state", states[trace_state(reader)]);
    print_line("backend", meta->backend);
    print_line("Xen", meta->xen_version);
    print_line("source", meta->source);
    printf("%-18s %" PRIu32 "\n", "vm_event ABI", meta->vm_event_abi);
    printf("%-18s %" PRIu64 "\n", "seed", meta->seed);
    printf("%-18s %" PRIu64 "\n", "records", trace_count(reader));
}

static void print_missing(const struct counts *counts)
{
    if (!counts->nr_missing)
        return;
    printf("what the client asked for and the model lacks\n");
    for (unsigned int i = 0; i < counts->nr_missing; i++) {
        const struct missing *m = &counts->missing[i];

        printf("%10" PRIu64 "  %s %" PRIu64 "\n", m->count, m->family,
               m->number);
    }
}

/* Where that is not the target's own. */
static void print_version(const struct args_client_version *a)
{
    if (a->minor)
        printf("%-18s Xen 4.%" PRIu32 ", vm_event ABI %" PRIu32 "\n",
               "its client saw", a->minor, a->vm_event);
}

static void print_counts(const struct counts *counts)
{
    printf("%-18s %" PRIu64 "\n", "failed calls", counts->failed);
    printf("%-18s %" PRIu64 "\n", "known deviations", counts->known);
    printf("operations\n");
    for (int i = 0; i < OP_COUNT; i++) {
        if (counts->op[i])
            printf("%10" PRIu64 "  %s\n", counts->op[i],
                   hv_ops_table[i].name);
    }
    if (!counts->op[OP_EVENT])
        return;
    printf("events\n");
    for (int i = 0; i <= REASONS; i++) {
        const char *name = hv_name_of(names_reason, i);

        if (counts->event[i] && name)
            printf("%10" PRIu64 "  %s\n", counts->event[i], name);
        else if (counts->event[i])
            printf("%10" PRIu64 "  %s %d\n", counts->event[i],
                   i < REASONS ? "reason" : "reasons from", i);
    }
}

int cmd_info(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, cli_parse_files, "TRACE",
        "Say where a trace is from, whether it is complete, and how many "
        "records of which kind it has.\v" CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct cli_files files = { .what = "trace" };
    struct counts counts = { .known = 0 };
    struct trace_reader *reader;
    struct hv_record rec;
    int rc, status;

    argp_parse(&argp, argc, argv, 0, NULL, &files);
    status = cli_open(files.in, &reader);
    if (status)
        return status;
    print_meta(files.in, reader);
    while ((rc = trace_next(reader, &rec)) > 0)
        count(&counts, &rec);
    print_version(&counts.version);
    print_counts(&counts);
    print_missing(&counts);
    if (rc < 0)
        status = cli_fail_trace(files.in, rc, trace_last_error(reader));
    trace_close(reader);
    return status;
}
