/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/puppet-machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RAM             (32u << 20)
#define TIMEOUT_MS      20000
#define NR_REGISTERS    17      /* of 8 bytes; behind them 4 of eflags */

struct puppet_machine_run {
    char folder[64], memory_file[80], socket_file[80];
    char *memory;
    pid_t pid;
    int fd;
    bool running;
    uint64_t next, woken;       /* rip that was set last, and gone on at */
    char reply[16384];
};

/* The debugger's order of registers. */
static uint64_t *reg(struct vm_event_regs_x86 *r, int n)
{
    uint64_t *all[NR_REGISTERS] = {
        &r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi, &r->rbp,
        &r->rsp, &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13,
        &r->r14, &r->r15, &r->rip,
    };

    return all[n];
}

/* ---- packets ---- */

static int next_byte(struct puppet_machine_run *m)
{
    struct pollfd p = { .fd = m->fd, .events = POLLIN };
    unsigned char c;

    if (poll(&p, 1, TIMEOUT_MS) != 1 || read(m->fd, &c, 1) != 1)
        return -EIO;
    return c;
}

/* $...#xx into .reply */
static int receive(struct puppet_machine_run *m)
{
    size_t n = 0;
    int c;

    do
        c = next_byte(m);
    while (c >= 0 && c != '$');
    while (c >= 0 && (c = next_byte(m)) >= 0 && c != '#') {
        if (n + 1 < sizeof(m->reply))
            m->reply[n++] = c;
    }
    m->reply[n] = '\0';
    if (c < 0 || next_byte(m) < 0 || next_byte(m) < 0)
        return -EIO;
    return write(m->fd, "+", 1) == 1 ? 0 : -EIO;
}

static int transmit(struct puppet_machine_run *m, const char *text)
{
    unsigned char sum = 0;

    for (const char *c = text; *c; c++)
        sum += *c;
    return dprintf(m->fd, "$%s#%02x", text, sum) < 0 ? -EIO : 0;
}

static int ask(struct puppet_machine_run *m, const char *text)
{
    int rc = transmit(m, text);

    return rc ? rc : receive(m);
}

/* A machine that is stopped by our coming may tell so, or not. */
static int greet(struct puppet_machine_run *m)
{
    struct pollfd p = { .fd = m->fd, .events = POLLIN };
    int rc = ask(m, "?");

    while (!rc && poll(&p, 1, 200) == 1)
        rc = receive(m);
    return rc;
}

static int halt(struct puppet_machine_run *m)
{
    if (!m->running)
        return 0;
    m->running = false;
    return write(m->fd, "\003", 1) == 1 ? receive(m) : -EIO;
}

static int go(struct puppet_machine_run *m)
{
    m->running = true;
    return transmit(m, "c");
}

/* A command of QEMU's monitor: true when what it prints has WORD in it. */
static int monitor(struct puppet_machine_run *m, const char *command,
                   const char *word)
{
    char text[256] = "qRcmd,", *at = text + strlen(text);
    char said[32768] = "";
    size_t n = 0;
    int rc;

    while (*command)
        at += sprintf(at, "%02x", *command++);
    for (rc = ask(m, text); !rc && m->reply[0] == 'O' && m->reply[1] != 'K';
         rc = receive(m)) {
        unsigned int byte;

        for (char *c = m->reply + 1; n + 1 < sizeof(said) &&
             sscanf(c, "%2x", &byte) == 1; c += 2)
            said[n++] = byte;
    }
    said[n] = '\0';
    return rc ? rc : !!strstr(said, word);
}

/* ---- the driver's environment ---- */

static int machine_map(void *ctx, uint64_t gfn, struct hv_page *page)
{
    struct puppet_machine_run *m = ctx;

    if (gfn >= RAM / 4096)
        return -EINVAL;
    page->p = m->memory + gfn * 4096;
    page->frame = gfn;
    return 0;
}

static void machine_unmap(void *ctx, const struct hv_page *page)
{
    (void)ctx;
    (void)page;
}

/* LEN bytes, the lowest first */
static uint64_t get_number(const char *at, int len)
{
    uint64_t value = 0;

    while (len--) {
        unsigned int byte = 0;

        sscanf(at + 2 * len, "%2x", &byte);
        value = value << 8 | byte;
    }
    return value;
}

static int machine_get(void *ctx, uint32_t vcpu,
                       struct vm_event_regs_x86 *regs, bool *halted)
{
    struct puppet_machine_run *m = ctx;
    int rc = halt(m);

    (void)vcpu;
    if (!rc)
        rc = ask(m, "g");
    if (rc)
        return rc;
    for (int n = 0; n < NR_REGISTERS; n++)
        *reg(regs, n) = get_number(m->reply + 16 * n, 8);
    regs->rflags = get_number(m->reply + 16 * NR_REGISTERS, 4);
    rc = monitor(m, "info registers", "HLT=1");
    /* until the NMI is taken, it is in the old HLT with the new rip */
    *halted = rc == 1 && regs->rip != m->woken;
    return rc < 0 ? rc : go(m);
}

static void put_byte(char *at, unsigned char byte)
{
    at[0] = "0123456789abcdef"[byte >> 4];
    at[1] = "0123456789abcdef"[byte & 15];
}

/* QEMU does not see that code was changed behind its back, unless it is
 * written once more through it. */
