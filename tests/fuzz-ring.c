/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: a client that writes anything into the monitor ring's page
 * between its calls, while two vCPUs run; recorded or not.  The bytes are what
 * it does. */
#include "harness/recorder.h"
#include "harness/ring.h"
#include "tests/fuzz-front.h"

#include <xen/memory.h>

#define CALL(op, args) hv_call(front.hv, OP_##op, &(struct args_##args)

static int drop(struct hv_sink *sink, const struct hv_record *rec)
{
    (void)sink;
    (void)rec;
    return 0;
}

/* Everything that can be monitored. */
static void watch(bool on)
{
    CALL(MONITOR_BREAKPOINT, enable){ .dom = 1, .enable = on });
    CALL(MONITOR_SINGLESTEP, enable){ .dom = 1, .enable = on });
    CALL(MONITOR_CPUID, enable){ .dom = 1, .enable = on });
    CALL(MONITOR_EMUL_UNIMPLEMENTED, enable){ .dom = 1, .enable = on });
    CALL(ACCESS_SET, access){ .dom = 1, .gfn = 0, .nr = 8,
         .access = on ? XENMEM_access_n : XENMEM_access_rwx });
}

static void views(void)
{
    CALL(ALTP2M_SET_STATE, u64){ .dom = 1, .value = 1 });
    CALL(ALTP2M_CREATE, view){ .dom = 1, .access = XENMEM_access_rx });
    CALL(ALTP2M_SWITCH, view){ .dom = 1, .view = 1 });
}

static void write_page(struct fuzz_bytes *b, void *page)
{
    size_t at = fuzz_u16(b) % 4096, len = fuzz_u8(b);

    fuzz_take(b, (char *)page + at, len < 4096 - at ? len : 4096 - at);
}

static void write_indices(struct fuzz_bytes *b, vm_event_sring_t *s)
{
    uint32_t *field[] = { &s->req_prod, &s->req_event, &s->rsp_prod,
                          &s->rsp_event };
    uint8_t how = fuzz_u8(b);

    if (how & 4)
        *field[how & 3] += (int8_t)fuzz_u8(b);
    else
        *field[how & 3] = (uint32_t)fuzz_u64(b);
}

/* An answer to the last request, but for a few bytes. */
static void respond(struct fuzz_bytes *b, vm_event_sring_t *s)
{
    struct vm_event_st rsp = s->ring[(s->req_prod - 1) % RING_ENTRIES].req;
    uint8_t changes = fuzz_u8(b) % 8;

    while (changes--) {
        uint16_t at = fuzz_u16(b) % sizeof(rsp);

        ((uint8_t *)&rsp)[at] ^= fuzz_u8(b);
    }
    s->ring[s->rsp_prod % RING_ENTRIES].rsp = rsp;
    s->rsp_prod++;
    CALL(EVTCHN_NOTIFY, port){ .dom = 1, .port = fuzz_u8(b) % 8 });
}

static void act(struct fuzz_bytes *b)
{
    vm_event_sring_t *s = hv_ring(front.hv, 1);
    uint8_t how = fuzz_u8(b) % 12;

    if (s && how == 0)
        write_page(b, s);
    else if (s && how == 1)
        write_indices(b, s);
    else if (s && how <= 3)
        respond(b, s);
    else if (how == 4)
        CALL(EVTCHN_NOTIFY, port){ .dom = 1, .port = fuzz_u8(b) % 8 });
    else if (how <= 6)
        fuzz_program();
    else if (how == 7)
        CALL(EVTCHN_UNMASK, port){ .dom = 1, .port = fuzz_u8(b) % 8 });
    else if (how == 8)
        watch(fuzz_u8(b) & 1);
    else if (how == 9)
        views();
    else if (how == 10)
        CALL(MONITOR_DISABLE, dom){ .dom = 1 });
    else
        CALL(MONITOR_ENABLE, port){ .dom = 1 });
    hv_wait(front.hv, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hv_sink sink = { drop };
    struct fuzz_bytes b = { data, size };
    uint8_t how = fuzz_u8(&b);

    fuzz_start(how & 3);
    if (how & 4)
        front.hv = recorder_open(front.model, &sink);
    if (!front.hv)
        abort();
    CALL(MONITOR_ENABLE, port){ .dom = 1 });
    watch(true);
    while (b.left)
        act(&b);
    fuzz_stop();
    return 0;
}
