/* Notices: the JSON documents that callbacks carry; their schema is docs/callbacks.md. Pure. */
#ifndef ONRUSH_NOTICE_H
#define ONRUSH_NOTICE_H

#include "shared/health.h"

#include <stddef.h>
#include <stdint.h>

/* Who speaks. */
struct notice_from {
    const char *source;   /* the installation, as configured */
    const char *daemon;   /* "gateway", "scheduler" */
    const char *instance; /* this process: host.pid.random */
};

#define NOTICE_EVENTS(X)                                                                           \
    X(opened, "opened")                                                                            \
    X(half_gone, "half_gone")                                                                      \
    X(sold_out, "sold_out")                                                                        \
    X(closed, "closed")

enum notice_event {
#define X(id, text) NOTICE_##id,
    NOTICE_EVENTS(X)
#undef X
        NOTICE_EVENTS_N
};

struct notice_campaign {
    uint32_t id;
    const char *name, *state;
    int64_t quota, granted;
    int64_t opens_us, closes_us; /* closes_us 0: never */
};

/* All give a malloc'ed text of *len bytes, or NULL when out of memory. `now_us` is wall time. */

/* notice_health: `change` NULL: the first one of a process, nothing was before. */
char *notice_health(const struct notice_from *from, const char *id, int64_t now_us,
                    const struct health *health, const struct health_report *report,
                    const struct health_change *change, size_t *len);

/* notice_campaign_id: the same for the same event, whoever tells it and how often. */
void notice_campaign_id(const struct notice_from *from, enum notice_event event,
                        const struct notice_campaign *campaign, char *id, size_t size);
char *notice_campaign(const struct notice_from *from, const char *id, int64_t now_us,
                      enum notice_event event, const struct notice_campaign *campaign, size_t *len);

char *notice_heartbeat(const struct notice_from *from, const char *id, int64_t now_us,
                       enum health_state state, size_t *len);

#endif
