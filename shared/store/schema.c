/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/store/schema.h"

#include "shared/base/embedded.h"
#include "shared/base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define LOCK_TRIES 30 /* of 1 s each, less than any deadline of the connection */
#define TABLE                                                                                      \
    "CREATE TABLE IF NOT EXISTS schema_version (version INT UNSIGNED NOT NULL PRIMARY KEY, "       \
    "name VARCHAR(128) NOT NULL, applied_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)) "   \
    "ENGINE = InnoDB"

int schema_known(void)
{
    int version = 0;
    for (const struct embedded *m = schema_migrations; m->name != NULL; m++)
        version = atoi(m->name);
    return version;
}

enum db_outcome schema_version(struct db *db, int *version)
{
    int64_t tables, n = 0;
    enum db_outcome outcome =
        db_number(db, &tables,
                  "SELECT COUNT(*) FROM information_schema.tables WHERE "
                  "table_schema = DATABASE() AND table_name = 'schema_version'");
    if (outcome == DB_OK && tables > 0)
        outcome = db_number(db, &n, "SELECT MAX(version) FROM schema_version");
    *version = (int)n;
    return outcome;
}

enum db_outcome schema_check(struct db *db)
{
    int version;
    enum db_outcome outcome = schema_version(db, &version);
    if (outcome != DB_OK || version == schema_known())
        return outcome;
    snprintf(db->error, sizeof db->error, "the schema has version %d, this binary knows %d: %s",
             version, schema_known(),
             version < schema_known() ? "run `onrushctl migrate`"
                                      : "install the binaries that go with the schema");
    return DB_REFUSED;
}

bool schema_fits(const struct db_config *config, const char *unfit, const char *away)
{
    struct db db = {0};
    char quoted[300];
    enum db_outcome outcome = db_open(&db, config);
    if (outcome == DB_OK)
        outcome = schema_check(&db);
    db_close(&db);
    if (outcome == DB_REFUSED)
        log_error(unfit, "error=%s", log_quote(db.error, quoted, sizeof quoted));
    else if (outcome != DB_OK)
        log_warning(away, "error=%s", log_quote(db.error, quoted, sizeof quoted));
    return outcome != DB_REFUSED;
}

/* run_statements: runs the statements of a migration and reads all their results. */
static enum db_outcome run_statements(struct db *db, const char *sql)
{
    mysql_set_server_option(db->link, MYSQL_OPTION_MULTI_STATEMENTS_ON);
    enum db_outcome outcome = mysql_query(db->link, sql) == 0 ? DB_OK : db_fail(db, NULL);
    while (outcome == DB_OK) {
        MYSQL_RES *rows = mysql_store_result(db->link);
        if (rows != NULL)
            mysql_free_result(rows);
        int more = mysql_next_result(db->link);
        if (more < 0)
            break;
        if (more > 0)
            outcome = db_fail(db, NULL);
    }
    mysql_set_server_option(db->link, MYSQL_OPTION_MULTI_STATEMENTS_OFF);
    return outcome;
}

static enum db_outcome apply(struct db *db, const struct embedded *migration)
{
    enum db_outcome outcome = run_statements(db, migration->text);
    if (outcome != DB_OK)
        return outcome;
    return db_execf(db, NULL, "INSERT INTO schema_version (version, name) VALUES (%d, %s)",
                    atoi(migration->name), migration->name);
}

static enum db_outcome apply_missing(struct db *db, void (*applied)(void *arg, const char *name),
                                     void *arg)
{
    int version;
    enum db_outcome outcome = schema_version(db, &version);
    for (const struct embedded *m = schema_migrations; m->name != NULL && outcome == DB_OK; m++) {
        if (atoi(m->name) <= version)
            continue;
        outcome = apply(db, m);
        if (outcome == DB_OK)
            applied(arg, m->name);
    }
    return outcome;
}

enum db_outcome schema_migrate(struct db *db, void (*applied)(void *arg, const char *name),
                               void *arg)
{
    int64_t locked = 0;
    enum db_outcome outcome = db_exec(db, "SET max_statement_time=0", NULL);
    for (int i = 0; i < LOCK_TRIES && outcome == DB_OK && !locked; i++)
        outcome =
            db_number(db, &locked, "SELECT GET_LOCK(CONCAT(DATABASE(), '.onrush_migrate'), 1)");
    if (outcome != DB_OK)
        return outcome;
    if (!locked) {
        snprintf(db->error, sizeof db->error, "another migration holds the lock for %d s",
                 LOCK_TRIES);
        return DB_BUSY;
    }
    outcome = db_exec(db, TABLE, NULL);
    if (outcome == DB_OK)
        outcome = apply_missing(db, applied, arg);
    if (db_number(db, &locked, "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.onrush_migrate'))") ==
        DB_LOST)
        return DB_LOST;
    return outcome;
}
