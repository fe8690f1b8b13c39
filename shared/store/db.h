/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: one blocking connection, used by one thread at a time.
 *
 * Never reconnects by itself (a COMMIT could answer OK on a new connection, with the rows gone).
 * Every call has a deadline: connecting and each read or write on the socket. A statement that the
 * server itself should give up earlier is bounded by max_statement_time, set from the same
 * query_timeout_ms. A connection that asks nothing for two seconds within a transaction is ended by
 * the server. Sessions run in UTC, autocommit on. */
#ifndef ONRUSH_DB_H
#define ONRUSH_DB_H

#include <mariadb/mysql.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct db_config {
    char socket[108]; /* path; "": TCP to host and port */
    char host[256];
    int64_t port;
    char database[65];
    char user[81];
    char password_file[256]; /* "": no password */
    int64_t connect_timeout_ms, query_timeout_ms;
};

/* What an error means for the caller. */
enum db_outcome {
    DB_OK,
    DB_DUPLICATE, /* a unique key has the value already */
    DB_BUSY,    /* deadlock, lock wait, disk full, anything that can be repaired: roll back and try
                   again */
    DB_REFUSED, /* the data of a row is not acceptable, or (db_open) the login: do not repeat */
    DB_LOST,    /* no connection, or no answer: what was under way is unknown */
};

struct db {
    MYSQL *link;            /* NULL: not connected */
    char error[256];        /* of the last call that failed, for the log */
    LIST_ENTRY(db) in_open; /* of db.c: connections that are open */
    int cut_fd;             /* of db.c: of one that is in that list */
};

/* db_open: connects. DB_OK, DB_REFUSED (wrong password, no such database; `error` says) or
 * DB_LOST. */
enum db_outcome db_open(struct db *db, const struct db_config *config);

/* db_close: closes; fine when not connected. */
void db_close(struct db *db);

/* db_cut_all: ends every connection of the process under the hands of its owner, whose call fails
 * with DB_LOST, and makes every later db_open() fail. For a daemon that must end while MariaDB
 * hangs; any thread. A connection that is just being made ends by its own deadline. How many. */
size_t db_cut_all(void);

/* db_exec: a statement without rows. *changed may be NULL. */
enum db_outcome db_exec(struct db *db, const char *sql, uint64_t *changed);

/* db_query: a statement with rows, all of them read: the caller frees *rows with
 * mysql_free_result(). */
enum db_outcome db_query(struct db *db, const char *sql, MYSQL_RES **rows);

/* db_format: sql with every %s quoted and escaped and %d as a 64-bit number, into `out`.
 * Bytes written, or -E2BIG. The connection must be open (the escaping needs its character set). */
int db_format(struct db *db, char *out, size_t size, const char *sql, ...);

/* db_fail: notes the error of the connection, or of `stmt` when it is not NULL, and says what it
 * means. */
enum db_outcome db_fail(struct db *db, MYSQL_STMT *stmt);

/* db_classify: what an error number of server or client means. */
enum db_outcome db_classify(unsigned error_number);

#endif
