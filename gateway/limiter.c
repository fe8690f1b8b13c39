/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/limiter.h"

#include "shared/base/siphash.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#define STRIPES 64
#define NS      1000       /* ns per µs */
#define SKEW_NS 1000000000 /* how far the clock readings of callers may differ */

struct slot {
    uint64_t hash;
    int64_t due_ns; /* 0: never used */
};

/* Guards the buckets whose number % STRIPES is its own. */
struct stripe {
    alignas(64) pthread_mutex_t lock;
};

struct limiter {
    struct stripe stripes[STRIPES];
    uint64_t secret[2]; /* of the hash: outsiders cannot choose keys that share a bucket */
    size_t n_buckets;
    struct slot *slots;
};

static size_t bucket_of(const struct limiter *l, uint64_t hash)
{
    return hash & (l->n_buckets - 1);
}

static pthread_mutex_t *lock_of(struct limiter *l, uint64_t hash)
{
    return &l->stripes[bucket_of(l, hash) % STRIPES].lock;
}

/* find: returns the slot of a key; if it has none, a free slot or NULL. */
static struct slot *find(struct limiter *l, uint64_t hash, int64_t now_ns)
{
    struct slot *free_slot = NULL, *slot = &l->slots[bucket_of(l, hash) * LIMITER_BUCKET];
    for (int i = 0; i < LIMITER_BUCKET; i++, slot++) {
        if (slot->hash == hash)
            return slot;
        if (slot->due_ns <= now_ns)
            free_slot = slot;
    }
    return free_slot;
}

/* charge: applies the rule to a slot. Returns how long the request must wait, in ns; 0: it
 * passes. */
static int64_t charge(struct slot *slot, uint64_t hash, int64_t now_ns, int64_t step_ns,
                      int64_t period_ns)
{
    if (slot->hash != hash || slot->due_ns < now_ns)
        *slot = (struct slot){.hash = hash, .due_ns = now_ns};
    /* The period was longer when the slot was charged; do not enforce the old one. */
    if (slot->due_ns > now_ns + period_ns + SKEW_NS)
        slot->due_ns = now_ns + period_ns;
    int64_t wait_ns = slot->due_ns + step_ns - now_ns - period_ns;
    if (wait_ns > 0)
        return wait_ns;
    slot->due_ns += step_ns;
    return 0;
}

/* --- the interface --- */

struct limiter *limiter_new(size_t slots)
{
    struct limiter *l = aligned_alloc(alignof(struct limiter), sizeof *l);
    if (l == NULL)
        return NULL;
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_init(&l->stripes[i].lock, NULL);
    l->n_buckets = slots / LIMITER_BUCKET;
    l->slots = calloc(slots, sizeof *l->slots);
    arc4random_buf(l->secret, sizeof l->secret);
    return l->slots != NULL ? l : limiter_free(l);
}

struct limiter *limiter_free(struct limiter *l)
{
    for (int i = 0; l != NULL && i < STRIPES; i++)
        pthread_mutex_destroy(&l->stripes[i].lock);
    if (l != NULL)
        free(l->slots);
    free(l);
    return NULL;
}

enum limiter_verdict limiter_take(struct limiter *l, const void *key, size_t len,
                                  const struct limit *limit, int64_t now_us,
                                  struct limiter_hold *hold, int64_t *wait_us)
{
    int64_t now_ns = now_us * NS, step_ns = limit->period_us * NS / limit->requests, wait_ns = 0;
    uint64_t hash = siphash(l->secret, key, len);
    *hold = (struct limiter_hold){.hash = hash};
    pthread_mutex_lock(lock_of(l, hash));
    struct slot *slot = find(l, hash, now_ns);
    if (slot != NULL)
        wait_ns = charge(slot, hash, now_ns, step_ns, step_ns * limit->requests);
    pthread_mutex_unlock(lock_of(l, hash));
    if (slot == NULL)
        return LIMITER_UNCOUNTED;
    if (wait_ns == 0) {
        hold->ns = step_ns;
        return LIMITER_PASSED;
    }
    *wait_us = (wait_ns + NS - 1) / NS;
    return LIMITER_REFUSED;
}

void limiter_give_back(struct limiter *l, const struct limiter_hold *hold)
{
    if (hold->ns == 0)
        return;
    pthread_mutex_lock(lock_of(l, hold->hash));
    struct slot *slot = find(l, hold->hash, INT64_MIN);
    if (slot != NULL)
        slot->due_ns -= hold->ns;
    pthread_mutex_unlock(lock_of(l, hold->hash));
}
