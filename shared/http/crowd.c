#include "shared/http/crowd.h"

#include "shared/siphash.h"

#include <assert.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>

#define STRIPES 16 /* locks */

struct http_crowd_place {
    LIST_ENTRY(http_crowd_place) next;
    struct address address;
    uint64_t hash;
    _Atomic int64_t n;
};

LIST_HEAD(bucket, http_crowd_place);

struct stripe {
    alignas(64) pthread_mutex_t lock;
};

struct http_crowd {
    alignas(64) _Atomic int64_t n;
    alignas(64) uint64_t secret[2]; /* of the hash */
    size_t mask;
    struct stripe stripes[STRIPES];
    struct bucket buckets[];
};

struct http_crowd *http_crowd_new(size_t expected)
{
    size_t n = STRIPES;
    while (n < expected && n < (size_t)1 << 20)
        n *= 2;
    size_t bytes = sizeof(struct http_crowd) + n * sizeof(struct bucket);
    struct http_crowd *crowd = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (crowd == NULL)
        return NULL;
    memset(crowd, 0, bytes);
    crowd->mask = n - 1;
    if (getrandom(crowd->secret, sizeof crowd->secret, GRND_NONBLOCK) != sizeof crowd->secret)
        crowd->secret[0] = (uint64_t)(uintptr_t)crowd ^ (uint64_t)time(NULL);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&crowd->stripes[i].lock, NULL);
    return crowd;
}

struct http_crowd *http_crowd_free(struct http_crowd *crowd)
{
    if (crowd == NULL)
        return NULL;
    assert(crowd->n == 0);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&crowd->stripes[i].lock);
    free(crowd);
    return NULL;
}

/* find: the place of an address, made when there is none. NULL: no memory. */
static struct http_crowd_place *find(struct bucket *bucket, const struct address *address,
                                     uint64_t hash)
{
    struct http_crowd_place *p;
    LIST_FOREACH (p, bucket, next) {
        if (memcmp(&p->address, address, sizeof *address) == 0)
            return p;
    }
    if ((p = calloc(1, sizeof *p)) == NULL)
        return NULL;
    p->address = *address;
    p->hash = hash;
    LIST_INSERT_HEAD(bucket, p, next);
    return p;
}

static pthread_mutex_t *lock_of(struct http_crowd *crowd, uint64_t hash)
{
    return &crowd->stripes[hash % STRIPES].lock; /* as n is a multiple: one lock for each bucket */
}

static enum http_crowd_verdict enter_here(struct http_crowd *crowd, const struct address *address,
                                          int64_t most_here, struct http_crowd_place **place)
{
    uint64_t hash = siphash(crowd->secret, address->bytes, sizeof address->bytes);
    struct bucket *bucket = &crowd->buckets[hash & crowd->mask];
    pthread_mutex_lock(lock_of(crowd, hash));
    struct http_crowd_place *p = find(bucket, address, hash);
    enum http_crowd_verdict verdict = HTTP_CROWD_FULL;
    if (p != NULL)
        verdict = p->n < most_here ? HTTP_CROWD_IN : HTTP_CROWD_HERE_FULL;
    if (verdict == HTTP_CROWD_IN) {
        p->n++;
    } else if (p != NULL && p->n == 0) { /* most_here is 0, and it is new */
        LIST_REMOVE(p, next);
        free(p);
    }
    pthread_mutex_unlock(lock_of(crowd, hash));
    *place = verdict == HTTP_CROWD_IN ? p : NULL;
    return verdict;
}

enum http_crowd_verdict http_crowd_enter(struct http_crowd *crowd, const struct address *address,
                                         int64_t most, int64_t most_here,
                                         struct http_crowd_place **place)
{
    enum http_crowd_verdict verdict = HTTP_CROWD_IN;
    *place = NULL;
    if (atomic_fetch_add_explicit(&crowd->n, 1, memory_order_relaxed) >= most)
        verdict = HTTP_CROWD_FULL;
    else if (address != NULL)
        verdict = enter_here(crowd, address, most_here, place);
    if (verdict != HTTP_CROWD_IN)
        atomic_fetch_sub_explicit(&crowd->n, 1, memory_order_relaxed);
    return verdict;
}

void http_crowd_leave(struct http_crowd *crowd, struct http_crowd_place *place)
{
    atomic_fetch_sub_explicit(&crowd->n, 1, memory_order_relaxed);
    if (place == NULL)
        return;
    uint64_t hash = place->hash;
    pthread_mutex_lock(lock_of(crowd, hash));
    assert(place->n > 0);
    if (--place->n == 0) {
        LIST_REMOVE(place, next);
        free(place);
    }
    pthread_mutex_unlock(lock_of(crowd, hash));
}

int64_t http_crowd_size(const struct http_crowd *crowd)
{
    return atomic_load_explicit(&crowd->n, memory_order_relaxed);
}

int64_t http_crowd_size_here(const struct http_crowd_place *place)
{
    return place != NULL ? atomic_load_explicit(&place->n, memory_order_relaxed) : 0;
}
