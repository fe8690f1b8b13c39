/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/health.h"

#include <stdarg.h>
#include <stdio.h>

const char *const health_state_texts[] = {"ok", "degraded", "down"};
const char *const health_component_texts[] = {
#define X(M, id) #id,
    HEALTH_COMPONENTS(X, )
#undef X
};

void health_found(struct health_report *report, enum health_component component,
                  enum health_state state, const char *reason, ...)
{
    struct health_finding *f = &report->found[component];
    if (state <= f->state)
        return;
    va_list args;
    va_start(args, reason);
    f->state = state;
    vsnprintf(f->reason, sizeof f->reason, reason, args);
    va_end(args);
}

enum health_state health_overall(const struct health_report *report)
{
    if (!report->able)
        return HEALTH_DOWN;
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        if (report->found[i].state != HEALTH_OK)
            return HEALTH_DEGRADED;
    }
    return HEALTH_OK;
}

/* settle: updates one track. As long as reports stay on the same side of the shown state (down,
 * degraded, down while ok is shown), the time counts from the first of them: trouble that changes
 * its degree is still trouble. */
static bool settle(const struct health *h, struct health_track *t, enum health_state seen,
                   int64_t now_us)
{
    bool was_worse = t->seen > t->shown, was_better = t->seen < t->shown;
    bool worse = seen > t->shown, better = seen < t->shown;
    if ((worse && !was_worse) || (better && !was_better))
        t->seen_since_us = now_us;
    t->seen = seen;
    if ((!worse && !better) || now_us - t->seen_since_us < (worse ? h->worse_us : h->better_us))
        return false;
    t->shown = seen;
    return true;
}

void health_see(struct health *h, const struct health_report *report, int64_t now_us,
                struct health_change *change)
{
    change->was = h->overall.shown;
    change->any = settle(h, &h->overall, health_overall(report), now_us);
    for (int i = 0; i < HEALTH_COMPONENTS_N; i++) {
        change->components_were[i] = h->components[i].shown;
        if (settle(h, &h->components[i], report->found[i].state, now_us))
            change->any = true;
    }
}

int health_share_see(struct health_share *s, int64_t now_us, int64_t all, int64_t bad,
                     int64_t least)
{
    int64_t slot = now_us / HEALTH_SHARE_SLOT_US + 1;
    int64_t from =
        s->slot == 0 || slot - s->slot > HEALTH_SHARE_SLOTS ? slot - HEALTH_SHARE_SLOTS : s->slot;
    for (int64_t i = from + 1; i <= slot; i++) {
        s->slots[i % HEALTH_SHARE_SLOTS].all = all;
        s->slots[i % HEALTH_SHARE_SLOTS].bad = bad;
    }
    s->slot = slot;
    int64_t oldest = (slot + 1) % HEALTH_SHARE_SLOTS;
    int64_t n = all - s->slots[oldest].all, n_bad = bad - s->slots[oldest].bad;
    return n > 0 && n >= least ? (int)(n_bad * 100 / n) : 0;
}
