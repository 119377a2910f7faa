/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one lock around the machine: threads, signal handlers, cancellation and
 * forks of the client. */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Of the thread that has the lock, or wants it. */
static __thread struct {
    volatile unsigned int depth;
    volatile bool masked;       /* a signal waits for the end of the call */
    sigset_t mask;              /* the client's, then */
    int cancel;
} held __attribute__((tls_model("initial-exec")));

bool front_defer(void *mask)
{
    if (!held.depth)
        return false;
    if (!held.masked) {
        held.mask = *(sigset_t *)mask;
        held.masked = true;
    }
    sigfillset(mask);
    return true;
}

/* A thread is not cancelled inside. */
void front_lock(void)
{
    int cancel;

    if (held.depth++)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&mutex);
    held.cancel = cancel;
    child_grant();
}

void front_unlock(void)
{
    int cancel = held.cancel;

    if (held.depth > 1) {
        held.depth--;
        return;
    }
    pthread_mutex_unlock(&mutex);
    held.depth = 0;
    if (held.masked) {
        sigset_t mask = held.mask;

        held.masked = false;
        pthread_sigmask(SIG_SETMASK, &mask, NULL);
    }
    pthread_setcancelstate(cancel, NULL);
}

/* In a child, alone: it finds nothing half done, and the machine stays its
 * parent's (but see child.c). */
static void forked(void)
{
    if (front.pid) {
        front.parent = front.pid;
        front.pid = getpid();
        front.hv = NULL;
        if (front.pass)
            file_forked();
        else
            mapping_forked();
    }
    front_unlock();
}

static void prepare(void)
{
    front_lock();
    child_prepare();
}

static void __attribute__((constructor)) prepare_forks(void)
{
    pthread_atfork(prepare, front_unlock, forked);
}
