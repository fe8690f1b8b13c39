/* SPDX-License-Identifier: Apache-2.0 */
/* onrush-gateway: takes requests for coupons over HTTP, and puts them into the queue.
 *
 * Threads: main (signals, configuration, start and end of the others), one per worker (worker.c),
 * one per worker's archive (journal/archive.c), the monitor (shared/daemon/monitor.h), and the
 * admin listener. */
#include "gateway/health.h"
#include "gateway/http_handler.h"
#include "gateway/rate_limits.h"
#include "gateway/worker.h"
#include "shared/base/clock.h"
#include "shared/base/listen.h"
#include "shared/base/log.h"
#include "shared/daemon/command.h"
#include "shared/daemon/service.h"
#include "shared/daemon/shutdown_deadline.h"
#include "shared/http/client_limit.h"
#include "shared/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILES_ASIDE     128 /* descriptors for admin listener, callbacks, traces, logs */
#define FILES_OF_WORKER 8   /* for its loop and stores */
#define DRAIN_MS        20  /* interval of checks whether the workers have ended */

/* A configuration, perhaps no longer in force: workers may still read it. */
struct generation {
    struct gateway_config config;
    struct generation *older;
};

struct daemon {
    struct gateway gateway;
    struct command command;
    struct generation *newest;
    struct workers workers;  /* these outlive the admin listener */
    size_t n_running;        /* workers whose threads have started */
    _Atomic bool started;    /* the admin listener may look at the workers */
    struct monitor *monitor; /* outlives the admin listener */
    struct admin *admin;
    struct service *service;
    struct event_base *base;
    struct event *drain;      /* while stopping: checks whether the workers have ended */
    int sockets[WORKERS_MAX]; /* from systemd */
    int n_sockets;
};

/* --- configuration --- */

static void publish(struct daemon *d, struct generation *g)
{
    g->older = d->newest;
    d->newest = g;
    atomic_store_explicit(&d->gateway.config, &g->config, memory_order_release);
    config_apply_log(&g->config.log);
}

static void reload(struct daemon *d)
{
    char error[CONFIG_ERROR_SIZE], quoted[CONFIG_ERROR_SIZE];
    size_t kept;
    struct generation *g = calloc(1, sizeof *g);
    if (g == NULL) {
        log_error("the configuration cannot be reloaded", "error=\"out of memory\"");
        return;
    }
    service_reloading(d->service);
    if (config_reload(&gateway_config_table, d->command.path, d->command.sets, d->command.n_sets,
                      &d->newest->config, &g->config, &kept, error) < 0) {
        log_error("the configuration is wrong; the one in force stays", "error=%s",
                  log_quote(error, quoted, sizeof quoted));
        free(g);
    } else {
        publish(d, g);
        log_info("configuration reloaded", "keys_that_need_a_restart=%zu", kept);
    }
    service_reloaded(d->service);
}

/* --- signals --- */

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    reload(arg);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    (void)fd;
    (void)what;
    if (gateway_health_ended(&d->workers))
        event_base_loopbreak(d->base);
}

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
    struct daemon *d = arg;
    const struct timeval often = {.tv_usec = DRAIN_MS * 1000};
    int64_t grace_s = d->newest->config.grace_s;
    (void)what;
    if (atomic_load(&d->gateway.stopping))
        return;
    log_info("stopping", "signal=%d grace_s=%d", (int)signal_number, (int)grace_s);
    service_stopping(d->service);
    shutdown_deadline_start(grace_s * 1000);
    atomic_store(&d->gateway.stop_by_us, clock_mono_us() + grace_s * 1000000);
    atomic_store(&d->gateway.stopping, true);
    for (size_t i = 0; i < d->workers.n; i++)
        worker_wake(d->workers.all[i]);
    event_add(d->drain, &often);
}

/* --- hooks of monitor and admin listener; in their threads, read only atomics --- */

static void report_health(void *arg, struct health_report *report)
{
    struct daemon *d = arg;
    report->able = true; /* before there are workers, nothing is wrong */
    if (atomic_load(&d->started))
        gateway_health(&d->gateway, &d->workers, report);
}

