/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the MariaDB schema. The migrations are compiled in; `onrushctl migrate` applies
 * them. */
#ifndef ONRUSH_SCHEMA_H
#define ONRUSH_SCHEMA_H

#include "shared/store/db.h"

/* schema_known: the version that this binary was built for (the number of the last migration). */
int schema_known(void);

/* schema_check: DB_OK when the schema has the version that this binary knows; DB_REFUSED when it is
 * another, and db->error says what to run; DB_LOST. */
enum db_outcome schema_check(struct db *db);

/* schema_version: the version in the database; 0 when nothing was ever applied. */
enum db_outcome schema_version(struct db *db, int *version);

/* schema_migrate: applies what is missing, in order, each once, under a lock that other callers
 * wait for. `applied` is told of each. A migration that fails leaves the version before it. */
enum db_outcome schema_migrate(struct db *db, void (*applied)(void *arg, const char *name),
                               void *arg);

#endif
