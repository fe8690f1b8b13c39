/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/crowd.h"

#include "tests/support/child.h"
#include "tests/support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crowd *crowd_new(void)
{
    struct crowd *c = calloc(1, sizeof *c);
    if (c == NULL)
        test_fail_start("crowd: out of memory");
    return c;
}

struct crowd *crowd_free(struct crowd *c)
{
    if (c != NULL)
        free(c->by_serial);
    free(c);
    return NULL;
}

/* person_of: counts a stranger and returns NULL if this test did not send the user. */
static struct person *person_of(struct crowd *c, const char *user)
{
    char *end = NULL;
    unsigned long n = strncmp(user, "u-", 2) == 0 ? strtoul(user + 2, &end, 10) : 0;
    if (end != NULL && *end == '\0' && n < CROWD_MAX)
        return &c->people[n];
    c->strangers++;
    return NULL;
}

/* --- what users were told --- */

void crowd_told(struct crowd *c, uint32_t user, enum told what, uint64_t ticket, uint32_t serial,
                const char *code)
{
    struct person *p = &c->people[user];
    p->told |= (uint8_t)what;
    if (serial != 0 && p->serial != 0 && (p->serial != serial || strcmp(p->code, code) != 0))
        p->told |= TOLD_TWO_COUPONS;
    if (ticket != 0 && (p->ticket == 0 || ticket < p->ticket))
        p->ticket = ticket;
    if (what == TOLD_GRANTED)
        p->granted_ticket = ticket;
    if (serial != 0) {
        p->serial = serial;
        snprintf(p->code, sizeof p->code, "%s", code);
    }
}

void crowd_asked(struct crowd *c, uint32_t user, unsigned gateway, int64_t sent_us,
                 int64_t acked_us)
{
    struct person *p = &c->people[user];
    p->asked |= (uint8_t)(1 << gateway);
    if (p->asked_us == 0 || sent_us < p->asked_us)
        p->asked_us = sent_us;
    if (c->began_us == 0 || sent_us < c->began_us)
        c->began_us = sent_us;
    if (acked_us == 0 || (p->acked_us != 0 && p->acked_us <= acked_us))
        return;
    p->acked_us = acked_us;
    p->acked = (uint8_t)(1 << gateway);
}

/* told_by: the promise that the status of a ledger line makes; 0: none. */
static int told_by(const char *status, uint64_t ticket)
{
    if (strcmp(status, "202 waiting") == 0)
        return TOLD_WAITING;
    if (strcmp(status, "200 granted") == 0)
        return TOLD_GRANTED;
    if (strcmp(status, "409 SOLD_OUT") == 0)
        return ticket != 0 ? TOLD_SOLD_OUT : TOLD_FULL;
    return strcmp(status, "409 REFUSED") == 0 ? TOLD_REFUSED : 0;
}

enum column { USER, STATUS, TICKET, LATENCY, SENT, ANSWERED, N_COLUMNS };

static void read_line(struct crowd *c, char *line, unsigned gateway)
{
    char *column[N_COLUMNS];
    for (int i = 0; i < N_COLUMNS; i++)
        column[i] = strsep(&line, "\t");
    struct person *p = person_of(c, column[USER]);
    if (p == NULL || column[ANSWERED] == NULL)
        test_fail_start("a line of the ledger cannot be read: %s %s", column[USER], column[STATUS]);
    uint32_t user = (uint32_t)(p - c->people);
    uint64_t ticket = strtoull(column[TICKET], NULL, 10); /* "-" is read as 0 */
    int what = told_by(column[STATUS], ticket);
    if (what != 0)
        crowd_told(c, user, (enum told)what, ticket, 0, NULL);
    bool accepted = what == TOLD_WAITING || what == TOLD_GRANTED;
    crowd_asked(c, user, gateway, strtoll(column[SENT], NULL, 10),
                accepted ? strtoll(column[ANSWERED], NULL, 10) : 0);
    c->answers++;
}

