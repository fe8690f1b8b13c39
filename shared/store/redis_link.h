/* SPDX-License-Identifier: Apache-2.0 */
/* An asynchronous connection to Redis that keeps itself up, inside a libevent loop.
 *
 *            ┌───────────────────────── lost, too slow, refused ─────────────────────────┐
 *            ▼                                                                           │
 *        LINK_DOWN ── backoff ──► LINK_CONNECTING ──► LINK_CHECKING ──► LINK_UP ─────────┤
 *            ▲                                        (log in, does it take writes, load │
 *            │                                         the functions, is every write     │
 *            │                                         synced to disk?)                  │
 *            └── what is under way is answered ── LINK_CLOSED ◄── it takes no writes ────┘
 *
 * Up means: Redis takes writes, and has the functions. A reply that says that it takes none any
 * more, from anybody (read-only, out of memory, disk full: redis_refusal_of()), ends "up" for all
 * users of the link; a probe each second finds out also when nobody asks. Functions that were
 * flushed, or replaced by older ones, are loaded again on the spot: nobody has to wait for more
 * than that, and the link stays up.
 *
 * hiredis 0.14 has no deadline for asynchronous commands, so the link has its own: answers come in
 * the order of the commands, hence a timer for the oldest is enough. A command without an answer in
 * command_timeout_ms ends the connection, and every command under way is answered with NULL: what
 * happened to it is *unknown*, not failed. One thread: that of the loop; only redis_link_state()
 * and redis_link_reason() may be called from others. */
#ifndef ONRUSH_REDIS_LINK_H
#define ONRUSH_REDIS_LINK_H

#include "shared/base/metrics.h"
#include "shared/store/redis.h"

#include <event2/event.h>

enum redis_link_state { LINK_DOWN, LINK_CONNECTING, LINK_CHECKING, LINK_UP, LINK_CLOSED };

struct redis_link;

/* The answer of a command. NULL: unknown. The reply belongs to the link and ends with the call. */
typedef void redis_link_fn(void *arg, const redisReply *reply);

/* Called when the link comes up, when it is lost after it was up (before or after the NULL
 * answers), and when the first try to connect fails: after the first call the state of Redis is
 * known. */
typedef void redis_link_state_fn(void *arg, bool up);

/* redis_link_new: begins to connect. 0 and *out (the caller frees it), or -ENOMEM. `config` must
 * outlive the link. */
int redis_link_new(struct redis_link **out, struct event_base *base,
                   const struct redis_config *config, redis_link_state_fn *on_state, void *arg);

/* redis_link_free: closes; commands under way are answered with NULL first. Not from within a
 * redis_link_fn. NULL is fine. Gives NULL. */
struct redis_link *redis_link_free(struct redis_link *link);

/* redis_link_call: FCALL of `function` with the keys of a campaign and `n` arguments, which are
 * copied. 0, and `fn` will be called exactly once; or -ENOTCONN (the link is not up), -ENOMEM, and
 * `fn` will not be called. */
int redis_link_call(struct redis_link *link, const char *function, const struct campaign_keys *keys,
                    size_t n, const char *const *args, const size_t *lengths, redis_link_fn *fn,
                    void *arg);

/* redis_link_command: any other command, word by word. Otherwise as redis_link_call(). */
int redis_link_command(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                       redis_link_fn *fn, void *arg);

/* redis_link_aside: the same, for a command beside the main work. If Redis refuses it (say, an ACL
 * forbids it), only `fn` sees that; the link stays as it is. */
int redis_link_aside(struct redis_link *link, size_t n, const char **words, const size_t *lengths,
                     redis_link_fn *fn, void *arg);

/* redis_link_measure: from now on each command that gets its answer, or is given up, is counted
 * here. */
void redis_link_measure(struct redis_link *link, struct metric_histogram *histogram);

enum redis_link_state redis_link_state(const struct redis_link *link);

/* redis_link_known: the first try to connect has come to its end. */
bool redis_link_known(const struct redis_link *link);

/* redis_link_reason: why the link is not up, a constant text. */
const char *redis_link_reason(const struct redis_link *link);

#endif
