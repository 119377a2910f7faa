/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/client_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cli/client_trace.h"
#include "harness/cli/scenario.h"
#include "preload/setup.h"
#include "traces/text.h"

/* ---- what the library reads ---- */

/* A domain is called after its file when that does not say. */
static void file_name(const char *file, char name[DOMAIN_NAME])
{
    const char *base = strrchr(file, '/');

    base = base ? base + 1 : file;
    snprintf(name, DOMAIN_NAME, "%.*s", (int)strcspn(base, "."), base);
}

static void add_name(struct client *c, uint32_t dom, const char *name)
{
    size_t used = strlen(c->names);

    snprintf(c->names + used, sizeof(c->names) - used, "%s%" PRIu32 "=%.*s",
             used ? "," : "", dom, (int)strcspn(name, ","), name);
}

static int write_domains(struct client *c, FILE *out)
{
    for (uint32_t i = 0; i < c->nr_domains; i++) {
        struct hv_record rec = { .op = OP_DOMAIN_CREATE };
        char name[DOMAIN_NAME];
        int status;

        file_name(c->domain[i], name);
        status = domain_config(c->domain[i], i + 1, &rec.args.DOMAIN_CREATE,
                               name);
        if (status)
            return status;
        hv_record_normalise(&rec);
        text_print(out, &rec);
        add_name(c, i + 1, name);
    }
    if (!c->nr_domains)
        client_guest(out);
    return CLI_OK;
}

/* What a sink has to be to check that a file is a scenario. */
static int ignore(struct hv_sink *sink, const struct hv_record *rec)
{
    (void)sink;
    (void)rec;
    return 0;
}

static int copy_program(const char *file, FILE *out)
{
    struct hv_sink sink = { ignore };
    struct trace_error err = { .text = "" };
    FILE *in = fopen(file, "r");
    char chunk[4096];
    int status = CLI_OK, rc;
    size_t n;

    if (!in)
        return cli_fail(CLI_INPUT, file, "%s", strerror(errno));
    rc = text_read(in, file, &sink, &err);
    if (rc)
        status = cli_fail(CLI_INPUT, NULL, "%s", err.text);
    rewind(in);
    while (!rc && (n = fread(chunk, 1, sizeof(chunk), in)) > 0)
        fwrite(chunk, 1, n, out);
    fclose(in);
    return status;
}

/* A file for the library to read, or NULL. */
static FILE *create_setup(struct client *c)
{
    FILE *out;
    int fd;

    strcpy(c->setup, "/tmp/xenreel-XXXXXX");
    fd = mkostemp(c->setup, O_CLOEXEC);
    out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        cli_fail(CLI_ENVIRONMENT, c->setup, "%s", strerror(errno));
    return out;
}

static int close_setup(const struct client *c, FILE *out, int status)
{
    if (fclose(out) && !status)
        status = cli_fail(CLI_ENVIRONMENT, c->setup, "%s", strerror(errno));
    return status;
}

static int write_setup(struct client *c)
{
    FILE *out = create_setup(c);
    int status;

    if (!out)
        return CLI_ENVIRONMENT;
    status = write_domains(c, out);
    if (!status && c->program)
        status = copy_program(c->program, out);
    else if (!status && !c->nr_domains)
        client_program(out);
    return close_setup(c, out, status);
}

/* ---- the command ---- */

static void set_number(const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    setenv(name, text, 1);
}

/* Append VALUE to the list in environment variable NAME. */
static void append(const char *name, const char *separator, const char *value)
{
    const char *old = getenv(name);
    char *list;

    if (!old || !*old)
        setenv(name, value, 1);
    else if (asprintf(&list, "%s%s%s", old, separator, value) >= 0) {
        setenv(name, list, 1);
        free(list);
    }
}

/* The library goes in front of the C library, and of whatever the caller
 * preloads; a client with an address sanitizer is to accept that.  When we
 * have one ourselves, so has the library: its run time then comes first. */
