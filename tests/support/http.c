/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http.h"

#include "tests/support/test.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000

static size_t append(char *to, size_t size, const char *data, size_t n)
{
    size_t len = strlen(to), room = size - 1 - len;
    memcpy(to + len, data, n < room ? n : room);
    to[len + (n < room ? n : room)] = '\0';
    return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct http_answer *a = arg;
    a->len += size * n;
    return append(a->body, sizeof a->body, data, size * n);
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct http_answer *a = arg;
    return append(a->headers, sizeof a->headers, data, size * n);
}

static void set_body(CURL *curl, const struct http_request *r)
{
    size_t len = r->body_len > 0 ? r->body_len : strlen(r->body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
}

static _Thread_local CURL *kept;

void http_close(void)
{
    if (kept != NULL)
        curl_easy_cleanup(kept);
    kept = NULL;
}

static CURL *handle(bool keep_alive)
{
    if (!keep_alive)
        return curl_easy_init();
    if (kept == NULL)
        kept = curl_easy_init();
    else
        curl_easy_reset(kept);
    return kept;
}

static void clear(struct http_answer *a)
{
    a->status = 0;
    a->len = 0;
    a->body[0] = a->headers[0] = a->error[0] = '\0';
}

int http_ask(const struct http_request *r, struct http_answer *a)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *curl = handle(r->keep_alive);
    long status = 0;
    clear(a);
    curl_easy_setopt(curl, CURLOPT_URL, r->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     (long)(r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_MS));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, a->error);
    if (r->body != NULL)
        set_body(curl, r);
    if (r->method != NULL && strcmp(r->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (r->method != NULL)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->json)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    for (size_t i = 0; i < LENGTH(r->headers) && r->headers[i] != NULL; i++)
        headers = curl_slist_append(headers, r->headers[i]);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    long connects = 0;
    a->refused = curl_easy_perform(curl) == CURLE_COULDNT_CONNECT;
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
    a->fresh = connects > 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    a->status = (int)status;
    curl_slist_free_all(headers);
    if (!r->keep_alive)
        curl_easy_cleanup(curl);
    return a->status;
}

static int ask(const struct http_request *r, struct http_answer *answer)
{
    struct http_answer *a = answer != NULL ? answer : malloc(sizeof *a);
    int status = http_ask(r, a);
    if (answer == NULL)
        free(a);
    return status;
}

int http_get(const char *url, struct http_answer *answer)
{
    return ask(&(struct http_request){.url = url}, answer);
}

int http_post(const char *url, const char *json, struct http_answer *answer)
{
    return ask(&(struct http_request){.url = url, .body = json, .json = true}, answer);
}

const char *http_header(const struct http_answer *a, const char *name)
{
    static _Thread_local char value[512];
    size_t len = strlen(name);
    for (const char *line = a->headers; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + len + 2, "\r\n"),
                     line + len + 2);
            return value;
        }
    }
    return NULL;
}
