/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes: Onrush's own and those of the configuration, in one tree.
 *
 *   ""─┬─ v1 ── campaigns ── {} ─┬─ (GET: the campaign)
 *      │                         └─ requests ─┬─ (POST)
 *      │                                      └─ {} ── (GET)
 *      └─ coupons ── issue ── (POST)
 *
 * Each step is a segment. A literal segment wins over {}, without backtracking: with /a/b and
 * /a/{x}/c there is no /a/b/c. Onrush's own routes come first among siblings, so configured routes
 * do not slow them.
 *
 * A table is made when a configuration is loaded, and is immutable afterwards: all workers read
 * it. */
#ifndef ONRUSH_GATEWAY_ROUTE_TABLE_H
#define ONRUSH_GATEWAY_ROUTE_TABLE_H

#include "gateway/operation.h"
#include "gateway/routes/answer_template.h"
#include "shared/store/protocol.h"

#define ROUTES_MAX      64
#define ROUTE_PARTS_MAX 4 /* {segments} per path */
#define ROUTE_PATH_MAX  256

/* Where a user or a campaign comes from. */
enum route_from {
    FROM_NOTHING,
    FROM_PATH,
    FROM_BODY, /* needs a JSON body */
    FROM_HEADER,
    FROM_CONSTANT,
};

struct route_source {
    enum route_from from;
    size_t part;      /* PATH: index of the {segment} */
    const char *text; /* BODY: the member; HEADER: its name; CONSTANT: the value */
};

/* Maps a value from the client to a campaign. */
struct route_name {
    char from[CAMPAIGN_NAME_MAX + 1], to[CAMPAIGN_NAME_MAX + 1];
};

#define SLOTS_USER    (1u << SLOT_user | 1u << SLOT_campaign)
#define SLOTS_TICKET  (SLOTS_USER | 1u << SLOT_ticket)
#define SLOTS_WAITING (SLOTS_TICKET | 1u << SLOT_position)
#define SLOTS_GRANTED (SLOTS_TICKET | 1u << SLOT_serial | 1u << SLOT_code)

#define BY_POST (1u << OP_ENQUEUE)
#define BY_GET  (1u << OP_STATUS)

/* The answers that a route may define: X(id, methods, lowest status, highest, placeholders). The
 * bounds keep a route honest: it cannot present a refusal as a success. */
#define ROUTE_ANSWERS(X)                                                                           \
    X(accepted, BY_POST, 200, 299, SLOTS_WAITING)         /* queued by this very request */        \
    X(waiting, BY_POST | BY_GET, 200, 499, SLOTS_WAITING) /* queued before; default: accepted */   \
    X(granted, BY_POST | BY_GET, 200, 299, SLOTS_GRANTED)                                          \
    X(already, BY_POST, 200, 499, SLOTS_GRANTED) /* a POST, granted before; default: granted */    \
    X(sold_out, BY_POST | BY_GET, 200, 499, SLOTS_TICKET)                                          \
    X(refused, BY_POST | BY_GET, 200, 499, SLOTS_TICKET)                                           \
    X(not_open, BY_POST, 200, 499, SLOTS_USER)                                                     \
    X(closed, BY_POST, 200, 499, SLOTS_USER)                                                       \
    X(paused, BY_POST, 200, 499, SLOTS_USER) /* default: closed */                                 \
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
    const char *path; /* as configured */
    enum operation op;
    struct route_source user, campaign;
    const struct route_name *names;                      /* sorted by `from` */
    size_t n_names;                                      /* 0: the value is the campaign's name */
    const struct route_answer *answers[ROUTE_ANSWERS_N]; /* NULL: Onrush's own */
    size_t counter; /* offset of its counter in struct gateway_metrics */
    unsigned line;  /* in the configuration; 0: Onrush's own */
};

struct route_node {
    const char *text; /* of the segment */
    size_t len;
    struct route_node *next, *first, *any; /* sibling; literal children; child {} */
    const struct route *get, *post;
};

/* The part of a path that matches a {segment}. */
struct route_part {
    const char *at;
    size_t len;
};

struct routes;

/* routes_new: returns a table with Onrush's own routes, or NULL. routes_free: for struct
 * config_list, too; `routes` may be NULL. */
struct routes *routes_new(void);
void routes_free(void *routes);

/* routes_keep: returns zeroed memory that lives as long as the table. NULL: no memory. */
void *routes_keep(struct routes *routes, size_t size);

/* routes_add: `route` and all it points to must live as long as the table. Returns 0; -EEXIST: this
 * path and method have a route already (*other); -E2BIG: more than ROUTES_MAX; -ENOMEM. */
int routes_add(struct routes *routes, const struct route *route, const struct route **other);

/* routes_find: returns the node of a path that has a route, and the texts of its {segments} in
 * order. NULL: none. Pure. */
const struct route_node *routes_find(const struct routes *routes, const char *path,
                                     struct route_part parts[ROUTE_PARTS_MAX]);

/* route_node_allow: returns the node's methods for the Allow header. */
const char *route_node_allow(const struct route_node *node);

/* route_name_find: returns the campaign that the route maps this value to. NULL: none. Pure. */
const char *route_name_find(const struct route *route, const char *value);

/* route_decode: percent-decodes into `out`, with a NUL. Returns the length, or -EINVAL when it does
 * not fit or is malformed. Pure. */
int route_decode(const struct route_part *part, char *out, size_t size);

/* route_asks_body: does the body hold the user or the campaign? */
static inline bool route_asks_body(const struct route *route)
{
    return route->user.from == FROM_BODY || route->campaign.from == FROM_BODY;
}

#endif