static void count_errors(void *arg, int64_t *all, int64_t *bad)
{
    struct daemon *d = arg;
    if (atomic_load(&d->started))
        gateway_health_counts(&d->workers, all, bad);
}

static bool is_ready(void *arg, FILE *reasons)
{
    struct daemon *d = arg;
    if (!atomic_load(&d->started)) {
        fprintf(reasons, "the gateway is starting\n");
        return false;
    }
    bool stopping = atomic_load(&d->gateway.stopping);
    if (stopping)
        fprintf(reasons, "the gateway is stopping\n");
    return monitor_ready(d->monitor, reasons) && !stopping;
}

static void write_metrics(void *arg, FILE *out)
{
    struct daemon *d = arg;
    struct gateway_metrics *shards[WORKERS_MAX];
    size_t n = atomic_load(&d->started) ? d->workers.n : 0;
    for (size_t i = 0; i < n; i++)
        shards[i] = &d->workers.all[i]->loop.metrics;
    gateway_metrics_render(out, shards, n);
    monitor_metrics(d->monitor, out);
}

/* --- start --- */

static int complain(const char *what, int r)
{
    log_error(what, "error=\"%s\"", strerror(-r));
    return EX_UNAVAILABLE;
}

static int make_limits(struct daemon *d, const struct gateway_config *config)
{
    struct gateway *g = &d->gateway;
    g->limits = rate_limits_new(&config->limits);
    g->connections = http_client_limit_new((size_t)config->max_connections);
    g->waiters = http_client_limit_new((size_t)gateway_config_waiters(config));
    if (g->limits != NULL && g->connections != NULL && g->waiters != NULL)
        return 0;
    return complain("the tables of the limits cannot be made", -ENOMEM);
}

static void free_limits(struct daemon *d)
{
    struct gateway *g = &d->gateway;
    g->limits = rate_limits_free(g->limits);
    g->connections = http_client_limit_free(g->connections);
    g->waiters = http_client_limit_free(g->waiters);
}

static int load_auth(struct daemon *d, const struct gateway_config *config)
{
    char error[AUTH_ERROR_SIZE], quoted[AUTH_ERROR_SIZE];
    if (auth_new(&d->gateway.auth, &config->auth, error) == 0)
        return 0;
    log_error("the key for tokens cannot be used", "error=%s",
              log_quote(error, quoted, sizeof quoted));
    return EX_CONFIG;
}

/* worker_count: the default leaves one core to Redis and the kernel. Each socket from systemd needs
 * a worker, or its clients would wait forever. */
static size_t worker_count(const struct daemon *d, const struct gateway_config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t n = config->workers > 0 ? config->workers : cores - 1;
    n = n < d->n_sockets ? d->n_sockets : n;
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

/* count_files: raises the limit of file descriptors as far as allowed, and derives the limit of
 * clients. Some descriptors stay free, so that /readyz can answer. */
static int count_files(struct daemon *d, const struct gateway_config *config)
{
    struct rlimit limit;
    int64_t workers = (int64_t)worker_count(d, config), excess = workers * HTTP_EXCESS_MAX;
    int64_t aside = FILES_ASIDE + workers * FILES_OF_WORKER + excess;
    int64_t needed = aside + config->max_connections, served = config->max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)needed)
        served = (int64_t)limit.rlim_cur - aside;
    if (served < 1) {
        log_error("too few file descriptors, raise LimitNOFILE (ulimit -Hn)",
                  "have=%llu least=%lld", (unsigned long long)limit.rlim_cur, (long long)aside + 1);
        return EX_UNAVAILABLE;
    }
    if (served < config->max_connections)
        log_warning("fewer clients than max_connections, as there are too few file descriptors: "
                    "raise LimitNOFILE (ulimit -Hn)",
                    "have=%llu needed=%lld clients=%lld", (unsigned long long)limit.rlim_cur,
                    (long long)needed, (long long)served);
    d->gateway.max_connections = served;
    d->gateway.journalled_us = clock_mono_us(); /* perhaps by the previous process */
    return 0;
}

static int take_sockets(struct daemon *d)
{
    int n = listen_inherited(d->sockets, WORKERS_MAX);
    if (n < 0) {
        log_error("the sockets that systemd passed cannot be used: TCP that listens is expected",
                  "error=\"%s\" most=%d", strerror(-n), WORKERS_MAX);
        return EX_UNAVAILABLE;
    }
    d->n_sockets = n;
    return 0;
}

