/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/db.h"

#include "shared/base/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Every open connection, for db_cut_all(), with a duplicate of its socket: Connector/C may close
 * the original in its own thread, and its number may be reused by the time we cut. */
static LIST_HEAD(, db) open_dbs = LIST_HEAD_INITIALIZER(open_dbs);
static bool all_cut;
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER; /* guards both; never held in I/O */

/* db_classify: refuses only errors about the data of a row. Anything else may be repaired, and must
 * never cost a user a coupon. */
enum db_outcome db_classify(unsigned error_number)
{
    switch (error_number) {
    case 0:
        return DB_OK;
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
        return DB_DUPLICATE;
    case ER_BAD_NULL_ERROR:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case WARN_DATA_TRUNCATED:
    case ER_DATA_TOO_LONG:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
    case ER_CONSTRAINT_FAILED:
    case ER_SIGNAL_EXCEPTION: /* an operator's trigger */
        return DB_REFUSED;
    case ER_SERVER_SHUTDOWN:
    case ER_CON_COUNT_ERROR:
    case ER_CONNECTION_KILLED:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT:
        return DB_LOST;
    default:
        return error_number >= CR_MIN_ERROR && error_number <= CR_MAX_ERROR ? DB_LOST : DB_BUSY;
    }
}

/* note_open: returns false if db_cut_all() was called. */
static bool note_open(struct db *db)
{
    pthread_mutex_lock(&open_lock);
    bool wanted = !all_cut;
    db->cut_fd = wanted ? fcntl(mysql_get_socket(db->link), F_DUPFD_CLOEXEC, 0) : -1;
    db->listed = wanted;
    if (wanted)
        LIST_INSERT_HEAD(&open_dbs, db, in_open);
    pthread_mutex_unlock(&open_lock);
    return wanted;
}

static void note_closed(struct db *db)
{
    pthread_mutex_lock(&open_lock);
    if (db->listed) {
        LIST_REMOVE(db, in_open);
        if (db->cut_fd >= 0)
            close(db->cut_fd);
    }
    db->listed = false;
    pthread_mutex_unlock(&open_lock);
}

/* forget_closed: if Connector/C has closed its socket, closes our duplicate; otherwise MariaDB
 * would keep the transaction and its locks. */
static void forget_closed(struct db *db)
{
    if (mysql_get_socket(db->link) == MARIADB_INVALID_SOCKET)
        note_closed(db);
}

enum db_outcome db_fail(struct db *db, MYSQL_STMT *stmt)
{
    unsigned number = stmt != NULL ? mysql_stmt_errno(stmt) : mysql_errno(db->link);
    const char *text = stmt != NULL ? mysql_stmt_error(stmt) : mysql_error(db->link);
    snprintf(db->error, sizeof db->error, "%u %s", number, text);
    forget_closed(db);
    enum db_outcome outcome = db_classify(number);
    return outcome == DB_OK ? DB_LOST : outcome;
}

/* IDLE_TRANSACTION_S: if a process stops or its machine dies within a transaction, MariaDB ends the
 * connection and the transaction after this time. Otherwise the row of its campaign would stay
 * locked, and no other scheduler could take the lease. */
#define IDLE_TRANSACTION_S 2

/* seconds: rounds up, because Connector/C counts whole seconds. */
static unsigned seconds(int64_t ms)
{
    return ms < 1000 ? 1 : (unsigned)((ms + 999) / 1000);
}