static int rewrite(struct puppet_machine_run *m, uint64_t rip)
{
    char text[128];
    char bytes[33];
    int rc;

    snprintf(text, sizeof(text), "m%llx,10", (unsigned long long)rip);
    rc = ask(m, text);
    if (rc || m->reply[0] == 'E')
        return rc;
    snprintf(bytes, sizeof(bytes), "%.32s", m->reply);
    snprintf(text, sizeof(text), "M%llx,10:%s", (unsigned long long)rip,
             bytes);
    return ask(m, text);
}

/* .reply has the registers: put R's there, and give them back. */
static int put_registers(struct puppet_machine_run *m,
                         struct vm_event_regs_x86 r)
{
    char text[sizeof(m->reply) + 1];

    for (int n = 0; n < NR_REGISTERS; n++) {
        for (int byte = 0; byte < 8; byte++)
            put_byte(m->reply + 16 * n + 2 * byte, *reg(&r, n) >> 8 * byte);
    }
    for (int byte = 0; byte < 4; byte++)
        put_byte(m->reply + 16 * NR_REGISTERS + 2 * byte,
                 r.rflags >> 8 * byte);
    snprintf(text, sizeof(text), "G%s", m->reply);
    return ask(m, text);
}

static int machine_set(void *ctx, uint32_t vcpu,
                       const struct vm_event_regs_x86 *regs)
{
    struct puppet_machine_run *m = ctx;
    int rc = halt(m);

    (void)vcpu;
    if (!rc)
        rc = ask(m, "g");
    if (!rc)
        rc = put_registers(m, *regs);
    if (!rc)
        rc = rewrite(m, regs->rip);
    m->next = regs->rip;
    return rc ? rc : go(m);
}

static int machine_wake(void *ctx, uint32_t vcpu, uint8_t vector)
{
    struct puppet_machine_run *m = ctx;
    int rc = halt(m);

    (void)vcpu;
    if (vector)
        return -EOPNOTSUPP;
    m->woken = m->next;
    if (!rc)
        rc = monitor(m, "nmi", "");
    return rc < 0 ? rc : go(m);
}

struct puppet_env puppet_machine_env(struct puppet_machine_run *run)
{
    return (struct puppet_env){
        .ctx = run,
        .map = machine_map, .unmap = machine_unmap,
        .get = machine_get, .set = machine_set, .wake = machine_wake,
    };
}

void *puppet_machine_memory(struct puppet_machine_run *run, uint64_t gpa)
{
    return run->memory + gpa;
}

/* ---- QEMU ---- */

static void be_qemu(struct puppet_machine_run *m)
{
    const char *build = getenv("top_builddir");
    char kernel[4096], memory[256], gdb[256];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(kernel, sizeof(kernel), "%s/tests/lab/puppet/puppet.elf",
             build ? build : ".");
    snprintf(memory, sizeof(memory),
             "memory-backend-file,id=ram,size=32M,share=on,mem-path=%s",
             m->memory_file);
    snprintf(gdb, sizeof(gdb), "unix:%s,server=on,wait=off", m->socket_file);
    dup2(null, 0);
    dup2(null, 1);
    execlp("qemu-system-x86_64", "qemu-system-x86_64", "-accel", "tcg",
           "-cpu", "max", "-M", "pc,memory-backend=ram", "-m", "32",
           "-object", memory, "-kernel", kernel, "-gdb", gdb,
           "-nodefaults", "-display", "none", (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

/* Its socket, once it listens: -ENOENT when QEMU is not there. */
static int reach(struct puppet_machine_run *m)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", m->socket_file);
    m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int tries = 0; tries < TIMEOUT_MS / 20; tries++) {
        int status;

        if (!connect(m->fd, (struct sockaddr *)&a, sizeof(a)))
            return 0;
        if (waitpid(m->pid, &status, WNOHANG) == m->pid) {
            m->pid = 0;
            return WIFEXITED(status) && WEXITSTATUS(status) == 127 ?
                   -ENOENT : -EIO;
        }
        usleep(20000);
    }
    return -ETIMEDOUT;
}

int puppet_machine_start(struct puppet_machine_run **run)
{
    struct puppet_machine_run *m = calloc(1, sizeof(*m));
    int fd, rc;

    if (!m)
        return -ENOMEM;
    strcpy(m->folder, "/tmp/puppet.XXXXXX");
    if (!mkdtemp(m->folder)) {
        free(m);
        return -EIO;
    }
    snprintf(m->memory_file, sizeof(m->memory_file), "%s/ram", m->folder);
    snprintf(m->socket_file, sizeof(m->socket_file), "%s/gdb", m->folder);
    fd = open(m->memory_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    m->memory = ftruncate(fd, RAM) ? MAP_FAILED :
                mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    m->pid = fork();
    if (!m->pid)
        be_qemu(m);
    rc = m->memory == MAP_FAILED ? -EIO : reach(m);
    if (!rc)
        rc = greet(m);
    if (!rc)
        rc = go(m);
    if (rc) {
        puppet_machine_stop(m);
        return rc;
    }
    *run = m;
    return 0;
}

void puppet_machine_stop(struct puppet_machine_run *m)
{
    if (m->pid > 0) {
        kill(m->pid, SIGKILL);
        waitpid(m->pid, NULL, 0);
    }
    close(m->fd);
    unlink(m->memory_file);
    unlink(m->socket_file);
    rmdir(m->folder);
    if (m->memory != MAP_FAILED)
        munmap(m->memory, RAM);
    free(m);
}
