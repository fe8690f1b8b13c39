/* A slot is two words, and each word carries the slot's version: they belong together only when the versions are equal.
 *
 *   owner   tentative:1  version:12  hash:51     whose slot it is; hash 0: nobody's
 *   due     version:12  ticks:52                 the key's time; BUSY: the slot is being handed over
 *
 *   to charge:    find the owner, CAS due (v, t) ──► (v, t + T). If the slot was handed over meanwhile, the version has changed
 *                 and the CAS fails: start over.
 *   to hand over: 1. CAS due (v, past) ──► (v + 1, BUSY): whoever wins has the slot; charges of the old owner fail from now on
 *                 2. owner := tentative, v + 1, hash
 *                 3. look at the whole window: is the key there already, or tentative in another slot? Of two tentative ones the
 *                    first slot stays, the other is knocked out (owner := nobody).
 *                 4. CAS owner tentative ──► settled; when it was knocked out: due := (v + 1, 0), and start over
 *                 5. CAS due (v + 1, BUSY) ──► (v + 1, now + T)
 *
 * Two threads that bring the same key each write (2) before they look (3), and all is sequentially consistent, so at least one sees
 * the other. Nobody waits for anybody: whoever meets a tentative slot of his key does (3) and (4) for it, and whoever meets a settled
 * one that is BUSY opens it and charges it; (5) then fails, and its thread starts over. This is the insertion of Purcell and
 * Harris, "Non-blocking Hashtables with Open Addressing" (2005), with versions for reuse. */
#include "gateway/limiter.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_US 16
#define SKEW_US      1000000 /* callers tell the time; theirs are not quite the same */
#define TICKS_BITS   52
#define BUSY         ((UINT64_C(1) << TICKS_BITS) - 1)
#define VERSIONS     4096u
#define HASH_BITS    51
#define HASH_MASK    ((UINT64_C(1) << HASH_BITS) - 1)
#define TENTATIVE    (UINT64_C(1) << 63)

struct slot {
    _Atomic uint64_t owner, due;
};

struct limiter {
    size_t mask;
    int64_t start_us;
    uint64_t secret[2]; /* of the hash: nobody outside can aim at a slot */
    struct slot slots[];
};

/* One request. */
struct asking {
    struct limiter *limiter;
    uint64_t hash;
    size_t first;             /* of the window */
    uint64_t now, step, most; /* ticks: now, T, the whole period */
};

enum found { FOUND, ABSENT, PENDING };

static uint64_t due_word(uint32_t version, uint64_t ticks)
{
    return (uint64_t)version << TICKS_BITS | ticks;
}

static uint64_t due_ticks(uint64_t due)
{
    return due & BUSY;
}

static uint32_t due_version(uint64_t due)
{
    return (uint32_t)(due >> TICKS_BITS);
}

static uint64_t owner_word(uint32_t version, uint64_t hash)
{
    return (uint64_t)version << HASH_BITS | hash;
}

static uint32_t owner_version(uint64_t owner)
{
    return (uint32_t)(owner >> HASH_BITS) & (VERSIONS - 1);
}

static size_t slot_index(const struct asking *a, size_t i)
{
    return (a->first + i) & a->limiter->mask;
}

static struct slot *slot_at(const struct asking *a, size_t i)
{
    return &a->limiter->slots[slot_index(a, i)];
}

