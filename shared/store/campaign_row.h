/* SPDX-License-Identifier: Apache-2.0 */
/* A row of the table `campaigns`, as gateway, scheduler and onrushctl read it. migrations/ explains
 * the columns. Pure; thread safe. */
#ifndef ONRUSH_CAMPAIGN_ROW_H
#define ONRUSH_CAMPAIGN_ROW_H

#include "shared/store/protocol.h"

/* Times are µs since the epoch, by MariaDB's clock. */
struct campaign_row {
    int64_t id, quota, overflow, granted, instant_wait_ms, watermark;
    uint64_t epoch;
    int64_t opens_us, closes_us, lease_us, created_us; /* closes_us 0: never */
    int64_t now_us;                                    /* when the row was read */
    bool journal;                                      /* is not empty; see the queries below */
    enum campaign_state state;
    char name[CAMPAIGN_NAME_MAX + 1];
    char owner[65]; /* of the lease; "": nobody */
};

/* CAMPAIGN_ROW_US: a DATETIME(6) in µs. UNIX_TIMESTAMP() ends in 2038, TIMESTAMPDIFF() does not. */
#define CAMPAIGN_ROW_US(time) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " time ")"

/* The columns with numbers: the member, and its expression. NULL is read as 0. */
#define CAMPAIGN_ROW_NUMBERS(X, exists)                                                            \
    X(id, "id")                                                                                    \
    X(quota, "quota")                                                                              \
    X(overflow, "overflow")                                                                        \
    X(granted, "granted")                                                                          \
    X(instant_wait_ms, "instant_wait_ms")                                                          \
    X(watermark, "watermark")                                                                      \
    X(epoch, "epoch")                                                                              \
    X(opens_us, CAMPAIGN_ROW_US("opens_at"))                                                       \
    X(closes_us, CAMPAIGN_ROW_US("closes_at"))                                                     \
    X(lease_us, CAMPAIGN_ROW_US("lease_until"))                                                    \
    X(created_us, CAMPAIGN_ROW_US("created_at"))                                                   \
    X(now_us, CAMPAIGN_ROW_US("UTC_TIMESTAMP(6)"))                                                 \
    X(journal, exists)

#define CAMPAIGN_ROW_COLUMN(member, expression) expression ", "
#define CAMPAIGN_ROW_QUERY(exists)                                                                 \
    "SELECT " CAMPAIGN_ROW_NUMBERS(CAMPAIGN_ROW_COLUMN, exists) "state, name, owner FROM "         \
                                                                "campaigns"

/* CAMPAIGN_ROW_SELECT: the query, up to its WHERE. CAMPAIGN_ROW_SELECT_JOURNAL: asks for `journal`,
 * too; not for a query that locks, as it would lock the journal. */
#define CAMPAIGN_ROW_SELECT CAMPAIGN_ROW_QUERY("0")
#define CAMPAIGN_ROW_SELECT_JOURNAL                                                                \
    CAMPAIGN_ROW_QUERY("EXISTS (SELECT 1 FROM journal WHERE journal.campaign_id = campaigns.id)")

/* campaign_row_read: reads a row (a MYSQL_ROW) of either query. Returns 0, or -EINVAL if nobody
 * knows its state; all else is read then. */
int campaign_row_read(char **cells, struct campaign_row *row);

#endif
