/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define BACKLOG       4096
#define BACKLOG_QUEUE 1024 /* of each of many queues */

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

/* listen_steer: the program's result is the index of a socket in the order of listen(). It reads
 * the head of the packet that asks for the connection (RFC 791 3.1, RFC 8200 3), and mixes the bits
 * of the address as MurmurHash3 does in its end. */
int listen_steer(int fd, int groups)
{
    enum { NET = SKF_NET_OFF, V4_SOURCE = 12, V6_SOURCE = 8, VERSION_6 = 0x60 };
    uint32_t secret = 0;
    if (getrandom(&secret, sizeof secret, GRND_NONBLOCK) != sizeof secret)
        secret = 0x9e3779b9;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NET),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VERSION_6, 2, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NET + V4_SOURCE),
        BPF_STMT(BPF_JMP | BPF_JA, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NET + V6_SOURCE + 4),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, secret),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6b),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NET + V6_SOURCE),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
        /* Neighbours must not share a queue: twice multiply, and fold the upper bits down. */
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, secret),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6b),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 13),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0xc2b2ae35),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, LISTEN_QUEUES),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        /* index = random % groups * LISTEN_QUEUES + queue */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (uint32_t)groups),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, LISTEN_QUEUES),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program;
    memset(&program, 0, sizeof program); /* its padding too, which the kernel copies */
    program.len = sizeof code / sizeof code[0];
    program.filter = code;
    int r = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
    return r < 0 ? -errno : 0;
}

int listen_queues(const char *address, int64_t port, int fds[LISTEN_QUEUES])
{
    for (int i = 0; i < LISTEN_QUEUES; i++) {
        fds[i] = listen_tcp(address, port, true);
        if (fds[i] >= 0) {
            listen(fds[i], BACKLOG_QUEUE);
            continue;
        }
        int r = fds[i];
        while (i-- > 0)
            close(fds[i]);
        return r;
    }
    return LISTEN_QUEUES;
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
