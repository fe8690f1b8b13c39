/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request_id.h"

#include "gateway/http_strings.h"
#include "gateway/loop.h"
#include "shared/daemon/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool request_id_valid(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strnlen(text, REQUEST_ID_MAX + 1);
    return len >= 1 && len <= REQUEST_ID_MAX && strspn(text, letters) == len;
}

const char *request_id_take(struct request *r)
{
    struct trace_context context;
    if (r->id_taken)
        return r->id;
    r->id_taken = true;
    const char *given = http_string(http_field(r->head, "X-Request-Id"));
    if (given != NULL && request_id_valid(given))
        return strcpy(r->id, given);
    given = http_string(http_field(r->head, "traceparent"));
    if (given != NULL && trace_parse(given, &context) == 0)
        return strcpy(r->id, context.trace_id);
    return r->id;
}

/* mix: splitmix64 (Steele, Lea, Flood 2014); makes a counter look random. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

const char *request_id_need(struct request *r)
{
    if (*request_id_take(r) == '\0')
        snprintf(r->id, sizeof r->id, "%016" PRIx64,
                 mix(r->loop->id_counter += UINT64_C(0x9e3779b97f4a7c15)));
    return r->id;
}
