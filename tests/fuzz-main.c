/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Give files to a fuzz target, so that what a fuzzer found is a test without
 * one.  Without arguments fuzz-NAME replays its corpus, tests/corpus/NAME. */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 0, n;

    if (!f) {
        perror(path);
        return 1;
    }
    do {
        room = 2 * room + 65536;
        data = realloc(data, room);
        if (!data)
            abort();
        n = fread(data + size, 1, room - size, f);
        size += n;
    } while (n);
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

static int replay_corpus(const char *program)
{
    const char *top = getenv("top_srcdir");
    const char *name = strstr(program, "fuzz-");
    char pattern[4096];
    glob_t files;
    int failed = 0;

    snprintf(pattern, sizeof(pattern), "%s/tests/corpus/%s/*",
             top ? top : "..", name ? name + 5 : "");
    if (glob(pattern, 0, NULL, &files)) {
        fprintf(stderr, "%s: nothing there\n", pattern);
        return 99;
    }
    for (size_t i = 0; i < files.gl_pathc; i++)
        failed |= replay(files.gl_pathv[i]);
    printf("%zu files\n", files.gl_pathc);
    globfree(&files);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc == 1)
        return replay_corpus(strrchr(argv[0], '/') ?
                             strrchr(argv[0], '/') + 1 : argv[0]);
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}
