/* SPDX-License-Identifier: Apache-2.0 */
/* Names and user ids are valid here: none of their letters needs escaping in SQL. */
#include "gateway/journal/lookup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 100 /* campaigns per SELECT */

/* A SELECT under construction; see append(). */
struct text {
    char *at;
    size_t size, len;
};

static void append(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->at + text->len, text->size - text->len, format, args);
    va_end(args);
}

static struct text text_begin(struct lookup *l)
{
    return (struct text){.at = l->sql, .size = sizeof l->sql};
}

static int64_t number(const char *text)
{
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* --- campaigns --- */

/* The columns that write_campaigns() selects. */
enum { ID, NAME, STATE, QUOTA, OVERFLOW, GRANTED, OPENS_US, CLOSES_US, NOW_US, JOURNALLED };

static void take_campaign(struct archive_group *group, MYSQL_ROW row)
{
    if (campaign_state_parse(row[STATE], &group->row.state) < 0)
        return;
    group->found = true;
    group->row.id = number(row[ID]);
    group->row.quota = number(row[QUOTA]);
    group->row.overflow = number(row[OVERFLOW]);
    group->row.granted = number(row[GRANTED]);
    group->row.opens_us = number(row[OPENS_US]);
    group->row.closes_us = number(row[CLOSES_US]);
    group->row.now_us = number(row[NOW_US]);
    group->row.journalled = number(row[JOURNALLED]) != 0;
}

static void write_campaigns(struct lookup *l, const struct archive_group *groups, size_t n,
                            bool lock)
{
    struct text text = text_begin(l);
    append(&text,
           "SELECT id, name, state, quota, overflow, granted, "
           "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', opens_at), "
           "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', closes_at), "
           "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)), %s "
           "FROM campaigns WHERE name IN (",
           lock ? "0" : "EXISTS (SELECT 1 FROM journal WHERE campaign_id = campaigns.id)");
    for (size_t i = 0; i < n; i++)
        append(&text, "%s'%s'", i > 0 ? "," : "", groups[i].firsts[0]->name);
    append(&text, ")%s", lock ? " LOCK IN SHARE MODE" : "");
}

static enum db_outcome find_campaigns(struct lookup *l, struct archive_group *groups, size_t n,
                                      bool lock)
{
    MYSQL_RES *rows;
    write_campaigns(l, groups, n, lock);
    enum db_outcome outcome = db_query(&l->db, l->sql, &rows);
    if (outcome != DB_OK)
        return outcome;
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL;) {
        for (size_t i = 0; i < n; i++) {
            if (strcmp(groups[i].firsts[0]->name, row[NAME]) == 0)
                take_campaign(&groups[i], row);
        }
    }
    mysql_free_result(rows);
    return DB_OK;
}

enum db_outcome lookup_campaigns(struct lookup *l, struct archive_batch *batch, bool lock)
{
    enum db_outcome outcome = DB_OK;
    for (size_t i = 0, n; i < batch->n_groups && outcome == DB_OK; i += n) {
        n = batch->n_groups - i < NAMES_MAX ? batch->n_groups - i : NAMES_MAX;
        outcome = find_campaigns(l, &batch->groups[i], n, lock);
    }
    return outcome;
}

/* --- users --- */

/* The columns of a query for users: only the first, or all. */
#define GRANT_COLUMNS "user_id, serial, code, ticket"
enum { USER, SERIAL, CODE, TICKET };

typedef void take_fn(struct archive_job *job, MYSQL_ROW row);

static void take_grant(struct archive_job *job, MYSQL_ROW row)
{
    job->known = (struct request_state){.kind = REQUEST_GRANTED,
                                        .serial = (uint32_t)number(row[SERIAL]),
                                        .ticket = strtoull(row[TICKET], NULL, 10)};
    snprintf(job->known.code, sizeof job->known.code, "%s", row[CODE]);
}

static void take_journalled(struct archive_job *job, MYSQL_ROW row)
{
    (void)row;
    if (job->known.kind == REQUEST_NONE)
        job->known.kind = REQUEST_WAITING;
}

/* find_users: runs a query for at most LOOKUP_USERS_MAX users; the first column must be the user.
 * Forces the index, because statistics of a table that has just been filled can mislead. */
static enum db_outcome find_users(struct lookup *l, const char *select, int64_t campaign_id,
                                  struct archive_job *const *jobs, size_t n, take_fn *take)
{
    MYSQL_RES *rows;
    struct text text = text_begin(l);
    append(&text,
           "SELECT %s FORCE INDEX (one_per_user) WHERE campaign_id = %" PRId64 " AND user_id IN (",
           select, campaign_id);
    for (size_t i = 0; i < n; i++)
        append(&text, "%s'%s'", i > 0 ? "," : "", jobs[i]->user);
    append(&text, ")");
    enum db_outcome outcome = db_query(&l->db, l->sql, &rows);
    if (outcome != DB_OK)
        return outcome;
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL;) {
        struct archive_job *job = archive_batch_find(jobs, n, row[USER]);
        if (job != NULL)
            take(job, row);
    }
    mysql_free_result(rows);
    return DB_OK;
}

static enum db_outcome find_all(struct lookup *l, const char *select, int64_t campaign_id,
                                struct archive_job *const *jobs, size_t n, take_fn *take)
{
    enum db_outcome outcome = DB_OK;
    for (size_t i = 0, part; i < n && outcome == DB_OK; i += part) {
        part = n - i < LOOKUP_USERS_MAX ? n - i : LOOKUP_USERS_MAX;
        outcome = find_users(l, select, campaign_id, jobs + i, part, take);
    }
    return outcome;
}

enum db_outcome lookup_grants(struct lookup *l, int64_t campaign_id,
                              struct archive_job *const *jobs, size_t n)
{
    return find_all(l, GRANT_COLUMNS " FROM coupons", campaign_id, jobs, n, take_grant);
}

enum db_outcome lookup_journal(struct lookup *l, int64_t campaign_id,
                               struct archive_job *const *jobs, size_t n)
{
    return find_all(l, "user_id FROM journal", campaign_id, jobs, n, take_journalled);
}

enum db_outcome lookup_journalled(struct lookup *l, int64_t campaign_id, int64_t *count)
{
    MYSQL_RES *rows;
    snprintf(l->sql, sizeof l->sql, "SELECT COUNT(*) FROM journal WHERE campaign_id = %" PRId64,
             campaign_id);
    enum db_outcome outcome = db_query(&l->db, l->sql, &rows);
    if (outcome != DB_OK)
        return outcome;
    *count = number(mysql_fetch_row(rows)[0]);
    mysql_free_result(rows);
    return DB_OK;
}

/* --- a batch of questions --- */

/* ask_group: looks up a campaign that was found. A job without user stands first. A user who is
 * granted meanwhile leaves the journal: asking for grants last finds this user there. */
static enum db_outcome ask_group(struct lookup *l, struct archive_group *group)
{
    size_t skip = group->firsts[0]->user[0] == '\0';
    struct archive_job *const *jobs = group->firsts + skip;
    enum db_outcome outcome = lookup_journal(l, group->row.id, jobs, group->n - skip);
    if (outcome == DB_OK)
        outcome = lookup_grants(l, group->row.id, jobs, group->n - skip);
    return outcome;
}

enum db_outcome lookup_batch(struct lookup *l, struct archive_batch *batch)
{
    enum db_outcome outcome = lookup_campaigns(l, batch, false);
    for (size_t i = 0; i < batch->n_groups && outcome == DB_OK; i++) {
        if (batch->groups[i].found)
            outcome = ask_group(l, &batch->groups[i]);
    }
    return outcome;
}
