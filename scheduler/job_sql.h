/* SPDX-License-Identifier: Apache-2.0 */
/* Does jobs in MariaDB: the scheduler's SQL, on one connection. Blocking; one thread at a time. */
#ifndef ONRUSH_SCHEDULER_JOB_SQL_H
#define ONRUSH_SCHEDULER_JOB_SQL_H

#include "scheduler/job.h"
#include "shared/store/db.h"

struct job_sql {
    struct db db;
    MYSQL_STMT *insert, *guard; /* prepared on the connection */
};

/* job_sql_open: connects and prepares. Returns DB_OK, or the reason with details in
 * sql->db.error. */
enum db_outcome job_sql_open(struct job_sql *sql, const struct db_config *config);

/* job_sql_close: may be called when not open. */
void job_sql_close(struct job_sql *sql);

/* job_sql_run: does a job and sets its outcome. After JOB_UNKNOWN the connection is closed. */
void job_sql_run(struct job_sql *sql, struct job *job);

#endif
