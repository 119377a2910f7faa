/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Give files to a fuzz target, so that what a fuzzer found is a test without
 * one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}
