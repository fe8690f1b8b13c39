#include "shared/trace.h"

#include "shared/clock.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define HEX "0123456789abcdef"

/* read_hex: copies `n` digits, of which one at least is not 0. */
static bool read_hex(const char *text, size_t n, char *out)
{
    if (strspn(text, HEX) < n || strspn(text, "0") >= n)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

static int digit(char c)
{
    const char *at = strchr(HEX, c);
    return at != NULL && c != '\0' ? (int)(at - HEX) : -1;
}

int trace_parse(const char *text, struct trace_context *out)
{
    struct trace_context c;
    size_t len = strnlen(text, 256);
    if (len < TRACEPARENT_LEN || digit(text[0]) < 0 || digit(text[1]) < 0 ||
        strncmp(text, "ff", 2) == 0)
        return -EINVAL;
    bool first = strncmp(text, "00", 2) == 0;
    if (first ? len != TRACEPARENT_LEN
              : text[TRACEPARENT_LEN] != '\0' && text[TRACEPARENT_LEN] != '-')
        return -EINVAL;
    if (text[2] != '-' || text[35] != '-' || text[52] != '-' || digit(text[53]) < 0 ||
        digit(text[54]) < 0)
        return -EINVAL;
    if (!read_hex(text + 3, TRACE_ID_LEN, c.trace_id) ||
        !read_hex(text + 36, SPAN_ID_LEN, c.span_id))
        return -EINVAL;
    c.sampled = (digit(text[54]) & 1) != 0;
    *out = c;
    return 0;
}

void trace_format(const struct trace_context *c, char out[TRACEPARENT_SIZE])
{
    snprintf(out, TRACEPARENT_SIZE, "00-%s-%s-%02x", c->trace_id, c->span_id, c->sampled ? 1 : 0);
}

static void random_hex(char *out, size_t n)
{
    uint64_t dice[2] = {0};
    if (getrandom(dice, n / 2, GRND_NONBLOCK) != (ssize_t)(n / 2))
        dice[0] = (uint64_t)clock_wall_us();
    dice[0] |= 1; /* never all zeros */
    for (size_t i = 0; i < n; i++)
        out[i] = HEX[dice[i / 16] >> (i % 16 * 4) & 15];
    out[n] = '\0';
}

void trace_new_span(char span_id[SPAN_ID_LEN + 1])
{
    random_hex(span_id, SPAN_ID_LEN);
}

void trace_new(struct trace_context *out)
{
    random_hex(out->trace_id, TRACE_ID_LEN);
    trace_new_span(out->span_id);
    out->sampled = true;
}
