/* SPDX-License-Identifier: Apache-2.0 */
#include "loadtests/bench/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* bind_to: lets connect() choose a free port, so that an address has a full set of ports for each
 * server. */
static int bind_to(int fd, struct in_addr from, uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = from};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){port == 0}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){port != 0}, sizeof(int));
    return bind(fd, (struct sockaddr *)&here, sizeof here);
}

int bench_connect(struct in_addr from, uint16_t from_port, uint16_t port, bool wait)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (bind_to(fd, from, from_port) == 0 &&
        (connect(fd, (struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS))
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

struct in_addr bench_from(const struct bench_args *args)
{
    struct in_addr from = {0};
    inet_pton(AF_INET, bench_text(args, "from", "127.0.0.1"), &from);
    return from;
}
