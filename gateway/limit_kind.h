/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of rate limits, and their settings: see rate_limits.h. */
#ifndef ONRUSH_GATEWAY_LIMIT_KIND_H
#define ONRUSH_GATEWAY_LIMIT_KIND_H

#include <stdint.h>

/* X(M, id): has the settings id_requests and id_s. Order of checks: `address`, then as listed. */
#define LIMITS(X, M) X(M, user) X(M, address) X(M, campaign) X(M, total)

enum limit_kind {
#define LIMIT_ENUM(M, id) LIMIT_##id,
    LIMITS(LIMIT_ENUM, ) LIMITS_N
#undef LIMIT_ENUM
};

struct limit_setting {
    int64_t requests; /* 0: no limit */
    int64_t seconds;
};

struct limits_config {
    struct limit_setting of[LIMITS_N];
    int64_t slots; /* table size for users, and for addresses */
};

#endif
