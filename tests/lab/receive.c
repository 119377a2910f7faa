/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * receive OUTDIR STATUSDIR: take dom0's frames (frame.h) out of what an
 * emulator prints.  Files go to OUTDIR; the script's output to OUTDIR/output
 * and to standard output; what is no frame to standard error.  STATUSDIR gets
 * the files "ready" and "exit" (the status) when dom0 says so, and "damage"
 * when a frame is not whole or cannot be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frame.h"

static const char *out_dir, *status_dir;

static void die(const char *what)
{
    char *path;

    perror(what);
    if (asprintf(&path, "%s/damage", status_dir) >= 0)
        creat(path, 0666);
    exit(1);
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
    char *path;
    FILE *file;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        die("asprintf");
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/'));
         *slash++ = '/') {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            die(path);
    }
    file = fopen(path, mode);
    if (!file)
        die(path);
    free(path);
    return file;
}

static void store(const char *folder, const char *name, const char *mode,
                  const void *data, size_t size)
{
    FILE *file = open_in(folder, name, mode);

    if (fwrite(data, 1, size, file) != size || fclose(file))
        die(name);
}

static void damage(const char *what)
{
    fprintf(stderr, "lab: %s\n", what);
    store(status_dir, "damage", "a", what, strlen(what));
}

/* It stays in the folder. */
static int is_plain(const char *name)
{
    return *name && *name != '/' && !strstr(name, "..");
}

static void take(enum frame_kind kind, const char *name, const char *data,
                 size_t size)
{
    switch (kind) {
    case FRAME_READY:
        store(status_dir, "ready", "w", "", 0);
        return;
    case FRAME_EXIT:
        store(status_dir, "exit", "w", name, strlen(name));
        return;
    case FRAME_OUTPUT:
        fwrite(data, 1, size, stdout);
        fflush(stdout);
        store(out_dir, "output", "a", data, size);
        return;
    case FRAME_FILE:
    case FRAME_APPEND:
        if (!is_plain(name))
            break;
        store(out_dir, name, kind == FRAME_FILE ? "w" : "a", data, size);
        return;
    }
    damage("a frame of an unknown kind, or an odd name");
}

/* @line is what follows the mark. */
static void read_frame(const char *line)
{
    static char name[FRAME_NAME_MAX + 1], data[FRAME_MAX];
    size_t name_size, size;
    uint32_t sum;
    char kind;

    if (sscanf(line, "%c %zx %zx %x", &kind, &name_size, &size, &sum) != 4 ||
        name_size > FRAME_NAME_MAX || size > FRAME_MAX) {
        damage("a frame whose first line is not readable");
        return;
    }
    if (fread(name, 1, name_size, stdin) != name_size ||
        fread(data, 1, size, stdin) != size) {
        damage("the emulator ended within a frame");
        return;
    }
    name[name_size] = '\0';
    if (frame_sum(frame_sum(1, name, name_size), data, size) != sum) {
        damage("a frame whose checksum is wrong");
        return;
    }
    take(kind, name, data, size);
}

int main(int argc, char **argv)
{
    char *line = NULL, *mark;
    size_t room = 0;
    ssize_t length;

    if (argc != 3) {
        fputs("usage: receive OUTDIR STATUSDIR\n", stderr);
        return 2;
    }
    out_dir = argv[1];
    status_dir = argv[2];
    while ((length = getline(&line, &room, stdin)) > 0) {
        /* The emulator's own lines need not have ended. */
        mark = memmem(line, length, FRAME_MARK, strlen(FRAME_MARK));
        fwrite(line, 1, mark ? mark - line : length, stderr);
        if (mark)
            read_frame(mark + strlen(FRAME_MARK));
    }
    free(line);
    return 0;
}
