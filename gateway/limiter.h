/* SPDX-License-Identifier: Apache-2.0 */
/* A rate limiter: how often each of many keys may pass. All workers share one bounded table.
 *
 * The rule is GCRA (the generic cell rate algorithm, ITU-T I.371). Each key has one number: the
 * time when its next request would be due if requests came evenly, T = period / requests apart. A
 * request passes if that time is at most one period - T ahead, and moves it on by T. So `requests`
 * may come at once, and then one per T.
 *
 *   hash of the key ──► bucket: LIMITER_BUCKET slots, each { hash, due }
 *
 * 64 mutexes each guard every 64th bucket, so workers seldom meet.
 *
 * A slot is free once its time has come; any key of its bucket may take it. So the table holds the
 * keys of about the last period. When a bucket is full, a new key passes uncounted
 * (LIMITER_UNCOUNTED): other keys cost it neither a slot nor a request. A refused request changes
 * nothing.
 *
 * Any thread. Times are in µs of a monotonic clock. */
#ifndef ONRUSH_GATEWAY_LIMITER_H
#define ONRUSH_GATEWAY_LIMITER_H

#include <stddef.h>
#include <stdint.h>

#define LIMITER_BUCKET 16

struct limiter;

struct limit {
    int64_t requests;  /* 1 to 1000000 */
    int64_t period_us; /* 1 s to 1 h */
};

enum limiter_verdict { LIMITER_PASSED, LIMITER_REFUSED, LIMITER_UNCOUNTED };

/* What a request took, so that it can be given back. */
struct limiter_hold {
    uint64_t hash;
    int64_t ns; /* 0: nothing */
};

/* limiter_new: returns a table of `slots` keys: a power of two, at least LIMITER_BUCKET. Each takes
 * 16 bytes, once it is used. NULL: no memory. */
struct limiter *limiter_new(size_t slots);

/* limiter_free: returns NULL. `limiter` may be NULL. */
struct limiter *limiter_free(struct limiter *limiter);

/* limiter_take: asks for one request of `key`. PASSED: *hold is what it took. REFUSED: *wait_us is
 * the time to wait. */
enum limiter_verdict limiter_take(struct limiter *limiter, const void *key, size_t len,
                                  const struct limit *limit, int64_t now_us,
                                  struct limiter_hold *hold, int64_t *wait_us);

/* limiter_give_back: undoes a limiter_take() whose request was not served. */
void limiter_give_back(struct limiter *limiter, const struct limiter_hold *hold);

#endif
