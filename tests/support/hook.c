/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/hook.h"

#include "shared/base/clock.h"
#include "shared/base/listen.h"
#include "tests/support/test.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MAX 512
#define HANGING_MAX  64

struct hook {
    int fd;
    char url[80];
    SSL_CTX *tls;
    pthread_t thread;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t came;
    enum hook_answer answer;
    struct hook_request *requests;
    size_t n;
    int hanging[HANGING_MAX]; /* used only by the server's thread */
    size_t n_hanging;
};

/* A connection, plain or TLS. */
struct line {
    int fd;
    SSL *tls;
};

static ssize_t line_read(struct line *l, void *data, size_t size)
{
    return l->tls != NULL ? SSL_read(l->tls, data, (int)size) : recv(l->fd, data, size, 0);
}

static ssize_t line_write(struct line *l, const char *text, size_t n)
{
    return l->tls != NULL ? SSL_write(l->tls, text, (int)n) : send(l->fd, text, n, MSG_NOSIGNAL);
}

/* read_request: reads the headers, then Content-Length bytes. */
static bool read_request(struct line *l, struct hook_request *r)
{
    size_t n = 0;
    char *text = calloc(1, sizeof r->head + sizeof r->body), *end = NULL;
    bool whole = false;
    while (text != NULL && !whole && n < sizeof r->head + sizeof r->body - 1) {
        ssize_t got = line_read(l, text + n, sizeof r->head + sizeof r->body - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        end = strstr(text, "\r\n\r\n");
        const char *length = end != NULL ? strcasestr(text, "Content-Length:") : NULL;
        whole =
            end != NULL &&
            n >= (size_t)(end + 4 - text) +
                     (length != NULL ? strtoull(length + strlen("Content-Length:"), NULL, 10) : 0);
    }
    if (whole) {
        snprintf(r->head, sizeof r->head, "%.*s\r\n", (int)(end - text), text);
        snprintf(r->body, sizeof r->body, "%s", end + 4);
    }
    free(text);
    return whole;
}

static void answer(struct hook *h, struct line *l, enum hook_answer how)
{
    char text[256], block[4096];
    switch (how) {
    case HOOK_HANG:
    case HOOK_CLOSE:
        return;
    case HOOK_GARBAGE:
        line_write(l, "\x16\x03garbage\n\n\n", 12);
        return;
    case HOOK_FLOOD:
        line_write(l, "HTTP/1.1 200 OK\r\n\r\n", 19);
        memset(block, 'x', sizeof block);
        while (!h->stopping && line_write(l, block, sizeof block) > 0)
            ;
        return;
    case HOOK_OK:
    case HOOK_ERROR:
    case HOOK_WRONG:
    case HOOK_REDIRECT:
        break;
    }
    snprintf(text, sizeof text,
             "HTTP/1.1 %d Whatever\r\n%s%s%sContent-Length: 2\r\nConnection: close\r\n\r\nok",
             how == HOOK_OK      ? 200
             : how == HOOK_ERROR ? 500
             : how == HOOK_WRONG ? 400
                                 : 307,
             how == HOOK_REDIRECT ? "Location: " : "", how == HOOK_REDIRECT ? h->url : "",
             how == HOOK_REDIRECT ? "/elsewhere\r\n" : "");
    line_write(l, text, strlen(text));
}

static enum hook_answer note(struct hook *h, const struct hook_request *r)
{
    pthread_mutex_lock(&h->lock);
    enum hook_answer how = h->answer;
    if (h->n < REQUESTS_MAX)
        h->requests[h->n++] = *r;
    pthread_cond_broadcast(&h->came);
    pthread_mutex_unlock(&h->lock);
    return how;
}

static void serve(struct hook *h, int fd)
{
    struct line l = {.fd = fd};
    struct hook_request r;
    struct timeval patience = {.tv_sec = 2};
    enum hook_answer how = HOOK_CLOSE;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (h->tls != NULL) {
        l.tls = SSL_new(h->tls);
        SSL_set_fd(l.tls, fd);
    }
    if ((l.tls == NULL || SSL_accept(l.tls) == 1) && read_request(&l, &r)) {
        how = note(h, &r);
        answer(h, &l, how);
    }
    if (l.tls != NULL) {
        SSL_shutdown(l.tls);
        SSL_free(l.tls);
    }
    if (how == HOOK_HANG && h->n_hanging < HANGING_MAX)
        h->hanging[h->n_hanging++] = fd;
    else
        close(fd);
}

static void *run(void *arg)
{
    struct hook *h = arg;
    while (!h->stopping) {
        struct pollfd p = {.fd = h->fd, .events = POLLIN};
        int fd = poll(&p, 1, 50) > 0 ? accept(h->fd, NULL, NULL) : -1;
        if (fd >= 0)
            serve(h, fd);
    }
    return NULL;
}

/* --- TLS --- */

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

/* make_tls: makes a self-signed certificate for 127.0.0.1, valid for an hour. */
static SSL_CTX *make_tls(const char *ca_file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *out = fopen(ca_file, "we");
    if (tls == NULL || key == NULL || cert == NULL || out == NULL)
        test_fail_start("no certificate for the hook");
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"hook", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(cert, key, EVP_sha256());
    PEM_write_X509(out, cert);
    fclose(out);
    SSL_CTX_use_certificate(tls, cert);
    SSL_CTX_use_PrivateKey(tls, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return tls;
}

struct hook *hook_start(const char *ca_file)
{
    struct hook *h = calloc(1, sizeof *h);
    signal(SIGPIPE, SIG_IGN); /* clients may close before TLS writes */
    struct sockaddr_in where;
    socklen_t size = sizeof where;
    h->requests = calloc(REQUESTS_MAX, sizeof h->requests[0]);
    h->fd = listen_tcp("127.0.0.1", 0, false);
    if (h->fd < 0 || h->requests == NULL ||
        getsockname(h->fd, (struct sockaddr *)&where, &size) < 0)
        test_fail_start("no port for the hook");
    h->tls = ca_file != NULL ? make_tls(ca_file) : NULL;
    snprintf(h->url, sizeof h->url, "%s://127.0.0.1:%d/hook", ca_file != NULL ? "https" : "http",
             ntohs(where.sin_port));
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->came, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&h->thread, NULL, run, h) != 0)
        test_fail_start("no thread for the hook");
    return h;
}

