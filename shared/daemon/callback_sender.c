/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/callback_sender.h"

#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define ANSWER_MAX     65536 /* bytes of an answer that are read, to keep the connection alive */
#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS  60000

struct message {
    STAILQ_ENTRY(message) next;
    char id[CALLBACK_ID_SIZE];
    char *body;
    int64_t since_us; /* monotonic */
};

STAILQ_HEAD(message_list, message);

/* A receiver is idle (no head), sending, or waiting until retry_us. */
struct receiver {
    struct callback_receiver config;
    struct message_list waiting; /* these two: under the lock */
    size_t n;

    struct message *head; /* the rest: only the thread */
    bool sending;
    int64_t retry_us;
    struct backoff backoff;
    CURL *easy;
    struct curl_slist *headers;
    size_t answer_bytes;
    char error[CURL_ERROR_SIZE];
};

struct callback_sender {
    struct callback_sender_config config;
    struct callback_metrics metrics;
    struct receiver receivers[CALLBACK_RECEIVERS_MAX];
    int n_receivers;
    pthread_mutex_t lock; /* never held across I/O */
    pthread_t thread;
    bool started;
    CURLM *multi;
    _Atomic int64_t stop_by_us; /* 0: not stopping */
};

static void message_free(struct message *m)
{
    if (m != NULL)
        free(m->body);
    free(m);
}

/* take_first: removes the oldest waiting message; NULL if there is none. Call it with the lock. */
static struct message *take_first(struct receiver *r)
{
    struct message *m = STAILQ_FIRST(&r->waiting);
    if (m != NULL) {
        STAILQ_REMOVE_HEAD(&r->waiting, next);
        r->n--;
    }
    return m;
}

/* --- one try --- */

static size_t on_answer(char *data, size_t size, size_t n, void *arg)
{
    struct receiver *r = arg;
    (void)data;
    r->answer_bytes += size * n;
    return r->answer_bytes > ANSWER_MAX ? 0 : size * n;
}

/* sign: HMAC-SHA256 over "TIMESTAMP.BODY", in hex. The timestamp is signed to prevent replays. */
static void sign(const char *secret, const char *timestamp, const char *body, char hex[65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char *text;
    int len = asprintf(&text, "%s.%s", timestamp, body);
    hex[0] = '\0';
    if (len < 0)
        return;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text, (size_t)len, sum, &n);
    for (unsigned i = 0; i < n && i < 32; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]);
    free(text);
}

static void add_header(struct receiver *r, const char *name, const char *value)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(r->headers, text);
    r->headers = list != NULL ? list : r->headers;
}

static void make_headers(struct receiver *r)
{
    char timestamp[24], signature[80] = "v1=";
    curl_slist_free_all(r->headers);
    r->headers = NULL;
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(clock_wall_us() / 1000000));
    add_header(r, "Content-Type", "application/json");
    add_header(r, "Expect", ""); /* no "100-continue" */
    add_header(r, "Onrush-Event", r->head->id);
    add_header(r, "Onrush-Timestamp", timestamp);
    if (r->config.secret[0] != '\0') {
        sign(r->config.secret, timestamp, r->head->body, signature + 3);
        add_header(r, "Onrush-Signature", signature);
    }
}

static void send_head(struct callback_sender *s, struct receiver *r)
{
    make_headers(r);
    r->answer_bytes = 0;
    r->error[0] = '\0';
    curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(r->head->body));
    curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->head->body);
    r->sending = true;
    curl_multi_add_handle(s->multi, r->easy);
}

/* --- the outcome --- */

static void done_with(struct callback_sender *s, struct receiver *r, metric_value *outcome)
{
    metric_add(outcome, 1);
    metric_add(&s->metrics.waiting, -1);
    backoff_reset(&r->backoff);
    message_free(r->head);
    r->head = NULL;
    r->retry_us = 0;
}

/* complain: logs a failed try. libcurl's messages may contain host and port, but never the path of
 * the URL. */
static void complain(const struct receiver *r, const char *what, CURLcode code, long status)
{
    char quoted[CURL_ERROR_SIZE + 8];
    const char *error = code == CURLE_OK ? "" : curl_easy_strerror(code);
    if (code != CURLE_OK && r->error[0] != '\0')
        error = r->error;
    log_warning(what, "to=\"%s\" event=%s status=%ld tries=%u error=%s", r->config.name,
                r->head->id, status, r->backoff.tries + 1, log_quote(error, quoted, sizeof quoted));
}

static void judge(struct callback_sender *s, struct receiver *r, CURLcode code, long status)
{
    int64_t now_us = clock_mono_us();
    bool answered = code == CURLE_OK;
    bool later = status >= 500 || status == 408 || status == 425 || status == 429;
    if (answered && status >= 200 && status < 300) {
        done_with(s, r, &s->metrics.delivered);
    } else if (answered && !later) {
        complain(r, "a callback is rejected", code, status);
        done_with(s, r, &s->metrics.rejected);
    } else if (now_us - r->head->since_us >= r->config.retry_for_ms * 1000) {
        complain(r, "a callback is given up", code, status);
        metric_add(&s->metrics.failed_tries, 1);
        done_with(s, r, &s->metrics.expired);
    } else {
        complain(r, "a callback failed and is tried again", code, status);
        metric_add(&s->metrics.failed_tries, 1);
        r->retry_us = now_us + backoff_next(&r->backoff) * 1000;
    }
}

