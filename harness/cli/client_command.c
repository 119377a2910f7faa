/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a command can be run with a library in front of its own. */
#include "harness/cli/client.h"

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
