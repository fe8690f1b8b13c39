/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes: Onrush's own and those of the configuration, compiled into one tree.
 *
 *   ""─┬─ v1 ── campaigns ── {} ─┬─ (GET: the campaign)
 *      │                         └─ requests ─┬─ (POST)
 *      │                                      └─ {} ── (GET)
 *      └─ coupons ── issue ── (POST)
 *
 * Each step is a segment. A literal segment wins over {}, without backtracking: with /a/b and
 * /a/{x}/c there is no /a/b/c. Onrush's own routes come first among their siblings, so that other
 * routes cost them nothing.
 *
 * Made when a configuration is loaded, immutable afterwards: all workers read it. */
#ifndef ONRUSH_GATEWAY_ROUTE_TABLE_H
#define ONRUSH_GATEWAY_ROUTE_TABLE_H

#include "gateway/operation.h"
#include "gateway/routes/answer_template.h"
#include "shared/store/protocol.h"

#define ROUTES_MAX      64
#define ROUTE_PARTS_MAX 4 /* {segments} of one path */
#define ROUTE_PATH_MAX  256

/* Where user or campaign come from. */
enum route_from {
    FROM_NOTHING,
    FROM_PATH,
    FROM_BODY, /* a JSON body is expected */
    FROM_HEADER,
    FROM_CONSTANT,
};

struct route_source {
    enum route_from from;
    size_t part;      /* PATH: which of the {segments} */
    const char *text; /* BODY: the member; HEADER: its name; CONSTANT: the value */
};

/* How a value of the client names a campaign. */
struct route_name {
    char from[CAMPAIGN_NAME_MAX + 1], to[CAMPAIGN_NAME_MAX + 1];
};

#define SLOTS_USER    (1u << SLOT_user | 1u << SLOT_campaign)
#define SLOTS_TICKET  (SLOTS_USER | 1u << SLOT_ticket)
#define SLOTS_WAITING (SLOTS_TICKET | 1u << SLOT_position)
#define SLOTS_GRANTED (SLOTS_TICKET | 1u << SLOT_serial | 1u << SLOT_code)

#define BY_POST (1u << OP_ENQUEUE)
#define BY_GET  (1u << OP_STATUS)

/* The answers that a route may word: X(id, methods, lowest status, highest, placeholders). The
 * bounds keep a route honest: a refusal is never worded as a success. */
#define ROUTE_ANSWERS(X)                                                                           \
    X(accepted, BY_POST, 200, 299, SLOTS_WAITING)         /* queued by this very request */        \
    X(waiting, BY_POST | BY_GET, 200, 499, SLOTS_WAITING) /* queued before; else as accepted */    \
    X(granted, BY_POST | BY_GET, 200, 299, SLOTS_GRANTED)                                          \
    X(already, BY_POST, 200, 499, SLOTS_GRANTED) /* a POST, granted before; else as granted */     \
    X(sold_out, BY_POST | BY_GET, 200, 499, SLOTS_TICKET)                                          \
    X(refused, BY_POST | BY_GET, 200, 499, SLOTS_TICKET)                                           \
    X(not_open, BY_POST, 200, 499, SLOTS_USER)                                                     \
    X(closed, BY_POST, 200, 499, SLOTS_USER)                                                       \
    X(paused, BY_POST, 200, 499, SLOTS_USER) /* else as closed */                                  \
    X(no_request, BY_GET, 200, 499, SLOTS_USER)                                                    \
    X(no_campaign, BY_POST | BY_GET, 400, 499, 0)                                                  \
    X(bad_user, BY_POST | BY_GET, 400, 499, 0)                                                     \
    X(bad_request, BY_POST | BY_GET, 400, 499, 0)                                                  \
    X(unauthorized, BY_POST | BY_GET, 400, 499, 0)                                                 \
    X(limited, BY_POST | BY_GET, 400, 599, 0)                                                      \
    X(unavailable, BY_POST | BY_GET, 500, 599, 0)

enum route_answer_id {
#define X(id, ...) ROUTE_##id,
    ROUTE_ANSWERS(X) ROUTE_ANSWERS_N
#undef X
};

struct route_answer {
    unsigned status;
    struct answer_template body;
};

struct route {
    const char *path; /* as it was written */
    enum operation op;
    struct route_source user, campaign;
    const struct route_name *names;                      /* sorted by `from` */
    size_t n_names;                                      /* 0: the value is the name */
    const struct route_answer *answers[ROUTE_ANSWERS_N]; /* NULL: as Onrush's own */
    size_t counter; /* offset of its counter in struct gateway_metrics */
    unsigned line;  /* in the configuration; 0: Onrush's own */
};

struct route_node {
    const char *text; /* of the segment */
    size_t len;
    struct route_node *next, *first, *any; /* sibling; children that are spelled out; {} */
    const struct route *get, *post;
};

/* What stands for a {segment}. */
struct route_part {
    const char *at;
    size_t len;
};

struct routes;

/* routes_new: with Onrush's own; NULL when there is no memory. routes_free: NULL is fine. */
struct routes *routes_new(void);
void routes_free(struct routes *routes);

/* routes_keep: zeroed memory that lives as long as the table; NULL when there is none. */
void *routes_keep(struct routes *routes, size_t size);

/* routes_add: `route` and all that it points at must live as long as the table. 0; -EEXIST: there
 * is one of this path and method already (*other); -E2BIG: more than ROUTES_MAX; -ENOMEM. */
int routes_add(struct routes *routes, const struct route *route, const struct route **other);

/* routes_find: the node of a path with a route, and the texts of its {segments} in order; NULL:
 * none. Pure. */
const struct route_node *routes_find(const struct routes *routes, const char *path,
                                     struct route_part parts[ROUTE_PARTS_MAX]);

/* route_node_allow: its methods, as the Allow header says them. */
const char *route_node_allow(const struct route_node *node);

/* route_name_find: what the route calls this value's campaign; NULL: nothing. Pure. */
const char *route_name_find(const struct route *route, const char *value);

/* route_decode: percent-decodes into `out` (ended by a NUL). The length, or -EINVAL when it does
 * not fit or is not well-formed. Pure. */
int route_decode(const struct route_part *part, char *out, size_t size);

/* route_asks_body: user or campaign stand in the body. */
static inline bool route_asks_body(const struct route *route)
{
    return route->user.from == FROM_BODY || route->campaign.from == FROM_BODY;
}

#endif
