/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's signal handlers, which may call the devices: one that comes in
 * the middle of a call is sent again, to a thread that blocks all signals
 * until the call is over. */
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "preload/front.h"
#include "preload/libc.h"
#include "preload/pass.h"

sighandler_t __sysv_signal(int number, sighandler_t handler);

static struct sigaction client[NSIG];   /* the client's own */
static __thread volatile unsigned int handled   /* in this thread */
    __attribute__((tls_model("initial-exec")));

unsigned int libc_handled(void)
{
    return handled;
}

/* Caused by the instruction itself, which would only cause it again. */
static bool synchronous(int number, const siginfo_t *info)
{
    return info->si_code > 0 &&
           (number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
            number == SIGILL || number == SIGTRAP);
}

static void arrived(int number, siginfo_t *info, void *context)
{
    const struct sigaction *action = &client[number];
    ucontext_t *uc = context;
    sigset_t all;

    if (!synchronous(number, info) && front_defer(&uc->uc_sigmask)) {
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
        syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), number, info);
        return;
    }
    handled++;
    if (front.pass)
        pass_signalled(number);
    if (action->sa_flags & SA_RESETHAND)
        signal(number, SIG_DFL);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

static bool handles(const struct sigaction *action)
{
    return action->sa_flags & SA_SIGINFO ||
           (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

EXPORT int sigaction(int number, const struct sigaction *action,
                     struct sigaction *old)
{
    struct sigaction ours, was, before;
    int rc;

    if (number <= 0 || number >= NSIG)
        return REAL(sigaction)(number, action, old);
    before = client[number];
    if (action) {
        ours = *action;
        if (handles(action)) {
            client[number] = *action;
            ours.sa_sigaction = arrived;
            ours.sa_flags |= SA_SIGINFO;
            ours.sa_flags &= ~SA_RESETHAND;
        }
    }
    rc = REAL(sigaction)(number, action ? &ours : NULL, &was);
    if (rc) {
        client[number] = before;
        return rc;
    }
    if (old)
        *old = was.sa_flags & SA_SIGINFO && was.sa_sigaction == arrived ?
            before : was;
    return 0;
}

static sighandler_t set_handler(int number, sighandler_t handler, int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    struct sigaction old;

    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

EXPORT sighandler_t signal(int number, sighandler_t handler)
{
    return set_handler(number, handler, SA_RESTART);
}

EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler)
{
    return set_handler(number, handler, SA_RESETHAND | SA_NODEFER);
}