static void take_answers(struct callback_sender *s)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left)) != NULL;) {
        CURL *easy = m->easy_handle;
        CURLcode code = m->data.result;
        struct receiver *r;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&r);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(s->multi, easy); /* frees m */
        r->sending = false;
        judge(s, r, code, status);
    }
}

/* --- the thread --- */

static void serve(struct callback_sender *s, struct receiver *r, int64_t now_us)
{
    if (r->sending || now_us < r->retry_us)
        return;
    if (r->head == NULL) {
        pthread_mutex_lock(&s->lock);
        r->head = take_first(r);
        pthread_mutex_unlock(&s->lock);
    }
    if (r->head != NULL)
        send_head(s, r);
}

/* busy: true if a receiver is sending, unless its last try failed. */
static bool busy(const struct callback_sender *s)
{
    for (int i = 0; i < s->n_receivers; i++) {
        if (s->receivers[i].sending && s->receivers[i].backoff.tries == 0)
            return true;
    }
    return false;
}

static void *sender_main(void *arg)
{
    struct callback_sender *s = arg;
    for (int64_t tick_us = 0;;) {
        int running;
        int64_t now_us = clock_mono_us(), stop_by_us = s->stop_by_us;
        if (now_us >= tick_us && stop_by_us == 0 && s->config.tick != NULL) {
            s->config.tick(s->config.arg);
            tick_us = now_us + s->config.tick_ms * 1000;
        }
        for (int i = 0; i < s->n_receivers; i++)
            serve(s, &s->receivers[i], now_us);
        if (stop_by_us > 0 && (now_us >= stop_by_us || !busy(s)))
            return NULL;
        curl_multi_perform(s->multi, &running);
        take_answers(s);
        curl_multi_poll(s->multi, NULL, 0, (int)s->config.tick_ms, NULL);
    }
}

/* --- from any thread --- */

bool callback_sender_send(struct callback_sender *s, int receiver, const char *id, char *body)
{
    struct receiver *r = &s->receivers[receiver];
    struct message *m = calloc(1, sizeof *m), *old = NULL;
    if (m == NULL || body == NULL) {
        metric_add(&s->metrics.dropped, 1);
        free(m);
        free(body);
        return false;
    }
    snprintf(m->id, sizeof m->id, "%s", id);
    m->body = body;
    m->since_us = clock_mono_us();
    pthread_mutex_lock(&s->lock);
    if (r->n >= r->config.queue)
        old = take_first(r);
    STAILQ_INSERT_TAIL(&r->waiting, m, next);
    r->n++;
    pthread_mutex_unlock(&s->lock);
    metric_add(old != NULL ? &s->metrics.dropped : &s->metrics.waiting, 1);
    message_free(old);
    curl_multi_wakeup(s->multi);
    return true;
}

size_t callback_sender_waiting(struct callback_sender *s, int receiver)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->receivers[receiver].n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

METRICS_TABLE(callback_metrics, CALLBACK_METRICS);

struct callback_metrics *callback_sender_metrics(struct callback_sender *s)
{
    return &s->metrics;
}

/* --- start and stop --- */

struct callback_sender *callback_sender_new(const struct callback_sender_config *config)
{
    struct callback_sender *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->config = *config;
    pthread_mutex_init(&s->lock, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    s->multi = curl_multi_init();
    return s->multi != NULL ? s : callback_sender_free(s);
}

int callback_sender_add(struct callback_sender *s, const struct callback_receiver *config)
{
    struct receiver *r = &s->receivers[s->n_receivers];
    CURL *e = curl_easy_init();
    if (e == NULL)
        return -ENOMEM;
    *r = (struct receiver){.config = *config, .easy = e};
    r->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .most_ms = RETRY_MOST_MS};
    STAILQ_INIT(&r->waiting);
    /* libcurl's defaults: verify certificates, follow no redirect */
    curl_easy_setopt(e, CURLOPT_URL, config->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->config.timeout_ms);
    if (s->config.ca_file[0] != '\0')
        curl_easy_setopt(e, CURLOPT_CAINFO, s->config.ca_file);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "onrush/" ONRUSH_VERSION);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error);
    curl_easy_setopt(e, CURLOPT_PRIVATE, r);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    return s->n_receivers++;
}

int callback_sender_start(struct callback_sender *s)
{
    int r = -pthread_create(&s->thread, NULL, sender_main, s);
    s->started = r == 0;
    return r;
}

static void receiver_end(struct callback_sender *s, struct receiver *r)
{
    if (r->sending)
        curl_multi_remove_handle(s->multi, r->easy);
    curl_easy_cleanup(r->easy);
    curl_slist_free_all(r->headers);
    message_free(r->head);
    for (struct message *m; (m = take_first(r)) != NULL;)
        message_free(m);
}

struct callback_sender *callback_sender_free(struct callback_sender *s)
{
    if (s == NULL)
        return NULL;
    s->stop_by_us = clock_mono_us() + s->config.flush_ms * 1000;
    if (s->started) {
        curl_multi_wakeup(s->multi);
        pthread_join(s->thread, NULL);
    }
    for (int i = 0; i < s->n_receivers; i++)
        receiver_end(s, &s->receivers[i]);
    curl_multi_cleanup(s->multi);
    pthread_mutex_destroy(&s->lock);
    curl_global_cleanup();
    free(s);
    return NULL;
}
