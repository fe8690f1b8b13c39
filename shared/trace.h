/* Trace context (W3C traceparent): 00-<trace id>-<span id>-<flags>, in lower-case hex. Pure but for the
 * random numbers. */
#ifndef ONRUSH_TRACE_H
#define ONRUSH_TRACE_H

#include <stdbool.h>

#define TRACE_ID_LEN     32
#define SPAN_ID_LEN      16
#define TRACEPARENT_LEN  55
#define TRACEPARENT_SIZE (TRACEPARENT_LEN + 1)

struct trace_context {
    char trace_id[TRACE_ID_LEN + 1];
    char span_id[SPAN_ID_LEN + 1];
    bool sampled;
};

/* trace_parse: 0, or -EINVAL and *out untouched. Versions after 00 are read as far as 00 goes, as the
 * recommendation wants it. */
int trace_parse(const char *text, struct trace_context *out);

/* trace_format: as version 00. */
void trace_format(const struct trace_context *context, char out[TRACEPARENT_SIZE]);

/* trace_new_span: a random span id, which is not all zeros. trace_new: a trace id too. */
void trace_new_span(char span_id[SPAN_ID_LEN + 1]);
void trace_new(struct trace_context *out);

#endif
