#include "gateway/metrics.h"

#include "shared/redis.h"
#include "shared/schema.h"

#define METRICS_SHARD gateway_metrics
METRICS_TABLE(table, GATEWAY_METRICS);

static const size_t answer_offsets[OUTCOMES_N] = {
#define ANSWER_OFFSET(M, id, ...) [OUTCOME_##id] = offsetof(struct gateway_metrics, answers_##id),
    OUTCOMES(ANSWER_OFFSET, )
#undef ANSWER_OFFSET
};

metric_value *gateway_metrics_answer(struct gateway_metrics *metrics, enum outcome outcome)
{
    return (metric_value *)((char *)metrics + answer_offsets[outcome]);
}

void gateway_metrics_render(FILE *out, struct gateway_metrics *const *shards, size_t n)
{
    fprintf(out,
            "# HELP onrush_gateway_build_info What runs here.\n"
            "# TYPE onrush_gateway_build_info gauge\n"
            "onrush_gateway_build_info{version=\"%s\",functions=\"%d\",schema=\"%d\"} 1\n",
            ONRUSH_VERSION, redis_functions_version(), schema_known());
    metrics_render(out, table, sizeof table / sizeof table[0], (void *const *)shards, n);
}
