/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state in which a live domain was found, as far as somebody outside can
 * see it: for the trace, so that the model begins with the same, and for
 * leaving the domain as it was. */
#ifndef XENREEL_LIVE_STATE_H
#define XENREEL_LIVE_STATE_H

#include "harness/hv.h"
#include "harness/live_trace.h"

#define LIVE_HOLE       0xff    /* .access: no page there */

enum live_memory { LIVE_MEMORY_NONE, LIVE_MEMORY_SPECIAL, LIVE_MEMORY_ALL };

struct live_state {
    struct args_create create;  /* a domain of the model that is like it */
    uint64_t altp2m;            /* is it on */
    uint32_t view;              /* the vCPUs are in, 0 for the host's map */
    uint64_t nr_pages;
    uint64_t nr_gfns;
    uint32_t default_access;
    uint8_t *found;             /* of each gfn: xenmem_access_t, LIVE_HOLE */
    uint8_t *now;               /* the same, as the recording set it */
};

/* Look at DOM, which is paused, without and (.._pages) with its ring.  0 or
 * -Exxx of the call that failed; -EFBIG when it is larger than we can hold. */
int live_state_find(struct live_state *s, struct hv *hv, uint32_t dom);
int live_state_find_pages(struct live_state *s, struct hv *hv, uint32_t dom);
void live_state_free(struct live_state *s);

/* Put it into the trace: everything up to monitor.enable, which is held and
 * gave PORT, then that, then what needs it. */
void live_state_put(struct live_state *s, struct hv *hv, uint32_t port,
                    enum live_memory memory, struct live_trace *trace);

/* The end of the run of gfns from FIRST to at most LAST for which A and B are
 * what they are at FIRST. */
uint64_t live_state_run(const uint8_t *a, const uint8_t *b, uint64_t first,
                        uint64_t last);

#endif
