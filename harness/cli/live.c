/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xen/xen.h>

#include "real/xen.h"

#define TICK_MS         250     /* how often it looks whether to end */
#define MIB             (1024.0 * 1024.0)

enum { KEY_POLICY = 0x2000, KEY_MEMORY, KEY_TIME, KEY_EVENTS,
       KEY_RELEASE };

static const struct argp_option options[] = {
    { "policy", KEY_POLICY, "RULE", 0, "Monitor and answer "
      "EVENT[:WHAT][=ANSWER], for instance write:0x100-0x1ff=step; repeated "
      "for others", 3 },
    { "memory", KEY_MEMORY, "none|special|all", 0, "Which pages' contents go "
      "into the trace (default: none)", 3 },
    { "time", KEY_TIME, "SECONDS", 0, "End after that long", 3 },
    { "events", KEY_EVENTS, "N", 0, "End after that many events", 3 },
    { "release", KEY_RELEASE, NULL, 0, "Record nothing, but free the domain of "
      "what a recorder that was killed left", 3 },
    { 0 }
};

static enum live_memory parse_memory(const struct argp_state *state,
                                     const char *arg)
{
    static const char *const names[] = { "none", "special", "all" };
    unsigned int i = 0;

    while (i < 3 && strcmp(arg, names[i]))
        i++;
    if (i == 3)
        argp_error(state, "--memory: none, special or all, not '%s'", arg);
    return i;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cli_live *live = state->input;
    const char *wrong;

    switch (key) {
    case KEY_POLICY:
        wrong = live_policy_add(&live->policy, arg);
        if (wrong)
            argp_error(state, "--policy %s: %s", arg, wrong);
        live->option = "--policy";
        break;
    case KEY_MEMORY:
        live->memory = parse_memory(state, arg);
        live->option = "--memory";
        break;
    case KEY_TIME:
        live->seconds = cli_number(state, "--time", arg);
        live->option = "--time";
        break;
    case KEY_EVENTS:
        live->events = cli_number(state, "--events", arg);
        live->option = "--events";
        break;
    case KEY_RELEASE:
        live->release = true;
        live->option = "--release";
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp cli_live_argp = { .options = options, .parser = parse };

bool cli_live_names(const char *domain)
{
    return domain && *domain && !domain[strspn(domain, "0123456789")];
}

/* ---- while it runs ---- */

/* A recording that, told to end, does so behind the last thing undone. */
struct recording {
    struct hv_sink sink;        /* first */
    struct cli_recording file;
    uint64_t start_ms, shown_ms, limit_ms;
};

static int put(struct hv_sink *sink, const struct hv_record *record)
{
    struct recording *r = (struct recording *)sink;

    r->file.records++;
    return trace_put(r->file.writer, record);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static double size_of(const char *file)
{
    char name[4096];
    struct stat s;

    snprintf(name, sizeof(name), "%s.partial", file);
    return stat(name, &s) ? 0 : (double)s.st_size;
}

static void show_progress(const struct recording *r, uint64_t events,
                          uint64_t ms)
{
    fprintf(stderr, "\r%" PRIu64 " events, %" PRIu64 " s, %" PRIu64
            " events/s, %.1f MiB\033[K", events, ms / 1000,
            ms ? events * 1000 / ms : 0, size_of(r->file.file) / MIB);
}

static bool stop(void *ctx, uint64_t events)
{
    struct recording *r = ctx;
    uint64_t ms = now_ms() - r->start_ms;

    if (isatty(STDERR_FILENO) && ms - r->shown_ms >= TICK_MS) {
        show_progress(r, events, ms);
        r->shown_ms = ms;
    }
    return cli_interrupted() || (r->limit_ms && ms >= r->limit_ms);
}

/* ---- what came of it ---- */

static int complain(const char *domain, const struct live_result *result,
                    int error)
{
    static const struct {
        int error;
        const char *hint;
    } hints[] = {
        { -EBUSY, "it has a monitor, or a view, of somebody else's: end that, "
          "or see \"A recorder that was killed\" in docs/RECORDING.md" },
        { -EOPNOTSUPP, "this machine cannot do it (step and fast need "
          "Intel)" },
        { -EINVAL, "this domain cannot do it (accesses need Intel, step and "
          "fast altp2m=\"external\" in its xl.cfg, and nothing works on PV)" },
        { -ENODEV, "introspection needs a HVM or PVH domain, and HAP" },
        { -EEXIST, "it is on already: is the rule there twice?" },
        { -ENOMEM, "Xen has too little memory for the domain's tables: "
          "shadow_memory= in its xl.cfg gives it more" },
    };
    const unsigned int n = sizeof(hints) / sizeof(*hints);
    const char *hint = NULL;

    for (unsigned int i = 0; i < n; i++) {
        if (result->what && hints[i].error == error)
            hint = hints[i].hint;
    }
    return cli_fail(CLI_ENVIRONMENT, NULL, "domain %s: %s%s%s%s%s", domain,
                    result->what ? result->what : "",
                    result->what ? ": " : "", strerror(-error),
                    hint ? ": " : "", hint ? hint : "");
}

static void print_made(const struct recording *r,
                       const struct live_result *result)
{
    static const char *const ends[] = {
        [LIVE_STOPPED] = "ended as told", [LIVE_LIMIT] = "as many as wanted",
        [LIVE_QUIET] = "nothing more will happen",
        [LIVE_SHUTDOWN] = "the guest has shut down",
        [LIVE_GONE] = "the domain is gone",
    };

    printf("%s: %" PRIu64 " records, %" PRIu64 " events: %s\n", r->file.file,
           r->file.records, result->events, ends[result->end]);
}

/* What there is is kept, whatever went wrong behind the beginning. */
static int finish(struct recording *r, const char *domain,
                  const struct live_result *result, int rc)
{
    bool keep = result->attached && !(rc && result->what);
    int status = cli_finish(&r->file, keep);

    if (status)
        return status;
    if (rc)
        return complain(domain, result, rc);
    print_made(r, result);
    if (result->undone && result->end != LIVE_GONE)
        return cli_fail(CLI_ENVIRONMENT, NULL, "domain %s: could not be left "
                        "as it was: %s", domain, strerror(-result->undone));
    return CLI_OK;
}

static int open_domain(uint32_t id, const char *domain, struct hv **hv)
{
    struct xen_attach attach = { .dom = id, .id = id };
    struct xen_config config = {
        .attach = &attach, .nr_attach = 1, .timeout_ms = TICK_MS,
    };
    int error = 0;

    *hv = xen_open(&config, &error);
    if (*hv)
        return CLI_OK;
    if (error == -ESRCH)
        return cli_fail(CLI_ENVIRONMENT, NULL, "domain %s: there is none: "
                        "\"xl list\" has their ids", domain);
    return cli_fail(CLI_ENVIRONMENT, NULL, "domain %s: Xen: %s: a running "
                    "domain is recorded in dom0, by root", domain,
                    strerror(-error));
}

static int release(struct hv *hv, uint32_t dom, const char *domain)
{
    const struct live_result nothing = { .what = "--release" };
    int rc = live_release(hv, dom);

    hv_close(hv);
    return rc ? complain(domain, &nothing, rc) : CLI_OK;
}

static int record(const struct cli_live *live, struct hv *hv, uint32_t dom,
                  struct cli_files *files)
{
    struct recording r = { .sink = { put } };
    struct live_config config = {
        .dom = dom, .policy = &live->policy, .memory = live->memory,
        .max_events = live->events, .stop = stop, .ctx = &r,
    };
    struct live_result result;
    char release[XEN_RELEASE];
    int status, rc;

    xen_release(hv, release);
    status = cli_create_of(&r.file, files, "xen", release, 0);
    if (status) {
        hv_close(hv);
        return status;
    }
    r.start_ms = now_ms();
    r.limit_ms = live->seconds * 1000;
    rc = live_record(hv, &config, &r.sink, &result);
    if (r.shown_ms)
        fputs("\r\033[K", stderr);
    return finish(&r, files->in, &result, rc);
}

int cli_live_record(const struct cli_live *live, const char *domain,
                    struct cli_files *files)
{
    unsigned long id = strtoul(domain, NULL, 10);
    struct hv *hv = NULL;
    int status;

    if (!id || id >= DOMID_FIRST_RESERVED)
        return cli_fail(CLI_USAGE, NULL, "domain %s: no guest has this id",
                        domain);
    files->in = domain;
    status = open_domain(id, domain, &hv);
    if (status)
        return status;
    return live->release ? release(hv, id, domain) :
           record(live, hv, id, files);
}
