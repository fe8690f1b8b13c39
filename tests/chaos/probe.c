/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/probe.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/http.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX  10000
#define PAUSE      5 /* calls of wait_a_moment() between two requests */
#define TIMEOUT_MS 3000

struct note {
    uint32_t user, serial;
    int told; /* enum told; 0: nothing */
    uint64_t ticket;
    char code[COUPON_CODE_LEN + 1];
    int64_t sent_us, answered_us; /* of a POST with a 2xx; otherwise 0 */
    bool post;
};

struct probe {
    const char *url, *campaign;
    unsigned gateway;
    uint32_t first_user, n_users;
    pthread_t thread;
    atomic_bool stop;
    size_t n;
    struct note notes[NOTES_MAX];
};

static int told_by(const char *status, const struct note *note)
{
    if (strcmp(status, "waiting") == 0)
        return TOLD_WAITING;
    if (strcmp(status, "granted") == 0)
        return TOLD_GRANTED;
    if (strcmp(status, "sold_out") == 0 || strcmp(status, "SOLD_OUT") == 0)
        return note->ticket != 0 ? TOLD_SOLD_OUT : TOLD_FULL;
    return strcmp(status, "refused") == 0 || strcmp(status, "REFUSED") == 0 ? TOLD_REFUSED : 0;
}

/* read_answer: reads a request document or a problem document. */
static void read_answer(const struct http_answer *answer, struct note *note)
{
    json_int_t ticket = 0, serial = 0;
    const char *status = "", *code = "";
    json_t *json = json_loads(answer->body, 0, NULL);
    json_unpack(json, "{s?I, s?I, s?s}", "ticket", &ticket, "serial", &serial, "code", &code);
    if (json_is_string(json_object_get(json, "status")))
        status = json_string_value(json_object_get(json, "status"));
    else
        status = code;
    note->ticket = (uint64_t)ticket;
    note->told = told_by(status, note);
    if (note->told == TOLD_GRANTED) {
        note->serial = (uint32_t)serial;
        snprintf(note->code, sizeof note->code, "%s", code);
    }
    json_decref(json);
}

static int ask(struct note *note, const struct http_request *request)
{
    struct http_answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL)
        test_fail_start("probe: out of memory");
    note->sent_us = clock_mono_us();
    int status = http_ask(request, answer);
    note->answered_us = clock_mono_us();
    if (status == 200 || status == 202 || status == 409)
        read_answer(answer, note);
    free(answer);
    return status;
}

static void post(const char *gateway, const char *campaign, struct note *note)
{
    char url[256], body[64];
    snprintf(url, sizeof url, "%s/v1/campaigns/%s/requests", gateway, campaign);
    snprintf(body, sizeof body, "{\"user_id\":\"u-%" PRIu32 "\"}", note->user);
    struct http_request request = {
        .url = url, .body = body, .json = true, .timeout_ms = TIMEOUT_MS};
    note->post = true;
    int status = ask(note, &request);
    if (status / 100 != 2)
        note->answered_us = 0;
}

static int get(const char *gateway, const char *campaign, struct note *note)
{
    char url[256];
    snprintf(url, sizeof url, "%s/v1/campaigns/%s/requests/u-%" PRIu32, gateway, campaign,
             note->user);
    int status = ask(note, &(struct http_request){.url = url, .timeout_ms = TIMEOUT_MS});
    note->answered_us = 0;
    return status;
}

int probe_status(const char *url, const char *campaign, uint32_t user, uint64_t *ticket,
                 uint32_t *serial, char code[COUPON_CODE_LEN + 1])
{
    struct note note = {.user = user};
    int status = get(url, campaign, &note);
    *ticket = note.ticket;
    *serial = note.serial;
    memcpy(code, note.code, COUPON_CODE_LEN + 1);
    return status == 0 || status >= 500 ? -EAGAIN : note.told;
}

/* step: two new users, then the status of an earlier one. */
static void step(struct probe *p)
{
    struct note *note = &p->notes[p->n];
    if (p->n % 3 == 2) {
        note->user = p->first_user + p->n_users * 2 / 3;
        get(p->url, p->campaign, note);
    } else {
        note->user = p->first_user + p->n_users++;
        post(p->url, p->campaign, note);
    }
    p->n++;
}

static void *run(void *arg)
{
    struct probe *p = arg;
    while (!atomic_load(&p->stop) && p->n < NOTES_MAX) {
        step(p);
        for (int i = 0; i < PAUSE; i++)
            wait_a_moment();
    }
    return NULL;
}

struct probe *probe_start(const char *url, unsigned gateway, const char *campaign,
                          uint32_t first_user)
{
    struct probe *p = calloc(1, sizeof *p);
    if (p == NULL)
        test_fail_start("probe: out of memory");
    p->url = url;
    p->gateway = gateway;
    p->campaign = campaign;
    p->first_user = first_user;
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        test_fail_start("probe: no thread");
    return p;
}

void probe_stop(struct probe *p)
{
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
}

struct probe *probe_free(struct probe *p)
{
    free(p);
    return NULL;
}

void probe_tell(const struct probe *p, struct crowd *crowd)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct note *note = &p->notes[i];
        if (note->post)
            crowd_asked(crowd, note->user, p->gateway, note->sent_us, note->answered_us);
        if (note->told != 0)
            crowd_told(crowd, note->user, (enum told)note->told, note->ticket, note->serial,
                       note->code);
    }
}

int64_t probe_next_answer(const struct probe *p, int64_t after_us)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->notes[i].answered_us != 0 && p->notes[i].sent_us > after_us)
            return p->notes[i].answered_us;
    }
    return -1;
}
