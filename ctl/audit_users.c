/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/audit_users.h"

#include <stdlib.h>
#include <string.h>

uint64_t audit_hash(const char *text, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return h;
}

bool audit_reserve(void **array, size_t *room, size_t n, size_t size)
{
    if (n < *room)
        return true;
    size_t wanted = *room > 0 ? 2 * *room : 1024;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

/* find: the slot of `id`, or the empty one where it belongs. */
static uint32_t *find(const struct audit_users *users, const char *id, size_t len)
{
    size_t mask = users->table_size - 1, at = audit_hash(id, len) & mask;
    for (; users->table[at] != 0; at = (at + 1) & mask) {
        const char *other = users->all[users->table[at] - 1].id;
        if (strncmp(other, id, len) == 0 && other[len] == '\0')
            break;
    }
    return &users->table[at];
}

/* grow: doubles the room; the table stays at most half full. */
static bool grow(struct audit_users *users)
{
    size_t room = users->room > 0 ? 2 * users->room : 1024;
    struct audit_user *all = realloc(users->all, room * sizeof *all);
    if (all == NULL)
        return false;
    users->all = all;
    users->room = room;
    uint32_t *table = calloc(2 * room, sizeof *table);
    if (table == NULL)
        return false;
    free(users->table);
    users->table = table;
    users->table_size = 2 * room;
    for (size_t i = 0; i < users->n; i++)
        *find(users, all[i].id, strlen(all[i].id)) = (uint32_t)i + 1;
    return true;
}

struct audit_user *audit_users_of(struct audit_users *users, const char *id, size_t len)
{
    len = strnlen(id, len); /* a valid id has no NUL, but a row written by hand may */
    if ((users->table == NULL || users->n == users->room) && !grow(users))
        return NULL;
    uint32_t *place = find(users, id, len);
    if (*place != 0)
        return &users->all[*place - 1];
    char *copy = strndup(id, len);
    if (copy == NULL)
        return NULL;
    struct audit_user *user = &users->all[users->n++];
    *user = (struct audit_user){.id = copy};
    *place = (uint32_t)users->n;
    return user;
}

void audit_users_state(struct audit_user *user, const char *text, size_t len)
{
    struct request_state s = {0};
    bool good = text != NULL && len > 0 && strchr("gsr", text[0]) != NULL &&
                request_state_parse(text, len, &s) == 0;
    user->kind = good ? text[0] : 0;
    user->ticket = good ? s.ticket : 0;
    user->serial = good ? s.serial : 0;
    user->code_hash = good ? audit_hash(s.code, strlen(s.code)) : 0;
}

void audit_users_clear(struct audit_users *users)
{
    for (size_t i = 0; i < users->n; i++)
        free((char *)users->all[i].id);
    free(users->all);
    free(users->table);
    *users = (struct audit_users){0};
}

static bool shown_as_granted(const struct audit_user *u)
{
    return u->serial == u->row_serial && u->code_hash == u->row_code_hash &&
           u->ticket == u->row_ticket;
}

enum audit_verdict audit_users_verdict(const struct audit_user *u, uint64_t last_ticket)
{
    if (u->kind == 'g' && u->row_serial == 0 && !u->rechecked)
        return VERDICT_UNCOMMITTED;
    if (u->kind == 'g' && u->row_serial != 0 && !shown_as_granted(u))
        return VERDICT_UNCOMMITTED;
    if (u->kind != 0 && u->queue_ticket != 0)
        return VERDICT_MISPLACED;
    if (u->row_serial != 0 && u->kind != 'g' && u->queue_ticket == 0)
        return VERDICT_NOT_SHOWN;
    if (u->kind == 's' && u->row_serial == 0 && u->ticket < last_ticket)
        return VERDICT_OVERTAKEN;
    return VERDICT_FINE;
}
