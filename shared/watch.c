#include "shared/watch.h"

#include "shared/clock.h"
#include "shared/config.h"
#include "shared/courier.h"
#include "shared/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TICK_MS        200
#define CALLBACK_MAX   8  /* urls */
#define ERRORS_LEAST   20 /* answers in ten seconds; of fewer no share is told */
#define FLUSH_MS       2000
#define TRACE_QUEUE    16 /* documents of up to 256 spans */
#define TRACE_RETRY_MS 10000

struct watch {
    struct watch_hooks hooks;
    struct health_config config;
    struct callbacks_config callbacks;
    struct courier_config courier_config;
    _Atomic(struct courier *) courier; /* NULL until it is started */
    size_t n_callbacks;                /* lanes of these; the heartbeat's, if any, is the next */
    bool heartbeat;
    struct tracer *tracer; /* NULL: off */
    size_t trace_lane;
    char instance[96];
    struct notice_from from;
    _Atomic uint64_t n_ids;
    _Atomic int errors_percent;
    struct health_metrics metrics;

    struct health health; /* the rest belongs to the courier's thread */
    struct health_share share;
    int64_t started_us, beat_us;
    bool introduced; /* the first state of this process was told */
};

/* --- looking --- */

static void report_of(struct watch *w, struct health_report *report)
{
    *report = (struct health_report){0};
    w->hooks.report(w->hooks.arg, report);
    int percent = w->errors_percent;
    if (percent > 0 && percent >= w->config.errors_percent)
        health_found(report, HEALTH_errors, HEALTH_DEGRADED, "%d %% went wrong in ten seconds",
                     percent);
}

bool watch_ready(struct watch *w, FILE *reasons)
{
    struct health_report report;
    report_of(w, &report);
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        if (report.found[i].state != HEALTH_OK)
            fprintf(reasons, "%s: %s\n", health_component_text((enum health_component)i),
                    report.found[i].reason);
    }
    return report.able;
}

static void see_errors(struct watch *w, int64_t now_us)
{
    int64_t all = 0, bad = 0;
    w->hooks.counts(w->hooks.arg, &all, &bad);
    w->errors_percent = health_share_see(&w->share, now_us, all, bad, ERRORS_LEAST);
}

#define METRICS_SHARD health_metrics
METRICS_TABLE(health_metrics_table, HEALTH_METRICS);

static void show(struct watch *w)
{
    metric_set(&w->metrics.overall, w->health.overall.shown);
#define X(id) metric_set(&w->metrics.id, w->health.components[HEALTH_##id].shown);
    HEALTH_COMPONENTS(X)
#undef X
}

/* --- telling --- */

static void new_id(struct watch *w, char id[COURIER_ID_SIZE])
{
    snprintf(id, COURIER_ID_SIZE, "%s.%" PRIu64, w->instance, ++w->n_ids);
}

/* send_all: a copy of the body to each callback. Takes it over. */
static void send_all(struct watch *w, const char *id, char *body, size_t len)
{
    for (size_t i = 0; body != NULL && i < w->n_callbacks; i++)
        courier_send(w->courier, i, id, strdup(body), len);
    free(body);
}

/* log_health: with what is wrong, as ` redis="down: redis cannot be reached"`. */
static void log_health(const struct watch *w, const struct health_report *report)
{
    char wrong[HEALTH_COMPONENTS_N * (HEALTH_REASON_SIZE + 32)] = "";
    size_t n = 0;
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        enum health_state shown = w->health.components[i].shown;
        const char *reason = report->found[i].reason;
        if (shown != HEALTH_OK)
            n += (size_t)snprintf(wrong + n, sizeof wrong - n, " %s=\"%s%s%s\"",
                                  health_component_text((enum health_component)i),
                                  health_state_text(shown), *reason != '\0' ? ": " : "", reason);
    }
    log_info("health", "state=%s%s", health_state_text(w->health.overall.shown), wrong);
}

static void tell_health(struct watch *w, const struct health_report *report,
                        const struct health_change *change)
{
    char id[COURIER_ID_SIZE];
    size_t len;
    w->introduced = true;
    log_health(w, report);
    if (!w->callbacks.health || w->n_callbacks == 0)
        return;
    new_id(w, id);
    char *body = notice_health(&w->from, id, clock_wall_us(), &w->health, report, change, &len);
    send_all(w, id, body, len);
}

/* beat: while the daemon is not down; so whoever waits for it is alarmed by "down" and by death
 * alike. */
