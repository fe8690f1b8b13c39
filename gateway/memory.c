#include "gateway/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* 16 to 32 bits a user and 6 probes: at most 1 of 1,000 strangers is taken for a known user. */
#define BITS_A_USER 16
#define PROBES      6
#define BITS_MIN    1024

/* mix: spreads every bit of x over the result (the finalizer of MurmurHash3). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

/* hash_user: FNV-1a, mixed. Whoever makes collisions only gets asked about in Redis. */
static uint64_t hash_user(const char *user, size_t len)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)user[i]) * 0x100000001b3ULL;
    return mix(h);
}

static size_t bits_for(int64_t users)
{
    size_t n = BITS_MIN;
    while (n < (size_t)users * BITS_A_USER)
        n *= 2;
    return n;
}

bool memory_full(const struct campaign_head *h)
{
    bool full = h->admit_limit >= 0 && h->admitted >= h->admit_limit;
    return h->ready && h->state == CAMPAIGN_OPEN &&
           campaign_gate(h->state, h->opens_us, h->closes_us, h->now_us, full) == REQUEST_FULL;
}

size_t memory_size(const struct campaign_head *h)
{
    return memory_full(h) ? bits_for(h->admitted) / 8 : 0;
}

int memory_begin(struct memory *m, const struct campaign_head *h)
{
    assert(m->stage == MEMORY_NONE && memory_full(h));
    size_t n_bits = bits_for(h->admitted);
    uint64_t *bits = calloc(n_bits / 64, sizeof *bits);
    if (bits == NULL)
        return -ENOMEM;
    *m = (struct memory){.stage = MEMORY_LOADING,
                         .bits = bits,
                         .n_bits = n_bits,
                         .id = h->id,
                         .epoch = h->epoch,
                         .admit_limit = h->admit_limit,
                         .admitted = h->admitted,
                         .returned = h->returned};
    return 0;
}

void memory_add(struct memory *m, const char *user, size_t len)
{
    assert(m->stage == MEMORY_LOADING);
    uint64_t h = hash_user(user, len), step = h >> 32 | 1;
    for (int i = 0; i < PROBES; i++, h += step)
        m->bits[(h & (m->n_bits - 1)) / 64] |= 1ULL << (h % 64);
}

void memory_read(struct memory *m)
{
    assert(m->stage == MEMORY_LOADING);
    m->stage = MEMORY_READ;
}

void memory_complete(struct memory *m)
{
    assert(m->stage == MEMORY_READ);
    m->stage = MEMORY_READY;
}

bool memory_fits(const struct memory *m, const struct campaign_head *h)
{
    return memory_full(h) && h->id == m->id && h->epoch == m->epoch &&
           h->admit_limit == m->admit_limit && h->admitted == m->admitted &&
           h->returned == m->returned;
}

bool memory_may_hold(const struct memory *m, const char *user, size_t len)
{
    assert(m->stage == MEMORY_READY);
    uint64_t h = hash_user(user, len), step = h >> 32 | 1;
    for (int i = 0; i < PROBES; i++, h += step) {
        if ((m->bits[(h & (m->n_bits - 1)) / 64] & 1ULL << (h % 64)) == 0)
            return false;
    }
    return true;
}

void memory_drop(struct memory *m)
{
    free(m->bits);
    *m = (struct memory){.stage = MEMORY_NONE};
}
