/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a command can be run with a library in front of its own, and where
 * that library is. */
#include "harness/cli/client_private.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cli/cli.h"

#define LIBRARY         "libxenreel-preload.so"

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
int client_check(const char *name)
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

/* ---- the library ---- */

int client_find_library(struct client *c)
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

int client_copy_library(struct client *c)
{
    const char *others = getenv("LD_PRELOAD");
    char copy[] = "/tmp/xenreel-XXXXXX.so", chunk[65536];
    int in, out;
    ssize_t n;

    if (!others || !strstr(others, c->library))
        return CLI_OK;
    in = open(c->library, O_RDONLY | O_CLOEXEC);
    out = mkostemps(copy, 3, O_CLOEXEC);
    c->copied = out >= 0;
    if (c->copied)
        strcpy(c->library, copy);
    while (in >= 0 && out >= 0 && (n = read(in, chunk, sizeof(chunk))) > 0) {
        if (write(out, chunk, n) != n)
            break;
    }
    if (in < 0 || out < 0 || n)
        return cli_fail(CLI_ENVIRONMENT, copy, "%s", strerror(errno));
    close(in);
    close(out);
    return CLI_OK;
}
