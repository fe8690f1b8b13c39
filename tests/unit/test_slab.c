/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs: no object is handed out twice, and unused memory is released. */
#include "tests/support/test.h"

#include "shared/base/slab.h"
#include "tests/support/dice.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define MOST 5000
#define SIZE 328

static struct slab slab;
static unsigned char *out[MOST];
static size_t n;

static void take(void)
{
    out[n] = slab_take(&slab);
    assert_non_null(out[n]);
    assert_int_equal((uintptr_t)out[n] % 16, 0);
    memset(out[n], (int)((uintptr_t)out[n] >> 4 & 0xff), SIZE);
    n++;
}

/* give: checks that nobody else used the object, and frees it. */
static void give(size_t i)
{
    unsigned char *object = out[i];
    for (size_t k = 0; k < SIZE; k++)
        assert_int_equal(object[k], (uintptr_t)object >> 4 & 0xff);
    out[i] = out[--n];
    slab_give(&slab, object);
}

TEST(test_nobody_shares)
{
    dice_seed();
    slab_init(&slab, SIZE, 0);
    for (int i = 0; i < 200000; i++) {
        bool more = n == 0 || (n < MOST && dice(100) < (i / 20000 % 2 == 0 ? 60 : 40));
        if (more)
            take();
        else
            give((size_t)dice(n));
    }
    while (n > 0)
        give(n - 1);
    assert_int_equal(slab.n_empty, 0);
    assert_true(TAILQ_EMPTY(&slab.in));
    slab_end(&slab);
}

static bool is_mapped(void *object)
{
    unsigned char there;
    void *page = (void *)((uintptr_t)object & ~(uintptr_t)4095);
    return mincore(page, 1, &there) == 0;
}

TEST(test_what_is_kept)
{
    void *some[MOST];
    size_t mapped = 0;
    slab_init(&slab, SIZE, 1000);
    while (n < MOST)
        take();
    memcpy(some, out, sizeof some);
    while (n > 0)
        give(n - 1);
    for (size_t i = 0; i < MOST; i++)
        mapped += is_mapped(some[i]);
    assert_in_range(mapped, 1000, 1000 + 65536 / SIZE);
    slab_end(&slab);
    assert_false(is_mapped(some[0]));
}
