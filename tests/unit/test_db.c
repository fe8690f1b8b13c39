/* SPDX-License-Identifier: Apache-2.0 */
/* shared/store/db: what an error number of MariaDB means for the caller. */
#include "tests/support/test.h"

#include "shared/store/db.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

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

static void test_classify(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (db_classify(cases[i].number) != cases[i].outcome)
            fail_msg("%u", cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classify)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
