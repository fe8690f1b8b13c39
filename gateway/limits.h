/* Rate limits: how often a client address, a user, a campaign, everybody may ask. Which there are says the configuration (group
 * limits); who has used up what is shared by all workers (limiter.h).
 *
 * The address comes first, before anything of the request is believed or costs much: a body, a token. Then from narrow to wide, and
 * what a request took is given back when a later limit refuses it: so a limited client takes nothing from others, and a limited
 * campaign nothing from its users. */
#ifndef ONRUSH_GATEWAY_LIMITS_H
#define ONRUSH_GATEWAY_LIMITS_H

#include "gateway/limiter.h"
#include "gateway/request.h"

#include <stdbool.h>

struct limits;

/* limits_new: NULL: no memory. limits_free: gives NULL. */
struct limits *limits_new(const struct limits_config *config);
struct limits *limits_free(struct limits *limits);

/* limits_pass_address: may this request, of which nothing is known yet, go on? *address is what it took. False: it is answered 429.
 * Any worker. */
bool limits_pass_address(struct request *request, struct limiter_hold *address);

/* limits_pass: and now that its route, user and campaign are known? Only a POST counts. False: it is answered 429, and *address
 * was given back. Any worker. */
bool limits_pass(struct request *request, const struct limiter_hold *address);

/* limits_policy: RateLimit-Policy and RateLimit of a refused request (draft-ietf-httpapi-ratelimit-headers-10). */
#define LIMITS_TEXT_SIZE 96
void limits_policy(const struct request *request, char policy[LIMITS_TEXT_SIZE],
                   char state[LIMITS_TEXT_SIZE]);

/* limits_wait_s: what Retry-After of a refused request says. */
int64_t limits_wait_s(const struct request *request);

#endif
