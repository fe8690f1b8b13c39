/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/client_limit.h"

#include "shared/base/siphash.h"

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

struct http_client_place {
    LIST_ENTRY(http_client_place) next;
    struct address address;
    uint64_t hash;
    _Atomic int64_t n;
};

LIST_HEAD(bucket, http_client_place);

struct stripe {
    alignas(64) pthread_mutex_t lock;
};

struct http_client_limit {
    alignas(64) _Atomic int64_t n;
    alignas(64) uint64_t secret[2]; /* of the hash */
    size_t mask;
    struct stripe stripes[STRIPES];
    struct bucket buckets[];
};

struct http_client_limit *http_client_limit_new(size_t expected)
{
    size_t n = STRIPES;
    while (n < expected && n < (size_t)1 << 20)
        n *= 2;
    size_t bytes = sizeof(struct http_client_limit) + n * sizeof(struct bucket);
    struct http_client_limit *clients = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (clients == NULL)
        return NULL;
    memset(clients, 0, bytes);
    clients->mask = n - 1;
    if (getrandom(clients->secret, sizeof clients->secret, GRND_NONBLOCK) != sizeof clients->secret)
        clients->secret[0] = (uint64_t)(uintptr_t)clients ^ (uint64_t)time(NULL);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&clients->stripes[i].lock, NULL);
    return clients;
}

struct http_client_limit *http_client_limit_free(struct http_client_limit *clients)
{
    if (clients == NULL)
        return NULL;
    assert(clients->n == 0);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&clients->stripes[i].lock);
    free(clients);
    return NULL;
}

/* find: the place of an address, created if needed. NULL: no memory. */
static struct http_client_place *find(struct bucket *bucket, const struct address *address,
                                      uint64_t hash)
{
    struct http_client_place *p;
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

static pthread_mutex_t *lock_of(struct http_client_limit *clients, uint64_t hash)
{
    return &clients->stripes[hash % STRIPES]
                .lock; /* n is a multiple of STRIPES, so a bucket has one lock */
}

static enum http_client_limit_verdict enter_here(struct http_client_limit *clients,
                                                 const struct address *address, int64_t most_here,
                                                 struct http_client_place **place)
{
    uint64_t hash = siphash(clients->secret, address->bytes, sizeof address->bytes);
    struct bucket *bucket = &clients->buckets[hash & clients->mask];
    pthread_mutex_lock(lock_of(clients, hash));
    struct http_client_place *p = find(bucket, address, hash);
    enum http_client_limit_verdict verdict = HTTP_CLIENT_ALL_FULL;
    if (p != NULL)
        verdict = p->n < most_here ? HTTP_CLIENT_IN : HTTP_CLIENT_ADDRESS_FULL;
    if (verdict == HTTP_CLIENT_IN) {
        p->n++;
    } else if (p != NULL && p->n == 0) { /* most_here is 0, and the place is new */
        LIST_REMOVE(p, next);
        free(p);
    }
    pthread_mutex_unlock(lock_of(clients, hash));
    *place = verdict == HTTP_CLIENT_IN ? p : NULL;
    return verdict;
}

enum http_client_limit_verdict http_client_limit_enter(struct http_client_limit *clients,
                                                       const struct address *address, int64_t most,
                                                       int64_t most_here,
                                                       struct http_client_place **place)
{
    enum http_client_limit_verdict verdict = HTTP_CLIENT_IN;
    *place = NULL;
    if (atomic_fetch_add_explicit(&clients->n, 1, memory_order_relaxed) >= most)
        verdict = HTTP_CLIENT_ALL_FULL;
    else if (address != NULL)
        verdict = enter_here(clients, address, most_here, place);
    if (verdict != HTTP_CLIENT_IN)
        atomic_fetch_sub_explicit(&clients->n, 1, memory_order_relaxed);
    return verdict;
}

void http_client_limit_leave(struct http_client_limit *clients, struct http_client_place *place)
{
    atomic_fetch_sub_explicit(&clients->n, 1, memory_order_relaxed);
    if (place == NULL)
        return;
    uint64_t hash = place->hash;
    pthread_mutex_lock(lock_of(clients, hash));
    assert(place->n > 0);
    if (--place->n == 0) {
        LIST_REMOVE(place, next);
        free(place);
    }
    pthread_mutex_unlock(lock_of(clients, hash));
}

int64_t http_client_limit_size(const struct http_client_limit *clients)
{
    return atomic_load_explicit(&clients->n, memory_order_relaxed);
}

int64_t http_client_limit_size_here(const struct http_client_place *place)
{
    return place != NULL ? atomic_load_explicit(&place->n, memory_order_relaxed) : 0;
}

uint64_t http_client_limit_hash(const struct http_client_place *place)
{
    return place->hash;
}
