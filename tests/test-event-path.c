/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* While nothing is recorded, an event (access, request, response, resume)
 * allocates nothing, takes no lock and makes no system call: a monitor that
 * is developed against the model is not slowed, or made to block, by it.
 * Allocation and locks are counted by wrappers of the linker's --wrap
 * (Makefile.am); a system call is the end of a child that a seccomp filter
 * allows nothing but exit_group. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/bench-client.h"

#define TRIPS   500
#define PAUSED  VM_EVENT_FLAG_VCPU_PAUSED

/* Sanitizers make system calls of their own, and so does valgrind. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static unsigned long calls;     /* of anything that is wrapped */

#define WRAP(type, name, parameters, arguments) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters \
    { \
        calls++; \
        return __real_##name arguments; \
    }

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void, free, (void *p), (p))
WRAP(int, pthread_mutex_lock, (pthread_mutex_t *m), (m))
WRAP(int, pthread_once, (pthread_once_t *o, void (*f)(void)), (o, f))

/* ---- events of several kinds ---- */

/* The page stays as it is: the store faults again. */
static bool refused(struct client *c)
{
    return client_round_trip(c, PAUSED);
}

/* Xen emulates the store, and the next one comes; the client reads its event
 * channel as libxenevtchn does. */
static bool emulated(struct client *c)
{
    return client_round_trip(c, PAUSED | VM_EVENT_FLAG_EMULATE) &&
           !client_port(c, OP_EVTCHN_PENDING) &&
           !client_port(c, OP_EVTCHN_UNMASK) && !client_push_store(c);
}

/* The response sets registers, and turns single-stepping on or off. */
static bool steered(struct client *c)
{
    return client_round_trip(c, PAUSED | VM_EVENT_FLAG_SET_REGISTERS |
                             VM_EVENT_FLAG_TOGGLE_SINGLESTEP);
}

/* A store that is not emulated either: what it would write vanishes. */
static bool swallowed(struct client *c)
{
    return client_round_trip(c, PAUSED | VM_EVENT_FLAG_EMULATE |
                             VM_EVENT_FLAG_EMULATE_NOWRITE) &&
           !client_push_store(c);
}

/* The client lifts the restriction and sets it again, one event in between. */
static bool lifted(struct client *c)
{
    struct args_access a = {
        .dom = CLIENT_DOM, .access = XENMEM_access_rwx, .gfn = CLIENT_GFN,
        .nr = 1,
    };

    if (!client_round_trip(c, PAUSED) || hv_call(c->hv, OP_ACCESS_SET, &a) ||
        client_round_trip(c, PAUSED))   /* the store goes through */
        return false;
    a.access = XENMEM_access_r;
    return !hv_call(c->hv, OP_ACCESS_SET, &a) && !client_push_store(c);
}

static bool (*const scenes[])(struct client *) = {
    refused, emulated, steered, swallowed, lifted
};
#define NR_SCENES (sizeof(scenes) / sizeof(scenes[0]))

/* The first events make what stays: the guest's page, its queue's room, the
 * leaf table that a restricted page needs. */
static struct client start(unsigned int scene)
{
    struct client c;

    assert_int_equal(client_start(&c, sim_open(NULL), 16), 0);
    for (int i = 0; i < 32; i++)
        assert_true(scenes[scene](&c));
    return c;
}

static void test_allocates_nothing(void **state)
{
    (void)state;
    for (unsigned int scene = 0; scene < NR_SCENES; scene++) {
        struct client c = start(scene);
        bool good = true;

        calls = 0;
        for (int i = 0; i < TRIPS; i++)
            good &= scenes[scene](&c);
        assert_int_equal(calls, 0);
        assert_true(good);
        hv_close(c.hv);
    }
}

/* The count can count: a new domain is not free. */
static void test_counter(void **state)
{
    struct client c;

    (void)state;
    calls = 0;
    assert_int_equal(client_start(&c, sim_open(NULL), 16), 0);
    assert_true(calls > 0);
    hv_close(c.hv);
    calls = 0;
    pthread_mutex_lock(&(pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER);
    assert_int_equal(calls, 1);
}

/* ---- system calls ---- */

static void forbid_system_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        _exit(77);
}

/* Run SCENE in a child without system calls, one of which it makes when
 * SLIP: how it ended, as wait() has it. */
static int run_quietly(unsigned int scene, bool slip)
{
    struct client c = start(scene);
    bool good = true;
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        forbid_system_calls();
        for (int i = 0; i < TRIPS; i++)
            good &= scenes[scene](&c);
        if (slip)
            getppid();
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    hv_close(c.hv);
    return status;
}

static void test_no_system_call(void **state)
{
    const char *preloaded = getenv("LD_PRELOAD");
    int slipped;

    (void)state;
    if (SANITIZED || (preloaded && strstr(preloaded, "vgpreload")))
        skip();
    slipped = run_quietly(0, true);
    if (WIFEXITED(slipped) && WEXITSTATUS(slipped) == 77)
        skip();                 /* this machine has no seccomp */
    assert_true(WIFSIGNALED(slipped));
    for (unsigned int scene = 0; scene < NR_SCENES; scene++)
        assert_int_equal(run_quietly(scene, false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_no_system_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
