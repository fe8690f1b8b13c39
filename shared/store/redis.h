/* SPDX-License-Identifier: Apache-2.0 */
/* Redis: settings, a blocking connection for onrushctl and tests, and parsers for what the
 * functions return. The daemons use redis_link.h. Thread safe, except the connection. */
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
    bool require_durable; /* reject a Redis that does not sync each write */
};

#define REDIS_ERROR_SIZE 256

/* redis_open: connects with both deadlines, logs in and loads the functions. Returns 0 and *out
 * (the caller frees it with redisFree()), or -ENOTCONN and a message in `error`. */
int redis_open(redisContext **out, const struct redis_config *config, char error[REDIS_ERROR_SIZE]);

/* redis_functions_version, redis_functions_text: the compiled-in library. */
int redis_functions_version(void);
const char *redis_functions_text(void);

/* redis_head_parse: parses the head that onrush_status and onrush_publish return. Returns 0, or
 * -EPROTO and leaves *head alone. Numbers that Redis does not know are -1. Extra elements are
 * ignored; a missing instant_wait_ms or `returned` is 0. */
int redis_head_parse(const redisReply *reply, struct campaign_head *head);

/* Why Redis refused a call. It did nothing of the call. */
enum redis_refusal {
    REDIS_TAKEN,    /* no error, or one that concerns this call only */
    REDIS_CLOSED,   /* it takes no writes from anyone: read-only, out of memory, disk full ... */
    REDIS_FORGOTTEN /* the function does not exist: the library was flushed */
};

/* redis_refusal_of: classifies a reply. Sets *reason, unless it returns REDIS_TAKEN, to a constant
 * line that says what to do. */
enum redis_refusal redis_refusal_of(const redisReply *reply, const char **reason);

/* redis_error_is: true for an error reply whose first word is `word` ("NOCAMPAIGN", "STALE"). */
bool redis_error_is(const redisReply *reply, const char *word);

#endif
