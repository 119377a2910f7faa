/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets share: bytes as a file, and records as a scenario
 * that runs on the model to its end, whatever it answers. */
#ifndef XENREEL_TESTS_FUZZ_H
#define XENREEL_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/recorder.h"
#include "harness/replay.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file with the bytes, and its name: a descriptor, or -1. */
static inline int fuzz_file(const uint8_t *data, size_t size, char name[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(name, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#define FUZZ_RECORDS    2000

/* Records in memory: filled through the sink, replayed through the source. */
struct fuzz_list {
    struct hv_sink sink;
    struct hv_source source;
    struct hv *hv;
    struct hv_record rec[FUZZ_RECORDS];
    size_t nr, next;
};

static inline int fuzz_put(struct hv_sink *sink, const struct hv_record *rec)
{
    struct fuzz_list *l = (struct fuzz_list *)sink;

    if (l->nr == FUZZ_RECORDS)
        return -1;
    return hv_record_copy(&l->rec[l->nr++], rec);
}

/* A note is what the client, or whoever shares the page, writes over the
 * start of domain 1's ring. */
static inline void fuzz_poke(struct hv *hv, const struct hv_span *text)
{
    void *page = hv_ring(hv, 1);

    if (page && text->len)
        memcpy(page, text->p, text->len < 4096 ? text->len : 4096);
}

/* Every record is one of which a difference is known: the replay goes on. */
static inline int fuzz_next(struct hv_source *source, struct hv_record *rec)
{
    struct fuzz_list *l = (struct fuzz_list *)
        ((char *)source - offsetof(struct fuzz_list, source));

    if (l->next == l->nr)
        return 0;
    *rec = l->rec[l->next++];
    rec->seq = l->next;
    rec->flags |= RECORD_KNOWN;
    if (rec->op == OP_NOTE)
        fuzz_poke(l->hv, &rec->args.NOTE.text);
    return 1;
}

static inline struct fuzz_list *fuzz_list(void)
{
    struct fuzz_list *l = calloc(1, sizeof(*l));

    if (!l)
        abort();
    l->sink.put = fuzz_put;
    l->source.next = fuzz_next;
    return l;
}

static inline int fuzz_drop(struct hv_sink *sink, const struct hv_record *rec)
{
    (void)sink;
    (void)rec;
    return 0;
}

/* Replay L on a new model, and on one that is being recorded. */
static inline void fuzz_replay(struct fuzz_list *l)
{
    struct hv_sink drop = { fuzz_drop };
    struct replay_report report;

    for (unsigned int recorded = 0; recorded < 2; recorded++) {
        struct sim_config config = { .seed = recorded };

        l->next = 0;
        l->hv = sim_open(&config);
        if (l->hv && recorded)
            l->hv = recorder_open(l->hv, &drop);
        if (!l->hv)
            abort();
        replay_run(l->hv, &l->source, &report);
        replay_report_free(&report);
        hv_close(l->hv);
    }
}

static inline void fuzz_list_free(struct fuzz_list *l)
{
    for (size_t i = 0; i < l->nr; i++)
        hv_record_free(&l->rec[i]);
    free(l);
}

#endif
