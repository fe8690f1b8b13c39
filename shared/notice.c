#include "shared/notice.h"

#include "shared/clock.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION   1
#define TEXT_SIZE 1024

static const char *const event_texts[] = {
#define X(id, text) text,
    NOTICE_EVENTS(X)
#undef X
};

static json_t *time_json(int64_t us)
{
    char text[CLOCK_TEXT_SIZE];
    return us > 0 ? json_string(clock_format(us, text)) : json_null();
}

/* envelope: what every notice begins with. */
static json_t *envelope(const struct notice_from *from, const char *type, const char *id,
                        int64_t now_us, const char *text)
{
    return json_pack("{s:i, s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "version", VERSION, "id", id,
                     "type", type, "time", time_json(now_us), "source", from->source, "daemon",
                     from->daemon, "instance", from->instance, "text", text);
}

static char *finish(json_t *doc, size_t *len)
{
    char *body = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    *len = body != NULL ? strlen(body) : 0;
    return body;
}

/* append: to a sentence for people; what does not fit is left out. */
static void append(char text[TEXT_SIZE], const char *a, const char *b, const char *c)
{
    size_t n = strlen(text);
    snprintf(text + n, TEXT_SIZE - n, "%s%s%s", a, b, c);
}

static json_t *components_json(const struct health *h, const struct health_report *report,
                               const struct health_change *change, char text[TEXT_SIZE])
{
    json_t *all = json_object();
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        enum health_state shown = h->components[i].shown;
        const char *name = health_component_text((enum health_component)i);
        const char *reason = shown != HEALTH_OK ? report->found[i].reason : "";
        json_object_set_new(
            all, name,
            json_pack("{s:s, s:o, s:s}", "state", health_state_text(shown), "was",
                      change != NULL ? json_string(health_state_text(change->components_were[i]))
                                     : json_null(),
                      "reason", reason));
        if (shown != HEALTH_OK) {
            append(text, "; ", name, " ");
            append(text, health_state_text(shown), *reason ? ": " : "", reason);
        }
    }
    return all;
}

char *notice_health(const struct notice_from *from, const char *id, int64_t now_us,
                    const struct health *h, const struct health_report *report,
                    const struct health_change *change, size_t *len)
{
    char text[TEXT_SIZE];
    const char *state = health_state_text(h->overall.shown);
    snprintf(text, sizeof text, "%s %s (%s): %s", from->source, from->daemon, from->instance,
             state);
    json_t *components = components_json(h, report, change, text);
    json_t *doc = envelope(from, "health", id, now_us, text);
    json_object_set_new(doc, "state", json_string(state));
    json_object_set_new(doc, "was",
                        change != NULL ? json_string(health_state_text(change->was)) : json_null());
    json_object_set_new(doc, "components", components);
    return finish(doc, len);
}

void notice_campaign_id(const struct notice_from *from, enum notice_event event,
                        const struct notice_campaign *c, char *id, size_t size)
{
    int n = snprintf(id, size, "%s.%" PRIu32 ".%s", from->source, c->id, event_texts[event]);
    /* a raised quota makes these two possible again */
    if ((event == NOTICE_half_gone || event == NOTICE_sold_out) && n > 0 && (size_t)n < size)
        snprintf(id + n, size - (size_t)n, ".%" PRId64, c->quota);
}

char *notice_campaign(const struct notice_from *from, const char *id, int64_t now_us,
                      enum notice_event event, const struct notice_campaign *c, size_t *len)
{
    static const char *const words[] = {"is open", "is half gone", "is sold out", "is closed"};
    char text[TEXT_SIZE], type[32];
    snprintf(type, sizeof type, "campaign.%s", event_texts[event]);
    snprintf(text, sizeof text, "%s: campaign %s %s: %" PRId64 " of %" PRId64 " granted",
             from->source, c->name, words[event], c->granted, c->quota);
    json_t *doc = envelope(from, type, id, now_us, text);
    json_object_set_new(doc, "campaign",
                        json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:o}", "id", (json_int_t)c->id,
                                  "name", c->name, "state", c->state, "quota", (json_int_t)c->quota,
                                  "granted", (json_int_t)c->granted, "opens_at",
                                  time_json(c->opens_us), "closes_at", time_json(c->closes_us)));
    return finish(doc, len);
}

char *notice_heartbeat(const struct notice_from *from, const char *id, int64_t now_us,
                       enum health_state state, size_t *len)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%s %s (%s) lives: %s", from->source, from->daemon, from->instance,
             health_state_text(state));
    json_t *doc = envelope(from, "heartbeat", id, now_us, text);
    json_object_set_new(doc, "state", json_string(health_state_text(state)));
    return finish(doc, len);
}
