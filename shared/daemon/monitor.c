/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/monitor.h"

#include "shared/base/clock.h"
#include "shared/base/config.h"
#include "shared/base/log.h"
#include "shared/daemon/callback_sender.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TICK_MS        200
#define CALLBACKS_MAX  8
#define URL_SIZE       1024
#define ERRORS_LEAST   20 /* answers in ten seconds; below that, no share is computed */
#define FLUSH_MS       2000
#define TRACE_QUEUE    16 /* documents of up to 256 spans */
#define TRACE_RETRY_MS 10000
#define NOBODY         (-1)

struct monitor {
    struct monitor_config hooks;
    struct health_config config;
    struct callbacks_config callbacks;
    char secret[129], instance[96], names[CALLBACKS_MAX][24];
    struct callback_from from;
    struct callback_sender *sender;
    int n_callbacks;          /* the first receivers are callbacks */
    int heartbeat, collector; /* receivers, or NOBODY */
    struct tracer *tracer;    /* NULL: off */
    _Atomic uint64_t n_ids;
    _Atomic int errors_percent;
    struct health_metrics metrics;

    struct health health; /* the rest belongs to the sender's thread */
    struct health_share share;
    int64_t started_us, beat_us;
    bool introduced; /* the first state of this process was sent */
};

/* --- checking --- */

static void look(struct monitor *m, struct health_report *report)
{
    int percent = m->errors_percent;
    *report = (struct health_report){0};
    m->hooks.report(m->hooks.arg, report);
    if (percent > 0 && percent >= m->config.errors_percent)
        health_found(report, HEALTH_errors, HEALTH_DEGRADED, "%d %% went wrong in ten seconds",
                     percent);
}

bool monitor_ready(struct monitor *m, FILE *reasons)
{
    struct health_report report;
    look(m, &report);
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        if (report.found[i].state != HEALTH_OK)
            fprintf(reasons, "%s: %s\n", health_component_texts[i], report.found[i].reason);
    }
    return report.able;
}

static void see_errors(struct monitor *m, int64_t now_us)
{
    int64_t all = 0, bad = 0;
    m->hooks.counts(m->hooks.arg, &all, &bad);
    m->errors_percent = health_share_see(&m->share, now_us, all, bad, ERRORS_LEAST);
}

METRICS_TABLE(health_metrics, HEALTH_METRICS);

static void show(struct monitor *m)
{
    metric_set(&m->metrics.overall, m->health.overall.shown);
#define X(M, id) metric_set(&m->metrics.id, m->health.components[HEALTH_##id].shown);
    HEALTH_COMPONENTS(X, )
#undef X
}

/* --- sending --- */

static const char *new_id(struct monitor *m, char id[CALLBACK_ID_SIZE])
{
    snprintf(id, CALLBACK_ID_SIZE, "%s.%" PRIu64, m->instance, ++m->n_ids);
    return id;
}

/* send_all: sends each callback a copy of the body, and frees it. */
static void send_all(struct monitor *m, const char *id, char *body)
{
    for (int i = 0; body != NULL && i < m->n_callbacks; i++)
        callback_sender_send(m->sender, i, id, strdup(body));
    free(body);
}

/* log_health: logs the state, and what is wrong as ` redis="down: redis cannot be reached"`. */
static void log_health(const struct monitor *m, const struct health_report *report)
{
    char wrong[HEALTH_COMPONENTS_N * (HEALTH_REASON_SIZE + 32)] = "";
    size_t n = 0;
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        enum health_state shown = m->health.components[i].shown;
        const char *reason = report->found[i].reason;
        if (shown != HEALTH_OK)
            n += (size_t)snprintf(wrong + n, sizeof wrong - n, " %s=\"%s%s%s\"",
                                  health_component_texts[i], health_state_texts[shown],
                                  *reason != '\0' ? ": " : "", reason);
    }
    log_info("health", "state=%s%s", health_state_texts[m->health.overall.shown], wrong);
}

static void tell_health(struct monitor *m, const struct health_report *report,
                        const struct health_change *change)
{
    char id[CALLBACK_ID_SIZE];
    m->introduced = true;
    log_health(m, report);
    if (m->callbacks.health && m->n_callbacks > 0)
        send_all(m, id,
                 callback_body_health(&m->from, new_id(m, id), clock_wall_us(), &m->health, report,
                                      change));
}

