/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define BACKLOG 4096

static int open_socket(const struct addrinfo *where, bool shared)
{
    int one = 1;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0) &&
        bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

int listen_tcp(const char *address, int64_t port, bool shared)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *where;
    char service[8];
    snprintf(service, sizeof service, "%d", (int)port);
    if (getaddrinfo(address, service, &hints, &where) != 0)
        return -EINVAL;
    int fd = open_socket(where, shared);
    freeaddrinfo(where);
    return fd;
}

/* listen_look: tcpi_unacked of a listening socket is the length of its accept queue. */
int listen_look(int fd, struct listen_state *state)
{
    struct tcp_info info = {0};
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t info_len = sizeof info, memory_len = sizeof memory;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) < 0)
        return -errno;
    bool told = getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &memory_len) == 0 &&
                memory_len > SK_MEMINFO_DROPS * sizeof memory[0];
    *state = (struct listen_state){.queue = info.tcpi_unacked,
                                   .drops = told ? (int64_t)memory[SK_MEMINFO_DROPS] : -1};
    return 0;
}

int listen_inherited(int *fds, int most)
{
    int n = sd_listen_fds(1); /* sets close-on-exec */
    if (n > most)
        return -E2BIG;
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        int r = sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0);
        if (r <= 0)
            return r < 0 ? r : -EINVAL;
        /* Workers share it: a worker that loses the race for a connection must not block in
         * accept(). */
        if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
            return -errno;
        fds[i] = fd;
    }
    return n;
}