static int open_own(const struct gateway_config *config, size_t workers, int fds[LISTEN_QUEUES])
{
    int n = listen_queues(config->address, config->port, fds);
    int r = n > 0 ? listen_steer(fds[0], (int)workers) : 0;
    if (r < 0)
        log_warning("the kernel has no accept queue for each address: a crowd delays everybody",
                    "error=\"%s\"", strerror(-r));
    return n;
}

/* open_sockets: duplicates a socket from systemd, or opens the worker's own. Returns their number,
 * or a negative errno. */
static int open_sockets(struct daemon *d, const struct gateway_config *config, size_t workers,
                        int fds[LISTEN_QUEUES])
{
    if (d->n_sockets == 0)
        return open_own(config, workers, fds);
    fds[0] = fcntl(d->sockets[d->workers.n % (size_t)d->n_sockets], F_DUPFD_CLOEXEC, 0);
    return fds[0] < 0 ? -errno : 1;
}

static enum listening listening_of(const struct daemon *d)
{
    if (d->n_sockets == 0)
        return LISTENING_OWN;
    return d->workers.n < (size_t)d->n_sockets ? LISTENING_INHERITED : LISTENING_SHARED;
}

static int make_worker(struct daemon *d, const struct gateway_config *config, size_t workers)
{
    int fds[LISTEN_QUEUES], n = open_sockets(d, config, workers, fds);
    if (n < 0) {
        log_error("cannot listen", "address=%s port=%d error=\"%s\"", config->address,
                  (int)config->port, strerror(-n));
        return EX_UNAVAILABLE;
    }
    struct worker **worker = &d->workers.all[d->workers.n];
    int r = worker_new(worker, &d->gateway, listening_of(d));
    d->workers.n += r == 0;
    while (n-- > 0) {
        if (r == 0)
            r = worker_listen(*worker, fds[n]);
        else
            close(fds[n]);
    }
    return r < 0 ? complain("a worker cannot be made", r) : 0;
}

static int start_monitor(struct daemon *d, const struct gateway_config *config)
{
    const struct monitor_config monitor = {.daemon = "gateway",
                                           .health = &config->health,
                                           .callbacks = &config->callbacks,
                                           .tracing = &config->tracing,
                                           .arg = d,
                                           .report = report_health,
                                           .counts = count_errors};
    int r = monitor_start(&d->monitor, &monitor);
    if (r == 0)
        d->gateway.tracer = monitor_tracer(d->monitor);
    return r;
}

static int start_admin(struct daemon *d, const struct gateway_config *config)
{
    struct admin_hooks hooks = {.arg = d, .ready = is_ready, .metrics = write_metrics};
    int r = admin_start(&d->admin, &config->admin, &hooks);
    if (r < 0) {
        log_error("the admin listener cannot start", "address=%s port=%d error=\"%s\"",
                  config->admin.address, (int)config->admin.port, strerror(-r));
        return EX_UNAVAILABLE;
    }
    return 0;
}

static int make_workers(struct daemon *d, const struct gateway_config *config)
{
    size_t n = worker_count(d, config);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = make_worker(d, config, n);
    if (r == 0) /* for all workers together */
        metric_set(&d->workers.all[0]->loop.metrics.connections_max, d->gateway.max_connections);
    for (int i = 0; i < d->n_sockets; i++)
        close(d->sockets[i]);
    return r;
}

/* --- running --- */

static int watch_signals(struct daemon *d, struct event **events)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        events[i] =
            evsignal_new(d->base, numbers[i], numbers[i] == SIGHUP ? on_reload : on_stop, d);
        if (events[i] == NULL || event_add(events[i], NULL) < 0)
            return complain("signals cannot be watched", -ENOMEM);
    }
    d->drain = event_new(d->base, -1, EV_PERSIST, on_drain, d);
    return d->drain != NULL ? 0 : complain("there is no timer", -ENOMEM);
}

/* start_workers: sets d->n_running. */
static int start_workers(struct daemon *d)
{
    int r = 0;
    for (; d->n_running < d->workers.n && r == 0; d->n_running += r == 0)
        r = worker_start(d->workers.all[d->n_running]);
    return r < 0 ? complain("a thread cannot start", r) : 0;
}