static void beat(struct watch *w, int64_t now_us)
{
    char id[COURIER_ID_SIZE];
    size_t len;
    if (!w->heartbeat || now_us < w->beat_us || w->health.overall.shown == HEALTH_DOWN)
        return;
    w->beat_us = now_us + w->callbacks.heartbeat_s * 1000000;
    new_id(w, id);
    char *body = notice_heartbeat(&w->from, id, clock_wall_us(), w->health.overall.shown, &len);
    courier_send(w->courier, w->n_callbacks, id, body, len);
}

/* export: the spans that gathered. */
static void export(struct watch *w)
{
    char id[COURIER_ID_SIZE], *body;
    size_t len;
    while (w->tracer != NULL && (body = tracer_drain(w->tracer, &len)) != NULL) {
        new_id(w, id);
        courier_send(w->courier, w->trace_lane, id, body, len);
    }
}

static void on_tick(void *arg)
{
    struct watch *w = arg;
    int64_t now_us = clock_mono_us();
    struct health_report report;
    struct health_change change;
    if (w->courier == NULL)
        return; /* courier_start() has not returned yet */
    export(w);
    see_errors(w, now_us);
    report_of(w, &report);
    health_see(&w->health, &report, now_us, &change);
    show(w);
    /* Whoever got "down" from a process that died then must hear of the next one that it is well. */
    bool settled = now_us - w->started_us > w->health.worse_us + TICK_MS * 1000;
    if (!w->introduced && (change.any || settled))
        tell_health(w, &report, NULL);
    else if (change.any)
        tell_health(w, &report, &change);
    if (w->introduced)
        beat(w, now_us);
}

/* room: campaigns may be many, so their events take only half of each queue. */
static bool room(struct watch *w)
{
    for (size_t i = 0; i < w->n_callbacks; i++) {
        if (2 * courier_waiting(w->courier, i) >= (size_t)w->callbacks.queue)
            return false;
    }
    return true;
}

bool watch_tell(struct watch *w, enum notice_event event, const struct notice_campaign *campaign)
{
    const bool on[] = {[NOTICE_opened] = w->callbacks.opened,
                       [NOTICE_half_gone] = w->callbacks.half_gone,
                       [NOTICE_sold_out] = w->callbacks.sold_out,
                       [NOTICE_closed] = w->callbacks.closed};
    char id[COURIER_ID_SIZE];
    size_t len;
    if (!on[event] || w->n_callbacks == 0)
        return true;
    if (!room(w))
        return false;
    notice_campaign_id(&w->from, event, campaign, id, sizeof id);
    char *body = notice_campaign(&w->from, id, clock_wall_us(), event, campaign, &len);
    send_all(w, id, body, len);
    return true;
}

void watch_metrics(struct watch *w, FILE *out)
{
    void *shard = &w->metrics;
    metrics_render(out, &health_metrics_table, &shard, 1);
    courier_metrics_render(w->courier, out);
    tracer_metrics_render(w->tracer, out);
}

/* --- beginning and end --- */

