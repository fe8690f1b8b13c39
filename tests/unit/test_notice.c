/* shared/notice: the schema of docs/callbacks.md, member by member. */
#include "tests/support/test.h"

#include "shared/notice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795219864731882)

static const struct notice_from from = {"shop", "gateway", "web1.812.9f2c1a77"};

static json_t *take(char *body, size_t len)
{
    assert_non_null(body);
    assert_int_equal(len, strlen(body));
    json_t *doc = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    free(body);
    return doc;
}

/* check_text: the member is this text. */
static void check_text(json_t *doc, const char *key, const char *text)
{
    assert_string_equal(json_string_value(json_object_get(doc, key)), text);
}

static void check_envelope(json_t *doc, const char *id, const char *type)
{
    assert_int_equal(json_integer_value(json_object_get(doc, "version")), 1);
    check_text(doc, "id", id);
    check_text(doc, "type", type);
    check_text(doc, "time", "2026-11-21T00:11:04.731882Z");
    check_text(doc, "source", "shop");
    check_text(doc, "daemon", "gateway");
    check_text(doc, "instance", "web1.812.9f2c1a77");
    assert_true(json_is_string(json_object_get(doc, "text")));
}

static void test_health(void **state)
{
    (void)state;
    struct health h = {.overall.shown = HEALTH_DEGRADED};
    struct health_report report = {.able = true};
    struct health_change change = {.any = true, .was = HEALTH_OK};
    size_t len;
    h.components[HEALTH_redis].shown = HEALTH_DOWN;
    health_found(&report, HEALTH_redis, HEALTH_DOWN, "cannot \"connect\"");
    char *body = notice_health(&from, "id-1", NOW, &h, &report, &change, &len);
    json_t *doc = take(body, len), *parts = json_object_get(doc, "components");
    check_envelope(doc, "id-1", "health");
    check_text(doc, "text",
               "shop gateway (web1.812.9f2c1a77): degraded; redis down: cannot \"connect\"");
    check_text(doc, "state", "degraded");
    check_text(doc, "was", "ok");
    assert_int_equal(json_object_size(doc), 11);
    assert_int_equal(json_object_size(parts), HEALTH_COMPONENTS_N);
    check_text(json_object_get(parts, "redis"), "state", "down");
    check_text(json_object_get(parts, "redis"), "was", "ok");
    check_text(json_object_get(parts, "redis"), "reason", "cannot \"connect\"");
    check_text(json_object_get(parts, "lag"), "state", "ok");
    check_text(json_object_get(parts, "lag"), "reason", "");
    json_decref(doc);
    body = notice_health(&from, "id-2", NOW, &h, &report, NULL, &len); /* the first of a process */
    doc = take(body, len);
    assert_true(json_is_null(json_object_get(doc, "was")));
    parts = json_object_get(doc, "components");
    assert_true(json_is_null(json_object_get(json_object_get(parts, "redis"), "was")));
    json_decref(doc);
}

static void test_all_reasons_at_their_longest(void **state)
{
    (void)state;
    struct health h = {.overall.shown = HEALTH_DOWN};
    struct health_report report = {.able = false};
    char longest[2 * HEALTH_REASON_SIZE];
    size_t len;
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        h.components[i].shown = HEALTH_DOWN;
        health_found(&report, (enum health_component)i, HEALTH_DOWN, "%s", longest);
    }
    char *body = notice_health(&from, "id", NOW, &h, &report, NULL, &len);
    json_decref(take(body, len));
}

static void test_campaign(void **state)
{
    (void)state;
    struct notice_campaign c = {.id = 17,
                                .name = "noon",
                                .state = "open",
                                .quota = 10000,
                                .granted = 10000,
                                .opens_us = INT64_C(1795219860000000)};
    char id[128], again[128];
    size_t len;
    notice_campaign_id(&from, NOTICE_sold_out, &c, id, sizeof id);
    assert_string_equal(id, "shop.17.sold_out.10000");
    char *body = notice_campaign(&from, id, NOW, NOTICE_sold_out, &c, &len);
    json_t *doc = take(body, len), *part = json_object_get(doc, "campaign");
    check_envelope(doc, id, "campaign.sold_out");
    check_text(doc, "text", "shop: campaign noon is sold out: 10000 of 10000 granted");
    assert_int_equal(json_object_size(doc), 9);
    assert_int_equal(json_object_size(part), 7);
    assert_int_equal(json_integer_value(json_object_get(part, "id")), 17);
    check_text(part, "name", "noon");
    check_text(part, "state", "open");
    assert_int_equal(json_integer_value(json_object_get(part, "quota")), 10000);
    assert_int_equal(json_integer_value(json_object_get(part, "granted")), 10000);
    check_text(part, "opens_at", "2026-11-21T00:11:00Z");
    assert_true(json_is_null(json_object_get(part, "closes_at")));
    json_decref(doc);
    c.granted = 9000; /* whoever tells it, and when: the same id */
    notice_campaign_id(&(struct notice_from){"shop", "scheduler", "other"}, NOTICE_sold_out, &c,
                       again, sizeof again);
    assert_string_equal(id, again);
    c.quota = 20000; /* can sell out once more */
    notice_campaign_id(&from, NOTICE_sold_out, &c, again, sizeof again);
    assert_string_not_equal(id, again);
    notice_campaign_id(&from, NOTICE_opened, &c, id, sizeof id);
    c.quota = 1;
    notice_campaign_id(&from, NOTICE_opened, &c, again, sizeof again);
    assert_string_equal(id, again); /* but opens only once */
}

static void test_heartbeat(void **state)
{
    (void)state;
    size_t len;
    char *body = notice_heartbeat(&from, "id", NOW, HEALTH_DEGRADED, &len);
    json_t *doc = take(body, len);
    check_envelope(doc, "id", "heartbeat");
    check_text(doc, "state", "degraded");
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_all_reasons_at_their_longest),
        cmocka_unit_test(test_campaign),
        cmocka_unit_test(test_heartbeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
