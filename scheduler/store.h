/* Jobs in MariaDB: the SQL of the scheduler, over one connection. Blocking; one thread at a
 * time. */
#ifndef ONRUSH_SCHEDULER_STORE_H
#define ONRUSH_SCHEDULER_STORE_H

#include "scheduler/job.h"
#include "shared/db.h"

struct store {
    struct db db;
    MYSQL_STMT *insert, *guard; /* prepared on the connection */
};

/* store_open: connects and prepares. What it gives is that of db_open(); store->db.error says why
 * not. */
enum db_outcome store_open(struct store *store, const struct db_config *config);

/* store_close: fine when not open. */
void store_close(struct store *store);

/* store_run: carries a job out, and fills in its outcome. After JOB_UNKNOWN the connection is
 * closed. */
void store_run(struct store *store, struct job *job);

#endif
