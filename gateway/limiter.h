/* A rate limiter: how often each of many keys may pass. One bounded table, shared by all workers, without a lock.
 *
 * The rule is GCRA (the generic cell rate algorithm, ITU-T I.371): a key has one number, the time at which its next
 * request would be due if requests came evenly, T = period / requests apart. A request passes when that time is less than one
 * period - T ahead, and moves it on by T. So `requests` may come at once, and then one each T; it never forgets and never sums up.
 *
 * A key has its place among WINDOW slots behind its hash. A slot whose time has come is as good as free: it is reused, so the table
 * holds as many keys as have asked within about one period. When all slots of a window are in use by others, a new key passes
 * without being counted (LIMITER_UNCOUNTED): nobody loses a place, or a request, to others. A refused request changes nothing.
 *
 * Exact: of one key, two threads never hold two slots. How: see limiter.c. Times are in µs of a clock that does not step. */
#ifndef ONRUSH_GATEWAY_LIMITER_H
#define ONRUSH_GATEWAY_LIMITER_H

#include <stddef.h>
#include <stdint.h>

#define LIMITER_WINDOW 16

struct limiter;

struct limit {
    int64_t requests;  /* 1 to 1000000 */
    int64_t period_us; /* 1 s to 1 h */
};

enum limiter_verdict { LIMITER_PASSED, LIMITER_REFUSED, LIMITER_UNCOUNTED };

/* What a request took, so that it can be given back. */
struct limiter_hold {
    uint32_t slot, version;
    int64_t ticks; /* 0: nothing */
};

/* limiter_new: for `slots` keys, a power of two, at least LIMITER_WINDOW; 16 bytes each, which the system gives when they are
 * touched. Times before `now_us` never come. NULL: no memory. */
struct limiter *limiter_new(size_t slots, int64_t now_us);
struct limiter *limiter_free(struct limiter *limiter);

/* limiter_take: one request of `key`. Refused: *wait_us is how long it should wait. Passed: *hold says what it took. Any thread. */
enum limiter_verdict limiter_take(struct limiter *limiter, const void *key, size_t len,
                                  const struct limit *limit, int64_t now_us,
                                  struct limiter_hold *hold, int64_t *wait_us);

/* limiter_give_back: the request was not served after all. Any thread. */
void limiter_give_back(struct limiter *limiter, const struct limiter_hold *hold);

#endif
