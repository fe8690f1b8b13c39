/* SPDX-License-Identifier: Apache-2.0 */
/* onrush-scheduler: holds leases of campaigns, claims requests from their queues, grants coupons up
 * to the quota, commits the grants in MariaDB and settles them in Redis.
 *
 * Threads: this one runs the loop, which makes all decisions (conductor.c, campaign.c, running.c,
 * ledger.c). The lease keeper and the committer wait for MariaDB. The admin listener answers
 * Prometheus, and the monitor sends callbacks. */
#include "scheduler/conductor.h"
#include "scheduler/metrics.h"
#include "shared/base/clock.h"
#include "shared/daemon/command.h"
#include "shared/daemon/service.h"
#include "shared/daemon/shutdown_deadline.h"
#include "shared/store/schema.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct daemon {
    struct command command;
    struct scheduler_config config;
    struct event_base *base;
    struct conductor *conductor;
    struct monitor *monitor; /* outlives the admin listener */
    struct admin *admin;
    struct service *service;
    struct event *signals[3];
};

static void on_stopped(void *arg)
{
    struct daemon *d = arg;
    event_base_loopbreak(d->base);
}

static void on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
    struct daemon *d = arg;
    (void)what;
    log_info("scheduler stops", "signal=%d", (int)signal_number);
    service_stopping(d->service);
    shutdown_deadline_start(d->config.grace_s * 1000);
    conductor_stop(d->conductor, on_stopped, d);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *arg)
{
    struct daemon *d = arg;
    struct scheduler_config fresh;
    char error[CONFIG_ERROR_SIZE], quoted[CONFIG_ERROR_SIZE];
    size_t kept;
    (void)signal_number;
    (void)what;
    service_reloading(d->service);
    if (config_reload(d->command.table, d->command.path, d->command.sets, d->command.n_sets,
                      &d->config, &fresh, &kept, error) < 0) {
        log_error("the configuration is wrong; the one in force stays", "error=%s",
                  log_quote(error, quoted, sizeof quoted));
    } else {
        d->config = fresh;
        config_apply_log(&fresh.log);
        conductor_reload(d->conductor, &fresh);
        log_info("configuration reloaded", "keys_that_need_a_restart=%zu", kept);
    }
    service_reloaded(d->service);
}

/* --- what the admin listener shows --- */

static bool is_ready(void *arg, FILE *reasons)
{
    struct daemon *d = arg;
    return monitor_ready(d->monitor, reasons);
}

static void write_metrics(void *arg, FILE *out)
{
    struct daemon *d = arg;
    scheduler_metrics_render(out);
    stats_render(conductor_stats(d->conductor), out, clock_mono_us());
    monitor_metrics(d->monitor, out);
}

static int add_signal(struct daemon *d, size_t i, int number, event_callback_fn fn)
{
    d->signals[i] = evsignal_new(d->base, number, fn, d);
    return d->signals[i] != NULL && event_add(d->signals[i], NULL) == 0 ? 0 : -ENOMEM;
}

/* start_monitor: returns 0 or the exit code. */
static int start_monitor(struct daemon *d)
{
    const struct monitor_config monitor = {.daemon = "scheduler",
                                           .health = &d->config.health,
                                           .callbacks = &d->config.callbacks,
                                           .tracing = &d->config.tracing,
                                           .arg = d->conductor,
                                           .report = conductor_health,
                                           .counts = scheduler_metrics_errors};
    int r = monitor_start(&d->monitor, &monitor);
    if (r == 0)
        conductor_set_monitor(d->conductor, d->monitor);
    return r;
}

/* daemon_start: returns 0, a negative errno, or the exit code of a part that has logged why. */
static int daemon_start(struct daemon *d)
{
    struct admin_hooks hooks = {.arg = d, .ready = is_ready, .metrics = write_metrics};
    signal(SIGPIPE, SIG_IGN);
    d->base = event_base_new();
    if (d->base == NULL)
        return -ENOMEM;
    int r = add_signal(d, 0, SIGTERM, on_terminate);
    if (r == 0)
        r = add_signal(d, 1, SIGINT, on_terminate);
    if (r == 0)
        r = add_signal(d, 2, SIGHUP, on_hangup);
    if (r == 0)
        r = conductor_new(&d->conductor, d->base, &d->config);
    if (r == 0)
        r = start_monitor(d);
    if (r == 0)
        r = admin_start(&d->admin, &d->config.admin, &hooks);
    const struct service_hooks service = {.arg = d->conductor,
                                          .missing = conductor_missing,
                                          .progress = conductor_progress,
                                          .figures = conductor_figures};
    return r == 0 ? service_new(&d->service, d->base, &service) : r;
}

static void daemon_end(struct daemon *d)
{
    d->admin = admin_stop(d->admin);
    if (d->conductor != NULL)
        conductor_set_monitor(d->conductor, NULL);
    d->monitor = monitor_stop(d->monitor);
    d->service = service_free(d->service);
    d->conductor = conductor_free(d->conductor);
    for (size_t i = 0; i < sizeof d->signals / sizeof d->signals[0]; i++) {
        if (d->signals[i] != NULL)
            event_free(d->signals[i]);
    }
    if (d->base != NULL)
        event_base_free(d->base);
}

int main(int argc, char **argv)
{
    static struct daemon d = {.command = {.name = "onrush-scheduler",
                                          .summary = "grants coupons, first come, first served",
                                          .table = &scheduler_config_table}};
    int exit_code = command_parse(&d.command, argc, argv, &d.config);
    if (exit_code >= 0)
        return exit_code;
    config_apply_log(&d.config.log);
    mysql_library_init(0, NULL, NULL);
    if (!schema_fits(&d.config.mariadb, "cannot start",
                     "mariadb is away; leases are taken once it is back")) {
        mysql_library_end();
        return EX_UNAVAILABLE;
    }
    int r = daemon_start(&d);
    if (r < 0) {
        log_error("cannot start", "error=\"%s\" admin=%s:%d", strerror(-r), d.config.admin.address,
                  (int)d.config.admin.port);
    } else if (r == 0) {
        event_base_dispatch(d.base);
        log_info("scheduler stopped", "owner_pid=%d", (int)getpid());
    }
    daemon_end(&d);
    shutdown_deadline_end();
    mysql_library_end();
    libevent_global_shutdown();
    return r < 0 ? EX_UNAVAILABLE : r;
}