/* beat: sends a heartbeat if one is due. A daemon that is down sends none, so its receiver raises
 * the same alarm as for a dead daemon. */
static void beat(struct monitor *m, int64_t now_us)
{
    enum health_state state = m->health.overall.shown;
    char id[CALLBACK_ID_SIZE];
    if (m->heartbeat == NOBODY || !m->introduced || now_us < m->beat_us || state == HEALTH_DOWN)
        return;
    m->beat_us = now_us + m->callbacks.heartbeat_s * 1000000;
    char *body = callback_body_heartbeat(&m->from, new_id(m, id), clock_wall_us(), state);
    callback_sender_send(m->sender, m->heartbeat, id, body);
}

static void send_spans(struct monitor *m)
{
    char id[CALLBACK_ID_SIZE], *body;
    while (m->tracer != NULL && (body = tracer_drain(m->tracer)) != NULL)
        callback_sender_send(m->sender, m->collector, new_id(m, id), body);
}

static void on_tick(void *arg)
{
    struct monitor *m = arg;
    int64_t now_us = clock_mono_us();
    struct health_report report;
    struct health_change change;
    send_spans(m);
    see_errors(m, now_us);
    look(m, &report);
    health_see(&m->health, &report, now_us, &change);
    show(m);
    /* The previous process may have sent "down" and died, so this one always sends its first
     * state. */
    bool settled = now_us - m->started_us > m->health.worse_us + TICK_MS * 1000;
    if (change.any || (settled && !m->introduced))
        tell_health(m, &report, m->introduced ? &change : NULL);
    beat(m, now_us);
}

/* room: true if every queue is less than half full. */
static bool room(struct monitor *m)
{
    for (int i = 0; i < m->n_callbacks; i++) {
        if (2 * callback_sender_waiting(m->sender, i) >= (size_t)m->callbacks.queue)
            return false;
    }
    return true;
}

bool monitor_tell(struct monitor *m, const char *type, const char *id, const char *text,
                  json_t *members)
{
    bool fits = room(m);
    if (m->n_callbacks == 0 || !fits)
        json_decref(members);
    else
        send_all(m, id, callback_body(&m->from, type, id, clock_wall_us(), text, members));
    return fits;
}

void monitor_metrics(struct monitor *m, FILE *out)
{
    void *health = &m->metrics, *callbacks = callback_sender_metrics(m->sender);
    metrics_render(out, &health_metrics_table, &health, 1);
    metrics_render(out, &callback_metrics_table, &callbacks, 1);
    tracer_metrics_render(m->tracer, out);
}

/* --- the receivers --- */

/* unusable: logs why the callbacks cannot be used. Returns -EINVAL. */
__attribute__((format(printf, 1, 2))) static int unusable(const char *format, ...)
{
    char error[400], quoted[400];
    va_list args;
    va_start(args, format);
    vsnprintf(error, sizeof error, format, args);
    va_end(args);
    log_error("the callbacks cannot be used", "error=%s", log_quote(error, quoted, sizeof quoted));
    return -EINVAL;
}

static int read_secret(const char *key, const char *path, char *out, size_t size)
{
    int r = config_read_secret(path, out, size);
    if (r == -EINVAL)
        return unusable("callbacks.%s: %s: expected one line that is not empty and not too long",
                        key, path);
    return r < 0 ? unusable("callbacks.%s: %s: %s", key, path, strerror(-r)) : 0;
}