static void set_preload(const struct client *c)
{
    const char *others = getenv("LD_PRELOAD");
    char *caller = others ? strdup(others) : NULL;
    void *init = dlsym(RTLD_DEFAULT, "__asan_init");
    Dl_info info;

    unsetenv("LD_PRELOAD");
    if (init && dladdr(init, &info) && strstr(info.dli_fname, ".so")) {
        append("LD_PRELOAD", ":", info.dli_fname);
        append("ASAN_OPTIONS", ":", "detect_leaks=0");
    }
    append("LD_PRELOAD", ":", c->library);
    if (caller)
        append("LD_PRELOAD", ":", caller);
    append("ASAN_OPTIONS", ":", "verify_asan_link_order=0");
    free(caller);
}

static void set_environment(const struct client *c, uint64_t seed)
{
    set_preload(c);
    if (c->trace)
        client_trace_export(c->trace);
    if (c->passes) {
        setenv(SETUP_PASS, c->library, 1);
        setenv(SETUP_PASS_FILE, c->setup, 1);
        return;
    }
    setenv(SETUP_FILE, c->setup, 1);
    setenv(SETUP_AT_END, c->at_end, 1);
    setenv(SETUP_NAMES, c->names, 1);
    set_number(SETUP_SEED, seed);
    set_number(SETUP_LOOPS, c->loops);
    if (c->xen_version)
        setenv(SETUP_XEN_VERSION, c->xen_version, 1);
    if (c->vm_event_abi)
        setenv(SETUP_VM_EVENT_ABI, c->vm_event_abi, 1);
    if (c->real_time)
        setenv(SETUP_REAL_TIME, "1", 1);
}

static pid_t child;
static volatile sig_atomic_t told;      /* to end */

static void pass_on(int signal)
{
    told = 1;
    if (child > 0)
        kill(child, signal);
}

static void note(int signal)
{
    (void)signal;
    told = 1;
}

/* A terminal's signals reach the client without us. */
static const struct {
    int signal;
    void (*handler)(int);
} handlers[] = {
    { SIGTERM, pass_on }, { SIGHUP, pass_on }, { SIGINT, note },
    { SIGQUIT, note },
};

/* Ours, or with OURS false the default; what is ignored stays so (nohup). */
static void set_signals(bool ours)
{
    for (unsigned int i = 0; i < sizeof(handlers) / sizeof(*handlers); i++) {
        struct sigaction new = { .sa_flags = SA_RESTART }, old;

        new.sa_handler = ours ? handlers[i].handler : SIG_DFL;
        sigaction(handlers[i].signal, NULL, &old);
        if (old.sa_handler != SIG_IGN)
            sigaction(handlers[i].signal, &new, NULL);
    }
}

/* All that it prints goes to OUT, and there is nothing to read. */
static bool redirect(int out)
{
    int in = open("/dev/null", O_RDONLY);

    return in >= 0 && dup2(in, STDIN_FILENO) >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0;
}

/* The child: its output goes to OUT, if that is one. */
static void execute(const struct client *c, uint64_t seed, int out)
{
    set_environment(c, seed);
    if (out >= 0 && !redirect(out))
        _exit(cli_fail(CLI_ENVIRONMENT, NULL, "%s", strerror(errno)));
    execvp(c->command[0], c->command);
    _exit(cli_fail(CLI_INPUT, c->command[0], "%s", strerror(errno)));
}

/* Start the command, unless we were told to end.  Signals wait until there is
 * somebody to pass them on to, who has the handlers that it should. */
static int start(const struct client *c, uint64_t seed, int out)
{
    int status = CLI_OK;
    sigset_t all, old;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    child = cli_interrupted() ? 0 : fork();
    if (cli_interrupted())
        status = CLI_ENVIRONMENT;       /* cli_finish will say it */
    else if (child < 0)
        status = cli_fail(CLI_ENVIRONMENT, NULL, "fork: %s", strerror(errno));
    if (!status)
        set_signals(child);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (!status && !child)
        execute(c, seed, out);
    return status;
}

/* Run the command with SEED. */
static int spawn(const struct client *c, uint64_t seed, int out)
{
    int status = start(c, seed, out);

    if (status)
        return status;
    if (c->trace)
        client_trace_attend(c->trace, child);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGTERM && !told && !strcmp(c->at_end, "signal"))
        return CLI_OK;
    return 128 + WTERMSIG(status);
}

