/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"

#include "shared/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN_MAX 32
#define DIRS_MAX     64
#define END_MS       10000

static pid_t children[CHILDREN_MAX]; /* 0: free */
static char dirs[DIRS_MAX][128];
static pid_t owner; /* the process that cleans up; a child whose exec failed must not */

void test_fail_start(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "test set-up: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(99);
}

void show_log(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    lseek(fd, -(off_t)sizeof text, SEEK_END);
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    fprintf(stderr, "--- %s\n%.*s---\n", path, n > 0 ? (int)n : 0, text);
}

void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void tidy_up(void)
{
    if (getpid() != owner)
        return;
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        child_end(children[i], SIGKILL);
    for (size_t i = 0; i < DIRS_MAX && dirs[i][0] != '\0'; i++)
        nftw(dirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void tidy_up_at_exit(void)
{
    if (owner == 0) {
        owner = getpid();
        atexit(tidy_up);
    }
}

static void note_child(pid_t old, pid_t new)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children[i] == old) {
            children[i] = new;
            return;
        }
    }
    if (old == 0)
        test_fail_start("more than %d children", CHILDREN_MAX);
}

static void exec_child(const char *const *argv, const char *log, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* the test ended before prctl() */
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

pid_t child_start(const char *const *argv, const char *log)
{
    tidy_up_at_exit();
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        test_fail_start("fork: %s", strerror(errno));
    if (pid == 0)
        exec_child(argv, log, parent);
    note_child(0, pid);
    return pid;
}

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool child_running(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int child_wait(pid_t pid, int64_t timeout_ms)
{
    int status, fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int r = poll(&ended, 1, (int)timeout_ms);
    close(fd);
    if (r == 0)
        return -ETIMEDOUT;
    if (waitpid(pid, &status, 0) != pid)
        test_fail_start("waitpid %d: %s", (int)pid, strerror(errno));
    note_child(pid, 0);
    return code_of(status);
}

void child_end(pid_t pid, int signal)
{
    if (pid == 0)
        return;
    kill(pid, signal);
    if (child_wait(pid, END_MS) == -ETIMEDOUT) {
        kill(pid, SIGKILL);
        child_wait(pid, -1);
    }
}

int child_run(const char *const *argv, const char *log)
{
    return child_wait(child_start(argv, log), -1);
}

const char *tempdir_make(void)
{
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    tidy_up_at_exit();
    for (size_t i = 0; i < DIRS_MAX; i++) {
        if (dirs[i][0] != '\0')
            continue;
        snprintf(dirs[i], sizeof dirs[i], "%.64s/onrush-test-XXXXXX", base);
        if (mkdtemp(dirs[i]) == NULL)
            test_fail_start("mkdtemp %s: %s", dirs[i], strerror(errno));
        return dirs[i];
    }
    test_fail_start("more than %d directories", DIRS_MAX);
}
