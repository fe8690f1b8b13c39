#include "shared/courier.h"

#include "shared/backoff.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define ANSWER_MAX     65536 /* bytes of an answer that are read, to keep the connection */
#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS  60000

struct message {
    STAILQ_ENTRY(message) next;
    char id[COURIER_ID_SIZE];
    char *body;
    size_t len;
    int64_t since_us; /* monotonic */
};

STAILQ_HEAD(message_list, message);

/* IDLE ──► FLYING ──► IDLE (done with it) or RESTING (back-off) ──► FLYING. */
enum lane_state { LANE_IDLE, LANE_FLYING, LANE_RESTING };

struct lane {
    const struct courier_lane *config;
    struct message_list waiting; /* these two under the lock */
    size_t n;

    enum lane_state state; /* the rest belongs to the thread */
    struct message *head;  /* FLYING, RESTING */
    CURL *easy;
    struct curl_slist *headers;
    struct backoff backoff;
    int64_t retry_us;
    size_t answer_bytes;
    char error[CURL_ERROR_SIZE];
};

struct courier {
    struct courier_config config;
    struct courier_metrics metrics;
    struct lane lanes[COURIER_LANES_MAX];
    pthread_mutex_t lock; /* never held across I/O */
    pthread_t thread;
    bool started;
    CURLM *multi;
    _Atomic bool stopping;
    _Atomic int64_t stop_by_us;
};

static struct message *message_free(struct message *m)
{
    if (m != NULL)
        free(m->body);
    free(m);
    return NULL;
}

/* --- a try --- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct lane *lane = arg;
    (void)data;
    lane->answer_bytes += size * n;
    return lane->answer_bytes > ANSWER_MAX ? 0 : size * n;
}

/* sign: HMAC-SHA256 over "TIMESTAMP.BODY", in hex. The time is signed too, so that an old message
 * cannot be played again. */
static void sign(const char *secret, const char *timestamp, const struct message *m, char hex[65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t t = strlen(timestamp);
    char *text = malloc(t + 1 + m->len);
    hex[0] = '\0';
    if (text == NULL)
        return;
    memcpy(text, timestamp, t);
    text[t] = '.';
    memcpy(text + t + 1, m->body, m->len);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, t + 1 + m->len,
         sum, &n);
    for (unsigned i = 0; i < n && i < 32; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]);
    free(text);
}

static void add_header(struct lane *lane, const char *name, const char *value)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(lane->headers, text);
    if (list != NULL)
        lane->headers = list;
}

static void make_headers(struct lane *lane)
{
    char timestamp[24], signature[80] = "v1=";
    curl_slist_free_all(lane->headers);
    lane->headers = NULL;
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(clock_wall_us() / 1000000));
    add_header(lane, "Content-Type", "application/json");
    add_header(lane, "Expect", ""); /* no "100-continue" */
    add_header(lane, "Onrush-Event", lane->head->id);
    add_header(lane, "Onrush-Timestamp", timestamp);
    if (lane->config->secret[0] == '\0')
        return;
    sign(lane->config->secret, timestamp, lane->head, signature + 3);
    add_header(lane, "Onrush-Signature", signature);
}

static bool make_easy(struct courier *c, struct lane *lane)
{
    CURL *e = curl_easy_init();
    lane->easy = e;
    if (e == NULL)
        return false;
    curl_easy_setopt(e, CURLOPT_URL, lane->config->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->config.connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->config.timeout_ms);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    if (c->config.ca_file[0] != '\0')
        curl_easy_setopt(e, CURLOPT_CAINFO, c->config.ca_file);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "onrush/" ONRUSH_VERSION);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, lane);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, lane->error);
    curl_easy_setopt(e, CURLOPT_PRIVATE, lane);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
    return true;
}

static void fly(struct courier *c, struct lane *lane)
{
    make_headers(lane);
    lane->answer_bytes = 0;
    lane->error[0] = '\0';
    curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->headers);
    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE, (long)lane->head->len);
    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, lane->head->body);
    lane->state = LANE_FLYING;
    curl_multi_add_handle(c->multi, lane->easy);
}

