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

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->at + text->len, text->size - text->len, format, args);
    va_end(args);
}

/* --- campaigns --- */

static void write_campaigns(struct lookup *l, const struct archive_group *groups, size_t n,
                            bool lock)
{
    struct text text = {.at = l->sql, .size = sizeof l->sql};
    append(&text, "%s WHERE name IN (", lock ? CAMPAIGN_ROW_SELECT : CAMPAIGN_ROW_SELECT_JOURNAL);
    for (size_t i = 0; i < n; i++)
        append(&text, "%s'%s'", i > 0 ? "," : "", groups[i].firsts[0]->name);
    append(&text, ")%s", lock ? " LOCK IN SHARE MODE" : "");
}

static enum db_outcome find_campaigns(struct lookup *l, struct archive_group *groups, size_t n,
                                      bool lock)
{
    MYSQL_RES *rows;
    struct campaign_row row;
    write_campaigns(l, groups, n, lock);
    enum db_outcome outcome = db_query(&l->db, l->sql, &rows);
    if (outcome != DB_OK)
        return outcome;
    for (MYSQL_ROW cells; (cells = mysql_fetch_row(rows)) != NULL;) {
        bool known = campaign_row_read(cells, &row) == 0;
        for (size_t i = 0; i < n && known; i++) {
            if (strcmp(groups[i].firsts[0]->name, row.name) != 0)
                continue;
            groups[i].found = true;
            groups[i].row = row;
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
                                        .serial = (uint32_t)strtoul(row[SERIAL], NULL, 10),
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
    struct text text = {.at = l->sql, .size = sizeof l->sql};
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