/* set_options: READ COMMITTED, because gap locks would make others wait. */
static void set_options(MYSQL *link, const struct db_config *config)
{
    unsigned connect_s = seconds(config->connect_timeout_ms),
             query_s = seconds(config->query_timeout_ms) + 1;
    char setup[256];
    snprintf(setup, sizeof setup,
             "SET time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
             "innodb_lock_wait_timeout=%u, max_statement_time=%.3f, idle_transaction_timeout=%d, "
             "tx_isolation='READ-COMMITTED'",
             seconds(config->query_timeout_ms), (double)config->query_timeout_ms / 1000,
             IDLE_TRANSACTION_S);
    mysql_options(link, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(link, MYSQL_OPT_READ_TIMEOUT, &query_s);
    mysql_options(link, MYSQL_OPT_WRITE_TIMEOUT, &query_s);
    mysql_options(link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(link, MYSQL_INIT_COMMAND, setup);
}

size_t db_cut_all(void)
{
    struct db *d;
    size_t n = 0;
    pthread_mutex_lock(&open_lock);
    all_cut = true;
    LIST_FOREACH (d, &open_dbs, in_open)
        n += shutdown(d->cut_fd, SHUT_RDWR) == 0;
    pthread_mutex_unlock(&open_lock);
    return n;
}

enum db_outcome db_open(struct db *db, const struct db_config *config)
{
    char password[256];
    db_close(db);
    if (config_read_secret(config->password_file, password, sizeof password) < 0) {
        snprintf(db->error, sizeof db->error, "the password file %.200s cannot be read",
                 config->password_file);
        return DB_REFUSED;
    }
    db->link = mysql_init(NULL);
    if (db->link == NULL) {
        snprintf(db->error, sizeof db->error, "out of memory");
        return DB_LOST;
    }
    set_options(db->link, config);
    bool local = config->socket[0] != '\0';
    MYSQL *ok = mysql_real_connect(db->link, local ? "localhost" : config->host, config->user,
                                   password, config->database, (unsigned)config->port,
                                   local ? config->socket : NULL, 0);
    explicit_bzero(password, sizeof password);
    if (ok != NULL && note_open(db))
        return DB_OK;
    unsigned number = mysql_errno(db->link);
    enum db_outcome outcome = db_fail(db, NULL);
    db_close(db);
    if (number == ER_ACCESS_DENIED_ERROR || number == ER_DBACCESS_DENIED_ERROR ||
        number == ER_BAD_DB_ERROR)
        return DB_REFUSED;
    return outcome;
}

void db_close(struct db *db)
{
    if (db->link == NULL)
        return;
    note_closed(db);
    mysql_close(db->link);
    db->link = NULL;
}

enum db_outcome db_exec(struct db *db, const char *sql, uint64_t *changed)
{
    if (mysql_query(db->link, sql) != 0)
        return db_fail(db, NULL);
    if (changed != NULL)
        *changed = mysql_affected_rows(db->link);
    return DB_OK;
}

enum db_outcome db_query(struct db *db, const char *sql, MYSQL_RES **rows)
{
    if (mysql_query(db->link, sql) != 0)
        return db_fail(db, NULL);
    MYSQL_RES *got = mysql_store_result(db->link);
    if (got == NULL)
        return db_fail(db, NULL);
    *rows = got;
    return DB_OK;
}

MYSQL_STMT *db_prepare(struct db *db, const char *sql)
{
    MYSQL_STMT *stmt = mysql_stmt_init(db->link);
    if (stmt != NULL && mysql_stmt_prepare(stmt, sql, strlen(sql)) != 0) {
        db_fail(db, stmt);
        mysql_stmt_close(stmt);
        stmt = NULL;
    }
    return stmt;
}

/* --- formatted statements --- */

/* append_quoted: quotes and escapes `text`. Returns the length, or -E2BIG. */
static int append_quoted(struct db *db, char *out, size_t room, const char *text)
{
    size_t len = strlen(text);
    if (room < 2 * len + 3)
        return -E2BIG;
    out[0] = '\'';
    unsigned long n = mysql_real_escape_string(db->link, out + 1, text, len);
    out[n + 1] = '\'';
    return (int)n + 2;
}

/* append_number: the next argument, of a conversion with this many l. */
static int append_number(char *out, size_t room, char conversion, size_t longs, va_list *args)
{
    if (conversion == 'u')
        return snprintf(out, room, "%llu",
                        longs == 0   ? va_arg(*args, unsigned)
                        : longs == 1 ? va_arg(*args, unsigned long)
                                     : va_arg(*args, unsigned long long));
    assert(conversion == 'd');
    return snprintf(out, room, "%lld",
                    longs == 0   ? va_arg(*args, int)
                    : longs == 1 ? va_arg(*args, long)
                                 : va_arg(*args, long long));
}

static int format(struct db *db, char *out, size_t size, const char *sql, va_list *args)
{
    for (size_t n = 0;;) {
        size_t plain = strcspn(sql, "%");
        if (plain >= size - n)
            return -E2BIG;
        memcpy(out + n, sql, plain);
        n += plain;
        sql += plain;
        if (*sql == '\0') {
            out[n] = '\0';
            return (int)n;
        }
        size_t longs = strspn(++sql, "l");
        int r = *sql == 's' ? append_quoted(db, out + n, size - n, va_arg(*args, const char *))
                            : append_number(out + n, size - n, sql[longs], longs, args);
        if (r < 0 || (size_t)r >= size - n)
            return -E2BIG;
        n += (size_t)r;
        sql += longs + 1;
    }
}

int db_format(struct db *db, char *out, size_t size, const char *sql, ...)
{
    va_list args;
    va_start(args, sql);
    int r = format(db, out, size, sql, &args);
    va_end(args);
    return r;
}

/* statement: formats it, or says why not. */
static enum db_outcome statement(struct db *db, char out[DB_STATEMENT_MAX + 1], const char *sql,
                                 va_list *args)
{
    if (format(db, out, DB_STATEMENT_MAX + 1, sql, args) >= 0)
        return DB_OK;
    snprintf(db->error, sizeof db->error, "a statement is longer than %d bytes", DB_STATEMENT_MAX);
    return DB_REFUSED;
}

enum db_outcome db_execf(struct db *db, uint64_t *changed, const char *sql, ...)
{
    char text[DB_STATEMENT_MAX + 1];
    va_list args;
    va_start(args, sql);
    enum db_outcome outcome = statement(db, text, sql, &args);
    va_end(args);
    return outcome == DB_OK ? db_exec(db, text, changed) : outcome;
}

static enum db_outcome query(struct db *db, MYSQL_RES **rows, const char *sql, va_list *args)
{
    char text[DB_STATEMENT_MAX + 1];
    enum db_outcome outcome = statement(db, text, sql, args);
    return outcome == DB_OK ? db_query(db, text, rows) : outcome;
}

enum db_outcome db_queryf(struct db *db, MYSQL_RES **rows, const char *sql, ...)
{
    va_list args;
    va_start(args, sql);
    enum db_outcome outcome = query(db, rows, sql, &args);
    va_end(args);
    return outcome;
}

enum db_outcome db_number(struct db *db, int64_t *n, const char *sql, ...)
{
    MYSQL_RES *rows;
    va_list args;
    va_start(args, sql);
    enum db_outcome outcome = query(db, &rows, sql, &args);
    va_end(args);
    if (outcome != DB_OK)
        return outcome;
    MYSQL_ROW row = mysql_fetch_row(rows);
    *n = row != NULL && row[0] != NULL ? strtoll(row[0], NULL, 10) : 0;
    mysql_free_result(rows);
    return DB_OK;
}