static bool url_valid(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static int add_callback(struct monitor *m, const char *url)
{
    char *name = m->names[m->n_callbacks];
    snprintf(name, sizeof m->names[0], "callback %d", ++m->n_callbacks);
    const struct callback_receiver receiver = {name, url, m->secret, (size_t)m->callbacks.queue,
                                               m->callbacks.retry_for_s * 1000};
    return callback_sender_add(m->sender, &receiver);
}

/* add_callbacks: reads one URL per line; skips empty lines and those that begin with #. */
static int add_callbacks(struct monitor *m)
{
    const char *path = m->callbacks.urls_file;
    char line[URL_SIZE + 1];
    int r = 0;
    FILE *in = fopen(*path != '\0' ? path : "/dev/null", "re");
    if (in == NULL)
        return unusable("callbacks.urls_file: %s: %s", path, strerror(errno));
    for (int number = 1; r >= 0 && fgets(line, sizeof line, in) != NULL; number++) {
        bool whole = strchr(line, '\n') != NULL || feof(in);
        line[strcspn(line, "\r\n")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        if (whole && url_valid(line) && m->n_callbacks < CALLBACKS_MAX)
            r = add_callback(m, line);
        else
            r = unusable("%s:%d: expected at most %d lines with a URL that begins with https:// or "
                         "http:// and has at most %d bytes",
                         path, number, CALLBACKS_MAX, URL_SIZE - 1);
    }
    fclose(in);
    return r;
}

static int add_heartbeat(struct monitor *m)
{
    char url[URL_SIZE];
    const struct callback_receiver receiver = {"heartbeat", url, m->secret, 1, 0};
    int r = read_secret("heartbeat_url_file", m->callbacks.heartbeat_url_file, url, sizeof url);
    if (r < 0 || *url == '\0')
        return r;
    if (!url_valid(url))
        return unusable("callbacks.heartbeat_url_file: %s: expected a URL that begins with "
                        "https:// or http://",
                        m->callbacks.heartbeat_url_file);
    m->heartbeat = callback_sender_add(m->sender, &receiver);
    return m->heartbeat;
}

static int add_collector(struct monitor *m, const struct tracing_config *tracing)
{
    const struct callback_receiver receiver = {"collector of traces", tracing->url, "", TRACE_QUEUE,
                                               TRACE_RETRY_MS};
    if (tracing->url[0] == '\0')
        return 0;
    m->tracer = tracer_new(m->from.daemon, m->instance, tracing->sample_ppm);
    m->collector = m->tracer != NULL ? callback_sender_add(m->sender, &receiver) : -ENOMEM;
    return m->collector;
}

/* --- start and stop --- */

static void name_instance(struct monitor *m)
{
    char host[65] = "host", dice[SPAN_ID_LEN + 1];
    gethostname(host, sizeof host - 1);
    trace_new_span(dice);
    snprintf(m->instance, sizeof m->instance, "%s.%d.%.8s", host, (int)getpid(), dice);
}

static struct monitor *monitor_new(const struct monitor_config *config)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->hooks = *config;
    m->config = *config->health;
    m->callbacks = *config->callbacks;
    m->health.worse_us = config->health->worse_after_ms * 1000;
    m->health.better_us = config->health->better_after_ms * 1000;
    m->started_us = clock_mono_us();
    m->heartbeat = m->collector = NOBODY;
    name_instance(m);
    m->from = (struct callback_from){m->callbacks.source, config->daemon, m->instance};
    const struct callback_sender_config sender = {.timeout_ms = m->callbacks.timeout_ms,
                                                  .flush_ms = FLUSH_MS,
                                                  .ca_file = m->callbacks.ca_file,
                                                  .tick_ms = TICK_MS,
                                                  .tick = on_tick,
                                                  .arg = m};
    m->sender = callback_sender_new(&sender);
    return m->sender != NULL ? m : monitor_stop(m);
}

int monitor_start(struct monitor **out, const struct monitor_config *config)
{
    struct monitor *m = monitor_new(config);
    int r = m != NULL ? 0 : -ENOMEM;
    if (r >= 0)
        r = read_secret("secret_file", m->callbacks.secret_file, m->secret, sizeof m->secret);
    if (r >= 0)
        r = add_callbacks(m);
    if (r >= 0)
        r = add_heartbeat(m);
    if (r >= 0)
        r = add_collector(m, config->tracing);
    if (r >= 0)
        r = callback_sender_start(m->sender);
    if (r < 0) {
        if (r != -EINVAL)
            log_error("the callbacks cannot start", "error=\"%s\"", strerror(-r));
        m = monitor_stop(m);
    }
    *out = m;
    return r >= 0 ? 0 : r == -EINVAL ? EX_CONFIG : EX_UNAVAILABLE;
}

struct tracer *monitor_tracer(struct monitor *m)
{
    return m->tracer;
}

struct monitor *monitor_stop(struct monitor *m)
{
    if (m == NULL)
        return NULL;
    if (m->sender != NULL)
        send_spans(m);
    callback_sender_free(m->sender);
    tracer_free(m->tracer);
    free(m);
    return NULL;
}
