/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/fallback: when the result of a look at the journal may be used. */
#include "tests/support/test.h"

#include "gateway/campaign_cache.h"
#include "gateway/fallback.h"
#include "gateway/journal/archive.h"
#include "gateway/loop.h"
#include "gateway/routes/route_table.h"
#include "shared/base/clock.h"
#include "tests/support/private_redis.h"

static struct gateway gateway;
static struct gateway_config config = {.journal = true};
static struct private_redis redis;
static struct campaign_cache campaigns;
static struct batcher batcher;
static struct slab requests;
static const struct batcher_hooks nobody_asks;
static struct loop loop = {.magic = LOOP_MAGIC};

static void on_link(void *arg, bool up)
{
    (void)arg;
    assert_true(up);
    event_base_loopbreak(loop.base);
}

BEFORE_ALL(set_up)
{
    private_redis_start(&redis, NULL);
    gateway.config = &config;
    loop.gateway = &gateway;
    loop.base = event_base_new();
    request_pool_init(loop.requests = &requests);
    campaign_cache_init(loop.campaigns = &campaigns);
    batcher_init(loop.batcher = &batcher, &loop, &nobody_asks);
    assert_int_equal(redis_link_new(&loop.link, loop.base, &redis.config, on_link, NULL), 0);
    event_base_dispatch(loop.base);
    assert_int_equal(redis_link_state(loop.link), LINK_UP);
}

AFTER_ALL(tear_down)
{
    redis_link_free(loop.link);
    campaign_cache_end(&loop);
    slab_end(&requests);
    event_base_free(loop.base);
    private_redis_stop(&redis);
}

/* The last job put into the archive; the test answers it. */
static struct archive_job *asked;
static int n_asked;

void __wrap_archive_put(struct archive *archive, struct archive_job *job);

void __wrap_archive_put(struct archive *archive, struct archive_job *job)
{
    (void)archive;
    asked = job;
    n_asked++;
}

static struct request *enqueued(void)
{
    static const struct route post = {.op = OP_ENQUEUE};
    struct request *r = request_new(&loop, NULL);
    r->route = &post;
    r->campaign = campaign_cache_get(&loop, "noon", 4);
    r->stage = STAGE_ASKING;
    return r;
}

/* look: completes a look that found the journal empty. */
static void look(void)
{
    struct request *r = enqueued();
    r->known.kind = REQUEST_FULL;
    fallback_ask(r, FALLBACK_NO_REQUEST);
    loop.finishing = true; /* answered without asking Redis again */
    asked->answer = ARCHIVE_FOUND;
    asked->done(asked);
    loop.finishing = false;
    request_free(r);
}

/* After the first look a new head is requested. Looks that end before it arrives do not delay the
 * first one. */
TEST(test_later_looks_do_not_put_it_off)
{
    static const struct campaign_head head;
    struct cached_campaign *c = campaign_cache_get(&loop, "noon", 4);
    look();
    int64_t sent_us = clock_mono_us();
    for (int i = 0; i < 3; i++)
        look();
    cached_campaign_see(c, &head, sent_us);
    assert_in_range(c->look.ended_us, 1, sent_us);
    cached_campaign_release(c);
}

/* A head that was requested before the look ended does not count. */
TEST(test_an_older_head_is_not_enough)
{
    static const struct campaign_head head;
    struct cached_campaign *c = campaign_cache_get(&loop, "noon", 4);
    int64_t sent_us = clock_mono_us() - 1, before_us = c->look.began_us;
    look();
    cached_campaign_see(c, &head, sent_us);
    assert_int_equal(c->look.began_us, before_us);
    cached_campaign_release(c);
}

/* The next look begins before the last one expires, and no request waits for it. */
TEST(test_the_next_look_holds_nobody_up)
{
    struct request *r = enqueued();
    struct cached_campaign *c = r->campaign;
    loop.now_us = clock_mono_us();
    metric_set(&loop.metrics.mariadb_up, 1);
    c->look = (struct look){.began_us = loop.now_us - DOUBT_US * 9 / 10, .ended_us = 1};
    n_asked = 0;
    assert_false(fallback_doubted(r, loop.now_us));
    assert_false(fallback_doubted(r, loop.now_us));
    assert_int_equal(n_asked, 1);
    assert_ptr_equal(asked, &c->look_job);
    asked->answer = ARCHIVE_AWAY;
    asked->done(asked);
    assert_false(c->looking);
    loop.now_us += DOUBT_US;
    assert_true(fallback_doubted(r, loop.now_us));
    c->look = c->next_look = (struct look){0};
    request_answer(r, OUTCOME_unavailable);
    request_free(r);
}