/* --- what came of it --- */

static void done_with(struct courier *c, struct lane *lane, metric_value *outcome)
{
    metric_add(outcome, 1);
    metric_add(&c->metrics.waiting, -1);
    backoff_reset(&lane->backoff);
    lane->head = message_free(lane->head);
    lane->state = LANE_IDLE;
}

static bool worth_a_retry(CURLcode code, long status)
{
    return code != CURLE_OK || status >= 500 || status == 408 || status == 425 || status == 429;
}

static void complain(const struct lane *lane, const char *what, CURLcode code, long status)
{
    char quoted[CURL_ERROR_SIZE + 8];
    const char *error = code == CURLE_OK         ? ""
                        : lane->error[0] != '\0' ? lane->error
                                                 : curl_easy_strerror(code);
    /* an error text may tell host and port, never the path of the URL */
    log_warning(what, "to=\"%s\" event=%s status=%ld tries=%u error=%s", lane->config->name,
                lane->head->id, status, lane->backoff.tries + 1,
                log_quote(error, quoted, sizeof quoted));
}

static void landed(struct courier *c, struct lane *lane, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(c->multi, lane->easy);
    if (code == CURLE_OK && status >= 200 && status < 300) {
        done_with(c, lane, &c->metrics.delivered);
        return;
    }
    if (!worth_a_retry(code, status)) {
        complain(lane, "a callback is rejected", code, status);
        done_with(c, lane, &c->metrics.rejected);
        return;
    }
    metric_add(&c->metrics.failed_tries, 1);
    int64_t now_us = clock_mono_us();
    if (now_us - lane->head->since_us >= lane->config->retry_for_ms * 1000) {
        complain(lane, "a callback is given up", code, status);
        done_with(c, lane, &c->metrics.expired);
        return;
    }
    complain(lane, "a callback failed and is tried again", code, status);
    lane->state = LANE_RESTING;
    lane->retry_us = now_us + backoff_next(&lane->backoff) * 1000;
}

static void take_landed(struct courier *c)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;) {
        struct lane *lane;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
        landed(c, lane, code);
    }
}

/* --- the thread --- */

static struct message *take_next(struct courier *c, struct lane *lane)
{
    pthread_mutex_lock(&c->lock);
    struct message *m = STAILQ_FIRST(&lane->waiting);
    if (m != NULL) {
        STAILQ_REMOVE_HEAD(&lane->waiting, next);
        lane->n--;
    }
    pthread_mutex_unlock(&c->lock);
    return m;
}

static void serve(struct courier *c, struct lane *lane, int64_t now_us)
{
    if (lane->state == LANE_IDLE && (lane->head = take_next(c, lane)) != NULL)
        fly(c, lane);
    else if (lane->state == LANE_RESTING && now_us >= lane->retry_us)
        fly(c, lane);
}

/* finished: a stop waits no longer: a server that fails is not waited for. */
static bool finished(struct courier *c, int64_t now_us)
{
    if (!c->stopping)
        return false;
    for (size_t i = 0; i < c->config.n_lanes; i++) {
        if (c->lanes[i].state == LANE_FLYING && c->lanes[i].backoff.tries == 0)
            return now_us >= c->stop_by_us;
    }
    return true;
}

static void *courier_main(void *arg)
{
    struct courier *c = arg;
    int64_t tick_us = 0;
    for (;;) {
        int64_t now_us = clock_mono_us();
        int running;
        if (now_us >= tick_us && !c->stopping && c->config.tick != NULL) {
            c->config.tick(c->config.arg);
            tick_us = now_us + c->config.tick_ms * 1000;
        }
        for (size_t i = 0; i < c->config.n_lanes; i++)
            serve(c, &c->lanes[i], now_us);
        if (finished(c, now_us))
            return NULL;
        curl_multi_perform(c->multi, &running);
        take_landed(c);
        curl_multi_poll(c->multi, NULL, 0, (int)c->config.tick_ms, NULL);
    }
}

