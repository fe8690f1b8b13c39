/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits: how often a client address, a user, a campaign, and all clients may ask. The
 * configuration (group limits) defines them; all workers share the counts (limiter.h).
 *
 * The address comes first, before the gateway trusts anything in the request or reads its body and
 * token. Then the limits go from narrow to wide. When one of them refuses a request, the gateway
 * gives back what earlier ones took. So a limited client takes nothing from others, and a limited
 * campaign takes nothing from its users. */
#ifndef ONRUSH_GATEWAY_RATE_LIMITS_H
#define ONRUSH_GATEWAY_RATE_LIMITS_H

#include "gateway/limiter.h"
#include "gateway/request.h"

#include <stdbool.h>

struct rate_limits;

/* rate_limits_new: returns NULL when memory has run out. rate_limits_free: returns NULL. */
struct rate_limits *rate_limits_new(const struct limits_config *config);
struct rate_limits *rate_limits_free(struct rate_limits *limits);

/* rate_limits_pass_address: charges the client's address, before the rest of the request is known,
 * and sets *address to what it took. False: it answered the request with 429. Any worker. */
bool rate_limits_pass_address(struct request *request, struct limiter_hold *address);

/* rate_limits_pass: charges the other limits, once route, user and campaign are known. Only a POST
 * counts. False: it answered the request with 429 and gave *address back. Any worker. */
bool rate_limits_pass(struct request *request, const struct limiter_hold *address);

/* rate_limits_policy: writes RateLimit-Policy and RateLimit for a refused request
 * (draft-ietf-httpapi-ratelimit-headers-10). */
#define RATE_LIMITS_TEXT_SIZE 96
void rate_limits_policy(const struct request *request, char policy[RATE_LIMITS_TEXT_SIZE],
                        char state[RATE_LIMITS_TEXT_SIZE]);

/* rate_limits_wait_s: returns Retry-After of a refused request, in s. */
int64_t rate_limits_wait_s(const struct request *request);

#endif