static bool url_valid(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* add_lane: `url` fits: read_urls() and config_read_secret() refuse a longer one. */
static int add_lane(struct watch *w, const char *name, const char *url, const char *secret,
                    size_t most, int64_t retry_for_ms)
{
    struct courier_lane *lane = &w->courier_config.lanes[w->courier_config.n_lanes++];
    size_t len = strnlen(url, sizeof lane->url - 1);
    lane->name = name;
    memcpy(lane->url, url, len);
    lane->url[len] = '\0';
    snprintf(lane->secret, sizeof lane->secret, "%s", secret);
    lane->most = most;
    lane->retry_for_ms = retry_for_ms;
    return 0;
}

/* read_urls: one a line; empty lines and those that begin with # do not count. */
static int read_urls(struct watch *w, const char *secret, char error[WATCH_ERROR_SIZE])
{
    static const char *const names[CALLBACK_MAX] = {"callback 1", "callback 2", "callback 3",
                                                    "callback 4", "callback 5", "callback 6",
                                                    "callback 7", "callback 8"};
    const char *path = w->callbacks.urls_file;
    char line[COURIER_URL_SIZE + 2];
    unsigned number = 0;
    if (*path == '\0')
        return 0;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return snprintf(error, WATCH_ERROR_SIZE, "callbacks.urls_file: %s: %s", path,
                        strerror(errno)),
               -EINVAL;
    while (fgets(line, sizeof line, in) != NULL) {
        size_t len = strcspn(line, "\r\n");
        number++;
        bool whole = line[len] != '\0' || feof(in);
        line[len] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        if (!whole || len >= COURIER_URL_SIZE || !url_valid(line) ||
            w->n_callbacks == CALLBACK_MAX) {
            fclose(in);
            snprintf(error, WATCH_ERROR_SIZE,
                     "%s:%u: expected at most %d lines with a URL that begins with https:// or "
                     "http:// and has at most %d bytes",
                     path, number, CALLBACK_MAX, COURIER_URL_SIZE - 1);
            return -EINVAL;
        }
        add_lane(w, names[w->n_callbacks], line, secret, (size_t)w->callbacks.queue,
                 w->callbacks.retry_for_s * 1000);
        w->n_callbacks++;
    }
    fclose(in);
    return 0;
}

static int read_secret(const char *key, const char *path, char *out, size_t size,
                       char error[WATCH_ERROR_SIZE])
{
    int r = config_read_secret(path, out, size);
    if (r < 0)
        snprintf(error, WATCH_ERROR_SIZE, "%s: %s: %s", key, path,
                 r == -EINVAL ? "expected one line that is not empty and not too long"
                              : strerror(-r));
    return r < 0 ? -EINVAL : 0;
}

static int read_files(struct watch *w, char error[WATCH_ERROR_SIZE])
{
    char secret[COURIER_SECRET_SIZE], url[COURIER_URL_SIZE];
    int r = read_secret("callbacks.secret_file", w->callbacks.secret_file, secret, sizeof secret,
                        error);
    if (r == 0)
        r = read_urls(w, secret, error);
    if (r == 0)
        r = read_secret("callbacks.heartbeat_url_file", w->callbacks.heartbeat_url_file, url,
                        sizeof url, error);
    if (r < 0 || *url == '\0')
        return r;
    if (!url_valid(url))
        return snprintf(error, WATCH_ERROR_SIZE,
                        "callbacks.heartbeat_url_file: %s: expected a URL that begins with "
                        "https:// or http://",
                        w->callbacks.heartbeat_url_file),
               -EINVAL;
    w->heartbeat = true;
    return add_lane(w, "heartbeat", url, secret, 1, 0);
}

static void name_instance(struct watch *w)
{
    char host[65] = "";
    uint32_t dice = 0;
    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "host");
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        dice = (uint32_t)clock_mono_us();
    snprintf(w->instance, sizeof w->instance, "%s.%d.%08" PRIx32, host, (int)getpid(), dice);
}

static int start_tracing(struct watch *w, const struct tracing_config *tracing)
{
    static const char *const services[] = {"onrush-gateway", "onrush-scheduler"};
    bool gateway = strcmp(w->from.daemon, "gateway") == 0;
    w->tracer = tracer_new(services[gateway ? 0 : 1], w->instance, tracing->sample_ppm);
    if (w->tracer == NULL)
        return -ENOMEM;
    w->trace_lane = w->courier_config.n_lanes;
    return add_lane(w, "collector of traces", tracing->url, "", TRACE_QUEUE, TRACE_RETRY_MS);
}

struct tracer *watch_tracer(struct watch *w)
{
    return w->tracer;
}

int watch_start(struct watch **out, const char *daemon, const struct health_config *health,
                const struct callbacks_config *callbacks, const struct tracing_config *tracing,
                const struct watch_hooks *hooks, char error[WATCH_ERROR_SIZE])
{
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return snprintf(error, WATCH_ERROR_SIZE, "out of memory"), -ENOMEM;
    w->hooks = *hooks;
    w->config = *health;
    w->callbacks = *callbacks;
    w->health.worse_us = health->worse_after_ms * 1000;
    w->health.better_us = health->better_after_ms * 1000;
    w->started_us = clock_mono_us();
    name_instance(w);
    w->from = (struct notice_from){w->callbacks.source, daemon, w->instance};
    w->courier_config.connect_timeout_ms = w->courier_config.timeout_ms = callbacks->timeout_ms;
    w->courier_config.flush_ms = FLUSH_MS;
    w->courier_config.tick_ms = TICK_MS;
    w->courier_config.tick = on_tick;
    w->courier_config.arg = w;
    snprintf(w->courier_config.ca_file, sizeof w->courier_config.ca_file, "%s", callbacks->ca_file);
    int r = read_files(w, error);
    if (r == 0 && tracing->url[0] != '\0' && (r = start_tracing(w, tracing)) < 0)
        snprintf(error, WATCH_ERROR_SIZE, "out of memory");
    struct courier *courier = NULL;
    if (r == 0 && (r = courier_start(&courier, &w->courier_config)) < 0)
        snprintf(error, WATCH_ERROR_SIZE, "the thread cannot start: %s", strerror(-r));
    w->courier = courier;
    if (r < 0)
        return watch_stop(w), r;
    *out = w;
    return 0;
}

struct watch *watch_stop(struct watch *w)
{
    if (w != NULL) {
        if (w->courier != NULL)
            export(w);
        courier_free(w->courier);
        tracer_free(w->tracer);
        free(w);
    }
    return NULL;
}
