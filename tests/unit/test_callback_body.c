/* SPDX-License-Identifier: Apache-2.0 */
/* shared/daemon/callback_body: the schema of docs/callbacks.md, member by member. */
#include "tests/support/test.h"

#include "shared/daemon/callback_body.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795219864731882)

static const struct callback_from from = {"shop", "gateway", "web1.812.9f2c1a77"};

static json_t *take(char *body)
{
    assert_non_null(body);
    json_t *doc = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    free(body);
    return doc;
}

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

TEST(test_health)
{
    struct health h = {.overall.shown = HEALTH_DEGRADED};
    struct health_report report = {.able = true};
    struct health_change change = {.any = true, .was = HEALTH_OK};
    h.components[HEALTH_redis].shown = HEALTH_DOWN;
    health_found(&report, HEALTH_redis, HEALTH_DOWN, "cannot \"connect\"");
    char *body = callback_body_health(&from, "id-1", NOW, &h, &report, &change);
    json_t *doc = take(body), *parts = json_object_get(doc, "components");
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
    /* the first since the process started */
    body = callback_body_health(&from, "id-2", NOW, &h, &report, NULL);
    doc = take(body);
    assert_true(json_is_null(json_object_get(doc, "was")));
    parts = json_object_get(doc, "components");
    assert_true(json_is_null(json_object_get(json_object_get(parts, "redis"), "was")));
    json_decref(doc);
}

TEST(test_all_reasons_at_their_longest)
{
    struct health h = {.overall.shown = HEALTH_DOWN};
    struct health_report report = {.able = false};
    char longest[2 * HEALTH_REASON_SIZE];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        h.components[i].shown = HEALTH_DOWN;
        health_found(&report, (enum health_component)i, HEALTH_DOWN, "%s", longest);
    }
    char *body = callback_body_health(&from, "id", NOW, &h, &report, NULL);
    json_decref(take(body));
}

TEST(test_heartbeat)
{
    char *body = callback_body_heartbeat(&from, "id", NOW, HEALTH_DEGRADED);
    json_t *doc = take(body);
    check_envelope(doc, "id", "heartbeat");
    check_text(doc, "state", "degraded");
    json_decref(doc);
}
