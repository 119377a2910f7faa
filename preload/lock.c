/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one lock around the machine: threads, signal handlers, cancellation and
 * forks of the client. */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "preload/front.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool handlers;           /* the client has signal handlers */

/* Of the thread that has the lock, or wants it. */
static __thread struct {
    unsigned int depth;
    bool masked;
    int cancel;
    sigset_t mask;
} held __attribute__((tls_model("initial-exec")));

void front_handlers(void)
{
    __atomic_store_n(&handlers, true, __ATOMIC_RELAXED);
}

/* A thread is not cancelled inside, and a handler, which may call us, waits
 * until the call is over.  Without handlers no signal needs to. */
void front_lock(void)
{
    sigset_t all, mask;
    int cancel;

    if (held.depth++)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    if (__atomic_load_n(&handlers, __ATOMIC_RELAXED)) {
        held.depth = 0;         /* it may come until it is blocked */
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &mask);
        held.depth = 1;
        held.masked = true;
        held.mask = mask;
    }
    held.cancel = cancel;
    pthread_mutex_lock(&mutex);
}

void front_unlock(void)
{
    bool masked = held.masked;
    sigset_t mask = held.mask;
    int cancel = held.cancel;

    if (held.depth > 1) {
        held.depth--;
        return;
    }
    pthread_mutex_unlock(&mutex);
    held.masked = false;
    held.depth = 0;
    if (masked)
        pthread_sigmask(SIG_SETMASK, &mask, NULL);
    pthread_setcancelstate(cancel, NULL);
}

/* In a child, alone: it finds nothing half done, and the machine stays its
 * parent's. */
static void forked(void)
{
    if (front.pid) {
        front.parent = front.pid;
        front.pid = getpid();
        front.hv = NULL;
        mapping_forked();
    }
    front_unlock();
}

static void __attribute__((constructor)) prepare_forks(void)
{
    pthread_atfork(front_lock, front_unlock, forked);
}
