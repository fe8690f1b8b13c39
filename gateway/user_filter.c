/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/user_filter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* 16 to 32 bits per user and 6 probes: at most 1 in 1,000 unknown users is taken for a known
 * one. */
#define BITS_A_USER 16
#define PROBES      6
#define BITS_MIN    1024

/* mix: spreads each bit of x over the result (the finalizer of MurmurHash3). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

/* hash_user: FNV-1a, mixed. Whoever makes collisions only causes questions to Redis. */
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

bool user_filter_full(const struct campaign_head *h)
{
    bool full = h->admit_limit >= 0 && h->admitted >= h->admit_limit;
    return h->ready && h->state == CAMPAIGN_OPEN &&
           campaign_gate(h->state, h->opens_us, h->closes_us, h->now_us, full) == REQUEST_FULL;
}

size_t user_filter_size(const struct campaign_head *h)
{
    return user_filter_full(h) ? bits_for(h->admitted) / 8 : 0;
}

int user_filter_begin(struct user_filter *f, const struct campaign_head *h)
{
    assert(f->stage == FILTER_NONE && user_filter_full(h));
    size_t n_bits = bits_for(h->admitted);
    uint64_t *bits = calloc(n_bits / 64, sizeof *bits);
    if (bits == NULL)
        return -ENOMEM;
    *f = (struct user_filter){.stage = FILTER_LOADING,
                              .bits = bits,
                              .n_bits = n_bits,
                              .id = h->id,
                              .epoch = h->epoch,
                              .admit_limit = h->admit_limit,
                              .admitted = h->admitted,
                              .returned = h->returned};
    return 0;
}

void user_filter_add(struct user_filter *f, const char *user, size_t len)
{
    assert(f->stage == FILTER_LOADING);
    uint64_t h = hash_user(user, len), step = h >> 32 | 1;
    for (int i = 0; i < PROBES; i++, h += step)
        f->bits[(h & (f->n_bits - 1)) / 64] |= 1ULL << (h % 64);
}

void user_filter_read(struct user_filter *f)
{
    assert(f->stage == FILTER_LOADING);
    f->stage = FILTER_READ;
}

void user_filter_complete(struct user_filter *f)
{
    assert(f->stage == FILTER_READ);
    f->stage = FILTER_READY;
}

bool user_filter_fits(const struct user_filter *f, const struct campaign_head *h)
{
    return user_filter_full(h) && h->id == f->id && h->epoch == f->epoch &&
           h->admit_limit == f->admit_limit && h->admitted == f->admitted &&
           h->returned == f->returned;
}

bool user_filter_may_hold(const struct user_filter *f, const char *user, size_t len)
{
    assert(f->stage == FILTER_READY);
    uint64_t h = hash_user(user, len), step = h >> 32 | 1;
    for (int i = 0; i < PROBES; i++, h += step) {
        if ((f->bits[(h & (f->n_bits - 1)) / 64] & 1ULL << (h % 64)) == 0)
            return false;
    }
    return true;
}

void user_filter_drop(struct user_filter *f)
{
    free(f->bits);
    *f = (struct user_filter){.stage = FILTER_NONE};
}