struct hook *hook_stop(struct hook *h)
{
    h->stopping = true;
    pthread_join(h->thread, NULL);
    for (size_t i = 0; i < h->n_hanging; i++)
        close(h->hanging[i]);
    close(h->fd);
    SSL_CTX_free(h->tls);
    pthread_cond_destroy(&h->came);
    pthread_mutex_destroy(&h->lock);
    free(h->requests);
    free(h);
    return NULL;
}

const char *hook_url(const struct hook *h)
{
    return h->url;
}

void hook_answer(struct hook *h, enum hook_answer how)
{
    pthread_mutex_lock(&h->lock);
    h->answer = how;
    pthread_mutex_unlock(&h->lock);
}

bool hook_wait(struct hook *h, size_t n, int64_t timeout_ms)
{
    int64_t until_us = clock_mono_us() + timeout_ms * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    int r = 0;
    pthread_mutex_lock(&h->lock);
    while (h->n < n && r == 0)
        r = pthread_cond_timedwait(&h->came, &h->lock, &until);
    bool enough = h->n >= n;
    pthread_mutex_unlock(&h->lock);
    return enough;
}

size_t hook_count(struct hook *h)
{
    pthread_mutex_lock(&h->lock);
    size_t n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}

void hook_get(struct hook *h, size_t i, struct hook_request *out)
{
    pthread_mutex_lock(&h->lock);
    if (i >= h->n)
        test_fail_start("the hook has no request %zu", i);
    *out = h->requests[i];
    pthread_mutex_unlock(&h->lock);
}

bool hook_header(const struct hook_request *r, const char *name, char *out, size_t size)
{
    char start[80];
    int n = snprintf(start, sizeof start, "\n%s: ", name);
    const char *at = strcasestr(r->head, start);
    if (at == NULL)
        return false;
    snprintf(out, size, "%.*s", (int)strcspn(at + n, "\r"), at + n);
    return true;
}

void hook_check_signature(const struct hook_request *r, const char *secret)
{
    char stamp[32], signature[80], expected[80] = "v1=";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n;
    assert_true(hook_header(r, "Onrush-Timestamp", stamp, sizeof stamp));
    assert_true(hook_header(r, "Onrush-Signature", signature, sizeof signature));
    const char *text = textf("%s.%s", stamp, r->body);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), sum,
         &n);
    for (unsigned i = 0; i < n && i < 32; i++)
        sprintf(expected + 3 + 2 * i, "%02x", sum[i]);
    assert_string_equal(signature, expected);
}
