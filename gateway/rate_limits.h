/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits: how often a client address, a user, a campaign, everybody may ask. The configuration
 * (group limits) defines them; all workers share the counts (limiter.h).
 *
 * The address comes first, before the gateway believes anything of the request or spends much on
 * it: a body, a token. Then the limits go from narrow to wide. When one of them refuses a request,
 * the gateway gives back what the earlier ones took. So a limited client takes nothing from others,
 * and a limited campaign nothing from its users. */
#ifndef ONRUSH_GATEWAY_RATE_LIMITS_H
#define ONRUSH_GATEWAY_RATE_LIMITS_H

#include "gateway/limiter.h"
#include "gateway/request.h"

#include <stdbool.h>

struct rate_limits;

/* rate_limits_new: returns NULL when there is no memory. rate_limits_free: returns NULL. */
struct rate_limits *rate_limits_new(const struct limits_config *config);
struct rate_limits *rate_limits_free(struct rate_limits *limits);

/* rate_limits_pass_address: charges the client's address, before anything else of the request is
 * known.
 * *address is what that took. False: the request is answered 429. Any worker. */
bool rate_limits_pass_address(struct request *request, struct limiter_hold *address);

/* rate_limits_pass: charges the other limits, once route, user and campaign are known. Only a POST
 * counts. False: the request is answered 429, and *address was given back. Any worker. */
bool rate_limits_pass(struct request *request, const struct limiter_hold *address);

/* rate_limits_policy: RateLimit-Policy and RateLimit of a refused request
 * (draft-ietf-httpapi-ratelimit-headers-10). */
#define RATE_LIMITS_TEXT_SIZE 96
void rate_limits_policy(const struct request *request, char policy[RATE_LIMITS_TEXT_SIZE],
                        char state[RATE_LIMITS_TEXT_SIZE]);

/* rate_limits_wait_s: Retry-After of a refused request, in s. */
int64_t rate_limits_wait_s(const struct request *request);

#endif
