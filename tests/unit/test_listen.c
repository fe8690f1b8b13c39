/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/listen: listening sockets. */
#include "tests/support/test.h"

#include "shared/base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static int port_of(int fd)
{
    struct sockaddr_in6 where; /* large enough for both families */
    socklen_t size = sizeof where;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    return ntohs(where.sin6_port); /* same offset in both families */
}

static bool can_connect(int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &where.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, (struct sockaddr *)&where, sizeof where) == 0;
    close(fd);
    return ok;
}

TEST(test_listens)
{
    int fd = listen_tcp("127.0.0.1", 0, false);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    int port = port_of(fd);
    assert_true(can_connect(port));
    close(fd);
    assert_false(can_connect(port));
}

TEST(test_port_in_use)
{
    int fd = listen_tcp("127.0.0.1", 0, false);
    assert_int_equal(listen_tcp("127.0.0.1", port_of(fd), false), -EADDRINUSE);
    assert_int_equal(listen_tcp("127.0.0.1", port_of(fd), true), -EADDRINUSE);
    close(fd);
}

TEST(test_workers_share_a_port)
{
    int one = listen_tcp("127.0.0.1", 0, true);
    int two = listen_tcp("127.0.0.1", port_of(one), true);
    assert_true(two >= 0);
    assert_int_equal(port_of(one), port_of(two));
    close(one);
    close(two);
}

TEST(test_ipv6)
{
    int fd = listen_tcp("::1", 0, false);
    if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT) {
        print_message("this machine has no IPv6\n");
        return;
    }
    assert_true(fd >= 0);
    close(fd);
}

TEST(test_what_is_no_address)
{
    static const char *const wrong[] = {"localhost", "127.0.0.256", "nowhere.example",
                                        "127.0.0.1:80", "::g"};
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_int_equal(listen_tcp(wrong[i], 0, false), -EINVAL);
    assert_int_equal(listen_tcp("192.0.2.1", 0, false), -EADDRNOTAVAIL);
}

static int begin(int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &where.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(fd, (struct sockaddr *)&where, sizeof where);
    return fd;
}

/* Of twelve clients, a queue of three holds some; the rest are dropped and counted. */
TEST(test_drops_are_counted)
{
    struct listen_state look = {.queue = 7};
    int clients[12], fd = listen_tcp("127.0.0.1", 0, false);
    assert_int_equal(listen(fd, 2), 0);
    assert_int_equal(listen_look(fd, &look), 0);
    assert_int_equal(look.queue, 0);
    if (look.drops < 0) {
        print_message("this kernel does not count what a socket drops\n");
        close(fd);
        return;
    }
    assert_int_equal(look.drops, 0);
    for (size_t i = 0; i < LENGTH(clients); i++)
        clients[i] = begin(port_of(fd));
    for (int i = 0; i < 100 && look.drops == 0; i++) {
        poll(NULL, 0, 50); /* the kernel signals a drop only by the count */
        assert_int_equal(listen_look(fd, &look), 0);
    }
    assert_true(look.queue >= 1 && look.queue <= 3);
    assert_true(look.drops > 0);
    for (size_t i = 0; i < LENGTH(clients); i++)
        close(clients[i]);
    close(fd);
    assert_int_equal(listen_look(-1, &look), -EBADF);
}

/* connect_from: connects from 127.0.0.`host`, or from ::1 if that is 0. */
static int connect_from(int host, int port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(host > 0 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (uint32_t)host);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = to6.sin6_port = htons((uint16_t)port);
    if (host > 0) {
        assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    } else {
        assert_int_equal(connect(fd, (struct sockaddr *)&to6, sizeof to6), 0);
    }
    return fd;
}

/* accept_all: adds the connections of each queue. Returns their number in all. */
static int accept_all(const int queues[LISTEN_QUEUES], int accepted[LISTEN_QUEUES])
{
    int all = 0;
    for (int i = 0; i < LISTEN_QUEUES; all += accepted[i++]) {
        for (int fd; (fd = accept(queues[i], NULL, NULL)) >= 0; accepted[i]++)
            close(fd);
    }
    return all;
}

/* fill: connects `each` times from each of these hosts. Returns how many queues had a
 * connection. */
static int fill(const int queues[LISTEN_QUEUES], int from, int to, int each)
{
    int accepted[LISTEN_QUEUES] = {0}, filled = 0;
    for (int host = from; host <= to; host++) {
        for (int i = 0; i < each; i++)
            close(connect_from(host, port_of(queues[0])));
    }
    wait_for(accept_all(queues, accepted) == (to - from + 1) * each);
    for (int i = 0; i < LISTEN_QUEUES; i++)
        filled += accepted[i] > 0;
    return filled;
}

/* One address fills one queue; many addresses, most queues. */
TEST(test_a_queue_for_each_address)
{
    static const char *const addresses[] = {"127.0.0.1", "::"};
    for (size_t i = 0; i < LENGTH(addresses); i++) {
        int queues[LISTEN_QUEUES], probe = listen_tcp(addresses[i], 0, true);
        if (probe == -EAFNOSUPPORT) {
            print_message("this machine has no IPv6\n");
            return;
        }
        assert_int_equal(listen_queues(addresses[i], port_of(probe), queues), LISTEN_QUEUES);
        assert_int_equal(listen_steer(queues[0], 1), 0);
        close(probe); /* the last queue takes its place in the kernel's list */
        assert_int_equal(fill(queues, 7, 7, 12), 1);
        assert_in_range(fill(queues, 1, 200, 1), LISTEN_QUEUES * 3 / 4, LISTEN_QUEUES);
        if (i == 1)
            assert_int_equal(fill(queues, 0, 0, 12), 1);
        for (int q = 0; q < LISTEN_QUEUES; q++)
            close(queues[q]);
    }
}

/* pass: passes `fd` as systemd does, closes it, and replaces what had its number. */
static int pass(int fd)
{
    int inherited;
    setenv("LISTEN_PID", textf("%d", (int)getpid()), 1);
    setenv("LISTEN_FDS", "1", 1);
    if (fd != SD_LISTEN_FDS_START) {
        assert_int_equal(dup2(fd, SD_LISTEN_FDS_START), SD_LISTEN_FDS_START);
        close(fd);
    }
    int r = listen_inherited(&inherited, 1);
    close(SD_LISTEN_FDS_START);
    return r;
}

/* Only TCP: a unix socket has no client address, so no limit could count. */
TEST(test_what_systemd_passes)
{
    int tcp = listen_tcp("127.0.0.1", 0, false);
    int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    snprintf(where.sun_path + 1, sizeof where.sun_path - 1, "onrush-test-listen-%d", (int)getpid());
    assert_int_equal(bind(local, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(listen(local, 1), 0);
    int one = fcntl(tcp, F_DUPFD_CLOEXEC, 100), two = fcntl(local, F_DUPFD_CLOEXEC, 100);
    close(tcp);
    close(local);
    assert_int_equal(pass(one), 1);
    assert_int_equal(pass(two), -EINVAL);
}
