/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's program inside dom0:
 *
 *     dom0 ready              say that dom0 is up
 *     dom0 run COMMAND...     run it, send what it prints, /out and its status
 *     dom0 send FILE...       send files now; one of /out is named from there
 *     dom0 off                end the emulator
 *
 * All of it leaves through ports of the emulator (frame.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"

#define PORT_DATA 0xe9          /* Bochs: port_e9_hack; QEMU: isa-debugcon */
#define PORT_OFF 0x8900         /* Bochs ends when it reads "Shutdown" here */
#define OUT "/out/"

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* One instruction for many bytes: each is an exit to Xen. */
static void put(const void *data, size_t size)
{
    __asm__ volatile ("rep outsb"
                      : "+S" (data), "+c" (size) : "d" (PORT_DATA) : "memory");
}

static void frame(enum frame_kind kind, const char *name,
                  const void *data, size_t size)
{
    static int lock = -1;
    char head[64];
    uint32_t sum = frame_sum(1, name, strlen(name));

    /* A script may send files while its output is being sent. */
    if (lock < 0)
        lock = open("/run/lock/dom0", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    flock(lock, LOCK_EX);
    sum = frame_sum(sum, data, size);
    put(head, snprintf(head, sizeof head, FRAME_MARK "%c %zx %zx %x\n", kind,
                       strlen(name), size, sum));
    put(name, strlen(name));
    put(data, size);
    flock(lock, LOCK_UN);
}

static void send_file(const char *path)
{
    static char buffer[FRAME_MAX];
    const char *name = path;
    enum frame_kind kind = FRAME_FILE;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        perror(path);
        return;
    }
    if (!strncmp(path, OUT, strlen(OUT)))
        name += strlen(OUT);
    while (*name == '/')
        name++;
    while ((got = read(fd, buffer, sizeof buffer)) > 0 || kind == FRAME_FILE) {
        frame(kind, name, buffer, got > 0 ? got : 0);
        kind = FRAME_APPEND;
    }
    close(fd);
}

/* Regular files only: a fifo would be waited for. */
static void send_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    struct stat status;
    char *path;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (asprintf(&path, "%s%s", folder, entry->d_name) < 0)
            die("asprintf");
        if (!lstat(path, &status) && S_ISREG(status.st_mode)) {
            send_file(path);
        } else if (S_ISDIR(status.st_mode)) {
            free(path);
            if (asprintf(&path, "%s%s/", folder, entry->d_name) < 0)
                die("asprintf");
            send_folder(path);
        }
        free(path);
    }
    closedir(dir);
}

static volatile sig_atomic_t ended;

static void on_child(int signal)
{
    (void)signal;
    ended = 1;
}

/* Until the child has ended and no more is there: what it left behind in the
 * background may hold the pipe open for ever. */
static void forward(int fd)
{
    static char buffer[4096];
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    sigset_t child, none;
    ssize_t got = 1;

    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    while (got > 0) {
        struct timespec now = { 0 };
        int ready = ppoll(&poll_fd, 1, ended ? &now : NULL, &none);

        if (ready == 0)
            break;
        if (ready < 0)
            continue;
        got = read(fd, buffer, sizeof buffer);
        if (got > 0)
            frame(FRAME_OUTPUT, "output", buffer, got);
    }
    sigprocmask(SIG_UNBLOCK, &child, NULL);
}

static void run(char **command)
{
    struct sigaction action = { .sa_handler = on_child };
    char text[16];
    int fds[2], status;
    pid_t child;

    sigaction(SIGCHLD, &action, NULL);
    if (pipe2(fds, O_CLOEXEC))
        die("pipe");
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        execvp(command[0], command);
        die(command[0]);
    }
    close(fds[1]);
    forward(fds[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    send_folder(OUT);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    snprintf(text, sizeof text, "%d", status);
    frame(FRAME_EXIT, text, "", 0);
}

static void off(void)
{
    const char *word = "Shutdown";

    while (*word)
        outb(*word++, PORT_OFF);
    reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (iopl(3))
        die("iopl");
    if (!strcmp(verb, "ready"))
        frame(FRAME_READY, "", "", 0);
    else if (!strcmp(verb, "run") && argc > 2)
        run(argv + 2);
    else if (!strcmp(verb, "send"))
        for (int i = 2; i < argc; i++)
            send_file(argv[i]);
    else if (!strcmp(verb, "off"))
        off();
    else
        return 2;
    return 0;
}
