/* SPDX-License-Identifier: Apache-2.0 */
/* What gateway, scheduler and ctl share about a campaign: names, states, keys, and the text of a
 * user's state. docs/protocol.md defines the formats. Pure; thread safe. */
#ifndef ONRUSH_PROTOCOL_H
#define ONRUSH_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAMPAIGN_NAME_MAX 64 /* bytes, without NUL */
#define USER_ID_MAX       64
#define COUPON_CODE_LEN   19 /* XXXX-XXXX-XXXX-XXXX */
#define REASON_MAX        32
#define TICKET_MAX        UINT64_C(8000000000000000) /* in the year 2223; exact in a double */

/* USER_STATE_MAX: the longest state is a grant, g<serial>:<code>:<ticket>. */
#define USER_STATE_MAX (1 + 10 + 1 + COUPON_CODE_LEN + 1 + 20)

/* The states of a campaign, with their texts in MariaDB and Redis. */
#define CAMPAIGN_STATES(X)                                                                         \
    X(CAMPAIGN_SCHEDULED, "scheduled")                                                             \
    X(CAMPAIGN_OPEN, "open")                                                                       \
    X(CAMPAIGN_PAUSED, "paused")                                                                   \
    X(CAMPAIGN_CLOSED, "closed")   /* takes no new requests; some may be undecided */              \
    X(CAMPAIGN_SETTLED, "settled") /* closed, and every request is decided */

enum campaign_state {
#define X(id, text) id,
    CAMPAIGN_STATES(X)
#undef X
};

const char *campaign_state_text(enum campaign_state state);

/* campaign_state_parse: returns 0, or -EINVAL and leaves *state alone. */
int campaign_state_parse(const char *text, enum campaign_state *state);

/* Names and user ids have 1 to 64 bytes of a small alphabet; see docs/protocol.md. */
bool campaign_name_valid(const char *name, size_t len);

/* campaign_is_drill: true if the name is that of an `onrushctl drill` campaign. `campaign create`
 * rejects such names, and callbacks do not report such campaigns. */
#define CAMPAIGN_DRILL_PREFIX "drill-"
bool campaign_is_drill(const char *name);

bool user_id_valid(const char *user, size_t len);

/* The keys of a campaign, in the order that every function expects. */
enum { KEY_META, KEY_QUEUE, KEY_USERS, CAMPAIGN_KEYS };
#define CAMPAIGN_KEYS_TEXT "3" /* their number, as FCALL expects it */

struct campaign_keys {
    char text[CAMPAIGN_KEYS][CAMPAIGN_NAME_MAX + 24];
    size_t len[CAMPAIGN_KEYS];
};

/* campaign_keys_make: `name` must be valid. */
void campaign_keys_make(struct campaign_keys *keys, const char *name);

/* The state of a user's request. */
enum request_kind {
    REQUEST_WAITING,
    REQUEST_GRANTED,
    REQUEST_SOLD_OUT, /* decided: no coupon was left; ticket is set */
    REQUEST_REFUSED,  /* MariaDB rejected the row; reason is set */
    REQUEST_FULL,     /* never admitted: enough requests wait for every coupon */
    REQUEST_NOT_OPEN, /* opens_us is set */
    REQUEST_CLOSED,
    REQUEST_PAUSED,
    REQUEST_NONE, /* the user has no request */
};

struct request_state {
    enum request_kind kind;
    uint32_t run;      /* newly queued by this call: users in the run that starts here */
    uint64_t ticket;   /* µs since the epoch; 0: none */
    uint64_t position; /* if waiting: from 1; 0 while it is being decided */
    uint32_t serial;   /* if granted */
    int64_t opens_us;  /* if not open */
    char code[COUPON_CODE_LEN + 1];
    char reason[REASON_MAX + 1];
};

/* request_state_next: moves to the next user of a run; tickets and positions are consecutive. */
void request_state_next(struct request_state *state);

/* request_state_parse: parses an answer of onrush_enqueue or onrush_status, or a value of `users`
 * (which has no position). Returns 0, or -EINVAL and leaves *state alone. */
int request_state_parse(const char *text, size_t len, struct request_state *state);

/* campaign_gate: the admission rule for a new request, for heads from Redis and rows from MariaDB.
 * Times are µs since the epoch, of one clock; closes_us 0 means never. Returns REQUEST_CLOSED,
 * PAUSED, NOT_OPEN, FULL (if the caller says that the campaign is `full`), or NONE: admitted. */
enum request_kind campaign_gate(enum campaign_state state, int64_t opens_us, int64_t closes_us,
                                int64_t now_us, bool full);

/* The head that onrush_status and onrush_publish return; see docs/protocol.md. Unknown numbers are
 * -1. */
struct campaign_head {
    bool ready;
    enum campaign_state state;
    int64_t quota, admit_limit, opens_us, closes_us, epoch, admitted, granted, sold_out, refused,
        watermark, id;
    int64_t queued, claimed, now_us, moves, instant_wait_ms, returned;
};

#endif
