#include "gateway/tracing.h"

#include "gateway/head.h"
#include "gateway/loop.h"
#include "gateway/request.h"
#include "shared/clock.h"
#include "shared/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_S "600" /* the hash goes as a whole, so what nobody fetched goes too */

static const char *const outcome_names[] = {
#define NAME(M, id, ...) [OUTCOME_##id] = #id,
    OUTCOMES(NAME, )
#undef NAME
};

/* may_sample: clients may ask for as many traces as they like, and get so many. */
static bool may_sample(struct loop *loop, int64_t now_us)
{
    if (now_us / 1000000 != loop->traced_second) {
        loop->traced_second = now_us / 1000000;
        loop->n_traced = 0;
    }
    return loop->n_traced < TRACES_A_SECOND;
}

void tracing_begin(struct request *r)
{
    struct trace_context context, given;
    const char *text = http_string(http_field(r->head, "traceparent"));
    bool parent = text != NULL && trace_parse(text, &given) == 0;
    int64_t now_us = clock_mono_us();
    if (parent ? !given.sampled : !tracer_wants(r->loop->gateway->tracer))
        return;
    if (!may_sample(r->loop, now_us) || (r->trace = calloc(1, sizeof *r->trace)) == NULL)
        return;
    r->loop->n_traced++;
    trace_new(&context);
    if (parent) {
        memcpy(context.trace_id, given.trace_id, sizeof context.trace_id);
        memcpy(r->trace->parent_id, given.span_id, sizeof given.span_id);
    }
    r->trace->context = context;
    r->trace->start_us = clock_wall_us() - (now_us - r->start_us);
}

/* on_sent: a trace that gets lost harms nobody; an ACL that loses them all is told once. */
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

void tracing_send(struct request *r)
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

void tracing_end(struct request *r)
{
    struct request_trace *t = r->trace;
    struct span span = {.context = t->context,
                        .name = "request",
                        .kind = SPAN_SERVER,
                        .start_us = t->start_us,
                        .end_us = clock_wall_us(),
                        .outcome = outcome_names[r->outcome],
                        .status = t->status};
    memcpy(span.parent_id, t->parent_id, sizeof span.parent_id);
    memcpy(span.campaign, r->name, sizeof span.campaign);
    tracer_add(r->loop->gateway->tracer, &span);
    free(t);
    r->trace = NULL;
}