static int start_service(struct daemon *d)
{
    const struct service_hooks hooks = {.arg = &d->workers,
                                        .missing = gateway_health_missing,
                                        .progress = gateway_health_progress,
                                        .figures = gateway_health_figures};
    int r = service_new(&d->service, d->base, &hooks);
    return r < 0 ? complain("the service cannot start", r) : 0;
}

static void stop_workers(struct daemon *d)
{
    atomic_store(&d->gateway.stopping, true);
    for (size_t i = 0; i < d->n_running; i++)
        worker_wake(d->workers.all[i]);
    for (size_t i = 0; i < d->n_running; i++)
        pthread_join(d->workers.all[i]->thread, NULL);
}

/* prepare: all that can prevent the start, before there are threads. */
static int prepare(struct daemon *d, const struct gateway_config *config)
{
    int r = load_auth(d, config);
    if (r == 0)
        r = make_limits(d, config);
    if (r == 0)
        r = take_sockets(d);
    if (r == 0)
        r = count_files(d, config);
    if (r == 0 && !schema_fits(&config->mariadb, "mariadb does not fit",
                               "mariadb is away, going on without it"))
        r = EX_UNAVAILABLE;
    return r;
}

/* start_threads: the admin listener comes before the workers. Its port is not shared, so a second
 * gateway started by mistake fails here, before it takes connections from the first. */
static int start_threads(struct daemon *d, const struct gateway_config *config)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* only this thread receives signals */
    int r = start_monitor(d, config);
    if (r == 0)
        r = start_admin(d, config);
    if (r == 0)
        r = make_workers(d, config);
    if (r == 0)
        r = start_workers(d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void free_parts(struct daemon *d)
{
    d->admin = admin_stop(d->admin);
    d->monitor = monitor_stop(d->monitor);
    d->service = service_free(d->service);
    for (size_t i = 0; i < d->workers.n; i++)
        worker_free(d->workers.all[i]);
    d->gateway.auth = auth_free(d->gateway.auth);
    free_limits(d);
}

static int run(struct daemon *d)
{
    const struct gateway_config *config = &d->newest->config;
    struct event *signals[3] = {0};
    d->base = event_base_new();
    if (d->base == NULL)
        return complain("there is no event loop", -ENOMEM);
    int r = watch_signals(d, signals);
    if (r == 0)
        r = prepare(d, config);
    if (r == 0)
        r = start_threads(d, config);
    if (r == 0)
        r = start_service(d);
    if (r == 0) {
        atomic_store(&d->started, true);
        log_info("started", "version=%s workers=%zu port=%d sockets_of_systemd=%d", ONRUSH_VERSION,
                 d->workers.n, (int)config->port, d->n_sockets);
        event_base_dispatch(d->base);
    }
    stop_workers(d);
    free_parts(d);
    for (size_t i = 0; i < 3; i++) {
        if (signals[i] != NULL)
            event_free(signals[i]);
    }
    if (d->drain != NULL)
        event_free(d->drain);
    event_base_free(d->base);
    return r;
}

static void free_generations(struct daemon *d)
{
    for (struct generation *g; (g = d->newest) != NULL;) {
        d->newest = g->older;
        config_end(&gateway_config_table, &g->config);
        free(g);
    }
}

int main(int argc, char **argv)
{
    static struct daemon d;
    d.command = (struct command){.name = "onrush-gateway",
                                 .summary = "takes the requests of a coupon event over HTTP",
                                 .table = &gateway_config_table};
    struct generation *first = calloc(1, sizeof *first);
    if (first == NULL)
        return EX_UNAVAILABLE;
    int r = command_parse(&d.command, argc, argv, &first->config);
    if (r >= 0) {
        free(first);
        return r;
    }
    signal(SIGPIPE, SIG_IGN);
    publish(&d, first);
    json_object_seed(0);
    mysql_library_init(0, NULL, NULL);
    r = run(&d);
    shutdown_deadline_end();
    mysql_library_end();
    libevent_global_shutdown();
    if (r == 0)
        log_info("stopped", "%s", "");
    free_generations(&d);
    return r;
}