static int run_seeds(const struct client *c)
{
    struct client_outcomes outcomes = { .nr = 0 };
    uint64_t seed = c->seed;
    int worst = CLI_OK;

    do {
        int out = memfd_create("output", MFD_CLOEXEC), status;

        if (out < 0)
            return cli_fail(CLI_ENVIRONMENT, NULL, "%s", strerror(errno));
        cli_progress(c->command[0], seed - c->seed,
                     c->last_seed - c->seed + 1);
        status = spawn(c, seed, out);
        if (!told)
            client_outcome(&outcomes, seed, status, out);
        close(out);
        worst = status > worst ? status : worst;
    } while (!told && seed++ < c->last_seed);
    cli_progress(NULL, 0, 0);
    client_print_outcomes(&outcomes, stdout);
    return worst;
}

static int separator(int argc, char **argv)
{
    int i = 1;

    while (i < argc && strcmp(argv[i], "--"))
        i++;
    return i;
}

int client_wanted(int argc, char **argv)
{
    return separator(argc, argv) + 1 < argc;
}

static struct client *new_client(char **command)
{
    struct client *c = calloc(1, sizeof(*c));

    if (!c) {
        cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
        return NULL;
    }
    c->at_end = "signal";
    c->loops = 1;
    c->command = command;
    return c;
}

static int run_with_trace(struct client *c)
{
    int status = spawn(c, c->seed, -1);

    return c->trace ? client_trace_close(c->trace, status) : status;
}

/* The output is none of the files that are read. */
static int check_inputs(const struct client *c)
{
    int status = cli_check_input(&c->files, c->command[0]);

    if (!status && c->program)
        status = cli_check_input(&c->files, c->program);
    for (uint32_t i = 0; !status && i < c->nr_domains; i++)
        status = cli_check_input(&c->files, c->domain[i]);
    return status;
}

int client_run(int argc, char **argv)
{
    int at = separator(argc, argv), status;
    struct client *c = new_client(argv + at + 1);

    if (!c)
        return CLI_ENVIRONMENT;
    client_parse(at, argv, c);
    if (c->many && c->files.out) {
        free(c);
        return cli_fail(CLI_USAGE, NULL, "--output is for one run: use "
                        "--seed N instead of --seeds");
    }
    status = client_check(c->command[0]);
    if (!status)
        status = check_inputs(c);
    if (!status)
        status = client_find_library(c);
    if (!status)
        status = write_setup(c);
    if (!status && c->files.out)
        status = client_record_open(&c->trace, &c->files, c->command,
                                    c->seed);
    if (!status)
        status = c->many ? run_seeds(c) : run_with_trace(c);
    if (*c->setup)
        unlink(c->setup);
    free(c);
    return status;
}

/* What is there is written for the library, and recorded. */
static int find_domains(struct client *c)
{
    FILE *out = create_setup(c);
    int status;

    if (!out)
        return CLI_ENVIRONMENT;
    status = client_pass_open(&c->trace, &c->files, c->command, out);
    return close_setup(c, out, status);
}

int client_record(int argc, char **argv)
{
    int at = separator(argc, argv), status;
    struct client *c = new_client(argv + at + 1);

    if (!c)
        return CLI_ENVIRONMENT;
    c->passes = true;
    c->at_end = "wait";         /* nobody sends it a SIGTERM for that */
    client_parse_record(at, argv, c);
    status = client_check(c->command[0]);
    if (!status)
        status = check_inputs(c);
    if (!status)
        status = client_find_library(c);
    if (!status)
        status = client_copy_library(c);
    if (!status)
        status = find_domains(c);
    if (!status)
        status = run_with_trace(c);
    if (*c->setup)
        unlink(c->setup);
    if (c->copied)
        unlink(c->library);
    free(c);
    return status;
}

int client_replay(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, cli_parse_files, "TRACE -- COMMAND [ARGUMENT...]",
        "Run COMMAND, a client of Xen's, with the answers that TRACE has, up "
        "to the first call or response that differs.\v" CLI_EXIT_DOC,
        NULL, NULL, NULL
    };
    int at = separator(argc, argv), status;
    struct client *c = new_client(argv + at + 1);

    if (!c)
        return CLI_ENVIRONMENT;
    c->files.what = "trace";
    argp_parse(&argp, at, argv, 0, NULL, &c->files);
    status = client_check(c->command[0]);
    if (!status)
        status = client_find_library(c);
    if (!status)
        status = client_serve_open(&c->trace, &c->files);
    if (!status)
        status = run_with_trace(c);
    free(c);
    return status;
}
