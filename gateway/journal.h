/* The journal: requests that are accepted while Redis is away, as rows in MariaDB. A scheduler
 * moves them into the queue once Redis is back, in the order of their arrival.
 *
 * A round of ARCHIVE_WRITE is one transaction:
 *
 *   SELECT campaigns ... LOCK IN SHARE MODE    nobody settles, closes or grants until we are
 * through SELECT coupons, journal                    who is known already; how full the journal is
 *   INSERT IGNORE journal (all in one go)      a user has one row, the first that came
 *   COMMIT                                     only now anybody is told 202
 *
 * Writing a round twice does no harm. The archive's thread. */
#ifndef ONRUSH_GATEWAY_JOURNAL_H
#define ONRUSH_GATEWAY_JOURNAL_H

#include "gateway/journal_rules.h"
#include "gateway/lookup.h"

#define GATEWAY_NAME_MAX 64

struct journal_row {
    uint32_t campaign_id;
    uint64_t ticket;
    unsigned long user_len;
    char user[USER_ID_MAX + 1];
};

struct journal {
    struct lookup *lookup; /* and its connection */
    struct gateway_metrics *metrics;
    MYSQL_STMT *insert; /* NULL: not prepared */
    char gateway[GATEWAY_NAME_MAX + 1];
    struct journal_bound bounds[JOURNAL_BOUNDS];
    int64_t written;                        /* rows that the round under way made */
    struct archive_job *unknown[ROUND_MAX]; /* scratch */
    struct journal_row rows[ROUND_MAX];     /* scratch */
};

void journal_init(struct journal *journal, struct lookup *lookup, struct gateway_metrics *metrics);

/* journal_close: before the connection is closed. */
void journal_close(struct journal *journal);

/* journal_round: writes an arranged round. Not DB_OK: nothing was written, unless *unknown was set:
 * a COMMIT was not answered. The connection is in no transaction any more, or DB_LOST. */
enum db_outcome journal_round(struct journal *journal, struct round *round, bool *unknown);

#endif
