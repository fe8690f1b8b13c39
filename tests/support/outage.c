/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/outage.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *drop_all(void *arg)
{
    struct outage *o = arg;
    for (int fd; (fd = accept4(o->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        close(fd);
        o->connects++;
    }
    return NULL;
}

void outage_start(struct outage *o)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    *o = (struct outage){.began_us = clock_mono_us()};
    snprintf(o->path, sizeof o->path, "%s/outage.sock", tempdir_make());
    strcpy(where.sun_path, o->path);
    o->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (o->fd < 0 || bind(o->fd, (struct sockaddr *)&where, sizeof where) != 0 ||
        listen(o->fd, 64) != 0 || pthread_create(&o->thread, NULL, drop_all, o) != 0)
        test_fail_start("outage: %s", strerror(errno));
}

void outage_stop(struct outage *o)
{
    shutdown(o->fd, SHUT_RDWR);
    pthread_join(o->thread, NULL);
    close(o->fd);
}

int64_t outage_most(const struct outage *o, int64_t first_ms, int64_t most_ms)
{
    int64_t past_ms = (clock_mono_us() - o->began_us) / 1000, n = 1, full_ms = first_ms;
    for (int64_t at_ms = 0; at_ms <= past_ms; n++) {
        at_ms += full_ms / 2;
        full_ms = 2 * full_ms < most_ms ? 2 * full_ms : most_ms;
    }
    return n;
}