/* --- the hash: SipHash-2-4 (Aumasson and Bernstein) --- */

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static uint64_t sip_hash(const uint64_t secret[2], const void *data, size_t len)
{
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
                     secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
    const unsigned char *p = data;
    for (size_t left = len + 1; left > 0;) {
        uint64_t word = 0;
        size_t n = left > 8 ? 8 : left - 1;
        memcpy(&word, p, n);
        if (left <= 8)
            word |= (uint64_t)len << 56;
        v[3] ^= word;
        sip_round(v), sip_round(v);
        v[0] ^= word;
        p += n;
        left = left > 8 ? left - 8 : 0;
    }
    v[2] ^= 0xff;
    sip_round(v), sip_round(v), sip_round(v), sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- finding and charging --- */

/* find: the settled slot of the key. PENDING: there is none, but somebody is just bringing the key there. */
static enum found find(const struct asking *a, size_t *at, uint64_t *due)
{
    enum found result = ABSENT;
    for (size_t i = 0; i < LIMITER_WINDOW; i++) {
        uint64_t owner = atomic_load(&slot_at(a, i)->owner);
        if ((owner & HASH_MASK) != a->hash)
            continue;
        uint64_t word = atomic_load(&slot_at(a, i)->due);
        if (due_version(word) != owner_version(owner))
            continue;
        *at = i;
        *due = word;
        if ((owner & TENTATIVE) == 0)
            return FOUND;
        result = PENDING;
    }
    return result;
}

/* mend: false when the slot can be charged as it is; else it is made so, and the caller starts over. One that is BUSY is opened for
 * whoever is just bringing the key. One that is due further ahead than any limit in force can have brought it (the period was longer) has
 * used up its whole period: nobody waits longer than that. */
static bool mend(const struct asking *a, struct slot *slot, uint64_t due)
{
    uint64_t ticks = due_ticks(due);
    if (ticks != BUSY && ticks <= a->now + a->most + SKEW_US * TICKS_PER_US)
        return false;
    uint64_t better = ticks == BUSY ? 0 : a->now + a->most;
    atomic_compare_exchange_strong(&slot->due, &due, due_word(due_version(due), better));
    return true;
}

/* charge: false when the slot changed meanwhile. */
static bool charge(const struct asking *a, size_t i, uint64_t due, enum limiter_verdict *verdict,
                   struct limiter_hold *hold, int64_t *wait_us)
{
    struct slot *slot = slot_at(a, i);
    uint64_t ticks = due_ticks(due), from = ticks > a->now ? ticks : a->now;
    if (mend(a, slot, due))
        return false;
    if (from + a->step - a->now > a->most) {
        *wait_us = (int64_t)((from + a->step - a->now - a->most + TICKS_PER_US - 1) / TICKS_PER_US);
        return *verdict = LIMITER_REFUSED, true;
    }
    if (!atomic_compare_exchange_strong(&slot->due, &due,
                                        due_word(due_version(due), from + a->step)))
        return false;
    *hold = (struct limiter_hold){
        .slot = (uint32_t)slot_index(a, i), .version = due_version(due), .ticks = (int64_t)a->step};
    return *verdict = LIMITER_PASSED, true;
}

/* --- bringing a new key --- */

/* seize: (1) and (2). The slot's place in the window; -1: none is free; -2: somebody was faster. */
static int seize(const struct asking *a, uint32_t *version)
{
    for (size_t i = 0; i < LIMITER_WINDOW; i++) {
        struct slot *slot = slot_at(a, i);
        uint64_t owner = atomic_load(&slot->owner), due = atomic_load(&slot->due);
        if ((owner & TENTATIVE) != 0 || owner_version(owner) != due_version(due) ||
            due_ticks(due) > a->now)
            continue;
        *version = (due_version(due) + 1) % VERSIONS;
        if (!atomic_compare_exchange_strong(&slot->due, &due, due_word(*version, BUSY)))
            return -2;
        atomic_store(&slot->owner, TENTATIVE | owner_word(*version, a->hash));
        return (int)i;
    }
    return -1;
}

/* alone: (3). False when the key is in another slot, or comes first there. */
static bool alone(const struct asking *a, size_t mine)
{
    for (size_t i = 0; i < LIMITER_WINDOW; i++) {
        struct slot *slot = slot_at(a, i);
        uint64_t owner = atomic_load(&slot->owner);
        while (i != mine && (owner & HASH_MASK) == a->hash) {
            if (owner_version(owner) != due_version(atomic_load(&slot->due)))
                break; /* it is being handed over: its time has come */
            if ((owner & TENTATIVE) == 0 || i < mine)
                return false;
            if (atomic_compare_exchange_strong(&slot->owner, &owner,
                                               owner_word(owner_version(owner), 0)))
                break;
        }
    }
    return true;
}

/* settle: (3) and (4) for a tentative slot of the key, whoever brought it: settled afterwards, or knocked out. */
static void settle(const struct asking *a, size_t i, uint32_t version)
{
    uint64_t owner = TENTATIVE | owner_word(version, a->hash);
    uint64_t settled = owner_word(version, alone(a, i) ? a->hash : 0);
    atomic_compare_exchange_strong(&slot_at(a, i)->owner, &owner, settled);
}

/* bring: makes a slot for the key, and charges it for this request. False: start over. */
static bool bring(const struct asking *a, enum limiter_verdict *verdict, struct limiter_hold *hold)
{
    uint32_t version;
    int i = seize(a, &version);
    if (i == -1)
        return *verdict = LIMITER_UNCOUNTED, true;
    if (i < 0)
        return false;
    settle(a, (size_t)i, version);
    struct slot *slot = slot_at(a, (size_t)i);
    uint64_t owner = atomic_load(&slot->owner), due = due_word(version, BUSY);
    if (owner == owner_word(version, 0)) /* knocked out: it is ours to give back */
        return atomic_store(&slot->due, due_word(version, 0)), false;
    if (!atomic_compare_exchange_strong(&slot->due, &due, due_word(version, a->now + a->step)))
        return false; /* it was opened for us */
    *hold = (struct limiter_hold){
        .slot = (uint32_t)slot_index(a, (size_t)i), .version = version, .ticks = (int64_t)a->step};
    return *verdict = LIMITER_PASSED, true;
}

/* --- for others --- */

struct limiter *limiter_new(size_t slots, int64_t now_us)
{
    struct limiter *limiter = calloc(1, sizeof *limiter + slots * sizeof limiter->slots[0]);
    if (limiter == NULL)
        return NULL;
    if (RAND_bytes((unsigned char *)limiter->secret, sizeof limiter->secret) != 1)
        return limiter_free(limiter);
    limiter->mask = slots - 1;
    limiter->start_us = now_us - 1; /* so that nothing is ever due at 0 */
    return limiter;
}

struct limiter *limiter_free(struct limiter *limiter)
{
    free(limiter);
    return NULL;
}

enum limiter_verdict limiter_take(struct limiter *limiter, const void *key, size_t len,
                                  const struct limit *limit, int64_t now_us,
                                  struct limiter_hold *hold, int64_t *wait_us)
{
    enum limiter_verdict verdict;
    uint64_t hash = sip_hash(limiter->secret, key, len), due, period;
    period = (uint64_t)limit->period_us * TICKS_PER_US;
    int64_t past_us = now_us > limiter->start_us ? now_us - limiter->start_us : 0;
    struct asking a = {.limiter = limiter,
                       .hash = (hash & HASH_MASK) > 0 ? hash & HASH_MASK : 1,
                       .first = (size_t)(hash >> 32) & limiter->mask,
                       .now = (uint64_t)past_us * TICKS_PER_US,
                       .step = period / (uint64_t)limit->requests};
    a.most = a.step * (uint64_t)limit->requests;
    *hold = (struct limiter_hold){0};
    for (;;) { /* each round again means that another thread got on */
        size_t at;
        enum found found = find(&a, &at, &due);
        if (found == PENDING)
            settle(&a, at, due_version(due));
        else if (found == FOUND ? charge(&a, at, due, &verdict, hold, wait_us)
                                : bring(&a, &verdict, hold))
            return verdict;
    }
}

void limiter_give_back(struct limiter *limiter, const struct limiter_hold *hold)
{
    struct slot *slot = &limiter->slots[hold->slot];
    uint64_t ticks = (uint64_t)hold->ticks, due = atomic_load(&slot->due);
    while (ticks > 0 && due_version(due) == hold->version && due_ticks(due) != BUSY &&
           due_ticks(due) >= ticks && !atomic_compare_exchange_weak(&slot->due, &due, due - ticks))
        ;
}
