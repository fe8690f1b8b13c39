/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum sink { SINK_FILE, SINK_SOCKET, SINK_OWN, SINK_POLL };

static _Atomic int sink = SINK_FILE;
static _Atomic int sink_fd = STDERR_FILENO;
static _Atomic bool sink_journal;
static pthread_mutex_t polled = PTHREAD_MUTEX_INITIALIZER; /* between poll() and write() */

/* is_journal: checks the device and inode, as sd-daemon(3) requires: child processes inherit the
 * variable. */
static bool is_journal(const struct stat *st)
{
    const char *text = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    return text != NULL && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
           device == (unsigned long long)st->st_dev && inode == (unsigned long long)st->st_ino;
}

static void use(enum sink kind, int fd)
{
    int old = atomic_exchange(&sink_fd, fd);
    sink = (int)kind;
    if (old != STDERR_FILENO)
        close(old);
}

void log_sink_open(void)
{
    struct stat st, own;
    if (fstat(STDERR_FILENO, &st) < 0)
        return;
    sink_journal = is_journal(&st);
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
        use(S_ISSOCK(st.st_mode) ? SINK_SOCKET : SINK_FILE, STDERR_FILENO);
        return;
    }
    if (sink == SINK_OWN && fstat(sink_fd, &own) == 0 && own.st_dev == st.st_dev &&
        own.st_ino == st.st_ino)
        return; /* a reload: other threads are writing */
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    use(fd >= 0 ? SINK_OWN : SINK_POLL, fd >= 0 ? fd : STDERR_FILENO);
}

bool log_sink_journal(void)
{
    return sink_journal;
}

/* write_polled: a pipe that polls as writable has room for at least a page, more than a line. */
static ssize_t write_polled(const char *line, size_t len)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    ssize_t n = -1;
    pthread_mutex_lock(&polled);
    if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
        n = write(STDERR_FILENO, line, len);
    pthread_mutex_unlock(&polled);
    return n;
}

bool log_sink_write(const char *line, size_t len)
{
    int kind = sink;
    ssize_t n;
    if (kind == SINK_SOCKET)
        n = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (kind == SINK_POLL)
        n = write_polled(line, len);
    else
        n = write(sink_fd, line, len);
    return n == (ssize_t)len;
}
