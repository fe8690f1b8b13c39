#include "gateway/vitals.h"

#include <inttypes.h>

struct figures {
    int64_t connections, in_flight, accepted, journalled;
    size_t redis, mariadb; /* workers that reach it */
};

static struct figures count(struct worker *const *workers, size_t n)
{
    struct figures f = {0};
    for (size_t i = 0; i < n; i++) {
        struct gateway_metrics *m = &workers[i]->loop.metrics;
        f.connections += metric_get(&m->connections);
        f.in_flight += metric_get(&m->in_flight);
        f.accepted += metric_get(&m->accepted);
        f.journalled += metric_get(&m->journalled);
        f.redis += redis_link_state(workers[i]->loop.link) == LINK_UP;
        f.mariadb += metric_get(&m->mariadb_up) > 0;
    }
    return f;
}

bool vitals_answered(struct worker *const *workers, size_t n, FILE *missing)
{
    struct figures f = count(workers, n);
    bool redis = f.redis == n, mariadb = f.mariadb == n;
    if (redis && mariadb)
        return true;
    fprintf(missing, "%s%s%s", redis ? "" : "redis", redis || mariadb ? "" : " and ",
            mariadb ? "" : "mariadb");
    return false;
}

bool vitals_progress(struct worker *const *workers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!pulse_moved(&workers[i]->pulse) && !atomic_load(&workers[i]->ended))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        pulse_mark(&workers[i]->pulse);
    return true;
}

bool vitals_ended(struct worker *const *workers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!atomic_load(&workers[i]->ended))
            return false;
    }
    return true;
}

void vitals_figures(struct worker *const *workers, size_t n, FILE *out)
{
    struct figures f = count(workers, n);
    fprintf(out,
            "%" PRId64 " connections, %" PRId64 " requests in flight; accepted %" PRId64
            ", in the journal %" PRId64 "; redis %s, mariadb %s",
            f.connections, f.in_flight, f.accepted, f.journalled, f.redis == n ? "up" : "away",
            f.mariadb == n ? "up" : "away");
}
