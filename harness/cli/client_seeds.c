/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The distinct outcomes of one command with many seeds. */
#include "harness/cli/client.h"

#include <inttypes.h>
#include <unistd.h>

/* FNV-1a, of 64 bits. */
static uint64_t hash_of(int file, uint64_t *bytes)
{
    uint64_t hash = 0xcbf29ce484222325;
    uint8_t chunk[16384];
    ssize_t n;

    *bytes = 0;
    while ((n = pread(file, chunk, sizeof(chunk), (off_t)*bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ chunk[i]) * 0x100000001b3;
        *bytes += (uint64_t)n;
    }
    return hash;
}

void client_outcome(struct client_outcomes *o, uint64_t seed, int status,
                    int out)
{
    struct client_outcome new = { .seed = seed, .runs = 1, .status = status };

    new.hash = hash_of(out, &new.bytes);
    for (unsigned int i = 0; i < o->nr; i++) {
        struct client_outcome *row = &o->row[i];

        if (row->status == status && row->hash == new.hash &&
            row->bytes == new.bytes) {
            row->runs++;
            return;
        }
    }
    if (o->nr < CLIENT_MAX_OUTCOMES)
        o->row[o->nr++] = new;
    else
        o->others++;
}

void client_print_outcomes(const struct client_outcomes *o, FILE *out)
{
    fprintf(out, "%12s %8s %6s %10s  %s\n", "first seed", "runs", "status",
            "bytes", "hash of the output");
    for (unsigned int i = 0; i < o->nr; i++) {
        const struct client_outcome *row = &o->row[i];

        fprintf(out, "%12" PRIu64 " %8" PRIu64 " %6d %10" PRIu64 "  %016"
                PRIx64 "\n", row->seed, row->runs, row->status, row->bytes,
                row->hash);
    }
    if (o->others)
        fprintf(out, "%12s %8" PRIu64 "  other outcomes\n", "", o->others);
}
