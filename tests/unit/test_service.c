/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/service: what systemd is told, and when. The test plays systemd: it owns the socket
 * in $NOTIFY_SOCKET. */
#include "tests/support/test.h"

#include "shared/daemon/service.h"
#include "tests/support/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int notified; /* the service's datagrams */
static struct event_base *base;
static struct service *service;

/* What the tests' daemon reports about itself. */
static struct {
    const char *missing; /* NULL: everything has answered */
    bool progress;
    const char *figures;
} daemon_state;

static void missing(void *arg, FILE *out)
{
    (void)arg;
    fputs(daemon_state.missing != NULL ? daemon_state.missing : "", out);
}

static bool progress(void *arg)
{
    (void)arg;
    return daemon_state.progress;
}

static void figures(void *arg, FILE *out)
{
    (void)arg;
    fputs(daemon_state.figures, out);
}

static const struct service_hooks hooks = {
    .missing = missing, .progress = progress, .figures = figures};

BEFORE_ALL(open_socket)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    snprintf(where.sun_path, sizeof where.sun_path, "%s/notify", tempdir_make());
    notified = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(notified, (struct sockaddr *)&where, sizeof where), 0);
    setenv("NOTIFY_SOCKET", where.sun_path, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    base = event_base_new();
}

AFTER_ALL(close_socket)
{
    event_base_free(base);
    close(notified);
}

static void start(void)
{
    daemon_state.missing = NULL;
    daemon_state.progress = true;
    daemon_state.figures = "7 campaigns";
    assert_int_equal(service_new(&service, base, &hooks), 0);
}

static void end(void)
{
    char ignored[512];
    service = service_free(service);
    while (read(notified, ignored, sizeof ignored) > 0)
        ;
}

static void ring(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

/* heard: runs the loop until a message begins with `text`, for at most `ms`, and drops earlier
 * messages. Returns the message or NULL. */
static const char *heard(const char *text, int ms)
{
    static char message[512];
    bool over = false;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct event *alarm = event_new(base, -1, 0, ring, &over);
    event_add(alarm, &tv);
    const char *found = NULL;
    while (found == NULL && !over) {
        ssize_t n = read(notified, message, sizeof message - 1);
        if (n < 0) {
            event_base_loop(base, EVLOOP_ONCE);
            continue;
        }
        message[n] = '\0';
        if (strncmp(message, text, strlen(text)) == 0)
            found = message;
    }
    event_free(alarm);
    return found;
}

TEST_WITH(test_ready_once_all_have_answered, start, end)
{
    daemon_state.missing = "mariadb";
    assert_non_null(heard("EXTEND_TIMEOUT_USEC=10000000", 2000));
    assert_null(heard("READY=1", 300));
    daemon_state.missing = NULL;
    assert_non_null(heard("READY=1", 2000));
    assert_string_equal(heard("STATUS=", 2000), "STATUS=serving: 7 campaigns");
}

TEST_WITH(test_watchdog_lives_on_progress, start, end)
{
    assert_non_null(heard("WATCHDOG=1", 2000));
    daemon_state.progress = false;
    while (heard("WATCHDOG=1", 0) != NULL)
        ;
    assert_null(heard("WATCHDOG=1", 500));
    daemon_state.progress = true;
    assert_non_null(heard("WATCHDOG=1", 2000));
}

/* A status is sent when it changes. A long one is truncated, and a line end cannot add a second
 * assignment. */
TEST_WITH(test_status, start, end)
{
    static char text[600];
    memset(text, 'x', sizeof text - 1);
    assert_string_equal(heard("STATUS=", 2000), "STATUS=serving: 7 campaigns");
    assert_null(heard("STATUS=", 1500));
    daemon_state.figures = "8 campaigns\nREADY=0";
    assert_string_equal(heard("STATUS=", 3000), "STATUS=serving: 8 campaigns");
    daemon_state.figures = text;
    const char *said = heard("STATUS=", 3000);
    assert_non_null(said);
    assert_in_range(strlen(said), 200, 270);
}

TEST_WITH(test_reload, start, end)
{
    service_reloading(service); /* not ready yet: systemd gets nothing */
    service_reloaded(service);
    assert_non_null(heard("READY=1", 2000));
    service_reloading(service);
    assert_non_null(heard("RELOADING=1\nMONOTONIC_USEC=", 1000));
    service_reloaded(service);
    assert_non_null(heard("READY=1", 1000));
}

/* A stop that makes progress gets more time; a hanging one does not. */
TEST_WITH(test_stop_extends_its_time, start, end)
{
    assert_non_null(heard("READY=1", 2000));
    service_stopping(service);
    service_stopping(service);
    assert_non_null(heard("STOPPING=1\nEXTEND_TIMEOUT_USEC=", 1000));
    assert_string_equal(heard("STATUS=", 1000), "STATUS=draining: 7 campaigns");
    assert_non_null(heard("EXTEND_TIMEOUT_USEC=", 2000));
    daemon_state.progress = false;
    while (heard("EXTEND_TIMEOUT_USEC=", 0) != NULL)
        ;
    assert_null(heard("EXTEND_TIMEOUT_USEC=", 500));
}

TEST(test_without_systemd)
{
    struct service *alone;
    char *socket = strdup(getenv("NOTIFY_SOCKET"));
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(service_new(&alone, base, &hooks), 0);
    service_reloading(alone);
    service_reloaded(alone);
    service_stopping(alone);
    assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1); /* it has no event left */
    assert_null(service_free(alone));
    assert_null(service_free(NULL));
    setenv("NOTIFY_SOCKET", socket, 1);
    free(socket);
}

TEST(test_pulse)
{
    struct pulse pulse = {0};
    assert_false(pulse_moved(&pulse));
    pulse_beat(&pulse);
    assert_true(pulse_moved(&pulse));
    pulse_mark(&pulse);
    assert_false(pulse_moved(&pulse));
}
