/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/redis: parsing the functions' replies. */
#include "tests/support/test.h"

#include "shared/store/redis.h"

#include <errno.h>
#include <string.h>

#define HEAD 19
#define MORE 2 /* elements of a future version */

/* A head as Redis sends it: strings for the values of meta, integers for sizes and the time. */
struct fake_head {
    redisReply reply, elements[HEAD + MORE], *pointers[HEAD + MORE];
};

static void make_head(struct fake_head *h)
{
    static const char *const texts[] = {"1",  "open", "10", "-1", "11", "12", "13",
                                        "14", "15",   "16", "17", "18", "19"};
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < HEAD + MORE; i++) {
        h->pointers[i] = &h->elements[i];
        h->elements[i].type = i < LENGTH(texts) ? REDIS_REPLY_STRING : REDIS_REPLY_INTEGER;
        if (i < LENGTH(texts)) {
            h->elements[i].str = (char *)(uintptr_t)texts[i];
            h->elements[i].len = (int)strlen(texts[i]);
        } else {
            h->elements[i].integer = 20 + (int)(i - LENGTH(texts));
        }
    }
    h->reply = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = HEAD, .element = h->pointers};
}

TEST(test_head)
{
    struct fake_head fake;
    struct campaign_head h;
    make_head(&fake);
    assert_int_equal(redis_head_parse(&fake.reply, &h), 0);
    assert_true(h.ready);
    assert_int_equal(h.state, CAMPAIGN_OPEN);
    const int64_t got[] = {
        h.quota,   h.admit_limit, h.opens_us, h.closes_us,       h.epoch,   h.admitted,
        h.granted, h.sold_out,    h.refused,  h.watermark,       h.id,      h.queued,
        h.claimed, h.now_us,      h.moves,    h.instant_wait_ms, h.returned};
    const int64_t want[] = {10, -1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};
    assert_memory_equal(got, want, sizeof want);
}

TEST(test_head_of_an_unknown_campaign)
{
    struct fake_head fake;
    struct campaign_head h;
    make_head(&fake);
    for (size_t i = 0; i < 13; i++)
        fake.elements[i] = (redisReply){.type = REDIS_REPLY_NIL};
    assert_int_equal(redis_head_parse(&fake.reply, &h), 0);
    assert_false(h.ready);
    assert_int_equal(h.epoch, -1);
    assert_int_equal(h.watermark, -1);
    assert_int_equal(h.queued, 20);
}

/* An older library without instant_wait_ms and later elements, and a newer one. */
TEST(test_head_of_another_version)
{
    struct fake_head fake;
    struct campaign_head h;
    make_head(&fake);
    fake.reply.elements = HEAD - 2;
    assert_int_equal(redis_head_parse(&fake.reply, &h), 0);
    assert_int_equal(h.moves, 23);
    assert_int_equal(h.instant_wait_ms, 0);
    fake.reply.elements = HEAD + MORE;
    assert_int_equal(redis_head_parse(&fake.reply, &h), 0);
    assert_int_equal(h.moves, 23);
    assert_int_equal(h.instant_wait_ms, 24);
}

TEST(test_what_is_no_head)
{
    struct fake_head fake;
    struct campaign_head h, before;
    memset(&before, 0x5a, sizeof before);
    h = before;
    assert_int_equal(redis_head_parse(NULL, &h), -EPROTO);
    make_head(&fake);
    fake.reply.elements = HEAD - 3;
    assert_int_equal(redis_head_parse(&fake.reply, &h), -EPROTO);
    make_head(&fake);
    fake.reply.type = REDIS_REPLY_ERROR;
    assert_int_equal(redis_head_parse(&fake.reply, &h), -EPROTO);
    make_head(&fake);
    fake.elements[1].str = (char *)(uintptr_t) "ajar";
    assert_int_equal(redis_head_parse(&fake.reply, &h), -EPROTO);
    assert_memory_equal(&h, &before, sizeof h);
}

static const struct {
    int type;
    const char *text, *word;
    bool is;
} errors[] = {
    {REDIS_REPLY_ERROR, "STALE epoch 1", "STALE", true},
    {REDIS_REPLY_ERROR, "STALE", "STALE", true},
    {REDIS_REPLY_ERROR, "STALER epoch 1", "STALE", false},
    {REDIS_REPLY_ERROR, "STAL", "STALE", false},
    {REDIS_REPLY_ERROR, "ERR STALE", "STALE", false},
    {REDIS_REPLY_ERROR, "stale", "STALE", false},
    {REDIS_REPLY_STRING, "STALE epoch 1", "STALE", false},
    {REDIS_REPLY_STATUS, "STALE", "STALE", false},
};

TEST(test_error_words)
{
    for (size_t i = 0; i < LENGTH(errors); i++) {
        redisReply r = {.type = errors[i].type,
                        .str = (char *)(uintptr_t)errors[i].text,
                        .len = (int)strlen(errors[i].text)};
        assert_int_equal(redis_error_is(&r, errors[i].word), errors[i].is);
    }
    assert_false(redis_error_is(NULL, "STALE"));
}
