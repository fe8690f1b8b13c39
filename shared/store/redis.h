/* SPDX-License-Identifier: Apache-2.0 */
/* Redis, as gateway, scheduler and ctl see it: the settings, a blocking connection for onrushctl
 * and tests, and reading what the functions answer. The daemons use redis_link.h. Thread safe but
 * for the connection itself. */
#ifndef ONRUSH_REDIS_H
#define ONRUSH_REDIS_H

#include "shared/store/protocol.h"

#include <hiredis/hiredis.h>

struct redis_config {
    char socket[108]; /* path; "": TCP to host and port */
    char host[256];
    int64_t port;
    char user[81];           /* ACL user; "": the default user */
    char password_file[256]; /* "": no password */
    int64_t connect_timeout_ms, command_timeout_ms;
    bool require_durable; /* refuse a Redis that does not sync each write to disk */
};

#define REDIS_ERROR_SIZE 256

/* redis_open: a blocking connection with both deadlines set, logged in, with the functions loaded.
 * 0 and *out (the caller frees it with redisFree()); or -ENOTCONN with a message in `error`. */
int redis_open(redisContext **out, const struct redis_config *config, char error[REDIS_ERROR_SIZE]);

/* redis_functions_version, redis_functions_text: the library that is compiled in. */
int redis_functions_version(void);
const char *redis_functions_text(void);

/* redis_head_parse: the head that onrush_status and onrush_publish answer. 0, or -EPROTO and *head
 * untouched. Numbers that Redis does not know are -1. More elements than we know are ignored; the
 * last, instant_wait_ms, may be missing, and is 0 then. */
int redis_head_parse(const redisReply *reply, struct campaign_head *head);

/* Why Redis did not carry out a call; nothing of it was done. */
enum redis_refusal {
    REDIS_TAKEN,    /* no error at all, or one that is about this call alone */
    REDIS_CLOSED,   /* it takes no writes, whoever asks: read-only, out of memory, disk full ... */
    REDIS_FORGOTTEN /* the function is not there: somebody flushed the functions */
};

/* redis_refusal_of: what an error reply means; *reason says it in one line with what to do, a
 * constant text (untouched when TAKEN). */
enum redis_refusal redis_refusal_of(const redisReply *reply, const char **reason);

/* redis_error_is: an error reply whose first word is `word` ("NOCAMPAIGN", "STALE"). */
bool redis_error_is(const redisReply *reply, const char *word);

#endif
