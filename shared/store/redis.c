/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/redis.h"

#include "shared/base/config.h"
#include "shared/base/embedded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

int redis_functions_version(void)
{
    return ONRUSH_FUNCTIONS_VERSION;
}

const char *redis_functions_text(void)
{
    return redis_functions_source[0].text;
}

bool redis_error_is(const redisReply *reply, const char *word)
{
    size_t len = strlen(word);
    return reply != NULL && reply->type == REDIS_REPLY_ERROR && reply->len >= len &&
           strncmp(reply->str, word, len) == 0 &&
           (reply->str[len] == ' ' || reply->str[len] == '\0');
}

/* closed: the errors with which Redis (or an ACL) rejects every write, before it does any of it. */
static const struct {
    const char *word, *reason;
} closed[] = {
    {"READONLY", "redis is a read-only replica: point redis.host at the primary, or promote it"},
    {"OOM", "redis has reached its maxmemory and takes no writes: raise maxmemory"},
    {"MISCONF", "redis cannot save to its disk and takes no writes: free space, and see its log"},
    {"LOADING", "redis is still loading its data"},
    {"NOREPLICAS", "redis has too few replicas (min-replicas-to-write) and takes no writes"},
    {"MASTERDOWN", "redis is a replica without its primary"},
    {"CLUSTERDOWN", "the redis cluster is down"},
    {"BUSY", "redis is busy with somebody's script: SCRIPT KILL or FUNCTION KILL ends it"},
    {"NOAUTH", "redis wants a password, or denies this user the functions"},
    {"NOPERM", "redis wants a password, or denies this user the functions"},
};

enum redis_refusal redis_refusal_of(const redisReply *reply, const char **reason)
{
    if (redis_error_is(reply, "ERR") && strcmp(reply->str, "ERR Function not found") == 0) {
        *reason = "redis has lost the functions";
        return REDIS_FORGOTTEN;
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        if (redis_error_is(reply, closed[i].word)) {
            *reason = closed[i].reason;
            return REDIS_CLOSED;
        }
    }
    return REDIS_TAKEN;
}

static int64_t number_of(const redisReply *r)
{
    if (r->type == REDIS_REPLY_INTEGER)
        return r->integer;
    if (r->type == REDIS_REPLY_STRING)
        return strtoll(r->str, NULL, 10);
    return -1;
}

/* HEAD_LEAST: another version of the library may send more elements, or end before
 * instant_wait_ms. */
#define HEAD_LEAST 17

int redis_head_parse(const redisReply *reply, struct campaign_head *head)
{
    struct campaign_head h = {.state = CAMPAIGN_SCHEDULED};
    int64_t *const numbers[] = {
        NULL,       NULL,        &h.quota,   &h.admit_limit, &h.opens_us, &h.closes_us,
        &h.epoch,   &h.admitted, &h.granted, &h.sold_out,    &h.refused,  &h.watermark,
        &h.id,      &h.queued,   &h.claimed, &h.now_us,      &h.moves,    &h.instant_wait_ms,
        &h.returned};
    const size_t known = sizeof numbers / sizeof numbers[0];
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD_LEAST)
        return -EPROTO;
    h.ready = number_of(reply->element[0]) == 1;
    const redisReply *state = reply->element[1];
    if (state->type == REDIS_REPLY_STRING && campaign_state_parse(state->str, &h.state) < 0)
        return -EPROTO;
    for (size_t i = 2; i < reply->elements && i < known; i++)
        *numbers[i] = number_of(reply->element[i]);
    *head = h;
    return 0;
}

static struct timeval timeval_of(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

/* succeed: runs a command whose reply does not matter, if it is not an error. */
static int succeed(redisContext *c, char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(c, format, args);
    va_end(args);
    int r = reply != NULL && reply->type != REDIS_REPLY_ERROR ? 0 : -ENOTCONN;
    if (r < 0)
        snprintf(error, REDIS_ERROR_SIZE, "%s", reply != NULL ? reply->str : c->errstr);
    freeReplyObject(reply);
    return r;
}

static int log_in(redisContext *c, const struct redis_config *config, char *error)
{
    char password[256];
    if (config_read_secret(config->password_file, password, sizeof password) < 0) {
        snprintf(error, REDIS_ERROR_SIZE, "the password file %.200s cannot be read",
                 config->password_file);
        return -ENOTCONN;
    }
    if (password[0] == '\0')
        return 0;
    int r;
    if (config->user[0] != '\0')
        r = succeed(c, error, "AUTH %s %s", config->user, password);
    else
        r = succeed(c, error, "AUTH %s", password);
    explicit_bzero(password, sizeof password);
    return r;
}

static int load_functions(redisContext *c, char *error)
{
    redisReply *reply = redisCommand(c, "FCALL_RO onrush_version 0");
    bool known = reply != NULL && reply->type == REDIS_REPLY_INTEGER &&
                 reply->integer >= redis_functions_version();
    const char *refusal;
    bool closed_to_us = redis_refusal_of(reply, &refusal) == REDIS_CLOSED;
    freeReplyObject(reply);
    if (known)
        return 0;
    if (closed_to_us) { /* FUNCTION LOAD would fail with "unauthenticated bulk length" */
        snprintf(error, REDIS_ERROR_SIZE, "%s", refusal);
        return -ENOTCONN;
    }
    const char *text = redis_functions_text();
    return succeed(c, error, "FUNCTION LOAD REPLACE %b", text, strlen(text));
}

int redis_open(redisContext **out, const struct redis_config *config, char error[REDIS_ERROR_SIZE])
{
    struct timeval connect_timeout = timeval_of(config->connect_timeout_ms);
    redisContext *c =
        config->socket[0] != '\0'
            ? redisConnectUnixWithTimeout(config->socket, connect_timeout)
            : redisConnectWithTimeout(config->host, (int)config->port, connect_timeout);
    if (c == NULL) {
        snprintf(error, REDIS_ERROR_SIZE, "out of memory");
        return -ENOTCONN;
    }
    int r = c->err != 0 ? -ENOTCONN : 0;
    if (r < 0)
        snprintf(error, REDIS_ERROR_SIZE, "%s", c->errstr);
    if (r == 0 && redisSetTimeout(c, timeval_of(config->command_timeout_ms)) != REDIS_OK) {
        snprintf(error, REDIS_ERROR_SIZE, "the command timeout cannot be set");
        r = -ENOTCONN;
    }
    if (r == 0)
        r = log_in(c, config, error);
    if (r == 0)
        r = load_functions(c, error);
    if (r < 0) {
        redisFree(c);
        return r;
    }
    *out = c;
    return 0;
}
