/* SPDX-License-Identifier: Apache-2.0 */
/* An asynchronous connection to Redis in a libevent loop, which reconnects by itself.
 *
 *            ┌───────────────────────── lost, too slow, refused ─────────────────────────┐
 *            ▼                                                                           │
 *        LINK_DOWN ── backoff ──► LINK_CONNECTING ──► LINK_CHECKING ──► LINK_UP ─────────┤
 *            ▲                                        (log in, does it take writes, load │
 *            │                                         the functions, is every write     │
 *            │                                         synced to disk?)                  │
 *            └── pending calls are answered ───── LINK_CLOSED ◄── takes no writes ───────┘
 *
 * "Up" means that Redis takes writes and has the functions. Any reply that says otherwise
 * (read-only, out of memory, disk full: redis_refusal_of()) ends "up" for all users of the link; a
 * probe each second finds out even without calls. If the functions were flushed, or replaced by
 * older ones, the link loads them again and stays up.
 *
 * hiredis 0.14 has no deadlines for asynchronous commands. Replies come in the order of the
 * commands, so one timer for the oldest command is enough. If a command has no answer after
 * command_timeout_ms, the link ends the connection and answers every command under way with NULL:
 * its outcome is *unknown*, not failed. One thread, that of the loop; other threads may call only
 * redis_link_state() and redis_link_reason(). */
#ifndef ONRUSH_REDIS_LINK_H
#define ONRUSH_REDIS_LINK_H

#include "shared/base/metrics.h"
#include "shared/store/redis.h"

#include <event2/event.h>

enum redis_link_state { LINK_DOWN, LINK_CONNECTING, LINK_CHECKING, LINK_UP, LINK_CLOSED };

struct redis_link;

/* Called with the reply, which is valid during the call; NULL: the outcome is unknown. */
typedef void redis_link_fn(void *arg, const redisReply *reply);

/* Called when the link comes up, when it goes down after it was up (before or after the NULL
 * replies), and when the first attempt to connect fails. After the first call the state of Redis is
 * known. */
typedef void redis_link_state_fn(void *arg, bool up);

/* redis_link_new: starts to connect. Returns 0 and *out (the caller frees it), or -ENOMEM. `config`
 * must outlive the link. */
int redis_link_new(struct redis_link **out, struct event_base *base,
                   const struct redis_config *config, redis_link_state_fn *on_state, void *arg);

/* redis_link_free: answers the commands under way with NULL, and closes. Not from a redis_link_fn.
 * NULL is fine. Returns NULL. */
struct redis_link *redis_link_free(struct redis_link *link);

#define REDIS_LINK_ARGS_MAX 10011

/* redis_link_call: FCALL of `function` with the keys of a campaign and `n` arguments, which are
 * copied; there are at most REDIS_LINK_ARGS_MAX. Returns 0, and calls `fn` exactly once; or
 * -ENOTCONN (the link is not up) or -ENOMEM, and does not call `fn`. */
int redis_link_call(struct redis_link *link, const char *function, const struct campaign_keys *keys,
                    size_t n, const char *const *args, const size_t *lengths, redis_link_fn *fn,
                    void *arg);

/* redis_link_command: like redis_link_call(), for any other command, word by word. Without
 * `lengths` the words end with a NUL. */
int redis_link_command(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                       redis_link_fn *fn, void *arg);

/* redis_link_aside: like redis_link_command(), for work that is not essential: if Redis refuses it
 * (an ACL, for example), only `fn` is told, and the link stays as it is. */
int redis_link_aside(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                     redis_link_fn *fn, void *arg);

/* redis_link_measure: adds the time of every later command, answered or given up, to
 * `histogram`. */
void redis_link_measure(struct redis_link *link, struct metric_histogram *histogram);

enum redis_link_state redis_link_state(const struct redis_link *link);

/* redis_link_known: true once the first attempt to connect has succeeded or failed. */
bool redis_link_known(const struct redis_link *link);

/* redis_link_reason: why the link is not up; a constant text. */
const char *redis_link_reason(const struct redis_link *link);

#endif
