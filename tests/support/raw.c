/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/raw.h"

#include "shared/base/clock.h"
#include "shared/base/listen.h"
#include "tests/support/child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int raw_connect(const char *url)
{
    return raw_connect_from(url, 1);
}

int raw_connect_from(const char *url, int from)
{
    char host[64];
    int port;
    struct sockaddr_in where = {.sin_family = AF_INET};
    const struct sockaddr_in own = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (unsigned)from)};
    if (sscanf(url, "http://%63[0-9.]:%d", host, &port) != 2)
        test_fail_start("%s: not an address", url);
    where.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &where.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || (from != 1 && bind(fd, (const struct sockaddr *)&own, sizeof own) != 0) ||
        connect(fd, (struct sockaddr *)&where, sizeof where) != 0)
        test_fail_start("%s: %s", url, strerror(errno));
    return fd;
}

void raw_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

void raw_say(int fd, const char *format, ...)
{
    char text[RAW_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    raw_send(fd, text, (size_t)n);
}

/* complete: true if the text holds a whole answer, by its Content-Length. */
static bool complete(const char *text, size_t n)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL || length == NULL || length > end)
        return false;
    return n >= (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
}

size_t raw_read(int fd, char text[RAW_MAX], int64_t timeout_ms, bool *closed)
{
    int64_t deadline_us = clock_mono_us() + timeout_ms * 1000;
    size_t n = 0;
    *closed = false;
    for (text[0] = '\0'; n < RAW_MAX - 1 && !complete(text, n); text[n] = '\0') {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) <= 0)
            break;
        ssize_t got = recv(fd, text + n, RAW_MAX - 1 - n, 0);
        if (got <= 0) {
            *closed = true;
            break;
        }
        n += (size_t)got;
    }
    return n;
}

int raw_status(const char *text)
{
    int status = 0;
    return sscanf(text, "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

int free_port(void)
{
    struct sockaddr_in where;
    socklen_t size = sizeof where;
    int fd = listen_tcp("127.0.0.1", 0, false);
    getsockname(fd, (struct sockaddr *)&where, &size);
    close(fd);
    return ntohs(where.sin_port);
}
