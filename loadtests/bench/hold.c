/* hold: connections that asked once, were answered, and are idle. */
#include "loadtests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOLD_MS   600000
#define ANSWER_MS 10000

/* ask: one GET and its answer on a new connection. The descriptor, or -errno. */
static int ask(const struct sockaddr_in *address, const char *request)
{
    char answer[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t n = -1;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        n = recv(fd, answer, sizeof answer, 0);
    if (n >= 12 && memcmp(answer, "HTTP/1.1 ", 9) == 0 && answer[9] < '5')
        return fd;
    int r = n < 0 ? -errno : -EPROTO;
    close(fd);
    return r;
}

int bench_hold(const struct bench_args *args)
{
    char request[512];
    int64_t n = bench_number(args, "n", -1);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)bench_number(args, "port", -1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
             bench_text(args, "path", NULL));
    for (int64_t i = 0; i < n; i++) {
        int r = ask(&address, request);
        if (r < 0)
            return bench_fail("a connection", strerror(-r));
    }
    printf("{\"held\":%lld}\n", (long long)n);
    fflush(stdout);
    poll(&(struct pollfd){.fd = STDIN_FILENO, .events = POLLIN}, 1, HOLD_MS);
    return BENCH_OK;
}
