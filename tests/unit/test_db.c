/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/db: what an error number of MariaDB means for the caller, and how statements are
 * formatted. */
#include "tests/support/test.h"

#include "shared/store/db.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <string.h>

static const struct {
    unsigned number;
    enum db_outcome outcome;
} cases[] = {
    {0, DB_OK},
    {ER_DUP_ENTRY, DB_DUPLICATE},
    {ER_DUP_ENTRY_WITH_KEY_NAME, DB_DUPLICATE},
    {ER_LOCK_DEADLOCK, DB_BUSY},
    {ER_LOCK_WAIT_TIMEOUT, DB_BUSY},
    {ER_OPTION_PREVENTS_STATEMENT, DB_BUSY},
    {ER_DISK_FULL, DB_BUSY},
    {ER_SERVER_SHUTDOWN, DB_LOST},
    {ER_CONNECTION_KILLED, DB_LOST},
    {ER_STATEMENT_TIMEOUT, DB_LOST},
    {CR_SERVER_GONE_ERROR, DB_LOST},
    {CR_SERVER_LOST, DB_LOST},
    {CR_CONNECTION_ERROR, DB_LOST},
    {CR_CONN_HOST_ERROR, DB_LOST},
    {CR_UNKNOWN_ERROR, DB_LOST},
    {CR_OUT_OF_MEMORY, DB_LOST},
    {ER_DATA_TOO_LONG, DB_REFUSED},
    {ER_BAD_NULL_ERROR, DB_REFUSED},
    {ER_NO_SUCH_TABLE, DB_BUSY},
    {ER_PARSE_ERROR, DB_BUSY},
    {ER_ACCESS_DENIED_ERROR, DB_BUSY},
    {ER_ERROR_DURING_COMMIT, DB_BUSY},
    {ER_BAD_DB_ERROR, DB_BUSY},
    {ER_CONSTRAINT_FAILED, DB_REFUSED},
    {1, DB_BUSY},
};

TEST(test_classify)
{
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (db_classify(cases[i].number) != cases[i].outcome)
            fail_msg("%u", cases[i].number);
    }
}

/* The statements of these tests reach no server: a statement that is sent is lost. */
static struct db db;

BEFORE_ALL(no_server)
{
    db = (struct db){.link = mysql_init(NULL)};
    assert_non_null(db.link);
}

AFTER_ALL(free_link)
{
    mysql_close(db.link);
}

TEST(test_format)
{
    char sql[200];
    int n = db_format(&db, sql, sizeof sql, "%s, %s, %d, %u, %" PRId64 ", %" PRIu64 ", %lld.",
                      "it's", "", -1, 4000000000u, INT64_MIN, UINT64_MAX, -7LL);
    assert_string_equal(
        sql, "'it\\'s', '', -1, 4000000000, -9223372036854775808, 18446744073709551615, -7.");
    assert_int_equal(n, strlen(sql));
}

/* A byte too many is refused, wherever it comes from; each letter of a string counts twice. */
TEST(test_format_bound)
{
    char sql[9];
    assert_int_equal(db_format(&db, sql, 9, "12345678"), 8);
    assert_int_equal(db_format(&db, sql, 8, "12345678"), -E2BIG);
    assert_int_equal(db_format(&db, sql, 9, "1%d8", 234567), 8);
    assert_int_equal(db_format(&db, sql, 8, "1%d8", 234567), -E2BIG);
    assert_int_equal(db_format(&db, sql, 8, "1%d", 2345678), -E2BIG);
    assert_int_equal(db_format(&db, sql, 9, "1234%s", "'"), 8);
    assert_int_equal(db_format(&db, sql, 8, "1234%s", "a"), -E2BIG);
    assert_int_equal(db_format(&db, sql, 9, "12%s%d", "'", 78), 8);
    assert_int_equal(db_format(&db, sql, 9, "12%s%d", "'", 789), -E2BIG);
}

#define HUNDRED                                                                                    \
    "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"  \
    "234567890"
#define LONGEST                                                                                    \
    HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED                \
        "12345678901234567890123"
static_assert(sizeof LONGEST == DB_STATEMENT_MAX + 1, "one byte more is too long");

TEST(test_statement_bound)
{
    MYSQL_RES *rows;
    int64_t n;
    assert_int_equal(db_execf(&db, NULL, LONGEST), DB_LOST);
    assert_int_equal(db_queryf(&db, &rows, LONGEST), DB_LOST);
    assert_int_equal(db_number(&db, &n, LONGEST), DB_LOST);
    assert_int_equal(db_execf(&db, NULL, LONGEST "4"), DB_REFUSED);
    assert_string_equal(db.error, "a statement is longer than 1023 bytes");
    assert_int_equal(db_queryf(&db, &rows, LONGEST "4"), DB_REFUSED);
    assert_int_equal(db_number(&db, &n, LONGEST "4"), DB_REFUSED);
}