void crowd_read_ledger(struct crowd *c, const char *path, unsigned gateway)
{
    char line[512];
    FILE *in = fopen(path, "re");
    if (in == NULL)
        test_fail_start("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, in) != NULL)
        read_line(c, line, gateway);
    fclose(in);
}

/* --- what the stores hold --- */

static void read_row(struct crowd *c, MYSQL_ROW row)
{
    enum { ROW_SERIAL, ROW_USER, ROW_CODE, ROW_TICKET };
    struct person *p = person_of(c, row[ROW_USER]);
    if (p == NULL)
        return;
    p->rows++;
    p->row_serial = (uint32_t)strtoul(row[ROW_SERIAL], NULL, 10);
    snprintf(p->row_code, sizeof p->row_code, "%s", row[ROW_CODE]);
    p->row_ticket = strtoull(row[ROW_TICKET], NULL, 10);
    c->by_serial[c->n_rows++] = (uint32_t)(p - c->people);
}

static bool read_mariadb(struct crowd *c, struct stack *s, const char *campaign)
{
    struct db db = {0};
    MYSQL_RES *rows;
    const char *sql = textf("SELECT serial, user_id, code, ticket FROM coupons "
                            "JOIN campaigns ON id = campaign_id WHERE name = '%s' ORDER BY serial",
                            campaign);
    bool answers = db_open(&db, &s->db) == DB_OK && db_query(&db, sql, &rows) == DB_OK;
    if (answers) {
        c->by_serial = calloc(mysql_num_rows(rows) + 1, sizeof c->by_serial[0]);
        for (MYSQL_ROW row; c->by_serial != NULL && (row = mysql_fetch_row(rows)) != NULL;)
            read_row(c, row);
        mysql_free_result(rows);
    }
    db_close(&db);
    return answers && c->by_serial != NULL;
}

static void read_waiting(struct crowd *c, const char *user, const char *ticket)
{
    struct person *p = person_of(c, user);
    if (p == NULL)
        return;
    p->state = 'q';
    p->state_ticket = strtoull(ticket, NULL, 10);
}

/* read_state: parses `s<ticket>`, `g<serial>:<code>:<ticket>` or `r<reason>:<ticket>`. */
static void read_state(struct crowd *c, const char *user, const char *state)
{
    char expected[64];
    struct person *p = person_of(c, user);
    if (p == NULL)
        return;
    const char *colon = strrchr(state, ':');
    p->state = state[0];
    p->state_ticket = strtoull(colon != NULL ? colon + 1 : state + 1, NULL, 10);
    snprintf(expected, sizeof expected, "g%u:%s:%llu", p->row_serial, p->row_code,
             (unsigned long long)p->row_ticket);
    p->shown_wrong = state[0] == 'g' && (p->rows == 0 || strcmp(state, expected) != 0);
}

static bool read_pairs(struct crowd *c, redisReply *r,
                       void (*read)(struct crowd *, const char *, const char *))
{
    bool answers = r != NULL && r->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; answers && i + 1 < r->elements; i += 2)
        read(c, r->element[i]->str, r->element[i + 1]->str);
    freeReplyObject(r);
    return answers;
}

static bool read_redis(struct crowd *c, struct stack *s, const char *campaign)
{
    redisContext *redis;
    char error[REDIS_ERROR_SIZE];
    if (redis_open(&redis, &s->redis, error) < 0)
        return false;
    bool answers =
        read_pairs(c, redisCommand(redis, "ZRANGE onrush:{%s}:queue 0 -1 WITHSCORES", campaign),
                   read_waiting) &&
        read_pairs(c, redisCommand(redis, "HGETALL onrush:{%s}:users", campaign), read_state);
    redisFree(redis);
    return answers;
}

bool crowd_read_stores(struct crowd *c, struct stack *s, const char *campaign)
{
    return read_mariadb(c, s, campaign) && read_redis(c, s, campaign);
}

static struct order_client order_client_of(const struct crowd *c, uint32_t user)
{
    const struct person *p = &c->people[user];
    bool judged = p->acked_us != 0 && p->state != 'r' && !(p->told & TOLD_REFUSED);
    return (struct order_client){.user = user,
                                 .serial = p->rows > 0 ? p->row_serial : 0,
                                 .asked_us = p->asked_us,
                                 .acked_us = judged ? p->acked_us : ORDER_NEVER,
                                 .asked = p->asked,
                                 .acked = p->acked};
}

struct order_client *crowd_order(const struct crowd *c, size_t *n)
{
    struct order_client *clients = calloc(CROWD_MAX, sizeof *clients);
    if (clients == NULL)
        test_fail_start("crowd: out of memory");
    *n = 0;
    for (uint32_t user = 0; user < CROWD_MAX; user++) {
        if (c->people[user].asked_us != 0)
            clients[(*n)++] = order_client_of(c, user);
    }
    return clients;
}
