/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/metrics.h"

#include "shared/daemon/process_metrics.h"

METRICS_TABLE(gateway_metrics, GATEWAY_METRICS);

static const size_t answer_offsets[OUTCOMES_N] = {
#define ANSWER_OFFSET(M, id, ...) [OUTCOME_##id] = offsetof(struct gateway_metrics, answers_##id),
    OUTCOMES(ANSWER_OFFSET, )
#undef ANSWER_OFFSET
};

metric_value *gateway_metrics_answer(struct gateway_metrics *metrics, enum outcome outcome)
{
    return metric_at(metrics, answer_offsets[outcome]);
}

void gateway_metrics_render(FILE *out, struct gateway_metrics *const *shards, size_t n)
{
    metrics_render(out, &gateway_metrics_table, (void *const *)shards, n);
    process_metrics_render(out, "gateway");
}
