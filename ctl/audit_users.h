/* SPDX-License-Identifier: Apache-2.0 */
/* The users that an audit meets, with what each store says of their requests. About 100 bytes
 * each. */
#ifndef ONRUSH_CTL_AUDIT_USERS_H
#define ONRUSH_CTL_AUDIT_USERS_H

#include "shared/store/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit_user {
    const char *id;
    /* Redis. kind is the first letter of the state (g, s, r), or 0: no decision, or an unreadable
     * one. serial, ticket, code_hash belong to the decision. */
    char kind;
    bool rechecked; /* read again after MariaDB */
    bool noted;     /* MariaDB has a record that it was refused */
    bool suspect;   /* to be read again for another reason */
    uint32_t serial;
    uint64_t ticket, code_hash;
    uint64_t queue_ticket; /* 0: not in the queue */
    /* MariaDB. row_serial 0: no row. */
    uint32_t row_serial;
    uint64_t row_ticket, row_code_hash;
};

struct audit_users {
    struct audit_user *all;
    size_t n, room;
    uint32_t *table; /* index + 1, open addressing; 0: empty */
    size_t table_size;
};

/* audit_users_of: the user with this id, created if needed, or NULL if there is no memory. The
 * pointer is valid until the next call. */
struct audit_user *audit_users_of(struct audit_users *users, const char *id, size_t len);

/* audit_users_state: parses a value of the hash `users`; NULL if there is none. */
void audit_users_state(struct audit_user *user, const char *text, size_t len);

void audit_users_clear(struct audit_users *users);

/* audit_reserve: makes room for one more in an array of `n` elements of `size` bytes. False: no
 * memory. */
bool audit_reserve(void **array, size_t *room, size_t n, size_t size);

/* audit_hash: FNV-1a. 64 bits are enough to tell codes apart. */
uint64_t audit_hash(const char *text, size_t len);

/* What is wrong with one user. */
enum audit_verdict {
    VERDICT_FINE,
    VERDICT_UNCOMMITTED, /* Redis shows a grant that MariaDB does not have, or has differently */
    VERDICT_NOT_SHOWN,   /* MariaDB has a grant, Redis shows another final state */
    VERDICT_OVERTAKEN,   /* was told sold out, but a later ticket was granted */
    VERDICT_MISPLACED,   /* is decided, but in the queue */
    VERDICTS
};

/* audit_users_verdict: `last_ticket` is the highest granted ticket. */
enum audit_verdict audit_users_verdict(const struct audit_user *user, uint64_t last_ticket);

#endif
