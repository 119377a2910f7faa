/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preload/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/interface.h"
#include "harness/recorder.h"
#include "harness/serve.h"
#include "harness/stream.h"
#include "preload/abi.h"
#include "preload/libc.h"
#include "preload/setup.h"
#include "sim/sim.h"

static struct {
    struct stream in;
    pid_t pid;                  /* who talks: not this one's children */
    struct hv_record next;      /* received, of a trace that is served */
    uint32_t coming;            /* more of them */
} peer = { .in.fd = -1, .next.op = OP_NOTE };

/* NAME is of an abstract socket.  One process can connect, the first. */
static int connect_to(const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    size_t len = strlen(name);
    int fd;

    if (len >= sizeof(at.sun_path) - 1)
        return -EINVAL;
    memcpy(at.sun_path + 1, name, len);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&at,
                offsetof(struct sockaddr_un, sun_path) + 1 + len)) {
        int rc = -errno;

        REAL(close)(fd);
        return rc;
    }
    peer.in.fd = file_hide(fd);
    peer.pid = getpid();
    return peer.in.fd < 0 ? peer.in.fd : 0;
}

static int tell(uint32_t kind, enum replay_cause cause, int field,
                const struct hv_record *rec)
{
    struct stream_head head = { .kind = kind, .cause = cause, .field = field };

    return getpid() == peer.pid ? stream_send(peer.in.fd, &head, rec) : 0;
}

/* ---- recording ---- */

static int put(struct hv_sink *sink, const struct hv_record *rec)
{
    int rc = tell(STREAM_RECORD, REPLAY_SAME, -1, rec);

    (void)sink;
    if (rc)
        front_say("the recording ends here: %s", strerror(-rc));
    return rc;
}

struct hv *record_wrap(struct hv *hv)
{
    static struct hv_sink sink = { put };
    const char *name = getenv(SETUP_OUTPUT);
    int rc;

    if (!name)
        return hv;
    rc = connect_to(name);
    if (rc == -ECONNREFUSED) {
        front_say("process %d is not recorded: another one is, or was",
                  (int)getpid());
        return hv;
    }
    if (rc) {
        front_say("recording: %s", strerror(-rc));
        return NULL;
    }
    return recorder_open(hv, &sink);
}

struct hv *record_pass(struct hv *hv)
{
    static struct hv_sink sink = { put };
    int rc = connect_to(getenv(SETUP_PASS_OUTPUT));

    if (rc && rc != -ECONNREFUSED)
        front_say("recording: %s", strerror(-rc));
    return rc ? NULL : recorder_open(hv, &sink);
}

void record_cause(const struct args_event *a)
{
    struct hv_record rec = { .op = OP_EVENT, .args.EVENT = *a };

    tell(STREAM_CAUSE, REPLAY_SAME, -1, &rec);
}

void record_version(void)
{
    struct args_client_version a = { .minor = abi()->minor,
                                     .vm_event = abi_vm_event() };

    if (a.minor != MODEL_MINOR || a.vm_event != VM_EVENT_INTERFACE_VERSION)
        hv_call(front.hv, OP_CLIENT_VERSION, &a);
}

void record_domain(uint32_t dom, const char *name)
{
    struct args_client_domain a = {
        .dom = dom,
        .name = { .p = (void *)(uintptr_t)name, .len = strlen(name) },
    };

    hv_call(front.hv, OP_CLIENT_DOMAIN, &a);
}

void record_phase(uint32_t phase)
{
    struct args_client_phase a = { .phase = phase };

    hv_call(front.hv, OP_CLIENT_PHASE, &a);
}

/* ---- serving ---- */

bool record_serves(void)
{
    return getenv(SETUP_SERVE);
}

static int next(struct hv_source *source, struct hv_record *rec)
{
    struct stream_head head;
    int rc = 0;

    (void)source;
    if (getpid() != peer.pid)
        return 0;
    if (!peer.coming)
        rc = tell(STREAM_NEXT, REPLAY_SAME, -1, NULL);
    hv_record_free(&peer.next);
    if (!rc)
        rc = stream_receive(&peer.in, &head, &peer.next);
    if (rc == 1 && head.kind != STREAM_RECORD)
        rc = 0;
    if (rc != 1)
        return rc;
    peer.coming = head.cause;
    *rec = peer.next;
    return 1;
}

static void taken(void *ctx, const struct hv_record *expected)
{
    (void)ctx;
    (void)expected;
    tell(STREAM_TAKEN, REPLAY_SAME, -1, NULL);
}

static void differs(void *ctx, enum replay_cause cause,
                    const struct hv_field *field,
                    const struct hv_record *expected,
                    const struct hv_record *actual)
{
    (void)ctx;
    tell(STREAM_DIFFERS, cause, field && expected ?
         (int)(field - hv_ops_table[expected->op].fields) : -1, actual);
}

struct hv *record_serve(const struct sim_pages *pages)
{
    static struct hv_source source = { next };
    struct serve_config config = {
        .source = &source, .get = pages->get, .put = pages->put,
        .taken = taken, .differs = differs, .ctx = pages->ctx,
    };
    int rc = connect_to(getenv(SETUP_SERVE));

    if (!rc)
        return serve_open(&config);
    if (rc == -ECONNREFUSED)
        front_say("process %d is not served: another one is, or was",
                  (int)getpid());
    else
        front_say("serving: %s", strerror(-rc));
    return NULL;
}
