/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/client.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cli/cli.h"
#include "harness/cli/scenario.h"
#include "preload/setup.h"
#include "traces/text.h"

#define LIBRARY         "libxenreel-preload.so"
#define MAX_DOMAINS     64
#define MAX_NAMES       4096

struct client {
    const char *domain[MAX_DOMAINS];    /* xl.cfg of domain 1, 2, ... */
    uint32_t nr_domains;
    const char *program;
    const char *at_end;
    uint64_t seed, loops;
    char **command;
    char names[MAX_NAMES];
    char setup[32];             /* the file that the library reads */
    char library[PATH_MAX];
};

static const struct argp_option options[] = {
    { "domain", 'd', "CFG", 0, "A domain as xl.cfg(5) describes it; the "
      "first is domain 1, the next 2, ... (default: PVH, 16 MB, one vCPU)",
      0 },
    { "program", 'p', "SCENARIO", 0, "What the guests do: guest.* lines, and "
      "calls that prepare their memory (default: eight rounds of a write, "
      "CPUID, INT3, ICEBP, SGDT, SIDT and CR4 toggles)", 0 },
    { "loops", 'l', "N", 0, "Run the program N times (default: 1)", 0 },
    { "seed", 's', "N", 0, "Draw the order of vCPUs from seed N (default: 0, "
      "one after the other)", 0 },
    { "at-end", 'e', "WHAT", 0, "When the program is over: \"signal\" sends "
      "the client SIGTERM (default), \"wait\" does nothing", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct client *c = state->input;

    switch (key) {
    case 'd':
        if (c->nr_domains == MAX_DOMAINS)
            argp_error(state, "--domain: at most %d", MAX_DOMAINS);
        c->domain[c->nr_domains++] = arg;
        break;
    case 'p':
        c->program = arg;
        break;
    case 'l':
        c->loops = cli_number(state, "--loops", arg);
        break;
    case 's':
        c->seed = cli_number(state, "--seed", arg);
        break;
    case 'e':
        if (strcmp(arg, "signal") && strcmp(arg, "wait"))
            argp_error(state, "--at-end: \"signal\" or \"wait\", not '%s'",
                       arg);
        c->at_end = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "a scenario or a command, not both: '%s'", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- what the library reads ---- */

static void add_name(struct client *c, uint32_t dom, const char *file)
{
    const char *base = strrchr(file, '/');
    size_t used = strlen(c->names);
    int len;

    base = base ? base + 1 : file;
    len = (int)strcspn(base, ".,=");
    snprintf(c->names + used, sizeof(c->names) - used, "%s%" PRIu32 "=%.*s",
             used ? "," : "", dom, len, base);
}

static int write_domains(struct client *c, FILE *out)
{
    for (uint32_t i = 0; i < c->nr_domains; i++) {
        struct hv_record rec = { .op = OP_DOMAIN_CREATE };
        int status = domain_config(c->domain[i], i + 1,
                                   &rec.args.DOMAIN_CREATE);

        if (status)
            return status;
        hv_record_normalise(&rec);
        text_print(out, &rec);
        add_name(c, i + 1, c->domain[i]);
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

static int write_setup(struct client *c)
{
    int fd, status;
    FILE *out;

    strcpy(c->setup, "/tmp/xenreel-XXXXXX");
    fd = mkostemp(c->setup, O_CLOEXEC);
    out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        return cli_fail(CLI_ENVIRONMENT, c->setup, "%s", strerror(errno));
    status = write_domains(c, out);
    if (!status && c->program)
        status = copy_program(c->program, out);
    else if (!status && !c->nr_domains)
        client_program(out);
    if (fclose(out) && !status)
        status = cli_fail(CLI_ENVIRONMENT, c->setup, "%s", strerror(errno));
    return status;
}

/* ---- the command ---- */

/* Beside the program, or where it was installed. */
static int find_library(struct client *c)
{
    ssize_t n = readlink("/proc/self/exe", c->library,
                         sizeof(c->library) - sizeof(LIBRARY) - 1);
    char *slash;

    if (n > 0) {
        c->library[n] = '\0';
        slash = strrchr(c->library, '/');
        strcpy(slash ? slash + 1 : c->library, LIBRARY);
        if (!access(c->library, R_OK))
            return CLI_OK;
    }
    snprintf(c->library, sizeof(c->library), "%s/%s", PKGLIBEXECDIR, LIBRARY);
    if (!access(c->library, R_OK))
        return CLI_OK;
    return cli_fail(CLI_ENVIRONMENT, c->library, "%s; is xenreel installed "
                    "as a whole?", strerror(errno));
}

/* The file that execvp would take, or an empty string. */
static void find_command(const char *name, char path[PATH_MAX])
{
    const char *dirs = getenv("PATH");

    if (strchr(name, '/')) {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    for (dirs = dirs ? dirs : "/bin:/usr/bin"; *dirs;) {
        int len = (int)strcspn(dirs, ":");

        snprintf(path, PATH_MAX, "%.*s/%s", len, dirs, name);
        if (!access(path, X_OK))
            return;
        dirs += len + (dirs[len] == ':');
    }
    *path = '\0';
}

static bool has_interpreter(int fd, const Elf64_Ehdr *e)
{
    for (unsigned int i = 0; i < e->e_phnum; i++) {
        Elf64_Phdr p;

        if (pread(fd, &p, sizeof(p), e->e_phoff + (off_t)i * sizeof(p)) !=
            sizeof(p))
            return false;
        if (p.p_type == PT_INTERP)
            return true;
    }
    return false;
}

/* Nothing can be put in front of a static program, nor of a setuid one. */
static int check_command(const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    Elf64_Ehdr e;
    int fd, status = CLI_OK;
    ssize_t n;

    find_command(name, path);
    fd = *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cli_fail(CLI_INPUT, name, "%s",
                        *path ? strerror(errno) : "no such command");
    n = pread(fd, &e, sizeof(e), 0);
    if (n == sizeof(e) && !memcmp(e.e_ident, ELFMAG, SELFMAG)) {
        if (e.e_ident[EI_CLASS] != ELFCLASS64)
            status = cli_fail(CLI_INPUT, path, "not a 64-bit program");
        else if (!has_interpreter(fd, &e))
            status = cli_fail(CLI_INPUT, path, "statically linked: there is "
                              "no place for the model; link it dynamically");
    }
    if (!status && !fstat(fd, &st) && st.st_mode & (S_ISUID | S_ISGID))
        status = cli_fail(CLI_INPUT, path, "setuid programs ignore "
                          "LD_PRELOAD; run a copy without the bit");
    close(fd);
    return status;
}

static void set_number(const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    setenv(name, text, 1);
}

static void set_environment(const struct client *c)
{
    const char *others = getenv("LD_PRELOAD");
    char list[2 * PATH_MAX];

    snprintf(list, sizeof(list), "%s%s%s", c->library, others ? ":" : "",
             others ? others : "");
    setenv("LD_PRELOAD", list, 1);
    setenv(SETUP_FILE, c->setup, 1);
    setenv(SETUP_AT_END, c->at_end, 1);
    setenv(SETUP_NAMES, c->names, 1);
    set_number(SETUP_SEED, c->seed);
    set_number(SETUP_LOOPS, c->loops);
}

static pid_t child;

static void pass_on(int signal)
{
    if (child > 0)
        kill(child, signal);
}

/* A terminal's signals reach the client without us. */
static void signals(void)
{
    struct sigaction pass = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
    struct sigaction none = { .sa_handler = SIG_IGN };

    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    sigaction(SIGINT, &none, NULL);
    sigaction(SIGQUIT, &none, NULL);
}

static int spawn(const struct client *c)
{
    int status;

    child = fork();
    if (child < 0)
        return cli_fail(CLI_ENVIRONMENT, NULL, "fork: %s", strerror(errno));
    if (!child) {
        set_environment(c);
        execvp(c->command[0], c->command);
        _exit(cli_fail(CLI_INPUT, c->command[0], "%s", strerror(errno)));
    }
    signals();
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGTERM && !strcmp(c->at_end, "signal"))
        return CLI_OK;
    return 128 + WTERMSIG(status);
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

int client_run(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "-- COMMAND [ARGUMENT...]",
        "Run COMMAND, a client of Xen's, unchanged, on the model.\v"
        "Exit status: the command's.", NULL, NULL, NULL
    };
    int at = separator(argc, argv), status;
    struct client *c = calloc(1, sizeof(*c));

    if (!c)
        return cli_fail(CLI_ENVIRONMENT, NULL, "out of memory");
    c->at_end = "signal";
    c->loops = 1;
    argp_parse(&argp, at, argv, 0, NULL, c);
    c->command = argv + at + 1;
    status = check_command(c->command[0]);
    if (!status)
        status = find_library(c);
    if (!status)
        status = write_setup(c);
    if (!status)
        status = spawn(c);
    if (*c->setup)
        unlink(c->setup);
    free(c);
    return status;
}
