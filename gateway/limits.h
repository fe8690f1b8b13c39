/* Rate limits: how often a user, a client address, a campaign, everybody may ask. Which there are says the configuration (group
 * limits); who has used up what is shared by all workers (limiter.h).
 *
 * From narrow to wide, and what a request took is given back when a wider limit refuses it: so a limited client takes nothing from
 * others, and a limited campaign nothing from its users. */
#ifndef ONRUSH_GATEWAY_LIMITS_H
#define ONRUSH_GATEWAY_LIMITS_H

#include "gateway/limiter.h"
#include "shared/campaign.h"

#include <stdbool.h>

/* X(M, id): the members of `limits` that are called id_requests and id_s, in the order in which they are asked. */
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
    int64_t slots; /* keys of users, and of addresses */
};

struct limits;
struct request;

/* limits_new: NULL: no memory. limits_free: gives NULL. */
struct limits *limits_new(const struct limits_config *config);
struct limits *limits_free(struct limits *limits);

/* limits_pass: may this request, whose user and campaign are known, go on? Every request counts for its address, a POST for all.
 * False: it is answered 429. Any worker. */
bool limits_pass(struct request *request);

/* limits_policy: RateLimit-Policy and RateLimit of a refused request (draft-ietf-httpapi-ratelimit-headers-10). */
#define LIMITS_TEXT_SIZE 96
void limits_policy(const struct request *request, char policy[LIMITS_TEXT_SIZE],
                   char state[LIMITS_TEXT_SIZE]);

/* limits_wait_s: what Retry-After of a refused request says. */
int64_t limits_wait_s(const struct request *request);

#endif
