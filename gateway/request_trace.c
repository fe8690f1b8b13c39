/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request_trace.h"

#include "gateway/http_strings.h"
#include "gateway/loop.h"
#include "gateway/request.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_S "600" /* the whole hash expires, with entries that nobody fetched */

static const char *const outcome_names[] = {
#define NAME(M, id, ...) [OUTCOME_##id] = #id,
    OUTCOMES(NAME, )
#undef NAME
};

/* may_sample: bounds the traces per worker and second, however many clients ask for. */
static bool may_sample(struct loop *loop, int64_t now_us)
{
    if (now_us / 1000000 != loop->traced_second) {
        loop->traced_second = now_us / 1000000;
        loop->n_traced = 0;
    }
    return loop->n_traced < TRACES_A_SECOND;
}

void request_trace_begin(struct request *r)
{
    struct trace_context parent;
    const char *text = http_string(http_field(r->head, "traceparent"));
    bool given = text != NULL && trace_parse(text, &parent) == 0;
    bool wanted = given ? parent.sampled : tracer_wants(r->loop->gateway->tracer);
    int64_t now_us = clock_mono_us();
    if (!wanted || !may_sample(r->loop, now_us) || (r->trace = malloc(sizeof *r->trace)) == NULL)
        return;
    r->loop->n_traced++;
    *r->trace = span_begin("request", SPAN_SERVER, given ? &parent : NULL, r->name,
                           clock_wall_us() - (now_us - r->start_us));
}

/* on_sent: losing a trace is harmless. An ACL that loses all traces is logged once. */
static void on_sent(void *arg, const redisReply *reply)
{
    struct loop *loop = loop_check(arg);
    char quoted[256];
    if (loop->traces_denied || !redis_error_is(reply, "NOPERM"))
        return;
    loop->traces_denied = true;
    log_error("redis denies this user HSET or EXPIRE of the traces: none goes beyond the gateway "
              "until it connects anew",
              "error=%s", log_quote(reply->str, quoted, sizeof quoted));
}

void request_trace_send(struct request *r)
{
    char key[CAMPAIGN_NAME_MAX + 32], value[TRACEPARENT_SIZE];
    int len = snprintf(key, sizeof key, TRACES_KEY, r->name);
    const char *set[] = {"HSET", key, r->user, value};
    const char *expire[] = {"EXPIRE", key, KEEP_S, "NX"};
    size_t key_len = (size_t)len;
    struct loop *loop = r->loop;
    if (loop->traces_denied)
        return;
    trace_format(&r->trace->context, value);
    redis_link_aside(loop->link, 4, set, (size_t[]){4, key_len, r->user_len, TRACEPARENT_LEN},
                     on_sent, loop);
    redis_link_aside(loop->link, 4, expire, (size_t[]){6, key_len, strlen(KEEP_S), 2}, on_sent,
                     loop);
}

void request_trace_end(struct request *r)
{
    r->trace->end_us = clock_wall_us();
    r->trace->outcome = outcome_names[r->outcome];
    tracer_add(r->loop->gateway->tracer, r->trace);
    free(r->trace);
    r->trace = NULL;
}
