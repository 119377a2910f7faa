/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building a domain is a toolstack's: xl does it, from a file of ours. */
#include "real/private.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/names.h"
#include "real/puppet_pv_abi.h"

#define PAGES_PER_MB    256
#define PV_MODEL_PAGES  (PUPPET_PV_TABLES + PUPPET_PV_NR_TABLES)
#define PV_MIN_PAGES    (4 * PAGES_PER_MB)      /* that it maps at first */

extern char **environ;

/* Run ARGV, which says on standard error what is wrong: its exit status, or
 * -Exxx.  OUT, if there is one, gets the beginning of its output. */
static int run(char *const argv[], char *out, size_t size)
{
    posix_spawn_file_actions_t actions;
    int fd[2], status, rc;
    FILE *from;
    pid_t pid;

    if (pipe2(fd, O_CLOEXEC))
        return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
    rc = -posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    from = rc ? NULL : fdopen(fd[0], "r");
    if (!from) {
        close(fd[0]);
        return rc ? rc : -ENOMEM;
    }
    if (out && !fgets(out, (int)size, from))
        *out = '\0';
    while (fgetc(from) != EOF)
        continue;
    fclose(from);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

static const char *kernel_of(const struct xen *x, const struct args_create *a)
{
    return a->type == GUEST_PV ? x->pv_kernel : x->kernel;
}

/* xl.cfg(5).  Sizes are rounded up to what it knows; the PV puppet is told
 * what was asked for. */
static void print_config(FILE *out, const struct xen *x,
                         const struct args_create *a, const char *name)
{
    uint64_t mb = PAGES_PER_MB, ram = a->ram;

    if (a->type == GUEST_PV && ram < PV_MIN_PAGES)
        ram = PV_MIN_PAGES;
    fprintf(out, "name = \"%s\"\n", name);
    fprintf(out, "type = \"%s\"\n", hv_name_of(names_guest_type, a->type));
    fprintf(out, "kernel = \"%s\"\n", kernel_of(x, a));
    if (a->type == GUEST_PV)
        fprintf(out, "cmdline = \"%" PRIu64 "\"\n", a->ram);
    fprintf(out, "memory = %" PRIu64 "\n", (ram + mb - 1) / mb);
    fprintf(out, "vcpus = %" PRIu32 "\n", a->vcpus);
    fprintf(out, "altp2m = \"%s\"\n", hv_name_of(names_altp2m, a->altp2m));
    if (a->type != GUEST_PV)
        fprintf(out, "shadow_memory = %" PRIu64 "\n",
                (a->pool + mb - 1) / mb);
    fputs("on_poweroff = \"destroy\"\non_reboot = \"destroy\"\n"
          "on_crash = \"preserve\"\n", out);
}

static int write_config(const struct xen *x, const struct args_create *a,
                        const char *name, char *path)
{
    int fd = mkstemp(path);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out)
        return -errno;
    print_config(out, x, a, name);
    return fclose(out) ? -errno : 0;
}

/* The id that the toolstack gave NAME. */
static int look_up(struct xen *x, char *name, uint32_t *id)
{
    char word[] = "domid", text[32], *end;
    char *const argv[] = { x->xl, word, name, NULL };
    int rc = run(argv, text, sizeof(text));

    if (rc)
        return rc < 0 ? rc : -ESRCH;
    *id = (uint32_t)strtoul(text, &end, 10);
    return end != text && *id && *id < DOMID_FIRST_RESERVED ? 0 : -EIO;
}

static int start(struct xen *x, const struct args_create *a, char *name)
{
    char path[] = "/tmp/xenreel-XXXXXX", word[] = "create", paused[] = "-p",
         alone[] = "-e", quiet[] = "-q";
    char *const argv[] = { x->xl, word, quiet, paused, alone, path, NULL };
    int rc = write_config(x, a, name, path);

    if (!rc)
        rc = run(argv, NULL, 0);
    unlink(path);
    return rc > 0 ? -EIO : rc;
}

int toolstack_destroy(const struct xen *x, char *name)
{
    char word[] = "destroy";
    char *const argv[] = { x->xl, word, name, NULL };
    int rc = run(argv, NULL, 0);

    return rc > 0 ? -ESRCH : rc;
}

int toolstack_create(struct xen *x, const struct args_create *a,
                     char **name, uint32_t *id)
{
    static unsigned int count;
    int rc;

    if (!kernel_of(x, a) || a->quirks || a->hardware || a->pv_mem_access)
        return -EOPNOTSUPP;
    if (a->type != GUEST_PV && (a->options || a->mfn_2mb))
        return -EINVAL;
    /* The puppet is one of 64 bits, with tables in these pages. */
    if (a->options || (a->type == GUEST_PV && a->ram < PV_MODEL_PAGES))
        return -EOPNOTSUPP;
    if (a->type > GUEST_PV || a->altp2m > XEN_ALTP2M_limited || !a->vcpus ||
        !a->ram)
        return -EINVAL;
    if (asprintf(name, "xenreel-%d-%u", (int)getpid(), ++count) < 0)
        return -ENOMEM;
    rc = start(x, a, *name);
    if (!rc) {
        rc = look_up(x, *name, id);
        if (rc)
            toolstack_destroy(x, *name);
    }
    if (rc) {
        free(*name);
        *name = NULL;
    }
    return rc;
}
