/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/callback_body.h"

#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>

#define VERSION   1
#define TEXT_SIZE 1024

char *callback_body(const struct callback_from *from, const char *type, const char *id,
                    int64_t now_us, const char *text, json_t *members)
{
    char now[CLOCK_TEXT_SIZE];
    json_t *doc =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "version", VERSION, "id", id, "type",
                  type, "time", clock_format(now_us, now), "source", from->source, "daemon",
                  from->daemon, "instance", from->instance, "text", text);
    char *json = json_object_update(doc, members) == 0 ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(members);
    json_decref(doc);
    return json;
}

/* component_json: one component; appends what is wrong with it to `text`. */
static json_t *component_json(const char *name, enum health_state state, const char *was,
                              const char *reason, char text[TEXT_SIZE])
{
    const char *state_text = health_state_texts[state];
    size_t n = strlen(text);
    if (state == HEALTH_OK)
        reason = "";
    else
        snprintf(text + n, TEXT_SIZE - n, "; %s %s%s%s", name, state_text, *reason ? ": " : "",
                 reason);
    return json_pack("{s:s, s:s?, s:s}", "state", state_text, "was", was, "reason", reason);
}

char *callback_body_health(const struct callback_from *from, const char *id, int64_t now_us,
                           const struct health *h, const struct health_report *report,
                           const struct health_change *change)
{
    char text[TEXT_SIZE];
    const char *state = health_state_texts[h->overall.shown];
    json_t *components = json_object();
    snprintf(text, sizeof text, "%s %s (%s): %s", from->source, from->daemon, from->instance,
             state);
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        const char *name = health_component_texts[i];
        const char *was = change != NULL ? health_state_texts[change->components_were[i]] : NULL;
        json_object_set_new(
            components, name,
            component_json(name, h->components[i].shown, was, report->found[i].reason, text));
    }
    return callback_body(from, "health", id, now_us, text,
                         json_pack("{s:s, s:s?, s:o}", "state", state, "was",
                                   change != NULL ? health_state_texts[change->was] : NULL,
                                   "components", components));
}

char *callback_body_heartbeat(const struct callback_from *from, const char *id, int64_t now_us,
                              enum health_state state)
{
    char text[TEXT_SIZE];
    const char *state_text = health_state_texts[state];
    snprintf(text, sizeof text, "%s %s (%s) lives: %s", from->source, from->daemon, from->instance,
             state_text);
    return callback_body(from, "heartbeat", id, now_us, text,
                         json_pack("{s:s}", "state", state_text));
}
