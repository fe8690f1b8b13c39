/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: one blocking connection, used by one thread at a time.
 *
 * A connection never reconnects by itself: a COMMIT could then succeed on a new connection, with
 * the rows gone. Connecting and each read or write have a deadline; query_timeout_ms also sets
 * max_statement_time, so the server gives up a slow statement first. The server closes a connection
 * that is idle for two seconds within a transaction. Sessions run in UTC, in READ COMMITTED, with
 * autocommit on. */
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
    DB_DUPLICATE, /* a unique key has this value already */
    DB_BUSY,      /* deadlock, lock wait, disk full, anything repairable: roll back, retry */
    DB_REFUSED,   /* the data, or the login (db_open), is not acceptable: do not retry */
    DB_LOST,      /* no connection or no answer: the outcome is unknown */
};

struct db {
    MYSQL *link;            /* NULL: not connected */
    char error[256];        /* of the last failed call, for the log */
    LIST_ENTRY(db) in_open; /* db.c: the list of open connections, */
    bool listed;            /* that it is in, */
    int cut_fd;             /* and a duplicate of its socket */
};

/* db_open: connects. Returns DB_OK, DB_REFUSED (wrong password, no such database; see `error`) or
 * DB_LOST. */
enum db_outcome db_open(struct db *db, const struct db_config *config);

/* db_close: does nothing if not connected. */
void db_close(struct db *db);

/* db_cut_all: cuts every open connection of the process, even in use: the call under way fails with
 * DB_LOST, and so does every later db_open(). For a daemon that must stop while MariaDB hangs. A
 * connection attempt ends by its own deadline. Any thread. Returns the number of connections
 * cut. */
size_t db_cut_all(void);

/* db_exec: runs a statement without rows. `changed` may be NULL. */
enum db_outcome db_exec(struct db *db, const char *sql, uint64_t *changed);

/* db_query: runs a statement and reads all its rows. The caller frees *rows with
 * mysql_free_result(). */
enum db_outcome db_query(struct db *db, const char *sql, MYSQL_RES **rows);

/* db_prepare: returns the statement, which the caller closes; NULL: see db->error. */
MYSQL_STMT *db_prepare(struct db *db, const char *sql);

/* db_format: formats SQL into `out`: %s is a string, which it quotes and escapes; %d and %u are
 * numbers, with l or ll for their size (PRId64). There are no other conversions. Returns the
 * length, or -E2BIG, for which each letter of a string counts twice. The connection must be open,
 * because escaping needs its character set. */
int db_format(struct db *db, char *out, size_t size, const char *sql, ...)
    __attribute__((format(printf, 4, 5)));

/* db_execf, db_queryf: format a statement as db_format() does, and run it as db_exec() and
 * db_query() do. DB_STATEMENT_MAX bounds its bytes: a longer one is not sent, and the outcome is
 * DB_REFUSED. db_number: sets *n to the first column of the only row; no row and NULL count as
 * 0. */
#define DB_STATEMENT_MAX 1023
enum db_outcome db_execf(struct db *db, uint64_t *changed, const char *sql, ...)
    __attribute__((format(printf, 3, 4)));
enum db_outcome db_queryf(struct db *db, MYSQL_RES **rows, const char *sql, ...)
    __attribute__((format(printf, 3, 4)));
enum db_outcome db_number(struct db *db, int64_t *n, const char *sql, ...)
    __attribute__((format(printf, 3, 4)));

/* db_fail: stores the error of the connection, or of `stmt` if not NULL, and classifies it. */
enum db_outcome db_fail(struct db *db, MYSQL_STMT *stmt);

/* db_classify: the meaning of an error number of server or client. */
enum db_outcome db_classify(unsigned error_number);

#endif