/* --- from any thread --- */

bool courier_send(struct courier *c, size_t index, const char *id, char *body, size_t len)
{
    struct lane *lane = &c->lanes[index];
    struct message *m = calloc(1, sizeof *m), *old = NULL;
    if (m == NULL || body == NULL || lane->config->most == 0) {
        metric_add(&c->metrics.dropped, 1);
        return free(m), free(body), false;
    }
    snprintf(m->id, sizeof m->id, "%s", id);
    m->body = body;
    m->len = len;
    m->since_us = clock_mono_us();
    pthread_mutex_lock(&c->lock);
    if (lane->n >= lane->config->most) {
        old = STAILQ_FIRST(&lane->waiting);
        STAILQ_REMOVE_HEAD(&lane->waiting, next);
        lane->n--;
    }
    STAILQ_INSERT_TAIL(&lane->waiting, m, next);
    lane->n++;
    pthread_mutex_unlock(&c->lock);
    metric_add(&c->metrics.waiting, old == NULL ? 1 : 0);
    metric_add(&c->metrics.dropped, old != NULL ? 1 : 0);
    message_free(old);
    curl_multi_wakeup(c->multi);
    return true;
}

size_t courier_waiting(struct courier *c, size_t index)
{
    pthread_mutex_lock(&c->lock);
    size_t n = c->lanes[index].n;
    pthread_mutex_unlock(&c->lock);
    return n;
}

struct courier_metrics *courier_metrics(struct courier *c)
{
    return &c->metrics;
}

#define METRICS_SHARD courier_metrics
METRICS_TABLE(courier_metrics_table, COURIER_METRICS);

void courier_metrics_render(struct courier *c, FILE *out)
{
    void *shard = &c->metrics;
    metrics_render(out, &courier_metrics_table, &shard, 1);
}

/* --- beginning and end --- */

static int prepare(struct courier *c)
{
    for (size_t i = 0; i < c->config.n_lanes; i++) {
        struct lane *lane = &c->lanes[i];
        lane->config = &c->config.lanes[i];
        lane->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .most_ms = RETRY_MOST_MS};
        STAILQ_INIT(&lane->waiting);
        if (!make_easy(c, lane))
            return -ENOMEM;
    }
    return c->multi != NULL ? 0 : -ENOMEM;
}

int courier_start(struct courier **out, const struct courier_config *config)
{
    struct courier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    c->config = *config;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_mutex_init(&c->lock, NULL);
    c->multi = curl_multi_init();
    int r = prepare(c);
    if (r == 0)
        r = -pthread_create(&c->thread, NULL, courier_main, c);
    c->started = r == 0;
    if (r < 0)
        return courier_free(c), r;
    *out = c;
    return 0;
}

static void lane_end(struct courier *c, struct lane *lane)
{
    if (lane->state == LANE_FLYING)
        curl_multi_remove_handle(c->multi, lane->easy);
    if (lane->easy != NULL)
        curl_easy_cleanup(lane->easy);
    curl_slist_free_all(lane->headers);
    message_free(lane->head);
    for (struct message *m; (m = STAILQ_FIRST(&lane->waiting)) != NULL;) {
        STAILQ_REMOVE_HEAD(&lane->waiting, next);
        message_free(m);
    }
}

struct courier *courier_free(struct courier *c)
{
    if (c == NULL)
        return NULL;
    c->stop_by_us = clock_mono_us() + c->config.flush_ms * 1000;
    c->stopping = true;
    if (c->multi != NULL)
        curl_multi_wakeup(c->multi);
    if (c->started)
        pthread_join(c->thread, NULL);
    for (size_t i = 0; i < c->config.n_lanes; i++) {
        if (c->lanes[i].config != NULL)
            lane_end(c, &c->lanes[i]);
    }
    curl_multi_cleanup(c->multi);
    pthread_mutex_destroy(&c->lock);
    curl_global_cleanup();
    free(c);
    return NULL;
}
