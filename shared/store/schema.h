/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the MariaDB schema. The binary contains the migrations; `onrushctl migrate`
 * applies them. */
#ifndef ONRUSH_SCHEMA_H
#define ONRUSH_SCHEMA_H

#include "shared/store/db.h"

/* schema_known: the version this binary needs (the number of its last migration). */
int schema_known(void);

/* schema_check: returns DB_OK if the database has that version; DB_REFUSED if not, and db->error
 * says what to run; or another outcome of the query. */
enum db_outcome schema_check(struct db *db);

/* schema_fits: for the start of a daemon: false if MariaDB is there and its schema, or our login,
 * does not fit. Logs `unfit`, or `away` if MariaDB does not answer, which must not prevent a
 * start. */
bool schema_fits(const struct db_config *config, const char *unfit, const char *away);

/* schema_version: the version of the database; 0 if no migration was ever applied. */
enum db_outcome schema_version(struct db *db, int *version);

/* schema_migrate: applies the missing migrations in order and calls `applied` for each. Callers
 * take turns by a lock. After a failed migration the version is that of the one before. */
enum db_outcome schema_migrate(struct db *db, void (*applied)(void *arg, const char *name),
                               void *arg);

#endif
