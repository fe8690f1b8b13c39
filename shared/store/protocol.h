/* SPDX-License-Identifier: Apache-2.0 */
/* What gateway, scheduler and ctl agree on about a campaign: names, states, keys, the text of a
 * user's state. Pure functions, thread safe, no I/O. The formats are those of docs/protocol.md. */
#ifndef ONRUSH_PROTOCOL_H
#define ONRUSH_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAMPAIGN_NAME_MAX 64 /* bytes, without NUL */
#define USER_ID_MAX       64
#define COUPON_CODE_LEN   19 /* XXXX-XXXX-XXXX-XXXX */
#define REASON_MAX        32
#define TICKET_MAX        UINT64_C(8000000000000000) /* the year 2223; exact in a double */

/* USER_STATE_MAX: the longest state is a grant, g<serial>:<code>:<ticket>. */
#define USER_STATE_MAX (1 + 10 + 1 + COUPON_CODE_LEN + 1 + 20)

/* The states of a campaign; the texts stand in MariaDB and in Redis. */
#define CAMPAIGN_STATES(X)                                                                         \
    X(CAMPAIGN_SCHEDULED, "scheduled")                                                             \
    X(CAMPAIGN_OPEN, "open")                                                                       \
    X(CAMPAIGN_PAUSED, "paused")                                                                   \
    X(CAMPAIGN_CLOSED, "closed")   /* takes no request, may still have some to decide */           \
    X(CAMPAIGN_SETTLED, "settled") /* closed, and every request is decided */

enum campaign_state {
#define X(id, text) id,
    CAMPAIGN_STATES(X)
#undef X
};

const char *campaign_state_text(enum campaign_state state);

/* campaign_state_parse: 0, or -EINVAL and *state untouched. */
int campaign_state_parse(const char *text, enum campaign_state *state);

/* A valid name or user id has 1 to 64 bytes of a small alphabet; see docs/protocol.md. */
bool campaign_name_valid(const char *name, size_t len);

/* campaign_is_drill: true for a campaign of `onrushctl drill`, judged by its name. `campaign
 * create` refuses such names, and no callback reports such a campaign. */
#define CAMPAIGN_DRILL_PREFIX "drill-"
bool campaign_is_drill(const char *name);

bool user_id_valid(const char *user, size_t len);

/* The keys of a campaign, in the order that every function takes them. */
enum { KEY_META, KEY_QUEUE, KEY_USERS, CAMPAIGN_KEYS };
#define CAMPAIGN_KEYS_TEXT "3" /* as FCALL wants their number */

struct campaign_keys {
    char text[CAMPAIGN_KEYS][CAMPAIGN_NAME_MAX + 24];
    size_t len[CAMPAIGN_KEYS];
};

/* campaign_keys_make: `name` must be valid. */
void campaign_keys_make(struct campaign_keys *keys, const char *name);

/* What is known of a user's request. */
enum request_kind {
    REQUEST_WAITING,
    REQUEST_GRANTED,
    REQUEST_SOLD_OUT, /* decided: there was no coupon left; ticket is set */
    REQUEST_REFUSED,  /* MariaDB would not take the row; reason is set */
    REQUEST_FULL,     /* never admitted: enough requests wait for every coupon */
    REQUEST_NOT_OPEN, /* opens_us is set */
    REQUEST_CLOSED,
    REQUEST_PAUSED,
    REQUEST_NONE, /* this user has no request */
};

struct request_state {
    enum request_kind kind;
    uint32_t run;      /* newly queued by this call: the first of so many users in a row */
    uint64_t ticket;   /* µs since the epoch; 0: none */
    uint64_t position; /* waiting: from 1; 0 while it is decided */
    uint32_t serial;   /* granted */
    int64_t opens_us;  /* not open */
    char code[COUPON_CODE_LEN + 1];
    char reason[REASON_MAX + 1];
};

/* request_state_next: steps from one user of a run to the next; tickets and positions are
 * consecutive. */
void request_state_next(struct request_state *state);

/* request_state_parse: reads one answer of onrush_enqueue or onrush_status, or one value of `users`
 * (which has no position). 0, or -EINVAL for a text that nobody can decode, and *state
 * untouched. */
int request_state_parse(const char *text, size_t len, struct request_state *state);

/* campaign_gate: the one rule of admission, for a head out of Redis and a row out of MariaDB: what
 * a request meets that is not known yet. All times in µs since the epoch, of one clock; closes_us
 * 0: never. Returns REQUEST_CLOSED, PAUSED, NOT_OPEN; FULL when the caller says that the campaign
 * is `full`; NONE: the request is taken. */
enum request_kind campaign_gate(enum campaign_state state, int64_t opens_us, int64_t closes_us,
                                int64_t now_us, bool full);

/* The head that onrush_status and onrush_publish answer with: see docs/protocol.md. -1 where
 * nothing is known. */
struct campaign_head {
    bool ready;
    enum campaign_state state;
    int64_t quota, admit_limit, opens_us, closes_us, epoch, admitted, granted, sold_out, refused,
        watermark, id;
    int64_t queued, claimed, now_us, moves, instant_wait_ms, returned;
};

#endif
